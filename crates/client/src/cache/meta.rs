//! The one row of facts about the copy.

use super::{Cache, CacheError};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

/// How far the copy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) cursor: Option<String>,
    pub(crate) synced_at: Option<DateTime<Utc>>,
}

/// The server this copy is of; a new copy is of the one asked for.
pub(super) fn origin(connection: &Connection, asked: &str) -> rusqlite::Result<String> {
    let found = connection
        .query_row("SELECT origin FROM meta WHERE only = 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(origin) = found {
        return Ok(origin);
    }
    connection.execute("INSERT INTO meta (only, origin) VALUES (1, ?1)", [asked])?;
    Ok(asked.to_owned())
}

pub(super) fn generation(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT generation FROM meta WHERE only = 1", [], |row| {
        row.get(0)
    })
}

pub(super) fn advance(connection: &Connection, cursor: &str) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE meta SET cursor = ?1 WHERE only = 1", [cursor])
        .map(drop)
}

impl Cache {
    pub(crate) async fn progress(&self) -> Result<Progress, CacheError> {
        self.run(|connection| {
            Ok(connection.query_row(
                "SELECT cursor, synced_at FROM meta WHERE only = 1",
                [],
                |row| {
                    Ok(Progress {
                        cursor: row.get(0)?,
                        synced_at: row.get(1)?,
                    })
                },
            )?)
        })
        .await
    }

    /// The copy equals the server as of now.
    pub(crate) async fn note_synced(&self, at: DateTime<Utc>) -> Result<(), CacheError> {
        self.run(move |connection| {
            connection.execute("UPDATE meta SET synced_at = ?1 WHERE only = 1", params![at])?;
            Ok(())
        })
        .await
    }

    /// The cursor is worthless: what comes now is a new generation. What is there stays readable until that is complete.
    pub(crate) async fn start_over(&self) -> Result<(), CacheError> {
        self.run(|connection| {
            connection.execute(
                "UPDATE meta SET cursor = NULL, generation = generation + 1 WHERE only = 1",
                [],
            )?;
            Ok(())
        })
        .await
    }
}
