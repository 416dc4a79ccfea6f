//! What other servers change in shows that somebody looks at here.
//!
//! A server tells the others by `NOTIFY`, after the commit and at most once per tick: (show, version, taken seats). Whoever hears
//! it reads the show again and tells its feed whole, since freed seats leave no row. Nothing depends on a notification
//! arriving: once a second the versions of all shows looked at here are compared, which also covers a listener that
//! was away, a server that died before it told, and engines without `LISTEN`.

use crate::{
    bookings::read::read_whole,
    columns::Columns as _,
    connect::{Address, Connection},
    failure::OrStoreError as _,
    pipeline::{self, Call},
    told::{Told, whole},
};
use deadpool_postgres::Pool;
use matinee_domain::ids::{ShowId, TheaterId};
use matinee_planted::planted;
use matinee_store::{ShowChange, StoreError};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{fmt::Write as _, future::poll_fn, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::Instant,
};
use tokio_postgres::{AsyncMessage, Client};

/// What happened in this time is told and read together.
const TICK: Duration = Duration::from_millis(20);
const SWEEP: Duration = Duration::from_secs(1);
const CHANNEL: &str = "matinee_seats";
/// Entries of one notification: PostgreSQL takes 8,000 bytes, an entry has at most 80.
const ENTRIES: usize = 90;
/// Shows compared in one sweep.
const SWEPT: usize = 20_000;
/// Shows read by one statement.
const AT_ONCE: usize = 200;
/// Notifications, and news of our own, that may wait; what is beyond is found by the sweep.
const WAITING: usize = 10_000;

type Versions = FxHashMap<ShowId, u64>;

/// What a commit left of a show.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct News {
    version: u64,
    taken: u16,
}

impl News {
    pub(crate) fn of(change: &ShowChange) -> Self {
        Self {
            version: change.version,
            taken: change.taken,
        }
    }
}

/// What this server has to tell the others.
#[derive(Clone)]
pub(crate) struct Notices {
    news: Arc<Mutex<FxHashMap<ShowId, News>>>,
    wake: Arc<Notify>,
}

impl Notices {
    /// Gives what a commit changed.
    pub(crate) fn give(&self, changed: Vec<(ShowId, News)>) {
        if changed.is_empty() {
            return;
        }
        let mut news = self.news.lock();
        if news.len() < WAITING {
            news.extend(changed);
        }
        drop(news);
        self.wake.notify_one();
    }
}

/// The task that watches.
pub(crate) struct Watch {
    notices: Notices,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Watch {
    pub(crate) fn start(address: Address, pool: Pool, told: Arc<Told>) -> Self {
        let notices = Notices {
            news: Arc::default(),
            wake: Arc::default(),
        };
        let stop = Arc::new(Notify::new());
        let mut watcher = Watcher {
            address,
            pool,
            told,
            notices: notices.clone(),
            behind: Versions::default(),
            me: String::new(),
            turn: 0,
        };
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stopped.notified() => {}
                () = watcher.watch() => {}
            }
        });
        Self {
            notices,
            stop,
            task: Mutex::new(Some(task)),
        }
    }

    pub(crate) fn notices(&self) -> Notices {
        self.notices.clone()
    }

    /// Ends it. What was not told is found by the others' sweeps.
    pub(crate) async fn stop(&self) {
        self.stop.notify_one();
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the watch did not end well");
        }
    }
}

struct Watcher {
    address: Address,
    pool: Pool,
    told: Arc<Told>,
    notices: Notices,
    /// Shows that were behind at the last sweep, with the version that was not told: a lane may be about to tell it,
    /// so only what is still behind a sweep later was missed.
    behind: Versions,
    /// Tells our own notifications from others'.
    me: String,
    /// Which part of very many shows comes next.
    turn: usize,
}

impl Watcher {
    async fn watch(&mut self) {
        let mut random = [0; 8];
        // Without randomness we would hear ourselves, which costs a little work and harms nothing.
        let _ = getrandom::fill(&mut random);
        self.me = format!("{:x}", u64::from_le_bytes(random));
        let mut quiet = false;
        loop {
            match listen(&self.address).await {
                Ok((client, heard)) => {
                    quiet = false;
                    // What happened while nobody listened.
                    self.sweep(true).await;
                    self.hear(&client, heard).await;
                }
                Err(error) if !quiet => {
                    quiet = true;
                    tracing::warn!(%error, "changes of other servers are heard of late");
                }
                Err(_) => {}
            }
            tokio::time::sleep(SWEEP).await;
            self.sweep(false).await;
        }
    }

    /// Listens until the connection is lost.
    async fn hear(&mut self, client: &Client, mut heard: mpsc::Receiver<String>) {
        let wake = Arc::clone(&self.notices.wake);
        let mut changed = FxHashMap::default();
        let mut flush: Option<Instant> = None;
        let mut sweep = Instant::now() + SWEEP;
        loop {
            let due = flush.map_or(sweep, |flush| flush.min(sweep));
            tokio::select! {
                payload = heard.recv() => match payload {
                    Some(payload) => self.note(&payload, &mut changed),
                    None => return,
                },
                () = wake.notified() => {}
                () = tokio::time::sleep_until(due) => {
                    if flush.is_some_and(|flush| flush <= due) {
                        flush = None;
                        if let Err(error) = self.tell_others(client).await {
                            tracing::debug!(%error, "other servers were not told");
                            return;
                        }
                        self.catch_up(std::mem::take(&mut changed)).await;
                    }
                    if sweep <= due {
                        self.sweep(false).await;
                        sweep = Instant::now() + SWEEP;
                    }
                    continue;
                }
            }
            flush = flush.or(Some(Instant::now() + TICK));
        }
    }

    /// Takes in a notification.
    fn note(&self, payload: &str, changed: &mut FxHashMap<ShowId, News>) {
        let mut entries = payload.split(' ');
        if entries.next() == Some(&self.me) {
            return;
        }
        for entry in entries {
            let mut parts = entry.split(':');
            let (Some(show), Some(version), Some(taken)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if let (Ok(show), Ok(version), Ok(taken)) =
                (show.parse::<ShowId>(), version.parse(), taken.parse())
                && changed.len() < WAITING
            {
                let known = changed.entry(show).or_default();
                if version > known.version {
                    *known = News { version, taken };
                }
            }
        }
    }

    async fn tell_others(&self, client: &Client) -> Result<(), StoreError> {
        if planted!("others_not_told") {
            return Ok(());
        }
        let news: Vec<_> = std::mem::take(&mut *self.notices.news.lock())
            .into_iter()
            .collect();
        for part in news.chunks(ENTRIES) {
            let mut payload = self.me.clone();
            for (show, News { version, taken }) in part {
                // Writing to a string does not fail.
                let _ = write!(payload, " {show}:{version}:{taken}");
            }
            client
                .execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload])
                .await
                .db()?;
        }
        Ok(())
    }

    /// Tells the feed what others changed.
    async fn catch_up(&self, changed: FxHashMap<ShowId, News>) {
        let (looked_at, others): (Vec<_>, Vec<_>) = changed
            .into_iter()
            .partition(|(show, _)| self.told.is_looked_at(*show));
        // Nobody here has seats of these in view; counts of seats are out of date all the same.
        let empty: Vec<_> = others
            .into_iter()
            .map(|(show_id, News { version, taken })| ShowChange {
                show_id,
                version,
                taken,
                changes: Vec::new(),
            })
            .collect();
        self.told.tell(&empty);
        let shows: Vec<_> = looked_at.into_iter().map(|(show, _)| show).collect();
        for part in shows.chunks(AT_ONCE) {
            if let Err(error) = self.tell_whole(part).await {
                tracing::debug!(%error, "shows could not be read again; the next sweep tries");
            }
        }
    }

    async fn tell_whole(&self, shows: &[ShowId]) -> Result<(), StoreError> {
        let conn = Connection::of(&self.pool).await?;
        let read = read_whole(&conn, shows).await?;
        let changes: Vec<_> = read
            .iter()
            .map(|(show, snapshot, seats)| whole(*show, snapshot, *seats))
            .collect();
        self.told.tell(&changes);
        Ok(())
    }

    /// Compares the versions of every show that is looked at here.
    async fn sweep(&mut self, at_once: bool) {
        let mut looked_at = self.told.looked_at();
        if planted!("others_not_told") {
            looked_at.clear();
        }
        // Of very many a part each time, so that the database is asked for a bounded number.
        if looked_at.len() > SWEPT && !at_once {
            self.turn = (self.turn + 1) % looked_at.len().div_ceil(SWEPT);
            looked_at = looked_at
                .into_iter()
                .skip(self.turn * SWEPT)
                .take(SWEPT)
                .collect();
        }
        let mut missed = FxHashMap::default();
        let mut behind = Versions::default();
        for part in looked_at.chunks(2_000) {
            let versions = match self.versions(part).await {
                Ok(versions) => versions,
                Err(error) => {
                    tracing::debug!(%error, "versions of shows could not be compared");
                    return;
                }
            };
            for (show, known) in part {
                let Some(version) = versions.get(show).filter(|version| *version > known) else {
                    continue;
                };
                let was_behind = self.behind.get(show).is_some_and(|before| before > known);
                if at_once || was_behind {
                    missed.insert(*show, News::default());
                } else {
                    behind.insert(*show, *version);
                }
            }
        }
        self.behind = behind;
        if !missed.is_empty() {
            self.catch_up(missed).await;
        }
    }

    async fn versions(&self, shows: &[(ShowId, u64)]) -> Result<Versions, StoreError> {
        let sql = "SELECT t.theater, t.show, t.version FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
             JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show";
        let theaters: Vec<_> = shows
            .iter()
            .map(|(show, _)| show.theater().as_bytes().to_vec())
            .collect();
        let own: Vec<_> = shows.iter().map(|(show, _)| &show.own()[..]).collect();
        let conn = Connection::of(&self.pool).await?;
        let answers = pipeline::read(&conn, &[Call::new(sql).with(theaters).with(own)]).await?;
        let mut versions = Versions::default();
        for row in answers.iter().flatten() {
            let theater = TheaterId::from_bytes(row.bytes(0)?);
            versions.insert(ShowId::from_parts(theater, row.bytes(1)?), row.count(2)?);
        }
        Ok(versions)
    }
}

/// A connection that listens. Its end closes the receiver.
async fn listen(address: &Address) -> Result<(Client, mpsc::Receiver<String>), StoreError> {
    let tls = address.tls.clone();
    let (client, mut connection) = address.config.connect(tls).await.db()?;
    let (send, heard) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    // What does not fit any more is found by the sweep.
                    let _ = send.try_send(notification.payload().to_owned());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    });
    client
        .batch_execute(&format!("LISTEN {CHANNEL}"))
        .await
        .db()?;
    Ok((client, heard))
}
