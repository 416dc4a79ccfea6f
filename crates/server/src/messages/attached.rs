//! The files that go with a mail.

use super::{DeliveryError, kind::Kind, letters::Elsewhere};
use crate::{app::App, tickets};
use chrono::{DateTime, Utc};
use matinee_booking::OnFile;
use matinee_domain::booking::BookingStatus;
use matinee_integrations::channels::Attachment;

/// The files of a mail: tickets and a calendar entry, or the entry that takes the one before it back. A mail that speaks of
/// tickets never goes without them.
pub(super) fn files(
    app: &App,
    kind: Kind,
    on_file: &OnFile,
    elsewhere: &Elsewhere,
    now: DateTime<Utc>,
) -> Result<Vec<Attachment>, DeliveryError> {
    let calendar = |method: tickets::Method| Attachment {
        name: "show.ics".into(),
        // The part says the same method as the calendar inside (RFC 6047).
        media_type: format!("text/calendar; charset=utf-8; method={}", method.name()),
        bytes: tickets::calendar(on_file, Some((method, now))).into_bytes(),
    };
    let pdf = || {
        let pdf = tickets::pdf(&app.keys, on_file);
        let bytes = pdf.map_err(|error| DeliveryError::Files(error.0.detail.clone()))?;
        Ok::<_, DeliveryError>(Attachment {
            name: "tickets.pdf".into(),
            media_type: "application/pdf".into(),
            bytes,
        })
    };
    Ok(match kind {
        Kind::Confirmation => vec![pdf()?, calendar(tickets::Method::Publish)],
        // The tickets of the other screen open no door any more.
        Kind::Change if elsewhere.screen_before.is_some() => {
            vec![pdf()?, calendar(tickets::Method::Publish)]
        }
        Kind::Change => vec![calendar(tickets::Method::Publish)],
        Kind::Cancellation | Kind::ShowCancelled | Kind::NoRoom if is_cancelled(on_file) => {
            vec![calendar(tickets::Method::Cancel)]
        }
        _ => vec![],
    })
}

fn is_cancelled(on_file: &OnFile) -> bool {
    on_file.file.booking.state.status() == BookingStatus::Cancelled
}
