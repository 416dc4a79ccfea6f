//! What a theater sold and gave back in some time, row by row: what the totals of a day are made of.
//!
//! Read from payments and refunds themselves, so that there is no second ledger that could differ from the first; `verify`
//! holds the sum of all against it (`day_totals`).

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    day::{GivenBack, Sale},
    ids::{PaymentId, RefundId, TheaterId, time_ordered},
};

/// A span of time, the second moment exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Span {
    /// Where the ids of payments begun then begin and end, exclusive.
    pub fn payments(&self) -> ([u8; 22], [u8; 22]) {
        let first = |at: DateTime<Utc>| time_ordered(at.timestamp_millis(), [0; 16]);
        (first(self.from), first(self.until))
    }
}

/// Sales and what of them went back.
#[async_trait]
pub trait DayStore: Send + Sync + 'static {
    /// Payments begun in this time that took money, in the order of their ids, after `after`. `limit` ≤ 1,000.
    async fn sold(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<PaymentId>,
        limit: u16,
    ) -> Result<Vec<Sale>, StoreError>;
    /// Refunds asked for in this time that did not fail, in the order of their time and id, after `after`. `limit` ≤ 1,000.
    async fn given_back(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<(DateTime<Utc>, RefundId)>,
        limit: u16,
    ) -> Result<Vec<GivenBack>, StoreError>;
}
