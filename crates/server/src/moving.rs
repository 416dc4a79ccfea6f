//! Moving a theater from the embedded engine to PostgreSQL: in which order what is locked, written, compared, noted
//! and made visible, so that at no moment both databases can sell.
//!
//! The file belongs to this program from the first to the last step. All that is written on the other side is one
//! transaction; right before its commit the file durably says that it is being left, right after it that it was. So a
//! crash leaves either the file as it was, or a file that nothing serves and a move that is finished by running it
//! again. How an engine reads and writes rows is the engines' own.

use crate::{
    config::{Database, PostgresUrl},
    engine::OpenError,
};
use chrono::{DateTime, Utc};
use matinee_booking::Entropy;
use matinee_store::{
    StoreError,
    moving::{Content, Left, TABLES, Table},
    verify::Violation,
};
use matinee_store_postgres::{Arrival, There};
use matinee_store_sqlite::Departure;
use parking_lot::Mutex;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::mpsc;

/// Rows that travel together, and such parts that may wait: all that is ever in memory.
const PART: usize = 1_000;
const WAITING: usize = 4;

/// Why a database was not moved, or not back.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
    #[error(
        "{table}: {source}. Nothing was moved; the server can be started on the file as before"
    )]
    Copy {
        table: &'static str,
        source: StoreError,
    },
    /// The two sides differ, or what arrived breaks an invariant.
    #[error(
        "what arrived is not what was sent: it was taken back. Nothing was moved; the server can be started on the file as before"
    )]
    Differs {
        compared: Vec<Compared>,
        violations: Vec<Violation>,
    },
    #[error(
        "{place} did not say whether it committed ({source}): the file is not served meanwhile. Run the same command \
         again: it finds out and finishes"
    )]
    Unknown { place: String, source: StoreError },
}

/// A table on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    pub table: &'static str,
    pub here: Content,
    pub there: Content,
}

impl Compared {
    /// Rows and their content are equal.
    pub fn same(&self) -> bool {
        self.here == self.there
    }
}

/// What a move did.
#[derive(Debug)]
pub enum Moved {
    Now(Vec<Compared>),
    /// An earlier run had moved everything, and only its last note was missing.
    Before,
}

type Shared = Arc<Mutex<Departure>>;

/// Moves everything. `progress` is told of each table and how many rows it had.
pub async fn move_to(
    from: &Path,
    to: &PostgresUrl,
    entropy: &dyn Entropy,
    mut progress: impl FnMut(&'static str, u64),
) -> Result<Moved, MoveError> {
    let place = to.to_string();
    let departure = depart(from).await?;
    let left = departure.lock().left()?;
    let by = match left {
        None => data_encoding::HEXLOWER.encode(&entropy.bytes::<16>()),
        Some(left) if !left.done && left.place == place => left.by,
        Some(left) => {
            return Err(MoveError::Refused(format!(
                "{}: {}",
                from.display(),
                left.refusal()
            )));
        }
    };
    let left = |done| Left {
        done,
        by: by.clone(),
        place: place.clone(),
    };
    let arrival = arrive(to).await?;
    match arrival.there().await? {
        There::Came(other) if other == by => {
            departure.lock().set_left(Some(&left(true)))?;
            return Ok(Moved::Before);
        }
        There::Empty => arrival.clear().await?,
        There::Came(_) | There::Data => {
            return Err(MoveError::Refused(format!(
                "{place} holds data already: name an empty database. Nothing was changed"
            )));
        }
    }
    let mut compared = Vec::new();
    for table in TABLES {
        let copying = |source| MoveError::Copy {
            table: table.name,
            source,
        };
        let here = copy(&departure, &arrival, table).await.map_err(copying)?;
        let there = arrival.content(table).await.map_err(copying)?;
        progress(table.name, here.rows);
        compared.push(Compared {
            table: table.name,
            here,
            there,
        });
    }
    // Nothing served the file for a while: that holds ran out meanwhile is no fault, so nothing is late yet.
    let report = arrival.verify(DateTime::<Utc>::UNIX_EPOCH).await?;
    if !report.violations.is_empty() || !compared.iter().all(Compared::same) {
        return Err(MoveError::Differs {
            compared,
            violations: report.violations,
        });
    }
    departure.lock().set_left(Some(&left(false)))?;
    if let Err(source) = arrival.complete(&by).await {
        return Err(MoveError::Unknown { place, source });
    }
    departure.lock().set_left(Some(&left(true)))?;
    Ok(Moved::Now(compared))
}

/// Goes back to the file: only while nothing was changed where it went. What is there is given up. Without `to` nobody
/// is asked: for a database that is gone.
pub async fn move_back(from: &Path, to: Option<&PostgresUrl>) -> Result<(), MoveError> {
    let departure = depart(from).await?;
    let Some(left) = departure.lock().left()? else {
        return Err(MoveError::Refused(format!(
            "{} was not moved: there is nothing to undo",
            from.display()
        )));
    };
    if let Some(to) = to {
        give_up(&departure, &left, to).await?;
    }
    departure.lock().set_left(None)?;
    Ok(())
}

async fn give_up(departure: &Shared, left: &Left, to: &PostgresUrl) -> Result<(), MoveError> {
    let place = to.to_string();
    if place != left.place {
        return Err(MoveError::Refused(format!(
            "it was moved to {}, not to {place}: name that database with MATINEE_TO",
            left.place
        )));
    }
    let arrival = arrive(to).await?;
    match arrival.there().await? {
        // The move never got there.
        There::Empty => return Ok(()),
        There::Came(by) if by == left.by => {}
        There::Came(_) | There::Data if !left.done => return Ok(()),
        There::Came(_) | There::Data => {
            return Err(MoveError::Refused(format!(
                "{place} holds data that did not come from this file: nothing was changed. If the database it was \
                 moved to is gone for good, say so with --target-is-gone"
            )));
        }
    }
    for table in TABLES {
        let here = count(departure, table).await?;
        if here != arrival.content(table).await? {
            return Err(MoveError::Refused(format!(
                "{place} has changed since the move (table {}): going back would lose what was sold and done there. \
                 Nothing was changed; go on serving {place}",
                table.name
            )));
        }
    }
    Ok(arrival.give_up().await?)
}

async fn depart(from: &Path) -> Result<Shared, MoveError> {
    let path: PathBuf = from.to_owned();
    let opened = blocking(move || {
        let departure = Departure::open(&path)?;
        departure.check_tables()?;
        Ok(departure)
    });
    let departure = opened.await.map_err(|source| OpenError {
        place: Database::Sqlite(from.to_owned()).to_string(),
        source,
    })?;
    Ok(Arc::new(Mutex::new(departure)))
}

async fn arrive(to: &PostgresUrl) -> Result<Arrival, MoveError> {
    let begun = Arrival::begin(to.expose()).await;
    Ok(begun.map_err(|source| OpenError {
        place: to.to_string(),
        source,
    })?)
}

/// Sends a table, part by part; what was sent.
async fn copy(
    departure: &Shared,
    arrival: &Arrival,
    table: &'static Table,
) -> Result<Content, StoreError> {
    let (send, receive) = mpsc::channel(WAITING);
    let departure = Arc::clone(departure);
    let sending = blocking(move || {
        let mut content = Content::default();
        let mut part = Vec::with_capacity(PART);
        departure.lock().rows(table, |row| {
            content.add(&row);
            part.push(row);
            // Nobody receives any more once the other side failed; that is what is told then.
            part.len() < PART || send.blocking_send(std::mem::take(&mut part)).is_ok()
        })?;
        if !part.is_empty() {
            let _ = send.blocking_send(part);
        }
        Ok(content)
    });
    let (sent, taken) = tokio::join!(sending, arrival.take(table, receive));
    // A source that cannot be read is the reason, whatever the other side made of half of it.
    let sent = sent?;
    taken.map(|()| sent)
}

async fn count(departure: &Shared, table: &'static Table) -> Result<Content, StoreError> {
    let departure = Arc::clone(departure);
    blocking(move || {
        let mut content = Content::default();
        departure.lock().rows(table, |row| {
            content.add(&row);
            true
        })?;
        Ok(content)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    op: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(op).await;
    done.unwrap_or_else(|panic| Err(StoreError::Engine(panic.to_string())))
}
