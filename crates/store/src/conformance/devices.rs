//! What a person sees of their sessions: devices, when they were seen, and ending them. And what else is kept of an account.

use super::{
    accounts::{digest, open, session, user, user_id},
    fixtures::{bytes, start},
};
use crate::{
    Store,
    accounts::{OneTimeRow, OneTimeUse},
    outbox::{MessageStatus, NewMessage},
};
use chrono::TimeDelta;
use matinee_domain::ids::NotificationId;

async fn two_people(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    for (number, owner) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        let mut row = session(number, owner);
        row.device = format!("device {number}");
        open(store, row).await;
    }
}

async fn devices(store: &(impl Store + ?Sized), owner: u32) -> Vec<String> {
    let rows = store.sessions_of(user_id(owner), start()).await.unwrap();
    rows.into_iter().map(|row| row.device).collect()
}

/// Sessions are listed by when they were seen, only a person's own, and only while they last.
pub async fn sessions_are_listed_by_their_last_use(store: &(impl Store + ?Sized)) {
    two_people(store).await;
    let later = start() + TimeDelta::minutes(20);
    store.mark_session_used(bytes(8, 2), later).await.unwrap();
    // A clock that runs behind takes nothing back.
    store.mark_session_used(bytes(8, 2), start()).await.unwrap();
    let rows = store.sessions_of(user_id(1), later).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (rows[0].device.as_str(), rows[0].used_at),
        ("device 2", later)
    );
    assert_eq!(devices(store, 2).await, ["device 4"]);
    // New tokens are a use too.
    let moment = start() + TimeDelta::minutes(40);
    let until = start() + TimeDelta::days(60);
    store
        .rotate_session(digest(301), digest(1), until, digest(2), until, moment)
        .await
        .unwrap();
    let rows = store.sessions_of(user_id(1), moment).await.unwrap();
    assert_eq!(
        (rows[0].device.as_str(), rows[0].used_at),
        ("device 3", moment)
    );
    let over = start() + TimeDelta::days(30);
    let rows = store.sessions_of(user_id(1), over).await.unwrap();
    assert_eq!(rows.len(), 1, "only the renewed one lasts");
}

/// Ending the others leaves this one and everybody else's.
pub async fn other_sessions_end(store: &(impl Store + ?Sized)) {
    two_people(store).await;
    store
        .end_other_sessions(user_id(1), bytes(8, 2))
        .await
        .unwrap();
    assert_eq!(devices(store, 1).await, ["device 2"]);
    assert_eq!(devices(store, 2).await, ["device 4"]);
    let gone = store.session_by_access(digest(100), start()).await.unwrap();
    assert_eq!(gone, None);
}

/// Mails about an account are told without what they said, and so are the links in them that still work.
pub async fn what_was_written_to_a_person_is_told(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    for (number, to) in [(1, "A@example.org"), (2, "b@example.org")] {
        let secret = OneTimeRow {
            digest: digest(number),
            purpose: OneTimeUse::PasswordReset,
            subject: user_id(number).to_string(),
            expires_at: start() + TimeDelta::hours(1),
        };
        let message = NewMessage {
            notification_id: NotificationId::from_bytes(bytes(27, number)),
            booking_id: None,
            kind: "password_reset".into(),
            channel: "email".into(),
            recipient: to.into(),
            payload: "{}".into(),
            created_at: start(),
        };
        store.add_one_time(secret, Some(message)).await.unwrap();
    }
    let told = store.account_messages("a@EXAMPLE.org", 10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].kind.as_str(), told[0].status, told[0].sent_at),
        ("password_reset", MessageStatus::Pending, None)
    );
    let subject = user_id(1).to_string();
    let until = start() + TimeDelta::hours(1);
    let open = store.open_secrets(&subject, start()).await.unwrap();
    assert_eq!(open, [(OneTimeUse::PasswordReset, until)]);
    assert!(
        store
            .open_secrets(&subject, until)
            .await
            .unwrap()
            .is_empty()
    );
}
