//! Every invariant of the database, each with a name and the rows that break it: the same as of the embedded engine,
//! but for what PostgreSQL's own types and constraints promise.
//!
//! All checks look at one snapshot, beside live servers, and say what is wrong without repairing anything. What is in
//! flight (a payment being asked of the gateway, a hold the reaper is about to free) is not broken; each check says
//! how it leaves that out.

mod bookings;
mod catalog;
mod counter;
mod days;
mod doors;
mod gifts;
mod ledger;
mod money;
mod outbox;
mod promos;
mod seats;

use crate::{columns::Columns as _, connect::Connection, failure::OrStoreError as _};
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId, TheaterId};
use matinee_store::{
    StoreError,
    verify::{REPORTED_PER_CHECK, VerifyReport},
};
use tokio_postgres::{Row, types::ToSql};

/// Every seat that a booking lists, from its JSON: `theater, booking, show, status, seat, cancelled, price`.
macro_rules! booked {
    ($rest:literal) => {
        concat!(
            "WITH booked AS ( \
               SELECT b.theater, b.booking, b.show, b.status, (j.value ->> 'seat')::int AS seat, \
                 coalesce((j.value ->> 'cancelled')::bool, false) AS cancelled, \
                 (j.value ->> 'price_minor')::bigint AS price \
               FROM bookings AS b CROSS JOIN LATERAL json_array_elements(b.seats) AS j) ",
            $rest
        )
    };
}
use booked;

/// How many seats bookings list.
const COUNT_BOOKED: &str = "SELECT coalesce(sum(seat_count), 0)::bigint FROM bookings";
const COUNT_BOOKINGS: &str = "SELECT count(*) FROM bookings";

/// How a broken row is put in words.
type Words = fn(&Row) -> Result<String, StoreError>;

/// The report being made.
struct Checks<'c> {
    conn: &'c Connection,
    now: DateTime<Utc>,
    report: VerifyReport,
}

impl Checks<'_> {
    /// Checks by statement: `count` says how many rows are looked at, `broken` finds those that break the invariant,
    /// `words` puts each in words.
    async fn rows(
        &mut self,
        invariant: &'static str,
        count: &str,
        broken: &str,
        params: &[&(dyn ToSql + Sync)],
        words: Words,
    ) -> Result<(), StoreError> {
        let client = self.conn.client();
        let looked_at = client.query_one(count, &[]).await.db()?.count(0)?;
        self.report.looked_at(invariant, looked_at);
        let some = format!(
            "SELECT * FROM ({broken}) AS broken LIMIT {}",
            REPORTED_PER_CHECK + 1
        );
        for row in client.query(&some, params).await.db()? {
            if !self.report.found(invariant, words(&row)?) {
                break;
            }
        }
        Ok(())
    }
}

/// A walk through the rows of a statement, some at a time. One at a time.
struct Walk<'c> {
    conn: &'c Connection,
    seen: u64,
}

impl<'c> Walk<'c> {
    async fn begin(conn: &'c Connection, sql: &str) -> Result<Self, StoreError> {
        let declare = format!("DECLARE walked NO SCROLL CURSOR FOR {sql}");
        conn.client().batch_execute(&declare).await.db()?;
        Ok(Self { conn, seen: 0 })
    }

    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        let rows = self
            .conn
            .client()
            .query("FETCH 2000 FROM walked", &[])
            .await
            .db()?;
        if rows.is_empty() {
            self.conn
                .client()
                .batch_execute("CLOSE walked")
                .await
                .db()?;
            return Ok(None);
        }
        self.seen += rows.len() as u64;
        Ok(Some(rows))
    }
}

/// The first column: for statements that put a row in words themselves.
fn said(row: &Row) -> Result<String, StoreError> {
    row.value(0)
}

/// Columns: theater, show, what is wrong.
fn show_says(row: &Row) -> Result<String, StoreError> {
    let Some(theater) = row.optional_bytes(0)? else {
        return row.value(2);
    };
    let show = ShowId::from_parts(TheaterId::from_bytes(theater), row.bytes(1)?);
    Ok(format!("show {show}: {}", row.text(2)?))
}

/// Columns: theater, booking, what is wrong.
fn booking_says(row: &Row) -> Result<String, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    let booking = BookingId::from_parts(theater, row.bytes(1)?);
    Ok(format!("booking {booking}: {}", row.text(2)?))
}

/// Checks everything. Must run in a transaction that sees one state.
pub(super) async fn verify(
    conn: &Connection,
    now: DateTime<Utc>,
) -> Result<VerifyReport, StoreError> {
    // A large database takes its time; nobody waits for a lock of this.
    let patience = "SET LOCAL statement_timeout = 0; SET LOCAL plan_cache_mode = 'auto'";
    conn.client().batch_execute(patience).await.db()?;
    let mut checks = Checks {
        conn,
        now,
        report: VerifyReport::default(),
    };
    catalog::check(&mut checks).await?;
    seats::check(&mut checks).await?;
    bookings::check(&mut checks).await?;
    promos::check(&mut checks).await?;
    gifts::check(&mut checks).await?;
    money::check(&mut checks).await?;
    doors::check(&mut checks).await?;
    days::check(&mut checks).await?;
    ledger::check(&mut checks).await?;
    counter::check(&mut checks).await?;
    outbox::check(&mut checks).await?;
    Ok(checks.report)
}
