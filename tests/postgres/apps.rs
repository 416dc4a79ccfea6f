//! The app on a computer with several servers: it listens at one of them, whichever wrote the message.

use crate::{demo, show, start, text, verify};
use matinee_tests::events::Events;
use serde_json::json;
use std::time::Duration;

/// Two apps of one person, at two servers. Whichever server writes the messages of a purchase writes both, so one of them is
/// always heard at the other server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_the_app_at_whichever_server_it_listens() {
    let url = demo("apps");
    let servers = [start(&url), start(&url)];
    let caller = servers[0].server.caller();
    let account =
        json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
    let session = caller.post("/auth/register", account).await.expect(201);
    let session = session.json();
    let token = text(&session, "access_token");
    let [here, there] = [0, 1].map(|at: usize| servers[at].server.caller().with_token(token));
    let mut apps = Vec::new();
    for (number, caller) in [&here, &there].into_iter().enumerate() {
        let body = json!({ "channel": "app", "token": format!("the-computer-number_{number}") });
        let answer = here.put("/users/me/subscriptions", body).await.expect(200);
        let answer = answer.json();
        let app = format!("/subscriptions/{}", text(&answer, "subscribed"));
        let events = Events::open(caller, &format!("{app}/live")).await;
        apps.push((app, caller, events));
    }
    for at in [&here, &there] {
        let show = show(at).await;
        let body = json!({ "show_id": show, "best": 1 });
        let booking = at.post("/book", body).await.expect(201).json();
        let body = json!({ "booking_id": booking["booking_id"], "payment_method": "pm_card_visa" });
        at.post("/payment", body).await.expect(200);
        for (app, _, events) in &mut apps {
            let told = events.next(Duration::from_secs(15)).await;
            let told = told.expect("the stream goes on").data;
            let path = format!("/bookings/{}", text(&booking, "booking_id"));
            assert_eq!(told["path"], path);
            // Shown is said to the other server as well as to one's own.
            let shown = format!("{app}/messages/{}/shown", text(&told, "id"));
            there.post(&shown, json!({})).await.expect(204);
        }
    }
    for (app, caller, events) in &mut apps {
        assert!(events.is_quiet(Duration::from_secs(2)).await);
        // It ends at the server that does not have its stream: the other one notices by itself, within its next look.
        here.delete(app).await.expect(204);
        let live = format!("{app}/live");
        caller.get(&live).await.expect_problem(404, "not_found");
    }
    drop((apps, servers));
    verify(&url);
}
