//! What outlets are told, in which order, and what a broker that is away holds up: its own events and nothing else.

use super::*;
use crate::config::Outlets;
use matinee_api::CloudEvent;
use matinee_integrations::channels::{kafka::KafkaSettings, sqs::SqsSettings};

/// A port where nobody is.
async fn nobody() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A cinema that tells a queue at this port, and a Kafka that is away.
async fn told(port: u16) -> House {
    let kafka = format!("kafka://127.0.0.1:{}", nobody().await);
    let queue = format!("http://127.0.0.1:{port}/1/m.fifo?region=x");
    cinema(|config| {
        config.outlets = Outlets {
            kafka: KafkaSettings::new(&kafka, "matinee.events", None).ok(),
            sqs: SqsSettings::new(&queue, Some("a:b")).ok(),
            nats: None,
        };
    })
    .await
}

/// What waits or went to an outlet, in its order.
async fn events(house: &House, channel: &str) -> Vec<MessageRow> {
    let query = MessageQuery {
        channel: Some(channel.into()),
        limit: 100,
        ..MessageQuery::default()
    };
    let mut rows = house.app.store.messages(query).await.unwrap();
    rows.reverse();
    rows
}

async fn cancelled(house: &House) -> String {
    let bearer = user(house, |_| ()).await;
    let id = paid(house, Some(&bearer)).await;
    let with = [("authorization", &bearer[..])];
    let answer = house.post(&format!("/cancel/{id}"), &with, json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    // The clock stood still, and what was written at one moment is due some microseconds apart.
    house.later(TimeDelta::milliseconds(1));
    id
}

#[tokio::test]
async fn a_broker_that_is_away_holds_up_only_its_own_events() {
    let (port, mut queue) = listens_and_says(200, r#"{"MessageId":"m"}"#).await;
    let house = told(port).await;
    cancelled(&house).await;
    for _ in 0..4 {
        deliver_all(&house).await;
    }
    assert_eq!(mails(&house, "Cancelled: Casablanca").len(), 1);
    let mut told = Vec::new();
    while let Ok(heard) = queue.try_recv() {
        let (_, body) = heard.split_once("\r\n\r\n").unwrap();
        let asked: Value = serde_json::from_str(body).unwrap();
        let event: CloudEvent =
            serde_json::from_str(asked["MessageBody"].as_str().unwrap()).unwrap();
        assert_eq!(asked["MessageGroupId"], event.subject.to_string());
        assert_eq!(asked["MessageDeduplicationId"], event.id.to_string());
        told.push(event);
    }
    let kinds: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
    let life = ["confirmed", "cancelled", "refunded"];
    assert_eq!(kinds, life.map(|kind| format!("matinee.booking.{kind}.v1")));
    assert!(
        told.windows(2).all(|two| two[0].sequence < two[1].sequence),
        "{told:?}"
    );
    // Kafka's wait, in the same order, with all their attempts, and only the first was tried.
    let waiting = events(&house, "kafka").await;
    let kinds: Vec<_> = waiting.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["confirmation", "cancellation", "refund"]);
    let still = |row: &MessageRow| row.status == MessageStatus::Pending && row.attempts == 0;
    assert!(waiting.iter().all(still), "{waiting:?}");
    let error = waiting[0].last_error.as_ref().unwrap();
    assert!(error.starts_with("nobody is there"), "{error}");
    assert!(waiting[1].last_error.is_none());
    assert_eq!(house.app.channels.refusing(), [Medium::Kafka]);
    // However long it is away, nothing is given up; and one event at a time is tried.
    paid(&house, None).await;
    for _ in 0..3 {
        house.later(TimeDelta::days(2));
        deliver(&house.app, Medium::Email).await.unwrap();
        deliver(&house.app, Medium::Kafka).await.unwrap();
    }
    let waiting = events(&house, "kafka").await;
    assert!(
        waiting.len() == 4 && waiting.iter().all(still),
        "{waiting:?}"
    );
    house.close().await;
}

/// What one event is refused for holds its booking up until it is given up, and no other booking.
#[tokio::test]
async fn an_event_that_cannot_go_out_is_given_up_and_lets_the_next_pass() {
    let invalid = r#"{"__type":"com.amazonaws.sqs#InvalidMessageContents"}"#;
    let (port, mut queue) = listens_and_says(400, invalid).await;
    let house = told(port).await;
    cancelled(&house).await;
    for _ in 0..4 {
        deliver_all(&house).await;
    }
    for _ in 0..3 {
        queue.try_recv().unwrap();
    }
    let rows = events(&house, "sqs").await;
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|row| row.status == MessageStatus::Failed),
        "{rows:?}"
    );
    house.close().await;
}

/// A cancellation whose mail is begun before that of the confirmation brings the confirmation's event along.
#[tokio::test]
async fn no_event_is_there_without_those_before_it() {
    let house = told(nobody().await).await;
    let id = cancelled(&house).await;
    let booking_id = id.parse().unwrap();
    let pending = house.app.store.pending_messages(booking_id, "email").await;
    let pending = pending.unwrap();
    assert_eq!(pending.len(), 3, "{pending:?}");
    let last = pending.iter().find(|message| message.kind == "refund");
    let last = last.unwrap();
    let on_file = house.app.desk.on_file(booking_id).await.unwrap();
    let now = house.app.clock.now();
    let spread = spread::spread(&house.app, last, Kind::Refund, Some(&on_file.file), now);
    spread.await.unwrap();
    let told = events(&house, "sqs").await;
    let kinds: Vec<_> = told.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["confirmation", "cancellation", "refund"]);
    // What is told twice is there once.
    deliver(&house.app, Medium::Email).await.unwrap();
    assert_eq!(events(&house, "sqs").await.len(), 3);
    // Written at one moment, they are still in an order.
    let times: std::collections::BTreeSet<_> = told.iter().map(|row| row.created_at).collect();
    assert_eq!(times.len(), 3);
    house.close().await;
}

/// An event told while another one is on its way is not pending any more when that one looks: it stands before it all the same.
#[tokio::test]
async fn what_was_told_meanwhile_stays_before() {
    let house = told(nobody().await).await;
    let id = cancelled(&house).await;
    let booking_id = id.parse().unwrap();
    let pending = house.app.store.pending_messages(booking_id, "email").await;
    let mut pending = pending.unwrap();
    let last = pending.iter().position(|message| message.kind == "refund");
    let last = pending.remove(last.unwrap());
    let now = house.app.clock.now();
    // The last one's delivery begins, and reads the booking.
    let before = house.app.desk.on_file(booking_id).await.unwrap();
    pending.sort_by_key(|message| message.kind != "confirmation");
    for earlier in pending {
        let kind = earlier.kind.parse().unwrap();
        let on_file = house.app.desk.on_file(booking_id).await.unwrap();
        let spread = spread::spread(&house.app, &earlier, kind, Some(&on_file.file), now);
        spread.await.unwrap();
        let sent = house.app.store.message_sent(earlier.notification_id, now);
        sent.await.unwrap();
    }
    let spread = spread::spread(&house.app, &last, Kind::Refund, Some(&before.file), now);
    spread.await.unwrap();
    let told = events(&house, "sqs").await;
    let kinds: Vec<_> = told.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["confirmation", "cancellation", "refund"]);
    assert!(
        told.windows(2)
            .all(|two| two[0].created_at < two[1].created_at),
        "{told:?}"
    );
    house.close().await;
}

/// Mail that dawdles, so that a message is not even begun, keeps no program waiting.
#[tokio::test]
async fn programs_do_not_wait_for_mail() {
    let house = told(nobody().await).await;
    house
        .app
        .store
        .save_webhook(hook(1, nobody().await))
        .await
        .unwrap();
    cancelled(&house).await;
    assert_eq!(
        go_ahead(&house.app).await.unwrap().done,
        0,
        "it may be begun at once"
    );
    house.later(TimeDelta::seconds(3));
    // Three events for two outlets and a webhook.
    assert_eq!(go_ahead(&house.app).await.unwrap().done, 9);
    assert_eq!(events(&house, "sqs").await.len(), 3);
    assert_eq!(events(&house, "webhook").await.len(), 3);
    assert_eq!(go_ahead(&house.app).await.unwrap().done, 0);
    // And nobody is told twice.
    deliver(&house.app, Medium::Email).await.unwrap();
    assert_eq!(events(&house, "sqs").await.len(), 3);
    house.close().await;
}
