//! How often a caller may do what costs money, reveals secrets or fills the house. docs/limits.md is the table for
//! people; a test compares the two.
//!
//! Counts live in memory, per server, in a map of fixed capacity. Quotas that must hold across servers (unpaid seats,
//! payment attempts per booking) are conditions inside the store's transactions and are not here.

mod table;

pub use table::{Limit, LimitRow, TABLE};

use super::ApiError;
use chrono::{DateTime, Utc};
use matinee_api::ProblemCode;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Live streams one address may keep open.
pub const LIVE_PER_ADDRESS: usize = 6;
/// Live streams one server keeps open.
pub const LIVE_IN_ALL: usize = 20_000;
/// Live streams of messages one server keeps open for apps, each of which has one.
pub const LIVE_MESSAGES_IN_ALL: usize = 20_000;
/// Wrong passwords of one account from one address before each further one costs a growing pause.
pub const FREE_FAILURES: u32 = 5;
/// An address where an account signed in is known to be its own this long (while the server runs).
pub const KNOWN_DAYS: u32 = 30;
/// The longest such pause.
pub const LONGEST_PAUSE_SECONDS: u32 = 900;

const SHARDS: usize = 16;
/// Keys remembered in all. A flood of new keys drops the oldest ones: bounded memory comes first.
const CAPACITY: usize = 131_072;

/// A key: an address, a caller, an e-mail, as 16 bytes.
pub type LimitKey = [u8; 16];

/// The key of an address: IPv4, or the /64 of IPv6.
pub fn address_key(address: IpAddr) -> LimitKey {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            octets
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Count(Limit),
    Failures,
    /// An account signed in from an address.
    Known,
}

/// A sliding window as two counters; for failures, `window` is when the pause ends.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    window: i64,
    current: u32,
    previous: u32,
    touched: i64,
}

impl Bucket {
    /// The pause from now on that so many wrong passwords cost.
    fn pause(&mut self, now: i64) {
        self.touched = now;
        let steps = self.current.saturating_sub(FREE_FAILURES);
        let seconds = match steps {
            0 => 0,
            _ => 1_i64.checked_shl(steps - 1).unwrap_or(i64::MAX),
        };
        self.window = now + seconds.min(i64::from(LONGEST_PAUSE_SECONDS)) * 1000;
    }
}

type Shard = FxHashMap<(Slot, LimitKey), Bucket>;

/// Counts by limit and key.
#[derive(Debug)]
pub struct RateLimits {
    off: bool,
    shards: [Mutex<Shard>; SHARDS],
    live: Arc<Live>,
}

#[derive(Debug, Default)]
struct Live {
    total: AtomicUsize,
    by_address: Mutex<FxHashMap<LimitKey, usize>>,
}

impl RateLimits {
    /// `off` is for load tests; the configuration refuses it where strangers could reach the server.
    pub fn new(off: bool) -> Self {
        Self {
            off,
            shards: Default::default(),
            live: Arc::default(),
        }
    }

    /// True when every rate and per-caller quota is switched off.
    pub const fn is_off(&self) -> bool {
        self.off
    }

    /// Counts one more; 429 with a Retry-After when it is one too many (and then it is not counted).
    pub fn check(&self, limit: Limit, key: LimitKey, now: DateTime<Utc>) -> Result<(), ApiError> {
        match self.count(limit, key, now) {
            None => Ok(()),
            Some(wait) => Err(too_many(wait)),
        }
    }

    /// The same for limits that must not show: false when it is one too many.
    pub fn allows(&self, limit: Limit, key: LimitKey, now: DateTime<Utc>) -> bool {
        self.count(limit, key, now).is_none()
    }

    /// 429 when the limit is reached; counts nothing.
    pub fn check_only(
        &self,
        limit: Limit,
        key: LimitKey,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.look(limit, key, now, 0)
            .map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    /// Counts one more, up to the limit.
    pub fn add(&self, limit: Limit, key: LimitKey, now: DateTime<Utc>) {
        self.look(limit, key, now, 1);
    }

    /// Takes the last count back: it turned out to be none.
    pub fn take_back(&self, limit: Limit, key: LimitKey) {
        if let Some(bucket) = self.shard(&key).get_mut(&(Slot::Count(limit), key)) {
            bucket.current = bucket.current.saturating_sub(1);
        }
    }

    /// Seconds to wait, if any; otherwise one more is counted.
    fn count(&self, limit: Limit, key: LimitKey, now: DateTime<Utc>) -> Option<u32> {
        self.look(limit, key, now, 1)
    }

    fn look(&self, limit: Limit, key: LimitKey, now: DateTime<Utc>, more: u32) -> Option<u32> {
        if self.off {
            return None;
        }
        let row = limit.row();
        let length = i64::from(row.window_seconds) * 1000;
        let now = now.timestamp_millis();
        let mut shard = self.shard(&key);
        let bucket = entry(&mut shard, (Slot::Count(limit), key), now);
        let passed = now - bucket.window;
        if passed >= 2 * length {
            (bucket.window, bucket.current, bucket.previous) = (now, 0, 0);
        } else if passed >= length {
            bucket.window += length;
            (bucket.previous, bucket.current) = (bucket.current, 0);
        }
        let left = (length - (now - bucket.window)).clamp(0, length);
        // What of the window before still counts: its share of the last `length` milliseconds.
        let before = i64::from(bucket.previous) * left / length;
        if before + i64::from(bucket.current) < i64::from(row.count) {
            bucket.current += more;
            bucket.touched = now;
            return None;
        }
        let wait = if bucket.current >= row.count {
            left
        } else {
            length / i64::from(bucket.previous.max(1))
        };
        Some((wait / 1000 + 1) as u32)
    }

    /// Counts a password that is tried as a wrong one, before anybody looks at it; 429, and nothing counted, while a pause
    /// after wrong ones lasts. Past the free ones each doubles the pause.
    pub fn try_password(&self, key: LimitKey, now: DateTime<Utc>) -> Result<(), ApiError> {
        if self.off {
            return Ok(());
        }
        let now = now.timestamp_millis();
        let mut shard = self.shard(&key);
        let bucket = entry(&mut shard, (Slot::Failures, key), now);
        if bucket.current > FREE_FAILURES && bucket.window > now {
            return Err(too_many(((bucket.window - now) / 1000 + 1) as u32));
        }
        bucket.current = bucket.current.saturating_add(1);
        bucket.pause(now);
        Ok(())
    }

    /// A password that was tried was right, or nobody looked at it: it counts for nothing, and costs no pause. (Past the
    /// free ones no other can be under way: each begins a pause.)
    pub fn take_password_back(&self, key: LimitKey, now: DateTime<Utc>) {
        if let Some(bucket) = self.shard(&key).get_mut(&(Slot::Failures, key)) {
            bucket.current = bucket.current.saturating_sub(1);
            bucket.window = now.timestamp_millis();
        }
    }

    /// The right password came: failures are forgotten, and the address is known to be the account's.
    pub fn succeeded(&self, key: LimitKey, now: DateTime<Utc>) {
        let mut shard = self.shard(&key);
        shard.remove(&(Slot::Failures, key));
        let now = now.timestamp_millis();
        entry(&mut shard, (Slot::Known, key), now).touched = now;
    }

    /// The account signed in from this address lately.
    pub fn knows(&self, key: LimitKey, now: DateTime<Utc>) -> bool {
        let since = now.timestamp_millis() - i64::from(KNOWN_DAYS) * 86_400_000;
        let shard = self.shard(&key);
        shard
            .get(&(Slot::Known, key))
            .is_some_and(|bucket| bucket.touched > since)
    }

    /// Opens a live stream, or says why not. Dropping the guard closes it.
    pub fn live(&self, address: IpAddr) -> Result<LiveGuard, ApiError> {
        let key = address_key(address);
        let live = &self.live;
        if live.total.fetch_add(1, Ordering::Relaxed) >= LIVE_IN_ALL {
            live.total.fetch_sub(1, Ordering::Relaxed);
            return Err(ApiError::new(
                ProblemCode::Overloaded,
                "Too many people are watching seats at once. The map can still be loaded.",
            )
            .retry_after(10));
        }
        let mut guard = LiveGuard {
            live: Arc::clone(live),
            key: None,
        };
        if !self.off {
            let mut by_address = live.by_address.lock();
            let open = by_address.entry(key).or_insert(0);
            if *open >= LIVE_PER_ADDRESS {
                drop(by_address);
                return Err(ApiError::new(
                    ProblemCode::TooManyRequests,
                    "Too many live seat maps are open from this address. Close one first.",
                )
                .retry_after(10));
            }
            *open += 1;
            drop(by_address);
            guard.key = Some(key);
        }
        Ok(guard)
    }

    /// Live streams that are open.
    pub fn live_open(&self) -> usize {
        self.live.total.load(Ordering::Relaxed)
    }

    fn shard(&self, key: &LimitKey) -> parking_lot::MutexGuard<'_, Shard> {
        let mixed = key.iter().fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
        });
        self.shards[mixed % SHARDS].lock()
    }
}

/// The bucket of a key, making room when the shard is full.
fn entry(shard: &mut Shard, key: (Slot, LimitKey), now: i64) -> &mut Bucket {
    if shard.len() >= CAPACITY / SHARDS && !shard.contains_key(&key) {
        let mut times: Vec<i64> = shard.values().map(|bucket| bucket.touched).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        shard.retain(|_, bucket| bucket.touched > median);
    }
    shard.entry(key).or_insert(Bucket {
        window: now,
        current: 0,
        previous: 0,
        touched: now,
    })
}

fn too_many(wait_seconds: u32) -> ApiError {
    ApiError::new(
        ProblemCode::TooManyRequests,
        "That was tried too often. Nothing was changed; wait a while and try again.",
    )
    .retry_after(wait_seconds)
}

/// An open live stream.
#[derive(Debug)]
pub struct LiveGuard {
    live: Arc<Live>,
    key: Option<LimitKey>,
}

impl Drop for LiveGuard {
    fn drop(&mut self) {
        self.live.total.fetch_sub(1, Ordering::Relaxed);
        let Some(key) = self.key else { return };
        let mut by_address = self.live.by_address.lock();
        if let Some(open) = by_address.get_mut(&key) {
            *open -= 1;
            if *open == 0 {
                by_address.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
