//! Seats for the house, and broken ones.

use crate::{
    manage::{house, own, person},
    shared::{seat_ids, seat_status, text, verify},
};
use futures_util::StreamExt as _;
use serde_json::json;

#[tokio::test]
async fn blocked_seats_are_not_sold_until_they_are_put_back() {
    let own = own().await;
    let show = own.on_sale(2).await;
    let (_, _, seller) = person(&own.theater_id, "box_office").await;
    let (block, unblock) = (
        format!("/manage/shows/{show}/seats/block"),
        format!("/manage/shows/{show}/seats/unblock"),
    );
    let stranger = house().caller();
    let mut live = stranger
        .open(&format!("/shows/{show}/seats/live"))
        .await
        .bytes_stream();
    let body = json!({ "seat_ids": ["C-3", "C-4"], "reason": "broken" });
    let done = seller.post(&block, body.clone()).await.expect(200).json();
    assert_eq!(done, json!({ "seat_ids": ["C-3", "C-4"] }));
    let mut told = String::new();
    while !told.contains("blocked") {
        let some = tokio::time::timeout(std::time::Duration::from_secs(5), live.next()).await;
        told += &String::from_utf8_lossy(&some.unwrap().unwrap().unwrap());
    }
    assert!(told.contains("C-3"), "{told}");
    assert_eq!(seat_status(&stranger, &show, "C-3").await, "blocked");
    let book =
        json!({ "show_id": show, "seat_ids": ["C-2", "C-3"], "guest_email": "g@example.com" });
    let problem = stranger
        .post("/book", book.clone())
        .await
        .expect_problem(409, "seats_unavailable");
    assert_eq!(problem.json()["unavailable_seat_ids"], json!(["C-3"]));
    // Again is the same, and one entry.
    seller.post(&block, body).await.expect(200);
    let audit = own.audit().await;
    let blocks = audit
        .iter()
        .filter(|one| text(one, "action") == "seats.block");
    assert_eq!(blocks.count(), 1);
    let entry = audit
        .iter()
        .find(|one| text(one, "action") == "seats.block")
        .unwrap();
    assert_eq!(
        entry["after"],
        json!({ "seat_ids": ["C-3", "C-4"], "reason": "broken" })
    );

    seller
        .post(&unblock, json!({ "seat_ids": ["C-3"] }))
        .await
        .expect(200);
    assert_eq!(seat_status(&stranger, &show, "C-3").await, "available");
    assert_eq!(seat_status(&stranger, &show, "C-4").await, "blocked");
    stranger.post("/book", book).await.expect(201);
    let (_, _, door) = person(&own.theater_id, "door").await;
    door.post(&unblock, json!({ "seat_ids": ["C-4"] }))
        .await
        .expect_problem(403, "forbidden");
    verify(house());
}

#[tokio::test]
async fn seats_of_people_are_left_alone() {
    let own = own().await;
    let show = own.on_sale(3).await;
    let (booking, _) = house().caller().buy(&show, 2).await;
    let sold = seat_ids(&booking);
    let block = format!("/manage/shows/{show}/seats/block");
    let wanted = json!({ "seat_ids": ["A-1", sold[0]], "reason": "house" });
    let problem = own
        .owner
        .post(&block, wanted)
        .await
        .expect_problem(409, "seats_unavailable")
        .json();
    assert_eq!(problem["unavailable_seat_ids"], json!([sold[0]]));
    assert_eq!(
        seat_status(&house().caller(), &show, "A-1").await,
        "available"
    );
    for (wrong, pointer) in [
        (
            json!({ "seat_ids": ["Z-99"], "reason": "x" }),
            "/seat_ids/0",
        ),
        (json!({ "seat_ids": [], "reason": "x" }), "/seat_ids"),
        (json!({ "seat_ids": ["A-1"], "reason": " " }), "/reason"),
    ] {
        let problem = own
            .owner
            .post(&block, wrong)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], json!(pointer));
    }
    let keyed = own.owner.with_key("house seats");
    let body = json!({ "seat_ids": ["A-1"], "reason": "house" });
    let first = keyed.post(&block, body.clone()).await.expect(200);
    let unblock = format!("/manage/shows/{show}/seats/unblock");
    own.owner
        .post(&unblock, json!({ "seat_ids": ["A-1"] }))
        .await
        .expect(200);
    assert_eq!(
        keyed.post(&block, body).await.expect(200).bytes,
        first.bytes
    );
    assert_eq!(
        seat_status(&house().caller(), &show, "A-1").await,
        "available",
        "a replay changes nothing"
    );
    verify(house());
}
