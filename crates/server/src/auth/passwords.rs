//! Password hashing: argon2id in a small pool of its own, so that a wave of sign-ins never slows bookings down.
//!
//! The pool's threads live as long as the server: each hash takes 19 MiB, and the allocator keeps what a thread gave
//! back for that thread. Made on whichever thread is free, a busy evening's sign-ins kept 19 MiB for each of them.

use crate::http::ApiError;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use matinee_api::ProblemCode;
use parking_lot::Mutex;
use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};
use tokio::sync::oneshot;

/// OWASP's minimum: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that may wait; at 30–50 ms each the last one waits a few seconds.
const WAITING_MAX: usize = 64;
/// Checked when there is no account, so that an unknown e-mail takes the same time. Nobody knows its password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$+Xoj5MrJ0Ck4W0o4pO0KOZ3kl0j1sFhDwB0mcbkTnNA";

/// Stands in place of a hash where an account has no password (it was made at a provider): nothing fits it.
pub const NO_PASSWORD: &str = "!";

/// Whether an account has a password.
pub fn has_password(hash: &str) -> bool {
    hash != NO_PASSWORD
}

/// Fewest characters of a password.
pub const PASSWORD_MIN: usize = 8;
/// Most characters of a password.
pub const PASSWORD_MAX: usize = 256;

type Job = Box<dyn FnOnce() + Send>;

/// The pool. Its threads end with its last clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    jobs: mpsc::SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    /// A quarter of the cores, at least one.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_threads((cores / 4).max(1))
    }
}

impl Passwords {
    /// A pool that hashes so many passwords at a time.
    pub fn with_threads(threads: usize) -> Self {
        let (jobs, queue) = mpsc::sync_channel::<Job>(WAITING_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new().name("matinee-argon2".into());
            if let Err(error) = thread.spawn(move || work_off(&queue)) {
                tracing::error!(%error, "no thread for passwords");
            }
        }
        Self {
            jobs,
            waiting: Arc::default(),
        }
    }

    /// The PHC string of a new password. `salt` is random.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, ApiError> {
        self.run(move || hash_now(&password, salt))
            .await?
            .map_err(failed)
    }

    /// Whether the password fits. Without a hash (no such account) it takes the same time and is false.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        let hash = hash.filter(|hash| has_password(hash));
        self.run(move || {
            let known = hash.is_some();
            let text = hash.as_deref().unwrap_or(NOBODY);
            let parsed = PasswordHash::new(text).map_err(|error| error.to_string())?;
            let fits = Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok();
            Ok(fits && known)
        })
        .await?
        .map_err(failed)
    }

    /// How many hashes wait or run.
    pub fn busy(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<Result<T, String>, ApiError> {
        let _place = Place::take(&self.waiting)?;
        let (tell, told) = oneshot::channel();
        let job = move || {
            // Nobody waits for it any more: the next one need not either.
            if !tell.is_closed() {
                let _ = tell.send(work());
            }
        };
        let gone = || failed("the pool is gone".into());
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => told.await.map_err(|_| gone()),
            Err(mpsc::TrySendError::Full(_)) => Err(busy()),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(gone()),
        }
    }
}

/// Does one after another until the pool is gone.
fn work_off(queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = queue.lock().recv();
        let Ok(job) = next else { return };
        // One that panics has said so; who waits for it hears that it failed.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(job));
    }
}

/// Hashes a password on this thread: for the pool and for the command line.
pub fn hash_now(password: &str, salt: [u8; 16]) -> Result<String, String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| error.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

/// 422 unless the password has 8–256 characters. Nothing else is asked of it.
pub fn check_password(pointer: &str, password: &str) -> Result<(), ApiError> {
    let length = password.chars().take(PASSWORD_MAX + 1).count();
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        return Ok(());
    }
    Err(ApiError::invalid(
        pointer,
        format!("A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters."),
    ))
}

struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Result<Self, ApiError> {
        let place = Self(Arc::clone(waiting));
        if waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            return Err(busy());
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn busy() -> ApiError {
    ApiError::new(
        ProblemCode::Overloaded,
        "Too many people are signing in at once. Try again in a moment.",
    )
    .retry_after(2)
}

fn failed(error: String) -> ApiError {
    tracing::error!(%error, "password hashing failed");
    ApiError::new(
        ProblemCode::Internal,
        "The password could not be checked. Nothing was changed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let pool = Passwords::with_threads(1);
        let hash = pool.hash("correct horse".into(), [1; 16]).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            pool.verify("correct horse".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!pool.verify("wrong horse".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_can_sign_in_without_an_account() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), MEMORY_KIB);
        assert!(parsed.hash.is_some_and(|hash| hash.len() == 32));
        assert!(
            !Passwords::with_threads(1)
                .verify("anything".into(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn no_password_fits_an_account_without_one() {
        let pool = Passwords::with_threads(1);
        for password in ["", "!", "anything"] {
            let fits = pool.verify(password.into(), Some(NO_PASSWORD.into())).await;
            assert!(!fits.unwrap(), "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_that_panics_fails_alone() {
        let pool = Passwords::with_threads(1);
        assert!(pool.run::<()>(|| panic!("on purpose")).await.is_err());
        assert!(!pool.verify("x".into(), None).await.unwrap());
        assert_eq!(pool.busy(), 0);
    }

    #[tokio::test]
    async fn a_full_queue_is_said() {
        let pool = Passwords::with_threads(1);
        pool.waiting.store(WAITING_MAX, Ordering::Relaxed);
        let error = pool.verify("x".into(), None).await.unwrap_err();
        assert_eq!(error.code(), ProblemCode::Overloaded);
        assert!(error.0.retry_after.is_some());
        assert_eq!(pool.busy(), WAITING_MAX, "a refused place is given back");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(check_password("/password", "пароль12").is_ok());
        assert!(check_password("/password", "пароль1").is_err());
        assert!(check_password("/password", &"é".repeat(256)).is_ok());
        assert!(check_password("/password", &"é".repeat(257)).is_err());
    }
}
