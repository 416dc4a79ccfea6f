//! Mailed secrets, each good once, and the keys this database signs with.

use crate::{
    catalog::rows::{damaged, time},
    columns::micros,
};
use chrono::{DateTime, Utc};
use matinee_store::accounts::{OneTimeRow, OneTimeUse, RAN_OUT_KEPT, TokenDigest};
use rusqlite::{Connection, OptionalExtension as _, params, types::Type};

/// Secrets one subject may have at a time; a new one ends the oldest beyond.
const SECRETS_PER_SUBJECT: i64 = 16;

const fn purpose_text(purpose: OneTimeUse) -> &'static str {
    match purpose {
        OneTimeUse::PasswordReset => "password_reset",
        OneTimeUse::EmailVerification => "email_verification",
        OneTimeUse::BookingRecovery => "booking_recovery",
    }
}

/// Reads the text of a purpose.
fn purpose(text: &str) -> Option<OneTimeUse> {
    [
        OneTimeUse::PasswordReset,
        OneTimeUse::EmailVerification,
        OneTimeUse::BookingRecovery,
    ]
    .into_iter()
    .find(|purpose| purpose_text(*purpose) == text)
}

/// The secrets of a subject that are still good: what for, and until when.
pub(super) fn open(
    conn: &Connection,
    subject: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<(OneTimeUse, DateTime<Utc>)>> {
    conn.prepare_cached(
        "SELECT purpose, expires_at FROM one_time_secrets WHERE subject = ?1 AND expires_at > ?2
         ORDER BY expires_at, purpose",
    )?
    .query_map(params![subject, micros(now)], |row| {
        let purpose = purpose(row.get_ref(0)?.as_str()?)
            .ok_or_else(|| damaged(0, Type::Text, "not a purpose"))?;
        Ok((purpose, time(row, 1)?))
    })?
    .collect()
}

pub(super) fn add(conn: &Connection, secret: &OneTimeRow) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO one_time_secrets (digest, purpose, subject, expires_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        secret.digest,
        purpose_text(secret.purpose),
        secret.subject,
        micros(secret.expires_at)
    ])?;
    conn.prepare_cached(
        "DELETE FROM one_time_secrets WHERE digest IN (SELECT digest FROM one_time_secrets
         WHERE subject = ?1 ORDER BY expires_at DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![secret.subject, SECRETS_PER_SUBJECT])?;
    Ok(())
}

/// Whose a good secret is.
pub(super) fn subject(
    conn: &Connection,
    digest: &TokenDigest,
    purpose: OneTimeUse,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached(
        "SELECT subject FROM one_time_secrets WHERE digest = ?1 AND purpose = ?2 AND expires_at > ?3",
    )?
    .query_row(params![digest, purpose_text(purpose), micros(now)], |row| {
        row.get(0)
    })
    .optional()
}

/// Takes a secret out; its subject, if it was good.
pub(super) fn use_up(
    conn: &Connection,
    digest: &TokenDigest,
    purpose: OneTimeUse,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached(
        "DELETE FROM one_time_secrets WHERE digest = ?1 AND purpose = ?2 AND expires_at > ?3
         RETURNING subject",
    )?
    .query_row(params![digest, purpose_text(purpose), micros(now)], |row| {
        row.get(0)
    })
    .optional()
}

/// Removes some secrets that ran out long ago.
pub(super) fn prune(conn: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "DELETE FROM one_time_secrets WHERE digest IN (SELECT digest FROM one_time_secrets
         WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 64)",
    )?
    .execute([micros(now - RAN_OUT_KEPT)])?;
    Ok(())
}

/// The key of this name, made from `fresh` the first time.
pub(super) fn key(conn: &Connection, name: &str, fresh: &[u8; 32]) -> rusqlite::Result<[u8; 32]> {
    conn.prepare_cached(
        "INSERT INTO secret_keys (name, secret) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
    )?
    .execute(params![name, fresh])?;
    conn.prepare_cached("SELECT secret FROM secret_keys WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
}
