//! From the one message that is written with a change to all that want to hear of it: phones, browsers, devices,
//! integrators.
//!
//! It happens when the message is delivered, so that selling writes one row however many listen. Each copy has an id
//! made from the first message's and its recipient, is written once, and lives and fails by itself.

use super::{
    kind::Kind,
    people::{self, Named, id_from},
};
use crate::app::App;
use chrono::{DateTime, Utc};
use matinee_domain::ids::NotificationId;
use matinee_integrations::channels::Medium;
use matinee_store::{StoreError, outbox::NewMessage};

/// Writes the copies of a message that do not stand there yet.
pub async fn spread(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if kind.holds_a_secret() || message.channel != Medium::Email.name() {
        return Ok(());
    }
    let mut copies = of_user(app, message, kind, now).await?;
    copies.extend(of_integrators(app, message, kind, now).await?);
    app.store.add_messages(copies).await.map(drop)
}

async fn of_user(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Vec<NewMessage>, StoreError> {
    let Some(Named::User(user_id)) = Named::of(&message.recipient) else {
        return Ok(Vec::new());
    };
    let Some(user) = app.store.user(user_id).await? else {
        return Ok(Vec::new());
    };
    let mut copies = Vec::new();
    let wanted = |medium| app.channels.has(medium) && people::wants(&user, kind, medium);
    if wanted(Medium::Sms) && people::phone(&user.profile.phone).is_some() {
        copies.push(copy(message, Medium::Sms, message.recipient.clone(), now));
    }
    if user.profile.notify_push {
        for row in app.store.subscriptions(user_id).await? {
            let medium = row.channel.parse().ok().filter(|medium| wanted(*medium));
            let to = people::names_subscription(row.subscription_id);
            copies.extend(medium.map(|medium| copy(message, medium, to, now)));
        }
    }
    Ok(copies)
}

async fn of_integrators(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Vec<NewMessage>, StoreError> {
    if kind.event().is_none() {
        return Ok(Vec::new());
    }
    let hooks = app.store.webhooks().await?;
    let wanted = hooks.iter().filter(|hook| {
        // Also what is meant for a stopped one: it is given up in its turn, and can be sent again.
        hook.kinds.is_empty() || hook.kinds.iter().any(|name| name == kind.name())
    });
    let copies = wanted.map(|hook| {
        let to = people::names_webhook(hook.webhook_id);
        copy(message, Medium::Webhook, to, now)
    });
    Ok(copies.collect())
}

fn copy(message: &NewMessage, medium: Medium, recipient: String, now: DateTime<Utc>) -> NewMessage {
    let parent = message.notification_id.as_bytes();
    let id = id_from(&[
        b"copy",
        parent,
        medium.name().as_bytes(),
        recipient.as_bytes(),
    ]);
    NewMessage {
        notification_id: NotificationId::from_bytes(id),
        channel: medium.name().into(),
        recipient,
        created_at: now,
        ..message.clone()
    }
}
