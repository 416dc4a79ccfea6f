//! Changing a hold in one step: what is new is claimed, what is dropped is freed, or nothing happens.

use super::{
    Writes, claim, free,
    hold::{Wanted, count, moved, not_on_sale, refused, reseated},
    numbers,
    promo::{self, Found, Place},
};
use crate::lanes::{unit::Outcome, world::World};
use matinee_domain::{booking::BookingStatus, seat_map::SeatNo};
use matinee_store::{
    bookings::{BookingRow, ChangeHold, HoldOutcome},
    feed::SeatState,
    promos::Customer,
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
    let code = match UseOfCode::by(world, &current, change) {
        Ok(code) => code,
        Err(refusal) => return Outcome::Hold(refusal),
    };
    let taken = world.taken(show, &added);
    if !taken.is_empty() {
        return Outcome::Hold(HoldOutcome::SeatsTaken(taken));
    }
    claim(world, writes, (show, id), &added, SeatState::Held);
    free(world, writes, (show, id), &without(&old, &new));
    if !added.is_empty() {
        count(world, writes, &change.limits, &wanted);
    }
    code.note(world, writes, &current, change);
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

/// What a change does to the uses of promotion codes.
enum UseOfCode {
    Keep,
    /// Another code than before, or none.
    Swap(Option<Place>),
    /// The code stays, and counts for another customer: a guest gave an e-mail address.
    PassOn(Option<Place>),
}

impl UseOfCode {
    fn by(world: &World, current: &BookingRow, change: &ChangeHold) -> Result<Self, HoldOutcome> {
        let booking = &change.booking;
        let customer = Customer::of(&booking.owner);
        // A code that stays is not taken up again.
        let differs = current.promo != booking.promo;
        let found = match &booking.promo {
            Some(code) if differs => {
                promo::find(world, code, customer, promo::When::Now(change.now))
            }
            Some(code) if customer != Customer::of(&current.owner) => {
                promo::find_for_customer(world, code, customer)
            }
            Some(_) => return Ok(Self::Keep),
            None => Found::Free(None),
        };
        match found {
            Found::Free(place) if differs => Ok(Self::Swap(place)),
            Found::Free(place) => Ok(Self::PassOn(place)),
            Found::Gone => Err(HoldOutcome::PromoGone),
            Found::UsedByCustomer => Err(HoldOutcome::PromoUsedByCustomer),
        }
    }

    fn note(
        self,
        world: &mut World,
        writes: &mut Writes<'_>,
        current: &BookingRow,
        change: &ChangeHold,
    ) {
        let own = *change.booking.booking_id.own();
        match (self, &change.booking.promo) {
            (Self::Keep, _) | (Self::PassOn(_), None) => {}
            (Self::PassOn(place), Some(code)) => {
                promo::pass_on(world, writes, (own, code), place);
            }
            (Self::Swap(place), wanted) => {
                if let Some(code) = &current.promo {
                    promo::give_back(world, writes, (own, code));
                }
                if let Some(code) = wanted {
                    let when = promo::When::Now(change.now);
                    promo::claim(world, writes, (own, code), place, when);
                }
            }
        }
    }
}
