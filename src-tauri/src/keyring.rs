//! The OS keyring behind the client's small trait, reached through the `keyring` crate.
//!
//! Opened at the first need, not at the start: a locked keyring may ask the person for its password, and theaters must
//! not wait for that. It counts as usable only once it gave back what was written to it, since some keyrings open
//! willingly and keep nothing.
//!
//! `keyring` chooses and opens the store of a desktop, once per run. Two things it does not do are done here, with the
//! stores it is made of: opening the Secret Service again after it was restarted or came late (its session ends with
//! it, and would not come back before the next start of the app), and the stores of phones, which it leaves out.

use keyring::{Entry, Error};
use matinee_client::{Secret, SecretStore, SecretsError, probe};
use std::sync::{Mutex, PoisonError};

/// What the entries are filed under.
const SERVICE: &str = "app.matinee";

/// How far it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Unopened,
    /// It keeps what it is given.
    Proven,
    /// It could not be opened, or failed since.
    Lost,
}

/// The platform's keyring.
#[derive(Default)]
pub struct Keyring {
    stage: Mutex<Stage>,
}

impl Keyring {
    fn with<T>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, SecretsError>,
    ) -> Result<T, SecretsError> {
        self.open()?;
        let outcome = work(&Opened);
        if matches!(outcome, Err(SecretsError::Unavailable(_))) {
            // Gone or locked meanwhile: the next call opens it anew.
            *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Lost;
        }
        outcome
    }

    fn open(&self) -> Result<(), SecretsError> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage == Stage::Proven {
            return Ok(());
        }
        let opened = match *stage {
            Stage::Lost => platform::reopen(),
            Stage::Unopened | Stage::Proven => platform::open(),
        };
        let usable = opened.and_then(|()| probe(&Opened));
        *stage = if usable.is_ok() {
            Stage::Proven
        } else {
            Stage::Lost
        };
        usable
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

/// The keyring once it is open: the process has one.
struct Opened;

impl Opened {
    fn entry(name: &str) -> Result<Entry, SecretsError> {
        let entry = match Entry::new(SERVICE, name) {
            // `keyring` found no store itself: then the one opened since is asked.
            Err(Error::NoDefaultStore) => {
                keyring_core::Entry::new(SERVICE, name).map(|inner| Entry { inner })
            }
            found => found,
        };
        entry.map_err(|error| refusal(&error))
    }
}

impl SecretStore for Opened {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        match Self::entry(name)?.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refusal(&error)),
        }
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        Self::entry(name)?
            .set_password(secret.expose())
            .map_err(|error| refusal(&error))
    }
    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        match Self::entry(name)?.delete_credential() {
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
        Error::NoDefaultStore => SecretsError::Unavailable("there is none".into()),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            SecretsError::Failed("an entry cannot be read".into())
        }
        Error::Ambiguous(_) => SecretsError::Failed("an entry is there more than once".into()),
        other => SecretsError::Failed(other.to_string()),
    }
}

/// Desktops: `keyring` has their stores.
#[cfg(desktop)]
mod platform {
    use super::{Entry, SecretsError, refusal};

    pub(super) fn open() -> Result<(), SecretsError> {
        Entry::store_status()
            .as_ref()
            .map_or_else(|error| Err(refusal(error)), |()| Ok(()))
    }

    /// The Secret Service is spoken to in a session, which ends with it.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(super) fn reopen() -> Result<(), SecretsError> {
        let store = zbus_secret_service_keyring_store::Store::new();
        keyring_core::set_default_store(store.map_err(|error| refusal(&error))?);
        Ok(())
    }

    /// Nothing is held open: every call goes to the system by itself.
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    pub(super) fn reopen() -> Result<(), SecretsError> {
        open()
    }
}

/// Phones.
#[cfg(mobile)]
mod platform {
    use super::{SecretsError, refusal};
    #[cfg(target_os = "android")]
    use android_native_keyring_store::Store;
    #[cfg(target_os = "ios")]
    use apple_native_keyring_store::protected::Store;

    pub(super) fn open() -> Result<(), SecretsError> {
        keyring_core::set_default_store(Store::new().map_err(|error| refusal(&error))?);
        Ok(())
    }

    pub(super) fn reopen() -> Result<(), SecretsError> {
        open()
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
        // Whether this machine has a keyring makes no difference: the pretended one takes its place.
        let _ = platform::open();
        keyring_core::set_default_store(
            keyring_core::mock::Store::new().expect("a pretended keyring"),
        );
        let store = Opened;
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
