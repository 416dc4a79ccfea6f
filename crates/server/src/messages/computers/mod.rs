//! The app on a computer: its messages wait in the outbox until it takes them from a stream that it holds open, and says
//! that it showed them.
//!
//! Here is who listens, and what they hear when something was written for them: only that. What a stream tells it reads
//! itself, from the outbox (`stream`), so a slow reader costs nothing and nothing depends on being heard. Whichever server
//! wrote the message, each looks by itself, and only while somebody listens.

mod stream;

pub use stream::{DeviceMessages, Follower};

use super::people::Named;
use crate::{
    app::App,
    http::{ApiError, limits::LIVE_MESSAGES_IN_ALL},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::ProblemCode;
use matinee_booking::{JobReport, SaleError};
use matinee_domain::ids::{NotificationId, SubscriptionId, UserId};
use matinee_integrations::channels::Medium;
use matinee_store::outbox::{MessageRow, MessageStatus};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A message that nobody fetched for so long is of no use any more, and dropped.
pub const WAITS: TimeDelta = TimeDelta::days(1);
/// Messages of one app that are told before it said that it showed some.
pub const TOLD_AT_ONCE: u16 = 100;

/// It is looked again for what was written so long before the last look: commits take a moment, and clocks differ.
const OVERLAP: TimeDelta = TimeDelta::seconds(5);
/// Messages read at a time, and at most in one look. What is passed over, streams find when they look by themselves.
const PAGE: u16 = 500;
const PAGES: usize = 8;

/// The apps that listen here.
#[derive(Default)]
pub struct Computers {
    listening: Mutex<FxHashMap<SubscriptionId, Arc<Ear>>>,
    seen: Mutex<Seen>,
}

/// How far it was looked, and what was found on the way.
#[derive(Default)]
struct Seen {
    until: Option<DateTime<Utc>>,
    found: FxHashSet<NotificationId>,
}

/// How a stream hears.
struct Ear {
    user_id: UserId,
    news: Notify,
    ended: CancellationToken,
    /// More waits than is told at once.
    full: AtomicBool,
}

/// An app that listens; counted while this lives.
pub struct Listening {
    computers: Arc<Computers>,
    subscription_id: SubscriptionId,
    ear: Arc<Ear>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listening = self.computers.listening.lock();
        let ours = listening.get(&self.subscription_id);
        if ours.is_some_and(|ear| Arc::ptr_eq(ear, &self.ear)) {
            listening.remove(&self.subscription_id);
        }
    }
}

impl Computers {
    /// Begins to listen. An app has one stream: a new one ends that of before, whose connection may be dead and not know it.
    pub fn listen(
        self: &Arc<Self>,
        subscription_id: SubscriptionId,
        user_id: UserId,
    ) -> Result<Listening, ApiError> {
        let ear = Arc::new(Ear {
            user_id,
            news: Notify::new(),
            ended: CancellationToken::new(),
            full: AtomicBool::new(false),
        });
        let mut listening = self.listening.lock();
        if listening.len() >= LIVE_MESSAGES_IN_ALL && !listening.contains_key(&subscription_id) {
            return Err(ApiError::new(
                ProblemCode::Overloaded,
                "Too many apps are connected at once. Messages wait, and none is lost.",
            )
            .retry_after(10));
        }
        if let Some(before) = listening.insert(subscription_id, Arc::clone(&ear)) {
            before.ended.cancel();
        }
        drop(listening);
        Ok(Listening {
            computers: Arc::clone(self),
            subscription_id,
            ear,
        })
    }

    /// Streams that are open.
    pub fn open(&self) -> usize {
        self.listening.lock().len()
    }

    /// Something may have changed for an app: its stream looks.
    pub fn news(&self, subscription_id: SubscriptionId) {
        if let Some(ear) = self.listening.lock().get(&subscription_id) {
            ear.news.notify_one();
        }
    }

    /// A session of somebody ended: the streams of their apps look whether it was theirs.
    pub fn news_of(&self, user_id: UserId) {
        let listening = self.listening.lock();
        for ear in listening.values().filter(|ear| ear.user_id == user_id) {
            ear.news.notify_one();
        }
    }

    /// The app showed a message: there is room for one more.
    pub fn showed(&self, subscription_id: SubscriptionId) {
        if let Some(ear) = self.listening.lock().get(&subscription_id)
            && ear.full.load(Ordering::Relaxed)
        {
            ear.news.notify_one();
        }
    }

    /// Ends the stream of an app.
    pub fn end(&self, subscription_id: SubscriptionId) {
        if let Some(ear) = self.listening.lock().remove(&subscription_id) {
            ear.ended.cancel();
        }
    }

    /// From when on it is to be looked; `None` when nobody listens.
    fn look_from(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut seen = self.seen.lock();
        if self.listening.lock().is_empty() {
            *seen = Seen::default();
            return None;
        }
        // A clock that was set back counts from where it is.
        Some(seen.until.unwrap_or(now).min(now) - OVERLAP)
    }
}

/// Until when a message waits that an app is to fetch; none for those that go out by themselves, or are over.
pub fn waits_until(row: &MessageRow) -> Option<DateTime<Utc>> {
    let waits = row.status == MessageStatus::Pending && row.channel == Medium::App.name();
    waits.then(|| row.due_at + WAITS)
}

/// Looks for messages that were written for apps which listen here.
pub async fn look(app: &App) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    let Some(mut after) = app.computers.look_from(now) else {
        return Ok(JobReport::default());
    };
    let mut found = FxHashSet::default();
    let mut done = 0;
    for _ in 0..PAGES {
        // Another server's clock may be ahead of ours.
        let rows = app
            .store
            .unbegun_messages(Medium::App.name(), after, now + OVERLAP, PAGE)
            .await?;
        for row in &rows {
            let id = row.notification_id;
            let known = app.computers.seen.lock().found.contains(&id);
            if found.insert(id)
                && !known
                && let Some(Named::Subscription(of)) = Named::of(&row.recipient)
            {
                app.computers.news(of);
                done += 1;
            }
        }
        match rows.last() {
            Some(last) if rows.len() == usize::from(PAGE) && last.created_at > after => {
                after = last.created_at;
            }
            _ => break,
        }
    }
    *app.computers.seen.lock() = Seen {
        until: Some(now),
        found,
    };
    Ok(JobReport {
        done,
        ..JobReport::default()
    })
}
