//! Cancelling tickets, and paying money back until it is certain.

use crate::{
    desk::{Desk, OnFile, about_refund, after, step},
    error::SaleError,
    hold::{Answered, repeated},
    pay::payment,
    ports::{ChargeName, GatewayError, RefundRequest},
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState,
    ids::BookingId,
    limits,
    money::Money,
    payment::{PaymentStatus, RefundStatus},
    seat_map::{SeatId, SeatNo},
};
use matinee_planted::planted;
use matinee_store::{
    bookings::{
        BookingFile, CAME_TOO_LATE, CANCELLED_BY_CUSTOMER, PaymentRow, RefundRow, SeatsEffect,
        Step, StepOutcome,
    },
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
use std::{collections::HashSet, sync::atomic::Ordering};

/// `POST /cancel/{booking_id}`, read and authenticated.
#[derive(Debug, Clone)]
pub struct CancelInput {
    pub booking_id: BookingId,
    /// Only these; all when `None`.
    pub seat_ids: Option<Vec<SeatId>>,
    pub idempotency: Option<IdempotencyKey>,
}

const TRIES: usize = 4;

impl Desk {
    /// Cancels tickets: their seats are free at once, the refund is recorded with it and paid right after.
    pub async fn cancel(&self, input: CancelInput) -> Result<Answered, SaleError> {
        for _ in 0..TRIES {
            if let Some(key) = &input.idempotency {
                match self.store.lookup(key.clone()).await? {
                    Lookup::New => {}
                    seen => return repeated(seen),
                }
            }
            let on_file = self.on_file(input.booking_id).await?;
            let now = self.clock.now();
            let step = self.decide_cancel(&on_file, &input, now)?;
            let file = after(&on_file.file, &step);
            let body = self
                .render
                .cancelled(&file, &on_file.show, !step.refunds.is_empty(), now);
            let step = Step {
                idempotency: input.idempotency.clone().map(|key| IdempotencyRecord {
                    key,
                    answer: Recorded {
                        status: 200,
                        body: body.clone(),
                    },
                    keep_until: on_file.show.show.end_time + limits::IDEMPOTENCY_KEPT,
                }),
                ..step
            };
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
                _ => {}
            }
        }
        Err(SaleError::Contended)
    }

    fn decide_cancel(
        &self,
        on_file: &OnFile,
        input: &CancelInput,
        now: DateTime<Utc>,
    ) -> Result<Step, SaleError> {
        let (file, show) = (&on_file.file, &on_file.show);
        let policy = &show.theater.cancellation_policy;
        let refuse = |words: String| SaleError::NotCancellable { words };
        let paid = paying(file);
        let (BookingState::Confirmed | BookingState::PartlyCancelled, Some(paid)) =
            (file.booking.state, paid)
        else {
            return Err(refuse(match file.booking.state {
                BookingState::Cancelled => "It is already cancelled.".into(),
                BookingState::Held { .. } => "It is not paid yet; release the hold instead.".into(),
                BookingState::AwaitingPayment { .. } | BookingState::Confirmed => {
                    "Its payment is still running.".into()
                }
                _ => "There is nothing to cancel.".into(),
            }));
        };
        if !policy.is_cancellable(show.show.start_time, now) {
            return Err(refuse(policy.in_words()));
        }
        let seats = seats_to_cancel(on_file, input.seat_ids.as_deref())?;
        if file.tickets.iter().any(|t| {
            seats.contains(&t.seat) && t.state == matinee_store::bookings::TicketState::Redeemed
        }) {
            return Err(refuse(
                "A ticket of it was already used at the door.".into(),
            ));
        }
        let left = file
            .booking
            .seats
            .iter()
            .filter(|s| !s.cancelled && !seats.contains(&s.seat))
            .count();
        let to = file
            .booking
            .state
            .cancel(left)
            .map_err(|_| refuse("There is nothing to cancel.".into()))?;
        let mut step = step(file, to, SeatsEffect::Keep, now);
        let amount = refund_for(on_file, &seats, now);
        let amount = amount.min(paid.captured_minor - paid.refunded_minor);
        step.cancel_seats = seats;
        let refund_id = (amount > 0).then(|| self.new_refund_id());
        let message = self.message(file, "cancellation", now);
        step.messages.extend(message.map(about_refund(refund_id)));
        if let Some(refund_id) = refund_id {
            step.refunds.push(RefundRow {
                refund_id,
                payment_id: paid.payment_id,
                booking_id: file.booking.booking_id,
                amount: Money::new(amount, file.booking.total.currency),
                status: RefundStatus::Pending,
                reason: CANCELLED_BY_CUSTOMER.into(),
                created_at: now,
                attempts: 0,
            });
            // Claimed with the cancellation, so that refunds can never exceed what was captured.
            step.payments.push(PaymentRow {
                refunded_minor: paid.refunded_minor + amount,
                ..paid.clone()
            });
        }
        Ok(step)
    }

    /// Pays every pending refund of a booking and records what the gateway says.
    pub(crate) async fn pay_back(&self, file: &BookingFile) -> Result<(), SaleError> {
        let pending: Vec<RefundRow> = file
            .refunds
            .iter()
            .filter(|refund| refund.status == RefundStatus::Pending)
            .cloned()
            .collect();
        for refund in pending {
            self.pay_back_one(&refund, Some(file)).await?;
        }
        Ok(())
    }

    /// Pays one refund: once at the gateway, however often this runs.
    pub(crate) async fn pay_back_one(
        &self,
        refund: &RefundRow,
        file: Option<&BookingFile>,
    ) -> Result<(), SaleError> {
        let gateway = self.gateway.clone().ok_or(SaleError::NoGateway)?;
        let name = if let Some(file) = file {
            ChargeName::from(payment(file, refund.payment_id)?)
        } else {
            let file = self.store.booking_of_payment(refund.payment_id).await?;
            let file = file.ok_or(SaleError::NoBooking)?;
            ChargeName::from(payment(&file, refund.payment_id)?)
        };
        if planted!("refund_skipped") {
            return self.record(refund, RefundStatus::Succeeded).await.map(drop);
        }
        let mut refund_key = refund.refund_id.to_string();
        if planted!("refund_twice") {
            refund_key = format!("{refund_key}-{}", refund.attempts);
        }
        let answer = gateway
            .refund(
                &name,
                &RefundRequest {
                    key: refund_key,
                    amount: refund.amount,
                    now: self.clock.now(),
                },
            )
            .await;
        let status = match answer {
            Ok(_) => RefundStatus::Succeeded,
            Err(GatewayError::Refused(reason)) => {
                tracing::error!(
                    refund = %refund.refund_id, booking = %refund.booking_id, reason,
                    "the gateway refused a refund for good: somebody has to pay it back by hand"
                );
                RefundStatus::Failed
            }
            Err(error) => {
                // Behind the others in the queue, so that one the gateway never answers holds nobody up.
                if let Err(error) = self.record(refund, RefundStatus::Pending).await {
                    tracing::warn!(%error, refund = %refund.refund_id, "an attempt was not recorded");
                }
                return Err(error.into());
            }
        };
        if self.record(refund, status).await? && status == RefundStatus::Failed {
            self.refunds_refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Records what became of an attempt to pay a refund; false when it is over already.
    async fn record(&self, refund: &RefundRow, status: RefundStatus) -> Result<bool, SaleError> {
        for _ in 0..TRIES {
            let on_file = self.on_file(refund.booking_id).await?;
            let Some(step) = self.record_refund(&on_file.file, refund, status)? else {
                return Ok(false);
            };
            if let StepOutcome::Done { .. } = self.store.step(step).await? {
                return Ok(true);
            }
        }
        Err(SaleError::Contended)
    }

    fn record_refund(
        &self,
        file: &BookingFile,
        refund: &RefundRow,
        status: RefundStatus,
    ) -> Result<Option<Step>, SaleError> {
        let kept = file
            .refunds
            .iter()
            .find(|r| r.refund_id == refund.refund_id && r.status == RefundStatus::Pending);
        let paid = file
            .payments
            .iter()
            .find(|p| p.payment_id == refund.payment_id);
        let (Some(kept), Some(paid)) = (kept, paid) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let mut step = step(file, file.booking.state, SeatsEffect::Keep, now);
        step.refunds.push(RefundRow {
            status,
            attempts: kept.attempts + 1,
            ..kept.clone()
        });
        let mut row = paid.clone();
        match status {
            RefundStatus::Pending => return Ok(Some(step)),
            RefundStatus::Failed => row.refunded_minor -= kept.amount.amount_minor,
            RefundStatus::Succeeded => {
                // Only what the gateway took counts: another refund may be claimed on the row and still fail.
                let arrived: i64 = file
                    .refunds
                    .iter()
                    .filter(|r| {
                        r.payment_id == paid.payment_id
                            && (r.status == RefundStatus::Succeeded
                                || r.refund_id == refund.refund_id)
                    })
                    .map(|r| r.amount.amount_minor)
                    .sum();
                let to = if arrived >= row.captured_minor {
                    PaymentStatus::Refunded
                } else {
                    PaymentStatus::PartlyRefunded
                };
                if row.status != to {
                    row.status = row.status.advance(to)?;
                }
                let message = self.message(file, "refund", now);
                let told = about_refund(Some(refund.refund_id));
                step.messages.extend(message.map(told));
            }
        }
        step.payments.push(row);
        Ok(Some(step))
    }
}

/// The payment that pays for a booking. Money that came too late stands in its file as well and goes back whole: what
/// is cancelled is never taken from it.
pub fn paying(file: &BookingFile) -> Option<&PaymentRow> {
    let too_late = |payment: &PaymentRow| {
        file.refunds
            .iter()
            .any(|refund| refund.payment_id == payment.payment_id && refund.reason == CAME_TOO_LATE)
    };
    file.payments
        .iter()
        .filter(|payment| payment.status.is_paid() && !too_late(payment))
        .max_by_key(|payment| payment.captured_minor - payment.refunded_minor)
}

/// What cancelling these seats gives back now, in minor units.
pub fn refund_for(on_file: &OnFile, seats: &[SeatNo], now: DateTime<Utc>) -> i64 {
    let policy = &on_file.show.theater.cancellation_policy;
    let currency = on_file.file.booking.total.currency;
    on_file
        .file
        .booking
        .seats
        .iter()
        .filter(|seat| !seat.cancelled && seats.contains(&seat.seat))
        .map(|seat| {
            policy
                .refund(
                    Money::new(seat.price_minor, currency),
                    on_file.show.show.start_time,
                    now,
                )
                .amount_minor
        })
        .sum()
}

fn seats_to_cancel(on_file: &OnFile, named: Option<&[SeatId]>) -> Result<Vec<SeatNo>, SaleError> {
    let open: Vec<SeatNo> = on_file
        .file
        .booking
        .seats
        .iter()
        .filter(|s| !s.cancelled)
        .map(|s| s.seat)
        .collect();
    let Some(named) = named else { return Ok(open) };
    if named.is_empty() {
        return Err(SaleError::NoSeats);
    }
    let mut seen = HashSet::new();
    let mut seats = Vec::with_capacity(named.len().min(open.len()));
    for (index, seat) in named.iter().enumerate() {
        let no = on_file
            .show
            .map
            .seat_no(&seat.0)
            .filter(|no| open.contains(no));
        let Some(no) = no else {
            return Err(SaleError::UnknownSeat {
                index,
                seat: seat.clone(),
            });
        };
        if !seen.insert(no) {
            return Err(SaleError::DuplicateSeat {
                index,
                seat: seat.clone(),
            });
        }
        seats.push(no);
    }
    Ok(seats)
}
