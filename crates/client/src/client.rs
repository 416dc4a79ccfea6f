//! The client itself: its parts, and the one rule by which every read is answered.

use crate::{
    access::Access,
    cache::Cache,
    device::Device,
    error::ClientError,
    fresh::{Fresh, Reach, Reached, Status},
    guests::Guests,
    http::{Answer, Call, Http},
    origin::Origin,
    secrets::{Secret, SecretStore, Vault},
};
use chrono::{DateTime, Utc};
use matinee_api::BookingId;
use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

/// How long a read waits for the server before it answers from the copy, when the server was heard before.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The same at the start, when it is not known whether there is a network: a cached start must not wait.
const FIRST_PATIENCE: Duration = Duration::from_millis(350);

/// What a client is made of.
pub struct Options {
    pub origin: Origin,
    /// The folder of the copies; None keeps the copy in memory.
    pub cache_dir: Option<PathBuf>,
    pub secrets: Arc<dyn SecretStore>,
    /// The secrets end with the app, by choice.
    pub session_only: bool,
}

/// The app's connection to one server and its copy of it. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: Http,
    pub(crate) cache: Cache,
    pub(crate) access: Access,
    pub(crate) guests: Guests,
    pub(crate) device: Device,
    pub(crate) vault: Vault,
    pub(crate) reach: Arc<Reach>,
    pub(crate) session_only: bool,
    /// The recovery link that was last followed, with its call's key.
    pub(crate) redeeming: parking_lot::Mutex<Option<(Secret, String)>>,
    /// Held through a sync: one at a time.
    pub(crate) syncing: Mutex<()>,
    /// Set once by [`Client::start`].
    pub(crate) started: std::sync::atomic::AtomicBool,
}

impl Client {
    /// Opens the copy and the connection. Asks the network nothing yet.
    pub async fn open(options: Options) -> Result<Self, ClientError> {
        let Options {
            origin,
            cache_dir,
            secrets,
            session_only,
        } = options;
        let cache = open_cache(cache_dir, &origin).await?;
        let progress = cache.progress().await?;
        let reach = Arc::new(Reach::new(progress.synced_at));
        let vault = Vault::new(secrets, origin.name());
        let http = Http::new(Arc::new(origin), reach.clone())?;
        let access = Access::new(vault.clone(), http.clone());
        let guests = Guests::new(vault.clone());
        let device = Device::new(vault.clone());
        let inner = Inner {
            http,
            cache,
            access,
            guests,
            device,
            vault,
            reach,
            session_only,
            redeeming: parking_lot::Mutex::new(None),
            syncing: Mutex::new(()),
            started: std::sync::atomic::AtomicBool::new(false),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Whether the server can be reached, now and at every change.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.inner.reach.subscribe()
    }

    pub(crate) fn weak(&self) -> Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    /// A call in the caller's name: with the booking's own token where it was made as a guest, otherwise with the
    /// account's, renewed once when the server no longer takes it.
    pub(crate) async fn send_as_caller(
        &self,
        call: Call,
        booking: Option<BookingId>,
    ) -> Result<Answer, ClientError> {
        if let Some(id) = booking
            && let Some(token) = self.inner.guests.token(id).await
        {
            return self.inner.http.send(&call.bearer(Some(token))).await;
        }
        let tokens = self.inner.access.tokens().await?;
        let call = call.bearer(tokens.as_ref().map(|tokens| tokens.access.clone()));
        match (self.inner.http.send(&call).await, tokens) {
            (Err(error), Some(tokens)) if error.status == Some(401) => {
                let renewed = self.inner.access.renewed(&tokens).await?;
                self.inner
                    .http
                    .send(&call.bearer(Some(renewed.access)))
                    .await
            }
            (outcome, _) => outcome,
        }
    }

    /// Answers a read: from the server while it answers in time, otherwise from the copy. A slow call is not broken off:
    /// what it brings is kept for the next read.
    pub(crate) async fn read<T, N, C>(
        &self,
        network: impl FnOnce(Self) -> N,
        copy: impl FnOnce(Self) -> C,
    ) -> Result<Fresh<T>, ClientError>
    where
        T: Send + 'static,
        N: Future<Output = Result<T, ClientError>> + Send + 'static,
        C: Future<Output = Result<Option<(T, DateTime<Utc>)>, ClientError>>,
    {
        let reached = self.inner.reach.reached();
        let copied = |found: Option<(T, DateTime<Utc>)>| {
            found.map(|(value, as_of)| Fresh::copied(value, as_of))
        };
        let mut copy = Some(copy(self.clone()));
        if reached == Reached::No
            && let Some(pending) = copy.take()
            && let Some(found) = copied(pending.await?)
        {
            return Ok(found);
        }
        let mut asked = tokio::spawn(network(self.clone()));
        let patience = if reached == Reached::Yes {
            PATIENCE
        } else {
            FIRST_PATIENCE
        };
        let in_time = timeout(patience, &mut asked).await;
        if let Ok(Ok(Ok(value))) = in_time {
            return Ok(Fresh::now(value));
        }
        let failure = match in_time {
            Ok(outcome) => Some(settled(outcome)),
            Err(_) => None,
        };
        if let Some(Err(error)) = &failure
            && !error.copy_is_better()
        {
            return Err(error.clone());
        }
        if let Some(pending) = copy
            && let Some(found) = copied(pending.await?)
        {
            return Ok(found);
        }
        match failure {
            Some(outcome) => outcome.map(Fresh::now),
            // Nothing to fall back on: then waiting is the only answer.
            None => settled(asked.await).map(Fresh::now),
        }
    }
}

fn settled<T>(
    joined: Result<Result<T, ClientError>, tokio::task::JoinError>,
) -> Result<T, ClientError> {
    joined.unwrap_or_else(|_| Err(ClientError::internal("The call was broken off.")))
}

async fn open_cache(folder: Option<PathBuf>, origin: &Origin) -> Result<Cache, ClientError> {
    let name = origin.name().to_owned();
    let file = folder.map(|folder| folder.join(format!("{}.sqlite", origin.file_stem())));
    let opened = tokio::task::spawn_blocking(move || {
        match file {
        Some(file) => Cache::open(&file, &name).or_else(|error| {
            tracing::error!(%error, "the local copy cannot be kept on this device; it lasts as long as the app runs");
            Cache::in_memory(&name)
        }),
        None => Cache::in_memory(&name),
    }
    });
    Ok(opened
        .await
        .unwrap_or(Err(crate::cache::CacheError::Interrupted))?)
}
