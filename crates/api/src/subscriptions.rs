//! Browsers and devices on which a person gets messages.

use chrono::{DateTime, Utc};
use matinee_domain::ids::{NotificationId, SubscriptionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Through whom a message is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PushChannel {
    /// A browser's push service (Web Push).
    #[default]
    WebPush,
    /// An Android app (Firebase).
    Fcm,
    /// An Apple app.
    Apns,
    /// This project's own app on a computer, which fetches its messages itself.
    App,
}

/// A browser's keys, base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PushKeys {
    pub p256dh: String,
    pub auth: String,
}

/// Where to push. For a browser this is the JSON of its `PushSubscription`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SubscriptionRequest {
    #[serde(default)]
    pub channel: PushChannel,
    /// Of a browser.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Of a browser.
    #[serde(default)]
    pub keys: Option<PushKeys>,
    /// Of an app: what its maker's service calls the device. Of the app on a computer: 16 to 128 random letters, digits, `-`
    /// and `_` that this installation made and keeps.
    #[serde(default)]
    pub token: Option<String>,
}

/// A browser or device that gets a person's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Subscription {
    pub subscription_id: SubscriptionId,
    pub channel: PushChannel,
    pub created_at: DateTime<Utc>,
}

/// A person's browsers and devices, and what a browser needs to become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Subscriptions {
    /// `applicationServerKey` of `pushManager.subscribe`, base64url.
    pub push_key: String,
    /// What this server can push through.
    pub channels: Vec<PushChannel>,
    pub items: Vec<Subscription>,
    /// Of a request that subscribed: which of them it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribed: Option<SubscriptionId>,
}

/// A message as the app on a computer shows it: the data of an event `message` of the subscription's live stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DeviceMessage {
    /// The same however often it is told: told until the app said that it showed it.
    pub id: NotificationId,
    /// `confirmation`, `reminder` …
    pub kind: String,
    /// BCP 47, of the words.
    pub language: String,
    pub title: String,
    pub body: String,
    /// The page to open, e.g. `/bookings/b…`.
    pub path: String,
}
