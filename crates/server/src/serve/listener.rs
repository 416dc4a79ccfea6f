//! Accepting connections: bounded, without delay, and drained when the server stops.

use super::ServeError;
use crate::{
    AppState,
    http::outer::Outer,
    lan::{self, Lan},
};
use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Open connections; the ones beyond wait to be accepted. Live streams (20,000) and room for buyers.
const CONNECTIONS_MAX: usize = 32_768;
/// Connections the kernel keeps waiting.
const BACKLOG: u32 = 4096;
/// The head of a request must be whole this long after the last answer: closes idle and dawdling connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HTTP2_STREAMS: u32 = 256;
const HTTP2_PING: Duration = Duration::from_secs(30);

/// How a listener is spoken to.
pub enum Transport {
    Plain,
    Tls(TlsAcceptor),
    /// TLS on the local network; what comes in plain text is shown the way.
    Lan(Arc<Lan>),
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes an address; nothing is accepted yet.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let refused = |source| ServeError::Listen { address, source };
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }
        .map_err(refused)?;
        // A server that was just stopped leaves connections behind that must not keep its address.
        #[cfg(unix)]
        socket.set_reuseaddr(true).map_err(refused)?;
        socket.bind(address).map_err(refused)?;
        let socket = socket.listen(BACKLOG).map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `draining`, then waits at most `patience` for what was begun.
    pub async fn serve(
        self,
        outer: Arc<Outer>,
        transport: Transport,
        draining: CancellationToken,
        patience: Duration,
    ) {
        raise_file_limit();
        let builder = Arc::new(http_builder());
        let graceful = GracefulShutdown::new();
        let transport = Arc::new(transport);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let place = tokio::select! {
                () = draining.cancelled() => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let (stream, peer) = tokio::select! {
                () = draining.cancelled() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        pause_after(&error).await;
                        continue;
                    }
                },
            };
            // Answers are small and written whole: waiting to fill a packet only adds delay.
            let _ = stream.set_nodelay(true);
            let outer = Arc::clone(&outer);
            let builder = Arc::clone(&builder);
            let watcher = graceful.watcher();
            let transport = Arc::clone(&transport);
            tokio::spawn(async move {
                let _place = place;
                let tls = match &*transport {
                    Transport::Plain => {
                        serve_connection(&builder, stream, peer, outer, watcher).await;
                        return;
                    }
                    Transport::Tls(tls) => tls,
                    Transport::Lan(lan) => match begins(lan, &stream).await {
                        Some(lan::HANDSHAKE) => lan.acceptor(),
                        Some(_) => return show_the_way(&builder, stream, lan, watcher).await,
                        None => return,
                    },
                };
                let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream));
                if let Ok(Ok(stream)) = handshake.await {
                    serve_connection(&builder, stream, peer, outer, watcher).await;
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(patience, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("connections were cut");
        }
    }

    /// Serves `/metrics` and nothing else.
    pub async fn serve_metrics(self, app: AppState, draining: CancellationToken) {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let stream = tokio::select! {
                () = draining.cancelled() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        pause_after(&error).await;
                        continue;
                    }
                },
                Some(_) = connections.join_next() => continue,
            };
            if connections.len() >= 16 {
                continue;
            }
            let app = Arc::clone(&app);
            connections.spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = metrics_answer(&app, request.uri().path());
                    async move { Ok::<_, Infallible>(answer) }
                });
                let http = http_builder();
                let connection = http.serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(error, "a metrics connection broke off");
                }
            });
        }
    }
}

fn metrics_answer(app: &AppState, path: &str) -> Response<Body> {
    if path != "/metrics" {
        let mut response = Response::new(Body::from("Look at /metrics.\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Body::from(app.metrics.render()));
    let kind = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .pipeline_flush(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(HTTP2_PING);
    builder
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    builder: &auto::Builder<TokioExecutor>,
    stream: S,
    peer: SocketAddr,
    outer: Arc<Outer>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let _open = outer.connection();
    let service = service_fn(move |request: Request<Incoming>| {
        let outer = Arc::clone(&outer);
        async move { Ok::<_, Infallible>(outer.answer(request.map(Body::new), peer).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection broke off");
    }
}

/// The first byte of a connection from the local network, once it is there; none of one that came another way.
async fn begins(lan: &Lan, stream: &TcpStream) -> Option<u8> {
    let came_to = stream.local_addr().ok()?;
    if !lan.admits(came_to.ip()) {
        return None;
    }
    let mut first = [0];
    let peek = tokio::time::timeout(HANDSHAKE_TIMEOUT, stream.peek(&mut first));
    matches!(peek.await, Ok(Ok(1))).then_some(first[0])
}

/// Answers what came in plain text where only TLS is spoken.
async fn show_the_way(
    builder: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    lan: &Arc<Lan>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let lan = Arc::clone(lan);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = lan.answer_plain(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection broke off");
    }
}

/// A lost connection is nobody's fault; anything else (no file handles left) needs a moment to pass.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "a connection could not be accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Ten thousand viewers need as many files; the default soft limit is often 1,024.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    if now.current != now.maximum
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}
