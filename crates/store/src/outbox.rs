//! Messages that must go out, written with the change they tell of and delivered afterwards.
//!
//! At least once: a message is claimed for a while, sent, and marked; a claim that runs out is claimed again.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, NotificationId};

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
    /// `confirmation`, `cancellation`, `refund`, `payment_failed`, `recovery`, `password_reset`, `email_verification`.
    pub kind: String,
    pub channel: String,
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

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync + 'static {
    /// Claims due messages until `lease_until`, oldest first.
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ClaimedMessage>, StoreError>;
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
    /// Forgets messages that went out, or were written and given up, before `before`, at most `limit` of each; returns how
    /// many. What was counted as sent stays counted.
    async fn forget_messages(&self, before: DateTime<Utc>, limit: u16)
    -> Result<usize, StoreError>;
    /// Messages by status: pending, sent (ever), failed.
    async fn message_counts(&self) -> Result<(u64, u64, u64), StoreError>;
}
