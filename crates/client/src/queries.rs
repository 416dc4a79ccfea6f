//! What a caller asks for, shaped as the UI says it.

use chrono::{DateTime, NaiveDate, Utc};
use matinee_api::{SeatChange, SeatChanges, SeatSnapshot, UserId};
use serde::{Deserialize, Serialize};
use specta::Type;
use std::fmt;

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct Coordinates {
    #[specta(type = i32)]
    pub latitude: f64,
    #[specta(type = i32)]
    pub longitude: f64,
}

/// Which theaters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Type)]
pub struct TheaterQuery {
    #[serde(default)]
    pub q: Option<String>,
    #[serde(default)]
    pub near: Option<Coordinates>,
    #[serde(default)]
    pub limit: Option<u16>,
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Which movies.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Type)]
pub struct MovieQuery {
    #[serde(default)]
    pub q: Option<String>,
    #[serde(default)]
    pub limit: Option<u16>,
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Which shows of a movie.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Type)]
pub struct ShowQuery {
    #[serde(default)]
    pub theater_id: Option<String>,
    /// In the theater's zone; without it, the next 14 days.
    #[serde(default)]
    pub date: Option<NaiveDate>,
}

/// Who is signed in, as far as a screen needs it: no token is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Session {
    pub signed_in: bool,
    pub user_id: Option<UserId>,
    pub email: Option<String>,
    pub name: Option<String>,
    /// The session ends with the app, by choice, since the system has no keyring.
    pub session_only: bool,
}

/// What signs a person in.
#[derive(Clone, PartialEq, Eq, Deserialize, Type)]
pub struct Credentials {
    pub email: String,
    pub password: String,
    /// A code of the account's generator, when it was asked for.
    #[serde(default)]
    pub code: Option<String>,
}

/// What makes an account.
#[derive(Clone, PartialEq, Eq, Deserialize, Type)]
pub struct NewAccount {
    pub email: String,
    pub password: String,
    pub name: String,
    /// Of messages, BCP 47; empty for that of the theater's country.
    #[serde(default)]
    pub language: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewAccount { .. }")
    }
}

/// What happens to a show's seats.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SeatEvent {
    /// All of them.
    Snapshot {
        #[specta(type = u32)]
        version: u64,
        seats: Vec<SeatChange>,
    },
    /// Some of them.
    Seats {
        #[specta(type = u32)]
        version: u64,
        changes: Vec<SeatChange>,
    },
    /// Whether the stream is up. Down, the map is only as fresh as its last event.
    Connection { live: bool },
}

impl From<SeatSnapshot> for SeatEvent {
    fn from(event: SeatSnapshot) -> Self {
        Self::Snapshot {
            version: event.version,
            seats: event.seats,
        }
    }
}

impl From<SeatChanges> for SeatEvent {
    fn from(event: SeatChanges) -> Self {
        Self::Seats {
            version: event.version,
            changes: event.changes,
        }
    }
}

/// When a show is over for the purposes of a list.
pub(crate) fn days_ahead(now: DateTime<Utc>) -> DateTime<Utc> {
    now + chrono::Duration::days(14)
}
