//! Reading the rows of bookings and what hangs on them.

use crate::{
    columns::{damaged, from_json, money, optional_time, time},
    failure::OrStoreError,
    query::{optional_text, text},
};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    channel::SaleChannel,
    gift::GiftPart,
    ids::{
        BookingId, GiftCardId, NotificationId, PaymentId, RefundId, ShowId, TheaterId, TicketId,
        UserId,
    },
    payment::{PaymentStatus, RefundStatus},
    promo::PromoCode,
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    bookings::{
        BookingRow, NotificationRow, Owner, PaymentRow, RefundRow, RefundTo, TicketRow, TicketState,
    },
    idempotency::IdempotencyKey,
};
use rusqlite::Row;

/// The columns [`booking`] reads, in order.
macro_rules! booking_columns {
    () => {
        "theater, booking, show, reference, status, version, user, guest_email, caller, seats, total_minor, currency, \
         lines, advice, test, created_at, held_at, expires_at, extensions, payment_deadline, promo, \
         channel"
    };
}
pub(super) use booking_columns;

pub(super) fn booking(row: &Row<'_>) -> Result<BookingRow, StoreError> {
    let theater = theater(row)?;
    Ok(BookingRow {
        booking_id: BookingId::from_parts(theater, row.get(1).db()?),
        show_id: ShowId::from_parts(theater, row.get(2).db()?),
        reference: text(row, 3)?.parse().map_err(damaged)?,
        state: state(row)?,
        version: row.get::<_, i64>(5).db()? as u64,
        owner: match row.get::<_, Option<[u8; 16]>>(6).db()? {
            Some(user) => Owner::User(UserId::from_bytes(user)),
            None => Owner::Guest {
                email: row.get(7).db()?,
            },
        },
        caller: row.get(8).db()?,
        seats: from_json(text(row, 9)?)?,
        total: money(row.get(10).db()?, text(row, 11)?)?,
        lines: from_json(text(row, 12)?)?,
        advice: from_json(text(row, 13)?)?,
        test: row.get(14).db()?,
        created_at: time(row.get(15).db()?)?,
        promo: promo(row, 20)?,
        channel: SaleChannel::from_code(row.get(21).db()?)
            .ok_or_else(|| damaged("where a booking was made"))?,
    })
}

/// A code that may be absent.
pub(super) fn promo(row: &Row<'_>, column: usize) -> Result<Option<PromoCode>, StoreError> {
    let code = optional_text(row, column)?;
    code.map(str::parse).transpose().map_err(damaged)
}

fn theater(row: &Row<'_>) -> Result<TheaterId, StoreError> {
    Ok(TheaterId::from_bytes(row.get(0).db()?))
}

fn state(row: &Row<'_>) -> Result<BookingState, StoreError> {
    let status =
        BookingStatus::parse(text(row, 4)?).ok_or_else(|| damaged("a booking's status"))?;
    let hold = || -> Result<_, StoreError> {
        let missing = || damaged("a hold without its times");
        let held_at = optional_time(row.get(16).db()?)?.ok_or_else(missing)?;
        let expires_at = optional_time(row.get(17).db()?)?.ok_or_else(missing)?;
        Ok((held_at, expires_at, row.get::<_, u8>(18).db()?))
    };
    Ok(match status {
        BookingStatus::Held => {
            let (held_at, expires_at, extensions) = hold()?;
            BookingState::Held {
                expires_at,
                held_at,
                extensions,
            }
        }
        BookingStatus::AwaitingPayment => {
            let (held_at, expires_at, extensions) = hold()?;
            let payment_deadline = optional_time(row.get(19).db()?)?
                .ok_or_else(|| damaged("a payment without its deadline"))?;
            BookingState::AwaitingPayment {
                expires_at,
                held_at,
                extensions,
                payment_deadline,
            }
        }
        BookingStatus::Confirmed => BookingState::Confirmed,
        BookingStatus::PartlyCancelled => BookingState::PartlyCancelled,
        BookingStatus::Cancelled => BookingState::Cancelled,
        BookingStatus::Expired => BookingState::Expired,
        BookingStatus::Released => BookingState::Released,
    })
}

/// The columns [`payment`] reads, in order.
macro_rules! payment_columns {
    () => {
        "payment, status, amount_minor, currency, captured_minor, refunded_minor, gateway, method_token, \
         method_label, gateway_ref, decline_reason, created_at, key_scope, key_body, gift_card, gift_last4, \
         gift_minor, gift_returned_minor"
    };
}
pub(super) use payment_columns;

pub(super) const PAYMENTS: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE theater = ?1 AND booking = ?2 ORDER BY created_at, payment"
);

pub(super) fn payment(booking_id: BookingId, row: &Row<'_>) -> Result<PaymentRow, StoreError> {
    let scope: Option<[u8; 16]> = row.get(12).db()?;
    let body: Option<[u8; 16]> = row.get(13).db()?;
    Ok(PaymentRow {
        payment_id: PaymentId::from_parts(booking_id.theater(), row.get(0).db()?),
        booking_id,
        status: PaymentStatus::parse(text(row, 1)?).ok_or_else(|| damaged("a payment's status"))?,
        amount: money(row.get(2).db()?, text(row, 3)?)?,
        captured_minor: row.get(4).db()?,
        refunded_minor: row.get(5).db()?,
        gateway: row.get(6).db()?,
        method_token: row.get(7).db()?,
        method_label: row.get(8).db()?,
        gateway_ref: optional_text(row, 9)?.map(Into::into),
        decline_reason: optional_text(row, 10)?.map(Into::into),
        created_at: time(row.get(11).db()?)?,
        idempotency: scope
            .zip(body)
            .map(|(scope, body)| IdempotencyKey { scope, body }),
        gift: gift(booking_id.theater(), row)?,
    })
}

/// What a card pays of a payment, if one does.
fn gift(theater: TheaterId, row: &Row<'_>) -> Result<Option<GiftPart>, StoreError> {
    let (Some(card), Some(last4)) = (row.get(14).db()?, optional_text(row, 15)?) else {
        return Ok(None);
    };
    Ok(Some(GiftPart {
        card_id: GiftCardId::from_parts(theater, card),
        last4: last4.into(),
        amount_minor: row.get(16).db()?,
        returned_minor: row.get(17).db()?,
    }))
}

/// The columns [`refund`] reads, in order.
macro_rules! refund_columns {
    () => {
        "theater, booking, refund, payment, status, amount_minor, currency, reason, attempts, created_at, to_gift"
    };
}
pub(super) use refund_columns;

pub(super) fn refund(row: &Row<'_>) -> Result<RefundRow, StoreError> {
    let theater = theater(row)?;
    Ok(RefundRow {
        booking_id: BookingId::from_parts(theater, row.get(1).db()?),
        refund_id: RefundId::from_bytes(row.get(2).db()?),
        payment_id: PaymentId::from_parts(theater, row.get(3).db()?),
        status: RefundStatus::parse(text(row, 4)?).ok_or_else(|| damaged("a refund's status"))?,
        amount: money(row.get(5).db()?, text(row, 6)?)?,
        to: if row.get(10).db()? {
            RefundTo::GiftCard
        } else {
            RefundTo::Payer
        },
        reason: row.get(7).db()?,
        attempts: row.get(8).db()?,
        created_at: time(row.get(9).db()?)?,
    })
}

pub(super) const TICKETS: &str = "SELECT seat, ticket, state, revision FROM tickets WHERE theater = ?1 AND booking = ?2 ORDER BY seat";

pub(super) fn ticket(booking_id: BookingId, row: &Row<'_>) -> Result<TicketRow, StoreError> {
    ticket_at(booking_id, row, 0)
}

/// A ticket whose columns begin at this one: seat, ticket, state, revision.
pub(crate) fn ticket_at(
    booking_id: BookingId,
    row: &Row<'_>,
    first: usize,
) -> Result<TicketRow, StoreError> {
    let state = text(row, first + 2)?;
    Ok(TicketRow {
        ticket_id: TicketId::from_parts(booking_id.theater(), row.get(first + 1).db()?),
        booking_id,
        seat: SeatNo(row.get(first).db()?),
        state: [TicketState::Valid, TicketState::Redeemed, TicketState::Void]
            .into_iter()
            .find(|known| ticket_state(*known) == state)
            .ok_or_else(|| damaged("a ticket's state"))?,
        revision: row.get(first + 3).db()?,
    })
}

pub(super) const fn ticket_state(state: TicketState) -> &'static str {
    match state {
        TicketState::Valid => "valid",
        TicketState::Redeemed => "redeemed",
        TicketState::Void => "void",
    }
}

pub(super) const NOTIFICATIONS: &str = "SELECT message, kind, channel, status, created_at FROM messages \
     WHERE theater = ?1 AND booking = ?2 ORDER BY created_at, message";

pub(super) fn notification(row: &Row<'_>) -> Result<NotificationRow, StoreError> {
    Ok(NotificationRow {
        notification_id: NotificationId::from_bytes(row.get(0).db()?),
        kind: row.get(1).db()?,
        channel: row.get(2).db()?,
        status: crate::outbox::parse_status(text(row, 3)?)?,
        created_at: time(row.get(4).db()?)?,
    })
}
