//! What every handler shares, and how it is put together.

use crate::{
    auth::{Keys, Passwords, Sessions},
    catalog_cache::CatalogCache,
    config::Config,
    http::{RateLimits, metrics::Metrics},
    messages::{Ahead, Channels, Computers, planned::Reminded},
    render::Around,
    routes::gateway::KnownNews,
    system::DatabaseClock,
};
use matinee_booking::{Clock, Desk, Entropy};
use matinee_store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The running server's parts.
pub struct App {
    pub config: Config,
    pub store: Arc<dyn Store>,
    /// Random, new with every start: who holds a background job.
    pub server_id: [u8; 16],
    pub clock: Arc<dyn Clock>,
    /// The same clock, when it is the database's and has to be set from time to time.
    pub database_clock: Option<Arc<DatabaseClock>>,
    pub entropy: Arc<dyn Entropy>,
    pub keys: Keys,
    pub sessions: Sessions,
    pub limits: RateLimits,
    pub metrics: Metrics,
    pub passwords: Passwords,
    pub catalog: Arc<CatalogCache>,
    pub desk: Desk,
    /// Messages of the payment gateway that were dealt with.
    pub known_news: KnownNews,
    /// What a booking's answer says beside the booking.
    pub around: Arc<Around>,
    /// What links in mails begin with: the public URL, or the address the server listens on. No slash at its end.
    pub base_url: String,
    /// The ways messages leave.
    pub channels: Channels,
    /// Until when it was looked whether programs wait for mail.
    pub ahead: Ahead,
    /// The apps that listen for messages here.
    pub computers: Arc<Computers>,
    /// Shows whose people were reminded.
    pub reminded: Reminded,
    /// Where staff may take movies from.
    pub tmdb: Option<matinee_integrations::Tmdb>,
    /// Where people may sign in beside here.
    pub openid: Option<matinee_integrations::OpenIdProvider>,
    /// Passkeys, where the site has a name.
    pub passkeys: Option<crate::auth::Passkeys>,
    /// Whether the server has an administrator, as far as is known.
    pub set_up: crate::routes::setup::SetUpSeen,
    /// Its local network, when it is open to it.
    pub lan: Option<Arc<crate::lan::Lan>>,
    /// Set when the server drains: live streams end.
    pub draining: CancellationToken,
}

/// As handlers get it.
pub type AppState = Arc<App>;
