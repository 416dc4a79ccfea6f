//! A consistent copy of the database, beside whatever else uses it.
//!
//! `VACUUM INTO` reads one snapshot, so writers go on meanwhile and the copy is of one moment; it also leaves out free
//! pages. The copy is made under another name and takes its own only when it is whole and on the disk.

use crate::{
    failure::{OrStoreError as _, store_error},
    open::reading_connection,
    private,
};
use matinee_store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{
    ffi::OsString,
    fs::File,
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};

/// Writes a copy to a file that must not be there.
pub(super) fn backup(conn: &Connection, file: &Path) -> Result<(), StoreError> {
    let taken = || StoreError::ReadOnly(format!("{} is already there", file.display()));
    if file.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let partial = beside(file, ".partial");
    // What a backup that was killed left behind.
    remove(&partial)?;
    let done = copy(conn, &partial)
        .and_then(|()| check(&partial))
        .and_then(|()| {
            // A hard link fails where a rename would overwrite what came meanwhile.
            match std::fs::hard_link(&partial, file) {
                Ok(()) => Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken()),
                // Not every file system has links.
                Err(_) => std::fs::rename(&partial, file).map_err(|error| on_disk(&error, file)),
            }
        });
    let swept = remove(&partial);
    done?;
    swept?;
    sync_folder(file)
}

/// Copies what is committed into a new file and has it on the disk.
pub(super) fn copy(conn: &Connection, partial: &Path) -> Result<(), StoreError> {
    let name = partial.to_str().ok_or_else(|| {
        StoreError::ReadOnly(format!("{} is not a name in UTF-8", partial.display()))
    })?;
    let source = conn
        .path()
        .map(Path::new)
        .ok_or_else(|| StoreError::Unavailable("the database has no file".into()))?;
    // A connection of its own: those of the pool may not write at all, not even elsewhere.
    let own = reading_connection(source)?;
    // SQLite fills an empty file that is there: made here, nobody else can read it at any moment.
    private::options()
        .write(true)
        .create_new(true)
        .open(partial)
        .map_err(|error| on_disk(&error, partial))?;
    own.pragma_update(None, "query_only", false).db()?;
    own.execute("VACUUM INTO ?1", [name])
        .map_err(|error| refine(error, partial))?;
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(|error| on_disk(&error, partial))
}

/// The copy must read back.
fn check(file: &Path) -> Result<(), StoreError> {
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).db()?;
    let verdict: String = conn
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .db()?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged(verdict))
    }
}

/// "Unable to open" says little: ask the file system for its reason.
fn refine(error: rusqlite::Error, file: &Path) -> StoreError {
    match private::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)
    {
        Err(reason) => on_disk(&reason, file),
        Ok(_) => store_error(error),
    }
}

/// The file's name with something after it, in the same folder.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a file if it is there.
pub(super) fn remove(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(on_disk(&error, file)),
    }
}

/// Makes a new name in a folder survive a power loss.
pub(super) fn sync_folder(file: &Path) -> Result<(), StoreError> {
    if !cfg!(unix) {
        // Elsewhere folders cannot be opened as files; the system writes them in order.
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| on_disk(&error, folder))
}

/// What a file system error means.
pub(super) fn on_disk(error: &Error, file: &Path) -> StoreError {
    let what = format!("{}: {error}", file.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(what),
        _ => StoreError::Unavailable(what),
    }
}
