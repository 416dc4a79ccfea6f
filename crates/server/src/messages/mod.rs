//! Delivering the outbox: what each message says, whom it reaches, and the job that sends it.
//!
//! At least once, with backoff, and given up after a bounded number of attempts; the state stands on the booking. A
//! message is rendered when it is sent, from the booking as it is then. What a provider refuses because of us waits
//! without using its attempts up. Whoever runs the server sees what was given up and sends it again.

mod attached;
pub mod channels;
pub mod events;
pub mod kind;
mod letters;
mod locale;
pub mod people;
pub mod planned;
pub mod preview;
mod spread;
mod turns;
mod words;

pub use channels::{Channels, ChannelsError};
pub use kind::Kind;
pub use spread::{Ahead, go_ahead};
pub use turns::deliver;
pub use words::{LANGUAGES, Language};

use crate::{app::App, render};
use chrono::{DateTime, TimeDelta, Utc};
use letters::{Elsewhere, View};
use locale::Place;
use matinee_booking::{OnFile, SaleError};
use matinee_domain::{booking::BookingStatus, reminder};
use matinee_integrations::channels::{Letter, Medium, Parcel, SendError};
use matinee_store::{StoreError, bookings::Owner, outbox::ClaimedMessage};
use people::{Named, Reached};
use planned::Planned;
use std::sync::Arc;
use words::Words;

/// A claimed message is somebody else's to send again after this long; no channel may take as long.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Attempts before a message is given up: with the pauses below, after about a day.
const ATTEMPTS: u32 = 15;
/// How long a message waits while its provider refuses us, and for how long altogether.
const REFUSED_PAUSE: TimeDelta = TimeDelta::minutes(5);
const REFUSED_MOST: TimeDelta = TimeDelta::days(3);
/// Who booked so short a time ago needs no reminder.
const JUST_BOOKED: TimeDelta = TimeDelta::hours(2);
/// The longest pause a provider may ask for.
const ASKED_MOST: TimeDelta = TimeDelta::hours(4);

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("nobody knows this kind of message")]
    Unknown,
    #[error("its booking is gone")]
    Gone,
    #[error("its words could not be made: {0}")]
    Words(#[from] minijinja::Error),
    #[error("the show's other time is not known here yet")]
    TooEarly,
    #[error("people sleep where the show is; it waits until {0}")]
    Night(DateTime<Utc>),
    #[error("its files could not be made: {0}")]
    Files(String),
    #[error(transparent)]
    Sale(#[from] SaleError),
}

impl From<StoreError> for DeliveryError {
    fn from(error: StoreError) -> Self {
        Self::Sale(error.into())
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivered {
    Sent,
    /// Nobody wants it (any more).
    Unwanted,
}

/// Sends a message and writes down what became of it; false when it did not go out.
async fn one(app: &App, claimed: &ClaimedMessage) -> Result<bool, StoreError> {
    let id = claimed.message.notification_id;
    let channel = claimed.message.channel.parse().ok();
    let sent = send(app, claimed).await;
    let now = app.clock.now();
    app.metrics
        .channel(channel.map_or("unknown", Medium::name), outcome(&sent));
    match sent {
        Ok(Delivered::Sent) => {
            app.store.message_sent(id, now).await?;
            app.metrics.messages_sent.add(1);
            Ok(true)
        }
        Ok(Delivered::Unwanted) => {
            app.store.message_dropped(id).await?;
            Ok(true)
        }
        Err(error) => {
            failed(app, claimed, &error, now).await?;
            Ok(false)
        }
    }
}

const fn outcome(sent: &Result<Delivered, DeliveryError>) -> &'static str {
    match sent {
        Ok(Delivered::Sent) => "sent",
        Ok(Delivered::Unwanted) => "unwanted",
        Err(DeliveryError::Send(error)) => error.outcome(),
        Err(
            DeliveryError::Sale(_)
            | DeliveryError::TooEarly
            | DeliveryError::Night(_)
            | DeliveryError::Files(_),
        ) => "temporary",
        Err(_) => "unsendable",
    }
}

async fn failed(
    app: &App,
    claimed: &ClaimedMessage,
    error: &DeliveryError,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let message = &claimed.message;
    let id = message.notification_id;
    let refused = matches!(
        error,
        DeliveryError::Send(SendError::Refused { .. } | SendError::Doubtful { .. })
    );
    if refused && now < message.created_at + REFUSED_MOST {
        // Said by the channel, once.
        let outlet = claimed.message.channel.parse().is_ok_and(Medium::is_outlet);
        let pause = if outlet {
            channels::OUTLET_PAUSE
        } else {
            REFUSED_PAUSE
        };
        let until = now + pause;
        return app
            .store
            .message_postponed(id, until, error.to_string())
            .await;
    }
    let waits = match error {
        DeliveryError::Night(until) => Some(*until),
        // The broker's doing, however long it lasts.
        DeliveryError::Send(SendError::Away(_)) => Some(now + channels::AWAY_PAUSE),
        _ => None,
    };
    if let Some(until) = waits {
        return app
            .store
            .message_postponed(id, until, error.to_string())
            .await;
    }
    if let DeliveryError::Send(SendError::Gone(why)) = error
        && gone(app, &message.recipient, why).await?
    {
        // An old browser is no news to its user.
        return app.store.message_dropped(id).await;
    }
    let again = retry_at(error, claimed.attempt, now);
    if again.is_none() {
        app.metrics.messages_failed.add(1);
    }
    // The error may quote the address: kept with the message for the operator, not logged.
    tracing::warn!(notification = %id, channel = %message.channel, attempt = claimed.attempt, given_up = again.is_none(), "a message was not delivered");
    app.store.message_failed(id, again, error.to_string()).await
}

/// Ends what left for good; true for a browser or device.
async fn gone(app: &App, recipient: &str, why: &str) -> Result<bool, StoreError> {
    match Named::of(recipient) {
        Some(Named::Subscription(id)) => {
            if let Some(row) = app.store.subscription(id).await? {
                app.store.end_subscription(row.user_id, id).await?;
            }
            Ok(true)
        }
        Some(Named::Webhook(id)) => {
            let hooks = app.store.webhooks().await?;
            if let Some(mut row) = hooks.into_iter().find(|row| row.webhook_id == id) {
                tracing::error!(webhook = %id, why, "an integrator wants no more messages: the webhook is stopped");
                row.stopped = Some(format!("the receiver wants no more: {why}"));
                app.store.save_webhook(row).await?;
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// 30 s, then twice as long each time, at most 4 h, and no sooner than the provider asks; never for what can never be
/// sent.
fn retry_at(error: &DeliveryError, attempt: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let asked = match error {
        DeliveryError::Send(SendError::Temporary { after, .. }) => *after,
        DeliveryError::Sale(_) | DeliveryError::TooEarly | DeliveryError::Files(_) => None,
        _ => return None,
    };
    if attempt >= ATTEMPTS {
        return None;
    }
    let pause = TimeDelta::seconds(30 * (1 << attempt.saturating_sub(1).min(9)));
    let asked = asked.and_then(|asked| TimeDelta::from_std(asked).ok());
    Some(
        now + pause
            .min(TimeDelta::hours(4))
            .max(asked.unwrap_or_default().min(ASKED_MOST)),
    )
}

async fn send(app: &App, claimed: &ClaimedMessage) -> Result<Delivered, DeliveryError> {
    let message = &claimed.message;
    let now = app.clock.now();
    let kind: Kind = message.kind.parse().map_err(|_| DeliveryError::Unknown)?;
    let medium: Medium = message
        .channel
        .parse()
        .map_err(|_| DeliveryError::Unknown)?;
    let planned: Planned = serde_json::from_str(&message.payload).unwrap_or_default();
    let on_file = match message.booking_id {
        Some(booking_id) => Some(app.desk.on_file(booking_id).await?),
        None => None,
    };
    let so = match &on_file {
        Some(on_file) => is_still_so(kind, medium, on_file, planned, claimed.attempt, now)?,
        None => true,
    };
    // Programs hear of every step, also of one that is over by now: their copy says how the booking is.
    if so || kind == Kind::Confirmation {
        let file = on_file.as_ref().map(|on_file| &on_file.file);
        spread::spread(app, message, kind, file, now).await?;
    }
    if !so {
        return Ok(Delivered::Unwanted);
    }
    let Some(reached) = people::reach(app, message, kind, medium).await? else {
        return Ok(Delivered::Unwanted);
    };
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
    // An outlet knows an event by its own id; a webhook's copy keeps that of its own, which is signed.
    let id = if medium.is_outlet() {
        events::event_of(message, medium)
    } else {
        message.notification_id
    };
    let parcel = Parcel {
        id: *id.as_bytes(),
        name: id.to_string(),
        to: reached.to,
        letter: Arc::new(letter),
        now,
    };
    app.channels.send(medium, &parcel).await?;
    Ok(Delivered::Sent)
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

#[cfg(test)]
mod tests;
