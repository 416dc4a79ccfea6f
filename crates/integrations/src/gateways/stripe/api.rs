//! Calling Stripe: forms out, JSON in, and what an answer means. Which calls there are is not here.
//!
//! A call that changes something carries an idempotency key, so that Stripe makes its change once. It is repeated here
//! only when it certainly had no effect (no connection, "too many", "another one with this key is at work"); after an
//! answer that was lost the caller looks first. Stripe keeps the answer of a key for a day, also a refusal or a 5xx: that
//! it is an old one is told by a header. After an old 5xx a fresh key follows here; after an old refusal where it is used.

use super::{
    objects::{ErrorAnswer, ErrorBody},
    settings::StripeSettings,
};
use crate::Secret;
use matinee_booking::{GatewayError, GatewayHealth, Trouble};
use reqwest::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use std::{
    sync::{Arc, Once},
    time::{Duration, Instant},
};
use url::Url;

/// The version whose objects are read here; tests hold the recorded shapes of it against what is sent and read.
pub(super) const VERSION: &str = "2026-10-28.endive";
pub(super) const GATEWAY: &str = "stripe";
/// Whose key this is; not every key may know.
pub(super) const ACCOUNT: &str = "/v1/account";

/// Pauses before a call is made again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1500),
];
/// A longer pause than this is not waited for: the jobs come back.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Keys tried for one change, when Stripe keeps answering an old error to the first.
pub(super) const KEYS: usize = 8;
/// Most bytes of an answer; a page of a hundred expanded charges stays far below.
const MOST_BYTES: usize = 4 << 20;

/// Members of a request, in Stripe's bracket notation.
pub(super) type Form = Vec<(String, String)>;

/// Puts members together.
pub(super) fn form<const N: usize>(members: [(&str, &str); N]) -> Form {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    members.into_iter().map(owned).collect()
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub object: T,
    /// It is the kept answer of an earlier call: how things were then.
    pub replayed: bool,
}

/// No good answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Stripe did not do it and says why; `replayed`: that is how it was when this key was used first.
    Refused {
        status: u16,
        error: ErrorBody,
        replayed: bool,
    },
    /// It may have happened, or may yet: look, or come back later.
    Unclear(String),
    /// The kept error of an earlier call with this key: this one had no effect.
    Burnt,
}

impl Failure {
    /// As the use cases hear it, when nothing better is known.
    pub fn unclear(self) -> GatewayError {
        GatewayError::Unclear(match self {
            Self::Refused { status, error, .. } => {
                let code = error.code.unwrap_or(error.kind);
                format!("Stripe refused a call ({status} {code})")
            }
            Self::Unclear(why) => why,
            Self::Burnt => "Stripe answers old errors only; it is tried again".into(),
        })
    }
}

/// The connection.
pub(super) struct Api {
    client: reqwest::Client,
    base: Url,
    key: Secret,
    /// After this no call is begun again.
    patience: Duration,
    pub health: Arc<GatewayHealth>,
}

/// rustls takes its cryptography from the process; ring is the one this project builds.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error only says that the process already chose, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl Api {
    pub fn new(settings: &StripeSettings) -> Result<Self, String> {
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Matinee/", env!("CARGO_PKG_VERSION")))
            // The key goes to Stripe and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.timeout.min(Duration::from_secs(5)))
            .timeout(settings.timeout)
            .pool_idle_timeout(Duration::from_mins(1));
        if settings.api.scheme() == "http" {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build().map_err(|error| error.to_string())?,
            base: settings.api.clone(),
            key: settings.secret_key.clone(),
            patience: settings.timeout,
            health: Arc::default(),
        })
    }

    /// Reads an object or a list.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: Form) -> Result<T, Failure> {
        let told = self.patiently(Method::GET, path, &query, None).await;
        told.map(|told| told.object)
    }

    /// Changes something, once per key; a burnt key is followed by a fresh one.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: Form,
        key: &str,
    ) -> Result<Told<T>, Failure> {
        for number in 0..KEYS {
            match self.post_with(path, &form, &fresh(key, number)).await {
                Err(Failure::Burnt) => {}
                told => return told,
            }
        }
        Err(Failure::Burnt)
    }

    /// Changes something with exactly this key.
    pub async fn post_with<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<Told<T>, Failure> {
        self.patiently(Method::POST, path, form, Some(key)).await
    }

    async fn patiently<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> Result<Told<T>, Failure> {
        let reads = method == Method::GET;
        let (begun, mut pauses) = (Instant::now(), PAUSES.into_iter());
        loop {
            let attempt = self.once(&method, path, form, key).await;
            let Missed {
                again,
                passing,
                asked,
                failure,
            } = match attempt {
                Ok(told) => return Ok(told),
                Err(missed) => missed,
            };
            let (true, Some(pause)) = (again || reads && passing, pauses.next()) else {
                return Err(failure);
            };
            let pause = asked.unwrap_or(pause).max(pause);
            if pause > LONGEST_PAUSE || begun.elapsed() + pause > self.patience {
                return Err(failure);
            }
            self.health.again();
            tokio::time::sleep(pause).await;
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> Result<Told<T>, Missed> {
        let mut url = self.base.clone();
        url.set_path(path);
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let reads = *method == Method::GET;
        if reads && !form.is_empty() {
            url.set_query(Some(&encoded));
        }
        let mut request = self
            .client
            .request(method.clone(), url)
            .bearer_auth(self.key.expose())
            .header("Stripe-Version", VERSION);
        if !reads {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(encoded);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        match request.send().await {
            Ok(response) => self.read(path, response).await,
            // Only what could not be sent is certain to have had no effect.
            Err(error) => Err(self.silent(&error, error.is_connect())),
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        mut response: reqwest::Response,
    ) -> Result<Told<T>, Missed> {
        let status = response.status();
        let has = |name: &str| {
            response
                .headers()
                .get(name)
                .is_some_and(|value| value == "true")
        };
        let replayed = has("idempotent-replayed");
        let asked = response.headers().get(header::RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
        let asked = asked.map(Duration::from_secs);
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= MOST_BYTES => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(None) => break,
                Ok(Some(_)) => return Err(self.missed(Trouble::Nonsense, "an endless answer")),
                Err(error) => return Err(self.silent(&error, false)),
            }
        }
        if status.is_success() {
            return match serde_json::from_slice(&bytes) {
                Ok(object) => {
                    self.health.well(GATEWAY);
                    Ok(Told { object, replayed })
                }
                // Where it does not fit is said without what stood there.
                Err(error) => {
                    let place = format!("line {} column {}", error.line(), error.column());
                    Err(self.missed(Trouble::Nonsense, &place))
                }
            };
        }
        let error = serde_json::from_slice::<ErrorAnswer>(&bytes);
        let error = error.map_or_else(|_| ErrorBody::default(), |answer| answer.error);
        if path == ACCOUNT && status == StatusCode::FORBIDDEN {
            // A right that is not needed.
            self.health.well(GATEWAY);
            let failure = Failure::Refused {
                status: status.as_u16(),
                error,
                replayed,
            };
            return Err(Missed {
                again: false,
                passing: false,
                asked: None,
                failure,
            });
        }
        Err(self.refused(status, error, replayed, asked))
    }

    /// What an answer that is no success means.
    fn refused(
        &self,
        status: StatusCode,
        error: ErrorBody,
        replayed: bool,
        asked: Option<Duration>,
    ) -> Missed {
        let code = error.code.clone().unwrap_or_else(|| error.kind.clone());
        let said = format!("{} {code}", status.as_u16());
        let trouble = match status.as_u16() {
            401 => Trouble::Key,
            403 => Trouble::Rights,
            429 => Trouble::Limited,
            // Another call with this key, or on this object, is at work.
            409 => {
                self.health.well(GATEWAY);
                return Missed {
                    again: true,
                    passing: true,
                    asked,
                    failure: Failure::Unclear(format!("Stripe is at it already ({said})")),
                };
            }
            500.. if replayed => {
                self.health.trouble(GATEWAY, Trouble::Outage, &said);
                return Missed {
                    again: false,
                    passing: true,
                    asked,
                    failure: Failure::Burnt,
                };
            }
            500.. => Trouble::Outage,
            status => {
                let ours = status != 402 && code.starts_with("parameter_");
                if ours {
                    self.health.trouble(GATEWAY, Trouble::BadRequest, &said);
                } else {
                    self.health.well(GATEWAY);
                }
                return Missed {
                    again: false,
                    passing: false,
                    asked,
                    failure: Failure::Refused {
                        status,
                        error,
                        replayed,
                    },
                };
            }
        };
        Missed {
            again: trouble == Trouble::Limited,
            asked,
            ..self.missed(trouble, &said)
        }
    }

    fn silent(&self, error: &reqwest::Error, again: bool) -> Missed {
        let what = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        };
        Missed {
            again,
            ..self.missed(Trouble::Silence, what)
        }
    }

    fn missed(&self, trouble: Trouble, said: &str) -> Missed {
        self.health.trouble(GATEWAY, trouble, said);
        Missed {
            again: false,
            passing: matches!(
                trouble,
                Trouble::Limited | Trouble::Outage | Trouble::Silence
            ),
            asked: None,
            failure: Failure::Unclear(format!("Stripe: {} ({said})", trouble.as_str())),
        }
    }

    /// Notes an answer that does not fit what was asked.
    pub fn nonsense(&self, said: &str) -> GatewayError {
        self.missed(Trouble::Nonsense, said).failure.unclear()
    }
}

/// The key of the `number`th try: the first is what is on record.
pub(super) fn fresh(key: &str, number: usize) -> String {
    match number {
        0 => key.to_owned(),
        number => format!("{key}-{number}"),
    }
}

/// One attempt without a good answer.
struct Missed {
    /// It certainly had no effect, and may have one soon.
    again: bool,
    /// It may be better soon, which is enough to read again.
    passing: bool,
    /// The pause Stripe asks for.
    asked: Option<Duration>,
    failure: Failure,
}
