//! Which engine a database's address means, and opening it: the one place that knows more than one.

use crate::config::{Database, PostgresTuning};
use matinee_store::{SeatFeed, Store, StoreError, feed::NoFeed};
use matinee_store_postgres::{PostgresOptions, PostgresStore, Redis};
use matinee_store_sqlite::{OpenOptions, SqliteStore, WriterLoad};
use std::{path::PathBuf, sync::Arc};

/// A database that cannot be opened, and which one.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database {place}: {source}")]
pub struct OpenError {
    pub place: String,
    pub source: StoreError,
}

fn at(database: &Database) -> impl FnOnce(StoreError) -> OpenError {
    let place = database.to_string();
    move |source| OpenError { place, source }
}

/// Opens a database for writing, making and migrating it as needed; also beside servers that run on it.
pub async fn open(
    database: &Database,
    tuning: PostgresTuning,
    feed: Arc<dyn SeatFeed>,
) -> Result<Arc<dyn Store>, OpenError> {
    Ok(open_watched(database, tuning, None, feed).await?.0)
}

/// The same, beside a Redis on the engine that can use one, and with how busy the writing thread is on the other.
pub async fn open_watched(
    database: &Database,
    tuning: PostgresTuning,
    redis: Option<Redis>,
    feed: Arc<dyn SeatFeed>,
) -> Result<(Arc<dyn Store>, Option<Arc<WriterLoad>>), OpenError> {
    match database {
        Database::Sqlite(path) => {
            let path = path.clone();
            let opened = blocking(move || SqliteStore::open(OpenOptions { path, feed })).await;
            let store = opened.map_err(at(database))?;
            let load = store.writer_load();
            Ok((Arc::new(store), load))
        }
        Database::Postgres(url) => {
            let options = PostgresOptions {
                locking: tuning.locking,
                lanes: tuning.lanes,
                connections: tuning.connections,
                redis,
                ..PostgresOptions::new(url.expose(), feed)
            };
            Ok((open_postgres(database, options).await?, None))
        }
    }
}

/// Opens a database for reading, beside servers that run on it. It must be there, with the schema this program knows.
pub async fn open_offline(database: &Database) -> Result<Arc<dyn Store>, OpenError> {
    match database {
        Database::Sqlite(path) => {
            let path = path.clone();
            let opened = blocking(move || SqliteStore::open_offline(&path)).await;
            opened
                .map_err(at(database))
                .map(|store| Arc::new(store) as Arc<dyn Store>)
        }
        Database::Postgres(url) => {
            let opened = PostgresStore::open_offline(url.expose()).await;
            opened
                .map_err(at(database))
                .map(|store| Arc::new(store) as Arc<dyn Store>)
        }
    }
}

/// Where a change of the catalog is tried without being made.
pub struct Rehearsal {
    pub store: Arc<dyn Store>,
    /// A copy of the database; removed when dropped.
    _copy: Option<Copy>,
}

/// Opens a database such that a change of its catalog finds out what it would do, and does nothing.
pub async fn rehearse(database: &Database) -> Result<Rehearsal, OpenError> {
    match database {
        // A copy is quickly made.
        Database::Sqlite(path) => {
            let mut name = path.clone().into_os_string();
            name.push(format!(".dry-run-{}", std::process::id()));
            let copy = Copy(PathBuf::from(name));
            if path.exists() {
                let store = open_offline(database).await?;
                let done = store.backup(&copy.0).await;
                store.close().await;
                done.map_err(at(database))?;
            }
            // Otherwise a real run would make it.
            let of_copy = Database::Sqlite(copy.0.clone());
            Ok(Rehearsal {
                store: open(&of_copy, PostgresTuning::default(), Arc::new(NoFeed)).await?,
                _copy: Some(copy),
            })
        }
        // The change is made in a transaction that is rolled back.
        Database::Postgres(url) => {
            let options = PostgresOptions {
                rehearse: true,
                ..PostgresOptions::new(url.expose(), Arc::new(NoFeed))
            };
            Ok(Rehearsal {
                store: open_postgres(database, options).await?,
                _copy: None,
            })
        }
    }
}

struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(suffix);
            // What is left over is named after the process and in nobody's way.
            let _ = std::fs::remove_file(name);
        }
    }
}

async fn open_postgres(
    database: &Database,
    options: PostgresOptions,
) -> Result<Arc<dyn Store>, OpenError> {
    let opened = PostgresStore::open(options).await;
    opened
        .map_err(at(database))
        .map(|store| Arc::new(store) as Arc<dyn Store>)
}

/// Opening a file blocks for a moment.
async fn blocking<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let opened = tokio::task::spawn_blocking(open).await;
    opened.unwrap_or_else(|panic| Err(StoreError::Engine(panic.to_string())))
}
