//! Shows, maps, theaters and movies in memory, and whole encoded list answers.
//!
//! Bounded, filled on demand, and emptied when the catalog's change counter moves: a watcher looks several times a
//! second, since an import runs in another process. What is taken in a show is not here (that is `live`); answers
//! that carry seat counts name the seat version they were made at.

mod answers;

pub use answers::{Answers, MadeFrom};

use crate::live::LiveSeats;
use async_trait::async_trait;
use matinee_booking::{IndexedMap, SeatStates, ShowFile, Shows};
use matinee_domain::{
    catalog::{Movie, Theater},
    ids::{MovieId, SeatMapId, ShowId, TheaterId},
};
use matinee_store::{Store, StoreError};
use parking_lot::RwLock;
use quick_cache::sync::Cache;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Shows kept with their prices.
const SHOWS_KEPT: usize = 8192;
/// Seat maps kept with their indexes.
const MAPS_KEPT: usize = 512;

/// Theaters and movies: few enough to be kept whole.
#[derive(Debug, Default)]
pub struct Listing {
    /// By name.
    pub theaters: Vec<Arc<Theater>>,
    /// By name.
    pub movies: Vec<Arc<Movie>>,
    theater_index: HashMap<TheaterId, usize>,
    movie_index: HashMap<MovieId, usize>,
}

impl Listing {
    fn new(theaters: Vec<Arc<Theater>>, movies: Vec<Arc<Movie>>) -> Self {
        let theater_index = theaters
            .iter()
            .enumerate()
            .map(|(i, t)| (t.theater_id, i))
            .collect();
        let movie_index = movies
            .iter()
            .enumerate()
            .map(|(i, m)| (m.movie_id, i))
            .collect();
        Self {
            theaters,
            movies,
            theater_index,
            movie_index,
        }
    }
    /// The theater with this id.
    pub fn theater(&self, theater_id: TheaterId) -> Option<&Arc<Theater>> {
        self.theater_index
            .get(&theater_id)
            .map(|index| &self.theaters[*index])
    }
    /// The movie with this id.
    pub fn movie(&self, movie_id: MovieId) -> Option<&Arc<Movie>> {
        self.movie_index
            .get(&movie_id)
            .map(|index| &self.movies[*index])
    }
}

/// The catalog in memory.
pub struct CatalogCache {
    store: Arc<dyn Store>,
    pub live: Arc<LiveSeats>,
    shows: Cache<ShowId, Arc<ShowFile>>,
    maps: Cache<SeatMapId, Arc<IndexedMap>>,
    listing: RwLock<Option<Arc<Listing>>>,
    /// Grows whenever the catalog may have changed.
    epoch: AtomicU64,
    /// The change counter last seen, mixed with the restore epoch.
    head: AtomicU64,
    pub answers: Answers,
}

impl CatalogCache {
    /// An empty cache over a store.
    pub fn new(store: Arc<dyn Store>, live: Arc<LiveSeats>) -> Self {
        Self {
            store,
            live,
            shows: Cache::new(SHOWS_KEPT),
            maps: Cache::new(MAPS_KEPT),
            listing: RwLock::new(None),
            epoch: AtomicU64::new(1),
            head: AtomicU64::new(u64::MAX),
            answers: Answers::default(),
        }
    }

    /// The number that all cached catalog data depends on.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Looks whether the catalog changed and forgets what may be old.
    pub async fn watch(&self) -> Result<(), StoreError> {
        let head = self.store.sync_head().await?;
        let seen = head.position ^ head.epoch.rotate_left(32);
        if self.head.swap(seen, Ordering::AcqRel) != seen {
            self.forget();
            self.look_at_watched().await?;
        }
        Ok(())
    }

    /// Who watches a show that moved to another screen looks at another map from now on.
    async fn look_at_watched(&self) -> Result<(), StoreError> {
        for show_id in self.live.watched() {
            if let Some(file) = self.show(show_id).await?
                && !self.live.is_on(&file)
            {
                self.live.retire(show_id);
            }
        }
        Ok(())
    }

    /// Forgets everything. Maps are immutable and stay.
    pub fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.shows.clear();
        *self.listing.write() = None;
        self.answers.clear();
        self.live.forget();
    }

    /// Every theater and movie.
    pub async fn listing(&self) -> Result<Arc<Listing>, StoreError> {
        if let Some(listing) = self.listing.read().clone() {
            return Ok(listing);
        }
        let epoch = self.epoch();
        let listing = Arc::new(Listing::new(
            self.store.theaters().await?,
            self.store.movies().await?,
        ));
        // Read while the catalog changed: good for this caller, not to be kept.
        if epoch == self.epoch() {
            *self.listing.write() = Some(listing.clone());
        }
        Ok(listing)
    }

    async fn map(&self, seat_map_id: SeatMapId) -> Result<Arc<IndexedMap>, StoreError> {
        if let Some(map) = self.maps.get(&seat_map_id) {
            return Ok(map);
        }
        let map = self.store.seat_map(seat_map_id).await?;
        let map =
            map.ok_or_else(|| StoreError::Damaged(format!("seat map {seat_map_id} is missing")))?;
        let map = Arc::new(IndexedMap::new(map));
        self.maps.insert(seat_map_id, map.clone());
        Ok(map)
    }
}

impl CatalogCache {
    /// The maps of a show's earlier seatings.
    async fn maps_before(
        &self,
        show_id: ShowId,
        seating: u16,
    ) -> Result<Vec<Arc<IndexedMap>>, StoreError> {
        if seating == 0 {
            return Ok(Vec::new());
        }
        let ids = self.store.maps_before(show_id).await?;
        let mut maps = Vec::with_capacity(ids.len());
        for id in ids.into_iter().take(usize::from(seating)) {
            maps.push(self.map(id).await?);
        }
        Ok(maps)
    }
}

#[async_trait]
impl Shows for CatalogCache {
    async fn show(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        if let Some(file) = self.shows.get(&show_id) {
            return Ok(Some(file));
        }
        let epoch = self.epoch();
        // Told of commits from before the count is read on, so that none is missed.
        let taken = self.live.taken(show_id);
        let Some(listed) = self.store.show(show_id).await? else {
            return Ok(None);
        };
        taken.heard(listed.version, listed.taken);
        let listing = self.listing().await?;
        let damaged = || {
            StoreError::Damaged(format!(
                "show {show_id} names a theater or movie that is not there"
            ))
        };
        let file = Arc::new(ShowFile {
            theater: listing
                .theater(show_id.theater())
                .ok_or_else(damaged)?
                .clone(),
            movie: listing
                .movie(listed.show.movie_id)
                .ok_or_else(damaged)?
                .clone(),
            map: self.map(listed.show.seat_map_id).await?,
            taken,
            published: listed.published,
            cancelled: listed.cancelled,
            moved_at: listed.moved_at,
            seating: listed.seating,
            maps_before: self.maps_before(show_id, listed.seating).await?,
            show: listed.show,
        });
        if epoch == self.epoch() {
            self.shows.insert(show_id, file.clone());
        }
        Ok(Some(file))
    }

    async fn reload(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        self.shows.remove(&show_id);
        self.show(show_id).await
    }

    async fn seats(&self, show: &ShowFile) -> Result<Arc<SeatStates>, StoreError> {
        Ok(self.live.show(&*self.store, show).await?.seats())
    }
}
