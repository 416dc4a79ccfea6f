//! The links of mails, pasted into the app: an address is confirmed, a guest's booking opens on another device, and
//! what the server refuses changes nothing.

use crate::{
    World,
    account::account,
    buying::{bought, pay_for, some_show, two},
    until,
};
use matinee_api::{BookingId, BookingStatus};
use matinee_client::{ErrorKind, NewAccount};
use std::collections::BTreeSet;

const GUEST: &str = "guest@example.org";

/// What follows `start` in the newest mail that has it.
async fn mailed(world: &World, start: &str) -> String {
    until("the link is mailed", async || {
        let mails = world.mails();
        let (_, rest) = mails.iter().rev().find_map(|mail| mail.split_once(start))?;
        let is_secret = |c: &char| c.is_ascii_alphanumeric() || "_-".contains(*c);
        Some(rest.chars().take_while(is_secret).collect())
    })
    .await
}

fn guest_link(id: BookingId) -> String {
    format!("/bookings/{id}#guest=")
}

#[tokio::test]
async fn a_confirmed_address_brings_the_guests_bookings_into_the_account() {
    let world = World::new().await;
    let (other_device, _) = world.elsewhere().await;
    let booking = bought(&other_device).await;
    let client = world.client().await;
    let account = NewAccount {
        email: GUEST.into(),
        ..account()
    };
    client.register(account).await.unwrap();
    let before = client.profile().await.unwrap().value;
    assert_eq!(before.email_verified, Some(false));
    assert_eq!(client.bookings(None).await.unwrap().value.items, []);

    let secret = mailed(&world, "/verify#token=").await;
    client.verify_email(secret.clone()).await.unwrap();
    let after = client.profile().await.unwrap().value;
    assert_eq!(after.email_verified, Some(true));
    let mine = client.bookings(None).await.unwrap().value.items;
    assert_eq!(mine[0].booking_id, booking.booking_id);

    let used = client.verify_email(secret).await.unwrap_err();
    assert_eq!((&*used.code, used.status), ("session_ended", Some(401)));
    let session = client.session().await.unwrap();
    assert!(session.signed_in, "a used link signs nobody out");
}

#[tokio::test]
async fn the_link_of_a_booking_mail_opens_the_booking_on_another_device() {
    let mut world = World::new().await;
    let (first, _) = world.elsewhere().await;
    let booking = bought(&first).await;
    let id = booking.booking_id;
    let token = mailed(&world, &guest_link(id)).await;

    let client = world.synced_client().await;
    assert!(client.booking(id).await.is_err(), "not before");
    client.adopt_guest_token(id, token.clone()).await.unwrap();
    // Twice is as good as once.
    client.adopt_guest_token(id, token).await.unwrap();
    assert_eq!(client.bookings(None).await.unwrap().value.items.len(), 1);
    until("the tickets come along", async || {
        client.tickets(id).await.ok().map(|_| ())
    })
    .await;
    drop(client);
    world.stop_server();
    let client = world.client().await;
    let tickets = client.tickets(id).await.unwrap();
    assert!(tickets.offline);
    assert_eq!(tickets.value.tickets.len(), 2);
    world.assert_no_token_in_files();
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_the_kept_one_goes_on_opening() {
    let world = World::new().await;
    let client = world.client().await;
    let booking = bought(&client).await;
    let id = booking.booking_id;
    let tokens = || BTreeSet::from_iter(world.keyring.tokens());
    let kept = tokens();
    for forged in ["mg_forged", "", "no token\r\nat all", &"x".repeat(100_000)] {
        client.adopt_guest_token(id, forged.into()).await.unwrap();
    }
    assert_eq!(tokens(), kept);
    let found = client.booking(id).await.unwrap();
    assert_eq!(
        (found.offline, found.value.status),
        (false, BookingStatus::Confirmed)
    );
}

#[tokio::test]
async fn a_token_that_could_not_be_tried_is_kept_only_where_there_was_none() {
    let mut world = World::new().await;
    let (first, _) = world.elsewhere().await;
    let show = some_show(&first).await;
    let booking = first.book(two(show), "key-book").await.unwrap();
    first.pay(pay_for(&booking), "key-pay").await.unwrap();
    let id = booking.booking_id;
    let token = mailed(&world, &guest_link(id)).await;

    let client = world.synced_client().await;
    world.stop_server();
    client.adopt_guest_token(id, token).await.unwrap();
    let other = client.adopt_guest_token(id, "mg_forged".into()).await;
    assert_eq!(other.unwrap_err().kind, ErrorKind::Offline);
    world.start_server().unwrap();
    until("the server is heard again", async || {
        client.sync().await.ok()
    })
    .await;
    let found = client.booking(id).await.unwrap();
    assert!(!found.offline);
}
