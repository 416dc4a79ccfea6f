//! The one suite every engine passes: stories told to a store, as plain async functions that panic when one fails.
//!
//! Stories about catalog and accounts take an empty store. Those about bookings take an [`Engine`], because they also
//! listen to the feed and come back after a restart. Engines call them from their tests; nothing here knows an engine.

pub mod accounts;
pub mod bookings;
pub mod catalog;
pub mod counter;
pub mod devices;
pub mod fixtures;
pub mod ledger;
pub mod maintenance;
pub mod one_time;
pub mod outbox;
pub mod sign_in;
pub mod staff;
pub mod subscribers;
pub mod telling;

use crate::{SeatFeed, Store};
use std::sync::Arc;

/// An engine with a database of its own: the first opening finds it empty, later ones find what was left.
#[async_trait::async_trait]
pub trait Engine: Send + Sync {
    async fn open(&self, feed: Arc<dyn SeatFeed>) -> Arc<dyn Store>;
}
