//! A show with everything selling it needs, and who sits where now. The server caches both; the use cases only read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Show, Theater},
    ids::ShowId,
    seat_map::{Seat, SeatId, SeatMap, SeatNo},
};
use matinee_store::{
    StoreError,
    bookings::{BookedSeat, BookingRow},
    feed::SeatState,
};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A seat map with an index by seat id.
#[derive(Debug)]
pub struct IndexedMap {
    pub map: Arc<SeatMap>,
    by_id: FxHashMap<String, SeatNo>,
}

impl IndexedMap {
    /// Builds the index.
    pub fn new(map: Arc<SeatMap>) -> Self {
        let by_id = map
            .seats
            .iter()
            .enumerate()
            .map(|(index, seat)| (seat.seat_id.0.clone(), SeatNo(index as u16)))
            .collect();
        Self { map, by_id }
    }
    /// The seat with this id.
    pub fn seat_no(&self, seat_id: &str) -> Option<SeatNo> {
        self.by_id.get(seat_id).copied()
    }
    /// The id of a seat; empty for a number the map does not have.
    pub fn seat_id(&self, seat: SeatNo) -> SeatId {
        self.map
            .seat(seat)
            .map_or_else(|| SeatId(String::new()), |seat| seat.seat_id.clone())
    }
}

/// How many seats of a show are taken. It only moves on: what somebody heard of an older version changes nothing.
#[derive(Debug, Default)]
pub struct Taken(AtomicU64);

/// The count has the lower bits; a version above it orders what was heard.
const COUNT_BITS: u32 = 16;

impl Taken {
    /// Somebody heard that at this version so many were taken.
    pub fn heard(&self, version: u64, taken: u16) {
        let packed = version << COUNT_BITS | u64::from(taken);
        self.0.fetch_max(packed, Ordering::AcqRel);
    }
    /// The count at the newest version heard of.
    pub fn count(&self) -> u16 {
        (self.0.load(Ordering::Acquire) & u64::from(u16::MAX)) as u16
    }
}

/// A show with what belongs to it.
#[derive(Debug)]
pub struct ShowFile {
    pub show: Show,
    /// It is on sale. The store decides; one that is not may still have bookings that ended.
    pub published: bool,
    /// The theater cancelled it, as far as this server knows.
    pub cancelled: bool,
    /// When it was moved last: who booked before may give tickets back free of charge.
    pub moved_at: Option<DateTime<Utc>>,
    /// How often it moved to another screen.
    pub seating: u16,
    /// The maps it had before each move, the first first.
    pub maps_before: Vec<Arc<IndexedMap>>,
    /// Seats that are held, sold or blocked, as far as this server knows.
    pub taken: Arc<Taken>,
    pub theater: Arc<Theater>,
    pub movie: Arc<Movie>,
    pub map: Arc<IndexedMap>,
}

impl ShowFile {
    /// The map that a booked seat is a number of.
    pub fn map_of(&self, booked: &BookedSeat) -> &IndexedMap {
        self.maps_before
            .get(usize::from(booked.seating))
            .unwrap_or(&self.map)
    }

    /// A booking's seat, on the map that its number is of.
    pub fn place(&self, booked: &BookedSeat) -> Option<&Seat> {
        self.map_of(booked).map.seat(booked.seat.place())
    }

    /// The id of a booking's seat; empty for a number that no map has.
    pub fn place_id(&self, booked: &BookedSeat) -> SeatId {
        self.map_of(booked).seat_id(booked.seat.place())
    }

    /// The seat of one of a booking's tickets.
    pub fn ticket_place(&self, booking: &BookingRow, seat: SeatNo) -> Option<&Seat> {
        let mut booked = booking.seats.iter();
        booked
            .find(|booked| booked.seat == seat)
            .and_then(|booked| self.place(booked))
    }

    /// It was read before it moved to the screen that the booking's seats are on.
    pub fn is_before(&self, booking: &BookingRow) -> bool {
        let mut seats = booking.seats.iter();
        seats.any(|seat| seat.seating > self.seating)
    }
}

/// Every seat's state at one version of the show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatStates {
    pub version: u64,
    /// By seat number.
    pub states: Vec<SeatState>,
}

impl SeatStates {
    /// How many nobody has.
    pub fn free(&self) -> u16 {
        self.states
            .iter()
            .filter(|state| **state == SeatState::Available)
            .count() as u16
    }

    /// Nobody has it.
    pub fn is_free(&self, seat: SeatNo) -> bool {
        self.states.get(seat.index()) == Some(&SeatState::Available)
    }
}

/// Where shows and their seats come from.
#[async_trait]
pub trait Shows: Send + Sync + 'static {
    async fn show(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError>;
    /// The same, read anew: nothing that was kept of it is relied on.
    async fn reload(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError>;
    /// The seats now, as far as this server knows; the store decides.
    async fn seats(&self, show: &ShowFile) -> Result<Arc<SeatStates>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::Taken;

    #[test]
    fn a_count_goes_by_the_newest_version() {
        let taken = Taken::default();
        for (version, told, count) in [(1, 0, 0), (3, 40, 40), (2, 41, 40), (4, 7, 7), (4, 7, 7)] {
            taken.heard(version, told);
            assert_eq!(taken.count(), count, "at version {version}");
        }
    }
}
