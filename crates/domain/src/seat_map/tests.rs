//! What is no map: stores and sales trust every map that passed, so each rule is broken alone.

use super::*;
use crate::best_seats::hall::hall;

fn map() -> SeatMap {
    hall(&["...", ".. ."]).map
}

#[test]
fn a_map_that_breaks_one_rule_is_refused_by_its_name() {
    let id = || SeatId("A2".into());
    let row = |label: &str| SeatMapError::BadRow(label.into());
    type Break = fn(&mut SeatMap);
    let broken: [(Break, SeatMapError); 18] = [
        (|map| map.seats.clear(), SeatMapError::Empty),
        (
            |map| map.seats[2].seat_id = SeatId("A2".into()),
            SeatMapError::DuplicateSeat(id()),
        ),
        (|map| map.seats[1].area = 1, SeatMapError::UnknownPart(id())),
        (
            |map| map.seats[1].category = 2,
            SeatMapError::UnknownPart(id()),
        ),
        (
            |map| map.seats[1].row_index = 2,
            SeatMapError::UnknownPart(id()),
        ),
        (|map| map.seats[0].x = f32::NAN, SeatMapError::NotFinite),
        (
            |map| map.seats[0].y = f32::INFINITY,
            SeatMapError::NotFinite,
        ),
        (
            |map| map.seats[0].radius = f32::NAN,
            SeatMapError::NotFinite,
        ),
        (|map| map.width = f32::NAN, SeatMapError::NotFinite),
        (|map| map.height = f32::INFINITY, SeatMapError::NotFinite),
        // Rows leave out no seat, share none and end with the last one.
        (|map| map.rows[0].len = 2, row("B")),
        (|map| map.rows[0].len = 4, row("A")),
        (|map| map.rows[1].first = SeatNo(2), row("B")),
        (|map| map.rows[1].len = 4, row("B")),
        (
            |map| (map.rows[1].len, map.rows[1].breaks) = (2, Vec::new()),
            row("the last"),
        ),
        // A row's seats say that they are in it, and in its area.
        (|map| map.seats[0].row_index = 1, row("A")),
        (|map| map.rows[0].area = 1, row("A")),
        (|map| map.rows[1].breaks = vec![SeatNo(1)], row("B")),
    ];
    assert_eq!(map().validate(), Ok(()));
    for (at, (change, error)) in broken.into_iter().enumerate() {
        let mut map = map();
        change(&mut map);
        assert_eq!(map.validate(), Err(error), "rule {at}");
    }
}

#[test]
fn a_map_has_a_greatest_number_of_seats() {
    let of = |seats: usize| {
        let mut map = hall(&["."]).map;
        let seat = map.seats.remove(0);
        map.seats = (0..seats)
            .map(|at| Seat {
                seat_id: SeatId(at.to_string()),
                ..seat.clone()
            })
            .collect();
        map.rows[0].len = seats as u16;
        map.validate()
    };
    assert_eq!(of(MAX_SEATS), Ok(()));
    assert_eq!(of(MAX_SEATS + 1), Err(SeatMapError::TooManySeats));
}
