//! Says which mutant is on. `apply` puts this file into the crate `planted` of a scratch checkout; it is part of no
//! build of this repository.

use std::{
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// More numbers than any list has: a number past it is never on.
const NUMBERS: usize = 1 << 16;

/// Whether this mutant is on. With a trace, its number is also written down the first time somebody asks.
pub fn mutant(number: usize) -> bool {
    static ON: LazyLock<usize> = LazyLock::new(|| {
        env::var("MATINEE_MUTANT")
            .ok()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    });
    static TRACE: LazyLock<Option<File>> = LazyLock::new(|| {
        env::var_os("MATINEE_MUTANT_TRACE")
            .and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok())
    });
    static SEEN: [AtomicBool; NUMBERS] = [const { AtomicBool::new(false) }; NUMBERS];
    let Some(seen) = SEEN.get(number) else {
        return false;
    };
    if let Some(file) = &*TRACE
        && !seen.swap(true, Ordering::Relaxed)
    {
        let mut trace: &File = file;
        let _ = trace.write_all(format!("{number}\n").as_bytes());
    }
    *ON == number
}
