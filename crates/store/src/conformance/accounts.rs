//! What every engine's accounts do: e-mails unique without regard to case, tokens that rotate and betray reuse, secrets
//! good once, and erasure that leaves nothing personal.

use super::fixtures::{apply, bytes, catalog, show_id, start, theater_id};
use crate::{
    Store,
    accounts::{
        OneTimeRow, OneTimeUse, PasswordBy, ProfileData, Role, Rotation, SessionRow, SetUp,
        TokenDigest, UserRow,
    },
    bookings::{BookedSeat, BookingRow, HoldLimits, HoldOutcome, HoldSeats, Owner},
    outbox::{FOR_PROGRAMS, NewMessage},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    ids::{BookingId, NotificationId, Reference, UserId, time_ordered},
    money::{Currency, Money},
    seat_map::SeatNo,
};

pub fn user_id(number: u32) -> UserId {
    UserId::from_bytes(bytes(6, number))
}

pub fn user(number: u32, email: &str) -> UserRow {
    UserRow {
        user_id: user_id(number),
        email: email.into(),
        email_verified: false,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
        role: Role::Customer,
        profile: ProfileData {
            name: "Aino Öhman".into(),
            address: "Mannerheimintie 1".into(),
            phone: "+358 40 123".into(),
            language: "fi".into(),
            favourite_theater: None,
            notify_email: true,
            notify_reminder: false,
            notify_sms: false,
            notify_push: true,
        },
        profile_version: 1,
        created_at: start(),
    }
}

/// A digest told apart by a number.
pub fn digest(number: u32) -> TokenDigest {
    let mut digest = [7; 32];
    digest[28..].copy_from_slice(&number.to_be_bytes());
    digest
}

pub fn session(number: u32, user: u32) -> SessionRow {
    SessionRow {
        session_id: bytes(8, number),
        user_id: user_id(user),
        role: Role::Customer,
        access: digest(number * 100),
        access_expires_at: start() + TimeDelta::minutes(15),
        refresh: digest(number * 100 + 1),
        refresh_expires_at: start() + TimeDelta::days(30),
        previous_refresh: None,
        current_used: false,
        cookie: false,
        created_at: start(),
        device: "Firefox on Linux".into(),
        used_at: start(),
        second_factor: false,
    }
}

async fn rotate(
    store: &(impl Store + ?Sized),
    presented: u32,
    access: u32,
    refresh: u32,
    now: DateTime<Utc>,
) -> Rotation {
    let (until, later) = (now + TimeDelta::minutes(15), now + TimeDelta::days(30));
    store
        .rotate_session(
            digest(presented),
            digest(access),
            until,
            digest(refresh),
            later,
            now,
        )
        .await
        .unwrap()
}

fn rotated(outcome: &Rotation) -> bool {
    matches!(outcome, Rotation::Rotated(_))
}

/// An e-mail names one account, however it is written.
pub async fn an_email_is_unique_in_any_case(store: &(impl Store + ?Sized)) {
    let aino = user(1, "Aino.ÖHMAN@Example.org");
    assert!(store.add_user(aino.clone()).await.unwrap());
    assert!(
        !store
            .add_user(user(2, "aino.öhman@example.ORG"))
            .await
            .unwrap()
    );
    assert!(store.user(user_id(2)).await.unwrap().is_none());
    let found = store
        .user_by_email(" AINO.öhman@example.org ")
        .await
        .unwrap()
        .unwrap();
    assert!(found == aino && found.email == "Aino.ÖHMAN@Example.org");
    assert!(store.user(user_id(1)).await.unwrap().unwrap() == aino);
    assert!(
        store
            .user_by_email("somebody@example.org")
            .await
            .unwrap()
            .is_none()
    );
}

/// A profile is saved only over the version it was read at.
pub async fn a_profile_is_not_lost_to_a_second_writer(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    let mut profile = user(1, "a@example.org").profile;
    profile.language = "sv".into();
    assert_eq!(
        store
            .save_profile(user_id(1), profile.clone(), 1)
            .await
            .unwrap(),
        Some(2)
    );
    let mut late = profile.clone();
    late.language = "en".into();
    assert_eq!(store.save_profile(user_id(1), late, 1).await.unwrap(), None);
    assert_eq!(
        store
            .save_profile(user_id(9), profile.clone(), 1)
            .await
            .unwrap(),
        None
    );
    let kept = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!((kept.profile, kept.profile_version), (profile, 2));
}

/// Opens a session of an account as it is now.
pub async fn open(store: &(impl Store + ?Sized), session: SessionRow) {
    let user = store.user(session.user_id).await.unwrap().unwrap();
    let opened = store.add_session(session, &user.password_hash).await;
    assert!(opened.unwrap());
}

/// A session is found by its access token while that lasts, with the person's present role, and ends at once.
pub async fn a_session_is_found_until_it_ends(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    open(store, session(1, 1)).await;
    let found = store.session_by_access(digest(100), start()).await.unwrap();
    assert_eq!(found, Some(session(1, 1)));
    store.set_role(user_id(1), Role::Admin).await.unwrap();
    let found = store
        .session_by_access(digest(100), start())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.role, Role::Admin);
    let late = start() + TimeDelta::minutes(15);
    assert_eq!(
        store.session_by_access(digest(100), late).await.unwrap(),
        None
    );
    assert_eq!(
        store.session_by_access(digest(101), start()).await.unwrap(),
        None
    );
    store.end_session(session(1, 1).session_id).await.unwrap();
    assert_eq!(
        store.session_by_access(digest(100), start()).await.unwrap(),
        None
    );
    assert_eq!(rotate(store, 101, 1, 2, start()).await, Rotation::Unknown);
}

/// A lost answer may be asked for again, as often as needed, until the successor was used.
pub async fn a_lost_rotation_may_be_asked_again(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    open(store, session(1, 1)).await;
    assert!(rotated(&rotate(store, 101, 110, 111, start()).await));
    assert!(rotated(&rotate(store, 101, 120, 121, start()).await));
    let third = rotate(store, 101, 130, 131, start()).await;
    assert_eq!(third, Rotation::Rotated(user_id(1)));
    // Only the last answer is good; the first access token is gone too.
    for gone in [100, 110, 120] {
        assert_eq!(
            store
                .session_by_access(digest(gone), start())
                .await
                .unwrap(),
            None
        );
    }
    let now = store.session_by_access(digest(130), start()).await.unwrap();
    let now = now.unwrap();
    assert_eq!(
        (now.previous_refresh, now.current_used),
        (Some(digest(101)), false)
    );
    // Its use ends the grace: the old token is now reuse and takes the family with it.
    store
        .mark_session_used(now.session_id, start())
        .await
        .unwrap();
    assert_eq!(rotate(store, 101, 140, 141, start()).await, Rotation::Reuse);
    assert_eq!(
        store.session_by_access(digest(130), start()).await.unwrap(),
        None
    );
    assert_eq!(
        rotate(store, 131, 150, 151, start()).await,
        Rotation::Unknown
    );
}

/// Rotating with the current token uses it: the one before is not good any more, nor is any older one.
pub async fn reuse_of_any_old_token_ends_the_family(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    for old in [1001_u32, 1011, 1021] {
        open(store, session(10, 1)).await;
        for step in 0..4 {
            let presented = 1001 + step * 10;
            let next = rotate(store, presented, presented + 9, presented + 10, start()).await;
            assert!(rotated(&next), "step {step}");
        }
        assert_eq!(
            rotate(store, old, 1, 2, start()).await,
            Rotation::Reuse,
            "{old}"
        );
        assert_eq!(
            store
                .session_by_access(digest(1040), start())
                .await
                .unwrap(),
            None
        );
    }
    // An answer that was replaced unused counts as old as well: somebody has it who should not.
    open(store, session(10, 1)).await;
    assert!(rotated(&rotate(store, 1001, 1010, 1011, start()).await));
    assert!(rotated(&rotate(store, 1001, 1020, 1021, start()).await));
    assert_eq!(rotate(store, 1011, 1, 2, start()).await, Rotation::Reuse);
}

/// A refresh token that ran out opens nothing, and its session goes away.
pub async fn expired_sessions_are_gone(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    open(store, session(1, 1)).await;
    let late = start() + TimeDelta::days(30);
    assert_eq!(rotate(store, 101, 110, 111, late).await, Rotation::Unknown);
    let mut other = session(2, 1);
    other.created_at = late;
    other.refresh_expires_at = late + TimeDelta::days(30);
    open(store, other).await;
    assert_eq!(
        rotate(store, 101, 110, 111, start()).await,
        Rotation::Unknown
    );
}

/// A new password ends every session of that person and of nobody else.
pub async fn a_new_password_ends_every_session(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    for (number, owner) in [(1, 1), (2, 1), (3, 2)] {
        open(store, session(number, owner)).await;
    }
    store
        .set_password(user_id(1), "$argon2id$new".into(), PasswordBy::Mail)
        .await
        .unwrap();
    assert_eq!(
        store.session_by_access(digest(100), start()).await.unwrap(),
        None
    );
    assert_eq!(
        store.session_by_access(digest(200), start()).await.unwrap(),
        None
    );
    assert!(
        store
            .session_by_access(digest(300), start())
            .await
            .unwrap()
            .is_some()
    );
    let kept = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.password_hash, "$argon2id$new");
}

/// Who showed the old password in time and is slow gets no session for it after the new one was set, nor one of an account
/// that is gone.
pub async fn a_new_password_ends_what_is_being_opened(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    let old = store.user(user_id(1)).await.unwrap().unwrap().password_hash;
    let new = "$argon2id$new".to_owned();
    let set = store.set_password(user_id(1), new.clone(), PasswordBy::Mail);
    set.await.unwrap();
    assert!(!store.add_session(session(1, 1), &old).await.unwrap());
    assert_eq!(store.sessions_of(user_id(1), start()).await.unwrap(), []);
    assert!(store.add_session(session(1, 1), &new).await.unwrap());
    assert_eq!(
        store.sessions_of(user_id(1), start()).await.unwrap().len(),
        1
    );
    store.delete_user(user_id(1), start()).await.unwrap();
    assert!(!store.add_session(session(2, 1), &new).await.unwrap());
}

/// A mailed secret is good once, for its purpose, in its time.
pub async fn a_secret_is_good_once(store: &(impl Store + ?Sized)) {
    let secret = |number: u32| OneTimeRow {
        digest: digest(number),
        purpose: OneTimeUse::BookingRecovery,
        subject: format!("subject {number}"),
        expires_at: start() + TimeDelta::minutes(15),
    };
    for number in 1..4 {
        store.add_one_time(secret(number), None).await.unwrap();
    }
    let purpose = OneTimeUse::BookingRecovery;
    let other = store
        .use_one_time(digest(1), OneTimeUse::PasswordReset, start())
        .await
        .unwrap();
    assert_eq!(other, None);
    let first = store
        .use_one_time(digest(1), purpose, start())
        .await
        .unwrap();
    assert_eq!(first.as_deref(), Some("subject 1"));
    assert_eq!(
        store
            .use_one_time(digest(1), purpose, start())
            .await
            .unwrap(),
        None
    );
    let late = start() + TimeDelta::minutes(15);
    assert_eq!(
        store.use_one_time(digest(2), purpose, late).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .use_one_time(digest(9), purpose, start())
            .await
            .unwrap(),
        None
    );
}

/// A named key is made once and stays.
pub async fn a_key_is_made_once(store: &(impl Store + ?Sized)) {
    assert_eq!(store.secret_key("tickets", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.secret_key("tickets", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.secret_key("guests", [3; 32]).await.unwrap(), [3; 32]);
}

/// Erasing an account removes the person, their sessions and their secrets, and frees the e-mail.
pub async fn an_erased_account_leaves_nothing(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    open(store, session(1, 1)).await;
    let reset = OneTimeRow {
        digest: digest(5),
        purpose: OneTimeUse::PasswordReset,
        subject: user_id(1).to_string(),
        expires_at: start() + TimeDelta::hours(1),
    };
    store.add_one_time(reset, None).await.unwrap();
    store.delete_user(user_id(1), start()).await.unwrap();
    assert!(store.user(user_id(1)).await.unwrap().is_none());
    assert!(
        store
            .user_by_email("a@example.org")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store.session_by_access(digest(100), start()).await.unwrap(),
        None
    );
    assert_eq!(rotate(store, 101, 1, 2, start()).await, Rotation::Unknown);
    let used = store
        .use_one_time(digest(5), OneTimeUse::PasswordReset, start())
        .await
        .unwrap();
    assert_eq!(used, None);
    assert!(store.add_user(user(2, "A@example.org")).await.unwrap());
    // Once more, and for somebody who was never there, is no error.
    store.delete_user(user_id(1), start()).await.unwrap();
}

fn booking(number: u32, owner: Owner) -> HoldSeats {
    let price = Money::new(1500, Currency::new(*b"EUR"));
    let id = time_ordered(start().timestamp_millis(), bytes(20, number));
    let booking = BookingRow {
        booking_id: BookingId::from_parts(theater_id(1), id),
        reference: Reference::from_random((u128::from(number) * 7 + 1).to_be_bytes()),
        show_id: show_id(1, 1),
        owner,
        caller: bytes(23, number),
        state: BookingState::hold(start(), TimeDelta::minutes(8)),
        seats: vec![BookedSeat {
            seat: SeatNo(number as u16),
            ticket_type: "standard".into(),
            price_minor: 1500,
            cancelled: false,
            seating: 0,
        }],
        total: price,
        lines: vec![],
        advice: vec![],
        promo: None,
        channel: matinee_domain::channel::SaleChannel::Web,
        created_at: start(),
        version: 1,
        test: false,
    };
    HoldSeats {
        booking,
        limits: HoldLimits {
            unpaid_seats: None,
            expiries: None,
        },
        idempotency: None,
        only_if_version: None,
        now: start(),
    }
}

fn guest(email: &str) -> Owner {
    Owner::Guest {
        email: Some(email.into()),
    }
}

/// Bookings of a guest become the account's once it is verified, in any spelling of the e-mail, and only they.
pub async fn a_verified_email_brings_its_bookings(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    store.add_user(user(1, "Aino@example.org")).await.unwrap();
    let owners = [
        guest("aino@EXAMPLE.org"),
        guest("other@example.org"),
        guest("Aino@example.org"),
        Owner::Guest { email: None },
    ];
    for (number, owner) in owners.into_iter().enumerate() {
        let held = store
            .hold_seats(booking(number as u32, owner))
            .await
            .unwrap();
        assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    }
    assert!(
        store
            .bookings_of(user_id(1), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    store.verify_email(user_id(1)).await.unwrap();
    assert!(
        store
            .user(user_id(1))
            .await
            .unwrap()
            .unwrap()
            .email_verified
    );
    let mine = store.bookings_of(user_id(1), None, 10).await.unwrap();
    let mut seats: Vec<u16> = mine
        .iter()
        .map(|file| file.booking.seats[0].seat.0)
        .collect();
    seats.sort_unstable();
    assert_eq!(seats, [0, 2]);
    assert!(
        mine.iter()
            .all(|file| file.booking.owner == Owner::User(user_id(1)))
    );
    // A change decided before must be decided again.
    assert!(mine.iter().all(|file| file.booking.version == 2));
}

/// What an erased person bought stays, as nobody's, and no message goes to them any more.
pub async fn an_erased_account_leaves_its_bookings(store: &(impl Store + ?Sized)) {
    apply(store, catalog()).await;
    store.add_user(user(1, "a@example.org")).await.unwrap();
    let mut hold = booking(0, Owner::User(user_id(1)));
    // A use of a code that counts for the person counts for nobody afterwards.
    let code = matinee_domain::promo::Promo {
        uses_per_customer: Some(1),
        ..super::bookings::promo::promo("ONCE", None)
    };
    hold.booking.promo = Some(code.code.clone());
    let added = store.add_promo(theater_id(1), code, start()).await;
    assert!(added.unwrap());
    let id = hold.booking.booking_id;
    store.hold_seats(hold).await.unwrap();
    let about = |number: u32, booking_id: Option<BookingId>| NewMessage {
        notification_id: NotificationId::from_bytes(bytes(27, number)),
        booking_id,
        kind: "recovery".into(),
        channel: "email".into(),
        recipient: "A@example.org".into(),
        payload: "{\"name\":\"Aino\"}".into(),
        created_at: start(),
    };
    for (number, booking_id) in [(1, Some(id)), (2, None)] {
        let secret = OneTimeRow {
            digest: digest(number),
            purpose: OneTimeUse::BookingRecovery,
            subject: id.to_string(),
            expires_at: start() + TimeDelta::minutes(15),
        };
        store
            .add_one_time(secret, Some(about(number, booking_id)))
            .await
            .unwrap();
    }
    let mut rest = vec![about(4, Some(id)), about(5, Some(id))];
    rest.extend((6..).zip(FOR_PROGRAMS).map(|(number, channel)| NewMessage {
        channel: channel.into(),
        ..about(number, Some(id))
    }));
    assert_eq!(store.add_messages(rest).await.unwrap(), 6);
    let quotes = "550 <a@example.org>: no such user".to_owned();
    let told = |number| NotificationId::from_bytes(bytes(27, number));
    let failed = store.message_failed(told(4), None, quotes.clone());
    failed.await.unwrap();
    let later = start() + TimeDelta::hours(1);
    let again = store.message_failed(told(5), Some(later), quotes);
    again.await.unwrap();
    store.message_sent(told(5), start()).await.unwrap();
    store.delete_user(user_id(1), start()).await.unwrap();
    let file = store.booking(id).await.unwrap().unwrap();
    assert_eq!(file.booking.owner, Owner::Guest { email: None });
    assert_eq!(file.booking.seats.len(), 1);
    let late = start() + TimeDelta::minutes(1);
    assert!(
        store
            .claim_messages("email", start(), late, 10)
            .await
            .unwrap()
            .is_empty()
    );
    // What goes to programs is not about the person and stays.
    assert_eq!(store.message_counts().await.unwrap(), (4, 1, 3));
    let all = crate::outbox::MessageQuery {
        limit: 99,
        ..Default::default()
    };
    for row in store.messages(all).await.unwrap() {
        let about_nobody = row.recipient.is_empty() || FOR_PROGRAMS.contains(&row.channel.as_str());
        assert!(about_nobody, "{row:?}");
        assert!(!format!("{:?}", row.last_error).contains('@'), "{row:?}");
    }
    assert_eq!(store.verify(start()).await.unwrap().violations, vec![]);
}

/// A mailed secret and its message are one commit.
pub async fn a_secret_goes_out_with_its_message(store: &(impl Store + ?Sized)) {
    let secret = OneTimeRow {
        digest: digest(1),
        purpose: OneTimeUse::PasswordReset,
        subject: user_id(1).to_string(),
        expires_at: start() + TimeDelta::minutes(15),
    };
    let message = NewMessage {
        notification_id: NotificationId::from_bytes(bytes(27, 1)),
        booking_id: None,
        kind: "password_reset".into(),
        channel: "email".into(),
        recipient: "a@example.org".into(),
        payload: "{}".into(),
        created_at: start(),
    };
    store
        .add_one_time(secret.clone(), Some(message.clone()))
        .await
        .unwrap();
    // The same secret again fails as a whole: no second message.
    let again = NewMessage {
        notification_id: NotificationId::from_bytes(bytes(27, 2)),
        ..message.clone()
    };
    assert!(store.add_one_time(secret, Some(again)).await.is_err());
    let claimed = store
        .claim_messages("email", start(), start() + TimeDelta::minutes(1), 10)
        .await
        .unwrap();
    assert_eq!(
        claimed.iter().map(|c| &c.message).collect::<Vec<_>>(),
        [&message]
    );
}

/// Registering is all or nothing: nobody is left with an account that cannot be verified or signed in to.
pub async fn a_registration_is_one_commit(store: &(impl Store + ?Sized)) {
    let verification = |number: u32| {
        let secret = OneTimeRow {
            digest: digest(number),
            purpose: OneTimeUse::EmailVerification,
            subject: user_id(number).to_string(),
            expires_at: start() + TimeDelta::days(7),
        };
        let message = NewMessage {
            notification_id: NotificationId::from_bytes(bytes(27, number)),
            booking_id: None,
            kind: "email_verification".into(),
            channel: "email".into(),
            recipient: format!("{number}@example.org"),
            payload: "{}".into(),
            created_at: start(),
        };
        (secret, message)
    };
    let register = |number: u32, email: &str, session_of: u32| {
        store.register(
            user(number, email),
            verification(number),
            session(session_of, number),
        )
    };
    assert!(register(1, "a@example.org", 1).await.unwrap());
    assert!(!register(2, "A@example.org", 2).await.unwrap());
    // The session is somebody else's already: the account is not made either.
    assert!(register(3, "c@example.org", 1).await.is_err());
    assert!(
        store
            .user_by_email("c@example.org")
            .await
            .unwrap()
            .is_none()
    );
    assert!(register(3, "c@example.org", 3).await.unwrap());
    let claimed = store
        .claim_messages("email", start(), start() + TimeDelta::minutes(1), 10)
        .await
        .unwrap();
    let mut to: Vec<_> = claimed
        .iter()
        .map(|claimed| claimed.message.recipient.as_str())
        .collect();
    to.sort_unstable();
    assert_eq!(to, ["1@example.org", "3@example.org"]);
    for number in [1, 3] {
        let purpose = OneTimeUse::EmailVerification;
        let subject = store.use_one_time(digest(number), purpose, start()).await;
        assert_eq!(subject.unwrap(), Some(user_id(number).to_string()));
        let session = store
            .session_by_access(session(number, number).access, start())
            .await
            .unwrap();
        assert_eq!(session.unwrap().user_id, user_id(number));
    }
}

/// Of several that would be the first administrator at once one is, and nothing of the others is kept.
pub async fn the_first_administrator_is_made_once(store: &(impl Store + ?Sized)) {
    assert!(store.add_user(user(9, "taken@example.org")).await.unwrap());
    assert!(!store.has_admin().await.unwrap());
    let make = |number: u32, email: &str| {
        let user = UserRow {
            role: Role::Admin,
            ..user(number, email)
        };
        let secret = OneTimeRow {
            digest: digest(100 + number),
            purpose: OneTimeUse::EmailVerification,
            subject: user.user_id.to_string(),
            expires_at: start() + TimeDelta::days(7),
        };
        let message = NewMessage {
            notification_id: NotificationId::from_bytes(bytes(9, 100 + number)),
            booking_id: None,
            kind: "email_verification".into(),
            channel: "email".into(),
            recipient: user.email.clone(),
            payload: "{}".into(),
            created_at: start(),
        };
        store.set_up(user, (secret, message), session(number, number))
    };
    let taken = make(1, "Taken@example.org").await.unwrap();
    assert_eq!(taken, SetUp::EmailTaken);
    assert!(!store.has_admin().await.unwrap());
    let (one, other, third) = tokio::join!(
        make(1, "1@example.org"),
        make(2, "2@example.org"),
        make(3, "3@example.org")
    );
    let mut outcomes = vec![one.unwrap(), other.unwrap(), third.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != SetUp::Done);
    assert_eq!(outcomes, [SetUp::Done, SetUp::NotFirst, SetUp::NotFirst]);
    assert!(store.has_admin().await.unwrap());
    let mut made = 0;
    for number in 1..=3 {
        let (found, secret) = tokio::join!(
            store.user(user_id(number)),
            store.one_time_subject(digest(100 + number), OneTimeUse::EmailVerification, start())
        );
        let found = found.unwrap();
        assert_eq!(found.is_some(), secret.unwrap().is_some());
        made += u32::from(found.is_some_and(|user| user.role == Role::Admin));
    }
    assert_eq!(made, 1);
    let late = make(4, "4@example.org").await.unwrap();
    assert_eq!(late, SetUp::NotFirst);
}
