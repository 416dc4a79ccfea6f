//! From what a caller named to seats with ticket types, and the single-seat-gap rule over them.

use super::Content;
use crate::{
    error::SaleError,
    show_file::{SeatStates, ShowFile},
};
use matinee_domain::{
    catalog::GapRule,
    gap,
    price::STANDARD,
    seat_map::{SeatId, SeatNo},
};
use std::collections::{BTreeMap, HashSet};

/// Resolves the seats a caller named: known, once each, not too many.
pub(crate) fn named_seats(
    show: &ShowFile,
    seats: &[SeatId],
    max: u16,
) -> Result<Vec<SeatNo>, SaleError> {
    if seats.is_empty() {
        return Err(SaleError::NoSeats);
    }
    if seats.len() > usize::from(max) {
        return Err(SaleError::TooManySeats { max });
    }
    let mut seen = HashSet::with_capacity(seats.len());
    let mut chosen = Vec::with_capacity(seats.len());
    for (index, seat) in seats.iter().enumerate() {
        let Some(no) = show.map.seat_no(&seat.0) else {
            return Err(SaleError::UnknownSeat {
                index,
                seat: seat.clone(),
            });
        };
        if !seen.insert(no) {
            return Err(SaleError::DuplicateSeat {
                index,
                seat: seat.clone(),
            });
        }
        chosen.push(no);
    }
    Ok(chosen)
}

pub(super) fn typed_seats(
    show: &ShowFile,
    chosen: &[SeatNo],
    ticket_types: &BTreeMap<String, String>,
) -> Result<Vec<(SeatNo, String)>, SaleError> {
    for (seat, code) in ticket_types {
        let known = show
            .map
            .seat_no(seat)
            .is_some_and(|no| chosen.contains(&no));
        if !known {
            return Err(SaleError::TicketTypeWithoutSeat { seat: seat.clone() });
        }
        if code != STANDARD && show.show.prices.ticket_type(code).is_none() {
            return Err(SaleError::UnknownTicketType {
                seat: seat.clone(),
                code: code.clone(),
            });
        }
    }
    Ok(chosen
        .iter()
        .map(|seat| {
            let code = show
                .map
                .map
                .seat(*seat)
                .and_then(|s| ticket_types.get(&s.seat_id.0));
            (*seat, code.cloned().unwrap_or_else(|| STANDARD.to_owned()))
        })
        .collect())
}

pub(super) fn category(show: &ShowFile, seat: SeatNo) -> u16 {
    show.map.map.seat(seat).map_or(0, |seat| seat.category)
}

pub(super) fn apply_gap_rule(
    show: &ShowFile,
    states: &SeatStates,
    chosen: &[SeatNo],
    own: &[SeatNo],
    content: &mut Content,
) -> Result<(), SaleError> {
    let map = &show.map.map;
    // A chosen seat that somebody else has is the store's to refuse; the rule only judges what could succeed.
    let free = |seat: SeatNo| states.is_free(seat) || own.contains(&seat);
    if chosen.iter().any(|seat| !free(*seat)) {
        return Ok(());
    }
    let enforce = show.theater.gap_rule == GapRule::Enforce;
    if enforce {
        content.only_if_version = Some(states.version);
    }
    if let gap::GapVerdict::Strands {
        stranded,
        suggestion,
    } = gap::check(map, &free, chosen)
    {
        let words = gap::explain(map, &stranded);
        if enforce {
            let suggestion = suggestion
                .unwrap_or_default()
                .into_iter()
                .map(|s| show.map.seat_id(s))
                .collect();
            return Err(SaleError::SingleSeatGap { words, suggestion });
        }
        content.advice.push(words);
    }
    Ok(())
}
