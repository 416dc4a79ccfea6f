//! Writing the rows of bookings, payments, refunds and tickets.

use crate::{
    columns::{damaged, micros, to_json},
    failure::OrStoreError,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    promo::PromoCode,
};
use matinee_store::{
    StoreError,
    bookings::{BookingRow, Owner, PaymentRow, RefundRow, RefundTo, TicketRow},
};
use rusqlite::params;

use super::rows::ticket_state;

/// A state as its columns: status, held_at, expires_at, extensions, payment_deadline.
pub(super) type StateColumns = (&'static str, Option<i64>, Option<i64>, u8, Option<i64>);

/// The columns of a state.
pub(super) fn state_columns(state: &BookingState) -> StateColumns {
    let status = state.status().as_str();
    match *state {
        BookingState::Held {
            expires_at,
            held_at,
            extensions,
        } => (
            status,
            Some(micros(held_at)),
            Some(micros(expires_at)),
            extensions,
            None,
        ),
        BookingState::AwaitingPayment {
            expires_at,
            held_at,
            extensions,
            payment_deadline,
        } => (
            status,
            Some(micros(held_at)),
            Some(micros(expires_at)),
            extensions,
            Some(micros(payment_deadline)),
        ),
        _ => (status, None, None, 0, None),
    }
}

/// The account's id and the guest's e-mail; at most one of them is there.
fn owner_columns(owner: &Owner) -> (Option<&[u8; 16]>, Option<&str>) {
    match owner {
        Owner::User(user) => (Some(user.as_bytes()), None),
        Owner::Guest { email } => (None, email.as_deref()),
    }
}

pub(super) fn booking(tx: &Tx<'_>, booking: &BookingRow) -> Result<(), StoreError> {
    let (status, held_at, expires_at, extensions, payment_deadline) = state_columns(&booking.state);
    let (user, guest_email) = owner_columns(&booking.owner);
    tx.prepare(
        "INSERT INTO bookings (theater, booking, show, reference, status, version, user, guest_email, caller, seats, \
             seat_count, total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions, \
             payment_deadline, promo, channel) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
             ?22, ?23)",
    )?
    .execute(params![
        booking.booking_id.theater().as_bytes(),
        booking.booking_id.own(),
        booking.show_id.own(),
        booking.reference.as_str(),
        status,
        booking.version as i64,
        user,
        guest_email,
        booking.caller,
        to_json(&booking.seats)?,
        booking.seats.len() as i64,
        booking.total.amount_minor,
        booking.total.currency.code(),
        to_json(&booking.lines)?,
        to_json(&booking.advice)?,
        booking.test,
        micros(booking.created_at),
        held_at,
        expires_at,
        extensions,
        payment_deadline,
        booking.promo.as_ref().map(PromoCode::as_str),
        booking.channel.code(),
    ])
    .db()?;
    Ok(())
}

/// The new content of a hold.
pub(super) fn changed_hold(
    tx: &Tx<'_>,
    booking: &BookingRow,
    version: u64,
) -> Result<(), StoreError> {
    let (status, held_at, expires_at, extensions, _) = state_columns(&booking.state);
    debug_assert_eq!(status, BookingStatus::Held.as_str());
    let (user, guest_email) = owner_columns(&booking.owner);
    let changed = tx
        .prepare(
            "UPDATE bookings SET version = ?3, user = ?4, guest_email = ?5, seats = ?6, seat_count = ?7, \
                 total_minor = ?8, currency = ?9, lines = ?10, advice = ?11, held_at = ?12, expires_at = ?13, \
                 extensions = ?14, promo = ?15 \
             WHERE theater = ?1 AND booking = ?2",
        )?
        .execute(params![
            booking.booking_id.theater().as_bytes(),
            booking.booking_id.own(),
            version as i64,
            user,
            guest_email,
            to_json(&booking.seats)?,
            booking.seats.len() as i64,
            booking.total.amount_minor,
            booking.total.currency.code(),
            to_json(&booking.lines)?,
            to_json(&booking.advice)?,
            held_at,
            expires_at,
            extensions,
            booking.promo.as_ref().map(PromoCode::as_str),
        ])
        .db()?;
    if changed == 1 {
        Ok(())
    } else {
        Err(damaged("a booking vanished"))
    }
}

/// Inserts a payment or replaces the one with its id.
pub(super) fn payment(tx: &Tx<'_>, payment: &PaymentRow) -> Result<(), StoreError> {
    let (key, gift) = (payment.idempotency.as_ref(), payment.gift.as_ref());
    tx.prepare(
        "INSERT INTO payments (theater, booking, payment, status, amount_minor, currency, captured_minor, \
             refunded_minor, gateway, method_token, method_label, gateway_ref, decline_reason, created_at, \
             key_scope, key_body, gift_card, gift_last4, gift_minor, gift_returned_minor) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20) \
         ON CONFLICT (booking, payment) DO UPDATE SET status = excluded.status, \
             amount_minor = excluded.amount_minor, currency = excluded.currency, \
             captured_minor = excluded.captured_minor, refunded_minor = excluded.refunded_minor, \
             gateway = excluded.gateway, method_token = excluded.method_token, \
             method_label = excluded.method_label, gateway_ref = excluded.gateway_ref, \
             decline_reason = excluded.decline_reason, created_at = excluded.created_at, \
             key_scope = excluded.key_scope, key_body = excluded.key_body, gift_card = excluded.gift_card, \
             gift_last4 = excluded.gift_last4, gift_minor = excluded.gift_minor, \
             gift_returned_minor = excluded.gift_returned_minor",
    )?
    .execute(params![
        payment.booking_id.theater().as_bytes(),
        payment.booking_id.own(),
        payment.payment_id.own(),
        payment.status.as_str(),
        payment.amount.amount_minor,
        payment.amount.currency.code(),
        payment.captured_minor,
        payment.refunded_minor,
        payment.gateway,
        payment.method_token,
        payment.method_label,
        payment.gateway_ref,
        payment.decline_reason,
        micros(payment.created_at),
        key.map(|key| key.scope),
        key.map(|key| key.body),
        gift.map(|part| *part.card_id.own()),
        gift.map(|part| part.last4.as_str()),
        gift.map_or(0, |part| part.amount_minor),
        gift.map_or(0, |part| part.returned_minor),
    ])
    .db()?;
    Ok(())
}

/// Inserts a refund or replaces the one with its id; either way it was tried now.
pub(super) fn refund(
    tx: &Tx<'_>,
    refund: &RefundRow,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.prepare(
        "INSERT INTO refunds (theater, booking, refund, payment, status, amount_minor, currency, reason, attempts, \
             created_at, tried_at, to_gift) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
         ON CONFLICT (booking, refund) DO UPDATE SET payment = excluded.payment, status = excluded.status, \
             amount_minor = excluded.amount_minor, currency = excluded.currency, reason = excluded.reason, \
             attempts = excluded.attempts, created_at = excluded.created_at, tried_at = excluded.tried_at, \
             to_gift = excluded.to_gift",
    )?
    .execute(params![
        refund.booking_id.theater().as_bytes(),
        refund.booking_id.own(),
        refund.refund_id.as_bytes(),
        refund.payment_id.own(),
        refund.status.as_str(),
        refund.amount.amount_minor,
        refund.amount.currency.code(),
        refund.reason,
        refund.attempts,
        micros(refund.created_at),
        micros(now),
        refund.to == RefundTo::GiftCard,
    ])
    .db()?;
    Ok(())
}

pub(super) fn ticket(tx: &Tx<'_>, ticket: &TicketRow) -> Result<(), StoreError> {
    tx.prepare("INSERT INTO tickets (theater, booking, seat, ticket, state, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            ticket.booking_id.theater().as_bytes(),
            ticket.booking_id.own(),
            ticket.seat.0,
            ticket.ticket_id.own(),
            ticket_state(ticket.state),
            ticket.revision,
        ])
        .db()?;
    Ok(())
}
