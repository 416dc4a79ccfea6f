//! Freeing holds that ran out. Nothing else frees them, and a payment in flight is never touched.

use super::{
    hold::numbers,
    promo,
    rows::{self, booking_columns},
    seats,
};
use crate::{
    columns::{from_json, micros},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId};
use matinee_planted::planted;
use matinee_store::{
    StoreError,
    bookings::{BookedSeat, BookingRow},
    feed::SeatState,
};
use rusqlite::{Connection, params};

pub(super) fn expired(
    conn: &Connection,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<BookingRow>, StoreError> {
    let sql = if planted!("expiry_under_a_payment") {
        concat!(
            "SELECT ",
            booking_columns!(),
            " FROM bookings WHERE status IN ('held', 'awaiting_payment') AND expires_at <= ?1 LIMIT ?2"
        )
    } else {
        EXPIRED
    };
    query::all(conn, sql, params![micros(now), limit], rows::booking)
}

pub(super) const EXPIRED: &str = concat!(
    "SELECT ",
    booking_columns!(),
    " FROM bookings INDEXED BY bookings_held WHERE status = 'held' AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2"
);

/// Expires those of the bookings that are still held and due; how many that were.
pub(super) fn expire(
    tx: &mut Tx<'_>,
    due: &[BookingId],
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let mut freed = 0;
    for booking in due {
        freed += usize::from(expire_one(tx, *booking, now)?);
    }
    Ok(freed)
}

pub(super) const DUE: &str = "SELECT show, caller, seats, promo FROM bookings \
     WHERE theater = ?1 AND booking = ?2 AND status = 'held' AND expires_at <= ?3";

fn expire_one(tx: &mut Tx<'_>, booking: BookingId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let theater = booking.theater();
    let key = params![theater.as_bytes(), booking.own(), micros(now)];
    let sql = if planted!("expiry_under_a_payment") {
        "SELECT show, caller, seats, promo FROM bookings \
         WHERE theater = ?1 AND booking = ?2 AND status IN ('held', 'awaiting_payment') AND expires_at <= ?3"
    } else {
        DUE
    };
    let found = query::first(tx.conn(), sql, key, |row| {
        let show = ShowId::from_parts(theater, row.get(0).db()?);
        let caller: [u8; 16] = row.get(1).db()?;
        let seats: Vec<BookedSeat> = from_json(query::text(row, 2)?)?;
        Ok((show, caller, seats, rows::promo(row, 3)?))
    })?;
    let Some((show, caller, booked, code)) = found else {
        return Ok(false);
    };
    seats::free(tx, show, booking, &numbers(&booked), SeatState::Held)?;
    tx.prepare(
        "UPDATE bookings SET status = 'expired', version = version + 1, held_at = NULL, expires_at = NULL, \
             payment_deadline = NULL, extensions = 0 \
         WHERE theater = ?1 AND booking = ?2",
    )?
    .execute(params![theater.as_bytes(), booking.own()])
    .db()?;
    if let Some(code) = &code {
        promo::give_back(tx, booking, code)?;
    }
    count_expiry(tx, show, caller, booking, now)?;
    Ok(true)
}

/// Remembers an unpaid expiry of the caller on this show.
pub(super) fn count_expiry(
    tx: &Tx<'_>,
    show: ShowId,
    caller: [u8; 16],
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.prepare("INSERT INTO unpaid_expiries (theater, show, caller, at, booking) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![show.theater().as_bytes(), show.own(), caller, micros(now), booking.own()])
        .db()?;
    Ok(())
}
