//! Retries: the same caller, key and body get the same bytes, and nobody else does.

use crate::shared::{account, demo, items, seat_ids, show, stranger, text};
use matinee_tests::{Server, ServerOptions};
use serde_json::json;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_repeated_booking_answers_the_same_bytes_and_books_once() {
    let caller = stranger();
    let show = show().await;
    let (_, _, user) = account(&caller).await;
    let guest = caller.with_header("guest-secret", SECRET);
    for (index, who) in [user, guest].into_iter().enumerate() {
        let who = who.with_key(&format!("book-{index}"));
        let body = json!({ "show_id": show, "best": 2, "guest_email": "g@example.com" });
        let first = who.post("/book", body.clone()).await.expect(201);
        for _ in 0..3 {
            let again = who.post("/book", body.clone()).await.expect(201);
            assert_eq!(again.bytes, first.bytes);
        }
    }
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        items(&map["seats"])
            .iter()
            .filter(|seat| seat["status"] == "held")
            .count(),
        4
    );
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_and_changes_nothing() {
    let caller = stranger();
    let show = show().await;
    let (_, _, user) = account(&caller).await;
    let user = user.with_key("one");
    user.post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201);
    user.post("/book", json!({ "show_id": show, "best": 2 }))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        items(&map["seats"])
            .iter()
            .filter(|seat| seat["status"] == "held")
            .count(),
        1
    );
}

#[tokio::test]
async fn another_callers_key_never_replays() {
    let caller = stranger();
    let show = show().await;
    let body = json!({ "show_id": show, "best": 1, "guest_email": "g@example.com" });
    let (_, _, one) = account(&caller).await;
    let (_, _, two) = account(&caller).await;
    let callers = [
        one,
        two,
        caller.with_header("guest-secret", SECRET),
        caller.with_header("guest-secret", &SECRET.replace('0', "f")),
        caller.clone(),
        caller.clone(),
    ];
    let mut references = Vec::new();
    for who in callers {
        let booking = who
            .with_key("the same key")
            .post("/book", body.clone())
            .await
            .expect(201)
            .json();
        references.push(text(&booking, "reference").to_owned());
    }
    let all = references.len();
    references.sort();
    references.dedup();
    assert_eq!(
        references.len(),
        all,
        "everybody got a booking of their own; without a Guest-Secret nothing replays"
    );
}

#[tokio::test]
async fn a_repeated_payment_charges_once_and_a_declined_one_stays_declined() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let pay =
        |method: &str| json!({ "booking_id": booking["booking_id"], "payment_method": method });
    let declined = guest
        .with_key("first")
        .post("/payment", pay("pm_card_visa_chargeDeclined"))
        .await
        .expect(402);
    let paid = guest
        .with_key("second")
        .post("/payment", pay("pm_card_visa"))
        .await
        .expect(200);
    let again = guest
        .with_key("first")
        .post("/payment", pay("pm_card_visa_chargeDeclined"))
        .await
        .expect(402);
    assert_eq!(
        again.bytes, declined.bytes,
        "the stored answer, though it is paid by now"
    );
    let again = guest
        .with_key("second")
        .post("/payment", pay("pm_card_visa"))
        .await
        .expect(200);
    assert_eq!(again.bytes, paid.bytes);
    guest
        .with_key("second")
        .post("/payment", pay("pm_card_mastercard"))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&now["payments"]).len(), 2);
}

#[tokio::test]
async fn a_repeated_cancel_refunds_once() {
    let caller = stranger();
    let (booking, guest) = caller.buy(&show().await, 2).await;
    let path = format!("/cancel/{}", text(&booking, "booking_id"));
    let guest = guest.with_key("cancel");
    let first = guest.post(&path, json!({})).await.expect(200);
    let again = guest.post(&path, json!({})).await.expect(200);
    assert_eq!(first.bytes, again.bytes);
    let now = guest
        .get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200)
        .json();
    assert_eq!(items(&now["refunds"]).len(), 1);
}

#[tokio::test]
async fn a_loser_may_use_the_same_key_again() {
    let caller = stranger();
    let show = show().await;
    let (taken, holder) = caller.hold(&show, 1).await;
    let (_, _, user) = account(&caller).await;
    let user = user.with_key("again");
    let body = json!({ "show_id": show, "seat_ids": seat_ids(&taken) });
    user.post("/book", body.clone())
        .await
        .expect_problem(409, "seats_unavailable");
    holder
        .delete(&format!("/bookings/{}", text(&taken, "booking_id")))
        .await
        .expect(204);
    user.post("/book", body).await.expect(201);
}

#[tokio::test]
async fn the_same_request_many_times_at_once_is_one_booking() {
    let caller = stranger();
    let show = show().await;
    let (_, _, user) = account(&caller).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (user, show) = (user.with_key("at once"), show.clone());
        crowd.spawn(async move {
            user.post("/book", json!({ "show_id": show, "best": 2 }))
                .await
        });
    }
    let answers = crowd.join_all().await;
    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.bytes == made[0].bytes));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "idempotency_in_progress")
        );
    }
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        items(&map["seats"])
            .iter()
            .filter(|seat| seat["status"] == "held")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_key_has_1_to_255_characters_and_a_guest_secret_128_bits() {
    let caller = stranger();
    let body = json!({ "show_id": show().await, "best": 1 });
    caller
        .with_key(&"k".repeat(256))
        .post("/book", body.clone())
        .await
        .expect_problem(400, "malformed");
    caller
        .with_key("")
        .post("/book", body.clone())
        .await
        .expect_problem(400, "malformed");
    caller
        .with_header("guest-secret", "short")
        .post("/book", body.clone())
        .await
        .expect_problem(400, "malformed");
    caller
        .with_key(&"k".repeat(255))
        .post("/book", body)
        .await
        .expect(201);
}

#[tokio::test]
async fn answers_are_the_same_bytes_after_a_restart() {
    let folder = matinee_tests::server::demo_folder(true).unwrap();
    let mut server = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let book = json!({ "show_id": show["show_id"], "best": 2, "guest_email": "g@example.com" });
    let held = caller
        .with_header("guest-secret", SECRET)
        .with_key("b")
        .post("/book", book.clone())
        .await
        .expect(201);
    let token = text(&held.json(), "guest_token").to_owned();
    let pay = json!({ "booking_id": held.json()["booking_id"], "payment_method": "pm_card_visa" });
    let paid = caller
        .with_token(&token)
        .with_key("p")
        .post("/payment", pay.clone())
        .await
        .expect(200);
    server.kill().unwrap();
    let server = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let caller = server.caller();
    let again = caller
        .with_header("guest-secret", SECRET)
        .with_key("b")
        .post("/book", book)
        .await
        .expect(201);
    assert_eq!(again.bytes, held.bytes);
    let again = caller
        .with_token(&token)
        .with_key("p")
        .post("/payment", pay)
        .await
        .expect(200);
    assert_eq!(again.bytes, paid.bytes);
}

#[tokio::test]
async fn no_token_is_kept_in_a_record() {
    let caller = stranger();
    let show = show().await;
    let guest = caller.with_header("guest-secret", SECRET).with_key("kept");
    let booking = guest
        .post("/book", json!({ "show_id": show, "best": 1 }))
        .await
        .expect(201)
        .json();
    let token = text(&booking, "guest_token").as_bytes().to_vec();
    let conn = crate::shared::database(demo());
    let mut rows = conn.prepare("SELECT answer FROM idempotency").unwrap();
    let answers = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let mut seen = 0;
    for answer in answers {
        let answer = answer.unwrap();
        assert!(!answer.windows(token.len()).any(|window| window == token));
        seen += 1;
    }
    assert!(seen > 0);
}
