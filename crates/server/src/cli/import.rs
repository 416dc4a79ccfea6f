//! `import`: files are read and checked whole, then put in place in one transaction, also beside a running server.
//!
//! A dry run does the same where it leaves no trace ([`engine::rehearse`]), so that it finds everything a real run would.

use super::{CliError, DatabaseArg};
use crate::{
    engine,
    importing::{ImportingError, put, put_plan, read_catalogs},
    system::SystemEntropy,
};
use chrono::Utc;
use clap::Args;
use matinee_import::{ImportError, MAX_BYTES, PlanOptions, parse_seating_plan};
use matinee_store::{Store, catalog::CatalogReport};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
pub(super) struct ImportArgs {
    /// Matinee JSON catalogs, or one seating plan with --theater and --screen
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Find out what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The file is a seating plan for a screen of this theater (its external id)
    #[arg(long, requires = "screen", value_name = "EXTERNAL_ID")]
    theater: Option<String>,
    /// The screen that gets the plan (its external id); made when it is not there
    #[arg(long, requires = "theater", value_name = "EXTERNAL_ID")]
    screen: Option<String>,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs the import.
pub(super) async fn run(args: ImportArgs) -> Result<(), CliError> {
    let files = args
        .files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let rehearsal = if args.dry_run {
        Some(engine::rehearse(&args.database.parse()?).await?)
    } else {
        None
    };
    let store = match &rehearsal {
        Some(rehearsal) => Arc::clone(&rehearsal.store),
        None => args.database.open().await?,
    };
    let done = import(&*store, &args, files).await;
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

async fn import(
    store: &dyn Store,
    args: &ImportArgs,
    files: Vec<Vec<u8>>,
) -> Result<CatalogReport, CliError> {
    let (Some(theater), Some(screen)) = (&args.theater, &args.screen) else {
        let catalog = read_catalogs(store, &files)
            .await
            .map_err(|(index, failure)| said(&args.files[index], failure))?;
        let taken = put(store, catalog, Utc::now(), &SystemEntropy).await;
        return taken.map_err(|failure| said(&args.files[0], failure));
    };
    let ([path], [bytes]) = (&args.files[..], &files[..]) else {
        return Err(CliError::Refused(
            "one seating plan at a time: --theater and --screen name one place".into(),
        ));
    };
    let map = parse_seating_plan(bytes, &PlanOptions::default())
        .map_err(|errors| said(path, ImportingError::Refused(errors)))?;
    let taken = put_plan(store, map, (theater, screen), Utc::now(), &SystemEntropy).await;
    taken.map_err(|failure| said(path, failure))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::File {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    // One byte more than is allowed: the reader then says that it is too much.
    let mut file = fs::File::open(path)
        .map_err(failed)?
        .take(MAX_BYTES as u64 + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Says everything that is wrong, each with its place.
fn said(path: &Path, failure: ImportingError) -> CliError {
    match failure {
        ImportingError::Refused(errors) => {
            for ImportError { pointer, detail } in &errors {
                let place = if pointer.is_empty() {
                    "the file"
                } else {
                    pointer
                };
                eprintln!("{}: {place}: {detail}", path.display());
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
