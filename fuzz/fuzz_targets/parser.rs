//! Every target in one program; `MATINEE_FUZZ_TARGET` chooses.

#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("MATINEE_FUZZ_TARGET").unwrap_or_default();
    matinee_fuzz_targets::target(&name).unwrap_or_else(|| panic!("no target is called `{name}`"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
