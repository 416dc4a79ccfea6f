//! Sessions: one family of tokens per sign-in, rotating in place.
//!
//! Three digests matter: the current refresh token; the one before it, good again until the current one was used (so
//! that a lost answer can be asked for again); and all earlier ones, of which any that comes back ends the family. A
//! rotation locks its session, so that of two with one token, on whatever servers, the second sees the first.

use super::{secrets, users};
use crate::{
    columns::{Columns as _, micros, text},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{
    StoreError,
    accounts::{Rotation, SessionRow, TokenDigest},
};
use tokio_postgres::Row;

/// Sessions of one person; a new sign-in ends the oldest beyond.
const SESSIONS_PER_USER: i64 = 100;
/// Spent refresh tokens remembered of one family.
const SPENT_PER_SESSION: i64 = 256;
/// Expired sessions removed by each sign-in or rotation, which keeps up with any rate of them.
const PRUNED_AT_ONCE: i64 = 16;

/// Tokens that take the place of the present ones.
pub(super) struct Tokens {
    pub(super) access: TokenDigest,
    pub(super) access_expires_at: DateTime<Utc>,
    pub(super) refresh: TokenDigest,
    pub(super) refresh_expires_at: DateTime<Utc>,
}

/// The session in which a condition holds for a digest; the role is always the person's present one.
macro_rules! find {
    ($condition:literal) => {
        concat!(
            "SELECT s.session, s.\"user\", u.role, s.access, s.access_expires_at, s.refresh, s.refresh_expires_at, \
               s.previous_refresh, s.current_used, s.cookie, s.created_at, s.device, s.used_at, s.second_factor \
             FROM sessions AS s JOIN users AS u ON u.\"user\" = s.\"user\" WHERE ",
            $condition
        )
    };
}

fn read(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        session_id: row.bytes(0)?,
        user_id: UserId::from_bytes(row.bytes(1)?),
        role: users::role(row.text(2)?)?,
        access: row.bytes(3)?,
        access_expires_at: row.time(4)?,
        refresh: row.bytes(5)?,
        refresh_expires_at: row.time(6)?,
        previous_refresh: row.optional_bytes(7)?,
        current_used: row.value(8)?,
        cookie: row.value(9)?,
        created_at: row.time(10)?,
        device: row.value(11)?,
        used_at: row.time(12)?,
        second_factor: row.value(13)?,
    })
}

async fn find(
    conn: &Connection,
    sql: &'static str,
    digest: &TokenDigest,
) -> Result<Option<SessionRow>, StoreError> {
    let answers = pipeline::read(conn, &[Call::new(sql).with(&digest[..])]).await?;
    answers.iter().flatten().next().map(read).transpose()
}

pub(super) async fn add(conn: &Connection, session: &SessionRow) -> Result<(), StoreError> {
    let calls = [
        secrets::prune(session.created_at),
        prune(session.created_at),
        Call::new(
            "INSERT INTO sessions (session, \"user\", access, access_expires_at, refresh, refresh_expires_at, \
               previous_refresh, current_used, cookie, created_at, device, used_at, second_factor) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .with(&session.session_id[..])
        .with(&session.user_id.as_bytes()[..])
        .with(&session.access[..])
        .with(micros(session.access_expires_at))
        .with(&session.refresh[..])
        .with(micros(session.refresh_expires_at))
        .with(session.previous_refresh.as_ref().map(|digest| &digest[..]))
        .with(session.current_used)
        .with(session.cookie)
        .with(micros(session.created_at))
        .with(text(&session.device))
        .with(micros(session.used_at))
        .with(session.second_factor),
        Call::new(
            "DELETE FROM sessions WHERE session IN (SELECT session FROM sessions WHERE \"user\" = $1 \
             ORDER BY created_at DESC, session OFFSET $2)",
        )
        .with(&session.user_id.as_bytes()[..])
        .with(SESSIONS_PER_USER),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}

pub(super) async fn by_access(
    conn: &Connection,
    access: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<Option<SessionRow>, StoreError> {
    let found = find(conn, find!("s.access = $1"), access).await?;
    Ok(found.filter(|session| session.access_expires_at > now && session.refresh_expires_at > now))
}

pub(super) async fn mark_used(
    conn: &Connection,
    session: &[u8; 16],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET current_used = true, used_at = greatest(used_at, $2) WHERE session = $1";
    let call = Call::new(sql).with(&session[..]).with(micros(now));
    pipeline::read(conn, &[call]).await?;
    Ok(())
}

/// A person's live sessions, the one seen last first.
pub(super) async fn of_user(
    conn: &Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<SessionRow>, StoreError> {
    let sql = find!(
        "s.\"user\" = $1 AND s.refresh_expires_at > $2 ORDER BY s.used_at DESC, s.session LIMIT $3"
    );
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(micros(now))
        .with(SESSIONS_PER_USER);
    let answers = pipeline::read(conn, &[call]).await?;
    answers.iter().flatten().map(read).collect()
}

pub(super) async fn end_others(
    conn: &Connection,
    user: UserId,
    keep: &[u8; 16],
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE \"user\" = $1 AND session <> $2";
    let call = Call::new(sql).with(&user.as_bytes()[..]).with(&keep[..]);
    pipeline::read(conn, &[call]).await?;
    Ok(())
}

pub(super) async fn end(conn: &Connection, session: &[u8; 16]) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE session = $1";
    pipeline::read(conn, &[Call::new(sql).with(&session[..])]).await?;
    Ok(())
}

/// Puts new tokens in place of the presented refresh token, or says why not.
pub(super) async fn rotate(
    conn: &Connection,
    presented: &TokenDigest,
    next: &Tokens,
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    // Whoever waited for this lock sees in the next statement what the other one did.
    let lock = "SELECT 1 FROM sessions WHERE refresh = $1 OR previous_refresh = $1 FOR UPDATE";
    pipeline::read(conn, &[Call::new(lock).with(&presented[..])]).await?;
    if let Some(session) = find(conn, find!("s.refresh = $1"), presented).await? {
        if session.refresh_expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        // What was the previous token cannot be asked again from here on.
        if let Some(previous) = &session.previous_refresh {
            spend(conn, &session.session_id, previous, now).await?;
        }
        return replace(conn, &session, presented, next, now).await;
    }
    if let Some(session) = find(conn, find!("s.previous_refresh = $1"), presented).await? {
        if session.current_used {
            end(conn, &session.session_id).await?;
            return Ok(Rotation::Reuse);
        }
        if session.refresh_expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        // The answer with the current tokens was lost. Should somebody have it after all, it is reuse.
        spend(conn, &session.session_id, &session.refresh, now).await?;
        return replace(conn, &session, presented, next, now).await;
    }
    let sql = "SELECT session FROM spent_refresh_tokens WHERE digest = $1";
    let answers = pipeline::read(conn, &[Call::new(sql).with(&presented[..])]).await?;
    match answers.iter().flatten().next() {
        Some(row) => {
            end(conn, &row.bytes(0)?).await?;
            Ok(Rotation::Reuse)
        }
        None => Ok(Rotation::Unknown),
    }
}

/// Writes the new tokens; `previous` is the one that asked for them.
async fn replace(
    conn: &Connection,
    session: &SessionRow,
    previous: &TokenDigest,
    next: &Tokens,
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let sql = "UPDATE sessions SET access = $2, access_expires_at = $3, refresh = $4, refresh_expires_at = $5, \
         previous_refresh = $6, current_used = false, used_at = greatest(used_at, $7) WHERE session = $1";
    let calls = [
        Call::new(sql)
            .with(&session.session_id[..])
            .with(&next.access[..])
            .with(micros(next.access_expires_at))
            .with(&next.refresh[..])
            .with(micros(next.refresh_expires_at))
            .with(&previous[..])
            .with(micros(now)),
        secrets::prune(now),
        prune(now),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(Rotation::Rotated(session.user_id))
}

/// Remembers a token that must not come back.
async fn spend(
    conn: &Connection,
    session: &[u8; 16],
    digest: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let calls = [
        Call::new(
            "INSERT INTO spent_refresh_tokens (digest, session, spent_at) VALUES ($1, $2, $3) \
             ON CONFLICT (digest) DO NOTHING",
        )
        .with(&digest[..])
        .with(&session[..])
        .with(micros(now)),
        Call::new(
            "DELETE FROM spent_refresh_tokens WHERE digest IN (SELECT digest FROM spent_refresh_tokens \
             WHERE session = $1 ORDER BY spent_at DESC OFFSET $2)",
        )
        .with(&session[..])
        .with(SPENT_PER_SESSION),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}

/// The statement that removes some sessions that ran out; those that somebody is at are left for the next time.
fn prune(now: DateTime<Utc>) -> Call<'static> {
    let sql = "DELETE FROM sessions WHERE session IN (SELECT session FROM sessions \
         WHERE refresh_expires_at <= $1 ORDER BY refresh_expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    Call::new(sql).with(micros(now)).with(PRUNED_AT_ONCE)
}
