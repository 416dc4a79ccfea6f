//! Small auditoriums for the tests of this crate, drawn as text.

use crate::{
    ids::SeatMapId,
    seat_map::{Area, Row, Seat, SeatCategory, SeatId, SeatKind, SeatMap, SeatNo},
};

/// A map and which of its seats are taken.
#[derive(Debug, Clone)]
pub(crate) struct DrawnHall {
    pub map: SeatMap,
    pub taken: Vec<bool>,
}

impl DrawnHall {
    /// Whether the seat is free.
    pub fn free(&self, seat: SeatNo) -> bool {
        !self.taken[seat.index()]
    }
    /// Seats by their name: row letter and number, e.g. `A3`.
    pub fn seats(&self, names: &[&str]) -> Vec<SeatNo> {
        names
            .iter()
            .map(|name| {
                self.map
                    .seat_no(name)
                    .unwrap_or_else(|| panic!("no seat {name}"))
            })
            .collect()
    }
    /// The names of seats.
    pub fn names(&self, seats: &[SeatNo]) -> Vec<String> {
        seats
            .iter()
            .map(|seat| self.map.seats[seat.index()].seat_id.0.clone())
            .collect()
    }
}

/// A hall from its rows, the first nearest to the screen. A character is a seat: `.` free, `x` taken, `r` restricted
/// view, `w` wheelchair, `c` companion, `a` accessible, `p` free of the second category; a space is an aisle.
pub(crate) fn hall(rows: &[&str]) -> DrawnHall {
    let mut drawn = DrawnHall {
        map: empty_map(),
        taken: Vec::new(),
    };
    for (row_index, text) in rows.iter().enumerate() {
        let label = char::from(b'A' + (row_index % 26) as u8)
            .to_string()
            .repeat(1 + row_index / 26);
        let first = SeatNo(drawn.map.seats.len() as u16);
        let mut row = Row {
            label: label.clone(),
            area: 0,
            first,
            len: 0,
            breaks: Vec::new(),
        };
        let mut aisle = false;
        for (column, mark) in text.chars().enumerate() {
            if mark == ' ' {
                aisle = true;
                continue;
            }
            if std::mem::take(&mut aisle) && row.len > 0 {
                row.breaks.push(SeatNo(drawn.map.seats.len() as u16));
            }
            row.len += 1;
            drawn
                .map
                .seats
                .push(seat(mark, &label, row.len, row_index, column));
            drawn.taken.push(mark == 'x');
        }
        drawn.map.rows.push(row);
    }
    drawn
        .map
        .validate()
        .expect("the drawn hall keeps the rules of a map");
    drawn
}

fn seat(mark: char, row: &str, number: u16, row_index: usize, column: usize) -> Seat {
    let kind = match mark {
        'w' => SeatKind::Wheelchair,
        'c' => SeatKind::Companion,
        'a' => SeatKind::Accessible,
        _ => SeatKind::Standard,
    };
    Seat {
        seat_id: SeatId(format!("{row}{number}")),
        row: row.into(),
        number: number.to_string(),
        area: 0,
        row_index: row_index as u16,
        category: u16::from(mark == 'p'),
        kind,
        restricted_view: mark == 'r',
        x: column as f32 * 10.0,
        y: row_index as f32 * 10.0,
        radius: 4.0,
    }
}

fn empty_map() -> SeatMap {
    let category = |code: &str| SeatCategory {
        code: code.into(),
        label: code.into(),
        color: "#888888".into(),
    };
    SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        name: String::new(),
        width: 1_000.0,
        height: 1_000.0,
        categories: vec![category("standard"), category("premium")],
        areas: vec![Area {
            name: String::new(),
        }],
        rows: Vec::new(),
        seats: Vec::new(),
        decorations: Vec::new(),
    }
}
