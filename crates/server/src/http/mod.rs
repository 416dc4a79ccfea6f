//! Plumbing between HTTP and the handlers: problems, bodies, callers' addresses, validators, limits.

pub mod problem;

pub use problem::ApiError;
