//! Holds that ran out, and what keeps them.

use super::{Engine, House, LIFE, begin, booking, booking_id, first_show, hold, later};
use crate::{
    bookings::{BookingRow, HoldOutcome, StepOutcome},
    conformance::fixtures::start,
    feed::SeatState,
};
use chrono::TimeDelta;
use matinee_domain::{booking::BookingState, ids::BookingId};

async fn due(house: &House, minutes: i64, limit: u16) -> Vec<BookingId> {
    let due = house
        .store
        .expired_holds(later(minutes), limit)
        .await
        .unwrap();
    due.iter().map(|booking| booking.booking_id).collect()
}

/// What ran out is listed, oldest first, and freed; what did not is left alone.
pub async fn holds_that_ran_out_are_freed(engine: &impl Engine) {
    let house = House::open(engine).await;
    // 3 runs out first, then 2, then 1.
    for number in 1..=3_u32 {
        let state = BookingState::hold(start(), LIFE - TimeDelta::minutes(i64::from(number)));
        let wanted = BookingRow {
            state,
            ..booking(number, first_show(), &[number as u16])
        };
        assert!(matches!(
            house.hold(&wanted).await,
            HoldOutcome::Held { .. }
        ));
    }
    assert_eq!(due(&house, 4, 10).await, []);
    assert_eq!(due(&house, 5, 10).await, [booking_id(3)]);
    assert_eq!(due(&house, 6, 10).await, [booking_id(3), booking_id(2)]);
    assert_eq!(due(&house, 9, 2).await, [booking_id(3), booking_id(2)]);

    let all = vec![booking_id(1), booking_id(2), booking_id(3), booking_id(4)];
    assert_eq!(
        house
            .store
            .expire_holds(all.clone(), later(6))
            .await
            .unwrap(),
        2
    );
    assert_eq!(house.seats().await, [(1, SeatState::Held)].into());
    let expired = house.file(booking_id(2)).await.booking;
    assert_eq!((expired.state, expired.version), (BookingState::Expired, 2));
    assert_eq!(house.file(booking_id(1)).await.booking.version, 1);
    assert_eq!(
        house
            .store
            .expire_holds(all.clone(), later(6))
            .await
            .unwrap(),
        0
    );
    assert_eq!(house.store.expire_holds(all, later(60)).await.unwrap(), 1);
    assert_eq!(house.seats().await.len(), 0);
    assert_eq!(house.version().await, 6);
    house.is_sound().await;
}

/// Many at once are freed all, whatever the engine's unit of work is.
pub async fn many_holds_are_freed_at_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    for number in 0..40 {
        let outcome = house
            .hold(&booking(number, first_show(), &[number as u16]))
            .await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }));
    }
    // Each named many times: still freed once.
    let all: Vec<_> = (0..1_000).map(|number| booking_id(number % 40)).collect();
    assert_eq!(house.store.expire_holds(all, later(9)).await.unwrap(), 40);
    assert_eq!(house.seats().await.len(), 0);
    house.is_sound().await;
}

/// An expiry under a payment in flight never happens, however late it is.
pub async fn a_payment_in_flight_is_never_expired(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let file = house.done(begin(&held, 1)).await;
    assert_eq!(due(&house, 600, 10).await, []);
    let freed = house
        .store
        .expire_holds(vec![held.booking_id], later(600))
        .await;
    assert_eq!(freed.unwrap(), 0);
    assert_eq!(house.file(held.booking_id).await, file);
    assert_eq!(house.seats().await, [(1, SeatState::Held)].into());
    house.is_sound().await;
}

/// When a payment begins in the moment of expiry, one of the two happens, not both and not neither.
pub async fn paying_and_expiring_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    for number in 1..=30_u32 {
        let held = house.held(number, &[number as u16]).await;
        let pay = house.store.step(begin(&held, number));
        let expire = house.store.expire_holds(vec![held.booking_id], later(9));
        // Whichever is asked first: both orders occur.
        let (paid, freed) = if number % 2 == 0 {
            tokio::join!(pay, expire)
        } else {
            let (freed, paid) = tokio::join!(expire, pay);
            (paid, freed)
        };
        let file = house.file(held.booking_id).await;
        let seat = house.seats().await.get(&(number as u16)).copied();
        match paid.unwrap() {
            StepOutcome::Done { .. } => {
                assert_eq!(
                    (freed.unwrap(), seat, file.payments.len()),
                    (0, Some(SeatState::Held), 1)
                );
                assert!(matches!(
                    file.booking.state,
                    BookingState::AwaitingPayment { .. }
                ));
            }
            StepOutcome::Stale => {
                assert_eq!((freed.unwrap(), seat, file.payments.len()), (1, None, 0));
                assert_eq!(file.booking.state, BookingState::Expired);
            }
            other => panic!("{other:?}"),
        }
    }
    house.is_sound().await;
}

/// A hold with a later end is due at that end.
pub async fn an_extended_hold_is_due_later(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let state = held.state.extend(later(7), LIFE).unwrap();
    let extended = house
        .done(super::step(
            &held,
            state,
            crate::bookings::SeatsEffect::Keep,
        ))
        .await;
    assert_eq!(extended.booking.state, state);
    assert_eq!(due(&house, 10, 10).await, []);
    assert_eq!(
        house
            .store
            .expire_holds(vec![held.booking_id], later(10))
            .await
            .unwrap(),
        0
    );
    assert_eq!(due(&house, 15, 10).await, [held.booking_id]);
    let taken = house
        .store
        .hold_seats(hold(&booking(2, first_show(), &[1])))
        .await
        .unwrap();
    assert!(matches!(taken, HoldOutcome::SeatsTaken(_)));
}
