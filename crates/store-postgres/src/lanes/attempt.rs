//! Committing a batch: read, decide, write, tell the feed, answer; and what happens when it does not go through.
//!
//! When something the batch relied on has moved, it is decided again after a pause; with optimistic locking the last
//! tries lock first, so that a crowd cannot keep a batch out for ever. When the database refuses what some unit asks,
//! the batch is halved until that unit is alone, so that nobody pays for another's fault. When the connection is lost
//! every unit is told that the database is away: what had been sent may have taken effect, and the record of the
//! answer tells whoever asks again.

use super::{
    decide::decide,
    guard::GaveUp,
    read::read,
    unit::{Outcome, Unit},
    world::{ShowNow, ShowOwn, World},
    write::{Counters, write},
};
use crate::{
    bookings::read::read_whole,
    connect::Connection,
    open::{Locking, pause},
    statistics::Statistics,
    told::{Follows, Told, whole},
    watch::{News, Notices},
};
use deadpool_postgres::Pool;
use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_store::{ShowChange, StoreError, feed::SeatState};
use rustc_hash::FxHashMap;
use std::{sync::Arc, time::Duration};

/// Tries of one batch, and how many of them are optimistic.
const TRIES: u32 = 10;
const OPTIMISTIC_TRIES: u32 = 4;
/// A batch takes milliseconds. One that takes longer than this has lost its database.
const LONGEST: Duration = Duration::from_secs(10);

/// A lane's connection and what it tells whom.
pub(super) struct Lane {
    pub(super) pool: Pool,
    /// The one in use; made at the first batch, and anew when it was lost.
    pub(super) conn: Option<Connection>,
    pub(super) locking: Locking,
    pub(super) told: Arc<Told>,
    pub(super) notices: Notices,
    pub(super) statistics: Arc<Statistics>,
}

/// A batch that took effect.
struct Done {
    outcomes: Vec<Outcome>,
    changes: Vec<ShowChange>,
    /// Of every show the batch looked at.
    versions: FxHashMap<ShowOwn, u64>,
}

impl Lane {
    /// Does a batch and answers every unit of it.
    pub(super) async fn commit(&mut self, batch: Vec<Unit>) {
        let mut parts = vec![batch];
        while let Some(mut units) = parts.pop() {
            match self.settle(&units).await {
                Ok(done) => self.answer(units, done).await,
                Err(GaveUp::Refused(_)) if units.len() > 1 => {
                    let rest = units.split_off(units.len() / 2);
                    // The earlier half first.
                    parts.push(rest);
                    parts.push(units);
                }
                Err(gave_up) => {
                    let error = match gave_up {
                        GaveUp::Moved => StoreError::Overloaded,
                        GaveUp::Lost(error) | GaveUp::Refused(error) | GaveUp::Everyones(error) => {
                            error
                        }
                    };
                    tracing::error!(%error, units = units.len(), "a batch failed");
                    for unit in units {
                        unit.fail(error.clone());
                    }
                }
            }
        }
    }

    /// Tries until it goes through or is given up.
    async fn settle(&mut self, units: &[Unit]) -> Result<Done, GaveUp> {
        let mut tries = 0;
        loop {
            let lock = self.locking == Locking::Pessimistic || tries >= OPTIMISTIC_TRIES;
            tries += 1;
            let attempt = tokio::time::timeout(LONGEST, self.attempt(units, lock)).await;
            let gave_up = match attempt {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(gave_up)) => gave_up,
                Err(_) => GaveUp::Lost(StoreError::Unavailable(
                    "the database does not answer".into(),
                )),
            };
            if !matches!(gave_up, GaveUp::Moved) || tries == TRIES {
                return Err(gave_up);
            }
            pause(tries).await;
        }
    }

    /// One try. A connection whose state is not certain afterwards is closed.
    async fn attempt(&mut self, units: &[Unit], lock: bool) -> Result<Done, GaveUp> {
        let (conn, mut world) = self.read(units, lock).await?;
        let (writes, outcomes) = decide(&mut world, units);
        let mut counters = FxHashMap::default();
        conn.set_in_transaction(true);
        if !writes.is_empty() {
            match write(&conn, &world, writes, lock).await {
                Ok(now) => counters = now,
                Err(gave_up) => return self.give_up(conn, gave_up, lock).await,
            }
        } else if lock {
            conn.client().batch_execute("ROLLBACK").await?;
        }
        conn.set_in_transaction(false);
        self.conn = Some(conn);
        let changes = changes(&mut world, &counters);
        let version = |(show, now): (&ShowOwn, &ShowNow)| {
            let written = counters.get(show).map(|counters| counters.version);
            (*show, written.unwrap_or(now.version_read()))
        };
        let versions = world.shows.iter().map(version).collect();
        Ok(Done {
            outcomes,
            changes,
            versions,
        })
    }

    /// Reads on the lane's connection, or on a new one when it broke while the lane was idle: nothing was written yet,
    /// so nobody need hear of it.
    async fn read(&mut self, units: &[Unit], lock: bool) -> Result<(Connection, World), GaveUp> {
        if let Some(conn) = self.conn.take().filter(|conn| !conn.is_closed()) {
            conn.set_in_transaction(lock);
            match read(&conn, units, lock).await {
                Ok(world) => return Ok((conn, world)),
                Err(GaveUp::Lost(_)) => conn.set_in_transaction(true),
                Err(gave_up) => return self.give_up(conn, gave_up, lock).await,
            }
        }
        let conn = Connection::of(&self.pool).await?;
        conn.set_in_transaction(lock);
        match read(&conn, units, lock).await {
            Ok(world) => Ok((conn, world)),
            Err(gave_up) => self.give_up(conn, gave_up, lock).await,
        }
    }

    /// Keeps a connection that works. With locks the failure may have left its transaction open.
    async fn give_up<T>(
        &mut self,
        conn: Connection,
        gave_up: GaveUp,
        lock: bool,
    ) -> Result<T, GaveUp> {
        let works = match &gave_up {
            GaveUp::Lost(_) => false,
            _ if lock => conn.client().batch_execute("ROLLBACK").await.is_ok(),
            _ => true,
        };
        conn.set_in_transaction(!works);
        if works {
            self.conn = Some(conn);
        }
        Err(gave_up)
    }

    /// The batch is durable: first the feed, then the callers, then the other servers.
    async fn answer(&mut self, units: Vec<Unit>, done: Done) {
        let Done {
            outcomes,
            changes,
            versions,
        } = done;
        let news: Vec<_> = changes
            .iter()
            .map(|change| (change.show_id, News::of(change)))
            .collect();
        self.tell(changes).await;
        self.statistics.count(units.len());
        for (unit, outcome) in units.into_iter().zip(outcomes) {
            let version = versions.get(unit.show().own()).copied().unwrap_or_default();
            unit.answer(outcome, version);
        }
        self.notices.give(news);
    }

    /// Tells the feed, with what other servers changed in between.
    async fn tell(&self, mut changes: Vec<ShowChange>) {
        let skipped: Vec<ShowId> = changes
            .iter()
            .filter(|change| self.told.follows(change.show_id, change.version) == Follows::No)
            .map(|change| change.show_id)
            .collect();
        if !skipped.is_empty() {
            match self.whole(&skipped).await {
                Ok(wholes) => {
                    changes.retain(|change| !skipped.contains(&change.show_id));
                    changes.extend(wholes);
                }
                Err(error) => {
                    // The watch finds what was not told.
                    tracing::warn!(%error, "a show could not be read again");
                    changes.retain(|change| !skipped.contains(&change.show_id));
                }
            }
        }
        self.told.tell(&changes);
    }

    async fn whole(&self, shows: &[ShowId]) -> Result<Vec<ShowChange>, StoreError> {
        let Some(conn) = &self.conn else {
            return Err(StoreError::Unavailable("the connection is gone".into()));
        };
        let read = tokio::time::timeout(LONGEST, read_whole(conn, shows)).await;
        let shows = read.unwrap_or(Err(StoreError::Overloaded))?;
        Ok(shows
            .iter()
            .map(|(show, snapshot, seats)| whole(*show, snapshot, *seats))
            .collect())
    }
}

/// What to tell the feed: every changed show once, every changed seat once with its last state.
fn changes(world: &mut World, counters: &FxHashMap<ShowOwn, Counters>) -> Vec<ShowChange> {
    let mut changes = Vec::new();
    for (show, now) in &mut world.shows {
        let Some(counters) = counters.get(show).filter(|_| !now.changes.is_empty()) else {
            continue;
        };
        // Stable: of two entries about a seat the later one stays last.
        now.changes.sort_by_key(|(seat, _)| *seat);
        let mut seats: Vec<(SeatNo, SeatState)> = Vec::with_capacity(now.changes.len());
        for (seat, state) in now.changes.drain(..) {
            match seats.last_mut() {
                Some(last) if last.0 == seat => last.1 = state,
                _ => seats.push((seat, state)),
            }
        }
        changes.push(ShowChange {
            show_id: ShowId::from_parts(world.theater, *show),
            version: counters.version,
            taken: counters.taken,
            changes: seats,
        });
    }
    changes
}
