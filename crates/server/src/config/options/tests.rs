//! Flags, variables and the file say the same in the same way.

use super::*;
use clap::Parser;
use std::io::Write;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_flag_wins_over_the_file() {
    let file = file(
        "listen = \"127.0.0.1:1\"\nhold_minutes = 5\ntrusted_proxies = [\"10.0.0.0/8\"]\ndemo = true",
    );
    let path = file.path().to_str().unwrap();
    let cli = Cli::parse_from(["x", "--config", path, "--listen", "127.0.0.1:2"]);
    let options = cli.options.with_file().unwrap();
    assert_eq!(options.listen.as_deref(), Some("127.0.0.1:2"));
    assert_eq!((options.hold_minutes, options.demo), (Some(5), Some(true)));
    assert_eq!(
        options.trusted_proxies.as_deref(),
        Some(&["10.0.0.0/8".to_owned()][..])
    );
}

#[test]
fn a_mistake_in_the_file_is_placed_but_not_quoted() {
    let file = file("demo = true\nsmtp_url = \"smtp://me:hunter2@host\" x");
    let options = Options {
        config: Some(file.path().to_owned()),
        ..Options::default()
    };
    let message = options.with_file().err().unwrap().to_string();
    assert!(
        message.contains("line 2") && !message.contains("hunter2"),
        "{message}"
    );
    let unknown = self::file("no_such_option = 1");
    let options = Options {
        config: Some(unknown.path().to_owned()),
        ..Options::default()
    };
    assert!(
        options
            .with_file()
            .err()
            .unwrap()
            .to_string()
            .contains("no_such_option")
    );
}

#[test]
fn flags_need_no_value() {
    assert_eq!(Cli::parse_from(["x", "--demo"]).options.demo, Some(true));
    assert_eq!(
        Cli::parse_from(["x", "--demo=false"]).options.demo,
        Some(false)
    );
    assert!(
        Cli::try_parse_from(["x", "--smtp-url", "smtp://x"]).is_err(),
        "secrets have no flag"
    );
    let secret = Options::default()
        .with_environment(|name| (name == "MATINEE_SMTP_URL").then(|| "smtp://x".into()));
    assert_eq!(secret.smtp_url.as_deref(), Some("smtp://x"));
    for flag in [
        "--stripe-secret-key",
        "--stripe-webhook-secret",
        "--stripe-api",
    ] {
        assert!(Cli::try_parse_from(["x", flag, "x"]).is_err(), "{flag}");
    }
    let secrets = Options::default().with_environment(|name| Some(name.to_lowercase()));
    let told = [
        secrets.stripe_secret_key,
        secrets.stripe_webhook_secret,
        secrets.stripe_api,
    ];
    let named =
        ["secret_key", "webhook_secret", "api"].map(|n| Some(format!("matinee_stripe_{n}")));
    assert_eq!(told, named);
}

/// Every option but `config` itself: its key in the file, a value as a flag takes it, and as the file has it. What is
/// listed is held against the command line below.
const EVERY: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:4711", "\"127.0.0.1:4711\""),
    ("database", "sqlite:other.db", "\"sqlite:other.db\""),
    ("pg_locking", "pessimistic", "\"pessimistic\""),
    ("pg_lanes", "7", "7"),
    ("pg_connections", "9", "9"),
    (
        "redis",
        "redis://localhost:6380",
        "\"redis://localhost:6380\"",
    ),
    ("demo", "true", "true"),
    ("ui", "ui-folder", "\"ui-folder\""),
    ("public_url", "https://x.example", "\"https://x.example\""),
    ("tls_cert", "c.pem", "\"c.pem\""),
    ("tls_key", "k.pem", "\"k.pem\""),
    ("lan", "true", "true"),
    ("lan_port", "9443", "9443"),
    ("gateway", "sandbox", "\"sandbox\""),
    ("stripe_secret_key_file", "key", "\"key\""),
    ("stripe_webhook_secret_file", "hook", "\"hook\""),
    ("allow_test_payments", "true", "true"),
    ("hold_minutes", "12", "12"),
    ("mail_from", "X <x@x.example>", "\"X <x@x.example>\""),
    ("mail_dir", "mails", "\"mails\""),
    ("tmdb_url", "http://127.0.0.1:9", "\"http://127.0.0.1:9\""),
    ("private_targets", "true", "true"),
    ("kafka", "kafkas://k.example", "\"kafkas://k.example\""),
    ("kafka_topic", "bookings", "\"bookings\""),
    ("nats", "tls://n.example", "\"tls://n.example\""),
    ("nats_subject", "bookings", "\"bookings\""),
    (
        "sqs_queue_url",
        "https://sqs.example/1/q.fifo",
        "\"https://sqs.example/1/q.fifo\"",
    ),
    (
        "oidc_issuer",
        "https://id.example",
        "\"https://id.example\"",
    ),
    ("oidc_client_id", "matinee", "\"matinee\""),
    ("oidc_name", "Example ID", "\"Example ID\""),
    ("staff_second_factor", "off", "\"off\""),
    (
        "trusted_proxies",
        "10.0.0.0/8,::1",
        "[\"10.0.0.0/8\", \"::1\"]",
    ),
    ("metrics", "127.0.0.1:9090", "\"127.0.0.1:9090\""),
    ("rate_limit", "off", "\"off\""),
    ("log_level", "debug", "\"debug\""),
    ("log_format", "json", "\"json\""),
];

/// The options that were given, as text.
fn shown(options: Options) -> String {
    let Options {
        config: _,
        listen,
        database,
        pg_locking,
        pg_lanes,
        pg_connections,
        redis,
        demo,
        ui,
        public_url,
        tls_cert,
        tls_key,
        lan,
        lan_port,
        gateway,
        stripe_secret_key_file,
        stripe_webhook_secret_file,
        stripe_secret_key,
        stripe_webhook_secret,
        stripe_api,
        allow_test_payments,
        hold_minutes,
        smtp_url,
        channels,
        kafka,
        kafka_topic,
        kafka_credentials,
        nats,
        nats_subject,
        nats_credentials,
        sqs_queue_url,
        sqs_credentials,
        private_targets,
        to,
        tmdb_key,
        tmdb_url,
        oidc_issuer,
        oidc_client_id,
        oidc_client_secret,
        oidc_name,
        staff_second_factor,
        mail_from,
        mail_dir,
        trusted_proxies,
        metrics,
        rate_limit,
        log_level,
        log_format,
    } = options;
    format!(
        "{:?}",
        (
            (
                listen, database, demo, ui, public_url, tls_cert, tls_key, gateway
            ),
            (
                allow_test_payments,
                hold_minutes,
                smtp_url,
                to,
                mail_from,
                mail_dir,
                channels,
                private_targets
            ),
            (trusted_proxies, metrics, rate_limit, log_level, log_format),
            (pg_locking, pg_lanes, pg_connections, redis, lan, lan_port),
            (
                kafka,
                kafka_topic,
                kafka_credentials,
                nats,
                nats_subject,
                nats_credentials,
                sqs_queue_url,
                sqs_credentials
            ),
            (
                stripe_secret_key_file,
                stripe_webhook_secret_file,
                stripe_secret_key,
                stripe_webhook_secret,
                stripe_api,
                oidc_issuer,
                oidc_client_id,
                oidc_client_secret,
                oidc_name,
                staff_second_factor,
            ),
            (tmdb_key, tmdb_url),
        )
    )
}

const SHOWN: &str = "shown options: ";

/// The environment alone makes options; run again below in environments of its own, where what it prints is read.
#[test]
fn the_environment_makes_options() {
    let options = Cli::parse_from(["x"]).options;
    let options = options.with_environment(|name| std::env::var(name).ok());
    let shown = shown(options);
    assert!(shown.starts_with("(("), "{shown}");
    println!("{SHOWN}{shown}");
}

/// Our variables in this process, as the command that runs all tests sets some.
fn ours() -> impl Iterator<Item = String> {
    let names = std::env::vars().map(|(name, _)| name);
    names.filter(|name| name.starts_with("MATINEE_"))
}

/// Another run of one of these tests, in a process without our variables.
fn afresh(test: &str) -> std::process::Command {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for known in ours() {
        child.env_remove(known);
    }
    let name = format!("config::options::tests::{test}");
    child.args(["--exact", "--nocapture", &name]);
    child
}

/// The same in a process with these variables and no others of ours.
fn from_environment(variables: &[(&str, &str)]) -> String {
    let output = afresh("the_environment_makes_options")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once(SHOWN));
    line.unwrap_or_else(|| panic!("{text}")).1.to_owned()
}

#[test]
fn every_option_is_a_flag_a_variable_and_a_key_of_the_file() {
    use clap::CommandFactory as _;
    if ours().next().is_some() {
        let run = afresh("every_option_is_a_flag_a_variable_and_a_key_of_the_file").output();
        let run = run.unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stdout)
        );
        return;
    }
    let command = Cli::command();
    let flags: Vec<_> = command.get_arguments().collect();
    for flag in &flags {
        let key = flag.get_id().as_str();
        let variable = flag.get_env().unwrap().to_str().unwrap();
        assert_eq!(variable, format!("MATINEE_{}", key.to_uppercase()));
        assert_eq!(flag.get_long().unwrap(), key.replace('_', "-"));
        assert!(
            key == "config" || EVERY.iter().any(|(listed, ..)| *listed == key),
            "{key}"
        );
    }
    assert_eq!(flags.len(), EVERY.len() + 1);
    let nothing = shown(Options::default());
    for (key, value, in_file) in EVERY {
        let flag = format!("--{}={value}", key.replace('_', "-"));
        let by_flag = shown(Cli::parse_from(["x", &flag]).options);
        let file = file(&format!("{key} = {in_file}"));
        let path = file.path().to_str().unwrap();
        let by_file = Cli::parse_from(["x", "--config", path]).options;
        let by_file = shown(by_file.with_file().unwrap());
        assert_ne!(by_flag, nothing, "{key}");
        assert_eq!(by_flag, by_file, "{key}");
        let variable = format!("MATINEE_{}", key.to_uppercase());
        assert_eq!(by_flag, from_environment(&[(&variable, value)]), "{key}");
    }
    // Secrets have no flag; the log's level has a second name.
    for secret in [
        "smtp_url",
        "oidc_client_secret",
        "kafka_credentials",
        "nats_credentials",
        "sqs_credentials",
        "tmdb_key",
    ] {
        let by_file = file(&format!("{secret} = \"hunter2\""));
        let options = Options {
            config: Some(by_file.path().to_owned()),
            ..Options::default()
        };
        let shown = shown(options.with_file().unwrap());
        let variable = format!("MATINEE_{}", secret.to_uppercase());
        assert_ne!(shown, nothing, "{secret}");
        assert_eq!(shown, from_environment(&[(&variable, "hunter2")]));
    }
    let debug = from_environment(&[("MATINEE_LOG_LEVEL", "debug")]);
    assert_eq!(from_environment(&[("MATINEE_LOG", "debug")]), debug);
    let both = [("MATINEE_LOG", "trace"), ("MATINEE_LOG_LEVEL", "debug")];
    assert_eq!(from_environment(&both), debug);
}
