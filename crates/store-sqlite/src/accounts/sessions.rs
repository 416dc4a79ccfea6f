//! Sessions: one family of tokens per sign-in, rotating in place.
//!
//! Three digests matter: the current refresh token; the one before it, good again until the current one was used (so
//! that a lost answer can be asked for again); and all earlier ones, of which any that comes back ends the family.

use super::{secrets, users};
use crate::{catalog::rows::time, columns::micros};
use chrono::{DateTime, Utc};
use matinee_domain::ids::UserId;
use matinee_planted::planted;
use matinee_store::accounts::{Rotation, SessionRow, TokenDigest};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

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

/// From `sessions AS s JOIN users AS u`: the role is always the person's present one.
const COLUMNS: &str = "s.session, s.user, u.role, s.access, s.access_expires_at, s.refresh, \
     s.refresh_expires_at, s.previous_refresh, s.current_used, s.cookie, s.created_at, s.device, s.used_at, s.second_factor";

fn read(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        session_id: row.get(0)?,
        user_id: UserId::from_bytes(row.get(1)?),
        role: users::role(row, 2)?,
        access: row.get(3)?,
        access_expires_at: time(row, 4)?,
        refresh: row.get(5)?,
        refresh_expires_at: time(row, 6)?,
        previous_refresh: row.get(7)?,
        current_used: row.get(8)?,
        cookie: row.get(9)?,
        created_at: time(row, 10)?,
        device: row.get(11)?,
        used_at: time(row, 12)?,
        second_factor: row.get(13)?,
    })
}

/// The session in which `condition` holds for a digest.
fn find(
    conn: &Connection,
    condition: &str,
    digest: &TokenDigest,
) -> rusqlite::Result<Option<SessionRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions AS s JOIN users AS u ON u.user = s.user WHERE {condition}"
    ))?
    .query_row([digest], read)
    .optional()
}

pub(super) fn add(conn: &Connection, session: &SessionRow) -> rusqlite::Result<()> {
    prune(conn, session.created_at)?;
    conn.prepare_cached(
        "INSERT INTO sessions (session, user, access, access_expires_at, refresh, refresh_expires_at,
           previous_refresh, current_used, cookie, created_at, device, used_at, second_factor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        session.session_id,
        session.user_id.as_bytes(),
        session.access,
        micros(session.access_expires_at),
        session.refresh,
        micros(session.refresh_expires_at),
        session.previous_refresh,
        session.current_used,
        session.cookie,
        micros(session.created_at),
        session.device,
        micros(session.used_at),
        session.second_factor
    ])?;
    conn.prepare_cached(
        "DELETE FROM sessions WHERE session IN (SELECT session FROM sessions WHERE user = ?1
         ORDER BY created_at DESC, session LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![session.user_id.as_bytes(), SESSIONS_PER_USER])?;
    Ok(())
}

pub(super) fn by_access(
    conn: &Connection,
    access: &TokenDigest,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<SessionRow>> {
    let found = find(conn, "s.access = ?1", access)?;
    Ok(found.filter(|session| session.access_expires_at > now && session.refresh_expires_at > now))
}

pub(super) fn mark_used(
    conn: &Connection,
    session_id: &[u8; 16],
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE sessions SET current_used = 1, used_at = max(used_at, ?2) WHERE session = ?1",
    )?
    .execute(params![session_id, micros(now)])?;
    Ok(())
}

/// A person's live sessions, the one seen last first.
pub(super) fn of_user(
    conn: &Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<SessionRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions AS s JOIN users AS u ON u.user = s.user
         WHERE s.user = ?1 AND s.refresh_expires_at > ?2 ORDER BY s.used_at DESC, s.session LIMIT ?3"
    ))?
    .query_map(
        params![user.as_bytes(), micros(now), SESSIONS_PER_USER],
        read,
    )?
    .collect()
}

pub(super) fn end_others(conn: &Connection, user: UserId, keep: &[u8; 16]) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM sessions WHERE user = ?1 AND session <> ?2")?
        .execute(params![user.as_bytes(), keep])?;
    Ok(())
}

pub(super) fn end(conn: &Connection, session_id: &[u8; 16]) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM sessions WHERE session = ?1")?
        .execute([session_id])?;
    Ok(())
}

/// Puts new tokens in place of the presented refresh token, or says why not.
pub(super) fn rotate(
    conn: &Connection,
    presented: &TokenDigest,
    next: &Tokens,
    now: DateTime<Utc>,
) -> rusqlite::Result<Rotation> {
    if let Some(session) = find(conn, "s.refresh = ?1", presented)? {
        if session.refresh_expires_at <= now {
            prune(conn, now)?;
            return Ok(Rotation::Unknown);
        }
        // What was the previous token cannot be asked again from here on.
        if let Some(previous) = &session.previous_refresh {
            spend(conn, &session.session_id, previous, now)?;
        }
        return replace(conn, &session, presented, next, now);
    }
    if let Some(session) = find(conn, "s.previous_refresh = ?1", presented)? {
        if session.current_used && !planted!("refresh_reused") {
            end(conn, &session.session_id)?;
            return Ok(Rotation::Reuse);
        }
        if session.refresh_expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        // The answer with the current tokens was lost. Should somebody have it after all, it is reuse.
        spend(conn, &session.session_id, &session.refresh, now)?;
        return replace(conn, &session, presented, next, now);
    }
    let family: Option<[u8; 16]> = conn
        .prepare_cached("SELECT session FROM spent_refresh_tokens WHERE digest = ?1")?
        .query_row([presented], |row| row.get(0))
        .optional()?;
    match family {
        Some(session_id) => {
            end(conn, &session_id)?;
            Ok(Rotation::Reuse)
        }
        None => Ok(Rotation::Unknown),
    }
}

/// Writes the new tokens; `previous` is the one that asked for them.
fn replace(
    conn: &Connection,
    session: &SessionRow,
    previous: &TokenDigest,
    next: &Tokens,
    now: DateTime<Utc>,
) -> rusqlite::Result<Rotation> {
    prune(conn, now)?;
    conn.prepare_cached(
        "UPDATE sessions SET access = ?2, access_expires_at = ?3, refresh = ?4, refresh_expires_at = ?5,
           previous_refresh = ?6, current_used = 0, used_at = max(used_at, ?7) WHERE session = ?1",
    )?
    .execute(params![
        session.session_id,
        next.access,
        micros(next.access_expires_at),
        next.refresh,
        micros(next.refresh_expires_at),
        previous,
        micros(now)
    ])?;
    Ok(Rotation::Rotated(session.user_id))
}

/// Remembers a token that must not come back.
fn spend(
    conn: &Connection,
    session_id: &[u8; 16],
    digest: &TokenDigest,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO spent_refresh_tokens (digest, session, spent_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (digest) DO NOTHING",
    )?
    .execute(params![digest, session_id, micros(now)])?;
    conn.prepare_cached(
        "DELETE FROM spent_refresh_tokens WHERE digest IN (SELECT digest FROM spent_refresh_tokens
         WHERE session = ?1 ORDER BY spent_at DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![session_id, SPENT_PER_SESSION])?;
    Ok(())
}

/// Removes some sessions and mailed secrets that ran out.
fn prune(conn: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    secrets::prune(conn, now)?;
    conn.prepare_cached(
        "DELETE FROM sessions WHERE session IN (SELECT session FROM sessions
         WHERE refresh_expires_at <= ?1 ORDER BY refresh_expires_at LIMIT ?2)",
    )?
    .execute(params![micros(now), PRUNED_AT_ONCE])?;
    Ok(())
}
