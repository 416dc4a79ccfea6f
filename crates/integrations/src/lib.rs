//! The outside world behind the use cases' traits: payment gateways and e-mail.
//!
//! Every gateway and channel has its own folder or file; adding one touches nothing else. No rule of selling is here.

pub mod gateways;
pub mod mail;
mod secret;

pub use gateways::{
    sandbox::{self, SandboxGateway},
    stripe::{self, StripeGateway},
};
pub use mail::{Attachment, Mail, MailError, MailSetUpError, Mailer};
pub use secret::Secret;
