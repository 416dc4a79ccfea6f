//! `import-movies`: movies by their numbers at The Movie Database, taken in like those of a file.
//!
//! All are fetched before anything changes; one that cannot be had refuses the whole. Running it again brings what changed
//! there.

use super::{CliError, DatabaseArg};
use crate::{
    config::Options,
    engine,
    importing::{ImportingError, put, read_catalogs},
    system::SystemEntropy,
};
use chrono::Utc;
use clap::Args;
use matinee_import::ImportError;
use matinee_integrations::{TMDB_URL, Tmdb, TmdbWish};
use matinee_store::{Store, catalog::CatalogReport};
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// Where the operator's key comes from, besides `tmdb_key` in the file of options.
const KEY_ENV: &str = "MATINEE_TMDB_KEY";
/// Most movies of one run.
const MOST: usize = 200;

#[derive(Args)]
pub(super) struct ImportMoviesArgs {
    /// Numbers of movies at The Movie Database, as in the addresses of their pages
    #[arg(long, required = true, num_args = 1.., value_name = "NUMBER")]
    tmdb: Vec<u32>,
    /// Language of the titles [default: en-US]
    #[arg(long, default_value = "en-US", hide_default_value = true)]
    language: String,
    /// Country whose certificates and release dates count [default: US]
    #[arg(long, default_value = "US", hide_default_value = true)]
    country: String,
    /// Find out what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Where The Movie Database is, for a mirror
    #[arg(long, env = "MATINEE_TMDB_URL", hide = true, default_value = TMDB_URL)]
    tmdb_url: Url,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs the import.
pub(super) async fn run(args: ImportMoviesArgs) -> Result<(), CliError> {
    let mut numbers = args.tmdb.clone();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() > MOST {
        return Err(CliError::Refused(format!(
            "at most {MOST} movies at a time"
        )));
    }
    let movies = fetched(&args, &numbers).await?;
    let catalog = json!({ "format": "matinee-catalog/1", "movies": movies });
    let bytes =
        serde_json::to_vec(&catalog).map_err(|error| CliError::Refused(error.to_string()))?;
    let rehearsal = if args.dry_run {
        Some(engine::rehearse(&args.database.parse()?).await?)
    } else {
        None
    };
    let store = match &rehearsal {
        Some(rehearsal) => Arc::clone(&rehearsal.store),
        None => args.database.open().await?,
    };
    let done = import(&*store, &numbers, bytes).await;
    store.close().await;
    drop(rehearsal);
    let report = done?;
    let would = if args.dry_run { "would be " } else { "" };
    println!(
        "{would}added: {}, {would}changed: {}, unchanged: {}",
        report.added, report.changed, report.unchanged
    );
    Ok(())
}

async fn fetched(args: &ImportMoviesArgs, numbers: &[u32]) -> Result<Vec<Value>, CliError> {
    let refused = |error: matinee_integrations::TmdbError| {
        CliError::Refused(format!("{error}; nothing was changed"))
    };
    let tmdb = Tmdb::new(args.tmdb_url.clone(), key(&args.database)?).map_err(refused)?;
    let wish = TmdbWish {
        language: args.language.clone(),
        country: args.country.clone(),
    };
    let mut movies = Vec::with_capacity(numbers.len());
    for number in numbers {
        // One after the other: TMDB counts requests.
        movies.push(tmdb.movie(*number, &wish).await.map_err(refused)?);
    }
    Ok(movies)
}

fn key(database: &DatabaseArg) -> Result<String, CliError> {
    let options = Options {
        config: database.config.clone(),
        ..Options::default()
    };
    let options = options.with_environment(|name| std::env::var(name).ok());
    let key = options.tmdb_key()?.map(|key| key.trim().to_owned());
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        CliError::Refused(format!(
            "TMDB wants a key of your own: make one in your TMDB account (Settings, API) and set {KEY_ENV}"
        ))
    })
}

async fn import(
    store: &dyn Store,
    numbers: &[u32],
    bytes: Vec<u8>,
) -> Result<CatalogReport, CliError> {
    let catalog = read_catalogs(store, &[bytes])
        .await
        .map_err(|(_, failure)| said(numbers, failure))?;
    let taken = put(store, catalog, Utc::now(), &SystemEntropy).await;
    taken.map_err(|failure| said(numbers, failure))
}

/// Says everything that is wrong, each with its movie.
fn said(numbers: &[u32], failure: ImportingError) -> CliError {
    match failure {
        ImportingError::Refused(errors) => {
            for ImportError { pointer, detail } in &errors {
                let mut parts = pointer.split('/').skip(2);
                let at = parts.next().and_then(|at| at.parse::<usize>().ok());
                let movie = at.and_then(|at| numbers.get(at));
                let movie =
                    movie.map_or_else(|| pointer.clone(), |number| format!("movie {number}"));
                let member = parts.collect::<Vec<_>>().join("/");
                eprintln!("TMDB's {movie} {member}: {detail}");
            }
            eprintln!("matinee-server: refused; nothing was changed");
            CliError::Said
        }
        ImportingError::Clash(words) => {
            CliError::Refused(format!("refused: {words}; nothing was changed"))
        }
        ImportingError::Store(error) => CliError::Store(error),
    }
}
