//! Where things are in the checkout. Everything xtask makes lies below cargo's target folder, so that removing that
//! folder removes it all.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder, also when the environment moves it.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Programs installed for this checkout only.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// Stamps and scratch files.
pub fn scratch() -> PathBuf {
    target().join("xtask")
}

pub fn ui() -> PathBuf {
    root().join("ui")
}

/// The built web UI.
pub fn ui_build() -> PathBuf {
    ui().join("build")
}

/// A binary that cargo has built.
pub fn binary(name: &str, release: bool) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    target()
        .join(profile)
        .join(format!("{name}{}", env::consts::EXE_SUFFIX))
}
