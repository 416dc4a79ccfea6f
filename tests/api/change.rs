//! Changing, extending and releasing a hold.

use crate::shared::{best, minor, seat_ids, seat_status, show, stranger, text};
use serde_json::json;

#[tokio::test]
async fn a_hold_moves_to_other_seats_in_one_step() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let wanted = best(&caller, &show, 2).await;
    let tagged = guest.with_header("if-match", &format!("\"{}\"", booking["version"]));
    let answer = tagged
        .patch(&path, json!({ "seat_ids": wanted }))
        .await
        .expect(200);
    let changed = answer.json();
    assert_eq!(seat_ids(&changed), wanted);
    assert!(changed["version"].as_u64() > booking["version"].as_u64());
    assert_eq!(answer.header("etag"), format!("\"{}\"", changed["version"]));
    for seat in seat_ids(&booking) {
        assert_eq!(seat_status(&caller, &show, &seat).await, "available");
    }
    for seat in &wanted {
        assert_eq!(seat_status(&caller, &show, seat).await, "held");
    }
}

#[tokio::test]
async fn a_change_needs_the_version_it_was_made_from() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let change = json!({ "guest_email": "new@example.com" });
    guest
        .patch(&path, change.clone())
        .await
        .expect_problem(428, "precondition_required");
    let tag = format!("\"{}\"", booking["version"]);
    guest
        .with_header("if-match", &tag)
        .patch(&path, change.clone())
        .await
        .expect(200);
    let stale = json!({ "guest_email": "lost@example.com" });
    guest
        .with_header("if-match", &tag)
        .patch(&path, stale)
        .await
        .expect_problem(412, "version_mismatch");
    let now = guest.get(&path).await.expect(200).json();
    assert_eq!(now["guest_email"], "new@example.com");
}

#[tokio::test]
async fn when_the_new_seats_are_taken_the_old_ones_stay_held() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    let (other, _) = caller.hold(&show, 2).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let body = json!({ "seat_ids": seat_ids(&other) });
    let problem = guest
        .with_header("if-match", "*")
        .patch(&path, body)
        .await
        .expect_problem(409, "seats_unavailable")
        .json();
    assert_eq!(problem["unavailable_seat_ids"].as_array().unwrap().len(), 2);
    let now = guest.get(&path).await.expect(200).json();
    assert_eq!(
        (seat_ids(&now), &now["status"]),
        (seat_ids(&booking), &json!("held"))
    );
    for seat in seat_ids(&booking) {
        assert_eq!(seat_status(&caller, &show, &seat).await, "held");
    }
}

#[tokio::test]
async fn one_seat_more_keeps_the_ones_there_are() {
    let caller = stranger();
    let show = show().await;
    let four = best(&caller, &show, 4).await;
    let body = json!({ "show_id": show, "seat_ids": four[..2] });
    let booking = caller.post("/book", body).await.expect(201).json();
    let guest = caller
        .with_token(text(&booking, "guest_token"))
        .with_header("if-match", "*");
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let more = guest
        .patch(&path, json!({ "seat_ids": four }))
        .await
        .expect(200)
        .json();
    assert_eq!(seat_ids(&more), four);
    let cheaper = guest
        .patch(&path, json!({ "ticket_types": { &four[0]: "child" } }))
        .await
        .expect(200)
        .json();
    assert_eq!(cheaper["seats"][0]["ticket_type"], "child");
    assert!(minor(&cheaper["total_amount"]) < minor(&more["total_amount"]));
    let wrong = guest
        .patch(&path, json!({ "seat_ids": ["nowhere"] }))
        .await
        .expect_problem(422, "invalid")
        .json();
    assert_eq!(wrong["errors"][0]["pointer"], "/seat_ids/0");
}

#[tokio::test]
async fn a_hold_is_extended_twice_and_not_again() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let path = format!("/bookings/{}/extend", text(&booking, "booking_id"));
    let mut last = text(&booking, "hold_expires_at").to_owned();
    for left in [1, 0] {
        let longer = guest.post(&path, json!({})).await.expect(200).json();
        assert_eq!(longer["extensions_left"], left);
        assert!(text(&longer, "hold_expires_at") > last.as_str());
        text(&longer, "hold_expires_at").clone_into(&mut last);
    }
    guest
        .post(&path, json!({}))
        .await
        .expect_problem(409, "no_more_extensions");
}

#[tokio::test]
async fn a_repeated_extension_answers_the_same_bytes_and_extends_once() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 1).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let extend = format!("{path}/extend");
    let keyed = guest.with_key("extend");
    let first = keyed.post(&extend, json!({})).await.expect(200);
    for _ in 0..3 {
        let again = keyed.post(&extend, json!({})).await.expect(200);
        assert_eq!(again.bytes, first.bytes);
    }
    assert_eq!(
        guest.get(&path).await.expect(200).json()["extensions_left"],
        1
    );
    // Also when there is nothing left to extend.
    guest.delete(&path).await.expect(204);
    let again = keyed.post(&extend, json!({})).await.expect(200);
    assert_eq!(again.bytes, first.bytes);
}

#[tokio::test]
async fn a_released_hold_frees_its_seats_at_once_and_ends() {
    let caller = stranger();
    let show = show().await;
    let (booking, guest) = caller.hold(&show, 2).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    let answer = guest.delete(&path).await.expect(204);
    assert!(answer.bytes.is_empty());
    let body = json!({ "show_id": show, "seat_ids": seat_ids(&booking) });
    caller.post("/book", body).await.expect(201);
    assert_eq!(
        guest.get(&path).await.expect(200).json()["status"],
        "released"
    );
    guest
        .post(&format!("{path}/extend"), json!({}))
        .await
        .expect_problem(409, "not_held");
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    let refused = guest.post("/payment", pay).await.expect(409);
    assert!(
        matches!(refused.code().as_str(), "not_held" | "hold_expired"),
        "{}",
        refused.code()
    );
}

#[tokio::test]
async fn a_paid_booking_is_no_hold_any_more() {
    let caller = stranger();
    let (booking, guest) = caller.buy(&show().await, 1).await;
    let path = format!("/bookings/{}", text(&booking, "booking_id"));
    guest.delete(&path).await.expect_problem(409, "not_held");
    guest
        .post(&format!("{path}/extend"), json!({}))
        .await
        .expect_problem(409, "not_held");
    let guest = guest.with_header("if-match", "*");
    guest
        .patch(&path, json!({ "ticket_types": {} }))
        .await
        .expect_problem(409, "not_held");
}
