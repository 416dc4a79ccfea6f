//! The app's core: talks to one server, keeps a copy on the device, and holds the session.
//!
//! Every verb of the UI's platform interface is a method of [`Client`]. No window, no IPC, no keyring of an OS: the
//! shell brings those (see [`SecretStore`]). No decision about seats or money: the server makes them.

mod access;
mod account;
mod buying;
mod cache;
mod catalog;
mod client;
mod device;
mod error;
mod fresh;
mod guests;
mod http;
mod live;
mod messages;
mod origin;
#[doc(hidden)]
pub mod outside;
mod provider;
mod queries;
mod recovery;
mod secrets;
mod sync;

pub use cache::CacheError;
pub use client::{Client, Options};
pub use error::{ClientError, ErrorKind};
pub use fresh::{Fresh, Status};
pub use live::SeatWatch;
pub use messages::MessageWatch;
pub use origin::Origin;
pub use queries::{
    Coordinates, Credentials, MovieQuery, NewAccount, SeatEvent, Session, ShowQuery, TheaterQuery,
};
pub use secrets::{Refusing, Secret, SecretStore, SecretsError, SessionOnly, probe};

pub use matinee_api as api;
