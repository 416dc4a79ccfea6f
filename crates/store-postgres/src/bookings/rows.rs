//! Reading the rows of bookings and what hangs on them.

use crate::columns::{Columns as _, damaged, from_json, money, optional_time};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    channel::SaleChannel,
    gift::GiftPart,
    ids::{
        BookingId, GiftCardId, NotificationId, PaymentId, RefundId, ShowId, TheaterId, TicketId,
        UserId,
    },
    payment::{PaymentStatus, RefundStatus},
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    bookings::{
        BookingRow, NotificationRow, Owner, PaymentRow, RefundRow, RefundTo, TicketRow, TicketState,
    },
    idempotency::IdempotencyKey,
};
use tokio_postgres::Row;

/// The columns [`booking`] reads, in order. JSON comes as the text it is.
macro_rules! booking_columns {
    () => {
        "theater, booking, show, reference, status, version, \"user\", guest_email, caller, seats::text, total_minor, \
         currency, lines::text, advice::text, test, created_at, held_at, expires_at, extensions, payment_deadline, \
         promo, channel"
    };
}
pub(crate) use booking_columns;

pub(crate) fn booking(row: &Row) -> Result<BookingRow, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(BookingRow {
        booking_id: BookingId::from_parts(theater, row.bytes(1)?),
        show_id: ShowId::from_parts(theater, row.bytes(2)?),
        reference: row.text(3)?.parse().map_err(damaged)?,
        state: state(row)?,
        version: row.count(5)?,
        owner: match row.optional_bytes(6)? {
            Some(user) => Owner::User(UserId::from_bytes(user)),
            None => Owner::Guest {
                email: row.value(7)?,
            },
        },
        caller: row.bytes(8)?,
        seats: from_json(row.text(9)?)?,
        total: money(row.value(10)?, row.text(11)?)?,
        lines: from_json(row.text(12)?)?,
        advice: from_json(row.text(13)?)?,
        test: row.value(14)?,
        created_at: row.time(15)?,
        promo: row
            .value::<Option<&str>>(20)?
            .map(str::parse)
            .transpose()
            .map_err(damaged)?,
        channel: SaleChannel::from_code(i64::from(row.value::<i32>(21)?))
            .ok_or_else(|| damaged("where a booking was made"))?,
    })
}

fn state(row: &Row) -> Result<BookingState, StoreError> {
    let status = BookingStatus::parse(row.text(4)?).ok_or_else(|| damaged("a booking's status"))?;
    let hold = || -> Result<_, StoreError> {
        let missing = || damaged("a hold without its times");
        let held_at = optional_time(row.value(16)?)?.ok_or_else(missing)?;
        let expires_at = optional_time(row.value(17)?)?.ok_or_else(missing)?;
        Ok((held_at, expires_at, row.small(18)?))
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
            let payment_deadline = optional_time(row.value(19)?)?
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
pub(crate) use payment_columns;

pub(crate) fn payment(booking_id: BookingId, row: &Row) -> Result<PaymentRow, StoreError> {
    let (scope, body) = (row.optional_bytes(12)?, row.optional_bytes(13)?);
    Ok(PaymentRow {
        payment_id: PaymentId::from_parts(booking_id.theater(), row.bytes(0)?),
        booking_id,
        status: PaymentStatus::parse(row.text(1)?).ok_or_else(|| damaged("a payment's status"))?,
        amount: money(row.value(2)?, row.text(3)?)?,
        captured_minor: row.value(4)?,
        refunded_minor: row.value(5)?,
        gateway: row.value(6)?,
        method_token: row.value(7)?,
        method_label: row.value(8)?,
        gateway_ref: row.value(9)?,
        decline_reason: row.value(10)?,
        created_at: row.time(11)?,
        idempotency: scope
            .zip(body)
            .map(|(scope, body)| IdempotencyKey { scope, body }),
        gift: gift(booking_id.theater(), row)?,
    })
}

/// What a card pays of a payment, if one does.
fn gift(theater: TheaterId, row: &Row) -> Result<Option<GiftPart>, StoreError> {
    let (Some(card), Some(last4)) = (row.optional_bytes(14)?, row.value(15)?) else {
        return Ok(None);
    };
    Ok(Some(GiftPart {
        card_id: GiftCardId::from_parts(theater, card),
        last4,
        amount_minor: row.value(16)?,
        returned_minor: row.value(17)?,
    }))
}

/// The columns [`refund`] reads, in order.
macro_rules! refund_columns {
    () => {
        "theater, booking, refund, payment, status, amount_minor, currency, reason, attempts, created_at, to_gift"
    };
}
pub(crate) use refund_columns;

pub(crate) fn refund(row: &Row) -> Result<RefundRow, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(RefundRow {
        booking_id: BookingId::from_parts(theater, row.bytes(1)?),
        refund_id: RefundId::from_bytes(row.bytes(2)?),
        payment_id: PaymentId::from_parts(theater, row.bytes(3)?),
        status: RefundStatus::parse(row.text(4)?).ok_or_else(|| damaged("a refund's status"))?,
        amount: money(row.value(5)?, row.text(6)?)?,
        to: if row.value(10)? {
            RefundTo::GiftCard
        } else {
            RefundTo::Payer
        },
        reason: row.value(7)?,
        attempts: row.small(8)?,
        created_at: row.time(9)?,
    })
}

pub(crate) fn ticket(booking_id: BookingId, row: &Row) -> Result<TicketRow, StoreError> {
    ticket_at(booking_id, row, 0)
}

/// A ticket whose columns begin at this one: seat, ticket, state, revision.
pub(crate) fn ticket_at(
    booking_id: BookingId,
    row: &Row,
    first: usize,
) -> Result<TicketRow, StoreError> {
    Ok(TicketRow {
        ticket_id: TicketId::from_parts(booking_id.theater(), row.bytes(first + 1)?),
        booking_id,
        seat: SeatNo(row.small(first)?),
        state: parse_ticket_state(row.text(first + 2)?)?,
        revision: row.small(first + 3)?,
    })
}

pub(crate) const fn ticket_state(state: TicketState) -> &'static str {
    match state {
        TicketState::Valid => "valid",
        TicketState::Redeemed => "redeemed",
        TicketState::Void => "void",
    }
}

/// Reads a kept state.
pub(crate) fn parse_ticket_state(text: &str) -> Result<TicketState, StoreError> {
    [TicketState::Valid, TicketState::Redeemed, TicketState::Void]
        .into_iter()
        .find(|known| ticket_state(*known) == text)
        .ok_or_else(|| damaged("a ticket's state"))
}

pub(crate) fn notification(row: &Row) -> Result<NotificationRow, StoreError> {
    Ok(NotificationRow {
        notification_id: NotificationId::from_bytes(row.bytes(0)?),
        kind: row.value(1)?,
        channel: row.value(2)?,
        status: crate::outbox::parse_status(row.text(3)?)?,
        created_at: row.time(4)?,
    })
}
