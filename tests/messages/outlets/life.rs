//! One booking's life, told to all outlets.

use super::{TOPIC, are_as_described, list, shows, start};
use crate::until;
use chrono::{DateTime, TimeDelta};
use matinee_tests::brokers::{Got, Kafka, Nats, Sqs, check, ids, lives};
use matinee_tests::server;
use serde_json::{Value, json};
use std::path::Path;

const LIFE: [&str; 4] = [
    "matinee.booking.confirmed.v1",
    "matinee.booking.changed.v1",
    "matinee.booking.cancelled.v1",
    "matinee.booking.refunded.v1",
];

/// The theater moves every show by half an hour.
fn move_shows(folder: &Path) {
    let path = folder.join("catalog.json");
    let mut catalog: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for show in catalog["shows"].as_array_mut().unwrap() {
        let start: DateTime<chrono::Utc> = show["start_time"].as_str().unwrap().parse().unwrap();
        let start = start + TimeDelta::minutes(30);
        show["start_time"] = json!(start.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    std::fs::write(&path, catalog.to_string()).unwrap();
    let (done, text) = server::run(folder, &["import", &path.to_string_lossy()]).unwrap();
    assert!(done.success(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outlet_gets_a_bookings_life_in_its_order() {
    let folder = server::demo_folder(false).unwrap();
    let places = ["kafka", "nats", "sqs"].map(|name| folder.path().join(name));
    for place in &places {
        std::fs::create_dir(place).unwrap();
    }
    let kafka = Kafka::start(&places[0]).await.unwrap();
    kafka.create_topic(TOPIC).await.unwrap();
    let nats = Nats::start(&places[1]).await.unwrap();
    nats.create_stream(TOPIC).await.unwrap();
    let sqs = Sqs::start(&places[2], false).await.unwrap();
    let lines = [
        ("kafka", kafka.address()),
        ("nats", nats.address()),
        ("nats_credentials", Nats::credentials()),
        ("sqs_queue_url", sqs.url()),
        ("sqs_credentials", "test:test".into()),
    ];
    let server = start(folder.path(), &lines);
    let shows = shows(&server).await;
    let (booking, guest) = server.caller().buy(&shows[0], 2).await;
    let (other, _) = server.caller().buy(&shows[1], 1).await;
    let id = booking["booking_id"].as_str().unwrap();
    let all = async || -> [Vec<Got>; 3] {
        [
            kafka.events(TOPIC).await.unwrap(),
            nats.events().await.unwrap(),
            sqs.events().await.unwrap(),
        ]
    };
    let counts = async |wanted| all().await.iter().all(|got| ids(got).len() == wanted);
    until("both are confirmed", async || counts(2).await).await;
    move_shows(folder.path());
    until("both are changed", async || counts(4).await).await;
    guest
        .post(&format!("/cancel/{id}"), json!({}))
        .await
        .expect(200);
    until("one is cancelled and refunded", async || counts(6).await).await;
    let got = all().await;
    for got in &got {
        let lives = lives(got);
        assert_eq!(lives[id], LIFE);
        assert_eq!(lives[other["booking_id"].as_str().unwrap()], LIFE[..2]);
        assert_eq!(
            ids(got),
            ids(&all().await[0]),
            "the same event has the same id everywhere"
        );
        are_as_described(folder.path(), got);
        let changed = got.iter().find(|got| got.text("type") == LIFE[1]).unwrap();
        assert!(
            changed.event["data"]["starts_before"].is_string(),
            "{changed:?}"
        );
        assert_eq!(changed.text("source"), server.url());
        assert!(!format!("{got:?}").contains("guest@example.com"));
    }
    // The check is one that can fail.
    let (_, document) = server::run(folder.path(), &["asyncapi"]).unwrap();
    for broken in ["/data/reference", "/sequence", "/data/seats/0/price"] {
        let mut event = got[0][0].event.clone();
        *event.pointer_mut(broken).unwrap() = json!({});
        assert!(check(&document, &[event]).is_err(), "{broken}");
    }
    // The event's id is that of the message in the booking, and nothing of outlets is shown there.
    let shown = guest
        .get(&format!("/bookings/{id}"))
        .await
        .expect(200)
        .json();
    let notes = shown["notifications"].as_array().unwrap();
    assert_eq!(notes.len(), 4, "{shown}");
    for note in notes {
        assert!(ids(&got[0]).contains(note["notification_id"].as_str().unwrap()));
    }
    for channel in ["kafka", "nats", "sqs"] {
        let sent = list(folder.path(), channel, "sent");
        assert_eq!(sent.lines().count(), 6, "{sent}");
        assert!(sent.contains(&format!("outlet:{channel}")), "{sent}");
    }
}
