//! Batching brings what it is for: many callers at once get far more done than one after the other, on one show. Not a
//! benchmark (`cargo xtask bench` is); it says what it saw.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod support;

use matinee_store::{
    BookingStore as _, Maintenance as _,
    bookings::HoldOutcome,
    conformance::fixtures::{apply, catalog, start},
    feed::NoFeed,
};
use matinee_store_postgres::{Locking, PostgresOptions, PostgresStore};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use support::{CAPACITY, keyed, migrated, release};

/// Callers that hold a seat and give it back, for a while; holds and releases per second.
async fn rate(store: &Arc<PostgresStore>, callers: u32, base: u32, for_so_long: Duration) -> f64 {
    let until = Instant::now() + for_so_long;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let (mut done, mut number) = (0_u32, base + caller * 10_000);
            while Instant::now() < until {
                number += 1;
                let seat = (caller % u32::from(CAPACITY)) as u16;
                let wanted = keyed(number, &[seat], number);
                let booking = wanted.booking.clone();
                let held = store.hold_seats(wanted).await.unwrap();
                done += 1;
                if matches!(held, HoldOutcome::Held { .. }) {
                    store.step(release(&booking)).await.unwrap();
                    done += 1;
                }
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_commits() {
    for locking in [Locking::Optimistic, Locking::Pessimistic] {
        let url = migrated(&format!("rate_{locking:?}").to_lowercase()).await;
        let options = PostgresOptions {
            locking,
            ..PostgresOptions::new(url, Arc::new(NoFeed))
        };
        let store = Arc::new(PostgresStore::open(options).await.unwrap());
        apply(&*store, catalog()).await;
        let so_long = Duration::from_millis(800);
        let alone = rate(&store, 1, 0, so_long).await;
        let together = rate(&store, 256, 1_000_000, so_long).await;
        println!("{locking:?}: one caller {alone:.0}/s, 256 callers on one show {together:.0}/s");
        assert!(together > alone * 3.0, "commits are not shared");
        assert_eq!(store.verify(start()).await.unwrap().violations, vec![]);
    }
}

/// A young database is looked at by its server, long before autovacuum comes round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_database_is_analysed() {
    let url = migrated("young").await;
    let options = PostgresOptions::new(url.clone(), Arc::new(NoFeed));
    let store = Arc::new(PostgresStore::open(options).await.unwrap());
    apply(&*store, catalog()).await;
    // Autovacuum would come too, some day.
    let asked = "ALTER TABLE bookings SET (autovacuum_enabled = off); SELECT reltuples FROM pg_class WHERE relname = 'bookings'";
    let postgres = postgres::Postgres::shared();
    let database = url.rsplit('/').next().unwrap();
    let unknown = || postgres.sql(database, asked).contains("-1");
    assert!(unknown(), "nobody looked yet");
    let given_up = Instant::now() + Duration::from_mins(1);
    while unknown() {
        assert!(Instant::now() < given_up, "nobody looked at the tables");
        rate(&store, 64, 0, Duration::from_millis(200)).await;
    }
}
