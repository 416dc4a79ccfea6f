//! Messages of a gateway, and the way to its page.

use crate::testing::{Heard, House};
use axum::{Router, body::Body, http::Request};
use hmac::{Hmac, Mac as _};
use matinee_integrations::{Secret, stripe::StripeSettings};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "whsec_right";

/// A server whose Stripe cannot be reached.
async fn with_stripe() -> House {
    let settings = StripeSettings::new(Secret::new("sk_test_a"), &Secret::new(SECRET), "");
    let settings = settings.and_then(|settings| settings.at("http://127.0.0.1:9"));
    let settings = settings.ok().unwrap();
    House::with(|config| config.stripe = Some(settings), Router::new()).await
}

fn signature(house: &House, secret: &str, body: &str, late: i64) -> String {
    let at = house.app.clock.now().timestamp() - late;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    format!("t={at},v1={digest}")
}

async fn tell(house: &House, path: &str, signature: &str, body: &str) -> Heard {
    let request = Request::post(format!("/api/v1/webhooks/{path}"))
        .header("host", "127.0.0.1:8080")
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature);
    house
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

fn event(id: &str) -> Value {
    json!({
        "id": id, "type": "payment_intent.succeeded", "livemode": false,
        "data": { "object": { "amount": 1450, "currency": "eur", "metadata": { "matinee_payment": "p" } } },
    })
}

#[tokio::test]
async fn only_signed_messages_are_taken_and_each_once() {
    let house = with_stripe().await;
    let body = event("evt_1").to_string();
    let right = signature(&house, SECRET, &body, 0);
    for _ in 0..3 {
        let taken = tell(&house, "stripe", &right, &body).await;
        assert_eq!(taken.status, 200, "{taken:?}");
    }
    for (signature, code) in [
        (signature(&house, "whsec_wrong", &body, 0), "bad_signature"),
        (signature(&house, SECRET, &body, 301), "bad_signature"),
        (signature(&house, SECRET, &body, -301), "bad_signature"),
        (signature(&house, SECRET, "{}", 0), "bad_signature"),
        (String::new(), "bad_signature"),
    ] {
        let refused = tell(&house, "stripe", &signature, &body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, code));
    }
    let metrics = &house.app.metrics;
    let counted = [
        &metrics.news_taken,
        &metrics.news_repeated,
        &metrics.news_refused,
    ];
    assert_eq!(counted.map(crate::http::metrics::Counter::get), [1, 2, 5]);
    house.close().await;
}

/// A stranger's messages are counted by address, and only while they are refused; the log has a line for the first and
/// whenever there are twice as many.
#[tokio::test]
async fn refused_messages_are_limited_and_said_now_and_then() {
    let house = with_stripe().await;
    let body = event("evt_1").to_string();
    // As docs/limits.md says.
    let limit = 120;
    let right = signature(&house, SECRET, &body, 0);
    for _ in 0..limit {
        assert_eq!(tell(&house, "stripe", &right, &body).await.status, 200);
    }
    for _ in 0..limit {
        assert_eq!(tell(&house, "stripe", "t=1,v1=00", &body).await.status, 400);
    }
    assert_eq!(tell(&house, "stripe", "t=1,v1=00", &body).await.status, 429);
    house.close().await;

    let known = super::KnownNews::default();
    let said: Vec<u64> = (0..9).filter_map(|_| known.refused()).collect();
    assert_eq!(said, [1, 2, 4, 8]);
    assert_eq!(known.heard(), (None, 9));
    let now = chrono::Utc::now();
    assert_eq!((known.genuine(now), known.genuine(now)), (9, 0));
    assert_eq!(known.heard(), (Some(now), 0));
    assert_eq!(known.refused(), Some(1));
}

#[tokio::test]
async fn what_is_signed_and_wrong_is_refused_all_the_same() {
    let house = with_stripe().await;
    let mut live = event("evt_live");
    live["livemode"] = json!(true);
    let large = json!({ "id": "x".repeat(300_000) });
    for (body, status) in [
        (live.to_string(), 400),
        ("{}".into(), 400),
        ("no json".into(), 400),
        (large.to_string(), 413),
        ("x".repeat(2 << 20), 413),
    ] {
        let signature = signature(&house, SECRET, &body, 0);
        let refused = tell(&house, "stripe", &signature, &body).await;
        assert_eq!(refused.status, status, "{:?}", refused.body);
    }
    house.close().await;
}

#[tokio::test]
async fn a_gateway_that_is_not_ours_is_not_there() {
    let house = House::cinema().await;
    let body = event("evt_1").to_string();
    let signature = signature(&house, SECRET, &body, 0);
    assert_eq!(tell(&house, "stripe", &signature, &body).await.status, 404);
    // The sandbox sends nothing.
    let refused = tell(&house, "sandbox", &signature, &body).await;
    assert_eq!(refused.code(), "bad_signature");
    house.close().await;
}

#[tokio::test]
async fn the_page_of_a_payment_leads_back_when_there_is_none() {
    let house = House::cinema().await;
    let (booking, bearer) = house.hold(2).await;
    let auth = [("authorization", bearer.as_str())];
    let card = json!({ "booking_id": booking, "payment_method": "pm_card_authenticationRequired" });
    let waits = house.post("/payment", &auth, card).await;
    assert_eq!(waits.status, 202, "{waits:?}");
    let path = format!("/payments/{}/page", waits.text("payment_id"));
    let page = house.get(&path, &[]).await;
    assert_eq!(page.status, 303, "{page:?}");
    let back = format!("http://127.0.0.1:8080/bookings/{booking}/paid");
    assert_eq!(
        (page.header("location"), page.text("url")),
        (&*back, back.clone())
    );
    assert_eq!(page.header("cache-control"), "no-store");
    let strange = matinee_domain::ids::PaymentId::from_parts(
        matinee_domain::ids::TheaterId::from_bytes([7; 16]),
        [1; 22],
    );
    let nowhere = house.get(&format!("/payments/{strange}/page"), &[]).await;
    assert_eq!(nowhere.status, 404);
    for _ in 0..58 {
        house.get(&path, &[]).await;
    }
    assert_eq!(house.get(&path, &[]).await.status, 429);
    house.close().await;
}

#[tokio::test]
async fn a_booking_says_how_it_can_be_paid() {
    let house = House::cinema().await;
    let (booking, bearer) = house.hold(2).await;
    let auth = [("authorization", bearer.as_str())];
    let held = house.get(&format!("/bookings/{booking}"), &auth).await;
    assert_eq!(held.body["payment_methods"], json!(["test_cards"]));
    // There is no page at the sandbox.
    for body in [
        json!({ "booking_id": booking }),
        json!({ "booking_id": booking, "payment_method": "hosted" }),
    ] {
        let refused = house.post("/payment", &auth, body).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(refused.body["errors"][0]["pointer"], "/payment_method");
    }
    let card = json!({ "booking_id": booking, "payment_method": "pm_card_visa" });
    let paid = house.post("/payment", &auth, card).await;
    assert_eq!(paid.status, 200);
    assert_eq!(paid.body["payment_methods"], Value::Null);
    house.close().await;
}
