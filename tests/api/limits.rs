//! Every limit, exceeded once. The address is the same for all tests here: each limit is counted by itself.

use crate::shared::{PASSWORD, account, items, mailed_secret, run_out, shows_of, text, until};
use matinee_tests::{Answer, Caller, Server, ServerOptions};
use serde_json::{Value, json};
use std::sync::{
    LazyLock,
    atomic::{AtomicUsize, Ordering},
};

static LIMITED: LazyLock<&'static Server> = LazyLock::new(|| {
    let options = ServerOptions {
        limits: true,
        ..ServerOptions::default()
    };
    Server::start(&options).unwrap().shared().unwrap()
});

/// A show nobody else here uses.
async fn show(caller: &Caller) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let shows = shows_of(caller, "spreebogen").await;
    let large: Vec<&Value> = shows
        .iter()
        .filter(|show| show["seats_total"].as_u64() >= Some(60))
        .collect();
    text(large[NEXT.fetch_add(1, Ordering::Relaxed)], "show_id").to_owned()
}

#[track_caller]
fn refused(answer: Answer, code: &str) -> u64 {
    let answer = answer.expect_problem(429, code);
    let wait: u64 = answer
        .header("retry-after")
        .parse()
        .expect("a Retry-After in seconds");
    assert!(wait > 0);
    assert_eq!(answer.json()["retry_after"], wait);
    wait
}

/// Posts the same thing so often and expects this each time; then it is one too many.
async fn exceed(caller: &Caller, path: &str, body: Value, count: usize, status: u16) -> u64 {
    for time in 0..count {
        let answer = caller.post(path, body.clone()).await;
        assert_eq!(
            answer.status,
            status,
            "{path}, time {time}: {}",
            String::from_utf8_lossy(&answer.bytes)
        );
    }
    refused(caller.post(path, body).await, "too_many_requests")
}

#[tokio::test]
async fn five_payment_attempts_a_booking_and_ten_an_hour_from_an_address() {
    let caller = LIMITED.caller();
    let show = show(&caller).await;
    let decline = |booking: &Value| json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa_chargeDeclined" });
    let (booking, guest) = caller.hold(&show, 1).await;
    for _ in 0..5 {
        guest
            .post("/payment", decline(&booking))
            .await
            .expect_problem(402, "payment_declined");
    }
    refused(
        guest.post("/payment", decline(&booking)).await,
        "too_many_attempts",
    );
    let (booking, guest) = caller.hold(&show, 1).await;
    for _ in 0..4 {
        guest
            .post("/payment", decline(&booking))
            .await
            .expect_problem(402, "payment_declined");
    }
    let wait = refused(
        guest.post("/payment", decline(&booking)).await,
        "too_many_requests",
    );
    assert!(wait <= 3601, "{wait}");
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "held", "nothing was lost");
}

#[tokio::test]
async fn ten_promo_guesses_an_hour() {
    let caller = LIMITED.caller();
    let body = json!({ "show_id": show(&caller).await, "best": 1, "promo_code": "GUESS" });
    exceed(&caller, "/book", body, 10, 422).await;
}

#[tokio::test]
async fn twenty_unpaid_seats_of_a_show_for_all_anonymous_callers_of_an_address() {
    let caller = LIMITED.caller();
    let show = show(&caller).await;
    let (first, guest) = caller.hold(&show, 10).await;
    caller.hold(&show, 10).await;
    let one_more = json!({ "show_id": show, "best": 1 });
    refused(
        caller.post("/book", one_more.clone()).await,
        "too_many_unpaid_seats",
    );
    let (_, _, user) = account(&caller).await;
    user.post("/book", one_more.clone()).await.expect(201);
    guest
        .delete(&format!("/bookings/{}", text(&first, "booking_id")))
        .await
        .expect(204);
    caller.post("/book", one_more).await.expect(201);
}

#[tokio::test]
async fn three_unpaid_expiries_cost_a_pause() {
    let caller = LIMITED.caller();
    let show = show(&caller).await;
    let (_, _, user) = account(&caller).await;
    let one = json!({ "show_id": show, "best": 1 });
    for _ in 0..3 {
        let booking = user.post("/book", one.clone()).await.expect(201).json();
        run_out(*LIMITED, &booking);
        let path = format!("/bookings/{}", text(&booking, "booking_id"));
        until(3, "the hold runs out", || async {
            (user.get(&path).await.expect(200).json()["status"] == "expired").then_some(())
        })
        .await;
    }
    let wait = refused(user.post("/book", one.clone()).await, "cool_down");
    assert!(wait <= 1800);
    let (_, _, other) = account(&caller).await;
    other.post("/book", one).await.expect(201);
}

#[tokio::test]
async fn wrong_passwords_cost_pauses_and_an_address_tries_three_hundred_in_a_quarter_of_an_hour() {
    let caller = LIMITED.caller();
    let (email, _, _) = account(&caller).await;
    let wrong = json!({ "email": email, "password": "wrong password 1" });
    let mut tries = 0;
    while tries < 6 {
        caller
            .post("/auth/login", wrong.clone())
            .await
            .expect_problem(401, "bad_credentials");
        tries += 1;
    }
    let wait = refused(
        caller.post("/auth/login", wrong.clone()).await,
        "too_many_requests",
    );
    assert!(wait <= 3, "a short pause at first: {wait}");
    let right = json!({ "email": email, "password": PASSWORD });
    refused(caller.post("/auth/login", right).await, "too_many_requests");
    // From here on an address: 300 in a quarter of an hour, no hashing for an e-mail of impossible length.
    let nobody = json!({ "email": "x".repeat(300), "password": "x" });
    for _ in 8..300 {
        let answer = caller.post("/auth/login", nobody.clone()).await;
        assert_eq!(answer.status, 401);
    }
    let wait = refused(
        caller.post("/auth/login", nobody).await,
        "too_many_requests",
    );
    assert!(wait <= 901, "{wait}");
}

#[tokio::test]
async fn sixty_registrations_an_hour_from_an_address() {
    // A server of its own: the other tests register people.
    let server = Server::start(&ServerOptions {
        limits: true,
        demo: false,
        ..ServerOptions::default()
    })
    .unwrap();
    let body = json!({ "email": "no address", "password": PASSWORD, "name": "Ada" });
    exceed(&server.caller(), "/auth/register", body, 60, 422).await;
}

#[tokio::test]
async fn six_hundred_refreshes_in_a_quarter_of_an_hour() {
    let wait = exceed(
        &LIMITED.caller(),
        "/auth/refresh",
        json!({ "refresh_token": "mr_forged" }),
        600,
        401,
    )
    .await;
    assert!(wait <= 901, "{wait}");
}

#[tokio::test]
async fn thirty_one_time_secrets_an_hour() {
    exceed(
        &LIMITED.caller(),
        "/auth/verify",
        json!({ "token": "forged" }),
        30,
        401,
    )
    .await;
    refused(
        LIMITED
            .caller()
            .post("/bookings/recover/redeem", json!({ "token": "forged" }))
            .await,
        "too_many_requests",
    );
}

#[tokio::test]
async fn five_forgotten_password_mails_an_hour_silently_and_twenty_requests_loudly() {
    let caller = LIMITED.caller();
    let (email, _, _) = account(&caller).await;
    exceed(
        &caller,
        "/auth/password/forgot",
        json!({ "email": email }),
        20,
        202,
    )
    .await;
    mailed_secret(*LIMITED, &email, "/reset").await;
    let count = || {
        LIMITED
            .mails()
            .iter()
            .filter(|mail| mail.contains(&email) && mail.contains("/reset#"))
            .count()
    };
    until(5, "five mails", || async { (count() == 5).then_some(()) }).await;
    // What was asked for after the fifth is not on its way either.
    let conn = crate::shared::database(*LIMITED);
    let written: i64 = conn
        .query_row(
            "SELECT count(*) FROM messages WHERE kind = 'password_reset' AND recipient = ?1",
            [&email],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(written, 5);
}

#[tokio::test]
async fn five_recovery_mails_a_booking_silently_and_twenty_requests_loudly() {
    let caller = LIMITED.caller();
    let booking =
        json!({ "show_id": show(&caller).await, "best": 1, "guest_email": "often@example.com" });
    let booking = caller.post("/book", booking).await.expect(201).json();
    let body = json!({ "reference": booking["reference"], "email": "often@example.com" });
    exceed(&caller, "/bookings/recover", body, 20, 202).await;
    let conn = crate::shared::database(*LIMITED);
    let written: i64 = conn
        .query_row("SELECT count(*) FROM messages WHERE kind = 'recovery' AND recipient = 'often@example.com'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(written, 5);
}

#[tokio::test]
async fn six_live_streams_from_an_address() {
    let caller = LIMITED.caller();
    let path = format!("/shows/{}/seats/live", show(&caller).await);
    let mut open = Vec::new();
    for _ in 0..6 {
        let stream = caller.open(&path).await;
        assert_eq!(stream.status(), 200);
        open.push(stream);
    }
    refused(caller.get(&path).await, "too_many_requests");
    open.pop();
    until(5, "a closed stream makes room", || async {
        (caller.open(&path).await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let forgot = json!({ "email": "x@example.com" });
    for (trusted, stopped) in [(false, true), (true, false)] {
        let mut options = ServerOptions {
            limits: true,
            demo: false,
            ..ServerOptions::default()
        };
        if trusted {
            options.arguments = vec!["--trusted-proxies".into(), "127.0.0.1".into()];
        }
        let server = Server::start(&options).unwrap();
        let mut last = 0;
        for number in 0..21 {
            let caller = server
                .caller()
                .with_header("x-forwarded-for", &format!("192.0.2.{number}"));
            last = caller
                .post("/auth/password/forgot", forgot.clone())
                .await
                .status;
        }
        assert_eq!(last == 429, stopped, "trusted: {trusted}");
    }
}

#[tokio::test]
async fn at_most_ten_seats_a_booking_and_a_hundred_rows_a_page() {
    let caller = LIMITED.caller();
    let show = show(&caller).await;
    caller
        .post("/book", json!({ "show_id": show, "best": 11 }))
        .await
        .expect_problem(422, "invalid");
    caller
        .get("/movies?limit=101")
        .await
        .expect_problem(422, "invalid");
    let page = caller.get("/movies?limit=100").await.expect(200).json();
    assert!(items(&page["items"]).len() <= 100);
}
