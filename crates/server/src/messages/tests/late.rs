//! What becomes of messages that come late, and of those whose recipient is away for a while.

use super::*;

/// What integrators get of a kind.
async fn hooked_rows(house: &House, kind: &str) -> Vec<MessageRow> {
    let rows = rows(house, kind).await;
    rows.into_iter()
        .filter(|row| row.channel == "webhook")
        .collect()
}

#[tokio::test]
async fn a_receiver_that_says_goodbye_is_called_no_more() {
    let (port, mut hooked) = listens(410).await;
    let house = cinema(|config| config.private_targets = true).await;
    house.app.store.save_webhook(hook(1, port)).await.unwrap();
    for _ in 0..2 {
        paid(&house, None).await;
        deliver_all(&house).await;
        deliver_all(&house).await;
    }
    hooked.recv().await.unwrap();
    assert!(hooked.try_recv().is_err());
    let hooks = house.app.store.webhooks().await.unwrap();
    let stopped = hooks[0].stopped.as_ref().unwrap();
    assert!(stopped.contains("410"), "{hooks:?}");
    // Both bookings wait for it to come back, also the one that was made meanwhile.
    let missed = hooked_rows(&house, "confirmation").await;
    let failed = |row: &MessageRow| row.status == MessageStatus::Failed;
    assert!(missed.len() == 2 && missed.iter().all(failed), "{missed:?}");
    let (port, mut hooked) = listens(204).await;
    house.app.store.save_webhook(hook(1, port)).await.unwrap();
    let now = house.app.clock.now();
    for row in missed {
        let resent = house
            .app
            .store
            .resend_message(row.booking_id, row.notification_id, now);
        assert!(resent.await.unwrap());
    }
    deliver_all(&house).await;
    hooked.try_recv().unwrap();
    hooked.try_recv().unwrap();
    assert!(hooked.try_recv().is_err());
    house.close().await;
}

/// An integrator who takes requests and answers none holds up their own messages and nobody else's.
#[tokio::test]
async fn a_receiver_that_dawdles_holds_up_no_other() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, mut hooked) = listens(204).await;
    let house = cinema(|config| config.private_targets = true).await;
    let dawdles = hook(1, silent.local_addr().unwrap().port());
    house.app.store.save_webhook(dawdles).await.unwrap();
    house.app.store.save_webhook(hook(2, port)).await.unwrap();
    let id = paid(&house, None).await;
    let copy = |number: u8, hook: u8| matinee_store::outbox::NewMessage {
        notification_id: matinee_domain::ids::NotificationId::from_bytes([number; 16]),
        booking_id: id.parse().ok(),
        kind: "confirmation".into(),
        channel: "webhook".into(),
        recipient: people::names_webhook(matinee_domain::ids::WebhookId::from_bytes([hook; 16])),
        payload: "{}".into(),
        created_at: house.app.clock.now() - TimeDelta::seconds(100 - i64::from(number)),
    };
    // More than there are places, and older than the one that can go.
    let mut copies: Vec<_> = (1..=20).map(|number| copy(number, 1)).collect();
    copies.push(copy(21, 2));
    assert_eq!(house.app.store.add_messages(copies).await.unwrap(), 21);
    let app = &house.app;
    let begun = std::time::Instant::now();
    tokio::select! {
        _ = deliver(app, Medium::Webhook) => panic!("nobody dawdled"),
        told = hooked.recv() => assert!(told.is_some()),
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    house.close().await;
}

/// A confirmation that could not go out before the booking was cancelled does not go out after; programs hear of both.
#[tokio::test]
async fn a_late_confirmation_does_not_follow_a_cancellation() {
    let (port, mut hooked) = listens(204).await;
    let house = cinema(|config| config.private_targets = true).await;
    house.app.store.save_webhook(hook(1, port)).await.unwrap();
    let bearer = user(&house, |_| ()).await;
    let id = paid(&house, Some(&bearer)).await;
    cancel(&house, &bearer, &id, None).await;
    for _ in 0..2 {
        deliver_all(&house).await;
    }
    assert_eq!(mails(&house, "Your tickets").len(), 0);
    assert_eq!(mails(&house, "Cancelled: Casablanca").len(), 1);
    // They leave side by side, the refund's among them.
    let mut told = String::new();
    let hear = async {
        while let Some(heard) = hooked.recv().await {
            told.push_str(&heard);
        }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), hear).await;
    for event in ["booking.confirmed", "booking.cancelled"] {
        assert!(told.contains(event), "{event} is missing in {told}");
    }
    house.close().await;
}

/// A cinema whose first show begins at 10:00 and of which somebody is to be reminded at 20:00 on the evening before.
async fn reminded_in_the_evening() -> House {
    let house = cinema(|_| ()).await;
    house
        .import(|file| file["shows"][0]["start_local"] = "2030-05-04T10:00".into())
        .await;
    let bearer = user(&house, |_| ()).await;
    paid(&house, Some(&bearer)).await;
    deliver_all(&house).await;
    // It is 13:00.
    house.later(TimeDelta::hours(7));
    assert_eq!(planned::remind(&house.app).await.unwrap().done, 1);
    house
}

const REMINDER: &str = "Casablanca: Saturday 4 May 2030, 10:00";

#[tokio::test]
async fn a_reminder_that_had_to_wait_wakes_nobody() {
    let house = reminded_in_the_evening().await;
    house.later(TimeDelta::hours(2));
    deliver_all(&house).await;
    let row = rows(&house, "reminder").await.remove(0);
    assert_eq!((row.status, row.attempts), (MessageStatus::Pending, 0));
    let morning: DateTime<Utc> = "2030-05-04T08:00:00Z".parse().unwrap();
    assert_eq!(row.due_at, morning, "9:00 in Dublin");
    assert!(mails(&house, REMINDER).is_empty());
    house.later(TimeDelta::hours(11));
    deliver_all(&house).await;
    assert_eq!(mails(&house, REMINDER).len(), 1);
    house.close().await;
}

#[tokio::test]
async fn nobody_is_reminded_on_the_way_in() {
    let house = reminded_in_the_evening().await;
    house.later(TimeDelta::hours(13) + TimeDelta::minutes(31));
    deliver_all(&house).await;
    assert_eq!(rows(&house, "reminder").await, []);
    assert!(mails(&house, REMINDER).is_empty());
    house.close().await;
}

/// Cancels these seats of a booking, or all.
async fn cancel(house: &House, bearer: &str, id: &str, seats: Option<Value>) {
    let body = seats.map_or_else(|| json!({}), |seats| json!({ "seat_ids": seats }));
    let with = [("authorization", bearer)];
    let cancelled = house.post(&format!("/cancel/{id}"), &with, body).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
}

/// Who gives back one ticket and then the other is told each time what comes for that one.
#[tokio::test]
async fn a_mail_names_the_refund_it_is_about() {
    let house = cinema(|_| ()).await;
    let bearer = user(&house, |_| ()).await;
    let id = paid(&house, Some(&bearer)).await;
    let with = [("authorization", &bearer[..])];
    let booking = house.get(&format!("/bookings/{id}"), &with).await.body;
    for seat in booking["seats"].as_array().unwrap() {
        cancel(&house, &bearer, &id, Some(json!([seat["seat_id"]]))).await;
        deliver_all(&house).await;
    }
    let mails = mails(&house, "Cancelled: Casablanca");
    let amounts = mails.iter().map(|mail| {
        let before = mail.split_once(" go back to ").unwrap().0;
        before.rsplit([' ', '\n']).next().unwrap()
    });
    let amounts: Vec<_> = amounts.collect();
    assert_eq!(amounts.len(), 2);
    assert_eq!(amounts[0], amounts[1]);
    house.close().await;
}

/// Programs take a calendar entry only when it is newer than theirs.
#[tokio::test]
async fn a_mailed_calendar_entry_is_newer_than_the_one_before() {
    let house = cinema(|_| ()).await;
    let id = paid(&house, None).await.parse().unwrap();
    let value = async |name: &str| {
        let on_file = house.app.desk.on_file(id).await.unwrap();
        let mailed = (crate::tickets::Method::Publish, house.app.clock.now());
        let calendar = crate::tickets::calendar(&on_file, Some(mailed));
        let line = calendar.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().to_owned()
    };
    let (sequence, stamp) = (value("SEQUENCE:").await, value("DTSTAMP:").await);
    house.later(TimeDelta::seconds(90));
    let later = value("SEQUENCE:").await.parse::<u64>().unwrap();
    assert_eq!(later, sequence.parse::<u64>().unwrap() + 90);
    assert!(value("DTSTAMP:").await > stamp);
    house.close().await;
}
