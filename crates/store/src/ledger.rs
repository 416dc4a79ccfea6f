//! The sandbox bank's books. They stand in the same database but in transactions of their own, as a bank's would:
//! nothing here commits together with a booking.

use crate::error::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::money::Money;

/// What the bank knows of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeStatus {
    RequiresAction,
    Authorized,
    Captured,
    Declined,
    Voided,
}

impl ChargeStatus {
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequiresAction => "requires_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Voided => "voided",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::RequiresAction,
            Self::Authorized,
            Self::Captured,
            Self::Declined,
            Self::Voided,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }
}

/// A charge in the bank's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The merchant's idempotency key: our payment id. One charge per key, by constraint.
    pub key: String,
    pub status: ChargeStatus,
    pub amount: Money,
    pub method: String,
    pub refunded_minor: i64,
    pub created_at: DateTime<Utc>,
}

/// Why the bank refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerRefusal {
    UnknownCharge,
    /// The charge is in another state.
    WrongState(ChargeStatus),
    /// More than was captured would go back.
    OverRefund,
}

/// The sandbox bank.
#[async_trait]
pub trait SandboxLedger: Send + Sync + 'static {
    /// Books a charge unless its key is known; the charge as it stands.
    async fn charge(&self, charge: Charge) -> Result<Charge, StoreError>;
    async fn charge_by_key(&self, key: &str) -> Result<Option<Charge>, StoreError>;
    /// Moves a charge if it is in one of `from`; a charge already in `to` is a success.
    async fn move_charge(
        &self,
        key: &str,
        from: Vec<ChargeStatus>,
        to: ChargeStatus,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError>;
    /// Pays back part of a captured charge, once per `refund_key`.
    async fn refund_charge(
        &self,
        key: &str,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError>;
}
