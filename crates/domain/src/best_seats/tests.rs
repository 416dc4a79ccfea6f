//! Which seats are offered.
