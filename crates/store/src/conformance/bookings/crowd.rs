//! Many at once: nobody gets another's seat, nobody pays for another's fault, and the feed keeps up.

use super::{
    CAPACITY, Engine, House, begin, booking, confirm, first_show, hold, is_refused, second_show,
    step,
};
use crate::{
    bookings::{BookingRow, HoldOutcome, SeatsEffect, StepOutcome},
    feed::SeatState,
};
use matinee_domain::booking::BookingState;
use std::{collections::BTreeMap, sync::Arc};

/// A repeatable choice of numbers: the stories need disorder, not randomness.
struct Disorder(u64);
impl Disorder {
    fn below(&mut self, end: u16) -> u16 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u16
    }
}

/// Everybody wants two seats of one small show: it sells out, and no seat twice.
pub async fn a_sold_out_show_sold_every_seat_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut buyers = tokio::task::JoinSet::new();
    for buyer in 0..60_u32 {
        let store = Arc::clone(&house.store);
        let feed = Arc::clone(&house.feed);
        buyers.spawn(async move {
            let shop = House { store, feed };
            let mut choice = Disorder(u64::from(buyer));
            let mut mine = vec![];
            for attempt in 0..60 {
                let first = choice.below(CAPACITY);
                let pair = [first, (first + 1) % CAPACITY];
                let wanted = booking(buyer * 100 + attempt, first_show(), &pair);
                if !matches!(shop.hold(&wanted).await, HoldOutcome::Held { .. }) {
                    continue;
                }
                // One in four changes its mind; the others pay.
                if choice.below(4) == 0 {
                    shop.done(step(&wanted, BookingState::Released, SeatsEffect::Free))
                        .await;
                } else {
                    let file = shop.done(begin(&wanted, buyer * 100 + attempt)).await;
                    shop.done(confirm(&file)).await;
                    mine.extend(pair);
                }
            }
            mine
        });
    }
    let mut sold: BTreeMap<u16, u32> = BTreeMap::new();
    for seat in buyers.join_all().await.into_iter().flatten() {
        *sold.entry(seat).or_default() += 1;
    }
    assert!(
        sold.values().all(|times| *times == 1),
        "a seat was sold twice: {sold:?}"
    );
    let there = house.seats().await;
    assert!(there.values().all(|state| *state == SeatState::Sold));
    assert_eq!(there.len(), sold.len());
    // What is left over are single seats between sold pairs.
    let free: Vec<u16> = (0..CAPACITY)
        .filter(|seat| !there.contains_key(seat))
        .collect();
    assert!(
        free.iter()
            .all(|seat| there.contains_key(&((seat + 1) % CAPACITY))),
        "{free:?}"
    );
    house.is_sound().await;
}

/// One that fails half way fails alone: here by a reference that is already another's.
pub async fn a_failure_leaves_its_neighbours_alone(engine: &impl Engine) {
    let house = House::open(engine).await;
    let first = house.held(1, &[0]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 2..=39_u32 {
        let store = Arc::clone(&house.store);
        let mut wanted = booking(number, first_show(), &[number as u16]);
        if number % 5 == 0 {
            wanted.reference = first.reference;
        }
        tasks.spawn(async move { (number, store.hold_seats(hold(&wanted)).await) });
    }
    while let Some(done) = tasks.join_next().await {
        let (number, outcome) = done.unwrap();
        if number % 5 == 0 {
            assert!(is_refused(&outcome), "{number}: {outcome:?}");
        } else {
            assert!(
                matches!(outcome, Ok(HoldOutcome::Held { .. })),
                "{number}: {outcome:?}"
            );
        }
    }
    let there: Vec<u16> = house.seats().await.into_keys().collect();
    let expected: Vec<u16> = (0..40)
        .filter(|seat| *seat == 0 || (*seat > 1 && seat % 5 != 0))
        .collect();
    assert_eq!(there, expected);
    house.is_sound().await;
}

/// A caller's own answer is never ahead of what the feed told and of what a read finds.
pub async fn the_feed_is_told_before_the_caller(engine: &impl Engine) {
    let house = House::open_slow(engine).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40_u32 {
        let (store, feed) = (Arc::clone(&house.store), Arc::clone(&house.feed));
        tasks.spawn(async move {
            let show = if number % 2 == 0 {
                first_show()
            } else {
                second_show()
            };
            let seat = number as u16;
            let outcome = store
                .hold_seats(hold(&booking(number, show, &[seat])))
                .await
                .unwrap();
            let HoldOutcome::Held { show_version } = outcome else {
                panic!("{outcome:?}")
            };
            let told = feed.told();
            let mine = told
                .iter()
                .find(|change| change.show_id == show && change.version == show_version)
                .unwrap();
            assert!(
                mine.changes
                    .iter()
                    .any(|(no, state)| no.0 == seat && *state == SeatState::Held)
            );
            let snapshot = store.seats(show).await.unwrap().unwrap();
            assert!(snapshot.version >= show_version);
            assert!(snapshot.seats.iter().any(|(no, _)| no.0 == seat));
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    house.is_sound().await;
}

/// A snapshot is of one moment: its version and its seats belong together.
pub async fn a_snapshot_is_of_one_moment(engine: &impl Engine) {
    let house = House::open(engine).await;
    let reader = {
        let store = Arc::clone(&house.store);
        tokio::spawn(async move {
            let mut seen = vec![];
            for _ in 0..300 {
                seen.push(store.seats(first_show()).await.unwrap().unwrap());
                tokio::task::yield_now().await;
            }
            seen
        })
    };
    for number in 0..40 {
        house.held(number, &[number as u16]).await;
    }
    // One booking a commit here, so a version tells how many seats there are.
    for snapshot in reader.await.unwrap() {
        assert_eq!(snapshot.seats.len() as u64, snapshot.version - 1);
    }
}

/// Many steps of one booking at once: every version is given once.
pub async fn steps_of_one_booking_are_in_order(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held: BookingRow = house.held(1, &[1]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, mut held) = (Arc::clone(&house.store), held.clone());
        tasks.spawn(async move {
            loop {
                let done = store
                    .step(step(&held, held.state, SeatsEffect::Keep))
                    .await
                    .unwrap();
                match done {
                    StepOutcome::Done { version } => return version,
                    StepOutcome::Stale => {
                        held = store
                            .booking(held.booking_id)
                            .await
                            .unwrap()
                            .unwrap()
                            .booking;
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let mut versions = tasks.join_all().await;
    versions.sort_unstable();
    assert_eq!(versions, (2..=21).collect::<Vec<_>>());
}
