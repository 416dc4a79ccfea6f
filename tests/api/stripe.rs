//! Real money, as far as it goes without any: the server with Stripe as its gateway, at the real localstripe.

use crate::shared::{minor, text};
use matinee_tests::{
    Caller, Server, ServerOptions, server,
    stripe::{AUTHENTICATION_REQUIRED, Books, DECLINED, Fault, Stripe, VISA},
    stripe_news,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    process::Command,
    time::{Duration, Instant},
};

const SECRET: &str = "whsec_of_the_test";

struct House {
    server: Server,
    /// Where its metrics are.
    metrics: String,
    stripe: Stripe,
}

fn variables(stripe: &Stripe) -> Vec<String> {
    vec![
        format!("MATINEE_STRIPE_API={}", stripe.url()),
        "MATINEE_STRIPE_SECRET_KEY=sk_test_of_the_test".into(),
        format!("MATINEE_STRIPE_WEBHOOK_SECRET={SECRET}"),
        "MATINEE_GATEWAY=stripe".into(),
    ]
}

fn options(stripe: &Stripe, metrics: &str) -> ServerOptions {
    let mut wrapper = vec!["env".to_owned()];
    wrapper.extend(variables(stripe));
    wrapper.push(format!("MATINEE_METRICS={metrics}"));
    ServerOptions {
        wrapper,
        ..ServerOptions::default()
    }
}

fn free_port() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    port.local_addr().unwrap().to_string()
}

/// A server compares its books at the start; what happens to calls is counted from then on.
fn wait_for_comparisons(stripe: &Stripe, count: usize) {
    let begun = Instant::now();
    let list = "/v1/payment_intents";
    let compared = || {
        stripe
            .calls()
            .iter()
            .filter(|c| c.method == "GET" && c.path == list)
            .count()
    };
    while compared() < count {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl House {
    fn new() -> Self {
        let stripe = Stripe::start().unwrap();
        let metrics = free_port();
        let server = Server::start(&options(&stripe, &metrics)).unwrap();
        wait_for_comparisons(&stripe, 1);
        Self {
            server,
            metrics,
            stripe,
        }
    }

    async fn hold(&self, seats: u16) -> (Value, Caller) {
        let caller = self.server.caller();
        let shows = crate::shared::shows_of(&caller, "spreebogen").await;
        caller.hold(text(&shows[0], "show_id"), seats).await
    }

    /// Looks at a booking until it has this status.
    async fn becomes(&self, guest: &Caller, booking: &Value, status: &str) -> Value {
        let path = format!("/bookings/{}", text(booking, "booking_id"));
        let begun = Instant::now();
        loop {
            let now = guest.get(&path).await.expect(200).json();
            if now["status"] == status {
                return now;
            }
            let log = self.server.log();
            assert!(begun.elapsed() < Duration::from_mins(2), "{now}\n{log}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the other side says of a booking's last payment.
    fn books(&self, booking: &Value) -> Books {
        let payments = booking["payments"].as_array().unwrap();
        self.stripe
            .books(text(payments.last().unwrap(), "payment_id"))
    }

    /// `reconcile`: whether the books agree, and what it says.
    fn reconcile(&self) -> (bool, String) {
        let (code, words) = self.reconcile_with(&[]);
        assert!(matches!(code, Some(0 | 1)), "{words}");
        (code == Some(0), words)
    }

    /// The same with other variables; its exit code.
    fn reconcile_with(&self, others: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut command = Command::new(server::program());
        for variable in variables(&self.stripe) {
            let (name, value) = variable.split_once('=').unwrap();
            command.env(name, value);
        }
        command.envs(others.iter().copied());
        let database = server::database(self.server.folder());
        let output = command
            .args(["reconcile", "--database", &database])
            .output()
            .unwrap();
        let words =
            [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        (output.status.code(), words.concat())
    }

    /// Tells what Stripe would, signed.
    async fn tell(&self, event: Value) -> u16 {
        let caller = self.server.caller();
        stripe_news::tell(&caller, SECRET, event).await.status
    }
}

fn with(booking: &Value, method: &str) -> Value {
    json!({ "booking_id": booking["booking_id"], "payment_method": method })
}

/// Where a redirect leads, without going there.
async fn leads_to(url: &str) -> String {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_booking_is_paid_and_paid_back_and_the_books_agree() {
    let house = House::new();
    let (booking, guest) = house.hold(2).await;
    assert_eq!(booking["payment_methods"], json!(["hosted"]));
    let paid = guest
        .post("/payment", with(&booking, VISA))
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
    assert_eq!(paid["test"], true, "a test key's tickets say so");
    assert_eq!(paid["payments"][0]["method"], "Visa •••• 4242");
    let total = minor(&paid["total_amount"]);
    let books = house.books(&paid);
    assert_eq!(
        (books.captured, books.charges, books.intents),
        (total, 1, 1)
    );
    // Part of it, then the rest.
    let seat = paid["seats"][0]["seat_id"].clone();
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let part = guest
        .post(&cancel, json!({ "seat_ids": [seat] }))
        .await
        .expect(200)
        .json();
    let first = minor(&part["refund"]["amount"]);
    assert_eq!(house.books(&paid).refunded, first);
    let rest = guest.post(&cancel, json!({})).await.expect(200).json();
    let second = minor(&rest["refund"]["amount"]);
    let books = house.books(&paid);
    assert_eq!((books.refunded, books.refunds), (first + second, 2));
    // A declined card costs nothing.
    let (other, guest) = house.hold(1).await;
    let declined = guest.post("/payment", with(&other, DECLINED)).await;
    let declined = declined.expect_problem(402, "payment_declined").json();
    assert_eq!(declined["booking"]["status"], "held");
    assert_eq!(house.books(&declined["booking"]).charges, 0);

    tokio::time::sleep(Duration::from_secs(16)).await;
    let (agree, words) = house.reconcile();
    assert!(agree && words.contains("compared 2 payments"), "{words}");
    // Somebody at the dashboard.
    let key = text(&paid["payments"][0], "payment_id").to_owned();
    house.stripe.refund_by_hand(&key, 100);
    let stranger = key.replace(&key[key.len() - 4..], "aaaa");
    house.stripe.charge_by_hand(&stranger, 700);
    tokio::time::sleep(Duration::from_secs(16)).await;
    let (agree, words) = house.reconcile();
    assert!(!agree, "{words}");
    let more = format!("ours {}, theirs {}", first + second, first + second + 100);
    for line in [
        "DIFFERS paid back differs",
        &more,
        "DIFFERS money at the gateway for no payment of ours",
        &stranger,
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
}

#[tokio::test]
async fn a_payer_pays_on_the_gateways_page() {
    let house = House::new();
    let (booking, guest) = house.hold(2).await;
    let body =
        json!({ "booking_id": booking["booking_id"], "expected_total": booking["total_amount"] });
    let waits = guest.post("/payment", body).await.expect(202).json();
    assert_eq!(waits["next_action"]["type"], "redirect");
    let url = text(&waits["next_action"], "url").to_owned();
    assert!(url.starts_with(house.server.url()));
    let page = leads_to(&url).await;
    let id = page.rsplit('/').next().unwrap();
    assert!(page.starts_with(house.stripe.url()), "{page}");
    house.stripe.pay_page(id, DECLINED);
    house.stripe.pay_page(id, VISA);
    // Stripe says so; without that the job finds out by itself.
    let event = json!({
        "id": "evt_1", "type": "checkout.session.completed", "livemode": false,
        "data": { "object": {
            "id": id, "amount_total": minor(&booking["total_amount"]), "currency": "eur",
            "metadata": { "matinee_payment": waits["payment_id"] },
        } },
    });
    let mut wrong = event.clone();
    wrong["id"] = json!("evt_wrong");
    wrong["data"]["object"]["amount_total"] = json!(1);
    assert_eq!(house.tell(event.clone()).await, 200);
    assert_eq!(house.tell(event).await, 200, "told again");
    assert_eq!(house.tell(wrong).await, 400, "another amount");
    let paid = house.becomes(&guest, &booking, "confirmed").await;
    assert_eq!(paid["payments"][0]["status"], "captured");
    let books = house.books(&paid);
    assert_eq!(
        (books.captured, books.charges),
        (minor(&paid["total_amount"]), 1)
    );
    // Whoever goes to the page again comes back to the booking.
    let back = leads_to(&url).await;
    let end = format!("/bookings/{}/paid", text(&booking, "booking_id"));
    assert!(back.ends_with(&end), "{back}");
}

#[tokio::test]
async fn the_banks_check_is_passed_on_its_page_and_found_by_the_job() {
    let house = House::new();
    let (booking, guest) = house.hold(1).await;
    let card = with(&booking, AUTHENTICATION_REQUIRED);
    let waits = guest.post("/payment", card).await.expect(202).json();
    let payment = text(&waits, "payment_id");
    let simulate = format!("/payments/{payment}/simulate");
    let played = guest.post(&simulate, json!({ "outcome": "succeed" })).await;
    played.expect_problem(503, "no_gateway");
    house.stripe.authenticate(payment, true);
    // Nobody tells: the job looks by itself.
    let paid = house.becomes(&guest, &booking, "confirmed").await;
    assert_eq!(house.books(&paid).captured, minor(&paid["total_amount"]));
}

#[tokio::test]
async fn a_lost_answer_at_any_call_charges_once() {
    let house = House::new();
    for call in 0..3 {
        for fault in [Fault::Lost, Fault::FailedAfter, Fault::Twice] {
            let (booking, guest) = house.hold(1).await;
            let guest = guest.with_header("Idempotency-Key", &format!("{fault:?}{call}"));
            house.stripe.arm(call, fault);
            let mut answer = guest.post("/payment", with(&booking, VISA)).await;
            for _ in 0..4 {
                if answer.status == 200 {
                    break;
                }
                answer = guest.post("/payment", with(&booking, VISA)).await;
            }
            let paid = answer.expect(200).json();
            assert_eq!(paid["status"], "confirmed", "{fault:?} {call}");
            let books = house.books(&paid);
            let total = minor(&paid["total_amount"]);
            assert_eq!(
                (books.captured, books.charges),
                (total, 1),
                "{fault:?} {call}"
            );
        }
    }
}

/// The server dies while Stripe is at each of its calls.
#[tokio::test]
async fn a_crash_at_any_call_ends_as_tickets_or_as_nothing() {
    let mut gone = Vec::new();
    let mut house = House::new();
    for call in 0..3 {
        let (booking, guest) = house.hold(1).await;
        house.stripe.arm(call, Fault::StalledAfter);
        let calls = house.stripe.calls().len();
        let paying = {
            let (guest, body) = (guest.clone(), with(&booking, VISA).to_string());
            tokio::spawn(async move {
                let body = Some(body.into_bytes());
                drop(guest.send(Method::POST, "/payment", body).await);
            })
        };
        let begun = Instant::now();
        while house.stripe.calls().len() <= calls + call {
            assert!(begun.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        house.server.kill().unwrap();
        let _ = paying.await;
        let folder = house.server.folder().to_owned();
        // The hour of the first comparison is not over: the new server makes none of its own.
        let again = Server::start_in(&folder, &options(&house.stripe, &house.metrics)).unwrap();
        let guest = again.caller().with_token(guest.token().unwrap());
        // Its folder is needed as long as a server is.
        gone.push(std::mem::replace(&mut house.server, again));
        let end = if call == 0 { "held" } else { "confirmed" };
        // What was not confirmed at the bank yet is given up; what was is finished.
        let path = format!("/bookings/{}", text(&booking, "booking_id"));
        let begun = Instant::now();
        let now = loop {
            let now = guest.get(&path).await.expect(200).json();
            if now["status"] != "awaiting_payment" && now["payments"][0]["status"] != "authorized" {
                break now;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{now}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert_eq!(now["status"], end, "call {call}: {now}");
        let books = house.books(&now);
        let total = if call == 0 {
            0
        } else {
            minor(&now["total_amount"])
        };
        assert_eq!((books.captured, books.held), (total, 0), "call {call}");
    }
}

/// A page whose making was not answered is asked for again, seconds later, with the same key: it is the same page.
#[tokio::test]
async fn a_lost_page_is_asked_for_again() {
    let house = House::new();
    house.stripe.remember();
    let (booking, guest) = house.hold(1).await;
    let guest = guest.with_header("Idempotency-Key", "the-same");
    let body = json!({ "booking_id": booking["booking_id"] });
    house.stripe.arm(0, Fault::Lost);
    let lost = guest.post("/payment", body.clone()).await;
    lost.expect_problem(503, "gateway_unavailable");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let waits = guest.post("/payment", body).await.expect(202).json();
    assert_eq!(waits["next_action"]["type"], "redirect");
    assert_eq!(house.stripe.pages().len(), 1);
}

/// What Stripe will never confirm is told as declined, and leaves nothing at Stripe.
#[tokio::test]
async fn a_confirmation_that_is_refused_leaves_the_hold() {
    let house = House::new();
    let (booking, guest) = house.hold(1).await;
    house
        .stripe
        .arm(1, Fault::Refused(400, "parameter_missing"));
    let refused = guest.post("/payment", with(&booking, VISA)).await;
    let refused = refused.expect_problem(402, "payment_declined").json();
    assert_eq!(refused["booking"]["status"], "held");
    let books = house.books(&refused["booking"]);
    assert_eq!((books.charges, books.held), (0, 0));
    let paid = guest.post("/payment", with(&booking, VISA)).await;
    assert_eq!(paid.expect(200).json()["status"], "confirmed");
}

/// A key of the other mode, or of another account, cannot finish what is under way, and the server says so at its start.
#[tokio::test]
async fn another_key_does_not_strand_what_is_under_way() {
    let mut house = House::new();
    let (booking, guest) = house.hold(1).await;
    let body = json!({ "booking_id": booking["booking_id"] });
    guest.post("/payment", body).await.expect(202);
    house.server.kill().unwrap();
    let folder = house.server.folder().to_owned();
    let usual = options(&house.stripe, &house.metrics);
    let mut live = usual.clone();
    live.wrapper.extend([
        "MATINEE_STRIPE_SECRET_KEY=sk_live_of_the_test".to_owned(),
        "MATINEE_PUBLIC_URL=https://kino.example".to_owned(),
    ]);
    let refused = Server::start_in(&folder, &live).err().unwrap().to_string();
    assert!(refused.contains("test money"), "{refused}");
    house.stripe.lie(json!({ "id": "acct_another" }));
    let refused = Server::start_in(&folder, &usual).err().unwrap().to_string();
    assert!(refused.contains("acct_another"), "{refused}");
    let again = Server::start_in(&folder, &usual).unwrap();
    drop(again);
}

/// Whoever calls it by itself can tell books that differ from books that could not be compared.
#[tokio::test]
async fn reconcile_says_whether_it_compared() {
    let house = House::new();
    // A live key needs no address of the site here; what a test key began is not its to compare.
    let live = ("MATINEE_STRIPE_SECRET_KEY", "sk_live_of_the_test");
    let (code, words) = house.reconcile_with(&[live]);
    assert_eq!(code, Some(0), "{words}");
    for other in [
        ("MATINEE_GATEWAY", "none"),
        ("MATINEE_STRIPE_WEBHOOK_SECRET", "x"),
    ] {
        let (code, words) = house.reconcile_with(&[other]);
        assert_eq!(code, Some(2), "{words}");
    }
    house
        .stripe
        .always(Some(Fault::Status(401, "api_key_expired")));
    assert_eq!(house.reconcile_with(&[]).0, Some(2));
}

/// localstripe signs and sends by itself.
#[tokio::test]
async fn messages_as_localstripe_signs_them_are_taken() {
    let house = House::new();
    let to = format!("{}/api/v1/webhooks/stripe", house.server.url());
    house.stripe.send_messages_to(&to, SECRET);
    let (booking, guest) = house.hold(1).await;
    guest
        .post("/payment", with(&booking, VISA))
        .await
        .expect(200);
    let begun = Instant::now();
    while metric(&house, "matinee_gateway_news_total").await < 1.0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            house.server.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(metric(&house, "matinee_gateway_news_refused_total").await < 1.0);
}

async fn metric(house: &House, name: &str) -> f64 {
    let text = reqwest::get(format!("http://{}/metrics", house.metrics));
    let text = text.await.unwrap();
    let text = text.text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is missing"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_refused_key_stops_the_start_and_is_told_while_running() {
    let house = House::new();
    house
        .stripe
        .always(Some(Fault::Status(401, "api_key_expired")));
    let refused = Server::start(&options(&house.stripe, &free_port()))
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("make a new key"), "{refused}");
    // The server that runs goes on: seats are held, paying waits, and the log says why, once.
    let (booking, guest) = house.hold(1).await;
    let unpaid = guest.post("/payment", with(&booking, VISA)).await;
    let unpaid = unpaid.expect_problem(503, "gateway_unavailable");
    assert!(!unpaid.header("retry-after").is_empty());
    assert!(metric(&house, "matinee_gateway_up").await < 1.0);
    assert!(metric(&house, "matinee_gateway_key_refused_total").await >= 1.0);
    assert_eq!(house.server.log().matches("make a new key").count(), 1);
    assert!(!house.server.log().contains("sk_test_of_the_test"));
    house.stripe.always(None);
    // What was tried is given up by itself, and the same hold can be paid.
    house.becomes(&guest, &booking, "held").await;
    let paid = guest
        .post("/payment", with(&booking, VISA))
        .await
        .expect(200)
        .json();
    assert_eq!(house.books(&paid).charges, 1);
    assert!(metric(&house, "matinee_gateway_up").await > 0.0);
}

/// Stripe is asked for what a gift card leaves, and pays that back first; a card that pays all of it needs no Stripe.
#[tokio::test]
async fn a_gift_card_pays_beside_the_gateway() {
    let house = House::new();
    let code = crate::gift::issue_at(&house.server, "5.00");
    let (booking, guest) = house.hold(2).await;
    let mut body = with(&booking, VISA);
    body["gift_card"] = json!(code);
    let paid = guest.post("/payment", body).await.expect(200).json();
    let total = minor(&paid["total_amount"]);
    assert_eq!(house.books(&paid).captured, total - 500);
    let cancel = format!("/cancel/{}", text(&booking, "booking_id"));
    let over = guest.post(&cancel, json!({})).await.expect(200).json();
    assert_eq!(minor(&over["gift_refund"]["amount"]), 500);
    let books = house.books(&paid);
    assert_eq!((books.refunded, books.refunds), (total - 500, 1));

    let large = crate::gift::issue_at(&house.server, "100.00");
    let (booking, guest) = house.hold(1).await;
    let body = json!({ "booking_id": booking["booking_id"], "gift_card": large });
    let paid = guest.post("/payment", body).await.expect(200).json();
    assert_eq!(paid["status"], "confirmed");
    assert_eq!(house.books(&paid).intents, 0);
    tokio::time::sleep(Duration::from_secs(16)).await;
    let (agree, words) = house.reconcile();
    assert!(agree && words.contains("compared 1 payments"), "{words}");
}

/// Stripe charges no twenty cents: the card leaves a little more, as the hold says, and keeps the rest.
#[tokio::test]
async fn a_gift_card_leaves_what_stripe_can_charge() {
    let house = House::new();
    let (booking, guest) = house.hold(1).await;
    assert_eq!(minor(&booking["minimum_charge"]), 50);
    let total = minor(&booking["total_amount"]);
    let amount = format!("{}.{:02}", (total - 20) / 100, (total - 20) % 100);
    let code = crate::gift::issue_at(&house.server, &amount);
    let mut body = with(&booking, VISA);
    body["gift_card"] = json!(code);
    let paid = guest.post("/payment", body).await.expect(200).json();
    assert_eq!(minor(&paid["payments"][0]["gift_amount"]), total - 50);
    assert_eq!(house.books(&paid).captured, 50);
    let body = json!({ "theater_id": booking["show"]["theater_id"], "code": code });
    let left = guest.post("/gift-cards/balance", body).await.expect(200);
    assert_eq!(minor(&left.json()["balance"]), 30);
}
