//! The embedded engine: every store trait on one SQLite file.
//!
//! One thread owns the write connection and commits requests in groups ([`writer`]); readers run beside it in WAL
//! mode ([`readers`]). What a unit of work may do stands with the traits in `matinee-store`; use cases, HTTP and
//! gateways are not here.

mod accounts;
mod bookings;
mod catalog;
mod checkpoints;
mod columns;
mod counter;
mod door;
mod failure;
mod gifts;
mod ledger;
mod maintenance;
mod migrations;
mod open;
mod outbox;
mod private;
mod promos;
mod query;
mod readers;
mod seat_log;
mod staff;
mod subscribers;
mod writer;

pub use maintenance::{Departure, Forgotten, restore};
pub use open::{OpenOptions, SqliteStore};
pub use writer::WriterLoad;
