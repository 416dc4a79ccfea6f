//! The engine for several servers: every store trait on one PostgreSQL database.
//!
//! What sells seats goes through lanes ([`lanes`]): a few connections, each committing many requests in one
//! transaction, every show always through the same lane of a server. Everything else runs on a bounded pool
//! ([`connect`]). Servers share nothing but the database: what one changed reaches the viewers of the others by
//! [`watch`]. Where they share a Redis as well it spares the database some of that ([`shared`]), and is never believed. What a unit of work may do stands with the traits in `matinee-store`; use cases, HTTP and gateways are
//! not here, and neither is backup: PostgreSQL has its own.

mod accounts;
mod bookings;
mod catalog;
mod columns;
mod connect;
mod counter;
mod door;
mod failure;
mod gifts;
mod hear;
mod lanes;
mod ledger;
mod maintenance;
mod migrations;
mod open;
mod outbox;
mod pipeline;
mod promos;
mod shared;
mod staff;
mod statistics;
mod subscribers;
mod tls;
mod told;
mod watch;

pub use maintenance::{Arrival, There};
pub use open::{Locking, PostgresOptions, PostgresStore};
pub use shared::{Redis, RedisAddress, RedisRefused};
