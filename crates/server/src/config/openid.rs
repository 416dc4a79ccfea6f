//! The OpenID provider in the configuration.

use super::{ConfigError, Secret};
use url::{Host, Url};

/// A provider people may sign in at, and who this server is there.
#[derive(Clone)]
pub struct OpenId {
    /// As it was written: a slash at its end is part of the name.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// What stands on the button.
    pub name: String,
}

impl OpenId {
    /// The provider these options name, if they name one.
    pub(super) fn of(
        issuer: Option<String>,
        client_id: Option<String>,
        client_secret: Option<Secret>,
        name: Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let wrong = |option, reason: &str| ConfigError::Option {
            option,
            reason: reason.to_owned(),
        };
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (issuer, client_id) = match (given(issuer), given(client_id)) {
            (Some(issuer), Some(client_id)) => (issuer, client_id),
            (Some(_), None) => {
                return Err(wrong(
                    "oidc-client-id",
                    "--oidc-issuer needs the client id that this server has there",
                ));
            }
            (None, None) if client_secret.is_none() => return Ok(None),
            (None, _) => {
                return Err(wrong(
                    "oidc-issuer",
                    "a client id or secret is given, but not the provider it is for",
                ));
            }
        };
        let url = Url::parse(&issuer).ok().filter(safe).ok_or_else(|| {
            wrong(
                "oidc-issuer",
                "an https address is expected, without query; plain http only on this machine",
            )
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Some(Self {
            issuer: issuer.trim().to_owned(),
            client_id,
            client_secret,
            name: given(name).unwrap_or(host),
        }))
    }
}

/// What comes from the provider is believed, so nobody on the way may change it.
fn safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme && plain && url.query().is_none() && url.fragment().is_none()
}
