//! `GET /users/{user_id}/bookings`.

use crate::shared::{account, items, show, stranger, text};
use serde_json::json;

#[tokio::test]
async fn a_history_is_paged_newest_first_and_holds_each_booking_once() {
    let caller = stranger();
    let show = show().await;
    let (_, session, user) = account(&caller).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        let booking = user
            .post("/book", json!({ "show_id": show, "best": 1 }))
            .await
            .expect(201)
            .json();
        made.insert(0, text(&booking, "booking_id").to_owned());
    }
    let whole = user.get("/users/me/bookings").await.expect(200).json();
    let ids: Vec<&str> = items(&whole["items"])
        .iter()
        .map(|booking| text(booking, "booking_id"))
        .collect();
    assert_eq!(ids, made);
    assert!(whole["next_cursor"].is_null());
    let mut seen = Vec::new();
    let mut path = format!("/users/{}/bookings?limit=2", text(&session, "user_id"));
    for _ in 0..4 {
        let page = user.get(&path).await.expect(200).json();
        assert!(items(&page["items"]).len() <= 2);
        seen.extend(
            items(&page["items"])
                .iter()
                .map(|booking| text(booking, "booking_id").to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/users/me/bookings?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_history_is_ones_own() {
    let caller = stranger();
    let (_, one, user) = account(&caller).await;
    let (_, _, other) = account(&caller).await;
    let (_, guest) = caller.hold(&show().await, 1).await;
    let path = format!("/users/{}/bookings", text(&one, "user_id"));
    user.get(&path).await.expect(200);
    other.get(&path).await.expect_problem(404, "not_found");
    caller
        .get(&path)
        .await
        .expect_problem(401, "unauthenticated");
    guest
        .get("/users/me/bookings")
        .await
        .expect_problem(401, "unauthenticated");
    for query in ["limit=0", "limit=101", "limit=x"] {
        user.get(&format!("/users/me/bookings?{query}"))
            .await
            .expect_problem(422, "invalid");
    }
    let broken = user.get("/users/me/bookings?cursor=zzz").await;
    assert_eq!(broken.status, 400, "{}", broken.json());
}
