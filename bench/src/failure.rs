//! Why a measurement is worth nothing.

use matinee_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL: {}", told(.0))]
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

/// PostgreSQL's own words; the error alone says only that there was one.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}
