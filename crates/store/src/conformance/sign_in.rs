//! Ways to sign in beside a password: what was begun ends once, an identity is one person's, no code is good twice.

use super::{
    accounts::{digest, open, session, user, user_id},
    fixtures::start,
};
use crate::{
    Store,
    accounts::{PasswordBy, Role},
    sign_in::{FlowKind, FlowRow, IdentityRow, PASSKEYS_MAX, PasskeyRow},
    subscribers::SubscriptionRow,
};
use chrono::TimeDelta;
use matinee_domain::ids::SubscriptionId;

fn flow(number: u32) -> FlowRow {
    FlowRow {
        digest: digest(number),
        kind: FlowKind::Provider,
        body: format!("{{\"number\":{number}}}"),
        expires_at: start() + TimeDelta::minutes(10),
    }
}

/// What was begun ends once, as what it was, in its time; what ran out makes room.
pub async fn a_flow_ends_once(store: &(impl Store + ?Sized)) {
    for number in 1..3 {
        store.begin_flow(flow(number), start()).await.unwrap();
    }
    let end = |number, kind, now| store.end_flow(digest(number), kind, now);
    let other = end(1, FlowKind::Handoff, start()).await.unwrap();
    assert_eq!(other, None);
    let body = end(1, FlowKind::Provider, start()).await.unwrap();
    assert_eq!(body.as_deref(), Some("{\"number\":1}"));
    assert_eq!(end(1, FlowKind::Provider, start()).await.unwrap(), None);
    let late = start() + TimeDelta::minutes(10);
    assert_eq!(end(2, FlowKind::Provider, late).await.unwrap(), None);
    store.begin_flow(flow(3), late).await.unwrap();
    // The second one was forgotten when the third began, so that its digest is free again.
    store.begin_flow(flow(2), start()).await.unwrap();
    assert!(store.begin_flow(flow(2), start()).await.is_err());
}

fn identity(subject: &str, owner: u32) -> IdentityRow {
    IdentityRow {
        issuer: "https://id.example".into(),
        subject: subject.into(),
        user_id: user_id(owner),
        email: "a@example.org".into(),
        linked_at: start(),
    }
}

/// An identity is one person's, however often it is linked; it goes with them.
pub async fn an_identity_is_one_persons(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    assert!(store.link_identity(identity("x", 1)).await.unwrap());
    assert!(!store.link_identity(identity("x", 2)).await.unwrap());
    let found = store.user_by_identity("https://id.example", "x").await;
    assert_eq!(found.unwrap().unwrap().user_id, user_id(1));
    let other = store.user_by_identity("https://other.example", "x").await;
    assert!(other.unwrap().is_none());
    let kept = store.identities_of(user_id(1)).await.unwrap();
    assert_eq!(kept, [identity("x", 1)]);
    // Another person of the same provider, whatever their address; another provider's is welcome.
    assert!(!store.link_identity(identity("y", 1)).await.unwrap());
    let elsewhere = IdentityRow {
        issuer: "https://other.example".into(),
        ..identity("y", 1)
    };
    assert!(store.link_identity(elsewhere).await.unwrap());
    assert!(store.link_identity(identity("y", 2)).await.unwrap());
    store.delete_user(user_id(1), start()).await.unwrap();
    store.add_user(user(3, "c@example.org")).await.unwrap();
    assert!(store.link_identity(identity("x", 3)).await.unwrap());
}

/// A person comes with an identity, or not at all.
pub async fn a_person_comes_with_an_identity(store: &(impl Store + ?Sized)) {
    let mut first = user(1, "a@example.org");
    first.email_verified = true;
    let add = |row, identity| store.add_user_with_identity(row, identity);
    assert!(add(first, identity("x", 1)).await.unwrap());
    // The e-mail is taken.
    let again = add(user(2, "A@example.org"), identity("y", 2)).await;
    assert!(!again.unwrap());
    // The identity is: the user is not there either.
    assert!(
        !add(user(3, "c@example.org"), identity("x", 3))
            .await
            .unwrap()
    );
    assert!(store.user(user_id(3)).await.unwrap().is_none());
    assert!(store.identities_of(user_id(2)).await.unwrap().is_empty());
}

const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// A generator counts from its first right code on; codes and recovery codes are good once.
pub async fn no_code_is_good_twice(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    for number in [1, 2] {
        open(store, session(number, 1)).await;
    }
    let me = user_id(1);
    assert!(
        !store
            .begin_second_factor(user_id(9), [1; 20])
            .await
            .unwrap()
    );
    assert!(store.begin_second_factor(me, [1; 20]).await.unwrap());
    assert!(store.begin_second_factor(me, [2; 20]).await.unwrap());
    let kept = store.second_factor(me).await.unwrap().unwrap();
    assert_eq!((kept.secret, kept.confirmed_at), ([2; 20], None));
    let codes = vec![digest(1), digest(2)];
    let confirm = |step| {
        store.confirm_second_factor(me, step, codes.clone(), session(1, 1).session_id, start())
    };
    assert!(confirm(100).await.unwrap());
    assert!(!confirm(101).await.unwrap(), "it is confirmed");
    assert!(!store.begin_second_factor(me, [3; 20]).await.unwrap());
    // The session that showed it stays and knows; the other is over.
    let rows = store.sessions_of(me, start()).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.session_id, row.second_factor))
        .collect();
    assert_eq!(rows, [(session(1, 1).session_id, true)]);
    for (step, good) in [(100, false), (99, false), (101, true), (101, false)] {
        assert_eq!(store.take_step(me, step).await.unwrap(), good, "{step}");
    }
    for (code, good) in [(1, true), (1, false), (9, false)] {
        let taken = store.take_recovery_code(me, digest(code)).await.unwrap();
        assert_eq!(taken, good, "{code}");
    }
    let kept = store.second_factor(me).await.unwrap().unwrap();
    assert_eq!((kept.recovery_codes, kept.last_step), (1, 101));
    assert_eq!(kept.confirmed_at, Some(start()));
    store.remove_second_factor(me).await.unwrap();
    assert!(store.second_factor(me).await.unwrap().is_none());
    assert!(store.sessions_of(me, start()).await.unwrap().is_empty());
}

/// Guessing codes ends in a pause, also for guesses made at once; a right code ends the count.
pub async fn guessing_codes_ends_in_a_pause(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    let me = user_id(1);
    let attempt = |now| store.try_second_factor(me, now, 3, PAUSE);
    assert!(attempt(start()).await.unwrap().is_none(), "there is none");
    store.begin_second_factor(me, [1; 20]).await.unwrap();
    for tries in 1..=3 {
        let row = attempt(start()).await.unwrap().unwrap();
        assert_eq!(row.tries, tries);
    }
    assert!(attempt(start()).await.unwrap().is_none());
    let later = start() + PAUSE;
    assert_eq!(attempt(later).await.unwrap().unwrap().tries, 4);
    assert!(attempt(later).await.unwrap().is_none(), "one per pause");
    assert!(store.take_step(me, 7).await.unwrap());
    assert_eq!(attempt(later).await.unwrap().unwrap().tries, 1);
}

fn passkey(number: u32, owner: u32) -> PasskeyRow {
    PasskeyRow {
        credential: digest(number).to_vec(),
        user_id: user_id(owner),
        name: format!("key {number}"),
        body: "{\"counter\":1}".into(),
        created_at: start() + TimeDelta::seconds(number.into()),
        used_at: None,
    }
}

/// A passkey is one person's, is used from the state it was read in, and goes when its owner says so.
pub async fn a_passkey_is_one_persons(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    assert!(store.add_passkey(passkey(1, 1)).await.unwrap());
    assert!(!store.add_passkey(passkey(1, 2)).await.unwrap());
    let key = store.passkey(&digest(1)).await.unwrap().unwrap();
    assert_eq!(key, passkey(1, 1));
    let next = "{\"counter\":2}".to_owned();
    let used = |before: PasskeyRow| {
        let next = next.clone();
        async move { store.passkey_used(&before, next, start()).await.unwrap() }
    };
    assert!(used(key.clone()).await);
    assert!(!used(key).await, "it was used meanwhile");
    let kept = store.passkeys_of(user_id(1)).await.unwrap();
    assert_eq!((kept.len(), kept[0].used_at), (1, Some(start())));
    assert_eq!(kept[0].body, next);
    let credential = digest(1);
    assert!(!store.remove_passkey(user_id(2), &credential).await.unwrap());
    assert!(store.remove_passkey(user_id(1), &credential).await.unwrap());
    for number in 1..=PASSKEYS_MAX {
        assert!(store.add_passkey(passkey(number, 1)).await.unwrap());
    }
    assert!(!store.add_passkey(passkey(100, 1)).await.unwrap());
    store.delete_user(user_id(1), start()).await.unwrap();
    assert!(store.passkey(&digest(2)).await.unwrap().is_none());
}

/// What opens or hears the account of person 1, all at once.
async fn set_up(store: &(impl Store + ?Sized), verified: bool, role: Role) {
    let mut person = user(1, "a@example.org");
    (person.email_verified, person.role) = (verified, role);
    person.profile.notify_sms = true;
    store.add_user(person).await.unwrap();
    let me = user_id(1);
    assert!(store.add_passkey(passkey(1, 1)).await.unwrap());
    assert!(store.link_identity(identity("x", 1)).await.unwrap());
    assert!(store.begin_second_factor(me, [1; 20]).await.unwrap());
    let codes = vec![digest(1)];
    let confirmed = store.confirm_second_factor(me, 1, codes, [9; 16], start());
    assert!(confirmed.await.unwrap());
    let subscription = SubscriptionRow {
        subscription_id: SubscriptionId::from_bytes([1; 16]),
        user_id: me,
        channel: "web_push".into(),
        address: "{}".into(),
        created_at: start(),
    };
    assert!(store.save_subscription(subscription, 9).await.unwrap());
    open(store, session(1, 1)).await;
}

/// What is left of it beside the password: passkeys, identities, a generator, recovery codes, subscriptions, whether there
/// is a phone or SMS is switched on.
async fn left(store: &(impl Store + ?Sized)) -> (usize, usize, bool, bool, usize, bool) {
    let me = user_id(1);
    assert!(store.sessions_of(me, start()).await.unwrap().is_empty());
    let user = store.user(me).await.unwrap().unwrap();
    assert_eq!(user.password_hash, "$argon2id$new");
    (
        store.passkeys_of(me).await.unwrap().len(),
        store.identities_of(me).await.unwrap().len(),
        store.second_factor(me).await.unwrap().is_some(),
        store.take_recovery_code(me, digest(1)).await.unwrap(),
        store.subscriptions(me).await.unwrap().len(),
        user.profile.notify_sms || !user.profile.phone.is_empty(),
    )
}

/// A new password by mail ends passkeys, and what was set up before the address was known to be theirs; the address is
/// confirmed then. Passkeys and generator of staff stay: a mailbox alone does not open their account, and nobody could add any
/// to it with a password alone.
pub async fn a_new_password_leaves_no_other_way_in(store: &(impl Store + ?Sized)) {
    let new = "$argon2id$new".to_owned();
    let mail = || store.set_password(user_id(1), new.clone(), PasswordBy::Mail);
    for (verified, role, expected) in [
        (false, Role::Customer, (0, 1, false, false, 0, false)),
        (false, Role::Admin, (1, 1, true, true, 0, false)),
        (true, Role::Customer, (0, 1, true, true, 1, true)),
        (true, Role::Admin, (1, 1, true, true, 1, true)),
    ] {
        set_up(store, verified, role).await;
        mail().await.unwrap();
        assert_eq!(left(store).await, expected, "{verified} {role:?}");
        let kept = store.user(user_id(1)).await.unwrap().unwrap();
        assert!(kept.email_verified && kept.role == role);
        store.delete_user(user_id(1), start()).await.unwrap();
    }
    // Nobody's password changes nothing.
    mail().await.unwrap();
}

/// Whom the operator makes an administrator has the new password and nothing else that was there before.
pub async fn an_administrator_has_one_way_in(store: &(impl Store + ?Sized)) {
    for verified in [false, true] {
        set_up(store, verified, Role::Customer).await;
        let new = "$argon2id$new".to_owned();
        let set = store.set_password(user_id(1), new, PasswordBy::Operator);
        set.await.unwrap();
        assert_eq!(left(store).await, (0, 0, false, false, 0, verified));
        let kept = store.user(user_id(1)).await.unwrap().unwrap();
        assert_eq!((kept.role, kept.email_verified), (Role::Admin, verified));
        store.delete_user(user_id(1), start()).await.unwrap();
    }
}
