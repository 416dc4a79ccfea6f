//! A person's profile.

use chrono::{DateTime, Utc};
use matinee_domain::ids::{TheaterId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Which messages a person wants, and where. Money that could not be taken is told by e-mail in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NotificationChoices {
    /// Confirmation, cancellation and refund by e-mail.
    pub email: bool,
    /// A reminder before the show, wherever the others go.
    pub reminder: bool,
    /// Also by SMS to `phone`, which then has to begin with `+` and the country's code.
    #[serde(default)]
    pub sms: bool,
    /// Also on the browsers and devices that subscribed.
    #[serde(default = "yes")]
    pub push: bool,
}

const fn yes() -> bool {
    true
}

impl Default for NotificationChoices {
    fn default() -> Self {
        Self {
            email: true,
            reminder: true,
            sms: false,
            push: true,
        }
    }
}

/// A profile: the answer of GET and the body of PUT, which ignores the read-only fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Profile {
    /// Read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub name: String,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub phone: String,
    /// BCP 47.
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub favourite_theater: Option<TheaterId>,
    #[serde(default)]
    pub notifications: NotificationChoices,
    /// Read-only; the ETag for PUT.
    #[serde(default)]
    #[specta(type = u32)]
    pub version: u64,
    /// Read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
}
