//! Seats for a party that fits in no run: as few pieces as possible, as near to each other as possible.
//!
//! The number of pieces is the smallest there is (the largest pieces show how few suffice). Which pieces is a search
//! from several good places at once, each taking the nearest piece that still lets the rest suffice: close to the best
//! and bounded, where trying all sets would not be.

use super::{Field, Rank, mean_point, seat_nos, squared_distance};
use crate::seat_map::SeatNo;
use std::ops::Range;

/// The most places the search begins from.
const SEEDS: usize = 24;
/// Pieces looked at in all, about half a millisecond's worth: a large party in a nearly full large hall begins from
/// fewer places.
const LOOKS: usize = 120_000;
/// How much sitting near each other outweighs sitting well.
const NEARNESS: f32 = 10.0;

/// Free seats side by side.
struct Piece {
    range: Range<usize>,
    middle: (f32, f32),
}

impl Piece {
    fn new(field: &Field<'_>, range: Range<usize>) -> Self {
        let middle = mean_point(range.clone().map(|index| field.point(index)));
        Self { range, middle }
    }
}

/// The best way to seat `count` when no run has room. `None` only when fewer are usable.
pub(super) fn best_split(field: &Field<'_>, count: usize) -> Option<Vec<SeatNo>> {
    for worst in [Rank::Ordinary, Rank::RestrictedView, Rank::Needed] {
        let seats = field.map.seats.iter().zip(&field.usable);
        let usable: Vec<bool> = seats
            .map(|(seat, usable)| *usable && Rank::of(seat) <= worst)
            .collect();
        if usable.iter().filter(|usable| **usable).count() >= count {
            return Some(split_among(field, &usable, count));
        }
    }
    None
}

/// Splits among usable seats, of which there are at least `count`.
fn split_among(field: &Field<'_>, usable: &[bool], count: usize) -> Vec<SeatNo> {
    let mut pieces = pieces(field, usable);
    // Best first: the seeds are the front of the list, and of equal choices the better seats win.
    pieces.sort_by(|a, b| {
        field
            .hall
            .cost(a.middle)
            .total_cmp(&field.hall.cost(b.middle))
    });
    let search = Search::new(field, pieces, count);
    let enough = search.longest(&[], search.fewest - 1);
    let seeds = (0..search.pieces.len())
        .filter(|seed| search.pieces[*seed].range.len() + enough >= count)
        .take((LOOKS / (search.fewest * search.pieces.len()).max(1)).clamp(2, SEEDS));
    let splits = seeds.map(|seed| {
        let chosen = search.grow(seed);
        (score(field, &chosen), chosen)
    });
    let best = splits.min_by(|a, b| a.0.total_cmp(&b.0));
    let mut seats: Vec<SeatNo> = best
        .into_iter()
        .flat_map(|(_, ranges)| ranges)
        .flat_map(seat_nos)
        .collect();
    seats.sort_unstable();
    seats
}

fn pieces(field: &Field<'_>, usable: &[bool]) -> Vec<Piece> {
    let mut found = Vec::new();
    for run in &field.runs {
        let mut index = run.start;
        while index < run.end {
            let len = usable[index..run.end]
                .iter()
                .take_while(|usable| **usable)
                .count();
            if len > 0 {
                found.push(Piece::new(field, index..index + len));
            }
            index += len + 1;
        }
    }
    found
}

/// What does not change while pieces are tried.
struct Search<'a> {
    field: &'a Field<'a>,
    pieces: Vec<Piece>,
    /// Indices of the pieces, longest first.
    by_length: Vec<usize>,
    count: usize,
    /// The smallest number of pieces that seats everybody.
    fewest: usize,
}

impl<'a> Search<'a> {
    fn new(field: &'a Field<'a>, pieces: Vec<Piece>, count: usize) -> Self {
        let mut by_length: Vec<usize> = (0..pieces.len()).collect();
        by_length.sort_by_key(|index| std::cmp::Reverse(pieces[*index].range.len()));
        let (mut seated, mut fewest) = (0, 0);
        while seated < count && fewest < by_length.len() {
            seated += pieces[by_length[fewest]].range.len();
            fewest += 1;
        }
        Self {
            field,
            pieces,
            by_length,
            count,
            fewest,
        }
    }

    /// The summed length of the `most` longest pieces not yet taken.
    fn longest(&self, taken: &[usize], most: usize) -> usize {
        let left = self.by_length.iter().filter(|index| !taken.contains(index));
        left.take(most)
            .map(|index| self.pieces[*index].range.len())
            .sum()
    }

    /// From one piece on, always the nearest that keeps the number of pieces at its least: the one with which the
    /// longest others suffice for the rest. (When it is one of those itself the sum counts it twice, but then the
    /// longest suffice anyway, because every step before kept that true.)
    fn grow(&self, seed: usize) -> Vec<Range<usize>> {
        let length = |index: usize| self.pieces[index].range.len();
        let mut taken = vec![seed];
        let mut rest = self.count.saturating_sub(length(seed));
        while rest > 0 && taken.len() < self.fewest {
            let enough = self.longest(&taken, self.fewest - taken.len() - 1);
            let middle = mean_point(taken.iter().map(|index| self.pieces[*index].middle));
            let mut nearest: Option<(f32, usize)> = None;
            for (index, piece) in self.pieces.iter().enumerate() {
                let distance = squared_distance(piece.middle, middle);
                let nearer = nearest.is_none_or(|(known, _)| distance < known);
                // The cheap question first: this is the innermost loop.
                if nearer && piece.range.len() + enough >= rest && !taken.contains(&index) {
                    nearest = Some((distance, index));
                }
            }
            // There always is one: the longest piece left keeps the rest seatable.
            let Some((_, nearest)) = nearest else { break };
            taken.push(nearest);
            rest = rest.saturating_sub(length(nearest));
        }
        trim(
            self.field,
            taken
                .into_iter()
                .map(|index| self.pieces[index].range.clone())
                .collect(),
            self.count,
        )
    }
}

/// Gives back what is too much, from the last piece; nobody sits alone for it where another piece can spare a seat.
fn trim(field: &Field<'_>, mut ranges: Vec<Range<usize>>, count: usize) -> Vec<Range<usize>> {
    let total: usize = ranges.iter().map(Range::len).sum();
    let Some(mut last) = ranges.pop() else {
        return ranges;
    };
    let mut keep = last.len() - (total - count).min(last.len() - 1);
    if keep == 1
        && last.len() > 1
        && let Some(other) = ranges
            .iter_mut()
            .filter(|range| range.len() > 2)
            .max_by_key(ExactSizeIterator::len)
    {
        keep = 2;
        let towards = mean_point(last.clone().map(|index| field.point(index)));
        *other = nearest_part(field, other, other.len() - 1, towards);
    }
    let middle = mean_point(
        ranges
            .iter()
            .flat_map(Clone::clone)
            .map(|index| field.point(index)),
    );
    last = nearest_part(field, &last, keep, middle);
    ranges.push(last);
    ranges
}

/// The part of a piece that lies nearest to a point; rather one that leaves no single seat of the piece.
fn nearest_part(
    field: &Field<'_>,
    piece: &Range<usize>,
    len: usize,
    to: (f32, f32),
) -> Range<usize> {
    let parts = (piece.start..=piece.end - len).map(|start| {
        let part = start..start + len;
        let middle = mean_point(part.clone().map(|index| field.point(index)));
        let strands = part.start - piece.start == 1 || piece.end - part.end == 1;
        (strands, squared_distance(middle, to), part)
    });
    let nearest = parts.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    nearest.map_or_else(|| piece.clone(), |(_, _, part)| part)
}

/// Smaller is better: how far the seats are from their middle, then how far that is from the ideal.
fn score(field: &Field<'_>, ranges: &[Range<usize>]) -> f32 {
    let points = || {
        ranges
            .iter()
            .flat_map(Clone::clone)
            .map(|index| field.point(index))
    };
    let middle = mean_point(points());
    let (spread, cost, count) =
        points().fold((0.0_f32, 0.0_f32, 0_u32), |(spread, cost, count), point| {
            (
                spread + squared_distance(point, middle),
                cost + field.hall.cost(point),
                count + 1,
            )
        });
    (NEARNESS * spread + cost) / count.max(1) as f32
}
