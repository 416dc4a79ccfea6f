//! The one suite every engine passes. Filled in with the first engine.
