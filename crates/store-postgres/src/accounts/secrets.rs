//! Mailed secrets, each good once, and the keys this database signs with.

use crate::{
    columns::{Columns as _, damaged, micros},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_store::{
    StoreError,
    accounts::{OneTimeRow, OneTimeUse, RAN_OUT_KEPT, TokenDigest},
};

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
fn purpose(text: &str) -> Result<OneTimeUse, StoreError> {
    [
        OneTimeUse::PasswordReset,
        OneTimeUse::EmailVerification,
        OneTimeUse::BookingRecovery,
    ]
    .into_iter()
    .find(|purpose| purpose_text(*purpose) == text)
    .ok_or_else(|| damaged("a purpose"))
}

/// The secrets of a subject that are still good: what for, and until when.
pub(super) async fn open(
    conn: &Connection,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(OneTimeUse, DateTime<Utc>)>, StoreError> {
    let sql = "SELECT purpose, expires_at FROM one_time_secrets WHERE subject = $1 AND expires_at > $2 \
         ORDER BY expires_at, purpose";
    let call = Call::new(sql).with(subject).with(micros(now));
    let answers = pipeline::read(conn, &[call]).await?;
    answers
        .iter()
        .flatten()
        .map(|row| Ok((purpose(row.text(0)?)?, row.time(1)?)))
        .collect()
}

pub(super) async fn add(conn: &Connection, secret: &OneTimeRow) -> Result<(), StoreError> {
    let calls = [
        Call::new("INSERT INTO one_time_secrets (digest, purpose, subject, expires_at) VALUES ($1, $2, $3, $4)")
            .with(&secret.digest[..])
            .with(purpose_text(secret.purpose))
            .with(&secret.subject)
            .with(micros(secret.expires_at)),
        Call::new(
            "DELETE FROM one_time_secrets WHERE digest IN (SELECT digest FROM one_time_secrets \
             WHERE subject = $1 ORDER BY expires_at DESC OFFSET $2)",
        )
        .with(&secret.subject)
        .with(SECRETS_PER_SUBJECT),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}

/// Whose a good secret is.
pub(super) async fn subject(
    conn: &Connection,
    digest: &TokenDigest,
    purpose: OneTimeUse,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT subject FROM one_time_secrets WHERE digest = $1 AND purpose = $2 AND expires_at > $3";
    let call = Call::new(sql)
        .with(&digest[..])
        .with(purpose_text(purpose))
        .with(micros(now));
    let answers = pipeline::read(conn, &[call]).await?;
    answers
        .iter()
        .flatten()
        .next()
        .map(|row| row.value(0))
        .transpose()
}

/// Takes a secret out; its subject, if it was good.
pub(super) async fn use_up(
    conn: &Connection,
    digest: &TokenDigest,
    purpose: OneTimeUse,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let sql = "DELETE FROM one_time_secrets WHERE digest = $1 AND purpose = $2 AND expires_at > $3 RETURNING subject";
    let call = Call::new(sql)
        .with(&digest[..])
        .with(purpose_text(purpose))
        .with(micros(now));
    let answers = pipeline::read(conn, &[call]).await?;
    answers
        .iter()
        .flatten()
        .next()
        .map(|row| row.value(0))
        .transpose()
}

/// The statement that removes some secrets that ran out long ago.
pub(super) fn prune(now: DateTime<Utc>) -> Call<'static> {
    let sql = "DELETE FROM one_time_secrets WHERE digest IN (SELECT digest FROM one_time_secrets \
         WHERE expires_at <= $1 ORDER BY expires_at LIMIT 64 FOR UPDATE SKIP LOCKED)";
    Call::new(sql).with(micros(now - RAN_OUT_KEPT))
}

/// The key of this name, made from `fresh` the first time.
pub(super) async fn key(
    conn: &Connection,
    name: &str,
    fresh: &[u8; 32],
) -> Result<[u8; 32], StoreError> {
    let calls = [
        Call::new(
            "INSERT INTO secret_keys (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        )
        .with(name)
        .with(&fresh[..]),
        Call::new("SELECT secret FROM secret_keys WHERE name = $1").with(name),
    ];
    let answers = pipeline::read(conn, &calls).await?;
    match answers.iter().flatten().next() {
        Some(row) => row.bytes(0),
        None => Err(damaged("a key vanished")),
    }
}
