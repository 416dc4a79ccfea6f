//! The export against what is kept: every table is either told, or named here with the reason why not; and what a person
//! left behind anywhere is found in their file.

use crate::testing::House;
use axum::http::StatusCode;
use matinee_domain::ids::SubscriptionId;
use matinee_store::{
    moving::TABLES,
    sign_in::{IdentityRow, PasskeyRow},
    staff::{AuditEntry, SetStaff, StaffOutcome},
    subscribers::SubscriptionRow,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Tables with something about a person, and where their file tells it.
const TOLD: &[(&str, &str)] = &[
    ("users", "profile"),
    ("sessions", "sessions"),
    ("identities", "identities"),
    ("second_factors", "second_factor"),
    ("recovery_codes", "second_factor"),
    ("passkeys", "passkeys"),
    ("one_time_secrets", "open_links"),
    ("bookings", "bookings"),
    ("seats", "bookings"),
    ("payments", "bookings"),
    ("refunds", "bookings"),
    ("tickets", "bookings"),
    ("ticket_scans", "bookings"),
    ("messages", "messages"),
    ("subscriptions", "subscriptions"),
    ("staff", "staff"),
];

/// Tables a person is not told of, and why.
const NOT_TOLD: &[(&str, &str)] = &[
    ("sync_head", "the catalog"),
    ("changes", "the catalog"),
    ("seat_maps", "the catalog"),
    ("theaters", "the catalog"),
    ("screens", "the catalog"),
    ("movies", "the catalog"),
    ("price_sheets", "the catalog"),
    ("shows", "the catalog"),
    ("show_state", "the catalog"),
    ("show_moves", "the catalog"),
    ("show_cancellations", "the catalog"),
    ("show_relocations", "the catalog"),
    ("promo_codes", "offers of the theater, not a person"),
    ("gift_cards", "whoever has the code, not a person"),
    (
        "gift_entries",
        "a card's own ledger; what it paid stands with the bookings",
    ),
    ("audit", "the theater's list of changes, in the remarks"),
    ("webhooks", "integrators of the theater, not a person"),
    ("notes", "about the database"),
    ("secret_keys", "the server's own"),
    (
        "promo_uses",
        "a digest beside a booking, which is told with its code",
    ),
    (
        "spent_refresh_tokens",
        "digests of used tokens, in the remarks",
    ),
    ("flows", "begun sign-ins: gone in minutes, by digest"),
    ("idempotency", "by digest, in the remarks"),
    ("unpaid_expiries", "by digest, in the remarks"),
    ("shifts", "what staff did for the theater, in the remarks"),
    (
        "counter_charges",
        "the counter's books, not about a person; the payment is told",
    ),
    (
        "counter_refunds",
        "the counter's books, not about a person; the refund is told",
    ),
    (
        "sandbox_charges",
        "the sandbox bank's books, not about a person",
    ),
    (
        "sandbox_refunds",
        "the sandbox bank's books, not about a person",
    ),
];

#[test]
fn every_table_is_told_or_has_a_reason() {
    let tables: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
    let accounted: BTreeSet<_> = TOLD.iter().chain(NOT_TOLD).map(|(name, _)| *name).collect();
    assert_eq!(tables, accounted);
    assert_eq!(
        accounted.len(),
        TOLD.len() + NOT_TOLD.len(),
        "one is in both lists"
    );
}

#[tokio::test]
async fn what_a_person_left_behind_is_in_their_file() {
    let house = House::cinema().await;
    let register =
        json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada Lovelace" });
    let agent = [("user-agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0")];
    let session = house.post("/auth/register", &agent, register).await;
    let bearer = format!("Bearer {}", session.text("access_token"));
    let with = [("authorization", bearer.as_str())];
    let profile = json!({ "name": "Ada Lovelace", "address": "St James's Square 12", "phone": "+44 1", "language": "en-GB" });
    let path = "/api/v1/users/me/profile";
    house
        .call(axum::http::Method::PUT, path, &with, profile)
        .await;
    let show = house.shows().await[0];
    let held = house
        .post("/book", &with, json!({ "show_id": show, "best": 2 }))
        .await;
    let pay = json!({ "booking_id": held.body["booking_id"], "payment_method": "pm_card_visa" });
    let paid = house.post("/payment", &with, pay).await;
    assert_eq!(paid.status, StatusCode::OK, "{paid:?}");
    let seat = paid.body["seats"][0]["seat_id"].clone();
    let cancel = format!("/cancel/{}", paid.text("booking_id"));
    let cancelled = house
        .post(&cancel, &with, json!({ "seat_ids": [seat] }))
        .await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
    let user_id = session.text("user_id").parse().unwrap();
    let now = house.app.clock.now();
    let identity = IdentityRow {
        issuer: "https://id.example".into(),
        subject: "subject-1".into(),
        user_id,
        email: "ada@id.example".into(),
        linked_at: now,
    };
    assert!(house.app.store.link_identity(identity).await.unwrap());
    let passkey = PasskeyRow {
        credential: b"credential".to_vec(),
        user_id,
        name: "Ada's key".into(),
        body: "{\"secret\":\"only-the-keys\"}".into(),
        created_at: now,
        used_at: None,
    };
    assert!(house.app.store.add_passkey(passkey).await.unwrap());
    let browser = SubscriptionRow {
        subscription_id: SubscriptionId::from_bytes([9; 16]),
        user_id,
        channel: "web_push".into(),
        address: "{\"auth\":\"only-the-browser\"}".into(),
        created_at: now,
    };
    assert!(house.app.store.save_subscription(browser, 5).await.unwrap());
    let begun = house.app.store.begin_second_factor(user_id, [7; 20]).await;
    assert!(begun.unwrap());

    let entry = AuditEntry {
        theater_id: show.theater(),
        entry: [7; 22],
        at: now,
        actor: None,
        action: "staff.set".into(),
        object: String::new(),
        before: None,
        after: None,
    };
    let set = SetStaff {
        user_id,
        role: Some(matinee_domain::staff::StaffRole::Door),
        audit: entry,
    };
    let set = house.app.store.set_staff(set).await.unwrap();
    assert_eq!(set, StaffOutcome::Done);

    let file = house.get("/users/me/export", &with).await;
    assert_eq!(file.status, StatusCode::OK, "{file:?}");
    assert!(file.header("content-disposition").contains("attachment"));
    assert_eq!(file.header("cache-control"), "no-store");
    for (table, told) in TOLD {
        let value = &file.body[told];
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{table} is not told under {told}");
    }
    let text = file.body.to_string();
    for left in [
        "ada@example.org",
        "Ada Lovelace",
        "St James's Square 12",
        "+44 1",
        "en-GB",
        "Firefox on Windows",
        "https://id.example",
        "subject-1",
        "ada@id.example",
        "Ada's key",
        "email_verification",
        "4242",
        &paid.text("reference"),
        &cancelled.body["refund"]["refund_id"].to_string(),
    ] {
        assert!(text.contains(left.trim_matches('"')), "{left} is missing");
    }
    for secret in [
        "argon2",
        "only-the-keys",
        "\"secret\"",
        &session.text("access_token"),
    ] {
        assert!(!text.contains(secret), "{secret} leaked");
    }
    let tickets = file.body["bookings"][0]["tickets"].as_array().unwrap();
    let states: BTreeSet<_> = tickets.iter().map(|one| one["status"].as_str()).collect();
    assert_eq!(states, BTreeSet::from([Some("valid"), Some("void")]));
    house.close().await;
}

#[tokio::test]
async fn an_export_is_only_ones_own_and_not_asked_for_without_end() {
    let house = House::new().await;
    let mut people = Vec::new();
    for email in ["ada@example.org", "eve@example.org"] {
        let body = json!({ "email": email, "password": "correct horse", "name": "A" });
        let session = house.post("/auth/register", &[], body).await;
        let bearer = format!("Bearer {}", session.text("access_token"));
        people.push((session.text("user_id"), bearer));
    }
    let path = format!("/users/{}/export", people[0].0);
    let eve = [("authorization", people[1].1.as_str())];
    assert_eq!(house.get(&path, &eve).await.code(), "not_found");
    assert_eq!(house.get(&path, &[]).await.code(), "unauthenticated");
    let ada = [("authorization", people[0].1.as_str())];
    let mut last = Value::Null;
    for _ in 0..11 {
        last = house.get(&path, &ada).await.body;
    }
    assert_eq!(last["code"], "too_many_requests");
    house.close().await;
}
