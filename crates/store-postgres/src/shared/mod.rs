//! What servers of one database may share beside it: a Redis that carries news of changed seats ([`subscription`]) and
//! keeps whole seat maps ([`look`]).
//!
//! It is never the truth. A seat map from it counts only when it has exactly the version PostgreSQL has; news from it
//! only says where to look. So a Redis that is stale, empty, gone or lies costs time and nothing else, and nothing that
//! decides about a seat asks it. One connection carries all commands. Whoever finds it broken or too slow drops it, and
//! until the keeper has made another, at most once a second, nobody asks. TLS, clusters and sentinels are not here.

mod address;
pub(crate) mod look;
mod snapshot;
mod subscription;

pub use address::{RedisAddress, RedisRefused};
pub(crate) use subscription::Subscription;

use bytes::Bytes;
use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError,
    aio::MultiplexedConnection,
};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// A reader of seats waits no longer than this.
const READING: Duration = Duration::from_millis(50);
/// Neither does the teller of news, who has another way.
const PUBLISHING: Duration = Duration::from_millis(250);
/// Keeping a seat map for others: nobody waits for it.
const OFFERING: Duration = Duration::from_millis(500);
const CONNECTING: Duration = Duration::from_secs(1);
/// How often the connection is looked at, and made again: the pause after every failure.
const KEEPING: Duration = Duration::from_secs(1);
/// Seat maps on their way to Redis; past it they are not offered.
const OFFERED_AT_ONCE: usize = 16;
/// Seconds a seat map is kept. What changes gets a new one anyway.
const KEPT: u64 = 600;

/// A Redis in use, or waited for. Clones share it.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    place: String,
    /// With the number of the attempt that made it: who found an older one broken does not drop this one.
    connection: Mutex<Option<(u64, MultiplexedConnection)>>,
    made: AtomicU64,
    /// Changes of other servers are heard through it.
    subscribed: AtomicBool,
    offering: Arc<Semaphore>,
    hits: AtomicU64,
    misses: AtomicU64,
    failures: AtomicU64,
    heard: AtomicU64,
}

impl Redis {
    /// Begins to use a Redis. One that does not answer is waited for in the background; one that answers and refuses is
    /// an error, since no waiting will change that.
    pub async fn start(address: &RedisAddress) -> Result<Self, RedisRefused> {
        let place = address.to_string();
        let client = Client::open(address.info()).map_err(|error| RedisRefused {
            place: place.clone(),
            why: address::words(&error),
        })?;
        let inner = Arc::new(Inner {
            client,
            place,
            connection: Mutex::new(None),
            made: AtomicU64::new(0),
            subscribed: AtomicBool::new(false),
            offering: Arc::new(Semaphore::new(OFFERED_AT_ONCE)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            heard: AtomicU64::new(0),
        });
        if let Err(error) = inner.connect().await {
            if address::is_refusal(&error) {
                return Err(RedisRefused {
                    place: inner.place.clone(),
                    why: address::words(&error),
                });
            }
            tracing::warn!(
                place = inner.place,
                error = address::words(&error),
                "Redis cannot be reached; selling goes on without it, and it is used as soon as it answers"
            );
        }
        tokio::spawn(keep(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Whether it answered when it was last asked.
    pub fn is_up(&self) -> bool {
        self.inner.connection.lock().is_some()
    }

    /// Whether changes of other servers are heard through it now.
    pub fn is_subscribed(&self) -> bool {
        self.inner.subscribed.load(Ordering::Relaxed)
    }

    /// Seat maps that were there with the version asked for.
    pub fn hits(&self) -> u64 {
        self.inner.hits.load(Ordering::Relaxed)
    }

    /// Seat maps that were not: absent, of another version or database, or damaged.
    pub fn misses(&self) -> u64 {
        self.inner.misses.load(Ordering::Relaxed)
    }

    /// Commands without an answer in time, or with a refusal.
    pub fn failures(&self) -> u64 {
        self.inner.failures.load(Ordering::Relaxed)
    }

    /// News of other servers that came through it.
    pub fn heard(&self) -> u64 {
        self.inner.heard.load(Ordering::Relaxed)
    }

    /// Tells whoever listens. False when nobody was told for certain.
    pub(crate) async fn publish(&self, channel: &str, payload: &str) -> bool {
        let mut publish = Cmd::new();
        publish.arg("PUBLISH").arg(channel).arg(payload);
        let heard: Option<u64> = self.inner.ask(&publish, PUBLISHING).await;
        // Servers listen again some moments after a restart of Redis; until then nobody hears this.
        heard.is_some_and(|by| by > 0)
    }

    /// Several values, each at most `most` bytes of it; none when it cannot be asked now.
    async fn values(&self, keys: &[String], most: usize) -> Option<Vec<Bytes>> {
        let mut read = Pipeline::new();
        for key in keys {
            read.cmd("GETRANGE").arg(key).arg(0).arg(most);
        }
        let (made, mut connection) = self.inner.connection()?;
        let asked = read.query_async::<Vec<Vec<u8>>>(&mut connection);
        let values = self.inner.settle(made, READING, asked).await?;
        (values.len() == keys.len()).then(|| values.into_iter().map(Bytes::from).collect())
    }

    /// Keeps values for others, in its own time; when many are on their way already, not at all.
    fn offer(&self, values: Vec<(String, Vec<u8>)>) {
        let Ok(permit) = Arc::clone(&self.inner.offering).try_acquire_owned() else {
            return;
        };
        let Some((made, mut connection)) = self.inner.connection() else {
            return;
        };
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let _permit = permit;
            let mut write = Pipeline::new();
            for (key, value) in &values {
                write.cmd("SET").arg(key).arg(&value[..]);
                write.arg("EX").arg(KEPT).ignore();
            }
            let asked = write.query_async::<()>(&mut connection);
            inner.settle(made, OFFERING, asked).await;
        });
    }
}

impl Inner {
    fn connection(&self) -> Option<(u64, MultiplexedConnection)> {
        self.connection.lock().clone()
    }

    async fn connect(&self) -> Result<(), RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING));
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        // Only now a password that is asked for, and was not given, shows.
        let mut ping = Cmd::new();
        ping.arg("PING");
        ping.query_async::<()>(&mut connection).await?;
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        *self.connection.lock() = Some((made, connection));
        Ok(())
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd, within: Duration) -> Option<T> {
        let (made, mut connection) = self.connection()?;
        self.settle(made, within, command.query_async(&mut connection))
            .await
    }

    /// The answer, if it comes in time and is one. Otherwise it is counted, and a connection that is no good dropped.
    async fn settle<T>(
        &self,
        made: u64,
        within: Duration,
        asked: impl Future<Output = Result<T, RedisError>>,
    ) -> Option<T> {
        let (refused, error) = match tokio::time::timeout(within, asked).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => (address::is_of_one_command(&error), address::words(&error)),
            Err(_) => (false, "no answer in time".to_owned()),
        };
        self.failures.fetch_add(1, Ordering::Relaxed);
        if refused {
            tracing::debug!(place = self.place, error, "Redis refused a command");
        } else {
            self.leave(made, &error);
        }
        None
    }

    /// Nobody asks it until the keeper has made another connection.
    fn leave(&self, made: u64, why: &str) {
        let mut connection = self.connection.lock();
        if connection.as_ref().is_some_and(|(there, _)| *there == made) {
            *connection = None;
            drop(connection);
            tracing::warn!(
                place = self.place,
                error = why,
                "Redis is not used for a moment; selling goes on without it"
            );
        }
    }
}

/// Looks after the connection until nobody uses it any more.
async fn keep(inner: Weak<Inner>) {
    let mut quiet = false;
    loop {
        tokio::time::sleep(KEEPING).await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        if let Some((made, mut connection)) = inner.connection() {
            let mut ping = Cmd::new();
            ping.arg("PING");
            let asked = ping.query_async::<()>(&mut connection);
            if inner.settle(made, CONNECTING, asked).await.is_none() {
                inner.leave(made, "it refuses everything");
            }
            continue;
        }
        match inner.connect().await {
            Ok(()) => {
                quiet = false;
                tracing::info!(place = inner.place, "Redis is used");
            }
            Err(error) if !quiet => {
                quiet = true;
                let error = address::words(&error);
                tracing::warn!(place = inner.place, error, "Redis cannot be used");
            }
            Err(_) => {}
        }
    }
}
