//! The command line: one command per file, each with `--database`. Exit codes: 0 done, 1 refused or failed (with a
//! message that says what to do), 2 a wrong command line; of `reconcile` also: not compared.

mod accounts;
mod gift;
mod import;
mod import_movies;
mod logging;
mod maintenance;
mod messages;
mod migrate_engine;
mod promo;
mod reconcile;
mod webhooks;

use crate::{
    config::{Config, ConfigError, Database, Options, PostgresTuning},
    engine::{self, OpenError},
    serve::{ServeError, serve},
};
use clap::{Args, Parser, Subcommand};
use matinee_store::{Store, StoreError, feed::NoFeed};
use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc};

/// Sells cinema seats.
#[derive(Parser)]
#[command(name = "matinee-server", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<Options>),
    /// Take in theaters, movies, shows and seating plans; checked whole before anything changes
    Import(import::ImportArgs),
    /// Take in movies from The Movie Database by their numbers, under a key of your own (MATINEE_TMDB_KEY)
    ImportMovies(import_movies::ImportMoviesArgs),
    /// Write a consistent copy of the database to a new file, also beside a running server
    Backup(maintenance::BackupArgs),
    /// Put a backup in the place of a database that no server runs on
    Restore(maintenance::RestoreArgs),
    /// Check every invariant; exits 1 and names the rows when one is broken
    Verify(DatabaseArg),
    /// Compare our books with the payment gateway's; exits 1 and names every difference when they differ, 2 when it could
    /// not compare them
    Reconcile(Box<reconcile::ReconcileArgs>),
    /// Move the database from SQLite to an empty PostgreSQL database, while no server runs on either
    MigrateEngine(migrate_engine::MigrateArgs),
    /// Accounts of the people who run the server
    #[command(subcommand)]
    Admin(accounts::AdminCommand),
    /// Messages to people: what waits, what was given up, sending it again, and what they say
    #[command(subcommand)]
    Messages(messages::MessagesCommand),
    /// Integrators' servers that are told of bookings
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Promotion codes: making, listing and ending them
    #[command(subcommand)]
    Promo(promo::PromoCommand),
    /// Gift cards: making, listing and blocking them, and what each was spent on
    #[command(subcommand)]
    Gift(gift::GiftCommand),
    /// Print the OpenAPI document of the HTTP interface
    Openapi(DatabaseArg),
    /// Print the AsyncAPI document of the events that outlets (Kafka, NATS, SQS) get
    Asyncapi(DatabaseArg),
}

#[derive(Args)]
struct DatabaseArg {
    /// TOML file with the options of `serve`; its `database` counts here
    #[arg(long, env = "MATINEE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database [default: sqlite:matinee.db]
    #[arg(
        long,
        env = "MATINEE_DATABASE",
        value_name = "URL",
        hide_env_values = true
    )]
    database: Option<String>,
}

impl DatabaseArg {
    fn parse(&self) -> Result<Database, CliError> {
        let options = Options {
            config: self.config.clone(),
            database: self.database.clone(),
            ..Options::default()
        };
        Ok(options.database()?)
    }

    /// Opens a database that is there for writing, also beside a running server.
    async fn open_existing(&self) -> Result<Arc<dyn Store>, CliError> {
        match self.parse()? {
            Database::Sqlite(path) if !path.exists() => Err(CliError::Refused(format!(
                "there is no database {}; name one with --database, or make it with serve or import first",
                path.display()
            ))),
            _ => self.open().await,
        }
    }

    /// Opens for writing, also beside a running server; made when it is not there.
    async fn open(&self) -> Result<Arc<dyn Store>, CliError> {
        let tuning = PostgresTuning::default();
        Ok(engine::open(&self.parse()?, tuning, Arc::new(NoFeed)).await?)
    }

    /// Opens for reading, beside a running server.
    async fn open_offline(&self) -> Result<Arc<dyn Store>, CliError> {
        Ok(engine::open_offline(&self.parse()?).await?)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Refused(String),
    /// The same, of a command for which failing means something else than being done in vain.
    #[error("{0}")]
    NotDone(Box<CliError>),
    /// Everything was said already.
    #[error("")]
    Said,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Two at least: while one waits for a disk that stands still, the other answers what needs none.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(2))
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("matinee-server: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError::Said) => ExitCode::FAILURE,
        Err(error @ CliError::NotDone(_)) => {
            eprintln!("matinee-server: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("matinee-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(options) => {
            let options = options.with_environment(|name| std::env::var(name).ok());
            let config = Config::from_options(options)?;
            logging::start(&config.log_level, config.log_format)?;
            Ok(serve(config, |server| say_ready(server.url())).await?)
        }
        Command::Import(args) => import::run(args).await,
        Command::ImportMovies(args) => import_movies::run(args).await,
        Command::Backup(args) => maintenance::backup(args).await,
        Command::Restore(args) => maintenance::restore(args),
        Command::Verify(database) => maintenance::verify(&database).await,
        Command::Reconcile(args) => reconcile::run(*args).await,
        Command::MigrateEngine(args) => migrate_engine::run(args).await,
        Command::Admin(command) => accounts::run(command).await,
        Command::Messages(command) => messages::run(command).await,
        Command::Webhooks(command) => webhooks::run(command).await,
        Command::Promo(command) => promo::run(command).await,
        Command::Gift(command) => gift::run(command).await,
        Command::Openapi(_) => print(&matinee_api::openapi::document()),
        Command::Asyncapi(_) => print(&matinee_api::asyncapi::document()),
    }
}

/// The one line on stdout that other programs wait for. A closed stdout is no reason to stop serving.
fn say_ready(url: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "listening on {url}").and_then(|()| out.flush());
}

fn print(document: &serde_json::Value) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| CliError::Refused(error.to_string()))?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_takes_a_database() {
        for command in [
            &["serve"][..],
            &["import", "x.json"],
            &["import-movies", "--tmdb", "550"],
            &["backup", "x"],
            &["restore", "x"],
            &["verify"],
            &["reconcile"],
            &["migrate-engine"],
            &["admin", "create", "--email", "a@b.example"],
            &["messages", "list", "--status", "failed"],
            &["messages", "resend", "n1"],
            &["messages", "preview", "reminder", "--language", "de"],
            &["webhooks", "add", "https://x.example/"],
            &["webhooks", "list"],
            &["webhooks", "rotate", "w1"],
            &["promo", "add", "SPRING", "--amount", "5.00"],
            &["promo", "list"],
            &["promo", "end", "SPRING"],
            &[
                "gift", "issue", "--amount", "50.00", "--count", "3", "--csv",
            ],
            &["gift", "list"],
            &["gift", "block", "7K3M"],
            &["gift", "unblock", "7K3M"],
            &["gift", "show", "7K3M"],
            &["admin", "reset-second-factor", "--email", "a@b.example"],
            &[
                "admin",
                "grant",
                "--email",
                "a@b.example",
                "--theater",
                "x",
                "--role",
                "owner",
            ],
            &["openapi"],
            &["asyncapi"],
        ] {
            let args = ["matinee-server"]
                .iter()
                .chain(command)
                .chain(&["--database", "sqlite:x.db"]);
            assert!(Cli::try_parse_from(args).is_ok(), "{command:?}");
        }
    }
}
