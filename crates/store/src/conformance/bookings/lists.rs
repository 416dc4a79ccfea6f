//! Lists: a person's history, work for recovery, and forgetting what nobody asks for any more.

use super::{
    Engine, House, begin, booking, booking_id, confirm, first_show, hold, later, payment_id,
    record, refund, second_show, step,
};
use crate::{
    bookings::{BookingRow, HoldSeats, Owner, PaymentRow, RefundRow, SeatsEffect, Step},
    conformance::fixtures::{start, theater_id},
    idempotency::Lookup,
};
use chrono::TimeDelta;
use matinee_domain::{
    ids::{PaymentId, UserId},
    payment::{PaymentStatus, RefundStatus},
};

/// A person's bookings, newest first, page by page, and nobody else's.
pub async fn a_history_comes_in_pages(engine: &impl Engine) {
    let house = House::open(engine).await;
    let user = UserId::from_bytes([7; 16]);
    for number in 1..=5 {
        let owner = Owner::User(user);
        let show = if number % 2 == 0 {
            first_show()
        } else {
            second_show()
        };
        house
            .hold(&BookingRow {
                owner,
                ..booking(number, show, &[number as u16])
            })
            .await;
    }
    let other = Owner::User(UserId::from_bytes([8; 16]));
    house
        .hold(&BookingRow {
            owner: other,
            ..booking(6, first_show(), &[6])
        })
        .await;
    house.hold(&booking(7, first_show(), &[7])).await;

    let page = |before, limit| {
        let store = &house.store;
        async move {
            let page = store.bookings_of(user, before, limit).await.unwrap();
            page.iter()
                .map(|file| file.booking.booking_id)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(page(None, 2).await, [5, 4].map(booking_id));
    assert_eq!(page(Some(booking_id(4)), 2).await, [3, 2].map(booking_id));
    assert_eq!(page(Some(booking_id(2)), 2).await, [1].map(booking_id));
    assert_eq!(page(None, 100).await.len(), 5);
    let nobody = house
        .store
        .bookings_of(UserId::from_bytes([9; 16]), None, 10)
        .await;
    assert_eq!(nobody.unwrap(), vec![]);
}

/// Recovery finds bookings whose payment is live and old enough, oldest first.
pub async fn unsettled_payments_are_found(engine: &impl Engine) {
    let house = House::open(engine).await;
    for (number, minute) in [(1, 3), (2, 2), (3, 1)] {
        let held = house.held(number, &[number as u16]).await;
        let mut begun = begin(&held, number);
        begun.payments[0].created_at = later(minute);
        house.done(begun).await;
    }
    let unsettled = |minute, limit| {
        let store = &house.store;
        async move {
            let found = store.unsettled(later(minute), limit).await.unwrap();
            found
                .iter()
                .map(|file| file.booking.booking_id)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(unsettled(1, 10).await, []);
    assert_eq!(unsettled(10, 10).await, [3, 2, 1].map(booking_id));
    assert_eq!(unsettled(10, 1).await, [booking_id(3)]);
    assert_eq!(unsettled(3, 10).await, [3, 2].map(booking_id));
    // Waiting for the payer and authorized are live still; captured is not.
    let file = house.file(booking_id(3)).await;
    let authorized = PaymentRow {
        status: PaymentStatus::Authorized,
        ..file.payments[0].clone()
    };
    let file = house
        .done(Step {
            payments: vec![authorized],
            ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(unsettled(10, 1).await, [booking_id(3)]);
    house.done(confirm(&file)).await;
    assert_eq!(unsettled(10, 10).await, [2, 1].map(booking_id));
}

/// However many people are at their banks, what a crash left behind is found; their payments once they are overdue. Until
/// then each has its turn once in a while.
pub async fn a_crashed_payment_does_not_wait_for_people(engine: &impl Engine) {
    let house = House::open(engine).await;
    for (number, minute, status) in [
        (1, 1, PaymentStatus::RequiresAction),
        (2, 2, PaymentStatus::RequiresAction),
        (3, 3, PaymentStatus::Created),
        (4, 4, PaymentStatus::Authorized),
    ] {
        let held = house.held(number, &[number as u16]).await;
        let mut begun = begin(&held, number);
        begun.payments[0].created_at = later(minute);
        begun.payments[0].status = status;
        house.done(begun).await;
    }
    let unsettled = |minute, limit| {
        let store = &house.store;
        async move {
            let found = store.unsettled(later(minute), limit).await.unwrap();
            found
                .iter()
                .map(|file| file.booking.booking_id)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(unsettled(10, 1).await, [booking_id(3)]);
    assert_eq!(unsettled(10, 9).await, [3, 4].map(booking_id));
    // The first has had its quarter of an hour.
    assert_eq!(unsettled(17, 9).await, [1, 3, 4].map(booking_id));
    assert_eq!(unsettled(18, 9).await, [1, 2, 3, 4].map(booking_id));

    let turns = |since, until, every, limit| {
        let store = &house.store;
        async move {
            let every = TimeDelta::minutes(every);
            let found = store.waiting(later(since), later(until), every, limit);
            let found = found.await.unwrap();
            let ids = found.iter().map(|file| file.booking.booking_id);
            ids.collect::<Vec<_>>()
        }
    };
    // They began in the first minute and in the second: every fourth minute after it is a turn.
    assert_eq!(turns(1, 4, 4, 9).await, []);
    assert_eq!(turns(4, 5, 4, 9).await, [booking_id(1)]);
    assert_eq!(turns(5, 6, 4, 9).await, [booking_id(2)]);
    assert_eq!(turns(6, 8, 4, 9).await, []);
    assert_eq!(turns(6, 10, 4, 9).await, [1, 2].map(booking_id));
    assert_eq!(turns(0, 10, 4, 1).await, [booking_id(1)]);
    // Overdue is no waiting any more.
    assert_eq!(turns(6, 17, 4, 9).await, [booking_id(2)]);
}

/// A theater's payments of some time come in the order they began, a page at a time.
pub async fn payments_of_some_time_are_listed(engine: &impl Engine) {
    let house = House::open(engine).await;
    for number in 1..=4 {
        house.paid(number, &[number as u16]).await;
    }
    let listed = |after, before, limit| {
        let store = &house.store;
        async move {
            let found = store.payments_of(payment_id(after), payment_id(before), limit);
            let found = found.await.unwrap();
            assert!(found.iter().all(|payment| payment.captured_minor > 0));
            let ids = found.into_iter().map(|payment| payment.payment_id);
            ids.collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(0, 9, 9).await, [1, 2, 3, 4].map(payment_id));
    assert_eq!(listed(0, 9, 2).await, [1, 2].map(payment_id));
    assert_eq!(listed(1, 4, 9).await, [2, 3].map(payment_id));
    let another = |number| PaymentId::from_parts(theater_id(2), *payment_id(number).own());
    let elsewhere = house.store.payments_of(another(0), another(9), 9).await;
    assert_eq!(elsewhere.unwrap(), vec![]);
}

/// Pending refunds come back until they are certain, not sooner than asked.
pub async fn pending_refunds_are_found(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let (paid, first) = refund(&file, 1, 1000);
    let file = house
        .done(Step {
            payments: vec![paid],
            refunds: vec![first.clone()],
            now: later(2),
            ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
        })
        .await;
    let found = |minute| {
        let store = &house.store;
        async move { store.pending_refunds(later(minute), 10).await.unwrap() }
    };
    assert_eq!(found(2).await, vec![]);
    assert_eq!(found(3).await, vec![first.clone()]);
    // An attempt counts as a try: not asked again at once.
    let tried = RefundRow {
        attempts: 1,
        ..first.clone()
    };
    let file = house
        .done(Step {
            refunds: vec![tried.clone()],
            now: later(5),
            ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(found(5).await, vec![]);
    assert_eq!(found(6).await, vec![tried.clone()]);
    // Each further attempt is longer in coming, up to an hour.
    let mut file = file;
    for (attempts, seconds) in [
        (2, 20),
        (3, 40),
        (5, 160),
        (9, 2560),
        (12, 3600),
        (400, 3600),
    ] {
        let tried = RefundRow {
            attempts,
            ..first.clone()
        };
        file = house
            .done(Step {
                refunds: vec![tried.clone()],
                now: later(100),
                ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
            })
            .await;
        let after = |seconds| {
            let due = later(100) + TimeDelta::seconds(seconds);
            house.store.pending_refunds(due, 10)
        };
        assert_eq!(after(seconds).await.unwrap(), vec![], "{attempts}");
        assert_eq!(after(seconds + 1).await.unwrap(), vec![tried]);
    }
    let settled = RefundRow {
        status: RefundStatus::Succeeded,
        attempts: 401,
        ..first.clone()
    };
    let file = house
        .done(Step {
            refunds: vec![settled.clone()],
            ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(found(60).await, vec![]);
    assert_eq!(file.refunds, vec![settled]);
}

/// Records are kept until their time and forgotten after it, a bounded number at once.
pub async fn records_are_forgotten_in_time(engine: &impl Engine) {
    let house = House::open(engine).await;
    for number in 1..=5_u32 {
        let mut record = record(number, 1, "answer");
        record.keep_until = start() + TimeDelta::hours(i64::from(number));
        let wanted = HoldSeats {
            idempotency: Some(record),
            ..hold(&booking(number, first_show(), &[number as u16]))
        };
        house.store.hold_seats(wanted).await.unwrap();
    }
    let forget = |hours, limit| {
        house
            .store
            .forget_records(start() + TimeDelta::hours(hours), limit)
    };
    let lookup = |key| house.store.lookup(record(key, 1, "").key);
    assert_eq!(forget(0, 10).await.unwrap(), 0);
    assert_eq!(forget(4, 3).await.unwrap(), 3);
    assert_eq!(lookup(3).await.unwrap(), Lookup::New);
    assert!(matches!(lookup(4).await.unwrap(), Lookup::Replay(_)));
    assert_eq!(forget(4, 3).await.unwrap(), 1);
    assert_eq!(lookup(4).await.unwrap(), Lookup::New);
    assert!(matches!(lookup(5).await.unwrap(), Lookup::Replay(_)));
}
