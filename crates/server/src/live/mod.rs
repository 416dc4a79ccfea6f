//! Who sits where, in memory, for the shows people look at: the seat map answer, live events, and the use cases'
//! view for suggestions.
//!
//! The store calls [`LiveSeats::committed`] after each commit and before it answers, so this is never behind an
//! answer given by this server. It only mirrors: what is sold is decided in the store. Events are kept as a short
//! log per show; a viewer that fell further behind gets a new snapshot, never a silent gap.

mod events;
mod show;

pub use events::{EVENT_TICK, SeatEvents};
pub use show::{LiveShow, Viewer, status};

use matinee_booking::{ShowFile, Taken};
use matinee_domain::ids::{ShowId, TheaterId};
use matinee_store::{Store, StoreError, feed::SeatFeed, feed::ShowChange};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

/// Shows kept in memory. Each costs a few bytes per seat plus its encoded answers; the least useful go first.
const SHOWS_KEPT: usize = 4096;
/// Counters of seat changes, spread over theaters by hash: a collision only refreshes a cached list too early.
const COUNTERS: usize = 1024;

/// The live state of all shows somebody looked at.
pub struct LiveSeats {
    shows: Mutex<FxHashMap<ShowId, Arc<LiveShow>>>,
    counts: Mutex<Counts>,
    theaters: Vec<AtomicU64>,
    /// Looks, to find shows nobody uses when the map is full.
    clock: AtomicU64,
    /// What versions told outside are above those of the store; see [`Self::begin_at`].
    base: AtomicU64,
}

impl Default for LiveSeats {
    fn default() -> Self {
        let theaters = (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self {
            shows: Mutex::default(),
            counts: Mutex::default(),
            theaters,
            clock: AtomicU64::new(0),
            base: AtomicU64::new(0),
        }
    }
}

impl LiveSeats {
    /// Sets what is added to versions told outside. A restored database counts on from its backup and would reach the
    /// numbers again that viewers saw before, with other seats; above a base that grows with each restore it never does.
    /// To be called before the first show is looked at.
    pub fn begin_at(&self, base: u64) {
        self.base.store(base, Ordering::Release);
    }

    /// A version of the store as it is told outside.
    pub fn told(&self, version: u64) -> u64 {
        self.base.load(Ordering::Acquire) + version
    }

    /// A number that changes with every seat change in a theater: the age of lists that carry seat counts.
    pub fn theater_version(&self, theater: TheaterId) -> u64 {
        self.counter(theater).load(Ordering::Acquire)
    }

    /// Changes with every seat change anywhere.
    pub fn any_version(&self) -> u64 {
        self.theaters
            .iter()
            .map(|counter| counter.load(Ordering::Acquire))
            .fold(0, u64::wrapping_add)
    }

    fn counter(&self, theater: TheaterId) -> &AtomicU64 {
        let bytes = theater.as_bytes();
        let index = usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % COUNTERS;
        &self.theaters[index]
    }

    /// The live show, loaded from the store the first time.
    pub async fn show(
        &self,
        store: &dyn Store,
        file: &ShowFile,
    ) -> Result<Arc<LiveShow>, StoreError> {
        let live = self.entry(file, Arc::clone);
        load(store, &live, file.show.show_id).await?;
        Ok(live)
    }

    /// The live show for a viewer, who is counted while the map is locked: from then on the show is not forgotten, so
    /// every change reaches the viewer.
    pub async fn watch(&self, store: &dyn Store, file: &ShowFile) -> Result<Viewer, StoreError> {
        let viewer = self.entry(file, Viewer::new);
        load(store, viewer.live(), file.show.show_id).await?;
        Ok(viewer)
    }

    /// Free seats of a show. Its file counts along with every commit, so this costs nothing and needs nobody who looks.
    pub fn free_seats(&self, file: &ShowFile) -> u16 {
        file.show.seats_total.saturating_sub(file.taken.count())
    }

    /// The count of a show's taken seats, which hears of every commit as long as somebody has it.
    pub fn taken(&self, show_id: ShowId) -> Arc<Taken> {
        self.counts.lock().of(show_id)
    }

    /// What `take` makes of the show's entry, with the map locked meanwhile.
    fn entry<T>(&self, file: &ShowFile, take: impl FnOnce(&Arc<LiveShow>) -> T) -> T {
        let tick = self.clock.fetch_add(1, Ordering::Relaxed);
        let show_id = file.show.show_id;
        let mut shows = self.shows.lock();
        if let Some(live) = shows.get(&show_id) {
            if live.is_on(&file.map) {
                live.touch(tick);
                return take(live);
            }
            // The show got another seat map: who watches the old one must load the new one.
            live.retire();
        } else if shows.len() >= SHOWS_KEPT {
            evict(&mut shows);
        }
        let live = Arc::new(LiveShow::new(file.map.clone(), tick, self.told(0)));
        let taken = take(&live);
        shows.insert(show_id, live);
        taken
    }

    /// Ends what is kept of a show: who watches it comes again and loads its seats anew.
    pub fn retire(&self, show_id: ShowId) {
        if let Some(live) = self.shows.lock().remove(&show_id) {
            live.retire();
        }
    }

    /// Shows that somebody watches.
    pub fn watched(&self) -> Vec<ShowId> {
        let shows = self.shows.lock();
        let watched = shows.iter().filter(|(_, live)| live.viewers() > 0);
        watched.map(|(show_id, _)| *show_id).collect()
    }

    /// What is kept of the show, if anything, is on the map it has.
    pub fn is_on(&self, file: &ShowFile) -> bool {
        let live = self.shows.lock().get(&file.show.show_id).cloned();
        live.is_none_or(|live| live.is_on(&file.map))
    }

    /// Forgets everything that nobody watches: after the catalog changed.
    pub fn forget(&self) {
        self.shows.lock().retain(|_, live| {
            live.forget_answer();
            live.viewers() > 0
        });
        for counter in &self.theaters {
            counter.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Fills a new entry from the store.
async fn load(store: &dyn Store, live: &LiveShow, show_id: ShowId) -> Result<(), StoreError> {
    if live.is_loaded() {
        return Ok(());
    }
    // Changes that commit while the snapshot is read wait in the entry and are applied on top of it. Several first
    // viewers may load at once; whoever comes second changes nothing.
    let snapshot = store.seats(show_id).await?;
    let snapshot = snapshot
        .ok_or_else(|| StoreError::Damaged(format!("show {show_id} has no seats state")))?;
    live.load(snapshot);
    Ok(())
}

/// The counts of shows that somebody has a file of.
#[derive(Default)]
struct Counts {
    shows: FxHashMap<ShowId, Weak<Taken>>,
    /// Once so many are there, those nobody has any more are swept out.
    sweep_at: usize,
}

impl Counts {
    fn of(&mut self, show_id: ShowId) -> Arc<Taken> {
        if let Some(taken) = self.shows.get(&show_id).and_then(Weak::upgrade) {
            return taken;
        }
        if self.shows.len() >= self.sweep_at {
            self.shows.retain(|_, taken| taken.strong_count() > 0);
            self.sweep_at = (self.shows.len() * 2).max(SHOWS_KEPT);
        }
        let taken = Arc::new(Taken::default());
        self.shows.insert(show_id, Arc::downgrade(&taken));
        taken
    }
}

/// Drops the half nobody watches that was looked at longest ago.
fn evict(shows: &mut FxHashMap<ShowId, Arc<LiveShow>>) {
    let mut ages: Vec<u64> = shows
        .values()
        .filter(|live| live.viewers() == 0)
        .map(|live| live.last_look())
        .collect();
    ages.sort_unstable();
    if let Some(limit) = ages.get(ages.len() / 2).copied() {
        shows.retain(|_, live| live.viewers() > 0 || live.last_look() > limit);
    }
}

impl SeatFeed for LiveSeats {
    fn committed(&self, changes: &[ShowChange]) {
        for change in changes {
            let counts = self.counts.lock().shows.get(&change.show_id).cloned();
            if let Some(taken) = counts.and_then(|taken| taken.upgrade()) {
                taken.heard(change.version, change.taken);
            }
            let live = self.shows.lock().get(&change.show_id).cloned();
            if let Some(live) = live {
                live.apply(change);
            }
            self.counter(change.show_id.theater())
                .fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests;
