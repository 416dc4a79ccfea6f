//! Promotion codes: made on the command line, taken up at the till, counted once however many want them.

use crate::shared::{
    account, best, demo, items, minor, run_out, seat_ids, show, stranger, text, unique, until,
    verify,
};
use matinee_tests::{Caller, Server, ServerOptions, server};
use serde_json::{Value, json};

const THEATER: &str = "demo:spreebogen-berlin";

/// Runs `promo` beside the server; its exit and words.
fn promo(server: &Server, arguments: &[&str]) -> (bool, String) {
    let line: Vec<&str> = ["promo"].iter().chain(arguments).copied().collect();
    let (status, words) = server::run(server.folder(), &line).unwrap();
    (status.success(), words)
}

/// A new code with these terms.
fn code(name: &str, terms: &[&str]) -> String {
    let code = format!("{name}-{}", unique());
    let mut line = vec!["add", &code, "--theater", THEATER];
    line.extend(terms);
    let (done, words) = promo(demo(), &line);
    assert!(done, "{words}");
    code
}

/// How many bookings use a code, as the operator sees it.
fn used(code: &str) -> u32 {
    let (done, words) = promo(demo(), &["list", "--theater", THEATER]);
    assert!(done, "{words}");
    let line = words
        .lines()
        .find(|line| line.contains(&format!(" {code} ")))
        .unwrap();
    let used = line.split("used ").nth(1).unwrap();
    let digits: String = used.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

fn prices(booking: &Value) -> Vec<i64> {
    let seats = items(&booking["seats"]).iter();
    seats.map(|seat| minor(&seat["price"])).collect()
}

/// What the lines that add up come to.
fn parts(booking: &Value) -> i64 {
    let lines = items(&booking["breakdown"]).iter();
    let parts = lines.filter(|line| line["kind"] == "part");
    parts.map(|line| minor(&line["amount"])).sum()
}

fn path(booking: &Value) -> String {
    format!("/bookings/{}", text(booking, "booking_id"))
}

/// Changes a hold from the version it has; the answer's booking.
async fn change(guest: &Caller, booking: &Value, what: Value) -> Value {
    let tag = format!("\"{}\"", booking["version"]);
    let guest = guest.with_header("if-match", &tag);
    guest.patch(&path(booking), what).await.expect(200).json()
}

async fn booked(caller: &Caller, show: &str, seats: &[String], code: &str) -> (Value, Caller) {
    let body = json!({
        "show_id": show, "seat_ids": seats, "promo_code": code, "guest_email": "promo@example.com"
    });
    let booking = caller.post("/book", body).await.expect(201).json();
    let guest = caller.with_token(text(&booking, "guest_token"));
    (booking, guest)
}

#[tokio::test]
async fn a_code_is_in_the_prices_from_the_hold_to_the_refund() {
    let caller = stranger();
    let show = show().await;
    let code = code("five", &["--amount", "5.00"]);
    let seats = best(&caller, &show, 3).await;
    let (plain, plain_guest) = caller.hold(&show, 3).await;
    plain_guest.delete(&path(&plain)).await.expect(204);
    let typed = format!(" {} ", code.to_lowercase());
    let (booking, guest) = booked(&caller, &show, &seats, &typed).await;
    assert_eq!(booking["promo_code"], code.to_uppercase());
    let total = minor(&booking["total_amount"]);
    assert_eq!(total, minor(&plain["total_amount"]) - 500);
    assert_eq!(prices(&booking).iter().sum::<i64>(), total);
    assert_eq!(parts(&booking), total);
    let line = json!({
        "label": format!("Promo code {}", code.to_uppercase()),
        "amount": { "amount_minor": -500, "currency": "EUR" }, "kind": "part"
    });
    assert!(items(&booking["breakdown"]).contains(&line), "{booking}");

    let pay = json!({
        "booking_id": booking["booking_id"], "payment_method": "pm_card_visa",
        "expected_total": booking["total_amount"]
    });
    let paid = guest.post("/payment", pay).await.expect(200).json();
    assert_eq!(minor(&paid["payments"][0]["amount"]), total);
    // One seat, then the others: each gives back what was paid for it, and all of it is the total.
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let one = json!({ "seat_ids": [seats[1]] });
    let first = guest.post(&cancel, one).await.expect(200).json();
    assert_eq!(first["booking"]["status"], "partly_cancelled");
    assert_eq!(minor(&first["refund"]["amount"]), prices(&booking)[1]);
    assert_eq!(used(&code.to_uppercase()), 1);
    let rest = guest.post(&cancel, json!({})).await.expect(200).json();
    let back = minor(&first["refund"]["amount"]) + minor(&rest["refund"]["amount"]);
    assert_eq!(back, total);
    assert_eq!(used(&code.to_uppercase()), 0, "nobody has a seat with it");
    verify(demo());
}

#[tokio::test]
async fn a_hold_takes_a_code_up_swaps_it_and_lets_it_go() {
    let caller = stranger();
    let show = show().await;
    let (five, half) = (
        code("FIVE", &["--amount", "5", "--uses", "1"]),
        code("HALF", &["--percent", "50"]),
    );
    let (plain, guest) = caller.hold(&show, 2).await;
    let full = minor(&plain["total_amount"]);
    let with = change(&guest, &plain, json!({ "promo_code": five })).await;
    assert_eq!(minor(&with["total_amount"]), full - 500);
    assert_eq!((used(&five), used(&half)), (1, 0));
    // Another hold gets nothing of it, and keeps what it has.
    let (other, other_guest) = caller.hold(&show, 1).await;
    other_guest
        .with_header("if-match", &format!("\"{}\"", other["version"]))
        .patch(&path(&other), json!({ "promo_code": five }))
        .await
        .expect_problem(422, "promo_invalid");
    let still = other_guest.get(&path(&other)).await.expect(200).json();
    assert_eq!(still["total_amount"], other["total_amount"]);

    let with = change(&guest, &with, json!({ "promo_code": half })).await;
    let by_half: i64 = prices(&plain)
        .iter()
        .map(|price| price - (price + 1) / 2)
        .sum();
    assert_eq!(minor(&with["total_amount"]), by_half);
    assert_eq!((used(&five), used(&half)), (0, 1));
    // What is not about the code leaves it: fewer seats, then an e-mail.
    let seat = &seat_ids(&with)[..1];
    let with = change(&guest, &with, json!({ "seat_ids": seat })).await;
    assert_eq!(with["promo_code"], half);
    assert_eq!(
        minor(&with["total_amount"]),
        prices(&plain)[0] - (prices(&plain)[0] + 1) / 2
    );
    let with = change(&guest, &with, json!({ "guest_email": "new@example.com" })).await;
    assert_eq!(with["promo_code"], half);
    let without = change(&guest, &with, json!({ "promo_code": "" })).await;
    assert_eq!(without["promo_code"], Value::Null);
    assert_eq!(minor(&without["total_amount"]), prices(&plain)[0]);
    assert_eq!((used(&five), used(&half)), (0, 0));
    verify(demo());
}

#[tokio::test]
async fn a_use_comes_back_when_the_hold_runs_out_or_is_let_go() {
    let caller = stranger();
    let show = show().await;
    let code = code("ONCE", &["--percent", "10", "--uses", "1"]);
    let seats = best(&caller, &show, 2).await;
    let want = |seat: &String| json!({ "show_id": show, "seat_ids": [seat], "promo_code": code });
    let (first, _) = booked(&caller, &show, &seats[..1], &code).await;
    let refused = caller.post("/book", want(&seats[1])).await;
    refused.expect_problem(422, "promo_invalid");
    run_out(demo(), &first);
    let second = until(5, "the use is there again", || async {
        let answer = caller.post("/book", want(&seats[1])).await;
        (answer.status == 201).then(|| answer.json())
    })
    .await;
    assert_eq!(used(&code), 1);
    let guest = caller.with_token(text(&second, "guest_token"));
    guest.delete(&path(&second)).await.expect(204);
    guest.delete(&path(&second)).await.expect(204);
    assert_eq!(used(&code), 0);
    verify(demo());
}

#[tokio::test]
async fn a_repeated_request_uses_the_code_once() {
    let caller = stranger();
    let show = show().await;
    let code = code("AGAIN", &["--percent", "10", "--uses", "1"]);
    let (_, _, user) = account(&caller).await;
    let keyed = user.with_key("once and again");
    let body = json!({ "show_id": show, "best": 1, "promo_code": code });
    let first = keyed.post("/book", body.clone()).await.expect(201);
    for _ in 0..3 {
        let again = keyed.post("/book", body.clone()).await.expect(201);
        assert_eq!(again.bytes, first.bytes);
    }
    assert_eq!(used(&code), 1);
    verify(demo());
}

#[tokio::test]
async fn fifty_buyers_share_five_uses() {
    let caller = stranger();
    let code = code("RUSH", &["--amount", "1.00", "--uses", "5"]);
    let shows = [show().await, show().await];
    let buyers = (0..50).map(|buyer| {
        let body = json!({ "show_id": shows[buyer % 2], "best": 1, "promo_code": code });
        let caller = caller.clone();
        async move { caller.post("/book", body).await }
    });
    let answers = futures_util::future::join_all(buyers).await;
    let won = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(won.count(), 5);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.expect_problem(422, "promo_invalid");
    }
    assert_eq!(used(&code), 5);
    verify(demo());
}

/// What is wrong with a code is nobody's business: all answers are the same but for the request's own id.
#[tokio::test]
async fn no_refusal_tells_why() {
    let caller = stranger();
    let show = show().await;
    let seats = best(&caller, &show, 1).await;
    let early = code("EARLY", &["--percent", "10", "--from", "2099-01-01"]);
    let over = code("OVER", &["--percent", "10"]);
    let (done, words) = promo(demo(), &["end", &over, "--theater", THEATER]);
    assert!(done, "{words}");
    let children = code("CHILDREN", &["--percent", "10", "--ticket-type", "child"]);
    let other_show = self::show().await;
    let elsewhere = code("ELSEWHERE", &["--percent", "10", "--show", &other_show]);
    let used_up = code("GONE", &["--percent", "10", "--uses", "1"]);
    booked(
        &caller,
        &other_show,
        &best(&caller, &other_show, 1).await,
        &used_up,
    )
    .await;
    let mut said = Vec::new();
    for code in [
        "NOBODYS", "?!", &early, &over, &children, &elsewhere, &used_up,
    ] {
        let body = json!({ "show_id": show, "seat_ids": seats, "promo_code": code });
        let answer = caller.post("/book", body).await;
        let mut problem = answer.expect_problem(422, "promo_invalid").json();
        problem["request_id"] = Value::Null;
        said.push(problem);
    }
    assert!(said.iter().all(|problem| *problem == said[0]), "{said:?}");
    // The same codes where they fit.
    booked(
        &caller,
        &other_show,
        &best(&caller, &other_show, 1).await,
        &elsewhere,
    )
    .await;
    let seat = &seats[0];
    let child = json!({
        "show_id": show, "seat_ids": seats, "ticket_types": { seat: "child" }, "promo_code": children
    });
    // A child's ticket is reduced already, and this code does not combine.
    caller
        .post("/book", child.clone())
        .await
        .expect_problem(422, "promo_invalid");
    let both = code(
        "BOTH",
        &["--percent", "10", "--ticket-type", "child", "--combine"],
    );
    let child = json!({
        "show_id": show, "seat_ids": seats, "ticket_types": { seat: "child" }, "promo_code": both
    });
    let booking = caller.post("/book", child).await.expect(201).json();
    assert_eq!(parts(&booking), minor(&booking["total_amount"]));
}

/// A booking that costs nothing goes the same way.
#[tokio::test]
async fn a_code_for_everything_needs_no_money() {
    let caller = stranger();
    let show = show().await;
    let code = code("FREE", &["--percent", "100"]);
    let seats = best(&caller, &show, 2).await;
    let (booking, guest) = booked(&caller, &show, &seats, &code).await;
    assert_eq!(minor(&booking["total_amount"]), 0);
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    let paid = guest.post("/payment", pay).await.expect(200).json();
    assert_eq!(paid["status"], "confirmed");
    let tickets = guest.get(&format!("{}/tickets", path(&booking))).await;
    assert_eq!(items(&tickets.expect(200).json()["tickets"]).len(), 2);
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let over = guest.post(&cancel, json!({})).await.expect(200).json();
    assert_eq!(over["booking"]["status"], "cancelled");
    assert_eq!(over["refund"], Value::Null);
    assert_eq!(used(&code), 0);
    verify(demo());
}

#[tokio::test]
async fn the_command_line_says_what_it_does_not_take() {
    let name = format!("TERMS-{}", unique());
    let add = |terms: &[&str]| {
        let mut line = vec!["add", &name, "--theater", THEATER];
        line.extend(terms);
        promo(demo(), &line)
    };
    let refused: [(&[&str], &str); 10] = [
        (&["--amount", "0"], "above 0"),
        (&["--amount", "5,00"], "not an amount"),
        (&["--percent", "101"], "at most 100"),
        (&["--percent", "10", "--weekday", "8"], "7 (Sunday)"),
        (
            &["--percent", "10", "--ticket-type", "dog"],
            "no ticket type dog",
        ),
        (
            &["--percent", "10", "--movie", "nobodys"],
            "no movie nobodys",
        ),
        (&["--percent", "10", "--uses", "0"], "at least 1"),
        (&["--percent", "10", "--until", "soon"], "neither a day"),
        (
            &["--percent", "10", "--until", "2020-01-01"],
            "end after it begins",
        ),
        (&["--percent", "10", "--amount", "5"], "cannot be used with"),
    ];
    for (terms, why) in refused {
        let (done, words) = add(terms);
        assert!(!done && words.contains(why), "{terms:?}: {words}");
    }
    let (done, words) = add(&["--percent", "12.5", "--weekday", "2", "--uses", "7"]);
    assert!(done, "{words}");
    let (done, words) = add(&["--percent", "50"]);
    assert!(!done && words.contains("has had a code"), "{words}");
    let (_, words) = promo(demo(), &["list", "--theater", THEATER]);
    let line = words.lines().find(|line| line.contains(&name)).unwrap();
    for part in ["12.50 %", "used 0 of 7", "weekdays 2"] {
        assert!(line.contains(part), "{line}");
    }
    let (done, words) = promo(demo(), &["end", "NOBODYS", "--theater", THEATER]);
    assert!(!done && words.contains("no code NOBODYS"), "{words}");
    let (done, words) = promo(demo(), &["end", &name]);
    assert!(!done && words.contains(THEATER), "{words}");
}

/// Only what is refused is a guess: good codes cost none, and ten wrong ones stop even a good one.
#[tokio::test]
async fn only_wrong_codes_are_guesses() {
    let options = ServerOptions {
        limits: true,
        ..ServerOptions::default()
    };
    let server = Server::start(&options).unwrap();
    let (done, words) = promo(
        &server,
        &["add", "GOOD", "--theater", THEATER, "--percent", "10"],
    );
    assert!(done, "{words}");
    let caller = server.caller();
    let shows = crate::shared::shows_of(&caller, "spreebogen").await;
    let large = shows
        .iter()
        .find(|show| show["seats_total"].as_u64() >= Some(60));
    let show = text(large.unwrap(), "show_id").to_owned();
    let (booking, guest) = caller.hold(&show, 1).await;
    let mut now = booking;
    for round in 0..12 {
        let code = if round % 2 == 0 { "GOOD" } else { "" };
        now = change(&guest, &now, json!({ "promo_code": code })).await;
    }
    // All at once: no more of them get an answer than one after the other would.
    let tries = (0..30).map(|_| {
        let body = json!({ "show_id": show, "best": 1, "promo_code": "WRONG" });
        let caller = caller.clone();
        async move { caller.post("/book", body).await.status }
    });
    let answers = futures_util::future::join_all(tries).await;
    let answered = answers.iter().filter(|status| **status == 422).count();
    assert_eq!(answered, 10, "{answers:?}");
    let good = json!({ "show_id": show, "best": 1, "promo_code": "GOOD" });
    caller
        .post("/book", good)
        .await
        .expect_problem(429, "too_many_requests");
    let without = json!({ "show_id": show, "best": 1 });
    caller.post("/book", without).await.expect(201);
}

/// A guest by the address, an account by itself, both however often they ask; the refusal says what to do.
#[tokio::test]
async fn a_customer_uses_a_code_as_often_as_it_says() {
    let show = show().await;
    let code = code("EACH", &["--amount", "1", "--uses-per-customer", "1"]);
    let (_, list) = promo(demo(), &["list", "--theater", THEATER]);
    let line = list.lines().find(|line| line.contains(&code)).unwrap();
    assert!(line.contains("at most 1 for each customer"), "{line}");
    let guest = stranger();
    let body = |seats: &[String], email: Option<&str>| json!({ "show_id": show, "seat_ids": seats, "promo_code": code, "guest_email": email });
    let email = format!("{}@example.com", code.to_lowercase());
    let mine = best(&guest, &show, 1).await;
    let first = guest
        .post("/book", body(&mine, Some(&email)))
        .await
        .expect(201)
        .json();
    // Another device of the same person.
    let device = stranger();
    let seats = best(&device, &show, 1).await;
    let again = format!("{}+again@EXAMPLE.com", code.to_lowercase());
    let refused = device.post("/book", body(&seats, Some(&again))).await;
    let refused = refused.expect_problem(409, "promo_used").json();
    assert!(
        text(&refused, "detail").contains("go on without the code"),
        "{refused}"
    );
    // Without an address the code is taken, and refused with the address; without the code the address is taken.
    let held = device
        .post("/book", body(&seats, None))
        .await
        .expect(201)
        .json();
    let device = device.with_token(text(&held, "guest_token"));
    let tag = format!("\"{}\"", held["version"]);
    device
        .with_header("if-match", &tag)
        .patch(&path(&held), json!({ "guest_email": email }))
        .await
        .expect_problem(409, "promo_used");
    let without = json!({ "guest_email": email, "promo_code": "" });
    let changed = change(&device, &held, without).await;
    assert_eq!(changed["promo_code"], Value::Null);
    // An account is a customer of its own, and one too.
    let (_, _, user) = account(&stranger()).await;
    for expected in [201, 409] {
        let seats = best(&user, &show, 1).await;
        user.post("/book", body(&seats, None))
            .await
            .expect(expected);
    }
    assert_eq!(used(&code), 2);
    // Letting go gives it back.
    let guest = guest.with_token(text(&first, "guest_token"));
    guest.delete(&path(&first)).await.expect(204);
    let seats = best(&guest, &show, 1).await;
    stranger()
        .post("/book", body(&seats, Some(&email)))
        .await
        .expect(201);
    verify(demo());
}

/// Twenty bookings of one address at once: one has the code, and the others hear why.
#[tokio::test]
async fn a_customer_in_a_hurry_has_a_code_once() {
    let show = show().await;
    let code = code("HURRY", &["--percent", "10", "--uses-per-customer", "1"]);
    let email = format!("{}@example.com", code.to_lowercase());
    let seats = best(&stranger(), &show, 8).await;
    let tries = (0..20).map(|at| {
        let body = json!({
            "show_id": show, "seat_ids": [seats[at % seats.len()]], "promo_code": code, "guest_email": email
        });
        let caller = stranger();
        async move { caller.post("/book", body).await.status }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|status| **status == 201).count(),
        1,
        "{answers:?}"
    );
    assert!(
        answers.iter().all(|status| [201, 409].contains(status)),
        "{answers:?}"
    );
    assert_eq!(used(&code), 1);
    verify(demo());
}
