//! Gift cards: made on the command line, paid with at the till, spent once however many have the code.

use crate::shared::{demo, items, minor, seat_ids, show, stranger, text, verify};
use matinee_tests::{Caller, Server, ServerOptions, server};
use serde_json::{Value, json};

const THEATER: &str = "demo:spreebogen-berlin";

/// Runs `gift` beside the server; its exit and words.
fn gift(server: &Server, arguments: &[&str]) -> (bool, String) {
    let line: Vec<&str> = ["gift"].iter().chain(arguments).copied().collect();
    let (status, words) = server::run(server.folder(), &line).unwrap();
    (status.success(), words)
}

/// A new card of this amount at a server; its code.
pub fn issue_at(server: &Server, amount: &str) -> String {
    let (done, words) = gift(server, &["issue", "--amount", amount, "--theater", THEATER]);
    assert!(done, "{words}");
    let code = words.split_whitespace().next().unwrap().to_owned();
    assert_eq!(code.len(), 24, "{words}");
    code
}

fn issue(amount: &str) -> String {
    issue_at(demo(), amount)
}

fn last4(code: &str) -> &str {
    &code[code.len() - 4..]
}

async fn theater(caller: &Caller) -> String {
    let theaters = caller.get("/theaters?q=spreebogen").await.expect(200);
    text(&theaters.json()["items"][0], "theater_id").to_owned()
}

/// What is on a card, as whoever has its code sees it.
async fn balance(caller: &Caller, code: &str) -> i64 {
    let body = json!({ "theater_id": theater(caller).await, "code": code });
    let answer = caller.post("/gift-cards/balance", body).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["last4"], last4(code));
    minor(&answer["balance"])
}

fn with(booking: &Value, method: &str, code: &str) -> Value {
    json!({ "booking_id": booking["booking_id"], "payment_method": method, "gift_card": code })
}

fn cancel_path(booking: &Value) -> String {
    format!("/cancel/{}", text(booking, "booking_id"))
}

#[tokio::test]
async fn a_card_pays_a_part_and_has_it_back_last() {
    let caller = stranger();
    let code = issue("5.00");
    let (booking, guest) = caller.hold(&show().await, 2).await;
    let total = minor(&booking["total_amount"]);
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    let paid = guest.post("/payment", with(&booking, "pm_card_visa", &typed));
    let paid = paid.await.expect(200).json();
    assert_eq!(paid["status"], "confirmed");
    let payment = &paid["payments"][0];
    assert_eq!(minor(&payment["amount"]), total);
    assert_eq!(minor(&payment["gift_amount"]), 500);
    assert_eq!(payment["gift_card"], last4(&code));
    assert_eq!(payment["method"], "Test Visa •••• 4242");
    assert_eq!(balance(&caller, &code).await, 0);
    verify(demo());
    let receipt = format!("/bookings/{}/receipt", text(&booking, "booking_id"));
    let receipt = guest.get(&receipt).await.expect(200).json();
    assert!(text(&receipt, "pdf_base64").len() > 500);

    // One seat costs more than the card paid: what was charged goes back first, and the card's part with the last.
    let one = json!({ "seat_ids": [seat_ids(&paid)[0]] });
    let first = guest.post(&cancel_path(&paid), one).await;
    let first = first.expect(200).json();
    assert_eq!(first["gift_refund"], Value::Null);
    assert_eq!(balance(&caller, &code).await, 0);
    let rest = guest.post(&cancel_path(&paid), json!({})).await;
    let rest = rest.expect(200).json();
    let (by_card, charged) = (&rest["gift_refund"], &rest["refund"]);
    assert_eq!(
        (minor(&by_card["amount"]), text(by_card, "status")),
        (500, "succeeded")
    );
    assert_eq!(by_card["gift_card"], last4(&code));
    let back = minor(&first["refund"]["amount"]) + minor(&charged["amount"]) + 500;
    assert_eq!(back, total);
    assert_eq!(balance(&caller, &code).await, 500);
    verify(demo());
}

#[tokio::test]
async fn a_card_pays_all_of_it_once_by_one_key() {
    let caller = stranger();
    let code = issue("200.00");
    let (booking, guest) = caller.hold(&show().await, 3).await;
    let total = minor(&booking["total_amount"]);
    let keyed = guest.with_key("all of it");
    let body = json!({
        "booking_id": booking["booking_id"], "gift_card": code,
        "expected_total": booking["total_amount"], "expected_gift": booking["total_amount"]
    });
    let calls = (0..8).map(|_| keyed.post("/payment", body.clone()));
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.bytes, answers[0].bytes);
    }
    assert_eq!(balance(&caller, &code).await, 20_000 - total);
    let paid = answers[0].json();
    assert_eq!(paid["payments"][0]["gateway"], "gift_card");
    assert_eq!(paid["test"], true, "the till is a sandbox's");
    let tickets = format!("/bookings/{}/tickets", text(&booking, "booking_id"));
    let tickets = guest.get(&tickets).await.expect(200).json();
    assert_eq!(items(&tickets["tickets"]).len(), 3);
    let once_more = guest.post("/payment", with(&booking, "pm_card_visa", &code));
    once_more.await.expect_problem(409, "already_paid");
    verify(demo());
    let over = guest.post(&cancel_path(&booking), json!({})).await;
    let over = over.expect(200).json();
    assert_eq!(minor(&over["refund"]["amount"]), total);
    assert_eq!(over["refund"]["gift_card"], last4(&code));
    assert_eq!(balance(&caller, &code).await, 20_000);
    verify(demo());
}

#[tokio::test]
async fn a_payment_that_comes_to_nothing_costs_the_card_nothing() {
    let caller = stranger();
    let code = issue("5.00");
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let declined = with(&booking, "pm_card_visa_chargeDeclined", &code);
    let answer = guest.post("/payment", declined).await;
    let problem = answer.expect_problem(402, "payment_declined").json();
    assert_eq!(problem["booking"]["status"], "held");
    assert_eq!(balance(&caller, &code).await, 500);
    // At the payer's bank the card's part is claimed, and comes back when the bank says no.
    let asks = with(&booking, "pm_card_authenticationRequired", &code);
    let asks = guest.post("/payment", asks).await.expect(202).json();
    assert_eq!(balance(&caller, &code).await, 0);
    let simulate = format!("/payments/{}/simulate", text(&asks, "payment_id"));
    let no = guest.post(&simulate, json!({ "outcome": "fail" })).await;
    no.expect_problem(402, "payment_declined");
    assert_eq!(balance(&caller, &code).await, 500);
    let paid = guest.post("/payment", with(&booking, "pm_card_visa", &code));
    let paid = paid.await.expect(200).json();
    assert_eq!(items(&paid["payments"]).len(), 3);
    assert_eq!(balance(&caller, &code).await, 0);
    verify(demo());
}

#[tokio::test]
async fn twenty_buyers_spend_a_card_once() {
    let caller = stranger();
    let code = issue("5.00");
    let shows = [show().await, show().await];
    let mut held = Vec::new();
    for buyer in 0..20 {
        held.push(caller.hold(&shows[buyer % 2], 1).await);
    }
    let pay = held.iter().map(|(booking, guest)| {
        let mut body = with(booking, "pm_card_visa", &code);
        body["expected_gift"] = json!({ "amount_minor": 500, "currency": "EUR" });
        guest.post("/payment", body)
    });
    let answers = futures_util::future::join_all(pay).await;
    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        let problem = answer.expect_problem(409, "gift_card_changed").json();
        assert_eq!(minor(&problem["gift_amount"]), 0);
    }
    assert_eq!(balance(&caller, &code).await, 0);
    verify(demo());
}

/// What is wrong with a card is nobody's business: all answers are the same but for the request's own id.
#[tokio::test]
async fn no_refusal_tells_why() {
    let caller = stranger();
    let blocked = issue("5.00");
    let (done, words) = gift(demo(), &["block", last4(&blocked), "--theater", THEATER]);
    assert!(done, "{words}");
    let mut mistyped = issue("5.00");
    let last = if mistyped.pop() == Some('7') {
        '8'
    } else {
        '7'
    };
    mistyped.push(last);
    let theaters = caller.get("/theaters").await.expect(200).json();
    let here = theater(&caller).await;
    let mut theaters = items(&theaters["items"])
        .iter()
        .map(|theater| text(theater, "theater_id"));
    let elsewhere = theaters
        .find(|theater| *theater != here)
        .unwrap()
        .to_owned();
    let good = issue("5.00");
    let mut said = Vec::new();
    for (theater, code) in [
        (&here, "0000-0000-0000-0000-0000"),
        (&here, "?!"),
        (&here, ""),
        (&here, &blocked),
        (&here, &mistyped),
        (&elsewhere, &good),
    ] {
        let body = json!({ "theater_id": theater, "code": code });
        let answer = caller.post("/gift-cards/balance", body).await;
        let mut problem = answer.expect_problem(422, "gift_card_invalid").json();
        problem["request_id"] = Value::Null;
        said.push(problem);
    }
    assert!(said.iter().all(|problem| *problem == said[0]), "{said:?}");
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let refused = guest.post("/payment", with(&booking, "pm_card_visa", &blocked));
    refused.await.expect_problem(422, "gift_card_invalid");
    let (done, words) = gift(demo(), &["unblock", last4(&blocked), "--theater", THEATER]);
    assert!(done, "{words}");
    assert_eq!(balance(&caller, &blocked).await, 500);
    verify(demo());
}

#[tokio::test]
async fn the_command_line_makes_lists_and_explains_cards() {
    let issue = |arguments: &[&str]| {
        let mut line = vec!["issue", "--theater", THEATER];
        line.extend(arguments);
        gift(demo(), &line)
    };
    for (arguments, why) in [
        (&["--amount", "0"][..], "no amount for a gift card"),
        (&["--amount", "5,00"], "no amount for a gift card"),
        (&["--amount", "10000.01"], "no amount for a gift card"),
        (&["--amount", "5", "--count", "0"], "1 to 1000 cards"),
        (&["--amount", "5", "--until", "soon"], "neither a day"),
        (&["--amount", "5", "--until", "2020-01-01"], "is over"),
    ] {
        let (done, words) = issue(arguments);
        assert!(!done && words.contains(why), "{arguments:?}: {words}");
    }
    let table = [
        "--amount",
        "7.50",
        "--count",
        "3",
        "--until",
        "2099-12-31",
        "--csv",
    ];
    let (done, words) = issue(&table);
    assert!(done, "{words}");
    let mut rows = words.lines();
    assert_eq!(rows.next(), Some("code,last4,amount,currency,until"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert_eq!(
            (row[1], &row[2..]),
            (last4(row[0]), &["7.50", "EUR", "2099-12-31"][..])
        );
    }
    let code = rows[0][0].to_owned();
    let caller = stranger();
    let body = json!({ "theater_id": theater(&caller).await, "code": code });
    let card = caller.post("/gift-cards/balance", body).await.expect(200);
    // The last day counts whole, on the theater's clock.
    assert_eq!(card.json()["expires_at"], "2099-12-31T23:00:00Z");

    let (booking, guest) = caller.hold(&show().await, 1).await;
    let paid = guest.post("/payment", with(&booking, "pm_card_visa", &code));
    let paid = paid.await.expect(200).json();
    let (done, words) = gift(demo(), &["show", last4(&code), "--theater", THEATER]);
    assert!(done, "{words}");
    let payment = text(&paid["payments"][0], "payment_id");
    for part in [
        "EUR 0.00 of EUR 7.50",
        "issue EUR 7.50",
        "claim EUR -7.50",
        payment,
        text(&booking, "booking_id"),
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!words.contains(&code), "only its end is ever shown again");
    let (_, words) = gift(demo(), &["list", "--theater", THEATER]);
    assert!(words.contains(&format!("…{} EUR 0.00 of EUR 7.50", last4(&code))));
    let (done, words) = gift(demo(), &["show", "QQQQ", "--theater", THEATER]);
    assert!(!done && words.contains("no gift card QQQQ"), "{words}");
    let (done, words) = gift(demo(), &["block", last4(&code)]);
    assert!(!done && words.contains(THEATER), "{words}");
}

/// Only what is refused is a guess: ten wrong codes stop even a good one, at the till too.
#[tokio::test]
async fn only_wrong_codes_are_guesses() {
    let options = ServerOptions {
        limits: true,
        ..ServerOptions::default()
    };
    let server = Server::start(&options).unwrap();
    let code = issue_at(&server, "5.00");
    let caller = server.caller();
    for _ in 0..12 {
        assert_eq!(balance(&caller, &code).await, 500);
    }
    let theater = theater(&caller).await;
    let tries = (0..30).map(|_| {
        let body = json!({ "theater_id": theater, "code": "0000-0000-0000-0000-0000" });
        let caller = caller.clone();
        async move { caller.post("/gift-cards/balance", body).await.status }
    });
    let answers = futures_util::future::join_all(tries).await;
    let answered = answers.iter().filter(|status| **status == 422).count();
    assert_eq!(answered, 10, "{answers:?}");
    let body = json!({ "theater_id": theater, "code": code });
    let good = caller.post("/gift-cards/balance", body).await;
    good.expect_problem(429, "too_many_requests");
    let shows = crate::shared::shows_of(&caller, "spreebogen").await;
    let (booking, guest) = caller.hold(text(&shows[0], "show_id"), 1).await;
    let pay = guest.post("/payment", with(&booking, "pm_card_visa", &code));
    pay.await.expect_problem(429, "too_many_requests");
    let without = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", without).await.expect(200);
}
