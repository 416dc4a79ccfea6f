//! Crashes, contention and damaged data: what must hold when things go wrong.

mod contention;
mod corruption;
mod crashes;
mod full_disk;
