//! Shows that move to another screen, and how far the bookings without room there have been gone through.
//!
//! Moving writes the show's new place, everybody's new seats and tickets, what they are told, and the work that is left, in
//! one transaction. Which seat becomes which is decided before ([`matinee_domain::reseat`]); the store only makes sure that
//! nothing has changed since. Seats without room are put aside under numbers that are no place of any map: they are still
//! their bookings', so that giving the money back is ordinary steps of bookings, and what is left to do is what is there.

use crate::{
    bookings::{BookedSeat, BookingFile},
    error::StoreError,
    feed::SeatState,
    idempotency::{IdempotencyRecord, Lookup},
    outbox::NewMessage,
    refund_progress::RefundProgress,
    staff::AuditEntry,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::Show,
    ids::{BookingId, ScreenId, SeatMapId, ShowId},
    seat_map::SeatNo,
};

/// A ticket's seat before and after. A new revision revokes the code that was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedTicket {
    pub from: SeatNo,
    pub to: SeatNo,
    pub reissued: bool,
}

/// A booking of the show with its seats after the move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedBooking {
    pub booking_id: BookingId,
    /// The version it had when this was decided.
    pub version: u64,
    /// All of its seats, cancelled ones too.
    pub seats: Vec<BookedSeat>,
    /// What the rows of those not cancelled are.
    pub state: SeatState,
    pub tickets: Vec<MovedTicket>,
    pub message: Option<NewMessage>,
}

impl MovedBooking {
    /// The seats it owns.
    pub fn open(&self) -> impl Iterator<Item = SeatNo> + '_ {
        let open = self.seats.iter().filter(|seat| !seat.cancelled);
        open.map(|seat| seat.seat)
    }

    /// There is no room for it.
    pub fn is_aside(&self) -> bool {
        self.open().any(SeatNo::is_aside)
    }
}

/// Moves a show to another screen.
#[derive(Debug, Clone)]
pub struct MoveShow {
    /// As it shall be.
    pub show: Show,
    /// The show has not changed since this version of it.
    pub expected: u64,
    /// Nobody held, bought or gave back a seat since this version of its seats.
    pub seats_version: u64,
    /// Every booking that owns seats.
    pub bookings: Vec<MovedBooking>,
    pub audit: AuditEntry,
    pub idempotency: Option<IdempotencyRecord>,
    pub now: DateTime<Utc>,
}

/// What became of [`MoveShow`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveShowOutcome {
    Moved,
    NoShow,
    /// The show was changed.
    Changed,
    /// Somebody held, bought or gave back seats, or a booking changed: decide again.
    SeatsChanged,
    Cancelled,
    /// Bookings of an earlier move are still being given back.
    Unfinished,
    /// Another show is on the screen then, cleaning included.
    Clash(ShowId),
    Repeated(Lookup),
}

/// A show's last move to another screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedShow {
    pub show_id: ShowId,
    pub at: DateTime<Utc>,
    pub screen_before: ScreenId,
    pub starts_before: DateTime<Utc>,
    /// Bookings there was no room for.
    pub bookings: u32,
    /// When none of them had seats any more.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveProgress {
    pub moved: MovedShow,
    /// Bookings without room that still have their seats.
    pub left: u32,
    pub refunds: RefundProgress,
}

/// Shows that move.
#[async_trait]
pub trait MoveStore: Send + Sync + 'static {
    /// Moves a show to another screen, all of it or nothing. Blocked seats are let go: they were those of the old screen.
    async fn move_show(&self, moving: MoveShow) -> Result<MoveShowOutcome, StoreError>;
    /// How far the last move of a show is; `None` when it never moved to another screen.
    async fn move_progress(&self, show_id: ShowId) -> Result<Option<MoveProgress>, StoreError>;
    /// Shows with bookings without room left to go through, the first moved first.
    async fn open_moves(&self, limit: u16) -> Result<Vec<ShowId>, StoreError>;
    /// Bookings without room that still have their seats, in the order of their ids, after `after`.
    async fn bookings_aside(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError>;
    /// Every booking that has seats of a show.
    async fn bookings_of_show(&self, show_id: ShowId) -> Result<Vec<BookingFile>, StoreError>;
    /// Notes that no booking without room has seats any more; false while one has.
    async fn finish_move(&self, show_id: ShowId, now: DateTime<Utc>) -> Result<bool, StoreError>;
    /// The maps a show had before each of its moves, the first first: its seats of seating 0, 1, ….
    async fn maps_before(&self, show_id: ShowId) -> Result<Vec<SeatMapId>, StoreError>;
}
