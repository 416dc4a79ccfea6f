//! The booking server: HTTP routes, authentication, configuration and wiring over the crates that decide and keep.
//!
//! A library, so that the desktop app and tests can run it in-process, and the `matinee-server` binary. No rule of
//! selling is decided here and no SQL is written here.

pub mod app;
pub mod http;

pub use app::{App, AppState};
