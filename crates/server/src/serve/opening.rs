//! The parts of a server, opened in the order they need each other. What a part refuses ends the start; nothing listens or
//! works here yet.

use super::{ServeError, gateway, probes, unfinished};
use crate::{
    App, AppState,
    auth::{Keys, Passkeys, Passwords, Sessions},
    catalog_cache::CatalogCache,
    config::Config,
    demo, engine,
    http::{RateLimits, metrics::Metrics},
    lan::Lan,
    live::LiveSeats,
    messages::{Ahead, Channels, planned::Reminded},
    render::{Around, BookingRender},
    routes::{gateway::KnownNews, setup::SetUpSeen},
    system::{DatabaseClock, SystemEntropy},
};
use chrono::TimeDelta;
use matinee_booking::{Clock, Desk, Entropy, JobNotes};
use matinee_integrations::{OpenIdProvider, OpenIdSettings, Tmdb};
use matinee_store::{Store, StoreError};
use matinee_store_postgres::Redis;
use std::sync::{Arc, atomic::AtomicU64};
use tokio_util::sync::CancellationToken;

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
        computers: Arc::default(),
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
