//! The outside world behind the use cases' traits: payment gateways, channels that messages leave by, who vouches for
//! people, and facts about movies.
//!
//! Every gateway and channel has its own folder or file; adding one touches nothing else. No rule of selling is here.

pub mod channels;
pub mod gateways;
pub mod openid;
mod outbound;
mod secret;
pub mod tmdb;

pub use gateways::{
    counter::CounterGateway,
    sandbox::{self, SandboxGateway},
    stripe::{self, StripeGateway},
};
pub use openid::{OpenIdAttempt, OpenIdClaims, OpenIdError, OpenIdProvider, OpenIdSettings};
pub use secret::Secret;
pub use tmdb::{TMDB_URL, Tmdb, TmdbError, TmdbWish};
