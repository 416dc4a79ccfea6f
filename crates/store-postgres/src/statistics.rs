//! Having PostgreSQL look at a young database's tables before its own daemon does.
//!
//! What the planner believes of a table it has never looked at is wrong by orders of magnitude: it takes a theater for
//! a handful of rows, and compares each of them with each of a batch. Autovacuum comes round once a minute; a first
//! minute in which a sale opens is a busy one. So a server has the tables of bookings analysed after its first few
//! hundred units of work, and again each time it did eight times as many, a few times in all. Plans made before are
//! made anew by PostgreSQL itself. A failure costs speed only.

use crate::{connect::Connection, failure::OrStoreError as _};
use deadpool_postgres::Pool;
use matinee_store::StoreError;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Units of work after which it is done for the first time, how many times as many make the next time, and the last
/// time: from there on the tables are large enough for autovacuum's pace.
const FIRST: u64 = 256;
const TIMES: u64 = 8;
const LAST: u64 = FIRST * TIMES * TIMES * TIMES;

const ANALYZE: &str = "ANALYZE seats, show_state, bookings, payments, refunds, tickets, messages, idempotency, \
     unpaid_expiries, sandbox_charges";

/// Counts the units of work of a server's lanes.
pub(crate) struct Statistics {
    pool: Pool,
    units: AtomicU64,
    next: AtomicU64,
}

impl Statistics {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            units: AtomicU64::new(0),
            next: AtomicU64::new(FIRST),
        }
    }

    /// Notes that so many more were committed; at times has the tables looked at, in the background.
    pub(crate) fn count(self: &Arc<Self>, units: usize) {
        let units = self.units.fetch_add(units as u64, Ordering::Relaxed) + units as u64;
        let next = self.next.load(Ordering::Relaxed);
        if units < next || next > LAST {
            return;
        }
        let later = next * TIMES;
        let ours = self
            .next
            .compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed);
        if ours.is_ok() {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(error) = this.look().await {
                    tracing::debug!(%error, "the tables were not analysed");
                }
            });
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let conn = Connection::of(&self.pool).await?;
        conn.client().batch_execute(ANALYZE).await.db()
    }
}
