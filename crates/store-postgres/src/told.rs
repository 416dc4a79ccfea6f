//! What this server's feed knows of which show, so that it never hears of a change without those before it.
//!
//! A lane tells what it committed. When another server committed in between, the version it got does not follow the
//! one that was told last: then the show is read again and told whole. Shows nobody ever asked about have no entry:
//! whoever asks later reads them afresh.

use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_store::{SeatFeed, ShowChange, bookings::SeatSnapshot, feed::SeatState};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Shows remembered. Past it all are forgotten, and each is told whole once more.
const SHOWS: usize = 200_000;

/// The version of a show that somebody is about to read: nothing is known of it yet.
const UNKNOWN: u64 = 0;

struct Known {
    versions: FxHashMap<ShowId, u64>,
    /// Some were forgotten: one without an entry may be looked at all the same.
    forgot: bool,
}

pub(crate) struct Told {
    feed: Arc<dyn SeatFeed>,
    known: Mutex<Known>,
}

/// How a change may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// As it is.
    Yes,
    /// Only with everything else that changed.
    No,
}

impl Told {
    pub(crate) fn new(feed: Arc<dyn SeatFeed>) -> Self {
        let known = Mutex::new(Known {
            versions: FxHashMap::default(),
            forgot: false,
        });
        Self { feed, known }
    }

    /// Somebody is about to read a show's seats and will rely on the feed from there on.
    pub(crate) fn begin_to_look(&self, show: ShowId) {
        let mut known = self.known.lock();
        if known.versions.len() >= SHOWS {
            known.versions.clear();
            known.forgot = true;
        }
        known.versions.entry(show).or_insert(UNKNOWN);
    }

    /// They read this version.
    pub(crate) fn looked(&self, show: ShowId, version: u64) {
        if let Some(there) = self.known.lock().versions.get_mut(&show)
            && *there == UNKNOWN
        {
            *there = version;
        }
    }

    /// Whether a change of this version can be told as it is.
    pub(crate) fn follows(&self, show: ShowId, version: u64) -> Follows {
        let known = self.known.lock();
        match known.versions.get(&show) {
            // Older news is no harm: whoever has newer ignores it.
            Some(there) if *there != UNKNOWN && version <= *there + 1 => Follows::Yes,
            None if !known.forgot => Follows::Yes,
            _ => Follows::No,
        }
    }

    /// Shows that somebody looked at, with what they know. Who is still about to look misses nothing.
    pub(crate) fn looked_at(&self) -> Vec<(ShowId, u64)> {
        let known = self.known.lock();
        known
            .versions
            .iter()
            .filter(|(_, version)| **version != UNKNOWN)
            .map(|(show, version)| (*show, *version))
            .collect()
    }

    /// Whether anybody here looked at the show.
    pub(crate) fn is_looked_at(&self, show: ShowId) -> bool {
        self.known.lock().versions.contains_key(&show)
    }

    /// Tells the feed.
    pub(crate) fn tell(&self, changes: &[ShowChange]) {
        if changes.is_empty() {
            return;
        }
        let feed = &self.feed;
        if catch_unwind(AssertUnwindSafe(|| feed.committed(changes))).is_err() {
            tracing::error!("the seat feed panicked");
        }
        let mut known = self.known.lock();
        for change in changes {
            if let Some(there) = known.versions.get_mut(&change.show_id) {
                *there = change.version.max(*there);
            }
        }
    }
}

/// A show as it is, seat by seat, free ones included.
pub(crate) fn whole(show_id: ShowId, snapshot: &SeatSnapshot, seats_total: u16) -> ShowChange {
    let mut changes: Vec<_> = (0..seats_total)
        .map(|seat| (SeatNo(seat), SeatState::Available))
        .collect();
    for (seat, state) in &snapshot.seats {
        if let Some(slot) = changes.get_mut(seat.index()) {
            slot.1 = *state;
        }
    }
    ShowChange {
        show_id,
        version: snapshot.version,
        taken: snapshot.seats.len() as u16,
        changes,
    }
}
