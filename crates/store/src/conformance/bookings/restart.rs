//! What a restart must not lose.

use super::{Engine, House, Recorder, booking, booking_id, first_show, hold, later, record};
use crate::{
    bookings::{HoldOutcome, HoldSeats},
    idempotency::Lookup,
};
use std::sync::Arc;

/// Everything acknowledged is there after a restart: bookings, seats, payments, records, and holds still run out.
pub async fn what_was_acknowledged_survives(engine: &impl Engine) {
    let house = House::open(engine).await;
    let paid = house.paid(1, &[1, 2]).await;
    let wanted = HoldSeats {
        idempotency: Some(record(1, 1, "answer")),
        ..hold(&booking(2, first_show(), &[3]))
    };
    house.store.hold_seats(wanted.clone()).await.unwrap();
    let (seats, version) = (house.seats().await, house.version().await);
    house.store.close().await;

    let feed = Arc::new(Recorder::default());
    let store = engine.open(Arc::clone(&feed) as _).await;
    let again = House { store, feed };
    assert_eq!(again.file(booking_id(1)).await, paid);
    assert_eq!(
        (again.seats().await, again.version().await),
        (seats, version)
    );
    let outcome = again.store.hold_seats(wanted).await.unwrap();
    assert_eq!(
        outcome,
        HoldOutcome::Repeated(Lookup::Replay(record(1, 1, "answer").answer))
    );
    let due = again.store.expired_holds(later(9), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(
        again
            .store
            .expire_holds(vec![booking_id(2)], later(9))
            .await
            .unwrap(),
        1
    );
    // The feed begins with what happens now, at the next version. An engine of several servers may tell it twice: by
    // the commit, and by looking what others changed.
    let told = again.feed.told();
    assert!(!told.is_empty());
    for change in told {
        assert_eq!(change.version, version + 1);
    }
}

/// Closing finishes what was accepted, and refuses what comes after.
pub async fn closing_finishes_what_was_accepted(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=30 {
        let store = Arc::clone(&house.store);
        let wanted = hold(&booking(number, first_show(), &[number as u16]));
        tasks.spawn(async move { (number, store.hold_seats(wanted).await) });
    }
    tokio::task::yield_now().await;
    house.store.close().await;
    let mut acknowledged = vec![];
    while let Some(done) = tasks.join_next().await {
        if let (number, Ok(HoldOutcome::Held { .. })) = done.unwrap() {
            acknowledged.push(number);
        }
    }
    assert!(
        house
            .store
            .hold_seats(hold(&booking(31, first_show(), &[31])))
            .await
            .is_err()
    );
    let store = engine.open(Arc::new(Recorder::default())).await;
    for number in acknowledged {
        assert!(store.booking(booking_id(number)).await.unwrap().is_some());
    }
    assert!(store.booking(booking_id(31)).await.unwrap().is_none());
}
