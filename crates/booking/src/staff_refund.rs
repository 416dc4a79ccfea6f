//! Money that staff give back: for seats, by the policy or outside it, or out of goodwill while the tickets stay good.
//!
//! It goes the way of every refund: claimed with the step that decides it, never more than was captured, and paid until it
//! is certain. Who may decide it is the server's business; the step carries the entry for the list of changes.

use crate::{
    cancel::{GiveBack, is_cancellable, left, paying, refund_for, seats_to_cancel},
    desk::{Desk, OnFile, after, step},
    error::SaleError,
    hold::{Answered, repeated},
    show_file::ShowFile,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState, ids::BookingId, limits, money::Money, refund::RefundReason,
    seat_map::SeatId,
};
use matinee_store::{
    bookings::{BookingFile, GOODWILL, SeatsEffect, Step, StepOutcome, TicketState},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
    staff::AuditEntry,
};

/// What goes back.
#[derive(Debug, Clone)]
pub enum StaffRefund {
    /// For these seats, which are given back; all when `None`.
    Seats {
        seat_ids: Option<Vec<SeatId>>,
        /// All of the price, whatever the policy says, and for seats that were used.
        waive_policy: bool,
    },
    /// So much, and the tickets stay good.
    Goodwill(Money),
}

/// `POST /manage/bookings/{booking_id}/refund`, read and authorized.
#[derive(Debug, Clone)]
pub struct StaffRefundInput {
    pub booking_id: BookingId,
    pub refund: StaffRefund,
    pub reason: RefundReason,
    pub audit: AuditEntry,
    pub idempotency: Option<IdempotencyKey>,
}

/// Writes the answer from the booking as it will be; whether its last refund is new.
pub type RenderRefund<'r> = dyn Fn(&BookingFile, &ShowFile, bool) -> Bytes + Send + Sync + 'r;

const TRIES: usize = 4;

impl Desk {
    /// Gives money back as staff decided.
    pub async fn refund_by_staff(
        &self,
        input: StaffRefundInput,
        render: &RenderRefund<'_>,
    ) -> Result<Answered, SaleError> {
        for _ in 0..TRIES {
            if let Some(key) = &input.idempotency {
                match self.store.lookup(key.clone()).await? {
                    Lookup::New => {}
                    seen => return repeated(seen),
                }
            }
            let on_file = self.on_file(input.booking_id).await?;
            let now = self.clock.now();
            let mut step = self.decide_refund(&on_file, &input, now)?;
            step.audit = Some(input.audit.clone());
            let file = after(&on_file.file, &step);
            let body = render(&file, &on_file.show, !step.refunds.is_empty());
            step.idempotency = input.idempotency.clone().map(|key| IdempotencyRecord {
                key,
                answer: Recorded {
                    status: 200,
                    body: body.clone(),
                },
                keep_until: now + limits::IDEMPOTENCY_KEPT,
            });
            match self.store.step(step).await? {
                StepOutcome::Done { .. } => {
                    // Recorded is enough for the answer; what the gateway does not take now, the job takes later.
                    if let Err(error) = self.pay_back(&file).await {
                        tracing::warn!(%error, booking = %input.booking_id, "a refund will be tried again");
                    }
                    return Ok(Answered::Now {
                        file: Box::new(file),
                        show: on_file.show,
                        body,
                    });
                }
                StepOutcome::Repeated(lookup) => return repeated(lookup),
                StepOutcome::ShowCancelled => return Err(SaleError::ShowCancelled),
                _ => {}
            }
        }
        Err(SaleError::Contended)
    }

    fn decide_refund(
        &self,
        on_file: &OnFile,
        input: &StaffRefundInput,
        now: DateTime<Utc>,
    ) -> Result<Step, SaleError> {
        match &input.refund {
            StaffRefund::Goodwill(amount) => self.goodwill(on_file, *amount, now),
            StaffRefund::Seats {
                seat_ids,
                waive_policy,
            } => {
                let wanted = (seat_ids.as_deref(), *waive_policy);
                self.seats_back(on_file, wanted, input.reason, now)
            }
        }
    }

    fn goodwill(
        &self,
        on_file: &OnFile,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Step, SaleError> {
        let file = &on_file.file;
        let left = self.refundable(file)?;
        let fits = amount.currency == left.currency
            && (1..=left.amount_minor).contains(&amount.amount_minor)
            && amount.amount_minor % left.currency.step_minor() == 0;
        if !fits {
            return Err(SaleError::RefundAmount { left });
        }
        let mut step = step(file, file.booking.state, SeatsEffect::Keep, now);
        self.claim_refund(&mut step, file, amount.amount_minor, GOODWILL, now)?;
        Ok(step)
    }

    fn seats_back(
        &self,
        on_file: &OnFile,
        (seat_ids, waive_policy): (Option<&[SeatId]>, bool),
        reason: RefundReason,
        now: DateTime<Utc>,
    ) -> Result<Step, SaleError> {
        let (file, show) = (&on_file.file, &on_file.show);
        let refuse = |words: &str| SaleError::NotCancellable {
            words: words.into(),
        };
        if !matches!(
            file.booking.state,
            BookingState::Confirmed | BookingState::PartlyCancelled
        ) {
            return Err(refuse("It has no tickets that could be given back."));
        }
        self.refundable(file)?;
        let seats = seats_to_cancel(on_file, seat_ids)?;
        let policy = &show.theater.cancellation_policy;
        if !waive_policy && !is_cancellable(show, file.booking.created_at, now) {
            return Err(refuse(&policy.in_words()));
        }
        let used = file
            .tickets
            .iter()
            .any(|ticket| seats.contains(&ticket.seat) && ticket.state == TicketState::Redeemed);
        if used && !waive_policy {
            return Err(refuse("A ticket of it was already used at the door."));
        }
        let price: i64 = (file.booking.seats.iter())
            .filter(|seat| seats.contains(&seat.seat))
            .map(|seat| seat.price_minor)
            .sum();
        let amount_minor = if waive_policy {
            price
        } else {
            refund_for(on_file, &seats, now)
        };
        let back = GiveBack {
            seats,
            amount_minor,
            reason: reason.as_str(),
            message: "cancellation",
            by_theater: waive_policy,
        };
        self.give_back(file, back, now)
    }

    /// What can still go back of a booking; an error while its payment runs, or when only another gateway could do it.
    pub fn refundable(&self, file: &BookingFile) -> Result<Money, SaleError> {
        let refuse = |words: &str| SaleError::NotCancellable {
            words: words.into(),
        };
        if file.payments.iter().any(|payment| payment.status.is_live()) {
            return Err(refuse("Its payment is still running."));
        }
        let currency = file.booking.total.currency;
        let Some(paid) = paying(file) else {
            return Ok(Money::zero(currency));
        };
        let left = left(paid, i64::MAX);
        let here = left.payer_minor == 0 || self.gateway_of(file, paid).is_some();
        match (here, file.booking.test) {
            (true, _) => Ok(Money::new(left.payer_minor + left.card_minor, currency)),
            (false, true) => Ok(Money::new(left.card_minor, currency)),
            (false, false) => Err(refuse(
                "It was paid through another payment service than the one at work now: pay it back there.",
            )),
        }
    }
}
