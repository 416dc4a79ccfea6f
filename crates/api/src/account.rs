//! What a person sees of their account beside the profile: the devices that are signed in, and everything that is kept.

use crate::booking::{Booking, NotificationStatus};
use crate::profile::Profile;
use crate::subscriptions::Subscription;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{TheaterId, TicketId};
use matinee_domain::seat_map::SeatId;
use matinee_domain::staff::StaffRole;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A device that is signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DeviceSession {
    /// Names the session and opens nothing.
    pub session_id: String,
    /// What the device calls itself, e.g. "Firefox on Linux"; empty when it does not.
    pub device: String,
    pub created_at: DateTime<Utc>,
    /// To a quarter of an hour.
    pub last_used_at: DateTime<Utc>,
    /// It is the one that asks.
    pub current: bool,
}

/// A sign-in at an OpenID provider that opens the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct LinkedIdentity {
    pub issuer: String,
    /// The provider's own name for the person.
    pub subject: String,
    /// The address the provider had verified when it was linked.
    pub email: String,
    pub linked_at: DateTime<Utc>,
}

/// A passkey, without its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Passkey {
    /// The credential's id, in base64url.
    pub passkey_id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A code generator, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SecondFactor {
    /// Null until a first code was right.
    pub confirmed_at: Option<DateTime<Utc>>,
    pub recovery_codes_left: u32,
    pub blocked_until: Option<DateTime<Utc>>,
}

/// A booking as it is exported: as the person sees it, and its tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ExportedBooking {
    #[serde(flatten)]
    pub booking: Booking,
    pub tickets: Vec<ExportedTicket>,
}

/// A ticket, without the code that opens the door: that is with the booking's tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ExportedTicket {
    pub ticket_id: TicketId,
    pub seat_id: Option<SeatId>,
    pub status: crate::booking::TicketStatus,
    pub revision: u32,
    /// When somebody was let in with it.
    pub admitted_at: Option<DateTime<Utc>>,
}

/// A mail about the account; what it said is not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ExportedMessage {
    pub kind: String,
    pub channel: String,
    pub recipient: String,
    pub status: NotificationStatus,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// A mailed link that still works; only a digest of its secret is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ExportedLink {
    /// `password_reset`, `email_verification`.
    pub purpose: String,
    pub expires_at: DateTime<Utc>,
}

/// A theater where the person works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct StaffPlace {
    pub theater_id: TheaterId,
    pub role: StaffRole,
}

/// Answer of `GET /users/{user_id}/export`: everything that is kept about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct AccountExport {
    pub exported_at: DateTime<Utc>,
    /// What is kept and not in this file, and why.
    pub remarks: Vec<String>,
    pub profile: Profile,
    /// `customer`, or what else they may do.
    pub role: String,
    /// Theaters where the person works.
    pub staff: Vec<StaffPlace>,
    /// A password is set; only an argon2id hash of it is kept.
    pub has_password: bool,
    pub sessions: Vec<DeviceSession>,
    pub identities: Vec<LinkedIdentity>,
    pub second_factor: Option<SecondFactor>,
    pub passkeys: Vec<Passkey>,
    /// Browsers and devices that get messages.
    pub subscriptions: Vec<Subscription>,
    /// Newest first.
    pub bookings: Vec<ExportedBooking>,
    /// Newest first.
    pub messages: Vec<ExportedMessage>,
    pub open_links: Vec<ExportedLink>,
}
