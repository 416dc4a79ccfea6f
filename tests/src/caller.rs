//! A caller: anonymous, a guest with a token, or a signed-in user.

use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};
use std::{sync::OnceLock, time::Duration};

/// Hung tests end by themselves; live streams go on longer than any.
const NO_END: Duration = Duration::from_hours(1);

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
    /// The problem's code, or empty.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
    /// A header's text, or empty.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
    /// The answer, when it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }
    /// The answer, when it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.code(),
            code,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        assert!(
            answer
                .header("content-type")
                .starts_with("application/problem+json")
        );
        let body = answer.json();
        assert!(
            !body["request_id"].as_str().unwrap_or_default().is_empty(),
            "{body}"
        );
        assert_eq!(body["status"], status);
        answer
    }
}

/// Somebody who calls the server.
#[derive(Debug, Clone)]
pub struct Caller {
    base: String,
    client: Client,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

/// A client; a request that takes longer than `patience` fails.
pub(crate) fn client(patience: Duration) -> Client {
    static CLIENT: OnceLock<()> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // Only the first of several tests installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    // What the server sends is what a test sees, whatever another package's build switches on.
    Client::builder()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .timeout(patience)
        .build()
        .expect("a client needs nothing from outside")
}

impl Caller {
    pub fn new(url: &str) -> Self {
        Self {
            base: url.to_owned(),
            client: client(NO_END),
            token: None,
            headers: Vec::new(),
        }
    }
    /// The same caller with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }
    /// The token it calls with.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
    /// The same caller with one more header on every request.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self {
            headers,
            ..self.clone()
        }
    }
    /// The same caller with an idempotency key.
    pub fn with_key(&self, key: &str) -> Self {
        self.with_header("idempotency-key", key)
    }

    /// Sends a request to a path below the base path (or from the root when it begins with `//`).
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let url = match path.strip_prefix("//") {
            Some(rest) => format!("{}/{rest}", self.base),
            None => format!("{}{}{path}", self.base, matinee_api::BASE_PATH),
        };
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            if !self
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            bytes: response.bytes().await?.to_vec(),
        })
    }

    /// Opens a stream: the answer with its body still to come.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{}{path}", self.base, matinee_api::BASE_PATH);
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.send().await.expect("the server answers")
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None)
            .await
            .expect("the server answers")
    }
    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()))
            .await
            .expect("the server answers")
    }
    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes()))
            .await
            .expect("the server answers")
    }
    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes()))
            .await
            .expect("the server answers")
    }
    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None)
            .await
            .expect("the server answers")
    }

    /// A show that starts in at least two hours, in a theater whose single-seat-gap rule does not refuse.
    pub async fn some_show(&self) -> Value {
        let theaters = self.get("/theaters").await.expect(200).json();
        for theater in theaters["items"].as_array().into_iter().flatten() {
            let id = theater["theater_id"].as_str().unwrap_or_default();
            let movies = self
                .get(&format!("/theaters/{id}/movies"))
                .await
                .expect(200)
                .json();
            let shows = movies["items"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|m| m["shows"].as_array().cloned().unwrap_or_default());
            let mut shows: Vec<Value> = shows.collect();
            shows.sort_by_key(|show| show["start_time"].as_str().map(ToOwned::to_owned));
            if let Some(show) = shows.pop() {
                return show;
            }
        }
        panic!("the demo has no shows");
    }

    /// Holds the best `count` seats of a show as a guest; the booking and a caller with its token.
    pub async fn hold(&self, show_id: &str, count: u16) -> (Value, Self) {
        let body = json!({ "show_id": show_id, "best": count, "guest_email": "guest@example.com" });
        let booking = self.post("/book", body).await.expect(201).json();
        let token = booking["guest_token"]
            .as_str()
            .expect("a guest gets a token")
            .to_owned();
        (booking, self.with_token(&token))
    }

    /// Holds and pays; the confirmed booking and a caller with its token.
    pub async fn buy(&self, show_id: &str, count: u16) -> (Value, Self) {
        let (booking, guest) = self.hold(show_id, count).await;
        let body = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
        let booking = guest.post("/payment", body).await.expect(200).json();
        assert_eq!(booking["status"], "confirmed");
        (booking, guest)
    }
}
