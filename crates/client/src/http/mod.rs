//! The one place that talks HTTP: sends a call, repeats it where that is safe, bounds what comes back, and turns every
//! failure into a [`ClientError`].
//!
//! Knows nothing of the calls themselves, of sessions or of the copy on this device.

mod answer;
pub(crate) mod events;

pub(crate) use answer::Answer;

use crate::{error::ClientError, fresh::Reach, origin::Origin, secrets::Secret};
use matinee_api::{BASE_PATH, GUEST_SECRET, IDEMPOTENCY_KEY, ProblemCode};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};
use serde::Serialize;
use std::{
    sync::{Arc, Once},
    time::Duration,
};
use url::Url;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a whole call may take, answer included.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Pauses before a call is sent again; as many repetitions as there are pauses.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_200)];
/// Longest pause a server may ask for before this client answers with the failure instead.
const MAX_ASKED_PAUSE: Duration = Duration::from_secs(2);

/// One call of the contract.
pub(crate) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    bearer: Option<Secret>,
    idempotency_key: Option<String>,
    guest_secret: Option<Secret>,
    if_match: Option<u64>,
    if_none_match: Option<String>,
}

impl Call {
    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            bearer: None,
            idempotency_key: None,
            guest_secret: None,
            if_match: None,
            if_none_match: None,
        }
    }
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into())
    }
    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path.into())
    }
    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path.into())
    }
    pub(crate) fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path.into())
    }
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into())
    }
    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name, value.to_string()));
        }
        self
    }
    pub(crate) fn json<T: Serialize>(mut self, body: &T) -> Result<Self, ClientError> {
        let bytes =
            serde_json::to_vec(body).map_err(|error| ClientError::internal(error.to_string()))?;
        self.body = Some(bytes);
        Ok(self)
    }
    pub(crate) fn bearer(mut self, token: Option<Secret>) -> Self {
        self.bearer = token;
        self
    }
    /// Makes the call safe to repeat.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }
    pub(crate) fn guest_secret(mut self, secret: Option<Secret>) -> Self {
        self.guest_secret = secret;
        self
    }
    pub(crate) fn if_match(mut self, version: Option<u64>) -> Self {
        self.if_match = version;
        self
    }

    /// Answered 304 when what this tag came with is still so.
    pub(crate) fn if_none_match(mut self, etag: Option<String>) -> Self {
        self.if_none_match = etag;
        self
    }

    /// Whether sending it twice has the effect of sending it once.
    fn repeatable(&self) -> bool {
        match self.method {
            Method::GET => true,
            Method::PUT => self.if_match.is_none(),
            Method::POST => self.idempotency_key.is_some() || self.path == "/auth/refresh",
            _ => false,
        }
    }

    /// `Some(pause)` when it is to be sent again, with the pause the server asked for.
    #[allow(
        clippy::option_option,
        reason = "the outer says whether, the inner how long"
    )]
    fn again_after(&self, outcome: &Outcome) -> Option<Option<Duration>> {
        let Err(error) = &outcome.result else {
            return None;
        };
        if error.kind == crate::error::ErrorKind::Offline {
            // A connection refused says enough: the server is away, and waiting for it is the caller's choice.
            return (outcome.sent && self.repeatable()).then_some(None);
        }
        let busy = error.is(ProblemCode::IdempotencyInProgress)
            || error.is(ProblemCode::Unavailable)
            || error.is(ProblemCode::Overloaded)
            || error.is(ProblemCode::GatewayUnavailable);
        if !busy || !self.repeatable() {
            return None;
        }
        let asked = error
            .retry_after
            .map(|seconds| Duration::from_secs(seconds.into()));
        (asked.unwrap_or_default() <= MAX_ASKED_PAUSE).then_some(asked)
    }
}

/// The connection to one server.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    origin: Arc<Origin>,
    reach: Arc<Reach>,
}

/// rustls takes its cryptography from the process; ring is the one this project builds.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error only says that the process already chose, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// The system's name as the list of a person's devices shows it.
fn system(os: &str) -> &str {
    match os {
        "linux" => "Linux",
        "windows" => "Windows",
        "macos" => "macOS",
        "android" => "Android",
        "ios" => "iPhone",
        other => other,
    }
}

impl Http {
    pub(crate) fn new(origin: Arc<Origin>, reach: Arc<Reach>) -> Result<Self, ClientError> {
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(format!(
                "Matinee/{} ({})",
                env!("CARGO_PKG_VERSION"),
                system(std::env::consts::OS)
            ))
            // The contract never redirects; following one could carry a token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_mins(1))
            .tcp_keepalive(Duration::from_secs(30));
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| ClientError::internal(chain(&error)))?;
        Ok(Self {
            client,
            origin,
            reach,
        })
    }

    /// Sends the call, again where it is safe and the outcome is not known.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, ClientError> {
        let mut pauses = PAUSES.iter().copied();
        loop {
            let outcome = self.once(call).await;
            let Some(again) = call.again_after(&outcome) else {
                return outcome.result;
            };
            let Some(pause) = pauses.next() else {
                return outcome.result;
            };
            tokio::time::sleep(again.unwrap_or(pause)).await;
        }
    }

    async fn once(&self, call: &Call) -> Outcome {
        let request = self.request(call).timeout(CALL_TIMEOUT);
        let outcome = match request.send().await {
            Ok(response) => match Answer::read(response).await {
                Ok(answer) => Outcome::heard(answer.checked()),
                Err(error) => Outcome {
                    sent: true,
                    result: Err(error),
                },
            },
            Err(error) => Outcome {
                sent: !error.is_connect(),
                result: Err(ClientError::offline(chain(&error))),
            },
        };
        self.reach.report(!matches!(&outcome.result, Err(error) if error.kind == crate::error::ErrorKind::Offline));
        outcome
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let mut url: Url = self.origin.url(&format!("{BASE_PATH}{}", call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self
            .client
            .request(call.method.clone(), url)
            .header(ACCEPT, "application/json");
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        } else if call.method != Method::GET {
            // Unsafe calls must say application/json even when they say nothing else.
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &call.bearer {
            request = bearer_header(request, token);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(secret) = &call.guest_secret {
            request = secret_header(request, GUEST_SECRET, secret.expose());
        }
        if let Some(version) = call.if_match {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        if let Some(etag) = &call.if_none_match {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request
    }

    /// Opens a stream of events; the answer's body is read by the caller, with its own patience.
    pub(crate) async fn open_stream(
        &self,
        path: &str,
        last_event_id: Option<u64>,
        bearer: Option<&Secret>,
    ) -> Result<Response, ClientError> {
        let url = self.origin.url(&format!("{BASE_PATH}{path}"));
        let mut request = self.client.get(url).header(ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id.to_string());
        }
        if let Some(token) = bearer {
            request = bearer_header(request, token);
        }
        let sent = tokio::time::timeout(CALL_TIMEOUT, request.send()).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                self.reach.report(false);
                return Err(ClientError::offline(chain(&error)));
            }
            Err(_) => return Err(ClientError::offline("The server did not answer in time.")),
        };
        self.reach.report(true);
        if response.status().is_success() {
            return Ok(response);
        }
        match Answer::read(response).await?.checked() {
            Err(error) => Err(error),
            Ok(answer) => Err(ClientError::invalid_answer(
                "A stream was expected.",
                Some(answer.status),
            )),
        }
    }

    /// Asks whether the server is there at all.
    pub(crate) async fn probe(&self) -> bool {
        let url = self.origin.url("/healthz");
        let answer = self
            .client
            .get(url)
            .timeout(Duration::from_secs(5))
            .send()
            .await;
        let heard = answer.is_ok_and(|response| response.status().is_success());
        self.reach.report(heard);
        heard
    }
}

struct Outcome {
    /// Whether the request may have reached the server.
    sent: bool,
    result: Result<Answer, ClientError>,
}

impl Outcome {
    fn heard(result: Result<Answer, ClientError>) -> Self {
        Self { sent: true, result }
    }
}

fn bearer_header(request: RequestBuilder, token: &Secret) -> RequestBuilder {
    let value = format!("Bearer {}", token.expose());
    secret_header(request, AUTHORIZATION.as_str(), &value)
}

/// A header that no log of the HTTP stack prints.
fn secret_header(request: RequestBuilder, name: &str, value: &str) -> RequestBuilder {
    match HeaderValue::from_str(value) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(name, value)
        }
        // Not a header value, so it is no token of ours: the server will ask for one.
        Err(_) => request,
    }
}

/// An error with its causes, and without the address it happened at.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    if text.is_empty() {
        "the connection failed".into()
    } else {
        text
    }
}
