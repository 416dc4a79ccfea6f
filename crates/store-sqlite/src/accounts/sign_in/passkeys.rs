//! Passkeys: public keys by the id of their credential.

use crate::{catalog::rows::time, columns::micros};
use chrono::{DateTime, Utc};
use matinee_domain::ids::UserId;
use matinee_store::sign_in::{PASSKEYS_MAX, PasskeyRow};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str = "credential, user, name, body, created_at, used_at";

fn read(row: &Row<'_>) -> rusqlite::Result<PasskeyRow> {
    let used: Option<i64> = row.get(5)?;
    Ok(PasskeyRow {
        credential: row.get(0)?,
        user_id: UserId::from_bytes(row.get(1)?),
        name: row.get(2)?,
        body: row.get(3)?,
        created_at: time(row, 4)?,
        used_at: used.map(|_| time(row, 5)).transpose()?,
    })
}

pub(super) fn add(conn: &Connection, passkey: &PasskeyRow) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT INTO passkeys (credential, user, name, body, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM passkeys WHERE user = ?2) < ?6
             ON CONFLICT (credential) DO NOTHING",
        )?
        .execute(params![
            passkey.credential,
            passkey.user_id.as_bytes(),
            passkey.name,
            passkey.body,
            micros(passkey.created_at),
            PASSKEYS_MAX
        ])?;
    Ok(added > 0)
}

pub(super) fn of(conn: &Connection, user: UserId) -> rusqlite::Result<Vec<PasskeyRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM passkeys WHERE user = ?1 ORDER BY created_at, credential"
    ))?
    .query_map([user.as_bytes()], read)?
    .collect()
}

pub(super) fn by_credential(
    conn: &Connection,
    credential: &[u8],
) -> rusqlite::Result<Option<PasskeyRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM passkeys WHERE credential = ?1"
    ))?
    .query_row([credential], read)
    .optional()
}

pub(super) fn used(
    conn: &Connection,
    before: &PasskeyRow,
    body: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let used = conn
        .prepare_cached(
            "UPDATE passkeys SET body = ?3, used_at = ?4 WHERE credential = ?1 AND body = ?2",
        )?
        .execute(params![before.credential, before.body, body, micros(now)])?;
    Ok(used > 0)
}

pub(super) fn remove(conn: &Connection, user: UserId, credential: &[u8]) -> rusqlite::Result<bool> {
    let removed = conn
        .prepare_cached("DELETE FROM passkeys WHERE credential = ?1 AND user = ?2")?
        .execute(params![credential, user.as_bytes()])?;
    Ok(removed > 0)
}
