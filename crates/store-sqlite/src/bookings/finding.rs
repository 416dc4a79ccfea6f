//! Finding bookings: each way has an index that leads to few.

use super::rows;
use crate::{SqliteStore, failure::OrStoreError, query};
use async_trait::async_trait;
use matinee_store::{
    FindingStore, StoreError,
    finding::{FindBookings, FoundBooking, KnownBy},
};
use rusqlite::{Connection, Row, ToSql};

/// People of one name that are looked at.
const PEOPLE: u16 = 200;

/// A search: `?1` is the theater, `?2` the booking before which, `?3` the show or NULL, `?4` the limit.
macro_rules! find {
    ($condition:literal) => {
        concat!(
            "SELECT b.theater, b.booking, b.show, b.reference, b.status, b.version, b.user, b.guest_email, b.caller, \
               b.seats, b.total_minor, b.currency, b.lines, b.advice, b.test, b.created_at, b.held_at, b.expires_at, \
               b.extensions, b.payment_deadline, b.promo, b.channel, u.profile ->> 'name', u.email \
             FROM bookings AS b LEFT JOIN users AS u ON u.user = b.user \
             WHERE b.theater = ?1 AND b.booking < ?2 AND (?3 IS NULL OR b.show = ?3) AND ",
            $condition,
            " ORDER BY b.booking DESC LIMIT ?4"
        )
    };
}

pub(super) const BY_REFERENCE: &str = find!("b.reference = ?5");
pub(super) const BY_EMAIL: &str = find!(
    "b.booking IN (SELECT g.booking FROM bookings AS g WHERE g.guest_email = ?5 COLLATE NOCASE \
       UNION ALL SELECT m.booking FROM users AS p CROSS JOIN bookings AS m ON m.user = p.user \
       WHERE p.email_folded = ?6)"
);
pub(super) const BY_NAME: &str = find!(
    "b.booking IN (SELECT m.booking FROM (SELECT user FROM users \
         WHERE lower(profile ->> 'name') >= ?5 AND lower(profile ->> 'name') < ?6 LIMIT ?7) AS p \
       CROSS JOIN bookings AS m ON m.user = p.user)"
);
/// The condition is the index's, word for word: otherwise the index is not used.
pub(super) const BY_SHOW: &str = "SELECT b.theater, b.booking, b.show, b.reference, b.status, b.version, b.user, b.guest_email, \
       b.caller, b.seats, b.total_minor, b.currency, b.lines, b.advice, b.test, b.created_at, b.held_at, b.expires_at, \
       b.extensions, b.payment_deadline, b.promo, b.channel, u.profile ->> 'name', u.email \
     FROM bookings AS b INDEXED BY bookings_of_show LEFT JOIN users AS u ON u.user = b.user \
     WHERE b.theater = ?1 AND b.booking < ?2 AND b.show = ?3 \
       AND (b.status = 'confirmed' OR b.status = 'partly_cancelled' OR b.status = 'cancelled') \
     ORDER BY b.booking DESC LIMIT ?4";

fn find(conn: &Connection, find: &FindBookings) -> Result<Vec<FoundBooking>, StoreError> {
    let theater = find.theater_id;
    // Ids of all ones are later than any.
    let before = find.before.map_or([255; 22], |id| *id.own());
    let show = find.show_id.map(|id| *id.own());
    let limit = find.limit.clamp(1, 1000);
    let mut key: Vec<&dyn ToSql> = vec![theater.as_bytes(), &before, &show, &limit];
    let (first, second);
    let sql = match &find.by {
        Some(KnownBy::Reference(reference)) => {
            first = reference.as_str().to_owned();
            key.push(&first);
            BY_REFERENCE
        }
        Some(KnownBy::Email(email)) => {
            (first, second) = (email.clone(), email.to_lowercase());
            key.extend([&first as &dyn ToSql, &second]);
            BY_EMAIL
        }
        Some(KnownBy::Name(name)) => {
            first = name.to_lowercase();
            // Every name that begins so is before this.
            second = format!("{first}\u{10FFFF}");
            key.extend([&first as &dyn ToSql, &second, &PEOPLE]);
            BY_NAME
        }
        None if show.is_some() => BY_SHOW,
        None => return Ok(Vec::new()),
    };
    query::all(conn, sql, &key[..], found)
}

fn found(row: &Row<'_>) -> Result<FoundBooking, StoreError> {
    let booking = rows::booking(row)?;
    let guest: Option<String> = row.get(7).db()?;
    let email: Option<String> = row.get(23).db()?;
    Ok(FoundBooking {
        name: row.get(22).db()?,
        email: email.or(guest),
        booking,
    })
}

#[async_trait]
impl FindingStore for SqliteStore {
    async fn find_bookings(&self, wanted: FindBookings) -> Result<Vec<FoundBooking>, StoreError> {
        self.read(move |conn| find(conn, &wanted)).await
    }
}
