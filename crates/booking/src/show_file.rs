//! A show with everything selling it needs, and who sits where now. The server caches both; the use cases only read.

use async_trait::async_trait;
use matinee_domain::{
    catalog::{Movie, Show, Theater},
    ids::ShowId,
    seat_map::{SeatId, SeatMap, SeatNo},
};
use matinee_store::{StoreError, feed::SeatState};
use rustc_hash::FxHashMap;
use std::sync::Arc;

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

/// A show with what belongs to it.
#[derive(Debug)]
pub struct ShowFile {
    pub show: Show,
    pub theater: Arc<Theater>,
    pub movie: Arc<Movie>,
    pub map: Arc<IndexedMap>,
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
    /// The seats now, as far as this server knows; the store decides.
    async fn seats(&self, show: &ShowFile) -> Result<Arc<SeatStates>, StoreError>;
}
