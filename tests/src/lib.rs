//! The whole system for tests: a real server program on a free port with a database of its own, and callers that
//! speak plain HTTP. Nothing of the server's insides is used here, so a test sees what any program would see.

pub mod caller;
pub mod postgres;
pub mod server;

pub use caller::{Answer, Caller};
pub use server::{Server, ServerOptions};

/// The reason a test cannot go on, with its context.
pub type TestError = Box<dyn std::error::Error + Send + Sync>;
