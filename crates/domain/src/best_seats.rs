//! Which seats to offer: the best ones for a party, and the nearest equal ones when the wanted are gone
//! ([`alternatives`]).
//!
//! A party sits together in one run wherever some run has room; only then does it matter how good the seats are:
//! near the middle, about two thirds back from the screen. Seats with a restricted view, and places that somebody may
//! need (wheelchair, companion, reachable without steps), come last. A party that fits in no run is split
//! (see [`split`]). Prices and ticket types are not looked at; a caller that wants one category says so in `allowed`.
//!
//! Everything slides a window over the runs: time grows with the number of seats, and nothing is allocated per window.

mod alternatives;
mod split;

pub use alternatives::alternatives;

use crate::{
    gap,
    seat_map::{Seat, SeatKind, SeatMap, SeatNo},
};
use std::ops::Range;

/// Where the ideal row is, from the first row (0) to the last (1).
const IDEAL_DEPTH: f32 = 2.0 / 3.0;
/// How much more a distance towards or from the screen weighs than one to the side, both measured in halls.
const DEPTH_WEIGHT: f32 = 3.0;
/// What leaving a seat alone costs when the gap rule lets it pass: about two rows. Enough to take the next place that
/// is nearly as good, too little to move a party to the front.
const STRANDING_COST: f32 = 0.15;

/// Who should find this seat free: anybody, or rather somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Ordinary,
    RestrictedView,
    /// Somebody may need just this place.
    Needed,
}

impl Rank {
    const fn of(seat: &Seat) -> Self {
        match seat.kind {
            SeatKind::Wheelchair | SeatKind::Companion | SeatKind::Accessible => Self::Needed,
            _ if seat.restricted_view => Self::RestrictedView,
            _ => Self::Ordinary,
        }
    }
}

/// Whether taking some seats leaves a neighbour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftAlone {
    Nobody,
    /// Wherever as many seats are taken in that stretch; the gap rule lets it pass.
    Unavoidably,
    /// The gap rule objects, and a theater may enforce it.
    Avoidably,
}

/// The auditorium's measures, for distances that mean the same in a small and a large hall.
#[derive(Debug, Clone, Copy)]
struct Hall {
    per_width: f32,
    per_depth: f32,
    /// Where the best seat would be, in measures of the hall.
    ideal: (f32, f32),
}

impl Hall {
    fn of(map: &SeatMap) -> Self {
        let (mut left, mut right, mut front, mut back) = (f32::MAX, f32::MIN, f32::MAX, f32::MIN);
        for seat in &map.seats {
            (left, right) = (left.min(seat.x), right.max(seat.x));
            (front, back) = (front.min(seat.y), back.max(seat.y));
        }
        // At least one map unit: a hall may be a single row, or a single file.
        let per_width = 2.0 / (right - left).max(1.0);
        let per_depth = DEPTH_WEIGHT.sqrt() / (back - front).max(1.0);
        let middle = f32::midpoint(left, right) * per_width;
        let ideal_row = (front + IDEAL_DEPTH * (back - front)) * per_depth;
        Self {
            per_width,
            per_depth,
            ideal: (middle, ideal_row),
        }
    }

    /// A seat's place in measures of the hall.
    fn point(&self, seat: &Seat) -> (f32, f32) {
        (seat.x * self.per_width, seat.y * self.per_depth)
    }

    /// How far from ideal a point is; squared, so that the middle of a party counts and not its best seat.
    fn cost(&self, point: (f32, f32)) -> f32 {
        squared_distance(point, self.ideal)
    }
}

/// How bad it is to be at one point when one should be at the other, both in measures of the hall.
fn squared_distance(a: (f32, f32), b: (f32, f32)) -> f32 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    dx * dx + dy * dy
}

/// A show's seats as a choice sees them.
struct Field<'a> {
    map: &'a SeatMap,
    hall: Hall,
    runs: Vec<Range<usize>>,
    /// Free, and the gap rule looks at it: what a neighbour may be left alone as.
    counted_free: Vec<bool>,
    /// Free, and the buyer wants such a seat.
    usable: Vec<bool>,
}

impl<'a> Field<'a> {
    fn new(
        map: &'a SeatMap,
        free: &dyn Fn(SeatNo) -> bool,
        allowed: &dyn Fn(&Seat) -> bool,
    ) -> Self {
        let mut counted_free = Vec::with_capacity(map.seats.len());
        let mut usable = Vec::with_capacity(map.seats.len());
        for (index, seat) in map.seats.iter().enumerate() {
            let is_free = free(SeatNo(index as u16));
            counted_free.push(is_free && gap::counts(seat));
            usable.push(is_free && allowed(seat));
        }
        Self {
            map,
            hall: Hall::of(map),
            runs: map.runs().collect(),
            counted_free,
            usable,
        }
    }

    fn point(&self, index: usize) -> (f32, f32) {
        self.hall.point(&self.map.seats[index])
    }

    /// What taking `window` does to its neighbours in `run`, as [`gap::check`] would judge it.
    fn gap(&self, run: &Range<usize>, window: &Range<usize>) -> LeftAlone {
        let free = |index: usize| run.contains(&index) && self.counted_free[index];
        // Below the run's first seat is none; a neighbour of an uncounted place had no company to lose.
        let left = window.start > run.start && free(window.start - 1) && free(window.start);
        let right = free(window.end) && free(window.end - 1);
        let left_alone = left && !(window.start - 1 > run.start && free(window.start - 2));
        let right_alone = right && !free(window.end + 1);
        match (left_alone, right_alone) {
            (false, false) => LeftAlone::Nobody,
            // With both neighbours free in one stretch, moving by a seat would have helped.
            _ if left && right && window.clone().all(free) => LeftAlone::Avoidably,
            _ => LeftAlone::Unavoidably,
        }
    }

    /// Calls `visit` with every window of `count` usable seats and the run it lies in.
    fn windows(
        &self,
        count: usize,
        usable: &[bool],
        mut visit: impl FnMut(&Range<usize>, Range<usize>),
    ) {
        for run in &self.runs {
            let mut together = 0;
            for index in run.clone() {
                together = if usable[index] { together + 1 } else { 0 };
                if together >= count {
                    visit(run, index + 1 - count..index + 1);
                }
            }
        }
    }
}

/// Sums over seats from the map's first, so that a window's sum is one subtraction.
struct Sums {
    needed: Vec<u32>,
    restricted: Vec<u32>,
    cost: Vec<f64>,
}

impl Sums {
    fn of(field: &Field<'_>) -> Self {
        let len = field.map.seats.len() + 1;
        let mut sums = Self {
            needed: Vec::with_capacity(len),
            restricted: Vec::with_capacity(len),
            cost: Vec::with_capacity(len),
        };
        let (mut needed, mut restricted, mut cost) = (0, 0, 0.0);
        for index in 0..len {
            sums.needed.push(needed);
            sums.restricted.push(restricted);
            sums.cost.push(cost);
            if let Some(seat) = field.map.seats.get(index) {
                let rank = Rank::of(seat);
                needed += u32::from(rank == Rank::Needed);
                restricted += u32::from(rank == Rank::RestrictedView);
                cost += f64::from(field.hall.cost(field.hall.point(seat)));
            }
        }
        sums
    }

    fn price(&self, window: &Range<usize>, gap: LeftAlone) -> Price {
        let mean = (self.cost[window.end] - self.cost[window.start]) / window.len() as f64;
        let stranding = if gap == LeftAlone::Nobody {
            0.0
        } else {
            f64::from(STRANDING_COST)
        };
        Price {
            objectionable: gap == LeftAlone::Avoidably,
            needed: self.needed[window.end] - self.needed[window.start],
            restricted: self.restricted[window.end] - self.restricted[window.start],
            cost: mean + stranding,
        }
    }
}

/// What choosing a window costs; compared field by field, smaller is better.
struct Price {
    /// The gap rule objects: where it is enforced, such an offer would be refused.
    objectionable: bool,
    needed: u32,
    restricted: u32,
    /// Distance from the ideal.
    cost: f64,
}

impl Price {
    fn is_less(&self, other: &Self) -> bool {
        let key = |price: &Self| (price.objectionable, price.needed, price.restricted);
        key(self)
            .cmp(&key(other))
            .then(self.cost.total_cmp(&other.cost))
            .is_lt()
    }
}

fn seat_nos(window: Range<usize>) -> impl Iterator<Item = SeatNo> {
    window.map(|index| SeatNo(index as u16))
}

/// The best `count` free and allowed seats, in map order: together in one run wherever a run has room, else in as few
/// pieces, as near to each other, as it gets. `None` only when fewer than `count` are free and allowed.
pub fn best_seats(
    map: &SeatMap,
    free: &dyn Fn(SeatNo) -> bool,
    count: usize,
    allowed: &dyn Fn(&Seat) -> bool,
) -> Option<Vec<SeatNo>> {
    if count == 0 {
        return Some(Vec::new());
    }
    let field = Field::new(map, free, allowed);
    if field.usable.iter().filter(|usable| **usable).count() < count {
        return None;
    }
    let sums = Sums::of(&field);
    let mut best: Option<(Price, Range<usize>)> = None;
    field.windows(count, &field.usable, |run, window| {
        let price = sums.price(&window, field.gap(run, &window));
        if best.as_ref().is_none_or(|(known, _)| price.is_less(known)) {
            best = Some((price, window));
        }
    });
    match best {
        Some((_, window)) => Some(seat_nos(window).collect()),
        None => split::best_split(&field, count),
    }
}

/// The middle of some points; the origin when there are none.
fn mean_point(points: impl Iterator<Item = (f32, f32)>) -> (f32, f32) {
    let (mut x, mut y, mut count) = (0.0, 0.0, 0_u32);
    for point in points {
        (x, y, count) = (x + point.0, y + point.1, count + 1);
    }
    if count == 0 {
        (0.0, 0.0)
    } else {
        (x / count as f32, y / count as f32)
    }
}

#[cfg(test)]
pub(crate) mod hall;
#[cfg(test)]
mod tests;
