//! A hall of straight rows, made from a few numbers: for theaters that have no seating plan at hand.
//!
//! Pure: the same numbers make the same map. A plan drawn by hand says more; this one can be sold from.

use crate::plan::{content_id, geometry};
use matinee_domain::{
    ids::SeatMapId,
    seat_map::{Area, MAX_SEATS, Row, Seat, SeatCategory, SeatId, SeatKind, SeatMap, SeatNo},
};

/// From seat to seat and from row to row, in map units; an aisle is as wide as two seats.
const SEAT: f32 = 30.0;
const ROW: f32 = 40.0;
/// Between the drawing's edge and the first seat: the screen is at the top.
const MARGIN: f32 = 40.0;
const RADIUS: f32 = 12.0;
/// Most rows, and most seats of one.
const ROWS_MAX: u16 = 100;
const SEATS_MAX: u16 = 200;

/// The numbers of a hall.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hall {
    pub rows: u16,
    pub seats_per_row: u16,
    /// An aisle is after these seats, counted from 1.
    pub aisles_after: Vec<u16>,
    /// At the ends of the first row in turn, each with the seat beside it for a companion.
    pub wheelchair_places: u16,
    /// So many rows at the back are of category `premium`.
    pub premium_rows: u16,
}

/// Why numbers make no hall: the member, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {detail}")]
pub struct HallError {
    pub member: &'static str,
    pub detail: String,
}

fn wrong<T>(member: &'static str, detail: impl Into<String>) -> Result<T, HallError> {
    Err(HallError {
        member,
        detail: detail.into(),
    })
}

/// The map of a hall, under this name.
pub fn hall(numbers: &Hall, name: &str, external_id: &str) -> Result<SeatMap, HallError> {
    check(numbers)?;
    let aisles = aisles(numbers);
    let mut categories = vec![category("standard", "Standard", "#5AA9E6")];
    if numbers.premium_rows > 0 {
        categories.push(category("premium", "Premium", "#F2C14E"));
    }
    let mut map = SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        name: name.to_owned(),
        width: 2.0 * MARGIN + SEAT * f32::from(numbers.seats_per_row - 1 + aisles.len() as u16),
        height: 3.0 * MARGIN + ROW * f32::from(numbers.rows - 1),
        categories,
        areas: vec![Area {
            name: String::new(),
        }],
        rows: Vec::new(),
        seats: Vec::new(),
        decorations: Vec::new(),
    };
    let kinds = first_row(numbers);
    for row in 0..numbers.rows {
        add_row(&mut map, numbers, &aisles, (row, &kinds));
    }
    map.seat_map_id = content_id(&map, external_id);
    match map.validate() {
        Ok(()) => Ok(map),
        Err(error) => wrong("rows", error.to_string()),
    }
}

fn check(numbers: &Hall) -> Result<(), HallError> {
    if !(1..=ROWS_MAX).contains(&numbers.rows) {
        return wrong("rows", format!("1 to {ROWS_MAX} rows are possible"));
    }
    if !(1..=SEATS_MAX).contains(&numbers.seats_per_row) {
        let detail = format!("1 to {SEATS_MAX} seats in a row are possible");
        return wrong("seats_per_row", detail);
    }
    if usize::from(numbers.rows) * usize::from(numbers.seats_per_row) > MAX_SEATS {
        return wrong("rows", format!("a hall has at most {MAX_SEATS} seats"));
    }
    let inside = 1..numbers.seats_per_row;
    if let Some(after) = numbers
        .aisles_after
        .iter()
        .find(|after| !inside.contains(after))
    {
        let detail = format!("there is no seat on both sides of an aisle after seat {after}");
        return wrong("aisles_after", detail);
    }
    // Each place has a seat beside it.
    if u32::from(numbers.wheelchair_places) * 2 > u32::from(numbers.seats_per_row) {
        return wrong(
            "wheelchair_places",
            "the first row has not so many pairs of a place and a seat beside it",
        );
    }
    if numbers.premium_rows > numbers.rows {
        return wrong("premium_rows", "the hall has not so many rows");
    }
    Ok(())
}

fn aisles(numbers: &Hall) -> Vec<u16> {
    let mut aisles = numbers.aisles_after.clone();
    aisles.sort_unstable();
    aisles.dedup();
    aisles
}

fn category(code: &str, label: &str, color: &str) -> SeatCategory {
    SeatCategory {
        code: code.into(),
        label: label.into(),
        color: color.into(),
    }
}

/// What the seats of the first row are: pairs of a place and a companion's seat, from the left end and the right in turn,
/// the place at the end.
fn first_row(numbers: &Hall) -> Vec<SeatKind> {
    let mut kinds = vec![SeatKind::Standard; usize::from(numbers.seats_per_row)];
    let last = kinds.len().saturating_sub(1);
    for place in 0..usize::from(numbers.wheelchair_places) {
        let from_end = place / 2 * 2;
        let (chair, beside) = if place % 2 == 0 {
            (from_end, from_end + 1)
        } else {
            (last - from_end, last - from_end - 1)
        };
        kinds[chair] = SeatKind::Wheelchair;
        kinds[beside] = SeatKind::Companion;
    }
    kinds
}

fn add_row(map: &mut SeatMap, numbers: &Hall, aisles: &[u16], (row, first): (u16, &[SeatKind])) {
    let begin = map.seats.len() as u16;
    let label = row_label(row);
    let premium = row >= numbers.rows - numbers.premium_rows;
    for seat in 0..numbers.seats_per_row {
        let aisles_before = aisles.iter().filter(|after| **after <= seat).count();
        let kind = match (row, premium) {
            (0, _) if first[usize::from(seat)] != SeatKind::Standard => first[usize::from(seat)],
            (_, true) => SeatKind::Premium,
            _ => SeatKind::Standard,
        };
        let x = MARGIN + SEAT * (f32::from(seat) + aisles_before as f32);
        map.seats.push(Seat {
            seat_id: SeatId(format!("{label}-{}", seat + 1)),
            row: label.clone(),
            number: (seat + 1).to_string(),
            area: 0,
            row_index: row,
            category: u16::from(premium),
            kind,
            restricted_view: false,
            x: geometry::snap(f64::from(x)),
            y: geometry::snap(f64::from(2.0 * MARGIN + ROW * f32::from(row))),
            radius: RADIUS,
        });
    }
    map.rows.push(Row {
        label,
        area: 0,
        first: SeatNo(begin),
        len: numbers.seats_per_row,
        breaks: aisles.iter().map(|after| SeatNo(begin + after)).collect(),
    });
}

/// A to Z, then AA, AB and so on.
fn row_label(row: u16) -> String {
    let letter = |number: u16| char::from(b'A' + (number % 26) as u8);
    match row / 26 {
        0 => letter(row).to_string(),
        more => format!("{}{}", letter(more - 1), letter(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Hall {
        Hall {
            rows: 5,
            seats_per_row: 8,
            aisles_after: vec![6, 2],
            wheelchair_places: 3,
            premium_rows: 2,
        }
    }

    #[test]
    fn numbers_become_a_hall() {
        let map = hall(&numbers(), "Hall 1", "x").unwrap();
        assert_eq!((map.seats.len(), map.rows.len()), (40, 5));
        assert_eq!(map.validate(), Ok(()));
        let runs: Vec<_> = map.runs().take(3).map(|run| run.len()).collect();
        assert_eq!(runs, [2, 4, 2], "cut at the aisles");
        let first: Vec<_> = map.seats[..8].iter().map(|seat| seat.kind).collect();
        use SeatKind::{Companion as C, Standard as S, Wheelchair as W};
        assert_eq!(first, [W, C, W, C, S, S, C, W]);
        let of_row = |row: usize| {
            map.categories[usize::from(map.seats[row * 8].category)]
                .code
                .clone()
        };
        assert_eq!(
            [of_row(2), of_row(3), of_row(4)],
            ["standard", "premium", "premium"]
        );
        assert_eq!(map.seats[39].seat_id.0, "E-8");
        assert_eq!(
            hall(&numbers(), "Hall 1", "x").unwrap(),
            map,
            "always the same"
        );
        assert_ne!(
            hall(&numbers(), "Hall 1", "y").unwrap().seat_map_id,
            map.seat_map_id
        );
    }

    #[test]
    fn everything_lies_on_the_sheet_and_nothing_overlaps() {
        let map = hall(&numbers(), "Hall 1", "x").unwrap();
        for (at, seat) in map.seats.iter().enumerate() {
            assert!(seat.x > 0.0 && seat.x < map.width && seat.y > 0.0 && seat.y < map.height);
            for other in &map.seats[..at] {
                let apart = (seat.x - other.x).hypot(seat.y - other.y);
                assert!(
                    apart >= 2.0 * RADIUS,
                    "{:?} {:?}",
                    seat.seat_id,
                    other.seat_id
                );
            }
        }
    }

    #[test]
    fn rows_beyond_the_alphabet_have_two_letters() {
        let labels: Vec<_> = [0, 25, 26, 51, 52, 99].into_iter().map(row_label).collect();
        assert_eq!(labels, ["A", "Z", "AA", "AZ", "BA", "CV"]);
    }

    #[test]
    fn impossible_numbers_are_named() {
        let refused = |change: fn(&mut Hall)| {
            let mut wrong = numbers();
            change(&mut wrong);
            hall(&wrong, "Hall", "x").unwrap_err().member
        };
        assert_eq!(refused(|hall| hall.rows = 0), "rows");
        assert_eq!(refused(|hall| hall.rows = 101), "rows");
        assert_eq!(refused(|hall| hall.seats_per_row = 0), "seats_per_row");
        assert_eq!(refused(|hall| hall.seats_per_row = 201), "seats_per_row");
        assert_eq!(refused(|hall| hall.aisles_after = vec![8]), "aisles_after");
        assert_eq!(refused(|hall| hall.aisles_after = vec![0]), "aisles_after");
        assert_eq!(
            refused(|hall| hall.wheelchair_places = 5),
            "wheelchair_places"
        );
        assert_eq!(refused(|hall| hall.premium_rows = 6), "premium_rows");
    }

    #[test]
    fn a_whole_row_of_places_fits() {
        let full = Hall {
            wheelchair_places: 4,
            ..numbers()
        };
        let map = hall(&full, "Hall", "x").unwrap();
        let chairs = map
            .seats
            .iter()
            .filter(|seat| seat.kind == SeatKind::Wheelchair);
        assert_eq!(chairs.count(), 4);
    }
}
