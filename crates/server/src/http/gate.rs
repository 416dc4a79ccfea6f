//! What a request must fulfil before any handler sees it: a host we serve, an origin we trust, a body we read.
//!
//! The host check stops DNS rebinding (a stranger's name that resolves to this machine); the origin and content-type
//! checks stop other sites from acting with a visitor's cookie.

use super::{ApiError, body};
use crate::config::Config;
use axum::http::{HeaderMap, Method, Uri, header, uri::Authority};
use matinee_api::ProblemCode;
use std::net::IpAddr;

/// Which hosts and origins are ours.
#[derive(Debug, Clone)]
pub struct Gate {
    listen: IpAddr,
    /// Names of this machine on its local network, in lower case.
    names: Vec<String>,
    /// Host name of the public URL, in lower case.
    public_host: Option<String>,
    /// `https://tickets.example.org`
    public_origin: Option<String>,
}

impl Gate {
    /// The gate of a server that listens at this address.
    pub fn new(config: &Config, listen: IpAddr) -> Self {
        let public = config.public_url.as_ref();
        Self {
            listen,
            names: Vec::new(),
            public_host: public
                .and_then(|url| url.host_str())
                .map(str::to_ascii_lowercase),
            public_origin: public.map(|url| url.origin().ascii_serialization()),
        }
    }

    /// The same for a server that others on its network call by these names.
    pub fn called(mut self, names: &[String]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// The host a request names: of its URI (HTTP/2) or its Host header.
    pub fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
        if let Some(authority) = uri.authority() {
            return Some(authority.clone());
        }
        headers.get(header::HOST)?.as_bytes().try_into().ok()
    }

    /// 421 for a host that is not ours. Ports are not compared: a proxy or a port mapping may change them.
    pub fn check_host(&self, host: Option<&Authority>) -> Result<(), ApiError> {
        if host.is_some_and(|host| self.serves(host.host())) {
            return Ok(());
        }
        Err(ApiError::new(
            ProblemCode::WrongHost,
            "This server does not answer for that host. Its operator can name it with --public-url.",
        ))
    }

    fn serves(&self, host: &str) -> bool {
        let named = self
            .names
            .iter()
            .any(|name| host.eq_ignore_ascii_case(name));
        if named || self.is_public(host) || host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        // A name is what rebinding needs; an address literal names this machine itself.
        let literal = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        match literal.parse::<IpAddr>() {
            Ok(address) if self.listen.is_unspecified() => !address.is_unspecified(),
            Ok(address) => {
                address.to_canonical() == self.listen
                    || (address.is_loopback() && self.listen.is_loopback())
            }
            Err(_) => false,
        }
    }

    fn is_public(&self, host: &str) -> bool {
        self.public_host
            .as_deref()
            .is_some_and(|public| host.eq_ignore_ascii_case(public))
    }

    /// True when the request came to the public URL and that is HTTPS: something before us ends TLS.
    pub fn is_secure_by_name(&self, host: Option<&Authority>) -> bool {
        host.is_some_and(|host| self.is_public(host.host()))
            && self
                .public_origin
                .as_deref()
                .is_some_and(|origin| origin.starts_with("https:"))
    }

    /// Checks an unsafe method: its origin, when one is sent, is the host itself or the public URL.
    pub fn check_origin(
        &self,
        host: Option<&Authority>,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let origin = origin.to_str().unwrap_or_default();
        let own = || {
            let named = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"))?;
            Some(named.eq_ignore_ascii_case(host?.as_str()))
        };
        if own() == Some(true) || self.public_origin.as_deref() == Some(origin) {
            return Ok(());
        }
        Err(ApiError::new(
            ProblemCode::OriginRefused,
            "Pages of another site may not change anything here. Nothing was changed.",
        ))
    }
}

/// True for methods that may change something.
pub fn is_unsafe(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// Unsafe methods carry JSON. A call without any body needs no content type, unless a browser's cookie speaks for the
/// caller: then even an empty form of another site must not pass.
pub fn check_content_type(
    method: &Method,
    headers: &HeaderMap,
    empty: bool,
) -> Result<(), ApiError> {
    if body::is_json(headers) {
        return Ok(());
    }
    let typed = headers.contains_key(header::CONTENT_TYPE);
    // No form can send DELETE, and no page of another site may without a preflight, which nothing here answers.
    let harmless = *method == Method::DELETE || !headers.contains_key(header::COOKIE);
    if empty && !typed && harmless {
        Ok(())
    } else {
        body::require_json(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn gate(listen: &str, public: Option<&str>) -> Gate {
        let mut config = Config::in_process(Path::new("x.db"));
        config.public_url = public.map(|url| url.parse().unwrap());
        Gate::new(&config, listen.parse().unwrap())
    }

    fn passes(gate: &Gate, host: &str) -> bool {
        gate.check_host(Some(&host.parse().unwrap())).is_ok()
    }

    #[test]
    fn only_our_own_hosts_are_served() {
        let local = gate("127.0.0.1", None);
        for ours in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"] {
            assert!(passes(&local, ours), "{ours}");
        }
        for other in [
            "evil.example",
            "192.0.2.1",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
        ] {
            assert!(!passes(&local, other), "{other}");
        }
        assert!(local.check_host(None).is_err());
        let open = gate("0.0.0.0", Some("https://Tickets.example.org"));
        for ours in [
            "tickets.example.org",
            "TICKETS.example.org:443",
            "192.0.2.1:8080",
            "[2001:db8::1]",
        ] {
            assert!(passes(&open, ours), "{ours}");
        }
        assert!(!passes(&open, "evil.example") && !passes(&open, "0.0.0.0"));
        let lan = gate("0.0.0.0", None).called(&["foyer.local".into(), "foyer".into()]);
        for ours in ["Foyer.local:8443", "foyer", "192.168.1.5:8443"] {
            assert!(passes(&lan, ours), "{ours}");
        }
        assert!(!passes(&lan, "local") && !passes(&lan, "other.local"));
    }

    #[test]
    fn other_sites_change_nothing() {
        let gate = gate("127.0.0.1", Some("https://tickets.example.org"));
        let host: Authority = "127.0.0.1:8080".parse().unwrap();
        let check = |origin: &str| {
            let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
            gate.check_origin(Some(&host), &headers)
        };
        assert!(gate.check_origin(Some(&host), &HeaderMap::new()).is_ok());
        assert!(check("http://127.0.0.1:8080").is_ok());
        assert!(check("https://tickets.example.org").is_ok());
        for other in [
            "null",
            "https://evil.example",
            "http://127.0.0.1:9090",
            "https://tickets.example.org.evil.example",
            "http://tickets.example.org",
            "",
        ] {
            assert_eq!(
                check(other).unwrap_err().code(),
                ProblemCode::OriginRefused,
                "{other}"
            );
        }
    }

    #[test]
    fn a_form_is_not_json() {
        let with = |pairs: &[(header::HeaderName, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let json = with(&[(header::CONTENT_TYPE, "application/json")]);
        let form = with(&[(header::CONTENT_TYPE, "application/x-www-form-urlencoded")]);
        let cookie = with(&[(header::COOKIE, "a=b")]);
        assert!(check_content_type(&Method::POST, &json, false).is_ok());
        assert!(check_content_type(&Method::POST, &form, false).is_err());
        assert!(check_content_type(&Method::POST, &form, true).is_err());
        assert!(check_content_type(&Method::POST, &HeaderMap::new(), false).is_err());
        assert!(check_content_type(&Method::POST, &HeaderMap::new(), true).is_ok());
        assert!(check_content_type(&Method::POST, &cookie, true).is_err());
        assert!(check_content_type(&Method::DELETE, &cookie, true).is_ok());
    }
}
