//! SMS through Amazon's interface, and Web Push to browsers that decrypt what they get.

use crate::{buy, options, until, user};
use matinee_tests::{
    Server,
    message_peers::{PushPost, Sns},
    server,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_an_sms_for_who_wants_it() {
    let folder = server::demo_folder(true).unwrap();
    let sns = Sns::start(folder.path(), false).await.unwrap();
    let lines = format!("channels = \"{}\"\n", sns.channel());
    let server = Server::start_in(folder.path(), &options(folder.path(), &lines)).unwrap();
    let user = user(&server, |profile| {
        profile["phone"] = "+49 170 1234567".into();
        profile["notifications"]["sms"] = true.into();
    })
    .await;
    let booking = buy(&user).await;
    until("the SMS came", async || !sns.messages().await.is_empty()).await;
    let messages = sns.messages().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["phone_number"], "+491701234567");
    let text = messages[0]["message"].as_str().unwrap();
    let reference = booking["reference"].as_str().unwrap();
    assert!(
        text.contains(reference) && text.contains("Plätze"),
        "{text}"
    );
    // The booking shows both ways.
    let path = format!("/bookings/{}", booking["booking_id"].as_str().unwrap());
    until("both are sent", async || {
        let booking = user.get(&path).await.expect(200).json();
        let sent = booking["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|n| n["status"] == "sent");
        sent.count() == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_the_operators_to_mend() {
    let folder = server::demo_folder(true).unwrap();
    let sns = Sns::start(folder.path(), true).await.unwrap();
    let lines = format!("channels = \"{}\"\n", sns.channel());
    let server = Server::start_in(folder.path(), &options(folder.path(), &lines)).unwrap();
    let user = user(&server, |profile| {
        profile["phone"] = "+49 170 1234567".into();
        profile["notifications"]["sms"] = true.into();
    })
    .await;
    buy(&user).await;
    until("the operator is told", async || {
        server.log().contains("a provider refuses us")
    })
    .await;
    let log = server.log();
    assert!(
        log.contains("InvalidClientTokenId") && log.contains("MATINEE_CHANNELS"),
        "{log}"
    );
    assert!(!log.contains(":secret@"), "{log}");
    until("the message waits", async || {
        let (_, text) =
            server::run(folder.path(), &["messages", "list", "--channel", "sms"]).unwrap();
        text.contains(" pending sms confirmation ") && text.contains("the provider refuses us")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_shows_on_the_browsers_that_subscribed() {
    let folder = server::demo_folder(true).unwrap();
    let push = PushPost::start(folder.path()).await.unwrap();
    // The push service is on this machine.
    let lines = "private_targets = true\n";
    let server = Server::start_in(folder.path(), &options(folder.path(), lines)).unwrap();
    let user = user(&server, |_| ()).await;
    let known = user.get("/users/me/subscriptions").await.expect(200).json();
    let key = known["push_key"].as_str().unwrap();
    let (stays, leaves) = (push.subscribe(key).await, push.subscribe(key).await);
    for browser in [&stays, &leaves, &stays] {
        user.put("/users/me/subscriptions", browser.subscription.clone())
            .await
            .expect(200);
    }
    let booking = buy(&user).await;
    until("both browsers got it", async || {
        !push.got(&stays).await.is_empty() && !push.got(&leaves).await.is_empty()
    })
    .await;
    let got = push.got(&stays).await.remove(0);
    assert_eq!(got["kind"], "confirmation");
    assert!(
        got["title"].as_str().unwrap().starts_with("Ihre Tickets"),
        "{got}"
    );
    assert!(
        got["body"]
            .as_str()
            .unwrap()
            .contains(booking["reference"].as_str().unwrap()),
        "{got}"
    );
    assert!(
        got["url"]
            .as_str()
            .unwrap()
            .ends_with(booking["booking_id"].as_str().unwrap()),
        "{got}"
    );
    // One unsubscribes in its browser, which tells us nothing: the push service does.
    push.leave(&leaves).await;
    buy(&user).await;
    until("the browser that left is forgotten", async || {
        let known = user.get("/users/me/subscriptions").await.expect(200).json();
        known["items"].as_array().unwrap().len() == 1
    })
    .await;
    until("the other got the second", async || {
        push.got(&stays).await.len() == 2
    })
    .await;
    assert_eq!(push.got(&leaves).await.len(), 1);
}
