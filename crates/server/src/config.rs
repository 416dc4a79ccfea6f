//! Configuration: every option is a flag, an environment variable `MATINEE_…` and a key of a TOML file, in this order of
//! precedence.
//!
//! Here options become a checked [`Config`]: what may not run together is refused before anything is opened.

mod database;
mod embedded;
mod network;
mod openid;
mod options;
mod outlets;
mod payments;
mod tmdb;

pub use database::{Database, LockingChoice, PostgresTuning, PostgresUrl};
pub use network::Network;
pub use openid::OpenId;
pub use options::{GatewayChoice, LogFormat, Options, SecondFactorPolicy, Switch};
pub use outlets::Outlets;
pub use tmdb::TmdbSettings;

use crate::{lan, messages::channels::addresses};
use bytes::Bytes;
pub use matinee_integrations::Secret;
use matinee_integrations::stripe::StripeSettings;
use matinee_store_postgres::RedisAddress;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use url::Url;

/// Why a server cannot run with these options.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("--{option}: {reason}")]
    Option {
        option: &'static str,
        reason: String,
    },
    #[error(
        "the sandbox gateway takes no real money: on {0}, an address others can reach, it needs --allow-test-payments too"
    )]
    TestPaymentsInPublic(SocketAddr),
    #[error(
        "Stripe's test key takes no real money: on {0}, an address others can reach, it needs --allow-test-payments too"
    )]
    TestKeyInPublic(SocketAddr),
    #[error(
        "MATINEE_RATE_LIMIT=off is for load tests and is refused on {0}, an address others can reach"
    )]
    UnlimitedInPublic(SocketAddr),
    #[error("--metrics must listen on a loopback address, not on {0}")]
    MetricsInPublic(SocketAddr),
}

/// Where mail goes.
#[derive(Clone)]
pub enum MailRoute {
    /// An SMTP server, as a URL that may hold a password.
    Smtp(Secret),
    /// A folder with one file per message.
    Folder(PathBuf),
}

/// The built UI.
#[derive(Clone)]
pub enum UiFiles {
    /// In a folder, which may be built anew while the server runs.
    Folder(PathBuf),
    /// Inside the program: each file's address, from `/` on, and its content.
    Inside(Arc<[(String, Bytes)]>),
}

/// Certificate chain and key, PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// A server's checked configuration.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub database: Database,
    /// Only of interest on PostgreSQL.
    pub postgres: PostgresTuning,
    /// What the servers of a PostgreSQL database share beside it.
    pub redis: Option<RedisAddress>,
    pub demo: bool,
    /// The built UI; without it only the API is served.
    pub ui: Option<UiFiles>,
    /// What people type; without a path. Links in mails begin with it.
    pub public_url: Option<Url>,
    pub tls: Option<TlsFiles>,
    /// The port on the local network, when the server is opened to it.
    pub lan: Option<u16>,
    /// Payments in the sandbox.
    pub sandbox_payments: bool,
    /// Payments by Stripe; never along with the sandbox.
    pub stripe: Option<StripeSettings>,
    pub hold_minutes: u16,
    pub mail: MailRoute,
    pub mail_from: String,
    /// Providers of SMS and push, as addresses that hold secrets.
    pub channels: Vec<Secret>,
    /// Logs and queues of the operator's that are told of bookings.
    pub outlets: Outlets,
    /// Webhooks and push services may be at private addresses, and without TLS.
    pub private_targets: bool,
    /// Where staff may take movies from.
    pub tmdb: Option<TmdbSettings>,
    /// A provider people may sign in at.
    pub openid: Option<OpenId>,
    /// Staff are customers in a session that showed no second factor.
    pub staff_second_factor: bool,
    pub trusted_proxies: Vec<Network>,
    pub metrics: Option<SocketAddr>,
    /// False only for load tests on a loopback address.
    pub rate_limit: bool,
    pub log_level: String,
    pub log_format: LogFormat,
}

impl Config {
    /// Checks options, after merging in the file they name.
    pub fn from_options(options: Options) -> Result<Self, ConfigError> {
        let options = options.with_file()?;
        let allow_test_payments = options.allow_test_payments.unwrap_or(false);
        let config = Self::of(options)?;
        config.check(allow_test_payments)?;
        Ok(config)
    }

    /// The same for a command that serves nobody: what only matters to those who come is not asked for.
    pub fn without_serving(options: Options) -> Result<Self, ConfigError> {
        Self::of(options.with_file()?)
    }

    fn of(options: Options) -> Result<Self, ConfigError> {
        let wrong = |option, reason: String| ConfigError::Option { option, reason };
        let database = Database::parse(options.database.as_deref().unwrap_or(options::DATABASE))?;
        let listen = match options.listen.as_deref() {
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            Some(text) => text
                .replace("localhost:", "127.0.0.1:")
                .parse()
                .map_err(|_| {
                    wrong(
                        "listen",
                        "an address and port are expected, e.g. 127.0.0.1:8080".into(),
                    )
                })?,
        };
        let stripe = payments::stripe(&options)?;
        let outlets = Outlets::of(&options)?;
        let redis = database::redis(&database, options.redis.as_deref())?;
        let demo = options.demo.unwrap_or(false);
        let tls = match (options.tls_cert, options.tls_key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err(wrong("tls-key", "--tls-cert needs its key".into())),
            (None, Some(_)) => {
                return Err(wrong("tls-cert", "--tls-key needs its certificate".into()));
            }
        };
        let lan = options
            .lan
            .unwrap_or(false)
            .then(|| options.lan_port.unwrap_or(lan::PORT));
        let mail = match options.smtp_url {
            Some(url) => MailRoute::Smtp(Secret::new(url)),
            None => MailRoute::Folder(options.mail_dir.unwrap_or_else(|| mail_folder(&database))),
        };
        let openid = OpenId::of(
            options.oidc_issuer,
            options.oidc_client_id,
            options.oidc_client_secret.map(Secret::new),
            options.oidc_name,
        )?;
        let trusted_proxies = options
            .trusted_proxies
            .unwrap_or_default()
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse()
                    .map_err(|reason| wrong("trusted-proxies", reason))
            })
            .collect::<Result<_, _>>()?;
        let hold_minutes = options.hold_minutes.unwrap_or(options::HOLD_MINUTES);
        if !(1..=20).contains(&hold_minutes) {
            return Err(wrong("hold-minutes", "a hold lasts 1 to 20 minutes".into()));
        }
        let sandbox_payments = match options.gateway {
            Some(choice) => choice == GatewayChoice::Sandbox,
            None => demo,
        };
        Ok(Self {
            listen,
            database,
            postgres: PostgresTuning::of(
                options.pg_locking,
                options.pg_lanes,
                options.pg_connections,
            )?,
            redis,
            demo,
            ui: options.ui.map(UiFiles::Folder),
            public_url: options.public_url.as_deref().map(public_url).transpose()?,
            tls,
            lan,
            sandbox_payments,
            stripe,
            hold_minutes,
            mail,
            mail_from: options
                .mail_from
                .unwrap_or_else(|| options::MAIL_FROM.into()),
            channels: addresses(&options.channels.unwrap_or_default()),
            outlets,
            private_targets: options.private_targets.unwrap_or(false),
            tmdb: TmdbSettings::of(options.tmdb_key, options.tmdb_url.as_deref())?,
            openid,
            staff_second_factor: options.staff_second_factor != Some(SecondFactorPolicy::Off),
            trusted_proxies,
            metrics: options
                .metrics
                .as_deref()
                .map(|text| {
                    text.parse()
                        .map_err(|_| wrong("metrics", "an address and port are expected".into()))
                })
                .transpose()?,
            rate_limit: options.rate_limit != Some(Switch::Off),
            log_level: options
                .log_level
                .unwrap_or_else(|| options::LOG_LEVEL.into()),
            log_format: options.log_format.unwrap_or(LogFormat::Text),
        })
    }

    /// An address others can reach it at, if there is one.
    fn reachable(&self) -> Option<SocketAddr> {
        let lan = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let listen = (!self.listen.ip().is_loopback()).then_some(self.listen);
        listen.or(self.lan.map(lan))
    }

    fn check(&self, allow_test_payments: bool) -> Result<(), ConfigError> {
        if self.lan.is_some() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::Option {
                option: "lan",
                reason: format!(
                    "the server listens on {} already, which others can reach; leave --listen on a loopback address, or --lan away",
                    self.listen
                ),
            });
        }
        if let Some(address) = self.reachable() {
            if self.sandbox_payments && !allow_test_payments {
                return Err(ConfigError::TestPaymentsInPublic(address));
            }
            let test_key = self.stripe.as_ref().is_some_and(StripeSettings::is_test);
            if test_key && !allow_test_payments {
                return Err(ConfigError::TestKeyInPublic(address));
            }
            if !self.rate_limit {
                return Err(ConfigError::UnlimitedInPublic(address));
            }
        }
        let live = self.stripe.as_ref().is_some_and(|stripe| !stripe.is_test());
        if live && self.public_url.is_none() {
            return Err(ConfigError::Option {
                option: "public-url",
                reason: "payers come back from Stripe's page to this address: it is needed with a live key".into(),
            });
        }
        match self.metrics {
            Some(address) if !address.ip().is_loopback() => {
                Err(ConfigError::MetricsInPublic(address))
            }
            _ => Ok(()),
        }
    }
}

/// The default folder of mails: beside the database.
fn mail_folder(database: &Database) -> PathBuf {
    database.folder().join("mail")
}

fn public_url(text: &str) -> Result<Url, ConfigError> {
    let wrong = || ConfigError::Option {
        option: "public-url",
        reason: "an address without a path is expected, e.g. https://tickets.example.org".into(),
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/" && plain {
        Ok(url)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn options(change: impl FnOnce(&mut Options)) -> Result<Config, ConfigError> {
        let mut options = Options::default();
        change(&mut options);
        Config::from_options(options)
    }

    #[test]
    fn the_defaults_are_safe() {
        let config = options(|_| {}).unwrap();
        assert!(config.listen.ip().is_loopback() && config.rate_limit && !config.sandbox_payments);
        assert_eq!(config.hold_minutes, 8);
        assert!(matches!(config.mail, MailRoute::Folder(path) if path == Path::new("mail")));
    }

    #[test]
    fn the_demo_pays_in_the_sandbox() {
        assert!(options(|o| o.demo = Some(true)).unwrap().sandbox_payments);
        let none = options(|o| (o.demo, o.gateway) = (Some(true), Some(GatewayChoice::None)));
        assert!(!none.unwrap().sandbox_payments);
    }

    #[test]
    fn what_is_unsafe_in_public_is_refused() {
        let public = "0.0.0.0:80".to_owned();
        let sandbox = |o: &mut Options| (o.demo, o.listen) = (Some(true), Some(public.clone()));
        assert!(matches!(
            options(sandbox),
            Err(ConfigError::TestPaymentsInPublic(_))
        ));
        assert!(
            options(|o| {
                sandbox(o);
                o.allow_test_payments = Some(true);
            })
            .is_ok()
        );
        let unlimited =
            options(|o| (o.rate_limit, o.listen) = (Some(Switch::Off), Some(public.clone())));
        assert!(matches!(unlimited, Err(ConfigError::UnlimitedInPublic(_))));
        // The local network is a place others are, too.
        let lan = |o: &mut Options| (o.demo, o.lan) = (Some(true), Some(true));
        assert!(matches!(
            options(lan),
            Err(ConfigError::TestPaymentsInPublic(_))
        ));
        let unlimited = options(|o| (o.rate_limit, o.lan) = (Some(Switch::Off), Some(true)));
        assert!(matches!(unlimited, Err(ConfigError::UnlimitedInPublic(_))));
        let open = options(|o| {
            lan(o);
            o.allow_test_payments = Some(true);
        });
        assert_eq!(open.ok().unwrap().lan, Some(8443));
        let metrics = options(|o| o.metrics = Some("0.0.0.0:9090".into()));
        assert!(matches!(metrics, Err(ConfigError::MetricsInPublic(_))));
    }

    #[test]
    fn wrong_options_name_themselves() {
        for (name, change) in [
            (
                "listen",
                (|o| o.listen = Some("nowhere".into())) as fn(&mut Options),
            ),
            ("database", |o| o.database = Some("postgres:x".into())),
            ("pg-lanes", |o| o.pg_lanes = Some(0)),
            ("lan", |o| {
                (o.lan, o.listen) = (Some(true), Some("0.0.0.0:80".into()));
            }),
            ("redis", |o| o.redis = Some("redis://localhost".into())),
            ("redis", |o| {
                o.database = Some("postgres://localhost/m".into());
                o.redis = Some("redis://:hunter2@localhost:port".into());
            }),
            ("database", |o| o.database = Some("sqlite::memory:".into())),
            ("tls-key", |o| o.tls_cert = Some("c.pem".into())),
            ("public-url", |o| {
                o.public_url = Some("https://x/path".into());
            }),
            ("oidc-issuer", |o| {
                o.oidc_issuer = Some("http://id.example".into());
                o.oidc_client_id = Some("matinee".into());
            }),
            ("oidc-client-id", |o| {
                o.oidc_issuer = Some("https://id.example".into());
            }),
            ("oidc-issuer", |o| {
                o.oidc_client_secret = Some("hunter2".into());
            }),
            ("hold-minutes", |o| o.hold_minutes = Some(0)),
            ("trusted-proxies", |o| {
                o.trusted_proxies = Some(vec!["10.0.0.0/99".into()]);
            }),
        ] {
            let message = options(change)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                message.starts_with(&format!("--{name}: ")) && !message.contains("hunter2"),
                "{name}: {message}"
            );
        }
    }
}
