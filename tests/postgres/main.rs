//! The server program on PostgreSQL: the whole way of a booking, several servers on one database, and the database
//! going away under them, a Redis beside it, and the move from the embedded engine.

mod apps;
mod moving;
mod redis;

use futures_util::StreamExt as _;
use matinee_tests::{
    Caller, Server, ServerOptions,
    postgres::{Cable, Postgres},
    server,
};
use serde_json::{Value, json};
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// A server on a database, with a folder of its own.
struct Running {
    server: Server,
    _folder: tempfile::TempDir,
}

fn start(database: &str) -> Running {
    start_with(database, &[])
}

fn start_with(database: &str, arguments: &[&str]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        database: Some(database.to_owned()),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        ..ServerOptions::default()
    };
    Running {
        server: Server::start_in(folder.path(), &options).unwrap(),
        _folder: folder,
    }
}

/// A database of this name with the demo, which is filled in once and copied.
fn demo(name: &str) -> String {
    static FILLED: OnceLock<()> = OnceLock::new();
    let postgres = Postgres::shared();
    FILLED.get_or_init(|| {
        let url = postgres.database("demo_of_all");
        let begun = Instant::now();
        let mut first = start(&url);
        println!("the demo took {:?}", begun.elapsed());
        assert!(first.server.stop().unwrap().success());
    });
    postgres.copy("demo_of_all", name)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is no text in {value}"))
}

/// The id of a show in a house of 60 seats or more that begins in a day or later.
async fn show(caller: &Caller) -> String {
    let theaters = caller
        .get("/theaters?q=spreebogen")
        .await
        .expect(200)
        .json();
    let theater = text(&theaters["items"][0], "theater_id").to_owned();
    let movies = caller
        .get(&format!("/theaters/{theater}/movies"))
        .await
        .expect(200)
        .json();
    let soon = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let shows = movies["items"].as_array().unwrap().iter();
    let mut shows = shows.flat_map(|movie| movie["shows"].as_array().unwrap().clone());
    let found = shows.find(|show| {
        text(show, "start_time") > soon.as_str() && show["seats_total"].as_u64() >= Some(60)
    });
    text(&found.expect("the demo has such a show"), "show_id").to_owned()
}

async fn status_of(caller: &Caller, show: &str, seat: &str) -> String {
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    let seats = map["seats"].as_array().unwrap();
    let found = seats.iter().find(|there| there["seat_id"] == seat);
    text(found.expect("the show has this seat"), "status").to_owned()
}

async fn until<F: Future<Output = bool>>(seconds: u64, what: &str, mut ask: impl FnMut() -> F) {
    let begun = Instant::now();
    while !ask().await {
        assert!(
            begun.elapsed() < Duration::from_secs(seconds),
            "still not: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn verify(database: &str) {
    let (status, report) = server::run_on(database, &["verify"]).unwrap();
    assert!(status.success(), "{report}");
    assert!(report.contains("every invariant holds"), "{report}");
}

/// Fifty buyers at two servers want a code of five uses: five have it, and what one lets go another gets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_as_often_as_it_may_be() {
    let url = demo("promo_codes");
    let servers = [start(&url), start(&url)];
    let promo = |line: &[&str]| {
        let (status, words) = server::run_on(&url, line).unwrap();
        assert!(status.success(), "{words}");
        words
    };
    let theater = ["--theater", "demo:spreebogen-berlin"];
    let add = ["promo", "add", "RUSH", "--amount", "1.00", "--uses", "5"];
    promo(&[&add[..], &theater].concat());
    let show = show(&servers[0].server.caller()).await;
    // A seat for each, so that the code is all they compete for.
    let map = servers[0].server.caller();
    let map = map.get(&format!("/shows/{show}/seats")).await.json();
    let free = map["seats"].as_array().unwrap().iter();
    let free = free.filter(|seat| seat["status"] == "available");
    let seats: Vec<_> = free.map(|seat| text(seat, "seat_id")).take(50).collect();
    assert_eq!(seats.len(), 50);
    for _ in 0..2 {
        let buyers = seats.iter().enumerate().map(|(buyer, seat)| {
            let caller = servers[buyer % 2].server.caller();
            let body = json!({ "show_id": show, "seat_ids": [seat], "promo_code": "rush" });
            async move { (caller.post("/book", body).await, caller) }
        });
        let answers = futures_util::future::join_all(buyers).await;
        let mut won = Vec::new();
        for (answer, caller) in answers {
            if answer.status == 201 {
                won.push((answer.json(), caller));
            } else {
                answer.expect_problem(422, "promo_invalid");
            }
        }
        assert_eq!(won.len(), 5);
        verify(&url);
        for (booking, caller) in won {
            let guest = caller.with_token(text(&booking, "guest_token"));
            let path = format!("/bookings/{}", text(&booking, "booking_id"));
            guest.delete(&path).await.expect(204);
        }
        let words = promo(&[&["promo", "list"][..], &theater].concat());
        assert!(words.contains("RUSH EUR 1.00, used 0 of 5"), "{words}");
    }
}

/// More deliveries are under way than there are connections, and more messages are claimed meanwhile: a delivery that holds a
/// connection and is not gone on with would keep the claim waiting for ever, and every request with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_never_starve_each_other_of_connections() {
    const BOUGHT: usize = 24;
    let url = demo("few_connections");
    let running = start_with(&url, &["--pg-connections", "2"]);
    let caller = running.server.caller();
    let show = show(&caller).await;
    let mut buyers = tokio::task::JoinSet::new();
    for _ in 0..BOUGHT {
        let (caller, show) = (caller.clone(), show.clone());
        buyers.spawn(async move {
            let body = json!({ "show_id": show, "best": 1, "guest_email": "guest@example.com" });
            // Two may have been offered the same seat.
            let held = loop {
                let held = caller.post("/book", body.clone()).await;
                if held.status == 201 {
                    break held.json();
                }
            };
            let guest = caller.with_token(text(&held, "guest_token"));
            let body =
                json!({ "booking_id": held["booking_id"], "payment_method": "pm_card_visa" });
            guest.post("/payment", body).await.expect(200);
        });
    }
    buyers.join_all().await;
    let mails = || running.server.mails().len();
    until(20, "every mail is written", async || mails() >= BOUGHT).await;
    caller.get("/theaters").await.expect(200);
}

/// Hold, change, pay, tickets, cancel, refund; an account; an import; and every invariant afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_goes_its_whole_way() {
    let url = demo("whole_way");
    let begun = Instant::now();
    let running = start(&url);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "a restart with the demo is quick"
    );
    let caller = running.server.caller();
    let show = show(&caller).await;

    let account = json!({ "email": "ada@example.com", "password": "correct horse battery staple", "name": "Ada" });
    let session = caller
        .post("/auth/register", account.clone())
        .await
        .expect(201)
        .json();
    caller
        .post("/auth/register", account)
        .await
        .expect_problem(409, "email_taken");
    let ada = caller.with_token(text(&session, "access_token"));

    let body = json!({ "show_id": show, "best": 2 });
    let keyed = ada.with_key("the whole way");
    let first = keyed.post("/book", body.clone()).await.expect(201);
    let again = keyed.post("/book", body).await.expect(201);
    assert_eq!(first.bytes, again.bytes, "the same key gets the same bytes");
    let booking = first.json();
    let other = json!({ "show_id": show, "best": 3 });
    keyed
        .post("/book", other)
        .await
        .expect_problem(422, "idempotency_key_reused");
    let seat = text(&booking["seats"][0], "seat_id").to_owned();
    let taken = json!({ "show_id": show, "seat_ids": [seat] });
    caller
        .post("/book", taken)
        .await
        .expect_problem(409, "seats_unavailable");

    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa_chargeDeclined" });
    ada.post("/payment", pay)
        .await
        .expect_problem(402, "payment_declined");
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    let paid = ada.post("/payment", pay).await.expect(200).json();
    assert_eq!(paid["status"], "confirmed");
    assert_eq!(status_of(&caller, &show, &seat).await, "sold");
    let id = text(&booking, "booking_id");
    let tickets = ada
        .get(&format!("/bookings/{id}/tickets"))
        .await
        .expect(200)
        .json();
    assert!(tickets.to_string().contains(&seat), "{tickets}");

    let cancelled = ada
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": [seat] }))
        .await
        .expect(200)
        .json();
    assert_eq!(cancelled["booking"]["status"], "partly_cancelled");
    assert_eq!(status_of(&caller, &show, &seat).await, "available");
    let history = ada.get("/users/me/bookings").await.expect(200).json();
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
    until(10, "the mails went out", || async {
        running.server.mails().len() >= 2
    })
    .await;

    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demo/examples/small-theater.json"
    );
    let (status, said) = server::run_on(&url, &["import", file, "--dry-run"]).unwrap();
    assert!(
        status.success() && said.contains("would be added"),
        "{said}"
    );
    let (status, said) = server::run_on(&url, &["import", file]).unwrap();
    assert!(status.success(), "{said}");
    let (_, again) = server::run_on(&url, &["import", file]).unwrap();
    assert!(again.contains("added: 0, changed: 0"), "{again}");
    let (status, said) = server::run_on(&url, &["backup", "x"]).unwrap();
    assert!(!status.success() && said.contains("pg_dump"), "{said}");
    verify(&url);
}

/// What happens on one server is known on the other: seats, keys, sessions, live events. And no seat is sold twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_sell_together() {
    let url = demo("two_servers");
    let (one, two) = (start(&url), start(&url));
    let (first, second) = (one.server.caller(), two.server.caller());
    let show = show(&first).await;

    let mut live = second
        .open(&format!("/shows/{show}/seats/live"))
        .await
        .bytes_stream();
    let mut heard = String::new();
    while !heard.contains("snapshot") {
        heard.push_str(&String::from_utf8_lossy(
            &live.next().await.unwrap().unwrap(),
        ));
    }
    let body = json!({ "show_id": show, "best": 2, "guest_email": "guest@example.com" });
    let key = [
        ("idempotency-key", "both"),
        ("guest-secret", "0123456789abcdef0123456789abcdef"),
    ];
    let with_key = |caller: &Caller| {
        key.iter()
            .fold(caller.clone(), |c, (n, v)| c.with_header(n, v))
    };
    let held = with_key(&first)
        .post("/book", body.clone())
        .await
        .expect(201);
    let repeated = with_key(&second).post("/book", body).await.expect(201);
    assert_eq!(
        held.bytes, repeated.bytes,
        "the other server repeats the answer"
    );
    let booking = held.json();
    let seat = text(&booking["seats"][0], "seat_id").to_owned();
    let told = tokio::time::timeout(Duration::from_secs(5), async {
        while !(heard.contains(&format!("\"{seat}\"")) && heard.contains("held")) {
            heard.push_str(&String::from_utf8_lossy(
                &live.next().await.unwrap().unwrap(),
            ));
        }
    });
    told.await
        .expect("a viewer of the other server sees the held seat");
    assert_eq!(status_of(&second, &show, &seat).await, "held");

    // Paid on the other server, with the guest's token from the first.
    let guest = second.with_token(text(&booking, "guest_token"));
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    assert_eq!(
        guest.post("/payment", pay).await.expect(200).json()["status"],
        "confirmed"
    );
    until(5, "the first server shows it as sold", || async {
        status_of(&first, &show, &seat).await == "sold"
    })
    .await;

    // Everybody wants the same pair, on both servers at once.
    let best = first
        .get(&format!("/shows/{show}/best-seats?count=2"))
        .await
        .expect(200)
        .json();
    let mut buyers = tokio::task::JoinSet::new();
    for number in 0..30 {
        let caller = if number % 2 == 0 {
            first.clone()
        } else {
            second.clone()
        };
        let body = json!({ "show_id": show, "seat_ids": best["seat_ids"] });
        buyers.spawn(async move { caller.post("/book", body).await.status });
    }
    let mut statuses = buyers.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 29][..]));
    verify(&url);
}

/// Holds that run out are freed by one server; when it dies, by the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_move_to_another_server() {
    let url = demo("jobs_move");
    let mut one = start(&url);
    // It holds every job by now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let two = start(&url);
    let caller = two.server.caller();
    let show = show(&caller).await;
    one.server.kill().unwrap();
    let (booking, guest) = caller.hold(&show, 2).await;
    let run_out = "UPDATE bookings SET held_at = held_at - 3600000000, expires_at = expires_at - 3600000000 \
         WHERE status = 'held'";
    Postgres::shared().sql("jobs_move", run_out);
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    until(10, "the other server frees the hold", || async {
        guest.get(&path).await.expect(200).json()["status"] == "expired"
    })
    .await;
    verify(&url);
}

/// While the database is away callers are told so, at once; when it is back the server goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_503() {
    let url = demo("away");
    let port = Postgres::shared().port();
    let cable = Cable::to(port).unwrap();
    let far = url.replace(&format!(":{port}/"), &format!(":{}/", cable.port()));
    let running = start(&far);
    let caller = running.server.caller();
    let show = show(&caller).await;
    let (booking, guest) = caller.hold(&show, 1).await;
    cable.cut();
    let begun = Instant::now();
    let body = json!({ "show_id": show, "best": 1 });
    let away = caller.with_key("away").post("/book", body.clone()).await;
    assert!(!away.header("retry-after").is_empty(), "{away:?}");
    away.expect_problem(503, "unavailable");
    guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect_problem(503, "unavailable");
    assert_eq!(caller.get("//readyz").await.status, 503);
    // What is in memory is still shown.
    caller.get("/theaters?q=spreebogen").await.expect(200);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "told at once: {:?}",
        begun.elapsed()
    );
    cable.mend();
    caller
        .with_key("away")
        .post("/book", body)
        .await
        .expect(201);
    until(5, "it is ready again", || async {
        caller.get("//readyz").await.status == 200
    })
    .await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    verify(&url);
}
