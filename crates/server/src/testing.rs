//! A whole server without sockets, on a database of its own and a clock that tests turn: for this crate's tests.

use crate::{
    AppState,
    auth::Caller,
    config::Config,
    http::outer::Outer,
    importing,
    routes::{self, ui::Ui},
    serve,
};
use axum::{
    Router,
    body::Body,
    extract::FromRequestParts as _,
    http::{HeaderMap, Method, Request, StatusCode},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use http_body_util::BodyExt;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, Clock, GatewayError, JobNotes, PaymentGateway,
    RefundRequest, Ways,
};
use matinee_domain::ids::ShowId;
use matinee_store::{catalog::ShowQuery, idempotency::IdempotencyKey};
use parking_lot::Mutex;
use serde_json::{Value, json};
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
    /// As it was sent.
    pub bytes: bytes::Bytes,
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
        self.restarted_with(|_| ()).await
    }

    /// The same with other settings.
    pub async fn restarted_with(self, change: impl FnOnce(&mut Config)) -> Self {
        self.app.store.close().await;
        let mut config = self.app.config.clone();
        change(&mut config);
        Self::open(self.dir, config, self.clock, Router::new()).await
    }

    async fn open(
        dir: tempfile::TempDir,
        config: Config,
        clock: Arc<TurnedClock>,
        more: Router,
    ) -> Self {
        let listen = config.listen;
        let app = serve::open(
            config,
            ("http://127.0.0.1:8080", None),
            Arc::clone(&clock) as _,
        )
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

    /// A small theater with three shows a day ahead, and payments in the sandbox.
    pub async fn cinema() -> Self {
        Self::cinema_with(|config| config.sandbox_payments = true, Router::new()).await
    }

    /// The same with other settings and more routes.
    pub async fn cinema_with(change: impl FnOnce(&mut Config), more: Router) -> Self {
        let house = Self::with(change, more).await;
        let opening = "2030-05-03T12:00:00Z".parse().unwrap();
        *house.clock.0.lock() = opening;
        house.import(|_| ()).await;
        house
    }

    /// Imports the small theater's catalog as `change` leaves it.
    pub async fn import(&self, change: impl FnOnce(&mut Value)) {
        const SMALL: &[u8] = include_bytes!("../../../demo/examples/small-theater.json");
        let mut file: Value = serde_json::from_slice(SMALL).unwrap();
        change(&mut file);
        let app = &self.app;
        let files = [serde_json::to_vec(&file).unwrap()];
        let catalog = importing::read_catalogs(&*app.store, &files).await.unwrap();
        importing::put(&*app.store, catalog, self.clock.now(), &*app.entropy)
            .await
            .unwrap();
        // The job that notices is not running here.
        app.catalog.watch().await.unwrap();
    }

    /// The ids of the small theater's shows, by start.
    pub async fn shows(&self) -> Vec<ShowId> {
        let query = ShowQuery {
            limit: 100,
            ..ShowQuery::default()
        };
        let shows = self.app.store.shows(query).await.unwrap();
        shows.iter().map(|listed| listed.show.show_id).collect()
    }

    /// Holds seats as a guest: the booking's id and the guest's authorization.
    pub async fn hold(&self, count: u16) -> (String, String) {
        let show = self.shows().await[0];
        let body = json!({ "show_id": show, "best": count, "guest_email": "guest@example.org" });
        let held = self.post("/book", &[], body).await;
        assert_eq!(held.status, StatusCode::CREATED, "{held:?}");
        let bearer = format!("Bearer {}", held.text("guest_token"));
        (held.text("booking_id"), bearer)
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
        self.send_from(peer, request).await
    }

    async fn send_from(&self, peer: SocketAddr, request: Request<Body>) -> Heard {
        let response = self.outer.answer(request, peer).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Heard {
            status: parts.status,
            headers: parts.headers,
            body,
            bytes,
        }
    }

    /// `POST /api/v1{path}` from another address.
    pub async fn post_from(&self, peer: SocketAddr, path: &str, body: Value) -> Heard {
        let request = Request::post(format!("/api/v1{path}"))
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.send_from(peer, request).await
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
            .claim_messages("email", now, now + TimeDelta::days(1), 100)
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

    /// The same desk with a bank that cannot be reached.
    pub fn broken_bank(&self) -> matinee_booking::Desk {
        let desk = &self.app.desk;
        matinee_booking::Desk {
            store: Arc::clone(&desk.store),
            promos: Arc::clone(&desk.promos),
            cancellations: Arc::clone(&desk.cancellations),
            moves: Arc::clone(&desk.moves),
            gifts: Arc::clone(&desk.gifts),
            shows: Arc::clone(&desk.shows),
            gateway: Some(Arc::new(BrokenBank)),
            counter: None,
            clock: Arc::clone(&desk.clock),
            entropy: Arc::clone(&desk.entropy),
            render: Arc::clone(&desk.render),
            hold_life: desk.hold_life,
            quotas: desk.quotas,
            refunds_refused: std::sync::atomic::AtomicU64::default(),
            notes: JobNotes::default(),
        }
    }

    /// The idempotency key of a guest's request.
    pub fn key_of(&self, bearer: &str, path: &str, body: &str, key: &str) -> IdempotencyKey {
        let request = Request::post(path)
            .header("authorization", bearer)
            .header("idempotency-key", key);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let caller = Caller::from_request_parts(&mut parts, &self.app);
        let caller = caller.now_or_never().unwrap().unwrap();
        caller.idempotency("POST", path, body.as_bytes()).unwrap()
    }

    /// Closes the database.
    pub async fn close(self) {
        self.app.store.close().await;
    }
}

struct BrokenBank;

#[async_trait::async_trait]
impl PaymentGateway for BrokenBank {
    fn name(&self) -> &'static str {
        "broken"
    }
    fn is_test(&self) -> bool {
        true
    }
    fn ways(&self) -> Ways {
        Ways {
            hosted: false,
            simulated: true,
            ..Ways::default()
        }
    }
    async fn authorize(&self, _: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
    async fn look(&self, _: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
    async fn capture(&self, _: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
    async fn void(&self, _: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
    async fn refund(
        &self,
        _: &ChargeName,
        _: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
    async fn simulate(&self, _: &ChargeName, _: bool) -> Result<ChargeAnswer, GatewayError> {
        unclear()
    }
}

fn unclear() -> Result<ChargeAnswer, GatewayError> {
    Err(GatewayError::Unclear("as a test".into()))
}
