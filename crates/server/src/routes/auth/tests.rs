//! Accounts and sessions over the whole server.

mod links;

use super::check_email;
use crate::{
    http::Limit,
    testing::{Heard, House},
};
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

async fn register(house: &House) -> Heard {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "name": "Ada" });
    house.post("/auth/register", &[], body).await
}

async fn login(house: &House, email: &str, password: &str, session: &str) -> Heard {
    let body = json!({ "email": email, "password": password, "session": session });
    house.post("/auth/login", &[], body).await
}

async fn refresh(house: &House, token: &str) -> Heard {
    house
        .post("/auth/refresh", &[], json!({ "refresh_token": token }))
        .await
}

/// The e-mail of whom the token signs in.
async fn who(house: &House, access: &str) -> Heard {
    let bearer = format!("Bearer {access}");
    house
        .get("/users/me/profile", &[("authorization", &bearer)])
        .await
}

#[tokio::test]
async fn an_account_is_made_once() {
    let house = House::new().await;
    let made = register(&house).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.body["expires_in"], 900);
    assert_eq!(
        who(&house, &made.text("access_token")).await.body["email"],
        EMAIL
    );
    let again = register(&house).await;
    assert_eq!(
        (again.status, again.code()),
        (StatusCode::CONFLICT, "email_taken")
    );
    let body = json!({ "email": "ADA@Example.org", "password": PASSWORD, "name": "A" });
    assert_eq!(
        house.post("/auth/register", &[], body).await.code(),
        "email_taken"
    );
    for (pointer, body) in [
        (
            "/email",
            json!({ "email": "ada", "password": PASSWORD, "name": "A" }),
        ),
        (
            "/password",
            json!({ "email": "b@example.org", "password": "short", "name": "A" }),
        ),
        (
            "/name",
            json!({ "email": "b@example.org", "password": PASSWORD, "name": " " }),
        ),
    ] {
        let refused = house.post("/auth/register", &[], body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    house.close().await;
}

#[tokio::test]
async fn an_unknown_email_and_a_wrong_password_look_alike() {
    let house = House::new().await;
    register(&house).await;
    let mut wrong = login(&house, EMAIL, "wrong horse", "token").await;
    let mut unknown = login(&house, "eve@example.org", PASSWORD, "token").await;
    for heard in [&mut wrong, &mut unknown] {
        assert_eq!(
            (heard.status, heard.code()),
            (StatusCode::UNAUTHORIZED, "bad_credentials")
        );
        heard.body["request_id"] = Value::Null;
    }
    assert_eq!(wrong.body, unknown.body);
    house.close().await;
}

#[tokio::test]
async fn guessing_passwords_takes_longer_and_longer() {
    let house = House::new().await;
    register(&house).await;
    for _ in 0..=crate::http::limits::FREE_FAILURES {
        assert_eq!(
            login(&house, EMAIL, "wrong horse", "token").await.code(),
            "bad_credentials"
        );
    }
    let paused = login(&house, EMAIL, PASSWORD, "token").await;
    assert_eq!(
        (paused.status, paused.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    );
    let wait: i64 = paused.header("retry-after").parse().unwrap();
    house.later(TimeDelta::seconds(wait));
    assert_eq!(
        login(&house, EMAIL, PASSWORD, "token").await.status,
        StatusCode::OK
    );
    house.close().await;
}

/// Guesses that are all on their way before the first was looked at are as many as one after the other.
#[tokio::test]
async fn guesses_at_once_are_counted_like_others() {
    let house = House::new().await;
    register(&house).await;
    let guesses = (0..20).map(|number| {
        let house = &house;
        async move { login(house, EMAIL, &format!("guess {number}"), "token").await }
    });
    let heard = futures_util::future::join_all(guesses).await;
    let looked_at = heard
        .iter()
        .filter(|heard| heard.code() == "bad_credentials");
    assert_eq!(looked_at.count(), 6);
    let held_back = heard
        .iter()
        .filter(|heard| heard.status == StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(held_back.count(), 14);
    // Nor are right ones that come together guesses.
    house.later(TimeDelta::seconds(2));
    for _ in 0..10 {
        let both = [
            login(&house, EMAIL, PASSWORD, "token"),
            login(&house, EMAIL, PASSWORD, "token"),
        ];
        let [one, other] =
            <[Heard; 2]>::try_from(futures_util::future::join_all(both).await).unwrap();
        assert!(one.status == StatusCode::OK || other.status == StatusCode::OK);
    }
    assert_eq!(
        login(&house, EMAIL, PASSWORD, "token").await.status,
        StatusCode::OK
    );
    house.close().await;
}

/// What was shown before a new password was set opens nothing after it.
#[tokio::test]
async fn a_sign_in_that_is_slow_does_not_outlive_the_password_it_showed() {
    let house = House::new().await;
    let made = register(&house).await;
    let store = &house.app.store;
    let read = store.user_by_email(EMAIL).await.unwrap().unwrap();
    // Here the password was right, and its owner's new one is set before the session is kept.
    let email = json!({ "email": EMAIL });
    house.post("/auth/password/forgot", &[], email).await;
    let link = house.mailed("password_reset").await.remove(0);
    let body = json!({ "token": link, "password": "battery staple" });
    let reset = house.post("/auth/password/reset", &[], body).await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT, "{reset:?}");
    let opening = crate::auth::Opening {
        user_id: read.user_id,
        role: read.role,
        cookie: false,
        device: String::new(),
        second_factor: false,
    };
    let app = &house.app;
    let opened = app.sessions.open(
        &*app.store,
        &*app.entropy,
        (&read, opening),
        app.clock.now(),
    );
    assert!(opened.await.unwrap().is_none());
    assert_eq!(
        who(&house, &made.text("access_token")).await.code(),
        "session_ended"
    );
    let now = app.clock.now();
    assert_eq!(app.store.sessions_of(read.user_id, now).await.unwrap(), []);
    house.close().await;
}

#[tokio::test]
async fn strangers_who_guess_keep_nobody_out_of_an_address_they_are_known_at() {
    let house = House::new().await;
    let tokens = register(&house).await;
    let guess = |address: u8| {
        let house = &house;
        async move {
            let peer = std::net::SocketAddr::from(([198, 51, 100, address], 4711));
            let body = json!({ "email": EMAIL, "password": "wrong horse" });
            house
                .post_from(peer, "/auth/login", body)
                .await
                .code()
                .to_owned()
        }
    };
    assert_eq!(guess(1).await, "bad_credentials");
    // The rest of the hour's guesses, from as many addresses; each costs a password's hashing.
    let account = house.app.keys.text_digest(EMAIL);
    for _ in 1..200 {
        let now = house.app.clock.now();
        house.app.limits.add(Limit::LoginAccount, account, now);
    }
    assert_eq!(guess(2).await, "too_many_requests");
    assert_eq!(
        login(&house, EMAIL, PASSWORD, "token").await.status,
        StatusCode::OK
    );
    let access = tokens.text("access_token");
    assert_eq!(who(&house, &access).await.status, StatusCode::OK);
    house.later(TimeDelta::hours(2));
    assert_eq!(guess(3).await, "bad_credentials");
    house.close().await;
}

#[tokio::test]
async fn a_cookie_session_shows_no_token_and_ends_with_logout() {
    let house = House::new().await;
    register(&house).await;
    let signed_in = login(&house, EMAIL, PASSWORD, "cookie").await;
    let keys: Vec<_> = signed_in.body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["expires_in", "user_id"]);
    let set = signed_in.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = signed_in.cookie();
    let with = [("cookie", &cookie[..])];
    assert_eq!(
        house.get("/auth/session", &with).await.body["user"]["email"],
        EMAIL
    );
    let token = cookie.split_once('=').unwrap().1;
    assert_eq!(
        who(&house, token).await.code(),
        "session_ended",
        "a cookie is no bearer token"
    );
    let both = [
        ("cookie", &cookie[..]),
        ("authorization", "Bearer nonsense"),
    ];
    assert_eq!(
        house.get("/users/me/profile", &both).await.status,
        StatusCode::UNAUTHORIZED,
        "the token counts"
    );
    let out = house.post("/auth/logout", &with, json!({})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let gone = house.get("/users/me/profile", &with).await;
    assert_eq!(gone.code(), "session_ended");
    assert!(
        gone.header("set-cookie").contains("Max-Age=0"),
        "a dead cookie is taken back"
    );
    assert_eq!(
        house.get("/auth/session", &with).await.body["user"],
        Value::Null
    );
    house.close().await;
}

#[tokio::test]
async fn a_cookie_lives_on_while_it_is_used() {
    let house = House::new().await;
    register(&house).await;
    let cookie = login(&house, EMAIL, PASSWORD, "cookie").await.cookie();
    let with = [("cookie", &cookie[..])];
    for _ in 0..4 {
        house.later(TimeDelta::days(20));
        let heard = house.get("/users/me/profile", &with).await;
        assert_eq!(heard.status, StatusCode::OK);
        assert_eq!(heard.cookie(), cookie, "its life is renewed");
    }
    assert_eq!(
        house
            .get("/users/me/profile", &with)
            .await
            .header("set-cookie"),
        "",
        "but not on every call"
    );
    assert_eq!(
        house
            .post("/auth/refresh", &with, json!({ "session": "cookie" }))
            .await
            .cookie(),
        cookie
    );
    house.later(TimeDelta::days(31));
    assert_eq!(
        house.get("/users/me/profile", &with).await.code(),
        "session_ended"
    );
    assert_eq!(
        house.post("/auth/refresh", &with, json!({})).await.code(),
        "session_ended"
    );
    house.close().await;
}

#[tokio::test]
async fn an_access_token_lasts_a_quarter_of_an_hour() {
    let house = House::new().await;
    let first = register(&house).await;
    house.later(TimeDelta::minutes(16));
    assert_eq!(
        who(&house, &first.text("access_token")).await.code(),
        "session_ended"
    );
    let second = refresh(&house, &first.text("refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(
        who(&house, &second.text("access_token")).await.status,
        StatusCode::OK
    );
    house.later(TimeDelta::days(31));
    assert_eq!(
        refresh(&house, &second.text("refresh_token")).await.code(),
        "session_ended"
    );
    house.close().await;
}

#[tokio::test]
async fn a_lost_answer_may_be_asked_for_again_until_its_tokens_were_used() {
    let house = House::new().await;
    let first = register(&house).await.text("refresh_token");
    let lost = refresh(&house, &first).await;
    let second = refresh(&house, &first).await;
    assert_eq!(
        (lost.status, second.status),
        (StatusCode::OK, StatusCode::OK)
    );
    let access = second.text("access_token");
    assert_eq!(who(&house, &access).await.status, StatusCode::OK);
    let reused = refresh(&house, &first).await;
    assert_eq!(
        (reused.status, reused.code()),
        (StatusCode::UNAUTHORIZED, "session_ended")
    );
    assert_eq!(
        who(&house, &access).await.code(),
        "session_ended",
        "the family has ended"
    );
    assert_eq!(
        refresh(&house, &second.text("refresh_token")).await.code(),
        "session_ended"
    );
    house.close().await;
}

#[tokio::test]
async fn a_token_of_long_ago_ends_its_family() {
    let house = House::new().await;
    let first = register(&house).await.text("refresh_token");
    let second = refresh(&house, &first).await.text("refresh_token");
    let third = refresh(&house, &second).await.text("refresh_token");
    let fourth = refresh(&house, &third).await;
    assert_eq!(
        who(&house, &fourth.text("access_token")).await.status,
        StatusCode::OK
    );
    assert_eq!(refresh(&house, &first).await.code(), "session_ended");
    assert_eq!(
        who(&house, &fourth.text("access_token")).await.code(),
        "session_ended"
    );
    house.close().await;
}

#[tokio::test]
async fn logout_ends_one_session_and_no_other() {
    let house = House::new().await;
    let one = register(&house).await;
    let other = login(&house, EMAIL, PASSWORD, "token").await;
    let bearer = format!("Bearer {}", one.text("access_token"));
    let out = house
        .post("/auth/logout", &[("authorization", &bearer)], Value::Null)
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(
        who(&house, &one.text("access_token")).await.code(),
        "session_ended"
    );
    assert_eq!(
        refresh(&house, &one.text("refresh_token")).await.code(),
        "session_ended"
    );
    assert_eq!(
        who(&house, &other.text("access_token")).await.status,
        StatusCode::OK
    );
    house.close().await;
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let house = House::new().await;
    let before = register(&house).await;
    for email in [EMAIL, "nobody@example.org", "not an e-mail"] {
        let heard = house
            .post("/auth/password/forgot", &[], json!({ "email": email }))
            .await;
        assert_eq!(
            (heard.status, &heard.body),
            (StatusCode::ACCEPTED, &Value::Null),
            "{email}"
        );
    }
    let links = house.mailed("password_reset").await;
    assert_eq!(links.len(), 1);
    let reset = |password: &'static str| {
        house.post(
            "/auth/password/reset",
            &[],
            json!({ "token": links[0], "password": password }),
        )
    };
    assert_eq!(
        reset("short").await.code(),
        "invalid",
        "a refused password does not use the link up"
    );
    assert_eq!(reset("new password").await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        reset("other password").await.code(),
        "session_ended",
        "once"
    );
    assert_eq!(
        who(&house, &before.text("access_token")).await.code(),
        "session_ended"
    );
    assert_eq!(
        login(&house, EMAIL, PASSWORD, "token").await.code(),
        "bad_credentials"
    );
    let after = login(&house, EMAIL, "new password", "token").await;
    assert_eq!(
        who(&house, &after.text("access_token")).await.body["email_verified"],
        true
    );
    house.close().await;
}

#[tokio::test]
async fn a_link_runs_out() {
    let house = House::new().await;
    register(&house).await;
    house
        .post("/auth/password/forgot", &[], json!({ "email": EMAIL }))
        .await;
    let link = house.mailed("password_reset").await.remove(0);
    house.later(TimeDelta::minutes(61));
    let body = json!({ "token": link, "password": "new password" });
    assert_eq!(
        house.post("/auth/password/reset", &[], body).await.code(),
        "session_ended"
    );
    house.close().await;
}

#[tokio::test]
async fn no_secret_is_kept_in_the_clear() {
    let house = House::new().await;
    let session = register(&house).await;
    let cookie = login(&house, EMAIL, PASSWORD, "cookie").await.cookie();
    let refreshed = refresh(&house, &session.text("refresh_token")).await;
    let secrets = [
        PASSWORD.to_owned(),
        session.text("access_token"),
        session.text("refresh_token"),
        refreshed.text("access_token"),
        refreshed.text("refresh_token"),
        cookie.split_once('=').unwrap().1.to_owned(),
    ];
    house.app.store.close().await;
    for entry in std::fs::read_dir(house.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {}", path.display());
        }
    }
}

#[test]
fn emails_are_trimmed_and_checked() {
    assert_eq!(
        check_email("/email", " ada@example.org ").unwrap(),
        "ada@example.org"
    );
    for wrong in [
        "",
        "ada",
        "ada@",
        "@example.org",
        "Ada <ada@example.org>",
        "a b@example.org",
        "a@b\r\nBcc: c@d",
    ] {
        assert!(check_email("/email", wrong).is_err(), "{wrong}");
    }
    assert!(check_email("/email", &format!("{}@example.org", "a".repeat(300))).is_err());
}

/// The longest address there can be is one like any other.
#[tokio::test]
async fn the_longest_address_signs_in_and_gets_its_mail() {
    let house = House::new().await;
    let label = "d".repeat(61);
    let email = format!("{}@{label}.{label}.{label}.org", "a".repeat(64));
    assert_eq!(email.len(), 254);
    let email = email.as_str();
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    let made = house.post("/auth/register", &[], body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let signed_in = login(&house, email, PASSWORD, "token").await;
    assert_eq!(signed_in.status, StatusCode::OK);
    let asked = json!({ "email": email });
    house.post("/auth/password/forgot", &[], asked).await;
    assert_eq!(house.mailed("password_reset").await.len(), 1);
    house.close().await;
}

/// A page asks who is signed in: nobody is an answer, an outage is none.
#[tokio::test]
async fn an_outage_signs_nobody_out() {
    let house = House::new().await;
    let bearer = format!("Bearer {}", register(&house).await.text("access_token"));
    let with = [("authorization", &bearer[..])];
    house.app.sessions.forget_all();
    house.app.store.close().await;
    let heard = house.get("/auth/session", &with).await;
    assert_eq!(heard.status, StatusCode::SERVICE_UNAVAILABLE, "{heard:?}");
}

/// A session that has ended is nobody's, and that is an answer too.
#[tokio::test]
async fn whose_session_ended_is_nobody() {
    let house = House::new().await;
    let token = register(&house).await.text("access_token");
    let bearer = format!("Bearer {token}");
    let with = [("authorization", &bearer[..])];
    let somebody = house.get("/auth/session", &with).await;
    assert_eq!(somebody.body["user"]["email"], EMAIL);
    house.later(TimeDelta::days(1));
    house.app.sessions.forget_all();
    let nobody = house.get("/auth/session", &with).await;
    assert_eq!(nobody.status, StatusCode::OK, "{nobody:?}");
    assert!(nobody.body["user"].is_null(), "{nobody:?}");
    house.close().await;
}

/// A path names whoever asks by "me" or by their id; anybody else is not there.
#[tokio::test]
async fn a_path_names_whoever_asks() {
    let house = House::new().await;
    let made = register(&house).await;
    let other = json!({ "email": "eve@example.org", "password": PASSWORD, "name": "Eve" });
    let other = house.post("/auth/register", &[], other).await;
    let bearer = format!("Bearer {}", made.text("access_token"));
    let with = [("authorization", &bearer[..])];
    for what in ["profile", "sessions"] {
        for (named, status) in [
            ("me", StatusCode::OK),
            (&made.text("user_id"), StatusCode::OK),
            (&other.text("user_id"), StatusCode::NOT_FOUND),
        ] {
            let path = format!("/users/{named}/{what}");
            let heard = house.get(&path, &with).await;
            assert_eq!(heard.status, status, "{path}: {heard:?}");
        }
    }
    house.close().await;
}
