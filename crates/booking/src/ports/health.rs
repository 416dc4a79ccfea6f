//! How calling a gateway goes: counted for metrics, and told to the operator once when it changes.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// What stands between us and a gateway, by what an operator can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The key is unknown, expired or revoked.
    Key,
    /// The key may not do this.
    Rights,
    /// Too many calls.
    Limited,
    /// It answers with errors of its own.
    Outage,
    /// No connection, or no answer in time.
    Silence,
    /// It says something that does not fit what we asked: another amount, another mode, no JSON.
    Nonsense,
    /// It refused a call as malformed: a bug of ours, or a version that moved on.
    BadRequest,
}

impl Trouble {
    /// Every kind, in the order they are counted.
    pub const ALL: [Self; 7] = [
        Self::Key,
        Self::Rights,
        Self::Limited,
        Self::Outage,
        Self::Silence,
        Self::Nonsense,
        Self::BadRequest,
    ];

    /// The end of its metric's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key_refused",
            Self::Rights => "rights_missing",
            Self::Limited => "limited",
            Self::Outage => "outage",
            Self::Silence => "silence",
            Self::Nonsense => "nonsense",
            Self::BadRequest => "bad_request",
        }
    }

    /// What the operator should know and do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Key => {
                "the gateway does not accept the secret key (expired, revoked or mistyped): make a new key in the \
                 gateway's dashboard, put it where the server reads it and restart; until then nobody can pay, seats \
                 stay held, and what was begun is finished afterwards"
            }
            Self::Rights => {
                "the secret key may not do this: give the restricted key write access to payments, refunds and checkout \
                 sessions in the gateway's dashboard; what was begun is finished afterwards"
            }
            Self::Limited => {
                "the gateway asks for fewer calls: they are tried again more slowly, nothing is lost; should it last, \
                 ask the gateway for a higher limit"
            }
            Self::Outage => {
                "the gateway has an outage: nothing is charged twice, payments that were begun are settled when it is \
                 back; see the gateway's status page"
            }
            Self::Silence => {
                "the gateway cannot be reached or does not answer in time: check this machine's network and DNS; nothing \
                 is charged twice, payments that were begun are settled when it is back"
            }
            Self::Nonsense => {
                "the gateway's answer does not fit what was asked: nothing was booked on it; compare the charge in the \
                 gateway's dashboard, and check that the key belongs to this account and mode"
            }
            Self::BadRequest => {
                "the gateway takes a call for malformed: please report this with the line above; the payer was not \
                 charged"
            }
        }
    }
}

/// Counts calls and troubles.
#[derive(Debug, Default)]
pub struct GatewayHealth {
    calls: AtomicU64,
    retries: AtomicU64,
    troubles: [AtomicU64; Trouble::ALL.len()],
    now: Mutex<Option<Trouble>>,
}

impl GatewayHealth {
    /// Notes a call that was answered in the gateway's right mind, be it with a refusal.
    pub fn well(&self, gateway: &str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.change(None) {
            tracing::info!(gateway, "the gateway answers again");
        }
    }

    /// Notes a call that met trouble. The advice is logged when it is another one than before.
    pub fn trouble(&self, gateway: &str, trouble: Trouble, said: &str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.troubles[trouble as usize].fetch_add(1, Ordering::Relaxed);
        if self.change(Some(trouble)) {
            tracing::error!(gateway, said, "{}", trouble.advice());
        }
    }

    /// Notes that a call is made again.
    pub fn again(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    fn change(&self, to: Option<Trouble>) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = *now != to;
        *now = to;
        changes
    }

    /// What the last call met, if it did.
    pub fn now(&self) -> Option<Trouble> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Calls since the start.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
    /// Calls that were made again.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }
    /// How often this was met.
    pub fn met(&self, trouble: Trouble) -> u64 {
        self.troubles[trouble as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_is_counted_under_its_own_name_and_says_what_to_do() {
        let health = GatewayHealth::default();
        for (index, trouble) in Trouble::ALL.into_iter().enumerate() {
            assert_eq!(trouble as usize, index);
            health.trouble("x", trouble, "");
            assert_eq!((health.met(trouble), health.now()), (1, Some(trouble)));
            assert!(trouble.advice().len() > 60, "{trouble:?}");
        }
        health.well("x");
        assert_eq!((health.calls(), health.now()), (8, None));
    }
}
