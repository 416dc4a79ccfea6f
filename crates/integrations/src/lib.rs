//! The outside world behind the use cases' traits: payment gateways, e-mail, who vouches for people, and facts
//! about movies.
//!
//! Every gateway and channel has its own folder or file; adding one touches nothing else. No rule of selling is here.

pub mod mail;
pub mod openid;
mod outbound;
pub mod sandbox;
pub mod tmdb;

pub use mail::{Attachment, Mail, MailError, MailSetUpError, Mailer};
pub use openid::{OpenIdAttempt, OpenIdClaims, OpenIdError, OpenIdProvider, OpenIdSettings};
pub use sandbox::SandboxGateway;
pub use tmdb::{TMDB_URL, Tmdb, TmdbError, TmdbWish};
