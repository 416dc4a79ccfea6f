//! The messages for this device: shown once each, whatever breaks off in between, and only while somebody wants them here.

use crate::{
    World,
    account::{account, expire_access_token, signed_in, spoil_access_token},
    buying::{pay_for, some_show, two},
    until,
};
use matinee_api::{Booking, DeviceMessage, NotificationStatus};
use matinee_client::{Client, Credentials, MessageWatch, NewAccount};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// What was shown, in order.
struct Shown {
    messages: mpsc::UnboundedReceiver<DeviceMessage>,
    /// Whether this device can show anything.
    can: Arc<AtomicBool>,
    _watch: MessageWatch,
}

impl Shown {
    fn by(client: &Client) -> Self {
        let (told, messages) = mpsc::unbounded_channel();
        let can = Arc::new(AtomicBool::new(true));
        let may = can.clone();
        let watch = client.watch_messages(move |message| {
            may.load(Ordering::SeqCst) && told.send(message.clone()).is_ok()
        });
        Self {
            messages,
            can,
            _watch: watch,
        }
    }

    async fn next(&mut self) -> DeviceMessage {
        tokio::time::timeout(Duration::from_secs(30), self.messages.recv())
            .await
            .expect("in time")
            .expect("it lives")
    }

    async fn nothing_for(&mut self, seconds: u64) {
        let none = tokio::time::timeout(Duration::from_secs(seconds), self.messages.recv());
        assert_eq!(none.await.ok(), None);
    }
}

/// Buys two seats; never the same twice.
async fn bought(client: &Client) -> Booking {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let show = some_show(client).await;
    let held = client.book(two(show), &format!("book-{count}")).await;
    let held = held.unwrap();
    let paid = client.pay(pay_for(&held), &format!("pay-{count}")).await;
    paid.unwrap()
}

/// The state of the copy that this device got.
async fn copy_of(client: &Client, booking: &Booking) -> Option<NotificationStatus> {
    let read = client.booking(booking.booking_id).await.unwrap().value;
    let copies = read.notifications.into_iter();
    copies
        .filter(|row| row.channel == "app")
        .map(|row| row.status)
        .next()
}

async fn is_sent(client: &Client, booking: &Booking) {
    until("the booking says that it was sent", async || {
        (copy_of(client, booking).await == Some(NotificationStatus::Sent)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_purchase_is_shown_once_through_restarts_of_both() {
    let mut world = World::new().await;
    let client = signed_in(&world).await;
    assert!(!client.device_messages().await.unwrap());
    let mut shown = Shown::by(&client);
    assert!(client.set_device_messages(true).await.unwrap());
    assert!(client.device_messages().await.unwrap());
    let booking = bought(&client).await;
    let message = shown.next().await;
    assert_eq!(message.kind, "confirmation");
    assert_eq!(message.path, format!("/bookings/{}", booking.booking_id));
    assert!(
        message.body.contains(&booking.reference.to_string()),
        "{message:?}"
    );
    is_sent(&client, &booking).await;

    // The server goes, and what is bought once it is back is shown without anybody's doing.
    world.stop_server();
    world.start_server().unwrap();
    let second = bought(&client).await;
    let message = shown.next().await;
    assert_eq!(message.path, format!("/bookings/{}", second.booking_id));
    is_sent(&client, &second).await;
    drop((shown, client));

    // So does the app; it still knows, and nothing comes twice.
    let client = world.client().await;
    assert!(client.device_messages().await.unwrap());
    let mut shown = Shown::by(&client);
    let third = bought(&client).await;
    let message = shown.next().await;
    assert_eq!(message.path, format!("/bookings/{}", third.booking_id));
    shown.nothing_for(2).await;
    world.assert_no_token_in_files();
}

/// What could not be shown comes again, what was shown does not, though the server never heard of it.
#[tokio::test]
async fn a_message_comes_again_until_it_was_shown() {
    let mut world = World::new().await;
    let client = signed_in(&world).await;
    client.set_device_messages(true).await.unwrap();
    let mut shown = Shown::by(&client);
    shown.can.store(false, Ordering::SeqCst);
    let booking = bought(&client).await;
    until("the copy waits", async || copy_of(&client, &booking).await).await;
    shown.nothing_for(3).await;
    shown.can.store(true, Ordering::SeqCst);
    // With the next connection.
    world.server.as_mut().unwrap().kill().unwrap();
    world.relay.point_nowhere();
    world.start_server().unwrap();
    let message = shown.next().await;
    is_sent(&client, &booking).await;
    // As if the word that it was shown had been lost: an operator sends it again.
    drop((shown, client));
    let id = message.id.to_string();
    let (_, said) =
        matinee_tests::server::run(world.place.path(), &["messages", "resend", &id]).unwrap();
    let client = world.client().await;
    assert_eq!(
        copy_of(&client, &booking).await,
        Some(NotificationStatus::Pending),
        "{said}"
    );
    let mut shown = Shown::by(&client);
    is_sent(&client, &booking).await;
    shown.nothing_for(1).await;
}

/// The access token ran out, by the app's clock or by the server's alone. Nothing but the stream asks for another.
#[tokio::test]
async fn a_token_that_ran_out_keeps_nobody_from_the_messages() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.set_device_messages(true).await.unwrap();
    drop(client);
    let (elsewhere, _keyring) = world.elsewhere().await;
    elsewhere.login(credentials()).await.unwrap();
    for spoil in [expire_access_token, spoil_access_token] {
        spoil(&world.keyring);
        let client = world.client().await;
        let mut shown = Shown::by(&client);
        let booking = bought(&elsewhere).await;
        let message = shown.next().await;
        assert_eq!(message.path, format!("/bookings/{}", booking.booking_id));
    }
}

fn credentials() -> Credentials {
    Credentials {
        email: account().email,
        password: account().password,
        code: None,
    }
}

#[tokio::test]
async fn whoever_signs_out_takes_the_messages_along() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let mut shown = Shown::by(&client);
    client.set_device_messages(true).await.unwrap();
    bought(&client).await;
    shown.next().await;
    client.logout().await.unwrap();
    assert!(!client.device_messages().await.unwrap());
    let refused = client.set_device_messages(true).await.unwrap_err();
    assert_eq!(&*refused.code, "unauthenticated");
    assert!(world.keyring.tokens().is_empty());

    // The next person on this device gets none until they want some, and then their own.
    let eve = NewAccount {
        email: "eve@example.org".into(),
        ..account()
    };
    client.register(eve).await.unwrap();
    assert!(!client.device_messages().await.unwrap());
    bought(&client).await;
    shown.nothing_for(3).await;
    assert!(client.set_device_messages(true).await.unwrap());
    let booking = bought(&client).await;
    let message = shown.next().await;
    assert_eq!(message.path, format!("/bookings/{}", booking.booking_id));
    assert!(!client.set_device_messages(false).await.unwrap());
    bought(&client).await;
    shown.nothing_for(3).await;

    // At the server the first person's device is gone as well.
    client.logout().await.unwrap();
    client.login(credentials()).await.unwrap();
    assert!(!client.device_messages().await.unwrap());
    let export = client.export_account().await.unwrap();
    assert!(export.contains("\"subscriptions\":[]"), "{export}");
}

/// The server forgets the oldest of too many devices; the app finds out by itself, and can be switched on again.
#[tokio::test]
async fn a_device_that_the_server_forgot_knows_it() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.set_device_messages(true).await.unwrap();
    let _shown = Shown::by(&client);
    let (elsewhere, _keyring) = world.elsewhere().await;
    // Each sign-in there is an installation of its own, and none of them ends well.
    for _ in 0..20 {
        let (other, _keyring) = world.elsewhere().await;
        other.login(credentials()).await.unwrap();
        other.set_device_messages(true).await.unwrap();
    }
    elsewhere.login(credentials()).await.unwrap();
    elsewhere.end_other_sessions().await.unwrap();
    // Its stream ends with its session, so it signs in again and finds the subscription gone.
    client.login(credentials()).await.unwrap();
    until("the app found out", async || {
        (!client.device_messages().await.unwrap()).then_some(())
    })
    .await;
    assert!(client.set_device_messages(true).await.unwrap());
}
