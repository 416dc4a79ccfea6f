//! A small show, for the tests of this room.

use super::*;
use matinee_domain::{
    ids::{SeatMapId, ShowId, TheaterId},
    seat_map::{Area, Row, Seat, SeatCategory, SeatId, SeatKind, SeatMap},
};

pub fn map(seats: u16) -> Arc<IndexedMap> {
    let seat = |n: u16| Seat {
        seat_id: SeatId(format!("A{n}")),
        row: "A".into(),
        number: n.to_string(),
        area: 0,
        row_index: 0,
        category: 0,
        kind: SeatKind::Standard,
        restricted_view: false,
        x: f32::from(n),
        y: 0.0,
        radius: 0.4,
    };
    Arc::new(IndexedMap::new(Arc::new(SeatMap {
        seat_map_id: SeatMapId::from_bytes([1; 16]),
        name: "Hall".into(),
        width: 10.0,
        height: 10.0,
        categories: vec![SeatCategory {
            code: "standard".into(),
            label: "Standard".into(),
            color: "#fff".into(),
        }],
        areas: vec![Area {
            name: String::new(),
        }],
        rows: vec![Row {
            label: "A".into(),
            area: 0,
            first: SeatNo(0),
            len: seats,
            breaks: vec![],
        }],
        seats: (0..seats).map(seat).collect(),
        decorations: vec![],
    })))
}

pub fn change(version: u64, seat: u16, state: SeatState) -> ShowChange {
    let show_id = ShowId::from_parts(TheaterId::from_bytes([1; 16]), [2; 16]);
    ShowChange {
        show_id,
        version,
        taken: 0,
        changes: vec![(SeatNo(seat), state)],
    }
}

pub fn loaded(seats: u16) -> LiveShow {
    let live = LiveShow::new(map(seats), 0, 0);
    live.load(SeatSnapshot {
        version: 1,
        seats: vec![],
    });
    live
}
