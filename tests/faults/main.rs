//! Crashes, contention and damaged data: what must hold when things go wrong.

mod contention;
