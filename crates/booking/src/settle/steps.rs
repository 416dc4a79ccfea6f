//! The steps of a settlement: what is written when the gateway has said something.
//!
//! Where a payment and its booking may go is the domain's to say; here is only what goes along with it.

use super::Next;
use crate::{
    desk::{Desk, OnFile, about_refunds, after, step},
    error::SaleError,
    ports::{ChargeAnswer, ChargeState},
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::{BookingState, IllegalBooking},
    gift::{Back, GiftPart},
    limits,
    payment::PaymentStatus,
};
use matinee_planted::planted;
use matinee_store::{
    bookings::{BookingFile, CAME_TOO_LATE, PaymentRow, SeatsEffect, TicketRow, TicketState},
    idempotency::{IdempotencyRecord, Recorded},
};

impl Desk {
    /// The step that brings the payment to `to` and the booking where that leads.
    pub(super) fn take(
        &self,
        on_file: &OnFile,
        paid: &PaymentRow,
        answer: &ChargeAnswer,
        to: PaymentStatus,
        now: DateTime<Utc>,
    ) -> Result<Next, SaleError> {
        let file = &on_file.file;
        let state = file.booking.state;
        if to != paid.status {
            paid.status.advance(to)?;
        }
        let (booking_to, seats) = match to {
            PaymentStatus::Authorized | PaymentStatus::Captured => match state {
                BookingState::Expired => (state.confirm()?, SeatsEffect::Reclaim),
                BookingState::AwaitingPayment { .. } => (state.confirm()?, SeatsEffect::Sell),
                other => (other, SeatsEffect::Keep),
            },
            PaymentStatus::Declined | PaymentStatus::Voided => failed(state, paid.status, now)?,
            _ => (state, SeatsEffect::Keep),
        };
        let mut step = step(file, booking_to, seats, now);
        let mut row = updated(paid, answer, to);
        if matches!(to, PaymentStatus::Declined | PaymentStatus::Voided) {
            self.return_gift(&mut step, &mut row);
        }
        step.payments.push(row);
        step.unpaid_expiry = matches!(state, BookingState::AwaitingPayment { .. })
            && booking_to == BookingState::Expired
            && payer_gave_up(paid.status, to);
        let status = match to {
            PaymentStatus::Captured => {
                step.tickets = self.issue(file);
                step.messages.push(self.message(file, "confirmation", now));
                Some(200)
            }
            PaymentStatus::Declined => Some(402),
            PaymentStatus::RequiresAction => Some(202),
            _ => None,
        };
        if matches!(booking_to, BookingState::Expired | BookingState::Cancelled) {
            step.messages
                .push(self.message(file, "payment_failed", now));
        }
        if let (Some(status), Some(key)) = (status, &paid.idempotency) {
            let body = self.body(
                &OnFile {
                    file: after(file, &step),
                    show: on_file.show.clone(),
                },
                paid.payment_id,
                now,
            );
            step.idempotency = Some(IdempotencyRecord {
                key: key.clone(),
                answer: Recorded { status, body },
                keep_until: on_file.show.show.end_time + limits::IDEMPOTENCY_KEPT,
            });
        }
        Ok(Next::Take(Box::new(step)))
    }

    /// Money arrived for a booking that cannot be confirmed any more: it is recorded and goes back whole.
    pub(super) fn late_money(
        &self,
        on_file: &OnFile,
        paid: &PaymentRow,
        answer: &ChargeAnswer,
        now: DateTime<Utc>,
    ) -> Result<Next, SaleError> {
        let mut step = step(
            &on_file.file,
            on_file.file.booking.state,
            SeatsEffect::Keep,
            now,
        );
        let mut row = updated(paid, answer, paid.status.capture_late()?);
        let back = Back {
            payer_minor: row.captured_minor,
            card_minor: row.gift.as_ref().map_or(0, GiftPart::held_minor),
        };
        if back.card_minor > 0 {
            self.refund_gift(&mut step, &mut row, back.card_minor);
        }
        step.refunds = self.refunds(&row, back, CAME_TOO_LATE, now);
        row.refunded_minor = row.captured_minor;
        if back.payer_minor == 0 {
            // Nothing was charged, so there is nothing to give back or to write about.
            row.status = row.status.advance(PaymentStatus::Refunded)?;
            step.payments.push(row);
            return Ok(Next::Take(Box::new(step)));
        }
        step.payments.push(row);
        let told: Vec<_> = step.refunds.iter().map(|it| it.refund_id).collect();
        let message = self.message(&on_file.file, "refund", now);
        step.messages.push(about_refunds(&told)(message));
        Ok(Next::Take(Box::new(step)))
    }

    pub(crate) fn issue(&self, file: &BookingFile) -> Vec<TicketRow> {
        let theater = file.booking.booking_id.theater();
        if planted!("ticket_not_issued") && file.booking.seats.len() > 1 {
            return Vec::new();
        }
        file.booking
            .seats
            .iter()
            .filter(|seat| !seat.cancelled)
            .map(|seat| TicketRow {
                ticket_id: self.new_ticket_id(theater),
                booking_id: file.booking.booking_id,
                seat: seat.seat,
                state: TicketState::Valid,
                revision: 1,
            })
            .collect()
    }
}

/// Where a booking goes when its payment came to nothing: back to its hold while that lasts, else it expires. A booking
/// confirmed on an authorization that was lost before its capture gives its seats back.
fn failed(
    state: BookingState,
    was: PaymentStatus,
    now: DateTime<Utc>,
) -> Result<(BookingState, SeatsEffect), IllegalBooking> {
    Ok(match state {
        BookingState::AwaitingPayment { .. } => match state.payment_failed(now)? {
            BookingState::Expired => (BookingState::Expired, SeatsEffect::Free),
            held => (held, SeatsEffect::Keep),
        },
        BookingState::Confirmed if was == PaymentStatus::Authorized => {
            (state.cancel(0)?, SeatsEffect::Free)
        }
        other => (other, SeatsEffect::Keep),
    })
}

/// The payer let it come to nothing: the bank said no, or was never asked. What a crash of ours cut short is not theirs.
fn payer_gave_up(was: PaymentStatus, to: PaymentStatus) -> bool {
    to == PaymentStatus::Declined || was == PaymentStatus::RequiresAction
}

/// The payment's row with what the gateway said.
fn updated(paid: &PaymentRow, answer: &ChargeAnswer, to: PaymentStatus) -> PaymentRow {
    let mut row = paid.clone();
    row.status = to;
    if !answer.method_label.is_empty() {
        row.method_label.clone_from(&answer.method_label);
    }
    if !answer.gateway_ref.is_empty() {
        row.gateway_ref = Some(answer.gateway_ref.clone());
    }
    if let ChargeState::Declined { reason } = &answer.state {
        row.decline_reason = Some(reason.clone());
    }
    if to == PaymentStatus::Captured {
        row.captured_minor = row.amount.amount_minor;
    }
    row
}
