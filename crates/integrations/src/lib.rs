//! The outside world behind the use cases' traits: payment gateways and the channels messages leave by.
//!
//! Every gateway and channel has its own folder or file; adding one touches nothing else. No rule of selling is here.

pub mod channels;
pub mod gateways;
mod secret;

pub use gateways::{
    sandbox::{self, SandboxGateway},
    stripe::{self, StripeGateway},
};
pub use secret::Secret;
