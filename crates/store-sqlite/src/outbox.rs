//! Messages that must go out: written with their change, claimed for a while, marked when they went.

use crate::{
    SqliteStore,
    columns::{damaged, micros, time},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, NotificationId, TheaterId};
use matinee_store::{
    OutboxStore, StoreError,
    outbox::{ClaimedMessage, MessageStatus, NewMessage},
};
use rusqlite::{Row, params};

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
pub(crate) fn insert(tx: &Tx<'_>, message: &NewMessage) -> Result<(), StoreError> {
    let theater = message.booking_id.map(|id| *id.theater().as_bytes());
    let theater: &[u8] = theater.as_ref().map_or(&[], |bytes| &bytes[..]);
    let booking: &[u8] = message.booking_id.as_ref().map_or(&[], |id| &id.own()[..]);
    tx.prepare(
        "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
             created_at, due_at) \
         VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, 0, ?8, ?8)",
    )?
    .execute(params![
        theater,
        booking,
        message.notification_id.as_bytes(),
        message.kind,
        message.channel,
        message.recipient,
        message.payload,
        micros(message.created_at),
    ])
    .db()?;
    Ok(())
}

pub(crate) const DUE: &str = "SELECT theater, booking, message, kind, channel, recipient, payload, created_at, attempts \
     FROM messages INDEXED BY messages_due \
     WHERE status = 'pending' AND due_at <= ?1 ORDER BY due_at, created_at, message LIMIT ?2";
pub(crate) const LEASE: &str = "UPDATE messages SET attempts = attempts + 1, due_at = ?2 WHERE message = ?1 AND status = 'pending'";

/// The payload may hold a secret, and nobody needs it any more.
const SENT: &str = "UPDATE messages SET status = 'sent', sent_at = ?2, payload = '{}' WHERE message = ?1 AND status = 'pending'";

pub(crate) const OLD_SENT: &str = "DELETE FROM messages WHERE (booking, message) IN \
     (SELECT booking, message FROM messages INDEXED BY messages_sent_at \
      WHERE status = 'sent' AND sent_at < ?1 ORDER BY sent_at LIMIT ?2)";
pub(crate) const OLD_FAILED: &str = "DELETE FROM messages WHERE (booking, message) IN \
     (SELECT booking, message FROM messages INDEXED BY messages_failed \
      WHERE status = 'failed' AND created_at < ?1 ORDER BY created_at LIMIT ?2)";

fn claim(
    tx: &Tx<'_>,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<ClaimedMessage>, StoreError> {
    let mut claimed = query::all(tx.conn(), DUE, params![micros(now), limit], message)?;
    let mut lease = tx.prepare(LEASE)?;
    for claim in &mut claimed {
        let id = claim.message.notification_id;
        lease
            .execute(params![id.as_bytes(), micros(lease_until)])
            .db()?;
        claim.attempt += 1;
    }
    Ok(claimed)
}

fn message(row: &Row<'_>) -> Result<ClaimedMessage, StoreError> {
    let theater = row.get_ref(0).db()?.as_blob().map_err(damaged)?;
    let booking_id = if theater.is_empty() {
        None
    } else {
        let theater = TheaterId::from_bytes(row.get(0).db()?);
        Some(BookingId::from_parts(theater, row.get(1).db()?))
    };
    Ok(ClaimedMessage {
        message: NewMessage {
            notification_id: NotificationId::from_bytes(row.get(2).db()?),
            booking_id,
            kind: row.get(3).db()?,
            channel: row.get(4).db()?,
            recipient: row.get(5).db()?,
            payload: row.get(6).db()?,
            created_at: time(row.get(7).db()?)?,
        },
        attempt: row.get(8).db()?,
    })
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        self.write(move |tx| claim(tx, now, lease_until, limit))
            .await
    }

    async fn message_sent(
        &self,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sent = tx
                .prepare(SENT)?
                .execute(params![notification_id.as_bytes(), micros(now)])
                .db()?;
            if sent > 0 {
                tx.prepare("UPDATE messages_sent SET n = n + 1")?
                    .execute([])
                    .db()?;
            }
            Ok(())
        })
        .await
    }

    async fn message_failed(
        &self,
        notification_id: NotificationId,
        retry_at: Option<DateTime<Utc>>,
        error: String,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare(
                "UPDATE messages SET status = iif(?2 IS NULL, 'failed', 'pending'), due_at = coalesce(?2, due_at), \
                     last_error = ?3, payload = iif(?2 IS NULL, '{}', payload) \
                 WHERE message = ?1 AND status = 'pending'",
            )?
            .execute(params![notification_id.as_bytes(), retry_at.map(micros), error])
            .db()?;
            Ok(())
        })
        .await
    }

    async fn forget_messages(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut forgotten = 0;
            for over in [OLD_SENT, OLD_FAILED] {
                forgotten += tx
                    .prepare(over)?
                    .execute(params![micros(before), limit])
                    .db()?;
            }
            Ok(forgotten)
        })
        .await
    }

    async fn message_counts(&self) -> Result<(u64, u64, u64), StoreError> {
        self.read(|conn| {
            let counts: (i64, i64, i64) = conn
                .query_row(
                    "SELECT (SELECT count(*) FROM messages WHERE status = 'pending'), \
                            (SELECT n FROM messages_sent), \
                            (SELECT count(*) FROM messages WHERE status = 'failed')",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .db()?;
            Ok((counts.0 as u64, counts.1 as u64, counts.2 as u64))
        })
        .await
    }
}
