//! The options as they are given, all optional, before anything is checked.

use super::{ConfigError, Database, LockingChoice};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub(super) const DATABASE: &str = "sqlite:matinee.db";
pub(super) const HOLD_MINUTES: u16 = 8;
pub(super) const MAIL_FROM: &str = "Matinee <tickets@localhost>";
pub(super) const LOG_LEVEL: &str = "info";

/// Which gateway takes payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayChoice {
    /// Test names such as `pm_card_visa`; no real money.
    Sandbox,
    /// Real money, or Stripe's own test mode, as the secret key says.
    Stripe,
    /// Holding works, paying answers 503.
    None,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    On,
    Off,
}

/// What staff have to show when they sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorPolicy {
    /// A code beside the password: until then staff are customers.
    Required,
    /// The password is enough.
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// Everything `serve` can be told. In the TOML file the same names with underscores.
#[derive(Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// TOML file with any of these options [no default]
    #[arg(long, env = "MATINEE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "MATINEE_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Database, sqlite:FILE (created when needed) or postgres://…; migrated when needed [default: sqlite:matinee.db]
    #[arg(
        long,
        env = "MATINEE_DATABASE",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database: Option<String>,
    /// On PostgreSQL: how bookings of several servers keep out of each other's way [default: optimistic]
    #[arg(long, env = "MATINEE_PG_LOCKING", value_enum)]
    pub pg_locking: Option<LockingChoice>,
    /// On PostgreSQL: connections that commit batches of bookings [default: 4]
    #[arg(long, env = "MATINEE_PG_LANES", value_name = "N")]
    pub pg_lanes: Option<usize>,
    /// On PostgreSQL: connections for everything else [default: 8]
    #[arg(long, env = "MATINEE_PG_CONNECTIONS", value_name = "N")]
    pub pg_connections: Option<usize>,
    /// On PostgreSQL: a Redis that all servers of the database share, to spare it work; redis://… [no default]
    #[arg(
        long,
        env = "MATINEE_REDIS",
        value_name = "URL",
        hide_env_values = true
    )]
    pub redis: Option<String>,
    /// Fill an empty database with the demo data, and pay in the sandbox
    #[arg(long, env = "MATINEE_DEMO", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub demo: Option<bool>,
    /// Folder of the built UI to serve
    #[arg(long, env = "MATINEE_UI", value_name = "DIR")]
    pub ui: Option<PathBuf>,
    /// Address people type, e.g. https://tickets.example.org; links in mails begin with it
    #[arg(long, env = "MATINEE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Certificate chain, PEM
    #[arg(long, env = "MATINEE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key, PEM
    #[arg(long, env = "MATINEE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Open the server to the local network, over TLS: with the certificate given, or one made on the spot
    #[arg(long, env = "MATINEE_LAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub lan: Option<bool>,
    /// The port there; 0 picks a free one [default: 8443]
    #[arg(long, env = "MATINEE_LAN_PORT", value_name = "PORT")]
    pub lan_port: Option<u16>,
    /// Payment gateway [default: sandbox with --demo, otherwise none]
    #[arg(long, env = "MATINEE_GATEWAY", value_enum)]
    pub gateway: Option<GatewayChoice>,
    /// File with Stripe's secret key, instead of MATINEE_STRIPE_SECRET_KEY in the environment
    #[arg(long, env = "MATINEE_STRIPE_SECRET_KEY_FILE", value_name = "FILE")]
    pub stripe_secret_key_file: Option<PathBuf>,
    /// File with the signing secret of Stripe's webhook endpoint, instead of MATINEE_STRIPE_WEBHOOK_SECRET
    #[arg(long, env = "MATINEE_STRIPE_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub stripe_webhook_secret_file: Option<PathBuf>,
    /// From the environment (MATINEE_STRIPE_SECRET_KEY) or the file, never a flag.
    #[arg(skip)]
    pub stripe_secret_key: Option<String>,
    /// From the environment (MATINEE_STRIPE_WEBHOOK_SECRET) or the file, never a flag.
    #[arg(skip)]
    pub stripe_webhook_secret: Option<String>,
    /// Another Stripe, from the environment (MATINEE_STRIPE_API): for tests, and for nothing else.
    #[arg(skip)]
    #[serde(skip)]
    pub stripe_api: Option<String>,
    /// Let the sandbox gateway, or Stripe's test mode, serve on an address others can reach
    #[arg(
        long,
        env = "MATINEE_ALLOW_TEST_PAYMENTS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub allow_test_payments: Option<bool>,
    /// Minutes a hold lasts [default: 8]
    #[arg(long, env = "MATINEE_HOLD_MINUTES", value_name = "N")]
    pub hold_minutes: Option<u16>,
    /// SMTP server as a URL with its password: from the environment (MATINEE_SMTP_URL) or the file, never a flag.
    #[arg(skip)]
    pub smtp_url: Option<String>,
    /// Providers of SMS and push as addresses with their secrets, spaces between them: from the environment
    /// (MATINEE_CHANNELS) or the file, never a flag.
    #[arg(skip)]
    pub channels: Option<String>,
    /// Kafka that is told of bookings: kafkas://HOST:PORT,… or, without TLS, kafka://… [no default]
    #[arg(long, env = "MATINEE_KAFKA", value_name = "ADDRESSES")]
    pub kafka: Option<String>,
    /// Its topic, which has to be there [default: matinee.events]
    #[arg(long, env = "MATINEE_KAFKA_TOPIC", value_name = "NAME")]
    pub kafka_topic: Option<String>,
    /// MECHANISM:USER:PASSWORD there: from the environment (MATINEE_KAFKA_CREDENTIALS) or the file, never a flag.
    #[arg(skip)]
    pub kafka_credentials: Option<String>,
    /// NATS JetStream that is told of bookings: tls://HOST:PORT,… or, without TLS, nats://… [no default]
    #[arg(long, env = "MATINEE_NATS", value_name = "ADDRESSES")]
    pub nats: Option<String>,
    /// Its subjects begin so; a stream has to keep them [default: matinee.events]
    #[arg(long, env = "MATINEE_NATS_SUBJECT", value_name = "SUBJECT")]
    pub nats_subject: Option<String>,
    /// USER:PASSWORD, a token, or the text of a file of credentials there: from the environment (MATINEE_NATS_CREDENTIALS)
    /// or the file, never a flag.
    #[arg(skip)]
    pub nats_credentials: Option<String>,
    /// FIFO queue of Amazon SQS that is told of bookings [no default]
    #[arg(long, env = "MATINEE_SQS_QUEUE_URL", value_name = "URL")]
    pub sqs_queue_url: Option<String>,
    /// KEY:SECRET there: from the environment (MATINEE_SQS_CREDENTIALS) or the file, never a flag.
    #[arg(skip)]
    pub sqs_credentials: Option<String>,
    /// Let webhooks and push subscriptions lead to private addresses and plain HTTP, e.g. inside a company's network
    #[arg(
        long,
        env = "MATINEE_PRIVATE_TARGETS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub private_targets: Option<bool>,
    /// Where `migrate-engine` moves the database; of no interest to a server.
    #[arg(skip)]
    pub to: Option<String>,
    /// The operator's key at The Movie Database, for `import-movies` and for staff who take movies from there: from the
    /// environment (MATINEE_TMDB_KEY) or the file, never a flag.
    #[arg(skip)]
    pub tmdb_key: Option<String>,
    /// Where The Movie Database is, for a mirror
    #[arg(long, env = "MATINEE_TMDB_URL", value_name = "URL", hide = true)]
    pub tmdb_url: Option<String>,
    /// OpenID provider people may sign in at: its issuer, e.g. https://id.example.org [no default]
    #[arg(long, env = "MATINEE_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// This server's client id at the OpenID provider
    #[arg(long, env = "MATINEE_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// Its secret there: from the environment (MATINEE_OIDC_CLIENT_SECRET) or the file, never a flag.
    #[arg(skip)]
    pub oidc_client_secret: Option<String>,
    /// What the OpenID provider is called on the button [default: its host]
    #[arg(long, env = "MATINEE_OIDC_NAME", value_name = "NAME")]
    pub oidc_name: Option<String>,
    /// Whether staff need a code beside their password to be more than customers [default: required]
    #[arg(long, env = "MATINEE_STAFF_SECOND_FACTOR", value_enum)]
    pub staff_second_factor: Option<SecondFactorPolicy>,
    /// Sender of mails [default: Matinee <tickets@localhost>]
    #[arg(long, env = "MATINEE_MAIL_FROM", value_name = "MAILBOX")]
    pub mail_from: Option<String>,
    /// Folder for mails when no MATINEE_SMTP_URL is set [default: mail/ beside the database]
    #[arg(long, env = "MATINEE_MAIL_DIR", value_name = "DIR")]
    pub mail_dir: Option<PathBuf>,
    /// Proxies whose X-Forwarded-For counts, as addresses or networks, separated by commas
    #[arg(
        long,
        env = "MATINEE_TRUSTED_PROXIES",
        value_name = "LIST",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<String>>,
    /// Loopback address for /metrics, e.g. 127.0.0.1:9090 [default: off]
    #[arg(long, env = "MATINEE_METRICS", value_name = "ADDRESS")]
    pub metrics: Option<String>,
    /// Switch rates and per-caller quotas off, for load tests on a loopback address
    #[arg(long, env = "MATINEE_RATE_LIMIT", value_enum)]
    pub rate_limit: Option<Switch>,
    /// Log level or filter, e.g. info, debug, matinee_server=debug [default: info]
    #[arg(long, env = "MATINEE_LOG_LEVEL", value_name = "FILTER")]
    pub log_level: Option<String>,
    /// Log lines as text or JSON [default: text]
    #[arg(long, env = "MATINEE_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

macro_rules! fill {
    ($to:ident from $from:ident: $($field:ident),* $(,)?) => {
        $(if $to.$field.is_none() { $to.$field = $from.$field; })*
    };
}

impl Options {
    /// Reads from the environment what has no flag (secrets) or another name there too (the log's level).
    pub fn with_environment(mut self, read: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name| read(name).filter(|text| !text.is_empty());
        self.smtp_url = self.smtp_url.or_else(|| read("MATINEE_SMTP_URL"));
        self.channels = self.channels.or_else(|| read("MATINEE_CHANNELS"));
        self.oidc_client_secret = self
            .oidc_client_secret
            .or_else(|| read("MATINEE_OIDC_CLIENT_SECRET"));
        self.log_level = self.log_level.or_else(|| read("MATINEE_LOG"));
        let Self {
            stripe_secret_key,
            stripe_webhook_secret,
            kafka_credentials,
            nats_credentials,
            sqs_credentials,
            tmdb_key,
            ..
        } = &mut self;
        for (secret, name) in [
            (stripe_secret_key, "MATINEE_STRIPE_SECRET_KEY"),
            (stripe_webhook_secret, "MATINEE_STRIPE_WEBHOOK_SECRET"),
            (kafka_credentials, "MATINEE_KAFKA_CREDENTIALS"),
            (nats_credentials, "MATINEE_NATS_CREDENTIALS"),
            (sqs_credentials, "MATINEE_SQS_CREDENTIALS"),
            (tmdb_key, "MATINEE_TMDB_KEY"),
        ] {
            *secret = secret.take().or_else(|| read(name));
        }
        self.stripe_api = self.stripe_api.or_else(|| read("MATINEE_STRIPE_API"));
        self
    }

    /// The database these options name, the file looked into when there is one.
    pub fn database(self) -> Result<Database, ConfigError> {
        let options = self.with_file()?;
        Database::parse(options.database.as_deref().unwrap_or(DATABASE))
    }

    /// The database these options name to move to, if they do.
    pub fn target(self) -> Result<Option<Database>, ConfigError> {
        let options = self.with_file()?;
        let target = options.to.as_deref().filter(|text| !text.is_empty());
        let parsed = target.map(Database::parse).transpose();
        parsed.map_err(|error| match error {
            ConfigError::Option { reason, .. } => ConfigError::Option {
                option: "to",
                reason,
            },
            other => other,
        })
    }

    /// The key at The Movie Database, when there is one.
    pub fn tmdb_key(self) -> Result<Option<String>, ConfigError> {
        Ok(self.with_file()?.tmdb_key)
    }

    /// Fills what was not given from the file named by `config`.
    pub(super) fn with_file(mut self) -> Result<Self, ConfigError> {
        let Some(path) = self.config.clone() else {
            return Ok(self);
        };
        let file = Self::read(&path)?;
        fill!(self from file:
            listen, database, pg_locking, pg_lanes, pg_connections, redis, demo, ui, public_url, tls_cert, tls_key, lan, lan_port, gateway, allow_test_payments, hold_minutes,
            stripe_secret_key, stripe_secret_key_file, stripe_webhook_secret, stripe_webhook_secret_file, smtp_url, channels, kafka, kafka_topic, kafka_credentials, nats, nats_subject, nats_credentials, sqs_queue_url, sqs_credentials, private_targets, to, tmdb_key, tmdb_url, oidc_issuer, oidc_client_id, oidc_client_secret, oidc_name, staff_second_factor, mail_from, mail_dir, trusted_proxies, metrics, rate_limit, log_level, log_format,
        );
        Ok(self)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::File {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        // The parser's own message quotes the line, which may hold a secret: only its place and reason are shown.
        toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].lines().count().max(1));
            wrong(format!("line {line}: {}", error.message()))
        })
    }
}

#[cfg(test)]
mod tests;
