//! Outlets that refuse us: whoever runs the server hears why, mails go out, and what was given up goes out when it is mended.

use super::{TOPIC, list, shows, start};
use crate::until;
use matinee_tests::{
    brokers::{Kafka, Nats, Sqs, lives},
    server,
};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_an_outlet_refuses_is_said_and_waits() {
    let folder = server::demo_folder(false).unwrap();
    let places = ["kafka", "nats", "sqs"].map(|name| folder.path().join(name));
    for place in &places {
        std::fs::create_dir(place).unwrap();
    }
    // No topic, another password, and a key nobody knows.
    let kafka = Kafka::start(&places[0]).await.unwrap();
    let nats = Nats::start(&places[1]).await.unwrap();
    let sqs = Sqs::start(&places[2], true).await.unwrap();
    let lines = [
        ("kafka", kafka.address()),
        ("nats", nats.address()),
        ("nats_credentials", "matinee:hunter2".into()),
        ("sqs_queue_url", sqs.url()),
        ("sqs_credentials", "AKID:hunter2".into()),
    ];
    let server = start(folder.path(), &lines);
    let show = shows(&server).await.remove(0);
    let (booking, _) = server.caller().buy(&show, 1).await;
    for says in [
        "there is no topic matinee.events",
        "MATINEE_KAFKA_CREDENTIALS",
        "authorization violation",
        "MATINEE_NATS_CREDENTIALS",
        "InvalidClientTokenId",
        "MATINEE_SQS_CREDENTIALS",
    ] {
        until(says, async || server.log().contains(says)).await;
    }
    assert!(!server.log().contains("hunter2"), "{}", server.log());
    until("the mail goes out", async || !server.mails().is_empty()).await;
    for channel in ["kafka", "nats", "sqs"] {
        let says = format!(" pending {channel} confirmation outlet:{channel} ");
        until(&says, async || {
            let text = list(folder.path(), channel, "pending");
            text.contains(&says) && text.contains("the provider refuses us")
        })
        .await;
    }
    // It waited for three days: given up.
    let database = rusqlite::Connection::open(folder.path().join("matinee.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "UPDATE messages SET created_at = created_at - 4 * 86400000000, due_at = 0 WHERE channel = 'kafka'";
    database.execute(sql, []).unwrap();
    until("it is given up", async || {
        list(folder.path(), "kafka", "failed").contains("there is no topic")
    })
    .await;
    // Mended, it is sent again.
    kafka.create_topic(TOPIC).await.unwrap();
    let words = [
        "messages",
        "resend",
        "--status",
        "failed",
        "--channel",
        "kafka",
    ];
    let (done, text) = server::run(folder.path(), &words).unwrap();
    assert!(
        done.success() && text.contains("1 messages go out again"),
        "{text}"
    );
    until("it came", async || {
        !kafka.events(TOPIC).await.unwrap().is_empty()
    })
    .await;
    let told = lives(&kafka.events(TOPIC).await.unwrap());
    let life = &told[booking["booking_id"].as_str().unwrap()];
    assert_eq!(life.as_slice(), ["matinee.booking.confirmed.v1"]);
    until("the log says so", async || {
        server
            .log()
            .contains("the provider takes our messages again")
    })
    .await;
}
