//! Profiles over the whole server: who may see what, and that no change is lost.

use super::*;
use crate::testing::{Heard, House};
use axum::http::Method;
use serde_json::{Value, json};

async fn signed_in(house: &House, email: &str) -> (String, String) {
    let body = json!({ "email": email, "password": "correct horse", "name": "Ada" });
    let session = house.post("/auth/register", &[], body).await;
    (
        format!("Bearer {}", session.text("access_token")),
        session.text("user_id"),
    )
}

async fn put(house: &House, bearer: &str, if_match: Option<&str>, body: Value) -> Heard {
    let mut headers = vec![("authorization", bearer)];
    headers.extend(if_match.map(|tag| ("if-match", tag)));
    house
        .call(Method::PUT, "/api/v1/users/me/profile", &headers, body)
        .await
}

#[tokio::test]
async fn a_profile_is_read_changed_and_read_again() {
    let house = House::new().await;
    let (bearer, user_id) = signed_in(&house, "ada@example.org").await;
    let with = [("authorization", &bearer[..])];
    let read = house.get(&format!("/users/{user_id}/profile"), &with).await;
    assert_eq!(read.body["user_id"], user_id);
    let etag = read.header("etag").to_owned();
    let same = house
        .get("/users/me/profile", &[with[0], ("if-none-match", &etag)])
        .await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let mut changed = read.body.clone();
    changed["language"] = "pt-BR".into();
    changed["email"] = "eve@example.org".into();
    changed["email_verified"] = true.into();
    let saved = put(&house, &bearer, Some(&etag), changed.clone()).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    assert_eq!(saved.body["language"], "pt-BR");
    assert_eq!(saved.body["email"], "ada@example.org", "read-only");
    assert_eq!(saved.body["email_verified"], false, "read-only");
    let lost = put(&house, &bearer, Some(&etag), changed.clone()).await;
    assert_eq!(
        (lost.status, lost.code()),
        (StatusCode::PRECONDITION_FAILED, "version_mismatch")
    );
    assert_eq!(
        put(&house, &bearer, None, changed).await.status,
        StatusCode::OK
    );
    let tag = format!("\"{}\"", saved.body["version"].as_u64().unwrap() + 1);
    assert_eq!(
        put(&house, &bearer, Some(&tag), read.body).await.status,
        StatusCode::OK
    );
    house.close().await;
}

/// A booking's id gets nobody in: to others with an account, and to guests of other bookings, it is not there.
#[tokio::test]
async fn another_persons_booking_is_not_there() {
    let house = House::cinema().await;
    let (ada, _) = signed_in(&house, "ada@example.org").await;
    let (eve, _) = signed_in(&house, "eve@example.org").await;
    let body = json!({ "show_id": house.shows().await[0], "best": 1 });
    let held = house.post("/book", &[("authorization", &ada)], body).await;
    let path = format!("/bookings/{}", held.text("booking_id"));
    let (_, guest) = house.hold(1).await;
    for (who, status) in [
        (&ada, StatusCode::OK),
        (&eve, StatusCode::NOT_FOUND),
        (&guest, StatusCode::NOT_FOUND),
    ] {
        let read = house.get(&path, &[("authorization", who)]).await;
        assert_eq!(read.status, status, "{read:?}");
    }
    assert_eq!(house.get(&path, &[]).await.status, StatusCode::UNAUTHORIZED);
    house.close().await;
}

#[tokio::test]
async fn another_persons_profile_is_not_there() {
    let house = House::new().await;
    let (_, ada) = signed_in(&house, "ada@example.org").await;
    let (eve, _) = signed_in(&house, "eve@example.org").await;
    let with = [("authorization", &eve[..])];
    let path = format!("/api/v1/users/{ada}");
    for (method, path, body) in [
        (Method::GET, format!("{path}/profile"), Value::Null),
        (
            Method::PUT,
            format!("{path}/profile"),
            json!({ "name": "Eve" }),
        ),
        (Method::DELETE, path, Value::Null),
    ] {
        let heard = house.call(method.clone(), &path, &with, body.clone()).await;
        assert_eq!(
            (heard.status, heard.code()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{method}"
        );
        let nobody = house.call(method.clone(), &path, &[], body).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{method}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_deleted_account_is_gone_at_once() {
    let house = House::new().await;
    let (bearer, _) = signed_in(&house, "ada@example.org").await;
    let with = [("authorization", &bearer[..])];
    let heard = house
        .call(Method::DELETE, "/api/v1/users/me", &with, Value::Null)
        .await;
    assert_eq!(heard.status, StatusCode::NO_CONTENT);
    assert_eq!(
        house.get("/users/me/profile", &with).await.code(),
        "session_ended"
    );
    let body = json!({ "email": "ada@example.org", "password": "correct horse" });
    assert_eq!(
        house.post("/auth/login", &[], body).await.code(),
        "bad_credentials"
    );
    house.close().await;
}

#[tokio::test]
async fn an_unknown_theater_is_no_favourite() {
    let house = House::new().await;
    let (bearer, _) = signed_in(&house, "ada@example.org").await;
    let theater = matinee_domain::ids::TheaterId::from_bytes([9; 16]);
    let body = json!({ "name": "Ada", "favourite_theater": theater });
    let heard = put(&house, &bearer, None, body).await;
    assert_eq!(heard.body["errors"][0]["pointer"], "/favourite_theater");
    house.close().await;
}

fn profile(change: impl FnOnce(&mut Profile)) -> Result<ProfileData, ApiError> {
    let mut profile: Profile = serde_json::from_str(r#"{"name":"Ada"}"#).unwrap();
    change(&mut profile);
    checked(profile)
}

#[test]
fn what_is_wrong_is_named() {
    assert!(profile(|_| {}).is_ok());
    assert_eq!(profile(|p| p.name = "  Ada  ".into()).unwrap().name, "Ada");
    assert!(profile(|p| p.name = "x".repeat(NAME_OVER - 1)).is_ok());
    assert!(profile(|p| p.address = "1 Main St\nLondon".into()).is_ok());
    for (pointer, change) in [
        ("/name", (|p| p.name = " ".into()) as fn(&mut Profile)),
        ("/name", |p| p.name = "x".repeat(NAME_OVER)),
        ("/name", |p| p.name = "a\u{0}b".into()),
        ("/phone", |p| p.phone = "call me".into()),
        ("/language", |p| p.language = "e".into()),
        ("/language", |p| p.language = "en_GB".into()),
        ("/language", |p| p.language = "en-toolongapart".into()),
        ("/language", |p| p.language = "en-G.".into()),
        ("/address", |p| p.address = "x".repeat(ADDRESS_MAX + 1)),
    ] {
        let error = profile(change).unwrap_err();
        assert_eq!(error.0.errors[0].pointer, pointer);
    }
}
const NAME_OVER: usize = super::super::auth::NAME_MAX + 1;
