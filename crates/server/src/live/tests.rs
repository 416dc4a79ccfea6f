//! Free seats are right in every answer, also of shows whose seats nobody has looked at.

use crate::testing::House;
use axum::http::StatusCode;
use matinee_domain::{catalog::GapRule, ids::ShowId};
use matinee_store::conformance::fixtures;
use serde_json::{Value, json};

/// A house with one theater that leaves single seats alone, so that no answer looks at the seats.
async fn house() -> House {
    let house = House::with(|config| config.sandbox_payments = true, axum::Router::new()).await;
    let mut catalog = fixtures::catalog();
    for theater in &mut catalog.theaters {
        theater.gap_rule = GapRule::Off;
    }
    fixtures::apply(&*house.app.store, catalog).await;
    house
}

fn free(body: &Value) -> u64 {
    body["show"]["seats_available"].as_u64().unwrap()
}

async fn signed_in(house: &House) -> String {
    let person = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let made = house.post("/auth/register", &[], person).await;
    format!("Bearer {}", made.text("access_token"))
}

async fn book(house: &House, bearer: &str, show_id: ShowId, seats: &[&str]) -> Value {
    let body = json!({ "show_id": show_id, "seat_ids": seats });
    let held = house
        .post("/book", &[("authorization", bearer)], body)
        .await;
    assert_eq!(held.status, StatusCode::CREATED, "{held:?}");
    held.body
}

#[tokio::test]
async fn answers_count_the_seats_of_shows_nobody_looked_at() {
    let house = house().await;
    let bearer = signed_in(&house).await;
    let auth = [("authorization", bearer.as_str())];
    let show_id = fixtures::show_id(1, 1);
    book(&house, &bearer, show_id, &["1-1", "1-2"]).await;
    let second = book(&house, &bearer, show_id, &["2-1"]).await;
    assert_eq!(free(&second), 38);
    let pay = json!({ "booking_id": second["booking_id"], "payment_method": "pm_card_visa" });
    let paid = house.post("/payment", &auth, pay).await;
    assert_eq!(paid.status, StatusCode::OK, "{paid:?}");
    assert_eq!(free(&paid.body), 37);
    let history = house.get("/users/me/bookings", &auth).await;
    for booking in history.body["items"].as_array().unwrap() {
        assert_eq!(free(booking), 37);
    }
    let cancel = format!("/cancel/{}", second["booking_id"].as_str().unwrap());
    let cancelled = house.post(&cancel, &auth, json!({})).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
    let history = house.get("/users/me/bookings", &auth).await;
    assert_eq!(free(&history.body["items"][0]), 38);
}

#[tokio::test]
async fn answers_count_right_after_a_restart() {
    let house = house().await;
    let bearer = signed_in(&house).await;
    let auth = [("authorization", bearer.as_str())];
    let show_id = fixtures::show_id(1, 1);
    let first = book(&house, &bearer, show_id, &["1-1", "1-2"]).await;
    let house = house.restarted().await;
    let pay = json!({ "booking_id": first["booking_id"], "payment_method": "pm_card_visa" });
    let paid = house.post("/payment", &auth, pay).await;
    assert_eq!(paid.status, StatusCode::OK, "{paid:?}");
    assert_eq!(free(&paid.body), 38);
    let history = house.get("/users/me/bookings", &auth).await;
    assert_eq!(free(&history.body["items"][0]), 38);
}
