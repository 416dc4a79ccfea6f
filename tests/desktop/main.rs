//! The real app in a real window, driven as a person would drive it, with a real keyring: the whole path from a theater
//! to a ticket, a restart with the server gone, and back.
//!
//! Needs a display, a session bus and an unlocked Secret Service: `cargo xtask test` sets them up and says so with
//! `MATINEE_DESKTOP=1`. Without that there is nothing to drive, and the tests say so and end. Pictures of every step are
//! left in `target/desktop/`.

mod account;
mod app;
mod path;
mod refusals;
mod world;

/// Whether there is a desktop to test on.
fn on_desktop() -> bool {
    let there = std::env::var("MATINEE_DESKTOP").is_ok_and(|value| value == "1");
    if !there {
        eprintln!("no desktop: run `cargo xtask test desktop`");
    }
    there
}
