//! Holding seats: all or none, once per key, within limits.

use super::{
    CAPACITY, Engine, House, LIFE, NO_LIMITS, begin, booking, booking_id, confirm, first_show,
    hold, later, record, seat_numbers, second_show, step,
};
use crate::{
    bookings::{BookingFile, ExpiryLimit, HoldLimits, HoldOutcome, HoldSeats, Owner, SeatsEffect},
    conformance::fixtures::{show_id, start},
    feed::SeatState,
    idempotency::{Lookup, Recorded},
};
use chrono::TimeDelta;
use matinee_domain::{
    booking::BookingState,
    ids::{ShowId, UserId},
};
use std::sync::Arc;

/// What was held reads back as it was written, by every way there is.
pub async fn a_hold_comes_back_as_it_was_made(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut wanted = booking(1, first_show(), &[3, 4]);
    wanted.owner = Owner::Guest {
        email: Some("Guest@Example.org".into()),
    };
    wanted.test = true;
    assert_eq!(
        house.hold(&wanted).await,
        HoldOutcome::Held { show_version: 2 }
    );
    let file = house.file(wanted.booking_id).await;
    let nothing = BookingFile {
        booking: wanted.clone(),
        payments: vec![],
        refunds: vec![],
        tickets: vec![],
        notifications: vec![],
    };
    assert_eq!(file, nothing);
    let by_reference = house
        .store
        .booking_by_reference(wanted.reference)
        .await
        .unwrap();
    assert_eq!(by_reference, Some(nothing));
    assert_eq!(house.version().await, 2);
    assert_eq!(
        house.seats().await,
        [(3, SeatState::Held), (4, SeatState::Held)].into()
    );
    let listed = house.store.show(first_show()).await.unwrap().unwrap();
    assert_eq!((listed.taken, listed.version), (2, 2));
    house.is_sound().await;

    let mut theirs = booking(2, first_show(), &[5]);
    theirs.owner = Owner::User(UserId::from_bytes([8; 16]));
    house.hold(&theirs).await;
    assert_eq!(house.file(theirs.booking_id).await.booking, theirs);

    assert_eq!(house.store.booking(booking_id(99)).await.unwrap(), None);
    assert_eq!(
        house
            .store
            .booking_by_reference(booking(99, first_show(), &[1]).reference)
            .await
            .unwrap(),
        None
    );
    assert_eq!(house.store.seats(show_id(1, 77)).await.unwrap(), None);
}

/// Wherever the conflict is, exactly the taken seats are named, and nothing is changed.
pub async fn taken_seats_are_named_and_nothing_changes(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.held(1, &[10, 12]).await;
    let before = (house.seats().await, house.version().await);
    let cases: [(&[u16], &[u16]); 4] = [
        (&[10, 11], &[10]),
        (&[9, 10], &[10]),
        (&[9, 10, 11, 12], &[10, 12]),
        (&[12, 10], &[12, 10]),
    ];
    for (wanted, taken) in cases {
        let outcome = house.hold(&booking(2, first_show(), wanted)).await;
        assert_eq!(outcome, HoldOutcome::SeatsTaken(seat_numbers(taken)));
    }
    assert_eq!((house.seats().await, house.version().await), before);
    assert_eq!(house.store.booking(booking_id(2)).await.unwrap(), None);
    // The same seats of another show are another thing.
    let elsewhere = house.hold(&booking(3, second_show(), &[10, 12])).await;
    assert_eq!(elsewhere, HoldOutcome::Held { show_version: 2 });
    house.is_sound().await;
}

/// Of two holds of one seat at one time, exactly one wins, every time.
pub async fn one_of_two_racing_holds_wins(engine: &impl Engine) {
    let house = House::open(engine).await;
    for seat in 0..CAPACITY - 1 {
        let number = u32::from(seat) * 2 + 1;
        let (one, two) = (
            booking(number, first_show(), &[seat]),
            booking(number + 1, first_show(), &[seat]),
        );
        let (one, two) = tokio::join!(house.hold(&one), house.hold(&two));
        let held = |outcome: &HoldOutcome| matches!(outcome, HoldOutcome::Held { .. });
        assert!(held(&one) != held(&two), "{one:?} and {two:?}");
    }
    house.is_sound().await;
}

/// A hundred requests with one key are one booking, and all get the winner's bytes.
pub async fn one_key_takes_effect_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=100 {
        let store = Arc::clone(&house.store);
        tasks.spawn(async move {
            let wanted = HoldSeats {
                idempotency: Some(record(1, 1, &format!("answer {number}"))),
                ..hold(&booking(number, first_show(), &[1, 2]))
            };
            (number, store.hold_seats(wanted).await.unwrap())
        });
    }
    let mut winner = None;
    let mut replays = vec![];
    while let Some(done) = tasks.join_next().await {
        match done.unwrap() {
            (number, HoldOutcome::Held { .. }) => assert_eq!(winner.replace(number), None),
            (_, HoldOutcome::Repeated(Lookup::Replay(answer))) => replays.push(answer),
            other => panic!("{other:?}"),
        }
    }
    let winner = winner.unwrap();
    let expected = Recorded {
        status: 201,
        body: format!("answer {winner}").into(),
    };
    assert_eq!(replays, vec![expected.clone(); 99]);
    let key = record(1, 1, "").key;
    assert_eq!(
        house.store.lookup(key.clone()).await.unwrap(),
        Lookup::Replay(expected)
    );
    assert_eq!(house.seats().await.len(), 2);
    for number in (1..=100).filter(|number| *number != winner) {
        assert_eq!(house.store.booking(booking_id(number)).await.unwrap(), None);
    }
    house.is_sound().await;
}

/// A key used with another body is refused, whoever asks and however.
pub async fn a_key_with_another_body_is_refused(engine: &impl Engine) {
    let house = House::open(engine).await;
    let with = |number, body, seat| HoldSeats {
        idempotency: Some(record(1, body, "answer")),
        ..hold(&booking(number, first_show(), &[seat]))
    };
    house.store.hold_seats(with(1, 1, 1)).await.unwrap();
    let outcome = house.store.hold_seats(with(2, 2, 2)).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Repeated(Lookup::Reused));
    let lookup = |key, body| house.store.lookup(record(key, body, "").key);
    assert_eq!(lookup(1, 2).await.unwrap(), Lookup::Reused);
    assert_eq!(lookup(2, 1).await.unwrap(), Lookup::New);
    assert_eq!(house.seats().await.len(), 1);
}

/// Who lost a seat may ask again with the same key: a refusal is not recorded.
pub async fn a_loser_leaves_no_record(engine: &impl Engine) {
    let house = House::open(engine).await;
    let first = house.held(1, &[1]).await;
    let wanted = || HoldSeats {
        idempotency: Some(record(1, 1, "answer")),
        ..hold(&booking(2, first_show(), &[1]))
    };
    let outcome = house.store.hold_seats(wanted()).await.unwrap();
    assert_eq!(outcome, HoldOutcome::SeatsTaken(seat_numbers(&[1])));
    assert_eq!(
        house.store.lookup(record(1, 1, "").key).await.unwrap(),
        Lookup::New
    );
    house
        .done(step(&first, BookingState::Released, SeatsEffect::Free))
        .await;
    let outcome = house.store.hold_seats(wanted()).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Held { show_version: 4 });
    house.is_sound().await;
}

/// A decision made on one state of the show does not apply to another.
pub async fn a_hold_can_depend_on_the_shows_version(engine: &impl Engine) {
    let house = House::open(engine).await;
    let with = |number, seat, version| HoldSeats {
        only_if_version: Some(version),
        ..hold(&booking(number, first_show(), &[seat]))
    };
    let held = house.store.hold_seats(with(1, 1, 1)).await.unwrap();
    assert_eq!(held, HoldOutcome::Held { show_version: 2 });
    let moved = house.store.hold_seats(with(2, 2, 1)).await.unwrap();
    assert_eq!(moved, HoldOutcome::ShowChanged { show_version: 2 });
    // Of many that decided on one version, exactly one is done.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 3..23 {
        let (store, wanted) = (Arc::clone(&house.store), with(number, number as u16, 2));
        tasks.spawn(async move { store.hold_seats(wanted).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let held = outcomes
        .iter()
        .filter(|o| matches!(o, HoldOutcome::Held { show_version: 3 }))
        .count();
    let moved = outcomes
        .iter()
        .filter(|o| matches!(o, HoldOutcome::ShowChanged { show_version: 3 }))
        .count();
    assert_eq!((held, moved), (1, 19));
    house.is_sound().await;
}

/// A show that is not there cannot be held.
pub async fn a_show_must_be_there(engine: &impl Engine) {
    let house = House::open(engine).await;
    assert_eq!(
        house.hold(&booking(1, show_id(1, 77), &[1])).await,
        HoldOutcome::NoShow
    );
    assert_eq!(house.store.booking(booking_id(1)).await.unwrap(), None);
}

/// A caller's unpaid seats of a show are limited; what is paid, freed, elsewhere or another's does not count.
pub async fn unpaid_seats_are_limited(engine: &impl Engine) {
    let house = House::open(engine).await;
    let caller = [7; 16];
    let with = |number, show, seats: &[u16], caller| HoldSeats {
        limits: HoldLimits {
            unpaid_seats: Some(4),
            ..NO_LIMITS
        },
        ..hold(&crate::bookings::BookingRow {
            caller,
            ..booking(number, show, seats)
        })
    };
    let ask = |wanted| async { house.store.hold_seats(wanted).await.unwrap() };
    assert!(matches!(
        ask(with(1, first_show(), &[1, 2], caller)).await,
        HoldOutcome::Held { .. }
    ));
    assert!(matches!(
        ask(with(2, first_show(), &[3], caller)).await,
        HoldOutcome::Held { .. }
    ));
    let too_many = HoldOutcome::TooManyUnpaid { held: 3 };
    assert_eq!(ask(with(3, first_show(), &[4, 5], caller)).await, too_many);
    assert_eq!(house.seats().await.len(), 3);
    assert!(matches!(
        ask(with(4, second_show(), &[4, 5], caller)).await,
        HoldOutcome::Held { .. }
    ));
    assert!(matches!(
        ask(with(5, first_show(), &[6, 7, 8, 9], [8; 16])).await,
        HoldOutcome::Held { .. }
    ));

    // A payment in flight is unpaid still; once it is captured it is not.
    let first = house.file(booking_id(1)).await.booking;
    let file = house.done(begin(&first, 1)).await;
    assert_eq!(ask(with(3, first_show(), &[4, 5], caller)).await, too_many);
    house.done(confirm(&file)).await;
    assert!(matches!(
        ask(with(3, first_show(), &[4, 5, 10], caller)).await,
        HoldOutcome::Held { .. }
    ));
    let full = HoldOutcome::TooManyUnpaid { held: 4 };
    assert_eq!(ask(with(6, first_show(), &[11], caller)).await, full);
    let second = house.file(booking_id(2)).await.booking;
    house
        .done(step(&second, BookingState::Released, SeatsEffect::Free))
        .await;
    assert!(matches!(
        ask(with(6, first_show(), &[11], caller)).await,
        HoldOutcome::Held { .. }
    ));
    house.is_sound().await;
}

/// What the stories about pauses go by: three expiries within two hours, and half an hour from the last.
pub(super) const PAUSES: HoldLimits = HoldLimits {
    expiries: Some(ExpiryLimit {
        most: 3,
        within: TimeDelta::hours(2),
        pause: TimeDelta::minutes(30),
    }),
    ..NO_LIMITS
};

/// A hold of one caller at a minute of the story, under the limit of expiries.
fn at_minute(number: u32, show: ShowId, minutes: i64, seat: u16) -> HoldSeats {
    HoldSeats {
        limits: PAUSES,
        now: later(minutes),
        ..hold(&crate::bookings::BookingRow {
            caller: [7; 16],
            state: BookingState::hold(later(minutes), LIFE),
            ..booking(number, show, &[seat])
        })
    }
}

/// Holds that were let run out, each freed at its minute.
async fn let_run_out(house: &House, first_number: u32, minutes: &[i64]) {
    for (number, minute) in (first_number..).zip(minutes) {
        let wanted = at_minute(number, first_show(), minute - 8, 1);
        let outcome = house.store.hold_seats(wanted).await.unwrap();
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
        let freed = house
            .store
            .expire_holds(vec![booking_id(number)], later(*minute))
            .await;
        assert_eq!(freed.unwrap(), 1);
    }
}

/// Letting holds run out again and again ends in a pause, for that caller and that show, and only for a while: its
/// whole length counts from the last of them.
pub async fn too_many_expiries_end_in_a_pause(engine: &impl Engine) {
    let house = House::open(engine).await;
    let ask = |wanted| async { house.store.hold_seats(wanted).await.unwrap() };
    let_run_out(&house, 1, &[8, 16, 24]).await;
    let pause = HoldOutcome::CoolDown { until: later(54) };
    for minute in [25, 39, 53] {
        let outcome = ask(at_minute(4, first_show(), minute, 1)).await;
        assert_eq!(outcome, pause, "at minute {minute}");
    }
    assert_eq!(house.seats().await.len(), 0);
    assert!(matches!(
        ask(at_minute(5, second_show(), 25, 1)).await,
        HoldOutcome::Held { .. }
    ));
    assert!(matches!(
        ask(at_minute(6, first_show(), 54, 1)).await,
        HoldOutcome::Held { .. }
    ));
    let other = house.hold(&booking(7, first_show(), &[1])).await;
    assert_eq!(other, HoldOutcome::SeatsTaken(seat_numbers(&[1])));
}

/// Holds that are extended to their end before they run out count as well; those of different evenings do not.
pub async fn slow_expiries_end_in_a_pause_too(engine: &impl Engine) {
    let house = House::open(engine).await;
    let ask = |wanted| async { house.store.hold_seats(wanted).await.unwrap() };
    // The first is too long ago when the third runs out.
    let_run_out(&house, 1, &[20, 100, 141]).await;
    assert!(matches!(
        ask(at_minute(4, second_show(), 142, 1)).await,
        HoldOutcome::Held { .. }
    ));
    // 100, 141 and 176 lie within two hours.
    let_run_out(&house, 5, &[176]).await;
    let pause = HoldOutcome::CoolDown { until: later(206) };
    assert_eq!(ask(at_minute(6, first_show(), 180, 1)).await, pause);
}

/// A hold that ran out is another's only after it was freed: nobody steals a seat from a payment that just begins.
pub async fn a_hold_that_ran_out_is_not_stolen(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.held(1, &[1]).await;
    let late = HoldSeats {
        now: start() + LIFE * 2,
        ..hold(&booking(2, first_show(), &[1]))
    };
    let outcome = house.store.hold_seats(late.clone()).await.unwrap();
    assert_eq!(outcome, HoldOutcome::SeatsTaken(seat_numbers(&[1])));
    house
        .store
        .expire_holds(vec![booking_id(1)], start() + LIFE)
        .await
        .unwrap();
    assert!(matches!(
        house.store.hold_seats(late).await.unwrap(),
        HoldOutcome::Held { .. }
    ));
    house.is_sound().await;
}
