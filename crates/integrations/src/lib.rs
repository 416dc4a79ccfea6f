//! The outside world behind the use cases' traits: payment gateways and e-mail.
//!
//! Every gateway and channel has its own folder or file; adding one touches nothing else. No rule of selling is here.

pub mod mail;
pub mod sandbox;
pub mod openid;
mod outbound;

pub use mail::{Attachment, Mail, MailError, MailSetUpError, Mailer};
pub use sandbox::SandboxGateway;
pub use openid::{OpenIdAttempt, OpenIdClaims, OpenIdError, OpenIdProvider, OpenIdSettings};
