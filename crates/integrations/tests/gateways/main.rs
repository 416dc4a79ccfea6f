//! Payment gateways: one suite of stories that every gateway passes, and what only one of them has to tell.

#[path = "../../../../tests/src/stripe/mod.rs"]
#[allow(dead_code, reason = "whole-system tests use the rest of it")]
mod peer;

mod bank;
mod counter;
mod faults;
mod hosted;
mod refusals;
mod sandbox;
mod stories;
mod stripe;
mod troubles;
