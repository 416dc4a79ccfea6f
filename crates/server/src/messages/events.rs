//! What programs are told: the body of a webhook, and the CloudEvent of an outlet.
//!
//! Both carry the event's id: that of the message which was written with the change. The copies that webhooks and outlets
//! get have ids of their own in the outbox, made so that the event's is found in them again.

use super::{kind::Kind, people::id_from, planned::Planned};
use chrono::{DateTime, Utc};
use matinee_api::{Booking, BookingEvent, CloudEvent, EventType, WebhookBody};
use matinee_domain::ids::NotificationId;
use matinee_integrations::channels::{Letter, Medium};
use matinee_store::outbox::NewMessage;
use serde_json::json;

/// What somebody's copy of an event is called in the outbox; and, since it is done twice, what a copy's event is called.
pub fn masked(id: NotificationId, medium: Medium, recipient: &str) -> NotificationId {
    let mask = id_from(&[b"copy", medium.name().as_bytes(), recipient.as_bytes()]);
    let mut bytes = *id.as_bytes();
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    NotificationId::from_bytes(bytes)
}

/// The event a copy is of.
pub fn event_of(message: &NewMessage, medium: Medium) -> NotificationId {
    masked(message.notification_id, medium, &message.recipient)
}

/// What programs get of a message; `None` when it is not theirs.
pub(super) fn letter(
    message: &NewMessage,
    kind: Kind,
    medium: Medium,
    booking: Booking,
    planned: Planned,
    around: (&str, DateTime<Utc>),
) -> Option<Letter> {
    let event = EventType::named(kind.event()?)?;
    let id = event_of(message, medium);
    let (source, now) = around;
    let subject = booking.booking_id;
    let data = data(booking, planned);
    let (kind, data) = if medium.is_outlet() {
        let told = CloudEvent {
            specversion: CloudEvent::SPEC.into(),
            id,
            source: source.to_owned(),
            kind: event.full_name(),
            subject,
            time: message.created_at,
            datacontenttype: CloudEvent::DATA.into(),
            sequence: sequence(message.created_at),
            data,
        };
        (event.full_name(), json!(told))
    } else {
        let told = WebhookBody {
            id,
            kind: event.name.into(),
            timestamp: now,
            data,
        };
        (kind.name().to_owned(), json!(told))
    };
    Some(Letter {
        kind,
        data,
        ..Letter::default()
    })
}

/// Copies of one booking are written at times that differ, in the order of its events.
fn sequence(created_at: DateTime<Utc>) -> String {
    format!("{:020}", created_at.timestamp_micros().max(0))
}

/// The booking, and nothing about who it belongs to.
fn data(booking: Booking, planned: Planned) -> BookingEvent {
    BookingEvent {
        booking_id: booking.booking_id,
        reference: booking.reference,
        status: booking.status,
        version: booking.version,
        theater_name: booking.theater_name,
        time_zone: booking.time_zone,
        movie_name: booking.movie_name,
        show: booking.show,
        starts_before: planned.before,
        seats: booking.seats,
        total_amount: booking.total_amount,
        refunds: booking.refunds,
        test: booking.test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_knows_its_event() {
        let event = NotificationId::from_bytes([7; 16]);
        let kafka = masked(event, Medium::Kafka, "outlet:kafka");
        let nats = masked(event, Medium::Nats, "outlet:nats");
        assert!(kafka != nats && kafka != event);
        assert_eq!(masked(kafka, Medium::Kafka, "outlet:kafka"), event);
        assert_eq!(masked(nats, Medium::Nats, "outlet:nats"), event);
    }

    #[test]
    fn later_is_greater_as_text() {
        let at = |micros| sequence(DateTime::from_timestamp_micros(micros).unwrap());
        assert_eq!(at(7).len(), 20);
        assert!(at(999) < at(1_000) && at(1) < at(1_900_000_000_000_000));
    }
}
