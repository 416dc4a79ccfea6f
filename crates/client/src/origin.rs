//! Which server the app talks to: an address, and a name that stays when the address changes.
//!
//! The app's own server listens on another port every time, yet its copy and its tokens are the same: so both are bound
//! to the name, not to the address.

use crate::error::ClientError;
use url::{Host, Url};

/// A server's address and lasting name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    name: String,
    base: Url,
}

impl Origin {
    /// A server at an address a person or the environment gave.
    pub fn at(address: &str) -> Result<Self, ClientError> {
        let base = checked(address)?;
        Ok(Self {
            name: base.origin().ascii_serialization(),
            base,
        })
    }

    /// The server inside the app, at the address it listens on this time; without one it is not running.
    pub fn bundled(address: Option<&str>) -> Result<Self, ClientError> {
        // Nothing listens on port 1, so every call is refused at once.
        let base = checked(address.unwrap_or("http://127.0.0.1:1"))?;
        Ok(Self {
            name: "bundled".into(),
            base,
        })
    }

    /// What tokens and copies are bound to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file name made of it.
    pub fn file_stem(&self) -> String {
        self.name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect()
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Whether it is on this machine: then no proxy is asked.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }
}

fn checked(address: &str) -> Result<Url, ClientError> {
    let url = Url::parse(address.trim()).map_err(|_| {
        ClientError::bad_server_address("An address looks like https://tickets.example.org.")
    })?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(ClientError::bad_server_address(
                "Only a server on this device may be reached without encryption: use https.",
            ));
        }
        _ => {
            return Err(ClientError::bad_server_address(
                "The address must begin with https://.",
            ));
        }
    }
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(ClientError::bad_server_address(
            "The address must name a host and nothing secret.",
        ));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(ClientError::bad_server_address(
            "The address must end after the host and port.",
        ));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_origin() {
        let origin = Origin::at(" https://Tickets.Example.org/ ").expect("it is an address");
        assert_eq!(origin.name(), "https://tickets.example.org");
        assert_eq!(origin.file_stem(), "https___tickets.example.org");
        assert_eq!(
            origin.url("/api/v1/theaters").as_str(),
            "https://tickets.example.org/api/v1/theaters"
        );
    }

    #[test]
    fn the_bundled_server_keeps_its_name_on_every_port() {
        let one = Origin::bundled(Some("http://127.0.0.1:4001")).expect("loopback");
        let two = Origin::bundled(Some("http://127.0.0.1:4002")).expect("loopback");
        assert_eq!(one.name(), two.name());
        assert_eq!(Origin::bundled(None).expect("nowhere").name(), "bundled");
    }

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        assert!(Origin::at("http://tickets.example.org").is_err());
        assert!(Origin::at("http://192.168.0.4:8080").is_err());
        for loopback in [
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert!(Origin::at(loopback).is_ok(), "{loopback}");
        }
    }

    #[test]
    fn anything_but_an_address_is_refused() {
        for bad in [
            "",
            "tickets.example.org",
            "ftp://x.example",
            "https://me:pw@x.example",
            "https://x.example/api",
            "https://x.example/?a",
        ] {
            assert_eq!(&*Origin::at(bad).expect_err(bad).code, "bad_server_address");
        }
    }
}
