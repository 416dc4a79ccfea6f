//! The copy on this device: one SQLite file per server, thrown away and rebuilt whenever it cannot be trusted.
//!
//! One file per table, each with its migration (`migrations/cache`), its row and its reads and writes. No secret is
//! ever written here, and nothing that exists nowhere else: losing the file costs one sync.

mod bookings;
mod listed;
mod meta;
mod movies;
mod profile;
mod search;
mod seen;
mod shown;
mod shows;
mod tables;
mod theaters;
mod ticket_types;
mod tickets;

pub(crate) use bookings::{GUEST, KeptBooking, has_tickets};
pub(crate) use listed::list_order;
pub(crate) use seen::Answered;
pub(crate) use shows::ShowFilter;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// In the order they are applied; `user_version` counts those that were.
const MIGRATIONS: [&str; 10] = [
    include_str!("../../../../migrations/cache/0001_meta.sql"),
    include_str!("../../../../migrations/cache/0002_theaters.sql"),
    include_str!("../../../../migrations/cache/0003_movies.sql"),
    include_str!("../../../../migrations/cache/0004_shows.sql"),
    include_str!("../../../../migrations/cache/0005_bookings.sql"),
    include_str!("../../../../migrations/cache/0006_tickets.sql"),
    include_str!("../../../../migrations/cache/0007_profile.sql"),
    include_str!("../../../../migrations/cache/0008_ticket_types.sql"),
    include_str!("../../../../migrations/cache/0009_seen.sql"),
    include_str!("../../../../migrations/cache/0010_shown.sql"),
];

/// Why the copy could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    #[error("the file cannot be made or removed")]
    File(#[from] std::io::Error),
    /// A row is not what this version writes.
    #[error("a row of {0} cannot be read")]
    Row(&'static str),
    #[error("the work was interrupted")]
    Interrupted,
}

impl CacheError {
    /// Whether a new, empty file would help.
    fn is_rubbish(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Database(error) => is_rubbish(error),
            Self::File(_) | Self::Interrupted => false,
        }
    }
}

fn is_rubbish(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        // A table or column that is not there: not our schema, whatever its version says.
        || matches!(error, rusqlite::Error::SqlInputError { .. })
        || matches!(error, rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..))
}

/// The open copy. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Mutex<Connection>,
    /// None: in memory, when the device gives no folder to write to.
    path: Option<PathBuf>,
    origin: String,
}

impl Cache {
    /// Opens the copy of this server, making it anew when there is none that can be trusted.
    pub(crate) fn open(path: &Path, origin: &str) -> Result<Self, CacheError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let connection = match connect(Some(path), origin) {
            Ok(connection) => connection,
            Err(Refusal::Rubbish(why)) => {
                tracing::warn!(why, "the local copy is thrown away and rebuilt");
                discard(path)?;
                connect(Some(path), origin)?
            }
            Err(Refusal::Failed(error)) => return Err(error),
        };
        Ok(Self::of(connection, Some(path.to_owned()), origin))
    }

    /// A copy that lasts as long as the app runs.
    pub(crate) fn in_memory(origin: &str) -> Result<Self, CacheError> {
        Ok(Self::of(connect(None, origin)?, None, origin))
    }

    fn of(connection: Connection, path: Option<PathBuf>, origin: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                path,
                origin: origin.to_owned(),
            }),
        }
    }

    /// Does work on the database off the async threads. When the file turns out to be rubbish it is replaced by an empty
    /// one and the work done again, on that.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, CacheError> + Send + 'static,
    ) -> Result<T, CacheError> {
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || {
            let mut connection = inner.connection.lock();
            match work(&mut connection) {
                Err(error) if error.is_rubbish() => {
                    tracing::warn!(%error, "the local copy is thrown away and rebuilt");
                    *connection = inner.rebuilt(&mut connection)?;
                    work(&mut connection)
                }
                done => done,
            }
        })
        .await
        .unwrap_or(Err(CacheError::Interrupted))
    }
}

impl Inner {
    fn rebuilt(&self, old: &mut Connection) -> Result<Connection, CacheError> {
        let Some(path) = &self.path else {
            return Ok(connect(None, &self.origin)?);
        };
        // Let go of the file before removing it.
        *old = Connection::open_in_memory()?;
        discard(path)?;
        Ok(connect(Some(path), &self.origin)?)
    }
}

/// Why an existing file is not used.
enum Refusal {
    /// It is a copy that cannot be trusted.
    Rubbish(&'static str),
    Failed(CacheError),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        if is_rubbish(&error) {
            Self::Rubbish("it is damaged")
        } else {
            Self::Failed(error.into())
        }
    }
}

impl From<Refusal> for CacheError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rubbish(what) => Self::Row(what),
            Refusal::Failed(error) => error,
        }
    }
}

fn connect(path: Option<&Path>, origin: &str) -> Result<Connection, Refusal> {
    let mut connection = match path {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    connection.busy_timeout(Duration::from_secs(2))?;
    // Answers with a row, unlike the other pragmas.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // What a power cut takes from a copy, the next sync brings back.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    migrate(&mut connection)?;
    if meta::origin(&connection, origin)? != origin {
        return Err(Refusal::Rubbish("it is of another server"));
    }
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), Refusal> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).map_err(|_| Refusal::Rubbish("its version is none"))?;
    let Some(rest) = MIGRATIONS.get(done..) else {
        return Err(Refusal::Rubbish("it is of a newer version of the app"));
    };
    if rest.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for migration in rest {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

fn discard(path: &Path) -> Result<(), CacheError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn to_body<T: Serialize>(value: &T, table: &'static str) -> Result<String, CacheError> {
    serde_json::to_string(value).map_err(|_| CacheError::Row(table))
}

fn from_body<T: DeserializeOwned>(body: &str, table: &'static str) -> Result<T, CacheError> {
    serde_json::from_str(body).map_err(|_| CacheError::Row(table))
}

/// The object of a row and when the server last said it.
fn dated<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    key: &str,
    table: &'static str,
) -> Result<Option<(T, DateTime<Utc>)>, CacheError> {
    let row: Option<(String, DateTime<Utc>)> = connection
        .prepare_cached(sql)?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(body, as_of)| Ok((from_body(&body, table)?, as_of)))
        .transpose()
}

#[cfg(test)]
mod tests;
