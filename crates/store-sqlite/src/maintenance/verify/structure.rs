//! Is the file itself sound: pages, indexes and constraints, references, and text that reads back.

use super::{Checks, booking_says, said};
use crate::failure::OrStoreError as _;
use matinee_store::StoreError;

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    integrity(checks)?;
    references(checks)?;
    readable(checks)
}

/// SQLite's own check: pages, indexes, and every NOT NULL, CHECK and UNIQUE constraint.
fn integrity(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let pages: i64 = conn
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .db()?;
    checks.checked("integrity", pages.unsigned_abs());
    let mut statement = conn.prepare("PRAGMA integrity_check(100)").db()?;
    let mut rows = statement.query([]).db()?;
    while let Some(row) = rows.next().db()? {
        let verdict: String = row.get(0).db()?;
        if verdict != "ok" {
            checks.broken("integrity", verdict);
        }
    }
    Ok(())
}

/// Every reference has its row.
fn references(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "references",
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%REFERENCES%'",
        "SELECT format('a row of %s refers to a missing row of %s', \"table\", parent) FROM pragma_foreign_key_check",
        &[],
        said,
    )
}

/// JSON columns hold JSON.
fn readable(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "readable",
        "SELECT (SELECT count(*) FROM theaters) + (SELECT count(*) FROM movies) + (SELECT count(*) FROM screens)
           + (SELECT count(*) FROM seat_maps) + (SELECT count(*) FROM price_sheets)",
        "SELECT what || ' is not readable' FROM (
           SELECT 'theater ' || external_id AS what, body FROM theaters
           UNION ALL SELECT 'movie ' || external_id, body FROM movies
           UNION ALL SELECT 'screen ' || hex(screen), body FROM screens
           UNION ALL SELECT 'seat map ' || external_id, body FROM seat_maps
           UNION ALL SELECT 'price sheet ' || price_sheet, body FROM price_sheets
           UNION ALL SELECT 'profile of user ' || hex(user), profile FROM users)
         WHERE NOT json_valid(body)",
        &[],
        said,
    )?;
    checks.rows(
        "readable",
        super::COUNT_BOOKINGS,
        "SELECT theater, booking, 'seats, lines or advice are not readable' FROM bookings
         WHERE NOT CASE WHEN json_valid(seats) AND json_valid(lines) AND json_valid(advice)
           THEN json_type(seats) = 'array' ELSE 0 END",
        &[],
        booking_says,
    )
}
