//! The layer round all routes: checks, bounds, and what every answer carries. One plain async function instead of a
//! tower of layers, since every request of every kind passes here.

use super::{
    ApiError, Context,
    context::{RequestId, RequestIds},
    gate::{self, Gate},
    problem, security,
};
use crate::{app::AppState, lan::Lan};
use axum::body::HttpBody as _;
use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use matinee_api::ProblemCode;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};
use tower::{Layer, Service};

/// A handler that takes longer is given up; streams answer at once and go on.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests answered at a time; more are told to come back.
const IN_FLIGHT_MAX: i64 = 8192;
/// Slower answers are worth a line in the log.
const SLOW: Duration = Duration::from_secs(2);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// All routes with what stands round them.
pub struct Outer {
    app: AppState,
    router: Router,
    gate: Gate,
    ids: RequestIds,
    /// This listener speaks TLS.
    tls: bool,
    /// And will next year, so that browsers may insist on it.
    lasting: bool,
    timeout: Duration,
}

impl Outer {
    /// Wraps the routes of a server that listens at `listen`.
    pub fn new(app: AppState, router: Router, listen: IpAddr, tls: bool) -> Arc<Self> {
        let gate = Gate::new(&app.config, listen);
        Self::behind(app, router, gate, (tls, true))
    }

    /// The same on the local network. Its certificate may be one of this server's own, which a person may trust no more
    /// tomorrow: browsers are not told to insist on it.
    pub fn on_lan(app: AppState, router: Router, lan: &Lan) -> Arc<Self> {
        let gate = Gate::new(&app.config, Ipv4Addr::UNSPECIFIED.into()).called(lan.names());
        let lasting = lan.authority().is_none();
        Self::behind(app, router, gate, (true, lasting))
    }

    fn behind(
        app: AppState,
        router: Router,
        gate: Gate,
        (tls, lasting): (bool, bool),
    ) -> Arc<Self> {
        let ids = RequestIds::new(app.entropy.bytes());
        Arc::new(Self {
            app,
            router,
            gate,
            ids,
            tls,
            lasting,
            timeout: TIMEOUT,
        })
    }

    /// The same layer with less patience.
    #[cfg(test)]
    pub fn impatient(self: Arc<Self>, timeout: Duration) -> Arc<Self> {
        let mut outer = Arc::into_inner(self).unwrap();
        outer.timeout = timeout;
        Arc::new(outer)
    }

    /// Counts a connection while the returned value lives.
    pub fn connection(&self) -> impl Drop + use<> {
        Connection::new(Arc::clone(&self.app))
    }

    /// Answers one request of a connection from `peer`.
    pub async fn answer(&self, request: Request, peer: SocketAddr) -> Response {
        let began = Instant::now();
        let request_id = self.ids.next();
        let api = is_api(request.uri());
        let method = request.method().clone();
        let host = Gate::host_of(request.uri(), request.headers());
        let trusted = self
            .app
            .config
            .trusted_proxies
            .iter()
            .any(|network| network.contains(peer.ip()));
        let context = Context::new(
            request_id,
            if trusted {
                self.forwarded_address(request.headers(), peer.ip())
            } else {
                peer.ip()
            },
            self.tls
                || self.gate.is_secure_by_name(host.as_ref())
                || (trusted && header_is(request.headers(), FORWARDED_PROTO, "https")),
        );
        let mut response = match self.admit(&request, api) {
            Ok(()) => self.run(request, &context).await,
            Err(error) => error.into_response(),
        };
        self.finish(&mut response, &context, api);
        let took = began.elapsed();
        let status = response.status().as_u16();
        self.app.metrics.answered(context.route(), status, took);
        log(request_id, &method, &context, status, took);
        response
    }

    /// Everything that is decided by the head alone. Probes of the machine's health may come by any name.
    fn admit(&self, request: &Request, api: bool) -> Result<(), ApiError> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if matches!(uri.path(), "/healthz" | "/readyz") {
            return Ok(());
        }
        let host = Gate::host_of(uri, headers);
        self.gate.check_host(host.as_ref())?;
        if gate::is_unsafe(method) {
            self.gate.check_origin(host.as_ref(), headers)?;
            if api {
                gate::check_content_type(method, headers, request.body().is_end_stream())?;
            }
        }
        Ok(())
    }

    async fn run(&self, mut request: Request, context: &Arc<Context>) -> Response {
        let in_flight = &self.app.metrics.in_flight;
        if in_flight.get() >= IN_FLIGHT_MAX {
            return ApiError::new(
                ProblemCode::Overloaded,
                "The server has its hands full. Nothing was changed; try again in a moment.",
            )
            .retry_after(1)
            .into_response();
        }
        let _one_more = InFlight::new(in_flight);
        request.extensions_mut().insert(Arc::clone(context));
        let mut router = self.router.clone();
        let answer = AssertUnwindSafe(tokio::time::timeout(self.timeout, router.call(request)))
            .catch_unwind();
        match answer.await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_elapsed)) if context.is_reading() => slow_request(),
            Ok(Err(_elapsed)) => ApiError::new(
                ProblemCode::Unavailable,
                "The answer took too long. Send the same request with the same Idempotency-Key to learn its outcome.",
            )
            .retry_after(2)
            .into_response(),
            Err(_panic) => {
                self.app.metrics.panics.add(1);
                ApiError::new(
                    ProblemCode::Internal,
                    "Something went wrong on our side. What was begun is finished or undone by itself.",
                )
                .into_response()
            }
        }
    }

    /// What every answer carries.
    fn finish(&self, response: &mut Response, context: &Context, api: bool) {
        let status = response.status();
        let failed = status.is_client_error() || status.is_server_error();
        // A refusal outside /api (a wrong host, a timeout) is a problem as well when it began as one.
        if failed
            && (api
                || response
                    .extensions()
                    .get::<Arc<matinee_api::Problem>>()
                    .is_some())
        {
            problem::write_body(response, context.request_id.as_str());
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, context.request_id.header());
        if let Some(cookie) = context.cookie() {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
        security::add_headers(headers, api, context.secure && self.lasting);
    }

    /// The caller's address as trusted proxies tell it: the last one in the list that is not one of them.
    fn forwarded_address(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let proxies = &self.app.config.trusted_proxies;
        let mut address = peer;
        let values: Vec<_> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Ok(found) = text.trim().parse::<IpAddr>() else {
                break;
            };
            address = found;
            if !proxies.iter().any(|network| network.contains(found)) {
                break;
            }
        }
        address
    }
}

/// The rest of the body is not waited for, so the connection is of no more use.
fn slow_request() -> Response {
    let mut response = ApiError::new(
        ProblemCode::RequestTimeout,
        "The request did not arrive whole in time. Nothing was changed; send it again.",
    )
    .into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

fn header_is(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    headers
        .get(name)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
}

/// True for `/api` and everything below it.
pub fn is_api(uri: &Uri) -> bool {
    uri.path()
        .strip_prefix("/api")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// No address, no query, no identity: patterns and numbers only. At `info` a normal request costs nothing here.
fn log(request_id: RequestId, method: &Method, context: &Context, status: u16, took: Duration) {
    let route = context.route().unwrap_or("none");
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(%request_id, %method, route, status, us, "answered");
    } else if took >= SLOW {
        tracing::info!(%request_id, %method, route, status, us, "answered slowly");
    } else {
        tracing::debug!(%request_id, %method, route, status, us, "answered");
    }
}

struct Connection(AppState);
impl Connection {
    fn new(app: AppState) -> Self {
        app.metrics.connections.add(1);
        Self(app)
    }
}
impl Drop for Connection {
    fn drop(&mut self) {
        self.0.metrics.connections.add(-1);
    }
}

struct InFlight<'a>(&'a super::metrics::Gauge);
impl<'a> InFlight<'a> {
    fn new(gauge: &'a super::metrics::Gauge) -> Self {
        gauge.add(1);
        Self(gauge)
    }
}
impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}

/// Tells the outer layer which route answers. Put round the routes with `route_layer`; adds no future of its own.
#[derive(Debug, Clone, Copy)]
pub struct NoteRoute;

impl<S> Layer<S> for NoteRoute {
    type Service = Noting<S>;
    fn layer(&self, inner: S) -> Noting<S> {
        Noting(inner)
    }
}

/// See [`NoteRoute`].
#[derive(Debug, Clone)]
pub struct Noting<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Noting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let extensions = request.extensions();
        if let (Some(context), Some(route)) = (
            extensions.get::<Arc<Context>>(),
            extensions.get::<MatchedPath>(),
        ) {
            context.matched(route.clone());
        }
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests;
