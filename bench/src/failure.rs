//! Why a measurement is worth nothing.

use matinee_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL: {0}{said}", said = .0.as_db_error().map(|error| format!(": {error}")).unwrap_or_default())]
    Postgres(#[from] tokio_postgres::Error),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the server: {0}")]
    Server(String),
    /// An answer that the load did not expect.
    #[error("{what}: answered {status}: {body}")]
    Answer {
        what: &'static str,
        status: u16,
        body: String,
    },
    /// An effect that was acknowledged and is not there, or the other way round.
    #[error("{what}: expected {expected}, found {found}")]
    Effect {
        what: &'static str,
        expected: u64,
        found: u64,
    },
}

/// Refuses figures whose effect is not there.
pub fn expect(what: &'static str, expected: u64, found: u64) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    Err(Failure::Effect {
        what,
        expected,
        found,
    })
}
