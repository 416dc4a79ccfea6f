//! Messages that must go out: written with their change, claimed for a while, marked when they went.

use crate::{
    SqliteStore,
    columns::{damaged, micros, optional_time, time, to_json},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, NotificationId, ShowId, TheaterId, UserId};
use matinee_store::{
    OutboxStore, StoreError,
    outbox::{
        ClaimedMessage, MessageQuery, MessageRow, MessageStatus, MessagesOf, NewMessage, ShowMove,
    },
};
use rusqlite::{Connection, Row, params};

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
     WHERE status = 'pending' AND channel = ?3 AND due_at <= ?1 ORDER BY due_at, created_at, message LIMIT ?2";
/// The same, of each booking the first only. The `+` keep the inner look on the booking's own few rows.
pub(crate) const DUE_IN_ORDER: &str = "SELECT m.theater, m.booking, m.message, m.kind, m.channel, m.recipient, m.payload, \
       m.created_at, m.attempts \
     FROM messages AS m INDEXED BY messages_due \
     WHERE m.status = 'pending' AND m.channel = ?3 AND m.due_at <= ?1 AND NOT EXISTS \
       (SELECT 1 FROM messages AS e WHERE e.booking = m.booking AND +e.channel = ?3 AND +e.status = 'pending' \
          AND (e.created_at, +e.message) < (m.created_at, m.message)) \
     ORDER BY m.due_at, m.created_at, m.message LIMIT ?2";
pub(crate) const UNBEGUN: &str = "SELECT theater, booking, message, kind, channel, recipient, payload, created_at, attempts \
     FROM messages INDEXED BY messages_due \
     WHERE status = 'pending' AND channel = ?1 AND due_at > ?2 AND due_at <= ?3 AND attempts = 0 ORDER BY due_at LIMIT ?4";
pub(crate) const PENDING_OF: &str = "SELECT theater, booking, message, kind, channel, recipient, payload, created_at, attempts \
     FROM messages WHERE theater = ?1 AND booking = ?2 AND +channel = ?3 AND +status = 'pending' ORDER BY created_at, message";
pub(crate) const FOR_APP: &str = "SELECT theater, booking, message, kind, channel, recipient, payload, created_at, attempts \
     FROM messages INDEXED BY messages_for_app \
     WHERE status = 'pending' AND channel = 'app' AND recipient = ?1 ORDER BY created_at, message LIMIT ?2";
pub(crate) const LEASE: &str = "UPDATE messages SET attempts = attempts + 1, due_at = ?2 WHERE message = ?1 AND status = 'pending'";

/// The payload may hold a secret, and nobody needs it any more.
const SENT: &str = "UPDATE messages SET status = 'sent', sent_at = ?2, payload = '{}', last_error = NULL WHERE message = ?1 AND status = 'pending'";

/// The same of what one app showed.
pub(crate) const SHOWN: &str = "UPDATE messages SET status = 'sent', sent_at = ?2, payload = '{}', last_error = NULL \
     WHERE message = ?1 AND status = 'pending' AND +channel = 'app' AND +recipient = ?3";

pub(crate) const OLD_SENT: &str = "DELETE FROM messages WHERE (booking, message) IN \
     (SELECT booking, message FROM messages INDEXED BY messages_sent_at \
      WHERE status = 'sent' AND sent_at < ?1 ORDER BY sent_at LIMIT ?2)";
pub(crate) const OLD_FAILED: &str = "DELETE FROM messages WHERE (booking, message) IN \
     (SELECT booking, message FROM messages INDEXED BY messages_failed \
      WHERE status = 'failed' AND created_at < ?1 ORDER BY created_at LIMIT ?2)";

fn claim(
    tx: &Tx<'_>,
    due: &str,
    channel: &str,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<ClaimedMessage>, StoreError> {
    let mut claimed = query::all(
        tx.conn(),
        due,
        params![micros(now), limit, channel],
        message,
    )?;
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

/// The booking whose parts stand in the first two columns.
fn booking_of(row: &Row<'_>) -> Result<Option<BookingId>, StoreError> {
    let theater = row.get_ref(0).db()?.as_blob().map_err(damaged)?;
    if theater.is_empty() {
        return Ok(None);
    }
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    Ok(Some(BookingId::from_parts(theater, row.get(1).db()?)))
}

fn message(row: &Row<'_>) -> Result<ClaimedMessage, StoreError> {
    Ok(ClaimedMessage {
        message: NewMessage {
            notification_id: NotificationId::from_bytes(row.get(2).db()?),
            booking_id: booking_of(row)?,
            kind: row.get(3).db()?,
            channel: row.get(4).db()?,
            recipient: row.get(5).db()?,
            payload: row.get(6).db()?,
            created_at: time(row.get(7).db()?)?,
        },
        attempt: row.get(8).db()?,
    })
}

/// Writes a message unless it is there, or its booking is not.
fn add(conn: &Connection, message: &NewMessage) -> Result<usize, StoreError> {
    let theater = message.booking_id.map(|id| *id.theater().as_bytes());
    let theater: &[u8] = theater.as_ref().map_or(&[], |bytes| &bytes[..]);
    let booking: &[u8] = message.booking_id.as_ref().map_or(&[], |id| &id.own()[..]);
    conn.prepare_cached(
        "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
             created_at, due_at) \
         SELECT ?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, 0, ?8, ?8 \
         WHERE ?2 = x'' OR EXISTS (SELECT 1 FROM bookings WHERE booking = ?2) \
         ON CONFLICT DO NOTHING",
    )
    .db()?
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
    .db()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

fn listed(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    Ok(MessageRow {
        booking_id: booking_of(row)?,
        notification_id: NotificationId::from_bytes(row.get(2).db()?),
        status: parse_status(query::text(row, 3)?)?,
        kind: row.get(4).db()?,
        channel: row.get(5).db()?,
        recipient: row.get(6).db()?,
        attempts: row.get(7).db()?,
        created_at: time(row.get(8).db()?)?,
        due_at: time(row.get(9).db()?)?,
        sent_at: optional_time(row.get(10).db()?)?,
        last_error: row.get(11).db()?,
    })
}

/// The columns [`listed`] reads, in order.
macro_rules! listed_columns {
    () => {
        "SELECT theater, booking, message, status, kind, channel, recipient, attempts, created_at, due_at, sent_at, \
           last_error FROM messages "
    };
}

/// Messages of a status, by the index made for it: `?1` is the theater or NULL, `?2` and `?3` the one before which, `?4` the
/// limit. What programs are told is no theater's.
macro_rules! of_status {
    ($from:literal, $time:literal) => {
        concat!(
            listed_columns!(),
            $from,
            " AND (?1 IS NULL OR theater = ?1 AND channel NOT IN ('webhook', 'kafka', 'nats', 'sqs')) \
             AND (?2 IS NULL OR (",
            $time,
            ", message) < (?2, ?3)) ORDER BY ",
            $time,
            " DESC, message DESC LIMIT ?4"
        )
    };
}
pub(crate) const DEAD: &str = of_status!(
    "INDEXED BY messages_failed WHERE status = 'failed'",
    "created_at"
);
pub(crate) const GONE_OUT: &str = of_status!(
    "INDEXED BY messages_sent_at WHERE status = 'sent'",
    "sent_at"
);
/// Those that wait are few.
const WAITING: &str = of_status!("WHERE status = 'pending'", "created_at");

pub(crate) const TO_TELL: &str = "SELECT b.booking, b.user, b.guest_email FROM bookings AS b \
     WHERE b.theater = ?1 AND b.booking IN \
       (SELECT s.booking FROM seats AS s WHERE s.theater = ?1 AND s.show = ?2 AND s.state = 2 AND s.booking > ?3) \
     ORDER BY b.booking LIMIT ?4";

fn to_tell(
    conn: &Connection,
    show_id: ShowId,
    after: Option<BookingId>,
    limit: u16,
) -> Result<Vec<(BookingId, String)>, StoreError> {
    let theater = show_id.theater();
    let after: &[u8] = after.as_ref().map_or(&[], |id| &id.own()[..]);
    let key = params![theater.as_bytes(), show_id.own(), after, limit];
    query::all(conn, TO_TELL, key, |row| {
        let booking_id = BookingId::from_parts(theater, row.get(0).db()?);
        let user: Option<[u8; 16]> = row.get(1).db()?;
        let recipient = match user {
            Some(user) => format!("user:{}", UserId::from_bytes(user)),
            None => row.get::<_, Option<String>>(2).db()?.unwrap_or_default(),
        };
        Ok((booking_id, recipient))
    })
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn claim_messages(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        let channel = channel.to_owned();
        self.write(move |tx| claim(tx, DUE, &channel, now, lease_until, limit))
            .await
    }

    async fn claim_messages_in_order(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        let channel = channel.to_owned();
        self.write(move |tx| claim(tx, DUE_IN_ORDER, &channel, now, lease_until, limit))
            .await
    }

    async fn unbegun_messages(
        &self,
        channel: &str,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let channel = channel.to_owned();
        self.read(move |conn| {
            let wanted = params![channel, micros(after), micros(until), limit];
            let rows = query::all(conn, UNBEGUN, wanted, message)?;
            Ok(rows.into_iter().map(|claimed| claimed.message).collect())
        })
        .await
    }

    async fn pending_messages(
        &self,
        booking_id: BookingId,
        channel: &str,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let channel = channel.to_owned();
        self.read(move |conn| {
            let theater = booking_id.theater();
            let key = params![theater.as_bytes(), booking_id.own(), channel];
            let rows = query::all(conn, PENDING_OF, key, message)?;
            Ok(rows.into_iter().map(|claimed| claimed.message).collect())
        })
        .await
    }

    async fn messages_for_app(
        &self,
        recipient: &str,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let recipient = recipient.to_owned();
        self.read(move |conn| {
            let rows = query::all(conn, FOR_APP, params![recipient, limit], message)?;
            Ok(rows.into_iter().map(|claimed| claimed.message).collect())
        })
        .await
    }

    async fn app_showed(
        &self,
        recipient: &str,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let recipient = recipient.to_owned();
        self.write(move |tx| {
            let shown = tx
                .prepare(SHOWN)?
                .execute(params![notification_id.as_bytes(), micros(now), recipient])
                .db()?;
            Ok(shown > 0)
        })
        .await
    }

    async fn message_sent(
        &self,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare(SENT)?
                .execute(params![notification_id.as_bytes(), micros(now)])
                .db()?;
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

    async fn message_postponed(
        &self,
        notification_id: NotificationId,
        until: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare(
                "UPDATE messages SET due_at = ?2, last_error = ?3, attempts = max(attempts - 1, 0) \
                 WHERE message = ?1 AND status = 'pending'",
            )?
            .execute(params![notification_id.as_bytes(), micros(until), error])
            .db()?;
            Ok(())
        })
        .await
    }

    async fn message_dropped(&self, notification_id: NotificationId) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare("DELETE FROM messages WHERE message = ?1 AND status = 'pending'")?
                .execute([notification_id.as_bytes()])
                .db()?;
            Ok(())
        })
        .await
    }

    async fn add_messages(&self, messages: Vec<NewMessage>) -> Result<usize, StoreError> {
        if messages.is_empty() {
            return Ok(0);
        }
        self.write(move |tx| {
            let added = messages.iter().map(|message| add(tx.conn(), message));
            added.sum()
        })
        .await
    }

    async fn messages(&self, query: MessageQuery) -> Result<Vec<MessageRow>, StoreError> {
        let ids: Vec<_> = query.ids.iter().map(|id| hex(id.as_bytes())).collect();
        let ids = to_json(&ids)?;
        self.read(move |conn| {
            query::all(
                conn,
                "SELECT theater, booking, message, status, kind, channel, recipient, attempts, created_at, due_at, \
                     sent_at, last_error FROM messages \
                 WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR channel = ?2) \
                   AND (?3 IS NULL OR recipient = ?3) AND (?4 IS NULL OR created_at >= ?4) \
                   AND (?6 = '[]' OR message IN (SELECT unhex(value) FROM json_each(?6))) \
                   AND (?7 IS NULL OR (created_at, message) < (?7, ?8)) \
                 ORDER BY created_at DESC, message DESC LIMIT ?5",
                params![
                    query.status.map(status_text),
                    query.channel,
                    query.recipient,
                    query.since.map(micros),
                    query.limit,
                    ids,
                    query.after.map(|(at, _)| micros(at)),
                    query.after.map(|(_, id)| *id.as_bytes())
                ],
                listed,
            )
        })
        .await
    }

    async fn messages_of(&self, which: MessagesOf) -> Result<Vec<MessageRow>, StoreError> {
        let sql = match which.status {
            MessageStatus::Failed => DEAD,
            MessageStatus::Sent => GONE_OUT,
            MessageStatus::Pending => WAITING,
        };
        self.read(move |conn| {
            let key = params![
                which.theater_id.map(|id| *id.as_bytes()),
                which.before.map(|(at, _)| micros(at)),
                which.before.map(|(_, id)| *id.as_bytes()),
                which.limit.clamp(1, 1000)
            ];
            query::all(conn, sql, key, listed)
        })
        .await
    }

    async fn message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
    ) -> Result<Option<MessageRow>, StoreError> {
        const SQL: &str = concat!(listed_columns!(), "WHERE booking = ?1 AND message = ?2");
        self.read(move |conn| {
            let booking: &[u8] = booking_id.as_ref().map_or(&[], |id| &id.own()[..]);
            query::first(
                conn,
                SQL,
                params![booking, notification_id.as_bytes()],
                listed,
            )
        })
        .await
    }

    async fn resend_message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let booking: &[u8] = booking_id.as_ref().map_or(&[], |id| &id.own()[..]);
            let resent = tx
                .prepare(
                    "UPDATE messages SET status = 'pending', attempts = 0, due_at = ?2, sent_at = NULL, \
                         last_error = NULL \
                     WHERE booking = ?3 AND message = ?1 AND status <> 'pending' AND recipient <> ''",
                )?
                .execute(params![notification_id.as_bytes(), micros(now), booking])
                .db()?;
            Ok(resent > 0)
        })
        .await
    }

    async fn bookings_to_tell(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<(BookingId, String)>, StoreError> {
        self.read(move |conn| to_tell(conn, show_id, after, limit))
            .await
    }

    async fn show_moves(&self, limit: u16) -> Result<Vec<ShowMove>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT theater, show, starts_before, mark FROM show_moves LIMIT ?1";
            query::all(conn, sql, [limit], |row| {
                let theater = TheaterId::from_bytes(row.get(0).db()?);
                Ok(ShowMove {
                    show_id: ShowId::from_parts(theater, row.get(1).db()?),
                    starts_before: time(row.get(2).db()?)?,
                    mark: row.get(3).db()?,
                })
            })
        })
        .await
    }

    async fn show_move_told(
        &self,
        show_id: ShowId,
        starts: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let theater = show_id.theater();
            let key = params![theater.as_bytes(), show_id.own(), micros(starts)];
            // Moved again meanwhile: what was told is what they last heard.
            tx.prepare(
                "UPDATE show_moves SET starts_before = ?3, mark = randomblob(16) WHERE theater = ?1 AND show = ?2",
            )?
            .execute(key)
            .db()?;
            tx.prepare(
                "DELETE FROM show_moves WHERE theater = ?1 AND show = ?2 AND EXISTS \
                     (SELECT 1 FROM shows WHERE theater = ?1 AND show = ?2 AND starts_at = ?3)",
            )?
            .execute(key)
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
                            (SELECT count(*) FROM messages WHERE status = 'sent'), \
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
