//! The single-seat-gap rule: a choice should not leave one free seat alone that had company before.
//!
//! The rule looks at stretches: free seats side by side, ended by a taken seat, an aisle, the row's end, or a place for
//! a wheelchair or its companion (those are not filled by strangers, so the rule does not see them). A choice that
//! takes all but one seat of a stretch strands that one whatever it does, so it is let through: only a choice that could
//! sit elsewhere in the same stretch is ever objected to. Hence the last seats can always be bought, and there is always
//! something to suggest. Whether a theater advises or enforces is the theater's (`catalog::GapRule`), not decided here.

use crate::seat_map::{Row, Seat, SeatKind, SeatMap, SeatNo};
use matinee_planted::planted;
use std::ops::Range;

/// A free seat left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub seat: SeatNo,
}

/// What the rule says about a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapVerdict {
    /// Nothing to object to.
    Ok,
    /// Seats are left alone that another choice of the same size in the same place would not leave alone.
    Strands {
        stranded: Vec<SeatNo>,
        /// As many seats, as near as possible, that satisfy the rule.
        suggestion: Option<Vec<SeatNo>>,
    },
}

/// The rule counts this seat; it does not count places for wheelchairs and companions.
pub(crate) const fn counts(seat: &Seat) -> bool {
    !matches!(seat.kind, SeatKind::Wheelchair | SeatKind::Companion)
}

/// A choice seen against the seats that were free before it.
struct Choice<'a> {
    map: &'a SeatMap,
    free: &'a dyn Fn(SeatNo) -> bool,
    chosen: &'a [SeatNo],
}

impl Choice<'_> {
    fn is_chosen(&self, index: usize) -> bool {
        self.chosen.contains(&SeatNo(index as u16))
    }

    /// Free before the choice, as far as the rule sees.
    fn was_free(&self, index: usize) -> bool {
        let seat_no = SeatNo(index as u16);
        self.map.seat(seat_no).is_some_and(counts)
            && (self.is_chosen(index) || (self.free)(seat_no))
    }

    /// The stretch around a chosen seat; none when the rule does not count that seat.
    fn stretch(&self, seat: SeatNo) -> Option<Range<usize>> {
        let row: &Row = self
            .map
            .rows
            .get(usize::from(self.map.seat(seat)?.row_index))?;
        if !self.was_free(seat.index()) {
            return None;
        }
        let row_end = row.first.index() + usize::from(row.len);
        let aisle_before = |index: usize| row.breaks.iter().any(|cut| cut.index() == index);
        let mut range = seat.index()..seat.index() + 1;
        while range.start > row.first.index()
            && !aisle_before(range.start)
            && self.was_free(range.start - 1)
        {
            range.start -= 1;
        }
        while range.end < row_end && !aisle_before(range.end) && self.was_free(range.end) {
            range.end += 1;
        }
        Some(range)
    }

    /// Every stretch the choice touches, once, in map order.
    fn stretches(&self) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for seat in self.chosen {
            if !found.iter().any(|range| range.contains(&seat.index())) {
                found.extend(self.stretch(*seat));
            }
        }
        found.sort_unstable_by_key(|range| range.start);
        found
    }

    /// Seats of a touched stretch that the choice leaves alone. They had company: the stretch holds a chosen seat too.
    fn alone_in(&self, stretch: &Range<usize>, out: &mut Vec<SeatNo>) {
        let left = |index: usize| stretch.contains(&index) && !self.is_chosen(index);
        for index in stretch.clone() {
            if left(index) && !(index > 0 && left(index - 1)) && !left(index + 1) {
                out.push(SeatNo(index as u16));
            }
        }
    }

    fn taken_from(&self, stretch: &Range<usize>) -> usize {
        stretch
            .clone()
            .filter(|index| self.is_chosen(*index))
            .count()
    }

    /// Where in the stretch as many seats side by side leave nobody alone: same categories first, then the least way
    /// from where the chosen seats are.
    fn better_place(&self, stretch: &Range<usize>, count: usize) -> Option<Range<usize>> {
        let category = |index: usize| self.map.seats[index].category;
        let chosen: Vec<usize> = stretch
            .clone()
            .filter(|index| self.is_chosen(*index))
            .collect();
        let (chosen_sum, known): (usize, Vec<u16>) = (
            chosen.iter().sum(),
            chosen.iter().map(|index| category(*index)).collect(),
        );
        (stretch.start..=stretch.end.checked_sub(count)?)
            .map(|start| start..start + count)
            .filter(|place| place.start - stretch.start != 1 && stretch.end - place.end != 1)
            .min_by_key(|place| {
                let strange = place
                    .clone()
                    .filter(|index| !known.contains(&category(*index)))
                    .count();
                // Of two equally near, the one at an end leaves the rest in one piece.
                let divides = place.start > stretch.start && place.end < stretch.end;
                (
                    strange,
                    place.clone().sum::<usize>().abs_diff(chosen_sum),
                    divides,
                )
            })
    }
}

/// Single free seats that the choice leaves alone and that were not alone before. `free` tells what was free before
/// the choice; when a hold is changed, its own seats count as free.
pub fn stranded(map: &SeatMap, free: &dyn Fn(SeatNo) -> bool, chosen: &[SeatNo]) -> Vec<SeatNo> {
    let choice = Choice { map, free, chosen };
    let mut alone = Vec::new();
    for stretch in choice.stretches() {
        choice.alone_in(&stretch, &mut alone);
    }
    alone
}

/// Applies the rule to a choice; `free` as for [`stranded`].
pub fn check(map: &SeatMap, free: &dyn Fn(SeatNo) -> bool, chosen: &[SeatNo]) -> GapVerdict {
    let choice = Choice { map, free, chosen };
    let mut objections = Vec::new();
    let mut suggestion: Vec<SeatNo> = chosen.to_vec();
    for stretch in choice.stretches() {
        let count = choice.taken_from(&stretch);
        // One left over is alone wherever the others sit; none left over is nobody alone.
        if stretch.len() - count < 2 && !planted!("gap_blocks_last_seats") {
            continue;
        }
        let before = objections.len();
        choice.alone_in(&stretch, &mut objections);
        // With two or more left over, the stretch's own end always is a better place.
        if objections.len() > before
            && let Some(place) = choice.better_place(&stretch, count)
        {
            suggestion.retain(|seat| !stretch.contains(&seat.index()));
            suggestion.extend(place.map(|index| SeatNo(index as u16)));
        }
    }
    if objections.is_empty() {
        return GapVerdict::Ok;
    }
    suggestion.sort_unstable();
    GapVerdict::Strands {
        stranded: objections,
        suggestion: Some(suggestion),
    }
}

impl Gap {
    /// "row G" with the area's name where the map has several; empty when the row has no label.
    fn row_in_words(self, map: &SeatMap) -> String {
        let Some(seat) = map.seat(self.seat) else {
            return String::new();
        };
        let area = map
            .areas
            .get(usize::from(seat.area))
            .map_or("", |area| area.name.as_str());
        match (seat.row.as_str(), map.areas.len() > 1 && !area.is_empty()) {
            ("", false) => String::new(),
            ("", true) => format!(" ({area})"),
            (row, false) => format!(" in row {row}"),
            (row, true) => format!(" in row {row} ({area})"),
        }
    }
}

/// The objection in plain words, naming row and seat: for the customer, so it says why.
pub fn explain(map: &SeatMap, stranded: &[SeatNo]) -> String {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for seat_no in stranded {
        let Some(seat) = map.seat(*seat_no) else {
            continue;
        };
        let row = Gap { seat: *seat_no }.row_in_words(map);
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, numbers)) => numbers.push(&seat.number),
            None => rows.push((row, vec![&seat.number])),
        }
    }
    let places: Vec<String> = rows
        .iter()
        .map(|(row, numbers)| {
            let noun = if numbers.len() == 1 { "seat" } else { "seats" };
            format!("{noun} {}{row}", listed(numbers))
        })
        .collect();
    match rows.iter().map(|(_, numbers)| numbers.len()).sum::<usize>() {
        0 => String::new(),
        1 => format!(
            "This choice leaves {} alone. Hardly anybody buys a single seat.",
            listed(&places)
        ),
        _ => format!(
            "This choice leaves {} each alone. Hardly anybody buys a single seat.",
            listed(&places)
        ),
    }
}

/// "a", "a and b", "a, b and c".
fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).into(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests;
