//! Code generators and recovery codes.

use crate::{catalog::rows::time, columns::micros};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{accounts::TokenDigest, sign_in::SecondFactorRow};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str = "secret, confirmed_at, last_step, tries, blocked_until,
     (SELECT count(*) FROM recovery_codes AS r WHERE r.user = second_factors.user)";

fn read(user: UserId, row: &Row<'_>) -> rusqlite::Result<SecondFactorRow> {
    let confirmed: Option<i64> = row.get(1)?;
    Ok(SecondFactorRow {
        user_id: user,
        secret: row.get(0)?,
        confirmed_at: confirmed.map(|_| time(row, 1)).transpose()?,
        last_step: row.get::<_, i64>(2)?.unsigned_abs(),
        tries: row.get(3)?,
        blocked_until: time(row, 4)?,
        recovery_codes: row.get(5)?,
    })
}

pub(super) fn of(conn: &Connection, user: UserId) -> rusqlite::Result<Option<SecondFactorRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM second_factors WHERE user = ?1"
    ))?
    .query_row([user.as_bytes()], |row| read(user, row))
    .optional()
}

/// A new secret in place of one that was never confirmed. What was tried stays counted.
pub(super) fn begin(conn: &Connection, user: UserId, secret: &[u8; 20]) -> rusqlite::Result<bool> {
    let begun = conn
        .prepare_cached(
            "INSERT INTO second_factors (user, secret, last_step, tries, blocked_until)
             SELECT user, ?2, 0, 0, 0 FROM users WHERE user = ?1
             ON CONFLICT (user) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE confirmed_at IS NULL",
        )?
        .execute(params![user.as_bytes(), secret])?;
    Ok(begun > 0)
}

pub(super) fn count_try(
    conn: &Connection,
    user: UserId,
    now: DateTime<Utc>,
    free: u32,
    pause: TimeDelta,
) -> rusqlite::Result<Option<SecondFactorRow>> {
    conn.prepare_cached(&format!(
        "UPDATE second_factors SET tries = tries + 1,
           blocked_until = CASE WHEN tries + 1 >= ?3 THEN ?4 ELSE blocked_until END
         WHERE user = ?1 AND blocked_until <= ?2 RETURNING {COLUMNS}"
    ))?
    .query_row(
        params![user.as_bytes(), micros(now), free, micros(now + pause)],
        |row| read(user, row),
    )
    .optional()
}

pub(super) fn take_step(conn: &Connection, user: UserId, step: u64) -> rusqlite::Result<bool> {
    let taken = conn
        .prepare_cached(
            "UPDATE second_factors SET last_step = ?2, tries = 0, blocked_until = 0
             WHERE user = ?1 AND last_step < ?2",
        )?
        .execute(params![user.as_bytes(), step as i64])?;
    Ok(taken > 0)
}

pub(super) fn take_recovery_code(
    conn: &Connection,
    user: UserId,
    digest: &TokenDigest,
) -> rusqlite::Result<bool> {
    let taken = conn
        .prepare_cached("DELETE FROM recovery_codes WHERE user = ?1 AND digest = ?2")?
        .execute(params![user.as_bytes(), digest])?;
    if taken > 0 {
        conn.prepare_cached(
            "UPDATE second_factors SET tries = 0, blocked_until = 0 WHERE user = ?1",
        )?
        .execute([user.as_bytes()])?;
    }
    Ok(taken > 0)
}

pub(super) fn confirm(
    conn: &Connection,
    user: UserId,
    step: u64,
    recovery_codes: &[TokenDigest],
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let confirmed = conn
        .prepare_cached(
            "UPDATE second_factors SET confirmed_at = ?3, last_step = ?2, tries = 0, blocked_until = 0
             WHERE user = ?1 AND confirmed_at IS NULL AND last_step < ?2",
        )?
        .execute(params![user.as_bytes(), step as i64, micros(now)])?;
    if confirmed == 0 {
        return Ok(false);
    }
    forget_codes(conn, user)?;
    let mut add =
        conn.prepare_cached("INSERT INTO recovery_codes (user, digest) VALUES (?1, ?2)")?;
    for digest in recovery_codes {
        add.execute(params![user.as_bytes(), digest])?;
    }
    Ok(true)
}

/// This session showed a second factor; the others, opened without, end.
pub(super) fn strengthen(
    conn: &Connection,
    user: UserId,
    session_id: &[u8; 16],
) -> rusqlite::Result<()> {
    super::super::sessions::end_others(conn, user, session_id)?;
    conn.prepare_cached("UPDATE sessions SET second_factor = 1 WHERE session = ?1 AND user = ?2")?
        .execute(params![session_id, user.as_bytes()])?;
    Ok(())
}

pub(super) fn remove(conn: &Connection, user: UserId) -> rusqlite::Result<()> {
    forget_codes(conn, user)?;
    for sql in [
        "DELETE FROM second_factors WHERE user = ?1",
        "DELETE FROM sessions WHERE user = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([user.as_bytes()])?;
    }
    Ok(())
}

fn forget_codes(conn: &Connection, user: UserId) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM recovery_codes WHERE user = ?1")?
        .execute([user.as_bytes()])?;
    Ok(())
}
