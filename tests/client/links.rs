//! The links of mails, pasted into the app: an address is confirmed, and a guest's booking opens on another device.

use crate::{World, account::account, buying::bought, until};
use matinee_client::NewAccount;

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
    assert_eq!((&*used.code, used.status), ("verified_already", Some(409)));
    let session = client.session().await.unwrap();
    assert!(session.signed_in, "a used link signs nobody out");
}

#[tokio::test]
async fn a_booking_opens_on_another_device_by_its_mail_and_the_link_that_is_asked_for() {
    let mut world = World::new().await;
    let (first, _) = world.elsewhere().await;
    let booking = bought(&first).await;
    let id = booking.booking_id;
    let reference = mailed(&world, "/recover?reference=").await;
    assert_eq!(reference, booking.reference.to_string());

    let client = world.synced_client().await;
    assert!(client.booking(id).await.is_err(), "not before");
    let ask = client.recover_booking(reference, GUEST.into(), "key-ask");
    ask.await.unwrap();
    let secret = mailed(&world, "/recover#token=").await;
    // The answer is lost on the way, and comes again though the link is used up.
    world.relay.lose_answers(1);
    let opened = client.redeem_recovery(secret.clone()).await.unwrap();
    assert_eq!((opened.booking_id, world.relay.to_lose()), (id, 0));
    assert_eq!(
        client
            .redeem_recovery(secret.clone())
            .await
            .unwrap()
            .booking_id,
        id
    );
    let (stranger, _) = world.elsewhere().await;
    let used = stranger.redeem_recovery(secret).await.unwrap_err();
    assert_eq!((&*used.code, used.status), ("session_ended", Some(401)));
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
