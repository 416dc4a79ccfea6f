//! Records that make a POST safe to repeat, and forgetting them in time.

use crate::{columns::micros, failure::OrStoreError, query, writer::Tx};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_planted::planted;
use matinee_store::{
    StoreError,
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
use rusqlite::{Connection, params};

/// An unpaid expiry is of no interest after this; every window of the limits is shorter.
const EXPIRIES_KEPT: TimeDelta = TimeDelta::days(1);

pub(super) fn lookup(conn: &Connection, key: &IdempotencyKey) -> Result<Lookup, StoreError> {
    const SQL: &str = "SELECT body, status, answer FROM idempotency WHERE scope = ?1";
    let found = query::first(conn, SQL, params![key.scope], |row| {
        if row.get::<_, [u8; 16]>(0).db()? != key.body && !planted!("key_reused") {
            return Ok(Lookup::Reused);
        }
        let answer = row
            .get_ref(2)
            .db()?
            .as_blob()
            .map_err(crate::columns::damaged)?;
        Ok(Lookup::Replay(Recorded {
            status: row.get(1).db()?,
            body: Bytes::copy_from_slice(answer),
        }))
    })?;
    Ok(found.unwrap_or(Lookup::New))
}

/// What an earlier request with this record's key found, if there was one.
pub(crate) fn earlier(
    tx: &Tx<'_>,
    record: Option<&IdempotencyRecord>,
) -> Result<Option<Lookup>, StoreError> {
    let Some(record) = record else {
        return Ok(None);
    };
    match lookup(tx.conn(), &record.key)? {
        Lookup::New => Ok(None),
        found => Ok(Some(found)),
    }
}

pub(crate) fn insert(tx: &Tx<'_>, record: &IdempotencyRecord) -> Result<(), StoreError> {
    tx.prepare("INSERT INTO idempotency (scope, body, status, answer, keep_until) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            record.key.scope,
            record.key.body,
            record.answer.status,
            &record.answer.body[..],
            micros(record.keep_until),
        ])
        .db()?;
    Ok(())
}

/// Forgets records past their time, and unpaid expiries that no limit looks at any more.
pub(super) fn forget(tx: &mut Tx<'_>, now: DateTime<Utc>, limit: u16) -> Result<usize, StoreError> {
    let forgotten = tx
        .prepare(
            "DELETE FROM idempotency WHERE record IN \
             (SELECT record FROM idempotency WHERE keep_until <= ?1 ORDER BY keep_until LIMIT ?2)",
        )?
        .execute(params![micros(now), limit])
        .db()?;
    tx.prepare(
        "DELETE FROM unpaid_expiries WHERE (theater, show, caller, at, booking) IN \
         (SELECT theater, show, caller, at, booking FROM unpaid_expiries WHERE at < ?1 ORDER BY at LIMIT ?2)",
    )?
    .execute(params![micros(now - EXPIRIES_KEPT), limit])
    .db()?;
    Ok(forgotten)
}
