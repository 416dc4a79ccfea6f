//! The real app in a real window, driven as a person would drive it, with a real keyring: the whole path from a theater
//! to a ticket, a restart with the server gone, and back.
//!
//! Needs a display, a session bus and an unlocked Secret Service, which `cargo xtask test --only desktop` sets up; so
//! these tests are ignored elsewhere. Pictures of every step are left in `target/desktop/`.

mod account;
mod app;
mod messages;
mod outside;
mod papers;
mod path;
mod paying;
mod provider;
mod refusals;
mod theater;
mod world;
