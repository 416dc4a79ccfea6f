//! Promotion codes of a theater, and how many bookings use each.
//!
//! A use is a booking that names the code and owns its seats: it is claimed in the transaction that makes the hold (or
//! changes it, or claims the seats of an expired one again) and given back in the one that takes the last seat away, so
//! that no crash and no repetition counts it twice. Those are [`BookingStore`](crate::BookingStore)'s; here is what
//! operators do, and what the desk reads before it decides.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::TheaterId,
    promo::{Promo, PromoCode},
};

/// A code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromoRow {
    pub theater_id: TheaterId,
    pub promo: Promo,
    /// Bookings that use it now; never more than its limit.
    pub used: u32,
    pub created_at: DateTime<Utc>,
}

/// Promotion codes.
#[async_trait]
pub trait PromoStore: Send + Sync + 'static {
    async fn promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
    ) -> Result<Option<PromoRow>, StoreError>;
    /// A theater's codes in the order of the alphabet; `after` is the last of the page before. `limit` ≤ 1,000.
    async fn promos(
        &self,
        theater_id: TheaterId,
        after: Option<&PromoCode>,
        limit: u16,
    ) -> Result<Vec<PromoRow>, StoreError>;
    /// Adds a code; false when the theater has it already, also as one that is over: what was promised stays.
    async fn add_promo(
        &self,
        theater_id: TheaterId,
        promo: Promo,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Ends a code, so that nobody takes it up from then on; who has it keeps it. One that ends earlier stays as it is.
    /// False when there is no such code.
    async fn end_promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
}
