//! Letting people in with their tickets: what a door says of a ticket, and which of several scans counts.
//!
//! Both are the same whoever decides, a server or a door with no network: so they depend on nothing but what is passed in.
//! Whether a code is genuine, and how a ticket stands, is found out elsewhere.

use crate::ids::{ScanId, ShowId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Minutes before the start at which doors open, unless the theater says otherwise.
pub const DOORS_OPEN_MINUTES: u16 = 60;
/// The most a theater may say.
pub const DOORS_OPEN_MINUTES_MAX: u16 = 24 * 60;
/// How long letting somebody in can be undone.
pub const UNDO_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// Scans that one request may tell of.
pub const SCANS_AT_ONCE: usize = 1_000;

/// What a door says of a ticket.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ScanVerdict {
    /// Let in now.
    Admitted,
    /// Somebody is in with it.
    Already,
    /// The code is a booking's of several tickets: say which.
    Choose,
    /// Its signature does not fit: altered, copied badly, or made up.
    Forged,
    /// There is nothing of this name.
    Unknown,
    /// It was issued anew since; the newer one counts.
    Revoked,
    /// It was given back.
    Cancelled,
    /// For another show.
    WrongShow,
    /// For another theater.
    WrongTheater,
    /// The doors are not open yet.
    TooEarly,
    /// The show is over.
    TooLate,
    /// Paid with test money, at a door of a server that takes real money.
    TestTicket,
    /// The booking is not paid.
    NotPaid,
}

impl ScanVerdict {
    /// Every verdict.
    pub const ALL: [Self; 13] = [
        Self::Admitted,
        Self::Already,
        Self::Choose,
        Self::Forged,
        Self::Unknown,
        Self::Revoked,
        Self::Cancelled,
        Self::WrongShow,
        Self::WrongTheater,
        Self::TooEarly,
        Self::TooLate,
        Self::TestTicket,
        Self::NotPaid,
    ];

    /// The text on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Already => "already",
            Self::Choose => "choose",
            Self::Forged => "forged",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
            Self::WrongShow => "wrong_show",
            Self::WrongTheater => "wrong_theater",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::TestTicket => "test_ticket",
            Self::NotPaid => "not_paid",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
    }
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It opens the door.
    Valid,
    /// Somebody is in with it.
    Redeemed,
    /// It was given back.
    Void,
}

/// A genuine ticket as it is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub standing: Standing,
    /// It is the newest of its kind, or was looked up by its booking.
    pub newest: bool,
    pub paid: bool,
    pub test: bool,
    pub show: ShowId,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// Where it is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// The only show people are let in to.
    pub show: Option<ShowId>,
    /// Minutes before the start.
    pub opens_minutes: u16,
    /// The server takes test money.
    pub test_mode: bool,
}

impl Door {
    /// When it opens for a show.
    pub fn opens_at(&self, starts_at: DateTime<Utc>) -> DateTime<Utc> {
        starts_at - TimeDelta::minutes(i64::from(self.opens_minutes))
    }

    /// What it says. [`ScanVerdict::Admitted`] is what would be done: whether it is done the store says, since two doors
    /// may ask at once. What cannot be mended comes before what only needs time.
    pub fn judge(&self, ticket: &Presented, at: DateTime<Utc>) -> ScanVerdict {
        if ticket.standing == Standing::Void {
            ScanVerdict::Cancelled
        } else if !ticket.newest {
            ScanVerdict::Revoked
        } else if !ticket.paid {
            ScanVerdict::NotPaid
        } else if ticket.test && !self.test_mode {
            ScanVerdict::TestTicket
        } else if self.show.is_some_and(|show| show != ticket.show) {
            ScanVerdict::WrongShow
        } else if at < self.opens_at(ticket.starts_at) {
            ScanVerdict::TooEarly
        } else if at >= ticket.ends_at {
            ScanVerdict::TooLate
        } else if ticket.standing == Standing::Redeemed {
            ScanVerdict::Already
        } else {
            ScanVerdict::Admitted
        }
    }
}

/// A scan by which somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub scan_id: ScanId,
    pub scanned_at: DateTime<Utc>,
    pub door: String,
}

/// Puts scans of one ticket in the order in which they count: the first is the one that is in, the others are doubles. It
/// depends on the scans alone, not on who told them first.
pub fn in_order(entries: &mut [Entry]) {
    entries.sort_by_key(|entry| (entry.scanned_at, entry.scan_id));
}

#[cfg(test)]
mod tests;
