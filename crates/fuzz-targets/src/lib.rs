//! One function for every parser of bytes from outside. Each takes anything, must not panic, and checks what it can of
//! what was read: mostly that writing it and reading it again gives the same.
//!
//! A test runs them over the corpus in `fuzz/corpus` and over seeded mutations of it; `cargo xtask fuzz` lets libFuzzer
//! run them. A target is added here, in [`TARGETS`], with at least one seed in `fuzz/corpus/NAME`.

mod app;
mod documents;
mod headers;
#[path = "../../../src-tauri/src/links.rs"]
#[allow(dead_code, reason = "the shell uses the rest of it")]
mod links;
mod settings;
mod tokens;

/// What a target is called and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("tickets", tokens::tickets),
    ("signed_tickets", tokens::signed_tickets),
    ("tokens", tokens::tokens),
    ("ids", tokens::ids),
    ("seating_plans", documents::seating_plans),
    ("catalogs", documents::catalogs),
    ("bodies", documents::bodies),
    ("queries", headers::queries),
    ("cookies", headers::cookies),
    ("keys", headers::keys),
    ("tags", headers::tags),
    ("webhooks", headers::webhooks),
    ("options", settings::options),
    ("databases", settings::databases),
    ("deep_links", app::deep_links),
    ("live_events", app::live_events),
];

/// The target of this name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, run)| *run)
}

/// Runs `read` on what is text.
fn text(data: &[u8], read: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    }
}
