//! Holding seats: the record of an earlier answer, the show, the limits, the seats.

use super::{LimitWrite, Writes, claim, numbers, promo, record};
use crate::lanes::{
    unit::Outcome,
    world::{Caller, World},
};
use chrono::{DateTime, Utc};
use matinee_domain::ids::ShowId;
use matinee_store::{
    bookings::{BookingRow, HoldLimits, HoldOutcome, HoldSeats},
    feed::SeatState,
    promos::Customer,
};

pub(super) fn hold<'u>(
    world: &mut World,
    writes: &mut Writes<'u>,
    at: usize,
    hold: &'u HoldSeats,
) -> Outcome {
    let booking = &hold.booking;
    let show = booking.show_id;
    if let Some(found) = world.earlier(hold.idempotency.as_ref()) {
        return Outcome::Hold(HoldOutcome::Repeated(found));
    }
    if let Some(refusal) = not_on_sale(world, show) {
        return Outcome::Hold(refusal);
    }
    if let Some(refusal) = reseated(world, booking) {
        return Outcome::Hold(refusal);
    }
    if let Some(refusal) = moved(world, show, hold.only_if_version) {
        return Outcome::Hold(refusal);
    }
    let wanted = Wanted {
        unit: at,
        show,
        caller: booking.caller,
        more: booking.seats.len() as u16,
        instead_of: 0,
    };
    if let Some(refusal) = refused(world, &hold.limits, &wanted, hold.now) {
        return Outcome::Hold(refusal);
    }
    let when = promo::When::Now(hold.now);
    let place = match &booking.promo {
        Some(code) => match promo::find(world, code, Customer::of(&booking.owner), when) {
            promo::Found::Free(place) => place,
            promo::Found::Gone => return Outcome::Hold(HoldOutcome::PromoGone),
            promo::Found::UsedByCustomer => {
                return Outcome::Hold(HoldOutcome::PromoUsedByCustomer);
            }
        },
        None => None,
    };
    let seats = numbers(&booking.seats);
    let taken = world.taken(show, &seats);
    if !taken.is_empty() {
        return Outcome::Hold(HoldOutcome::SeatsTaken(taken));
    }
    claim(
        world,
        writes,
        (show, booking.booking_id),
        &seats,
        SeatState::Held,
    );
    count(world, writes, &hold.limits, &wanted);
    world.touched.insert(*booking.booking_id.own());
    writes.bookings.push(booking);
    if let Some(code) = &booking.promo {
        let of = (*booking.booking_id.own(), code);
        promo::claim(world, writes, of, place, when);
    }
    record(world, writes, hold.idempotency.as_ref());
    Outcome::Held
}

/// Nobody buys of the show.
pub(super) fn not_on_sale(world: &World, show: ShowId) -> Option<HoldOutcome> {
    let now = world.shows.get(show.own())?;
    match (now.published, now.cancelled) {
        (_, true) => Some(HoldOutcome::ShowCancelled),
        (true, false) => None,
        (false, false) => Some(HoldOutcome::NoShow),
    }
}

/// The booking's seats are numbers of another map than the show has now.
pub(super) fn reseated(world: &World, booking: &BookingRow) -> Option<HoldOutcome> {
    let now = world.shows.get(booking.show_id.own())?;
    (!booking.is_of_seating(now.seating)).then_some(HoldOutcome::ShowMoved)
}

/// The show is not there, or not as it was when the caller decided.
pub(super) fn moved(world: &mut World, show: ShowId, only_if: Option<u64>) -> Option<HoldOutcome> {
    let Some(now) = world.shows.get_mut(show.own()) else {
        return Some(HoldOutcome::NoShow);
    };
    let show_version = now.version();
    now.conditional |= only_if.is_some();
    only_if
        .is_some_and(|wanted| wanted != show_version)
        .then_some(HoldOutcome::ShowChanged { show_version })
}

/// What a caller asks for, as far as limits go.
pub(super) struct Wanted {
    pub(super) unit: usize,
    pub(super) show: ShowId,
    pub(super) caller: Caller,
    /// Seats asked for.
    pub(super) more: u16,
    /// Seats of the caller that these replace.
    pub(super) instead_of: u16,
}

/// The limit that forbids this, if one does.
pub(super) fn refused(
    world: &World,
    limits: &HoldLimits,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Option<HoldOutcome> {
    if let Some(most) = limits.unpaid_seats
        && wanted.more > wanted.instead_of
    {
        let unpaid = world.unpaid.get(&(*wanted.show.own(), wanted.caller));
        let unpaid = unpaid.copied().unwrap_or(0).min(u32::from(u16::MAX)) as u16;
        let held = unpaid.saturating_sub(wanted.instead_of);
        if u32::from(held) + u32::from(wanted.more) > u32::from(most) {
            return Some(HoldOutcome::TooManyUnpaid { held });
        }
    }
    if let Some(limit) = limits.expiries
        && let Some(there) = world.expiries.get(&wanted.unit)
    {
        let many = there.many >= u64::from(limit.most) && there.last - there.first <= limit.within;
        let until = there.last + limit.pause;
        if many && now < until {
            return Some(HoldOutcome::CoolDown { until });
        }
    }
    None
}

/// Counts the seats for units that follow, and has the limit looked at again when all is written: another server may
/// have held for the same caller meanwhile.
pub(super) fn count(
    world: &mut World,
    writes: &mut Writes<'_>,
    limits: &HoldLimits,
    wanted: &Wanted,
) {
    let Some(most) = limits.unpaid_seats else {
        return;
    };
    let Some(more) = wanted
        .more
        .checked_sub(wanted.instead_of)
        .filter(|more| *more > 0)
    else {
        return;
    };
    let (show, caller) = (*wanted.show.own(), wanted.caller);
    *world.unpaid.entry((show, caller)).or_default() += u32::from(more);
    let same = |limit: &&mut LimitWrite| limit.show == show && limit.caller == caller;
    match writes.limits.iter_mut().find(same) {
        Some(limit) => limit.most = limit.most.max(most),
        None => writes.limits.push(LimitWrite { show, caller, most }),
    }
}
