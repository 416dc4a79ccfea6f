//! One show's seats in memory, with its log of recent changes and its encoded answers.

use crate::http::encoded::EncodedBody;
use bytes::Bytes;
use matinee_api::{SeatChange, SeatChanges, SeatSnapshot as SnapshotEvent, SeatStatus};
use matinee_booking::{IndexedMap, SeatStates, ShowFile};
use matinee_domain::seat_map::SeatNo;
use matinee_planted::planted;
use matinee_store::{
    bookings::SeatSnapshot,
    feed::{SeatState, ShowChange},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// Seat changes kept per show for viewers that are a little behind.
const LOG_CHANGES: usize = 2048;

/// One show.
pub struct LiveShow {
    map: Arc<IndexedMap>,
    inner: Mutex<Inner>,
    version: watch::Sender<u64>,
    viewers: AtomicUsize,
    /// Another entry took its place: its viewers' streams end, and they come again.
    retired: AtomicBool,
    last_look: AtomicU64,
}

/// Somebody who watches a show; counted while this lives.
pub struct Viewer {
    live: Arc<LiveShow>,
    pub(super) versions: watch::Receiver<u64>,
}

impl Viewer {
    /// To be made while the map of live shows is locked: a show is forgotten only when nobody is counted.
    pub(super) fn new(live: &Arc<LiveShow>) -> Self {
        live.viewers.fetch_add(1, Ordering::Relaxed);
        Self {
            versions: live.version.subscribe(),
            live: Arc::clone(live),
        }
    }
    pub(super) fn live(&self) -> &LiveShow {
        &self.live
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.live.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Inner {
    /// Added to versions told outside.
    base: u64,
    loaded: bool,
    seats: Arc<SeatStates>,
    log: VecDeque<ShowChange>,
    logged: usize,
    /// The version the log's first change was made on.
    log_from: u64,
    /// The last encoded live event, shared by all viewers that are at the same place.
    event: Option<(u64, u64, Bytes)>,
    snapshot: Option<(u64, Bytes)>,
    /// The whole seat map answer.
    answer: Option<KeptAnswer>,
}

/// An encoded seat map with what it was made from.
struct KeptAnswer {
    version: u64,
    file: Arc<ShowFile>,
    body: EncodedBody,
}

impl LiveShow {
    pub(super) fn new(map: Arc<IndexedMap>, tick: u64, base: u64) -> Self {
        let states = vec![SeatState::Available; map.map.seats.len()];
        Self {
            map,
            inner: Mutex::new(Inner {
                base,
                loaded: false,
                seats: Arc::new(SeatStates { version: 0, states }),
                log: VecDeque::new(),
                logged: 0,
                log_from: 0,
                event: None,
                snapshot: None,
                answer: None,
            }),
            version: watch::Sender::new(0),
            viewers: AtomicUsize::new(0),
            retired: AtomicBool::new(false),
            last_look: AtomicU64::new(tick),
        }
    }

    pub(super) fn touch(&self, tick: u64) {
        self.last_look.store(tick, Ordering::Relaxed);
    }
    pub(super) fn last_look(&self) -> u64 {
        self.last_look.load(Ordering::Relaxed)
    }
    pub(super) fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }
    pub(super) fn is_on(&self, map: &IndexedMap) -> bool {
        self.map.map.seat_map_id == map.map.seat_map_id
    }
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.version.send_modify(|_| ());
    }
    pub(super) fn is_loaded(&self) -> bool {
        self.inner.lock().loaded
    }

    pub(super) fn load(&self, snapshot: SeatSnapshot) {
        let mut inner = self.inner.lock();
        if inner.loaded {
            return;
        }
        let mut states = vec![SeatState::Available; self.map.map.seats.len()];
        for (seat, state) in &snapshot.seats {
            if let Some(slot) = states.get_mut(seat.index()) {
                *slot = *state;
            }
        }
        inner.seats = Arc::new(SeatStates {
            version: snapshot.version,
            states,
        });
        inner.loaded = true;
        inner.log_from = snapshot.version;
        // What committed while the snapshot was read.
        let waiting = std::mem::take(&mut inner.log);
        inner.logged = 0;
        for change in waiting {
            if change.version > snapshot.version {
                inner.apply(&change);
            }
        }
        let version = inner.seats.version;
        drop(inner);
        self.version.send_replace(version);
    }

    pub(super) fn apply(&self, change: &ShowChange) {
        let version = {
            let mut inner = self.inner.lock();
            if !inner.loaded {
                inner.log.push_back(change.clone());
                return;
            }
            inner.apply(change);
            inner.seats.version
        };
        self.version.send_replace(version);
    }

    /// The seats now.
    pub fn seats(&self) -> Arc<SeatStates> {
        self.inner.lock().seats.clone()
    }

    /// The whole answer, encoded by `encode` once per version and reading of the catalog (prices may change while
    /// seats do not).
    pub fn answer(
        &self,
        file: &Arc<ShowFile>,
        encode: impl FnOnce(&SeatStates) -> EncodedBody,
    ) -> EncodedBody {
        let seats = {
            let inner = self.inner.lock();
            if let Some(kept) = &inner.answer
                && (kept.version == inner.seats.version || planted!("stale_seat_map"))
                && Arc::ptr_eq(&kept.file, file)
            {
                return kept.body.clone();
            }
            inner.seats.clone()
        };
        // Encoded outside the lock: the writer must not wait for it.
        let body = encode(&seats);
        let mut inner = self.inner.lock();
        if inner
            .answer
            .as_ref()
            .is_none_or(|kept| kept.version <= seats.version)
        {
            inner.answer = Some(KeptAnswer {
                version: seats.version,
                file: Arc::clone(file),
                body: body.clone(),
            });
        }
        body
    }

    /// The catalog may have changed: what is encoded is made anew, and what it was made from is let go.
    pub(super) fn forget_answer(&self) {
        self.inner.lock().answer = None;
    }

    /// The event that brings a viewer from `since` to now: its version and bytes. `None` when there is nothing new;
    /// a snapshot when the log does not reach back that far.
    pub(super) fn event_since(&self, since: Option<u64>) -> Option<(u64, Bytes)> {
        let mut inner = self.inner.lock();
        let now = inner.seats.version;
        let told = inner.base + now;
        // Below the base is from before a restore; ahead of ours is from nowhere.
        let since = since.and_then(|since| since.checked_sub(inner.base));
        if since == Some(now) {
            return None;
        }
        let reachable = since.filter(|since| *since < now && inner.log_reaches(*since));
        let Some(since) = reachable else {
            return Some((told, inner.snapshot_event(&self.map)));
        };
        if let Some((from, to, bytes)) = &inner.event
            && (*from, *to) == (since, now)
        {
            return Some((told, bytes.clone()));
        }
        let bytes = inner.changes_event(&self.map, since);
        inner.event = Some((since, now, bytes.clone()));
        Some((told, bytes))
    }
}

impl Inner {
    fn apply(&mut self, change: &ShowChange) {
        if change.version <= self.seats.version {
            return;
        }
        let seats = Arc::make_mut(&mut self.seats);
        // A change that another server made arrives as the whole show: only what differs is news.
        let mut news = Vec::new();
        for (seat, state) in &change.changes {
            if let Some(slot) = seats.states.get_mut(seat.index())
                && slot != state
            {
                *slot = *state;
                news.push((*seat, *state));
            }
        }
        seats.version = change.version;
        // One without news takes room too.
        self.logged += news.len().max(1);
        self.log.push_back(ShowChange {
            changes: news,
            ..*change
        });
        while self.logged > LOG_CHANGES {
            let Some(old) = self.log.pop_front() else {
                break;
            };
            self.logged -= old.changes.len().max(1);
            self.log_from = old.version;
        }
    }

    /// The log tells everything since then. It does so from versions this server has seen only: one that was seen on
    /// another server may lie inside what is one change here.
    fn log_reaches(&self, since: u64) -> bool {
        since == self.log_from || self.log.iter().any(|change| change.version == since)
    }

    fn changes_event(&self, map: &IndexedMap, since: u64) -> Bytes {
        let mut last: Vec<(SeatNo, SeatState)> = Vec::new();
        for change in self.log.iter().filter(|change| change.version > since) {
            for (seat, state) in &change.changes {
                match last.iter_mut().find(|(known, _)| known == seat) {
                    Some(slot) => slot.1 = *state,
                    None => last.push((*seat, *state)),
                }
            }
        }
        let changes = last
            .into_iter()
            .map(|(seat, state)| seat_change(map, seat, state))
            .collect();
        let version = self.base + self.seats.version;
        encode_event("seats", version, &SeatChanges { version, changes })
    }

    fn snapshot_event(&mut self, map: &IndexedMap) -> Bytes {
        let version = self.seats.version;
        if let Some((at, bytes)) = &self.snapshot
            && *at == version
        {
            return bytes.clone();
        }
        let seats = self.seats.states.iter().enumerate();
        let seats = seats
            .map(|(index, state)| seat_change(map, SeatNo(index as u16), *state))
            .collect();
        let told = self.base + version;
        let event = SnapshotEvent {
            version: told,
            seats,
        };
        let bytes = encode_event("snapshot", told, &event);
        self.snapshot = Some((version, bytes.clone()));
        bytes
    }
}

fn seat_change(map: &IndexedMap, seat: SeatNo, state: SeatState) -> SeatChange {
    SeatChange {
        seat_id: map.seat_id(seat),
        status: status(state),
    }
}

/// The contract's word for a state.
pub fn status(state: SeatState) -> SeatStatus {
    match state {
        SeatState::Available => SeatStatus::Available,
        SeatState::Held => SeatStatus::Held,
        SeatState::Sold => SeatStatus::Sold,
        SeatState::Blocked => SeatStatus::Blocked,
    }
}

fn encode_event<T: serde::Serialize>(name: &str, id: u64, data: &T) -> Bytes {
    let mut bytes = format!("event: {name}\nid: {id}\ndata: ").into_bytes();
    // These types hold only strings and numbers; writing them to memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, data);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
