//! The connections that read, beside the writer.
//!
//! A bounded pool, opened as needed. A point read (a booking, a key) takes a few microseconds and runs where it is
//! asked: a hop to another thread would cost more than the read. Everything longer goes to a blocking thread.
//!
//! Also a point read may have to write: its mark in the shared index of the log. On a disk that stands still that waits
//! until the disk goes on, and with it everything the runtime's thread had to do. So only half of these threads, and at
//! least one, read at a time; a read more hands its thread's other work over first.

use matinee_store::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Connections at most. Reads are short; more would only cost memory.
const CONNECTIONS: usize = 4;

pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    /// Threads of the runtime that read just now.
    here: AtomicUsize,
}

/// Counts a reading thread while it lives.
struct Here<'a>(&'a AtomicUsize);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
            here: AtomicUsize::new(0),
        })
    }

    /// Whether one more thread of the runtime may read; `None` when it has to hand its other work over first.
    fn here(&self) -> Option<Here<'_>> {
        let among = self.here.fetch_add(1, Ordering::Relaxed) + 1;
        let here = Here(&self.here);
        let Ok(runtime) = Handle::try_current() else {
            return Some(here);
        };
        // A runtime of one thread has nobody to hand anything to.
        let alone = runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        let at_most = (runtime.metrics().num_workers() / 2).max(1);
        (alone || among <= at_most).then_some(here)
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
        match self.here() {
            Some(_here) => self.run(permit, op),
            None => tokio::task::block_in_place(|| self.run(permit, op)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Duration};

    /// As on a disk that stands still: readers that do not come back leave a thread for everything else.
    #[test]
    fn readers_that_wait_leave_a_thread_for_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x)")
            .unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let readers = Readers::new(path);
        let (began, begun) = mpsc::channel();
        let mut ends = Vec::new();
        let mut reads = Vec::new();
        for _ in 0..CONNECTIONS {
            let (readers, began) = (Arc::clone(&readers), began.clone());
            let (end, ended) = mpsc::channel::<()>();
            let ended = Mutex::new(ended);
            ends.push(end);
            reads.push(runtime.spawn(async move {
                let stands = |_: &Connection| {
                    began.send(()).unwrap();
                    ended.lock().recv().unwrap();
                    Ok(())
                };
                readers.read_here(stands).await.unwrap();
            }));
        }
        let patience = Duration::from_secs(20);
        for _ in 0..CONNECTIONS {
            begun.recv_timeout(patience).unwrap();
        }
        let (say, said) = mpsc::channel();
        runtime.spawn(async move { say.send(()).unwrap() });
        said.recv_timeout(patience).unwrap();
        for end in ends {
            end.send(()).unwrap();
        }
        for read in reads {
            runtime.block_on(read).unwrap();
        }
        assert_eq!(readers.here.load(Ordering::Relaxed), 0);
    }
}
