//! What every engine's outbox does for the people who run the server, and for what is told long after a booking.

use super::{
    Engine,
    bookings::{House, begin, booking_id, confirm, first_show, later, second_show},
    fixtures::{apply, bytes, catalog, start},
    outbox::message,
};
use crate::{
    bookings::{Owner, Step},
    catalog::CatalogChange,
    outbox::{MessageQuery, MessageStatus, ShowMove},
};
use chrono::TimeDelta;
use matinee_domain::ids::{NotificationId, UserId};

fn all() -> MessageQuery {
    MessageQuery {
        limit: 100,
        ..MessageQuery::default()
    }
}

/// Three messages of booking 1, claimed: the first is sent, the second given up, the third waits.
async fn written(house: &House) -> Vec<NotificationId> {
    let held = house.held(1, &[1]).await;
    let messages: Vec<_> = (1..=3)
        .map(|number| message(number, Some(held.booking_id)))
        .collect();
    let ids: Vec<_> = messages.iter().map(|m| m.notification_id).collect();
    house
        .done(Step {
            messages,
            ..begin(&held, 1)
        })
        .await;
    let store = &house.store;
    store
        .claim_messages("email", later(1), later(2), 9)
        .await
        .unwrap();
    store.message_sent(ids[0], later(1)).await.unwrap();
    let error = "no such address".to_owned();
    store.message_failed(ids[1], None, error).await.unwrap();
    ids
}

/// Messages that were given up are seen with their reason, and sent again with all attempts before them.
pub async fn a_dead_letter_is_seen_and_sent_again(engine: &impl Engine) {
    let house = House::open(engine).await;
    let ids = written(&house).await;
    let store = &house.store;
    let listed = store.messages(all()).await.unwrap();
    let newest_first: Vec<_> = listed.iter().map(|row| row.notification_id).collect();
    assert_eq!(newest_first, [ids[2], ids[1], ids[0]]);
    // Page by page, and by their ids.
    let after = Some((listed[1].created_at, listed[1].notification_id));
    let rest = store.messages(MessageQuery { after, ..all() }).await;
    assert_eq!(rest.unwrap(), listed[2..]);
    let named = vec![ids[0], ids[2], NotificationId::from_bytes(bytes(27, 99))];
    let named = store.messages(MessageQuery {
        ids: named,
        ..all()
    });
    let named: Vec<_> = named.await.unwrap();
    let named: Vec<_> = named.iter().map(|row| row.notification_id).collect();
    assert_eq!(named, [ids[2], ids[0]]);
    let failed = MessageQuery {
        status: Some(MessageStatus::Failed),
        channel: Some("email".into()),
        recipient: Some("guest@example.org".into()),
        since: Some(start()),
        limit: 1,
        ..all()
    };
    let dead = store.messages(failed.clone()).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].notification_id, ids[1]);
    assert_eq!(dead[0].booking_id, Some(booking_id(1)));
    assert_eq!(dead[0].last_error.as_deref(), Some("no such address"));
    assert_eq!(dead[0].attempts, 1);
    let none = |change: fn(&mut MessageQuery)| {
        let mut query = failed.clone();
        change(&mut query);
        store.messages(query)
    };
    assert!(
        none(|q| q.channel = Some("sms".into()))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        none(|q| q.recipient = Some("x".into()))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        none(|q| q.since = Some(later(99)))
            .await
            .unwrap()
            .is_empty()
    );

    assert!(
        store
            .resend_message(Some(booking_id(1)), ids[1], later(5))
            .await
            .unwrap()
    );
    // What waits already is not sent twice, and what is not there cannot be.
    assert!(
        !store
            .resend_message(Some(booking_id(1)), ids[1], later(5))
            .await
            .unwrap()
    );
    assert!(
        !store
            .resend_message(Some(booking_id(1)), ids[2], later(5))
            .await
            .unwrap()
    );
    let unknown = NotificationId::from_bytes(bytes(27, 99));
    assert!(
        !store
            .resend_message(Some(booking_id(1)), unknown, later(5))
            .await
            .unwrap()
    );
    let other = store.resend_message(Some(booking_id(2)), ids[0], later(5));
    assert!(!other.await.unwrap(), "it is of another booking");
    let again = store
        .claim_messages("email", later(5), later(6), 9)
        .await
        .unwrap();
    let attempts: Vec<_> = again
        .iter()
        .map(|c| (c.message.notification_id, c.attempt))
        .collect();
    assert!(attempts.contains(&(ids[1], 1)), "{attempts:?}");
    store.message_sent(ids[1], later(6)).await.unwrap();
    // What was sent is sent again too, and is still one message.
    assert!(
        store
            .resend_message(Some(booking_id(1)), ids[1], later(7))
            .await
            .unwrap()
    );
    store.message_sent(ids[1], later(8)).await.unwrap();
    assert_eq!(store.message_counts().await.unwrap(), (1, 2, 0));
    house.is_sound().await;
}

/// What is not a message's fault does not use its attempts up, and what nobody wants is as if it had never been written.
pub async fn a_message_waits_or_is_dropped(engine: &impl Engine) {
    let house = House::open(engine).await;
    let ids = written(&house).await;
    let store = &house.store;
    for round in 0..5 {
        let error = "our password is refused".to_owned();
        store
            .message_postponed(ids[2], later(10 + round), error)
            .await
            .unwrap();
        let early = store
            .claim_messages("email", later(9 + round), later(9 + round), 9)
            .await
            .unwrap();
        assert!(early.is_empty(), "round {round}");
        let due = store
            .claim_messages("email", later(10 + round), later(60), 9)
            .await
            .unwrap();
        assert_eq!((due.len(), due[0].attempt), (1, 1), "round {round}");
    }
    let listed = store.messages(all()).await.unwrap();
    assert_eq!(
        listed[0].last_error.as_deref(),
        Some("our password is refused")
    );
    // An end is an end.
    store
        .message_postponed(ids[0], later(10), "late".into())
        .await
        .unwrap();
    store.message_dropped(ids[0]).await.unwrap();
    store.message_dropped(ids[2]).await.unwrap();
    let left: Vec<_> = house.file(booking_id(1)).await.notifications;
    let left: Vec<_> = left.iter().map(|n| (n.notification_id, n.status)).collect();
    assert_eq!(
        left,
        [
            (ids[0], MessageStatus::Sent),
            (ids[1], MessageStatus::Failed)
        ]
    );
    house.is_sound().await;
}

/// Messages made from what they are about are written once, however often that is tried.
pub async fn a_message_is_added_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.held(1, &[1]).await;
    let store = &house.store;
    let messages = vec![
        message(1, Some(booking_id(1))),
        message(2, Some(booking_id(1))),
        message(3, None),
        // Its booking is not there.
        message(4, Some(booking_id(9))),
    ];
    assert_eq!(store.add_messages(messages.clone()).await.unwrap(), 3);
    assert_eq!(store.add_messages(messages.clone()).await.unwrap(), 0);
    let claimed = store
        .claim_messages("email", later(1), later(2), 9)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 3);
    for claim in claimed {
        let id = claim.message.notification_id;
        store.message_sent(id, later(1)).await.unwrap();
    }
    assert_eq!(store.add_messages(messages).await.unwrap(), 0);
    assert_eq!(store.add_messages(vec![]).await.unwrap(), 0);
    assert_eq!(store.message_counts().await.unwrap(), (0, 3, 0));
    house.is_sound().await;
}

/// Whoever has seats of a show can be told of it, in pages, and nobody else.
pub async fn people_of_a_show_are_found(engine: &impl Engine) {
    let house = House::open(engine).await;
    let user = UserId::from_bytes(bytes(6, 1));
    for (number, seats) in [(1, &[1, 2][..]), (2, &[5]), (3, &[7])] {
        let mut booking = super::bookings::booking(number, first_show(), seats);
        if number == 2 {
            booking.owner = Owner::User(user);
        }
        house.hold(&booking).await;
        let begun = house.done(begin(&booking, number)).await;
        if number < 3 {
            house.done(confirm(&begun)).await;
        }
    }
    let tell = |show, after, limit| house.store.bookings_to_tell(show, after, limit);
    let guest = (booking_id(1), "guest@example.org".to_owned());
    let known = (booking_id(2), format!("user:{user}"));
    let told = tell(first_show(), None, 9).await.unwrap();
    assert_eq!(told, [guest.clone(), known.clone()]);
    assert_eq!(
        tell(first_show(), None, 1).await.unwrap(),
        std::slice::from_ref(&guest)
    );
    assert_eq!(
        tell(first_show(), Some(guest.0), 9).await.unwrap(),
        std::slice::from_ref(&known)
    );
    assert!(
        tell(first_show(), Some(known.0), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(tell(second_show(), None, 9).await.unwrap().is_empty());
}

/// A show that moves after seats of it were sold is noted with the time people last heard, until they are told.
pub async fn a_moved_show_is_noted_until_told(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.paid(1, &[1]).await;
    let shows = catalog().shows;
    let first = shows
        .iter()
        .find(|show| show.show_id == first_show())
        .unwrap();
    let before = first.start_time;
    let shift = async |minutes: i64| {
        let mut moved = shows.clone();
        moved.retain(|show| [first_show(), second_show()].contains(&show.show_id));
        for show in &mut moved {
            show.start_time += TimeDelta::minutes(minutes);
            show.end_time += TimeDelta::minutes(minutes);
        }
        apply(
            &*house.store,
            CatalogChange {
                shows: moved,
                ..CatalogChange::default()
            },
        )
        .await;
    };
    let noted = |starts_before| vec![(first_show(), starts_before)];
    let marks = std::sync::Mutex::new(Vec::new());
    let moves = async || {
        let moves = house.store.show_moves(9).await.unwrap();
        let row = |row: ShowMove| {
            marks.lock().unwrap().push(row.mark);
            (row.show_id, row.starts_before)
        };
        moves.into_iter().map(row).collect::<Vec<_>>()
    };
    let moved_at = async || {
        let listed = house.store.show(first_show()).await.unwrap();
        listed.unwrap().moved_at
    };
    assert_eq!(moves().await, []);
    shift(0).await;
    assert_eq!((moves().await, moved_at().await), (vec![], None));
    // The second show sold nothing: nobody has to be told.
    shift(5).await;
    assert_eq!(moves().await, noted(before));
    let now = crate::conformance::fixtures::start();
    assert_eq!(moved_at().await, Some(now), "who booked before is freed");
    shift(9).await;
    assert_eq!(moves().await, noted(before));
    // Told of the first move after the second: they still have to hear of that.
    let at = |minutes| before + TimeDelta::minutes(minutes);
    house
        .store
        .show_move_told(first_show(), at(5))
        .await
        .unwrap();
    assert_eq!(moves().await, noted(at(5)));
    house
        .store
        .show_move_told(first_show(), at(9))
        .await
        .unwrap();
    assert_eq!(moves().await, []);
    // There and back: another move than the first.
    shift(0).await;
    assert_eq!(moves().await, noted(at(9)));
    // Three things to tell: both moves until the first was told, the second alone, and the way back.
    let mut marks = marks.into_inner().unwrap();
    marks.dedup();
    assert_eq!(marks.len(), 3);
}
