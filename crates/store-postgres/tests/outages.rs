//! The database breaks, is out of reach, or is none of ours: every request gets an answer, and nothing is lost.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod support;

use matinee_store::{
    BookingStore as _, Maintenance as _, StoreError,
    bookings::{HoldOutcome, StepOutcome},
    conformance::fixtures::{apply, catalog, start},
    feed::NoFeed,
    idempotency::Lookup,
};
use matinee_store_postgres::{PostgresOptions, PostgresStore};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use support::{CAPACITY, hold, keyed, migrated, release, show};

async fn open(url: &str) -> Arc<PostgresStore> {
    let options = PostgresOptions::new(url, Arc::new(NoFeed));
    Arc::new(PostgresStore::open(options).await.unwrap())
}

/// Connections that break under load: every request gets an answer, the store goes on by itself, and what was
/// acknowledged is there. A request that was told "away" can be asked again with its key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_lose_nothing() {
    let url = migrated("broken_connections_lose_nothing").await;
    let store = open(&url).await;
    apply(&*store, catalog()).await;
    let killer = tokio::task::spawn_blocking(|| {
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(120));
            let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = 'broken_connections_lose_nothing' AND pid <> pg_backend_pid()";
            postgres::Postgres::shared().sql("postgres", kill);
        }
    });
    let mut buyers = tokio::task::JoinSet::new();
    for seat in 0..CAPACITY {
        let store = Arc::clone(&store);
        buyers.spawn(async move {
            let mut away = 0;
            for round in 0..30_u32 {
                let number = u32::from(seat) * 100 + round;
                // Asked with one key until there is an answer.
                let booking = loop {
                    let wanted = keyed(number, &[seat], number);
                    let booking = wanted.booking.clone();
                    match store.hold_seats(wanted).await {
                        Ok(HoldOutcome::Held { .. } | HoldOutcome::Repeated(Lookup::Replay(_))) => {
                            break booking;
                        }
                        Err(StoreError::Unavailable(_) | StoreError::Overloaded) => {
                            away += 1;
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                        other => panic!("{other:?}"),
                    }
                };
                loop {
                    match store.step(release(&booking)).await {
                        // Stale: the step whose answer was lost had been done.
                        Ok(StepOutcome::Done { .. } | StepOutcome::Stale) => break,
                        Err(StoreError::Unavailable(_) | StoreError::Overloaded) => {
                            away += 1;
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                        other => panic!("{other:?}"),
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            away
        });
    }
    let away: u32 = buyers.join_all().await.into_iter().sum();
    killer.await.unwrap();
    println!("{away} requests were told that the database is away");
    assert!(away > 0, "no connection broke under a request");
    let left = store.seats(show()).await.unwrap().unwrap();
    assert_eq!(left.seats, vec![]);
    let report = store.verify(start()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// A database that is out of reach is said to be, quickly, and is found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_out_of_reach_is_said_to_be() {
    let url = migrated("a_database_out_of_reach").await;
    let port = postgres::Postgres::shared().port();
    let cable = postgres::Cable::to(port).unwrap();
    let far = url.replace(&format!(":{port}/"), &format!(":{}/", cable.port()));
    let store = open(&far).await;
    apply(&*store, catalog()).await;
    store.hold_seats(hold(1, &[1])).await.unwrap();
    cable.cut();
    let begun = Instant::now();
    let away = store.hold_seats(hold(2, &[2])).await;
    assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    assert!(matches!(
        store.ping().await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    cable.mend();
    let back = store.hold_seats(hold(3, &[3])).await;
    assert!(matches!(back, Ok(HoldOutcome::Held { .. })), "{back:?}");
    store.ping().await.unwrap();
}

/// A deadlock with somebody else ends with the lane's batch done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_run_again() {
    let url = migrated("a_deadlock_is_run_again").await;
    let store = open(&url).await;
    apply(&*store, catalog()).await;
    let server = postgres::Postgres::shared();
    // Holds the show's row, waits until the lane holds seats and waits for the show, then wants one of those seats.
    let other = tokio::task::spawn_blocking(move || {
        let waits = "BEGIN; SET LOCAL deadlock_timeout = '20s'; SELECT 1 FROM show_state FOR UPDATE; \
             SELECT pg_sleep(1); \
             INSERT INTO seats (theater, show, seat, state) SELECT theater, show, 5, 3 FROM show_state LIMIT 1; \
             ROLLBACK";
        server.sql("a_deadlock_is_run_again", waits)
    });
    let sleeps = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = 'a_deadlock_is_run_again' AND wait_event = 'PgSleep'";
    let asleep = tokio::task::spawn_blocking(move || {
        while server.sql("postgres", sleeps).trim() != "1" {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    asleep.await.unwrap();
    let outcome = store.hold_seats(hold(1, &[5])).await.unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    other.await.unwrap();
    let log = server.log();
    assert!(
        log.contains("deadlock detected"),
        "there was no deadlock: {log}"
    );
    let report = store.verify(start()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// What is not a database for this program is refused, and says why.
#[tokio::test]
async fn an_unfit_database_is_refused() {
    let server = postgres::Postgres::shared();
    let url = migrated("an_unfit_database_newer").await;
    server.sql(
        "an_unfit_database_newer",
        "INSERT INTO migrations VALUES (99, 'later', 'x')",
    );
    let open = |url: String| PostgresStore::open(PostgresOptions::new(url, Arc::new(NoFeed)));
    let newer = open(url).await;
    assert!(matches!(newer, Err(StoreError::TooNew { .. })), "{newer:?}");

    let url = migrated("an_unfit_database_edited").await;
    server.sql(
        "an_unfit_database_edited",
        "UPDATE migrations SET sql = sql || ' ' WHERE number = 1",
    );
    assert!(matches!(open(url).await, Err(StoreError::Engine(_))));

    let url = server.database("an_unfit_database_foreign");
    server.sql("an_unfit_database_foreign", "CREATE TABLE theirs (x int)");
    let foreign = open(url).await.unwrap_err().to_string();
    assert!(foreign.contains("another program"), "{foreign}");

    let nowhere = open(server.url("no_such_database")).await.unwrap_err();
    assert!(matches!(nowhere, StoreError::Unavailable(_)), "{nowhere}");
    let offline = PostgresStore::open_offline(&server.database("an_unfit_database_empty")).await;
    assert!(offline.unwrap_err().to_string().contains("serve it once"));
}

/// Reading beside servers changes nothing, and a rehearsed import leaves no trace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rehearsals_and_readers_change_nothing() {
    use matinee_store::CatalogStore as _;
    let url = migrated("rehearsals_change_nothing").await;
    let options = PostgresOptions {
        rehearse: true,
        ..PostgresOptions::new(&*url, Arc::new(NoFeed))
    };
    let rehearsal = PostgresStore::open(options).await.unwrap();
    let report = apply(&rehearsal, catalog()).await;
    assert_eq!(report.added, 9);
    assert!(rehearsal.is_empty().await.unwrap());
    let reader = PostgresStore::open_offline(&url).await.unwrap();
    assert!(matches!(
        reader.hold_seats(hold(1, &[1])).await,
        Err(StoreError::ReadOnly(_))
    ));
    assert!(matches!(
        reader.set_note("a", "b").await,
        Err(StoreError::ReadOnly(_))
    ));
    assert_eq!(reader.sync_head().await.unwrap().position, 0);
    assert!(
        reader
            .backup(std::path::Path::new("x"))
            .await
            .unwrap_err()
            .to_string()
            .contains("pg_dump")
    );
}
