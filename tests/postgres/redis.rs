//! Servers that share a Redis besides the database: it goes away and comes back under load, and nobody notices but the
//! metrics. What it refuses is said at the start.

use super::{Running, demo, show, text, until, verify};
use futures_util::{Stream, StreamExt as _};
use matinee_tests::{
    Caller, Server, ServerOptions,
    redis::{Redis, Reply},
    server,
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Only a guard against hanging.
const HUNG: u64 = 60;

struct Measured {
    running: Running,
    metrics: SocketAddr,
}

fn start(database: &str, option: &str, value: &str) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let metrics = free.local_addr().unwrap();
    drop(free);
    let arguments = ["--metrics", &metrics.to_string(), option, value];
    let options = ServerOptions {
        database: Some(database.to_owned()),
        arguments: arguments.map(ToOwned::to_owned).to_vec(),
        ..ServerOptions::default()
    };
    let server = Server::start_in(folder.path(), &options).unwrap();
    let running = Running {
        server,
        _folder: folder,
    };
    Measured { running, metrics }
}

impl Measured {
    /// A number of its metrics.
    fn number(&self, name: &str) -> f64 {
        let mut socket = TcpStream::connect(self.metrics).unwrap();
        write!(
            socket,
            "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.metrics
        )
        .unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let mut lines = text.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    fn is(&self, up: bool) -> bool {
        let wanted = if up { 1.0 } else { 0.0 };
        ["matinee_redis_up", "matinee_redis_subscribed"]
            .iter()
            .all(|name| (self.number(name) - wanted).abs() < f64::EPSILON)
    }
}

/// Holds a seat that nobody else wants and gives it back, again and again; how often.
async fn trade(caller: Caller, show: String, seat: String, stop: Arc<AtomicBool>) -> u32 {
    let mut times = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = json!({ "show_id": show, "seat_ids": [seat] });
        let booking = caller.post("/book", body).await.expect(201).json();
        let guest = caller.with_token(text(&booking, "guest_token"));
        let path = format!("/bookings/{}", text(&booking, "booking_id"));
        let given_back = guest.delete(&path).await;
        assert!(matches!(given_back.status, 200 | 204), "{given_back:?}");
        times += 1;
    }
    times
}

/// Holds another seat for good and waits until a viewer's stream tells of it.
async fn seen<B: AsRef<[u8]>>(
    seller: &Caller,
    show: &str,
    live: &mut (impl Stream<Item = reqwest::Result<B>> + Unpin),
) {
    let (booking, _) = seller.hold(show, 2).await;
    let seat = text(&booking["seats"][0], "seat_id").to_owned();
    let mut heard = String::new();
    let told = tokio::time::timeout(Duration::from_secs(HUNG), async {
        while !tells_of(&heard, &seat) {
            let more = live.next().await.unwrap().unwrap();
            heard.push_str(&String::from_utf8_lossy(more.as_ref()));
        }
    });
    told.await.expect("a viewer of the other server is told");
}

/// A stream has this seat as held.
fn tells_of(heard: &str, seat: &str) -> bool {
    let events = heard
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let mut seats = events.flat_map(|event| {
        let of = |member: &str| event[member].as_array().cloned().unwrap_or_default();
        [of("seats"), of("changes")].concat()
    });
    seats.any(|there| there["seat_id"] == seat && there["status"] == "held")
}

async fn map(caller: &Caller, show: &str) -> Value {
    let answer = caller.get(&format!("/shows/{show}/seats")).await;
    answer.expect(200).json()["seats"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_goes_and_comes_back_under_load() {
    let url = demo("redis_goes");
    let mut redis = Redis::start().unwrap();
    let [one, two] = [(); 2].map(|()| start(&url, "--redis", &redis.url()));
    until(HUNG, "both use Redis", || async {
        one.is(true) && two.is(true)
    })
    .await;
    let [first, second] = [&one, &two].map(|server| server.running.server.caller());
    let show = show(&first).await;
    let live = second.open(&format!("/shows/{show}/seats/live")).await;
    let mut live = live.bytes_stream();
    let stop = Arc::new(AtomicBool::new(false));
    let mut traders = tokio::task::JoinSet::new();
    let seats = map(&first, &show).await;
    let seats = seats.as_array().unwrap();
    for (caller, seat) in [(&first, seats.first()), (&second, seats.last())] {
        let seat = text(seat.unwrap(), "seat_id").to_owned();
        let (caller, show) = (caller.clone(), show.clone());
        traders.spawn(trade(caller, show, seat, Arc::clone(&stop)));
    }

    let heard = two.number("matinee_redis_heard_total");
    seen(&first, &show, &mut live).await;
    until(HUNG, "news comes by Redis", || async {
        two.number("matinee_redis_heard_total") > heard
    })
    .await;

    redis.kill();
    until(HUNG, "both noticed", || async {
        one.is(false) && two.is(false)
    })
    .await;
    assert!(one.number("matinee_redis_failures_total") > 0.0);
    for _ in 0..3 {
        seen(&first, &show, &mut live).await;
    }
    first.get("//readyz").await.expect(200);

    redis.run().unwrap();
    until(HUNG, "both use it again", || async {
        one.is(true) && two.is(true)
    })
    .await;
    let heard = two.number("matinee_redis_heard_total");
    seen(&first, &show, &mut live).await;
    until(HUNG, "news comes by Redis again", || async {
        two.number("matinee_redis_heard_total") > heard
    })
    .await;

    redis.freeze(true).unwrap();
    until(HUNG, "both noticed that it hangs", || async {
        [&one, &two].map(|server| server.number("matinee_redis_up")) == [0.0, 0.0]
    })
    .await;
    seen(&first, &show, &mut live).await;
    redis.freeze(false).unwrap();
    until(HUNG, "both use it once more", || async {
        one.is(true) && two.is(true)
    })
    .await;
    seen(&first, &show, &mut live).await;

    stop.store(true, Ordering::Relaxed);
    // Each panicked at its first failure.
    for times in traders.join_all().await {
        assert!(times > 0);
    }
    until(HUNG, "both show the same seats", || async {
        map(&first, &show).await == map(&second, &show).await
    })
    .await;
    verify(&url);
}

/// A server that starts while Redis is away sells, and uses it once it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_come_later() {
    let url = demo("redis_later");
    let mut redis = Redis::start().unwrap();
    redis.kill();
    let server = start(&url, "--redis", &redis.url());
    let caller = server.running.server.caller();
    caller.hold(&show(&caller).await, 2).await;
    let log = server.running.server.log();
    assert!(log.contains("Redis cannot be reached"), "{log}");
    redis.run().unwrap();
    until(HUNG, "it is used", || async { server.is(true) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_refuses_is_said_at_the_start() {
    let url = demo("redis_refuses");
    let redis = Redis::start_with(Some("right")).unwrap();
    let port = redis.port();
    for (address, words) in [
        (
            format!("redis://:hunter2@127.0.0.1:{port}"),
            "the user or the password is wrong",
        ),
        (
            format!("redis://127.0.0.1:{port}"),
            "it asks for a password",
        ),
        (
            format!("redis://:right@127.0.0.1:{port}/99"),
            "out of range",
        ),
        (
            format!("127.0.0.1:{port}"),
            "--redis: an address is expected",
        ),
        (
            "redis://:hunter2@127.0.0.1:port".into(),
            "--redis: an address is expected",
        ),
        (format!("rediss://:hunter2@127.0.0.1:{port}"), "rediss:"),
    ] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--redis", &address];
        let (status, said) = server::run_on(&url, &arguments).unwrap();
        assert!(
            !status.success() && said.contains(words),
            "{address}: {said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    let file = tempfile::tempdir().unwrap();
    let of_a_file = server::database(file.path());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--redis", &redis.url()];
    let (status, said) = server::run_on(&of_a_file, &arguments).unwrap();
    assert!(
        !status.success() && said.contains("several servers"),
        "{said}"
    );
    // The right one is used, here from the options' file; and a user that may do only what is needed will do.
    let rights = "ACL SETUSER seller on >few resetkeys ~matinee:* resetchannels &matinee_seats:* \
         +getrange +set +publish +subscribe +ping +select";
    let rights: Vec<_> = rights.split_whitespace().map(str::as_bytes).collect();
    redis.ask(&rights).unwrap();
    for command in ["GETRANGE matinee:x 0 9", "SET matinee:x y EX 600"] {
        let mut words: Vec<&[u8]> = vec![b"ACL", b"DRYRUN", b"seller"];
        words.extend(command.split(' ').map(str::as_bytes));
        assert_eq!(redis.ask(&words).unwrap(), Reply::Text("OK".into()));
    }
    let limited = format!("redis://seller:few@127.0.0.1:{port}/0");
    let started = start(&url, "--redis", &limited);
    let caller = started.running.server.caller();
    until(HUNG, "it is used", || async { started.is(true) }).await;
    caller.hold(&show(&caller).await, 2).await;
    until(HUNG, "it hears itself", || async {
        started.number("matinee_redis_heard_total") > 0.0
    })
    .await;
    drop(started);
    let options = file.path().join("options.toml");
    std::fs::write(&options, format!("redis = \"{}\"\n", redis.url())).unwrap();
    let started = start(&url, "--config", &options.to_string_lossy());
    until(HUNG, "it is used", || async { started.is(true) }).await;
}
