//! A whole server without sockets, on a database of its own and a clock that tests turn: for this crate's tests.

use crate::{
    AppState,
    config::Config,
    http::outer::Outer,
    routes::{self, ui::Ui},
    serve,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::BodyExt;
use matinee_booking::Clock;
use parking_lot::Mutex;
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc};

/// A clock that stands still until it is turned.
pub struct TurnedClock(Mutex<DateTime<Utc>>);

impl Clock for TurnedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

/// The server and its folder.
pub struct House {
    pub app: AppState,
    pub dir: tempfile::TempDir,
    outer: Arc<Outer>,
    clock: Arc<TurnedClock>,
}

/// An answer.
#[derive(Debug)]
pub struct Heard {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null when there is none.
    pub body: Value,
}

impl Heard {
    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
    /// A text of the body.
    pub fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_default().to_owned()
    }
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
    /// `name=value` of the cookie that is set.
    pub fn cookie(&self) -> String {
        self.header("set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

impl House {
    /// A server with default settings.
    pub async fn new() -> Self {
        Self::with(|_| {}, Router::new()).await
    }

    /// A server with other settings and more routes.
    pub async fn with(change: impl FnOnce(&mut Config), more: Router) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::in_process(&dir.path().join("m.db"));
        change(&mut config);
        let clock = Arc::new(TurnedClock(Mutex::new(Utc::now())));
        Self::open(dir, config, clock, more).await
    }

    /// The server stopped and started again on its database.
    pub async fn restarted(self) -> Self {
        self.app.store.close().await;
        let config = self.app.config.clone();
        Self::open(self.dir, config, self.clock, Router::new()).await
    }

    async fn open(
        dir: tempfile::TempDir,
        config: Config,
        clock: Arc<TurnedClock>,
        more: Router,
    ) -> Self {
        let listen = config.listen;
        let app = serve::open(config, "http://127.0.0.1:8080", Arc::clone(&clock) as _)
            .await
            .unwrap();
        let router = routes::router(Arc::clone(&app), Ui::open(None).unwrap()).merge(more);
        let outer = Outer::new(Arc::clone(&app), router, listen.ip(), false);
        Self {
            app,
            dir,
            outer,
            clock,
        }
    }

    /// The same server, that gives a handler up after this.
    pub fn impatient(mut self, timeout: std::time::Duration) -> Self {
        self.outer = self.outer.impatient(timeout);
        self
    }

    /// Lets time pass.
    pub fn later(&self, by: TimeDelta) {
        *self.clock.0.lock() += by;
        // The cache of sessions goes by the machine's time, which does not pass here.
        self.app.sessions.forget_all();
    }

    /// Sends a request from 192.0.2.1.
    pub async fn send(&self, request: Request<Body>) -> Heard {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
        let response = self.outer.answer(request, peer).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Heard {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends JSON (or nothing, for null) with headers.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Heard {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080");
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    /// `POST /api/v1{path}`
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Heard {
        self.call(Method::POST, &format!("/api/v1{path}"), headers, body)
            .await
    }

    /// `GET /api/v1{path}`
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Heard {
        self.call(Method::GET, &format!("/api/v1{path}"), headers, Value::Null)
            .await
    }

    /// The secrets of mailed links of this kind, oldest first; takes them out of the outbox.
    pub async fn mailed(&self, kind: &str) -> Vec<String> {
        let now = self.clock.now();
        let messages = self
            .app
            .store
            .claim_messages(now, now + TimeDelta::days(1), 100)
            .await
            .unwrap();
        let of_kind = messages
            .into_iter()
            .filter(|claimed| claimed.message.kind == kind);
        of_kind
            .map(|claimed| {
                let payload: Value = serde_json::from_str(&claimed.message.payload).unwrap();
                let path = payload["path"].as_str().unwrap();
                path.split_once("#token=").unwrap().1.to_owned()
            })
            .collect()
    }

    /// Closes the database.
    pub async fn close(self) {
        self.app.store.close().await;
    }
}
