//! Who else is told of bookings: a user's browsers and devices, and integrators' servers.
//!
//! An address here is what a channel needs to reach it, as JSON the store does not read. A webhook's secret is not kept:
//! it is made from a key of the database, the webhook's id and its generation.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{SubscriptionId, UserId, WebhookId};

/// A user's browser or device.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Made from the address: the same browser is the same row, whoever signs in on it.
    pub subscription_id: SubscriptionId,
    pub user_id: UserId,
    /// `web_push`, `fcm`, `apns` or `app`.
    pub channel: String,
    /// JSON; it holds what others could send with.
    pub address: String,
    pub created_at: DateTime<Utc>,
}

/// An integrator's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    pub webhook_id: WebhookId,
    pub url: String,
    /// Kinds of messages it gets; all when empty.
    pub kinds: Vec<String>,
    /// Grows when the secret is changed.
    pub generation: u32,
    /// Until then the secret before this one signs too.
    pub previous_until: Option<DateTime<Utc>>,
    /// Why it is not called any more.
    pub stopped: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Browsers, devices and integrators.
#[async_trait]
pub trait SubscriberStore: Send + Sync + 'static {
    /// Keeps a subscription; one that is there becomes this user's. Of more than `most` of a user the oldest go. False
    /// when there is no such user.
    async fn save_subscription(
        &self,
        subscription: SubscriptionRow,
        most: u16,
    ) -> Result<bool, StoreError>;
    /// A user's subscriptions, oldest first.
    async fn subscriptions(&self, user_id: UserId) -> Result<Vec<SubscriptionRow>, StoreError>;
    async fn subscription(
        &self,
        subscription_id: SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError>;
    /// Whether an app may follow a subscription: it is (still) this user's, and so is the session, which still lives.
    async fn may_follow(
        &self,
        subscription_id: SubscriptionId,
        user_id: UserId,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Ends one, if it is (still) this user's.
    async fn end_subscription(
        &self,
        user_id: UserId,
        subscription_id: SubscriptionId,
    ) -> Result<bool, StoreError>;

    /// Every webhook, oldest first.
    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError>;
    /// Adds a webhook or replaces it.
    async fn save_webhook(&self, webhook: WebhookRow) -> Result<(), StoreError>;
    async fn remove_webhook(&self, webhook_id: WebhookId) -> Result<bool, StoreError>;
}
