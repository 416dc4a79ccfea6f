//! What every handler shares.

use crate::{auth::Keys, config::Config, http::limits::RateLimits, http::metrics::Metrics};
use matinee_booking::{Clock, Entropy};
use matinee_store::Store;
use std::sync::Arc;

/// The running server's parts.
pub struct App {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub keys: Keys,
    pub limits: RateLimits,
    pub metrics: Metrics,
    pub passwords: crate::auth::Passwords,
}

/// As handlers get it.
pub type AppState = Arc<App>;
