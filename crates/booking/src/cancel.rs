//! Cancelling tickets. Paying the money back is another file's.

use crate::{
    desk::{Desk, OnFile, about_refunds, after, is_at, step},
    error::SaleError,
    hold::{Answered, repeated},
    pay_back::arrived,
    show_file::ShowFile,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState,
    gift::{Back, GiftPart},
    ids::BookingId,
    limits,
    money::{Currency, Money},
    payment::PaymentStatus,
    seat_map::{SeatId, SeatNo},
};
use matinee_store::{
    bookings::{
        BookedSeat, BookingFile, CAME_TOO_LATE, CANCELLED_BY_CUSTOMER, PaymentRow, SeatsEffect,
        Step, StepOutcome,
    },
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
use std::collections::HashSet;

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
                .cancelled(&file, &on_file.show, step.refunds.len(), now);
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
        let back = self.back(on_file, paid, &seats, now)?;
        step.cancel_seats = seats;
        let refunds = self.refunds(paid, back, CANCELLED_BY_CUSTOMER, now);
        let told: Vec<_> = refunds.iter().map(|refund| refund.refund_id).collect();
        let message = self.message(file, "cancellation", now);
        step.messages.extend(message.map(about_refunds(&told)));
        if !refunds.is_empty() {
            // Claimed with the cancellation, so that refunds can never exceed what was paid.
            let mut row = paid.clone();
            row.refunded_minor += back.payer_minor;
            if back.card_minor > 0 {
                self.refund_gift(&mut step, &mut row, back.card_minor);
                row.status = after_card_refund(file, &row)?;
            }
            step.payments.push(row);
            step.refunds = refunds;
        }
        Ok(step)
    }

    /// What cancelling these seats gives back, by where it goes: first what was charged, then what a gift card paid.
    fn back(
        &self,
        on_file: &OnFile,
        paid: &PaymentRow,
        seats: &[SeatNo],
        now: DateTime<Utc>,
    ) -> Result<Back, SaleError> {
        let file = &on_file.file;
        let here = self.gateway.as_ref();
        let here = here.is_some_and(|gateway| is_at(&**gateway, file, paid));
        let back = Back::of(
            refund_for(on_file, seats, now),
            paid.captured_minor - paid.refunded_minor,
            paid.gift.as_ref().map_or(0, GiftPart::held_minor),
        );
        let payer_minor = match back.payer_minor {
            amount if here => amount,
            // From a trial: no real money was taken, so none goes back.
            _ if file.booking.test => 0,
            0 => 0,
            _ => {
                return Err(SaleError::NotCancellable {
                    words: "It was paid through another payment service than the one at work now. Nothing was changed and \
                            your tickets are valid; ask the theater to pay it back."
                        .into(),
                });
            }
        };
        Ok(Back {
            payer_minor,
            ..back
        })
    }
}

/// Where a payment stands once its card has something back at once. What the gateway has not taken yet does not count.
fn after_card_refund(file: &BookingFile, row: &PaymentRow) -> Result<PaymentStatus, SaleError> {
    let on_card = row.gift.as_ref().map_or(0, |part| part.returned_minor);
    let to = if arrived(file, row) + on_card >= row.paid_minor() {
        PaymentStatus::Refunded
    } else {
        PaymentStatus::PartlyRefunded
    };
    if row.status == to {
        return Ok(to);
    }
    Ok(row.status.advance(to)?)
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
        .max_by_key(|payment| payment.paid_minor() - payment.back_minor())
}

/// What cancelling these seats gives back now, in minor units.
pub fn refund_for(on_file: &OnFile, seats: &[SeatNo], now: DateTime<Utc>) -> i64 {
    let booking = &on_file.file.booking;
    let seats = booking
        .seats
        .iter()
        .filter(|seat| seats.contains(&seat.seat));
    refund_of(&on_file.show, booking.total.currency, seats, now).amount_minor
}

/// What cancelling those of these seats that are not cancelled yet gives back now: an amount that can be paid, which is
/// never less than the policy says, and never more than they cost.
pub fn refund_of<'a>(
    show: &ShowFile,
    currency: Currency,
    seats: impl Iterator<Item = &'a BookedSeat>,
    now: DateTime<Utc>,
) -> Money {
    let (policy, start) = (&show.theater.cancellation_policy, show.show.start_time);
    let (mut back, mut cost) = (0, 0);
    for seat in seats.filter(|seat| !seat.cancelled) {
        let price = Money::new(seat.price_minor, currency);
        back += policy.refund(price, start, now).amount_minor;
        cost += seat.price_minor;
    }
    let step = currency.step_minor();
    Money::new(((back + step - 1) / step * step).min(cost), currency)
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
