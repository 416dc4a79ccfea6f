//! What a theater sets up, checked before anything is asked.

use crate::Secret;
use std::time::Duration;
use url::Url;

/// Where Stripe answers.
const API: &str = "https://api.stripe.com";
/// Longest a call may take, so that whoever pays is answered in time; what is not answered by then is looked up.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Why the settings cannot be used. No message quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    #[error(
        "the secret key is not one of Stripe's: it begins with sk_test_, sk_live_, rk_test_ or rk_live_ (a key that \
         begins with pk_ is the public one)"
    )]
    SecretKey,
    #[error("a webhook secret is not one of Stripe's: it begins with whsec_")]
    WebhookSecret,
    #[error(
        "without a webhook secret payments at the bank's page are found late: make a webhook endpoint in Stripe's \
         dashboard and give its signing secret"
    )]
    NoWebhookSecret,
    #[error("the address of the API must be https://… or on this machine")]
    ApiBase,
}

/// Everything the gateway needs to know.
#[derive(Clone)]
pub struct StripeSettings {
    pub(super) secret_key: Secret,
    pub(super) webhook_secrets: Vec<Secret>,
    pub(super) api: Url,
    pub(super) timeout: Duration,
    /// Where the payer's browser comes back to; the booking's page lies below it.
    pub(super) return_to: String,
}

impl StripeSettings {
    /// `webhook_secrets` are one, or two while the secret is being changed, separated by commas or white space;
    /// `return_to` is the site's address without a slash at its end.
    pub fn new(
        secret_key: Secret,
        webhook_secrets: &Secret,
        return_to: impl Into<String>,
    ) -> Result<Self, BadSettings> {
        let key = secret_key.expose().trim();
        let known = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"];
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !known
            .iter()
            .any(|start| key.len() > start.len() && key.starts_with(start))
            || !plain(key)
        {
            return Err(BadSettings::SecretKey);
        }
        let separators = |c: char| c == ',' || c.is_whitespace();
        let webhook_secrets: Vec<Secret> = webhook_secrets
            .expose()
            .split(separators)
            .filter(|text| !text.is_empty())
            .map(|text| match text.strip_prefix("whsec_") {
                Some(rest) if !rest.is_empty() => Ok(Secret::new(text)),
                _ => Err(BadSettings::WebhookSecret),
            })
            .collect::<Result<_, _>>()?;
        if webhook_secrets.is_empty() {
            return Err(BadSettings::NoWebhookSecret);
        }
        Ok(Self {
            secret_key: Secret::new(key),
            webhook_secrets,
            api: Url::parse(API).map_err(|_| BadSettings::ApiBase)?,
            timeout: TIMEOUT,
            return_to: return_to.into(),
        })
    }

    /// The same at another address: for tests, and for nothing else.
    pub fn at(mut self, api: &str) -> Result<Self, BadSettings> {
        let url = Url::parse(api).map_err(|_| BadSettings::ApiBase)?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if !url.has_host() || !(url.scheme() == "https" || url.scheme() == "http" && here) {
            return Err(BadSettings::ApiBase);
        }
        self.api = url;
        Ok(self)
    }

    /// The same with another patience.
    pub fn patient(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same for another site.
    pub fn returning_to(mut self, site: impl Into<String>) -> Self {
        self.return_to = site.into();
        self
    }

    /// No real money moves with this key.
    pub fn is_test(&self) -> bool {
        self.secret_key.expose()[2..].starts_with("_test_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, webhook: &str) -> Result<StripeSettings, BadSettings> {
        StripeSettings::new(Secret::new(key), &Secret::new(webhook), "https://x.example")
    }

    #[test]
    fn the_mode_is_the_keys() {
        for (key, test) in [
            ("sk_test_a", true),
            ("rk_test_a", true),
            ("sk_live_a", false),
            (" rk_live_a\n", false),
        ] {
            assert_eq!(with(key, "whsec_a").ok().unwrap().is_test(), test, "{key}");
        }
    }

    #[test]
    fn two_webhook_secrets_may_hold_while_one_is_changed() {
        let settings = with("sk_test_a", "whsec_a, whsec_b\n").ok().unwrap();
        assert_eq!(settings.webhook_secrets.len(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_quoted() {
        for (key, webhook, why) in [
            ("pk_live_hunter2", "whsec_a", BadSettings::SecretKey),
            ("sk_live_", "whsec_a", BadSettings::SecretKey),
            ("sk_live_hunter2 x", "whsec_a", BadSettings::SecretKey),
            ("", "whsec_a", BadSettings::SecretKey),
            ("sk_live_a", "hunter2", BadSettings::WebhookSecret),
            ("sk_live_a", "whsec_a,hunter2", BadSettings::WebhookSecret),
            ("sk_live_a", " ", BadSettings::NoWebhookSecret),
        ] {
            let refused = with(key, webhook).err().unwrap();
            assert!(!refused.to_string().contains("hunter2"));
            assert_eq!(refused, why, "{key} {webhook}");
        }
    }

    #[test]
    fn another_address_is_safe_or_near() {
        let settings = with("sk_test_a", "whsec_a").ok().unwrap();
        for (api, good) in [
            ("http://127.0.0.1:8420", true),
            ("https://stripe.example", true),
            ("http://stripe.example", false),
            ("nonsense", false),
        ] {
            assert_eq!(settings.clone().at(api).is_ok(), good, "{api}");
        }
    }
}
