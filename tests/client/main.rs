//! The app's core against a real server: what it answers with the network gone, what survives a restart, and that one
//! intention has one effect.

mod account;
mod away;
mod buying;
mod links;
mod live;
mod messages;
mod relay;

use matinee_client::{Client, Options, Origin, Secret, SecretStore, SecretsError};
use matinee_tests::{Server, ServerOptions, TestError};
use relay::Relay;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A keyring that a test can look into. It outlives clients as the system's outlives the app.
#[derive(Default, Clone)]
struct Keyring(Arc<Mutex<HashMap<String, String>>>);

impl SecretStore for Keyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        Ok(self.0.lock().unwrap().get(name).map(Secret::new))
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.0
            .lock()
            .unwrap()
            .insert(name.into(), secret.expose().into());
        Ok(())
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

impl Keyring {
    /// Every text kept, in pieces as long as a token.
    fn tokens(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let pieces = kept.values().flat_map(|text| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))
        });
        pieces
            .filter(|piece| piece.len() >= 20 && !is_id(piece))
            .map(str::to_owned)
            .collect()
    }
}

/// Ids of bookings and users are no secrets, and stand beside the tokens.
fn is_id(text: &str) -> bool {
    text.parse::<matinee_api::BookingId>().is_ok() || text.parse::<matinee_api::UserId>().is_ok()
}

/// A server behind a relay, a device's folder and keyring.
struct World {
    server: Option<Server>,
    relay: Relay,
    device: tempfile::TempDir,
    place: tempfile::TempDir,
    keyring: Keyring,
}

impl World {
    async fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = Server::start_in(place.path(), &ServerOptions::default()).unwrap();
        let relay = Relay::to(server.url()).await;
        Self {
            server: Some(server),
            relay,
            device: tempfile::tempdir().unwrap(),
            place,
            keyring: Keyring::default(),
        }
    }

    /// The app, started. Nothing is asked of the server by itself.
    async fn client(&self) -> Client {
        let options = Options {
            origin: Origin::at(self.relay.url()).unwrap(),
            cache_dir: Some(self.device.path().to_owned()),
            secrets: Arc::new(self.keyring.clone()),
            session_only: false,
        };
        Client::open(options).await.unwrap()
    }

    /// The app on another device, where nothing of this one is known.
    async fn elsewhere(&self) -> (Client, Keyring) {
        let keyring = Keyring::default();
        let options = Options {
            origin: Origin::at(self.relay.url()).unwrap(),
            cache_dir: None,
            secrets: Arc::new(keyring.clone()),
            session_only: false,
        };
        (Client::open(options).await.unwrap(), keyring)
    }

    /// Every mail the server wrote, oldest first, its soft line breaks and `=` undone.
    fn mails(&self) -> Vec<String> {
        let mails = self.server.as_ref().expect("the server runs").mails();
        let undone = |mail: String| mail.replace("=\r\n", "").replace("=3D", "=");
        mails.into_iter().map(undone).collect()
    }

    async fn synced_client(&self) -> Client {
        let client = self.client().await;
        client.sync().await.unwrap();
        client
    }

    fn stop_server(&mut self) {
        self.server.take().expect("the server runs").stop().unwrap();
        self.relay.point_nowhere();
    }

    fn start_server(&mut self) -> Result<(), TestError> {
        let server = Server::start_in(self.place.path(), &ServerOptions::default())?;
        self.relay.point_to(server.url());
        self.server = Some(server);
        Ok(())
    }

    /// No token of the keyring is in any file of the device.
    fn assert_no_token_in_files(&self) {
        let tokens = self.keyring.tokens();
        assert!(!tokens.is_empty(), "there is something to look for");
        for file in files(self.device.path()) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            for token in &tokens {
                assert!(!text.contains(token), "a token is in {}", file.display());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Asks again until it is so. Bounded, and it never waits longer than it has to.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), asking).await;
    found.unwrap_or_else(|late| panic!("{what}: {late}"))
}
