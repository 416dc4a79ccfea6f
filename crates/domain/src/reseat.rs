//! New seats for everybody when a show moves to another screen.
//!
//! Whoever can keep the seat with the same label keeps it; the others get the nearest that is not worse, and those who sat
//! together sit together. A booking gets all of its seats or none: nobody's company is split and nobody's wheelchair place
//! becomes a chair. What becomes of bookings without seats is not decided here.

use crate::seat_map::{Seat, SeatKind, SeatMap, SeatNo};
use std::collections::{BTreeMap, HashMap};

mod blocks;

/// An auditorium with what its categories are worth: the price of a standard ticket, by index of the category.
#[derive(Debug, Clone, Copy)]
pub struct Hall<'m> {
    pub map: &'m SeatMap,
    pub worth: &'m [i64],
}

/// Where somebody who decides wants seats to go, by number on both maps.
pub type Wishes = BTreeMap<SeatNo, SeatNo>;

/// Why wishes cannot be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// Nobody has this seat.
    #[error("nobody has this seat")]
    NobodyHas(SeatNo),
    /// Two wishes go to one seat.
    #[error("two seats cannot become one")]
    Twice(SeatNo),
    /// A wheelchair place, a companion's or an accessible seat became something else.
    #[error("a place of this kind must stay one")]
    Kind(SeatNo),
}

/// The seats of each party on the new map, in the order of its seats on the old one; `None` for a party without room.
/// Parties that come first choose first among equals.
pub fn plan(
    (from, to): (Hall<'_>, Hall<'_>),
    parties: &[Vec<SeatNo>],
    wishes: &Wishes,
) -> Result<Vec<Option<Vec<SeatNo>>>, WishError> {
    let mut plan = Plan::new(from, to);
    plan.check(parties, wishes)?;
    for seat in wishes.values() {
        plan.taken[seat.index()] = true;
    }
    let mut out: Vec<Option<Vec<SeatNo>>> = vec![None; parties.len()];
    // First those whose seats all have their like.
    for (at, party) in parties.iter().enumerate() {
        if !party.iter().any(|seat| wishes.contains_key(seat)) {
            out[at] = plan.keep(party);
        }
    }
    let mut rest: Vec<usize> = (0..parties.len()).filter(|at| out[*at].is_none()).collect();
    // Places that few others can take first, then the largest company.
    rest.sort_by_key(|at| {
        let needs = parties[*at].iter().any(|seat| plan.is_needed(*seat));
        (!needs, std::cmp::Reverse(parties[*at].len()), *at)
    });
    for at in rest {
        out[at] = plan.place(&parties[at], wishes);
    }
    Ok(out)
}

/// A row and number, with the name of the area where a map has several.
type Label<'m> = (&'m str, &'m str, &'m str);

struct Plan<'m> {
    from: Hall<'m>,
    to: Hall<'m>,
    labels: HashMap<Label<'m>, SeatNo>,
    /// By seat of the old map: which run of seats side by side it is in.
    runs_before: Vec<usize>,
    /// The same of the new one.
    runs_after: Vec<usize>,
    taken: Vec<bool>,
    /// By category of the old map and of the new one: whether the new one is as good.
    as_good: Vec<Vec<bool>>,
}

fn runs(map: &SeatMap) -> Vec<usize> {
    let mut out = vec![0; map.seats.len()];
    for (at, run) in map.runs().enumerate() {
        out[run].fill(at);
    }
    out
}

fn label<'m>(map: &'m SeatMap, seat: &'m Seat) -> Label<'m> {
    let area = match map.areas.get(usize::from(seat.area)) {
        Some(area) if map.areas.len() > 1 => area.name.as_str(),
        _ => "",
    };
    (area, &seat.row, &seat.number)
}

/// A category is as good as another one of its name, and as those that cost no more.
fn as_good(from: Hall<'_>, to: Hall<'_>) -> Vec<Vec<bool>> {
    let worth = |hall: Hall<'_>, at: usize| hall.worth.get(at).copied().unwrap_or_default();
    let after = |old: usize| {
        let good = to
            .map
            .categories
            .iter()
            .enumerate()
            .map(move |(new, category)| {
                category.code == from.map.categories[old].code || worth(to, new) >= worth(from, old)
            });
        good.collect()
    };
    (0..from.map.categories.len()).map(after).collect()
}

/// A place that not everybody can take.
fn is_special(kind: SeatKind) -> bool {
    matches!(
        kind,
        SeatKind::Wheelchair | SeatKind::Companion | SeatKind::Accessible
    )
}

/// How comfortable an ordinary seat is.
fn comfort(kind: SeatKind) -> u8 {
    match kind {
        SeatKind::Premium => 1,
        SeatKind::Recliner | SeatKind::Sofa => 2,
        _ => 0,
    }
}

/// Who sat on the one can sit on the other.
fn kind_fits(old: SeatKind, new: SeatKind) -> bool {
    if is_special(old) || new == SeatKind::Wheelchair {
        return old == new;
    }
    comfort(new) >= comfort(old)
}

impl<'m> Plan<'m> {
    fn new(from: Hall<'m>, to: Hall<'m>) -> Self {
        let mut labels = HashMap::with_capacity(to.map.seats.len());
        for (at, seat) in to.map.seats.iter().enumerate() {
            labels
                .entry(label(to.map, seat))
                .or_insert(SeatNo(at as u16));
        }
        Self {
            labels,
            runs_before: runs(from.map),
            runs_after: runs(to.map),
            taken: vec![false; to.map.seats.len()],
            as_good: as_good(from, to),
            from,
            to,
        }
    }

    fn check(&self, parties: &[Vec<SeatNo>], wishes: &Wishes) -> Result<(), WishError> {
        let mut seen = std::collections::HashSet::new();
        for (old, new) in wishes {
            if !parties.iter().any(|party| party.contains(old)) {
                return Err(WishError::NobodyHas(*old));
            }
            let (Some(before), Some(after)) = (self.from.map.seat(*old), self.to.map.seat(*new))
            else {
                return Err(WishError::NobodyHas(*old));
            };
            if !seen.insert(*new) {
                return Err(WishError::Twice(*new));
            }
            let special = is_special(before.kind) || after.kind == SeatKind::Wheelchair;
            if special && before.kind != after.kind {
                return Err(WishError::Kind(*old));
            }
        }
        Ok(())
    }

    fn is_needed(&self, seat: SeatNo) -> bool {
        let seat = self.from.map.seat(seat);
        seat.is_some_and(|seat| is_special(seat.kind))
    }

    /// The new seat is not worse than the old one in anything.
    fn fits(&self, old: SeatNo, new: SeatNo) -> bool {
        let (Some(before), Some(after)) = (self.from.map.seat(old), self.to.map.seat(new)) else {
            return false;
        };
        let good = self.as_good.get(usize::from(before.category));
        let good = good.and_then(|good| good.get(usize::from(after.category)));
        good.copied().unwrap_or_default()
            && kind_fits(before.kind, after.kind)
            && (before.restricted_view || !after.restricted_view)
    }

    fn is_open(&self, old: SeatNo, new: SeatNo) -> bool {
        !self.taken[new.index()] && self.fits(old, new)
    }

    /// The seat of the same label.
    fn like(&self, old: SeatNo) -> Option<SeatNo> {
        let seat = self.from.map.seat(old)?;
        let (area, row, number) = label(self.from.map, seat);
        let there = self.labels.get(&(area, row, number));
        // A hall with one area names none.
        there
            .or_else(|| self.labels.get(&("", row, number)))
            .copied()
    }

    /// The new seat is of a kind that somebody else may need.
    fn is_spared(&self, old: SeatNo, new: SeatNo) -> bool {
        let special =
            |map: &SeatMap, seat| map.seat(seat).is_some_and(|seat| is_special(seat.kind));
        special(self.to.map, new) && !special(self.from.map, old)
    }

    /// The party on the seats of the same labels, if all are to be had and whoever sat together still does.
    fn keep(&mut self, party: &[SeatNo]) -> Option<Vec<SeatNo>> {
        let mut seats = Vec::with_capacity(party.len());
        for old in party {
            let new = self.like(*old).filter(|new| self.is_open(*old, *new))?;
            // A place that somebody may need is the last that is taken by who does not.
            if self.is_spared(*old, new) {
                return None;
            }
            if seats.contains(&new) {
                return None;
            }
            seats.push(new);
        }
        let apart = |(at, old): (usize, &SeatNo)| {
            party.iter().enumerate().any(|(other, neighbour)| {
                let together = old.0 + 1 == neighbour.0
                    && self.runs_before[old.index()] == self.runs_before[neighbour.index()];
                together && !self.are_together(seats[at], seats[other])
            })
        };
        if party.iter().enumerate().any(apart) {
            return None;
        }
        for seat in &seats {
            self.taken[seat.index()] = true;
        }
        Some(seats)
    }

    fn are_together(&self, one: SeatNo, other: SeatNo) -> bool {
        one.0.abs_diff(other.0) == 1
            && self.runs_after[one.index()] == self.runs_after[other.index()]
    }

    /// The party as near to where it was as it gets.
    fn place(&mut self, party: &[SeatNo], wishes: &Wishes) -> Option<Vec<SeatNo>> {
        let mut found: HashMap<SeatNo, SeatNo> = HashMap::with_capacity(party.len());
        let mut left = Vec::with_capacity(party.len());
        for seat in party {
            match wishes.get(seat) {
                Some(wish) => drop(found.insert(*seat, *wish)),
                None => left.push(*seat),
            }
        }
        let mut blocks = self.blocks(&left);
        blocks.sort_by_key(|block| (std::cmp::Reverse(block.len()), block[0]));
        for block in &blocks {
            let Some(window) = self.nearest(block) else {
                // What was taken for its other seats is free again.
                for old in &left {
                    if let Some(new) = found.get(old) {
                        self.taken[new.index()] = false;
                    }
                }
                // A wish for a party without room keeps nobody else out.
                for old in party {
                    if let Some(wish) = wishes.get(old) {
                        self.taken[wish.index()] = false;
                    }
                }
                return None;
            };
            for (old, new) in block.iter().zip(window) {
                self.taken[new.index()] = true;
                found.insert(*old, new);
            }
        }
        party.iter().map(|old| found.get(old).copied()).collect()
    }
}

#[cfg(test)]
mod tests;
