//! What cancelled and moved shows have in common: refunds that are counted, and work that is noted as done once no booking
//! is left. Which bookings and which refunds those are is each one's own to say.

use crate::{
    columns::{Columns as _, micros},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_domain::ids::ShowId;
use matinee_store::{StoreError, refund_progress::RefundProgress};
use tokio_postgres::Row;

pub(super) async fn rows(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// A statement about a show.
pub(super) fn about<'c>(sql: &'static str, show: ShowId) -> Call<'c> {
    Call::new(sql)
        .with(show.theater().as_bytes().to_vec())
        .with(show.own().to_vec())
}

/// The number a statement counts.
pub(super) async fn count(conn: &Connection, call: Call<'_>) -> Result<u32, StoreError> {
    let found = rows(conn, call).await?;
    found.first().map_or(Ok(0), |row| row.small(0))
}

/// Refunds since then, by a statement whose rows are status, number and sum.
pub(super) async fn refunds(
    conn: &Connection,
    sql: &'static str,
    show: ShowId,
    since: DateTime<Utc>,
) -> Result<RefundProgress, StoreError> {
    let mut progress = RefundProgress::default();
    for row in rows(conn, about(sql, show).with(micros(since))).await? {
        progress.count(row.text(0)?, row.small(1)?, row.value(2)?);
    }
    Ok(progress)
}

/// Notes that the work is done; false while `left` counts some. The show's row is locked first: who is at its last booking
/// is waited for.
pub(super) async fn finish(
    conn: &Connection,
    show: ShowId,
    left: Call<'_>,
    note: &'static str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let lock = "SELECT 1 FROM show_state WHERE theater = $1 AND show = $2 FOR UPDATE";
    rows(conn, about(lock, show)).await?;
    if count(conn, left).await? > 0 {
        return Ok(false);
    }
    rows(conn, about(note, show).with(micros(now))).await?;
    Ok(true)
}
