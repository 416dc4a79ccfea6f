//! From the one message that is written with a change to all that want to hear of it: phones, browsers, devices,
//! integrators, outlets.
//!
//! It happens when the message is delivered, so that selling writes one row however many listen. Each copy has an id
//! made from the first message's and its recipient, is written once, and lives and fails by itself.

use super::{
    events::masked,
    kind::Kind,
    people::{self, Named, id_from},
};
use crate::app::App;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{JobReport, SaleError};
use matinee_domain::ids::NotificationId;
use matinee_integrations::channels::Medium;
use matinee_store::{
    StoreError,
    bookings::{BookingFile, NotificationRow},
    outbox::{MessageStatus, NewMessage},
};
use parking_lot::Mutex;

/// Writes the copies of a message that do not stand there yet.
pub async fn spread(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    file: Option<&BookingFile>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if kind.holds_a_secret() || message.channel != Medium::Email.name() {
        return Ok(());
    }
    let mut copies = of_user(app, message, kind, now).await?;
    copies.extend(of_programs(app, message, kind, file, now).await?);
    app.store.add_messages(copies).await.map(drop)
}

/// Messages looked at in one round.
const PAGE: u16 = 200;
/// How long a message may wait for its mail to be begun before programs hear of it all the same.
const PATIENCE: TimeDelta = TimeDelta::seconds(2);

/// For so long it is remembered that no program listens. One that is named meanwhile hears of what waits with the mail.
const NOBODY: TimeDelta = TimeDelta::seconds(10);

/// How far it was looked. In memory: after a restart it is gone over again in vain.
#[derive(Default)]
pub struct Ahead {
    until: Mutex<DateTime<Utc>>,
    /// When it was seen that no program listens.
    nobody: Mutex<Option<DateTime<Utc>>>,
}

impl Ahead {
    /// Somebody may want to hear. Where nobody does, the outbox is not asked every second for nothing.
    async fn somebody_listens(&self, app: &App, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if app.channels.outlets().next().is_some() {
            return Ok(true);
        }
        let seen = *self.nobody.lock();
        if seen.is_some_and(|seen| seen <= now && now < seen + NOBODY) {
            return Ok(false);
        }
        let nobody = app.store.webhooks().await?.is_empty();
        *self.nobody.lock() = nobody.then_some(now);
        Ok(!nobody)
    }
}

/// Tells programs what they would hear as soon as the mail is begun, when mail dawdles: they do not wait for it. What is
/// passed over here, they hear then.
pub async fn go_ahead(app: &App) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    if !app.ahead.somebody_listens(app, now).await? {
        return Ok(JobReport::default());
    }
    let (mail, after) = (Medium::Email.name(), *app.ahead.until.lock());
    let unbegun = app
        .store
        .unbegun_messages(mail, after, now - PATIENCE, PAGE);
    let mut report = JobReport::default();
    let unbegun = unbegun.await?;
    for message in &unbegun {
        let kind = message
            .kind
            .parse()
            .ok()
            .filter(|kind: &Kind| kind.event().is_some());
        if let (Some(kind), Some(booking_id)) = (kind, message.booking_id) {
            let Ok(on_file) = app.desk.on_file(booking_id).await else {
                report.failed += 1;
                continue;
            };
            let copies = of_programs(app, message, kind, Some(&on_file.file), now).await?;
            report.done += app.store.add_messages(copies).await?;
        }
    }
    if let Some(last) = unbegun.last() {
        // None was begun, so each is due when it was written.
        *app.ahead.until.lock() = last.created_at.max(after);
        report.more = unbegun.len() == usize::from(PAGE) && last.created_at > after;
    }
    Ok(report)
}

async fn of_programs(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    file: Option<&BookingFile>,
    now: DateTime<Utc>,
) -> Result<Vec<NewMessage>, StoreError> {
    let mut copies = of_integrators(app, message, kind, now).await?;
    if let Some(file) = file {
        copies.extend(of_outlets(app, message, kind, file).await?);
    }
    Ok(copies)
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
        for_program(message, Medium::Webhook, to, now)
    });
    Ok(copies.collect())
}

/// Outlets get every event of a booking in its order. What this booking has to tell from before and nobody copied yet (its
/// delivery was just begun beside this one, or broke off) is copied along, so that no event is there without those before.
async fn of_outlets(
    app: &App,
    message: &NewMessage,
    kind: Kind,
    file: &BookingFile,
) -> Result<Vec<NewMessage>, StoreError> {
    let outlets: Vec<_> = app.channels.outlets().collect();
    if outlets.is_empty() || kind.event().is_none() {
        return Ok(Vec::new());
    }
    let mut events = vec![message.clone()];
    let mut again = None;
    if has_uncopied(file, message, &outlets) {
        let booking_id = file.booking.booking_id;
        let pending = app.store.pending_messages(booking_id, Medium::Email.name());
        let others = pending.await?.into_iter().filter(|other| {
            is_event(&other.kind)
                && other.notification_id != message.notification_id
                && order(other) < order(message)
        });
        events.extend(others);
        events.sort_by_key(order);
        // What was delivered since the file was read is not pending any more: its copies are in the file as it is now.
        again = app.store.booking(booking_id).await?;
    }
    let file = again.as_ref().unwrap_or(file);
    let own = |row: &&NotificationRow| outlets.iter().any(|outlet| outlet.name() == row.channel);
    let told = file.notifications.iter().filter(own);
    let mut last = told.map(|row| row.created_at).max();
    let mut copies = Vec::new();
    for event in events {
        // The order of copies is that of their times, which differ; what is found late comes after what is there.
        let at = last.map_or(event.created_at, |last| {
            event.created_at.max(last + TimeDelta::microseconds(1))
        });
        last = Some(at);
        copies.extend(outlets.iter().map(|outlet| {
            let to = people::names_outlet(*outlet);
            for_program(&event, *outlet, to, at)
        }));
    }
    Ok(copies)
}

/// Whether this booking has an event to tell of, other than this one, that some outlet has no copy of.
fn has_uncopied(file: &BookingFile, message: &NewMessage, outlets: &[Medium]) -> bool {
    let there = |id| {
        file.notifications
            .iter()
            .any(|row| row.notification_id == id)
    };
    let missing = |id, outlet| !there(masked(id, outlet, &people::names_outlet(outlet)));
    file.notifications.iter().any(|row| {
        row.channel == Medium::Email.name()
            && row.status == MessageStatus::Pending
            && row.notification_id != message.notification_id
            && is_event(&row.kind)
            && outlets
                .iter()
                .any(|outlet| missing(row.notification_id, *outlet))
    })
}

fn is_event(kind: &str) -> bool {
    kind.parse().is_ok_and(|kind: Kind| kind.event().is_some())
}

/// What was written together is told in the order in which it makes sense.
fn order(message: &NewMessage) -> (DateTime<Utc>, usize, NotificationId) {
    let rank = message.kind.parse().map_or(usize::MAX, Kind::rank);
    (message.created_at, rank, message.notification_id)
}

/// A copy whose id leads back to the event.
fn for_program(
    message: &NewMessage,
    medium: Medium,
    recipient: String,
    at: DateTime<Utc>,
) -> NewMessage {
    NewMessage {
        notification_id: masked(message.notification_id, medium, &recipient),
        channel: medium.name().into(),
        recipient,
        created_at: at,
        ..message.clone()
    }
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
