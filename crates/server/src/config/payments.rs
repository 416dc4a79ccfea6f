//! Who takes payments, and with which secrets. A secret stands in the environment or in a file, never on the command line,
//! and no message quotes one.

use super::{ConfigError, GatewayChoice, Options, Secret};
use matinee_integrations::stripe::{BadSettings, StripeSettings};
use std::path::{Path, PathBuf};

/// Stripe's settings, when Stripe was chosen.
pub(super) fn stripe(options: &Options) -> Result<Option<StripeSettings>, ConfigError> {
    let secret = |option, text: &Option<String>, file: &Option<PathBuf>| match (text, file) {
        (Some(text), None) => Ok(Some(Secret::new(text))),
        (None, Some(path)) => read(path).map(Some),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ConfigError::Option {
            option,
            reason: "the secret is given twice, as itself and as a file; leave one out".into(),
        }),
    };
    let key = secret(
        "stripe-secret-key-file",
        &options.stripe_secret_key,
        &options.stripe_secret_key_file,
    )?;
    let webhook = secret(
        "stripe-webhook-secret-file",
        &options.stripe_webhook_secret,
        &options.stripe_webhook_secret_file,
    )?;
    if options.gateway != Some(GatewayChoice::Stripe) {
        // A theater that set its key means to be paid.
        return match key {
            Some(_) if options.gateway.is_none() => Err(ConfigError::Option {
                option: "gateway",
                reason: "Stripe's secret key is set, but Stripe is not chosen; add --gateway stripe, or take the key away"
                    .into(),
            }),
            _ => Ok(None),
        };
    }
    let key = key.ok_or_else(|| ConfigError::Option {
        option: "gateway",
        reason: "Stripe needs its secret key: set MATINEE_STRIPE_SECRET_KEY, or name a file with \
                 --stripe-secret-key-file"
            .into(),
    })?;
    let webhook = webhook.unwrap_or_else(|| Secret::new(""));
    let settings = StripeSettings::new(key, &webhook, "").and_then(|settings| {
        let api = options.stripe_api.as_deref();
        api.map_or(Ok(settings.clone()), |api| settings.at(api))
    });
    settings.map(Some).map_err(|error| ConfigError::Option {
        option: match error {
            BadSettings::SecretKey => "stripe-secret-key-file",
            BadSettings::WebhookSecret | BadSettings::NoWebhookSecret => {
                "stripe-webhook-secret-file"
            }
            BadSettings::ApiBase => "gateway",
        },
        reason: error.to_string(),
    })
}

fn read(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(Secret::new(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn options() -> Options {
        Options {
            gateway: Some(GatewayChoice::Stripe),
            stripe_secret_key: Some("sk_live_hunter2".into()),
            stripe_webhook_secret: Some("whsec_hunter2".into()),
            public_url: Some("https://kino.example".into()),
            ..Options::default()
        }
    }

    fn refused(change: impl FnOnce(&mut Options)) -> String {
        let mut options = options();
        change(&mut options);
        let message = Config::from_options(options).err().unwrap().to_string();
        assert!(!message.contains("hunter2"), "{message}");
        message
    }

    #[test]
    fn stripe_is_set_up_by_two_secrets() {
        let config = Config::from_options(options()).ok().unwrap();
        assert!(!config.sandbox_payments && !config.stripe.unwrap().is_test());
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "rk_test_x\n").unwrap();
        let config = Config::from_options(Options {
            stripe_secret_key: None,
            stripe_secret_key_file: Some(key),
            ..options()
        });
        assert!(config.ok().unwrap().stripe.unwrap().is_test());
    }

    #[test]
    fn what_is_missing_or_wrong_says_what_to_do() {
        for (message, words) in [
            (
                refused(|o| o.stripe_secret_key = None),
                "MATINEE_STRIPE_SECRET_KEY",
            ),
            (
                refused(|o| o.stripe_webhook_secret = None),
                "webhook endpoint",
            ),
            (
                refused(|o| o.stripe_secret_key = Some("hunter2".into())),
                "sk_live_",
            ),
            (
                refused(|o| o.stripe_webhook_secret = Some("hunter2".into())),
                "whsec_",
            ),
            (
                refused(|o| o.stripe_secret_key_file = Some("x".into())),
                "twice",
            ),
            (refused(|o| o.gateway = None), "--gateway stripe"),
            (refused(|o| o.public_url = None), "--public-url: "),
            (
                refused(|o| o.stripe_api = Some("http://x.example".into())),
                "https",
            ),
            (
                refused(|o| {
                    o.stripe_secret_key = Some("sk_test_hunter2".into());
                    o.listen = Some("0.0.0.0:80".into());
                }),
                "--allow-test-payments",
            ),
        ] {
            assert!(message.contains(words), "{words}: {message}");
        }
        // Nobody comes back to a command that serves nobody.
        let nowhere = Options {
            public_url: None,
            ..options()
        };
        assert!(Config::without_serving(nowhere).is_ok());
        // Chosen otherwise, the key does no harm.
        let none = Options {
            gateway: Some(GatewayChoice::None),
            ..options()
        };
        assert!(Config::from_options(none).ok().unwrap().stripe.is_none());
    }
}
