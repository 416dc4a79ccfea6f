//! What the outer layer knows of a request and handlers may ask: its id, where it came from, and a cookie to send back.

use axum::{extract::MatchedPath, http::HeaderValue};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// The id of a request, made here and never taken from outside: 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 32]);

/// Makes request ids: a random start per process and a mixed counter, so that two servers never make the same.
#[derive(Debug)]
pub struct RequestIds {
    start: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that begin at random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        let value = u128::from_le_bytes(random);
        Self {
            start: value as u64,
            next: AtomicU64::new((value >> 64) as u64),
        }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; 32];
        hex(self.start, &mut text[..16]);
        hex(mix(count), &mut text[16..]);
        RequestId(text)
    }
}

/// A one-to-one mixing of 64 bits (splitmix64), so that ids do not tell how many requests there were.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn hex(value: u64, out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (index, slot) in out.iter_mut().enumerate() {
        *slot = DIGITS[(value >> (60 - 4 * index)) as usize & 15];
    }
}

impl RequestId {
    /// The 32 hex digits.
    pub fn as_str(&self) -> &str {
        // Only hex digits are ever stored in the array.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
    /// As the value of `x-request-id`.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static(""))
    }
}
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One request as the outer layer sees it; an extension of the request.
#[derive(Debug)]
pub struct Context {
    pub request_id: RequestId,
    /// The caller's address: the connection's, or what a trusted proxy says.
    pub address: IpAddr,
    /// The caller reached us over TLS.
    pub secure: bool,
    /// The body is being read: whoever waits, waits for the caller.
    reading: AtomicBool,
    route: OnceLock<MatchedPath>,
    set_cookie: OnceLock<HeaderValue>,
}

impl Context {
    /// A request that just arrived.
    pub fn new(request_id: RequestId, address: IpAddr, secure: bool) -> Arc<Self> {
        Arc::new(Self {
            request_id,
            address,
            secure,
            reading: AtomicBool::new(false),
            route: OnceLock::new(),
            set_cookie: OnceLock::new(),
        })
    }
    /// For requests that never passed the outer layer: tests of single handlers.
    pub fn unknown() -> Arc<Self> {
        Self::new(
            RequestId([b'0'; 32]),
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            false,
        )
    }
    /// The route's pattern, e.g. `/api/v1/shows/{show_id}`, once it is known.
    pub fn route(&self) -> Option<&str> {
        self.route.get().map(MatchedPath::as_str)
    }
    /// Notes which route answers.
    pub fn matched(&self, route: MatchedPath) {
        let _ = self.route.set(route);
    }
    /// Notes that the body is being read, or was.
    pub fn set_reading(&self, reading: bool) {
        self.reading.store(reading, Ordering::Relaxed);
    }
    /// The body is being read.
    pub fn is_reading(&self) -> bool {
        self.reading.load(Ordering::Relaxed)
    }
    /// Sends this cookie with the answer; the first wish counts.
    pub fn send_cookie(&self, cookie: HeaderValue) {
        let _ = self.set_cookie.set(cookie);
    }
    /// The cookie to send.
    pub fn cookie(&self) -> Option<&HeaderValue> {
        self.set_cookie.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_plain() {
        let ids = RequestIds::new([0xAB; 16]);
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one, two);
        assert_eq!(one.as_str().len(), 32);
        assert!(one.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
