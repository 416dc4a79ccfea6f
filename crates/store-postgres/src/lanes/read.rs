//! Everything a batch must know before it is decided, in one round trip.

use super::{
    guard::GaveUp,
    statements as sql,
    unit::Unit,
    world::{Expiries, GiftNow, PlaceTaken, PromoNow, SeatNow, ShowNow, World},
};
use crate::{
    bookings::rows,
    columns::{Columns as _, damaged, micros, optional_time},
    connect::Connection,
    pipeline::{self, Call},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::{BookingId, ShowId},
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    bookings::{BookingRow, HoldLimits, SeatsEffect},
    feed::SeatState,
    idempotency::Recorded,
    promos::Customer,
};
use tokio_postgres::Row;

/// The unit, its show and caller, since when, and how many expiries at most.
type AskedExpiry<'u> = (i32, &'u [u8], &'u [u8], i64, i32);

/// What is asked about a batch, as columns.
#[derive(Default)]
struct Asked<'u> {
    shows: Vec<&'u [u8]>,
    seats: Vec<(&'u [u8], i32)>,
    bookings: Vec<&'u [u8]>,
    with_payment: Vec<&'u [u8]>,
    with_tickets: Vec<&'u [u8]>,
    unpaid: Vec<(&'u [u8], &'u [u8])>,
    expiries: Vec<AskedExpiry<'u>>,
    records: Vec<&'u [u8]>,
    promos: Vec<&'u str>,
    /// Bookings whose code may be claimed: their seats are claimed again, or their guest says who it is.
    coded: Vec<&'u [u8]>,
    /// Customers who may take codes up.
    places: Vec<(&'u str, Customer)>,
    /// The same by bookings whose code is not known yet.
    places_of: Vec<(&'u [u8], Customer)>,
    gifts: Vec<&'u [u8]>,
}

impl<'u> Asked<'u> {
    fn of(units: &'u [Unit]) -> Self {
        let mut asked = Self::default();
        for (at, unit) in units.iter().enumerate() {
            asked.unit(at as i32, unit);
        }
        asked.shows.sort_unstable();
        asked.shows.dedup();
        asked.seats.sort_unstable();
        asked.seats.dedup();
        asked.bookings.sort_unstable();
        asked.bookings.dedup();
        asked.unpaid.sort_unstable();
        asked.unpaid.dedup();
        asked.promos.sort_unstable();
        asked.promos.dedup();
        asked.places.sort_unstable();
        asked.places.dedup();
        asked.places_of.sort_unstable();
        asked.places_of.dedup();
        asked.gifts.sort_unstable();
        asked.gifts.dedup();
        asked
    }

    fn unit(&mut self, at: i32, unit: &'u Unit) {
        match unit {
            Unit::Hold(hold, _) => {
                let booking = &hold.booking;
                self.shows.push(booking.show_id.own());
                self.seats(&booking.show_id, booking.seats.iter().map(|seat| seat.seat));
                let who = (&booking.show_id, &booking.caller);
                self.limits(at, who, &hold.limits, hold.now);
                self.promo(booking);
                self.records
                    .extend(hold.idempotency.iter().map(|record| &record.key.scope[..]));
            }
            Unit::Change(change, _) => {
                let booking = &change.booking;
                self.shows.push(booking.show_id.own());
                self.bookings.push(booking.booking_id.own());
                self.seats(&booking.show_id, booking.seats.iter().map(|seat| seat.seat));
                // A booking's caller never changes; should this not be it, the limit of the other is looked at.
                let who = (&booking.show_id, &booking.caller);
                self.limits(at, who, &change.limits, change.now);
                self.promo(booking);
            }
            Unit::Step(step, _) => {
                self.shows.push(step.show_id.own());
                self.bookings.push(step.booking_id.own());
                if step.payments.iter().any(|payment| payment.status.is_live()) {
                    self.with_payment.push(step.booking_id.own());
                }
                let claims = step.gifts.iter().filter(|entry| entry.amount_minor < 0);
                self.gifts
                    .extend(claims.map(|entry| &entry.card_id.own()[..]));
                if step.seats == SeatsEffect::Reclaim || step.guest_email.is_some() {
                    self.coded.push(step.booking_id.own());
                    let customer = step.customer.iter();
                    self.places_of
                        .extend(customer.map(|who| (&step.booking_id.own()[..], *who)));
                }
                if !step.cancel_seats.is_empty() {
                    self.with_tickets.push(step.booking_id.own());
                }
                self.records
                    .extend(step.idempotency.iter().map(|record| &record.key.scope[..]));
            }
            Unit::Block(block, _) => {
                self.shows.push(block.show_id.own());
                self.seats(&block.show_id, block.seats.iter().copied());
                self.records
                    .extend(block.idempotency.iter().map(|record| &record.key.scope[..]));
            }
            Unit::Expire(expire, _) => {
                self.shows.push(expire.show.own());
                self.bookings
                    .extend(expire.due.iter().map(|booking| &booking.own()[..]));
            }
        }
    }

    fn promo(&mut self, booking: &'u BookingRow) {
        let Some(code) = &booking.promo else { return };
        self.promos.push(code.as_str());
        let customer = Customer::of(&booking.owner);
        self.places
            .extend(customer.map(|customer| (code.as_str(), customer)));
    }

    fn seats(&mut self, show: &'u ShowId, seats: impl Iterator<Item = SeatNo>) {
        self.seats
            .extend(seats.map(|seat| (&show.own()[..], i32::from(seat.0))));
    }

    fn limits(
        &mut self,
        at: i32,
        (show, caller): (&'u ShowId, &'u [u8; 16]),
        limits: &HoldLimits,
        now: DateTime<Utc>,
    ) {
        if limits.unpaid_seats.is_some() {
            self.unpaid.push((show.own(), caller));
        }
        if let Some(limit) = limits.expiries {
            let since = micros(now - limit.pause - limit.within);
            let most = i32::from(limit.most);
            self.expiries.push((at, show.own(), caller, since, most));
        }
    }
}

/// What a row of the answer is about.
#[derive(Clone, Copy)]
enum About {
    Nothing,
    Show,
    Seat,
    Booking,
    LivePayment,
    Ticket,
    Unpaid,
    Expiry,
    Record,
    Promo,
    Place,
    Gift,
}

/// Reads all of it; with `lock` inside a transaction that is begun here and holds the rows.
pub(super) async fn read(conn: &Connection, units: &[Unit], lock: bool) -> Result<World, GaveUp> {
    let Some(theater) = units.first().map(Unit::theater) else {
        return Err(StoreError::Engine("a batch of nothing".into()).into());
    };
    let asked = Asked::of(units);
    let at = &theater.as_bytes()[..];
    let mut list: Vec<(About, Call<'_>)> = Vec::with_capacity(12);
    if lock {
        list.push((About::Nothing, Call::new("BEGIN")));
        list.push((
            About::Nothing,
            Call::new(sql::LOCK_SHOWS).with(at).with(&asked.shows),
        ));
        if !asked.bookings.is_empty() {
            list.push((
                About::Nothing,
                Call::new(sql::LOCK_BOOKINGS).with(at).with(&asked.bookings),
            ));
        }
    }
    if lock && !asked.promos.is_empty() {
        list.push((
            About::Nothing,
            Call::new(sql::LOCK_PROMOS).with(at).with(&asked.promos),
        ));
    }
    if lock && !asked.gifts.is_empty() {
        list.push((
            About::Nothing,
            Call::new(sql::LOCK_GIFTS).with(at).with(&asked.gifts),
        ));
    }
    list.push((
        About::Show,
        Call::new(sql::SHOWS).with(at).with(&asked.shows),
    ));
    if !asked.seats.is_empty() {
        let (shows, seats): (Vec<_>, Vec<_>) = asked.seats.iter().copied().unzip();
        list.push((
            About::Seat,
            Call::new(sql::WANTED_SEATS)
                .with(at)
                .with(shows)
                .with(seats),
        ));
    }
    if !asked.bookings.is_empty() {
        list.push((
            About::Booking,
            Call::new(sql::BOOKINGS).with(at).with(&asked.bookings),
        ));
        list.push((
            About::Seat,
            Call::new(sql::SEATS_OF_BOOKINGS)
                .with(at)
                .with(&asked.bookings),
        ));
    }
    if !asked.with_payment.is_empty() {
        list.push((
            About::LivePayment,
            Call::new(sql::LIVE_PAYMENTS)
                .with(at)
                .with(&asked.with_payment),
        ));
    }
    if !asked.with_tickets.is_empty() {
        list.push((
            About::Ticket,
            Call::new(sql::TICKETS).with(at).with(&asked.with_tickets),
        ));
    }
    if !asked.unpaid.is_empty() {
        let (shows, callers): (Vec<_>, Vec<_>) = asked.unpaid.iter().copied().unzip();
        list.push((
            About::Unpaid,
            Call::new(sql::UNPAID).with(at).with(shows).with(callers),
        ));
    }
    if !asked.expiries.is_empty() {
        let column = &asked.expiries;
        let call = Call::new(sql::EXPIRIES)
            .with(at)
            .with(column.iter().map(|row| row.0).collect::<Vec<_>>())
            .with(column.iter().map(|row| row.1).collect::<Vec<_>>())
            .with(column.iter().map(|row| row.2).collect::<Vec<_>>())
            .with(column.iter().map(|row| row.3).collect::<Vec<_>>())
            .with(column.iter().map(|row| row.4).collect::<Vec<_>>());
        list.push((About::Expiry, call));
    }
    if !asked.promos.is_empty() {
        list.push((
            About::Promo,
            Call::new(sql::PROMOS).with(at).with(&asked.promos),
        ));
    }
    if !asked.coded.is_empty() {
        list.push((
            About::Promo,
            Call::new(sql::PROMOS_OF_BOOKINGS)
                .with(at)
                .with(&asked.coded),
        ));
    }
    if !asked.places.is_empty() {
        let (codes, customers): (Vec<_>, Vec<_>) = (asked
            .places
            .iter()
            .map(|(code, who)| (*code, who.as_bytes().to_vec())))
        .unzip();
        let call = Call::new(sql::PROMO_USES).with(at);
        list.push((About::Place, call.with(codes).with(customers)));
    }
    if !asked.places_of.is_empty() {
        let (bookings, customers): (Vec<_>, Vec<_>) = (asked
            .places_of
            .iter()
            .map(|(own, who)| (*own, who.as_bytes().to_vec())))
        .unzip();
        let call = Call::new(sql::PROMO_USES_OF_BOOKINGS).with(at);
        list.push((About::Place, call.with(bookings).with(customers)));
    }
    if !asked.gifts.is_empty() {
        list.push((
            About::Gift,
            Call::new(sql::GIFTS).with(at).with(&asked.gifts),
        ));
    }
    if !asked.records.is_empty() {
        list.push((About::Record, Call::new(sql::RECORDS).with(&asked.records)));
    }
    let (about, calls): (Vec<_>, Vec<_>) = list.into_iter().unzip();
    let mut world = World::new(theater);
    for (about, rows) in about.into_iter().zip(pipeline::run(conn, &calls).await?) {
        for row in rows? {
            take(&mut world, about, &row)?;
        }
    }
    Ok(world)
}

fn take(world: &mut World, about: About, row: &Row) -> Result<(), StoreError> {
    match about {
        About::Nothing => {}
        About::Show => {
            world.shows.insert(
                row.bytes(0)?,
                ShowNow::new(row.count(1)?, row.value(2)?, row.value(3)?, row.small(4)?),
            );
        }
        About::Seat => {
            let state = SeatState::from_code(i64::from(row.value::<i32>(2)?))
                .ok_or_else(|| damaged("a seat's state"))?;
            let booking = row.optional_bytes(3)?;
            let seat = SeatNo(row.small(1)?);
            world
                .seats
                .insert((row.bytes(0)?, seat), SeatNow { state, booking });
        }
        About::Booking => {
            let booking = rows::booking(row)?;
            let id: BookingId = booking.booking_id;
            world.bookings.insert(*id.own(), booking);
        }
        About::LivePayment => {
            world.live.insert(row.bytes(0)?, row.bytes(1)?);
        }
        About::Ticket => {
            let state = rows::parse_ticket_state(row.text(2)?)?;
            world
                .tickets
                .insert((row.bytes(0)?, SeatNo(row.small(1)?)), state);
        }
        About::Unpaid => {
            let unpaid = u32::try_from(row.value::<i64>(2)?).map_err(damaged)?;
            world.unpaid.insert((row.bytes(0)?, row.bytes(1)?), unpaid);
        }
        About::Expiry => {
            let expiries = Expiries {
                many: row.count(1)?,
                first: row.time(2)?,
                last: row.time(3)?,
            };
            world.expiries.insert(row.small(0)?, expiries);
        }
        About::Promo => {
            let promo = PromoNow {
                left: row.value(1)?,
                starts_at: row.time(2)?,
                ends_at: optional_time(row.value(3)?)?,
                uses_per_customer: (row.value::<Option<i32>>(4)?)
                    .map(u8::try_from)
                    .transpose()
                    .map_err(damaged)?,
            };
            world.promos.insert(row.text(0)?.to_owned(), promo);
        }
        About::Place => {
            let key = (row.text(0)?.to_owned(), Customer::from_bytes(row.bytes(1)?));
            let taken = PlaceTaken {
                place: row.small(2)?,
                booking: row.bytes(3)?,
            };
            world.places.entry(key).or_default().push(taken);
        }
        About::Gift => {
            let gift = GiftNow {
                balance_minor: row.value(1)?,
                active: row.value(2)?,
                ends_at: optional_time(row.value(3)?)?,
            };
            world.gifts.insert(row.bytes(0)?, gift);
        }
        About::Record => {
            let answer = Recorded {
                status: row.small(2)?,
                body: Bytes::copy_from_slice(row.value(3)?),
            };
            world.records.insert(row.bytes(0)?, (row.bytes(1)?, answer));
        }
    }
    Ok(())
}
