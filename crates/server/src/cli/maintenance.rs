//! `backup`, `restore` and `verify`.

use super::{CliError, DatabaseArg};
use crate::config::Database;
use clap::Args;
use matinee_store_sqlite::Forgotten;
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
    let forgotten = matinee_store_sqlite::restore(&args.file, &path, args.overwrite)?;
    println!("restored {} from {}", path.display(), args.file.display());
    if let Some(forgotten) = forgotten.filter(|forgotten| !forgotten.is_nothing()) {
        tell_forgotten(&forgotten);
    }
    Ok(())
}

/// Says what the replaced database knew and this one does not, and what is to be done about it.
fn tell_forgotten(forgotten: &Forgotten) {
    println!("The replaced database knew more. Since that backup there were:");
    let Forgotten {
        bookings,
        changed,
        tickets,
        revived,
        money,
    } = forgotten;
    let lines = [
        (
            *bookings,
            "bookings that are unknown now: their seats can be sold again",
        ),
        (
            *changed,
            "bookings that changed: they are again as they were before (held, paid, or not cancelled)",
        ),
        (
            *tickets,
            "tickets handed out: their signatures are genuine, but this database does not know them",
        ),
        (*revived, "tickets cancelled: they are valid again"),
    ];
    for (count, what) in lines.iter().filter(|(count, _)| *count > 0) {
        println!("  {count} {what}");
    }
    for (charged, returned) in money {
        println!(
            "  {charged} charged and {returned} paid back: a gateway keeps that (the sandbox's books went back as well)"
        );
    }
    println!(
        "Before you sell on: compare with the gateway's list of charges since the backup, and refund or enter again \
         what is missing. Let people in with tickets of those days by name or by the confirmation mail."
    );
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
