//! What can be told without a browser: where passkeys are offered, who may make one, and what is refused. The whole way,
//! with a browser and an authenticator, is in the workspace's `tests/browser/flows/ways-in.mjs`.

use crate::testing::House;
use axum::{
    Router,
    http::{Method, StatusCode},
};
use matinee_store::{
    accounts::{PasswordBy, Role},
    sign_in::PasskeyRow,
};
use serde_json::{Value, json};

/// A house whose site has a name.
async fn named() -> House {
    let change = |config: &mut crate::config::Config| {
        config.public_url = Some("https://tickets.example.org".parse().unwrap());
    };
    House::with(change, Router::new()).await
}

async fn person(house: &House, email: &str) -> (String, String) {
    let body = json!({ "email": email, "password": "correct horse", "name": "Ada" });
    let session = house.post("/auth/register", &[], body).await;
    let bearer = format!("Bearer {}", session.text("access_token"));
    (session.text("user_id"), bearer)
}

/// The same with an address that was confirmed.
async fn confirmed(house: &House, email: &str) -> (String, String) {
    let (user_id, bearer) = person(house, email).await;
    let id = user_id.parse().unwrap();
    house.app.store.verify_email(id).await.unwrap();
    (user_id, bearer)
}

/// Somebody else's passkey in an account.
async fn add(house: &House, user_id: &str) -> PasskeyRow {
    let row = PasskeyRow {
        credential: vec![1, 2, 3],
        user_id: user_id.parse().unwrap(),
        name: "Laptop".into(),
        body: "{}".into(),
        created_at: house.app.clock.now(),
        used_at: None,
    };
    assert!(house.app.store.add_passkey(row.clone()).await.unwrap());
    row
}

/// Who made an account with somebody else's address is out when its owner asks for a new password.
#[tokio::test]
async fn a_password_by_mail_leaves_no_strangers_passkey() {
    let house = named().await;
    let (user_id, eve) = person(&house, "ada@example.org").await;
    let row = add(&house, &user_id).await;
    let email = json!({ "email": "ada@example.org" });
    house.post("/auth/password/forgot", &[], email).await;
    let link = house.mailed("password_reset").await.remove(0);
    let body = json!({ "token": link, "password": "battery staple" });
    let reset = house.post("/auth/password/reset", &[], body).await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT, "{reset:?}");
    let store = &house.app.store;
    assert_eq!(store.passkeys_of(row.user_id).await.unwrap(), []);
    assert_eq!(store.passkey(&row.credential).await.unwrap(), None);
    let with = [("authorization", eve.as_str())];
    let out = house.get("/users/me/passkeys", &with).await;
    assert_eq!(out.code(), "session_ended");
    let ada = store.user(row.user_id).await.unwrap().unwrap();
    assert!(ada.email_verified);
    house.close().await;
}

#[tokio::test]
async fn one_needs_a_confirmed_address() {
    let house = named().await;
    let (_, ada) = person(&house, "ada@example.org").await;
    let with = [("authorization", ada.as_str())];
    let right = json!({ "password": "correct horse" });
    let refused = house.post("/auth/passkeys/begin", &with, right).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::CONFLICT, "email_unverified")
    );
    house.close().await;
}

/// A session as a provider opens it, without a code.
async fn opened(house: &House, user_id: &str, role: Role) -> String {
    opened_with(house, user_id, (role, false)).await
}

/// A session that showed a second factor, or none.
async fn opened_with(house: &House, user_id: &str, (role, second_factor): (Role, bool)) -> String {
    let app = &house.app;
    let opening = crate::auth::Opening {
        user_id: user_id.parse().unwrap(),
        role,
        cookie: false,
        device: String::new(),
        second_factor,
    };
    let user = app.store.user(opening.user_id).await.unwrap().unwrap();
    let opening = (&user, opening);
    let tokens = app
        .sessions
        .open(&*app.store, &*app.entropy, opening, app.clock.now())
        .await
        .unwrap()
        .unwrap();
    format!("Bearer {}", tokens.answer().access_token.unwrap())
}

/// What was begun under a password ends with it, whoever is signed in then.
#[tokio::test]
async fn a_new_password_ends_a_passkey_that_is_being_made() {
    let house = named().await;
    let (user_id, ada) = confirmed(&house, "ada@example.org").await;
    let with = [("authorization", ada.as_str())];
    let right = json!({ "password": "correct horse" });
    let begun = house.post("/auth/passkeys/begin", &with, right).await;
    let new = "$argon2id$new".to_owned();
    let id = user_id.parse().unwrap();
    let set = house.app.store.set_password(id, new, PasswordBy::Mail);
    set.await.unwrap();
    let later = opened(&house, &user_id, Role::Customer).await;
    let with = [("authorization", later.as_str())];
    let body = json!({ "secret": begun.text("secret"), "name": "Mine", "credential": "{}" });
    let heard = house.post("/auth/passkeys/finish", &with, body).await;
    assert_eq!(heard.code(), "session_ended", "{heard:?}");
    house.close().await;
}

#[tokio::test]
async fn a_site_without_a_name_offers_none() {
    let house = House::new().await;
    let methods = house.get("/auth/methods", &[]).await;
    assert_eq!(methods.body["passkeys"], false);
    let start = house.post("/auth/passkey/start", &[], json!({})).await;
    assert_eq!(start.code(), "not_found");
    let house = named().await;
    let methods = house.get("/auth/methods", &[]).await;
    assert_eq!(methods.body["passkeys"], true);
    house.close().await;
}

#[tokio::test]
async fn one_is_made_with_the_password_only() {
    let house = named().await;
    let (_, ada) = confirmed(&house, "ada@example.org").await;
    let with = [("authorization", ada.as_str())];
    let path = "/auth/passkeys/begin";
    for body in [json!({}), json!({ "password": "wrong horse" })] {
        let refused = house.post(path, &with, body).await;
        assert_eq!(refused.body["errors"][0]["pointer"], "/password");
    }
    let nobody = house.post(path, &[], json!({})).await;
    assert_eq!(nobody.code(), "unauthenticated");
    let right = json!({ "password": "correct horse" });
    let begun = house.post(path, &with, right).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let options: Value = serde_json::from_str(&begun.text("options")).unwrap();
    assert_eq!(options["publicKey"]["rp"]["id"], "tickets.example.org");
    // Somebody else cannot finish it, and it is over then.
    let (_, eve) = confirmed(&house, "eve@example.org").await;
    let body = json!({ "secret": begun.text("secret"), "name": "Mine", "credential": "{}" });
    for who in [&eve, &ada] {
        let with = [("authorization", who.as_str())];
        let refused = house
            .post("/auth/passkeys/finish", &with, body.clone())
            .await;
        assert_eq!(refused.code(), "session_ended");
    }
    house.close().await;
}

/// A passkey opens an account by itself: a session that showed no code may not make one beside a code generator.
#[tokio::test]
async fn staff_with_a_generator_show_a_code_first() {
    let house = named().await;
    let (user_id, _) = confirmed(&house, "ada@example.org").await;
    let id = user_id.parse().unwrap();
    let app = &house.app;
    app.store.set_role(id, Role::Admin).await.unwrap();
    let begun = app.store.begin_second_factor(id, [7; 20]).await;
    assert!(begun.unwrap());
    let now = app.clock.now();
    let confirmed = app.store.confirm_second_factor(id, 1, vec![], [0; 16], now);
    assert!(confirmed.await.unwrap());
    let bearer = opened(&house, &user_id, Role::Admin).await;
    let with = [("authorization", bearer.as_str())];
    let right = json!({ "password": "correct horse" });
    let refused = house.post("/auth/passkeys/begin", &with, right).await;
    assert_eq!(refused.code(), "forbidden");
    house.close().await;
}

/// A passkey alone is the second factor of staff: whoever has only their password is a customer, and makes nothing of it.
#[tokio::test]
async fn a_password_alone_gets_round_no_passkey_of_staff() {
    let house = named().await;
    let (user_id, thief) = confirmed(&house, "boss@example.org").await;
    let store = &house.app.store;
    let id = user_id.parse().unwrap();
    store.set_role(id, Role::Admin).await.unwrap();
    let with = [("authorization", thief.as_str())];
    let right = json!({ "password": "correct horse" });
    let generator = "/auth/second-factor/begin";
    // Begun while there was no second factor, so by whoever knew the password.
    let begun = house.post(generator, &with, right.clone()).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let passkey = house
        .post("/auth/passkeys/begin", &with, right.clone())
        .await;
    assert_eq!(passkey.status, StatusCode::OK, "{passkey:?}");
    add(&house, &user_id).await;
    let code = totp_rs::Totp::from_url(begun.text("otpauth_url")).unwrap();
    let code = code.generate(house.app.clock.now().timestamp() as u64);
    let code = json!({ "code": code.to_string() });
    let made = json!({ "secret": passkey.text("secret"), "name": "Mine", "credential": "{}" });
    for (path, body) in [
        (generator, right.clone()),
        ("/auth/second-factor/confirm", code),
        ("/auth/passkeys/begin", right.clone()),
        ("/auth/passkeys/finish", made),
    ] {
        let refused = house.post(path, &with, body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::FORBIDDEN, "forbidden"),
            "{path} {refused:?}"
        );
    }
    let path = "/api/v1/users/me/passkeys/AQID";
    let kept = house.call(Method::DELETE, path, &with, Value::Null).await;
    assert_eq!(kept.code(), "forbidden");
    assert_eq!(store.passkeys_of(id).await.unwrap().len(), 1);
    // Who signed in with it does all of that.
    let boss = opened_with(&house, &user_id, (Role::Admin, true)).await;
    let with = [("authorization", boss.as_str())];
    for path in [generator, "/auth/passkeys/begin"] {
        let heard = house.post(path, &with, right.clone()).await;
        assert_eq!(heard.status, StatusCode::OK, "{path} {heard:?}");
    }
    let gone = house.call(Method::DELETE, path, &with, Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    house.close().await;
}

#[tokio::test]
async fn an_unknown_passkey_opens_nothing_and_an_attempt_is_good_once() {
    let house = named().await;
    let start = house.post("/auth/passkey/start", &[], json!({})).await;
    assert_eq!(start.status, StatusCode::OK, "{start:?}");
    let credential = json!({
        "id": "AQID", "rawId": "AQID", "type": "public-key", "extensions": {},
        "response": {
            "authenticatorData": "AQID", "clientDataJSON": "AQID", "signature": "AQID",
            "userHandle": "AQIDBAUGBwgJCgsMDQ4PEA",
        },
    });
    let body = json!({ "secret": start.text("secret"), "credential": credential.to_string() });
    let finish = "/auth/passkey/finish";
    let unknown = house.post(finish, &[], body.clone()).await;
    assert_eq!(unknown.code(), "bad_credentials", "{unknown:?}");
    let again = house.post(finish, &[], body).await;
    assert_eq!(again.code(), "session_ended");
    house.close().await;
}

#[tokio::test]
async fn ones_own_are_listed_and_taken_away() {
    let house = named().await;
    let (user_id, ada) = person(&house, "ada@example.org").await;
    let (_, eve) = person(&house, "eve@example.org").await;
    add(&house, &user_id).await;
    let list = house
        .get("/users/me/passkeys", &[("authorization", &ada)])
        .await;
    assert_eq!(list.body["items"][0]["passkey_id"], "AQID");
    assert_eq!(list.body["items"][0]["name"], "Laptop");
    let path = "/api/v1/users/me/passkeys/AQID";
    for (who, status) in [
        (&eve, StatusCode::NOT_FOUND),
        (&ada, StatusCode::NO_CONTENT),
        (&ada, StatusCode::NOT_FOUND),
    ] {
        let with = [("authorization", who.as_str())];
        let heard = house.call(Method::DELETE, path, &with, Value::Null).await;
        assert_eq!(heard.status, status, "{heard:?}");
    }
    house.close().await;
}
