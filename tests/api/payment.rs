//! `POST /payment` and the sandbox's bank.

use crate::shared::{account, items, minor, seat_ids, seat_status, show, stranger, text};
use matinee_tests::{Server, ServerOptions};
use serde_json::{Value, json};

fn with(booking: &Value, method: &str) -> Value {
    json!({ "booking_id": booking["booking_id"], "payment_method": method })
}

#[tokio::test]
async fn a_paid_booking_is_confirmed_and_its_seats_are_sold() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    let body = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa", "expected_total": booking["total_amount"] });
    let paid = guest.post("/payment", body).await.expect(200).json();
    assert_eq!(paid["status"], "confirmed");
    assert_eq!(paid["hold_expires_at"], Value::Null);
    assert_eq!(paid["payments"][0]["status"], "captured");
    assert_eq!(paid["payments"][0]["amount"], booking["total_amount"]);
    for seat in seat_ids(&booking) {
        assert_eq!(seat_status(&caller, &show, &seat).await, "sold");
    }
    guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect_problem(409, "already_paid");
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&now["payments"]).len(), 1, "charged once");
}

#[tokio::test]
async fn a_declined_payment_keeps_the_hold_and_another_one_may_follow() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let problem = guest
        .post("/payment", with(&booking, "pm_card_visa_chargeDeclined"))
        .await
        .expect_problem(402, "payment_declined")
        .json();
    assert_eq!(problem["booking"]["status"], "held");
    assert_eq!(problem["booking"]["payments"][0]["status"], "declined");
    assert!(!text(&problem["booking"]["payments"][0], "decline_reason").is_empty());
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&booking)[0]).await,
        "held"
    );
    let paid = guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
    assert_eq!(items(&paid["payments"]).len(), 2);
}

#[tokio::test]
async fn a_payment_that_needs_the_bank_waits_and_then_succeeds() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let waiting = guest
        .post("/payment", with(&booking, "pm_card_authenticationRequired"))
        .await
        .expect(202)
        .json();
    assert_eq!(waiting["status"], "awaiting_payment");
    assert_eq!(waiting["payments"][0]["status"], "requires_action");
    assert!(waiting["next_action"].is_object());
    guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect_problem(409, "payment_in_progress");
    let simulate = format!("/payments/{}/simulate", text(&waiting, "payment_id"));
    let (_, other) = caller.hold(&show().await, 1).await;
    let (_, _, user) = account(&caller).await;
    let succeed = json!({ "outcome": "succeed" });
    for stranger in [&other, &user] {
        stranger
            .post(&simulate, succeed.clone())
            .await
            .expect_problem(404, "not_found");
    }
    let nobody = caller.post(&simulate, succeed.clone()).await;
    assert!(matches!(nobody.status, 401 | 404), "{}", nobody.status);
    let paid = guest
        .post(&simulate, succeed.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "confirmed");
    guest
        .post(&simulate, succeed)
        .await
        .expect_problem(409, "not_awaiting_action");
}

#[tokio::test]
async fn a_payment_that_needs_the_bank_works_with_a_key_and_its_repetition_hears_202() {
    let caller = stranger();
    for (outcome, status) in [("succeed", 200), ("fail", 402)] {
        let (booking, guest) = caller.hold(&show().await, 1).await;
        let keyed = guest.with_key("needs the bank");
        let waiting = keyed
            .post("/payment", with(&booking, "pm_card_authenticationRequired"))
            .await
            .expect(202);
        let simulate = format!("/payments/{}/simulate", text(&waiting.json(), "payment_id"));
        guest
            .with_key("bank")
            .post(&simulate, json!({ "outcome": outcome }))
            .await
            .expect(status);
        let again = keyed
            .post("/payment", with(&booking, "pm_card_authenticationRequired"))
            .await
            .expect(202);
        assert_eq!(again.bytes, waiting.bytes);
    }
}

#[tokio::test]
async fn a_payment_the_bank_refuses_gives_the_hold_back() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let waiting = guest
        .post("/payment", with(&booking, "pm_card_authenticationRequired"))
        .await
        .expect(202)
        .json();
    let simulate = format!("/payments/{}/simulate", text(&waiting, "payment_id"));
    guest
        .post(&simulate, json!({ "outcome": "fail" }))
        .await
        .expect_problem(402, "payment_declined");
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "held");
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&booking)[0]).await,
        "held"
    );
    guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect(200);
}

#[tokio::test]
async fn nothing_is_charged_without_an_email_or_at_another_price() {
    let caller = stranger();
    let show = show().await;
    let booking = caller
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201)
        .json();
    let guest = caller.with_token(text(&booking, "guest_token"));
    guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect_problem(422, "email_required");
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    guest
        .with_header("if-match", "*")
        .patch(&path, json!({ "guest_email": "late@example.com" }))
        .await
        .expect(200);
    for wrong in [
        json!({ "amount_minor": 1, "currency": "EUR" }),
        json!({ "amount_minor": minor(&booking["total_amount"]), "currency": "USD" }),
    ] {
        let body = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa", "expected_total": wrong });
        guest
            .post("/payment", body)
            .await
            .expect_problem(409, "price_changed");
    }
    let now = guest.get(&path).await.expect(200).json();
    assert_eq!(
        (&now["status"], items(&now["payments"]).len()),
        (&json!("held"), 0)
    );
    guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_card_number_or_an_empty_method_is_refused() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 1).await;
    for method in [
        "",
        "4242424242424242",
        "4242 4242 4242 4242",
        "5555-5555-5555-4444",
    ] {
        let problem = guest
            .post("/payment", with(&booking, method))
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], "/payment_method");
        assert!(
            method.is_empty() || !problem.to_string().contains(method),
            "never repeated"
        );
    }
    let log = crate::shared::demo().log();
    assert!(!log.contains("4242424242424242") && !log.contains("4242 4242"));
}

#[tokio::test]
async fn two_payments_at_once_charge_once() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 2).await;
    let mut both = tokio::task::JoinSet::new();
    for key in 0..6 {
        let (guest, body) = (
            guest.with_key(&format!("at-once-{key}")),
            with(&booking, "pm_card_visa"),
        );
        both.spawn(async move { guest.post("/payment", body).await });
    }
    let answers = both.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 409);
        assert!(
            matches!(
                answer.code().as_str(),
                "already_paid" | "payment_in_progress"
            ),
            "{}",
            answer.code()
        );
    }
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    let captured = items(&now["payments"])
        .iter()
        .filter(|payment| payment["status"] == "captured");
    assert_eq!(captured.count(), 1);
}

#[tokio::test]
async fn with_no_gateway_holding_works_and_paying_says_so() {
    let server = Server::start(&ServerOptions {
        arguments: vec!["--gateway".into(), "none".into()],
        ..ServerOptions::default()
    })
    .unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let (booking, guest) = caller.hold(text(&show, "show_id"), 1).await;
    let problem = guest
        .post("/payment", with(&booking, "pm_card_visa"))
        .await
        .expect_problem(503, "no_gateway");
    assert!(
        !problem.header("retry-after").is_empty(),
        "503 comes with Retry-After"
    );
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "held");
}
