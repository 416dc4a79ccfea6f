//! The channels of a server: which there are, and which of them refuse us at the moment.

use super::people::id_from;
use crate::config::{Config, MailRoute, Secret};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::Entropy;
use matinee_integrations::channels::{
    self, Channel, Medium, Parcel, Recipient, SendError, SetUpError,
    email::{Email, MailSetUpError},
    outward::Reach,
    web_push::{Vapid, WebPush},
    webhook::Webhooks,
};
use matinee_store::{Store, StoreError};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;

/// A channel that refused us is left alone this long; what is meant for it waits.
pub const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The same of outlets, which are looked at with one event at a time: one that refuses us, and one that is away.
pub const OUTLET_PAUSE: TimeDelta = TimeDelta::seconds(15);
pub const AWAY_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// Different recipients in a row whose doubtful refusals make a certain one.
const DOUBTS: usize = 3;
/// Longest a channel may take, whatever it waits for: less than a claim lasts, and no message holds up the rest for ever.
const LONGEST: Duration = Duration::from_secs(75);
/// The database's key that our push key is made from.
const VAPID_KEY: &str = "vapid";
/// The one that webhooks' secrets are made from.
pub const WEBHOOK_KEY: &str = "webhooks";

/// Why channels could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ChannelsError {
    #[error(transparent)]
    Mail(#[from] MailSetUpError),
    #[error("MATINEE_CHANNELS: {0}")]
    SetUp(#[from] SetUpError),
    #[error("MATINEE_CHANNELS names two providers for {0}; one is enough")]
    Twice(Medium),
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// Every channel there is, by whom it reaches.
pub struct Channels {
    channels: BTreeMap<Medium, Arc<dyn Channel>>,
    refused: Mutex<BTreeMap<Medium, Refusal>>,
    /// Whom a channel doubtfully refused to take mail for since it last took some.
    doubts: Mutex<BTreeMap<Medium, BTreeSet<[u8; 16]>>>,
    /// What browsers subscribe with.
    push_key: String,
    /// Makes webhooks' secrets.
    pub webhook_key: [u8; 32],
    /// How far addresses from outside may lead.
    pub reach: Reach,
}

/// How many messages of a channel may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// One, to see whether an outlet takes events again.
    Ajar,
    Shut,
}

#[derive(Clone)]
struct Refusal {
    until: DateTime<Utc>,
    error: SendError,
}

impl Channels {
    /// Opens what the configuration names. E-mail, browsers and webhooks need nothing more and are always there.
    pub async fn open(
        config: &Config,
        base_url: &str,
        store: &dyn Store,
        entropy: &dyn Entropy,
    ) -> Result<Self, ChannelsError> {
        let host = host(base_url);
        let email = match &config.mail {
            MailRoute::Smtp(url) => Email::smtp(url.expose(), &config.mail_from, &host)?,
            MailRoute::Folder(folder) => Email::folder(folder, &config.mail_from, &host)?,
        };
        let reach = if config.private_targets {
            Reach::Anywhere
        } else {
            Reach::Public
        };
        let secret = store.secret_key(VAPID_KEY, fresh_vapid(entropy)).await?;
        let vapid = Vapid::new(&secret, contact(base_url, &config.mail_from));
        let vapid = vapid.ok_or_else(|| StoreError::Damaged("the push key".into()))?;
        let push = WebPush::new(vapid, reach);
        let push_key = push.public_key().to_owned();
        let hooks = Webhooks::new(reach);
        let mut all: Vec<Arc<dyn Channel>> = vec![Arc::new(email), Arc::new(push), Arc::new(hooks)];
        for address in &config.channels {
            all.push(channels::open(address.expose())?);
        }
        all.extend(config.outlets.channels());
        let mut channels = BTreeMap::new();
        for channel in all {
            let medium = channel.medium();
            if channels.insert(medium, channel).is_some() {
                return Err(ChannelsError::Twice(medium));
            }
        }
        Ok(Self {
            channels,
            refused: Mutex::default(),
            doubts: Mutex::default(),
            push_key,
            webhook_key: store.secret_key(WEBHOOK_KEY, entropy.bytes()).await?,
            reach,
        })
    }

    /// What browsers subscribe with.
    pub fn push_key(&self) -> &str {
        &self.push_key
    }

    /// Whether anybody can be reached this way. Apps come for their messages themselves.
    pub fn has(&self, medium: Medium) -> bool {
        medium == Medium::App || self.channels.contains_key(&medium)
    }

    /// The outlets there are.
    pub fn outlets(&self) -> impl Iterator<Item = Medium> + '_ {
        let all = Medium::OUTLETS.into_iter();
        all.filter(|medium| self.has(*medium))
    }

    /// Whether messages may be begun now. What is meant for an outlet that takes none is not even claimed: however many
    /// events wait for a broker, the database has no work with them.
    pub fn gate(&self, medium: Medium, now: DateTime<Utc>) -> Gate {
        match self.refused.lock().get(&medium) {
            Some(refusal) if medium.is_outlet() && now < refusal.until => Gate::Shut,
            Some(_) if medium.is_outlet() => Gate::Ajar,
            _ => Gate::Open,
        }
    }

    /// Hands a message over, unless the channel refused us a moment ago.
    pub async fn send(&self, medium: Medium, parcel: &Parcel) -> Result<(), SendError> {
        let Some(channel) = self.channels.get(&medium) else {
            let missing = SendError::Refused {
                why: format!("there is no provider for {medium}"),
                remedy: "Name one in MATINEE_CHANNELS, or give the messages up",
            };
            self.note(medium, "none", parcel.now, Some(&missing));
            return Err(missing);
        };
        if let Some(refusal) = self.refused.lock().get(&medium)
            && parcel.now < refusal.until
        {
            return Err(refusal.error.clone());
        }
        let sent = timeout(LONGEST, channel.send(parcel)).await;
        let sent = sent.unwrap_or_else(|_| Err(too_long(medium)));
        let certain = self.certain(medium, parcel, sent.as_ref().err());
        let error = certain.as_ref().or(sent.as_ref().err());
        self.note(medium, channel.provider(), parcel.now, error);
        sent
    }

    /// What one recipient can cause closes no channel: the refusal, once several different ones met the same in a row.
    fn certain(
        &self,
        medium: Medium,
        parcel: &Parcel,
        error: Option<&SendError>,
    ) -> Option<SendError> {
        let mut doubts = self.doubts.lock();
        let Some(error) = error else {
            doubts.remove(&medium);
            return None;
        };
        let SendError::Doubtful { why, remedy } = error else {
            return None;
        };
        let met = doubts.entry(medium).or_default();
        if met.len() < DOUBTS {
            met.insert(recipient(parcel));
        }
        (met.len() >= DOUBTS).then(|| SendError::Refused {
            why: why.clone(),
            remedy,
        })
    }

    /// Remembers a refusal, or that an outlet is away, and says it and its end once; again when something else is to be done
    /// about it.
    fn note(&self, medium: Medium, provider: &str, now: DateTime<Utc>, error: Option<&SendError>) {
        let mut refused = self.refused.lock();
        match error {
            Some(error @ (SendError::Refused { .. } | SendError::Away(_))) => {
                let refusal = Refusal {
                    until: now + pause(medium, error),
                    error: error.clone(),
                };
                let before = refused.insert(medium, refusal);
                let kind = |error: &SendError| (error.outcome(), error.remedy());
                if before.is_none_or(|before| kind(&before.error) != kind(error)) {
                    let said = without_addresses(&error.to_string());
                    tracing::error!(channel = %medium, provider, error = %said, "{}", happened(error));
                }
            }
            None => {
                if refused.remove(&medium).is_some() {
                    tracing::info!(channel = %medium, provider, "the provider takes our messages again");
                }
            }
            Some(_) => {}
        }
    }

    /// Which channels refuse us.
    pub fn refusing(&self) -> Vec<Medium> {
        self.refused.lock().keys().copied().collect()
    }
}

fn too_long(medium: Medium) -> SendError {
    if medium.is_outlet() {
        SendError::Away("it took too long".into())
    } else {
        SendError::temporary("it took too long")
    }
}

const fn pause(medium: Medium, error: &SendError) -> TimeDelta {
    match error {
        SendError::Away(_) => AWAY_PAUSE,
        _ if medium.is_outlet() => OUTLET_PAUSE,
        _ => PAUSE,
    }
}

const fn happened(error: &SendError) -> &'static str {
    match error {
        SendError::Away(_) => "an outlet is away: events for it wait and none is lost",
        _ => "a provider refuses us: messages wait and none is lost",
    }
}

/// Tells recipients apart; of anything but mail only the messages, which is as good.
fn recipient(parcel: &Parcel) -> [u8; 16] {
    match &parcel.to {
        Recipient::Mailbox(address) => id_from(&[address.to_lowercase().as_bytes()]),
        _ => parcel.id,
    }
}

/// A provider's words without the addresses it may quote: those are people's, and not for a log.
fn without_addresses(text: &str) -> String {
    let words = text
        .split(' ')
        .map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Random bytes that are a key of the curve: all but one in 2³² are.
fn fresh_vapid(entropy: &dyn Entropy) -> [u8; 32] {
    loop {
        let bytes = entropy.bytes();
        if Vapid::new(&bytes, String::new()).is_some() {
            return bytes;
        }
    }
}

/// Whom a push service may write to: our pages, or who sends our mail.
fn contact(base_url: &str, mail_from: &str) -> String {
    if base_url.starts_with("https://") {
        return base_url.to_owned();
    }
    let address = mail_from.rsplit('<').next().unwrap_or_default();
    format!("mailto:{}", address.trim_end_matches('>').trim())
}

/// The host of an address, for message ids.
fn host(url: &str) -> String {
    let rest = url.split("://").nth(1).unwrap_or(url);
    let host: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .collect();
    if host.is_empty() {
        "matinee".into()
    } else {
        host
    }
}

/// Splits the addresses of channels, which stand beside each other with spaces or line ends between them.
pub fn addresses(text: &str) -> Vec<Secret> {
    text.split_whitespace().map(Secret::new).collect()
}

#[cfg(test)]
mod tests;
