//! The way back to a booking, over the whole server.

use crate::testing::House;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

const SECRET: (&str, &str) = ("guest-secret", "0123456789abcdef0123456789abcdef");

async fn reference_of(house: &House, booking: &str, bearer: &str) -> String {
    let path = format!("/bookings/{booking}");
    house
        .get(&path, &[("authorization", bearer)])
        .await
        .text("reference")
}

#[tokio::test]
async fn a_lost_answer_of_a_link_comes_again_to_the_same_request_alone() {
    let house = House::cinema().await;
    let (booking, bearer) = house.hold(1).await;
    let reference = reference_of(&house, &booking, &bearer).await;
    let ask = json!({ "reference": reference, "email": "GUEST@example.org" });
    let key = ("idempotency-key", "ask");
    // What was answered is kept for a day, and a booking's for a day after its show.
    let store = &house.app.store;
    let forget = async |after| {
        let at = house.app.clock.now() + after;
        store.forget_records(at, 100).await.unwrap();
    };
    for _ in 0..2 {
        let asked = house
            .post("/bookings/recover", &[SECRET, key], ask.clone())
            .await;
        assert_eq!((asked.status, asked.bytes.len()), (StatusCode::ACCEPTED, 0));
        forget(TimeDelta::hours(23)).await;
    }
    let other = json!({ "reference": reference, "email": "other@example.org" });
    let reused = house.post("/bookings/recover", &[SECRET, key], other).await;
    assert_eq!(reused.code(), "idempotency_key_reused");
    let mailed = house.mailed("recovery").await;
    assert_eq!(mailed.len(), 1, "one intention, one mail");

    let path = "/bookings/recover/redeem";
    let token = json!({ "token": mailed[0] });
    let key = ("idempotency-key", "redeem");
    let first = house.post(path, &[SECRET, key], token.clone()).await;
    assert_eq!(first.status, StatusCode::OK, "{first:?}");
    let guest = format!(
        "Bearer {}",
        first.body["booking"]["guest_token"].as_str().unwrap()
    );
    assert_eq!(guest, bearer, "derived from the booking");
    for _ in 0..2 {
        forget(TimeDelta::hours(24)).await;
        let again = house.post(path, &[SECRET, key], token.clone()).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    }
    let forged = json!({ "token": "forged" });
    assert_eq!(
        house.post(path, &[SECRET, key], forged).await.code(),
        "idempotency_key_reused"
    );
    // Neither another guest, nor another key, nor nobody's.
    let stranger = ("guest-secret", "ffffffffffffffffffffffffffffffff");
    for headers in [
        &[stranger, key][..],
        &[SECRET, ("idempotency-key", "2")],
        &[key],
        &[],
    ] {
        let refused = house.post(path, headers, token.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::UNAUTHORIZED, "session_ended")
        );
    }
    house.close().await;
}

#[tokio::test]
async fn a_link_is_mailed_to_the_account_that_a_booking_joined() {
    let house = House::cinema().await;
    let (booking, bearer) = house.hold(1).await;
    let reference = reference_of(&house, &booking, &bearer).await;
    let body = json!({ "email": "guest@example.org", "password": "correct horse", "name": "G" });
    house.post("/auth/register", &[], body).await;
    let link = house.mailed("email_verification").await.remove(0);
    let verified = house
        .post("/auth/verify", &[], json!({ "token": link }))
        .await;
    assert_eq!(verified.status, StatusCode::NO_CONTENT);
    let now = house
        .get(
            &format!("/bookings/{booking}"),
            &[("authorization", &bearer)],
        )
        .await;
    assert_eq!(
        now.body["guest_email"],
        Value::Null,
        "it is the account's now: {now:?}"
    );
    for email in ["other@example.org", "Guest@Example.org"] {
        let ask = json!({ "reference": reference, "email": email });
        house.post("/bookings/recover", &[], ask).await;
    }
    let mailed = house.mailed("recovery").await;
    assert_eq!(mailed.len(), 1);
    let body = json!({ "token": mailed[0] });
    let found = house.post("/bookings/recover/redeem", &[], body).await;
    assert_eq!(found.body["booking"]["booking_id"], Value::from(booking));
    house.close().await;
}

#[tokio::test]
async fn an_ended_session_is_as_good_as_none() {
    let house = House::cinema().await;
    let ask = json!({ "reference": "AAAAA-AAAAA", "email": "x@example.org" });
    let cookie = [("cookie", "matinee_session=ms_gone")];
    let asked = house.post("/bookings/recover", &cookie, ask).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    house.close().await;
}
