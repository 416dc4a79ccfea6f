//! Mailed secrets of requests with a key: done once, and the first answer again.

use super::fixtures::start;
use crate::{
    Store,
    accounts::{OneTimeRow, OneTimeUse},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
use chrono::TimeDelta;

const PURPOSE: OneTimeUse = OneTimeUse::BookingRecovery;

fn secret(number: u8) -> OneTimeRow {
    OneTimeRow {
        digest: [number; 32],
        purpose: PURPOSE,
        subject: format!("subject {number}"),
        expires_at: start() + TimeDelta::minutes(15),
    }
}

fn record(scope: u8, body: u8, answer: &'static str) -> IdempotencyRecord {
    IdempotencyRecord {
        key: IdempotencyKey {
            scope: [scope; 16],
            body: [body; 16],
        },
        answer: Recorded {
            status: 200,
            body: answer.into(),
        },
        keep_until: start() + TimeDelta::days(1),
    }
}

/// A request with a key makes its secret once.
pub async fn a_keyed_secret_is_made_once(store: &(impl Store + ?Sized)) {
    let add = |number, body| store.add_one_time_keyed(secret(number), None, record(1, body, ""));
    assert_eq!(add(1, 1).await.unwrap(), Lookup::New);
    assert!(matches!(add(2, 1).await.unwrap(), Lookup::Replay(_)));
    assert_eq!(add(3, 2).await.unwrap(), Lookup::Reused);
    for (number, there) in [(1, true), (2, false), (3, false)] {
        let found = store.one_time_subject([number; 32], PURPOSE, start()).await;
        assert_eq!(found.unwrap().is_some(), there, "{number}");
    }
}

/// Looking uses nothing up; a use with a key is repeated by that key and by no other.
pub async fn a_keyed_use_is_repeated_by_its_key_alone(store: &(impl Store + ?Sized)) {
    store.add_one_time(secret(1), None).await.unwrap();
    for _ in 0..2 {
        let found = store.one_time_subject([1; 32], PURPOSE, start()).await;
        assert_eq!(found.unwrap().as_deref(), Some("subject 1"));
    }
    let late = start() + TimeDelta::minutes(15);
    let found = store.one_time_subject([1; 32], PURPOSE, late).await;
    assert_eq!(found.unwrap(), None);
    let use_up = |subject: &'static str, record| {
        store.use_one_time_keyed([1; 32], PURPOSE, subject, start(), record)
    };
    let wrong = use_up("another", record(1, 1, "no")).await.unwrap();
    assert_eq!(wrong, None);
    let first = use_up("subject 1", record(1, 1, "first")).await.unwrap();
    assert_eq!(first, Some(Lookup::New));
    let again = use_up("subject 1", record(1, 1, "again")).await.unwrap();
    let Some(Lookup::Replay(kept)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(kept.body, "first");
    let other_body = use_up("subject 1", record(1, 2, "no")).await.unwrap();
    assert_eq!(other_body, Some(Lookup::Reused));
    let other_key = use_up("subject 1", record(2, 1, "no")).await.unwrap();
    assert_eq!(other_key, None);
}
