//! The app on a computer, over HTTP: what was bought is told to it within seconds, and again until it says that it showed it.

use crate::{buy, until, user};
use matinee_tests::{Caller, Server, ServerOptions, events::Events, server};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(15);

/// Subscribes an installation; where its messages come.
pub async fn subscribed(user: &Caller, token: &str) -> String {
    let body = json!({ "channel": "app", "token": token });
    let answer = user.put("/users/me/subscriptions", body).await;
    let id = answer.expect(200).json()["subscribed"].clone();
    format!("/subscriptions/{}", id.as_str().expect("it has an id"))
}

async fn shows(user: &Caller, app: &str, message: &Value) {
    let id = message["id"].as_str().expect("it has an id");
    let path = format!("{app}/messages/{id}/shown");
    user.post(&path, json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_told_to_the_app_until_it_was_shown() {
    let folder = server::demo_folder(true).unwrap();
    let mut server = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let user = user(&server, |_| ()).await;
    let app = subscribed(&user, "the-first-computer_1").await;
    let live = format!("{app}/live");
    let mut events = Events::open(&user, &live).await;
    let booking = buy(&user).await;
    let told = events.next(SOON).await.expect("the stream goes on");
    assert_eq!(
        (&*told.name, &*told.id),
        ("message", told.data["id"].as_str().unwrap())
    );
    assert_eq!(told.data["kind"], "confirmation");
    let title = told.data["title"].as_str().unwrap();
    assert!(title.starts_with("Ihre Tickets"), "{told:?}");
    let path = format!("/bookings/{}", booking["booking_id"].as_str().unwrap());
    assert_eq!(told.data["path"], path);

    // The server dies before the app could say that it showed it.
    server.kill().unwrap();
    assert_eq!(events.next(SOON).await, None);
    let mut server = Server::start_in(folder.path(), &ServerOptions::default()).unwrap();
    let user = server.caller().with_token(user.token().unwrap());
    let mut events = Events::open(&user, &live).await;
    assert_eq!(events.next(SOON).await.as_ref(), Some(&told));
    shows(&user, &app, &told.data).await;
    shows(&user, &app, &told.data).await;
    until("the booking says so", async || {
        let booking = user.get(&path).await.expect(200).json();
        let rows = booking["notifications"].as_array().unwrap();
        let copy = rows.iter().find(|row| row["channel"] == "app").unwrap();
        copy["status"] == "sent"
    })
    .await;
    drop(events);
    let mut events = Events::open(&user, &live).await;
    assert!(events.is_quiet(Duration::from_secs(3)).await);

    // A stream ends with its server: nobody waits for it.
    server.stop().unwrap();
    assert_eq!(events.next(SOON).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_wants_no_more_is_told_no_more() {
    let server = Server::demo().unwrap();
    let user = user(&server, |_| ()).await;
    let (stays, leaves) = (
        subscribed(&user, "the-first-computer_1").await,
        subscribed(&user, "the-second-computer_2").await,
    );
    assert_ne!(stays, leaves);
    let mut staying = Events::open(&user, &format!("{stays}/live")).await;
    let mut leaving = Events::open(&user, &format!("{leaves}/live")).await;
    user.delete(&leaves).await.expect(204);
    assert_eq!(leaving.next(SOON).await, None);
    buy(&user).await;
    let told = staying.next(SOON).await.expect("the stream goes on");
    assert_eq!(told.data["kind"], "confirmation");
    for path in ["live", "messages/naaaaaaaaaaaaaaaaaaaaaaaaaa/shown"] {
        let path = format!("{leaves}/{path}");
        let answer = if path.ends_with("live") {
            user.get(&path).await
        } else {
            user.post(&path, json!({})).await
        };
        answer.expect_problem(404, "not_found");
    }
    // Who wants nothing pushed is told nothing, though the app listens.
    let mut profile = user.get("/users/me/profile").await.expect(200).json();
    profile["notifications"]["push"] = false.into();
    user.put("/users/me/profile", profile).await.expect(200);
    buy(&user).await;
    assert!(staying.is_quiet(Duration::from_secs(4)).await);
}
