//! kill -9 under load, again and again: what was acknowledged is there, what was not is decided by a retry.

use matinee_tests::{Caller, Server, ServerOptions, server};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const ROUNDS: usize = 10;
const BUYERS: usize = 6;
/// No further round begins after this.
const ENOUGH: Duration = Duration::from_secs(35);

/// A booking somebody tried to make, with what they were told.
struct Attempt {
    secret: String,
    key: String,
    body: Value,
    /// The bytes of the 201, when it came.
    held: Option<Vec<u8>>,
    /// The bytes of the payment's 200, when it came.
    paid: Option<Vec<u8>>,
}

impl Attempt {
    fn caller(&self, caller: &Caller) -> Caller {
        caller
            .with_header("guest-secret", &self.secret)
            .with_key(&self.key)
    }
    fn pay(held: &[u8]) -> (String, Value) {
        let booking: Value = serde_json::from_slice(held).unwrap();
        let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
        (booking["guest_token"].as_str().unwrap().to_owned(), pay)
    }
}

/// Books and pays until the server is gone.
async fn buy(
    caller: Caller,
    shows: Arc<Vec<String>>,
    name: String,
    stop: Arc<AtomicBool>,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut number = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let show = &shows[(number * 7 + name.len()) % shows.len()];
        let mut attempt = Attempt {
            secret: format!("{name:0>32}"),
            key: format!("{name}-{number}"),
            body: json!({ "show_id": show, "best": 1 + number % 3, "guest_email": "crash@example.com" }),
            held: None,
            paid: None,
        };
        let answer = attempt
            .caller(&caller)
            .send(
                reqwest::Method::POST,
                "/book",
                Some(attempt.body.to_string().into_bytes()),
            )
            .await;
        match answer {
            Ok(answer) if answer.status == 201 => attempt.held = Some(answer.bytes),
            // Sold out, or stopping: a definite answer.
            Ok(answer) if matches!(answer.status, 409 | 503) => continue,
            Ok(answer) => panic!(
                "{}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.bytes)
            ),
            Err(_) => {
                attempts.push(attempt);
                break;
            }
        }
        if let Some(held) = attempt
            .held
            .as_deref()
            .filter(|_| !number.is_multiple_of(4))
        {
            let (token, pay) = Attempt::pay(held);
            let guest = caller.with_token(&token).with_key(&attempt.key);
            if let Ok(answer) = guest
                .send(
                    reqwest::Method::POST,
                    "/payment",
                    Some(pay.to_string().into_bytes()),
                )
                .await
                && answer.status == 200
            {
                attempt.paid = Some(answer.bytes);
            }
        }
        attempts.push(attempt);
    }
    attempts
}

/// After the restart every attempt is settled: acknowledged ones are there byte for byte, the others exist once.
async fn settle(
    caller: &Caller,
    attempts: &[Attempt],
    seats: &mut HashMap<String, String>,
) -> (usize, usize) {
    let (mut held, mut paid) = (0, 0);
    for attempt in attempts {
        let who = attempt.caller(caller);
        let again = who.post("/book", attempt.body.clone()).await;
        if attempt.held.is_none() && again.status == 409 {
            continue;
        }
        let again = again.expect(201);
        if let Some(told) = &attempt.held {
            assert_eq!(
                &again.bytes, told,
                "the acknowledged booking is there, byte for byte"
            );
        }
        let once_more = who.post("/book", attempt.body.clone()).await.expect(201);
        assert_eq!(once_more.bytes, again.bytes, "one key, one booking");
        held += 1;
        let (token, pay) = Attempt::pay(&again.bytes);
        let guest = caller.with_token(&token);
        let booking_id = pay["booking_id"].as_str().unwrap();
        if let Some(told) = &attempt.paid {
            let answer = guest
                .with_key(&attempt.key)
                .post("/payment", pay.clone())
                .await
                .expect(200);
            let (now, told) = (
                String::from_utf8_lossy(&answer.bytes),
                String::from_utf8_lossy(told),
            );
            assert_eq!(
                now, told,
                "the acknowledged payment is there, byte for byte"
            );
            let now = guest
                .get(&format!("/bookings/{booking_id}"))
                .await
                .expect(200)
                .json();
            assert_eq!(now["status"], "confirmed");
            let captured = now["payments"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|p| p["status"] == "captured")
                .count();
            assert_eq!(captured, 1, "charged once");
            paid += 1;
        }
        let now = guest
            .get(&format!("/bookings/{booking_id}"))
            .await
            .expect(200)
            .json();
        let show = now["show"]["show_id"].as_str().unwrap();
        for seat in now["seats"].as_array().unwrap() {
            let seat = format!("{show} {}", seat["seat_id"].as_str().unwrap());
            if let Some(other) = seats.insert(seat.clone(), booking_id.to_owned()) {
                assert_eq!(other, booking_id, "{seat} belongs to one booking");
            }
        }
    }
    (held, paid)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_server_is_killed() {
    let folder = server::demo_folder(true).unwrap();
    let options = ServerOptions::default();
    let begun = Instant::now();
    let mut seats = HashMap::new();
    let (mut rounds, mut held, mut paid, mut slowest) = (0, 0, 0, Duration::ZERO);
    let mut server = Server::start_in(folder.path(), &options).unwrap();
    let shows = Arc::new(some_shows(&server.caller()).await);
    while rounds < ROUNDS && begun.elapsed() < ENOUGH {
        let stop = Arc::new(AtomicBool::new(false));
        let mut buyers = tokio::task::JoinSet::new();
        for buyer in 0..BUYERS {
            buyers.spawn(buy(
                server.caller(),
                Arc::clone(&shows),
                format!("{rounds}-{buyer}"),
                Arc::clone(&stop),
            ));
        }
        // Another moment each round: in the middle of whatever is going on then.
        tokio::time::sleep(Duration::from_millis(150 + 83 * rounds as u64 % 300)).await;
        server.kill().unwrap();
        stop.store(true, Ordering::Relaxed);
        let attempts: Vec<Attempt> = buyers.join_all().await.into_iter().flatten().collect();
        let restart = Instant::now();
        server = Server::start_in(folder.path(), &options).unwrap();
        slowest = slowest.max(restart.elapsed());
        let (h, p) = settle(&server.caller(), &attempts, &mut seats).await;
        held += h;
        paid += p;
        rounds += 1;
    }
    assert!(server.stop().unwrap().success());
    let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
    println!(
        "{rounds} kills: {held} bookings and {paid} payments settled, slowest restart {slowest:?}, {:?} in all",
        begun.elapsed()
    );
    assert!(held > rounds && paid > 0);
    assert!(
        rounds >= 3,
        "the machine is too slow to tell anything: {rounds} rounds"
    );
}

async fn some_shows(caller: &Caller) -> Vec<String> {
    let theaters = caller
        .get("/theaters?q=spreebogen")
        .await
        .expect(200)
        .json();
    let id = theaters["items"][0]["theater_id"].as_str().unwrap();
    let movies = caller
        .get(&format!("/theaters/{id}/movies"))
        .await
        .expect(200)
        .json();
    let shows = movies["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|movie| movie["shows"].as_array().unwrap());
    let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let later = shows.filter(|show| show["start_time"].as_str().unwrap() > tomorrow.as_str());
    later
        .map(|show| show["show_id"].as_str().unwrap().to_owned())
        .take(12)
        .collect()
}

#[tokio::test]
async fn a_payment_the_bank_was_asked_for_is_settled_after_a_crash() {
    let folder = server::demo_folder(true).unwrap();
    let mut first = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = first.caller();
    let show = some_shows(&caller).await.remove(0);
    let (booking, guest) = caller.hold(&show, 2).await;
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_authenticationRequired" });
    let waiting = guest
        .with_key("3ds")
        .post("/payment", pay.clone())
        .await
        .expect(202);
    first.kill().unwrap();
    let mut second = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let guest = second
        .caller()
        .with_token(booking["guest_token"].as_str().unwrap());
    let again = guest
        .with_key("3ds")
        .post("/payment", pay)
        .await
        .expect(202);
    assert_eq!(again.bytes, waiting.bytes);
    let simulate = format!(
        "/payments/{}/simulate",
        waiting.json()["payment_id"].as_str().unwrap()
    );
    let paid = guest
        .post(&simulate, json!({ "outcome": "succeed" }))
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
    assert!(second.stop().unwrap().success());
    let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
    assert!(status.success(), "{report}");
}
