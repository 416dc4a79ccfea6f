//! Changing a hold in one step: new seats are claimed before any old one is let go.

use super::{
    hold::{Wanted, numbers, refusal, refused, version_after},
    insert,
    promo::{self, Found, Place},
    read, seats,
};
use crate::writer::Tx;
use matinee_domain::{booking::BookingStatus, seat_map::SeatNo};
use matinee_store::{
    StoreError,
    bookings::{BookingRow, ChangeHold, HoldOutcome},
    feed::SeatState,
    promos::Customer,
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
    let code = match UseOfCode::by(tx, &current, change)? {
        Ok(code) => code,
        Err(refusal) => return Ok(refusal),
    };
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
    code.write(tx, &current, change)?;
    insert::changed_hold(tx, booking, change.expected_version + 1)?;
    version_after(tx, booking.show_id)
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
    fn by(
        tx: &Tx<'_>,
        current: &BookingRow,
        change: &ChangeHold,
    ) -> Result<Result<Self, HoldOutcome>, StoreError> {
        let booking = &change.booking;
        let customer = Customer::of(&booking.owner);
        // A code that stays is not taken up again.
        let differs = current.promo != booking.promo;
        let found = match &booking.promo {
            Some(code) if differs => {
                let key = (booking.show_id.theater(), code);
                promo::find(tx, key, customer, promo::When::Now(change.now))?
            }
            Some(code) if customer != Customer::of(&current.owner) => {
                promo::find_for_customer(tx, (booking.show_id.theater(), code), customer)?
            }
            Some(_) => return Ok(Ok(Self::Keep)),
            None => Found::Free(None),
        };
        Ok(match found {
            Found::Free(place) if differs => Ok(Self::Swap(place)),
            Found::Free(place) => Ok(Self::PassOn(place)),
            Found::Gone => Err(HoldOutcome::PromoGone),
            Found::UsedByCustomer => Err(HoldOutcome::PromoUsedByCustomer),
        })
    }

    fn write(
        self,
        tx: &Tx<'_>,
        current: &BookingRow,
        change: &ChangeHold,
    ) -> Result<(), StoreError> {
        let booking = &change.booking;
        match (self, &booking.promo) {
            (Self::Keep, _) | (Self::PassOn(_), None) => Ok(()),
            (Self::PassOn(place), Some(code)) => {
                promo::pass_on(tx, booking.booking_id, code, place)
            }
            (Self::Swap(place), wanted) => {
                if let Some(code) = &current.promo {
                    promo::give_back(tx, booking.booking_id, code)?;
                }
                let when = promo::When::Now(change.now);
                wanted.as_ref().map_or(Ok(()), |code| {
                    promo::claim(tx, booking.booking_id, code, place, when)
                })
            }
        }
    }
}
