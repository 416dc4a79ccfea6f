//! `POST /cancel/{booking_id}`.

use crate::shared::{items, minor, seat_ids, seat_status, show, shows_of, stranger, text};
use serde_json::json;

#[tokio::test]
async fn a_cancelled_booking_gives_its_money_and_seats_back() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.buy(&show, 2).await;
    let terms = &booking["cancellation_policy"];
    assert_eq!(terms["cancellable"], true);
    let answer = guest
        .post(
            &format!("/cancel/{}", text(&booking, "booking_id")),
            json!({}),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(answer["booking"]["status"], "cancelled");
    assert_eq!(
        answer["refund"]["amount"], terms["refund_now"],
        "as it was told before"
    );
    assert_eq!(
        answer["refund"]["amount"], booking["total_amount"],
        "long before the start everything comes back"
    );
    assert!(!text(&answer["refund"], "method").is_empty());
    assert!(matches!(
        text(&answer["refund"], "status"),
        "pending" | "succeeded"
    ));
    for seat in seat_ids(&booking) {
        assert_eq!(seat_status(&caller, &show, &seat).await, "available");
    }
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    crate::shared::until(5, "the refund succeeds", || async {
        let now = guest.get(&path).await.expect(200).json();
        (now["refunds"][0]["status"] == "succeeded" && now["payments"][0]["status"] == "refunded")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn seats_cancelled_one_by_one_add_up_to_what_was_paid() {
    let caller = stranger();
    // Three seats of a currency with odd amounts, each of another price.
    for search in ["spreebogen", "marsa", "kaede", "gulmohar"] {
        let shows = shows_of(&caller, search).await;
        let show = if search == "spreebogen" {
            show().await
        } else {
            text(shows.last().unwrap(), "show_id").to_owned()
        };
        let seats = crate::shared::best(&caller, &show, 3).await;
        let body = json!({ "show_id": show, "seat_ids": seats, "ticket_types": { &seats[0]: "child" }, "guest_email": "c@example.com" });
        let booking = caller.post("/book", body).await.expect(201).json();
        let guest = caller.with_token(text(&booking, "guest_token"));
        let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
        let paid = guest.post("/payment", pay).await.expect(200).json();
        let whole = minor(&paid["cancellation_policy"]["refund_now"]);
        let path = format!("/cancel/{}", text(&booking, "booking_id"));
        let mut back = 0;
        for (index, seat) in seats.iter().enumerate() {
            let before = guest
                .get(&format!("/bookings/{}", text(&booking, "booking_id")))
                .await
                .expect(200)
                .json();
            let promised = minor(&before["cancellation_policy"]["refund_now_by_seat"][seat]);
            let answer = guest
                .post(&path, json!({ "seat_ids": [seat] }))
                .await
                .expect(200)
                .json();
            let amount = minor(&answer["refund"]["amount"]);
            assert_eq!(amount, promised, "{search} {seat}");
            back += amount;
            let status = if index == 2 {
                "cancelled"
            } else {
                "partly_cancelled"
            };
            assert_eq!(answer["booking"]["status"], status);
            assert_eq!(seat_status(&caller, &show, seat).await, "available");
        }
        assert_eq!(back, whole, "{search}");
        assert!(back <= minor(&paid["total_amount"]));
    }
}

#[tokio::test]
async fn a_part_leaves_the_other_tickets_valid() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.buy(&show, 2).await;
    let id = text(&booking, "booking_id");
    let seats = seat_ids(&booking);
    let answer = guest
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": [seats[0]] }))
        .await
        .expect(200)
        .json();
    let cancelled: Vec<bool> = items(&answer["booking"]["seats"])
        .iter()
        .map(|seat| seat["cancelled"] == true)
        .collect();
    assert_eq!(cancelled, [true, false]);
    assert_eq!(seat_status(&caller, &show, &seats[1]).await, "sold");
    let problem = guest
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": [seats[0]] }))
        .await;
    assert!(
        matches!(problem.status, 409 | 422),
        "not twice: {}",
        problem.status
    );
    let unknown = guest
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": ["Z-99"] }))
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(unknown["errors"][0]["pointer"], "/seat_ids/0");
    guest
        .post(&format!("/cancel/{id}"), json!({ "seat_ids": [] }))
        .await
        .expect_problem(422, "invalid");
    let now = guest
        .get(&format!("/bookings/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "partly_cancelled");
    assert_eq!(items(&now["refunds"]).len(), 1);
}

#[tokio::test]
async fn an_empty_body_cancels_everything() {
    let caller = stranger();
    let (booking, guest) = caller.buy(&show().await, 1).await;
    let path = format!("/cancel/{}", text(&booking, "booking_id"));
    let answer = guest
        .send(reqwest::Method::POST, &path, None)
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(answer["booking"]["status"], "cancelled");
    guest
        .post(&path, json!({}))
        .await
        .expect_problem(409, "not_cancellable");
}

#[tokio::test]
async fn a_hold_is_released_not_cancelled() {
    let caller = stranger();
    let (booking, guest) = caller.hold(&show().await, 1).await;
    let answer = guest
        .post(
            &format!("/cancel/{}", text(&booking, "booking_id")),
            json!({}),
        )
        .await;
    answer.expect_problem(409, "not_cancellable");
}
