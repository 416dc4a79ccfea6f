//! The machine's clock and randomness, behind the traits the use cases ask for. Tests put others in their place.

use chrono::{DateTime, SubsecRound, Utc};
use matinee_booking::{Clock, Entropy};

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Databases keep microseconds: a time must read the same before and after it was stored.
        Utc::now().trunc_subsecs(6)
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
