//! What the units of one commit changed in which shows.
//!
//! A show's row is read once and written once per commit however many bookings touch it: its version grows by one at
//! the first change, its count of taken seats by the sum. So a hot show costs no more than a cool one.

use crate::{columns::damaged, failure::OrStoreError};
use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_planted::planted;
use matinee_store::{ShowChange, StoreError, feed::SeatState};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;

/// A show this commit has looked at.
struct Seen {
    show: ShowId,
    /// Its version before the commit.
    version: u64,
    /// Its taken seats before the commit.
    taken: i64,
    /// How often its version grew by blocks alone, before the commit.
    blocks: i64,
    /// Whether it is on sale, and its count of seatings; not known any more once somebody changed that.
    offer: Option<(Offer, u16)>,
    /// Log entries about it; with any, the commit gives it the next version.
    entries: u32,
}

impl Seen {
    fn version_now(&self) -> u64 {
        self.version + u64::from(self.entries > 0)
    }
}

/// Whether a show is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    OnSale,
    NotPublished,
    Cancelled,
}

impl Offer {
    /// From the columns that [`READ`] has last.
    fn of(published: bool, cancelled: bool) -> Self {
        match (published, cancelled) {
            (_, true) => Self::Cancelled,
            (true, false) => Self::OnSale,
            (false, false) => Self::NotPublished,
        }
    }
}

/// A show that is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnSale {
    pub(crate) version: u64,
    /// Of which of its seatings the numbers of its seats are.
    pub(crate) seating: u16,
}

/// Why nobody buys of a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotOnSale {
    /// It is not there, or not published.
    NoShow,
    Cancelled,
}

/// What [`SeatLog`] reads of a show.
const READ: &str = "SELECT version, taken, blocks, publication = 1, cancelled, seating FROM show_state \
     WHERE theater = ?1 AND show = ?2";

struct Entry {
    show: u32,
    seat: SeatNo,
    from: SeatState,
    to: SeatState,
}

/// The seat changes of the commit being made.
#[derive(Default)]
pub(crate) struct SeatLog {
    shows: Vec<Seen>,
    index: FxHashMap<ShowId, u32>,
    entries: Vec<Entry>,
}

impl SeatLog {
    pub(crate) fn clear(&mut self) {
        self.shows.clear();
        self.index.clear();
        self.entries.clear();
    }

    /// How much was logged; give it to [`Self::undo_to`] to take back what came later.
    pub(crate) fn mark(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn undo_to(&mut self, mark: usize) {
        for entry in self.entries.drain(mark..) {
            self.shows[entry.show as usize].entries -= 1;
        }
        // A show may have been read inside what is taken back (or made by it): read it again when it is needed.
        self.index
            .retain(|_, at| self.shows[*at as usize].entries > 0);
        self.forget_published();
    }

    /// To be called when a show was put on sale or taken out of it, and when that was taken back.
    pub(crate) fn forget_published(&mut self) {
        for show in &mut self.shows {
            show.offer = None;
        }
    }

    /// The show's version as it stands inside this commit, with its seating, if it is there and on sale.
    pub(crate) fn on_sale(
        &mut self,
        conn: &Connection,
        show: ShowId,
    ) -> Result<Result<OnSale, NotOnSale>, StoreError> {
        let Some((offer, version, seating)) = self.offer(conn, show)? else {
            return Ok(Err(NotOnSale::NoShow));
        };
        Ok(match offer {
            Offer::OnSale => Ok(OnSale { version, seating }),
            Offer::NotPublished => Err(NotOnSale::NoShow),
            Offer::Cancelled => Err(NotOnSale::Cancelled),
        })
    }

    /// Of which of the show's seatings the numbers of its seats are; `None` when there is no such show.
    pub(crate) fn seating(
        &mut self,
        conn: &Connection,
        show: ShowId,
    ) -> Result<Option<u16>, StoreError> {
        let found = self.offer(conn, show)?;
        Ok(found.map(|(_, _, seating)| seating))
    }

    fn offer(
        &mut self,
        conn: &Connection,
        show: ShowId,
    ) -> Result<Option<(Offer, u64, u16)>, StoreError> {
        let Some(at) = self.look(conn, show)? else {
            return Ok(None);
        };
        let seen = &mut self.shows[at as usize];
        let (offer, seating) = match seen.offer {
            Some(offer) => offer,
            None => conn
                .prepare_cached(READ)
                .db()?
                .query_row(params![show.theater().as_bytes(), show.own()], |row| {
                    Ok((Offer::of(row.get(3)?, row.get(4)?), row.get(5)?))
                })
                .db()?,
        };
        seen.offer = Some((offer, seating));
        Ok(Some((offer, seen.version_now(), seating)))
    }

    /// Writes that all of a show's seats are others now, so many of them taken. Nobody is told seat by seat: whoever looks
    /// reads the show again. It cannot be taken back but with the whole commit.
    pub(crate) fn reseated(
        &mut self,
        conn: &Connection,
        show: ShowId,
        taken: u16,
    ) -> Result<(), StoreError> {
        let at = self
            .look(conn, show)?
            .ok_or_else(|| damaged(format_args!("seats of {show}, which is not there")))?;
        let seen = &mut self.shows[at as usize];
        if seen.entries > 0 {
            return Err(damaged(format_args!(
                "{show} moves in the commit that changes its seats"
            )));
        }
        let taken = i64::from(taken);
        conn.prepare_cached(
            "UPDATE show_state SET version = version + 1, taken = ?3, blocks = blocks + 1 WHERE theater = ?1 AND show = ?2",
        )
        .db()?
        .execute(params![show.theater().as_bytes(), show.own(), taken])
        .db()?;
        seen.version += 1;
        seen.taken = taken;
        seen.blocks += 1;
        seen.offer = None;
        Ok(())
    }

    /// Whether seats of the show were ever held or sold; `None` when there is no such show.
    pub(crate) fn ever_booked(
        &mut self,
        conn: &Connection,
        show: ShowId,
    ) -> Result<Option<bool>, StoreError> {
        let Some(at) = self.look(conn, show)? else {
            return Ok(None);
        };
        let seen = &self.shows[at as usize];
        let before = seen.version as i64 > 1 + seen.blocks;
        Ok(Some(before || (seen.entries > 0 && !self.only_blocks(at))))
    }

    /// All that this commit changes in the show is what is blocked.
    fn only_blocks(&self, show: u32) -> bool {
        let is_block =
            |entry: &Entry| entry.from == SeatState::Blocked || entry.to == SeatState::Blocked;
        let mut of_show = self.entries.iter().filter(|entry| entry.show == show);
        of_show.all(is_block)
    }

    /// Forgets what was read about a show, because its row is being made or removed.
    pub(crate) fn forget(&mut self, show: ShowId) {
        if self
            .index
            .get(&show)
            .is_some_and(|at| self.shows[*at as usize].entries == 0)
        {
            self.index.remove(&show);
        }
    }

    fn look(&mut self, conn: &Connection, show: ShowId) -> Result<Option<u32>, StoreError> {
        if let Some(at) = self.index.get(&show) {
            return Ok(Some(*at));
        }
        let found: Option<(i64, i64, i64, (Offer, u16))> = conn
            .prepare_cached(READ)
            .db()?
            .query_row(params![show.theater().as_bytes(), show.own()], |row| {
                let offer = Offer::of(row.get(3)?, row.get(4)?);
                let offer = (offer, row.get(5)?);
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, offer))
            })
            .optional()
            .db()?;
        let Some((version, taken, blocks, offer)) = found else {
            return Ok(None);
        };
        let at = self.shows.len() as u32;
        self.shows.push(Seen {
            show,
            version: version as u64,
            taken,
            blocks,
            offer: Some(offer),
            entries: 0,
        });
        self.index.insert(show, at);
        Ok(Some(at))
    }

    /// The show's version as it stands inside this commit; `None` when there is no such show.
    pub(crate) fn version(
        &mut self,
        conn: &Connection,
        show: ShowId,
    ) -> Result<Option<u64>, StoreError> {
        Ok(self
            .look(conn, show)?
            .map(|at| self.shows[at as usize].version_now()))
    }

    /// Notes that a seat went from one state to another; the version its show will have.
    pub(crate) fn change(
        &mut self,
        conn: &Connection,
        show: ShowId,
        seat: SeatNo,
        from: SeatState,
        to: SeatState,
    ) -> Result<u64, StoreError> {
        let at = self
            .look(conn, show)?
            .ok_or_else(|| damaged(format_args!("seats of {show}, which is not there")))?;
        self.entries.push(Entry {
            show: at,
            seat,
            from,
            to,
        });
        let seen = &mut self.shows[at as usize];
        seen.entries += 1;
        Ok(seen.version_now())
    }

    /// Writes the new versions and counts; to be done once, last, inside the transaction.
    pub(crate) fn write(&self, conn: &Connection) -> Result<(), StoreError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut taken = vec![0_i64; self.shows.len()];
        // Blocks are rare: only a show with one is looked at again.
        let mut any_block = vec![false; self.shows.len()];
        for entry in &self.entries {
            taken[entry.show as usize] += is_taken(entry.to) - is_taken(entry.from);
            any_block[entry.show as usize] |=
                entry.from == SeatState::Blocked || entry.to == SeatState::Blocked;
        }
        let mut update = conn
            .prepare_cached(
                "UPDATE show_state SET version = version + 1, taken = taken + ?3, blocks = blocks + ?4 \
                 WHERE theater = ?1 AND show = ?2",
            )
            .db()?;
        for ((at, seen), taken) in (0_u32..).zip(&self.shows).zip(taken) {
            if seen.entries > 0 {
                let id = &seen.show;
                let blocks = i64::from(any_block[at as usize] && self.only_blocks(at));
                update
                    .execute(params![id.theater().as_bytes(), id.own(), taken, blocks])
                    .db()?;
            }
        }
        Ok(())
    }

    /// What to tell the feed: every changed show once, every changed seat once with its last state. To be asked once, after
    /// the commit.
    pub(crate) fn changes(&mut self) -> Vec<ShowChange> {
        // Stable: of two entries about a seat the later one stays last.
        self.entries.sort_by_key(|entry| (entry.show, entry.seat));
        let mut out: Vec<ShowChange> = Vec::new();
        let mut last_show = None;
        for entry in &self.entries {
            self.shows[entry.show as usize].taken += is_taken(entry.to) - is_taken(entry.from);
        }
        if planted!("feed_loses_a_change") && self.entries.len() > 1 {
            self.entries.pop();
        }
        for entry in &self.entries {
            if last_show != Some(entry.show) {
                last_show = Some(entry.show);
                let seen = &self.shows[entry.show as usize];
                out.push(ShowChange {
                    show_id: seen.show,
                    version: seen.version_now(),
                    taken: seen.taken.clamp(0, i64::from(u16::MAX)) as u16,
                    changes: Vec::with_capacity(seen.entries as usize),
                });
            }
            let Some(show) = out.last_mut() else { continue };
            match show.changes.last_mut() {
                Some(last) if last.0 == entry.seat => last.1 = entry.to,
                _ => show.changes.push((entry.seat, entry.to)),
            }
        }
        out
    }
}

fn is_taken(state: SeatState) -> i64 {
    i64::from(state != SeatState::Available)
}
