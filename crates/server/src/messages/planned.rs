//! Messages that no request causes: reminders before a show, and news of shows that were moved.
//!
//! Both are written with an id made from the booking and the show's start, so that writing them again does nothing:
//! neither a crash nor a second server sends one twice.

use super::{kind::Kind, people::id_from};
use crate::app::App;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use matinee_booking::{JobReport, SaleError};
use matinee_domain::{
    ids::{BookingId, NotificationId, ShowId},
    reminder,
};
use matinee_integrations::channels::Medium;
use matinee_store::{
    StoreError,
    catalog::{ListedShow, ShowQuery},
    outbox::NewMessage,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Nobody is reminded of a show that begins within this time.
pub(super) const TOO_LATE: TimeDelta = TimeDelta::minutes(30);
/// Bookings, shows or moves read at a time.
const PAGE: u16 = 500;

/// Shows whose people were reminded, by their start. In memory: after a restart they are gone over again in vain.
#[derive(Default)]
pub struct Reminded(Mutex<BTreeSet<(DateTime<Utc>, ShowId)>>);

/// What a planned message remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Planned {
    /// The start it tells of.
    #[serde(default)]
    pub starts: Option<DateTime<Utc>>,
    /// When the show was to begin before it was moved.
    #[serde(default)]
    pub before: Option<DateTime<Utc>>,
    #[serde(skip)]
    mark: [u8; 16],
}

/// Writes the reminders that are due.
pub async fn remind(app: &App) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    let listing = app.catalog.listing().await?;
    let mut query = ShowQuery {
        from: Some(now + TOO_LATE),
        until: Some(now + reminder::EARLIEST),
        limit: PAGE,
        ..ShowQuery::default()
    };
    app.reminded.0.lock().retain(|(start, _)| *start > now);
    let mut report = JobReport::default();
    loop {
        let shows = app.store.shows(query).await?;
        for listed in &shows {
            let theater = listing.theater(listed.show.show_id.theater());
            if theater.is_some_and(|theater| is_due(app, listed, theater.time_zone, now)) {
                report.done += remind_of(app, listed, now).await?;
            }
        }
        match shows.last() {
            Some(last) if shows.len() == usize::from(PAGE) => {
                query.after = Some((last.show.start_time, last.show.show_id));
            }
            _ => return Ok(report),
        }
    }
}

fn is_due(app: &App, listed: &ListedShow, zone: Tz, now: DateTime<Utc>) -> bool {
    let (show_id, start) = (listed.show.show_id, listed.show.start_time);
    listed.taken > 0
        && reminder::due(start, zone) <= now
        // The server was away when it was due: in the morning there may still be time.
        && !reminder::is_night(now, zone)
        && !app.reminded.0.lock().contains(&(start, show_id))
}

async fn remind_of(
    app: &App,
    listed: &ListedShow,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let (show_id, start) = (listed.show.show_id, listed.show.start_time);
    // A guest did not choose, and has nowhere to say that they want none.
    let only = |recipient: &str| recipient.starts_with("user:");
    let planned = Planned {
        starts: Some(start),
        ..Planned::default()
    };
    let written = tell_all(app, Kind::Reminder, show_id, planned, only, now).await?;
    app.reminded.0.lock().insert((start, show_id));
    Ok(written)
}

/// Writes news of shows that were moved.
pub async fn tell_moves(app: &App) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    let moves = app.store.show_moves(PAGE).await?;
    let mut report = JobReport {
        more: moves.len() == usize::from(PAGE),
        ..JobReport::default()
    };
    for moved in moves {
        let show = app.store.show(moved.show_id).await?;
        // A show with bookings is never deleted.
        let start = show.map_or(moved.starts_before, |listed| listed.show.start_time);
        if start != moved.starts_before {
            let planned = Planned {
                starts: Some(start),
                before: Some(moved.starts_before),
                mark: moved.mark,
            };
            report.done +=
                tell_all(app, Kind::Change, moved.show_id, planned, |_| true, now).await?;
        }
        app.store.show_move_told(moved.show_id, start).await?;
    }
    Ok(report)
}

/// Writes a message to everybody with seats of a show, once for each start of it.
async fn tell_all(
    app: &App,
    kind: Kind,
    show_id: ShowId,
    planned: Planned,
    only: impl Fn(&str) -> bool,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let payload = serde_json::to_string(&planned).unwrap_or_default();
    let mut after: Option<BookingId> = None;
    let mut written = 0;
    loop {
        let page = app.store.bookings_to_tell(show_id, after, PAGE).await?;
        let full = page.len() == usize::from(PAGE);
        after = page.last().map(|(booking_id, _)| *booking_id);
        let wanted = page.into_iter().filter(|(_, recipient)| only(recipient));
        let messages = wanted.map(|(booking_id, recipient)| NewMessage {
            notification_id: planned_id(kind, booking_id, planned),
            booking_id: Some(booking_id),
            kind: kind.name().into(),
            channel: Medium::Email.name().into(),
            recipient,
            payload: payload.clone(),
            created_at: now,
        });
        written += app.store.add_messages(messages.collect()).await?;
        if !full {
            return Ok(written);
        }
    }
}

fn planned_id(kind: Kind, booking_id: BookingId, planned: Planned) -> NotificationId {
    let start = planned.starts.unwrap_or_default().timestamp_micros();
    let (theater, start) = (booking_id.theater(), start.to_be_bytes());
    let about = [kind.name().as_bytes(), theater.as_bytes(), booking_id.own()];
    let parts = [about[0], about[1], about[2], &start[..], &planned.mark[..]];
    NotificationId::from_bytes(id_from(&parts))
}
