//! Passkeys: public keys by the id of their credential.

use super::first;
use crate::{
    columns::{Columns as _, micros, optional_time, text},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{
    StoreError,
    sign_in::{PASSKEYS_MAX, PasskeyRow},
};
use tokio_postgres::Row;

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT credential, \"user\", name, body::text, created_at, used_at FROM passkeys WHERE ",
            $condition
        )
    };
}

fn read(row: &Row) -> Result<PasskeyRow, StoreError> {
    Ok(PasskeyRow {
        credential: row.value(0)?,
        user_id: UserId::from_bytes(row.bytes(1)?),
        name: row.value(2)?,
        body: row.value(3)?,
        created_at: row.time(4)?,
        used_at: optional_time(row.value(5)?)?,
    })
}

pub(super) async fn add(conn: &Connection, passkey: &PasskeyRow) -> Result<bool, StoreError> {
    let id = &passkey.user_id.as_bytes()[..];
    // Two that are added at once see each other.
    let lock = "SELECT 1 FROM users WHERE \"user\" = $1 FOR UPDATE";
    pipeline::read(conn, &[Call::new(lock).with(id)]).await?;
    let sql = "INSERT INTO passkeys (credential, \"user\", name, body, created_at) \
         SELECT $1::bytea, $2::bytea, $3::text, $4::text::json, $5::bigint \
         WHERE (SELECT count(*) FROM passkeys WHERE \"user\" = $2) < $6 \
         ON CONFLICT (credential) DO NOTHING RETURNING 1";
    let call = Call::new(sql)
        .with(&passkey.credential[..])
        .with(id)
        .with(text(&passkey.name))
        .with(&passkey.body)
        .with(micros(passkey.created_at))
        .with(i64::from(PASSKEYS_MAX));
    Ok(first(conn, call).await?.is_some())
}

pub(super) async fn of(conn: &Connection, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
    let sql = select!("\"user\" = $1 ORDER BY created_at, credential");
    let call = Call::new(sql).with(&user.as_bytes()[..]);
    let answers = pipeline::read(conn, &[call]).await?;
    answers.iter().flatten().map(read).collect()
}

pub(super) async fn by_credential(
    conn: &Connection,
    credential: &[u8],
) -> Result<Option<PasskeyRow>, StoreError> {
    let call = Call::new(select!("credential = $1")).with(credential);
    first(conn, call).await?.as_ref().map(read).transpose()
}

pub(super) async fn used(
    conn: &Connection,
    before: &PasskeyRow,
    body: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE passkeys SET body = $3::text::json, used_at = $4 \
         WHERE credential = $1 AND body::text = $2 RETURNING 1";
    let call = Call::new(sql)
        .with(&before.credential[..])
        .with(&before.body)
        .with(body)
        .with(micros(now));
    Ok(first(conn, call).await?.is_some())
}

pub(super) async fn remove(
    conn: &Connection,
    user: UserId,
    credential: &[u8],
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM passkeys WHERE credential = $1 AND \"user\" = $2 RETURNING 1";
    let call = Call::new(sql).with(credential).with(&user.as_bytes()[..]);
    Ok(first(conn, call).await?.is_some())
}
