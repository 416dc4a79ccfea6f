//! A folder of `.eml` files, for a theater that has no mail server yet.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// A folder of mails, a file each, named so that they sort as they came.
pub(super) struct MailFolder {
    folder: PathBuf,
    written: AtomicU64,
}

impl MailFolder {
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            written: AtomicU64::new(0),
        })
    }

    pub(super) fn next_file(&self) -> PathBuf {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = at.unwrap_or_default().as_micros();
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        self.folder
            .join(format!("{micros:016}-{process}-{number}.eml"))
    }
}

/// Writes a file that nobody else may read, under its name only once it is whole.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = file.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&partial)?.write_all(bytes)?;
    std::fs::rename(&partial, file)
}
