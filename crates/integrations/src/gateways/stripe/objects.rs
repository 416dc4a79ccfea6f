//! What is read of Stripe's objects: a few members, everything else ignored, so that a newer version of the API does not
//! matter until it takes one of these away. Nothing here is written to a log: the objects name payers.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Our payment's id, on everything we make.
pub(super) const PAYMENT: &str = "matinee_payment";
/// Our booking's id, for people who look at the dashboard.
pub(super) const BOOKING: &str = "matinee_booking";
/// Our refund's id.
pub(super) const REFUND: &str = "matinee_refund";

pub(super) type Metadata = BTreeMap<String, String>;

/// Stripe writes null for what is empty, here and there.
fn or_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Metadata, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An object, or its id where it was not expanded.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Link<T> {
    Whole(Box<T>),
    #[expect(
        dead_code,
        reason = "what was not expanded is not needed; anything but an id is an error"
    )]
    Id(String),
}

impl<T> Link<T> {
    pub fn whole(&self) -> Option<&T> {
        match self {
            Self::Whole(object) => Some(object),
            Self::Id(_) => None,
        }
    }
}

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
}

/// A PaymentIntent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Intent {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: IntentStatus,
    #[serde(default, deserialize_with = "or_empty")]
    pub metadata: Metadata,
    pub livemode: bool,
    pub created: i64,
    #[serde(default)]
    pub latest_charge: Option<Link<Charge>>,
    #[serde(default)]
    pub last_payment_error: Option<ErrorBody>,
    #[serde(default)]
    pub next_action: Option<NextAction>,
    #[serde(default)]
    pub payment_method: Option<Link<Method>>,
}

/// What the payer has to do.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct NextAction {
    #[serde(default)]
    pub redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Redirect {
    #[serde(default)]
    pub url: Option<String>,
}

/// The part of a Charge that says what money moved.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Charge {
    #[serde(default)]
    pub captured: bool,
    #[serde(default)]
    pub amount_captured: Option<i64>,
    #[serde(default)]
    pub amount_refunded: i64,
}

/// A PaymentMethod, as far as people are shown it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Method {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub card: Option<Card>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Card {
    #[serde(default)]
    pub brand: String,
    #[serde(default)]
    pub last4: String,
}

/// Where a page to pay on stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// A Checkout Session.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Session {
    pub id: String,
    pub status: SessionStatus,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub amount_total: Option<i64>,
    #[serde(default)]
    pub currency: Option<String>,
    pub livemode: bool,
    #[serde(default, deserialize_with = "or_empty")]
    pub metadata: Metadata,
    #[serde(default)]
    pub payment_intent: Option<Link<Intent>>,
}

/// A Refund.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refund {
    #[serde(default)]
    pub amount: i64,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub metadata: Metadata,
    pub id: String,
}

impl Refund {
    /// It came to nothing.
    pub fn failed(&self) -> bool {
        matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
    /// Our key.
    pub fn key(&self) -> Option<&str> {
        self.metadata.get(REFUND).map(String::as_str)
    }
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct List<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// The account a key belongs to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Account {
    pub id: String,
}

/// What an error says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ErrorAnswer {
    pub error: ErrorBody,
}
