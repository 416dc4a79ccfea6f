//! Messages that must go out: written with their change, claimed for a while, marked when they went.
//!
//! A claim skips what another server is claiming at that moment, so that none waits for the other and none gets the
//! same message.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, micros, text},
    connect::Connection,
    failure::OrStoreError as _,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, NotificationId, TheaterId};
use matinee_store::{
    OutboxStore, StoreError,
    outbox::{ClaimedMessage, MessageStatus, NewMessage},
};
use tokio_postgres::{Row, types::ToSql};

const fn status_text(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Pending => "pending",
        MessageStatus::Sent => "sent",
        MessageStatus::Failed => "failed",
    }
}

/// Reads a kept status.
pub(crate) fn parse_status(text: &str) -> Result<MessageStatus, StoreError> {
    [
        MessageStatus::Pending,
        MessageStatus::Sent,
        MessageStatus::Failed,
    ]
    .into_iter()
    .find(|status| status_text(*status) == text)
    .ok_or_else(|| damaged("a message's status"))
}

/// Writes a message inside a transaction, to go out as soon as that commits.
pub(crate) async fn insert(conn: &Connection, message: &NewMessage) -> Result<(), StoreError> {
    let sql = "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
           created_at, due_at) \
         VALUES ($1, $2, $3, 'pending', $4, $5, $6, $7::text::json, 0, $8, $8)";
    let theater = message
        .booking_id
        .map_or_else(Vec::new, |id| id.theater().as_bytes().to_vec());
    let booking = message
        .booking_id
        .map_or_else(Vec::new, |id| id.own().to_vec());
    let call = Call::new(sql)
        .with(theater)
        .with(booking)
        .with(&message.notification_id.as_bytes()[..])
        .with(text(&message.kind))
        .with(text(&message.channel))
        .with(text(&message.recipient))
        .with(&message.payload)
        .with(micros(message.created_at));
    pipeline::read(conn, &[call]).await?;
    Ok(())
}

const CLAIM: &str = "WITH due AS ( \
       SELECT theater, booking, message FROM messages WHERE status = 'pending' AND due_at <= $1 \
       ORDER BY due_at, created_at, message LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE messages AS m SET attempts = m.attempts + 1, due_at = $2 FROM due AS d \
     WHERE m.theater = d.theater AND m.booking = d.booking AND m.message = d.message \
     RETURNING m.theater, m.booking, m.message, m.kind, m.channel, m.recipient, m.payload::text, m.created_at, \
       m.attempts";

const OLD_SENT: &str = "DELETE FROM messages AS m USING (SELECT theater, booking, message FROM messages \
       WHERE status = 'sent' AND sent_at < $1 ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old \
     WHERE m.theater = old.theater AND m.booking = old.booking AND m.message = old.message";
const OLD_FAILED: &str = "DELETE FROM messages AS m USING (SELECT theater, booking, message FROM messages \
       WHERE status = 'failed' AND created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old \
     WHERE m.theater = old.theater AND m.booking = old.booking AND m.message = old.message";

fn message(row: &Row) -> Result<ClaimedMessage, StoreError> {
    let theater: &[u8] = row.value(0)?;
    let booking_id = if theater.is_empty() {
        None
    } else {
        let theater = TheaterId::from_bytes(row.bytes(0)?);
        Some(BookingId::from_parts(theater, row.bytes(1)?))
    };
    Ok(ClaimedMessage {
        message: NewMessage {
            notification_id: NotificationId::from_bytes(row.bytes(2)?),
            booking_id,
            kind: row.value(3)?,
            channel: row.value(4)?,
            recipient: row.value(5)?,
            payload: row.value(6)?,
            created_at: row.time(7)?,
        },
        attempt: row.small(8)?,
    })
}

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        self.write(|conn| async move {
            let call = Call::new(CLAIM)
                .with(micros(now))
                .with(micros(lease_until))
                .with(i64::from(limit));
            let answers = pipeline::read(&conn, &[call]).await?;
            let mut claimed = answers
                .iter()
                .flatten()
                .map(message)
                .collect::<Result<Vec<_>, _>>()?;
            // An update returns its rows in no order. All were due: the order is that in which they were made.
            claimed.sort_by_key(|claim| (claim.message.created_at, claim.message.notification_id));
            Ok(claimed)
        })
        .await
    }

    async fn message_sent(
        &self,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "WITH sent AS (UPDATE messages SET status = 'sent', sent_at = $2, payload = '{}' \
               WHERE message = $1 AND status = 'pending' RETURNING 1) \
             UPDATE messages_sent SET n = n + (SELECT count(*) FROM sent) WHERE EXISTS (SELECT 1 FROM sent)";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(&notification_id.as_bytes()[..])
                .with(micros(now));
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn message_failed(
        &self,
        notification_id: NotificationId,
        retry_at: Option<DateTime<Utc>>,
        error: String,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE messages SET status = CASE WHEN $2::bigint IS NULL THEN 'failed' ELSE 'pending' END, \
               due_at = coalesce($2, due_at), last_error = $3, \
               payload = CASE WHEN $2 IS NULL THEN '{}'::json ELSE payload END \
             WHERE message = $1 AND status = 'pending'";
        let error = &error;
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(&notification_id.as_bytes()[..])
                .with(retry_at.map(micros))
                .with(text(error));
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn forget_messages(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<usize, StoreError> {
        self.write(|conn| async move {
            let mut forgotten = 0;
            for over in [OLD_SENT, OLD_FAILED] {
                let params: [&(dyn ToSql + Sync); 2] = [&micros(before), &i64::from(limit)];
                forgotten += conn.client().execute(over, &params).await.db()? as usize;
            }
            Ok(forgotten)
        })
        .await
    }

    async fn message_counts(&self) -> Result<(u64, u64, u64), StoreError> {
        let sql = "SELECT (SELECT count(*) FROM messages WHERE status = 'pending'), \
             (SELECT n FROM messages_sent), (SELECT count(*) FROM messages WHERE status = 'failed')";
        let conn = self.connection().await?;
        let row = conn.client().query_one(sql, &[]).await.db()?;
        Ok((row.count(0)?, row.count(1)?, row.count(2)?))
    }
}
