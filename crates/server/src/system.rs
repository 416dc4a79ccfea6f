//! The machine's clock and randomness, behind the traits the use cases ask for. Tests put others in their place.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use matinee_booking::{Clock, Entropy};
use matinee_store::{Store, StoreError};
use parking_lot::Mutex;
use std::{sync::Arc, time::Instant};

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Databases keep microseconds: a time must read the same before and after it was stored.
        Utc::now().trunc_subsecs(6)
    }
}

/// The clock of a database that several servers share, carried on by this machine between two looks at it: servers whose
/// clocks differ, or jump, agree on what has run out.
#[derive(Debug)]
pub struct DatabaseClock {
    /// What it showed, and when that was.
    seen: Mutex<(DateTime<Utc>, Instant)>,
}

impl DatabaseClock {
    /// The clock to go by: the database's if it has one, otherwise the given one.
    pub async fn over(
        store: &dyn Store,
        given: Arc<dyn Clock>,
    ) -> Result<(Arc<dyn Clock>, Option<Arc<Self>>), StoreError> {
        let asked = Instant::now();
        let Some(time) = store.time().await? else {
            return Ok((given, None));
        };
        let seen = Mutex::new((time, middle(asked)));
        let clock = Arc::new(Self { seen });
        Ok((Arc::clone(&clock) as Arc<dyn Clock>, Some(clock)))
    }

    /// Looks at the database's clock again.
    pub async fn set(&self, store: &dyn Store) -> Result<(), StoreError> {
        let asked = Instant::now();
        if let Some(time) = store.time().await? {
            *self.seen.lock() = (time, middle(asked));
        }
        Ok(())
    }
}

/// Half way between then and now: when the other side most likely looked.
fn middle(asked: Instant) -> Instant {
    asked + asked.elapsed() / 2
}

impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        let (time, at) = *self.seen.lock();
        let since = TimeDelta::from_std(at.elapsed()).unwrap_or(TimeDelta::zero());
        (time + since).trunc_subsecs(6)
    }
}

/// The operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Without randomness no id or token can be made safely: a kernel that refuses it is a reason to stop, not to
    /// continue with weaker bytes. After boot, Linux never does.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives no randomness");
    }
}
