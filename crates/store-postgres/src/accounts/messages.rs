//! What was written to a person about their account.

use crate::{
    columns::{Columns as _, optional_time},
    connect::Connection,
    outbox::parse_status,
    pipeline::{self, Call},
};
use matinee_store::{StoreError, accounts::AccountMessage};
use tokio_postgres::Row;

/// Messages about accounts lie under empty ids.
pub(super) async fn to(
    conn: &Connection,
    email: &str,
    limit: u16,
) -> Result<Vec<AccountMessage>, StoreError> {
    let sql = "SELECT kind, channel, recipient, status, created_at, sent_at FROM messages \
         WHERE theater = ''::bytea AND booking = ''::bytea AND lower(recipient) = lower($1) \
         ORDER BY created_at DESC, message LIMIT $2";
    let call = Call::new(sql).with(email).with(i64::from(limit));
    let answers = pipeline::read(conn, &[call]).await?;
    answers.iter().flatten().map(read).collect()
}

fn read(row: &Row) -> Result<AccountMessage, StoreError> {
    Ok(AccountMessage {
        kind: row.value(0)?,
        channel: row.value(1)?,
        recipient: row.value(2)?,
        status: parse_status(row.text(3)?)?,
        created_at: row.time(4)?,
        sent_at: optional_time(row.value(5)?)?,
    })
}
