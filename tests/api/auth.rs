//! Accounts and sessions.

use crate::shared::{PASSWORD, account, demo, mailed_secret, show, stranger, text, unique, until};
use matinee_tests::Caller;
use serde_json::{Value, json};

async fn me(caller: &Caller) -> u16 {
    caller.get("/users/me/profile").await.status
}

#[tokio::test]
async fn registering_signs_in_and_an_email_is_taken_once() {
    let caller = stranger();
    let (email, session, user) = account(&caller).await;
    assert!(session["expires_in"].as_u64().unwrap() > 60);
    assert_eq!(me(&user).await, 200);
    for taken in [email.clone(), email.to_uppercase(), format!(" {email} ")] {
        let body = json!({ "email": taken, "password": PASSWORD, "name": "Eve" });
        caller
            .post("/auth/register", body)
            .await
            .expect_problem(409, "email_taken");
    }
    for (member, value) in [
        ("email", "nobody"),
        ("password", "short"),
        ("name", "  "),
        ("language", "as I like"),
    ] {
        let mut body = json!({ "email": "valid@example.com", "password": PASSWORD, "name": "Ada" });
        body[member] = value.into();
        let problem = caller
            .post("/auth/register", body)
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"));
    }
}

/// The first mail is in it already: nobody had a chance to choose one in the profile by then.
#[tokio::test]
async fn an_account_is_spoken_to_in_the_language_it_was_made_in() {
    let caller = stranger();
    let email = format!("sprache{}@example.com", unique());
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada", "language": "de" });
    let made = caller.post("/auth/register", body).await.expect(201).json();
    let user = caller.with_token(text(&made, "access_token"));
    let profile = user.get("/users/me/profile").await.expect(200).json();
    assert_eq!(profile["language"], "de");
    let mail = until(10, "the mail to confirm", || async {
        let mails = demo().mails().into_iter();
        mails.rev().find(|mail| mail.contains(&email))
    })
    .await;
    assert!(mail.contains("Content-Language: de"), "{mail}");
}

#[tokio::test]
async fn signing_in_needs_the_password_and_tells_nothing_about_who_exists() {
    let caller = stranger();
    let (email, session, _) = account(&caller).await;
    let known = caller
        .post(
            "/auth/login",
            json!({ "email": email, "password": "wrong password 1" }),
        )
        .await
        .expect_problem(401, "bad_credentials");
    let unknown = caller
        .post(
            "/auth/login",
            json!({ "email": "never@example.com", "password": "wrong password 1" }),
        )
        .await
        .expect_problem(401, "bad_credentials");
    let without_id = |answer: &matinee_tests::Answer| {
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        body
    };
    assert_eq!(without_id(&known), without_id(&unknown), "the same body");
    let again = caller
        .post(
            "/auth/login",
            json!({ "email": email.to_uppercase(), "password": PASSWORD }),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(again["user_id"], session["user_id"]);
    assert_eq!(
        me(&caller.with_token(text(&again, "access_token"))).await,
        200
    );
}

#[tokio::test]
async fn refreshing_rotates_and_a_lost_answer_may_be_asked_again() {
    let caller = stranger();
    let (_, first, _) = account(&caller).await;
    let refresh = |token: &str| {
        let (caller, body) = (caller.clone(), json!({ "refresh_token": token }));
        async move { caller.post("/auth/refresh", body).await }
    };
    let second = refresh(text(&first, "refresh_token"))
        .await
        .expect(200)
        .json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    // The answer was lost: the same token again works while its successor was not used.
    let second = refresh(text(&first, "refresh_token"))
        .await
        .expect(200)
        .json();
    let user = caller.with_token(text(&second, "access_token"));
    assert_eq!(me(&user).await, 200);
    let third = refresh(text(&second, "refresh_token"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        me(&caller.with_token(text(&third, "access_token"))).await,
        200
    );
    // Somebody else has the first one: the family ends.
    refresh(text(&first, "refresh_token"))
        .await
        .expect_problem(401, "session_ended");
    refresh(text(&third, "refresh_token"))
        .await
        .expect_problem(401, "session_ended");
    caller
        .with_token(text(&third, "access_token"))
        .get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
}

#[tokio::test]
async fn an_invented_refresh_token_is_refused() {
    let caller = stranger();
    for token in ["", "x", "mr_forged", "ma_forged"] {
        let answer = caller
            .post("/auth/refresh", json!({ "refresh_token": token }))
            .await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.json());
    }
    caller
        .post("/auth/refresh", json!({}))
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_that_session_only() {
    let caller = stranger();
    let (email, first, user) = account(&caller).await;
    let other = caller
        .post(
            "/auth/login",
            json!({ "email": email, "password": PASSWORD }),
        )
        .await
        .expect(200)
        .json();
    let other = caller.with_token(text(&other, "access_token"));
    user.post(
        "/auth/logout",
        json!({ "refresh_token": first["refresh_token"] }),
    )
    .await
    .expect(204);
    user.get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
    caller
        .post(
            "/auth/refresh",
            json!({ "refresh_token": first["refresh_token"] }),
        )
        .await
        .expect_problem(401, "session_ended");
    assert_eq!(me(&other).await, 200);
    user.post("/auth/logout", json!({})).await.expect(204);
}

#[tokio::test]
async fn a_browsers_session_is_a_strict_cookie_and_no_token_is_told() {
    let caller = stranger();
    let email = format!("browser{}@example.com", unique());
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada", "session": "cookie" });
    caller.post("/auth/register", body).await.expect(201);
    let answer = caller
        .post(
            "/auth/login",
            json!({ "email": email, "password": PASSWORD, "session": "cookie" }),
        )
        .await
        .expect(200);
    let body = answer.json();
    assert!(
        body.get("access_token").is_none() && body.get("refresh_token").is_none(),
        "{body}"
    );
    let set = answer.header("set-cookie");
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(flag), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let browser = caller.with_header("cookie", &cookie);
    assert_eq!(me(&browser).await, 200);
    let who = browser.get("/auth/session").await.expect(200).json();
    assert_eq!(who["user"]["email"], email);
    assert_eq!(
        caller.get("/auth/session").await.expect(200).json()["user"],
        Value::Null
    );
    // The cookie's value is good as a cookie only.
    let value = cookie.split_once('=').unwrap().1;
    caller
        .with_token(value)
        .get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
    // Authorization wins.
    let (other_email, _, other) = account(&caller).await;
    let both = other
        .with_header("cookie", &cookie)
        .get("/users/me/profile")
        .await
        .expect(200)
        .json();
    assert_eq!(both["email"], other_email);
    let out = browser.post("/auth/logout", json!({})).await.expect(204);
    assert!(
        out.header("set-cookie").contains("Max-Age=0"),
        "{}",
        out.header("set-cookie")
    );
    browser
        .get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
}

#[tokio::test]
async fn pages_of_other_sites_and_other_hosts_change_nothing() {
    let caller = stranger();
    let body = json!({ "show_id": show().await, "best": 1 });
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        caller
            .with_header("origin", origin)
            .post("/book", body.clone())
            .await
            .expect_problem(403, "origin_refused");
    }
    caller
        .with_header("origin", demo().url())
        .post("/book", body.clone())
        .await
        .expect(201);
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
    ] {
        caller
            .with_header("host", host)
            .get("/theaters")
            .await
            .expect_problem(421, "wrong_host");
        caller
            .with_header("host", host)
            .post("/book", body.clone())
            .await
            .expect_problem(421, "wrong_host");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
    ] {
        caller
            .with_header("content-type", kind)
            .post("/book", body.clone())
            .await
            .expect_problem(415, "unsupported_media_type");
    }
    caller
        .with_header("content-type", "application/json; charset=utf-8")
        .post("/book", body)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_forgotten_password_is_answered_alike_and_reset_once_by_mail() {
    let caller = stranger();
    let (email, session, user) = account(&caller).await;
    let known = caller
        .post("/auth/password/forgot", json!({ "email": email }))
        .await
        .expect(202);
    let unknown = caller
        .post(
            "/auth/password/forgot",
            json!({ "email": "never@example.com" }),
        )
        .await
        .expect(202);
    assert_eq!(known.bytes, unknown.bytes);
    let secret = mailed_secret(demo(), &email, "/reset").await;
    let weak = json!({ "token": secret, "password": "short" });
    caller
        .post("/auth/password/reset", weak)
        .await
        .expect_problem(422, "invalid");
    let new = json!({ "token": secret, "password": "another fine password" });
    caller
        .post("/auth/password/reset", new.clone())
        .await
        .expect(204);
    caller
        .post("/auth/password/reset", new)
        .await
        .expect_problem(401, "session_ended");
    user.get("/users/me/profile")
        .await
        .expect_problem(401, "session_ended");
    caller
        .post(
            "/auth/refresh",
            json!({ "refresh_token": session["refresh_token"] }),
        )
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
            "/auth/login",
            json!({ "email": email, "password": "another fine password" }),
        )
        .await
        .expect(200);
    assert!(
        !demo()
            .mails()
            .iter()
            .any(|mail| mail.contains("never@example.com"))
    );
}

#[tokio::test]
async fn a_guests_bookings_join_the_account_after_the_email_is_verified() {
    let caller = stranger();
    let show = show().await;
    let email = format!("joiner{}@example.com", unique());
    let booking = caller
        .post(
            "/book",
            json!({ "show_id": show, "best": 1, "guest_email": email }),
        )
        .await
        .expect(201)
        .json();
    let guest = caller.with_token(text(&booking, "guest_token"));
    let pay = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
    guest.post("/payment", pay).await.expect(200);
    let session = caller
        .post(
            "/auth/register",
            json!({ "email": email, "password": PASSWORD, "name": "Jo" }),
        )
        .await
        .expect(201)
        .json();
    let user = caller.with_token(text(&session, "access_token"));
    let history = user.get("/users/me/bookings").await.expect(200).json();
    assert_eq!(history["items"], json!([]), "not before");
    let secret = mailed_secret(demo(), &email, "/verify").await;
    caller
        .post("/auth/verify", json!({ "token": secret }))
        .await
        .expect(204);
    caller
        .post("/auth/verify", json!({ "token": secret }))
        .await
        .expect_problem(409, "verified_already");
    caller
        .post("/auth/verify", json!({ "token": format!("{secret}x") }))
        .await
        .expect_problem(401, "session_ended");
    let history = user.get("/users/me/bookings").await.expect(200).json();
    assert_eq!(history["items"][0]["booking_id"], booking["booking_id"]);
    user.get(&format!("/bookings/{}", text(&booking, "booking_id")))
        .await
        .expect(200);
    assert_eq!(
        user.get("/users/me/profile").await.expect(200).json()["email_verified"],
        true
    );
}

#[tokio::test]
async fn no_password_and_no_token_is_in_the_log_or_the_database() {
    let caller = stranger();
    let (_, session, _) = account(&caller).await;
    let log = demo().log();
    let bytes = ["matinee.db", "matinee.db-wal"]
        .map(|name| std::fs::read(demo().folder().join(name)).unwrap_or_default());
    for secret in [
        PASSWORD,
        text(&session, "access_token"),
        text(&session, "refresh_token"),
    ] {
        assert!(!log.contains(secret));
        for file in &bytes {
            assert!(
                !file
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes())
            );
        }
    }
}

#[tokio::test]
async fn a_session_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = matinee_tests::ServerOptions {
        demo: false,
        ..Default::default()
    };
    let mut server = matinee_tests::Server::start_in(folder.path(), &options).unwrap();
    let (_, session, user) = account(&server.caller()).await;
    assert_eq!(me(&user).await, 200);
    assert!(server.stop().unwrap().success());
    let server = matinee_tests::Server::start_in(folder.path(), &options).unwrap();
    assert_eq!(
        me(&server.caller().with_token(text(&session, "access_token"))).await,
        200
    );
    server
        .caller()
        .post(
            "/auth/refresh",
            json!({ "refresh_token": session["refresh_token"] }),
        )
        .await
        .expect(200);
}
