//! Who gets a message, and what they chose.

use super::{DeliveryError, kind::Kind};
use crate::app::App;
use matinee_domain::ids::{SubscriptionId, UserId, WebhookId};
use matinee_integrations::channels::{Medium, Recipient, SendError, webhook::Target};
use matinee_store::{
    StoreError,
    accounts::UserRow,
    outbox::NewMessage,
    subscribers::{SubscriptionRow, WebhookRow},
};
use sha2::{Digest as _, Sha256};

/// Whom a message's row names.
pub enum Named {
    /// An address that stands in the row.
    Address(String),
    User(UserId),
    Subscription(SubscriptionId),
    Webhook(WebhookId),
    /// The outlet of the row's channel.
    Outlet,
}

impl Named {
    /// Reads a row's recipient; `None` for one that cannot be read, or an erased person's.
    pub fn of(recipient: &str) -> Option<Self> {
        Some(match recipient.split_once(':') {
            Some(("user", id)) => Self::User(id.parse().ok()?),
            Some(("subscription", id)) => Self::Subscription(id.parse().ok()?),
            Some(("webhook", id)) => Self::Webhook(id.parse().ok()?),
            Some(("outlet", _)) => Self::Outlet,
            _ if recipient.is_empty() => return None,
            _ => Self::Address(recipient.to_owned()),
        })
    }
}

/// As a message's row names a subscription.
pub fn names_subscription(id: SubscriptionId) -> String {
    format!("subscription:{id}")
}

/// As a message's row names a webhook.
pub fn names_webhook(id: WebhookId) -> String {
    format!("webhook:{id}")
}

/// As a message's row names an outlet.
pub fn names_outlet(medium: Medium) -> String {
    format!("outlet:{medium}")
}

/// Whom a message reaches now.
pub struct Reached {
    pub to: Recipient,
    /// The account, when there is one.
    pub user: Option<UserRow>,
}

/// Finds out where a message goes now. `None` when nobody wants it there (any more); an error when it may be wanted again.
pub(super) async fn reach(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    medium: Medium,
) -> Result<Option<Reached>, DeliveryError> {
    let Some(named) = Named::of(&message.recipient) else {
        return Ok(None);
    };
    let (to, user) = match named {
        Named::Address(address) => {
            let to = if medium == Medium::Email {
                Some(Recipient::Mailbox(address))
            } else {
                None
            };
            (to, None)
        }
        Named::User(user_id) => match app.store.user(user_id).await? {
            Some(user) if wants(&user, kind, medium) => (of_user(&user, medium), Some(user)),
            _ => (None, None),
        },
        Named::Subscription(id) => of_subscription(app, id, kind, medium).await?,
        Named::Webhook(id) => (of_webhook(app, id).await?, None),
        Named::Outlet => {
            let booking = message.booking_id.map(|id| id.to_string());
            (booking.map(|booking| Recipient::Outlet { booking }), None)
        }
    };
    Ok(to.map(|to| Reached { to, user }))
}

/// Whether a person wants messages of this kind there.
pub fn wants(user: &UserRow, kind: Kind, medium: Medium) -> bool {
    let chosen = match medium {
        Medium::Email => user.profile.notify_email || kind.is_told_in_any_case(),
        Medium::Sms => user.profile.notify_sms,
        Medium::WebPush | Medium::Fcm | Medium::Apns | Medium::App => user.profile.notify_push,
        Medium::Webhook | Medium::Kafka | Medium::Nats | Medium::Sqs => false,
    };
    chosen && (kind != Kind::Reminder || user.profile.notify_reminder)
}

fn of_user(user: &UserRow, medium: Medium) -> Option<Recipient> {
    match medium {
        Medium::Email => Some(Recipient::Mailbox(user.email.clone())),
        Medium::Sms => phone(&user.profile.phone).map(Recipient::Phone),
        _ => None,
    }
}

/// A phone number in E.164 form, if it says its country: `+49 (30) 123-456` is `+4930123456`. The `(0)` in
/// `+49 (0)30 123456` is dialled only inside the country.
pub fn phone(written: &str) -> Option<String> {
    let rest = written.trim().strip_prefix('+')?.replace("(0)", "");
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let fits = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
    fits.then(|| format!("+{digits}"))
}

async fn of_subscription(
    app: &App,
    id: SubscriptionId,
    kind: Kind,
    medium: Medium,
) -> Result<(Option<Recipient>, Option<UserRow>), StoreError> {
    let Some(row) = app.store.subscription(id).await? else {
        return Ok((None, None));
    };
    let user = app.store.user(row.user_id).await?;
    let Some(user) = user.filter(|user| wants(user, kind, medium)) else {
        return Ok((None, None));
    };
    Ok((of_row(&row, medium), Some(user)))
}

fn of_row(row: &SubscriptionRow, medium: Medium) -> Option<Recipient> {
    if row.channel != medium.name() {
        return None;
    }
    match medium {
        Medium::WebPush => serde_json::from_str(&row.address)
            .ok()
            .map(Recipient::Browser),
        Medium::Fcm | Medium::Apns | Medium::App => {
            let device: Device = serde_json::from_str(&row.address).ok()?;
            Some(Recipient::Device(device.token))
        }
        _ => None,
    }
}

/// How a device is kept.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Device {
    pub token: String,
}

/// What a stopped webhook does not get is given up and not dropped: it is sent again once its receiver is back.
async fn of_webhook(app: &App, id: WebhookId) -> Result<Option<Recipient>, DeliveryError> {
    let hooks = app.store.webhooks().await?;
    let Some(row) = hooks.into_iter().find(|row| row.webhook_id == id) else {
        return Ok(None);
    };
    if let Some(why) = &row.stopped {
        return Err(SendError::Unsendable(format!("the webhook is stopped: {why}")).into());
    }
    Ok(Some(Recipient::Hook(target(app, &row))))
}

fn target(app: &App, row: &WebhookRow) -> Target {
    let mut secrets =
        vec![webhook_secret(&app.channels.webhook_key, row.webhook_id, row.generation).to_vec()];
    if row
        .previous_until
        .is_some_and(|until| app.clock.now() < until)
    {
        let before = row.generation.saturating_sub(1);
        secrets.push(webhook_secret(&app.channels.webhook_key, row.webhook_id, before).to_vec());
    }
    Target {
        url: row.url.clone(),
        secrets,
    }
}

/// What a webhook is signed with: made from the database's key, so that it is kept nowhere.
pub fn webhook_secret(key: &[u8; 32], id: WebhookId, generation: u32) -> [u8; 32] {
    use hmac::{Hmac, Mac as _};
    // A key of any length is taken.
    let mut mac =
        <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).unwrap_or_else(|_| unreachable!());
    mac.update(b"matinee webhook 1");
    mac.update(id.as_bytes());
    mac.update(&generation.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// An id made from what a message is about: the same message is the same row, however often it is tried to write it.
pub fn id_from(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_has_to_say_its_country() {
        for written in [" +49 (30) 123-456 ", "+49 (0)30 123456", "+49(0) 30/123456"] {
            assert_eq!(phone(written).as_deref(), Some("+4930123456"), "{written}");
        }
        for wrong in [
            "",
            "030 123456",
            "+49",
            "+0301234567",
            "0049 30 123456",
            "+49301234567890123",
        ] {
            assert_eq!(phone(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_made_of_all_parts() {
        assert_eq!(id_from(&[b"ab", b"c"]), id_from(&[b"ab", b"c"]));
        assert_ne!(id_from(&[b"ab", b"c"]), id_from(&[b"a", b"bc"]));
    }

    #[test]
    fn what_is_not_about_people_is_the_same_everywhere() {
        let all = Medium::ALL.into_iter();
        let programs = all.filter(|medium| medium.is_for_programs());
        let programs: Vec<_> = programs.map(Medium::name).collect();
        assert_eq!(programs, matinee_store::outbox::FOR_PROGRAMS);
    }

    #[test]
    fn a_webhooks_secret_is_its_own() {
        let id = |byte| WebhookId::from_bytes([byte; 16]);
        let secret = webhook_secret(&[1; 32], id(1), 1);
        assert_eq!(secret, webhook_secret(&[1; 32], id(1), 1));
        for other in [
            webhook_secret(&[2; 32], id(1), 1),
            webhook_secret(&[1; 32], id(2), 1),
            webhook_secret(&[1; 32], id(1), 2),
        ] {
            assert_ne!(secret, other);
        }
    }
}
