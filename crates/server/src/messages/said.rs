//! What a message says, made when it is told: from the booking as it is then, in the words of whom it reaches. `None` when
//! nobody wants it there any more, or it would not be true.
//!
//! Sending it, and what becomes of it when that fails, is not here.

use super::{
    DeliveryError, attached, events,
    kind::Kind,
    letters::{self, Elsewhere, View},
    locale::Place,
    people::{self, Named, Reached},
    planned::{self, Planned},
    spread,
    words::{Language, Words},
};
use crate::{app::App, render};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::OnFile;
use matinee_domain::{booking::BookingStatus, reminder};
use matinee_integrations::channels::{Letter, Medium, Recipient};
use matinee_store::{StoreError, bookings::Owner, outbox::NewMessage};

/// Who booked so short a time ago needs no reminder.
const JUST_BOOKED: TimeDelta = TimeDelta::hours(2);

/// A message for one recipient.
pub(super) struct Said {
    pub to: Recipient,
    pub letter: Letter,
}

/// What a message says now, and to whom. What others are told of it is written down on the way.
pub(super) async fn of(
    app: &App,
    message: &NewMessage,
    medium: Medium,
    attempt: u32,
) -> Result<Option<Said>, DeliveryError> {
    let now = app.clock.now();
    let kind: Kind = message.kind.parse().map_err(|_| DeliveryError::Unknown)?;
    let planned: Planned = serde_json::from_str(&message.payload).unwrap_or_default();
    let on_file = match message.booking_id {
        Some(booking_id) => Some(app.desk.on_file(booking_id).await?),
        None => None,
    };
    let so = match &on_file {
        Some(on_file) => is_still_so(kind, medium, on_file, planned, attempt, now)?,
        None => true,
    };
    // Programs hear of every step, also of one that is over by now: their copy says how the booking is.
    if so || kind == Kind::Confirmation {
        let file = on_file.as_ref().map(|on_file| &on_file.file);
        spread::spread(app, message, kind, file, now).await?;
    }
    if !so {
        return Ok(None);
    }
    let Some(reached) = people::reach(app, message, kind, medium).await? else {
        return Ok(None);
    };
    if !is_theirs(message, on_file.as_ref(), &reached) {
        return Ok(None);
    }
    let letter = match &on_file {
        Some(on_file) if medium.is_for_programs() => {
            let booking = render::booking(&on_file.file, &on_file.show, &app.around, now);
            let around = (app.base_url.as_str(), now);
            events::letter(message, kind, medium, booking, planned, around)
                .ok_or(DeliveryError::Unknown)?
        }
        Some(on_file) => {
            let words = words_of_theater(app, kind, on_file).await?;
            let told = Told {
                payload: &message.payload,
                planned,
                words,
            };
            about_booking(app, (kind, medium), on_file, &reached, told)?
        }
        None => about_account(app, kind, &reached, &message.payload)?,
    };
    Ok(Some(Said {
        to: reached.to,
        letter,
    }))
}

/// A browser or device may be another person's since the message was written: they are told nothing of somebody else's
/// booking.
fn is_theirs(message: &NewMessage, on_file: Option<&OnFile>, reached: &Reached) -> bool {
    let (Some(Named::Subscription(_)), Some(on_file)) = (Named::of(&message.recipient), on_file)
    else {
        return true;
    };
    let user = reached.user.as_ref().map(|user| user.user_id);
    matches!(on_file.file.booking.owner, Owner::User(owner) if Some(owner) == user)
}

/// Whether a message that may be late still tells the truth. A program's says how the booking is now, so it does.
fn is_still_so(
    kind: Kind,
    medium: Medium,
    on_file: &OnFile,
    planned: Planned,
    attempt: u32,
    now: DateTime<Utc>,
) -> Result<bool, DeliveryError> {
    if !matches!(kind, Kind::Confirmation | Kind::Reminder | Kind::Change) {
        return Ok(true);
    }
    let status = on_file.file.booking.state.status();
    let comes = matches!(
        status,
        BookingStatus::Confirmed | BookingStatus::PartlyCancelled
    );
    if kind == Kind::Confirmation {
        return Ok(comes || medium.is_for_programs());
    }
    let start = on_file.show.show.start_time;
    if !comes || start <= now {
        return Ok(false);
    }
    if kind == Kind::Reminder && !is_time_to_remind(on_file, now)? {
        return Ok(false);
    }
    // What this server knows of the show may be a moment old; if it is not, the show moved again and that is told too.
    match planned.starts {
        Some(starts) if starts != start && attempt == 1 => Err(DeliveryError::TooEarly),
        Some(starts) => Ok(starts == start),
        None => Ok(true),
    }
}

/// Whether a reminder still helps and wakes nobody. It was written at a good hour, but may have had to wait since.
fn is_time_to_remind(on_file: &OnFile, now: DateTime<Utc>) -> Result<bool, DeliveryError> {
    let start = on_file.show.show.start_time;
    let created = on_file.file.booking.created_at;
    if now < created + JUST_BOOKED || start - now < planned::TOO_LATE {
        return Ok(false);
    }
    let zone = on_file.show.theater.time_zone;
    if reminder::is_night(now, zone) {
        return Err(DeliveryError::Night(reminder::morning(now, zone)));
    }
    Ok(true)
}

/// What a message knows besides its booking.
struct Told<'m> {
    payload: &'m str,
    planned: Planned,
    /// What the theater says.
    words: Option<String>,
}

/// What the theater says to those whose show it cancelled.
async fn words_of_theater(
    app: &App,
    kind: Kind,
    on_file: &OnFile,
) -> Result<Option<String>, StoreError> {
    if kind != Kind::ShowCancelled {
        return Ok(None);
    }
    let show_id = on_file.file.booking.show_id;
    let found = app.store.cancellation(show_id).await?;
    Ok(found.and_then(|progress| progress.cancelled.words))
}

fn about_booking(
    app: &App,
    (kind, medium): (Kind, Medium),
    on_file: &OnFile,
    reached: &Reached,
    told: Told<'_>,
) -> Result<Letter, DeliveryError> {
    let (payload, planned) = (told.payload, told.planned);
    let now = app.clock.now();
    let booking = render::booking(&on_file.file, &on_file.show, &app.around, now);
    let country = &on_file.show.theater.location.country;
    let language = reached
        .user
        .as_ref()
        .and_then(|user| Language::of(&user.profile.language));
    let language = language.unwrap_or_else(|| Language::of_country(country));
    let refunds = letters::refunds_told(&booking, payload);
    let place = Place::new(language, country);
    let mut view = View::of_booking(place, &booking, planned.before, &refunds)?;
    view.words = told.words;
    view.elsewhere = Elsewhere::of(payload);
    view.link = link(app, payload).unwrap_or_else(|| page_of(app, on_file));
    if kind == Kind::Reminder {
        view.unsubscribe = Some(format!("{}/profile", app.base_url));
    }
    let mut letter = letters::letter(kind, Words::of(language), &view)?;
    if medium == Medium::Email {
        letter.attachments = attached::files(app, kind, on_file, &view.elsewhere, now)?;
    }
    Ok(letter)
}

fn about_account(
    app: &App,
    kind: Kind,
    reached: &Reached,
    payload: &str,
) -> Result<Letter, DeliveryError> {
    if !kind.is_about_an_account() {
        return Err(DeliveryError::Gone);
    }
    let noted: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let chosen = reached
        .user
        .as_ref()
        .map(|user| user.profile.language.as_str());
    let chosen = chosen.or_else(|| noted.get("language")?.as_str());
    let language = chosen
        .and_then(Language::of)
        .unwrap_or_else(|| Language::of_country(""));
    let view = View {
        link: link(app, payload).ok_or(DeliveryError::Gone)?,
        ..View::default()
    };
    Ok(letters::letter(kind, Words::of(language), &view)?)
}

/// The absolute link of a payload's path.
fn link(app: &App, payload: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    let path = payload.get("path")?.as_str()?;
    Some(format!("{}{path}", app.base_url))
}

/// Where the booking is found. No link of a mail about a booking opens anything by itself: a guest's leads to the page
/// that mails a link for once, with the reference filled in.
fn page_of(app: &App, on_file: &OnFile) -> String {
    let booking = &on_file.file.booking;
    let base = &app.base_url;
    match booking.owner {
        Owner::User(_) => format!("{base}/bookings/{}", booking.booking_id),
        Owner::Guest { .. } => format!("{base}/recover?reference={}", booking.reference),
    }
}
