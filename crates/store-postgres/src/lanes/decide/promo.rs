//! The uses of promotion codes: claimed and given back along with a booking's seats.

use super::Writes;
use crate::lanes::world::{Own, PlaceTaken, World};
use chrono::{DateTime, Utc};
use matinee_domain::promo::PromoCode;
use matinee_store::promos::Customer;

/// When a code is taken up.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// Now: it must have begun and not be over.
    Now(DateTime<Utc>),
    /// It was taken up in time.
    Before,
}

/// What a batch does to the uses of one code.
pub(in crate::lanes) struct PromoWrite {
    pub(in crate::lanes) code: PromoCode,
    /// Uses claimed less those given back.
    pub(in crate::lanes) uses: i64,
    /// Somebody takes it up: there must be uses left for all of them.
    pub(in crate::lanes) claimed: bool,
    /// The last moment at which somebody does who must find it open.
    pub(in crate::lanes) open_at: Option<DateTime<Utc>>,
}

/// A place that a booking takes of those a code has for its customer.
pub(in crate::lanes) struct PlaceWrite {
    pub(in crate::lanes) code: PromoCode,
    pub(in crate::lanes) customer: Customer,
    pub(in crate::lanes) place: u8,
    pub(in crate::lanes) most: u8,
    pub(in crate::lanes) booking: Own,
}

/// What a booking finds that wants to use a code.
pub(super) enum Found {
    /// It may, as far as the batch knows; with the place to take where each customer has only some.
    Free(Option<Place>),
    /// It is used up, over, not begun or not there.
    Gone,
    /// Its customer uses it as often as one may.
    UsedByCustomer,
}

/// A place for a customer's use of a code.
#[derive(Clone, Copy)]
pub(super) struct Place {
    customer: Customer,
    place: u8,
    most: u8,
}

/// Whether one more booking may use it, of this customer.
pub(super) fn find(
    world: &World,
    code: &PromoCode,
    customer: Option<Customer>,
    when: When,
) -> Found {
    let Some(promo) = world.promos.get(code.as_str()) else {
        return Found::Gone;
    };
    let open = match when {
        When::Now(now) => promo.starts_at <= now && promo.ends_at.is_none_or(|end| now < end),
        When::Before => true,
    };
    if open && promo.left.is_none_or(|left| left > 0) {
        find_for_customer(world, code, customer)
    } else {
        Found::Gone
    }
}

/// Whether a booking that uses the code may be this customer's, which it was not before.
pub(super) fn find_for_customer(
    world: &World,
    code: &PromoCode,
    customer: Option<Customer>,
) -> Found {
    let most = (world.promos.get(code.as_str())).and_then(|promo| promo.uses_per_customer);
    let (Some(most), Some(customer)) = (most, customer) else {
        return Found::Free(None);
    };
    let taken = world.places.get(&(code.to_string(), customer));
    let is_free =
        |place: &u8| taken.is_none_or(|taken| taken.iter().all(|one| one.place != *place));
    match (1..=most).find(is_free) {
        Some(place) => Found::Free(Some(Place {
            customer,
            place,
            most,
        })),
        None => Found::UsedByCustomer,
    }
}

/// The booking's use counts for this customer already.
pub(super) fn counts_for(
    world: &World,
    booking: &Own,
    code: &PromoCode,
    customer: Option<Customer>,
) -> bool {
    let Some(customer) = customer else {
        return false;
    };
    let taken = world.places.get(&(code.to_string(), customer));
    taken.is_some_and(|taken| taken.iter().any(|one| one.booking == *booking))
}

/// Notes that a use is claimed.
pub(super) fn claim(
    world: &mut World,
    writes: &mut Writes<'_>,
    (booking, code): (Own, &PromoCode),
    place: Option<Place>,
    when: When,
) {
    let write = count(world, writes, code, 1);
    write.claimed = true;
    if let When::Now(now) = when {
        write.open_at = write.open_at.max(Some(now));
    }
    take(world, writes, (booking, code), place);
}

/// Notes that a use counts for another customer than before.
pub(super) fn pass_on(
    world: &mut World,
    writes: &mut Writes<'_>,
    (booking, code): (Own, &PromoCode),
    place: Option<Place>,
) {
    writes.left_places.push(booking);
    take(world, writes, (booking, code), place);
}

fn take(
    world: &mut World,
    writes: &mut Writes<'_>,
    (booking, code): (Own, &PromoCode),
    place: Option<Place>,
) {
    let Some(Place {
        customer,
        place,
        most,
    }) = place
    else {
        return;
    };
    let key = (code.to_string(), customer);
    let taken = world.places.entry(key).or_default();
    taken.push(PlaceTaken { place, booking });
    writes.places.push(PlaceWrite {
        code: code.clone(),
        customer,
        place,
        most,
        booking,
    });
}

/// Notes that a use is given back.
pub(super) fn give_back(
    world: &mut World,
    writes: &mut Writes<'_>,
    (booking, code): (Own, &PromoCode),
) {
    count(world, writes, code, -1);
    writes.left_places.push(booking);
}

fn count<'w>(
    world: &mut World,
    writes: &'w mut Writes<'_>,
    code: &PromoCode,
    uses: i64,
) -> &'w mut PromoWrite {
    if let Some(promo) = world.promos.get_mut(code.as_str()) {
        promo.left = promo.left.map(|left| left - uses);
    }
    let there = writes.promos.iter().position(|write| write.code == *code);
    let at = there.unwrap_or_else(|| {
        writes.promos.push(PromoWrite {
            code: code.clone(),
            uses: 0,
            claimed: false,
            open_at: None,
        });
        writes.promos.len() - 1
    });
    let write = &mut writes.promos[at];
    write.uses += uses;
    write
}
