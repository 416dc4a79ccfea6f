//! Lanes: what sells seats, many requests in one transaction.
//!
//! A lane is a task with a connection. It takes everything that queued up while its last commit ran and commits it
//! together; there is no delay, so an idle lane commits a single request at once. A theater always has the same lane of
//! a server, so one server never stands in its own way, however hot a show is, and the feed hears of a show in order.
//!
//! A batch is of one theater, and every statement names it. What a batch costs depends little on its length, so all that
//! waits for a theater should come together: with a theater's shows spread over the lanes, each lane had a few units of
//! every theater, and a batch was four. It is read ([`read`]), decided in memory one unit after
//! the other ([`decide`]) and written ([`write`]): two round trips, the second a fixed list of statements whose
//! conditions stand in the SQL itself and which ends with the commit. [`attempt`] is the order of it all, with what is
//! done when another server was in the way.

mod attempt;
mod decide;
mod guard;
mod read;
mod statements;
mod unit;
mod world;
mod write;

#[cfg(test)]
mod plans;

pub(crate) use statements::GIFT_ENTRIES;
pub(crate) use unit::{Expire, Unit};

use crate::{open::Locking, statistics::Statistics, told::Told, watch::Notices};
use attempt::Lane;
use deadpool_postgres::Pool;
use futures_util::FutureExt as _;
use matinee_domain::ids::ShowId;
use matinee_store::StoreError;
use parking_lot::Mutex;
use rustc_hash::FxHasher;
use std::{
    collections::VecDeque,
    hash::{Hash as _, Hasher as _},
    panic::AssertUnwindSafe,
    sync::Arc,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// Units that may wait in one lane; the next one is told [`StoreError::Overloaded`].
const QUEUE: usize = 4_096;
/// Units in one commit. More gains little and makes the first of them wait longer.
const BATCH: usize = 256;

enum Message {
    Unit(Unit),
    Close,
}

/// The way to the lanes.
pub(crate) struct Lanes {
    queues: Vec<mpsc::Sender<Message>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Lanes {
    pub(crate) fn start(
        pool: Pool,
        count: usize,
        locking: Locking,
        told: Arc<Told>,
        notices: Notices,
        statistics: Statistics,
    ) -> Self {
        let statistics = Arc::new(statistics);
        let mut queues = Vec::with_capacity(count);
        let mut tasks = Vec::with_capacity(count);
        for _ in 0..count {
            let (queue, units) = mpsc::channel(QUEUE);
            let lane = Lane {
                pool: pool.clone(),
                conn: None,
                locking,
                told: Arc::clone(&told),
                notices: notices.clone(),
                statistics: Arc::clone(&statistics),
            };
            queues.push(queue);
            tasks.push(tokio::spawn(serve(lane, units)));
        }
        let tasks = Mutex::new(tasks);
        Self { queues, tasks }
    }

    /// Has a unit done; its answer comes back once it is durable.
    pub(crate) async fn run<T>(
        &self,
        show: ShowId,
        unit: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Unit,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let mut hasher = FxHasher::default();
        show.theater().hash(&mut hasher);
        // The upper bits: the lower ones of this hash are poor.
        let lane = (hasher.finish() >> 32) as usize % self.queues.len();
        let sent = self.queues[lane].try_send(Message::Unit(unit(reply)));
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Finishes what is queued and ends the lanes.
    pub(crate) async fn close(&self) {
        for queue in &self.queues {
            // An error means that the lane is gone already.
            let _ = queue.send(Message::Close).await;
        }
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a lane did not end well");
            }
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".into())
}

async fn serve(mut lane: Lane, mut queue: mpsc::Receiver<Message>) {
    let mut waiting: VecDeque<Unit> = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match queue.recv().await {
                Some(Message::Unit(unit)) => waiting.push_back(unit),
                Some(Message::Close) => {
                    queue.close();
                    continue;
                }
                None => return,
            }
        }
        while waiting.len() < QUEUE {
            match queue.try_recv() {
                Ok(Message::Unit(unit)) => waiting.push_back(unit),
                Ok(Message::Close) => queue.close(),
                Err(_) => break,
            }
        }
        // Work that nobody waits for any more is not begun: under overload that is most of it.
        waiting.retain(Unit::is_wanted);
        if let Some(batch) = next_batch(&mut waiting) {
            // A panic must not end the lane: its batch is told that the database is away, like any that was lost.
            let done = AssertUnwindSafe(lane.commit(batch)).catch_unwind().await;
            if done.is_err() {
                tracing::error!("a batch panicked");
            }
        }
    }
}

/// The oldest unit and all others of its theater, in the order they came. A change of a hold waits for the next batch
/// when another unit of this one is about the same booking: it is told what the booking is by then.
fn next_batch(waiting: &mut VecDeque<Unit>) -> Option<Vec<Unit>> {
    let theater = waiting.front()?.theater();
    let mut batch: Vec<Unit> = Vec::new();
    let mut others = VecDeque::new();
    for unit in waiting.drain(..) {
        let comes_along = batch.len() < BATCH
            && unit.theater() == theater
            && unit
                .changed_hold()
                .is_none_or(|booking| batch.iter().all(|other| !other.is_about(booking)));
        if comes_along {
            batch.push(unit);
        } else {
            others.push_back(unit);
        }
    }
    *waiting = others;
    Some(batch)
}
