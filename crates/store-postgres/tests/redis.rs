//! Servers of one database that share a Redis: it carries what changed, keeps whole seat maps, and is never believed.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
#[path = "../../../tests/src/redis.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod redis;
mod support;

use matinee_domain::ids::ShowId;
use matinee_store::{
    BookingStore as _, Maintenance as _, SeatFeed, ShowChange,
    conformance::fixtures::{apply, catalog, show_id},
    feed::NoFeed,
};
use matinee_store_postgres::{PostgresOptions, PostgresStore, Redis, RedisAddress};
use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{hold, migrated, release, show};
use tokio_postgres::AsyncMessage;

/// Longest any wait may take before the test is called hung.
const HUNG: Duration = Duration::from_mins(1);

/// What a server was told.
#[derive(Default)]
struct Told(Mutex<Vec<ShowChange>>);

impl SeatFeed for Told {
    fn committed(&self, changes: &[ShowChange]) {
        self.0.lock().unwrap().extend_from_slice(changes);
    }
}

impl Told {
    fn last(&self, show: ShowId) -> Option<ShowChange> {
        let told = self.0.lock().unwrap();
        told.iter().rfind(|change| change.show_id == show).cloned()
    }
}

struct Opened {
    store: PostgresStore,
    redis: Redis,
}

async fn open(url: &str, redis: &redis::Redis, feed: Arc<dyn SeatFeed>) -> Opened {
    let address = RedisAddress::parse(&redis.url()).unwrap();
    let redis = Redis::start(&address).await.unwrap();
    let options = PostgresOptions {
        redis: Some(redis.clone()),
        ..PostgresOptions::new(url, feed)
    };
    let store = PostgresStore::open(options).await.unwrap();
    Opened { store, redis }
}

impl Opened {
    async fn seats(&self) -> Vec<u16> {
        let found = self.store.seats(show()).await.unwrap().unwrap();
        let mut seats: Vec<_> = found.seats.iter().map(|(seat, _)| seat.0).collect();
        seats.sort_unstable();
        seats
    }

    /// Reads until Redis was really asked, since a busy machine may not ask it in time.
    async fn seats_asked(&self, count: fn(&Redis) -> u64) -> Vec<u16> {
        let before = count(&self.redis);
        let begun = Instant::now();
        loop {
            let seats = self.seats().await;
            if count(&self.redis) > before {
                return seats;
            }
            assert!(begun.elapsed() < HUNG, "Redis is never asked");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HUNG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Every notification of a database from now on.
async fn notifications(url: &str) -> (tokio_postgres::Client, Arc<Mutex<Vec<String>>>) {
    let (client, mut connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message {
                into.lock().unwrap().push(notification.payload().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN matinee_seats").await.unwrap();
    (client, heard)
}

/// A change reaches the other server by Redis: PostgreSQL notified nobody, and the sweep does not look at a show that
/// nobody here looks at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_through_redis() {
    // On a machine so busy that Redis did not answer in time PostgreSQL is right to tell: that proves nothing.
    for attempt in 0..10 {
        let (redis, notified) = tell_and_hear(&format!("redis_carries_a_change_{attempt}")).await;
        if redis.failures() == 0 {
            assert_eq!(notified, ["the end"]);
            return;
        }
    }
    panic!("Redis never answers in time");
}

/// The Redis of the server that told, and what PostgreSQL notified of.
async fn tell_and_hear(database: &str) -> (Redis, Vec<String>) {
    let url = migrated(database).await;
    let server = redis::Redis::start().unwrap();
    let told = Arc::new(Told::default());
    let one = open(&url, &server, Arc::new(NoFeed)).await;
    let two = open(&url, &server, Arc::clone(&told) as _).await;
    apply(&one.store, catalog()).await;
    until("both listen", || {
        one.redis.is_subscribed() && two.redis.is_subscribed()
    })
    .await;
    let (client, notified) = notifications(&url).await;
    one.store.hold_seats(hold(1, &[3, 4])).await.unwrap();
    until("the other server counts them", || {
        told.last(show()).is_some()
    })
    .await;
    let change = told.last(show()).unwrap();
    assert_eq!(
        (change.taken, change.changes.len()),
        (2, 0),
        "not looked at"
    );
    // And once somebody looks, seat by seat.
    two.seats().await;
    let wanted = hold(2, &[7]);
    let booking = wanted.booking.clone();
    one.store.hold_seats(wanted).await.unwrap();
    one.store.step(release(&booking)).await.unwrap();
    one.store.hold_seats(hold(3, &[9])).await.unwrap();
    until("the other server shows them", || {
        told.last(show())
            .is_some_and(|change| change.taken == 3 && !change.changes.is_empty())
    })
    .await;
    // A connection hears in order: with this one everything before has come.
    client
        .batch_execute("SELECT pg_notify('matinee_seats', 'the end')")
        .await
        .unwrap();
    until("the end", || {
        let notified = notified.lock().unwrap();
        notified.last().is_some_and(|last| last == "the end")
    })
    .await;
    let notified = notified.lock().unwrap().clone();
    (one.redis, notified)
}

/// What stands in Redis' channel only says where to look: a forged message changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_message_is_not_believed() {
    let url = migrated("redis_forged_message").await;
    let server = redis::Redis::start().unwrap();
    let told = Arc::new(Told::default());
    let one = open(&url, &server, Arc::clone(&told) as _).await;
    apply(&one.store, catalog()).await;
    one.store.hold_seats(hold(1, &[3])).await.unwrap();
    until("it listens", || one.redis.is_subscribed()).await;
    let channel = channels(&server).pop().expect("there is a channel");
    let before = told.0.lock().unwrap().len();
    let true_one = told.last(show()).unwrap();
    let forged = format!(
        "stranger {}:999999:40 {}:5:x nonsense",
        show(),
        show_id(1, 2)
    );
    server
        .ask(&[b"PUBLISH", channel.as_bytes(), forged.as_bytes()])
        .unwrap();
    until("it is looked up", || told.0.lock().unwrap().len() > before).await;
    let change = told.last(show()).unwrap();
    assert_eq!(
        (change.version, change.taken),
        (true_one.version, 1),
        "what the database says"
    );
}

fn channels(server: &redis::Redis) -> Vec<String> {
    let Ok(redis::Reply::Many(channels)) = server.ask(&[b"PUBSUB", b"CHANNELS", b"matinee*"])
    else {
        return Vec::new();
    };
    let text = |reply| match reply {
        redis::Reply::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    channels.into_iter().map(text).collect()
}

/// One server reads a seat map from the database, the other takes it from Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_takes_the_seat_map() {
    let url = migrated("redis_keeps_a_seat_map").await;
    let server = redis::Redis::start().unwrap();
    let one = open(&url, &server, Arc::new(NoFeed)).await;
    apply(&one.store, catalog()).await;
    one.store.hold_seats(hold(1, &[3, 4])).await.unwrap();
    assert_eq!(one.seats_asked(Redis::misses).await, [3, 4]);
    until("it is kept", || server.keys().len() == 1).await;
    let two = open(&url, &server, Arc::new(NoFeed)).await;
    assert_eq!(two.seats_asked(Redis::hits).await, [3, 4]);
    // It is kept for a while, not for ever.
    let key = server.keys().remove(0);
    let ends = server.ask(&[b"TTL", key.as_bytes()]).unwrap();
    assert!(matches!(ends, redis::Reply::Number(1..=600)), "{ends:?}");
}

/// The only key, once its value is another than `old`.
async fn kept(server: &redis::Redis, old: Option<&[u8]>) -> (String, Vec<u8>) {
    let find = || {
        let key = server.keys().into_iter().next()?;
        let value = server.value(&key)?;
        (Some(&value[..]) != old).then_some((key, value))
    };
    until("a seat map is kept", || find().is_some()).await;
    find().unwrap()
}

/// What it had, right or wrong.
fn answered(redis: &Redis) -> u64 {
    redis.hits() + redis.misses()
}

/// A seat map of an older version, bytes that are none, and one of the right version but another epoch: all are there,
/// and none is taken for the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_planted_is_not_believed() {
    let url = migrated("redis_planted").await;
    let server = redis::Redis::start().unwrap();
    let one = open(&url, &server, Arc::new(NoFeed)).await;
    apply(&one.store, catalog()).await;
    one.store.hold_seats(hold(1, &[3])).await.unwrap();
    one.seats_asked(Redis::misses).await;
    let (key, stale) = kept(&server, None).await;

    one.store.hold_seats(hold(2, &[4])).await.unwrap();
    server.plant(&key, &stale);
    assert_eq!(one.seats_asked(answered).await, [3, 4], "a stale one");
    let (_, fresh) = kept(&server, Some(&stale)).await;

    let mut garbage = vec![b"".to_vec(), b"garbage".to_vec(), vec![0; 5_000_000]];
    garbage.push(fresh[..fresh.len() - 1].to_vec());
    garbage.extend((0..fresh.len()).step_by(5).map(|at| {
        let mut changed = fresh.clone();
        changed[at] ^= 4;
        changed
    }));
    for bytes in garbage {
        server.plant(&key, &bytes);
        assert_eq!(one.seats_asked(answered).await, [3, 4]);
        kept(&server, Some(&bytes)).await;
    }
    // A value of another kind is refused by Redis itself.
    server.ask(&[b"DEL", key.as_bytes()]).unwrap();
    server.ask(&[b"LPUSH", key.as_bytes(), b"x"]).unwrap();
    assert_eq!(one.seats_asked(Redis::failures).await, [3, 4]);
    server.ask(&[b"DEL", key.as_bytes()]).unwrap();

    // The database was set back to before the second hold, and had another since: the same version, other seats.
    let set_back =
        "UPDATE seats SET seat = 9 WHERE seat = 4; UPDATE sync_head SET epoch = epoch + 1";
    postgres::Postgres::shared().sql("redis_planted", set_back);
    server.plant(&key, &fresh);
    assert_eq!(one.seats_asked(answered).await, [3, 9], "under its key");
    until("both are kept", || server.keys().len() == 2).await;
    let of_now = server.keys().into_iter().find(|other| *other != key);
    server.plant(&of_now.unwrap(), &fresh);
    assert_eq!(one.seats_asked(answered).await, [3, 9], "under the other's");

    // A copy of a database has its epoch, its shows and its versions.
    one.store.close().await;
    let postgres = postgres::Postgres::shared();
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'redis_planted'";
    until("nobody is connected", || {
        postgres.sql("postgres", connected).trim() == "0"
    })
    .await;
    let copy = postgres.copy("redis_planted", "redis_planted_2");
    let other_seat = "UPDATE seats SET seat = 11 WHERE seat = 9";
    postgres.sql("redis_planted_2", other_seat);
    let two = open(&copy, &server, Arc::new(NoFeed)).await;
    assert_eq!(two.seats_asked(answered).await, [3, 11], "of a copy");
}
