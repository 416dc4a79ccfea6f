//! Cancelling tickets. Paying the money back is another file's.

use crate::{
    desk::{Desk, OnFile, about_refunds, after, step},
    error::SaleError,
    hold::{Answered, repeated},
    pay_back::arrived,
    show_file::ShowFile,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState,
    counter,
    gift::{Back, GiftPart},
    ids::{BookingId, RefundId},
    limits,
    money::Money,
    payment::PaymentStatus,
    seat_map::{SeatId, SeatNo},
};
use matinee_store::{
    bookings::{
        BookedSeat, BookingFile, BookingRow, CAME_TOO_LATE, CANCELLED_BY_CUSTOMER, PaymentRow,
        SeatsEffect, Step, StepOutcome,
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
                // More goes back by itself than the policy would give.
                StepOutcome::ShowCancelled => return Err(SaleError::ShowCancelled),
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
        if !is_cancellable(show, file.booking.created_at, now) {
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
        let here = self.gateway_of(file, paid).is_some();
        let amount = refund_for(on_file, &seats, now);
        if amount > 0 && paid.gateway == counter::GATEWAY {
            return Err(refuse(
                "It was bought at the counter and is given back there, with its tickets. Nothing was changed.".into(),
            ));
        }
        if left(paid, amount).payer_minor > 0 && !here && !file.booking.test {
            return Err(refuse(
                "It was paid through another payment service than the one at work now. Nothing was changed and your \
                 tickets are valid; ask the theater to pay it back."
                    .into(),
            ));
        }
        self.give_back(
            file,
            GiveBack {
                seats,
                amount_minor: amount,
                reason: CANCELLED_BY_CUSTOMER,
                message: "cancellation",
                by_theater: false,
            },
            now,
        )
    }

    /// The step that cancels seats of a paid booking, with its refund, claimed on the payment's row, and its message.
    pub(crate) fn give_back(
        &self,
        file: &BookingFile,
        back: GiveBack,
        now: DateTime<Utc>,
    ) -> Result<Step, SaleError> {
        let seats = file.booking.seats.iter();
        let left = seats
            .filter(|seat| !seat.cancelled && !back.seats.contains(&seat.seat))
            .count();
        let to = file
            .booking
            .state
            .cancel(left)
            .map_err(|_| SaleError::NotCancellable {
                words: "There is nothing to cancel.".into(),
            })?;
        let mut step = step(file, to, SeatsEffect::Keep, now);
        step.cancel_seats = back.seats;
        step.by_theater = back.by_theater;
        let told = self.claim_refund(&mut step, file, back.amount_minor, back.reason, now)?;
        let message = self.message(file, back.message, now);
        step.messages.push(about_refunds(&told)(message));
        Ok(step)
    }

    /// Adds refunds to a step, of no more than is left of what was paid: first of what was charged, then of what a gift
    /// card paid. None when nothing goes back.
    pub(crate) fn claim_refund(
        &self,
        step: &mut Step,
        file: &BookingFile,
        amount_minor: i64,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<RefundId>, SaleError> {
        let Some(paid) = paying(file) else {
            return Ok(Vec::new());
        };
        let mut back = left(paid, amount_minor);
        // From a trial: no real money was taken, so none goes back.
        if file.booking.test && self.gateway_of(file, paid).is_none() {
            back.payer_minor = 0;
        }
        let refunds = self.refunds(paid, back, reason, now);
        let told = refunds.iter().map(|refund| refund.refund_id).collect();
        if refunds.is_empty() {
            return Ok(told);
        }
        // Claimed with the cancellation, so that refunds can never exceed what was paid.
        let mut row = paid.clone();
        row.refunded_minor += back.payer_minor;
        if back.card_minor > 0 {
            self.refund_gift(step, &mut row, back.card_minor);
            row.status = after_card_refund(file, &row)?;
        }
        step.payments.push(row);
        step.refunds = refunds;
        Ok(told)
    }
}

/// What of an amount can still go back of a payment, by where it goes.
pub(crate) fn left(paid: &PaymentRow, amount_minor: i64) -> Back {
    Back::of(
        amount_minor,
        paid.captured_minor - paid.refunded_minor,
        paid.gift.as_ref().map_or(0, GiftPart::held_minor),
    )
}

/// Seats to cancel, and what goes back for them.
pub(crate) struct GiveBack {
    pub(crate) seats: Vec<SeatNo>,
    pub(crate) amount_minor: i64,
    /// As the refund keeps it.
    pub(crate) reason: &'static str,
    /// The kind of the message that tells it.
    pub(crate) message: &'static str,
    /// The theater cancels, not the buyer.
    pub(crate) by_theater: bool,
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

/// The show was moved after somebody booked and has not begun: they may give their tickets back free of charge, whatever
/// the policy says.
fn is_waived(show: &ShowFile, booked_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    show.moved_at.is_some_and(|moved_at| booked_at < moved_at) && now < show.show.start_time
}

/// Whether tickets that were booked then can be given back now.
pub fn is_cancellable(show: &ShowFile, booked_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let policy = &show.theater.cancellation_policy;
    policy.is_cancellable(show.show.start_time, now) || is_waived(show, booked_at, now)
}

/// Until when they can be.
pub fn cancellable_until(
    show: &ShowFile,
    booked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let start = show.show.start_time;
    if is_waived(show, booked_at, now) {
        return Some(start);
    }
    show.theater.cancellation_policy.cancellable_until(start)
}

/// What cancelling these seats gives back now, in minor units.
pub fn refund_for(on_file: &OnFile, seats: &[SeatNo], now: DateTime<Utc>) -> i64 {
    let booking = &on_file.file.booking;
    let seats = booking
        .seats
        .iter()
        .filter(|seat| seats.contains(&seat.seat));
    refund_of(&on_file.show, booking, seats, now).amount_minor
}

/// What cancelling those of these seats of a booking that are not cancelled yet gives back now: an amount that can be paid,
/// which is never less than the policy says, and never more than they cost.
pub fn refund_of<'a>(
    show: &ShowFile,
    booking: &BookingRow,
    seats: impl Iterator<Item = &'a BookedSeat>,
    now: DateTime<Utc>,
) -> Money {
    let (policy, start) = (&show.theater.cancellation_policy, show.show.start_time);
    let currency = booking.total.currency;
    let waived = is_waived(show, booking.created_at, now);
    let (mut back, mut cost) = (0, 0);
    for seat in seats.filter(|seat| !seat.cancelled) {
        let price = Money::new(seat.price_minor, currency);
        back += if waived {
            seat.price_minor
        } else {
            policy.refund(price, start, now).amount_minor
        };
        cost += seat.price_minor;
    }
    let step = currency.step_minor();
    Money::new(((back + step - 1) / step * step).min(cost), currency)
}

/// Seats of a booking that are not cancelled.
pub(crate) fn open_seats(file: &BookingFile) -> Vec<SeatNo> {
    let seats = file.booking.seats.iter();
    seats
        .filter(|seat| !seat.cancelled)
        .map(|seat| seat.seat)
        .collect()
}

pub(crate) fn seats_to_cancel(
    on_file: &OnFile,
    named: Option<&[SeatId]>,
) -> Result<Vec<SeatNo>, SaleError> {
    let Some(named) = named else {
        return Ok(open_seats(&on_file.file));
    };
    if named.is_empty() {
        return Err(SaleError::NoSeats);
    }
    let booked = on_file.file.booking.seats.iter();
    let open: Vec<_> = booked
        .filter(|booked| !booked.cancelled)
        .map(|booked| (on_file.show.place_id(booked), booked.seat))
        .collect();
    let mut seen = HashSet::new();
    let mut seats = Vec::with_capacity(named.len().min(open.len()));
    for (index, seat) in named.iter().enumerate() {
        let found = open.iter().find(|(seat_id, _)| seat_id == seat);
        let Some(no) = found.map(|(_, no)| *no) else {
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
