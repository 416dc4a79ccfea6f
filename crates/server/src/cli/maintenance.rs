//! `backup`, `restore` and `verify`.

use super::{CliError, DatabaseArg};
use crate::config::Database;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct BackupArgs {
    /// The copy; a file that is not there yet
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct RestoreArgs {
    /// A file that `backup` wrote
    file: PathBuf,
    /// Replace a database that is not empty
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Writes a copy.
pub(super) async fn backup(args: BackupArgs) -> Result<(), CliError> {
    let store = args.database.open_offline().await?;
    let done = store.backup(&args.file).await;
    store.close().await;
    done?;
    println!("backed up to {}", args.file.display());
    Ok(())
}

/// Puts a copy in place.
pub(super) fn restore(args: RestoreArgs) -> Result<(), CliError> {
    let Database::Sqlite(path) = args.database.parse()? else {
        return Err(CliError::Refused(
            "a PostgreSQL database is restored with PostgreSQL's own programs (pg_restore, or point-in-time recovery); \
             afterwards let clients start over: UPDATE sync_head SET epoch = epoch + 1"
                .into(),
        ));
    };
    matinee_store_sqlite::restore(&args.file, &path, args.overwrite)?;
    println!("restored {} from {}", path.display(), args.file.display());
    Ok(())
}

/// Checks every invariant.
pub(super) async fn verify(database: &DatabaseArg) -> Result<(), CliError> {
    let store = database.open_offline().await?;
    let report = store.verify(chrono::Utc::now()).await;
    store.close().await;
    let report = report?;
    for (invariant, rows) in &report.checked {
        println!("checked {invariant}: {rows}");
    }
    if report.violations.is_empty() {
        println!("every invariant holds");
        return Ok(());
    }
    for violation in &report.violations {
        println!("BROKEN {}: {}", violation.invariant, violation.row);
    }
    eprintln!(
        "matinee-server: {} rows break an invariant",
        report.violations.len()
    );
    Err(CliError::Said)
}
