//! Theaters, screens, seat maps, movies and shows.
//!
//! Reads are for building answers (the server keeps encoded bytes above them); the one write is an import, validated
//! before it comes here. Every change advances a counter inside its transaction: the sync cursor.

use crate::{
    error::StoreError,
    idempotency::{IdempotencyRecord, Lookup},
    staff::AuditEntry,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Show, Theater},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    seat_map::SeatMap,
};
use std::sync::Arc;

/// A show with its count of taken seats.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedShow {
    pub show: Show,
    /// Held, sold and blocked seats.
    pub taken: u16,
    pub version: u64,
    /// It is on sale. One that is not is nowhere to be seen but by staff, and cannot be booked.
    pub published: bool,
    /// The theater cancelled it. Such a show is not published, and never will be.
    pub cancelled: bool,
    /// When it was moved last. Who booked before may give tickets back free of charge.
    pub moved_at: Option<DateTime<Utc>>,
    /// How often it moved to another screen: seats are numbers of the map it has since.
    pub seating: u16,
}

/// Which shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShowQuery {
    pub theater_id: Option<TheaterId>,
    pub movie_id: Option<MovieId>,
    /// Starting at or after.
    pub from: Option<DateTime<Utc>>,
    /// Starting before.
    pub until: Option<DateTime<Utc>>,
    /// Continue after this (start, show).
    pub after: Option<(DateTime<Utc>, ShowId)>,
    /// At most this many, 1..=1000.
    pub limit: u16,
    /// Also those that are not published.
    pub unpublished: bool,
}

/// Something whose last change the log of changes knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CatalogObject {
    Theater(TheaterId),
    Movie(MovieId),
    Show(ShowId),
}

/// A catalog to put in place: rows with final ids (ids of rows already there were looked up by external id).
/// Theaters, movies and shows absent from it are untouched. Seat maps are immutable: new ones are added.
#[derive(Debug, Clone, Default)]
pub struct CatalogChange {
    pub seat_maps: Vec<(String, SeatMap)>,
    pub theaters: Vec<Theater>,
    pub movies: Vec<Movie>,
    pub shows: Vec<Show>,
    /// Shows to take off; one with bookings is refused.
    pub deleted_shows: Vec<ShowId>,
    /// Shows to put on sale or take out of it, once they are there. A new show that is not named is on sale, any other
    /// stays as it is. One with seats held or sold stays on sale: taking it out is refused.
    pub published: Vec<(ShowId, bool)>,
    /// What an import leaves as it is, is refused: a show of which seats were ever taken and that shall move to another
    /// screen or map; and another currency or time zone for a theater that has shows, whose prices are in the old one.
    pub strict: bool,
    /// Objects that must not have changed since this version; see [`CatalogStore::version_of`].
    pub expected: Vec<(CatalogObject, u64)>,
    /// Written if anything was added, changed or deleted.
    pub audit: Vec<AuditEntry>,
    /// The answer to keep, under the key of the request.
    pub idempotency: Option<IdempotencyRecord>,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CatalogReport {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// Why a catalog was not put in place. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogRefusal {
    #[error("show {0} has bookings and cannot be taken off")]
    ShowHasBookings(ShowId),
    #[error("seats of show {0} are held or sold")]
    ShowHasSeats(ShowId),
    #[error("show {0} is cancelled")]
    ShowCancelled(ShowId),
    #[error("seats of theater {0} were held or sold already: its currency and time zone stay")]
    TheaterHasBookings(TheaterId),
    #[error("{0:?} was changed in the meantime")]
    Changed(CatalogObject),
    /// An earlier request with this key.
    #[error("the request was made before")]
    Repeated(Lookup),
    #[error("screen {0} still has shows and cannot be taken out of its theater")]
    ScreenHasShows(ScreenId),
    /// Cleaning counts.
    #[error("shows {0} and {1} overlap on one screen")]
    ScreenClash(ShowId, ShowId),
    #[error("seat map {0} is already there with another plan; a changed plan is a new map")]
    SeatMapChanged(SeatMapId),
    #[error("external id {0:?} already belongs to another row")]
    ExternalIdTaken(String),
    /// Something refers to a row that is neither in the change nor in the store.
    #[error("{0} is not there")]
    Missing(String),
}

/// The external ids an import names: what it asks about. A catalog of a million shows is never read whole.
#[derive(Debug, Clone, Default)]
pub struct AskedIds {
    pub seat_maps: Vec<String>,
    pub theaters: Vec<String>,
    pub movies: Vec<String>,
    pub shows: Vec<String>,
}

/// What an import has to know about rows already there, by external id. Ids that are not there are absent.
#[derive(Debug, Clone, Default)]
pub struct KnownIds {
    /// Latest map version of each external id, with the map.
    pub seat_maps: Vec<(String, SeatMap)>,
    pub theaters: Vec<Theater>,
    pub movies: Vec<(String, MovieId)>,
    /// External id, id, and whether seats of it were ever taken (then its map and screen stay as they are).
    pub shows: Vec<(String, ShowId, bool)>,
}

/// A page of changes since a cursor.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub theaters: Vec<Theater>,
    pub movies: Vec<Movie>,
    pub shows: Vec<Show>,
    pub deleted_theaters: Vec<TheaterId>,
    pub deleted_movies: Vec<MovieId>,
    pub deleted_shows: Vec<ShowId>,
    /// The change counter up to which this page tells.
    pub position: u64,
    pub more: bool,
}

/// Where the change counter stands. `epoch` changes with every restore, so that cursors from before are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncHead {
    pub epoch: u64,
    pub position: u64,
    /// Deletions up to this position were forgotten: a cursor below it (other than 0) is too old.
    pub oldest: u64,
}

/// The catalog.
#[async_trait]
pub trait CatalogStore: Send + Sync + 'static {
    /// Every theater, by name.
    async fn theaters(&self) -> Result<Vec<Arc<Theater>>, StoreError>;
    async fn theater(&self, theater_id: TheaterId) -> Result<Option<Arc<Theater>>, StoreError>;
    /// Every movie, by name.
    async fn movies(&self) -> Result<Vec<Arc<Movie>>, StoreError>;
    async fn movie(&self, movie_id: MovieId) -> Result<Option<Arc<Movie>>, StoreError>;
    /// The version of an object: grows with each change of it. 0 when it never was there.
    async fn version_of(&self, object: CatalogObject) -> Result<u64, StoreError>;
    /// Shows by start, then id.
    async fn shows(&self, query: ShowQuery) -> Result<Vec<ListedShow>, StoreError>;
    async fn show(&self, show_id: ShowId) -> Result<Option<ListedShow>, StoreError>;
    async fn seat_map(&self, seat_map_id: SeatMapId) -> Result<Option<Arc<SeatMap>>, StoreError>;
    /// Movies with a show starting in `from..until`, per theater.
    async fn movies_on(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(TheaterId, MovieId)>, StoreError>;

    /// What is known of these external ids.
    async fn known_ids(&self, asked: &AskedIds) -> Result<KnownIds, StoreError>;
    /// Puts a catalog in place, in one transaction, or refuses it whole. A row equal to what is there is not a change.
    /// A show of which seats were ever taken keeps its map, screen and the prices of that map. A seat map whose
    /// plan is already there under its external id is that version: rows naming the new id are given the old one.
    /// Between two shows of a screen are its minutes of cleaning. Currency and time zone of a theater stay once seats
    /// were held or sold there.
    async fn apply(
        &self,
        change: CatalogChange,
        now: DateTime<Utc>,
    ) -> Result<Result<CatalogReport, CatalogRefusal>, StoreError>;
    /// Changes after `position`, at most `limit` rows (1..=1000) of all kinds together, oldest change first.
    async fn changes(&self, position: u64, limit: u16) -> Result<Changes, StoreError>;
    async fn sync_head(&self) -> Result<SyncHead, StoreError>;
}
