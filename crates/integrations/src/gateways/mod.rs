//! Payment gateways, a folder each.
//!
//! A gateway is one type with the trait `PaymentGateway` of `booking`. To add one: make its folder here, name it below,
//! tell it the conformance suite (`tests/gateways`), and let the server's `config/payments.rs` build it. Nothing that
//! sells knows which one is at work. No rule of selling is here.

pub mod counter;
pub mod sandbox;
pub mod stripe;
