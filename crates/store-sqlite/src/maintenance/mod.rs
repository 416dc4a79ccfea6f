//! The operator's side of the SQLite engine: verify, back up, restore, move out, and small notes.
//!
//! Everything here but restoring and moving runs beside a live server and changes nothing it serves from, but for the
//! notes.

mod backup;
mod departure;
mod forgotten;
mod restore;
mod verify;

pub use departure::Departure;
pub(crate) use departure::refuse_left;
pub use forgotten::Forgotten;
pub use restore::restore;

use crate::{SqliteStore, failure::OrStoreError as _};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_store::{Maintenance, StoreError, verify::VerifyReport};
use rusqlite::OptionalExtension as _;
use std::path::Path;

#[async_trait]
impl Maintenance for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.read_here(|conn| {
            conn.prepare_cached("SELECT only_row FROM sync_head")
                .db()?
                .query_row([], |_| Ok(()))
                .db()
        })
        .await
    }

    async fn verify(&self, now: DateTime<Utc>) -> Result<VerifyReport, StoreError> {
        self.read(move |conn| verify::verify(conn, now)).await
    }

    async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let file = file.to_owned();
        self.read(move |conn| backup::backup(conn, &file)).await
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        self.read_here(|conn| {
            conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM theaters)", [], |row| {
                row.get(0)
            })
            .db()
        })
        .await
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read_here(|conn| {
            conn.query_row("SELECT value FROM notes WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .db()
        })
        .await
    }

    async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |tx| {
            tx.prepare(
                "INSERT INTO notes (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute([&name, &value])
            .db()?;
            Ok(())
        })
        .await
    }

    async fn close(&self) {
        self.shut().await;
    }
}
