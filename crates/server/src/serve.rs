//! Running a server: what is opened in which order, and how it stops.
//!
//! Used by the `matinee-server` program, by the desktop app and by tests, in the same way: [`Server::start`] returns
//! once requests are answered, [`Server::stop`] once the last one was.

mod gateway;
mod listener;
mod probes;
mod tls;
mod unfinished;

pub(crate) use gateway::compare_books;

use crate::{
    App, AppState,
    auth::{Keys, Passkeys, Passwords, Sessions},
    catalog_cache::CatalogCache,
    config::Config,
    demo::{self, DemoError},
    engine::{self, OpenError},
    http::{RateLimits, metrics::Metrics, outer::Outer},
    jobs,
    lan::{Lan, LanError},
    live::LiveSeats,
    messages::{Ahead, Channels, ChannelsError, planned::Reminded},
    render::{Around, BookingRender},
    routes::{
        self,
        gateway::KnownNews,
        setup::{self, SetUpSeen},
        ui::Ui,
        ui::UiError,
    },
    system::{DatabaseClock, SystemClock, SystemEntropy},
};
use chrono::TimeDelta;
use listener::{Listener, Transport};
use matinee_booking::{Clock, Desk, Entropy, JobNotes};
use matinee_integrations::{
    OpenIdProvider, OpenIdSettings, Tmdb, TmdbError, stripe::StripeUnusable,
};
use matinee_store::{Store, StoreError};
use matinee_store_postgres::{Redis, RedisRefused};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

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

/// Opens the database and puts the parts together. `url` is where it listens, beside its local network if it is open to it.
pub(crate) async fn open(
    config: Config,
    (url, lan): (&str, Option<Arc<Lan>>),
    clock: Arc<dyn Clock>,
) -> Result<AppState, ServeError> {
    let live = Arc::new(LiveSeats::default());
    let feed = Arc::clone(&live) as Arc<dyn matinee_store::SeatFeed>;
    let redis = match &config.redis {
        Some(address) => Some(Redis::start(address).await?),
        None => None,
    };
    let (store, load) =
        engine::open_watched(&config.database, config.postgres, redis.clone(), feed).await?;
    let (clock, database_clock) = DatabaseClock::over(&*store, clock).await?;
    live.begin_at(live_base(&*store, &*clock).await?);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let keys = Keys::load(&*store, &*entropy).await?;
    if config.demo {
        let added = demo::fill(&*store, &*clock, &*entropy).await?;
        tracing::info!(added, "demo data");
    }
    let catalog = Arc::new(CatalogCache::new(Arc::clone(&store), live));
    // The first look forgets what was read before it: it is had before anybody reads.
    catalog.watch().await?;
    let base_url = match (&config.public_url, &lan) {
        (Some(public), _) => public.as_str().trim_end_matches('/').to_owned(),
        (None, Some(lan)) => lan.url(),
        (None, None) => url.to_owned(),
    };
    let gateway = gateway::open(&config, &store, &base_url).await?;
    let counter = gateway::counter(&store, gateway.as_deref());
    unfinished::refuse(&*store, (gateway.as_deref(), &*counter), clock.now()).await?;
    let around = Arc::new(Around {
        live: Arc::clone(&catalog.live),
        ways: gateway.as_ref().map(|g| g.ways()).unwrap_or_default(),
        base_url: base_url.clone(),
    });
    let metrics = Metrics::default();
    if let Some(health) = gateway.as_ref().and_then(|gateway| gateway.health()) {
        probes::add_gateway(&metrics, &health);
    }
    let desk = Desk {
        store: store.clone(),
        promos: store.clone(),
        cancellations: store.clone(),
        moves: store.clone(),
        gifts: store.clone(),
        shows: Arc::clone(&catalog) as Arc<dyn matinee_booking::Shows>,
        gateway,
        counter: Some(counter),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        render: Arc::new(BookingRender {
            around: Arc::clone(&around),
        }),
        hold_life: TimeDelta::minutes(i64::from(config.hold_minutes)),
        quotas: config.rate_limit,
        refunds_refused: AtomicU64::new(0),
        notes: JobNotes::default(),
    };
    let channels = Channels::open(&config, &base_url, &*store, &*entropy).await?;
    let openid = openid(&config, &base_url)?;
    let tmdb = tmdb(&config)?;
    if let Some(load) = load {
        probes::add_writer(&metrics, &load);
    }
    if let Some(redis) = redis {
        probes::add_redis(&metrics, &redis);
    }
    Ok(Arc::new(App {
        limits: RateLimits::new(!config.rate_limit),
        config,
        server_id: entropy.bytes(),
        store,
        clock,
        database_clock,
        entropy,
        keys,
        sessions: Sessions::default(),
        metrics,
        passwords: Passwords::default(),
        catalog,
        desk,
        known_news: KnownNews::default(),
        around,
        passkeys: Passkeys::of(&base_url),
        base_url,
        tmdb,
        openid,
        channels,
        ahead: Ahead::default(),
        reminded: Reminded::default(),
        set_up: SetUpSeen::default(),
        lan,
        draining: CancellationToken::new(),
    }))
}

/// The Movie Database, which is asked nothing yet.
fn tmdb(config: &Config) -> Result<Option<Tmdb>, ServeError> {
    let Some(named) = &config.tmdb else {
        return Ok(None);
    };
    let tmdb = Tmdb::new(named.base.clone(), named.key.expose().to_owned());
    tmdb.map(Some).map_err(ServeError::Tmdb)
}

/// The OpenID provider, which is asked nothing yet. It sends people back to a page of the UI.
fn openid(config: &Config, base_url: &str) -> Result<Option<OpenIdProvider>, ServeError> {
    let Some(named) = &config.openid else {
        return Ok(None);
    };
    let redirect = format!("{base_url}/signin/callback");
    let settings = OpenIdSettings {
        issuer: named.issuer.clone(),
        client_id: named.client_id.clone(),
        client_secret: named
            .client_secret
            .as_ref()
            .map(|secret| secret.expose().to_owned()),
        redirect: redirect
            .parse()
            .map_err(|_| ServeError::OpenId(format!("{redirect} is no address")))?,
    };
    let provider = OpenIdProvider::new(settings).map_err(ServeError::OpenId)?;
    tracing::info!(issuer = %named.issuer, %redirect, "people may sign in at an OpenID provider");
    Ok(Some(provider))
}

/// Where the versions of seat maps begin: at 0, and after a restore above all that was told before. The note stands in
/// the database with the epoch it was made for, so one from a backup shows by its epoch. A show's version grows far
/// slower than 2²⁰ a second.
async fn live_base(store: &dyn Store, clock: &dyn Clock) -> Result<u64, StoreError> {
    const NOTE: &str = "live_versions";
    const NEW_YEAR_2026: i64 = 1_767_225_600;
    let epoch = store.sync_head().await?.epoch;
    let noted = store.note(NOTE).await?;
    let of_this_epoch = noted.as_deref().and_then(|note| {
        let (noted_for, base) = note.split_once(' ')?;
        (noted_for.parse() == Ok(epoch)).then(|| base.parse().ok())?
    });
    if let Some(base) = of_this_epoch {
        return Ok(base);
    }
    let seconds = clock.now().timestamp() - NEW_YEAR_2026;
    let base = match noted {
        Some(_) => u64::try_from(seconds).unwrap_or(0) << 20,
        None => 0,
    };
    store.set_note(NOTE, &format!("{epoch} {base}")).await?;
    Ok(base)
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
