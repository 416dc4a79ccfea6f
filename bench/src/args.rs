//! The command line, and how long each part may take.

use crate::failure::Failure;
use clap::{Parser, Subcommand};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;

/// Measures a Matinee server on this machine. Prints a Markdown table.
#[derive(Parser)]
#[command(version, about)]
pub struct Args {
    /// Fewer and shorter rounds: to see that it runs, not to compare with
    #[arg(long)]
    quick: bool,
    /// Also write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Only this row, e.g. growth or growth-postgres; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Bookings that the row "growth" fills in at most
    #[arg(long, value_name = "N")]
    grow: Option<u64>,
    /// Compare with pretix too, installed from PyPI into target/pretix (needs python3 with venv, and redis-server)
    #[arg(long)]
    pub pretix: bool,
    /// Also put the table between the markers of this Markdown file; with --only, these rows into the table that is there
    #[arg(long, value_name = "FILE")]
    pub update: Option<PathBuf>,
    /// Folder on the disk to measure [default: target/, or the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The server's program [default: matinee-server beside this one]
    #[arg(long, env = "MATINEE_SERVER_BIN", value_name = "FILE")]
    server: Option<PathBuf>,
    #[command(subcommand)]
    pub mode: Option<Mode>,
}

#[derive(Subcommand, Clone, Copy)]
pub enum Mode {
    /// Answer hello-world JSON: the baseline that seat maps are compared with
    #[command(hide = true)]
    Hello,
}

/// How much of everything.
#[derive(Clone, Copy)]
pub struct Extent {
    /// Only to see that it runs.
    pub quick: bool,
    /// Rounds of each A/B pair.
    pub rounds: usize,
    /// How long one side of a round runs.
    pub slice: Duration,
    /// Rounds of the writer, and bookings in one.
    pub commit_rounds: usize,
    pub commit_bookings: usize,
}

impl Args {
    pub fn extent(&self) -> Extent {
        if self.quick {
            Extent {
                quick: true,
                rounds: 1,
                slice: Duration::from_millis(500),
                commit_rounds: 1,
                commit_bookings: 5_000,
            }
        } else {
            Extent {
                quick: false,
                rounds: 7,
                slice: Duration::from_millis(900),
                commit_rounds: 3,
                commit_bookings: 20_000,
            }
        }
    }

    pub fn grow(&self) -> u64 {
        self.grow
            .unwrap_or(if self.quick { 10_000 } else { 1_000_000 })
    }

    /// Whether every row is to be run.
    pub fn all(&self) -> bool {
        self.only.is_empty()
    }

    /// Whether a row is to be run: all, unless some are named.
    pub fn wants(&self, row: &str) -> bool {
        let named = |only: &String| {
            row == only
                || row
                    .strip_prefix(only.as_str())
                    .is_some_and(|rest| rest.starts_with('-'))
        };
        self.only.is_empty() || self.only.iter().any(named)
    }

    /// A folder of our own, removed at the end. Not blindly the system's temporary folder: that may be memory, where
    /// syncing costs nothing.
    pub fn folder(&self) -> Result<TempDir, Failure> {
        let target = PathBuf::from("target");
        let parent = match &self.dir {
            Some(dir) => dir.clone(),
            None if target.is_dir() => target.canonicalize()?,
            None => std::env::temp_dir(),
        };
        Ok(tempfile::Builder::new()
            .prefix("matinee-bench-")
            .tempdir_in(parent)?)
    }

    pub fn server_binary(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.server {
            return Ok(path.clone());
        }
        Ok(std::env::current_exe()?.with_file_name("matinee-server"))
    }
}
