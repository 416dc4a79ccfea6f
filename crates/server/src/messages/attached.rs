//! What goes with a message: files for people, and the facts for integrators' programs.

use super::{DeliveryError, kind::Kind, planned::Planned};
use crate::{app::App, tickets};
use chrono::{DateTime, Utc};
use matinee_api::Booking;
use matinee_booking::OnFile;
use matinee_domain::booking::BookingStatus;
use matinee_integrations::channels::Attachment;
use serde_json::{Value, json};

/// The files of a mail: tickets and a calendar entry, or the entry that takes the one before it back. A mail that speaks of
/// tickets never goes without them.
pub(super) fn files(
    app: &App,
    kind: Kind,
    on_file: &OnFile,
    now: DateTime<Utc>,
) -> Result<Vec<Attachment>, DeliveryError> {
    let calendar = |method: tickets::Method| Attachment {
        name: "show.ics".into(),
        // The part says the same method as the calendar inside (RFC 6047).
        media_type: format!("text/calendar; charset=utf-8; method={}", method.name()),
        bytes: tickets::calendar(on_file, Some((method, now))).into_bytes(),
    };
    Ok(match kind {
        Kind::Confirmation => {
            let pdf = tickets::pdf(&app.keys, on_file);
            let pdf = pdf.map_err(|error| DeliveryError::Files(error.0.detail.clone()))?;
            vec![
                Attachment {
                    name: "tickets.pdf".into(),
                    media_type: "application/pdf".into(),
                    bytes: pdf,
                },
                calendar(tickets::Method::Publish),
            ]
        }
        Kind::Change => vec![calendar(tickets::Method::Publish)],
        Kind::Cancellation if is_cancelled(on_file) => vec![calendar(tickets::Method::Cancel)],
        _ => vec![],
    })
}

fn is_cancelled(on_file: &OnFile) -> bool {
    on_file.file.booking.state.status() == BookingStatus::Cancelled
}

/// What an integrator is told: the booking, and nothing about who it belongs to.
pub fn data(kind: Kind, booking: &Booking, planned: Planned, now: DateTime<Utc>) -> Value {
    json!({
        "type": kind.event(),
        "timestamp": now,
        "data": {
            "booking_id": booking.booking_id,
            "reference": booking.reference,
            "status": booking.status,
            "version": booking.version,
            "theater_name": booking.theater_name,
            "time_zone": booking.time_zone,
            "movie_name": booking.movie_name,
            "show": booking.show,
            "starts_before": planned.before,
            "seats": booking.seats,
            "total_amount": booking.total_amount,
            "refunds": booking.refunds,
            "test": booking.test,
        },
    })
}
