//! Messages that must go out: written with their change, claimed for a while, marked when they went.
//!
//! A claim skips what another server is claiming at that moment, so that none waits for the other and none gets the
//! same message.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, micros, optional_time, text},
    connect::Connection,
    failure::OrStoreError as _,
    pipeline::{self, Call},
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
       SELECT theater, booking, message FROM messages WHERE status = 'pending' AND channel = $4 AND due_at <= $1 \
       ORDER BY due_at, created_at, message LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE messages AS m SET attempts = m.attempts + 1, due_at = $2 FROM due AS d \
     WHERE m.theater = d.theater AND m.booking = d.booking AND m.message = d.message \
     RETURNING m.theater, m.booking, m.message, m.kind, m.channel, m.recipient, m.payload::text, m.created_at, \
       m.attempts";

/// The same, of each booking the first only.
const CLAIM_IN_ORDER: &str = "WITH due AS ( \
       SELECT m.theater, m.booking, m.message FROM messages AS m \
       WHERE m.status = 'pending' AND m.channel = $4 AND m.due_at <= $1 AND NOT EXISTS \
         (SELECT 1 FROM messages AS e WHERE e.theater = m.theater AND e.booking = m.booking AND e.channel = $4 \
            AND e.status = 'pending' AND (e.created_at, e.message) < (m.created_at, m.message)) \
       ORDER BY m.due_at, m.created_at, m.message LIMIT $3 FOR UPDATE OF m SKIP LOCKED) \
     UPDATE messages AS m SET attempts = m.attempts + 1, due_at = $2 FROM due AS d \
     WHERE m.theater = d.theater AND m.booking = d.booking AND m.message = d.message \
     RETURNING m.theater, m.booking, m.message, m.kind, m.channel, m.recipient, m.payload::text, m.created_at, \
       m.attempts";

const UNBEGUN: &str = "SELECT theater, booking, message, kind, channel, recipient, payload::text, created_at, attempts \
     FROM messages WHERE status = 'pending' AND channel = $1 AND due_at > $2 AND due_at <= $3 AND attempts = 0 \
     ORDER BY due_at LIMIT $4";

const PENDING_OF: &str = "SELECT theater, booking, message, kind, channel, recipient, payload::text, created_at, attempts \
     FROM messages WHERE theater = $1 AND booking = $2 AND channel = $3 AND status = 'pending' ORDER BY created_at, message";

const FOR_APP: &str = "SELECT theater, booking, message, kind, channel, recipient, payload::text, created_at, attempts \
     FROM messages WHERE status = 'pending' AND channel = 'app' AND recipient = $1 ORDER BY created_at, message LIMIT $2";

const OLD_SENT: &str = "DELETE FROM messages AS m USING (SELECT theater, booking, message FROM messages \
       WHERE status = 'sent' AND sent_at < $1 ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old \
     WHERE m.theater = old.theater AND m.booking = old.booking AND m.message = old.message";
const OLD_FAILED: &str = "DELETE FROM messages AS m USING (SELECT theater, booking, message FROM messages \
       WHERE status = 'failed' AND created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old \
     WHERE m.theater = old.theater AND m.booking = old.booking AND m.message = old.message";

/// The booking whose parts stand in the first two columns.
fn booking_of(row: &Row) -> Result<Option<BookingId>, StoreError> {
    let theater: &[u8] = row.value(0)?;
    if theater.is_empty() {
        return Ok(None);
    }
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(Some(BookingId::from_parts(theater, row.bytes(1)?)))
}

fn message(row: &Row) -> Result<ClaimedMessage, StoreError> {
    Ok(ClaimedMessage {
        message: NewMessage {
            notification_id: NotificationId::from_bytes(row.bytes(2)?),
            booking_id: booking_of(row)?,
            kind: row.value(3)?,
            channel: row.value(4)?,
            recipient: row.value(5)?,
            payload: row.value(6)?,
            created_at: row.time(7)?,
        },
        attempt: row.small(8)?,
    })
}

async fn claim(
    store: &PostgresStore,
    sql: &'static str,
    channel: &str,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<ClaimedMessage>, StoreError> {
    store
        .write(|conn| async move {
            let call = Call::new(sql)
                .with(micros(now))
                .with(micros(lease_until))
                .with(i64::from(limit))
                .with(channel);
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

/// Writes a message unless it is there, or its booking is not.
const ADD: &str = "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
       created_at, due_at) \
     SELECT $1::bytea, $2::bytea, $3::bytea, 'pending', $4::text, $5::text, $6::text, $7::text::json, 0, $8::bigint, \
       $8::bigint \
     WHERE $2::bytea = ''::bytea OR EXISTS (SELECT 1 FROM bookings AS b WHERE b.theater = $1 AND b.booking = $2) \
     ON CONFLICT (theater, booking, message) DO NOTHING RETURNING 1";

fn added(message: &NewMessage) -> Call<'_> {
    let theater = message
        .booking_id
        .map(|id| id.theater().as_bytes().to_vec());
    let booking = message.booking_id.map(|id| id.own().to_vec());
    Call::new(ADD)
        .with(theater.unwrap_or_default())
        .with(booking.unwrap_or_default())
        .with(&message.notification_id.as_bytes()[..])
        .with(text(&message.kind))
        .with(text(&message.channel))
        .with(text(&message.recipient))
        .with(&message.payload)
        .with(micros(message.created_at))
}

/// The columns [`listed`] reads, in order.
macro_rules! listed_columns {
    () => {
        "SELECT theater, booking, message, status, kind, channel, recipient, attempts, created_at, due_at, sent_at, \
           last_error FROM messages "
    };
}

/// Messages of a status, by the index made for it: `$1` is the theater or NULL, `$2` and `$3` the one before which, `$4` the
/// limit. What programs are told is no theater's.
macro_rules! of_status {
    ($status:literal, $time:literal) => {
        concat!(
            listed_columns!(),
            "WHERE status = '",
            $status,
            "' AND ($1::bytea IS NULL OR theater = $1 AND channel NOT IN ('webhook', 'kafka', 'nats', 'sqs')) \
             AND ($2::bigint IS NULL OR (",
            $time,
            ", message) < ($2, $3::bytea)) ORDER BY ",
            $time,
            " DESC, message DESC LIMIT $4"
        )
    };
}

fn listed(row: &Row) -> Result<MessageRow, StoreError> {
    Ok(MessageRow {
        booking_id: booking_of(row)?,
        notification_id: NotificationId::from_bytes(row.bytes(2)?),
        status: parse_status(row.text(3)?)?,
        kind: row.value(4)?,
        channel: row.value(5)?,
        recipient: row.value(6)?,
        attempts: row.small(7)?,
        created_at: row.time(8)?,
        due_at: row.time(9)?,
        sent_at: optional_time(row.value(10)?)?,
        last_error: row.value(11)?,
    })
}

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn claim_messages(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        claim(self, CLAIM, channel, now, lease_until, limit).await
    }

    async fn claim_messages_in_order(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError> {
        claim(self, CLAIM_IN_ORDER, channel, now, lease_until, limit).await
    }

    async fn unbegun_messages(
        &self,
        channel: &str,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let conn = self.connection().await?;
        let call = Call::new(UNBEGUN)
            .with(channel)
            .with(micros(after))
            .with(micros(until))
            .with(i64::from(limit));
        let answers = pipeline::read(&conn, &[call]).await?;
        let rows = answers.iter().flatten();
        rows.map(|row| Ok(message(row)?.message)).collect()
    }

    async fn pending_messages(
        &self,
        booking_id: BookingId,
        channel: &str,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let conn = self.connection().await?;
        let call = Call::new(PENDING_OF)
            .with(booking_id.theater().as_bytes().to_vec())
            .with(booking_id.own().to_vec())
            .with(channel);
        let answers = pipeline::read(&conn, &[call]).await?;
        let rows = answers.iter().flatten();
        rows.map(|row| Ok(message(row)?.message)).collect()
    }

    async fn messages_for_app(
        &self,
        recipient: &str,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError> {
        let conn = self.connection().await?;
        let call = Call::new(FOR_APP).with(recipient).with(i64::from(limit));
        let answers = pipeline::read(&conn, &[call]).await?;
        let rows = answers.iter().flatten();
        rows.map(|row| Ok(message(row)?.message)).collect()
    }

    async fn app_showed(
        &self,
        recipient: &str,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE messages SET status = 'sent', sent_at = $2, payload = '{}', last_error = NULL \
             WHERE message = $1 AND status = 'pending' AND channel = 'app' AND recipient = $3 RETURNING 1";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(&notification_id.as_bytes()[..])
                .with(micros(now))
                .with(recipient);
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }

    async fn message_sent(
        &self,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE messages SET status = 'sent', sent_at = $2, payload = '{}', last_error = NULL \
             WHERE message = $1 AND status = 'pending'";
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

    async fn message_postponed(
        &self,
        notification_id: NotificationId,
        until: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE messages SET due_at = $2, last_error = $3, attempts = greatest(attempts - 1, 0) \
             WHERE message = $1 AND status = 'pending'";
        let error = &error;
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(&notification_id.as_bytes()[..])
                .with(micros(until))
                .with(text(error));
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn message_dropped(&self, notification_id: NotificationId) -> Result<(), StoreError> {
        let sql = "DELETE FROM messages WHERE message = $1 AND status = 'pending'";
        self.write(|conn| async move {
            let call = Call::new(sql).with(&notification_id.as_bytes()[..]);
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn add_messages(&self, messages: Vec<NewMessage>) -> Result<usize, StoreError> {
        if messages.is_empty() {
            return Ok(0);
        }
        let messages = &messages;
        self.write(|conn| async move {
            let calls: Vec<_> = messages.iter().map(added).collect();
            let answers = pipeline::read(&conn, &calls).await?;
            Ok(answers.iter().map(Vec::len).sum())
        })
        .await
    }

    async fn messages(&self, query: MessageQuery) -> Result<Vec<MessageRow>, StoreError> {
        let sql = "SELECT theater, booking, message, status, kind, channel, recipient, attempts, created_at, due_at, \
               sent_at, last_error FROM messages \
             WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR channel = $2) \
               AND ($3::text IS NULL OR recipient = $3) AND ($4::bigint IS NULL OR created_at >= $4) \
               AND (cardinality($6::bytea[]) = 0 OR message = ANY($6)) \
               AND ($7::bigint IS NULL OR (created_at, message) < ($7, $8::bytea)) \
             ORDER BY created_at DESC, message DESC LIMIT $5";
        let ids: Vec<_> = query.ids.iter().map(|id| id.as_bytes().to_vec()).collect();
        let conn = self.connection().await?;
        let call = Call::new(sql)
            .with(query.status.map(status_text))
            .with(query.channel)
            .with(query.recipient)
            .with(query.since.map(micros))
            .with(i64::from(query.limit))
            .with(ids)
            .with(query.after.map(|(at, _)| micros(at)))
            .with(query.after.map(|(_, id)| id.as_bytes().to_vec()));
        let answers = pipeline::read(&conn, &[call]).await?;
        answers.iter().flatten().map(listed).collect()
    }

    async fn messages_of(&self, which: MessagesOf) -> Result<Vec<MessageRow>, StoreError> {
        let sql = match which.status {
            MessageStatus::Failed => of_status!("failed", "created_at"),
            MessageStatus::Sent => of_status!("sent", "sent_at"),
            MessageStatus::Pending => of_status!("pending", "created_at"),
        };
        let call = Call::new(sql)
            .with(which.theater_id.map(|id| id.as_bytes().to_vec()))
            .with(which.before.map(|(at, _)| micros(at)))
            .with(which.before.map(|(_, id)| id.as_bytes().to_vec()))
            .with(i64::from(which.limit.clamp(1, 1000)));
        let answers = pipeline::read(&self.connection().await?, &[call]).await?;
        answers.iter().flatten().map(listed).collect()
    }

    async fn message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
    ) -> Result<Option<MessageRow>, StoreError> {
        let sql = concat!(
            listed_columns!(),
            "WHERE theater = $1 AND booking = $2 AND message = $3"
        );
        let theater = booking_id.map(|id| id.theater().as_bytes().to_vec());
        let booking = booking_id.map(|id| id.own().to_vec());
        let call = Call::new(sql)
            .with(theater.unwrap_or_default())
            .with(booking.unwrap_or_default())
            .with(notification_id.as_bytes().to_vec());
        let answers = pipeline::read(&self.connection().await?, &[call]).await?;
        answers.iter().flatten().next().map(listed).transpose()
    }

    async fn resend_message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE messages SET status = 'pending', attempts = 0, due_at = $2, sent_at = NULL, \
               last_error = NULL \
             WHERE theater = $3 AND booking = $4 AND message = $1 AND status <> 'pending' AND recipient <> '' RETURNING 1";
        let theater = booking_id.map(|id| id.theater().as_bytes().to_vec());
        let booking = booking_id.map(|id| id.own().to_vec());
        let (theater, booking) = (&theater.unwrap_or_default(), &booking.unwrap_or_default());
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(&notification_id.as_bytes()[..])
                .with(micros(now))
                .with(theater)
                .with(booking);
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }

    async fn bookings_to_tell(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<(BookingId, String)>, StoreError> {
        let sql = "SELECT b.booking, b.\"user\", b.guest_email FROM bookings AS b \
             WHERE b.theater = $1 AND b.booking IN (SELECT s.booking FROM seats AS s \
               WHERE s.theater = $1 AND s.show = $2 AND s.state = 2 AND s.booking > $3) \
             ORDER BY b.booking LIMIT $4";
        let conn = self.connection().await?;
        let theater = show_id.theater();
        let after = after.map_or_else(Vec::new, |id| id.own().to_vec());
        let call = Call::new(sql)
            .with(theater.as_bytes().to_vec())
            .with(show_id.own().to_vec())
            .with(after)
            .with(i64::from(limit));
        let answers = pipeline::read(&conn, &[call]).await?;
        let rows = answers.iter().flatten();
        rows.map(|row| {
            let booking_id = BookingId::from_parts(theater, row.bytes(0)?);
            let recipient = match row.optional_bytes(1)? {
                Some(user) => format!("user:{}", UserId::from_bytes(user)),
                None => row.value::<Option<String>>(2)?.unwrap_or_default(),
            };
            Ok((booking_id, recipient))
        })
        .collect()
    }

    async fn show_moves(&self, limit: u16) -> Result<Vec<ShowMove>, StoreError> {
        let sql = "SELECT theater, show, starts_before, mark FROM show_moves LIMIT $1";
        let conn = self.connection().await?;
        let call = Call::new(sql).with(i64::from(limit));
        let answers = pipeline::read(&conn, &[call]).await?;
        let rows = answers.iter().flatten();
        rows.map(|row| {
            let theater = TheaterId::from_bytes(row.bytes(0)?);
            Ok(ShowMove {
                show_id: ShowId::from_parts(theater, row.bytes(1)?),
                starts_before: row.time(2)?,
                mark: row.bytes(3)?,
            })
        })
        .collect()
    }

    async fn show_move_told(
        &self,
        show_id: ShowId,
        starts: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Moved again meanwhile: what was told is what they last heard. A statement sees the others' rows as they were
        // before it, so each row is named by one of the two only. An import that is moving the show is waited for, and
        // waits: the row must not go while its next move relies on it.
        let sql = "WITH here AS (SELECT 1 FROM shows WHERE theater = $1 AND show = $2 AND starts_at = $3 FOR SHARE), \
               told AS (DELETE FROM show_moves WHERE theater = $1 AND show = $2 AND EXISTS (SELECT 1 FROM here)) \
             UPDATE show_moves SET starts_before = $3, mark = uuid_send(gen_random_uuid()) WHERE theater = $1 AND show = $2 \
               AND NOT EXISTS (SELECT 1 FROM here)";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(show_id.theater().as_bytes().to_vec())
                .with(show_id.own().to_vec())
                .with(micros(starts));
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
             (SELECT count(*) FROM messages WHERE status = 'sent'), (SELECT count(*) FROM messages WHERE status = 'failed')";
        let conn = self.connection().await?;
        let row = conn.client().query_one(sql, &[]).await.db()?;
        Ok((row.count(0)?, row.count(1)?, row.count(2)?))
    }
}
