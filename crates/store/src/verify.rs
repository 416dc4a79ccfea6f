//! The operator's view: is everything consistent, and can it be carried away.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::path::Path;

/// A broken invariant with the row that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// A short stable name, e.g. `taken_count`.
    pub invariant: &'static str,
    /// The row, in words an operator can search for.
    pub row: String,
}

/// What verification saw.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Every invariant that was checked, in order, with how many rows it looked at.
    pub checked: Vec<(&'static str, u64)>,
    /// At most 1,000 of them.
    pub violations: Vec<Violation>,
}

/// Looking after a database.
#[async_trait]
pub trait Maintenance: Send + Sync + 'static {
    /// A cheap question that only a working database answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Checks every invariant, beside a live server.
    async fn verify(&self, now: DateTime<Utc>) -> Result<VerifyReport, StoreError>;
    /// Writes a consistent copy to a new file, beside a live server.
    async fn backup(&self, file: &Path) -> Result<(), StoreError>;
    /// True when there is no theater yet.
    async fn is_empty(&self) -> Result<bool, StoreError>;
    /// A note kept with the database, e.g. that it holds the demo.
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError>;
    async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// Finishes what was accepted and closes the engine.
    async fn close(&self);
}
