//! The rows of seats: claiming, selling and freeing them, all or none.
//!
//! Each function either does everything and notes it for the show's version, or undoes what it did and names the
//! seats in the way.

use crate::{failure::OrStoreError, writer::Tx};
use matinee_domain::{
    ids::{BookingId, ShowId},
    seat_map::SeatNo,
};
use matinee_planted::planted;
use matinee_store::{StoreError, feed::SeatState};
use rusqlite::params;

const DELETE: &str =
    "DELETE FROM seats WHERE theater = ?1 AND show = ?2 AND seat = ?3 AND booking = ?4";

/// Makes rows for seats that must all be free; otherwise the seats that are not.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    show: ShowId,
    booking: BookingId,
    seats: &[SeatNo],
    state: SeatState,
) -> Result<Result<(), Vec<SeatNo>>, StoreError> {
    let theater = show.theater();
    let mut insert = tx.prepare(if planted!("double_sale_sqlite") {
        "INSERT OR REPLACE INTO seats (theater, show, seat, state, booking) VALUES (?1, ?2, ?3, ?4, ?5)"
    } else {
        "INSERT INTO seats (theater, show, seat, state, booking) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
    })?;
    for (at, seat) in seats.iter().enumerate() {
        let made = insert
            .execute(params![
                theater.as_bytes(),
                show.own(),
                seat.0,
                state.code(),
                booking.own()
            ])
            .db()?;
        if made == 0 {
            delete(tx, show, booking, &seats[..at])?;
            let mut taken = vec![*seat];
            taken.extend(taken_of(tx, show, &seats[at + 1..])?);
            return Ok(Err(taken));
        }
    }
    for seat in seats {
        tx.seat_changed(show, *seat, SeatState::Available, state)?;
    }
    Ok(Ok(()))
}

/// Turns the booking's held seats into sold ones; otherwise the seats that are no longer its own.
pub(super) fn sell(
    tx: &mut Tx<'_>,
    show: ShowId,
    booking: BookingId,
    seats: &[SeatNo],
) -> Result<Result<(), Vec<SeatNo>>, StoreError> {
    let theater = show.theater();
    let mut update = tx.prepare(
        "UPDATE seats SET state = ?5 WHERE theater = ?1 AND show = ?2 AND seat = ?3 AND booking = ?4 AND state = ?6",
    )?;
    let (held, sold) = (SeatState::Held.code(), SeatState::Sold.code());
    let mut gone = Vec::new();
    for seat in seats {
        let done = update
            .execute(params![
                theater.as_bytes(),
                show.own(),
                seat.0,
                booking.own(),
                sold,
                held
            ])
            .db()?;
        if done == 0 {
            gone.push(*seat);
        }
    }
    if gone.is_empty() {
        for seat in seats {
            tx.seat_changed(show, *seat, SeatState::Held, SeatState::Sold)?;
        }
        return Ok(Ok(()));
    }
    for seat in seats.iter().filter(|seat| !gone.contains(seat)) {
        update
            .execute(params![
                theater.as_bytes(),
                show.own(),
                seat.0,
                booking.own(),
                held,
                sold
            ])
            .db()?;
    }
    Ok(Err(gone))
}

/// Removes the booking's rows of these seats, which were in state `from`.
pub(super) fn free(
    tx: &mut Tx<'_>,
    show: ShowId,
    booking: BookingId,
    seats: &[SeatNo],
    from: SeatState,
) -> Result<(), StoreError> {
    let theater = show.theater();
    let mut delete = tx.prepare(DELETE)?;
    for seat in seats {
        let done = delete
            .execute(params![
                theater.as_bytes(),
                show.own(),
                seat.0,
                booking.own()
            ])
            .db()?;
        // A row that is not there is damage for `verify` to report; freeing the others must not stop for it.
        if done == 1 {
            tx.seat_changed(show, *seat, from, SeatState::Available)?;
        }
    }
    Ok(())
}

fn delete(
    tx: &Tx<'_>,
    show: ShowId,
    booking: BookingId,
    seats: &[SeatNo],
) -> Result<(), StoreError> {
    let theater = show.theater();
    let mut delete = tx.prepare(DELETE)?;
    for seat in seats {
        delete
            .execute(params![
                theater.as_bytes(),
                show.own(),
                seat.0,
                booking.own()
            ])
            .db()?;
    }
    Ok(())
}

fn taken_of(tx: &Tx<'_>, show: ShowId, seats: &[SeatNo]) -> Result<Vec<SeatNo>, StoreError> {
    let theater = show.theater();
    let mut find =
        tx.prepare("SELECT 1 FROM seats WHERE theater = ?1 AND show = ?2 AND seat = ?3")?;
    let mut taken = Vec::new();
    for seat in seats {
        if find
            .exists(params![theater.as_bytes(), show.own(), seat.0])
            .db()?
        {
            taken.push(*seat);
        }
    }
    Ok(taken)
}
