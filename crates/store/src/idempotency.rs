//! Records that make a POST safe to repeat.
//!
//! A record is written in the same transaction as its effect, with the answer's bytes. Looking it up is the first
//! thing the unit of work does, so that of two requests with one key exactly one takes effect.

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// Who and what: the caller's digest already includes a guest's secret, so another caller's key never replays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Digest (SHA-256, first 16 bytes) of caller, method+path and key.
    pub scope: [u8; 16],
    /// Digest (SHA-256, first 16 bytes) of the body.
    pub body: [u8; 16],
}

/// An answer to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub status: u16,
    pub body: Bytes,
}

/// A record to write with the effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    pub key: IdempotencyKey,
    pub answer: Recorded,
    /// When it may be forgotten.
    pub keep_until: DateTime<Utc>,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Never seen.
    New,
    /// Seen with this body: the stored answer.
    Replay(Recorded),
    /// Seen with another body.
    Reused,
}
