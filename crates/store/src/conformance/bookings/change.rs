//! Changing a hold in one step.

use super::{
    Engine, House, NO_LIMITS, begin, booked, booking, booking_id, eur, first_show, hold::PAUSES,
    later, seat_numbers, step,
};
use crate::{
    bookings::{BookingRow, ChangeHold, HoldLimits, HoldOutcome, Owner, SeatsEffect},
    feed::SeatState,
};
use matinee_domain::booking::BookingState;

fn change(booking: &BookingRow, seats: &[u16]) -> ChangeHold {
    ChangeHold {
        booking: BookingRow {
            seats: seats.iter().map(|seat| booked(*seat)).collect(),
            total: eur(1500 * seats.len() as i64),
            ..booking.clone()
        },
        expected_version: booking.version,
        limits: NO_LIMITS,
        only_if_version: None,
        now: later(1),
    }
}

/// Seats come, go and stay in one commit.
pub async fn a_hold_changes_in_one_step(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1, 2]).await;
    let mut wanted = change(&held, &[2, 3, 4]);
    wanted.booking.advice = vec![];
    wanted.booking.seats[0].ticket_type = "child".into();
    let outcome = house.store.change_hold(wanted.clone()).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Held { show_version: 3 });
    let states = [2, 3, 4].map(|seat| (seat, SeatState::Held));
    assert_eq!(house.seats().await, states.into());
    let now = house.file(held.booking_id).await.booking;
    assert_eq!(
        now,
        BookingRow {
            version: 2,
            ..wanted.booking
        }
    );
    let told = house.feed.told().pop().unwrap();
    let free = (1, SeatState::Available);
    let changes: Vec<_> = told
        .changes
        .iter()
        .map(|(seat, state)| (seat.0, *state))
        .collect();
    assert_eq!(changes, [free, (3, SeatState::Held), (4, SeatState::Held)]);
    house.is_sound().await;
}

/// New ticket types alone do not touch the show.
pub async fn other_ticket_types_leave_the_seats_alone(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1, 2]).await;
    let outcome = house
        .store
        .change_hold(change(&held, &[2, 1]))
        .await
        .unwrap();
    assert_eq!(outcome, HoldOutcome::Held { show_version: 2 });
    assert_eq!(house.feed.told().len(), 1);
    house.is_sound().await;
}

/// On any conflict the old seats stay held and nothing else happens.
pub async fn the_old_seats_stay_on_a_conflict(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1, 2]).await;
    house.held(2, &[3]).await;
    let outcome = house
        .store
        .change_hold(change(&held, &[2, 4, 3]))
        .await
        .unwrap();
    assert_eq!(outcome, HoldOutcome::SeatsTaken(seat_numbers(&[3])));
    let states = [1, 2, 3].map(|seat| (seat, SeatState::Held));
    assert_eq!(house.seats().await, states.into());
    assert_eq!(house.file(held.booking_id).await.booking, held);
    house.is_sound().await;
}

/// A change decided on an older version, or of what is no hold, is told what is there.
pub async fn a_change_of_something_else_is_stale(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let nobody = house
        .store
        .change_hold(change(&booking(9, first_show(), &[1]), &[2]))
        .await
        .unwrap();
    assert_eq!(nobody, HoldOutcome::Stale(None));
    house.store.change_hold(change(&held, &[2])).await.unwrap();
    let moved = house.file(held.booking_id).await.booking;
    let older = house.store.change_hold(change(&held, &[3])).await.unwrap();
    assert_eq!(older, HoldOutcome::Stale(Some(Box::new(moved.clone()))));
    let awaiting = house.done(begin(&moved, 1)).await.booking;
    let paying = ChangeHold {
        expected_version: 3,
        ..change(&moved, &[3])
    };
    let outcome = house.store.change_hold(paying).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Stale(Some(Box::new(awaiting))));
    let released = house.held(2, &[5]).await;
    let released = house
        .done(step(&released, BookingState::Released, SeatsEffect::Free))
        .await
        .booking;
    let gone = ChangeHold {
        expected_version: 2,
        ..change(&booking(2, first_show(), &[5]), &[6])
    };
    let outcome = house.store.change_hold(gone).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Stale(Some(Box::new(released))));
    assert_eq!(house.seats().await, [(2, SeatState::Held)].into());
    house.is_sound().await;
}

/// Limits count the hold as it shall be, not twice; a smaller hold is never refused for its size.
pub async fn limits_count_the_changed_hold_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let limited = |most, change: ChangeHold| ChangeHold {
        limits: HoldLimits {
            unpaid_seats: Some(most),
            ..NO_LIMITS
        },
        ..change
    };
    let held = house.held(1, &[1, 2, 3]).await;
    let outcome = house
        .store
        .change_hold(limited(4, change(&held, &[4, 5, 6, 7, 8])))
        .await
        .unwrap();
    assert_eq!(outcome, HoldOutcome::TooManyUnpaid { held: 0 });
    let outcome = house
        .store
        .change_hold(limited(4, change(&held, &[4, 5, 6, 7])))
        .await
        .unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }));
    let now = house.file(booking_id(1)).await.booking;
    let outcome = house
        .store
        .change_hold(limited(1, change(&now, &[4, 5])))
        .await
        .unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }));
    let now = house.file(booking_id(1)).await.booking;
    let moved = ChangeHold {
        only_if_version: Some(1),
        ..change(&now, &[9])
    };
    let outcome = house.store.change_hold(moved).await.unwrap();
    assert_eq!(outcome, HoldOutcome::ShowChanged { show_version: 4 });
    house.is_sound().await;
}

/// Who has to pause may still do everything with what is held but take another seat: a guest must be able to pay.
pub async fn a_pause_leaves_the_held_seats_to_their_caller(engine: &impl Engine) {
    let house = House::open(engine).await;
    let caller = [7; 16];
    for number in 1..=4 {
        let wanted = BookingRow {
            caller,
            ..booking(
                number,
                first_show(),
                &[number as u16 * 2, number as u16 * 2 + 1],
            )
        };
        let outcome = house.hold(&wanted).await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }
    let due = (1..=3).map(booking_id).collect();
    assert_eq!(house.store.expire_holds(due, later(8)).await.unwrap(), 3);
    let pausing = |change| ChangeHold {
        limits: PAUSES,
        now: later(9),
        ..change
    };
    let held = house.file(booking_id(4)).await.booking;
    let with_email = BookingRow {
        owner: Owner::Guest {
            email: Some("guest@example.org".into()),
        },
        ..held.clone()
    };
    let outcome = house
        .store
        .change_hold(pausing(change(&with_email, &[8, 9])))
        .await
        .unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    let now = house.file(booking_id(4)).await.booking;
    assert_eq!(now.owner, with_email.owner);
    let outcome = house
        .store
        .change_hold(pausing(change(&now, &[8, 10])))
        .await
        .unwrap();
    assert_eq!(outcome, HoldOutcome::CoolDown { until: later(38) });
    let outcome = house
        .store
        .change_hold(pausing(change(&now, &[9])))
        .await
        .unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    house.is_sound().await;
}
