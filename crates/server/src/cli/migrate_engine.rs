//! `migrate-engine`: moves a theater's database from SQLite to PostgreSQL, or back while nothing changed there.

use super::{CliError, DatabaseArg};
use crate::{
    config::{Database, Options, PostgresUrl},
    moving::{self, Compared, MoveError, Moved},
    system::SystemEntropy,
};
use clap::Args;
use std::{path::PathBuf, time::Instant};

#[derive(Args)]
pub(super) struct MigrateArgs {
    /// An empty PostgreSQL database, postgres://…; better in MATINEE_TO or as `to` in the file, where nobody else reads it
    #[arg(long, env = "MATINEE_TO", value_name = "URL", hide_env_values = true)]
    to: Option<String>,
    /// Go back to the file a move left, as long as nothing was changed where it went; what is there is removed
    #[arg(long)]
    undo: bool,
    /// With --undo: the database it was moved to is gone for good, so nobody is asked
    #[arg(long, requires = "undo")]
    target_is_gone: bool,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Moves, or goes back.
pub(super) async fn run(args: MigrateArgs) -> Result<(), CliError> {
    let from = match args.database.parse()? {
        Database::Sqlite(path) => path,
        Database::Postgres(_) => {
            return Err(CliError::Refused(
                "--database is the SQLite file that is left, and --to the PostgreSQL database; the other way is not possible"
                    .into(),
            ));
        }
    };
    if args.target_is_gone {
        back(&from, None).await
    } else {
        let to = target(&args)?;
        if args.undo {
            back(&from, Some(&to)).await
        } else {
            there(from, &to).await
        }
    }
}

fn target(args: &MigrateArgs) -> Result<PostgresUrl, CliError> {
    let options = Options {
        config: args.database.config.clone(),
        to: args.to.clone(),
        ..Options::default()
    };
    match options.target()? {
        Some(Database::Postgres(url)) => Ok(url),
        Some(Database::Sqlite(_)) => Err(CliError::Refused(
            "--to takes a PostgreSQL database, postgres://…; a file is copied with backup".into(),
        )),
        None => Err(CliError::Refused(
            "say where to: MATINEE_TO=postgres://… in the environment, or `to` in the file of --config".into(),
        )),
    }
}

async fn there(from: PathBuf, to: &PostgresUrl) -> Result<(), CliError> {
    let begun = Instant::now();
    let mut rows = 0;
    let moved = moving::move_to(&from, to, &SystemEntropy, |table, of_table| {
        rows += of_table;
        println!("copied {table}: {of_table}");
    })
    .await;
    match moved {
        Ok(Moved::Now(compared)) => {
            show(&compared);
            println!(
                "moved {rows} rows in {:.1} s to {to}; both sides are the same, and every invariant holds there",
                begun.elapsed().as_secs_f64()
            );
        }
        Ok(Moved::Before) => {
            println!("everything had been moved to {to} already; that is noted now");
        }
        Err(MoveError::Differs {
            compared,
            violations,
        }) => {
            show(&compared);
            for violation in &violations {
                println!("BROKEN {}: {}", violation.invariant, violation.row);
            }
            let error = MoveError::Differs {
                compared: Vec::new(),
                violations: Vec::new(),
            };
            return Err(CliError::Refused(error.to_string()));
        }
        Err(error) => return Err(CliError::Refused(error.to_string())),
    }
    println!(
        "now serve with MATINEE_DATABASE naming {to}; {} is not served any more: keep it until you trust the new one",
        from.display()
    );
    Ok(())
}

async fn back(from: &std::path::Path, to: Option<&PostgresUrl>) -> Result<(), CliError> {
    let done = moving::move_back(from, to).await;
    done.map_err(|error| CliError::Refused(error.to_string()))?;
    println!("{} is served again", from.display());
    Ok(())
}

/// The table of tables.
fn show(compared: &[Compared]) {
    println!(
        "{:<22}{:>12}{:>12}  content",
        "table", "rows here", "rows there"
    );
    for table in compared {
        let verdict = if table.same() { "same" } else { "DIFFERS" };
        println!(
            "{:<22}{:>12}{:>12}  {verdict}",
            table.table, table.here.rows, table.there.rows
        );
    }
}
