//! Holding seats: the limits, the seats, the booking, the record of the answer.

use super::{idempotency, insert, promo, seats};
use crate::{
    columns::{micros, time},
    failure::OrStoreError,
    query,
    seat_log::NotOnSale,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_planted::planted;
use matinee_store::{
    StoreError,
    bookings::{BookedSeat, ExpiryLimit, HoldLimits, HoldOutcome, HoldSeats},
    feed::SeatState,
    promos::Customer,
};
use rusqlite::params;

pub(super) fn hold(tx: &mut Tx<'_>, hold: &HoldSeats) -> Result<HoldOutcome, StoreError> {
    let booking = &hold.booking;
    if let Some(found) = idempotency::earlier(tx, hold.idempotency.as_ref())? {
        return Ok(HoldOutcome::Repeated(found));
    }
    let on_sale = match tx.on_sale(booking.show_id)? {
        Ok(on_sale) => on_sale,
        Err(why) => return Ok(refusal(why)),
    };
    if !booking.is_of_seating(on_sale.seating) {
        return Ok(HoldOutcome::ShowMoved);
    }
    let show_version = on_sale.version;
    if hold
        .only_if_version
        .is_some_and(|wanted| wanted != show_version)
    {
        return Ok(HoldOutcome::ShowChanged { show_version });
    }
    let wanted = Wanted {
        show: booking.show_id,
        caller: booking.caller,
        more: booking.seats.len() as u16,
        instead_of: 0,
    };
    if let Some(refusal) = refused(tx, &hold.limits, &wanted, hold.now)? {
        return Ok(refusal);
    }
    let when = promo::When::Now(hold.now);
    let place = match &booking.promo {
        Some(code) => {
            let key = (booking.show_id.theater(), code);
            match promo::find(tx, key, Customer::of(&booking.owner), when)? {
                promo::Found::Free(place) => place,
                promo::Found::Gone => return Ok(HoldOutcome::PromoGone),
                promo::Found::UsedByCustomer => return Ok(HoldOutcome::PromoUsedByCustomer),
            }
        }
        None => None,
    };
    let seats = numbers(&booking.seats);
    if let Err(taken) = seats::claim(
        tx,
        booking.show_id,
        booking.booking_id,
        &seats,
        SeatState::Held,
    )? {
        return Ok(HoldOutcome::SeatsTaken(taken));
    }
    insert::booking(tx, booking)?;
    if let Some(code) = &booking.promo {
        promo::claim(tx, booking.booking_id, code, place, when)?;
    }
    if let Some(record) = &hold.idempotency
        && !planted!("key_not_kept")
    {
        idempotency::insert(tx, record)?;
    }
    version_after(tx, booking.show_id)
}

/// What a hold of a show is told that is not on sale.
pub(super) const fn refusal(why: NotOnSale) -> HoldOutcome {
    match why {
        NotOnSale::NoShow => HoldOutcome::NoShow,
        NotOnSale::Cancelled => HoldOutcome::ShowCancelled,
    }
}

/// The numbers of seats that still count.
pub(super) fn numbers(seats: &[BookedSeat]) -> Vec<SeatNo> {
    seats
        .iter()
        .filter(|seat| !seat.cancelled)
        .map(|seat| seat.seat)
        .collect()
}

/// The show's version as this commit leaves it.
pub(super) fn version_after(tx: &mut Tx<'_>, show: ShowId) -> Result<HoldOutcome, StoreError> {
    match tx.show_version(show)? {
        Some(show_version) => Ok(HoldOutcome::Held { show_version }),
        None => Ok(HoldOutcome::NoShow),
    }
}

/// What a caller asks for, as far as limits go.
pub(super) struct Wanted {
    pub(super) show: ShowId,
    pub(super) caller: [u8; 16],
    /// Seats asked for.
    pub(super) more: u16,
    /// Seats of the caller that these replace.
    pub(super) instead_of: u16,
}

/// The limit that forbids this, if one does.
pub(super) fn refused(
    tx: &Tx<'_>,
    limits: &HoldLimits,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Option<HoldOutcome>, StoreError> {
    if let Some(most) = limits.unpaid_seats
        && wanted.more > wanted.instead_of
    {
        let held = unpaid(tx, wanted)?.saturating_sub(wanted.instead_of);
        if u32::from(held) + u32::from(wanted.more) > u32::from(most) {
            return Ok(Some(HoldOutcome::TooManyUnpaid { held }));
        }
    }
    if let Some(limit) = limits.expiries
        && let Some(last) = last_of_many_expiries(tx, wanted, &limit, now)?
    {
        return Ok(Some(HoldOutcome::CoolDown {
            until: last + limit.pause,
        }));
    }
    Ok(None)
}

fn unpaid(tx: &Tx<'_>, wanted: &Wanted) -> Result<u16, StoreError> {
    if planted!("quota_not_counted") {
        return Ok(0);
    }
    let theater = wanted.show.theater();
    let key = params![theater.as_bytes(), wanted.show.own(), wanted.caller];
    let found: Option<i64> = query::first(tx.conn(), UNPAID, key, |row| row.get(0).db())?;
    Ok(found.unwrap_or(0).clamp(0, i64::from(u16::MAX)) as u16)
}

/// The index is named because the planner, without statistics, takes the theater's whole range of the primary key.
pub(super) const UNPAID: &str = "SELECT coalesce(sum(seat_count), 0) FROM bookings INDEXED BY bookings_unpaid \
     WHERE theater = ?1 AND show = ?2 AND caller = ?3 AND status IN ('held', 'awaiting_payment')";

/// When the caller's last unpaid expiry was, if it ended a run of too many that the caller still pauses for.
fn last_of_many_expiries(
    tx: &Tx<'_>,
    wanted: &Wanted,
    limit: &ExpiryLimit,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let theater = wanted.show.theater();
    let key = params![
        theater.as_bytes(),
        wanted.show.own(),
        wanted.caller,
        micros(now - limit.pause - limit.within),
        limit.most
    ];
    let (many, first, last) = query::first(tx.conn(), EXPIRIES, key, |row| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get(1).db()?, row.get(2).db()?);
        Ok((row.get::<_, u8>(0).db()?, first, last))
    })?
    .unwrap_or_default();
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(None);
    };
    let (first, last) = (time(first)?, time(last)?);
    let pauses = !planted!("cool_down_skipped")
        && many >= limit.most
        && last - first <= limit.within
        && now < last + limit.pause;
    Ok(pauses.then_some(last))
}

/// Of the caller's last so many expiries: how many, the first and the last.
pub(super) const EXPIRIES: &str = "SELECT count(*), min(at), max(at) FROM (SELECT at FROM unpaid_expiries \
     WHERE theater = ?1 AND show = ?2 AND caller = ?3 AND at >= ?4 ORDER BY at DESC LIMIT ?5)";
