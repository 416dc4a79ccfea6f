//! Changing a hold in one step: new seats are claimed before any old one is let go.

use super::{
    hold::{Wanted, numbers, refusal, refused, version_after},
    insert, promo, read, seats,
};
use crate::writer::Tx;
use matinee_domain::{booking::BookingStatus, seat_map::SeatNo};
use matinee_store::{
    StoreError,
    bookings::{ChangeHold, HoldOutcome},
    feed::SeatState,
};

pub(super) fn change(tx: &mut Tx<'_>, change: &ChangeHold) -> Result<HoldOutcome, StoreError> {
    let booking = &change.booking;
    let Some(current) = read::booking(tx.conn(), booking.booking_id)? else {
        return Ok(HoldOutcome::Stale(None));
    };
    let unfit = current.version != change.expected_version
        || current.state.status() != BookingStatus::Held
        || booking.state.status() != BookingStatus::Held
        || current.show_id != booking.show_id;
    if unfit {
        return Ok(HoldOutcome::Stale(Some(Box::new(current))));
    }
    let on_sale = match tx.on_sale(booking.show_id)? {
        Ok(on_sale) => on_sale,
        Err(why) => return Ok(refusal(why)),
    };
    if !booking.is_of_seating(on_sale.seating) {
        return Ok(HoldOutcome::ShowMoved);
    }
    let show_version = on_sale.version;
    if change
        .only_if_version
        .is_some_and(|wanted| wanted != show_version)
    {
        return Ok(HoldOutcome::ShowChanged { show_version });
    }
    let (old, new) = (numbers(&current.seats), numbers(&booking.seats));
    let without = |all: &[SeatNo], some: &[SeatNo]| -> Vec<SeatNo> {
        all.iter()
            .filter(|seat| !some.contains(seat))
            .copied()
            .collect()
    };
    let added = without(&new, &old);
    // The limits are about taking seats: who only keeps what is held, or less, may always do so.
    if !added.is_empty() {
        let wanted = Wanted {
            show: booking.show_id,
            caller: current.caller,
            more: booking.seats.len() as u16,
            instead_of: current.seats.len() as u16,
        };
        if let Some(refusal) = refused(tx, &change.limits, &wanted, change.now)? {
            return Ok(refusal);
        }
    }
    let (theater, when) = (booking.show_id.theater(), promo::When::Now(change.now));
    // A code that stays is not taken up again.
    let differs = current.promo != booking.promo;
    let taken_up = booking.promo.as_ref().filter(|_| differs);
    if let Some(code) = taken_up
        && !promo::is_to_be_had(tx, theater, code, when)?
    {
        return Ok(HoldOutcome::PromoGone);
    }
    if let Err(taken) = seats::claim(
        tx,
        booking.show_id,
        booking.booking_id,
        &added,
        SeatState::Held,
    )? {
        return Ok(HoldOutcome::SeatsTaken(taken));
    }
    let dropped = without(&old, &new);
    seats::free(
        tx,
        booking.show_id,
        booking.booking_id,
        &dropped,
        SeatState::Held,
    )?;
    if let Some(code) = current.promo.as_ref().filter(|_| differs) {
        promo::give_back(tx, theater, code)?;
    }
    if let Some(code) = taken_up {
        promo::claim(tx, theater, code, when)?;
    }
    insert::changed_hold(tx, booking, change.expected_version + 1)?;
    version_after(tx, booking.show_id)
}
