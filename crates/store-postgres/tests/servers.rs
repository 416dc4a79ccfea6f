//! Several servers on one database: they contend for the same seats, hear of each other's changes, lose the database
//! and find it again.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod support;

use chrono::TimeDelta;
use matinee_domain::promo::Promo;
use matinee_store::{
    AccountStore as _, BookingStore as _, GiftStore as _, Maintenance as _, OutboxStore as _,
    PromoStore as _, SeatFeed, ShowChange,
    bookings::{HoldLimits, HoldOutcome, Owner, SeatsEffect, StepOutcome},
    conformance::fixtures::{apply, catalog, start},
    feed::{NoFeed, SeatState},
    idempotency::Lookup,
};
use matinee_store_postgres::{Locking, PostgresOptions, PostgresStore};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{
    CAPACITY, cancel_gift, gift, gift_id, hold, keyed, migrated, pay_with_gift, promo, release,
    show,
};

/// A mirror of one show, as a server keeps it for its viewers.
#[derive(Default)]
struct Mirror(Mutex<(u64, BTreeMap<u16, SeatState>)>);

impl SeatFeed for Mirror {
    fn committed(&self, changes: &[ShowChange]) {
        let mut mirror = self.0.lock().unwrap();
        for change in changes.iter().filter(|change| change.show_id == show()) {
            if change.version <= mirror.0 {
                continue;
            }
            mirror.0 = change.version;
            mirror
                .1
                .extend(change.changes.iter().map(|(seat, state)| (seat.0, *state)));
        }
    }
}

impl Mirror {
    /// What the server would show: only seats with a row.
    fn seats(&self) -> BTreeMap<u16, SeatState> {
        let mut seats = self.0.lock().unwrap().1.clone();
        seats.retain(|_, state| *state != SeatState::Available);
        seats
    }
}

async fn open(url: &str, feed: Arc<dyn SeatFeed>, locking: Locking) -> Arc<PostgresStore> {
    let options = PostgresOptions {
        locking,
        ..PostgresOptions::new(url, feed)
    };
    Arc::new(PostgresStore::open(options).await.unwrap())
}

async fn snapshot(store: &PostgresStore) -> BTreeMap<u16, SeatState> {
    let found = store.seats(show()).await.unwrap().unwrap();
    found
        .seats
        .into_iter()
        .map(|(seat, state)| (seat.0, state))
        .collect()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Buyers on two servers want the same seats, again and again: nobody gets another's, and both servers' viewers end
/// with what is there.
async fn contend(name: &str, locking: [Locking; 2]) {
    let url = migrated(name).await;
    let mirrors = [Arc::new(Mirror::default()), Arc::new(Mirror::default())];
    let mut stores = vec![];
    for (mirror, locking) in mirrors.iter().zip(locking) {
        stores.push(open(&url, Arc::clone(mirror) as _, locking).await);
    }
    apply(&*stores[0], catalog()).await;
    for store in &stores {
        store.seats(show()).await.unwrap();
    }
    let mut buyers = tokio::task::JoinSet::new();
    for buyer in 0..40_u32 {
        let store = Arc::clone(&stores[buyer as usize % 2]);
        buyers.spawn(async move {
            let mut kept = vec![];
            for attempt in 0..25_u32 {
                let number = buyer * 100 + attempt;
                let first = ((number * 7919) % u32::from(CAPACITY)) as u16;
                let seats = [first, (first + 1) % CAPACITY];
                let wanted = hold(number, &seats);
                let booking = wanted.booking.clone();
                match store.hold_seats(wanted).await.unwrap() {
                    HoldOutcome::Held { .. } if attempt % 3 == 0 => kept.extend(seats),
                    HoldOutcome::Held { .. } => {
                        let done = store.step(release(&booking)).await.unwrap();
                        assert_eq!(done, StepOutcome::Done { version: 2 });
                    }
                    HoldOutcome::SeatsTaken(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            kept
        });
    }
    let mut kept: Vec<u16> = buyers.join_all().await.into_iter().flatten().collect();
    kept.sort_unstable();
    let held: Vec<u16> = snapshot(&stores[0]).await.into_keys().collect();
    assert_eq!(kept, held, "a seat was given to two, or lost");
    for (store, mirror) in stores.iter().zip(&mirrors) {
        let there = snapshot(store).await;
        until("a mirror that shows what is there", || {
            mirror.seats() == there
        })
        .await;
        let report = store.verify(start()).await.unwrap();
        assert_eq!(report.violations, vec![]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_optimistic_servers_contend() {
    contend("two_optimistic_servers_contend", [Locking::Optimistic; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pessimistic_servers_contend() {
    contend("two_pessimistic_servers_contend", [Locking::Pessimistic; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_may_lock_differently() {
    contend(
        "servers_may_lock_differently",
        [Locking::Optimistic, Locking::Pessimistic],
    )
    .await;
}

/// The same key on two servers at once is one booking; the other server repeats the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_on_two_servers_is_one_booking() {
    let url = migrated("one_key_on_two_servers").await;
    let one = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    let two = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    apply(&*one, catalog()).await;
    for number in 0..20_u32 {
        let seat = number as u16;
        let (a, b) = tokio::join!(
            one.hold_seats(keyed(number * 2, &[seat], number)),
            two.hold_seats(keyed(number * 2 + 1, &[seat], number))
        );
        let mut outcomes = [a.unwrap(), b.unwrap()];
        outcomes.sort_by_key(|outcome| matches!(outcome, HoldOutcome::Repeated(_)));
        assert!(
            matches!(outcomes[0], HoldOutcome::Held { .. }),
            "{outcomes:?}"
        );
        assert!(
            matches!(outcomes[1], HoldOutcome::Repeated(Lookup::Replay(_))),
            "{outcomes:?}"
        );
    }
}

/// A caller cannot have more unpaid seats by asking several servers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_across_servers() {
    let url = migrated("limits_hold_across_servers").await;
    let one = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    let two = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    apply(&*one, catalog()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40_u32 {
        let store = Arc::clone(if number % 2 == 0 { &one } else { &two });
        tasks.spawn(async move {
            let mut wanted = hold(number, &[number as u16]);
            wanted.booking.caller = [9; 16];
            wanted.limits = HoldLimits {
                unpaid_seats: Some(5),
                expiries: None,
            };
            store.hold_seats(wanted).await.unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    let held = outcomes
        .iter()
        .filter(|o| matches!(o, HoldOutcome::Held { .. }))
        .count();
    assert_eq!(held, 5, "{outcomes:?}");
    assert_eq!(snapshot(&one).await.len(), 5);
}

/// A code is used as often as it may be, however many servers are asked, and what is given back on one is to be had on
/// the other.
async fn use_up(name: &str, locking: [Locking; 2]) {
    let url = migrated(name).await;
    let [one, two] = locking;
    let one = open(&url, Arc::new(NoFeed), one).await;
    let two = open(&url, Arc::new(NoFeed), two).await;
    apply(&*one, catalog()).await;
    let added = one.add_promo(show().theater(), promo(), start()).await;
    assert!(added.unwrap());
    let mut last = None;
    for round in 0..4_u32 {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40_u32 {
            let store = Arc::clone(if number % 2 == 0 { &one } else { &two });
            tasks.spawn(async move {
                let mut wanted = hold(round * 100 + number, &[number as u16]);
                wanted.booking.promo = Some(promo().code);
                let booking = wanted.booking.clone();
                match store.hold_seats(wanted).await.unwrap() {
                    HoldOutcome::Held { .. } => Some((store, booking)),
                    HoldOutcome::PromoGone => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let won: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 5);
        let row = two.promo(show().theater(), &promo().code).await.unwrap();
        assert_eq!(row.unwrap().used, 5);
        assert_eq!(one.verify(start()).await.unwrap().violations, vec![]);
        // Each is let go on the server that did not hold it.
        for (store, booking) in won {
            let other = if Arc::ptr_eq(&store, &one) {
                &two
            } else {
                &one
            };
            let done = other.step(release(&booking)).await.unwrap();
            assert_eq!(done, StepOutcome::Done { version: 2 });
        }
        last = one.promo(show().theater(), &promo().code).await.unwrap();
    }
    assert_eq!(last.unwrap().used, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_up_across_optimistic_servers() {
    use_up("a_code_is_used_up_optimistic", [Locking::Optimistic; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_up_across_servers_that_lock_differently() {
    use_up(
        "a_code_is_used_up_mixed",
        [Locking::Optimistic, Locking::Pessimistic],
    )
    .await;
}

/// One customer asks two servers at once, over and over: the code is theirs once, whoever answers.
async fn use_once(name: &str, locking: [Locking; 2]) {
    let url = migrated(name).await;
    let [one, two] = locking;
    let one = open(&url, Arc::new(NoFeed), one).await;
    let two = open(&url, Arc::new(NoFeed), two).await;
    apply(&*one, catalog()).await;
    let code = Promo {
        max_uses: None,
        uses_per_customer: Some(1),
        ..promo()
    };
    let added = one.add_promo(show().theater(), code, start()).await;
    assert!(added.unwrap());
    for round in 0..4_u32 {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20_u32 {
            let store = Arc::clone(if number % 2 == 0 { &one } else { &two });
            tasks.spawn(async move {
                let mut wanted = hold(round * 100 + number, &[number as u16]);
                wanted.booking.promo = Some(promo().code);
                let email = Some("ann@example.org".into());
                wanted.booking.owner = Owner::Guest { email };
                let booking = wanted.booking.clone();
                match store.hold_seats(wanted).await.unwrap() {
                    HoldOutcome::Held { .. } => Some((store, booking)),
                    HoldOutcome::PromoUsedByCustomer => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let won: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(one.verify(start()).await.unwrap().violations, vec![]);
        for (store, booking) in won {
            let is_one = Arc::ptr_eq(&store, &one);
            let other = if is_one { &two } else { &one };
            let done = other.step(release(&booking)).await.unwrap();
            assert_eq!(done, StepOutcome::Done { version: 2 });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_uses_a_code_once_across_optimistic_servers() {
    use_once(
        "a_customer_uses_a_code_optimistic",
        [Locking::Optimistic; 2],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_uses_a_code_once_across_servers_that_lock_differently() {
    use_once(
        "a_customer_uses_a_code_mixed",
        [Locking::Optimistic, Locking::Pessimistic],
    )
    .await;
}

/// A card is spent once, however many servers are asked, and what comes back on one is to be had on the other.
async fn spend(name: &str, locking: [Locking; 2]) {
    let url = migrated(name).await;
    let [one, two] = locking;
    let one = open(&url, Arc::new(NoFeed), one).await;
    let two = open(&url, Arc::new(NoFeed), two).await;
    apply(&*one, catalog()).await;
    one.issue_gifts(vec![gift()], start()).await.unwrap();
    let balance = async |store: &PostgresStore| {
        let row = store.gift(gift_id()).await.unwrap().unwrap();
        row.card.balance.amount_minor
    };
    for round in 0..4_u32 {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20_u32 {
            let store = Arc::clone(if number % 2 == 0 { &one } else { &two });
            tasks.spawn(async move {
                let wanted = hold(round * 100 + number, &[number as u16]);
                let booking = wanted.booking.clone();
                let held = store.hold_seats(wanted).await.unwrap();
                assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
                match store.step(pay_with_gift(&booking)).await.unwrap() {
                    StepOutcome::Done { .. } => (store, booking, true),
                    StepOutcome::GiftGone => (store, booking, false),
                    other => panic!("{other:?}"),
                }
            });
        }
        let all = tasks.join_all().await;
        // Fifty euros are three tickets of fifteen and a rest.
        assert_eq!(all.iter().filter(|(_, _, won)| *won).count(), 3);
        assert_eq!(balance(&two).await, 500);
        assert_eq!(one.verify(start()).await.unwrap().violations, vec![]);
        // Each is let go on the server that did not hold it.
        for (store, booking, won) in all {
            let other = if Arc::ptr_eq(&store, &one) {
                &two
            } else {
                &one
            };
            let step = if won {
                cancel_gift(&booking)
            } else {
                release(&booking)
            };
            let done = other.step(step).await.unwrap();
            assert!(matches!(done, StepOutcome::Done { .. }), "{done:?}");
        }
        assert_eq!(balance(&one).await, 5000);
    }
    assert_eq!(two.verify(start()).await.unwrap().violations, vec![]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_spent_once_across_optimistic_servers() {
    spend("a_card_is_spent_optimistic", [Locking::Optimistic; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_spent_once_across_servers_that_lock_differently() {
    spend(
        "a_card_is_spent_mixed",
        [Locking::Optimistic, Locking::Pessimistic],
    )
    .await;
}

/// A seat that is held on one server is seen by the viewers of the other at once, and so is its release.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_another_server_see_a_change() {
    let url = migrated("viewers_of_another_server").await;
    let mirror = Arc::new(Mirror::default());
    let one = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    let two = open(&url, Arc::clone(&mirror) as _, Locking::Optimistic).await;
    apply(&*one, catalog()).await;
    assert_eq!(snapshot(&two).await.len(), 0);
    // Until the second server listens, changes reach it by the sweep.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let wanted = hold(1, &[3, 4]);
    let booking = wanted.booking.clone();
    let begun = Instant::now();
    one.hold_seats(wanted).await.unwrap();
    until("the held seats", || mirror.seats().len() == 2).await;
    let took = begun.elapsed();
    assert!(
        took < Duration::from_millis(900),
        "{took:?}: not by notification"
    );
    one.step(release(&booking)).await.unwrap();
    until("the free seats", || mirror.seats().is_empty()).await;
    // A change of its own after one of the other's brings both.
    one.hold_seats(hold(2, &[7])).await.unwrap();
    two.hold_seats(hold(3, &[8])).await.unwrap();
    let there = mirror.seats();
    let wanted: Vec<u16> = there.keys().copied().collect();
    assert_eq!(wanted, [7, 8], "told before the answer, nothing left out");
}

/// Nobody needs notifications: what a listener missed is found by the sweep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_was_away_catches_up() {
    let url = migrated("a_listener_that_was_away").await;
    let mirror = Arc::new(Mirror::default());
    let one = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    let two = open(&url, Arc::clone(&mirror) as _, Locking::Optimistic).await;
    apply(&*one, catalog()).await;
    snapshot(&two).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = 'a_listener_that_was_away' AND query LIKE 'LISTEN%'";
    postgres::Postgres::shared().sql("postgres", kill);
    one.hold_seats(hold(1, &[3])).await.unwrap();
    until("the held seat", || mirror.seats().len() == 1).await;
}

/// An account's change of a booking is seen by a step decided before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_joined_an_account_is_decided_again() {
    let url = migrated("a_booking_that_joined_an_account").await;
    let store = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    apply(&*store, catalog()).await;
    let user = support::user(1, "aino@example.org");
    let id = user.user_id;
    store.add_user(user).await.unwrap();
    let mut wanted = hold(1, &[1]);
    wanted.booking.owner = matinee_store::bookings::Owner::Guest {
        email: Some("Aino@example.org".into()),
    };
    let booking = wanted.booking.clone();
    store.hold_seats(wanted).await.unwrap();
    store.verify_email(id).await.unwrap();
    assert_eq!(
        store.step(release(&booking)).await.unwrap(),
        StepOutcome::Stale
    );
    let joined = store
        .booking(booking.booking_id)
        .await
        .unwrap()
        .unwrap()
        .booking;
    assert_eq!(
        (joined.version, &joined.owner),
        (2, &matinee_store::bookings::Owner::User(id))
    );
    let step = matinee_store::bookings::Step {
        seats: SeatsEffect::Free,
        ..release(&joined)
    };
    assert_eq!(
        store.step(step).await.unwrap(),
        StepOutcome::Done { version: 3 }
    );
}

/// A job belongs to one server until it falls silent.
#[tokio::test]
async fn a_job_has_one_holder() {
    let url = migrated("a_job_has_one_holder").await;
    let store = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    let lease =
        |holder: u8, millis| store.lease("expire", [holder; 16], TimeDelta::milliseconds(millis));
    assert!(lease(1, 400).await.unwrap());
    assert!(!lease(2, 400).await.unwrap());
    assert!(lease(1, 400).await.unwrap(), "the holder keeps it");
    assert!(
        store
            .lease("refunds", [2; 16], TimeDelta::seconds(1))
            .await
            .unwrap()
    );
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(lease(2, 400).await.unwrap(), "a silent holder loses it");
    assert!(!lease(1, 400).await.unwrap());
    let time = store.time().await.unwrap().unwrap();
    assert!((time - chrono::Utc::now()).abs() < TimeDelta::seconds(5));
}

/// People are told of a show's first move while an import on another server is moving it again: the second move is still
/// told, however the two meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_under_way_is_not_forgotten() {
    let url = migrated("a_move_that_is_under_way").await;
    let store = open(&url, Arc::new(NoFeed), Locking::Optimistic).await;
    apply(&*store, catalog()).await;
    let (import, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let (theater, own) = (show().theater(), show());
    let key: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
        [&&theater.as_bytes()[..], &&own.own()[..]];
    let noted = "INSERT INTO show_moves (theater, show, starts_before, mark) VALUES ($1, $2, 1, '\\x00112233445566778899aabbccddeeff')";
    import.execute(noted, &key).await.unwrap();
    let shows = catalog().shows;
    let first = shows.iter().find(|known| known.show_id == show()).unwrap();
    let told = first.start_time;
    import.batch_execute("BEGIN").await.unwrap();
    let moved =
        "UPDATE shows SET starts_at = starts_at + 60000000 WHERE theater = $1 AND show = $2";
    assert_eq!(import.execute(moved, &key).await.unwrap(), 1);
    let telling = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.show_move_told(show(), told).await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    import.batch_execute("COMMIT").await.unwrap();
    telling.await.unwrap().unwrap();
    let moves = store.show_moves(9).await.unwrap();
    let moves: Vec<_> = moves.iter().map(|m| (m.show_id, m.starts_before)).collect();
    assert_eq!(moves, [(show(), told)]);
}
