//! The seat map and suggestions.

use crate::shared::{best, items, seat_ids, seat_status, show, stranger, text};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn a_seat_map_has_every_seat_once_with_price_and_place() {
    let caller = stranger();
    let show = show().await;
    let detail = caller
        .get(&format!("/shows/{show}"))
        .await
        .expect(200)
        .json();
    let map = caller
        .get(&format!("/shows/{show}/seats"))
        .await
        .expect(200)
        .json();
    assert_eq!(text(&map, "show_id"), show);
    assert!(map["version"].as_u64().unwrap() >= 1);
    let seats = items(&map["seats"]);
    assert_eq!(seats.len() as u64, detail["seats_total"].as_u64().unwrap());
    let ids: HashSet<&str> = seats.iter().map(|seat| text(seat, "seat_id")).collect();
    assert_eq!(ids.len(), seats.len());
    for seat in seats {
        assert_eq!(seat["status"], "available");
        assert!(
            seat["price"]["amount_minor"].as_i64().unwrap() > 0,
            "{seat}"
        );
        assert!(
            !text(seat, "category").is_empty()
                && !text(seat, "kind").is_empty()
                && !text(seat, "number").is_empty()
        );
        assert!(seat["x"].is_number() && seat["y"].is_number());
    }
    assert!(!items(&map["seat_map"]["categories"]).is_empty());
}

#[tokio::test]
async fn a_hold_changes_the_version_and_the_etag_and_is_seen_at_once() {
    let caller = stranger();
    let show = show().await;
    let path = format!("/shows/{show}/seats");
    let before = caller.get(&path).await.expect(200);
    let (booking, guest) = caller.hold(&show, 3).await;
    let after = caller
        .with_header("if-none-match", before.header("etag"))
        .get(&path)
        .await
        .expect(200);
    assert_ne!(before.header("etag"), after.header("etag"));
    assert!(after.json()["version"].as_u64() > before.json()["version"].as_u64());
    let held: HashSet<String> = items(&after.json()["seats"])
        .iter()
        .filter(|seat| seat["status"] == "held")
        .map(|seat| text(seat, "seat_id").to_owned())
        .collect();
    assert_eq!(held, seat_ids(&booking).into_iter().collect());
    let detail = caller
        .get(&format!("/shows/{show}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        detail["seats_available"].as_u64().unwrap() + 3,
        detail["seats_total"].as_u64().unwrap()
    );
    guest
        .delete(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(204);
    assert_eq!(
        seat_status(&caller, &show, &seat_ids(&booking)[0]).await,
        "available"
    );
}

#[tokio::test]
async fn best_seats_are_free_together_and_never_a_taken_one() {
    let caller = stranger();
    let show = show().await;
    let path = format!("/shows/{show}/best-seats?count=4");
    let first = caller.get(&path).await.expect(200).json();
    assert_eq!(first["together"], true);
    let wanted = best(&caller, &show, 4).await;
    let body = json!({ "show_id": show, "seat_ids": wanted });
    caller.post("/book", body).await.expect(201);
    let second = best(&caller, &show, 4).await;
    assert!(
        second.iter().all(|seat| !wanted.contains(seat)),
        "{second:?} are free"
    );
    for count in ["0", "11", "-1", "x", "70000"] {
        let problem = caller
            .get(&format!("/shows/{show}/best-seats?count={count}"))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(problem.json()["errors"][0]["pointer"], "/count");
    }
}

#[tokio::test]
async fn a_full_house_has_no_best_seats_and_says_how_many_are_left() {
    let caller = stranger();
    let shows = crate::shared::shows_of(&caller, "marsa").await;
    // The first show in the smallest house: other tests take the last one of the theater.
    let small = shows
        .iter()
        .min_by_key(|show| show["seats_total"].as_u64())
        .expect("shows");
    let show = text(small, "show_id");
    let mut free = small["seats_total"].as_u64().unwrap();
    while free > 0 {
        let count = free.min(10);
        caller.buy(show, count as u16).await;
        free -= count;
    }
    let path = format!("/shows/{show}/best-seats?count=1");
    caller
        .get(&path)
        .await
        .expect_problem(409, "seats_unavailable");
    let body = json!({ "show_id": show, "best": 1, "guest_email": "late@example.com" });
    let problem = caller
        .post("/book", body)
        .await
        .expect_problem(409, "seats_unavailable")
        .json();
    assert_eq!(items(&problem["alternatives"]).len(), 0);
}
