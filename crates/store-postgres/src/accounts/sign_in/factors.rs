//! Code generators and recovery codes.

use super::first;
use crate::{
    columns::{Columns as _, micros, optional_time},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{StoreError, accounts::TokenDigest, sign_in::SecondFactorRow};
use tokio_postgres::Row;

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " f.secret, f.confirmed_at, f.last_step, f.tries, f.blocked_until, \
              (SELECT count(*) FROM recovery_codes AS r WHERE r.\"user\" = f.\"user\")",
            $after
        )
    };
}

fn read(user: UserId, row: &Row) -> Result<SecondFactorRow, StoreError> {
    let codes: i64 = row.value(5)?;
    Ok(SecondFactorRow {
        user_id: user,
        secret: row.bytes(0)?,
        confirmed_at: optional_time(row.value(1)?)?,
        last_step: row.count(2)?,
        tries: row.small(3)?,
        blocked_until: row.time(4)?,
        recovery_codes: codes as u32,
    })
}

pub(super) async fn of(
    conn: &Connection,
    user: UserId,
) -> Result<Option<SecondFactorRow>, StoreError> {
    let sql = columns!("SELECT", " FROM second_factors AS f WHERE f.\"user\" = $1");
    let call = Call::new(sql).with(&user.as_bytes()[..]);
    let row = first(conn, call).await?;
    row.map(|row| read(user, &row)).transpose()
}

/// A new secret in place of one that was never confirmed. What was tried stays counted.
pub(super) async fn begin(
    conn: &Connection,
    user: UserId,
    secret: &[u8; 20],
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO second_factors AS f (\"user\", secret, last_step, tries, blocked_until) \
         SELECT \"user\", $2::bytea, 0, 0, 0 FROM users WHERE \"user\" = $1 \
         ON CONFLICT (\"user\") DO UPDATE SET secret = excluded.secret, last_step = 0 \
           WHERE f.confirmed_at IS NULL RETURNING 1";
    let call = Call::new(sql).with(&user.as_bytes()[..]).with(&secret[..]);
    Ok(first(conn, call).await?.is_some())
}

pub(super) async fn count_try(
    conn: &Connection,
    user: UserId,
    now: DateTime<Utc>,
    free: u32,
    pause: TimeDelta,
) -> Result<Option<SecondFactorRow>, StoreError> {
    let sql = columns!(
        "UPDATE second_factors AS f SET tries = f.tries + 1, \
           blocked_until = CASE WHEN f.tries + 1 >= $3 THEN $4 ELSE f.blocked_until END \
         WHERE f.\"user\" = $1 AND f.blocked_until <= $2 RETURNING",
        ""
    );
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(micros(now))
        .with(free as i32)
        .with(micros(now + pause));
    let row = first(conn, call).await?;
    row.map(|row| read(user, &row)).transpose()
}

pub(super) async fn take_step(
    conn: &Connection,
    user: UserId,
    step: u64,
) -> Result<bool, StoreError> {
    let sql = "UPDATE second_factors SET last_step = $2, tries = 0, blocked_until = 0 \
         WHERE \"user\" = $1 AND last_step < $2 RETURNING 1";
    let call = Call::new(sql).with(&user.as_bytes()[..]).with(step as i64);
    Ok(first(conn, call).await?.is_some())
}

pub(super) async fn take_recovery_code(
    conn: &Connection,
    user: UserId,
    digest: &TokenDigest,
) -> Result<bool, StoreError> {
    let id = &user.as_bytes()[..];
    let sql = "DELETE FROM recovery_codes WHERE \"user\" = $1 AND digest = $2 RETURNING 1";
    let taken = first(conn, Call::new(sql).with(id).with(&digest[..])).await?;
    if taken.is_none() {
        return Ok(false);
    }
    let sql = "UPDATE second_factors SET tries = 0, blocked_until = 0 WHERE \"user\" = $1";
    pipeline::read(conn, &[Call::new(sql).with(id)]).await?;
    Ok(true)
}

pub(super) async fn confirm(
    conn: &Connection,
    user: UserId,
    step: u64,
    recovery_codes: &[TokenDigest],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let id = &user.as_bytes()[..];
    let sql = "UPDATE second_factors SET confirmed_at = $3, last_step = $2, tries = 0, blocked_until = 0 \
         WHERE \"user\" = $1 AND confirmed_at IS NULL AND last_step < $2 RETURNING 1";
    let call = Call::new(sql).with(id).with(step as i64).with(micros(now));
    if first(conn, call).await?.is_none() {
        return Ok(false);
    }
    let mut calls = vec![Call::new(FORGET_CODES).with(id)];
    calls.extend(recovery_codes.iter().map(|digest| {
        Call::new("INSERT INTO recovery_codes (\"user\", digest) VALUES ($1, $2)")
            .with(id)
            .with(&digest[..])
    }));
    pipeline::read(conn, &calls).await?;
    Ok(true)
}

const FORGET_CODES: &str = "DELETE FROM recovery_codes WHERE \"user\" = $1";

/// This session showed a second factor; the others, opened without, end.
pub(super) async fn strengthen(
    conn: &Connection,
    user: UserId,
    session_id: &[u8; 16],
) -> Result<(), StoreError> {
    super::super::sessions::end_others(conn, user, session_id).await?;
    let sql = "UPDATE sessions SET second_factor = true WHERE session = $1 AND \"user\" = $2";
    let call = Call::new(sql)
        .with(&session_id[..])
        .with(&user.as_bytes()[..]);
    pipeline::read(conn, &[call]).await?;
    Ok(())
}

pub(super) async fn remove(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    let id = &user.as_bytes()[..];
    let calls = [
        Call::new(FORGET_CODES).with(id),
        Call::new("DELETE FROM second_factors WHERE \"user\" = $1").with(id),
        Call::new("DELETE FROM sessions WHERE \"user\" = $1").with(id),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}
