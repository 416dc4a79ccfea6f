//! The messages for this device as they come: follows the server's stream while somebody is signed in and wants them,
//! reconnects by itself, and tells the server of each that was shown.
//!
//! At least once from the server, at most once to the person: what was shown is remembered in the copy. Showing is the
//! shell's business, and whether this device gets messages at all is decided in [`crate::device`].

use crate::{
    client::{Client, Inner},
    error::{ClientError, ErrorKind},
    http::{
        Call,
        events::{Event, EventParser},
    },
};
use chrono::Utc;
use matinee_api::{DeviceMessage, NotificationId, SubscriptionId};
use std::{
    sync::Weak,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Three heartbeats: a stream silent for longer is dead, whatever the connection says.
const SILENCE: Duration = Duration::from_secs(45);
/// A stream that lived so long was a good one: the next pause is short again. Two apps that take each other's place at the
/// server get there no more often than others.
const STEADY: Duration = Duration::from_secs(10);
/// Messages the server has still to be told of; it tells no more than so many itself.
const OWED: usize = 100;

/// Follows the messages until it is dropped.
#[derive(Debug)]
pub struct MessageWatch(AbortHandle);

impl Drop for MessageWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Shows a message; false when it could not.
type Show = Box<dyn Fn(&DeviceMessage) -> bool + Send + Sync>;

impl Client {
    /// Follows the messages for this device, whoever signs in and out. What `show` could not show is tried again with
    /// every heartbeat. Must be called inside a tokio runtime; `show` should not block.
    pub fn watch_messages(
        &self,
        show: impl Fn(&DeviceMessage) -> bool + Send + Sync + 'static,
    ) -> MessageWatch {
        let follower = Follower {
            client: self.weak(),
            changes: self.inner.device.changes(),
            show: Box::new(show),
            owed: Vec::new(),
            unshown: Vec::new(),
        };
        MessageWatch(tokio::spawn(follower.run()).abort_handle())
    }
}

struct Follower {
    client: Weak<Inner>,
    changes: watch::Receiver<()>,
    show: Show,
    /// Shown, and the server was not told yet, of which subscription.
    owed: Vec<(SubscriptionId, NotificationId)>,
    /// Told in this stream, and nobody could show it yet.
    unshown: Vec<DeviceMessage>,
}

/// Why a stream ended.
enum End {
    /// Connect again.
    Broken { was_steady: bool },
    /// The server asks for a pause.
    Refused(Option<Duration>),
    /// Somebody else is signed in, nobody is, or nothing is wanted here any more.
    Elsewhere,
    /// The client is gone.
    Over,
}

/// Whose messages are to be followed.
enum Wanted {
    Nobodys,
    Of(SubscriptionId),
    /// It could not be found out.
    Unknown(ClientError),
}

impl Follower {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut in_doubt = false;
        loop {
            self.changes.mark_unchanged();
            let Some(wanted) = self.wanted().await else {
                return;
            };
            let was_in_doubt = in_doubt;
            in_doubt = matches!(wanted, Wanted::Unknown(_));
            let end = match wanted {
                Wanted::Of(subscription) => self.follow(subscription).await,
                Wanted::Nobodys => End::Elsewhere,
                Wanted::Unknown(error) => {
                    // A keyring that stays locked is said once, not with every look.
                    if !was_in_doubt {
                        tracing::warn!(%error, "it is not known whether this device gets messages");
                    }
                    End::Broken { was_steady: false }
                }
            };
            let asked = match end {
                End::Over => return,
                End::Elsewhere => {
                    pause = FIRST_PAUSE;
                    if self.changes.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                End::Broken { was_steady } => {
                    if was_steady {
                        pause = FIRST_PAUSE;
                    }
                    None
                }
                End::Refused(asked) => asked,
            };
            // Whoever signs in meanwhile does not wait for it.
            let wait = timeout(
                asked.unwrap_or(pause).min(LONGEST_PAUSE),
                self.changes.changed(),
            );
            if let Ok(Err(_)) = wait.await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn client(&self) -> Option<Client> {
        self.client.upgrade().map(|inner| Client { inner })
    }

    /// What there is to follow now; `None` when the client is gone.
    async fn wanted(&self) -> Option<Wanted> {
        let client = self.client()?;
        let found = match client.inner.access.user_if_known().await {
            Ok(Some(user)) => client.inner.device.subscription(user).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        Some(match found {
            Ok(Some(subscription)) => Wanted::Of(subscription),
            Ok(None) => Wanted::Nobodys,
            Err(error) => Wanted::Unknown(error),
        })
    }

    async fn follow(&mut self, subscription: SubscriptionId) -> End {
        let Some(client) = self.client() else {
            return End::Over;
        };
        let path = format!("/subscriptions/{subscription}/live");
        let mut response = match client.stream_as_caller(&path).await {
            Ok(response) => response,
            Err(error) => return refused(&client, subscription, &error).await,
        };
        // The stream must not keep the client of a server left behind alive.
        drop(client);
        // What was told before is told again.
        self.unshown.clear();
        let opened = Instant::now();
        let mut parser = EventParser::default();
        loop {
            let broken = End::Broken {
                was_steady: opened.elapsed() >= STEADY,
            };
            tokio::select! {
                chunk = timeout(SILENCE, response.chunk()) => {
                    let Ok(Ok(Some(chunk))) = chunk else {
                        return broken;
                    };
                    let Ok(events) = parser.push(&chunk) else {
                        return End::Broken { was_steady: false };
                    };
                    let Some(client) = self.client() else {
                        return End::Over;
                    };
                    // A heartbeat is a good moment too.
                    self.settle(&client).await;
                    for message in std::mem::take(&mut self.unshown) {
                        self.take(&client, subscription, message).await;
                    }
                    for message in events.iter().filter_map(understood) {
                        self.take(&client, subscription, message).await;
                    }
                }
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return End::Over;
                    }
                    match self.wanted().await {
                        None => return End::Over,
                        Some(Wanted::Of(now)) if now == subscription => {}
                        // The loop finds out what there is instead.
                        Some(_) => return End::Broken { was_steady: true },
                    }
                }
            }
        }
    }

    /// Shows a message that was not shown yet, and tells the server.
    async fn take(&mut self, client: &Client, of: SubscriptionId, message: DeviceMessage) {
        let known = client.inner.cache.was_shown(message.id).await;
        let known = known.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known whether a message was shown");
            false
        });
        if !known {
            if !(self.show)(&message) {
                // Whoever shows them may come later than the app.
                if self.unshown.len() < OWED {
                    self.unshown.push(message);
                }
                return;
            }
            if let Err(error) = client.inner.cache.note_shown(message.id, Utc::now()).await {
                tracing::warn!(%error, "a message may be shown twice");
            }
        }
        if let Err(error) = client.tell_shown(of, message.id).await {
            tracing::info!(%error, "the server is told later that a message was shown");
            self.owe(of, message.id);
        }
    }

    fn owe(&mut self, of: SubscriptionId, id: NotificationId) {
        if self.owed.len() < OWED && !self.owed.contains(&(of, id)) {
            self.owed.push((of, id));
        }
    }

    /// Tells the server what it could not be told before. What it does not hear now it tells again, and hears then.
    async fn settle(&mut self, client: &Client) {
        for (of, id) in std::mem::take(&mut self.owed) {
            match client.tell_shown(of, id).await {
                Err(error) if error.copy_is_better() => self.owe(of, id),
                _ => {}
            }
        }
    }
}

impl Client {
    /// Opens a stream of the signed-in person's, with tokens renewed once when the server no longer takes them.
    async fn stream_as_caller(&self, path: &str) -> Result<reqwest::Response, ClientError> {
        let (http, access) = (&self.inner.http, &self.inner.access);
        let tokens = access.tokens().await?;
        let bearer = tokens.as_ref().map(|tokens| &tokens.access);
        match (http.open_stream(path, None, bearer).await, &tokens) {
            (Err(error), Some(tokens)) if error.status == Some(401) => {
                let renewed = access.renewed(tokens).await?;
                http.open_stream(path, None, Some(&renewed.access)).await
            }
            (outcome, _) => outcome,
        }
    }

    async fn tell_shown(&self, of: SubscriptionId, id: NotificationId) -> Result<(), ClientError> {
        let path = format!("/subscriptions/{of}/messages/{id}/shown");
        let call = Call::post(path).key(&id.to_string());
        self.send_as_caller(call, None).await.map(drop)
    }
}

fn understood(event: &Event) -> Option<DeviceMessage> {
    if event.name != "message" {
        return None;
    }
    serde_json::from_str(&event.data).ok()
}

async fn refused(client: &Client, subscription: SubscriptionId, error: &ClientError) -> End {
    let by_server = error.kind == ErrorKind::Problem;
    match error.status {
        // The session is over; whoever signs in begins anew.
        Some(401) if by_server => End::Elsewhere,
        // The server knows this device no more, or as another account's. It is asked again: a server that is just being
        // replaced by a newer one knows no such address either, nor does what stands before it.
        Some(404) if by_server && client.is_unknown(subscription).await => {
            if let Err(error) = client.inner.device.ended(subscription).await {
                tracing::warn!(%error, "the ended subscription is still in the keyring");
            }
            End::Elsewhere
        }
        Some(401 | 404) => End::Broken { was_steady: false },
        Some(_) => {
            let asked = error.retry_after;
            End::Refused(asked.map(|seconds| Duration::from_secs(seconds.into())))
        }
        None => End::Broken { was_steady: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
            id: None,
        }
    }

    #[test]
    fn what_cannot_be_understood_is_passed_over() {
        let id = NotificationId::from_bytes([7; 16]);
        let data = format!(
            r#"{{"id":"{id}","kind":"reminder","language":"de","title":"t","body":"b","path":"/bookings/b","more":1}}"#
        );
        let message = understood(&event("message", &data)).expect("it is one");
        assert_eq!((message.id, &*message.path), (id, "/bookings/b"));
        assert_eq!(understood(&event("news", &data)), None);
        assert_eq!(understood(&event("message", "{")), None);
    }
}
