//! Delivering the outbox: what each message says, whom it reaches, and the job that sends it.
//!
//! At least once, with backoff, and given up after a bounded number of attempts; the state stands on the booking. A
//! message is rendered when it is sent, from the booking as it is then. What a provider refuses because of us waits
//! without using its attempts up. Whoever runs the server sees what was given up and sends it again.

mod attached;
pub mod channels;
pub mod computers;
pub mod events;
pub mod kind;
mod letters;
mod locale;
pub mod people;
pub mod planned;
pub mod preview;
mod said;
mod spread;
mod turns;
mod words;

pub use channels::{Channels, ChannelsError};
pub use computers::Computers;
pub use kind::Kind;
pub use spread::{Ahead, go_ahead};
pub use turns::deliver;
pub use words::{LANGUAGES, Language};

use crate::app::App;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::SaleError;
use matinee_integrations::channels::{Medium, Parcel, SendError};
use matinee_store::{StoreError, outbox::ClaimedMessage};
use people::Named;
use std::sync::Arc;

/// A claimed message is somebody else's to send again after this long; no channel may take as long.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Attempts before a message is given up: with the pauses below, after about a day.
const ATTEMPTS: u32 = 15;
/// How long a message waits while its provider refuses us, and for how long altogether.
const REFUSED_PAUSE: TimeDelta = TimeDelta::minutes(5);
const REFUSED_MOST: TimeDelta = TimeDelta::days(3);
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
    let medium: Medium = message
        .channel
        .parse()
        .map_err(|_| DeliveryError::Unknown)?;
    if medium == Medium::App {
        // Nobody fetched it for as long as it was of use.
        return Ok(Delivered::Unwanted);
    }
    let Some(said) = said::of(app, message, medium, claimed.attempt).await? else {
        return Ok(Delivered::Unwanted);
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
        to: said.to,
        letter: Arc::new(said.letter),
        now,
    };
    app.channels.send(medium, &parcel).await?;
    Ok(Delivered::Sent)
}

#[cfg(test)]
mod tests;
