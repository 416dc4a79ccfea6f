//! How values stand in columns: times as microseconds since 1970, ids as their raw bytes, lists as JSON.
//!
//! Both directions in one place, so that what one statement writes another can read. A value that does not come back
//! is [`StoreError::Damaged`], never a panic.

use chrono::{DateTime, Utc};
use matinee_domain::money::{Currency, Money};
use matinee_store::StoreError;
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use tokio_postgres::{Row, types::FromSql};

/// A time as it is kept; finer than a microsecond is cut off.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A kept time.
pub(crate) fn time(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| damaged("a time out of range"))
}

/// A kept time that may be absent.
pub(crate) fn optional_time(micros: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
    micros.map(time).transpose()
}

/// An amount from its two columns.
pub(crate) fn money(amount_minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency: Currency = currency.parse().map_err(damaged)?;
    Ok(Money::new(amount_minor, currency))
}

/// A value as JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Engine(error.to_string()))
}

/// A value from JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(damaged)
}

/// A row that does not read back as what was written.
pub(crate) fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(what.to_string())
}

/// Text as PostgreSQL can keep it: it has no NUL character.
pub(crate) fn text(given: &str) -> Cow<'_, str> {
    if given.contains('\0') {
        Cow::Owned(given.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(given)
    }
}

/// Reading columns with the store's errors.
pub(crate) trait Columns {
    /// A column's value.
    fn value<'r, T: FromSql<'r>>(&'r self, column: usize) -> Result<T, StoreError>;
    /// Exactly so many bytes.
    fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError>;
    /// Exactly so many bytes, or NULL.
    fn optional_bytes<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, StoreError>;
    /// A text.
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.value(column)
    }
    /// A number that is never negative.
    fn count(&self, column: usize) -> Result<u64, StoreError> {
        let number: i64 = self.value(column)?;
        u64::try_from(number).map_err(damaged)
    }
    /// A number of four bytes as a smaller one.
    fn small<T: TryFrom<i32>>(&self, column: usize) -> Result<T, StoreError> {
        let number: i32 = self.value(column)?;
        T::try_from(number).map_err(|_| damaged("a number out of range"))
    }
    /// A time.
    fn time(&self, column: usize) -> Result<DateTime<Utc>, StoreError> {
        time(self.value(column)?)
    }
}

impl Columns for Row {
    fn value<'r, T: FromSql<'r>>(&'r self, column: usize) -> Result<T, StoreError> {
        self.try_get(column).map_err(damaged)
    }

    fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        let bytes: &[u8] = self.value(column)?;
        bytes.try_into().map_err(damaged)
    }

    fn optional_bytes<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, StoreError> {
        let bytes: Option<&[u8]> = self.value(column)?;
        bytes
            .map(|bytes| bytes.try_into().map_err(damaged))
            .transpose()
    }
}
