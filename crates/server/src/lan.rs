//! Opening a server to its local network: who may reach it there, by which names and addresses, and over which certificate.
//!
//! A choice of whoever starts the server (`--lan`), never made by itself. The loopback address stays what it was; beside it
//! stands a second listener that speaks TLS alone, as phones give camera, service worker and push to nobody else. With no
//! certificate given, one is made on the spot, which a device trusts once it trusts this server's own authority. What comes
//! in plain text is only shown the way, and handed that authority's certificate. Left out: names on the network (whatever
//! announces this machine's name does so already), and addresses the Internet reaches.

mod addresses;
mod authority;
mod plain;

pub use authority::AuthorityError;
pub(crate) use plain::HANDSHAKE;

use crate::config::Config;
use addresses::is_local;
use arc_swap::ArcSwap;
use authority::{Authority, LEAF_DAYS};
use chrono::{DateTime, Days, NaiveDate, Utc};
use fast_qr::QRBuilder;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::CertificateDer;
use std::{
    fmt::Write as _,
    io,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio_rustls::TlsAcceptor;

/// Where the authority's certificate is fetched, by devices that trust nobody yet.
pub const CA_PATH: &str = "/setup/ca.crt";
/// The port of the local network unless another one is named.
pub const PORT: u16 = 8443;
/// How often it is looked whether the machine has other addresses, or a certificate is old.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// What is left of a certificate's life when a new one takes its place.
const RENEW_DAYS: u64 = LEAF_DAYS / 3;

/// Why a server cannot be opened to its network.
#[derive(Debug, thiserror::Error)]
pub enum LanError {
    #[error("the machine's addresses cannot be read: {0}")]
    Addresses(io::Error),
    #[error(
        "this machine has no address on a local network, so there is nothing to open: connect it to one, or leave --lan away"
    )]
    Nowhere,
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("the certificate that was made cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// What changes while the server runs.
struct Now {
    addresses: Vec<Ipv4Addr>,
    /// The first day the certificate is no longer good for; none when it was given.
    ends: Option<NaiveDate>,
}

/// Answers a handshake with the newest certificate.
#[derive(Debug)]
struct Newest(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Newest {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// Our own certificates.
struct Own {
    authority: Authority,
    newest: Arc<Newest>,
}

/// The server on its local network.
pub struct Lan {
    port: u16,
    names: Vec<String>,
    /// None with a certificate that was given.
    own: Option<Own>,
    acceptor: TlsAcceptor,
    now: ArcSwap<Now>,
}

impl Lan {
    /// Finds out where the machine is and makes what it needs there. `given` is a certificate somebody has already.
    pub fn open(
        config: &Config,
        port: u16,
        given: Option<TlsAcceptor>,
        now: DateTime<Utc>,
    ) -> Result<Self, LanError> {
        let addresses = addresses::addresses().map_err(LanError::Addresses)?;
        if addresses.is_empty() {
            return Err(LanError::Nowhere);
        }
        Self::at(addresses, &folder(config), (port, given), now)
    }

    fn at(
        addresses: Vec<Ipv4Addr>,
        folder: &std::path::Path,
        (port, given): (u16, Option<TlsAcceptor>),
        now: DateTime<Utc>,
    ) -> Result<Self, LanError> {
        if let Some(acceptor) = given {
            let shown = Now {
                addresses,
                ends: None,
            };
            return Ok(Self {
                port,
                names: Vec::new(),
                own: None,
                acceptor,
                now: ArcSwap::from_pointee(shown),
            });
        }
        let authority = Authority::open(folder, &addresses::names(), &addresses, now)?;
        let (key, ends) = certified(&authority, &addresses, now)?;
        let newest = Arc::new(Newest(ArcSwap::from_pointee(key)));
        let acceptor = acceptor(Arc::clone(&newest))?;
        let addresses = spoken_for(&authority, addresses);
        if addresses.is_empty() {
            return Err(LanError::Nowhere);
        }
        Ok(Self {
            port,
            names: authority.names().to_vec(),
            own: Some(Own { authority, newest }),
            acceptor,
            now: ArcSwap::from_pointee(Now {
                addresses,
                ends: Some(ends),
            }),
        })
    }

    /// The port that was bound.
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// What people open, the likeliest to work first: addresses, then names.
    pub fn urls(&self) -> Vec<String> {
        let now = self.now.load();
        let addresses = now.addresses.iter().map(ToString::to_string);
        let hosts = addresses.chain(self.names.iter().cloned());
        hosts
            .map(|host| format!("https://{host}:{}", self.port))
            .collect()
    }

    /// The one that is shown and printed.
    pub fn url(&self) -> String {
        self.urls().into_iter().next().unwrap_or_default()
    }

    /// Names a request may call this machine by.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The authority's certificate, its fingerprint and its end, when it is our own.
    pub fn authority(&self) -> Option<(&CertificateDer<'static>, String, NaiveDate)> {
        let authority = &self.own.as_ref()?.authority;
        Some((
            authority.certificate(),
            authority.fingerprint(),
            authority.ends(),
        ))
    }

    /// Whether a connection came to an address of the local network.
    pub fn admits(&self, came_to: IpAddr) -> bool {
        match came_to.to_canonical() {
            IpAddr::V4(address) => is_local(address),
            IpAddr::V6(_) => false,
        }
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Looks from time to time, until it is cancelled.
    pub async fn watch(self: Arc<Self>, clock: Arc<dyn matinee_booking::Clock>) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            match addresses::addresses() {
                // Without a network there is nobody to tell: what was stays until there is one.
                Ok(addresses) if addresses.is_empty() => {}
                Ok(addresses) => self.look(addresses, clock.now()),
                Err(error) => tracing::warn!(%error, "the machine's addresses cannot be read"),
            }
        }
    }

    fn look(&self, addresses: Vec<Ipv4Addr>, now: DateTime<Utc>) {
        let before = self.now.load_full();
        let Some(own) = &self.own else {
            if addresses != before.addresses {
                self.now.store(Arc::new(Now {
                    addresses,
                    ends: None,
                }));
            }
            return;
        };
        let addresses = spoken_for(&own.authority, addresses);
        let soon = now.date_naive() + Days::new(RENEW_DAYS);
        let old = before.ends.is_none_or(|ends| ends <= soon);
        if addresses.is_empty() || (addresses == before.addresses && !old) {
            return;
        }
        match certified(&own.authority, &addresses, now) {
            Ok((key, ends)) => {
                own.newest.0.store(Arc::new(key));
                tracing::info!(?addresses, %ends, "a new certificate for the local network");
                self.now.store(Arc::new(Now {
                    addresses,
                    ends: Some(ends),
                }));
            }
            Err(error) => {
                tracing::error!(%error, "no new certificate for the local network; the old one stays");
            }
        }
    }

    /// What whoever started the server reads: the address people are given, its code for a phone's camera, and what makes a
    /// device trust it.
    pub fn announcement(&self, url: &str) -> String {
        let mut text = format!("Open on your network: {url}\n");
        if let Ok(code) = QRBuilder::new(url).build() {
            text.push_str(&code.to_str());
            text.push('\n');
        }
        if let Some((_, fingerprint, _)) = self.authority() {
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "Each device trusts it once this certificate is installed there: {url}{CA_PATH}\n\
                 Its SHA-256 fingerprint, to compare: {fingerprint}\n"
            );
        }
        text
    }
}

/// Beside the database: whoever may read that one may read the key.
fn folder(config: &Config) -> PathBuf {
    config.database.folder().join("lan")
}

fn spoken_for(authority: &Authority, addresses: Vec<Ipv4Addr>) -> Vec<Ipv4Addr> {
    let (covered, not): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| authority.covers(*address));
    if !not.is_empty() {
        tracing::warn!(
            addresses = ?not,
            "the certificate authority may not speak for these addresses, so nobody is sent there; to have a new authority, stop \
             the server and remove its folder lan"
        );
    }
    covered
}

fn certified(
    authority: &Authority,
    addresses: &[Ipv4Addr],
    now: DateTime<Utc>,
) -> Result<(CertifiedKey, NaiveDate), LanError> {
    let leaf = authority.sign(addresses, now)?;
    let key = ring::sign::any_supported_type(&leaf.key).map_err(LanError::Unusable)?;
    Ok((CertifiedKey::new(leaf.chain, key), leaf.ends))
}

fn acceptor(newest: Arc<Newest>) -> Result<TlsAcceptor, LanError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(LanError::Unusable)?
        .with_no_client_auth()
        .with_cert_resolver(newest);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
