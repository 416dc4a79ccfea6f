//! What SQLite's errors mean to a caller of the store.
//!
//! Only the few that somebody can act on get a name of their own; the rest keeps SQLite's words.

use matinee_store::StoreError;
use rusqlite::ErrorCode;

/// Turns SQLite results into store results; `?` cannot, since both types are foreign here.
pub(crate) trait OrStoreError<T> {
    /// The value, or the store's error for it.
    fn db(self) -> Result<T, StoreError>;
}

impl<T> OrStoreError<T> for Result<T, rusqlite::Error> {
    fn db(self) -> Result<T, StoreError> {
        self.map_err(store_error)
    }
}

/// The store's error for one of SQLite's.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::ReadOnly(error.to_string())
        }
        // Another process kept the write lock for the whole busy timeout.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Overloaded,
        Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase) => {
            StoreError::Unavailable(error.to_string())
        }
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        _ => match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                StoreError::Damaged(error.to_string())
            }
            other => StoreError::Engine(other.to_string()),
        },
    }
}
