//! What outlets share: addresses of brokers, names and passwords there, TLS, and the one connection all sends go over.
//!
//! An outlet is a log or queue of whoever runs the server. Its address is an option, its secret never is: a password comes
//! from the environment or a file, and goes over TLS or not beyond this machine.

use super::{SendError, outward::install_crypto};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use url::{Host, Url};

/// Longest it may take to be connected.
const CONNECT: Duration = Duration::from_secs(10);
/// Who comes so soon after a failure hears the same: sends that waited for the connection do not try one by one.
const SOON: Duration = Duration::from_secs(1);
/// What a certificate that is not believed is called, in the words of the library below all of theirs.
const NOT_BELIEVED: &str = "invalid peer certificate";
/// Brokers one may name.
const MOST: usize = 16;

/// Why an outlet's option cannot be used. It never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(String);

impl BadSetting {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The two schemes of a kind of broker, and its port.
pub(super) struct Schemes {
    pub plain: &'static str,
    pub tls: &'static str,
    pub port: u16,
}

/// Where brokers are.
#[derive(Clone)]
pub(super) struct Servers {
    pub tls: bool,
    /// `host:port` each.
    pub hosts: Vec<String>,
    on_this_machine: bool,
}

impl Servers {
    /// Reads `scheme://host:port,host:port`.
    pub fn parse(text: &str, schemes: &Schemes) -> Result<Self, BadSetting> {
        let Schemes { plain, tls, port } = schemes;
        let wrong = || {
            BadSetting::new(format!(
                "addresses are expected, e.g. {tls}://a.example:{port},b.example:{port} ({plain}:// is without TLS)"
            ))
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(wrong)?;
        if scheme != *plain && scheme != *tls {
            return Err(wrong());
        }
        if rest.contains('@') {
            return Err(BadSetting::new(
                "name and password do not belong into the address: they stand in the environment or in the file of options",
            ));
        }
        let (mut hosts, mut on_this_machine) = (Vec::new(), true);
        for host in rest.trim_end_matches('/').split(',') {
            // A scheme the standard knows makes it read numbers as addresses.
            let url = Url::parse(&format!("http://{}/", host.trim())).map_err(|_| wrong())?;
            let name = url.host().ok_or_else(wrong)?;
            if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
                return Err(wrong());
            }
            on_this_machine &= is_loopback(&name);
            // `http` has a port of its own, which it leaves out.
            let written = host.trim().rsplit(':').next().unwrap_or_default();
            let written = written.parse().unwrap_or(*port);
            hosts.push(format!("{name}:{}", url.port().unwrap_or(written)));
        }
        if hosts.len() > MOST {
            return Err(BadSetting::new(format!("{MOST} addresses are enough")));
        }
        Ok(Self {
            tls: scheme == *tls,
            hosts,
            on_this_machine,
        })
    }

    /// Whether a password may go there.
    pub fn may_hear_a_password(&self, schemes: &Schemes) -> Result<(), BadSetting> {
        if self.tls || self.on_this_machine {
            return Ok(());
        }
        Err(BadSetting::new(format!(
            "a password goes over TLS only, except on this machine: write {}://",
            schemes.tls
        )))
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

/// `NAME:SECRET`.
pub(super) fn pair(text: &str) -> Result<(String, String), BadSetting> {
    let halves = text.trim().split_once(':');
    let whole = halves.filter(|(name, secret)| !name.is_empty() && !secret.is_empty());
    let (name, secret) =
        whole.ok_or_else(|| BadSetting::new("a name and a secret are expected, NAME:SECRET"))?;
    Ok((name.to_owned(), secret.to_owned()))
}

/// TLS that believes whom the system believes. `SSL_CERT_FILE` names others, such as a company's own.
pub(super) fn tls() -> Result<rustls::ClientConfig, SendError> {
    install_crypto();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(SendError::Refused {
            why: "the system has no certificates".into(),
            remedy: "Install them (on Debian the package ca-certificates), or name a file with them in SSL_CERT_FILE",
        });
    }
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    Ok(config.with_no_client_auth())
}

/// There was no connection. A certificate that is not believed does not mend itself: that is said, and is no outage.
pub(super) fn unreached(error: &(dyn std::error::Error + 'static)) -> SendError {
    let mut why = error.to_string();
    // Some say what happened only further down.
    let mut below = error.source();
    while let Some(cause) = below {
        let words = cause.to_string();
        if !why.contains(&words) {
            why = format!("{why}: {words}");
        }
        below = cause.source();
    }
    away(why)
}

/// The same of one that says all of it itself.
pub(super) fn away(why: String) -> SendError {
    if why.contains(NOT_BELIEVED) {
        return SendError::Refused {
            why,
            remedy: "The broker's certificate is not believed. If it ran out, renew it there; check that the address names the \
                     broker as its certificate does; if an authority of your own signed it, name that one's certificate in \
                     SSL_CERT_FILE and start the server again",
        };
    }
    SendError::Away(why)
}

/// A connection that all sends share: made when it is first needed, and anew after it broke.
pub(super) struct Shared<T>(Mutex<State<T>>);

struct State<T> {
    open: Option<Arc<T>>,
    failed: Option<(Instant, SendError)>,
}

impl<T> Shared<T> {
    pub fn new() -> Self {
        let (open, failed) = (None, None);
        Self(Mutex::new(State { open, failed }))
    }

    /// The connection, if it is `usable`, or a new one.
    pub async fn get<F>(
        &self,
        usable: impl Fn(&T) -> bool + Send,
        connect: impl FnOnce() -> F + Send,
    ) -> Result<Arc<T>, SendError>
    where
        F: Future<Output = Result<T, SendError>> + Send,
        T: Send + Sync,
    {
        let mut state = self.0.lock().await;
        if let Some(open) = &state.open
            && usable(open)
        {
            return Ok(Arc::clone(open));
        }
        state.open = None;
        if let Some((at, error)) = &state.failed
            && at.elapsed() < SOON
        {
            return Err(error.clone());
        }
        let made = timeout(CONNECT, connect()).await;
        match made.unwrap_or_else(|_| Err(SendError::Away("no answer in time".into()))) {
            Ok(made) => {
                let made = Arc::new(made);
                *state = State {
                    open: Some(Arc::clone(&made)),
                    failed: None,
                };
                Ok(made)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// It is of no use any more: who comes next makes another.
    pub async fn broke(&self, which: &Arc<T>) {
        let mut state = self.0.lock().await;
        if state
            .open
            .as_ref()
            .is_some_and(|open| Arc::ptr_eq(open, which))
        {
            state.open = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SCHEMES: Schemes = Schemes {
        plain: "kafka",
        tls: "kafkas",
        port: 9092,
    };

    #[test]
    fn addresses_of_brokers_are_read() {
        let servers = Servers::parse(" kafkas://a.example:9093, b.example ", &SCHEMES).unwrap();
        assert_eq!(servers.hosts, ["a.example:9093", "b.example:9092"]);
        assert!(servers.tls);
        let servers = Servers::parse("kafka://127.0.0.1:80,[::1]:1/", &SCHEMES).unwrap();
        assert_eq!(servers.hosts, ["127.0.0.1:80", "[::1]:1"]);
        for wrong in [
            "",
            "a.example:9092",
            "http://a.example",
            "kafka://",
            "kafka://a,,b",
            "kafka://a/topic",
            "kafka://a?x=1",
            "kafka://a:99999",
        ] {
            assert!(Servers::parse(wrong, &SCHEMES).is_err(), "{wrong}");
        }
        let secret = Servers::parse("kafka://me:hunter2@a", &SCHEMES)
            .err()
            .unwrap();
        assert!(!secret.to_string().contains("hunter2"), "{secret}");
    }

    #[test]
    fn a_password_is_not_sent_in_the_clear() {
        let may = |text| {
            let servers = Servers::parse(text, &SCHEMES).unwrap();
            servers.may_hear_a_password(&SCHEMES).is_ok()
        };
        assert!(may("kafkas://a.example") && may("kafka://localhost,127.0.0.1,[::1]"));
        assert!(!may("kafka://a.example") && !may("kafka://localhost,10.0.0.1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_shared_and_made_anew() {
        let shared = Shared::new();
        let made = AtomicUsize::new(0);
        let connect = |fails: bool| {
            let number = made.fetch_add(1, Ordering::Relaxed);
            async move {
                if fails {
                    return Err(SendError::Away("x".into()));
                }
                Ok(number)
            }
        };
        let any = |_: &usize| true;
        let first = shared.get(any, || connect(false)).await.unwrap();
        assert_eq!(*shared.get(any, || connect(false)).await.unwrap(), 0);
        shared.broke(&first).await;
        shared.get(any, || connect(true)).await.unwrap_err();
        // Who waited meanwhile hears the same at once.
        shared.get(any, || connect(false)).await.unwrap_err();
        tokio::time::advance(SOON).await;
        let third = shared.get(any, || connect(false)).await.unwrap();
        assert_eq!(*third, 2);
        // What broke long ago breaks nothing.
        shared.broke(&first).await;
        assert_eq!(*shared.get(any, || connect(false)).await.unwrap(), 2);
        assert_eq!(*shared.get(|_| false, || connect(false)).await.unwrap(), 3);
    }
}
