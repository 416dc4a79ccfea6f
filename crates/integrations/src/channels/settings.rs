//! A channel's address: `provider://KEY:SECRET@host/path?more=…`, read in one way for all providers.

use super::SetUpError;
use std::path::PathBuf;
use url::{Host, Url};

/// An address that was taken apart. No Debug: it holds secrets.
pub struct Setting {
    provider: &'static str,
    url: Url,
}

const PROVIDERS: &[&str] = &[
    super::twilio::NAME,
    super::sns::NAME,
    super::fcm::NAME,
    super::apns::NAME,
];

impl Setting {
    /// Reads an address; an error never quotes it.
    pub fn parse(address: &str) -> Result<Self, SetUpError> {
        let url = Url::parse(address.trim()).map_err(|_| SetUpError::UnknownProvider)?;
        let provider = PROVIDERS.iter().find(|name| **name == url.scheme());
        Ok(Self {
            provider: provider.ok_or(SetUpError::UnknownProvider)?,
            url,
        })
    }

    pub fn scheme(&self) -> &'static str {
        self.provider
    }

    /// Says what is wrong with it.
    pub fn wrong(&self, reason: impl Into<String>) -> SetUpError {
        SetUpError::Setting {
            provider: self.provider,
            reason: reason.into(),
        }
    }

    /// What stands before the `@`: key and secret.
    pub fn credentials(&self) -> Result<(String, String), SetUpError> {
        let secret = self.url.password().unwrap_or_default();
        let (key, secret) = (decoded(self.url.username()), decoded(secret));
        if key.is_empty() || secret.is_empty() {
            return Err(self.wrong("its address needs KEY:SECRET@ before the host"));
        }
        Ok((key, secret))
    }

    /// A value after the `?`.
    pub fn value(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        let found = pairs.find(|(key, _)| key == name)?;
        Some(found.1.into_owned()).filter(|value| !value.is_empty())
    }

    /// A value that has to be there.
    pub fn needed(&self, name: &str, what: &str) -> Result<String, SetUpError> {
        let missing = || self.wrong(format!("its address needs ?{name}=, {what}"));
        self.value(name).ok_or_else(missing)
    }

    /// The file its path names.
    pub fn file(&self, what: &str) -> Result<Vec<u8>, SetUpError> {
        let path = PathBuf::from(decoded(self.url.path()));
        let unreadable = |error| self.wrong(format!("{what} {}: {error}", path.display()));
        std::fs::read(&path).map_err(unreadable)
    }

    /// Where the provider answers: `https://host[:port]`. Plain HTTP is for a stand-in on this machine.
    pub fn endpoint(&self) -> Result<Url, SetUpError> {
        let host = self.url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(self.wrong("its address names no host"));
        }
        let plain = self.value("plain").is_some();
        if plain && !self.is_loopback() {
            return Err(self.wrong("?plain=1 (no TLS) is only for an address of this machine"));
        }
        let scheme = if plain { "http" } else { "https" };
        let port = self
            .url
            .port()
            .map_or(String::new(), |port| format!(":{port}"));
        Url::parse(&format!("{scheme}://{host}{port}/"))
            .map_err(|_| self.wrong("its host cannot be used"))
    }

    fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            // A scheme the URL standard does not know keeps an address as a name.
            Some(Host::Domain(name)) => {
                name == "localhost"
                    || name
                        .parse()
                        .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            None => false,
        }
    }
}

fn decoded(text: &str) -> String {
    // `+` is a plus here, not a space.
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map_or(String::new(), |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let text = "twilio://AC1:to%2Fk+e%26n@api.twilio.com/x?from=%2B4930&sender=";
        let setting = Setting::parse(text).unwrap();
        assert_eq!(
            setting.credentials().unwrap(),
            ("AC1".into(), "to/k+e&n".into())
        );
        assert_eq!(setting.value("from").as_deref(), Some("+4930"));
        assert_eq!(setting.value("sender"), None);
        assert_eq!(
            setting.endpoint().unwrap().as_str(),
            "https://api.twilio.com/"
        );
    }

    #[test]
    fn only_a_stand_in_on_this_machine_is_spoken_to_in_the_clear() {
        let plain = |host: &str| {
            Setting::parse(&format!("sns://A:B@{host}/?plain=1"))
                .unwrap()
                .endpoint()
        };
        assert_eq!(
            plain("127.0.0.1:99").unwrap().as_str(),
            "http://127.0.0.1:99/"
        );
        assert!(plain("sns.eu-central-1.amazonaws.com").is_err());
        assert!(plain("127.evil.example").is_err());
    }
}
