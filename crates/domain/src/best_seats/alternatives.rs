//! What to offer for seats that somebody else got first.
//!
//! Unlike the best seats these are chosen by how near they are to the wanted ones: whoever chose on the map had a reason.

use super::{Field, LeftAlone, Rank, mean_point, seat_nos};
use crate::seat_map::{Seat, SeatKind, SeatMap, SeatNo};
use std::cmp::Ordering;

/// Another choice than the wanted one.
#[derive(Clone, Copy)]
struct Alternative {
    /// Wheelchair and companion places too few, and places too many that somebody else may need.
    unsuitable: usize,
    distance: f32,
    start: usize,
    objectionable: bool,
}

impl Alternative {
    fn order(&self, other: &Self) -> Ordering {
        let by_suit = self.unsuitable.cmp(&other.unsuitable);
        by_suit
            .then(self.distance.total_cmp(&other.distance))
            .then(self.start.cmp(&other.start))
    }
}

/// How many of some seats are places that somebody needs: wheelchair, companion, all such.
fn needs<'s>(seats: impl Iterator<Item = &'s Seat>) -> (usize, usize, usize) {
    seats.filter(|seat| Rank::of(seat) == Rank::Needed).fold(
        (0, 0, 0),
        |(wheelchair, companion, all), seat| {
            let is = |kind| usize::from(seat.kind == kind);
            (
                wheelchair + is(SeatKind::Wheelchair),
                companion + is(SeatKind::Companion),
                all + 1,
            )
        },
    )
}

/// Up to `limit` other choices for seats that are gone: as many, together in one run, in the category that most of the
/// wanted seats have, all free now. Choices with fewer wheelchair places than were wanted, or with more places that
/// somebody else may need, come after those that suit; among equals the nearest comes first (between centres). Choices
/// that share no seat and that the gap rule accepts are preferred, so that a list of three is three places and not one
/// place moved by a seat.
pub fn alternatives(
    map: &SeatMap,
    free: &dyn Fn(SeatNo) -> bool,
    wanted: &[SeatNo],
    limit: usize,
) -> Vec<Vec<SeatNo>> {
    let seats: Vec<&Seat> = wanted.iter().filter_map(|seat| map.seat(*seat)).collect();
    let Some(category) = majority_category(&seats) else {
        return Vec::new();
    };
    if limit == 0 || seats.len() != wanted.len() {
        return Vec::new();
    }
    let count = seats.len();
    let field = Field::new(map, free, &|seat| seat.category == category);
    let centre = mean_point(seats.iter().map(|seat| (seat.x, seat.y)));
    let wanted_needs = needs(seats.iter().copied());

    let mut found: Vec<Alternative> = Vec::new();
    field.windows(count, &field.usable, |run, window| {
        let here = &map.seats[window.clone()];
        let found_needs = needs(here.iter());
        let unsuitable = wanted_needs.0.saturating_sub(found_needs.0)
            + wanted_needs.1.saturating_sub(found_needs.1)
            + found_needs.2.saturating_sub(wanted_needs.2);
        let (x, y) = mean_point(here.iter().map(|seat| (seat.x, seat.y)));
        // Plain distance on the plan: this is about how far to move, not about how good a seat is.
        let distance = (x - centre.0).hypot(y - centre.1);
        let objectionable = field.gap(run, &window) == LeftAlone::Avoidably;
        found.push(Alternative {
            unsuitable,
            distance,
            start: window.start,
            objectionable,
        });
    });
    found.sort_unstable_by(Alternative::order);
    let mut picked = pick_apart(&found, count, limit);
    picked.sort_unstable_by(Alternative::order);
    picked
        .into_iter()
        .map(|picked| seat_nos(picked.start..picked.start + count).collect())
        .collect()
}

/// The first `limit` that share no seat and are not objectionable; where there are not as many, first objectionable
/// ones too, then overlapping ones.
fn pick_apart(found: &[Alternative], count: usize, limit: usize) -> Vec<Alternative> {
    let mut picked: Vec<Alternative> = Vec::with_capacity(limit.min(found.len()));
    for (apart, objectionable) in [(count, false), (count, true), (1, true)] {
        for candidate in found
            .iter()
            .filter(|candidate| objectionable || !candidate.objectionable)
        {
            if picked.len() == limit {
                return picked;
            }
            if picked
                .iter()
                .all(|known| known.start.abs_diff(candidate.start) >= apart)
            {
                picked.push(*candidate);
            }
        }
    }
    picked
}

/// The category of most of the seats; of equals, that of the seat named first.
pub(super) fn majority_category(seats: &[&Seat]) -> Option<u16> {
    let votes = |category: u16| {
        seats
            .iter()
            .filter(|seat| seat.category == category)
            .count()
    };
    let mut best: Option<(usize, u16)> = None;
    for seat in seats {
        let count = votes(seat.category);
        if best.is_none_or(|(known, _)| count > known) {
            best = Some((count, seat.category));
        }
    }
    best.map(|(_, category)| category)
}
