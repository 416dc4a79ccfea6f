//! What programs are told of bookings: the kinds of events with their versions, and what an event says.
//!
//! A version is a promise: what is in it keeps its name and meaning, and readers pass over what they do not know. What
//! cannot be said so is a new version, published beside the old one for as long as it is announced.

use crate::booking::{BookedSeat, Refund};
use crate::catalog::Show;
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingStatus,
    ids::{BookingId, NotificationId, Reference},
    money::Money,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// As webhooks call it.
    pub name: &'static str,
    pub version: u16,
    pub about: &'static str,
    /// Its name as a schema, with the version.
    pub schema: &'static str,
}

impl EventType {
    /// As outlets call it: `matinee.booking.confirmed.v1`.
    pub fn full_name(&self) -> String {
        format!("matinee.{}.v{}", self.name, self.version)
    }

    /// The one that webhooks call so.
    pub fn named(name: &str) -> Option<&'static Self> {
        EVENT_TYPES.iter().find(|event| event.name == name)
    }
}

/// Every kind of event.
pub const EVENT_TYPES: &[EventType] = &[
    EventType {
        name: "booking.confirmed",
        version: 1,
        about: "A payment was captured and the seats are sold.",
        schema: "BookingConfirmedV1",
    },
    EventType {
        name: "booking.changed",
        version: 1,
        about: "The theater moved the show to another time, screen or both; `starts_before` is when it was to begin.",
        schema: "BookingChangedV1",
    },
    EventType {
        name: "booking.cancelled",
        version: 1,
        about: "Tickets were cancelled: all, or those of `seats` that say so.",
        schema: "BookingCancelledV1",
    },
    EventType {
        name: "booking.refunded",
        version: 1,
        about: "Money went back.",
        schema: "BookingRefundedV1",
    },
    EventType {
        name: "booking.show_cancelled",
        version: 1,
        about: "The theater cancelled the show: the booking has no seats any more, and all that was paid goes back.",
        schema: "BookingShowCancelledV1",
    },
    EventType {
        name: "booking.no_room",
        version: 1,
        about: "The theater moved the show to a screen without room for the booking: it has no seats any more, and all that \
                was paid goes back.",
        schema: "BookingNoRoomV1",
    },
    EventType {
        name: "booking.payment_failed",
        version: 1,
        about: "A payment did not come about in time; the seats are free again.",
        schema: "BookingPaymentFailedV1",
    },
];

/// The booking as it was when the event was published: what is told late, or again, shows what became of it since.
/// Nothing says who it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookingEvent {
    pub booking_id: BookingId,
    pub reference: Reference,
    pub status: BookingStatus,
    /// Grows with every change of the booking.
    pub version: u64,
    pub theater_name: String,
    pub time_zone: String,
    pub movie_name: String,
    pub show: Show,
    /// When the show was to begin before it was moved.
    pub starts_before: Option<DateTime<Utc>>,
    pub seats: Vec<BookedSeat>,
    pub total_amount: Money,
    pub refunds: Vec<Refund>,
    /// Paid in a trial, without real money.
    pub test: bool,
}

/// What a webhook gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookBody {
    /// The event's id: the same at every webhook and outlet, at every attempt and replay.
    pub id: NotificationId,
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was sent.
    pub timestamp: DateTime<Utc>,
    pub data: BookingEvent,
}

/// What an outlet gets: CloudEvents 1.0 in JSON, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent {
    /// `1.0`.
    pub specversion: String,
    /// The event's id: the same at every webhook and outlet, at every attempt and replay. One that was seen is passed over.
    pub id: NotificationId,
    /// The server's address.
    pub source: String,
    /// `matinee.booking.confirmed.v1` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The booking's id.
    pub subject: BookingId,
    /// When it happened.
    pub time: DateTime<Utc>,
    pub datacontenttype: String,
    /// Orders the events of one booking: as text, the later one is greater.
    #[schemars(regex(pattern = "^[0-9]{20}$"))]
    pub sequence: String,
    pub data: BookingEvent,
}

impl CloudEvent {
    /// The version of CloudEvents, and what the data is.
    pub const SPEC: &str = "1.0";
    pub const DATA: &str = "application/json";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_of_events_have_names_of_their_own() {
        let names: BTreeSet<_> = EVENT_TYPES.iter().map(EventType::full_name).collect();
        let schemas: BTreeSet<_> = EVENT_TYPES.iter().map(|event| event.schema).collect();
        assert_eq!(
            (names.len(), schemas.len()),
            (EVENT_TYPES.len(), EVENT_TYPES.len())
        );
        for event in EVENT_TYPES {
            assert_eq!(EventType::named(event.name), Some(event));
            assert!(event.schema.ends_with(&format!("V{}", event.version)));
        }
    }
}
