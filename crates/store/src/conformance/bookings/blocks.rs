//! Seats that staff take out of the sale, and shows they withdraw: never anything that is held or sold.

use super::{CAPACITY, House, booking, first_show, record, seat_numbers, second_show};
use crate::{
    bookings::HoldOutcome,
    catalog::{CatalogChange, CatalogRefusal},
    conformance::{
        Engine,
        fixtures::{apply, seat_map, show, show_id, start, theater, theater_id},
        staff::entry,
    },
    feed::SeatState,
    idempotency::Lookup,
    staff::{BlockOutcome, BlockSeats},
};
use matinee_domain::{ids::ShowId, money::Currency};

fn block(number: u32, seats: &[u16], blocked: bool) -> BlockSeats {
    BlockSeats {
        show_id: first_show(),
        seats: seat_numbers(seats),
        seating: 0,
        blocked,
        audit: entry(number),
        idempotency: None,
    }
}

impl House {
    async fn block(&self, number: u32, seats: &[u16]) -> BlockOutcome {
        let block = block(number, seats, true);
        self.store.block_seats(block).await.unwrap()
    }
    async fn unblock(&self, number: u32, seats: &[u16]) -> BlockOutcome {
        let block = block(number, seats, false);
        self.store.block_seats(block).await.unwrap()
    }
    async fn noted(&self) -> usize {
        self.store
            .audit_of(theater_id(1), None, 100)
            .await
            .unwrap()
            .len()
    }
}

const fn done(changed: u16) -> BlockOutcome {
    BlockOutcome::Done { changed }
}

/// Blocked seats are not to be had until they are put back; doing either twice is doing it once.
pub async fn blocked_seats_are_not_sold(engine: &impl Engine) {
    let house = House::open(engine).await;
    assert_eq!(house.block(1, &[3, 4]).await, done(2));
    assert_eq!(house.seats().await.get(&3), Some(&SeatState::Blocked));
    assert_eq!(house.version().await, 2, "whoever looks sees it");
    let outcome = house.hold(&booking(1, first_show(), &[2, 3])).await;
    assert_eq!(outcome, HoldOutcome::SeatsTaken(seat_numbers(&[3])));
    assert_eq!(house.block(2, &[3, 4]).await, done(0));
    assert_eq!(house.block(3, &[4, 5]).await, done(1));
    assert_eq!(house.noted().await, 2, "what changed nothing is not noted");
    assert_eq!(house.unblock(4, &[3, 6]).await, done(1));
    assert_eq!(house.unblock(5, &[3, 6]).await, done(0));
    house.held(2, &[2, 3]).await;
    house.is_sound().await;
    let nowhere = BlockSeats {
        show_id: show_id(1, 77),
        ..block(6, &[1], true)
    };
    assert_eq!(
        house.store.block_seats(nowhere).await.unwrap(),
        BlockOutcome::NoShow
    );
}

/// All of them or none, and what is held or sold is named and left alone, whether it shall be blocked or put back.
pub async fn seats_of_people_are_left_alone(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.held(1, &[10]).await;
    house.paid(2, &[11]).await;
    let before = (house.seats().await, house.version().await);
    for seats in [[9, 10, 12], [11, 12, 13]] {
        let taken = seats.into_iter().filter(|seat| [10, 11].contains(seat));
        let taken = BlockOutcome::Taken(seat_numbers(&taken.collect::<Vec<_>>()));
        assert_eq!(house.block(1, &seats).await, taken);
        assert_eq!(house.unblock(2, &seats).await, taken);
    }
    assert_eq!((house.seats().await, house.version().await), before);
    assert_eq!(house.noted().await, 0);
    house.is_sound().await;
}

/// Of blocking a seat and holding it at one time exactly one happens, every time.
pub async fn blocking_and_holding_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    for seat in 0..CAPACITY - 1 {
        let number = u32::from(seat) + 1;
        let wanted = booking(number, first_show(), &[seat]);
        let seats = [seat];
        let (held, blocked) = tokio::join!(house.hold(&wanted), house.block(number, &seats));
        let held = matches!(held, HoldOutcome::Held { .. });
        assert!(
            held != (blocked == done(1)),
            "seat {seat}: {held} {blocked:?}"
        );
    }
    house.is_sound().await;
}

/// A block with a key is made once, and its answer kept.
pub async fn a_block_is_made_once_by_its_key(engine: &impl Engine) {
    let house = House::open(engine).await;
    let keyed = |body: u8, answer: &str| BlockSeats {
        idempotency: Some(record(7, body, answer)),
        ..block(1, &[1], true)
    };
    let first = house.store.block_seats(keyed(1, "first")).await.unwrap();
    assert_eq!(first, done(1));
    house.unblock(2, &[1]).await;
    let again = house.store.block_seats(keyed(1, "second")).await.unwrap();
    let kept = record(7, 1, "first").answer;
    assert_eq!(again, BlockOutcome::Repeated(Lookup::Replay(kept)));
    let other = house.store.block_seats(keyed(2, "third")).await.unwrap();
    assert_eq!(other, BlockOutcome::Repeated(Lookup::Reused));
    assert!(house.seats().await.is_empty());
    // What changes nothing keeps its answer too.
    let nothing = BlockSeats {
        idempotency: Some(record(8, 1, "nothing")),
        ..block(3, &[5], false)
    };
    assert_eq!(
        house.store.block_seats(nothing.clone()).await.unwrap(),
        done(0)
    );
    let again = house.store.block_seats(nothing).await.unwrap();
    assert!(
        matches!(again, BlockOutcome::Repeated(Lookup::Replay(_))),
        "{again:?}"
    );
    house.is_sound().await;
}

fn published(show_id: ShowId, published: bool) -> CatalogChange {
    CatalogChange {
        published: vec![(show_id, published)],
        ..CatalogChange::default()
    }
}

fn delete(show_id: ShowId) -> CatalogChange {
    CatalogChange {
        deleted_shows: vec![show_id],
        ..CatalogChange::default()
    }
}

/// A show of which only seats were blocked was never sold: it may go. Once a seat was held it stays.
pub async fn a_show_with_blocked_seats_alone_may_go(engine: &impl Engine) {
    let house = House::open(engine).await;
    let elsewhere = BlockSeats {
        show_id: second_show(),
        ..block(1, &[1, 2], true)
    };
    assert_eq!(house.store.block_seats(elsewhere).await.unwrap(), done(2));
    assert_eq!(apply(&*house.store, delete(second_show())).await.deleted, 1);

    house.block(2, &[1]).await;
    house.held(1, &[5]).await;
    house.unblock(3, &[1]).await;
    let outcome = house
        .store
        .apply(delete(first_show()), start())
        .await
        .unwrap();
    assert_eq!(outcome, Err(CatalogRefusal::ShowHasBookings(first_show())));
    let report = house.store.verify(start()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// A withdrawn show cannot be booked, one with seats held or sold is not withdrawn, and of both at once one happens.
pub async fn withdrawing_and_holding_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.block(1, &[39]).await;
    assert_eq!(
        apply(&*house.store, published(first_show(), false))
            .await
            .changed,
        1
    );
    let outcome = house.hold(&booking(1, first_show(), &[1])).await;
    assert_eq!(outcome, HoldOutcome::NoShow);
    apply(&*house.store, published(first_show(), true)).await;
    house.held(1, &[1]).await;
    let refused = house.store.apply(published(first_show(), false), start());
    let refused = refused.await.unwrap();
    assert_eq!(refused, Err(CatalogRefusal::ShowHasSeats(first_show())));

    for round in 0..20_u32 {
        let mut other = show(1, 100 + round, 1, 40 + i64::from(round) * 3, 1, CAPACITY);
        other.external_id = format!("race {round}");
        let id = other.show_id;
        let change = CatalogChange {
            shows: vec![other],
            ..CatalogChange::default()
        };
        apply(&*house.store, change).await;
        let wanted = booking(100 + round, id, &[1]);
        let withdraw = house.store.apply(published(id, false), start());
        let (held, withdrawn) = tokio::join!(house.hold(&wanted), withdraw);
        let held = matches!(held, HoldOutcome::Held { .. });
        let withdrawn = withdrawn.unwrap().is_ok();
        assert!(
            held != withdrawn,
            "round {round}: held {held}, withdrawn {withdrawn}"
        );
    }
    house.is_sound().await;
}

/// What staff may not do to a show with seats taken: put it on another screen. And its theater keeps its currency, also
/// in an import.
pub async fn a_show_with_seats_stays_where_it_is(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.held(1, &[1]).await;
    let moved = CatalogChange {
        shows: vec![show(1, 1, 2, 20, 1, CAPACITY)],
        strict: true,
        ..CatalogChange::default()
    };
    let outcome = house.store.apply(moved, start()).await.unwrap();
    assert_eq!(outcome, Err(CatalogRefusal::ShowHasSeats(first_show())));
    // Later on the same screen is fine.
    let later = CatalogChange {
        shows: vec![show(1, 1, 1, 20, 1, CAPACITY)],
        strict: true,
        ..CatalogChange::default()
    };
    assert_eq!(apply(&*house.store, later).await.changed, 1);
    let mut dearer = theater(1, 1, CAPACITY);
    dearer.currency = Currency::new(*b"SEK");
    let mut elsewhere = theater(1, 1, CAPACITY);
    elsewhere.time_zone = "Europe/Stockholm".parse().unwrap();
    for theater in [dearer, elsewhere] {
        let change = CatalogChange {
            seat_maps: vec![("map-1".into(), seat_map(1, 4))],
            theaters: vec![theater],
            ..CatalogChange::default()
        };
        let outcome = house.store.apply(change, start()).await.unwrap();
        assert_eq!(
            outcome,
            Err(CatalogRefusal::TheaterHasBookings(theater_id(1)))
        );
    }
    house.is_sound().await;
}
