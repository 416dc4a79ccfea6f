//! The whole system for tests: a real server program on a free port with a database of its own, and callers that
//! speak plain HTTP. Nothing of the server's insides is used here, so a test sees what any program would see.

pub mod brokers;
pub mod caller;
pub mod crowd;
pub mod events;
pub mod history;
pub mod leash;
pub mod message_peers;
pub mod openid;
pub mod pair;
pub mod postgres;
pub mod published;
pub mod redis;
pub mod server;
pub mod small_house;
pub mod stripe;
pub mod stripe_news;
pub mod wrong_clock;

pub use caller::{Answer, Caller};
pub use server::{Server, ServerOptions};

/// The reason a test cannot go on, with its context.
pub type TestError = Box<dyn std::error::Error + Send + Sync>;
