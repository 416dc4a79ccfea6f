//! Putting a backup in the place of a database.
//!
//! The copy is made and checked beside its place and takes it in one step, so a restore that fails or is killed leaves
//! what was there. No server may run on the database meanwhile; one that does is noticed and left alone.

use super::{
    backup::{beside, copy, on_disk, remove, sync_folder},
    forgotten::{Forgotten, forgotten},
};
use crate::{failure::OrStoreError as _, migrations, open::reading_connection};
use matinee_store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{path::Path, time::Duration};

/// Puts the backup `file` in the place of the database `into`. A database that holds anything is only replaced with
/// `overwrite`. The sync epoch changes, so that clients with cursors from before start over. Blocks.
///
/// Returns what happened since the backup and is forgotten now; `None` when there was no database before, or none that
/// could be read.
pub fn restore(file: &Path, into: &Path, overwrite: bool) -> Result<Option<Forgotten>, StoreError> {
    let source = open_backup(file)?;
    if into.symlink_metadata().is_ok() {
        may_replace(into, overwrite)?;
    }
    let partial = beside(into, ".restoring");
    remove_database(&partial)?;
    let done = copy(&source, &partial)
        .and_then(|()| prepare(&partial))
        .and_then(|()| {
            let forgotten = forgotten(into, &partial).ok();
            put_in_place(&partial, into).map(|()| forgotten)
        });
    if done.is_err() {
        // The failure itself is what matters; the next attempt removes the rest.
        let _ = remove_database(&partial);
    }
    done
}

/// Gives the database a new sync epoch: cursors handed out before are refused.
fn begin_epoch(conn: &Connection) -> Result<(), StoreError> {
    // 53 bits, so that the number survives JSON. Never the same as before.
    conn.execute(
        "UPDATE sync_head SET epoch = (epoch + 1 + (random() & 4503599627370495)) & 9007199254740991",
        [],
    )
    .db()?;
    Ok(())
}

/// Opens what shall be restored, if it is a database this program understands.
fn open_backup(file: &Path) -> Result<Connection, StoreError> {
    if !file.is_file() {
        return Err(StoreError::Unavailable(format!(
            "there is no file {}",
            file.display()
        )));
    }
    let conn = reading_connection(file)?;
    if migrations::check(&conn)? == 0 {
        return Err(StoreError::Unavailable(format!(
            "{} holds no database",
            file.display()
        )));
    }
    Ok(conn)
}

/// Refuses to replace another program's file, a database in use, and (unless told) one that holds anything.
fn may_replace(into: &Path, overwrite: bool) -> Result<(), StoreError> {
    let metadata = into.metadata().map_err(|error| on_disk(&error, into))?;
    if !metadata.is_file() {
        return Err(StoreError::Unavailable(format!(
            "{} is not a file",
            into.display()
        )));
    }
    if metadata.len() == 0 {
        return Ok(());
    }
    let conn = Connection::open_with_flags(into, OpenFlags::SQLITE_OPEN_READ_WRITE).db()?;
    conn.busy_timeout(Duration::from_millis(200)).db()?;
    // With exclusive locking SQLite refuses while any other connection has the file open in WAL mode.
    conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))
        .db()?;
    match conn.execute_batch("BEGIN EXCLUSIVE; COMMIT") {
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            ) =>
        {
            return Err(StoreError::Unavailable(format!(
                "{} is in use: stop the server first",
                into.display()
            )));
        }
        // A damaged database may be replaced, but only when told.
        Err(error) if overwrite => {
            tracing::warn!(%error, "the database to be replaced cannot be read");
            return Ok(());
        }
        other => other.db()?,
    }
    match migrations::check(&conn) {
        Ok(0) => Ok(()),
        Ok(_) if overwrite || !holds_anything(&conn)? => Ok(()),
        Ok(_) => Err(StoreError::Unavailable(format!(
            "{} holds data: say so explicitly to replace it",
            into.display()
        ))),
        Err(StoreError::TooNew { .. } | StoreError::Damaged(_)) if overwrite => Ok(()),
        Err(error) => Err(error),
    }
}

fn holds_anything(conn: &Connection) -> Result<bool, StoreError> {
    conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM theaters) OR EXISTS (SELECT 1 FROM movies)
           OR EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM bookings)",
        [],
        |row| row.get(0),
    )
    .db()
}

/// Checks the copy through and through and gives it its new epoch.
fn prepare(partial: &Path) -> Result<(), StoreError> {
    let conn = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_WRITE).db()?;
    let verdict: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .db()?;
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict));
    }
    let dangling: Option<String> = conn
        .prepare("PRAGMA foreign_key_check")
        .db()?
        .query_map([], |row| row.get(0))
        .db()?
        .next()
        .transpose()
        .db()?;
    if let Some(table) = dangling {
        return Err(StoreError::Damaged(format!(
            "a row of {table} refers to a row that is not there"
        )));
    }
    conn.pragma_update(None, "synchronous", "FULL").db()?;
    begin_epoch(&conn)?;
    conn.close()
        .map_err(|(_, error)| crate::failure::store_error(error))
}

/// The new file takes the old one's name; the old one's log must not be mistaken for its own.
fn put_in_place(partial: &Path, into: &Path) -> Result<(), StoreError> {
    remove(&beside(into, "-wal"))?;
    remove(&beside(into, "-shm"))?;
    std::fs::rename(partial, into).map_err(|error| on_disk(&error, into))?;
    sync_folder(into)
}

fn remove_database(file: &Path) -> Result<(), StoreError> {
    remove(file)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        remove(&beside(file, suffix))?;
    }
    Ok(())
}
