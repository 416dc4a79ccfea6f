//! Opening and closing a database, and the two ways to run a unit of work outside the lanes.
//!
//! Every way a database can be unfit (newer, foreign, old server, wrong encoding) is found here, before anything is
//! served.

use crate::{
    connect::{self, Connection, Purpose},
    lanes::Lanes,
    migrations,
    pipeline::Call,
    shared::{Redis, look::Look},
    statistics::Statistics,
    told::Told,
    watch::Watch,
};
use deadpool_postgres::Pool;
use matinee_domain::ids::ShowId;
use matinee_store::{SeatFeed, StoreError};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio_postgres::Row;

/// How often a unit outside the lanes is run again when others are in its way.
const TRIES: u32 = 6;

/// How requests keep out of each other's way across servers. Within one server a theater has one lane, so there is
/// nothing to keep apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locking {
    /// Nothing is locked while it is decided; the writes say what they rely on (versions, free seats) and, when it no
    /// longer holds, the batch is decided again after a short pause. The last resort is the other way.
    #[default]
    Optimistic,
    /// The shows and bookings of a batch are locked (`SELECT … FOR UPDATE`, in a fixed order) before it is decided.
    Pessimistic,
}

/// What to open.
pub struct PostgresOptions {
    /// `postgres://user:password@host/database` or key and value pairs, as libpq understands them.
    pub url: String,
    /// Who is told of committed seat changes, those of other servers included.
    pub feed: Arc<dyn SeatFeed>,
    pub locking: Locking,
    /// Connections that commit batches; a show has one of them.
    pub lanes: usize,
    /// Connections for everything else.
    pub connections: usize,
    /// Changes of the catalog, and notes, are only tried: they are rolled back once it is known what they would do.
    pub rehearse: bool,
    /// What servers of this database share beside it, to spare it work. All of them should have the same.
    pub redis: Option<Redis>,
}

impl PostgresOptions {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>, feed: Arc<dyn SeatFeed>) -> Self {
        Self {
            url: url.into(),
            feed,
            locking: Locking::default(),
            lanes: 4,
            connections: 8,
            rehearse: false,
            redis: None,
        }
    }
}

/// The engine on one PostgreSQL database. Clones share it.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    told: Arc<Told>,
    /// Absent when opened beside live servers.
    lanes: Option<Lanes>,
    watch: Option<Watch>,
    redis: Option<Redis>,
    rehearse: bool,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens a database for serving; migrates it as needed. The database itself must be there.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let address = connect::parse(&options.url)?;
        let pool = connect::pool(&address, options.connections.max(2), Purpose::Anything)?;
        migrations::apply(&Connection::of(&pool).await?).await?;
        let told = Arc::new(Told::new(options.feed));
        let lane_count = options.lanes.clamp(1, 64);
        let lane_pool = connect::pool(&address, lane_count, Purpose::Lanes)?;
        let watch = Watch::start(
            address,
            pool.clone(),
            Arc::clone(&told),
            options.redis.clone(),
        );
        let lanes = Lanes::start(
            lane_pool,
            lane_count,
            options.locking,
            Arc::clone(&told),
            watch.notices(),
            Statistics::new(pool.clone()),
        );
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                told,
                lanes: Some(lanes),
                watch: Some(watch),
                redis: options.redis,
                rehearse: options.rehearse,
            }),
        })
    }

    /// Opens a database for reading only, beside servers that may be running on it: for `verify`. Every write is
    /// refused. It must have exactly the schema this program knows.
    pub async fn open_offline(url: &str) -> Result<Self, StoreError> {
        let address = connect::parse(url)?;
        let pool = connect::pool(&address, 2, Purpose::Reading)?;
        let found = migrations::check(&Connection::of(&pool).await?).await?;
        if found < migrations::KNOWN {
            return Err(StoreError::Unavailable(format!(
                "the database has schema version {found}, this program knows {}; serve it once to upgrade it",
                migrations::KNOWN
            )));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                told: Arc::new(Told::new(Arc::new(matinee_store::feed::NoFeed))),
                lanes: None,
                watch: None,
                redis: None,
                rehearse: false,
            }),
        })
    }

    /// What this server's feed was told.
    pub(crate) fn told(&self) -> &Told {
        &self.inner.told
    }

    /// The lanes; none when opened for reading only.
    pub(crate) fn lanes(&self) -> Result<&Lanes, StoreError> {
        self.inner
            .lanes
            .as_ref()
            .ok_or_else(|| StoreError::ReadOnly("opened for reading only".into()))
    }

    /// Where whole seat maps of this show may be, beside the database.
    pub(crate) async fn look(&self, show: ShowId) -> Option<Look<'_>> {
        let redis = self.inner.redis.as_ref()?;
        Some(Look::at(redis, &self.inner.pool, &[show]).await)
    }

    /// A connection for statements that are a transaction each.
    pub(crate) async fn connection(&self) -> Result<Connection, StoreError> {
        Connection::of(&self.inner.pool).await
    }

    /// Changes of the catalog are only tried.
    pub(crate) fn rehearses(&self) -> bool {
        self.inner.rehearse
    }

    /// Runs several reads on one state of the database.
    pub(crate) async fn snapshot<T, F>(
        &self,
        read: impl FnOnce(Arc<Connection>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let conn = Arc::new(self.connection().await?);
        conn.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        let value = read(Arc::clone(&conn)).await;
        let ended = conn.roll_back().await;
        let value = value?;
        ended.map(|()| value)
    }

    /// Runs a unit of work in a transaction of its own; its value comes back once it is durable. `op` may run more
    /// than once and keeps nothing outside the transaction.
    pub(crate) async fn write<T, F>(
        &self,
        op: impl Fn(Arc<Connection>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            let conn = Arc::new(self.connection().await?);
            conn.begin("BEGIN").await?;
            let done = match op(Arc::clone(&conn)).await {
                Ok(value) => conn.commit().await.map(|()| value),
                Err(error) => {
                    // The failure itself is what matters; a connection that cannot even roll back is closed.
                    let _ = conn.roll_back().await;
                    Err(error)
                }
            };
            match done {
                // Another transaction was in the way: a deadlock, or a lock that took too long.
                Err(StoreError::Overloaded) if tries < TRIES => pause(tries).await,
                done => return done,
            }
        }
    }

    /// Runs one statement, a transaction by itself; its rows come back once it is durable.
    pub(crate) async fn write_one(&self, call: &Call<'_>) -> Result<Vec<Row>, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let conn = self.connection().await?;
            match conn.in_one(call).await {
                Err(StoreError::Overloaded) if tries < TRIES => pause(tries).await,
                done => return done,
            }
        }
    }

    /// The same for a unit that may be refused: then nothing is changed.
    pub(crate) async fn write_if<T, R, F>(
        &self,
        op: impl Fn(Arc<Connection>) -> F,
    ) -> Result<Result<T, R>, StoreError>
    where
        F: Future<Output = Result<Result<T, R>, StoreError>>,
    {
        let refused = Mutex::new(None);
        let done = self
            .write(|conn| {
                let unit = op(conn);
                let refused = &refused;
                async move {
                    match unit.await? {
                        Ok(value) => Ok(value),
                        Err(refusal) => {
                            *refused.lock() = Some(refusal);
                            // Any failure rolls back; this one is not told.
                            Err(StoreError::Engine("refused".into()))
                        }
                    }
                }
            })
            .await;
        match refused.into_inner() {
            Some(refusal) => Ok(Err(refusal)),
            None => done.map(Ok),
        }
    }

    /// Finishes what was accepted and closes every connection. Later calls are refused.
    pub(crate) async fn shut(&self) {
        if let Some(lanes) = &self.inner.lanes {
            lanes.close().await;
        }
        if let Some(watch) = &self.inner.watch {
            watch.stop().await;
        }
        self.inner.pool.close();
    }
}

/// Waits a little before the next try, longer each time and never in step with others who do the same.
pub(crate) async fn pause(tries: u32) {
    let most = 2_u64 << tries.min(7);
    let mut random = [0; 8];
    // Without randomness the pause is the longest one: still a pause.
    let some = match getrandom::fill(&mut random) {
        Ok(()) => u64::from_le_bytes(random) % (most * 1000),
        Err(_) => most * 1000,
    };
    tokio::time::sleep(Duration::from_micros(some)).await;
}
