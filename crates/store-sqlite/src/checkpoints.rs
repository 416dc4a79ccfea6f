//! Copying the write-ahead log back into the database, without making writers wait.
//!
//! SQLite's own way is that the commit which fills the log copies it all back, and everybody behind it waits: tens of
//! milliseconds. Here a thread with a connection of its own copies while commits go on. It never gets to the end of a
//! log that grows meanwhile, and only a log that is copied to its end is begun anew; so once little is left the writer
//! copies that little itself, between two commits, and its next commit begins the log anew.
//!
//! A reader that stays open for long keeps the log from being begun anew, as ever; it grows meanwhile.

use crate::failure::OrStoreError;
use matinee_store::StoreError;
use rusqlite::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::JoinHandle,
};

/// Lengths of the log, in pages.
#[derive(Clone, Copy)]
struct Bounds {
    /// From here on it is copied back. The longer a log, the more changes of one page are copied once.
    full: u32,
    /// At most about so many the writer copies itself.
    few: u32,
    /// From here on the writer waits for the thread, or a disk that copies slower than commits append would fill up.
    most: u32,
}

/// 48 MB; two or three milliseconds of the writer's time; 400 MB.
const BOUNDS: Bounds = Bounds {
    full: 12_000,
    few: 1_000,
    most: 100_000,
};

/// The writer's side.
pub(crate) struct Checkpoints {
    bounds: Bounds,
    /// Pages in the log after the last commit, as SQLite tells it.
    length: Arc<AtomicU32>,
    /// Pages of this log that are copied.
    copied: u32,
    /// The length at the last look: a shorter one now means that the log was begun anew.
    seen: u32,
    /// Nothing is tried again before the log has this length; a reader was in the way, or the disk.
    not_before: u32,
    copying: bool,
    /// Closed to end the thread.
    ask: Option<SyncSender<()>>,
    done: Receiver<Option<u32>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes the copying away from `writing`'s commits; `copying` is another connection to the same file.
    pub(crate) fn start(writing: &mut Connection, copying: Connection) -> Result<Self, StoreError> {
        Self::within(BOUNDS, writing, copying)
    }

    fn within(
        bounds: Bounds,
        writing: &mut Connection,
        copying: Connection,
    ) -> Result<Self, StoreError> {
        let length = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&length);
        // A hook of our own takes the place of SQLite's, which would copy inside the commit.
        writing
            .wal_hook(Some(move |_: &mut _, pages: std::ffi::c_int| {
                told.store(pages.unsigned_abs(), Ordering::Relaxed);
                Ok(())
            }))
            .db()?;
        let (ask, asked) = sync_channel::<()>(1);
        let (tell, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("matinee-copier".into())
            .spawn(move || {
                while asked.recv().is_ok() {
                    if tell.send(copy(&copying)).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            bounds,
            length,
            copied: 0,
            seen: 0,
            not_before: 0,
            copying: false,
            ask: Some(ask),
            done,
            thread: Some(thread),
        })
    }

    /// To be called by the writer between commits.
    pub(crate) fn after_commit(&mut self, writing: &Connection) {
        let length = self.length.load(Ordering::Relaxed);
        if length < self.seen {
            (self.copied, self.not_before) = (0, 0);
        }
        self.seen = length;
        if self.copying {
            self.hear(length);
        }
        if self.copying || length < self.bounds.full || length < self.not_before {
            return;
        }
        if self.copied > 0 && length - self.copied.min(length) <= self.bounds.few {
            self.take(copy(writing), length);
        } else if let Some(ask) = &self.ask {
            self.copying = ask.try_send(()).is_ok();
        } else {
            self.take(copy(writing), length);
        }
    }

    /// What came of the thread's round, if it ended.
    fn hear(&mut self, length: u32) {
        let told = if length >= self.bounds.most {
            self.done.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            self.done.try_recv()
        };
        match told {
            Err(TryRecvError::Empty) => {}
            Ok(copied) => {
                self.copying = false;
                self.take(copied, length);
            }
            Err(TryRecvError::Disconnected) => {
                tracing::error!("the thread that copies the log back is gone");
                (self.copying, self.ask) = (false, None);
            }
        }
    }

    fn take(&mut self, copied: Option<u32>, length: u32) {
        let before = self.copied;
        // More than there is: that was told of the log before this one.
        self.copied = copied.filter(|copied| *copied <= length).unwrap_or(before);
        // No further than before: a reader is in the way, or the disk does not take it. Or to the end: the next commit begins
        // the log anew, unless a reader is just then in the way.
        if self.copied <= before || self.copied >= length {
            self.not_before = length + self.bounds.few;
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that copies the log back had panicked");
        }
    }
}

/// Copies what it can without waiting for anybody; how many pages of the log are copied now.
fn copy(conn: &Connection) -> Option<u32> {
    let copied: rusqlite::Result<i64> =
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2));
    match copied {
        // -1 when there is no log.
        Ok(copied) => u32::try_from(copied).ok(),
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be copied back; it grows until that works");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::params;

    const SMALL: Bounds = Bounds {
        full: 100,
        few: 20,
        most: 400,
    };

    struct House {
        folder: tempfile::TempDir,
        conn: Connection,
        checkpoints: Checkpoints,
        rows: u32,
    }

    impl House {
        fn open() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("matinee.db");
            let mut conn = crate::open::writing_connection(&path).expect("it opens");
            conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB) STRICT")
                .expect("a table");
            let copying = crate::open::copying_connection(&path).expect("it opens");
            let checkpoints = Checkpoints::within(SMALL, &mut conn, copying).expect("a thread");
            Self {
                folder,
                conn,
                checkpoints,
                rows: 0,
            }
        }

        /// Ten pages in one commit; how long the log is then.
        fn commit(&mut self) -> u32 {
            self.rows += 1;
            self.conn
                .execute(
                    "INSERT INTO t VALUES (?1, zeroblob(40000))",
                    params![self.rows],
                )
                .expect("it is written");
            self.checkpoints.after_commit(&self.conn);
            self.checkpoints.seen
        }

        fn reader(&self) -> Connection {
            let path = self.folder.path().join("matinee.db");
            let reader = crate::open::reading_connection(&path).expect("it opens");
            reader
                .execute_batch("BEGIN; SELECT count(*) FROM t;")
                .expect("it reads");
            reader
        }
    }

    #[test]
    fn a_log_that_grows_all_the_time_is_begun_anew() {
        let mut house = House::open();
        let lengths: Vec<u32> = (0..600).map(|_| house.commit()).collect();
        let anew = lengths.windows(2).filter(|two| two[1] < two[0]).count();
        let longest = lengths.iter().max().expect("some");
        // 6,000 pages in all.
        assert!(anew >= 5, "begun anew {anew} times");
        assert!(*longest < 2 * SMALL.most, "{longest} pages");
        let rows: u32 = house
            .conn
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .expect("it reads");
        assert_eq!(rows, 600);
    }

    #[test]
    fn a_reader_in_the_way_stops_nobody_and_the_log_shrinks_when_it_is_gone() {
        let mut house = House::open();
        for _ in 0..20 {
            house.commit();
        }
        let reader = house.reader();
        let with_reader = (0..100).map(|_| house.commit()).last().expect("some");
        assert!(with_reader > 800, "{with_reader} pages");
        drop(reader);
        let after = (0..200).map(|_| house.commit()).min().expect("some");
        assert!(after < SMALL.full, "{after} pages");
    }
}
