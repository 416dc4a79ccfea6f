//! What was written to a person about their account.

use crate::{columns::time, failure::OrStoreError as _, outbox::parse_status, query};
use matinee_store::{StoreError, accounts::AccountMessage};
use rusqlite::{Connection, Row, params};

/// Messages about accounts lie under empty ids.
const TO: &str = "SELECT kind, channel, recipient, status, created_at, sent_at FROM messages
     WHERE theater = x'' AND booking = x'' AND recipient = ?1 COLLATE NOCASE
     ORDER BY created_at DESC, message LIMIT ?2";

pub(super) fn to(
    conn: &Connection,
    email: &str,
    limit: u16,
) -> Result<Vec<AccountMessage>, StoreError> {
    query::all(conn, TO, params![email, limit], read)
}

fn read(row: &Row<'_>) -> Result<AccountMessage, StoreError> {
    let status: String = row.get(3).db()?;
    let sent: Option<i64> = row.get(5).db()?;
    Ok(AccountMessage {
        kind: row.get(0).db()?,
        channel: row.get(1).db()?,
        recipient: row.get(2).db()?,
        status: parse_status(&status)?,
        created_at: time(row.get(4).db()?)?,
        sent_at: sent.map(time).transpose()?,
    })
}
