//! What other servers change in shows that somebody looks at here.
//!
//! A server tells the others by `NOTIFY`, after the commit and at most once per tick: (show, version, taken seats). Whoever hears
//! it reads the show again and tells its feed whole, since freed seats leave no row. Where servers share a Redis they tell
//! by that instead, and by `NOTIFY` what could not be told so. Nothing depends on a notification
//! arriving: once a second the versions of all shows looked at here are compared, which also covers a listener that
//! was away, a server that died before it told, and engines without `LISTEN`.

use crate::{
    bookings::read::{read_states, read_whole},
    connect::{Address, Connection},
    failure::OrStoreError as _,
    hear::{CHANNEL, Heard, listen},
    shared::{Redis, Subscription, look::Look},
    told::{Told, whole},
};
use deadpool_postgres::Pool;
use matinee_domain::ids::ShowId;
use matinee_planted::planted;
use matinee_store::{ShowChange, StoreError};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{fmt::Write as _, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::Instant,
};
use tokio_postgres::Client;

/// What happened in this time is told and read together.
const TICK: Duration = Duration::from_millis(20);
const SWEEP: Duration = Duration::from_secs(1);
/// Entries of one notification: PostgreSQL takes 8,000 bytes, an entry has at most 80.
const ENTRIES: usize = 90;
/// Shows compared in one sweep.
const SWEPT: usize = 20_000;
/// Shows read by one statement.
const AT_ONCE: usize = 200;
/// Shows with news that may wait; what is beyond is found by the sweep.
const WAITING: usize = 10_000;

type Versions = FxHashMap<ShowId, u64>;
type Changed = FxHashMap<ShowId, News>;

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
    pub(crate) fn start(
        address: Address,
        pool: Pool,
        told: Arc<Told>,
        redis: Option<Redis>,
    ) -> Self {
        let notices = Notices {
            news: Arc::default(),
            wake: Arc::default(),
        };
        let stop = Arc::new(Notify::new());
        let mut watcher = Watcher {
            address,
            pool,
            told,
            redis,
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
    redis: Option<Redis>,
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
                Ok((client, more, heard)) => {
                    quiet = false;
                    let shared = self.subscribe(&client, more).await;
                    // What happened while nobody listened.
                    self.sweep(true).await;
                    self.hear(&client, shared.as_ref(), heard).await;
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

    /// Hears others by Redis too, where there is one.
    async fn subscribe(&self, client: &Client, heard: mpsc::Sender<Heard>) -> Option<Subscription> {
        let begun = Subscription::begin(self.redis.as_ref()?, client, heard).await;
        begun
            .inspect_err(|error| tracing::warn!(%error, "Redis is not used between servers"))
            .ok()
    }

    /// Listens until the connection is lost.
    async fn hear(
        &mut self,
        client: &Client,
        shared: Option<&Subscription>,
        mut heard: mpsc::Receiver<Heard>,
    ) {
        let wake = Arc::clone(&self.notices.wake);
        let mut changed = FxHashMap::default();
        let mut rumours = FxHashMap::default();
        let mut flush: Option<Instant> = None;
        let mut sweep = Instant::now() + SWEEP;
        loop {
            let due = flush.map_or(sweep, |flush| flush.min(sweep));
            tokio::select! {
                news = heard.recv() => match news {
                    Some(Heard::Notified(payload)) => self.note(&payload, &mut changed),
                    Some(Heard::Published(payload)) => self.note(&payload, &mut rumours),
                    Some(Heard::Gap) => {
                        self.sweep(true).await;
                        continue;
                    }
                    Some(Heard::Lost) | None => return,
                },
                () = wake.notified() => {}
                () = tokio::time::sleep_until(due) => {
                    if flush.is_some_and(|flush| flush <= due) {
                        flush = None;
                        if let Err(error) = self.tell_others(client, shared).await {
                            tracing::debug!(%error, "other servers were not told");
                            return;
                        }
                        self.confirm(std::mem::take(&mut rumours), &mut changed).await;
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
    fn note(&self, payload: &str, changed: &mut Changed) {
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

    /// Takes in what Redis said, with the database's word for it: counts of seats that nobody looks at are told as they
    /// come, so they must be true.
    async fn confirm(&self, rumours: Changed, changed: &mut Changed) {
        // Those that are looked at are read again anyway, whatever was said.
        let (looked_at, others): (Vec<_>, Vec<_>) = rumours
            .into_iter()
            .partition(|(show, _)| self.told.is_looked_at(*show));
        changed.extend(looked_at);
        let shows: Vec<_> = others.into_iter().map(|(show, _)| (show, 0)).collect();
        for part in shows.chunks(2_000) {
            match self.state(part).await {
                Ok(news) => changed.extend(news),
                Err(error) => tracing::debug!(%error, "what Redis said was not looked up"),
            }
        }
    }

    async fn tell_others(
        &self,
        client: &Client,
        shared: Option<&Subscription>,
    ) -> Result<(), StoreError> {
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
            if let Some(shared) = shared
                && shared.publish(&payload).await
            {
                continue;
            }
            client
                .execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload])
                .await
                .db()?;
        }
        Ok(())
    }

    /// Tells the feed what others changed.
    async fn catch_up(&self, changed: Changed) {
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
        let look = match &self.redis {
            Some(redis) => Some(Look::at(redis, &self.pool, shows).await),
            None => None,
        };
        let missing = look.as_ref().map_or(shows, |look| &look.missing);
        let mut read = Vec::new();
        if !missing.is_empty() {
            let conn = Connection::of(&self.pool).await?;
            read = read_whole(&conn, missing).await?;
        }
        if let Some(look) = &look {
            look.offer(read.iter().map(|(show, seats, _)| (*show, seats)));
        }
        let found = look.as_ref().map_or(&[][..], |look| &look.found);
        let changes: Vec<_> = read
            .iter()
            .chain(found)
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
            let versions = match self.state(part).await {
                Ok(versions) => versions,
                Err(error) => {
                    tracing::debug!(%error, "versions of shows could not be compared");
                    return;
                }
            };
            for (show, known) in part {
                let Some(version) = versions
                    .get(show)
                    .map(|news| news.version)
                    .filter(|version| version > known)
                else {
                    continue;
                };
                let was_behind = self.behind.get(show).is_some_and(|before| before > known);
                if at_once || was_behind {
                    missed.insert(*show, News::default());
                } else {
                    behind.insert(*show, version);
                }
            }
        }
        self.behind = behind;
        if !missed.is_empty() {
            self.catch_up(missed).await;
        }
    }

    /// What the database says of shows.
    async fn state(&self, shows: &[(ShowId, u64)]) -> Result<Changed, StoreError> {
        let shows: Vec<_> = shows.iter().map(|(show, _)| *show).collect();
        let conn = Connection::of(&self.pool).await?;
        let states = read_states(&conn, &shows).await?;
        let news = |(show, version, taken)| (show, News { version, taken });
        Ok(states.into_iter().map(news).collect())
    }
}
