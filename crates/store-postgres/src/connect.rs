//! Connections: how they are made, what each session is told, and how one is borrowed for a transaction.
//!
//! Two bounded pools of the same kind. The one for the lanes plans every statement as a walk along an index, because
//! those statements are known and a plan made on an empty table must not meet a full one. A connection that breaks is
//! replaced when the next one is asked for; nothing here waits for the database to come back.

use crate::{
    failure::{OrStoreError as _, store_error},
    pipeline::{self, Call},
    tls::Tls,
};
use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, Timeouts,
};
use matinee_store::StoreError;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio_postgres::{Config, Row, Statement};

/// How long a server that does not answer is waited for.
const CONNECTING: Duration = Duration::from_secs(3);
/// How long a request waits for a free connection before it is told that the database is busy.
const WAITING: Duration = Duration::from_secs(5);
/// How long a commit is waited for before nobody knows whether it happened.
const COMMITTING: Duration = Duration::from_secs(10);

/// What every session is told. Every commit is durable before it is acknowledged: a server default that says otherwise
/// is overruled, one that asks for more (a standby that has applied it) stands.
const SESSION: &str = "SET jit = off; SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'; \
     SELECT set_config('synchronous_commit', 'on', false) \
       WHERE current_setting('synchronous_commit') IN ('off', 'local')";
/// What the lanes' sessions are told besides.
pub(crate) const LANE: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
     SET plan_cache_mode = 'force_generic_plan'";
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// What a pool's connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Lanes,
    Anything,
    /// Beside live servers: nothing may be written.
    Reading,
}

/// Where a database is, and how it is spoken with.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
}

/// Reads the address of a database.
pub(crate) fn parse(url: &str) -> Result<Address, StoreError> {
    let (tls, url) = Tls::of(url)?;
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let why = std::error::Error::source(&error).map(ToString::to_string);
        StoreError::Unavailable(format!(
            "the address of the database is not understood{}",
            why.map(|why| format!(": {why}")).unwrap_or_default()
        ))
    })?;
    // As every program of PostgreSQL's does: so that the password need not stand in the address.
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_application_name().is_none() {
        config.application_name("matinee");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECTING);
    }
    // A network that swallows everything, or a machine without power, is noticed within seconds, not after the kernel's
    // quarter of an hour: until then nobody can book. A database that is merely slow still acknowledges packets.
    config.keepalives_idle(Duration::from_secs(2));
    config.keepalives_interval(Duration::from_secs(1));
    config.keepalives_retries(3);
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(4));
    }
    if let Some(mode) = tls.mode {
        config.ssl_mode(mode);
    }
    Ok(Address { config, tls })
}

/// A pool of at most `size` connections.
pub(crate) fn pool(address: &Address, size: usize, purpose: Purpose) -> Result<Pool, StoreError> {
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_config(
        address.config.clone(),
        address.tls.clone(),
        ManagerConfig { recycling_method },
    );
    let told = Hook::async_fn(move |client, _| {
        Box::pin(async move {
            let words = match purpose {
                Purpose::Lanes => [SESSION, LANE],
                Purpose::Anything => [SESSION, ""],
                Purpose::Reading => [SESSION, READ_ONLY],
            };
            let told = client.batch_execute(&words.join("; ")).await;
            told.map_err(HookError::Backend)
        })
    });
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(WAITING),
            create: Some(CONNECTING * 2),
            recycle: Some(CONNECTING),
        })
        .post_create(told)
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// A borrowed connection; it goes back to its pool when dropped, unless a transaction may be open on it: because a
/// request was given up half way, say. Then it is closed.
pub(crate) struct Connection {
    object: Option<Object>,
    in_transaction: AtomicBool,
}

impl Connection {
    /// Borrows one.
    pub(crate) async fn of(pool: &Pool) -> Result<Self, StoreError> {
        let object = pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                store_error(&error)
            }
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => StoreError::Overloaded,
            PoolError::Closed => StoreError::Unavailable("the database is closed".into()),
            other => StoreError::Unavailable(other.to_string()),
        })?;
        Ok(Self {
            object: Some(object),
            in_transaction: AtomicBool::new(false),
        })
    }

    pub(crate) fn client(&self) -> &Client {
        // Only `drop` takes it.
        self.object.as_ref().expect("a connection in use is there")
    }

    /// It broke: no further statement can be sent.
    pub(crate) fn is_closed(&self) -> bool {
        self.client().is_closed()
    }

    /// A statement, prepared at its first use on this connection and kept.
    pub(crate) async fn prepared(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        self.client().prepare_cached(sql).await
    }

    /// Notes whether a transaction may be open.
    pub(crate) fn set_in_transaction(&self, may_be: bool) {
        self.in_transaction.store(may_be, Ordering::Relaxed);
    }

    /// Runs one statement, a transaction by itself, until it is durable; see [`Self::commit`] for the end of the wait.
    pub(crate) async fn in_one(&self, call: &Call<'_>) -> Result<Vec<Row>, StoreError> {
        self.set_in_transaction(true);
        let calls = std::slice::from_ref(call);
        let in_time = tokio::time::timeout(COMMITTING, pipeline::run(self, calls)).await;
        let mut done = in_time.map_err(|_| {
            StoreError::Unavailable("the database does not confirm what was written".into())
        })??;
        self.set_in_transaction(false);
        match done.pop() {
            Some(rows) => rows.db(),
            None => Ok(Vec::new()),
        }
    }

    /// Begins a transaction of several round trips.
    pub(crate) async fn begin(&self, how: &str) -> Result<(), StoreError> {
        self.set_in_transaction(true);
        self.client().batch_execute(how).await.db()
    }

    /// Ends it for good. With a synchronous standby this waits until the standby has it. A standby that is away makes
    /// that wait endless at PostgreSQL, whatever timeouts the session has; here it ends, with nobody knowing.
    pub(crate) async fn commit(&self) -> Result<(), StoreError> {
        let in_time = tokio::time::timeout(COMMITTING, self.commit_unhurried());
        in_time.await.map_err(|_| {
            StoreError::Unavailable("the database does not confirm what was written".into())
        })?
    }

    /// The same without an end of the wait: for one that writes a whole database.
    pub(crate) async fn commit_unhurried(&self) -> Result<(), StoreError> {
        self.client().batch_execute("COMMIT").await.db()?;
        self.set_in_transaction(false);
        Ok(())
    }

    /// Ends it without a trace.
    pub(crate) async fn roll_back(&self) -> Result<(), StoreError> {
        self.client().batch_execute("ROLLBACK").await.db()?;
        self.set_in_transaction(false);
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if *self.in_transaction.get_mut()
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}
