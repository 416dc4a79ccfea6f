//! Reading bookings with all that hangs on them, and the seats of a show.

use super::rows::{self, booking_columns, payment_columns, refund_columns};
use crate::{columns::micros, failure::OrStoreError, query};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingStatus,
    ids::{BookingId, PaymentId, Reference, ShowId, TheaterId, UserId},
    limits,
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    bookings::{BookingFile, BookingRow, PaymentRow, RefundRow, SeatSnapshot},
    feed::SeatState,
};
use rusqlite::{Connection, Row, params};

/// Runs several reads on one state of the database.
pub(crate) fn snapshot<T>(
    conn: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = conn.unchecked_transaction().db()?;
    let out = read(&transaction)?;
    transaction.finish().db()?;
    Ok(out)
}

pub(super) fn booking(
    conn: &Connection,
    booking_id: BookingId,
) -> Result<Option<BookingRow>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        booking_columns!(),
        " FROM bookings WHERE theater = ?1 AND booking = ?2"
    );
    let theater = booking_id.theater();
    query::first(
        conn,
        SQL,
        params![theater.as_bytes(), booking_id.own()],
        rows::booking,
    )
}

pub(super) fn file(
    conn: &Connection,
    booking_id: BookingId,
) -> Result<Option<BookingFile>, StoreError> {
    let Some(booking) = booking(conn, booking_id)? else {
        return Ok(None);
    };
    let theater = booking_id.theater();
    let key = params![theater.as_bytes(), booking_id.own()];
    let payments = query::all(conn, rows::PAYMENTS, key, |row| {
        rows::payment(booking_id, row)
    })?;
    // A refund goes back to a payment.
    let refunds = if payments.is_empty() {
        Vec::new()
    } else {
        query::all(conn, REFUNDS, key, rows::refund)?
    };
    let tickets = match booking.state.status() {
        BookingStatus::Held | BookingStatus::AwaitingPayment => Vec::new(),
        _ => query::all(conn, rows::TICKETS, key, |row| {
            rows::ticket(booking_id, row)
        })?,
    };
    let notifications = query::all(conn, rows::NOTIFICATIONS, key, rows::notification)?;
    Ok(Some(BookingFile {
        booking,
        payments,
        refunds,
        tickets,
        notifications,
    }))
}

const REFUNDS: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE theater = ?1 AND booking = ?2 ORDER BY created_at, refund"
);

fn booking_id(row: &Row<'_>) -> Result<BookingId, StoreError> {
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    Ok(BookingId::from_parts(theater, row.get(1).db()?))
}

pub(crate) fn files(
    conn: &Connection,
    ids: Vec<BookingId>,
) -> Result<Vec<BookingFile>, StoreError> {
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        out.extend(file(conn, id)?);
    }
    Ok(out)
}

pub(super) fn by_reference(
    conn: &Connection,
    reference: Reference,
) -> Result<Option<BookingFile>, StoreError> {
    const SQL: &str = "SELECT theater, booking FROM bookings WHERE reference = ?1";
    match query::first(conn, SQL, params![reference.as_str()], booking_id)? {
        Some(found) => file(conn, found),
        None => Ok(None),
    }
}

pub(super) fn of_payment(
    conn: &Connection,
    payment_id: PaymentId,
) -> Result<Option<BookingFile>, StoreError> {
    const SQL: &str = "SELECT theater, booking FROM payments WHERE theater = ?1 AND payment = ?2";
    let theater = payment_id.theater();
    match query::first(
        conn,
        SQL,
        params![theater.as_bytes(), payment_id.own()],
        booking_id,
    )? {
        Some(found) => file(conn, found),
        None => Ok(None),
    }
}

pub(super) fn of_user(
    conn: &Connection,
    user: UserId,
    before: Option<BookingId>,
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    // Ids begin with the time, so their order across theaters is that of booking.
    // Ids of all ones are later than any.
    let (own, theater) = before.map_or(([255; 22], [255; 16]), |id| {
        (*id.own(), *id.theater().as_bytes())
    });
    let ids = query::all(
        conn,
        OF_USER,
        params![user.as_bytes(), own, theater, limit],
        booking_id,
    )?;
    files(conn, ids)
}

pub(super) const OF_USER: &str = "SELECT theater, booking FROM bookings \
     WHERE user = ?1 AND (booking, theater) < (?2, ?3) ORDER BY booking DESC, theater DESC LIMIT ?4";

pub(super) fn seats(
    conn: &Connection,
    show_id: ShowId,
) -> Result<Option<SeatSnapshot>, StoreError> {
    const VERSION: &str = "SELECT version FROM show_state WHERE theater = ?1 AND show = ?2";
    const SEATS: &str = "SELECT seat, state FROM seats WHERE theater = ?1 AND show = ?2";
    let theater = show_id.theater();
    let key = params![theater.as_bytes(), show_id.own()];
    let Some(version) = query::first(conn, VERSION, key, |row| row.get::<_, i64>(0).db())? else {
        return Ok(None);
    };
    let seats = query::all(conn, SEATS, key, |row| {
        let state = SeatState::from_code(row.get(1).db()?)
            .ok_or_else(|| crate::columns::damaged("a seat's state"))?;
        Ok((SeatNo(row.get(0).db()?), state))
    })?;
    Ok(Some(SeatSnapshot {
        version: version as u64,
        seats,
    }))
}

pub(super) fn unsettled(
    conn: &Connection,
    before: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    let overdue = micros(before - limits::PAYMENT_DEADLINE);
    let key = params![micros(before), overdue, limit];
    let ids = query::all(conn, UNSETTLED, key, booking_id)?;
    files(conn, ids)
}

pub(super) const UNSETTLED: &str = "SELECT theater, booking FROM payments INDEXED BY payments_live \
     WHERE (status = 'created' OR status = 'requires_action' OR status = 'authorized') AND created_at < ?1 \
       AND (status <> 'requires_action' OR created_at < ?2) \
     ORDER BY created_at LIMIT ?3";

pub(super) fn waiting(
    conn: &Connection,
    (since, now, every): (DateTime<Utc>, DateTime<Utc>, TimeDelta),
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    let overdue = micros(now - limits::PAYMENT_DEADLINE);
    let every = every.num_microseconds().unwrap_or(i64::MAX).max(1);
    let key = params![micros(since), micros(now), every, overdue, limit];
    let ids = query::all(conn, WAITING, key, booking_id)?;
    files(conn, ids)
}

/// As many turns have passed as whole spans since the beginning.
pub(super) const WAITING: &str = "SELECT theater, booking FROM payments INDEXED BY payments_live \
     WHERE status = 'requires_action' AND created_at >= ?4 AND created_at <= ?2 \
       AND (?2 - created_at) / ?3 > max(?1 - created_at, 0) / ?3 \
     ORDER BY created_at LIMIT ?5";

pub(super) fn pending_refunds(
    conn: &Connection,
    before: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<RefundRow>, StoreError> {
    query::all(
        conn,
        PENDING_REFUNDS,
        params![micros(before), limit],
        rows::refund,
    )
}

pub(super) fn payments_of(
    conn: &Connection,
    after: PaymentId,
    before: PaymentId,
    limit: u16,
) -> Result<Vec<PaymentRow>, StoreError> {
    let theater = after.theater();
    let key = params![theater.as_bytes(), after.own(), before.own(), limit];
    query::all(conn, PAYMENTS_OF, key, |row| {
        let booking_id = BookingId::from_parts(theater, row.get(18).db()?);
        rows::payment(booking_id, row)
    })
}

pub(super) const PAYMENTS_OF: &str = concat!(
    "SELECT ",
    payment_columns!(),
    ", booking FROM payments INDEXED BY payments_by_id \
     WHERE payment > ?2 AND payment < ?3 AND theater = ?1 ORDER BY payment LIMIT ?4"
);

pub(super) const PENDING_REFUNDS: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE status = 'pending' AND tried_at < ?1 \
       AND (attempts < 2 OR tried_at < ?1 - min(3600000000, 10000000 << min(attempts - 1, 9))) \
     ORDER BY tried_at, created_at LIMIT ?2"
);
