//! Finding bookings: each way has an index that leads to few.

use super::rows;
use crate::{
    PostgresStore,
    columns::Columns as _,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use matinee_store::{
    FindingStore, StoreError,
    finding::{FindBookings, FoundBooking, KnownBy},
};
use tokio_postgres::Row;

/// People of one name that are looked at.
const PEOPLE: i64 = 200;

/// A search: `$1` is the theater, `$2` the booking before which, `$3` the show or NULL, `$4` the limit.
macro_rules! find {
    ($condition:literal) => {
        concat!(
            "SELECT b.theater, b.booking, b.show, b.reference, b.status, b.version, b.\"user\", b.guest_email, b.caller, \
               b.seats::text, b.total_minor, b.currency, b.lines::text, b.advice::text, b.test, b.created_at, b.held_at, \
               b.expires_at, b.extensions, b.payment_deadline, b.promo, b.channel, u.profile ->> 'name', u.email \
             FROM bookings AS b LEFT JOIN users AS u ON u.\"user\" = b.\"user\" \
             WHERE b.theater = $1 AND b.booking < $2 AND ($3::bytea IS NULL OR b.show = $3) AND ",
            $condition,
            " ORDER BY b.booking DESC LIMIT $4"
        )
    };
}

const BY_REFERENCE: &str = find!("b.reference = $5");
const BY_EMAIL: &str = find!(
    "b.booking IN (SELECT g.booking FROM bookings AS g WHERE g.theater = $1 AND lower(g.guest_email) = $5 \
       UNION ALL SELECT m.booking FROM users AS p JOIN bookings AS m ON m.\"user\" = p.\"user\" \
       WHERE p.email_folded = $5 AND m.theater = $1)"
);
const BY_NAME: &str = find!(
    "b.booking IN (SELECT m.booking FROM (SELECT \"user\" FROM users \
         WHERE lower(profile ->> 'name') COLLATE \"C\" >= $5 AND lower(profile ->> 'name') COLLATE \"C\" < $6 \
         LIMIT $7) AS p \
       JOIN bookings AS m ON m.\"user\" = p.\"user\" WHERE m.theater = $1)"
);
const BY_SHOW: &str = find!("b.status IN ('confirmed', 'partly_cancelled', 'cancelled')");

fn found(row: &Row) -> Result<FoundBooking, StoreError> {
    let booking = rows::booking(row)?;
    let guest: Option<String> = row.value(7)?;
    let email: Option<String> = row.value(23)?;
    Ok(FoundBooking {
        name: row.value(22)?,
        email: email.or(guest),
        booking,
    })
}

#[async_trait]
impl FindingStore for PostgresStore {
    async fn find_bookings(&self, find: FindBookings) -> Result<Vec<FoundBooking>, StoreError> {
        let sql = match (&find.by, find.show_id) {
            (Some(KnownBy::Reference(_)), _) => BY_REFERENCE,
            (Some(KnownBy::Email(_)), _) => BY_EMAIL,
            (Some(KnownBy::Name(_)), _) => BY_NAME,
            (None, Some(_)) => BY_SHOW,
            (None, None) => return Ok(Vec::new()),
        };
        // Ids of all ones are later than any.
        let before = find.before.map_or([255; 22], |id| *id.own());
        let call = Call::new(sql)
            .with(find.theater_id.as_bytes().to_vec())
            .with(before.to_vec())
            .with(find.show_id.map(|id| id.own().to_vec()))
            .with(i64::from(find.limit.clamp(1, 1000)));
        let call = match &find.by {
            Some(KnownBy::Reference(reference)) => call.with(reference.as_str().to_owned()),
            Some(KnownBy::Email(email)) => call.with(email.to_lowercase()),
            Some(KnownBy::Name(name)) => {
                let first = name.to_lowercase();
                // Every name that begins so is before this.
                let end = format!("{first}\u{10FFFF}");
                call.with(first).with(end).with(PEOPLE)
            }
            None => call,
        };
        let answers = pipeline::read(&self.connection().await?, &[call]).await?;
        answers.iter().flatten().map(found).collect()
    }
}
