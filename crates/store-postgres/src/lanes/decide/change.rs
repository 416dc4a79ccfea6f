//! Changing a hold in one step: what is new is claimed, what is dropped is freed, or nothing happens.

use super::{
    Writes, claim, free,
    hold::{Wanted, count, moved, not_on_sale, refused, reseated},
    numbers, promo,
};
use crate::lanes::{unit::Outcome, world::World};
use matinee_domain::{booking::BookingStatus, seat_map::SeatNo};
use matinee_store::{
    bookings::{ChangeHold, HoldOutcome},
    feed::SeatState,
};

pub(super) fn change<'u>(
    world: &mut World,
    writes: &mut Writes<'u>,
    at: usize,
    change: &'u ChangeHold,
) -> Outcome {
    let booking = &change.booking;
    let (show, id) = (booking.show_id, booking.booking_id);
    // A booking that another unit of the batch changes does not come here: this unit waits for the next batch.
    let Some(current) = world.bookings.get(id.own()).cloned() else {
        return Outcome::Hold(HoldOutcome::Stale(None));
    };
    let unfit = current.version != change.expected_version
        || current.state.status() != BookingStatus::Held
        || booking.state.status() != BookingStatus::Held
        || current.show_id != show;
    if unfit {
        return Outcome::Hold(HoldOutcome::Stale(Some(Box::new(current))));
    }
    if let Some(refusal) = not_on_sale(world, show) {
        return Outcome::Hold(refusal);
    }
    if let Some(refusal) = reseated(world, booking) {
        return Outcome::Hold(refusal);
    }
    if let Some(refusal) = moved(world, show, change.only_if_version) {
        return Outcome::Hold(refusal);
    }
    let (old, new) = (numbers(&current.seats), numbers(&booking.seats));
    let added = without(&new, &old);
    let wanted = Wanted {
        unit: at,
        show,
        caller: current.caller,
        more: booking.seats.len() as u16,
        instead_of: current.seats.len() as u16,
    };
    // The limits are about taking seats: who only keeps what is held, or less, may always do so.
    if !added.is_empty()
        && let Some(refusal) = refused(world, &change.limits, &wanted, change.now)
    {
        return Outcome::Hold(refusal);
    }
    // A code that stays is not taken up again.
    let (differs, when) = (current.promo != booking.promo, promo::When::Now(change.now));
    let taken_up = booking.promo.as_ref().filter(|_| differs);
    if let Some(code) = taken_up
        && !promo::is_to_be_had(world, code, when)
    {
        return Outcome::Hold(HoldOutcome::PromoGone);
    }
    let taken = world.taken(show, &added);
    if !taken.is_empty() {
        return Outcome::Hold(HoldOutcome::SeatsTaken(taken));
    }
    claim(world, writes, (show, id), &added, SeatState::Held);
    free(world, writes, (show, id), &without(&old, &new));
    if !added.is_empty() {
        count(world, writes, &change.limits, &wanted);
    }
    if let Some(code) = current.promo.as_ref().filter(|_| differs) {
        promo::give_back(world, writes, code);
    }
    if let Some(code) = taken_up {
        promo::claim(world, writes, code, when);
    }
    world.touched.insert(*id.own());
    writes.changed.push((booking, change.expected_version));
    Outcome::Held
}

fn without(all: &[SeatNo], some: &[SeatNo]) -> Vec<SeatNo> {
    all.iter()
        .filter(|seat| !some.contains(seat))
        .copied()
        .collect()
}
