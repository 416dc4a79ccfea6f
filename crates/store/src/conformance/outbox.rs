//! What every engine's outbox does.

use super::{
    Engine,
    bookings::{House, begin, booking_id, later},
    fixtures::{bytes, start},
};
use crate::{
    bookings::{BookingRow, Step},
    outbox::{MessageStatus, NewMessage},
};
use chrono::TimeDelta;
use matinee_domain::ids::{BookingId, NotificationId};
use std::sync::Arc;

pub(super) fn message(number: u32, booking_id: Option<BookingId>) -> NewMessage {
    NewMessage {
        notification_id: NotificationId::from_bytes(bytes(27, number)),
        booking_id,
        kind: "confirmation".into(),
        channel: "email".into(),
        recipient: "guest@example.org".into(),
        payload: r#"{"language":"de"}"#.into(),
        created_at: start() + TimeDelta::seconds(i64::from(number)),
    }
}

/// Writes messages 1 to `count` with a step of booking 1.
async fn write(house: &House, count: u32) {
    let held = house.held(1, &[1]).await;
    let messages = (1..=count)
        .rev()
        .map(|number| message(number, Some(held.booking_id)))
        .collect();
    house
        .done(Step {
            messages,
            ..begin(&held, 1)
        })
        .await;
}

async fn claim(house: &House, minute: i64, limit: u16) -> Vec<(NewMessage, u32)> {
    let claimed = house
        .store
        .claim_messages("email", later(minute), later(minute + 1), limit)
        .await
        .unwrap();
    claimed
        .into_iter()
        .map(|claimed| (claimed.message, claimed.attempt))
        .collect()
}

/// Messages come out oldest first, whole, and not again while they are claimed.
pub async fn messages_are_claimed_in_order(engine: &impl Engine) {
    let house = House::open(engine).await;
    write(&house, 5).await;
    let whole = |number, attempt| (message(number, Some(booking_id(1))), attempt);
    assert_eq!(claim(&house, 1, 2).await, vec![whole(1, 1), whole(2, 1)]);
    assert_eq!(claim(&house, 1, 2).await, vec![whole(3, 1), whole(4, 1)]);
    assert_eq!(claim(&house, 1, 9).await, vec![whole(5, 1)]);
    assert_eq!(claim(&house, 1, 9).await, vec![]);
    // A claim that ran out is claimed again.
    assert_eq!(claim(&house, 2, 9).await.len(), 5);
    assert!(
        claim(&house, 3, 9)
            .await
            .iter()
            .all(|(_, attempt)| *attempt == 3)
    );
    // Each channel's are claimed by themselves.
    let hook = NewMessage {
        channel: "webhook".into(),
        ..message(6, Some(booking_id(1)))
    };
    let added = house.store.add_messages(vec![hook.clone()]).await;
    assert_eq!(added.unwrap(), 1);
    assert_eq!(claim(&house, 4, 9).await.len(), 5);
    let claimed = house.store.claim_messages("webhook", later(4), later(5), 9);
    let claimed: Vec<_> = claimed.await.unwrap();
    let claimed: Vec<_> = claimed.iter().map(|c| &c.message).collect();
    assert_eq!(claimed, [&hook]);
}

/// Where order counts, of each booking only the first comes out: what waits to be tried again, or is claimed, keeps those
/// after it back, and no other booking's.
pub async fn messages_of_a_booking_are_claimed_in_order(engine: &impl Engine) {
    let house = House::open(engine).await;
    let (one, two) = (house.held(1, &[1]).await, house.held(2, &[2]).await);
    let about = |number, booking: &BookingRow| NewMessage {
        channel: "kafka".into(),
        ..message(number, Some(booking.booking_id))
    };
    let mail = message(9, Some(one.booking_id));
    let all = vec![
        about(3, &one),
        about(4, &two),
        about(1, &one),
        about(2, &one),
        mail.clone(),
    ];
    assert_eq!(house.store.add_messages(all).await.unwrap(), 5);
    let pending = house.store.pending_messages(one.booking_id, "kafka").await;
    assert_eq!(
        pending.unwrap(),
        [about(1, &one), about(2, &one), about(3, &one)]
    );
    let pending = house.store.pending_messages(one.booking_id, "email").await;
    assert_eq!(pending.unwrap(), [mail]);
    let claim = async |minute, limit| {
        let (now, lease) = (later(minute), later(minute + 1));
        let claimed = house
            .store
            .claim_messages_in_order("kafka", now, lease, limit);
        let claimed = claimed.await.unwrap();
        let messages = claimed
            .into_iter()
            .map(|claimed| claimed.message.notification_id);
        messages.collect::<Vec<_>>()
    };
    let id = |number| message(number, None).notification_id;
    assert_eq!(claim(1, 9).await, [id(1), id(4)]);
    assert_eq!(claim(1, 9).await, []);
    // A claim that ran out comes again, and nothing before it.
    house.store.message_sent(id(4), later(1)).await.unwrap();
    assert_eq!(claim(2, 9).await, [id(1)]);
    // It failed and is tried later: the booking waits.
    let again = house
        .store
        .message_failed(id(1), Some(later(10)), "away".into());
    again.await.unwrap();
    assert_eq!(claim(5, 9).await, []);
    let later_still = house
        .store
        .message_postponed(id(1), later(12), "away".into());
    later_still.await.unwrap();
    assert_eq!(claim(11, 9).await, []);
    assert_eq!(claim(12, 9).await, [id(1)]);
    house.store.message_sent(id(1), later(12)).await.unwrap();
    assert_eq!(claim(12, 9).await, [id(2)]);
    // Given up, it keeps nobody back.
    let given_up = house.store.message_failed(id(2), None, "too large".into());
    given_up.await.unwrap();
    assert_eq!(claim(12, 9).await, [id(3)]);
    house.is_sound().await;
}

/// What nobody has begun to send can be looked at, by when it is due.
pub async fn messages_nobody_began_are_found(engine: &impl Engine) {
    let house = House::open(engine).await;
    write(&house, 4).await;
    let unbegun = async |after, until, limit| {
        let at = |second| start() + TimeDelta::seconds(second);
        let found = house
            .store
            .unbegun_messages("email", at(after), at(until), limit);
        let found = found.await.unwrap();
        let ids = found.into_iter().map(|message| message.notification_id);
        ids.collect::<Vec<_>>()
    };
    let id = |number| message(number, None).notification_id;
    assert_eq!(unbegun(0, 9, 9).await, [id(1), id(2), id(3), id(4)]);
    assert_eq!(unbegun(1, 3, 9).await, [id(2), id(3)]);
    assert_eq!(unbegun(0, 9, 2).await, [id(1), id(2)]);
    assert_eq!(claim(&house, 1, 2).await.len(), 2);
    assert_eq!(unbegun(0, 9, 9).await, [id(3), id(4)]);
}

/// Many deliverers never hold one message together.
pub async fn a_message_is_claimed_by_one(engine: &impl Engine) {
    let house = House::open(engine).await;
    write(&house, 50).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&house.store);
        tasks.spawn(async move {
            store
                .claim_messages("email", later(1), later(2), 5)
                .await
                .unwrap()
        });
    }
    let mut ids: Vec<_> = tasks
        .join_all()
        .await
        .into_iter()
        .flatten()
        .map(|c| c.message.notification_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

/// What went out stays out; what failed comes back at its time, or is given up.
pub async fn messages_end_sent_or_failed(engine: &impl Engine) {
    let house = House::open(engine).await;
    write(&house, 3).await;
    let ids: Vec<_> = claim(&house, 1, 9)
        .await
        .into_iter()
        .map(|(m, _)| m.notification_id)
        .collect();
    house.store.message_sent(ids[0], later(1)).await.unwrap();
    // Told twice, counted once.
    house.store.message_sent(ids[0], later(1)).await.unwrap();
    house
        .store
        .message_failed(ids[1], Some(later(10)), "timeout".into())
        .await
        .unwrap();
    house
        .store
        .message_failed(ids[2], None, "no such address".into())
        .await
        .unwrap();
    assert_eq!(house.store.message_counts().await.unwrap(), (1, 1, 1));
    assert_eq!(claim(&house, 9, 9).await, vec![]);
    let again = claim(&house, 10, 9).await;
    assert_eq!(
        (again.len(), again[0].0.notification_id, again[0].1),
        (1, ids[1], 2)
    );
    // An end is an end.
    house
        .store
        .message_failed(ids[0], Some(later(10)), "late".into())
        .await
        .unwrap();
    house.store.message_sent(ids[2], later(11)).await.unwrap();
    assert_eq!(house.store.message_counts().await.unwrap(), (1, 1, 1));
    let file = house.file(booking_id(1)).await;
    let states: Vec<_> = file.notifications.iter().map(|n| n.status).collect();
    assert_eq!(
        states,
        [
            MessageStatus::Sent,
            MessageStatus::Pending,
            MessageStatus::Failed
        ]
    );
    assert_eq!(file.notifications[0].notification_id, ids[0]);
}

/// Messages that are over are forgotten past their time, a bounded number at once; those still to go out never are.
pub async fn messages_that_are_over_are_forgotten_in_time(engine: &impl Engine) {
    let house = House::open(engine).await;
    write(&house, 5).await;
    let ids: Vec<_> = claim(&house, 1, 9)
        .await
        .into_iter()
        .map(|(m, _)| m.notification_id)
        .collect();
    for (minute, id) in [(1, ids[0]), (2, ids[1]), (30, ids[2])] {
        house.store.message_sent(id, later(minute)).await.unwrap();
    }
    house
        .store
        .message_failed(ids[3], None, "no such address".into())
        .await
        .unwrap();
    let forget = |minute, limit| house.store.forget_messages(later(minute), limit);
    // Before the first was sent, and before the one given up was written.
    assert_eq!(forget(0, 9).await.unwrap(), 0);
    assert_eq!(forget(10, 1).await.unwrap(), 2);
    assert_eq!(forget(10, 9).await.unwrap(), 1);
    assert_eq!(forget(10, 9).await.unwrap(), 0);
    let left: Vec<_> = house
        .file(booking_id(1))
        .await
        .notifications
        .iter()
        .map(|n| n.notification_id)
        .collect();
    assert_eq!(left, [ids[2], ids[4]]);
    assert_eq!(house.store.message_counts().await.unwrap(), (1, 1, 0));
    assert_eq!(claim(&house, 60, 9).await.len(), 1);
    house.is_sound().await;
}

/// What waits for an app is its own, oldest first, until the app showed it; nobody else's app can say so.
pub async fn messages_wait_for_an_app(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let store = &house.store;
    let to = |number, channel: &str, recipient: &str| NewMessage {
        channel: channel.into(),
        recipient: recipient.into(),
        ..message(number, Some(held.booking_id))
    };
    let (ours, theirs) = ("subscription:a", "subscription:b");
    let all = vec![
        to(3, "app", ours),
        to(1, "app", ours),
        to(2, "app", theirs),
        to(4, "web_push", ours),
        to(5, "app", ours),
    ];
    assert_eq!(store.add_messages(all).await.unwrap(), 5);
    let waiting = async |limit| {
        let found = store.messages_for_app(ours, limit).await.unwrap();
        found
            .into_iter()
            .map(|message| message.notification_id)
            .collect::<Vec<_>>()
    };
    let id = |number| message(number, None).notification_id;
    assert_eq!(waiting(9).await, [id(1), id(3), id(5)]);
    assert_eq!(waiting(2).await, [id(1), id(3)]);
    let whole = store.messages_for_app(theirs, 9).await.unwrap();
    assert_eq!(whole, [to(2, "app", theirs)]);
    // It is another app's, another channel's, or nobody's.
    for number in [2, 4, 9] {
        assert!(
            !store.app_showed(ours, id(number), later(1)).await.unwrap(),
            "{number}"
        );
    }
    assert_eq!(store.message_counts().await.unwrap(), (5, 0, 0));
    assert!(store.app_showed(ours, id(3), later(1)).await.unwrap());
    assert!(!store.app_showed(ours, id(3), later(2)).await.unwrap());
    assert_eq!(waiting(9).await, [id(1), id(5)]);
    let sent = house.file(held.booking_id).await.notifications;
    let sent = sent.iter().find(|row| row.notification_id == id(3));
    assert_eq!(sent.map(|row| row.status), Some(MessageStatus::Sent));
    // What is being dropped still waits, until it is gone.
    let claimed = store.claim_messages("app", later(1), later(2), 1);
    assert_eq!(claimed.await.unwrap().len(), 1);
    assert_eq!(waiting(9).await, [id(1), id(5)]);
    store.message_dropped(id(1)).await.unwrap();
    assert_eq!(waiting(9).await, [id(5)]);
    house.is_sound().await;
}
