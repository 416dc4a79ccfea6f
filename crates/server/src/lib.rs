//! The booking server: HTTP routes, authentication, configuration and wiring over the crates that decide and keep.
//!
//! A library, so that the desktop app and tests can run it in-process, and the `matinee-server` binary. No rule of
//! selling is decided here and no SQL is written here.

pub mod app;
pub mod auth;
pub mod catalog_cache;
pub mod cli;
pub mod config;
pub mod demo;
pub mod engine;
pub mod feeds;
pub mod http;
pub mod importing;
pub mod jobs;
pub mod lan;
pub mod live;
pub mod messages;
pub mod moving;
#[doc(hidden)]
pub mod outside;
pub mod render;
pub mod routes;
pub mod serve;
pub mod system;
#[cfg(test)]
mod testing;
pub mod tickets;

pub use app::{App, AppState};
