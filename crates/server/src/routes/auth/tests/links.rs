//! Links that are mailed to confirm an address or to choose a new password: what they do, how long, and how many.

use super::{EMAIL, PASSWORD, login, register, who};
use crate::testing::House;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn an_email_is_verified_by_its_mail() {
    let house = House::new().await;
    let session = register(&house).await;
    let access = session.text("access_token");
    assert_eq!(who(&house, &access).await.body["email_verified"], false);
    let link = house.mailed("email_verification").await.remove(0);
    let wrong = house
        .post(
            "/auth/password/reset",
            &[],
            json!({ "token": link, "password": PASSWORD }),
        )
        .await;
    assert_eq!(
        wrong.code(),
        "session_ended",
        "a link is good for one purpose"
    );
    let heard = house
        .post("/auth/verify", &[], json!({ "token": link }))
        .await;
    assert_eq!(heard.status, StatusCode::NO_CONTENT);
    assert_eq!(who(&house, &access).await.body["email_verified"], true);
    // The same link again, and one that ran out since, say that all is well.
    for days in [0, 20] {
        house.later(TimeDelta::days(days));
        let again = house
            .post("/auth/verify", &[], json!({ "token": link }))
            .await;
        assert_eq!(again.code(), "verified_already");
    }
    house.close().await;
}

#[tokio::test]
async fn a_link_that_ran_out_says_so_while_it_is_known() {
    let house = House::new().await;
    register(&house).await;
    let link = house.mailed("email_verification").await.remove(0);
    let open = async || {
        let body = json!({ "token": link });
        house.post("/auth/verify", &[], body).await
    };
    house.later(TimeDelta::days(8));
    // Others come and go meanwhile, and take away what nobody asks for any more.
    login(&house, EMAIL, PASSWORD, "cookie").await;
    let late = open().await;
    assert_eq!(
        (late.status, late.code()),
        (StatusCode::GONE, "link_expired")
    );
    house.later(TimeDelta::days(40));
    login(&house, EMAIL, PASSWORD, "cookie").await;
    assert_eq!(open().await.code(), "session_ended");
    house.close().await;
}

/// Whoever asks for somebody's new password again and again does not fill their mailbox.
#[tokio::test]
async fn five_mails_for_a_new_password_are_enough() {
    let house = House::new().await;
    register(&house).await;
    for _ in 0..6 {
        let asked = json!({ "email": EMAIL });
        let heard = house.post("/auth/password/forgot", &[], asked).await;
        assert_eq!(heard.status, StatusCode::ACCEPTED);
    }
    assert_eq!(house.mailed("password_reset").await.len(), 5);
    house.close().await;
}

/// Another mail to confirm an address goes to whoever has not yet, and fills no mailbox.
#[tokio::test]
async fn who_confirmed_gets_no_more_mails_and_nobody_gets_many() {
    let house = House::new().await;
    let bearer = format!("Bearer {}", register(&house).await.text("access_token"));
    let ask = async || {
        let with = [("authorization", &bearer[..])];
        let heard = house.post("/auth/verify/resend", &with, json!({})).await;
        assert_eq!(heard.status, StatusCode::ACCEPTED, "{heard:?}");
    };
    assert_eq!(house.mailed("email_verification").await.len(), 1);
    ask().await;
    let link = house.mailed("email_verification").await.remove(0);
    for _ in 0..20 {
        ask().await;
    }
    let more = house.mailed("email_verification").await.len();
    assert!((1..10).contains(&more), "{more}");
    let opened = json!({ "token": link });
    let heard = house.post("/auth/verify", &[], opened).await;
    assert_eq!(heard.status, StatusCode::NO_CONTENT, "{heard:?}");
    // By then the mails before count no more, and there is nothing to confirm.
    house.later(TimeDelta::hours(2));
    let again = login(&house, EMAIL, PASSWORD, "token").await;
    let bearer = format!("Bearer {}", again.text("access_token"));
    let with = [("authorization", &bearer[..])];
    house.post("/auth/verify/resend", &with, json!({})).await;
    assert_eq!(house.mailed("email_verification").await.len(), 0);
    house.close().await;
}
