//! What cancelled and moved shows have in common: refunds that are counted, and work that is noted as done once no booking
//! is left. Which bookings and which refunds those are is each one's own to say.

use crate::{columns::micros, failure::OrStoreError as _, query, writer::Tx};
use chrono::{DateTime, Utc};
use matinee_domain::ids::ShowId;
use matinee_store::{StoreError, refund_progress::RefundProgress};
use rusqlite::{Connection, Params, params};

/// The number a statement counts.
pub(super) fn count(conn: &Connection, sql: &str, params: impl Params) -> Result<u32, StoreError> {
    let found = query::first(conn, sql, params, |row| row.get(0).db())?;
    Ok(found.unwrap_or_default())
}

/// Refunds since then, by a statement whose rows are status, number and sum.
pub(super) fn refunds(
    conn: &Connection,
    sql: &str,
    show: ShowId,
    since: DateTime<Utc>,
) -> Result<RefundProgress, StoreError> {
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own(), micros(since)];
    let mut progress = RefundProgress::default();
    query::all(conn, sql, key, |row| {
        progress.count(query::text(row, 0)?, row.get(1).db()?, row.get(2).db()?);
        Ok(())
    })?;
    Ok(progress)
}

/// Notes that the work is done; false while some is left.
pub(super) fn finish(
    tx: &Tx<'_>,
    show: ShowId,
    left: u32,
    note: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if left > 0 {
        return Ok(false);
    }
    let theater = show.theater();
    tx.prepare(note)?
        .execute(params![theater.as_bytes(), show.own(), micros(now)])
        .db()?;
    Ok(true)
}
