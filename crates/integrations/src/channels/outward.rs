//! Talking HTTP to the world outside: bounded in time and size, never redirected, and, where somebody else chose the
//! address (a browser's push service, an integrator's server), only to public addresses.
//!
//! A name is looked up once and the connection goes to what was found, so a name that changes its mind in between
//! gains nothing.

use super::SendError;
use http::HeaderMap;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Once, OnceLock},
    time::Duration,
};
use url::{Host, Url};

/// Longest an exchange may take.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Of an answer only the beginning is read: enough for an error's words.
const ANSWER_MAX: usize = 16 * 1024;

/// Where one may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses by TLS only: the address came from outside.
    Public,
    /// Anywhere: whoever runs the server chose the address, or allows private ones.
    Anywhere,
}

/// Makes requests. Its client is made when it is first needed: a machine without certificates can do all that needs none.
pub struct Outward {
    client: OnceLock<Result<reqwest::Client, String>>,
    reach: Reach,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// `Retry-After`, when it is a number.
    pub retry_after: Option<Duration>,
    /// Its beginning.
    pub body: String,
}

/// rustls takes its cryptography from the process; ring is the one this project builds.
pub(super) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error only says that the process already chose, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl Outward {
    /// One that goes no further than `reach`.
    pub const fn new(reach: Reach) -> Self {
        let client = OnceLock::new();
        Self { client, reach }
    }

    fn client(&self) -> Result<&reqwest::Client, SendError> {
        let client = self.client.get_or_init(|| client(self.reach));
        client.as_ref().map_err(|why| SendError::Refused {
            why: format!("no outgoing connections: {why}"),
            remedy: "Install the system's certificates (on Debian the package ca-certificates) and start the server again",
        })
    }

    /// Sends a POST.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, SendError> {
        if self.reach == Reach::Public {
            refuse_private(url)?;
        }
        let request = self.client()?.post(url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= ANSWER_MAX {
                bytes.truncate(ANSWER_MAX);
                break;
            }
        }
        Ok(Answer {
            status,
            retry_after: seconds.map(Duration::from_secs),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

fn client(reach: Reach) -> Result<reqwest::Client, String> {
    install_crypto();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Matinee/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .pool_idle_timeout(Duration::from_mins(1));
    if reach == Reach::Public {
        // A proxy would look the name up again.
        builder = builder.no_proxy().dns_resolver(PublicOnly);
    }
    builder.build().map_err(|error| chain(&error))
}

impl Answer {
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// What most providers mean by a status; the particular ones look at the body before.
    pub fn judge(&self, remedy: &'static str) -> SendError {
        let why = format!("HTTP {} {}", self.status, self.excerpt());
        match self.status {
            401..=403 => SendError::Refused { why, remedy },
            408 | 409 | 425 | 429 | 300..=399 | 500.. => SendError::Temporary {
                why,
                after: self.retry_after,
            },
            _ => SendError::Unsendable(why),
        }
    }

    /// The first words of the body on one line, without control characters: it is kept for an operator to read.
    pub fn excerpt(&self) -> String {
        let plain = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        plain
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect()
    }
}

fn failed(error: &reqwest::Error) -> SendError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<NotPublic>() {
            return not_public();
        }
        source = cause.source();
    }
    SendError::temporary(chain(error))
}

/// The error and its causes on one line; the address is left out, since it may hold a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "no connection".to_owned()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Refuses an address that is no public one by itself; a name is judged when it is looked up.
pub fn refuse_private(url: &Url) -> Result<(), SendError> {
    let fits = url.scheme() == "https"
        && match url.host() {
            Some(Host::Ipv4(ip)) => is_public(ip.into()),
            Some(Host::Ipv6(ip)) => is_public(ip.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
    if fits { Ok(()) } else { Err(not_public()) }
}

fn not_public() -> SendError {
    SendError::Unsendable("its address is not a public https address".into())
}

/// The name leads to an address nobody outside may name.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
struct NotPublic;

struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if found.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether the address is on the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        // "This network", carriers' own, protocol assignments, benchmarks, reserved and broadcast.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // What carries an IPv4 address inside leads where that leads.
    if let Some(inner) = ip.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let inner = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
    };
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Teredo and the other protocol assignments, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Global unicast is this block; everything else is local, multicast or reserved.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[tokio::test]
    async fn an_address_from_outside_leads_nowhere_private() {
        let outward = Outward::new(Reach::Public);
        for address in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://169.254.169.254/latest/meta-data",
            // A name: only looking it up shows where it leads.
            "https://localhost/",
        ] {
            let sent = outward
                .post(&Url::parse(address).unwrap(), HeaderMap::new(), Vec::new())
                .await;
            assert_eq!(sent.unwrap_err(), not_public(), "{address}");
        }
    }

    #[test]
    fn a_status_says_whose_fault_it_is() {
        let judge = |status| {
            let answer = Answer {
                status,
                retry_after: Some(Duration::from_secs(7)),
                body: " a\n b\u{7} ".into(),
            };
            answer.judge("Mend it.")
        };
        assert_eq!(
            judge(500),
            SendError::Temporary {
                why: "HTTP 500 a b".into(),
                after: Some(Duration::from_secs(7))
            }
        );
        assert!(matches!(judge(302), SendError::Temporary { .. }));
        assert!(matches!(judge(401), SendError::Refused { .. }));
        assert!(matches!(judge(404), SendError::Unsendable(_)));
    }
}
