//! Promotion codes of a theater, and how many bookings use each.
//!
//! A use is a booking that names the code and owns its seats: it is claimed in the transaction that makes the hold (or
//! changes it, or claims the seats of an expired one again) and given back in the one that takes the last seat away, so
//! that no crash and no repetition counts it twice. Those are [`BookingStore`](crate::BookingStore)'s; here is what
//! operators do, and what the desk reads before it decides.

use crate::bookings::Owner;
use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::TheaterId,
    promo::{Promo, PromoCode, same_person},
};
use sha2::{Digest as _, Sha256};

/// Who a use counts for, where a code may be used only so often by each customer: an account, or a guest's e-mail address.
/// A digest, so that the table of uses holds no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Customer([u8; 16]);

impl Customer {
    /// Whose a booking is; `None` for a guest who has not said who it is.
    pub fn of(owner: &Owner) -> Option<Self> {
        match owner {
            Owner::User(user) => Some(Self::digest("user", user.as_bytes())),
            Owner::Guest { email: Some(email) } => {
                Some(Self::digest("guest", same_person(email).as_bytes()))
            }
            Owner::Guest { email: None } => None,
        }
    }

    fn digest(kind: &str, who: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(who);
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Self(short)
    }

    /// As a store keeps it.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The bytes a store keeps.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

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
