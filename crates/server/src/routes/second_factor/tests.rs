//! Code generators over the whole server: staff are customers without one, no code is good twice, guessing is bounded.

use crate::{
    auth::{Caller, Who, codes},
    testing::{Heard, House},
};
use axum::{
    Router,
    extract::FromRequestParts as _,
    http::{Request, StatusCode},
};
use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use matinee_domain::ids::UserId;
use matinee_store::accounts::Role;
use serde_json::{Value, json};

const EMAIL: &str = "boss@example.org";
const PASSWORD: &str = "correct horse";

async fn staff(house: &House) -> (UserId, String) {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "name": "Boss" });
    let made = house.post("/auth/register", &[], body).await;
    let user_id = made.text("user_id").parse().unwrap();
    house
        .app
        .store
        .set_role(user_id, Role::Admin)
        .await
        .unwrap();
    house.app.sessions.forget_all();
    (user_id, format!("Bearer {}", made.text("access_token")))
}

async fn login(house: &House, code: Option<&str>) -> Heard {
    let mut body = json!({ "email": EMAIL, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    house.post("/auth/login", &[], body).await
}

fn code_at(house: &House, secret: [u8; 20], ahead: i64) -> String {
    let url = codes::otpauth_url(secret, EMAIL);
    let seconds = house.app.clock.now().timestamp() + ahead * 30;
    let totp = totp_rs::Totp::from_url(&url).unwrap();
    totp.generate(seconds as u64).to_string()
}

async fn role(house: &House, bearer: &str) -> Role {
    let request = Request::get("/x").header("authorization", bearer);
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let caller = Caller::from_request_parts(&mut parts, &house.app).await;
    match caller.unwrap().who {
        Who::User { role, .. } => role,
        who => panic!("{who:?}"),
    }
}

async fn state(house: &House, bearer: &str) -> Value {
    let heard = house
        .get("/auth/session", &[("authorization", bearer)])
        .await;
    heard.body["user"]["second_factor"].clone()
}

/// Sets a generator up: its secret and the recovery codes.
async fn enrolled(house: &House, bearer: &str) -> ([u8; 20], Vec<String>) {
    let with = [("authorization", bearer)];
    let body = json!({ "password": PASSWORD });
    let begun = house.post("/auth/second-factor/begin", &with, body).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    assert!(begun.text("qr_svg").starts_with("<svg"));
    let secret = BASE32_NOPAD.decode(begun.text("secret").as_bytes());
    let secret: [u8; 20] = secret.unwrap().try_into().unwrap();
    let body = json!({ "code": code_at(house, secret, 0) });
    let confirmed = house.post("/auth/second-factor/confirm", &with, body).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

#[tokio::test]
async fn staff_are_customers_until_they_show_a_code() {
    let house = House::new().await;
    let (_, bearer) = staff(&house).await;
    assert_eq!(role(&house, &bearer).await, Role::Customer);
    assert_eq!(state(&house, &bearer).await, "missing");
    let other = login(&house, None).await;
    let (secret, recovery) = enrolled(&house, &bearer).await;
    assert_eq!(recovery.len(), 10);
    assert_eq!(
        role(&house, &bearer).await,
        Role::Admin,
        "this session has shown it"
    );
    assert_eq!(state(&house, &bearer).await, "on");
    let with = format!("Bearer {}", other.text("access_token"));
    let ended = house
        .get("/users/me/profile", &[("authorization", &with)])
        .await;
    assert_eq!(ended.code(), "session_ended", "opened without a code");
    let without = login(&house, None).await;
    assert_eq!(
        (without.status, without.code()),
        (StatusCode::UNAUTHORIZED, "second_factor_required")
    );
    let replayed = login(&house, Some(&code_at(&house, secret, 0))).await;
    assert_eq!(replayed.code(), "second_factor_wrong", "used to set it up");
    let signed_in = login(&house, Some(&code_at(&house, secret, 1))).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{signed_in:?}");
    let bearer = format!("Bearer {}", signed_in.text("access_token"));
    assert_eq!(role(&house, &bearer).await, Role::Admin);
    let again = login(&house, Some(&code_at(&house, secret, 1))).await;
    assert_eq!(again.code(), "second_factor_wrong");
    house.close().await;
}

#[tokio::test]
async fn the_operator_may_do_without() {
    let house = House::with(|config| config.staff_second_factor = false, Router::new()).await;
    let (_, bearer) = staff(&house).await;
    assert_eq!(role(&house, &bearer).await, Role::Admin);
    assert_eq!(state(&house, &bearer).await, "not_needed");
    house.close().await;
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let house = House::new().await;
    let (_, bearer) = staff(&house).await;
    let (_, recovery) = enrolled(&house, &bearer).await;
    let typed = recovery[3].to_uppercase();
    assert_eq!(login(&house, Some(&typed)).await.status, StatusCode::OK);
    assert_eq!(
        login(&house, Some(&typed)).await.code(),
        "second_factor_wrong"
    );
    assert_eq!(
        login(&house, Some(&recovery[4])).await.status,
        StatusCode::OK
    );
    house.close().await;
}

#[tokio::test]
async fn guessing_codes_is_bounded_and_a_right_one_waits_too() {
    let house = House::new().await;
    let (_, bearer) = staff(&house).await;
    let (secret, _) = enrolled(&house, &bearer).await;
    for _ in 0..5 {
        assert_eq!(
            login(&house, Some("000000")).await.code(),
            "second_factor_wrong"
        );
    }
    let right = code_at(&house, secret, 1);
    let blocked = login(&house, Some(&right)).await;
    assert_eq!(
        (blocked.status, blocked.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
    );
    let wait: u32 = blocked.header("retry-after").parse().unwrap();
    assert!((899..=901).contains(&wait), "{wait}");
    assert_eq!(house.app.metrics.second_factor_refused.get(), 5);
    house.later(TimeDelta::seconds(i64::from(wait)));
    let right = code_at(&house, secret, 0);
    assert_eq!(login(&house, Some(&right)).await.status, StatusCode::OK);
    house.close().await;
}

#[tokio::test]
async fn it_is_for_staff_with_their_password_and_removed_with_both() {
    let house = House::new().await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD, "name": "Ada" });
    let customer = house.post("/auth/register", &[], body).await;
    let ada = format!("Bearer {}", customer.text("access_token"));
    let begin = json!({ "password": PASSWORD });
    let path = "/auth/second-factor/begin";
    let refused = house
        .post(path, &[("authorization", &ada)], begin.clone())
        .await;
    assert_eq!(refused.code(), "forbidden");
    let (_, bearer) = staff(&house).await;
    let with = [("authorization", bearer.as_str())];
    let wrong = json!({ "password": "wrong horse" });
    let refused = house.post(path, &with, wrong).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/password");
    let early = json!({ "code": "123456" });
    let refused = house
        .post("/auth/second-factor/confirm", &with, early)
        .await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/code");
    let (secret, _) = enrolled(&house, &bearer).await;
    let again = house.post(path, &with, begin).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{again:?}");
    let remove = "/auth/second-factor/remove";
    let wrong = json!({ "password": PASSWORD, "code": "000000" });
    let refused = house.post(remove, &with, wrong).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/code");
    let right = json!({ "password": PASSWORD, "code": code_at(&house, secret, 1) });
    let removed = house.post(remove, &with, right).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{removed:?}");
    let ended = house.get("/users/me/profile", &with).await;
    assert_eq!(ended.code(), "session_ended");
    assert_eq!(login(&house, None).await.status, StatusCode::OK);
    house.close().await;
}
