//! The account's session: kept in the keyring, renewed once however many ask, and gone from the device at sign-out.

use crate::{
    Keyring, World,
    buying::{bought, some_show, two},
};
use matinee_client::{Client, Credentials, ErrorKind, NewAccount, Options, Origin, Refusing};
use std::sync::Arc;

pub fn account() -> NewAccount {
    NewAccount {
        email: "ada@example.org".into(),
        password: "correct horse battery".into(),
        name: "Ada".into(),
        language: String::new(),
    }
}

pub async fn signed_in(world: &World) -> Client {
    let client = world.synced_client().await;
    let session = client.register(account()).await.unwrap();
    assert!(session.signed_in);
    assert_eq!(session.name.as_deref(), Some("Ada"));
    // The sync that signing in began is over: a client let go of now does nothing more with its tokens.
    client.sync().await.unwrap();
    client
}

/// As if the access token had run out.
pub fn expire_access_token(keyring: &Keyring) {
    let mut kept = keyring.0.lock().unwrap();
    let entry = kept
        .iter_mut()
        .find(|(name, _)| name.starts_with("session "))
        .expect("a session is kept")
        .1;
    let end = entry.rfind("\"e\":").expect("it has an end") + 4;
    entry.truncate(end);
    entry.push_str("0}");
}

/// As if it had run out at the server, which the device does not know.
pub fn spoil_access_token(keyring: &Keyring) {
    let mut kept = keyring.0.lock().unwrap();
    let entry = kept
        .iter_mut()
        .find(|(name, _)| name.starts_with("session "))
        .expect("a session is kept")
        .1;
    let token = entry.find("ma_").expect("it has an access token") + 3;
    let other = if entry[token..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    entry.replace_range(token..=token, other);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_the_history_is_there_with_no_network() {
    let mut world = World::new().await;
    let client = signed_in(&world).await;
    let booking = bought(&client).await;
    client.sync().await.unwrap();
    drop(client);
    world.stop_server();
    let client = world.client().await;
    let session = client.session().await.unwrap();
    assert_eq!(
        (session.signed_in, session.email.as_deref()),
        (true, Some("ada@example.org"))
    );
    let history = client.bookings(None).await.unwrap();
    assert!(history.offline);
    assert_eq!(history.value.items[0].reference, booking.reference);
    assert_eq!(
        client
            .tickets(booking.booking_id)
            .await
            .unwrap()
            .value
            .tickets
            .len(),
        2
    );
    assert_eq!(client.profile().await.unwrap().value.name, "Ada");
    world.assert_no_token_in_files();
}

#[tokio::test]
async fn many_calls_at_once_renew_an_expired_token_once() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    expire_access_token(&world.keyring);
    let client = world.client().await;
    let calls = (0..10).map(|_| client.profile());
    for outcome in futures_util::future::join_all(calls).await {
        let profile = outcome.unwrap();
        assert_eq!(
            (profile.value.name.as_str(), profile.offline),
            ("Ada", false)
        );
    }
    // A second renewal with a used token would have ended the session.
    assert!(world.client().await.session().await.unwrap().signed_in);
    world.client().await.profile().await.unwrap();
}

#[tokio::test]
async fn a_lost_renewal_does_not_sign_anybody_out() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    expire_access_token(&world.keyring);
    let client = world.client().await;
    world.relay.lose_answers(1);
    assert_eq!(client.profile().await.unwrap().value.name, "Ada");
    assert_eq!(world.relay.to_lose(), 0);
}

#[tokio::test]
async fn signing_out_takes_the_account_from_the_device_and_leaves_nothing_to_renew() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    bought(&client).await;
    client.logout().await.unwrap();
    assert!(!client.session().await.unwrap().signed_in);
    assert_eq!(client.bookings(None).await.unwrap().value.items, []);
    assert!(world.keyring.tokens().is_empty());
    assert_eq!(client.profile().await.unwrap_err().status, Some(401));
    let credentials = Credentials {
        email: "ada@example.org".into(),
        password: "correct horse battery".into(),
        code: None,
    };
    client.login(credentials).await.unwrap();
    assert_eq!(client.bookings(None).await.unwrap().value.items.len(), 1);
}

#[tokio::test]
async fn a_profile_changed_elsewhere_is_not_overwritten() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let mut profile = client.profile().await.unwrap().value;
    let version = profile.version;
    profile.phone = "+358 40 1234567".into();
    let saved = client
        .save_profile(profile.clone(), Some(version))
        .await
        .unwrap();
    assert_eq!(saved.phone, profile.phone);
    let refused = client
        .save_profile(profile, Some(version))
        .await
        .unwrap_err();
    assert_eq!(
        (&*refused.code, refused.status),
        ("version_mismatch", Some(412))
    );
}

#[tokio::test]
async fn with_no_keyring_nothing_is_begun_that_could_not_be_kept() {
    let world = World::new().await;
    let options = Options {
        origin: Origin::at(world.relay.url()).unwrap(),
        cache_dir: None,
        secrets: Arc::new(Refusing("there is none".into())),
        session_only: false,
    };
    let client = Client::open(options).await.unwrap();
    let show = some_show(&client).await;
    for refused in [
        client.register(account()).await.unwrap_err(),
        client.book(two(show), "k").await.unwrap_err(),
    ] {
        assert_eq!(
            (refused.kind, &*refused.code),
            (ErrorKind::Secrets, "secrets_unavailable")
        );
    }
    assert!(!client.session().await.unwrap().signed_in);
    // Neither account nor hold was made.
    let seats = client.seats(show).await.unwrap().value.seats;
    assert!(
        seats
            .iter()
            .all(|seat| seat.status != matinee_api::SeatStatus::Held)
    );
    signed_in(&world).await;
}
