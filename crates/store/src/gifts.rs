//! Gift cards of a theater, and the ledger of each.
//!
//! A card's balance is the sum of its entries. What a payment claims of a card, and what goes back to it, is written in the
//! transaction of the step it belongs to ([`Step::gifts`](crate::bookings::Step::gifts)): a step happens once, so an entry
//! does too. Here is what operators do, and what the desk reads before it decides.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    gift::{GiftCard, GiftCode, GiftEntryKind, GiftState},
    ids::{BookingId, GiftCardId, GiftEntryId, PaymentId, TheaterId},
};
use sha2::{Digest as _, Sha256};

/// As a payment's gateway: a card paid all of it, so that no gateway was asked.
pub const BY_GIFT_CARD: &str = "gift_card";

/// What is kept of a code. It has too many random bits to be found by trying, so it needs no salt.
pub type CodeDigest = [u8; 32];

/// A code's digest.
pub fn digest(code: &GiftCode) -> CodeDigest {
    Sha256::digest(code.as_bytes()).into()
}

/// A card as it is kept, but for its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftRow {
    pub card: GiftCard,
    pub created_at: DateTime<Utc>,
}

/// A card to make: its balance is its initial amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGift {
    pub card: GiftCard,
    pub digest: CodeDigest,
    /// The id of its first entry.
    pub entry_id: GiftEntryId,
}

/// An entry of a card's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftEntry {
    pub entry_id: GiftEntryId,
    pub card_id: GiftCardId,
    pub kind: GiftEntryKind,
    /// What it adds to the balance: a claim is below zero.
    pub amount_minor: i64,
    /// The payment it is about; none for the first.
    pub payment: Option<(BookingId, PaymentId)>,
    pub at: DateTime<Utc>,
}

/// Gift cards.
#[async_trait]
pub trait GiftStore: Send + Sync + 'static {
    async fn gift_by_code(
        &self,
        theater_id: TheaterId,
        digest: CodeDigest,
    ) -> Result<Option<GiftRow>, StoreError>;
    async fn gift(&self, card_id: GiftCardId) -> Result<Option<GiftRow>, StoreError>;
    /// A theater's cards, oldest first; `after` is the last of the page before. `limit` ≤ 1,000.
    async fn gifts(
        &self,
        theater_id: TheaterId,
        after: Option<GiftCardId>,
        limit: u16,
    ) -> Result<Vec<GiftRow>, StoreError>;
    /// Makes cards, all or none, each with its first entry. At most
    /// [`GIFTS_AT_ONCE`](matinee_domain::limits::GIFTS_AT_ONCE), of one theater.
    async fn issue_gifts(&self, cards: Vec<NewGift>, now: DateTime<Utc>) -> Result<(), StoreError>;
    /// Blocks or unblocks a card; false when it is not there.
    async fn set_gift_state(
        &self,
        card_id: GiftCardId,
        state: GiftState,
    ) -> Result<bool, StoreError>;
    /// A card's ledger, oldest first; `after` is the last of the page before. `limit` ≤ 1,000.
    async fn gift_entries(
        &self,
        card_id: GiftCardId,
        after: Option<GiftEntryId>,
        limit: u16,
    ) -> Result<Vec<GiftEntry>, StoreError>;
    /// What moved for a payment, oldest first.
    async fn gift_entries_of(&self, payment_id: PaymentId) -> Result<Vec<GiftEntry>, StoreError>;
}
