//! Running a server: what is opened in which order, and how it stops.
//!
//! Used by the `matinee-server` program, by the desktop app and by tests, in the same way: [`Server::start`] returns
//! once requests are answered, [`Server::stop`] once the last one was.

mod gateway;
mod listener;
mod opening;
mod probes;
mod tls;
mod unfinished;

pub(crate) use gateway::compare_books;
pub(crate) use opening::open;

use crate::{
    AppState,
    config::Config,
    demo::DemoError,
    engine::OpenError,
    http::{ApiError, outer::Outer},
    jobs,
    lan::{Lan, LanError},
    messages::ChannelsError,
    routes::{
        self,
        manage::setting_up::network_here,
        setup,
        ui::{Ui, UiError},
    },
    system::SystemClock,
};
use listener::{Listener, Transport};
use matinee_api::NetworkHere;
use matinee_booking::Clock as _;
use matinee_integrations::{TmdbError, stripe::StripeUnusable};
use matinee_store::StoreError;
use matinee_store_postgres::RedisRefused;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Requests and jobs that began have this long to finish once the server stops.
const DRAIN: Duration = Duration::from_secs(8);

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {}", listen_hint(.source))]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot open to the local network: {0}")]
    Lan(#[from] LanError),
    #[error("cannot read {path}: {reason}")]
    Tls { path: PathBuf, reason: String },
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Redis(#[from] RedisRefused),
    #[error("cannot read the UI: {0}")]
    Ui(#[from] UiError),
    #[error("cannot send messages: {0}")]
    Channels(#[from] ChannelsError),
    #[error("cannot set up the OpenID provider: {0}")]
    OpenId(String),
    #[error("cannot set up The Movie Database: {0}")]
    Tmdb(TmdbError),
    #[error("cannot fill in the demo data: {0}")]
    Demo(#[from] DemoError),
    #[error(
        "payments or refunds of the gateway \"{gateway}\" ({}) are not finished, and only that gateway can finish them: \
         start the server with --gateway {gateway} and the key of before, and let it run until they are (payments are within \
         20 minutes)",
        if *.test { "test money" } else { "real money" }
    )]
    Unfinished { gateway: String, test: bool },
    #[error(
        "the secret key belongs to the account {now}, but payments or refunds that were begun at the account {before} are \
         not finished, and only a key of that account can finish them: start the server with such a key and let it run until \
         they are (payments are within 20 minutes)"
    )]
    OtherAccount { before: String, now: String },
    #[error("cannot take payments: {0}")]
    Gateway(#[from] StripeUnusable),
    #[error("cannot compare the books: {0}")]
    Compare(matinee_booking::SaleError),
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

fn listen_hint(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there; choose another port or stop it".into()
        }
        io::ErrorKind::PermissionDenied => {
            "this port needs more rights; choose one above 1023".into()
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".into(),
        _ => error.to_string(),
    }
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    url: String,
    app: AppState,
    running: JoinHandle<()>,
}

impl Server {
    /// Opens everything and begins to answer.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        // The address first: it is the most likely thing to be wrong, and finding out changes nothing.
        let listener = Listener::bind(config.listen).await?;
        let metrics_listener = match config.metrics {
            Some(address) => Some(Listener::bind(address).await?),
            None => None,
        };
        let address = listener.address();
        let metrics_address = metrics_listener.as_ref().map(Listener::address);
        let mut tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let lan = open_lan(&config, &mut tls).await?;
        let ui = Ui::open(config.ui.clone())?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        let known = lan.as_ref().map(|(lan, _)| Arc::clone(lan));
        let app = open(config, (&url, known), Arc::new(SystemClock)).await?;
        add_probes(&app);
        let mut tasks = JoinSet::new();
        jobs::start(&app, &mut tasks);
        let router = routes::router(Arc::clone(&app), ui);
        let outer = Outer::new(
            Arc::clone(&app),
            router.clone(),
            address.ip(),
            tls.is_some(),
        );
        let draining = app.draining.clone();
        let on_lan = lan.map(|(lan, listener)| {
            let (watched, clock) = (Arc::clone(&lan), Arc::clone(&app.clock));
            let end = draining.clone();
            tasks.spawn(async move {
                end.run_until_cancelled(watched.watch(clock)).await;
            });
            let outer = Outer::on_lan(Arc::clone(&app), router, &lan);
            listener.serve(outer, Transport::Lan(lan), draining.clone(), DRAIN)
        });
        let metrics_task = metrics_listener.map(|listener| {
            tokio::spawn(listener.serve_metrics(Arc::clone(&app), draining.clone()))
        });
        let store = Arc::clone(&app.store);
        let running = tokio::spawn(async move {
            let transport = tls.map_or(Transport::Plain, Transport::Tls);
            let here = listener.serve(outer, transport, draining, DRAIN);
            match on_lan {
                None => here.await,
                Some(there) => drop(tokio::join!(here, there)),
            }
            let jobs_end = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout(Duration::from_secs(1), jobs_end)
                .await
                .is_err()
            {
                // What they were at is on record and continued at the next start.
                tracing::warn!("jobs were cut short");
            }
            if let Some(task) = metrics_task {
                task.abort();
            }
            store.close().await;
        });
        Ok(Self {
            address,
            metrics_address,
            url,
            app,
            running,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Where its metrics are read.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }
    /// `http://127.0.0.1:8080`
    pub fn url(&self) -> &str {
        &self.url
    }
    /// Where whoever started it makes its first administrator; none when there is one, and on a demo.
    pub async fn setup_link(&self) -> Result<Option<String>, StoreError> {
        if self.app.config.demo || !setup::needed(&self.app).await? {
            return Ok(None);
        }
        // On this machine where that is possible: there nobody has to trust a certificate first.
        let site = match &self.app.config.public_url {
            Some(_) => &self.app.base_url,
            None => &self.url,
        };
        let code = self.app.keys.setup_code();
        Ok(Some(format!("{site}/setup#code={code}")))
    }
    /// Where it can be reached, with codes for phones: for whoever sits at the machine.
    pub fn network(&self) -> Result<NetworkHere, ApiError> {
        network_here(&self.app)
    }
    /// What its handlers share, for programs that run it in-process.
    pub fn app(&self) -> &AppState {
        &self.app
    }
    /// Begins to stop; requests that were begun are finished.
    pub fn begin_to_stop(&self) {
        self.app.draining.cancel();
    }
    /// Stops and waits for the end.
    pub async fn stop(self) {
        self.begin_to_stop();
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the server did not end well");
        }
    }
}

/// Runs a server until SIGTERM or SIGINT.
pub async fn serve(config: Config, ready: impl FnOnce(&Server)) -> Result<(), ServeError> {
    let signal = stop_signal()?;
    let server = Server::start(config).await?;
    if let Some(link) = server.setup_link().await? {
        // Not into the log: logs are kept and sent elsewhere, and the link makes an administrator of whoever opens it.
        eprintln!("Nobody runs this server yet. To set it up, open {link}");
    }
    if let Some(lan) = &server.app.lan {
        // For whoever sits there, not for the log.
        eprint!("{}", lan.announcement(&server.app.base_url));
    }
    ready(&server);
    signal.await;
    tracing::info!("stopping");
    server.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Numbers that are looked up when somebody reads the metrics.
fn add_probes(app: &AppState) {
    let passwords = app.passwords.clone();
    app.metrics.probe(
        "matinee_passwords_busy",
        "Passwords being checked or waiting",
        move || passwords.busy() as f64,
    );
    // Weak: the metrics are part of the app they ask.
    let weak = Arc::downgrade(app);
    app.metrics.probe(
        "matinee_refunds_refused",
        "Refunds the gateway refused for good since the start: to be paid back by hand",
        move || {
            weak.upgrade().map_or(0.0, |app| {
                app.desk.refunds_refused.load(Ordering::Relaxed) as f64
            })
        },
    );
    let weak = Arc::downgrade(app);
    app.metrics.probe(
        "matinee_channels_refused",
        "Channels whose provider refuses us: their messages wait until that is mended",
        move || {
            weak.upgrade()
                .map_or(0.0, |app| app.channels.refusing().len() as f64)
        },
    );
    let computers = Arc::clone(&app.computers);
    app.metrics.probe(
        "matinee_live_apps",
        "Open live streams of messages for apps",
        move || computers.open() as f64,
    );
    let weak = Arc::downgrade(app);
    app.metrics.probe(
        "matinee_live_viewers",
        "Open live seat streams",
        move || {
            weak.upgrade()
                .map_or(0.0, |app| app.limits.live_open() as f64)
        },
    );
}

/// The local network's part, when the server is opened to it, with a socket there. A certificate that was given is shown there
/// and not on the loopback address, whose name it does not bear.
async fn open_lan(
    config: &Config,
    tls: &mut Option<TlsAcceptor>,
) -> Result<Option<(Arc<Lan>, Listener)>, ServeError> {
    let Some(port) = config.lan else {
        return Ok(None);
    };
    let listener = Listener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await?;
    let lan = Lan::open(config, port, tls.take(), SystemClock.now())?;
    let lan = lan.on_port(listener.address().port());
    Ok(Some((Arc::new(lan), listener)))
}

/// Resolves at the first SIGTERM or SIGINT. Registered at once, so that a signal during the start is not lost.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, ServeError> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "signals cannot be received");
        }
    })
}

#[cfg(test)]
mod tests;
