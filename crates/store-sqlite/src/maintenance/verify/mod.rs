//! Every invariant of the database, each with a name and the rows that break it.
//!
//! All checks look at one snapshot, beside a live server, and say what is wrong without repairing anything. A check is
//! a statement that finds broken rows, or a short walk where SQL would be obscure. What is in flight (a payment being
//! asked of the gateway, a hold the reaper is about to free) is not broken; each check says how it leaves that out.

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
mod structure;
mod tickets;

use crate::failure::OrStoreError as _;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId, TheaterId};
use matinee_planted::planted;
use matinee_store::{StoreError, verify::VerifyReport};
use rusqlite::{Connection, Row, ToSql};

/// Every seat that a booking lists, from its JSON: `theater, booking, show, status, seat, cancelled, price`. A booking
/// whose list is damaged has none here; `readable` names it.
const BOOKED: &str = "WITH booked AS (
  SELECT b.theater, b.booking, b.show, b.status, j.value ->> 'seat' AS seat,
    coalesce(j.value ->> 'cancelled', 0) AS cancelled, j.value ->> 'price_minor' AS price
  FROM bookings AS b, json_each(CASE WHEN json_valid(b.seats) THEN b.seats ELSE '[]' END) AS j) ";

/// How many seats bookings list.
const COUNT_BOOKED: &str = "SELECT coalesce(sum(seat_count), 0) FROM bookings";
const COUNT_BOOKINGS: &str = "SELECT count(*) FROM bookings";

/// The report being made.
struct Checks<'c> {
    conn: &'c Connection,
    now: DateTime<Utc>,
    report: VerifyReport,
}

impl Checks<'_> {
    /// Notes that an invariant was looked at.
    fn checked(&mut self, invariant: &'static str, rows: u64) {
        self.report.looked_at(invariant, rows);
    }

    /// Notes a broken row; false when no more of this invariant are wanted.
    fn broken(&mut self, invariant: &'static str, row: String) -> bool {
        self.report.found(invariant, row)
    }

    /// Checks by statement: `count` says how many rows are looked at, `broken` finds those that break the invariant,
    /// `words` puts each in words.
    fn rows(
        &mut self,
        invariant: &'static str,
        count: &str,
        broken: &str,
        params: &[&dyn ToSql],
        words: fn(&Row<'_>) -> rusqlite::Result<String>,
    ) -> Result<(), StoreError> {
        if planted!("verify_looks_away") {
            self.checked(invariant, 1);
            return Ok(());
        }
        let conn = self.conn;
        let looked_at: i64 = conn.query_row(count, [], |row| row.get(0)).db()?;
        self.checked(invariant, looked_at.unsigned_abs());
        let mut statement = conn.prepare(broken).db()?;
        let mut rows = statement.query(params).db()?;
        while let Some(row) = rows.next().db()? {
            if !self.broken(invariant, words(row).db()?) {
                break;
            }
        }
        Ok(())
    }
}

/// The first column: for statements that put a row in words themselves.
fn said(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

/// Columns: theater, show, what is wrong.
fn show_says(row: &Row<'_>) -> rusqlite::Result<String> {
    let theater = TheaterId::from_bytes(row.get(0)?);
    let what: String = row.get(2)?;
    Ok(format!(
        "show {}: {what}",
        ShowId::from_parts(theater, row.get(1)?)
    ))
}

/// Columns: theater, booking, what is wrong.
fn booking_says(row: &Row<'_>) -> rusqlite::Result<String> {
    let theater = TheaterId::from_bytes(row.get(0)?);
    let what: String = row.get(2)?;
    Ok(format!(
        "booking {}: {what}",
        BookingId::from_parts(theater, row.get(1)?)
    ))
}

/// Checks everything.
pub(super) fn verify(conn: &Connection, now: DateTime<Utc>) -> Result<VerifyReport, StoreError> {
    // Rows are looked up in the order of other tables: with the little cache of a reader, each page of a large database
    // would be read again and again.
    conn.execute_batch("PRAGMA cache_size = -65536").db()?;
    let snapshot = conn.unchecked_transaction().db()?;
    let mut checks = Checks {
        conn: &snapshot,
        now,
        report: VerifyReport::default(),
    };
    for check in [
        structure::check,
        catalog::check,
        seats::check,
        bookings::check,
        promos::check,
        gifts::check,
        money::check,
        days::check,
        tickets::check,
        doors::check,
        ledger::check,
        counter::check,
        outbox::check,
    ] {
        match check(&mut checks) {
            // Damage that stops a check is itself a finding, and must not hide what the other checks find.
            Err(StoreError::Damaged(what)) => {
                checks.broken("readable", what);
            }
            other => other?,
        }
    }
    // Nothing was written, and on a damaged file even ending the transaction may fail.
    Ok(checks.report)
}
