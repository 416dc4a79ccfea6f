//! Seat changes as they commit.
//!
//! An engine calls the feed after the commit and before it answers the callers of that commit, so that a read after
//! an answer reflects it on that server. What a server does with a change (its cache, its live streams) is not here.

use matinee_domain::{ids::ShowId, seat_map::SeatNo};

/// What a seat of a show is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeatState {
    /// It has no row.
    Available,
    Held,
    Sold,
    Blocked,
}

impl SeatState {
    /// The number a store keeps; `Available` has no row.
    pub const fn code(self) -> i64 {
        match self {
            Self::Available => 0,
            Self::Held => 1,
            Self::Sold => 2,
            Self::Blocked => 3,
        }
    }
    /// Reads what [`Self::code`] wrote.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Available),
            1 => Some(Self::Held),
            2 => Some(Self::Sold),
            3 => Some(Self::Blocked),
            _ => None,
        }
    }
}

/// What one commit changed in one show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowChange {
    pub show_id: ShowId,
    /// The show's version after the commit.
    pub version: u64,
    /// Seats of the show that are held, sold or blocked after the commit.
    pub taken: u16,
    /// Last state of every seat that changed. What another server changed is told as the whole show, seat by seat.
    pub changes: Vec<(SeatNo, SeatState)>,
}

/// Who wants to know.
pub trait SeatFeed: Send + Sync + 'static {
    /// Called once per commit with every show it changed. Must be quick: the writer waits.
    fn committed(&self, changes: &[ShowChange]);
}

/// Nobody listens.
#[derive(Debug, Default)]
pub struct NoFeed;
impl SeatFeed for NoFeed {
    fn committed(&self, _changes: &[ShowChange]) {}
}
