//! Measures Matinee on the machine it runs on: `cargo xtask bench`.
//!
//! Absolute rates say more about the machine than about the program, so most figures are a ratio of two things
//! measured in turns within one run (A, B, A, B, …; the median counts), and every effect is counted afterwards: in
//! the seat maps the server answers, in the rows of its database, and by its own `verify`.
//! The clients share the machine with the server.

mod arena;
mod args;
mod bench;
mod crowd;
mod database;
mod disk;
mod failure;
mod fill;
mod hello;
mod load;
mod machine;
mod paced;
mod plan;
mod plot;
// PostgreSQL for tests is PostgreSQL for measuring; not all of what tests need is needed here.
#[allow(dead_code)]
#[path = "../../tests/src/postgres.rs"]
mod postgres;
mod proc;
#[allow(dead_code)]
#[path = "../../tests/src/redis.rs"]
mod redis;
mod report;
mod rows;
mod server;
mod stats;
mod till;
mod wire;

use args::{Args, Mode};
use bench::Bench;
use clap::Parser;
use failure::Failure;
use report::Report;
use rows::{PRETIX, ROWS, Row};
use std::{process::ExitCode, time::Duration};

/// A row that takes longer hangs.
const ROW_AT_MOST: Duration = Duration::from_mins(10);

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.mode {
        Some(Mode::Hello) => hello::serve().map(|()| true),
        None => measure(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("matinee-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<bool, Failure> {
    raise_file_limit();
    // One thread drives all connections: what it takes is taken from the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Viewers are tasks of their own on it.
    tokio::task::LocalSet::new().block_on(&runtime, run(args))
}

/// True when every row was measured.
async fn run(args: &Args) -> Result<bool, Failure> {
    let bench = Bench::new(args)?;
    let mut report = Report::begin();
    let wanted: Vec<&Row> = ROWS
        .iter()
        .filter(|row| args.wants(&row.full_name()))
        .chain(args.pretix.then_some(&PRETIX))
        .collect();
    if wanted.is_empty() {
        let names: Vec<String> = ROWS.iter().map(Row::full_name).collect();
        let what = format!("no such row; there are {}", names.join(", "));
        return Err(Failure::Server(what));
    }
    for row in wanted {
        let name = row.full_name();
        eprintln!("· {name}");
        let mark = report.mark();
        let done = tokio::time::timeout(ROW_AT_MOST, row.run(&bench, &mut report)).await;
        let failure = match done {
            Ok(Ok(())) => continue,
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => "it hung".into(),
        };
        // One line, as it goes into a table's foot.
        let failure: String = failure
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(300)
            .collect();
        eprintln!("  FAILED: {failure}");
        report.undo(mark, format!("{name}: {failure}"));
    }
    report.finish();
    println!("{}", report.markdown());
    if let Some(path) = &args.json {
        std::fs::write(path, report.json()?)?;
    }
    if let Some(path) = &args.update {
        report.update(path, args.all())?;
    }
    for failed in report.failed() {
        eprintln!("matinee-bench: not measured: {failed}");
    }
    Ok(report.failed().is_empty())
}

/// Ten thousand viewers need as many files; the soft limit is often 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    let wanted = Rlimit {
        current: most,
        maximum: most,
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}
