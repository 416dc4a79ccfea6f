//! What the running app holds: its settings, the client of the server it talks to, and who is listening.
//!
//! Changing the server replaces the client as a whole; whoever listens is told by the new one from then on.

use crate::{
    keyring::Keyring,
    server,
    settings::{Settings, SettingsChange},
};
use matinee_client::{Client, ClientError, Options, SeatWatch, SecretStore, SessionOnly, Status};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::sync::{broadcast, watch};

/// Seat maps followed at the same time; a window shows one.
const MAX_WATCHES: usize = 8;
/// Paths waiting to be opened.
const MAX_PATHS: usize = 16;

/// The client once there is one, or why there is none.
type Connected = Option<Result<Client, ClientError>>;

/// The app's state. Cheap to clone.
#[derive(Clone)]
pub struct Shell {
    inner: Arc<Inner>,
}

struct Inner {
    data: PathBuf,
    settings: Mutex<Settings>,
    client: watch::Sender<Connected>,
    /// Held through a change of server: one at a time.
    connecting: tokio::sync::Mutex<()>,
    watches: Mutex<VecDeque<(u32, SeatWatch)>>,
    next_watch: AtomicU32,
    paths: broadcast::Sender<String>,
    /// A path asked for before any window listened.
    early_path: Mutex<Option<String>>,
    keyring: Arc<Keyring>,
    server: server::Bundled,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shell {
    /// The state for a data folder. Connects to nothing yet.
    pub fn new(data: PathBuf) -> Self {
        let settings = Settings::read(&data);
        let inner = Inner {
            settings: Mutex::new(settings),
            client: watch::Sender::new(None),
            connecting: tokio::sync::Mutex::new(()),
            watches: Mutex::default(),
            next_watch: AtomicU32::new(1),
            paths: broadcast::Sender::new(MAX_PATHS),
            early_path: Mutex::default(),
            keyring: Arc::new(Keyring::default()),
            server: server::Bundled::new(&data.join("server")),
            data,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Connects to the server of the settings, in place of the one before.
    pub async fn connect(&self) {
        let _one_at_a_time = self.inner.connecting.lock().await;
        let settings = self.settings();
        let outcome = self.open(&settings).await;
        match &outcome {
            Ok(client) => client.start(),
            Err(error) => tracing::error!(%error, "no client"),
        }
        locked(&self.inner.watches).clear();
        self.inner.client.send_replace(Some(outcome));
    }

    async fn open(&self, settings: &Settings) -> Result<Client, ClientError> {
        let origin = server::origin(settings.server_url.as_deref(), &self.inner.server).await?;
        let secrets: Arc<dyn SecretStore> = if settings.session_only {
            Arc::new(SessionOnly::default())
        } else {
            self.inner.keyring.clone()
        };
        let cache_dir = Some(self.inner.data.join("cache"));
        Client::open(Options {
            origin,
            cache_dir,
            secrets,
            session_only: settings.session_only,
        })
        .await
    }

    /// The client, as soon as there is one.
    pub async fn client(&self) -> Result<Client, ClientError> {
        let mut connected = self.inner.client.subscribe();
        let found = connected.wait_for(Option::is_some).await;
        match found.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            Ok(None) | Err(_) => Err(ClientError::internal("The app is closing.")),
        }
    }

    /// The settings as they are.
    pub fn settings(&self) -> Settings {
        locked(&self.inner.settings).clone()
    }

    /// Changes and keeps the settings, and connects anew when the change asks for it.
    pub async fn save_settings(&self, change: SettingsChange) -> Result<Settings, ClientError> {
        let before = self.settings();
        let after = before.changed(change);
        if let Some(url) = &after.server_url {
            matinee_client::Origin::at(url)?;
        }
        after.write(&self.inner.data).map_err(|error| {
            tracing::error!(%error, "the settings were not kept");
            ClientError::internal("The settings cannot be kept on this device.")
        })?;
        *locked(&self.inner.settings) = after.clone();
        if after.server_url != before.server_url || after.session_only != before.session_only {
            self.inner.client.send_replace(None);
            self.connect().await;
        }
        Ok(after)
    }

    /// Keeps a seat watch until it is asked to end; the oldest gives way.
    pub fn keep_watch(&self, watch: SeatWatch) -> u32 {
        let number = self.inner.next_watch.fetch_add(1, Ordering::Relaxed);
        let mut watches = locked(&self.inner.watches);
        if watches.len() >= MAX_WATCHES {
            watches.pop_front();
        }
        watches.push_back((number, watch));
        number
    }

    /// Ends a seat watch.
    pub fn end_watch(&self, number: u32) {
        locked(&self.inner.watches).retain(|(kept, _)| *kept != number);
    }

    /// Tells whether the server can be reached, now and at every change, across changes of server, until `tell` says
    /// that nobody listens.
    pub async fn follow_status(&self, tell: impl Fn(Status) -> bool) {
        let mut connected = self.inner.client.subscribe();
        loop {
            let status = match connected.borrow_and_update().as_ref() {
                Some(Ok(client)) => Some(client.status()),
                Some(Err(_)) | None => None,
            };
            let Some(mut status) = status else {
                if connected.changed().await.is_err() {
                    return;
                }
                continue;
            };
            loop {
                let now = *status.borrow_and_update();
                if !tell(now) {
                    return;
                }
                tokio::select! {
                    changed = status.changed() => if changed.is_err() { break },
                    changed = connected.changed() => if changed.is_err() { return } else { break },
                }
            }
        }
    }

    /// Asks the window to open a path of the UI.
    pub fn open_path(&self, path: String) {
        if self.inner.paths.send(path.clone()).is_err() {
            *locked(&self.inner.early_path) = Some(path);
        }
    }

    /// Tells every path asked for, the one from before included, until `tell` says that nobody listens.
    pub async fn follow_paths(&self, tell: impl Fn(String) -> bool) {
        let mut paths = self.inner.paths.subscribe();
        let early = locked(&self.inner.early_path).take();
        if early.is_some_and(|path| !tell(path)) {
            return;
        }
        loop {
            match paths.recv().await {
                Ok(path) => {
                    if !tell(path) {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Ends what runs inside the app.
    pub async fn stop(&self) {
        self.inner.client.send_replace(None);
        self.inner.server.stop().await;
    }

    /// The folder of this device's data.
    pub fn data(&self) -> &std::path::Path {
        &self.inner.data
    }
}
