//! Opening and closing a database file.
//!
//! Every way a file can be unfit (newer, foreign, read-only, no room) is found here, before anything is served.

use crate::{
    failure::OrStoreError,
    maintenance::refuse_left,
    migrations, private,
    readers::Readers,
    writer::{Tx, Writer, WriterLoad},
};
use matinee_planted::planted;
use matinee_store::{SeatFeed, StoreError};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Older versions have a fault that can lose a WAL's content when two connections checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long one process waits for another's write.
const BUSY: Duration = Duration::from_secs(5);

/// What to open.
pub struct OpenOptions {
    /// The file; made when it is not there, in a folder that is.
    pub path: PathBuf,
    /// Who is told of committed seat changes.
    pub feed: Arc<dyn SeatFeed>,
}

/// The embedded engine on one file. Clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// Absent when opened beside a live server.
    writer: Option<Writer>,
    readers: Arc<Readers>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a database for serving; makes and migrates it as needed. Blocks for a moment.
    pub fn open(options: OpenOptions) -> Result<Self, StoreError> {
        check_library()?;
        check_writable(&options.path)?;
        let conn = writing_connection(&options.path).map_err(|error| match error {
            // Reading waits for nobody else.
            StoreError::Overloaded => StoreError::Unavailable(
                "another command has it to itself, such as migrate-engine: wait until it ends"
                    .into(),
            ),
            other => other,
        })?;
        migrations::apply(&conn)?;
        if planted!("restart_forgets_holds") {
            let forget =
                "UPDATE bookings SET expires_at = expires_at + 864000000000 WHERE status = 'held'";
            conn.execute_batch(forget).db()?;
        }
        refuse_left(&conn)?;
        let readers = Readers::new(options.path.clone());
        let copying = copying_connection(&options.path)?;
        let writer = Some(Writer::start(conn, copying, options.feed)?);
        let path = options.path;
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                writer,
                readers,
            }),
        })
    }

    /// Opens a database for reading only, beside a server that may be running on it: for `verify` and `backup`.
    /// Every write is refused. The file must be there, with exactly the schema this program knows.
    pub fn open_offline(path: &Path) -> Result<Self, StoreError> {
        check_library()?;
        if !path.is_file() {
            let what = format!("there is no database file {}", path.display());
            return Err(StoreError::Unavailable(what));
        }
        let found = migrations::check(&reading_connection(path)?)?;
        if found < migrations::KNOWN {
            return Err(StoreError::Unavailable(format!(
                "the database has schema version {found}, this program knows {}; serve it once to upgrade it",
                migrations::KNOWN
            )));
        }
        let readers = Readers::new(path.to_owned());
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                writer: None,
                readers,
            }),
        })
    }

    /// How busy the writing thread is; `None` when opened beside a live server.
    pub fn writer_load(&self) -> Option<Arc<WriterLoad>> {
        self.inner
            .writer
            .as_ref()
            .map(|writer| Arc::clone(writer.load()))
    }

    /// Runs a unit of work in a write transaction; its value comes back once it is durable. `op` may run more than
    /// once: it checks first, writes afterwards, and keeps nothing outside the transaction.
    pub(crate) async fn write<T, F>(&self, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write(op).await,
            None => Err(StoreError::ReadOnly("opened for reading only".into())),
        }
    }

    /// A read that may take a while, on a blocking thread.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(op).await
    }

    /// A point read of a few rows by key, done at once on the calling task.
    pub(crate) async fn read_here<T>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.inner.readers.read_here(op).await
    }

    /// Finishes what was accepted and closes the file. Later calls are refused.
    pub(crate) async fn shut(&self) {
        let inner = Arc::clone(&self.inner);
        let closed = tokio::task::spawn_blocking(move || {
            if let Some(writer) = &inner.writer {
                writer.close();
            }
            inner.readers.close();
        });
        if closed.await.is_err() {
            tracing::error!("closing the database panicked");
        }
    }
}

fn check_library() -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let what = format!("SQLite {} is too old", rusqlite::version());
        return Err(StoreError::Unavailable(what));
    }
    Ok(())
}

/// Asks the file system before SQLite does, because its answers are clearer, and makes a file that is not there yet its
/// owner's alone.
fn check_writable(path: &Path) -> Result<(), StoreError> {
    let opened = private::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let Err(error) = opened else { return Ok(()) };
    let what = format!("{}: {error}", path.display());
    Err(match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(what)
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Unavailable(what),
    })
}

fn connection(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).db()?;
    conn.busy_timeout(BUSY).db()?;
    conn.set_prepared_statement_cache_capacity(128);
    // Nothing in a damaged or hostile file may run code through the schema.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
        .db()?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
        .db()?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)
        .db()?;
    // Plans do not depend on the values bound: otherwise a statement whose index statistics could decide is prepared
    // anew at every execution, which was a twentieth of the work of a paid booking.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .db()?;
    Ok(conn)
}

/// The connection that writes: WAL, every commit synced before it is acknowledged.
pub(crate) fn writing_connection(path: &Path) -> Result<Connection, StoreError> {
    let conn = connection(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    migrations::check(&conn)?;
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .db()?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::ReadOnly(format!(
            "{}: the file system does not allow write-ahead logging",
            path.display()
        )));
    }
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 67108864;",
    )
    .db()?;
    if planted!("missing_fsync") {
        conn.execute_batch("PRAGMA synchronous = OFF").db()?;
    }
    if planted!("fsync_only_at_checkpoints") {
        conn.execute_batch("PRAGMA synchronous = NORMAL").db()?;
    }
    Ok(conn)
}

/// The connection that copies the log back into the database.
pub(crate) fn copying_connection(path: &Path) -> Result<Connection, StoreError> {
    let conn = connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The log is opened by the first read; before that there is nothing to copy.
    conn.execute_batch("PRAGMA synchronous = FULL; SELECT count(*) FROM sqlite_schema;")
        .db()?;
    Ok(conn)
}

/// A connection that reads. The file is opened for writing all the same, because reading a WAL that a crash left
/// behind needs it; `query_only` keeps statements from writing.
pub(crate) fn reading_connection(path: &Path) -> Result<Connection, StoreError> {
    let conn = connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -2048;",
    )
    .db()?;
    Ok(conn)
}
