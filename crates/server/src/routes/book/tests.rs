//! Bookings over the whole server, on a clock that the tests turn.

use super::looks_like_a_card;
use crate::testing::{Heard, House};
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[test]
fn card_numbers_are_noticed_and_tokens_are_not() {
    for card in ["4242424242424242", "4242 4242 4242 4242", "378282246310005"] {
        assert!(looks_like_a_card(card), "{card}");
    }
    for token in [
        "pm_card_visa",
        "4242424242424241",
        "tok_4242424242424242",
        "1234",
    ] {
        assert!(!looks_like_a_card(token), "{token}");
    }
}

/// A payment that waits for its payer: booking, authorization, payment.
async fn waiting(house: &House) -> (String, String, String) {
    let (booking, bearer) = house.hold(2).await;
    let pay = json!({ "booking_id": booking, "payment_method": "pm_card_authenticationRequired" });
    let asked = house
        .post("/payment", &[("authorization", &bearer)], pay)
        .await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
    let payment = asked.text("payment_id");
    (booking, bearer, payment)
}

async fn jobs(house: &House) {
    house.app.desk.expire().await.unwrap();
    house.app.desk.recover_payments().await.unwrap();
}

async fn held_seats(house: &House) -> usize {
    let show = house.shows().await[0];
    let map = house.get(&format!("/shows/{show}/seats"), &[]).await;
    let seats = map.body["seats"].as_array().unwrap();
    seats.iter().filter(|seat| seat["status"] == "held").count()
}

#[tokio::test]
async fn a_payment_nobody_finishes_keeps_the_seats_for_fifteen_minutes_and_is_never_charged() {
    let house = House::cinema().await;
    let (booking, bearer, payment) = waiting(&house).await;
    let with = [("authorization", &bearer[..])];
    let path = format!("/bookings/{booking}");
    for (minutes, status, held) in [
        (0, "awaiting_payment", 2),
        (14, "awaiting_payment", 2),
        (1, "expired", 0),
    ] {
        // What is overdue is looked at some seconds later: until then it may belong to a request.
        house.later(TimeDelta::minutes(minutes) + TimeDelta::seconds(5));
        jobs(&house).await;
        let now = house.get(&path, &with).await;
        assert_eq!(now.body["status"], status, "after {minutes} more minutes");
        assert_eq!(
            held_seats(&house).await,
            held,
            "after {minutes} more minutes"
        );
    }
    let told = json!({ "outcome": "succeed" });
    let path = format!("/payments/{payment}/simulate");
    let late = house.post(&path, &with, told).await;
    assert_eq!(late.code(), "not_awaiting_action");
    let charge = house.app.store.charge_by_key(&payment).await.unwrap();
    assert_eq!(
        charge.unwrap().status,
        matinee_store::ledger::ChargeStatus::Voided
    );
    house.close().await;
}

#[tokio::test]
async fn the_banks_answer_is_repeated_by_its_key_and_by_no_other() {
    let house = House::cinema().await;
    for (outcome, status) in [("succeed", 200), ("fail", 402)] {
        let (_, bearer, payment) = waiting(&house).await;
        let path = format!("/payments/{payment}/simulate");
        let say = async |key: &str, outcome: &str| {
            let headers = [("authorization", &bearer[..]), ("idempotency-key", key)];
            house
                .post(&path, &headers, json!({ "outcome": outcome }))
                .await
        };
        let first = say("one", outcome).await;
        assert_eq!(first.status.as_u16(), status, "{first:?}");
        // Later it would say more: the confirmation is on its way, less comes back.
        house.later(TimeDelta::minutes(1));
        for _ in 0..2 {
            let again = say("one", outcome).await;
            assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
        }
        let other_body = if outcome == "fail" { "succeed" } else { "fail" };
        assert_eq!(
            say("one", other_body).await.code(),
            "idempotency_key_reused"
        );
        assert_eq!(say("two", outcome).await.code(), "not_awaiting_action");
    }
    house.close().await;
}

#[tokio::test]
async fn a_crash_between_the_banks_word_and_ours_keeps_the_answer_under_the_key() {
    let house = House::cinema().await;
    let (_, bearer, payment) = waiting(&house).await;
    let path = format!("/payments/{payment}/simulate");
    let headers = [("authorization", &bearer[..]), ("idempotency-key", "one")];
    // The bank went wrong after the key was noted: nothing is settled.
    let broken = house.broken_bank();
    let key = house.key_of(&bearer, &path, r#"{"outcome":"succeed"}"#, "one");
    let id = payment.parse().unwrap();
    assert!(broken.simulate(id, true, Some(key)).await.is_err());
    // The bank heard it all the same, and recovery finishes it.
    let bank = house.app.desk.gateway.as_ref().unwrap();
    let file = house
        .app
        .store
        .booking_of_payment(id)
        .await
        .unwrap()
        .unwrap();
    let name = matinee_booking::ChargeName::from(&file.payments[0]);
    bank.simulate(&name, true).await.unwrap();
    house.later(TimeDelta::minutes(1));
    jobs(&house).await;
    let first = house
        .post(&path, &headers, json!({ "outcome": "succeed" }))
        .await;
    assert_eq!(
        (first.status, first.text("status").as_str()),
        (StatusCode::OK, "confirmed")
    );
    house.close().await;
}

async fn tagged(house: &House, path: &str, bearer: &str, tag: &str) -> Heard {
    let headers = [("authorization", bearer), ("if-none-match", tag)];
    house.get(path, &headers).await
}

#[tokio::test]
async fn a_booking_is_answered_304_only_while_nothing_in_it_changed() {
    let house = House::cinema().await;
    let (booking, bearer) = house.hold(2).await;
    let path = format!("/bookings/{booking}");
    let with = [("authorization", &bearer[..])];
    let first = house.get(&path, &with).await;
    let tag = first.header("etag");
    assert!(tag.starts_with("\"1."), "{tag}");
    let same = tagged(&house, &path, &bearer, tag).await;
    assert_eq!(
        (same.status, same.header("etag")),
        (StatusCode::NOT_MODIFIED, tag)
    );
    // Somebody else books: the show in the answer has fewer free seats.
    house.hold(1).await;
    let changed = tagged(&house, &path, &bearer, tag).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(
        changed.body["show"]["seats_available"],
        first.body["show"]["seats_available"]
    );
    // A paid one changes with the clock: what a cancellation gives back.
    let pay = json!({ "booking_id": booking, "payment_method": "pm_card_visa" });
    let paid = house.post("/payment", &with, pay).await;
    assert_eq!(paid.status, StatusCode::OK, "{paid:?}");
    let before = house.get(&path, &with).await;
    let tag = before.header("etag");
    assert_eq!(
        tagged(&house, &path, &bearer, tag).await.status,
        StatusCode::NOT_MODIFIED
    );
    house.later(TimeDelta::hours(25));
    let after = tagged(&house, &path, &bearer, tag).await;
    assert_eq!(after.status, StatusCode::OK);
    assert_ne!(
        after.body["cancellation_policy"]["refund_now"],
        before.body["cancellation_policy"]["refund_now"]
    );
    // The tag of a read is good for a change.
    let headers = [with[0], ("if-match", after.header("etag"))];
    let body = json!({ "guest_email": "other@example.org" });
    let change = house
        .call(Method::PATCH, &format!("/api/v1{path}"), &headers, body)
        .await;
    assert_ne!(change.code(), "version_mismatch");
    house.close().await;
}

#[tokio::test]
async fn reads_about_people_have_tags_too_and_are_compressed() {
    let house = House::cinema().await;
    let (booking, guest) = house.hold(10).await;
    let pay = json!({ "booking_id": booking, "payment_method": "pm_card_visa" });
    house
        .post("/payment", &[("authorization", &guest)], pay)
        .await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let session = house.post("/auth/register", &[], body).await;
    let user = format!("Bearer {}", session.text("access_token"));
    let show = house.shows().await[1];
    let body = json!({ "show_id": show, "best": 10 });
    house.post("/book", &[("authorization", &user)], body).await;
    let best = format!("/shows/{show}/best-seats?count=4");
    let (own, tickets) = (
        format!("/bookings/{booking}"),
        format!("/bookings/{booking}/tickets"),
    );
    for (path, bearer, sizeable) in [
        (best.as_str(), user.as_str(), false),
        ("/users/me/bookings", &user, true),
        ("/users/me/profile", &user, false),
        ("/auth/session", &user, false),
        (&own, &guest, true),
        (&tickets, &guest, true),
    ] {
        for wish in ["identity", "zstd", "br", "gzip"] {
            let headers = [("authorization", bearer), ("accept-encoding", wish)];
            let heard = house.get(path, &headers).await;
            assert_eq!(heard.status, StatusCode::OK, "{path}");
            let coding = if sizeable && wish != "identity" {
                wish
            } else {
                ""
            };
            assert_eq!(heard.header("content-encoding"), coding, "{path}");
            let tag = heard.header("etag");
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag}");
            assert_eq!(tag.contains('~'), !coding.is_empty(), "{path}: {tag}");
            let again = tagged(&house, path, bearer, tag).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {wish}");
            assert_eq!(again.header("etag"), tag);
        }
    }
    // The answers of the rush stay as they are.
    let gzip = [("accept-encoding", "gzip")];
    let body = json!({ "show_id": show, "best": 9 });
    let held = house.post("/book", &gzip, body).await;
    assert_eq!(held.status, StatusCode::CREATED);
    assert!(held.bytes.len() > 1000 && held.header("content-encoding").is_empty());
    house.close().await;
}

#[tokio::test]
async fn tickets_are_made_anew_when_the_programme_is_corrected() {
    let house = House::cinema().await;
    let (booking, guest) = house.hold(1).await;
    let pay = json!({ "booking_id": booking, "payment_method": "pm_card_visa" });
    house
        .post("/payment", &[("authorization", &guest)], pay)
        .await;
    let path = format!("/bookings/{booking}/tickets");
    let first = house.get(&path, &[("authorization", &guest)]).await;
    let tag = first.header("etag");
    assert_eq!(
        tagged(&house, &path, &guest, tag).await.status,
        StatusCode::NOT_MODIFIED
    );
    house
        .import(|file| file["theaters"][0]["name"] = "The Other Theater".into())
        .await;
    let again = tagged(&house, &path, &guest, tag).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.text("ics").contains("The Other Theater"));
    house.close().await;
}

#[tokio::test]
async fn what_is_refused_is_what_was_sent() {
    let house = House::cinema().await;
    let show = house.shows().await[0];
    let many: Vec<Value> = (1..=11).map(|n| format!("A-{n}").into()).collect();
    for (body, pointer) in [
        (json!({ "show_id": show, "best": 11 }), "/best"),
        (json!({ "show_id": show, "best": 0 }), "/best"),
        (json!({ "show_id": show, "seat_ids": many }), "/seat_ids"),
        (json!({ "show_id": show, "seat_ids": [] }), "/seat_ids"),
    ] {
        let refused = house.post("/book", &[], body.clone()).await;
        assert_eq!(refused.code(), "invalid", "{body}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}");
    }
    house.close().await;
}
