//! More than one machine: what buyers see when one of them fails, and that nothing is lost or sold twice.

mod clocks;
mod events;
mod failover;
mod house;
mod net;

/// One such sale at a time: each wants both cores.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
