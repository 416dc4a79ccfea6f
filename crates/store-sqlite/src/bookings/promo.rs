//! The uses of promotion codes: claimed and given back along with a booking's seats.
//!
//! There is one writer, so what is looked at before the first write still holds at the last; the statement that claims
//! has the condition all the same.

use crate::{
    columns::{damaged, micros},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::{BookingId, TheaterId},
    promo::PromoCode,
};
use matinee_store::{StoreError, promos::Customer};
use rusqlite::params;

/// When a code is taken up.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// Now: it must have begun and not be over.
    Now(DateTime<Utc>),
    /// It was taken up in time.
    Before,
}

impl When {
    fn column(self) -> Option<i64> {
        match self {
            Self::Now(now) => Some(micros(now)),
            Self::Before => None,
        }
    }
}

/// What a booking finds that wants to use a code.
pub(super) enum Found {
    /// It may; with the place to take where each customer has only some.
    Free(Option<Place>),
    /// It is used up, over, not begun or not there.
    Gone,
    /// Its customer uses it as often as one may.
    UsedByCustomer,
}

/// A place for a customer's use of a code that is to be had only so often by each.
#[derive(Clone, Copy)]
pub(super) struct Place {
    customer: Customer,
    place: u8,
    most: u8,
}

/// Whether one more booking may use it, of this customer.
pub(super) fn find(
    tx: &Tx<'_>,
    (theater, code): (TheaterId, &PromoCode),
    customer: Option<Customer>,
    when: When,
) -> Result<Found, StoreError> {
    let key = params![theater.as_bytes(), code.as_str(), when.column()];
    let found: Option<Option<u8>> = query::first(tx.conn(), TO_BE_HAD, key, |row| row.get(0).db())?;
    match (found, customer) {
        (None, _) => Ok(Found::Gone),
        (Some(Some(most)), Some(customer)) => place(tx, (theater, code), customer, most),
        (Some(_), _) => Ok(Found::Free(None)),
    }
}

pub(super) const TO_BE_HAD: &str = "SELECT uses_per_customer FROM promo_codes WHERE theater = ?1 AND code = ?2 \
     AND (max_uses IS NULL OR used < max_uses) \
     AND (?3 IS NULL OR starts_at <= ?3 AND (ends_at IS NULL OR ends_at > ?3))";

/// Whether a booking that uses the code may be this customer's, which it was not before.
pub(super) fn find_for_customer(
    tx: &Tx<'_>,
    (theater, code): (TheaterId, &PromoCode),
    customer: Option<Customer>,
) -> Result<Found, StoreError> {
    const SQL: &str = "SELECT uses_per_customer FROM promo_codes WHERE theater = ?1 AND code = ?2";
    let key = params![theater.as_bytes(), code.as_str()];
    let most: Option<Option<u8>> = query::first(tx.conn(), SQL, key, |row| row.get(0).db())?;
    match (most.flatten(), customer) {
        (Some(most), Some(customer)) => place(tx, (theater, code), customer, most),
        _ => Ok(Found::Free(None)),
    }
}

/// The customer's first place that is free.
fn place(
    tx: &Tx<'_>,
    (theater, code): (TheaterId, &PromoCode),
    customer: Customer,
    most: u8,
) -> Result<Found, StoreError> {
    let key = params![theater.as_bytes(), code.as_str(), customer.as_bytes()];
    let taken: Vec<u8> = query::all(tx.conn(), PLACES, key, |row| row.get(0).db())?;
    let free = (1..=most).find(|place| !taken.contains(place));
    Ok(match free {
        Some(place) => Found::Free(Some(Place {
            customer,
            place,
            most,
        })),
        None => Found::UsedByCustomer,
    })
}

pub(super) const PLACES: &str =
    "SELECT place FROM promo_uses WHERE theater = ?1 AND code = ?2 AND customer = ?3";

/// Who a booking's use counts for now.
pub(super) fn customer_of(tx: &Tx<'_>, booking: BookingId) -> Result<Option<Customer>, StoreError> {
    let theater = booking.theater();
    let key = params![theater.as_bytes(), booking.own()];
    query::first(tx.conn(), CUSTOMER, key, |row| {
        Ok(Customer::from_bytes(row.get(0).db()?))
    })
}

pub(super) const CUSTOMER: &str =
    "SELECT customer FROM promo_uses WHERE theater = ?1 AND booking = ?2";

/// Counts a use that was [`find`]ed.
pub(super) fn claim(
    tx: &Tx<'_>,
    booking: BookingId,
    code: &PromoCode,
    place: Option<Place>,
    when: When,
) -> Result<(), StoreError> {
    let theater = booking.theater();
    let claimed = tx
        .prepare(
            "UPDATE promo_codes SET used = used + 1 WHERE theater = ?1 AND code = ?2 \
             AND (max_uses IS NULL OR used < max_uses) \
             AND (?3 IS NULL OR starts_at <= ?3 AND (ends_at IS NULL OR ends_at > ?3))",
        )?
        .execute(params![theater.as_bytes(), code.as_str(), when.column()])
        .db()?;
    if claimed != 1 {
        return Err(damaged("a promotion code vanished"));
    }
    take(tx, booking, code, place)
}

/// A use counts for another customer than before.
pub(super) fn pass_on(
    tx: &Tx<'_>,
    booking: BookingId,
    code: &PromoCode,
    place: Option<Place>,
) -> Result<(), StoreError> {
    leave(tx, booking)?;
    take(tx, booking, code, place)
}

fn take(
    tx: &Tx<'_>,
    booking: BookingId,
    code: &PromoCode,
    place: Option<Place>,
) -> Result<(), StoreError> {
    let Some(place) = place else { return Ok(()) };
    tx.prepare(
        "INSERT INTO promo_uses (theater, code, customer, place, most, booking) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        booking.theater().as_bytes(),
        code.as_str(),
        place.customer.as_bytes(),
        place.place,
        place.most,
        booking.own(),
    ])
    .db()?;
    Ok(())
}

fn leave(tx: &Tx<'_>, booking: BookingId) -> Result<(), StoreError> {
    tx.prepare("DELETE FROM promo_uses WHERE theater = ?1 AND booking = ?2")?
        .execute(params![booking.theater().as_bytes(), booking.own()])
        .db()?;
    Ok(())
}

/// Gives a use back. A count that is off is damage for `verify` to report; freeing seats must not stop for it.
pub(super) fn give_back(
    tx: &Tx<'_>,
    booking: BookingId,
    code: &PromoCode,
) -> Result<(), StoreError> {
    tx.prepare(
        "UPDATE promo_codes SET used = used - 1 WHERE theater = ?1 AND code = ?2 AND used > 0",
    )?
    .execute(params![booking.theater().as_bytes(), code.as_str()])
    .db()?;
    leave(tx, booking)
}
