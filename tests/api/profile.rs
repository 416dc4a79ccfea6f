//! `/users/{user_id}/profile` and the end of an account.

use crate::shared::{PASSWORD, account, show, stranger, text};
use serde_json::json;

#[tokio::test]
async fn a_profile_is_put_back_as_it_was_read_and_read_only_fields_are_ignored() {
    let caller = stranger();
    let (email, session, user) = account(&caller).await;
    let read = user.get("/users/me/profile").await.expect(200);
    let mut profile = read.json();
    assert_eq!(
        (&profile["email"], &profile["name"]),
        (&json!(email), &json!("Ada Example"))
    );
    profile["name"] = json!("Ada Changed");
    profile["phone"] = json!("+44 20 7946 0000");
    profile["address"] = json!("1 Main St\nLondon");
    profile["language"] = json!("pt-BR");
    profile["notifications"]["reminder"] = json!(false);
    profile["email"] = json!("somebody@else.example");
    profile["user_id"] = json!(format!("u{}", "a".repeat(26)));
    let saved = user.put("/users/me/profile", profile.clone()).await;
    // A user id that is not one may be refused as unreadable; with the caller's own it is ignored.
    let saved = if saved.status == 200 {
        saved
    } else {
        profile["user_id"] = session["user_id"].clone();
        user.put("/users/me/profile", profile.clone()).await
    };
    let saved = saved.expect(200);
    assert_ne!(saved.header("etag"), read.header("etag"));
    let now = user
        .get(&format!("/users/{}/profile", text(&session, "user_id")))
        .await
        .expect(200)
        .json();
    for member in ["name", "phone", "address", "language", "notifications"] {
        assert_eq!(now[member], profile[member], "{member}");
    }
    assert_eq!(
        (&now["email"], &now["user_id"]),
        (&json!(email), &session["user_id"])
    );
}

#[tokio::test]
async fn a_lost_update_is_412_and_overwrites_nothing() {
    let caller = stranger();
    let (_, _, user) = account(&caller).await;
    let read = user.get("/users/me/profile").await.expect(200);
    let mut profile = read.json();
    let tagged = user.with_header("if-match", read.header("etag"));
    profile["name"] = json!("First");
    // A fresh account's e-mail may be verified in between; its tag's digits are the version either way.
    tagged
        .put("/users/me/profile", profile.clone())
        .await
        .expect(200);
    profile["name"] = json!("Second");
    tagged
        .put("/users/me/profile", profile.clone())
        .await
        .expect_problem(412, "version_mismatch");
    assert_eq!(user.get("/users/me/profile").await.json()["name"], "First");
    user.put("/users/me/profile", profile).await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_in_a_profile_is_named() {
    let caller = stranger();
    let (_, _, user) = account(&caller).await;
    let good = user.get("/users/me/profile").await.expect(200).json();
    let theater = format!("t{}", "a".repeat(26));
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("phone", json!("call me")),
        ("language", json!("e")),
        ("address", json!("x".repeat(501))),
        ("favourite_theater", json!(theater)),
    ] {
        let mut profile = good.clone();
        profile[member] = value;
        let problem = user
            .put("/users/me/profile", profile)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"));
    }
    let theaters = caller.get("/theaters?limit=1").await.json();
    let mut profile = good;
    profile["favourite_theater"] = theaters["items"][0]["theater_id"].clone();
    user.put("/users/me/profile", profile.clone())
        .await
        .expect(200);
    assert_eq!(
        user.get("/users/me/profile").await.json()["favourite_theater"],
        profile["favourite_theater"]
    );
}

#[tokio::test]
async fn a_profile_is_ones_own() {
    let caller = stranger();
    let (_, one, _) = account(&caller).await;
    let (_, _, other) = account(&caller).await;
    let path = format!("/users/{}/profile", text(&one, "user_id"));
    other.get(&path).await.expect_problem(404, "not_found");
    other
        .put(&path, json!({ "name": "Eve" }))
        .await
        .expect_problem(404, "not_found");
    other
        .delete(&format!("/users/{}", text(&one, "user_id")))
        .await
        .expect_problem(404, "not_found");
    caller
        .get(&path)
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_deleted_account_signs_in_no_more_and_leaves_no_name_behind() {
    let caller = stranger();
    let (email, session, user) = account(&caller).await;
    let booking = user
        .post("/book", json!({ "show_id": show().await, "best": 1 }))
        .await
        .expect(201)
        .json();
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    user.post("/payment", pay).await.expect(200);
    user.delete("/users/me").await.expect(204);
    user.get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
    caller
        .post(
            "/auth/login",
            json!({ "email": email, "password": PASSWORD }),
        )
        .await
        .expect_problem(401, "bad_credentials");
    caller
        .post(
            "/auth/refresh",
            json!({ "refresh_token": session["refresh_token"] }),
        )
        .await
        .expect_problem(401, "session_ended");
    let conn = crate::shared::database(crate::shared::demo());
    let mut left: i64 = conn
        .query_row(
            "SELECT count(*) FROM users WHERE email = ?1",
            [&email],
            |row| row.get(0),
        )
        .unwrap();
    left += conn
        .query_row(
            "SELECT count(*) FROM bookings WHERE guest_email = ?1",
            [&email],
            |row| row.get::<_, i64>(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    caller
        .post(
            "/auth/register",
            json!({ "email": email, "password": PASSWORD, "name": "New" }),
        )
        .await
        .expect(201);
}
