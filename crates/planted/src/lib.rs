//! Bugs that are planted to see whether the checks find them.
//!
//! A proof that cannot fail proves nothing. `planted!("name")` stands where a realistic bug would, and is `false`: the
//! compiler removes the bug, its name and the question. Only with the feature `on`, which `cargo xtask planted` asks for
//! and which does not compile with optimisation, the bug named in the environment is there. What is planted, and which
//! check has to find it, stands in `docs/proofs.md`.

#[cfg(all(feature = "on", not(debug_assertions)))]
compile_error!("planted bugs are for tests: they are never part of an optimised build");

/// True when this bug is planted now.
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        $crate::is($name)
    };
}

/// Names the planted bug. No shipped program contains this text, which is how one is told from a build for tests.
#[cfg(feature = "on")]
pub const VARIABLE: &str = "MATINEE_PLANTED_BUG";

/// See [`planted!`].
#[cfg(feature = "on")]
pub fn is(name: &str) -> bool {
    static BUG: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var(VARIABLE).ok());
    BUG.as_deref() == Some(name)
}

/// See [`planted!`].
#[cfg(not(feature = "on"))]
#[inline]
pub const fn is(_: &str) -> bool {
    false
}
