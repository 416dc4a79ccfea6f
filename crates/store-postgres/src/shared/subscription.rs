//! Hearing of other servers' changes through Redis: one subscription per database, made again by itself.

use super::{CONNECTING, Redis, address};
use crate::{failure::OrStoreError as _, hear::Heard};
use futures_util::StreamExt as _;
use matinee_store::StoreError;
use redis::{
    RedisError,
    aio::{PubSubSink, PubSubStream},
};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{sleep, timeout},
};
use tokio_postgres::Client;

/// The first pause before another attempt; it doubles up to the last.
const SOON: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(2);
/// A subscription that was silent for so long is asked whether it lives.
const SILENT: Duration = Duration::from_secs(3);
/// No server sends more at once.
const LONGEST: usize = 8_000;

/// A way to tell other servers of this database and to hear them; hearing ends when dropped.
pub(crate) struct Subscription {
    redis: Redis,
    channel: String,
    task: AbortHandle,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
        self.redis.inner.subscribed.store(false, Ordering::Relaxed);
    }
}

impl Subscription {
    /// Begins to hear, for the database of this connection. What is heard goes the same way as notifications.
    pub(crate) async fn begin(
        redis: &Redis,
        client: &Client,
        heard: mpsc::Sender<Heard>,
    ) -> Result<Self, StoreError> {
        // Redis has one space of channels for all that use it.
        let sql = "SELECT s.system_identifier::text || '.' || d.oid::text FROM pg_control_system() AS s, pg_database AS d \
             WHERE d.datname = current_database()";
        let database: String = client.query_one(sql, &[]).await.db()?.get(0);
        let channel = format!("matinee_seats:{database}");
        let task = tokio::spawn(hear(redis.clone(), channel.clone(), heard));
        Ok(Self {
            redis: redis.clone(),
            channel,
            task: task.abort_handle(),
        })
    }

    /// Tells them. False when it is not certain that anybody heard.
    pub(crate) async fn publish(&self, payload: &str) -> bool {
        self.redis.publish(&self.channel, payload).await
    }
}

/// Hears until nobody wants to know any more.
async fn hear(redis: Redis, channel: String, heard: mpsc::Sender<Heard>) {
    let mut pause = SOON;
    while !heard.is_closed() {
        match timeout(CONNECTING, subscribe(&redis, &channel)).await {
            Ok(Ok((sink, stream))) => {
                pause = SOON;
                redis.inner.subscribed.store(true, Ordering::Relaxed);
                // What was told while nobody listened.
                let _ = heard.try_send(Heard::Gap);
                follow(&redis, sink, stream, &heard).await;
                redis.inner.subscribed.store(false, Ordering::Relaxed);
                tracing::debug!("the subscription of Redis ended");
            }
            Ok(Err(error)) => {
                tracing::debug!(error = address::words(&error), "no subscription of Redis");
            }
            Err(_) => {}
        }
        sleep(pause).await;
        pause = (pause * 2).min(LATE);
    }
}

async fn subscribe(redis: &Redis, channel: &str) -> Result<(PubSubSink, PubSubStream), RedisError> {
    let mut subscription = redis.inner.client.get_async_pubsub().await?;
    subscription.subscribe(channel).await?;
    Ok(subscription.split())
}

/// Takes in what comes until the subscription is lost.
async fn follow(
    redis: &Redis,
    mut sink: PubSubSink,
    mut stream: PubSubStream,
    heard: &mpsc::Sender<Heard>,
) {
    loop {
        match timeout(SILENT, stream.next()).await {
            Ok(Some(message)) => {
                let Ok(payload) = std::str::from_utf8(message.get_payload_bytes()) else {
                    continue;
                };
                if payload.len() <= LONGEST {
                    redis.inner.heard.fetch_add(1, Ordering::Relaxed);
                    // What does not fit any more is found by the sweep.
                    let _ = heard.try_send(Heard::Published(payload.to_owned()));
                }
            }
            Ok(None) => return,
            Err(_) => match timeout(CONNECTING, sink.ping::<redis::Value>()).await {
                Ok(Ok(_)) => {}
                _ => return,
            },
        }
    }
}
