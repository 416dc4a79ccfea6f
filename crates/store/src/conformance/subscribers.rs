//! What every engine keeps of browsers, devices and integrators.

use super::{
    accounts::{open, session, user, user_id},
    fixtures::{bytes, start},
};
use crate::{
    Store,
    subscribers::{SubscriptionRow, WebhookRow},
};
use chrono::TimeDelta;
use matinee_domain::ids::{SubscriptionId, WebhookId};

fn subscription(number: u32, of: u32) -> SubscriptionRow {
    SubscriptionRow {
        subscription_id: SubscriptionId::from_bytes(bytes(30, number)),
        user_id: user_id(of),
        channel: "web_push".into(),
        address: format!(r#"{{"endpoint":"https://push.example/{number}"}}"#),
        created_at: start() + TimeDelta::seconds(i64::from(number)),
    }
}

/// A browser is kept once, for whoever signed in on it last, and goes with its user.
pub async fn a_browser_belongs_to_one_user(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    for number in 1..=3 {
        assert!(
            store
                .save_subscription(subscription(number, 1), 9)
                .await
                .unwrap()
        );
    }
    assert!(
        !store
            .save_subscription(subscription(4, 7), 9)
            .await
            .unwrap()
    );
    let of = |number| store.subscriptions(user_id(number));
    assert_eq!(of(1).await.unwrap().len(), 3);
    assert!(of(1).await.unwrap() == [1, 2, 3].map(|number| subscription(number, 1)));
    // Somebody else signs in on the second.
    assert!(
        store
            .save_subscription(subscription(2, 2), 9)
            .await
            .unwrap()
    );
    assert!(of(1).await.unwrap() == [1, 3].map(|number| subscription(number, 1)));
    assert!(of(2).await.unwrap() == [subscription(2, 2)]);
    let second = subscription(2, 2).subscription_id;
    assert!(store.subscription(second).await.unwrap() == Some(subscription(2, 2)));
    assert!(!store.end_subscription(user_id(1), second).await.unwrap());
    assert!(store.end_subscription(user_id(2), second).await.unwrap());
    assert!(!store.end_subscription(user_id(2), second).await.unwrap());
    assert!(store.subscription(second).await.unwrap().is_none());
    store.delete_user(user_id(1), start()).await.unwrap();
    let first = subscription(1, 1).subscription_id;
    assert!(store.subscription(first).await.unwrap().is_none());
}

/// Of too many the oldest go.
pub async fn the_oldest_browsers_go(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    for number in 1..=5 {
        store
            .save_subscription(subscription(number, 1), 3)
            .await
            .unwrap();
    }
    let left = store.subscriptions(user_id(1)).await.unwrap();
    assert!(left == [3, 4, 5].map(|number| subscription(number, 1)));
}

/// An app may follow its own subscription while its session lives, and nobody else may.
pub async fn an_app_follows_its_own_while_it_is_signed_in(store: &(impl Store + ?Sized)) {
    store.add_user(user(1, "a@example.org")).await.unwrap();
    store.add_user(user(2, "b@example.org")).await.unwrap();
    open(store, session(1, 1)).await;
    open(store, session(2, 2)).await;
    let app = SubscriptionRow {
        channel: "app".into(),
        ..subscription(1, 1)
    };
    let browser = subscription(2, 1);
    for row in [app.clone(), browser.clone()] {
        assert!(store.save_subscription(row, 9).await.unwrap());
    }
    let may = async |row: &SubscriptionRow, of, with| {
        let (id, session) = (row.subscription_id, bytes(8, with));
        store.may_follow(id, user_id(of), session, start()).await
    };
    assert!(may(&app, 1, 1).await.unwrap());
    assert!(
        !may(&browser, 1, 1).await.unwrap(),
        "a browser is pushed to"
    );
    assert!(!may(&app, 2, 2).await.unwrap(), "it is another person's");
    assert!(!may(&app, 1, 2).await.unwrap(), "so is the session");
    let over = start() + TimeDelta::days(365);
    let may_then = store.may_follow(app.subscription_id, user_id(1), bytes(8, 1), over);
    assert!(!may_then.await.unwrap(), "it ran out");
    store.end_session(bytes(8, 1)).await.unwrap();
    assert!(!may(&app, 1, 1).await.unwrap(), "it ended");
    // Somebody else signs in there.
    let theirs = SubscriptionRow {
        user_id: user_id(2),
        ..app
    };
    assert!(store.save_subscription(theirs.clone(), 9).await.unwrap());
    assert!(may(&theirs, 2, 2).await.unwrap());
}

/// A webhook comes back as it was saved last.
pub async fn a_webhook_comes_back(store: &(impl Store + ?Sized)) {
    let webhook = |number: u32| WebhookRow {
        webhook_id: WebhookId::from_bytes(bytes(31, number)),
        url: format!("https://hooks.example/{number}"),
        kinds: vec!["confirmation".into(), "refund".into()],
        generation: 1,
        previous_until: None,
        stopped: None,
        created_at: start() + TimeDelta::seconds(i64::from(number)),
    };
    store.save_webhook(webhook(2)).await.unwrap();
    store.save_webhook(webhook(1)).await.unwrap();
    assert_eq!(store.webhooks().await.unwrap(), [webhook(1), webhook(2)]);
    let changed = WebhookRow {
        kinds: vec![],
        generation: 2,
        previous_until: Some(start() + TimeDelta::days(1)),
        stopped: Some("HTTP 410".into()),
        ..webhook(1)
    };
    store.save_webhook(changed.clone()).await.unwrap();
    assert_eq!(store.webhooks().await.unwrap(), [changed, webhook(2)]);
    assert!(store.remove_webhook(webhook(1).webhook_id).await.unwrap());
    assert!(!store.remove_webhook(webhook(1).webhook_id).await.unwrap());
    assert_eq!(store.webhooks().await.unwrap(), [webhook(2)]);
}
