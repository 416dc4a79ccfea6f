//! Messages that must go out, written with the change they tell of and delivered afterwards.
//!
//! At least once: a message is claimed for a while, sent, and marked; a claim that runs out is claimed again.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, NotificationId, ShowId, TheaterId};

/// Channels that programs are told on. What goes there says nothing about a person and stays when one is erased.
pub const FOR_PROGRAMS: [&str; 4] = ["webhook", "kafka", "nats", "sqs"];

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStatus {
    Pending,
    Sent,
    /// Given up after its last attempt.
    Failed,
}

/// A message to write with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    pub notification_id: NotificationId,
    pub booking_id: Option<BookingId>,
    /// `confirmation`, `cancellation`, `refund`, `payment_failed`, `reminder`, `change`, `show_cancelled`, `recovery`,
    /// `password_reset`, `email_verification`.
    pub kind: String,
    /// `email`, `sms`, `web_push`, `fcm`, `apns`, `app`, `webhook`, `kafka`, `nats`, `sqs`.
    pub channel: String,
    /// An address, or who has one: `user:ID`, `subscription:ID`, `webhook:ID`, `outlet:CHANNEL`.
    pub recipient: String,
    /// What the renderer needs beyond the booking, as JSON. It may hold a secret link, so it is kept only while the
    /// message can still go out: a store blanks it (`{}`) once the message was sent or given up.
    pub payload: String,
    pub created_at: DateTime<Utc>,
}

/// A message claimed for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    pub message: NewMessage,
    /// Attempts so far, this one included.
    pub attempt: u32,
}

/// A message as an operator sees it. What it says is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub notification_id: NotificationId,
    pub booking_id: Option<BookingId>,
    pub kind: String,
    pub channel: String,
    /// Empty when the person was erased.
    pub recipient: String,
    pub status: MessageStatus,
    pub attempts: u32,
    pub created_at: DateTime<Utc>,
    /// When it is tried next, while it is pending.
    pub due_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// Which messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageQuery {
    pub status: Option<MessageStatus>,
    pub channel: Option<String>,
    pub recipient: Option<String>,
    /// Written at or after.
    pub since: Option<DateTime<Utc>>,
    /// Only these, when any are named.
    pub ids: Vec<NotificationId>,
    /// Those after this one in the order of the answer: the next page.
    pub after: Option<(DateTime<Utc>, NotificationId)>,
    /// At most this many, 1..=10,000.
    pub limit: u16,
}

/// Messages of one status as staff look at them, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesOf {
    /// Those about bookings of this theater that people are told; all of the server when `None`.
    pub theater_id: Option<TheaterId>,
    pub status: MessageStatus,
    /// Those before this one in the order of the answer: the next page.
    pub before: Option<(DateTime<Utc>, NotificationId)>,
    /// At most this many, 1..=1,000.
    pub limit: u16,
}

impl MessageRow {
    /// The time by which [`MessagesOf`] orders it: when it was sent, or was written.
    pub fn listed_at(&self) -> DateTime<Utc> {
        self.sent_at.unwrap_or(self.created_at)
    }
}

/// A show that people have tickets for begins at another time than they were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShowMove {
    pub show_id: ShowId,
    /// When it was to begin as people last heard of it.
    pub starts_before: DateTime<Utc>,
    /// Random: tells this move from one like it, there and back and there again.
    pub mark: [u8; 16],
}

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync + 'static {
    /// Claims due messages of a channel until `lease_until`, oldest first.
    async fn claim_messages(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError>;
    /// The same, but of each booking only the first that is to go out: one that waits to be tried again, or is claimed,
    /// keeps those after it back.
    async fn claim_messages_in_order(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError>;
    /// Messages of a channel that are due since `after` and until `until` and nobody has begun to send, by when they are due:
    /// looked at and not claimed.
    async fn unbegun_messages(
        &self,
        channel: &str,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError>;
    /// What waits on the channel `app` for the app that is this recipient, claimed or not, oldest first.
    async fn messages_for_app(
        &self,
        recipient: &str,
        limit: u16,
    ) -> Result<Vec<NewMessage>, StoreError>;
    /// The app that is this recipient showed a message that waited for it: it counts as sent. False when none waited.
    async fn app_showed(
        &self,
        recipient: &str,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// What is to go out on a channel about a booking, claimed or not, in the order in which it was written.
    async fn pending_messages(
        &self,
        booking_id: BookingId,
        channel: &str,
    ) -> Result<Vec<NewMessage>, StoreError>;
    /// It went out; its payload is forgotten.
    async fn message_sent(
        &self,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// It did not: try again at `retry_at`, or give up when that is `None`; then its payload is forgotten.
    async fn message_failed(
        &self,
        notification_id: NotificationId,
        retry_at: Option<DateTime<Utc>>,
        error: String,
    ) -> Result<(), StoreError>;
    /// It cannot go out for a reason that is not its own (our password is refused): tried again at `until`, and this
    /// attempt does not count.
    async fn message_postponed(
        &self,
        notification_id: NotificationId,
        until: DateTime<Utc>,
        error: String,
    ) -> Result<(), StoreError>;
    /// Nobody wants it (any more): it is taken out, as if it had never been written.
    async fn message_dropped(&self, notification_id: NotificationId) -> Result<(), StoreError>;
    /// Writes messages that are not there yet, by their ids, to go out at once; how many were new. One whose booking is
    /// not there is left out.
    async fn add_messages(&self, messages: Vec<NewMessage>) -> Result<usize, StoreError>;
    /// Messages, newest first. For people who run the server: it may read all that is kept.
    async fn messages(&self, query: MessageQuery) -> Result<Vec<MessageRow>, StoreError>;
    /// Messages of one status, newest first. Each status has an index to walk, so that few of many are found at once.
    async fn messages_of(&self, which: MessagesOf) -> Result<Vec<MessageRow>, StoreError>;
    /// A message about a booking, or about none.
    async fn message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
    ) -> Result<Option<MessageRow>, StoreError>;
    /// Sends a message that is over once more, with all its attempts before it; false when there is none such, or its
    /// person was erased. Whether its words can still be made is the caller's to know. The booking is part of its key: without
    /// it, all messages would have to be gone through.
    async fn resend_message(
        &self,
        booking_id: Option<BookingId>,
        notification_id: NotificationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Bookings with sold seats of a show, and where mail about them goes, by booking id, after `after`. It is empty for
    /// those with nobody to mail to: programs are told of them too.
    async fn bookings_to_tell(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<(BookingId, String)>, StoreError>;
    /// Shows that were moved after seats of them were taken and whose people are not all told yet. They are noted in the
    /// transaction that moves them.
    async fn show_moves(&self, limit: u16) -> Result<Vec<ShowMove>, StoreError>;
    /// Everybody is told that the show begins at `starts`. If it was moved again meanwhile, that is what they last heard, and
    /// the next move has a mark of its own. Waits for an import that is moving the show.
    async fn show_move_told(
        &self,
        show_id: ShowId,
        starts: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Forgets messages that went out, or were written and given up, before `before`, at most `limit` of each; returns how
    /// many.
    async fn forget_messages(&self, before: DateTime<Utc>, limit: u16)
    -> Result<usize, StoreError>;
    /// Messages by status: pending, sent and not forgotten, failed. It counts them: for tests, not for every minute.
    async fn message_counts(&self) -> Result<(u64, u64, u64), StoreError>;
}
