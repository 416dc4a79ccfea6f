//! How values stand in columns: times as microseconds since 1970, ids as their raw bytes, lists as JSON.
//!
//! Both directions in one place, so that what one statement writes another can read. A value that does not come back
//! is [`StoreError::Damaged`], never a panic.

use chrono::{DateTime, Utc};
use matinee_domain::money::{Currency, Money};
use matinee_store::StoreError;
use serde::{Serialize, de::DeserializeOwned};

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
