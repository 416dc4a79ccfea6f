//! Plumbing between HTTP and the handlers: problems, bodies, callers' addresses, validators, limits.

pub mod answer;
pub mod body;
pub mod context;
pub mod encoded;
pub mod etag;
pub mod gate;
pub mod id;
pub mod limits;
pub mod metrics;
pub mod outer;
pub mod problem;
pub mod security;

pub use body::{EmptyOr, Json, RawJson};
pub use context::Context;
pub use encoded::{Effort, EncodedBody};
pub use etag::IfMatch;
pub use id::{Id, Limit as PageLimit, Pair, Query, UserRef};
pub use limits::{Limit, RateLimits};
pub use problem::ApiError;
