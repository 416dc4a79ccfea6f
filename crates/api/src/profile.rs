//! A person's profile.

use chrono::{DateTime, Utc};
use matinee_domain::ids::{TheaterId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Which messages a person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NotificationChoices {
    /// Confirmation, cancellation and refund by e-mail.
    pub email: bool,
    /// A reminder before the show.
    pub reminder: bool,
}

impl Default for NotificationChoices {
    fn default() -> Self {
        Self {
            email: true,
            reminder: true,
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
