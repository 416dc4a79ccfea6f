//! What the running app holds: its settings, the client of the server it talks to, and who is listening.
//!
//! Changing the server replaces the client as a whole; whoever listens is told by the new one from then on.

use crate::{
    keyring::Keyring,
    notices::{Notices, PushState},
    server,
    settings::{Settings, SettingsChange},
    theater::Theater,
};
use matinee_client::{
    Client, ClientError, MessageWatch, Options, SeatWatch, SecretStore, SessionOnly, Status,
};
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
    notices: Notices,
    messages: Mutex<Option<MessageWatch>>,
    next_watch: AtomicU32,
    paths: broadcast::Sender<String>,
    /// A path asked for before any window listened.
    early_path: Mutex<Option<String>>,
    keyring: Arc<Keyring>,
    server: server::Bundled,
    theater: Theater,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shell {
    /// The state for a data folder. Connects to nothing yet.
    pub fn new(data: PathBuf, theater: Theater, notices: Notices) -> Self {
        let settings = Settings::read(&data);
        let inner = Inner {
            settings: Mutex::new(settings),
            client: watch::Sender::new(None),
            connecting: tokio::sync::Mutex::new(()),
            watches: Mutex::default(),
            notices,
            messages: Mutex::default(),
            next_watch: AtomicU32::new(1),
            paths: broadcast::Sender::new(MAX_PATHS),
            early_path: Mutex::default(),
            keyring: Arc::new(Keyring::default()),
            server: server::Bundled::new(&data.join("server")),
            theater,
            data,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Begins: the theater of this computer when it is to run, and the client. When the client's server is that theater, it is
    /// there first.
    pub async fn begin(&self) {
        let settings = self.settings();
        let shows_theater = settings.server_url.as_deref();
        if shows_theater.is_some_and(|url| self.inner.theater.is_at(url)) {
            self.inner.theater.resume().await;
            self.connect().await;
        } else {
            tokio::join!(self.connect(), self.inner.theater.resume());
        }
    }

    /// The theater of this computer.
    pub fn theater(&self) -> &Theater {
        &self.inner.theater
    }

    /// Connects to the server of the settings, in place of the one before.
    pub async fn connect(&self) {
        let _one_at_a_time = self.inner.connecting.lock().await;
        let settings = self.settings();
        let outcome = self.open(&settings).await;
        match &outcome {
            Ok(client) => {
                client.start();
                self.show_messages_of(client);
            }
            Err(error) => tracing::error!(%error, "no client"),
        }
        locked(&self.inner.watches).clear();
        self.inner.client.send_replace(Some(outcome));
    }

    /// What the client hears for this computer becomes a notification, in place of what the client before it heard.
    fn show_messages_of(&self, client: &Client) {
        let notices = self.inner.notices.clone();
        let watch = client.watch_messages(move |message| notices.show(message));
        *locked(&self.inner.messages) = Some(watch);
    }

    /// Whether this computer shows the person's messages.
    pub async fn push_state(&self) -> Result<PushState, ClientError> {
        let on = self.client().await?.device_messages().await?;
        Ok(Self::told_as(on))
    }

    /// Shows them here from now on, or no more.
    pub async fn set_push(&self, on: bool) -> Result<PushState, ClientError> {
        let client = self.client().await?;
        if on && !Notices::possible() {
            return Ok(PushState::Unsupported);
        }
        Ok(Self::told_as(client.set_device_messages(on).await?))
    }

    fn told_as(on: bool) -> PushState {
        match on {
            _ if !Notices::possible() => PushState::Unsupported,
            true => PushState::On,
            false => PushState::Off,
        }
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
        locked(&self.inner.messages).take();
        tokio::join!(self.inner.server.stop(), self.inner.theater.stop());
    }

    /// The folder of this device's data.
    pub fn data(&self) -> &std::path::Path {
        &self.inner.data
    }
}
