//! Cancelling shows: the mark that holds read, the work that is left, and how far it is.

use super::{
    changes::{Kind, Log},
    going_back::{count, finish, refunds},
};
use crate::{
    SqliteStore,
    columns::{micros, optional_time, time},
    failure::OrStoreError as _,
    query,
    staff::write_audit,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId, TheaterId};
use matinee_store::{
    CancellationStore, StoreError,
    cancellations::{CancelShow, CancelShowOutcome, CancellationProgress, CancelledShow},
};
use rusqlite::{Connection, Row, params};

/// Bookings that have seats: blocked ones are nobody's.
const WITH_SEATS: &str =
    "SELECT count(DISTINCT booking) FROM seats WHERE theater = ?1 AND show = ?2 AND state <> 3";

pub(crate) const NEXT_WITH_SEATS: &str = "SELECT DISTINCT booking FROM seats \
     WHERE theater = ?1 AND show = ?2 AND state <> 3 AND booking > ?3 ORDER BY booking LIMIT ?4";

/// What went back since for the show's bookings, by what became of it.
pub(crate) const REFUNDS: &str = "SELECT r.status, count(*), sum(r.amount_minor) FROM refunds AS r INDEXED BY refunds_of_day \
     JOIN bookings AS b ON b.theater = r.theater AND b.booking = r.booking \
     WHERE r.theater = ?1 AND r.created_at >= ?3 AND (r.reason = 'show_cancelled' OR r.reason = 'seats_gone') \
       AND b.show = ?2 GROUP BY r.status";

fn with_seats(conn: &Connection, show: ShowId) -> Result<u32, StoreError> {
    let theater = show.theater();
    count(conn, WITH_SEATS, params![theater.as_bytes(), show.own()])
}

fn cancel(tx: &mut Tx<'_>, cancel: &CancelShow) -> Result<CancelShowOutcome, StoreError> {
    let show = cancel.show_id;
    let (conn, theater) = (tx.conn(), show.theater());
    let key = params![theater.as_bytes(), show.own()];
    let there = query::first(
        conn,
        "SELECT cancelled FROM show_state WHERE theater = ?1 AND show = ?2",
        key,
        |row| row.get::<_, bool>(0).db(),
    )?;
    match there {
        None => return Ok(CancelShowOutcome::NoShow),
        Some(true) => return Ok(CancelShowOutcome::Before),
        Some(false) => {}
    }
    let bookings = with_seats(conn, show)?;
    // One that nobody ever heard of stays unheard of.
    tx.prepare(
        "UPDATE show_state SET cancelled = 1, publication = iif(publication = 0, 0, 2) WHERE theater = ?1 AND show = ?2",
    )?
    .execute(key)
    .db()?;
    tx.publication_changed();
    tx.prepare(
        "INSERT INTO show_cancellations (theater, show, at, reason, words, bookings) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        theater.as_bytes(),
        show.own(),
        micros(cancel.now),
        cancel.reason,
        cancel.words,
        bookings
    ])
    .db()?;
    let mut log = Log::open(conn).db()?;
    log.note(Kind::Show, &Kind::show_key(show), false).db()?;
    log.close().db()?;
    write_audit(conn, &cancel.audit).db()?;
    Ok(CancelShowOutcome::Cancelled)
}

/// The columns [`cancelled`] reads, in order.
macro_rules! columns {
    () => {
        "SELECT theater, show, at, reason, words, bookings, finished_at FROM show_cancellations "
    };
}

fn cancelled(row: &Row<'_>) -> Result<CancelledShow, StoreError> {
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    Ok(CancelledShow {
        show_id: ShowId::from_parts(theater, row.get(1).db()?),
        at: time(row.get(2).db()?)?,
        reason: row.get(3).db()?,
        words: row.get(4).db()?,
        bookings: row.get(5).db()?,
        finished_at: optional_time(row.get(6).db()?)?,
    })
}

fn progress(conn: &Connection, show: ShowId) -> Result<Option<CancellationProgress>, StoreError> {
    const SQL: &str = concat!(columns!(), "WHERE theater = ?1 AND show = ?2");
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own()];
    let Some(cancelled) = query::first(conn, SQL, key, cancelled)? else {
        return Ok(None);
    };
    Ok(Some(CancellationProgress {
        left: with_seats(conn, show)?,
        refunds: refunds(conn, REFUNDS, show, cancelled.at)?,
        cancelled,
    }))
}

#[async_trait]
impl CancellationStore for SqliteStore {
    async fn cancel_show(&self, show: CancelShow) -> Result<CancelShowOutcome, StoreError> {
        self.write(move |tx| cancel(tx, &show)).await
    }

    async fn cancellation(
        &self,
        show_id: ShowId,
    ) -> Result<Option<CancellationProgress>, StoreError> {
        self.read(move |conn| {
            let transaction = conn.unchecked_transaction().db()?;
            let found = progress(&transaction, show_id)?;
            transaction.finish().db()?;
            Ok(found)
        })
        .await
    }

    async fn open_cancellations(&self, limit: u16) -> Result<Vec<CancelledShow>, StoreError> {
        const SQL: &str = concat!(columns!(), "WHERE finished_at IS NULL ORDER BY at LIMIT ?1");
        self.read(move |conn| query::all(conn, SQL, [limit], cancelled))
            .await
    }

    async fn bookings_with_seats(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError> {
        self.read(move |conn| {
            let theater = show_id.theater();
            let after: &[u8] = after.as_ref().map_or(&[], |id| &id.own()[..]);
            let key = params![theater.as_bytes(), show_id.own(), after, limit];
            query::all(conn, NEXT_WITH_SEATS, key, |row| {
                Ok(BookingId::from_parts(theater, row.get(0).db()?))
            })
        })
        .await
    }

    async fn finish_cancellation(
        &self,
        show_id: ShowId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const NOTE: &str = "UPDATE show_cancellations SET finished_at = ?3 \
             WHERE theater = ?1 AND show = ?2 AND finished_at IS NULL";
        self.write(move |tx| {
            let left = with_seats(tx.conn(), show_id)?;
            finish(tx, show_id, left, NOTE, now)
        })
        .await
    }
}
