//! What the failure of a written batch means.
//!
//! A statement that wrote another number of rows than was meant divides by zero: something the batch relied on has
//! moved, and it is decided again. Any other failure is the fault of a unit in it.

use crate::failure::{is_contention, is_lost, store_error};
use matinee_store::StoreError;
use tokio_postgres::{Error, error::SqlState};

/// Why a batch was given up. Nothing of it took effect, except when the connection was lost while it was written: then
/// nobody knows, and whoever asks again with the same key finds out.
#[derive(Debug)]
pub(super) enum GaveUp {
    /// What it relied on has moved, or it got in another's way: decide again.
    Moved,
    /// The database, or the way to it, is gone.
    Lost(StoreError),
    /// The database refuses what a unit of it asks.
    Refused(StoreError),
    /// It concerns every unit alike.
    Everyones(StoreError),
}

impl From<Error> for GaveUp {
    fn from(error: Error) -> Self {
        if is_contention(&error) || error.code() == Some(&SqlState::DIVISION_BY_ZERO) {
            return Self::Moved;
        }
        // A prepared statement that a change of the schema left behind: another connection has none.
        if is_lost(&error) || error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
            return Self::Lost(StoreError::Unavailable(store_error(&error).to_string()));
        }
        match store_error(&error) {
            refused @ StoreError::Engine(_) => Self::Refused(refused),
            other => Self::Everyones(other),
        }
    }
}

impl From<StoreError> for GaveUp {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Lost(error),
            StoreError::Engine(_) | StoreError::Damaged(_) => Self::Refused(error),
            other => Self::Everyones(other),
        }
    }
}
