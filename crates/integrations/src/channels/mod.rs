//! The ways a message leaves: one small trait, and a folder per provider that nothing outside the folder knows.
//!
//! A channel only sends. What is said is rendered by the caller, what was sent is recorded by the outbox, and when to
//! try again is decided there too, from the kind of the error. A new provider is a new folder and a line in [`open`].

pub mod apns;
mod aws;
pub mod broker;
pub mod email;
pub mod fcm;
pub mod kafka;
pub mod nats;
pub mod outward;
pub mod settings;
pub mod sns;
pub mod sqs;
pub mod twilio;
pub mod web_push;
pub mod webhook;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// How a CloudEvent in JSON calls itself.
pub const CLOUD_EVENT: &str = "application/cloudevents+json; charset=utf-8";

/// What a recipient is reached on. Its text is what the outbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    Email,
    Sms,
    /// A browser (Web Push).
    WebPush,
    /// An Android app, through Firebase.
    Fcm,
    /// An Apple app.
    Apns,
    /// This project's own app on a computer, which fetches its messages itself: no provider takes them.
    App,
    /// An integrator's server.
    Webhook,
    /// The operator's own Kafka, and the other outlets.
    Kafka,
    Nats,
    Sqs,
}

impl Medium {
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::Sms,
        Self::WebPush,
        Self::Fcm,
        Self::Apns,
        Self::App,
        Self::Webhook,
        Self::Kafka,
        Self::Nats,
        Self::Sqs,
    ];
    /// Where one recipient, a log or queue of the operator's, gets everything: what is about one booking comes there in
    /// its order.
    pub const OUTLETS: [Self; 3] = [Self::Kafka, Self::Nats, Self::Sqs];

    /// As the outbox keeps it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::WebPush => "web_push",
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::App => "app",
            Self::Webhook => "webhook",
            Self::Kafka => "kafka",
            Self::Nats => "nats",
            Self::Sqs => "sqs",
        }
    }

    pub const fn is_outlet(self) -> bool {
        matches!(self, Self::Kafka | Self::Nats | Self::Sqs)
    }

    /// Programs read there what happened, and no person what it means to them.
    pub const fn is_for_programs(self) -> bool {
        self.is_outlet() || matches!(self, Self::Webhook)
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a channel is one of email, sms, web_push, fcm, apns, app, webhook, kafka, nats, sqs")]
pub struct UnknownMedium;

impl FromStr for Medium {
    type Err = UnknownMedium;
    fn from_str(text: &str) -> Result<Self, UnknownMedium> {
        let known = Self::ALL.into_iter().find(|medium| medium.name() == text);
        known.ok_or(UnknownMedium)
    }
}

/// Whom a message goes to.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    Mailbox(String),
    /// A phone in E.164 form, e.g. `+4930123456`.
    Phone(String),
    Browser(web_push::Subscription),
    /// An app on a device, by the token its maker gave it.
    Device(String),
    Hook(webhook::Target),
    /// An outlet; what is about this booking stays in its order.
    Outlet {
        booking: String,
    },
}

/// A file that travels with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// MIME type.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What a message says. Each channel takes the parts it can carry.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// `confirmation`, `reminder` …
    pub kind: String,
    /// BCP 47, of the words below.
    pub language: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// A few lines without markup, for phones.
    pub short: String,
    /// Where more is found.
    pub link: Option<String>,
    /// Where these messages are switched off, when they can be.
    pub unsubscribe: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What an integrator's program reads.
    pub data: serde_json::Value,
}

/// A message on its way.
#[derive(Clone)]
pub struct Parcel {
    /// 128 bits, the same for every attempt: what a recipient's program knows a repetition by.
    pub id: [u8; 16],
    /// The same as a text.
    pub name: String,
    pub to: Recipient,
    pub letter: Arc<Letter>,
    /// When this attempt is made.
    pub now: DateTime<Utc>,
}

/// Why a message did not go out, which decides what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may go out later; not before `after` when the provider says so.
    #[error("not taken: {why}")]
    Temporary {
        why: String,
        after: Option<Duration>,
    },
    /// Never to this recipient, or never with this content.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
    /// The recipient is gone for good: a browser that unsubscribed, an app that was removed.
    #[error("the recipient is gone: {0}")]
    Gone(String),
    /// Ours to mend: an expired secret, a revoked key, an account without money. The message is as good as before.
    #[error("the provider refuses us: {why}. {remedy}")]
    Refused { why: String, remedy: &'static str },
    /// It looks like ours to mend, but one recipient could cause it as well: only when several say the same it is.
    #[error("the provider seems to refuse us: {why}. {remedy}")]
    Doubtful { why: String, remedy: &'static str },
    /// Of an outlet: nobody is there, which says nothing about the message. It waits as long as that lasts.
    #[error("nobody is there: {0}")]
    Away(String),
}

impl SendError {
    /// The usual one: it may go out later.
    pub fn temporary(why: impl fmt::Display) -> Self {
        Self::Temporary {
            why: why.to_string(),
            after: None,
        }
    }
    /// What whoever runs the server can do about it.
    pub const fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Refused { remedy, .. } | Self::Doubtful { remedy, .. } => Some(*remedy),
            _ => None,
        }
    }
    /// The kind, as metrics name it.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Temporary { .. } => "temporary",
            Self::Unsendable(_) => "unsendable",
            Self::Gone(_) => "gone",
            Self::Refused { .. } | Self::Doubtful { .. } => "refused",
            Self::Away(_) => "away",
        }
    }
}

/// A provider that takes messages.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Whom it reaches.
    fn medium(&self) -> Medium;
    /// Its name, for operators and metrics.
    fn provider(&self) -> &'static str;
    /// Hands one message over. It may have gone out although this fails.
    async fn send(&self, parcel: &Parcel) -> Result<(), SendError>;
}

/// A channel was given somebody it cannot reach.
pub(crate) fn wrong_recipient() -> SendError {
    SendError::Unsendable("the recipient is of another channel".into())
}

/// Why a channel could not be set up. It never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    #[error("{provider}: {reason}")]
    Setting {
        provider: &'static str,
        reason: String,
    },
    #[error(
        "a channel's address begins with twilio://, sns://, fcm:// or apns://; this one does not"
    )]
    UnknownProvider,
}

/// Opens the channel that an address names. The address holds secrets: it comes from the environment or a file.
pub fn open(address: &str) -> Result<Arc<dyn Channel>, SetUpError> {
    let setting = settings::Setting::parse(address)?;
    Ok(match setting.scheme() {
        twilio::NAME => Arc::new(twilio::Twilio::open(&setting)?),
        sns::NAME => Arc::new(sns::Sns::open(&setting)?),
        fcm::NAME => Arc::new(fcm::Fcm::open(&setting)?),
        apns::NAME => Arc::new(apns::Apns::open(&setting)?),
        _ => return Err(SetUpError::UnknownProvider),
    })
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_is_its_name() {
        for medium in Medium::ALL {
            assert_eq!(medium.name().parse(), Ok(medium));
            assert_eq!(Medium::OUTLETS.contains(&medium), medium.is_outlet());
            assert!(UnknownMedium.to_string().contains(medium.name()));
        }
        assert_eq!("pigeon".parse::<Medium>(), Err(UnknownMedium));
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_without_its_secret() {
        for address in [
            "pigeon://A:hunter2@example.com",
            "hunter2",
            "twilio://A:hunter2@api.twilio.com/",
            "twilio://api.twilio.com/?from=%2B491",
            "sns://A:hunter2@sns.eu-central-1.amazonaws.com/",
            "fcm://fcm.googleapis.com/nowhere/hunter2.json",
            "apns://T:K@api.push.apple.com/nowhere.p8?topic=x",
        ] {
            let refused = open(address).err().map(|error| error.to_string());
            let refused = refused.unwrap_or_else(|| panic!("{address} was taken"));
            assert!(
                !refused.contains("hunter2:") && !refused.contains(":hunter2"),
                "{refused}"
            );
        }
    }
}
