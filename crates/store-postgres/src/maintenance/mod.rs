//! The operator's side of the PostgreSQL engine: verify, moving in, small notes, the shared clock, and who does which
//! job.
//!
//! Backup and restore are PostgreSQL's own (`pg_dump`, `pg_basebackup`, point-in-time recovery): they know the log,
//! replication and roles, and a copy through this program would know none of it.

mod arrival;
mod verify;

pub use arrival::{Arrival, There};

use crate::{
    PostgresStore,
    columns::{Columns as _, micros, text},
    failure::OrStoreError as _,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_store::{Maintenance, StoreError, verify::VerifyReport};
use std::path::Path;

#[async_trait]
impl Maintenance for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let conn = self.connection().await?;
        pipeline::read(&conn, &[Call::new("SELECT only_row FROM sync_head")]).await?;
        Ok(())
    }

    async fn verify(&self, now: DateTime<Utc>) -> Result<VerifyReport, StoreError> {
        self.snapshot(|conn| async move { verify::verify(&conn, now).await })
            .await
    }

    async fn backup(&self, _file: &Path) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(
            "a PostgreSQL database is backed up with PostgreSQL's own programs: pg_dump for a copy of this database, \
             pg_basebackup and archived write-ahead log for the whole server"
                .into(),
        ))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let conn = self.connection().await?;
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM theaters)";
        conn.client().query_one(sql, &[]).await.db()?.value(0)
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let conn = self.connection().await?;
        let sql = "SELECT value FROM notes WHERE name = $1";
        let row = conn.client().query_opt(sql, &[&name]).await.db()?;
        row.map(|row| row.value(0)).transpose()
    }

    async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError> {
        if self.rehearses() {
            return Ok(());
        }
        let sql = "INSERT INTO notes (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.write(|conn| async move {
            let call = Call::new(sql).with(name).with(text(value));
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let conn = self.connection().await?;
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let answers = pipeline::read(&conn, &[Call::new(sql)]).await?;
        answers
            .iter()
            .flatten()
            .next()
            .map(|row| row.time(0))
            .transpose()
    }

    async fn lease(
        &self,
        job: &str,
        holder: [u8; 16],
        lasting: TimeDelta,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO leases AS l (name, holder, until) \
             VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond') \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE l.holder = excluded.holder OR l.until < clock_timestamp() RETURNING 1";
        let micros = micros(DateTime::UNIX_EPOCH + lasting) as f64;
        let conn = self.connection().await?;
        let call = Call::new(sql).with(job).with(&holder[..]).with(micros);
        let answers = pipeline::read(&conn, &[call]).await?;
        Ok(answers.iter().flatten().next().is_some())
    }

    async fn close(&self) {
        self.shut().await;
    }
}
