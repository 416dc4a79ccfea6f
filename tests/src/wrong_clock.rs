//! Programs that are told another time, by libfaketime. The monotonic clock stays as it is.

use std::path::{Path, PathBuf};

/// Where the library lies; Debian's package is `faketime`.
fn library() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?;
    libraries
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
}

/// The words before a program whose clock is off by so much ("+30s"); `None` when that cannot be had.
pub fn off_by(off: &str) -> Option<Vec<String>> {
    Some(wrapper(&library()?, format!("FAKETIME={off}")))
}

/// The same with a file that says how much, read at every look at the clock. See [`tell`].
pub fn as_told(file: &Path) -> Option<Vec<String>> {
    let told = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
    Some(wrapper(&library()?, told))
}

fn wrapper(library: &Path, told: String) -> Vec<String> {
    // Not the program `faketime`: it stays between, and a kill would meet it alone.
    vec![
        "env".to_owned(),
        format!("LD_PRELOAD={}", library.display()),
        told,
        "FAKETIME_NO_CACHE=1".into(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".into(),
    ]
}

/// Tells the time; whoever reads it meanwhile sees the old or the new one whole.
pub fn tell(file: &Path, off: &str) -> std::io::Result<()> {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, off)?;
    std::fs::rename(fresh, file)
}
