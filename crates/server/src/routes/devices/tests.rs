//! Devices over the whole server: listed, told apart, and signed out at once.

use crate::testing::{Heard, House};
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const APP: &str = "Matinee/0.1.0 (Windows)";

async fn register(house: &House, email: &str) -> Heard {
    let body = json!({ "email": email, "password": "correct horse", "name": "Ada" });
    house
        .post("/auth/register", &[("user-agent", FIREFOX)], body)
        .await
}

async fn login(house: &House, session: &str) -> Heard {
    let body =
        json!({ "email": "ada@example.org", "password": "correct horse", "session": session });
    house
        .post("/auth/login", &[("user-agent", APP)], body)
        .await
}

fn bearer(heard: &Heard) -> String {
    format!("Bearer {}", heard.text("access_token"))
}

async fn list(house: &House, bearer: &str) -> Vec<Value> {
    let heard = house
        .get("/users/me/sessions", &[("authorization", bearer)])
        .await;
    assert_eq!(heard.status, StatusCode::OK, "{heard:?}");
    heard.body["items"].as_array().unwrap().clone()
}

async fn delete(house: &House, path: &str, header: (&str, &str)) -> Heard {
    let path = format!("/api/v1/users/me/sessions{path}");
    house
        .call(Method::DELETE, &path, &[header], Value::Null)
        .await
}

#[tokio::test]
async fn devices_are_listed_and_signed_out_one_by_one() {
    let house = House::new().await;
    let first = bearer(&register(&house, "ada@example.org").await);
    house.later(TimeDelta::minutes(20));
    // An access token lasts 15 minutes: the first one refreshes when it comes again.
    let second = bearer(&login(&house, "token").await);
    let seen = list(&house, &second).await;
    let told: Vec<_> = seen
        .iter()
        .map(|one| (one["device"].as_str().unwrap(), one["current"] == true))
        .collect();
    assert_eq!(
        told,
        [
            ("Matinee app on Windows", true),
            ("Firefox on Linux", false)
        ]
    );
    let text = serde_json::to_string(&seen).unwrap();
    let secret = data_encoding::BASE64URL_NOPAD
        .decode(&second.as_bytes()["Bearer ma_".len()..])
        .unwrap();
    assert!(
        !text.contains(
            &data_encoding::BASE32_NOPAD
                .encode(&secret[..16])
                .to_lowercase()
        ),
        "the name is not the secret id"
    );
    let name = seen[1]["session_id"].as_str().unwrap();
    let ended = delete(&house, &format!("/{name}"), ("authorization", &second)).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let gone = delete(&house, &format!("/{name}"), ("authorization", &second)).await;
    assert_eq!(gone.code(), "not_found");
    let refused = house
        .get("/users/me/profile", &[("authorization", &first)])
        .await;
    assert_eq!(refused.code(), "session_ended");
    assert_eq!(list(&house, &second).await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn another_persons_session_is_not_there() {
    let house = House::new().await;
    let ada = bearer(&register(&house, "ada@example.org").await);
    let eve = bearer(&register(&house, "eve@example.org").await);
    let name = list(&house, &ada).await[0]["session_id"].clone();
    let path = format!("/{}", name.as_str().unwrap());
    let refused = delete(&house, &path, ("authorization", &eve)).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::NOT_FOUND, "not_found")
    );
    assert_eq!(list(&house, &ada).await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn all_others_end_and_this_one_stays() {
    let house = House::new().await;
    let first = bearer(&register(&house, "ada@example.org").await);
    let browser = login(&house, "cookie").await;
    let third = bearer(&login(&house, "token").await);
    let ended = delete(&house, "", ("authorization", &third)).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(list(&house, &third).await.len(), 1);
    for header in [
        ("authorization", first.as_str()),
        ("cookie", &browser.cookie()),
    ] {
        let refused = house.get("/users/me/profile", &[header]).await;
        assert_eq!(refused.code(), "session_ended");
    }
    house.close().await;
}

/// A cookie's last use is known to a quarter of an hour, although it is renewed once a day; and a browser that signs itself
/// out loses its cookie.
#[tokio::test]
async fn a_browser_is_seen_and_signs_itself_out() {
    let house = House::new().await;
    register(&house, "ada@example.org").await;
    let cookie = login(&house, "cookie").await.cookie();
    let with = [("cookie", cookie.as_str())];
    let seen = async || {
        let heard = house.get("/users/me/sessions", &with).await;
        let items = heard.body["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|one| one["current"] == true)
            .unwrap()
    };
    let before = seen().await;
    house.later(TimeDelta::minutes(14));
    assert_eq!(seen().await["last_used_at"], before["last_used_at"]);
    house.later(TimeDelta::minutes(1));
    house.get("/users/me/profile", &with).await;
    let after = seen().await;
    assert!(
        after["last_used_at"].as_str().unwrap() > before["last_used_at"].as_str().unwrap(),
        "{before} {after}"
    );
    let app = bearer(&login(&house, "token").await);
    let other = list(&house, &app).await;
    let other = other.iter().find(|one| one["current"] == true).unwrap();
    for (one, own) in [(other, false), (&after, true)] {
        let path = format!("/{}", one["session_id"].as_str().unwrap());
        let ended = delete(&house, &path, with[0]).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        let cookie = ended.header("set-cookie");
        assert_eq!(cookie.contains("Max-Age=0"), own, "{cookie}");
    }
    house.close().await;
}
