//! The one thread that writes.
//!
//! It takes everything that queued up while the last commit ran and commits it together: one fsync for all. A unit
//! checks first and writes afterwards, so a refusal writes nothing. Should a unit fail after its first write, the
//! whole commit is rolled back and done again with a savepoint around each unit, so that only that one fails. If
//! even this does not commit, each unit gets a transaction of its own. The savepoints are not there from the start
//! because they cost a fifth of the throughput and are almost never needed.
//! There is no delay before a commit: an idle writer commits a single request at once.

use crate::{
    checkpoints::Checkpoints,
    failure::{OrStoreError, store_error},
    seat_log::{NotOnSale, OnSale, SeatLog},
};
use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_planted::planted;
use matinee_store::{SeatFeed, StoreError, feed::SeatState};
use parking_lot::Mutex;
use rusqlite::{CachedStatement, Connection};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Units that may wait; the next one is told [`StoreError::Overloaded`].
const QUEUE: usize = 4_096;
/// Units in one commit. More gains nothing and makes the first of them wait longer.
const BATCH: usize = 512;

/// A write transaction as a unit of work sees it.
pub(crate) struct Tx<'a> {
    conn: &'a Connection,
    seats: &'a mut SeatLog,
}

impl<'a> Tx<'a> {
    /// The connection, inside the transaction. A unit must not begin, commit or roll back on it.
    pub(crate) fn conn(&self) -> &'a Connection {
        self.conn
    }

    /// A statement, prepared at its first use and kept.
    pub(crate) fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.conn.prepare_cached(sql).db()
    }

    /// The show's version inside this transaction; `None` when there is no such show.
    pub(crate) fn show_version(&mut self, show: ShowId) -> Result<Option<u64>, StoreError> {
        self.seats.version(self.conn, show)
    }

    /// The same, if the show is on sale as well.
    pub(crate) fn on_sale(
        &mut self,
        show: ShowId,
    ) -> Result<Result<OnSale, NotOnSale>, StoreError> {
        self.seats.on_sale(self.conn, show)
    }

    /// Of which of the show's seatings the numbers of its seats are; `None` when there is no such show.
    pub(crate) fn seating(&mut self, show: ShowId) -> Result<Option<u16>, StoreError> {
        self.seats.seating(self.conn, show)
    }

    /// To be called last when every seat of a show became another: so many of them are taken.
    pub(crate) fn show_reseated(&mut self, show: ShowId, taken: u16) -> Result<(), StoreError> {
        self.seats.reseated(self.conn, show, taken)
    }

    /// Whether seats of the show were ever held or sold; `None` when there is no such show.
    pub(crate) fn ever_booked(&mut self, show: ShowId) -> Result<Option<bool>, StoreError> {
        self.seats.ever_booked(self.conn, show)
    }

    /// To be called when a show was put on sale or taken out of it, and when that was taken back.
    pub(crate) fn publication_changed(&mut self) {
        self.seats.forget_published();
    }

    /// Notes that a seat's row was made, changed or removed; the version its show will have after the commit. The
    /// show's `version` and `taken` are written from these notes, so nothing else may change them.
    pub(crate) fn seat_changed(
        &mut self,
        show: ShowId,
        seat: SeatNo,
        from: SeatState,
        to: SeatState,
    ) -> Result<u64, StoreError> {
        self.seats.change(self.conn, show, seat, from, to)
    }

    /// To be called when a show's row in `show_state` is inserted or deleted.
    pub(crate) fn show_row_changed(&mut self, show: ShowId) {
        self.seats.forget(show);
    }
}

/// A queued unit of work.
trait Unit: Send {
    /// Somebody still waits for it.
    fn is_wanted(&self) -> bool;
    /// Runs it and keeps its result; false when that is an error.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Tells the kept result.
    fn answer(self: Box<Self>);
    /// Tells that nothing was done.
    fn fail(self: Box<Self>, error: StoreError);
}

struct Op<T, F> {
    op: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Unit for Op<T, F>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A panic must not end the writer; it is treated like any other failure of this unit alone.
        let result = catch_unwind(AssertUnwindSafe(|| (self.op)(tx)))
            .unwrap_or_else(|_| Err(StoreError::Engine("a unit of work panicked".into())));
        let ok = result.is_ok();
        self.result = Some(result);
        ok
    }
    fn answer(self: Box<Self>) {
        let result = self
            .result
            .unwrap_or_else(|| Err(StoreError::Unavailable("the unit was not run".into())));
        // The caller may have gone away; its work stands all the same.
        let _ = self.reply.send(result);
    }
    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

enum Message {
    Unit(Box<dyn Unit>),
    Close,
}

/// How busy the writing thread is, for operators. Counts since the database was opened.
#[derive(Debug, Default)]
pub struct WriterLoad {
    waiting: AtomicUsize,
    commits: AtomicU64,
    commit_us: AtomicU64,
}

impl WriterLoad {
    /// Units of work in the queue.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
    /// Commits made.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
    /// Time they took together, from the first statement until they were durable.
    pub fn committing(&self) -> Duration {
        Duration::from_micros(self.commit_us.load(Ordering::Relaxed))
    }

    fn committed(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_us.fetch_add(us, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
    }
}

/// The way to the writing thread.
pub(crate) struct Writer {
    load: Arc<WriterLoad>,
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// `copying` is another connection to the same file.
    pub(crate) fn start(
        mut conn: Connection,
        copying: Connection,
        feed: Arc<dyn SeatFeed>,
    ) -> Result<Self, StoreError> {
        let checkpoints = Checkpoints::start(&mut conn, copying)?;
        let (queue, units) = sync_channel(QUEUE);
        let load = Arc::new(WriterLoad::default());
        let of_thread = Arc::clone(&load);
        let thread = std::thread::Builder::new()
            .name("matinee-writer".into())
            .spawn(move || {
                Committer {
                    conn,
                    feed,
                    seats: SeatLog::default(),
                    load: of_thread,
                    checkpoints,
                }
                .serve(&units);
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            load,
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs a unit of work in a transaction; its value comes back once it is durable.
    pub(crate) async fn write<T, F>(&self, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Box::new(Op {
            op,
            result: None,
            reply,
        });
        self.load.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(Message::Unit(unit)).map_err(|error| {
            self.load.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => closed(),
            }
        })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(crate) fn load(&self) -> &Arc<WriterLoad> {
        &self.load
    }

    /// Finishes what is queued and ends the thread. Blocks.
    pub(crate) fn close(&self) {
        let Some(thread) = self.thread.lock().take() else {
            return;
        };
        // An error means that the thread is gone already.
        let _ = self.queue.send(Message::Close);
        if thread.join().is_err() {
            tracing::error!("the writing thread had panicked");
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".into())
}

/// Why a commit was given up. The transaction is rolled back already.
enum GaveUp {
    /// A unit failed after it had written.
    Unit,
    /// The engine failed: no unit of the commit took effect.
    Engine(StoreError),
}

/// How units of a commit are kept apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Not,
    BySavepoint,
}

struct Committer {
    conn: Connection,
    feed: Arc<dyn SeatFeed>,
    seats: SeatLog,
    load: Arc<WriterLoad>,
    checkpoints: Checkpoints,
}

impl Committer {
    fn serve(mut self, queue: &Receiver<Message>) {
        let mut batch: Vec<Box<dyn Unit>> = Vec::with_capacity(BATCH);
        let mut open = true;
        while open {
            match queue.recv() {
                Ok(Message::Unit(unit)) => batch.push(unit),
                Ok(Message::Close) | Err(_) => break,
            }
            while open && batch.len() < BATCH {
                match queue.try_recv() {
                    Ok(Message::Unit(unit)) => batch.push(unit),
                    Ok(Message::Close) => open = false,
                    Err(_) => break,
                }
            }
            self.load.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
            // Work that nobody waits for any more is not begun: under overload that is most of it.
            batch.retain(|unit| unit.is_wanted());
            if batch.is_empty() {
                continue;
            }
            let began = Instant::now();
            self.commit(&mut batch);
            self.load.committed(began.elapsed());
            self.checkpoints.after_commit(&self.conn);
        }
    }

    fn commit(&mut self, batch: &mut Vec<Box<dyn Unit>>) {
        let mut done = self.attempt(batch, Apart::Not);
        if matches!(done, Err(GaveUp::Unit)) {
            done = self.attempt(batch, Apart::BySavepoint);
        }
        match done {
            Ok(()) => {
                self.tell(batch);
                if planted!("lost_acknowledgement") {
                    let _ = execute(&self.conn, "COMMIT");
                }
            }
            Err(GaveUp::Engine(error)) if batch.len() == 1 || is_everyones(&error) => {
                tracing::error!(%error, units = batch.len(), "a commit failed");
                for unit in batch.drain(..) {
                    unit.fail(error.clone());
                }
            }
            Err(_) => {
                for unit in batch.drain(..) {
                    self.commit_alone(unit);
                }
            }
        }
    }

    fn commit_alone(&mut self, unit: Box<dyn Unit>) {
        let mut alone = vec![unit];
        match self.attempt(&mut alone, Apart::BySavepoint) {
            Ok(()) => self.tell(&mut alone),
            Err(gave_up) => {
                let error = match gave_up {
                    GaveUp::Engine(error) => error,
                    GaveUp::Unit => StoreError::Engine("the unit could not be taken back".into()),
                };
                tracing::error!(%error, "a commit failed");
                for unit in alone {
                    unit.fail(error.clone());
                }
            }
        }
    }

    /// The commit is durable: first the feed, then the callers.
    fn tell(&mut self, batch: &mut Vec<Box<dyn Unit>>) {
        let changes = self.seats.changes();
        if !changes.is_empty() {
            let feed = &self.feed;
            if catch_unwind(AssertUnwindSafe(|| feed.committed(&changes))).is_err() {
                tracing::error!("the seat feed panicked");
            }
        }
        for unit in batch.drain(..) {
            unit.answer();
        }
    }

    fn attempt(&mut self, batch: &mut [Box<dyn Unit>], apart: Apart) -> Result<(), GaveUp> {
        self.seats.clear();
        if batch.is_empty() {
            return Ok(());
        }
        execute(&self.conn, "BEGIN IMMEDIATE").map_err(GaveUp::Engine)?;
        let done = self.run_all(batch, apart).and_then(|()| {
            self.seats.write(&self.conn).map_err(GaveUp::Engine)?;
            if planted!("lost_acknowledgement") {
                return Ok(());
            }
            execute(&self.conn, "COMMIT").map_err(GaveUp::Engine)
        });
        // SQLite may have rolled back by itself (a full disk, for example).
        if done.is_err() && !self.conn.is_autocommit() {
            execute(&self.conn, "ROLLBACK").map_err(GaveUp::Engine)?;
        }
        done
    }

    fn run_all(&mut self, batch: &mut [Box<dyn Unit>], apart: Apart) -> Result<(), GaveUp> {
        let conn = &self.conn;
        for unit in batch {
            if apart == Apart::BySavepoint {
                execute(conn, "SAVEPOINT unit").map_err(GaveUp::Engine)?;
            }
            let (written, mark) = (conn.total_changes(), self.seats.mark());
            let ok = unit.run(&mut Tx {
                conn,
                seats: &mut self.seats,
            });
            if !ok {
                if conn.is_autocommit() {
                    return Err(GaveUp::Engine(StoreError::Engine(
                        "the transaction was rolled back by the engine".into(),
                    )));
                }
                if apart == Apart::BySavepoint {
                    execute(conn, "ROLLBACK TO unit").map_err(GaveUp::Engine)?;
                    self.seats.undo_to(mark);
                } else if conn.total_changes() != written || self.seats.mark() != mark {
                    return Err(GaveUp::Unit);
                }
            }
            if apart == Apart::BySavepoint {
                execute(conn, "RELEASE unit").map_err(GaveUp::Engine)?;
            }
        }
        Ok(())
    }
}

/// The failure would meet every unit alike, so trying them one by one is of no use.
fn is_everyones(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::DiskFull
            | StoreError::ReadOnly(_)
            | StoreError::Overloaded
            | StoreError::Unavailable(_)
    )
}

fn execute(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(store_error)?;
    statement.execute([]).map_err(store_error)?;
    Ok(())
}
