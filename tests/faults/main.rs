//! Crashes, contention and damaged data: what must hold when things go wrong.

mod cancelled_show;
mod clock;
mod contention;
mod corruption;
mod crashes;
mod full_disk;
mod moved_show;
mod restored;
mod slow_disk;
