//! How long a session is believed without asking, and what is written about its use. What callers see of it is in the tests
//! of the routes.

use super::*;
use crate::testing::House;
use serde_json::json;

/// A house with a session in it: the token, and who has it.
async fn signed_in(mode: &str) -> (House, String, Found) {
    let house = House::new().await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    house.post("/auth/register", &[], body).await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "session": mode });
    let heard = house.post("/auth/login", &[], body).await;
    let token = match mode {
        "cookie" => heard.cookie().split_once('=').unwrap().1.to_owned(),
        _ => heard.text("access_token"),
    };
    let now = house.app.clock.now();
    let found = find(&Sessions::default(), &house, &token, now).await;
    (house, token, found.unwrap())
}

async fn find(
    sessions: &Sessions,
    house: &House,
    token: &str,
    now: DateTime<Utc>,
) -> Option<Found> {
    sessions.find(&*house.app.store, token, now).await.unwrap()
}

#[tokio::test]
async fn a_session_is_believed_for_a_moment_and_not_past_its_end() {
    let (house, token, found) = signed_in("token").await;
    let (sessions, now) = (Sessions::default(), house.app.clock.now());
    assert!(find(&sessions, &house, &token, now).await.is_some());
    // Ended by another server, of which this one has not heard.
    let store = &*house.app.store;
    store.end_session(found.session_id).await.unwrap();
    assert!(find(&sessions, &house, &token, now).await.is_some());
    let last = found.expires_at - TimeDelta::microseconds(1);
    assert!(find(&sessions, &house, &token, last).await.is_some());
    assert!(
        find(&sessions, &house, &token, found.expires_at)
            .await
            .is_none()
    );
    house.close().await;
}

#[tokio::test]
async fn an_end_on_another_server_is_noticed_within_a_second() {
    let (house, token, found) = signed_in("token").await;
    let (sessions, now) = (Sessions::default(), house.app.clock.now());
    assert!(find(&sessions, &house, &token, now).await.is_some());
    let store = &*house.app.store;
    store.end_session(found.session_id).await.unwrap();
    tokio::time::sleep(CACHE_LIFE).await;
    assert!(find(&sessions, &house, &token, now).await.is_none());
    house.close().await;
}

/// Each look that is noted costs a write.
#[tokio::test]
async fn a_use_is_noted_once_in_a_quarter_of_an_hour() {
    let (house, token, _) = signed_in("cookie").await;
    let opened = house.app.clock.now();
    let row = house.app.store.session_by_access(digest(&token), opened);
    // As it is kept: to the microsecond.
    let begun = row.await.unwrap().unwrap().used_at;
    for (after, noted) in [
        (TimeDelta::minutes(1), TimeDelta::zero()),
        (SEEN_EVERY - TimeDelta::microseconds(1), TimeDelta::zero()),
        (SEEN_EVERY, SEEN_EVERY),
        (SEEN_EVERY + TimeDelta::minutes(1), SEEN_EVERY),
    ] {
        let now = begun + after;
        let found = find(&Sessions::default(), &house, &token, now).await;
        assert!(found.is_some(), "{after}");
        let row = house.app.store.session_by_access(digest(&token), now);
        let row = row.await.unwrap().unwrap();
        assert_eq!(row.used_at - begun, noted, "after {after}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_cookie_is_renewed_once_a_day_of_its_life_has_passed() {
    let (house, token, found) = signed_in("cookie").await;
    let (store, sessions) = (&*house.app.store, Sessions::default());
    let due = after(found.expires_at, SLIDE_AFTER_SECONDS - REFRESH_SECONDS);
    let early = after(due, -1);
    assert!(
        !sessions
            .slide(store, &token, &found, false, early)
            .await
            .unwrap()
    );
    assert!(
        sessions
            .slide(store, &token, &found, false, due)
            .await
            .unwrap()
    );
    house.close().await;
}
