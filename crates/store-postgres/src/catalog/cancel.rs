//! Cancelling shows: the mark that holds read, the work that is left, and how far it is.
//!
//! The show's row is locked first: a hold made at the same time is either counted, or finds the show cancelled.

use super::{
    changes::{Kind, Log},
    going_back::{about, count, finish, refunds, rows},
};
use crate::{
    PostgresStore,
    columns::{Columns as _, micros, optional_time, text},
    connect::Connection,
    pipeline::Call,
    staff::write_audit,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId, TheaterId};
use matinee_store::{
    CancellationStore, StoreError,
    cancellations::{CancelShow, CancelShowOutcome, CancellationProgress, CancelledShow},
};
use tokio_postgres::Row;

/// Bookings that have seats: blocked ones are nobody's.
const WITH_SEATS: &str = "SELECT count(DISTINCT booking)::int FROM seats WHERE theater = $1 AND show = $2 AND state <> 3";

const NEXT_WITH_SEATS: &str = "SELECT DISTINCT booking FROM seats \
     WHERE theater = $1 AND show = $2 AND state <> 3 AND booking > $3 ORDER BY booking LIMIT $4";

/// What went back since for the show's bookings, by what became of it.
const REFUNDS: &str = "SELECT r.status, count(*)::int, sum(r.amount_minor)::bigint FROM refunds AS r \
     JOIN bookings AS b ON b.theater = r.theater AND b.booking = r.booking \
     WHERE r.theater = $1 AND r.created_at >= $3 AND r.reason IN ('show_cancelled', 'seats_gone') AND b.show = $2 \
     GROUP BY r.status";

/// The columns [`cancelled`] reads, in order.
macro_rules! columns {
    () => {
        "SELECT theater, show, at, reason, words, bookings, finished_at FROM show_cancellations "
    };
}

async fn cancel(conn: &Connection, cancel: &CancelShow) -> Result<CancelShowOutcome, StoreError> {
    let show = cancel.show_id;
    let mut log = Log::open(conn).await?;
    let lock = "SELECT cancelled FROM show_state WHERE theater = $1 AND show = $2 FOR UPDATE";
    match rows(conn, about(lock, show)).await?.first() {
        None => return Ok(CancelShowOutcome::NoShow),
        Some(row) if row.value::<bool>(0)? => return Ok(CancelShowOutcome::Before),
        Some(_) => {}
    }
    let bookings = count(conn, about(WITH_SEATS, show)).await?;
    // One that nobody ever heard of stays unheard of.
    let mark = "UPDATE show_state SET cancelled = true, publication = CASE publication WHEN 0 THEN 0 ELSE 2 END \
         WHERE theater = $1 AND show = $2";
    rows(conn, about(mark, show)).await?;
    let insert = "INSERT INTO show_cancellations (theater, show, at, reason, words, bookings) VALUES ($1, $2, $3, $4, $5, $6)";
    let call = about(insert, show)
        .with(micros(cancel.now))
        .with(text(&cancel.reason))
        .with(cancel.words.as_deref().map(text))
        .with(bookings as i32);
    rows(conn, call).await?;
    log.note(Kind::Show, Kind::show_key(show), false);
    log.close(conn).await?;
    write_audit(conn, &cancel.audit).await?;
    Ok(CancelShowOutcome::Cancelled)
}

fn cancelled(row: &Row) -> Result<CancelledShow, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(CancelledShow {
        show_id: ShowId::from_parts(theater, row.bytes(1)?),
        at: row.time(2)?,
        reason: row.value(3)?,
        words: row.value(4)?,
        bookings: row.small(5)?,
        finished_at: optional_time(row.value(6)?)?,
    })
}

async fn progress(
    conn: &Connection,
    show: ShowId,
) -> Result<Option<CancellationProgress>, StoreError> {
    let sql = concat!(columns!(), "WHERE theater = $1 AND show = $2");
    let found = rows(conn, about(sql, show)).await?;
    let Some(cancelled) = found.first().map(cancelled).transpose()? else {
        return Ok(None);
    };
    Ok(Some(CancellationProgress {
        left: count(conn, about(WITH_SEATS, show)).await?,
        refunds: refunds(conn, REFUNDS, show, cancelled.at).await?,
        cancelled,
    }))
}

#[async_trait]
impl CancellationStore for PostgresStore {
    async fn cancel_show(&self, show: CancelShow) -> Result<CancelShowOutcome, StoreError> {
        let show = &show;
        self.write(|conn| async move { cancel(&conn, show).await })
            .await
    }

    async fn cancellation(
        &self,
        show_id: ShowId,
    ) -> Result<Option<CancellationProgress>, StoreError> {
        self.snapshot(|conn| async move { progress(&conn, show_id).await })
            .await
    }

    async fn open_cancellations(&self, limit: u16) -> Result<Vec<CancelledShow>, StoreError> {
        let sql = concat!(columns!(), "WHERE finished_at IS NULL ORDER BY at LIMIT $1");
        let call = Call::new(sql).with(i64::from(limit));
        let found = rows(&self.connection().await?, call).await?;
        found.iter().map(cancelled).collect()
    }

    async fn bookings_with_seats(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.own().to_vec());
        let call = about(NEXT_WITH_SEATS, show_id)
            .with(after)
            .with(i64::from(limit));
        let found = rows(&self.connection().await?, call).await?;
        let theater = show_id.theater();
        found
            .iter()
            .map(|row| Ok(BookingId::from_parts(theater, row.bytes(0)?)))
            .collect()
    }

    async fn finish_cancellation(
        &self,
        show_id: ShowId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let note = "UPDATE show_cancellations SET finished_at = $3 WHERE theater = $1 AND show = $2 AND finished_at IS NULL";
        self.write(|conn| async move {
            finish(&conn, show_id, about(WITH_SEATS, show_id), note, now).await
        })
        .await
    }
}
