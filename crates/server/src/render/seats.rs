//! The seat map with who has what.

use crate::live;
use matinee_api as api;
use matinee_booking::{SeatStates, ShowFile};
use matinee_domain::{money::Money, price::STANDARD, seat_map::SeatNo};
use matinee_store::feed::SeatState;

/// The answer of `GET /shows/{show_id}/seats` at the version of `states`.
pub fn show_seats(file: &ShowFile, states: &SeatStates) -> api::ShowSeats {
    let map = &file.map.map;
    let prices: Vec<Money> = (0..map.categories.len())
        .map(|index| {
            let price = file.show.prices.seat_price(index as u16, STANDARD);
            price.unwrap_or_else(|_| Money::zero(file.show.prices.currency))
        })
        .collect();
    let breaks: std::collections::HashSet<SeatNo> = map
        .rows
        .iter()
        .flat_map(|row| row.breaks.iter().copied())
        .collect();
    let seats = map.seats.iter().enumerate().map(|(index, seat)| {
        let state = states
            .states
            .get(index)
            .copied()
            .unwrap_or(SeatState::Blocked);
        api::ShowSeat {
            seat_id: seat.seat_id.clone(),
            row: seat.row.clone(),
            number: seat.number.clone(),
            status: live::status(state),
            price: prices
                .get(usize::from(seat.category))
                .copied()
                .unwrap_or(Money::zero(file.show.prices.currency)),
            category: map
                .categories
                .get(usize::from(seat.category))
                .map(|c| c.code.clone())
                .unwrap_or_default(),
            kind: seat.kind,
            area: seat.area,
            x: seat.x,
            y: seat.y,
            radius: seat.radius,
            restricted_view: seat.restricted_view,
            gap_before: breaks.contains(&SeatNo(index as u16)),
        }
    });
    api::ShowSeats {
        show_id: file.show.show_id,
        version: states.version,
        seat_map: api::SeatMapView {
            name: map.name.clone(),
            width: map.width,
            height: map.height,
            categories: map.categories.clone(),
            areas: map.areas.clone(),
            decorations: map.decorations.clone(),
        },
        seats: seats.collect(),
    }
}
