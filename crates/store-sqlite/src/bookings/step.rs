//! One conditional step of a booking with everything that belongs to it.

use super::{
    expire::count_expiry,
    gift,
    hold::numbers,
    idempotency, insert,
    promo::{self, Found, Place},
    rows, seats,
};
use crate::{
    columns::{damaged, from_json, to_json},
    failure::OrStoreError,
    outbox, query,
    staff::write_audit,
    writer::Tx,
};
use matinee_domain::{booking::BookingStatus, promo::PromoCode, seat_map::SeatNo};
use matinee_planted::planted;
use matinee_store::{
    StoreError,
    bookings::{BookedSeat, PaymentRow, SeatsEffect, Step, StepOutcome},
    feed::SeatState,
};
use rusqlite::params;

/// What a step must know of the booking as it is.
struct Current {
    version: u64,
    status: BookingStatus,
    show: [u8; 16],
    caller: [u8; 16],
    seats: Vec<BookedSeat>,
    promo: Option<PromoCode>,
    /// It is nobody's account's.
    guest: bool,
    /// The theater cancelled the show. Only looked at where it matters.
    show_cancelled: bool,
}

/// What a step does to the use of the booking's promotion code: it counts while the booking owns its seats.
enum UseOfCode {
    Keep,
    Claim(Option<Place>),
    /// It counts for another customer than before: a guest gave an e-mail address.
    PassOn(Option<Place>),
    GiveBack,
}

pub(super) fn step(tx: &mut Tx<'_>, step: &Step) -> Result<StepOutcome, StoreError> {
    if let Some(found) = idempotency::earlier(tx, step.idempotency.as_ref())? {
        return Ok(StepOutcome::Repeated(found));
    }
    let Some(current) = current(tx, step)? else {
        return Ok(StepOutcome::Stale);
    };
    if current.version != step.expected_version || current.show != *step.show_id.own() {
        return Ok(StepOutcome::Stale);
    }
    if current.show_cancelled {
        return Ok(StepOutcome::ShowCancelled);
    }
    refuse_disagreement(&current, step)?;
    if !may_cancel(tx, &current, step)? {
        return Ok(StepOutcome::Stale);
    }
    if another_is_live(tx, step)? {
        return Ok(StepOutcome::PaymentInProgress);
    }
    let Some(code) = use_of_code(tx, &current, step)? else {
        return Ok(StepOutcome::PromoGone);
    };
    if !gift::are_to_be_had(tx, step)? {
        return Ok(StepOutcome::GiftGone);
    }
    // The first write; it leaves no trace when it is refused.
    if let Err(gone) = take_seats(tx, &current, step)? {
        return Ok(StepOutcome::SeatsGone(gone));
    }
    count_use(tx, &current, step, code)?;
    for entry in &step.gifts {
        gift::book(tx, entry)?;
    }
    write(tx, current, step)?;
    Ok(StepOutcome::Done {
        version: step.expected_version + 1,
    })
}

/// The show is looked at along with the booking, so that paying costs no statement more.
const CURRENT: &str = "SELECT version, status, show, caller, seats, promo, user IS NULL, \
       CASE WHEN ?3 THEN (SELECT s.cancelled FROM show_state AS s WHERE s.theater = ?1 AND s.show = bookings.show) \
         ELSE 0 END \
     FROM bookings WHERE theater = ?1 AND booking = ?2";

fn current(tx: &Tx<'_>, step: &Step) -> Result<Option<Current>, StoreError> {
    let theater = step.booking_id.theater();
    query::first(
        tx.conn(),
        CURRENT,
        params![
            theater.as_bytes(),
            step.booking_id.own(),
            step.needs_its_show()
        ],
        |row| {
            Ok(Current {
                version: row.get::<_, i64>(0).db()? as u64,
                status: BookingStatus::parse(query::text(row, 1)?)
                    .ok_or_else(|| damaged("a booking's status"))?,
                show: row.get(2).db()?,
                caller: row.get(3).db()?,
                seats: from_json(query::text(row, 4)?)?,
                promo: rows::promo(row, 5)?,
                guest: row.get(6).db()?,
                show_cancelled: row.get::<_, Option<bool>>(7).db()?.unwrap_or_default(),
            })
        },
    )
}

/// A booking owns seat rows exactly while its status says so. A step that would break this is a fault of the caller,
/// found before anything is written.
fn refuse_disagreement(current: &Current, step: &Step) -> Result<(), StoreError> {
    let to = step.to.status();
    let left = current
        .seats
        .iter()
        .any(|seat| !seat.cancelled && !step.cancel_seats.contains(&seat.seat));
    let sold = |status| {
        matches!(
            status,
            BookingStatus::Confirmed | BookingStatus::PartlyCancelled
        )
    };
    let fits = match step.seats {
        SeatsEffect::Sell => current.status.owns_seats() && !sold(current.status) && sold(to),
        SeatsEffect::Reclaim => !current.status.owns_seats() && sold(to),
        SeatsEffect::Free => current.status.owns_seats() && !to.owns_seats(),
        SeatsEffect::Keep if to.owns_seats() => {
            current.status.owns_seats() && sold(current.status) == sold(to)
        }
        SeatsEffect::Keep => !current.status.owns_seats() || !left,
    };
    if fits {
        return Ok(());
    }
    Err(StoreError::Engine(format!(
        "a booking cannot go from {:?} to {to:?} with its seats {:?}",
        current.status, step.seats
    )))
}

/// `None` when it is not to be had.
fn use_of_code(
    tx: &Tx<'_>,
    current: &Current,
    step: &Step,
) -> Result<Option<UseOfCode>, StoreError> {
    let Some(code) = &current.promo else {
        return Ok(Some(UseOfCode::Keep));
    };
    let key = (step.show_id.theater(), code);
    let another_customer = current.guest && step.guest_email.is_some();
    match (current.status.owns_seats(), step.to.status().owns_seats()) {
        (true, false) => Ok(Some(UseOfCode::GiveBack)),
        (false, true) => {
            let found = promo::find(tx, key, step.customer, promo::When::Before)?;
            Ok(with_place(found, UseOfCode::Claim))
        }
        (true, true)
            if another_customer && promo::customer_of(tx, step.booking_id)? != step.customer =>
        {
            let found = promo::find_for_customer(tx, key, step.customer)?;
            Ok(with_place(found, UseOfCode::PassOn))
        }
        _ => Ok(Some(UseOfCode::Keep)),
    }
}

/// What is done with a code that may be used; nothing with one that may not.
fn with_place(found: Found, done: impl FnOnce(Option<Place>) -> UseOfCode) -> Option<UseOfCode> {
    match found {
        Found::Free(place) => Some(done(place)),
        Found::Gone | Found::UsedByCustomer => None,
    }
}

fn count_use(
    tx: &Tx<'_>,
    current: &Current,
    step: &Step,
    code: UseOfCode,
) -> Result<(), StoreError> {
    let booking = step.booking_id;
    match (&current.promo, code) {
        (None, _) | (_, UseOfCode::Keep) => Ok(()),
        (Some(promo), UseOfCode::Claim(place)) => {
            promo::claim(tx, booking, promo, place, promo::When::Before)
        }
        (Some(promo), UseOfCode::PassOn(place)) => promo::pass_on(tx, booking, promo, place),
        (Some(promo), UseOfCode::GiveBack) => promo::give_back(tx, booking, promo),
    }
}

/// Every seat to cancel is there, not cancelled yet, and its ticket was not used, unless the theater cancels.
fn may_cancel(tx: &Tx<'_>, current: &Current, step: &Step) -> Result<bool, StoreError> {
    if step.cancel_seats.is_empty() {
        return Ok(true);
    }
    const GOOD: &str = "SELECT state = 'valid' OR ?4 AND state = 'redeemed' FROM tickets \
         WHERE theater = ?1 AND booking = ?2 AND seat = ?3";
    let theater = step.booking_id.theater();
    for wanted in &step.cancel_seats {
        let there = |seat: &BookedSeat| seat.seat == *wanted && !seat.cancelled;
        if !current.seats.iter().any(there) {
            return Ok(false);
        }
        let booking = step.booking_id.own();
        let key = params![theater.as_bytes(), booking, wanted.0, step.by_theater];
        let good = query::first(tx.conn(), GOOD, key, |row| row.get::<_, bool>(0).db())?;
        if good == Some(false) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The condition is the index's, word for word: otherwise the index is not used.
pub(super) const LIVE: &str = "SELECT payment FROM payments INDEXED BY payments_live \
     WHERE theater = ?1 AND booking = ?2 \
     AND (status = 'created' OR status = 'requires_action' OR status = 'authorized')";

/// The step has a live payment, and the booking has another one that the step does not end.
fn another_is_live(tx: &Tx<'_>, step: &Step) -> Result<bool, StoreError> {
    let mut live = step
        .payments
        .iter()
        .filter(|payment| payment.status.is_live());
    let Some(ours) = live.next() else {
        return Ok(false);
    };
    if live.next().is_some() {
        return Ok(true);
    }
    let theater = step.booking_id.theater();
    let key = params![theater.as_bytes(), step.booking_id.own()];
    let there: Option<[u8; 22]> = query::first(tx.conn(), LIVE, key, |row| row.get(0).db())?;
    Ok(there.is_some_and(|there| {
        let ended =
            |payment: &PaymentRow| *payment.payment_id.own() == there && !payment.status.is_live();
        there != *ours.payment_id.own() && !step.payments.iter().any(ended)
    }))
}

fn take_seats(
    tx: &mut Tx<'_>,
    current: &Current,
    step: &Step,
) -> Result<Result<(), Vec<SeatNo>>, StoreError> {
    let (show, booking) = (step.show_id, step.booking_id);
    let kept = numbers(&current.seats);
    match step.seats {
        SeatsEffect::Keep => {}
        SeatsEffect::Sell => return seats::sell(tx, show, booking, &kept),
        // A show that was withdrawn meanwhile sells nothing any more, and one that moved has other seats.
        SeatsEffect::Reclaim => {
            let open = current.seats.iter().filter(|seat| !seat.cancelled);
            let mut seatings = open.map(|seat| seat.seating);
            match tx.on_sale(show)? {
                Ok(on_sale) if seatings.all(|seating| seating == on_sale.seating) => {}
                _ => return Ok(Err(kept)),
            }
            return seats::claim(tx, show, booking, &kept, SeatState::Sold);
        }
        SeatsEffect::Free => {
            let sold = matches!(
                current.status,
                BookingStatus::Confirmed | BookingStatus::PartlyCancelled
            );
            let from = if sold {
                SeatState::Sold
            } else {
                SeatState::Held
            };
            seats::free(tx, show, booking, &kept, from)?;
        }
    }
    Ok(Ok(()))
}

fn write(tx: &mut Tx<'_>, current: Current, step: &Step) -> Result<(), StoreError> {
    let caller = current.caller;
    let seats = cancel(tx, current.seats, step)?;
    write_booking(tx, step, seats)?;
    // A payment that ends makes room for the one that begins.
    for live in [false, true] {
        for payment in step
            .payments
            .iter()
            .filter(|payment| payment.status.is_live() == live)
        {
            insert::payment(tx, payment)?;
        }
    }
    for refund in &step.refunds {
        insert::refund(tx, refund, step.now)?;
    }
    for ticket in &step.tickets {
        insert::ticket(tx, ticket)?;
    }
    let sent = |kind: &str| kind == "confirmation" && planted!("mail_lost");
    for message in step.messages.iter().filter(|message| !sent(&message.kind)) {
        outbox::insert(tx, message)?;
    }
    if step.unpaid_expiry {
        count_expiry(tx, step.show_id, caller, step.booking_id, step.now)?;
    }
    if let Some(entry) = &step.audit {
        write_audit(tx.conn(), entry).db()?;
    }
    if let Some(record) = &step.idempotency {
        idempotency::insert(tx, record)?;
    }
    Ok(())
}

/// Voids tickets and frees seats; the booking's seats with their marks, when any changed.
fn cancel(
    tx: &mut Tx<'_>,
    mut booked: Vec<BookedSeat>,
    step: &Step,
) -> Result<Option<String>, StoreError> {
    if step.cancel_seats.is_empty() {
        return Ok(None);
    }
    let (theater, booking) = (step.booking_id.theater(), step.booking_id);
    let mut void = tx.prepare(
        "UPDATE tickets SET state = 'void' WHERE theater = ?1 AND booking = ?2 AND seat = ?3 AND state <> 'redeemed'",
    )?;
    for seat in (step.cancel_seats.iter()).filter(|_| !planted!("cancelled_ticket_valid")) {
        void.execute(params![theater.as_bytes(), booking.own(), seat.0])
            .db()?;
    }
    // With `Free` the rows are gone already.
    if step.seats != SeatsEffect::Free {
        seats::free(
            tx,
            step.show_id,
            booking,
            &step.cancel_seats,
            SeatState::Sold,
        )?;
    }
    for seat in &mut booked {
        seat.cancelled |= step.cancel_seats.contains(&seat.seat);
    }
    to_json(&booked).map(Some)
}

fn write_booking(tx: &Tx<'_>, step: &Step, seats: Option<String>) -> Result<(), StoreError> {
    let (status, held_at, expires_at, extensions, payment_deadline) =
        insert::state_columns(&step.to);
    let (theater, own) = (step.booking_id.theater(), step.booking_id.own());
    tx.prepare(
        "UPDATE bookings SET version = version + 1, status = ?3, held_at = ?4, expires_at = ?5, extensions = ?6, \
             payment_deadline = ?7, test = max(test, ?8), seats = coalesce(?9, seats) \
         WHERE theater = ?1 AND booking = ?2",
    )?
    .execute(params![
        theater.as_bytes(),
        own,
        status,
        held_at,
        expires_at,
        extensions,
        payment_deadline,
        step.test,
        seats
    ])
    .db()?;
    // Apart, so that steps without it do not touch the index of guests.
    if let Some(email) = &step.guest_email {
        tx.prepare("UPDATE bookings SET guest_email = ?3 WHERE theater = ?1 AND booking = ?2 AND user IS NULL")?
            .execute(params![theater.as_bytes(), own, email])
            .db()?;
    }
    Ok(())
}
