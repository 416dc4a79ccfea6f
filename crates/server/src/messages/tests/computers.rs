//! The app on a computer: told until it showed, nothing of others, and nothing for ever.

use super::{super::computers, *};
use axum::http::Method;
use computers::{DeviceMessages, Follower};
use futures_util::{Stream, StreamExt as _};
use matinee_domain::ids::SubscriptionId;
use std::{convert::Infallible, pin::Pin, time::Duration};
use tokio::time::timeout;

const TOKEN: &str = "an-installation_of_1";

/// Subscribes this installation; its id.
async fn subscribed(house: &House, bearer: &str) -> SubscriptionId {
    let with = [("authorization", bearer)];
    let body = json!({ "channel": "app", "token": TOKEN });
    let path = "/api/v1/users/me/subscriptions";
    let answer = house.call(Method::PUT, path, &with, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.text("subscribed").parse().unwrap()
}

/// A stream as the route opens it.
struct Told(Pin<Box<dyn Stream<Item = Result<bytes::Bytes, Infallible>> + Send>>);

impl Told {
    async fn open(house: &House, bearer: &str, subscription_id: SubscriptionId) -> Self {
        let app = &house.app;
        let token = bearer.strip_prefix("Bearer ").unwrap();
        let now = app.clock.now();
        let found = app.sessions.find(&*app.store, token, now).await.unwrap();
        let found = found.expect("the session lives");
        let follower = Follower {
            user_id: found.user_id,
            session_id: found.session_id,
            subscription_id,
        };
        let listening = app
            .computers
            .listen(subscription_id, found.user_id)
            .unwrap();
        Self(DeviceMessages::new(Arc::clone(app), follower, listening).into_stream())
    }

    /// What comes next, if anything comes soon: a message, or null for a comment. `None` once the stream ended.
    async fn next(&mut self) -> Option<Value> {
        let next = timeout(Duration::from_secs(5), self.0.next()).await;
        let bytes = next.expect("something comes")?.unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let data = text.lines().find_map(|line| line.strip_prefix("data: "));
        Some(data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap()))
    }

    async fn message(&mut self) -> Value {
        let message = self.next().await.expect("the stream goes on");
        assert!(
            message["id"].is_string(),
            "a message was expected: {message}"
        );
        message
    }

    async fn is_quiet(&mut self) {
        assert_eq!(self.next().await, Some(Value::Null));
    }
}

/// The rows of the app's channel with their states.
async fn app_rows(house: &House) -> Vec<MessageStatus> {
    let query = MessageQuery {
        channel: Some("app".into()),
        limit: 100,
        ..MessageQuery::default()
    };
    let rows = house.app.store.messages(query).await.unwrap();
    rows.into_iter().map(|row| row.status).collect()
}

#[tokio::test]
async fn a_message_is_told_until_it_was_shown() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |profile| profile["language"] = "de".into()).await;
    let app = subscribed(&house, &ada).await;
    let booking = paid(&house, Some(&ada)).await;
    deliver_all(&house).await;
    let mut stream = Told::open(&house, &ada, app).await;
    let told = stream.message().await;
    assert_eq!(told["kind"], "confirmation");
    assert_eq!(told["language"], "de");
    assert_eq!(told["path"], format!("/bookings/{booking}"));
    assert!(told["body"].as_str().unwrap().contains("Plätze"), "{told}");
    // Once in a stream, and again in the next.
    house.app.computers.news(app);
    assert!(
        timeout(Duration::from_millis(300), stream.0.next())
            .await
            .is_err()
    );
    drop(stream);
    let mut stream = Told::open(&house, &ada, app).await;
    assert_eq!(stream.message().await, told);
    let with = [("authorization", &ada[..])];
    let shown = format!(
        "/subscriptions/{app}/messages/{}/shown",
        told["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        let answer = house.post(&shown, &with, json!({})).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
    drop(stream);
    let mut stream = Told::open(&house, &ada, app).await;
    stream.is_quiet().await;
    let read = house.get(&format!("/bookings/{booking}"), &with).await;
    let all = read.body["notifications"].as_array().unwrap().clone();
    let copy = all.iter().find(|row| row["channel"] == "app").unwrap();
    assert_eq!(copy["status"], "sent");
    let metrics = house.app.metrics.render();
    let counted = "matinee_channel_attempts_total{channel=\"app\",outcome=\"sent\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    house.close().await;
}

#[tokio::test]
async fn what_is_written_reaches_those_who_listen() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let app = subscribed(&house, &ada).await;
    // Nobody listens: nobody looks.
    assert_eq!(computers::look(&house.app).await.unwrap().done, 0);
    let mut stream = Told::open(&house, &ada, app).await;
    stream.is_quiet().await;
    assert_eq!(computers::look(&house.app).await.unwrap().done, 0);
    paid(&house, Some(&ada)).await;
    deliver_all(&house).await;
    assert_eq!(computers::look(&house.app).await.unwrap().done, 1);
    assert_eq!(stream.message().await["kind"], "confirmation");
    // It is found once, though it was not shown yet.
    assert_eq!(computers::look(&house.app).await.unwrap().done, 0);
    house.close().await;
}

#[tokio::test]
async fn what_nobody_fetched_for_a_day_is_dropped() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    subscribed(&house, &ada).await;
    paid(&house, Some(&ada)).await;
    deliver_all(&house).await;
    house.later(TimeDelta::hours(23));
    deliver_all(&house).await;
    assert_eq!(app_rows(&house).await, [MessageStatus::Pending]);
    house.later(TimeDelta::hours(2));
    deliver_all(&house).await;
    assert_eq!(app_rows(&house).await, []);
    house.close().await;
}

#[tokio::test]
async fn what_is_not_so_any_more_is_not_told() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let app = subscribed(&house, &ada).await;
    let booking = paid(&house, Some(&ada)).await;
    deliver_all(&house).await;
    let with = [("authorization", &ada[..])];
    let cancel = format!("/cancel/{booking}");
    let cancelled = house.post(&cancel, &with, json!({})).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
    let mut stream = Told::open(&house, &ada, app).await;
    stream.is_quiet().await;
    assert_eq!(app_rows(&house).await, []);
    house.close().await;
}

/// The installation is another person's by now: they hear nothing of the booking, and the first one's stream ends.
#[tokio::test]
async fn nobody_hears_of_anothers_booking() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let app = subscribed(&house, &ada).await;
    let mut adas = Told::open(&house, &ada, app).await;
    adas.is_quiet().await;
    paid(&house, Some(&ada)).await;
    deliver_all(&house).await;
    assert_eq!(app_rows(&house).await, [MessageStatus::Pending]);
    let body = json!({ "email": "eve@example.org", "password": "correct horse", "name": "Eve" });
    let eve = house.post("/auth/register", &[], body).await;
    let eve = format!("Bearer {}", eve.text("access_token"));
    for path in ["live", "messages/naaaaaaaaaaaaaaaaaaaaaaaaaa/shown"] {
        let method = if path == "live" {
            Method::GET
        } else {
            Method::POST
        };
        let path = format!("/api/v1/subscriptions/{app}/{path}");
        let with = [("authorization", &eve[..])];
        let refused = house.call(method.clone(), &path, &with, json!({})).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{refused:?}");
        let refused = house.call(method, &path, &[], json!({})).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
    }
    assert_eq!(subscribed(&house, &eve).await, app);
    assert_eq!(adas.next().await, None);
    let mut eves = Told::open(&house, &eve, app).await;
    eves.is_quiet().await;
    assert_eq!(app_rows(&house).await, []);
    house.close().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_subscription_its_session_and_the_next_stream() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let app = subscribed(&house, &ada).await;
    let mut first = Told::open(&house, &ada, app).await;
    first.is_quiet().await;
    let mut second = Told::open(&house, &ada, app).await;
    assert_eq!(first.next().await, None);
    drop(first);
    assert_eq!(house.app.computers.open(), 1);
    second.is_quiet().await;
    // Signed out from elsewhere.
    let body = json!({ "email": "ada@example.org", "password": "correct horse" });
    let elsewhere = house.post("/auth/login", &[], body).await;
    let elsewhere = format!("Bearer {}", elsewhere.text("access_token"));
    let with = [("authorization", &elsewhere[..])];
    let path = "/api/v1/users/me/sessions";
    let ended = house.call(Method::DELETE, path, &with, Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
    assert_eq!(second.next().await, None);
    drop(second);
    let mut third = Told::open(&house, &elsewhere, app).await;
    third.is_quiet().await;
    let path = format!("/api/v1/subscriptions/{app}");
    let ended = house.call(Method::DELETE, &path, &with, Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
    assert_eq!(third.next().await, None);
    drop(third);
    assert_eq!(house.app.computers.open(), 0);
    house.close().await;
}

#[tokio::test]
async fn an_app_names_itself_by_enough_chance() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let with = [("authorization", &ada[..])];
    let path = "/api/v1/users/me/subscriptions";
    for (token, good) in [
        ("a".repeat(15), false),
        ("a".repeat(16), true),
        ("-_Zz09".repeat(21) + "aa", true),
        ("a".repeat(129), false),
        ("a b".repeat(8), false),
        ("ä".repeat(16), false),
    ] {
        let body = json!({ "channel": "app", "token": token });
        let answer = house.call(Method::PUT, path, &with, body).await;
        assert_eq!(answer.status == StatusCode::OK, good, "{token}: {answer:?}");
        if !good {
            assert_eq!(answer.body["errors"][0]["pointer"], "/token");
        }
    }
    house.close().await;
}

/// However many wait, only so many are told, until the app says that it showed one.
#[tokio::test]
async fn a_bounded_number_is_told_at_once() {
    let house = cinema(|_| ()).await;
    let ada = user(&house, |_| ()).await;
    let app = subscribed(&house, &ada).await;
    let booking = paid(&house, Some(&ada)).await;
    let count = usize::from(computers::TOLD_AT_ONCE) + 1;
    let copies = (0..count).map(|number| matinee_store::outbox::NewMessage {
        notification_id: matinee_domain::ids::NotificationId::from_bytes([number as u8; 16]),
        booking_id: Some(booking.parse().unwrap()),
        kind: "confirmation".into(),
        channel: "app".into(),
        recipient: people::names_subscription(app),
        payload: "{}".into(),
        created_at: house.app.clock.now() + TimeDelta::microseconds(number as i64),
    });
    let added = house.app.store.add_messages(copies.collect()).await;
    assert_eq!(added.unwrap(), count);
    let mut stream = Told::open(&house, &ada, app).await;
    let first = stream.message().await;
    for _ in 2..count {
        stream.message().await;
    }
    house.app.computers.news(app);
    let more = timeout(Duration::from_millis(300), stream.0.next()).await;
    assert!(more.is_err());
    let shown = format!(
        "/subscriptions/{app}/messages/{}/shown",
        first["id"].as_str().unwrap()
    );
    let with = [("authorization", &ada[..])];
    let answer = house.post(&shown, &with, json!({})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    let last = matinee_domain::ids::NotificationId::from_bytes([count as u8 - 1; 16]);
    assert_eq!(stream.message().await["id"], last.to_string());
    house.close().await;
}

#[test]
fn a_server_keeps_a_bounded_number_of_streams() {
    use crate::http::limits::LIVE_MESSAGES_IN_ALL;
    let computers = Arc::new(computers::Computers::default());
    let user_id = matinee_domain::ids::UserId::from_bytes([1; 16]);
    let app = |number: usize| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        SubscriptionId::from_bytes(bytes)
    };
    let mut open: Vec<_> = (0..LIVE_MESSAGES_IN_ALL)
        .map(|number| computers.listen(app(number), user_id).unwrap())
        .collect();
    let refused = computers.listen(app(LIVE_MESSAGES_IN_ALL), user_id);
    let refused = refused.err().expect("it is one too many");
    assert_eq!(refused.code(), matinee_api::ProblemCode::Overloaded);
    // Whoever has a place comes back to it, and what is given up is free.
    open.push(computers.listen(app(0), user_id).unwrap());
    open.remove(1);
    assert_eq!(computers.open(), LIVE_MESSAGES_IN_ALL - 1);
    assert!(computers.listen(app(LIVE_MESSAGES_IN_ALL), user_id).is_ok());
}
