//! Where tokens live: behind one small trait, in entries bound to the server they open.
//!
//! The OS keyring itself is the shell's business (it knows the platform); here are the trait, the store that keeps
//! secrets only while the app runs, and the one that refuses. A secret has no readable `Debug` and no `Serialize`.

use parking_lot::Mutex;
use std::{collections::HashMap, fmt, sync::Arc};

/// Text that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for a header or the keyring.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a secret could not be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// The system has no keyring, or it is locked and nobody unlocks it.
    #[error("the system's keyring cannot be used: {0}")]
    Unavailable(String),
    /// The keyring refused this one entry.
    #[error("the system's keyring failed: {0}")]
    Failed(String),
}

/// A keyring. Calls may block; the client makes them off its async threads.
pub trait SecretStore: Send + Sync + 'static {
    /// The secret of this name, or none.
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError>;
    /// Keeps it, in place of an earlier one.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError>;
    /// Forgets it; that there was none is no failure.
    fn delete(&self, name: &str) -> Result<(), SecretsError>;
}

/// Keeps secrets while the app runs: the mode a person chooses where the system has no keyring.
#[derive(Default)]
pub struct SessionOnly(Mutex<HashMap<String, Secret>>);

impl SecretStore for SessionOnly {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        Ok(self.0.lock().get(name).cloned())
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.0.lock().insert(name.to_owned(), secret.clone());
        Ok(())
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.0.lock().remove(name);
        Ok(())
    }
}

/// Holds nothing and refuses to keep anything, saying why: the system has no keyring and nobody chose to do without.
pub struct Refusing(pub String);

impl SecretStore for Refusing {
    fn get(&self, _: &str) -> Result<Option<Secret>, SecretsError> {
        Ok(None)
    }
    fn set(&self, _: &str, _: &Secret) -> Result<(), SecretsError> {
        Err(SecretsError::Unavailable(self.0.clone()))
    }
    fn delete(&self, _: &str) -> Result<(), SecretsError> {
        Ok(())
    }
}

const PROBE: &str = "probe";

/// Proves that a store keeps what it is given: some answer politely and keep nothing until they are unlocked.
pub fn probe(store: &dyn SecretStore) -> Result<(), SecretsError> {
    let written = Secret::new("matinee");
    store.set(PROBE, &written)?;
    let read = store.get(PROBE)?;
    store.delete(PROBE)?;
    if read == Some(written) {
        Ok(())
    } else {
        Err(SecretsError::Unavailable(
            "it does not keep what it is given".into(),
        ))
    }
}

/// The secrets of one server: every name carries the server's origin, so that a token never goes to another.
#[derive(Clone)]
pub(crate) struct Vault {
    store: Arc<dyn SecretStore>,
    origin: Arc<str>,
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn SecretStore>, origin: &str) -> Self {
        Self {
            store,
            origin: origin.into(),
        }
    }

    fn name(&self, entry: &str) -> String {
        format!("{entry} {}", self.origin)
    }

    pub(crate) async fn get(&self, entry: &str) -> Result<Option<Secret>, SecretsError> {
        let (store, name) = (self.store.clone(), self.name(entry));
        off_thread(move || store.get(&name)).await
    }

    pub(crate) async fn set(&self, entry: &str, secret: Secret) -> Result<(), SecretsError> {
        let (store, name) = (self.store.clone(), self.name(entry));
        off_thread(move || store.set(&name, &secret)).await
    }

    pub(crate) async fn delete(&self, entry: &str) -> Result<(), SecretsError> {
        let (store, name) = (self.store.clone(), self.name(entry));
        off_thread(move || store.delete(&name)).await
    }

    /// Whether a token got now could be kept: asked before the call that would bring it.
    pub(crate) async fn ready(&self) -> Result<(), SecretsError> {
        let store = self.store.clone();
        off_thread(move || probe(store.as_ref())).await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretsError> + Send + 'static,
) -> Result<T, SecretsError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(SecretsError::Failed("it stopped answering".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("tok_123")), "Secret(..)");
    }

    #[test]
    fn the_probe_tells_a_store_from_a_refusal() {
        assert_eq!(probe(&SessionOnly::default()), Ok(()));
        assert_eq!(
            probe(&Refusing("no bus".into())),
            Err(SecretsError::Unavailable("no bus".into()))
        );
    }

    #[tokio::test]
    async fn secrets_of_one_server_are_not_found_for_another() {
        let store: Arc<dyn SecretStore> = Arc::new(SessionOnly::default());
        let here = Vault::new(store.clone(), "https://a.example");
        let there = Vault::new(store, "https://b.example");
        here.set("session", Secret::new("a"))
            .await
            .expect("memory keeps it");
        assert_eq!(there.get("session").await, Ok(None));
        assert_eq!(here.get("session").await, Ok(Some(Secret::new("a"))));
        here.delete("session").await.expect("memory forgets it");
        assert_eq!(here.get("session").await, Ok(None));
    }
}
