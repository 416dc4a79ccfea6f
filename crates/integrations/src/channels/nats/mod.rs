//! Events to NATS JetStream: a subject per booking below a prefix, the event's id against repetitions (`Nats-Msg-Id`), and
//! sent is what a stream acknowledged.
//!
//! The stream belongs to whoever runs it: how long it keeps what, and for how long it knows repetitions, is said there.

use super::{
    Channel, Medium, Parcel, Recipient, SendError,
    broker::{self, BadSetting, Schemes, Servers, Shared},
    outward::install_crypto,
    wrong_recipient,
};
use async_nats::{
    ConnectErrorKind, ConnectOptions, HeaderMap,
    connection::State,
    header::NATS_MESSAGE_ID,
    jetstream::{
        self, Context,
        context::{PublishError, PublishErrorKind},
    },
};
use async_trait::async_trait;
use std::{error::Error as _, time::Duration};

const NAME: &str = "nats";
const REMEDY: &str = "Check --nats, MATINEE_NATS_CREDENTIALS and what its user may do; a JetStream stream has to keep what is \
                      published below --nats-subject";
const SCHEMES: Schemes = Schemes {
    plain: "nats",
    tls: "tls",
    port: 4222,
};
const CONNECT: Duration = Duration::from_secs(4);
/// How long an acknowledgement is waited for.
const ANSWER: Duration = Duration::from_secs(15);
const SUBJECT_MAX: usize = 200;
/// How the server names an event larger than the stream takes.
const TOO_LARGE: &str = "message size exceeds maximum allowed";

/// Below which subject, and who we are there. No Debug: it holds a secret.
#[derive(Clone)]
pub struct NatsSettings {
    servers: Servers,
    subject: String,
    pass: Option<Pass>,
}

#[derive(Clone)]
enum Pass {
    User(String, String),
    Token(String),
    /// What `nsc` writes: a JWT and the seed that proves it.
    Creds(String),
}

impl NatsSettings {
    /// Reads addresses, a subject, and `USER:PASSWORD`, a token, or the text of a file of credentials.
    pub fn new(
        addresses: &str,
        subject: &str,
        credentials: Option<&str>,
    ) -> Result<Self, BadSetting> {
        let servers = Servers::parse(addresses, &SCHEMES)?;
        let pass = credentials.map(pass).transpose()?;
        if pass.is_some() {
            servers.may_hear_a_password(&SCHEMES)?;
        }
        Ok(Self {
            servers,
            subject: subject.to_owned(),
            pass,
        })
    }

    /// Whether subjects can begin so.
    pub fn check_subject(subject: &str) -> Result<(), BadSetting> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let token = |token: &str| !token.is_empty() && token.chars().all(fits);
        if subject.len() <= SUBJECT_MAX && subject.split('.').all(token) {
            return Ok(());
        }
        Err(BadSetting::new(
            "a subject's words have letters, digits, underscores and hyphens, and dots between them",
        ))
    }
}

fn pass(text: &str) -> Result<Pass, BadSetting> {
    let text = text.trim();
    if text.starts_with("-----BEGIN NATS") {
        // Its reader wants the last line whole, and whoever keeps secrets in files takes their last newline off.
        let text = format!("{text}\n");
        let unread = ConnectOptions::with_credentials(&text).is_err();
        if unread {
            return Err(BadSetting::new(
                "MATINEE_NATS_CREDENTIALS: the file of credentials cannot be read",
            ));
        }
        return Ok(Pass::Creds(text));
    }
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok(Pass::User(user.to_owned(), password.to_owned()))
        }
        None if !text.is_empty() => Ok(Pass::Token(text.to_owned())),
        _ => Err(BadSetting::new(
            "MATINEE_NATS_CREDENTIALS: USER:PASSWORD, a token, or the text of a file of credentials is expected",
        )),
    }
}

/// Sends events.
pub struct Nats {
    settings: NatsSettings,
    shared: Shared<Context>,
}

impl Nats {
    pub fn new(settings: NatsSettings) -> Self {
        let shared = Shared::new();
        Self { settings, shared }
    }

    fn options(&self) -> Result<ConnectOptions, SendError> {
        // Names and secrets were read when the server started.
        let options = match &self.settings.pass {
            None => ConnectOptions::new(),
            Some(Pass::User(user, password)) => {
                ConnectOptions::with_user_and_password(user.clone(), password.clone())
            }
            Some(Pass::Token(token)) => ConnectOptions::with_token(token.clone()),
            Some(Pass::Creds(text)) => {
                ConnectOptions::with_credentials(text).map_err(|error| SendError::Refused {
                    why: error.to_string(),
                    remedy: REMEDY,
                })?
            }
        };
        let options = options
            .name("matinee")
            .connection_timeout(CONNECT)
            // One that broke is made anew here, where it is said why that fails: each server is tried once.
            .max_reconnects(self.settings.servers.hosts.len())
            .require_tls(self.settings.servers.tls);
        Ok(if self.settings.servers.tls {
            options.tls_client_config(broker::tls()?)
        } else {
            options
        })
    }

    async fn connect(&self) -> Result<Context, SendError> {
        install_crypto();
        let scheme = if self.settings.servers.tls {
            "tls"
        } else {
            "nats"
        };
        let hosts = self.settings.servers.hosts.iter();
        let addresses: Vec<_> = hosts.map(|host| format!("{scheme}://{host}")).collect();
        let connected = self.options()?.connect(addresses).await;
        let client = connected.map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                SendError::Refused {
                    why: error.to_string(),
                    remedy: REMEDY,
                }
            }
            _ => broker::unreached(&error),
        })?;
        let mut context = jetstream::new(client);
        context.set_timeout(ANSWER);
        Ok(context)
    }
}

#[async_trait]
impl Channel for Nats {
    fn medium(&self) -> Medium {
        Medium::Nats
    }

    fn provider(&self) -> &'static str {
        NAME
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let Recipient::Outlet { booking } = &parcel.to else {
            return Err(wrong_recipient());
        };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, parcel.name.as_str());
        headers.insert("content-type", super::CLOUD_EVENT);
        let subject = format!("{}.booking.{booking}", self.settings.subject);
        let body = parcel.letter.data.to_string();
        let up = |context: &Context| context.client().connection_state() == State::Connected;
        let context = self.shared.get(up, || self.connect()).await?;
        let published = context.publish_with_headers(subject, headers, body.into());
        let acknowledged = match published.await {
            Ok(acknowledgement) => acknowledgement.await.map(drop),
            Err(error) => Err(error),
        };
        let Err(error) = acknowledged.map_err(|error| judge(&error)) else {
            return Ok(());
        };
        if !matches!(error, SendError::Unsendable(_)) {
            self.shared.broke(&context).await;
        }
        Err(error)
    }
}

fn judge(error: &PublishError) -> SendError {
    let source = error.source().map(ToString::to_string);
    let why = error.to_string();
    match error.kind() {
        PublishErrorKind::StreamNotFound => SendError::Refused {
            why,
            remedy: REMEDY,
        },
        PublishErrorKind::MaxPayloadExceeded => SendError::Unsendable(why),
        PublishErrorKind::Other if source.is_some_and(|text| text.contains(TOO_LARGE)) => {
            SendError::Unsendable(why)
        }
        // No acknowledgement in time, a stream that is full, a leader that is being chosen.
        _ => SendError::Away(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let open = |address, credentials| NatsSettings::new(address, "matinee.events", credentials);
        assert!(open("nats://a.example", None).is_ok());
        assert!(open("tls://a.example", Some("me:hunter2:x")).is_ok());
        assert!(open("nats://localhost", Some("hunter2")).is_ok());
        for (address, credentials) in [
            ("a.example", None),
            ("nats://a.example", Some("me:hunter2")),
            ("nats://me:hunter2@a.example", None),
            ("tls://a.example", Some(":hunter2")),
            ("tls://a.example", Some("")),
            (
                "tls://a.example",
                Some("-----BEGIN NATS USER JWT-----\nhunter2"),
            ),
        ] {
            let error = open(address, credentials).err().unwrap().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for subject in ["", ".", "a..b", "a.*", "a.>", "a b", "ä"] {
            assert!(NatsSettings::check_subject(subject).is_err(), "{subject}");
        }
        assert!(NatsSettings::check_subject("matinee.events-1_x").is_ok());
    }

    #[test]
    fn an_error_is_the_events_ours_or_the_servers() {
        for (kind, outcome) in [
            (PublishErrorKind::StreamNotFound, "refused"),
            (PublishErrorKind::MaxPayloadExceeded, "unsendable"),
            (PublishErrorKind::TimedOut, "away"),
            (PublishErrorKind::BrokenPipe, "away"),
            (PublishErrorKind::Other, "away"),
        ] {
            assert_eq!(judge(&PublishError::new(kind)).outcome(), outcome);
        }
    }
}
