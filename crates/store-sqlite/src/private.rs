//! Files that hold people's data are their owner's alone, from the moment they are there.
//!
//! SQLite gives the files beside a database (`-wal`, `-shm`, a journal) the mode of the database itself, so it is enough
//! to make that one private before SQLite does. What an operator made or changed is left as it is.

use std::fs::OpenOptions;

/// How such a file is made: nobody else may read or write it. Where there are no modes, the folder decides.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}
