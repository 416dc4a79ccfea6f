//! Was that possible? Takes what clients asked for and what they were told, with every seat map somebody saw and how
//! things stood in the end, and says what no correct box office could have answered.
//!
//! Pure: it knows no server and no clock, so its own tests feed it false histories and see each caught. What it cannot
//! see is what nobody asked; `matinee-server verify` looks at the rows themselves.
//!
//! - Each seat is a register, free → held → sold → free, and its history has to be linearizable ([`seat`]).
//! - What was acknowledged is there in the end, once, and never disappears from a later read ([`acknowledged`]).
//! - Every seat map has all its seats once, and versions only grow ([`snapshots`]).

mod acknowledged;
pub mod record;
mod seat;
mod snapshots;
#[cfg(test)]
mod tests;

pub use record::Recorder;
use std::collections::BTreeMap;

/// Microseconds since the recording began.
pub type Moment = u64;
/// What has no end yet, and may still take effect.
pub const NEVER: Moment = Moment::MAX;

/// What a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Hold,
    Pay,
    /// The whole booking, with its money back.
    Cancel,
    /// A hold given back.
    Release,
}

/// What the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// A definite no, and no earlier try of the same request may still take effect.
    Refused,
    /// Timeout, reset, 503: it took effect once, will do so, or never.
    Unknown,
}

/// A request with all its repetitions under one idempotency key.
#[derive(Debug, Clone)]
pub struct Operation {
    pub kind: Kind,
    /// Names it to a person: the client and its key.
    pub key: String,
    pub show: String,
    /// Known for an acknowledged hold and for all that follows one.
    pub booking: Option<String>,
    /// Asked for by a hold; nothing when the server was to choose and never answered.
    pub seats: Vec<String>,
    /// When the first try was sent.
    pub invoked: Moment,
    /// When a definite answer was there; [`NEVER`] without one.
    pub ended: Moment,
    pub outcome: Outcome,
    /// The seats a refused hold was told to be taken.
    pub taken: Vec<String>,
    /// What an acknowledged cancellation gives back.
    pub refund_minor: i64,
    /// A digest of every successful answer under this key: all the same, or the key has two effects.
    pub answers: Vec<u64>,
}

/// A seat as the map shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    Available,
    Held,
    Sold,
    Blocked,
}

/// A seat map somebody was shown.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// One server through one connection: what reads in order. Versions are compared within it.
    pub reader: String,
    pub show: String,
    pub invoked: Moment,
    pub ended: Moment,
    pub version: u64,
    pub seats: Vec<(String, Status)>,
    /// How far behind it may be: nothing on the server that made the change, more on another.
    pub behind: Moment,
}

/// A booking somebody asked for by its id.
#[derive(Debug, Clone)]
pub struct BookingRead {
    pub booking: String,
    pub invoked: Moment,
    pub ended: Moment,
    /// `None`: there is no such booking.
    pub status: Option<String>,
    pub behind: Moment,
}

/// How a booking stood in the end.
#[derive(Debug, Clone)]
pub struct FinalBooking {
    pub booking: String,
    pub status: String,
    /// Those that were not cancelled.
    pub seats: Vec<String>,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    pub valid_tickets: usize,
}

/// Everything that was seen.
#[derive(Debug, Default, Clone)]
pub struct History {
    pub operations: Vec<Operation>,
    pub snapshots: Vec<Snapshot>,
    pub reads: Vec<BookingRead>,
    pub finals: Vec<FinalBooking>,
    /// When the final state was read: everything had ended by then.
    pub closed: Moment,
    /// How many bookings the database has, when somebody counted.
    pub stored_bookings: Option<usize>,
    /// How many seats a show has.
    pub capacity: BTreeMap<String, usize>,
    /// A hold runs out no sooner.
    pub hold_lasts: Moment,
}

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Report {
    pub findings: Vec<String>,
    pub operations: usize,
    pub acknowledged: usize,
    pub unknown: usize,
    pub snapshots: usize,
    /// Seats whose history was explained.
    pub seats: usize,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} operations ({} acknowledged, {} unknown), {} seat maps, {} seats explained",
            self.operations, self.acknowledged, self.unknown, self.snapshots, self.seats
        )
    }
}

impl Report {
    /// Nothing impossible was seen.
    #[track_caller]
    pub fn expect_possible(&self) {
        let first: Vec<&String> = self.findings.iter().take(10).collect();
        assert!(
            self.findings.is_empty(),
            "{} impossible things, the first: {first:#?}",
            self.findings.len()
        );
    }
}

impl History {
    /// Checks all of it.
    pub fn check(&self) -> Report {
        let counted = |outcome| {
            let with = |operation: &&Operation| operation.outcome == outcome;
            self.operations.iter().filter(with).count()
        };
        let mut report = Report {
            operations: self.operations.len(),
            acknowledged: counted(Outcome::Done),
            unknown: counted(Outcome::Unknown),
            snapshots: self.snapshots.len(),
            ..Report::default()
        };
        snapshots::check(self, &mut report.findings);
        acknowledged::check(self, &mut report.findings);
        report.seats = seat::check(self, &mut report.findings);
        report
    }

    /// The hold each booking began with, as an index into the operations.
    fn holds(&self) -> BTreeMap<&str, usize> {
        let holds = self.operations.iter().enumerate();
        holds
            .filter(|(_, operation)| operation.kind == Kind::Hold)
            .filter_map(|(index, operation)| Some((operation.booking.as_deref()?, index)))
            .collect()
    }
}
