//! What the use cases need from outside: a clock, randomness, a payment gateway. Passed in, so that tests and
//! simulations own them.

mod gateway;
mod health;

pub use gateway::*;
pub use health::{GatewayHealth, Trouble};

use chrono::{DateTime, Utc};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// Makes random bytes nobody can guess.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// An array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
