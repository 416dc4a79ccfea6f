//! What stands in the file itself after a message is over: no secret, whatever the message was.

use chrono::TimeDelta;
use matinee_domain::ids::NotificationId;
use matinee_store::{
    AccountStore, OutboxStore,
    accounts::{OneTimeRow, OneTimeUse},
    conformance::fixtures::{bytes, start},
    feed::NoFeed,
    outbox::NewMessage,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use rusqlite::Connection;
use std::{path::Path, sync::Arc};

const SECRET: &str = r#"{"path":"/reset#token=mo_secret"}"#;

async fn mail(store: &SqliteStore, number: u32) -> NotificationId {
    let notification_id = NotificationId::from_bytes(bytes(27, number));
    let secret = OneTimeRow {
        digest: [number as u8; 32],
        purpose: OneTimeUse::PasswordReset,
        subject: number.to_string(),
        expires_at: start() + TimeDelta::hours(1),
    };
    let message = NewMessage {
        notification_id,
        booking_id: None,
        kind: "password_reset".into(),
        channel: "email".into(),
        recipient: "a@example.org".into(),
        payload: SECRET.into(),
        created_at: start(),
    };
    store.add_one_time(secret, Some(message)).await.unwrap();
    notification_id
}

fn payloads(path: &Path) -> Vec<(String, String)> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn
        .prepare("SELECT status, payload FROM messages ORDER BY message")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_secret_is_kept_only_while_its_mail_can_still_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let feed = Arc::new(NoFeed);
    let store = SqliteStore::open(OpenOptions {
        path: path.clone(),
        feed,
    })
    .unwrap();
    let (sent, failed, retried) = (
        mail(&store, 1).await,
        mail(&store, 2).await,
        mail(&store, 3).await,
    );
    let lease = start() + TimeDelta::minutes(2);
    store
        .claim_messages("email", start(), lease, 9)
        .await
        .unwrap();
    store.message_sent(sent, start()).await.unwrap();
    let failure = |id, again| store.message_failed(id, again, "no".into());
    failure(failed, None).await.unwrap();
    failure(retried, Some(lease)).await.unwrap();
    let kept = |status: &str, payload: &str| (status.to_owned(), payload.to_owned());
    assert_eq!(
        payloads(&path),
        [
            kept("sent", "{}"),
            kept("failed", "{}"),
            kept("pending", SECRET)
        ]
    );
    let again = store
        .claim_messages("email", lease, lease, 9)
        .await
        .unwrap();
    assert_eq!(again[0].message.payload, SECRET);
}
