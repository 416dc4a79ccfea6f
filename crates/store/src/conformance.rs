//! The one suite every engine passes: stories told to a store, as plain async functions that panic when one fails.
//!
//! Each takes an empty store. Engines call them from their tests; nothing here knows an engine.

pub mod accounts;
pub mod catalog;
pub mod fixtures;
pub mod maintenance;
