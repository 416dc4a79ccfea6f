//! What PostgreSQL's errors mean: to a caller of the store, and to whoever may try again.
//!
//! Only the few that somebody can act on get a name of their own; the rest keeps PostgreSQL's words.

use matinee_store::StoreError;
use tokio_postgres::{Error, error::SqlState};

/// Turns PostgreSQL results into store results; `?` cannot, since both types are foreign here.
pub(crate) trait OrStoreError<T> {
    /// The value, or the store's error for it.
    fn db(self) -> Result<T, StoreError>;
}

impl<T> OrStoreError<T> for Result<T, Error> {
    fn db(self) -> Result<T, StoreError> {
        self.map_err(|error| store_error(&error))
    }
}

/// The database, or the way to it, is gone: nothing further comes from this connection.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error.code() {
        // 08: connection exception; 57P: shutdown, crash, starting up; 25006: this one is a standby now.
        Some(code) => {
            code.code().starts_with("08")
                || code.code().starts_with("57P")
                || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        }
        None => true,
    }
}

/// Nothing is wrong with the transaction but its company: it may be run again as it is.
pub(crate) fn is_contention(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
        ]
        .contains(code)
    })
}

/// The store's error for one of PostgreSQL's.
pub(crate) fn store_error(error: &Error) -> StoreError {
    let words = words(error);
    let Some(code) = error.code() else {
        return StoreError::Unavailable(words);
    };
    if *code == SqlState::DISK_FULL {
        return StoreError::DiskFull;
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION || *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return StoreError::ReadOnly(words);
    }
    if is_contention(error)
        || *code == SqlState::TOO_MANY_CONNECTIONS
        || *code == SqlState::QUERY_CANCELED
    {
        return StoreError::Overloaded;
    }
    let refused = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
    ];
    if is_lost(error) || refused.contains(code) {
        return StoreError::Unavailable(words);
    }
    if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) {
        return StoreError::Damaged(words);
    }
    StoreError::Engine(words)
}

/// What PostgreSQL said. The detail is left out: it quotes the row, which may hold what no log should.
fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) if source.to_string() == "server does not support TLS" => {
                "the server has no TLS (its setting ssl is off), and sslmode asks for it".into()
            }
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
