//! Every step of a booking, legal and illegal, and the bounds of a hold.

use super::*;
use chrono::{TimeDelta, TimeZone};

const LIFE: TimeDelta = limits::HOLD_DEFAULT;

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 20, 0, 0).unwrap()
}

fn minute(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

/// A hold of eight minutes from [`start`].
fn held() -> BookingState {
    BookingState::hold(start(), LIFE)
}

fn awaiting_payment() -> BookingState {
    held().begin_payment(minute(1)).unwrap()
}

/// One booking in every state.
fn every_state() -> [BookingState; 7] {
    let states = [
        held(),
        awaiting_payment(),
        BookingState::Confirmed,
        BookingState::PartlyCancelled,
        BookingState::Cancelled,
        BookingState::Expired,
        BookingState::Released,
    ];
    assert_eq!(states.map(|state| state.status()), BookingStatus::ALL);
    states
}

type Outcome = Result<BookingStatus, IllegalBooking>;
type Step = (
    &'static str,
    fn(BookingState) -> Result<BookingState, IllegalBooking>,
);

/// Every step, at a time when the clock does not forbid it.
const STEPS: [Step; 10] = [
    ("extend", |state| state.extend(minute(1), LIFE)),
    ("begin payment", |state| state.begin_payment(minute(1))),
    ("confirm", BookingState::confirm),
    ("payment failed, hold lasts", |state| {
        state.payment_failed(minute(2))
    }),
    ("payment failed, hold over", |state| {
        state.payment_failed(minute(8))
    }),
    ("release", BookingState::release),
    ("expire", |state| state.expire(minute(8))),
    ("cancel some", |state| state.cancel(1)),
    ("cancel all", |state| state.cancel(0)),
    ("show cancelled", BookingState::show_cancelled),
];

/// What each step leads to from each state that it is legal in.
const LEGAL: [(&str, BookingStatus, BookingStatus); 16] = {
    use BookingStatus::{
        AwaitingPayment, Cancelled, Confirmed, Expired, Held, PartlyCancelled, Released,
    };
    [
        ("extend", Held, Held),
        ("begin payment", Held, AwaitingPayment),
        ("confirm", AwaitingPayment, Confirmed),
        ("confirm", Expired, Confirmed),
        ("payment failed, hold lasts", AwaitingPayment, Held),
        ("payment failed, hold over", AwaitingPayment, Expired),
        ("release", Held, Released),
        ("expire", Held, Expired),
        ("cancel some", Confirmed, PartlyCancelled),
        ("cancel some", PartlyCancelled, PartlyCancelled),
        ("cancel all", Confirmed, Cancelled),
        ("cancel all", PartlyCancelled, Cancelled),
        ("show cancelled", Held, Released),
        ("show cancelled", AwaitingPayment, Expired),
        ("show cancelled", Confirmed, Cancelled),
        ("show cancelled", PartlyCancelled, Cancelled),
    ]
};

#[test]
fn every_step_from_every_state_is_legal_or_names_both_ends() {
    for state in every_state() {
        for (name, step) in STEPS {
            let from = state.status();
            let expected = LEGAL
                .iter()
                .find(|(legal, of, _)| *legal == name && *of == from)
                .map(|(_, _, to)| *to);
            let outcome: Outcome = step(state).map(|next| next.status());
            match (expected, outcome) {
                (Some(to), outcome) => assert_eq!(outcome, Ok(to), "{name} from {from:?}"),
                (None, Err(IllegalBooking::Step { from: named, .. })) => {
                    assert_eq!(named, from, "{name} from {from:?}");
                }
                (None, outcome) => panic!("{name} from {from:?} gave {outcome:?}"),
            }
        }
    }
}

#[test]
fn an_illegal_step_names_where_it_would_have_led() {
    let to = |result: Result<BookingState, IllegalBooking>| match result.unwrap_err() {
        IllegalBooking::Step { to, .. } => to,
        other => panic!("{other:?}"),
    };
    let cancelled = BookingState::Cancelled;
    assert_eq!(to(cancelled.extend(minute(1), LIFE)), BookingStatus::Held);
    assert_eq!(
        to(cancelled.begin_payment(minute(1))),
        BookingStatus::AwaitingPayment
    );
    assert_eq!(to(cancelled.confirm()), BookingStatus::Confirmed);
    assert_eq!(to(cancelled.payment_failed(minute(1))), BookingStatus::Held);
    assert_eq!(to(cancelled.release()), BookingStatus::Released);
    assert_eq!(to(cancelled.expire(minute(1))), BookingStatus::Expired);
    assert_eq!(to(cancelled.cancel(0)), BookingStatus::Cancelled);
    assert_eq!(to(cancelled.cancel(2)), BookingStatus::PartlyCancelled);
    let words = cancelled.confirm().unwrap_err().to_string();
    assert_eq!(words, "a booking cannot go from Cancelled to Confirmed");
}

#[test]
fn a_hold_ends_at_its_instant_and_not_before() {
    let last = minute(8) - TimeDelta::milliseconds(1);
    assert!(held().begin_payment(last).is_ok());
    assert_eq!(
        held().begin_payment(minute(8)),
        Err(IllegalBooking::HoldExpired)
    );
    assert!(held().extend(last, LIFE).is_ok());
    assert_eq!(
        held().extend(minute(8), LIFE),
        Err(IllegalBooking::HoldExpired)
    );
    assert!(matches!(
        held().expire(last),
        Err(IllegalBooking::Step { .. })
    ));
    assert_eq!(held().expire(minute(8)), Ok(BookingState::Expired));
    assert_eq!(awaiting_payment().payment_failed(last), Ok(held()));
    assert_eq!(
        awaiting_payment().payment_failed(minute(8)),
        Ok(BookingState::Expired)
    );
}

#[test]
fn a_hold_lives_as_long_as_asked_but_never_longer_than_twenty_minutes() {
    assert_eq!(held().expires_at(), Some(minute(8)));
    assert_eq!(
        BookingState::hold(start(), TimeDelta::hours(3)).expires_at(),
        Some(minute(20))
    );
}

#[test]
fn a_hold_is_extended_twice_and_no_more() {
    let once = held().extend(minute(4), LIFE).unwrap();
    assert_eq!(
        once,
        BookingState::Held {
            expires_at: minute(12),
            held_at: start(),
            extensions: 1
        }
    );
    let twice = once.extend(minute(8), LIFE).unwrap();
    assert_eq!(twice.expires_at(), Some(minute(16)));
    assert_eq!(
        twice.extend(minute(9), LIFE),
        Err(IllegalBooking::NoMoreExtensions)
    );
}

#[test]
fn extensions_end_twenty_minutes_after_the_hold_began() {
    let once = held().extend(minute(7), LIFE).unwrap();
    let twice = once.extend(minute(14), LIFE).unwrap();
    assert_eq!(twice.expires_at(), Some(minute(20)), "not minute 22");
    let long = BookingState::hold(start(), limits::HOLD_LIFE);
    assert_eq!(
        long.extend(minute(1), LIFE),
        Err(IllegalBooking::NoMoreExtensions),
        "nothing is left to add"
    );
}

#[test]
fn an_extension_never_shortens_a_hold() {
    assert_eq!(
        held().extend(minute(1), TimeDelta::minutes(2)),
        Err(IllegalBooking::NoMoreExtensions)
    );
    assert_eq!(
        held().extend(start(), LIFE),
        Err(IllegalBooking::NoMoreExtensions)
    );
}

#[test]
fn a_failed_payment_gives_back_the_same_hold_with_its_extensions_spent() {
    let extended = held().extend(minute(4), LIFE).unwrap();
    let back = extended
        .begin_payment(minute(5))
        .unwrap()
        .payment_failed(minute(6))
        .unwrap();
    assert_eq!(back, extended);
}

#[test]
fn a_payment_has_fifteen_minutes_from_when_it_began() {
    let late = held().begin_payment(minute(7)).unwrap();
    let BookingState::AwaitingPayment {
        payment_deadline,
        expires_at,
        ..
    } = late
    else {
        panic!("{late:?}")
    };
    assert_eq!((payment_deadline, expires_at), (minute(22), minute(8)));
}

#[test]
fn a_payment_in_flight_is_never_expired_by_the_clock() {
    for at in [minute(8), minute(16), minute(1_000)] {
        assert!(awaiting_payment().expire(at).is_err());
    }
}

#[test]
fn seats_are_owned_exactly_while_they_may_not_be_sold_to_others() {
    let owning: Vec<BookingStatus> = BookingStatus::ALL
        .into_iter()
        .filter(|status| status.owns_seats())
        .collect();
    use BookingStatus::{AwaitingPayment, Confirmed, Held, PartlyCancelled};
    assert_eq!(owning, [Held, AwaitingPayment, Confirmed, PartlyCancelled]);
}

#[test]
fn only_a_hold_has_an_end() {
    let with_end = every_state()
        .into_iter()
        .filter(|state| state.expires_at().is_some());
    let names: Vec<BookingStatus> = with_end.map(|state| state.status()).collect();
    assert_eq!(names, [BookingStatus::Held, BookingStatus::AwaitingPayment]);
}

#[test]
fn a_status_reads_back_as_it_was_written() {
    for status in BookingStatus::ALL {
        assert_eq!(BookingStatus::parse(status.as_str()), Some(status));
        assert_eq!(
            serde_json::to_value(status).unwrap(),
            status.as_str(),
            "the store and the contract agree"
        );
    }
    assert_eq!(BookingStatus::parse("paid"), None);
}
