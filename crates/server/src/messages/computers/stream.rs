//! The stream of one app, pulled: what waits for it, oldest first, then what comes. A message is made into words when it is
//! told, and told once in one stream; what the app did not show by then it is told again in the next.

use super::{Listening, TOLD_AT_ONCE};
use crate::{
    app::App,
    messages::{DeliveryError, people, said},
};
use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::Stream;
use matinee_api::DeviceMessage;
use matinee_domain::ids::{NotificationId, SubscriptionId, UserId};
use matinee_integrations::channels::{Letter, Medium};
use matinee_store::{StoreError, outbox::NewMessage};
use rustc_hash::FxHashSet;
use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Silence is broken this often, so that dead connections are noticed at both ends.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream looks by itself this often: whether its session lives, and whether something waits that it was not told of.
const LOOK: Duration = Duration::from_mins(1);
/// What this server knows of a show may be so much older than a message about it.
const SETTLES: TimeDelta = TimeDelta::minutes(1);

/// Whose messages they are.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    pub user_id: UserId,
    pub session_id: [u8; 16],
    pub subscription_id: SubscriptionId,
}

/// The messages of an app.
pub struct DeviceMessages {
    app: Arc<App>,
    follower: Follower,
    listening: Listening,
    /// As messages name the app.
    recipient: String,
    waiting: VecDeque<NewMessage>,
    told: FxHashSet<NotificationId>,
    /// When it is looked next without being called.
    look_at: Instant,
    /// Something was sent: the app knows that it is connected.
    begun: bool,
}

/// What there is to do.
enum Next {
    Look,
    Beat,
    End,
}

impl DeviceMessages {
    pub fn new(app: Arc<App>, follower: Follower, listening: Listening) -> Self {
        Self {
            app,
            follower,
            listening,
            recipient: people::names_subscription(follower.subscription_id),
            waiting: VecDeque::new(),
            told: FxHashSet::default(),
            look_at: Instant::now(),
            begun: false,
        }
    }

    /// The stream of encoded events.
    pub fn into_stream(self) -> Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>> {
        Box::pin(futures_util::stream::unfold(
            self,
            |mut messages| async move {
                let bytes = messages.next().await?;
                Some((Ok(bytes), messages))
            },
        ))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.app.draining.is_cancelled() || self.listening.ear.ended.is_cancelled() {
                return None;
            }
            if let Some(message) = self.waiting.pop_front() {
                if let Some(bytes) = self.tell(&message).await {
                    self.begun = true;
                    self.told.insert(message.notification_id);
                    return Some(bytes);
                }
                continue;
            }
            match self.called().await {
                Next::End => return None,
                Next::Beat => {
                    self.begun = true;
                    return Some(Bytes::from_static(b": still here\n\n"));
                }
                Next::Look => match self.look().await {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => {
                        // The app comes again, by then perhaps to another server.
                        tracing::warn!(%error, "the messages of an app could not be read");
                        return None;
                    }
                },
            }
        }
    }

    async fn called(&mut self) -> Next {
        if Instant::now() >= self.look_at {
            return Next::Look;
        }
        if !self.begun {
            return Next::Beat;
        }
        let ear = &self.listening.ear;
        tokio::select! {
            () = ear.news.notified() => Next::Look,
            () = sleep(HEARTBEAT) => Next::Beat,
            () = ear.ended.cancelled() => Next::End,
            () = self.app.draining.cancelled() => Next::End,
        }
    }

    /// Reads what is to be told; false when this app may follow no more.
    async fn look(&mut self) -> Result<bool, StoreError> {
        self.look_at = Instant::now() + LOOK;
        let (store, now) = (&self.app.store, self.app.clock.now());
        let Follower {
            user_id,
            session_id,
            subscription_id,
        } = self.follower;
        let may = store.may_follow(subscription_id, user_id, session_id, now);
        if !may.await? {
            return Ok(false);
        }
        let rows = store.messages_for_app(&self.recipient, TOLD_AT_ONCE);
        let rows = rows.await?;
        let full = rows.len() == usize::from(TOLD_AT_ONCE);
        self.listening.ear.full.store(full, Ordering::Relaxed);
        // What was shown, or is wanted no more, need not be remembered.
        let still: FxHashSet<_> = rows.iter().map(|row| row.notification_id).collect();
        self.told.retain(|id| still.contains(id));
        let untold = rows.into_iter();
        self.waiting
            .extend(untold.filter(|row| !self.told.contains(&row.notification_id)));
        Ok(true)
    }

    /// The event of a message; none when it is not to be told, now or ever.
    async fn tell(&self, message: &NewMessage) -> Option<Bytes> {
        let (app, id) = (&self.app, message.notification_id);
        // A message of just now may know more of the show than this server: then it waits for the next look.
        let settled = app.clock.now() >= message.created_at + SETTLES;
        let attempt = if settled { 2 } else { 1 };
        let unwanted = match said::of(app, message, Medium::App, attempt).await {
            Ok(Some(said)) => return Some(event(app, id, &said.letter)),
            Ok(None) => true,
            Err(
                error @ (DeliveryError::Unknown | DeliveryError::Gone | DeliveryError::Words(_)),
            ) => {
                tracing::error!(notification = %id, %error, "a message for an app says nothing and is dropped");
                true
            }
            Err(error) => {
                tracing::info!(notification = %id, %error, "a message for an app waits");
                false
            }
        };
        if unwanted {
            app.metrics.channel(Medium::App.name(), "unwanted");
            if let Err(error) = app.store.message_dropped(id).await {
                tracing::warn!(notification = %id, %error, "a message nobody wants is still there");
            }
        }
        None
    }
}

fn event(app: &App, id: NotificationId, letter: &Letter) -> Bytes {
    let path = letter.link.as_deref();
    let path = path.and_then(|link| link.strip_prefix(app.base_url.as_str()));
    let message = DeviceMessage {
        id,
        kind: letter.kind.clone(),
        language: letter.language.clone(),
        title: letter.subject.clone(),
        body: letter.short.clone(),
        path: path.unwrap_or("/").to_owned(),
    };
    let mut bytes = format!("event: message\nid: {id}\ndata: ").into_bytes();
    // It holds only strings; writing them to memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, &message);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}
