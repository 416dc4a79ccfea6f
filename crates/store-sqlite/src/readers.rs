//! The connections that read, beside the writer.
//!
//! A bounded pool, opened as needed. A point read (a booking, a key) takes a few microseconds and runs where it is
//! asked: a hop to another thread would cost more than the read. Everything longer goes to a blocking thread.

use matinee_store::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at most. Reads are short; more would only cost memory.
const CONNECTIONS: usize = 4;

pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

/// A connection on loan; it goes back to the pool, also when the reader fails.
struct Loan<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            // A reader that panicked may have left a transaction open: such a connection is not used again.
            if conn.is_autocommit() && !self.readers.permits.is_closed() {
                self.readers.idle.lock().push(conn);
            }
        }
    }
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        Arc::new(Self {
            path,
            idle: Mutex::default(),
            permits,
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map_err(|_| StoreError::Unavailable("the database is closed".into()))
    }

    fn run<T>(
        &self,
        permit: OwnedSemaphorePermit,
        op: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => crate::open::reading_connection(&self.path)?,
        };
        let loan = Loan {
            readers: self,
            conn: Some(conn),
            _permit: permit,
        };
        match &loan.conn {
            Some(conn) => op(conn),
            None => Err(StoreError::Unavailable("the connection is gone".into())),
        }
    }

    /// A point read, done at once on the calling task.
    pub(crate) async fn read_here<T>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let permit = self.permit().await?;
        self.run(permit, op)
    }

    /// A read that may take a while, done on a blocking thread.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        op: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Waited for here, not on the blocking thread: so there are never more such threads than connections.
        let permit = self.permit().await?;
        let readers = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || readers.run(permit, op));
        task.await
            .unwrap_or_else(|error| Err(StoreError::Engine(error.to_string())))
    }

    /// No further reads; connections on loan close as they come back.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().clear();
    }
}
