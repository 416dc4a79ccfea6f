//! One conditional step of a booking with everything that belongs to it.

use super::{
    ExpiryWrite, StepWrite, Writes, claim, fault, free, gift, numbers,
    promo::{self, Found, Place},
    record, seat_of,
};
use crate::{columns::to_json, lanes::world::World};
use matinee_domain::{booking::BookingStatus, promo::PromoCode, seat_map::SeatNo};
use matinee_planted::planted;
use matinee_store::{
    StoreError,
    bookings::{
        BookedSeat, BookingRow, Owner, PaymentRow, SeatsEffect, Step, StepOutcome, TicketState,
    },
    feed::SeatState,
};

pub(super) fn step<'u>(
    world: &mut World,
    writes: &mut Writes<'u>,
    step: &'u Step,
) -> Result<StepOutcome, StoreError> {
    if let Some(found) = world.earlier(step.idempotency.as_ref()) {
        return Ok(StepOutcome::Repeated(found));
    }
    // One that another unit of the batch changes has another version by then.
    let Some(current) = world.untouched(step.booking_id).cloned() else {
        return Ok(StepOutcome::Stale);
    };
    let moved = current.version != step.expected_version && !planted!("version_not_checked");
    if moved || current.show_id != step.show_id {
        return Ok(StepOutcome::Stale);
    }
    if step.needs_its_show() && is_cancelled(world, step) {
        return Ok(StepOutcome::ShowCancelled);
    }
    refuse_disagreement(&current, step)?;
    if !may_cancel(world, &current, step) {
        return Ok(StepOutcome::Stale);
    }
    if another_is_live(world, step) {
        return Ok(StepOutcome::PaymentInProgress);
    }
    let marked = marked(&current, step)?;
    let Some(code) = use_of_code(world, &current, step) else {
        return Ok(StepOutcome::PromoGone);
    };
    if !gift::are_to_be_had(world, step) {
        return Ok(StepOutcome::GiftGone);
    }
    if let Err(gone) = take_seats(world, writes, &current, step) {
        return Ok(StepOutcome::SeatsGone(gone));
    }
    let own = *step.booking_id.own();
    match code {
        UseOfCode::Keep => {}
        UseOfCode::Claim(code, place) => {
            promo::claim(world, writes, (own, code), place, promo::When::Before);
        }
        UseOfCode::PassOn(code, place) => promo::pass_on(world, writes, (own, code), place),
        UseOfCode::GiveBack(code) => promo::give_back(world, writes, (own, code)),
    }
    gift::book(world, writes, step);
    cancel(world, writes, step);
    note(world, writes, &current, step, marked);
    Ok(StepOutcome::Done {
        version: step.expected_version + 1,
    })
}

/// What a step does to the use of the booking's promotion code: it counts while the booking owns its seats.
#[derive(Clone, Copy)]
enum UseOfCode<'c> {
    Keep,
    Claim(&'c PromoCode, Option<Place>),
    /// It counts for another customer than before: a guest gave an e-mail address.
    PassOn(&'c PromoCode, Option<Place>),
    GiveBack(&'c PromoCode),
}

/// `None` when it is not to be had.
fn use_of_code<'c>(world: &World, current: &'c BookingRow, step: &Step) -> Option<UseOfCode<'c>> {
    let Some(code) = &current.promo else {
        return Some(UseOfCode::Keep);
    };
    let (from, to) = (current.state.status(), step.to.status());
    let customer = step.customer;
    let named = matches!(current.owner, Owner::Guest { .. }) && step.guest_email.is_some();
    match (from.owns_seats(), to.owns_seats()) {
        (true, false) => Some(UseOfCode::GiveBack(code)),
        (false, true) => {
            let found = promo::find(world, code, customer, promo::When::Before);
            with_place(found, |place| UseOfCode::Claim(code, place))
        }
        (true, true)
            if named && !promo::counts_for(world, step.booking_id.own(), code, customer) =>
        {
            let found = promo::find_for_customer(world, code, customer);
            with_place(found, |place| UseOfCode::PassOn(code, place))
        }
        _ => Some(UseOfCode::Keep),
    }
}

/// What is done with a code that may be used; nothing with one that may not.
fn with_place<'c>(
    found: Found,
    done: impl FnOnce(Option<Place>) -> UseOfCode<'c>,
) -> Option<UseOfCode<'c>> {
    match found {
        Found::Free(place) => Some(done(place)),
        Found::Gone | Found::UsedByCustomer => None,
    }
}

fn is_sold(status: BookingStatus) -> bool {
    matches!(
        status,
        BookingStatus::Confirmed | BookingStatus::PartlyCancelled
    )
}

/// A booking owns seat rows exactly while its status says so. A step that would break this is a fault of the caller,
/// found before anything is written.
fn refuse_disagreement(current: &BookingRow, step: &Step) -> Result<(), StoreError> {
    let (from, to) = (current.state.status(), step.to.status());
    let left = current
        .seats
        .iter()
        .any(|seat| !seat.cancelled && !step.cancel_seats.contains(&seat.seat));
    let fits = match step.seats {
        SeatsEffect::Sell => from.owns_seats() && !is_sold(from) && is_sold(to),
        SeatsEffect::Reclaim => !from.owns_seats() && is_sold(to),
        SeatsEffect::Free => from.owns_seats() && !to.owns_seats(),
        SeatsEffect::Keep if to.owns_seats() => from.owns_seats() && is_sold(from) == is_sold(to),
        SeatsEffect::Keep => !from.owns_seats() || !left,
    };
    if fits {
        return Ok(());
    }
    fault(format!(
        "a booking cannot go from {from:?} to {to:?} with its seats {:?}",
        step.seats
    ))
}

/// Every seat to cancel is there, not cancelled yet, and its ticket was not used, unless the theater cancels.
fn may_cancel(world: &World, current: &BookingRow, step: &Step) -> bool {
    step.cancel_seats.iter().all(|wanted| {
        let there = |seat: &BookedSeat| seat.seat == *wanted && !seat.cancelled;
        let ticket = world.tickets.get(&(*step.booking_id.own(), *wanted));
        let good = |state: &TicketState| match state {
            TicketState::Valid => true,
            TicketState::Redeemed => step.by_theater,
            TicketState::Void => false,
        };
        current.seats.iter().any(there) && ticket.is_none_or(good)
    })
}

/// The step has a live payment, and the booking has another one that the step does not end.
fn another_is_live(world: &World, step: &Step) -> bool {
    let mut live = step
        .payments
        .iter()
        .filter(|payment| payment.status.is_live());
    let Some(ours) = live.next() else {
        return false;
    };
    if live.next().is_some() {
        return true;
    }
    world.live.get(step.booking_id.own()).is_some_and(|there| {
        let ended =
            |payment: &PaymentRow| payment.payment_id.own() == there && !payment.status.is_live();
        there != ours.payment_id.own() && !step.payments.iter().any(ended)
    })
}

/// The booking's seats with the cancelled ones marked, when any are.
fn marked(current: &BookingRow, step: &Step) -> Result<Option<String>, StoreError> {
    if step.cancel_seats.is_empty() {
        return Ok(None);
    }
    let mut seats = current.seats.clone();
    for seat in &mut seats {
        seat.cancelled |= step.cancel_seats.contains(&seat.seat);
    }
    to_json(&seats).map(Some)
}

fn is_cancelled(world: &World, step: &Step) -> bool {
    let show = world.shows.get(step.show_id.own());
    show.is_some_and(|now| now.cancelled)
}

fn is_on_sale(world: &World, current: &BookingRow) -> bool {
    let show = world.shows.get(current.show_id.own());
    show.is_some_and(|now| now.published && current.is_of_seating(now.seating))
}

/// What the step does to the seats; the seats in its way, with nothing noted.
fn take_seats(
    world: &mut World,
    writes: &mut Writes<'_>,
    current: &BookingRow,
    step: &Step,
) -> Result<(), Vec<SeatNo>> {
    let ids = (step.show_id, step.booking_id);
    let kept = numbers(&current.seats);
    match step.seats {
        SeatsEffect::Keep => {}
        SeatsEffect::Sell => {
            let ours = world.owned(ids.0, ids.1, &kept, Some(SeatState::Held));
            if ours.len() != kept.len() {
                return Err(kept
                    .into_iter()
                    .filter(|seat| !ours.contains(seat))
                    .collect());
            }
            for seat in kept {
                writes.sold.push(seat_of(ids.0, ids.1, seat));
                world.change(ids.0, seat, SeatState::Sold, 0);
            }
        }
        // A show that was withdrawn meanwhile sells nothing any more, and one that moved has other seats.
        SeatsEffect::Reclaim if !is_on_sale(world, current) => return Err(kept),
        SeatsEffect::Reclaim => {
            let taken = world.taken(ids.0, &kept);
            if !taken.is_empty() || !world.shows.contains_key(ids.0.own()) {
                return Err(taken);
            }
            claim(world, writes, ids, &kept, SeatState::Sold);
        }
        SeatsEffect::Free => free(world, writes, ids, &kept),
    }
    Ok(())
}

/// Voids tickets and frees seats.
fn cancel(world: &mut World, writes: &mut Writes<'_>, step: &Step) {
    for seat in &step.cancel_seats {
        let ticket = (*step.booking_id.own(), *seat);
        // One that was used stays marked as used.
        if world.tickets.get(&ticket) == Some(&TicketState::Valid) {
            writes.voided.push(ticket);
        }
    }
    // With `Free` the rows are gone already.
    if step.seats != SeatsEffect::Free {
        free(
            world,
            writes,
            (step.show_id, step.booking_id),
            &step.cancel_seats,
        );
    }
}

fn note<'u>(
    world: &mut World,
    writes: &mut Writes<'u>,
    current: &BookingRow,
    step: &'u Step,
    seats: Option<String>,
) {
    let booking = *step.booking_id.own();
    writes.steps.push(StepWrite {
        booking,
        version: current.version,
        to: step.to,
        test: step.test,
        seats,
        guest_email: step.guest_email.as_deref(),
    });
    writes.payments.extend(&step.payments);
    writes
        .refunds
        .extend(step.refunds.iter().map(|refund| (refund, step.now)));
    writes.tickets.extend(&step.tickets);
    writes.messages.extend(&step.messages);
    if step.unpaid_expiry {
        writes.expiries.push(ExpiryWrite {
            show: *step.show_id.own(),
            caller: current.caller,
            at: step.now,
            booking,
        });
    }
    writes.audits.extend(&step.audit);
    world.touched.insert(booking);
    record(world, writes, step.idempotency.as_ref());
}
