//! Deciding a batch: one unit after the other, in the order they came, on what was read and on what the units before
//! them decided. Pure: what shall be written is only noted.
//!
//! A unit checks everything before it notes anything, so a refusal leaves no trace.

mod block;
mod change;
mod expire;
mod gift;
mod hold;
mod promo;
mod step;

pub(super) use gift::GiftWrite;
pub(super) use promo::{PlaceWrite, PromoWrite};

use super::{
    unit::{Outcome, Unit},
    world::{Own, ShowOwn, World},
};
use chrono::{DateTime, Utc};
use matinee_domain::{booking::BookingState, ids::BookingId, ids::ShowId, seat_map::SeatNo};
use matinee_store::{
    StoreError,
    bookings::{BookedSeat, BookingRow, PaymentRow, RefundRow, TicketRow},
    feed::SeatState,
    gifts::GiftEntry,
    idempotency::IdempotencyRecord,
    outbox::NewMessage,
    staff::AuditEntry,
};

/// A seat and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeatOf {
    pub(super) show: ShowOwn,
    pub(super) seat: SeatNo,
    pub(super) booking: Own,
}

/// A booking's row after a step.
pub(super) struct StepWrite<'u> {
    pub(super) booking: Own,
    /// The version it has now.
    pub(super) version: u64,
    pub(super) to: BookingState,
    pub(super) test: bool,
    /// The seats with their marks, when any changed.
    pub(super) seats: Option<String>,
    pub(super) guest_email: Option<&'u str>,
}

/// An unpaid expiry to count.
pub(super) struct ExpiryWrite {
    pub(super) show: ShowOwn,
    pub(super) caller: [u8; 16],
    pub(super) at: DateTime<Utc>,
    pub(super) booking: Own,
}

/// A limit that must still hold once everything is written.
pub(super) struct LimitWrite {
    pub(super) show: ShowOwn,
    pub(super) caller: [u8; 16],
    pub(super) most: u16,
}

/// Everything a batch writes.
#[derive(Default)]
pub(super) struct Writes<'u> {
    pub(super) freed: Vec<SeatOf>,
    pub(super) sold: Vec<SeatOf>,
    pub(super) claimed: Vec<(SeatOf, SeatState)>,
    pub(super) blocked: Vec<(ShowOwn, SeatNo)>,
    pub(super) unblocked: Vec<(ShowOwn, SeatNo)>,
    pub(super) audits: Vec<&'u AuditEntry>,
    pub(super) bookings: Vec<&'u BookingRow>,
    pub(super) steps: Vec<StepWrite<'u>>,
    /// A hold's new content, and the version it has now.
    pub(super) changed: Vec<(&'u BookingRow, u64)>,
    pub(super) promos: Vec<PromoWrite>,
    /// Bookings whose use of a code counts for its customer no more.
    pub(super) left_places: Vec<Own>,
    pub(super) places: Vec<PlaceWrite>,
    pub(super) gifts: Vec<GiftWrite>,
    pub(super) gift_entries: Vec<&'u GiftEntry>,
    pub(super) payments: Vec<&'u PaymentRow>,
    pub(super) refunds: Vec<(&'u RefundRow, DateTime<Utc>)>,
    pub(super) tickets: Vec<&'u TicketRow>,
    pub(super) voided: Vec<(Own, SeatNo)>,
    pub(super) messages: Vec<&'u NewMessage>,
    pub(super) expiries: Vec<ExpiryWrite>,
    pub(super) records: Vec<&'u IdempotencyRecord>,
    pub(super) limits: Vec<LimitWrite>,
}

impl Writes<'_> {
    /// Nothing but refusals and answers of before. Every effect is a booking's, or is audited, or is kept for its key.
    pub(super) fn is_empty(&self) -> bool {
        self.bookings.is_empty()
            && self.steps.is_empty()
            && self.changed.is_empty()
            && self.audits.is_empty()
            && self.records.is_empty()
    }
}

/// Decides every unit; the outcomes are in their order, and count once the writes are durable.
pub(super) fn decide<'u>(world: &mut World, units: &'u [Unit]) -> (Writes<'u>, Vec<Outcome>) {
    let mut writes = Writes::default();
    let mut outcomes = Vec::with_capacity(units.len());
    for (at, unit) in units.iter().enumerate() {
        let decided = match unit {
            Unit::Hold(hold, _) => Ok(hold::hold(world, &mut writes, at, hold)),
            Unit::Change(change, _) => Ok(change::change(world, &mut writes, at, change)),
            Unit::Step(step, _) => step::step(world, &mut writes, step).map(Outcome::Step),
            Unit::Block(block, _) => Ok(Outcome::Block(block::block(world, &mut writes, block))),
            Unit::Expire(expire, _) => {
                Ok(Outcome::Freed(expire::expire(world, &mut writes, expire)))
            }
        };
        outcomes.push(decided.unwrap_or_else(Outcome::Failed));
    }
    (writes, outcomes)
}

/// The numbers of seats that still count.
fn numbers(seats: &[BookedSeat]) -> Vec<SeatNo> {
    seats
        .iter()
        .filter(|seat| !seat.cancelled)
        .map(|seat| seat.seat)
        .collect()
}

/// Notes that free seats become the booking's.
fn claim(
    world: &mut World,
    writes: &mut Writes<'_>,
    (show, booking): (ShowId, BookingId),
    seats: &[SeatNo],
    state: SeatState,
) {
    if let Some(now) = world.shows.get_mut(show.own()) {
        now.sold_from |= !seats.is_empty();
    }
    for seat in seats {
        let now = super::world::SeatNow {
            state,
            booking: Some(*booking.own()),
        };
        world.seats.insert((*show.own(), *seat), now);
        writes.claimed.push((seat_of(show, booking, *seat), state));
        world.change(show, *seat, state, 1);
    }
}

/// Notes that those of these seats that are the booking's become free. A row that is not there is damage for `verify`
/// to report; freeing the others must not stop for it.
fn free(
    world: &mut World,
    writes: &mut Writes<'_>,
    (show, booking): (ShowId, BookingId),
    seats: &[SeatNo],
) {
    for seat in world.owned(show, booking, seats, None) {
        writes.freed.push(seat_of(show, booking, seat));
        world.change(show, seat, SeatState::Available, -1);
    }
}

fn seat_of(show: ShowId, booking: BookingId, seat: SeatNo) -> SeatOf {
    SeatOf {
        show: *show.own(),
        seat,
        booking: *booking.own(),
    }
}

/// Notes the answer to keep; from here on it answers repetitions in the same batch.
fn record<'u>(world: &mut World, writes: &mut Writes<'u>, record: Option<&'u IdempotencyRecord>) {
    if let Some(record) = record {
        let kept = (record.key.body, record.answer.clone());
        world.records.insert(record.key.scope, kept);
        writes.records.push(record);
    }
}

/// A fault of the caller.
fn fault<T>(what: String) -> Result<T, StoreError> {
    Err(StoreError::Engine(what))
}
