//! The OS keyring behind the client's small trait.
//!
//! Opened at the first need, not at the start: a locked keyring may ask the person for its password, and theaters must
//! not wait for that. It counts as usable only once it gave back what was written to it, since some keyrings open
//! willingly and keep nothing.

use keyring_core::{CredentialStore, Entry, Error};
use matinee_client::{Secret, SecretStore, SecretsError, probe};
use std::sync::{Arc, Mutex, PoisonError};

/// What the entries are filed under.
const SERVICE: &str = "app.matinee";

/// The platform's keyring.
#[derive(Default)]
pub struct Keyring {
    opened: Mutex<Option<Arc<CredentialStore>>>,
}

impl Keyring {
    fn store(&self) -> Result<Arc<CredentialStore>, SecretsError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.as_ref() {
            return Ok(store.clone());
        }
        let store = platform_store()?;
        probe(&Opened(store.clone()))?;
        *opened = Some(store.clone());
        Ok(store)
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, SecretsError>,
    ) -> Result<T, SecretsError> {
        let outcome = work(&Opened(self.store()?));
        if matches!(outcome, Err(SecretsError::Unavailable(_))) {
            // Gone or locked meanwhile: the next call opens it anew.
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        outcome
    }
}

impl SecretStore for Keyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        self.with(|store| store.get(name))
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.with(|store| store.set(name, secret))
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.with(|store| store.delete(name))
    }
}

/// A keyring that is open.
struct Opened(Arc<CredentialStore>);

impl Opened {
    fn entry(&self, name: &str) -> Result<Entry, SecretsError> {
        self.0
            .build(SERVICE, name, None)
            .map_err(|error| refusal(&error))
    }
}

impl SecretStore for Opened {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        match self.entry(name)?.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refusal(&error)),
        }
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.entry(name)?
            .set_password(secret.expose())
            .map_err(|error| refusal(&error))
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

/// Says why without the values that some errors carry.
fn refusal(error: &Error) -> SecretsError {
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => {
            SecretsError::Unavailable(cause.to_string())
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            SecretsError::Failed("an entry cannot be read".into())
        }
        Error::Ambiguous(_) => SecretsError::Failed("an entry is there more than once".into()),
        other => SecretsError::Failed(other.to_string()),
    }
}

fn platform_store() -> Result<Arc<CredentialStore>, SecretsError> {
    #[cfg(all(
        unix,
        not(any(target_os = "macos", target_os = "ios", target_os = "android"))
    ))]
    let store = zbus_secret_service_keyring_store::Store::new();
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(target_os = "ios")]
    let store = apple_native_keyring_store::protected::Store::new();
    #[cfg(target_os = "windows")]
    let store = windows_native_keyring_store::Store::new();
    #[cfg(target_os = "android")]
    let store = android_native_keyring_store::Store::new();
    match store {
        Ok(store) => Ok(store),
        Err(error) => Err(refusal(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why_and_shows_no_value() {
        let bad = Error::BadEncoding(b"tok_secret".to_vec());
        assert!(!refusal(&bad).to_string().contains("tok"));
        let locked = Error::NoStorageAccess("the collection is locked".into());
        assert_eq!(
            refusal(&locked),
            SecretsError::Unavailable("the collection is locked".into())
        );
    }

    #[test]
    fn an_open_keyring_keeps_gives_back_and_forgets() {
        let store = Opened(keyring_core::mock::Store::new().expect("a pretended keyring"));
        assert_eq!(probe(&store), Ok(()));
        assert_eq!(store.get("session https://a.example"), Ok(None));
        store
            .set("session https://a.example", &Secret::new("t"))
            .expect("kept");
        assert_eq!(
            store.get("session https://a.example"),
            Ok(Some(Secret::new("t")))
        );
        assert_eq!(store.get("session https://b.example"), Ok(None));
        store
            .delete("session https://a.example")
            .expect("forgotten");
        assert_eq!(store.delete("session https://a.example"), Ok(()));
    }
}
