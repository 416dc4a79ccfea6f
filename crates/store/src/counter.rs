//! The counter's books: what was taken there, what was handed out, and in whose shift.
//!
//! They are kept apart from the bookings, in transactions of their own, as any gateway's are: so a crash between the two
//! is found and mended in the same way. Money is only ever taken in a shift that is open.

use crate::{
    error::StoreError,
    idempotency::{IdempotencyRecord, Lookup},
    ledger::{ChargeStatus, LedgerRefusal},
    staff::AuditEntry,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    counter::{Moved, Tender},
    ids::{PaymentId, RefundId, ShiftId, TheaterId, UserId},
    money::Money,
};

/// What was taken for a payment: `Authorized`, `Captured` or `Voided`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterCharge {
    pub payment_id: PaymentId,
    pub tender: Tender,
    pub status: ChargeStatus,
    pub amount: Money,
    pub refunded_minor: i64,
    pub created_at: DateTime<Utc>,
}

/// How a shift ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub at: DateTime<Utc>,
    pub counted_minor: i64,
    pub expected_minor: i64,
}

/// Somebody's time at a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRow {
    pub theater_id: TheaterId,
    pub shift_id: ShiftId,
    pub user_id: UserId,
    pub window: String,
    pub float: Money,
    pub opened_at: DateTime<Utc>,
    pub closed: Option<Closed>,
}

/// Opens a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenShift {
    pub shift: ShiftRow,
    pub audit: AuditEntry,
    pub idempotency: Option<IdempotencyRecord>,
}

/// What became of [`OpenShift`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenOutcome {
    Done,
    /// The person has another one open.
    PersonBusy,
    /// Somebody has one open at this window.
    WindowBusy,
    Repeated(Lookup),
}

/// Closes a shift, if what was expected is still that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseShift {
    pub theater_id: TheaterId,
    pub shift_id: ShiftId,
    pub closed: Closed,
    pub audit: AuditEntry,
    pub idempotency: Option<IdempotencyRecord>,
}

/// What became of [`CloseShift`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseOutcome {
    Done,
    /// Something was taken or handed out meanwhile: look again.
    Moved,
    /// A sale is not finished: its money is taken and its seats are not sold yet.
    Busy,
    /// It was closed before, or is not there.
    Closed,
    Repeated(Lookup),
}

/// Notes that the cash of a refund was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayOut {
    pub theater_id: TheaterId,
    pub shift_id: ShiftId,
    pub refund_id: RefundId,
    /// Written when it was not noted before.
    pub audit: AuditEntry,
}

/// What became of [`PayOut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayOutcome {
    /// Now or before, in this shift.
    Done,
    /// Before, in another shift.
    PaidOut,
    /// The shift is not open.
    Closed,
    /// The shift's drawer is of another currency than the refund.
    OtherCurrency,
    /// There is no such refund of cash, or the counter has not heard of it yet.
    Missing,
}

/// Which shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftQuery {
    pub theater_id: TheaterId,
    /// Only of this person.
    pub user_id: Option<UserId>,
    pub only_open: bool,
    /// Continue after this.
    pub before: Option<(DateTime<Utc>, ShiftId)>,
    pub limit: u16,
}

/// Why the counter takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// The shift is not open.
    ShiftClosed,
    /// The shift counts another currency.
    OtherCurrency,
}

/// The counter.
#[async_trait]
pub trait CounterStore: Send + Sync + 'static {
    async fn open_shift(&self, open: OpenShift) -> Result<OpenOutcome, StoreError>;
    async fn close_shift(&self, close: CloseShift) -> Result<CloseOutcome, StoreError>;
    async fn pay_out(&self, pay: PayOut) -> Result<PayOutcome, StoreError>;
    /// A shift with what moved in it.
    async fn shift(
        &self,
        theater_id: TheaterId,
        shift_id: ShiftId,
    ) -> Result<Option<(ShiftRow, Moved)>, StoreError>;
    /// Shifts with what moved in them, newest first.
    async fn shifts(&self, query: ShiftQuery) -> Result<Vec<(ShiftRow, Moved)>, StoreError>;

    /// Books a charge unless its payment is known; the charge as it stands.
    async fn counter_charge(
        &self,
        charge: CounterCharge,
    ) -> Result<Result<CounterCharge, NotTaken>, StoreError>;
    async fn counter_charge_of(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<CounterCharge>, StoreError>;
    /// Moves an authorized charge; a charge already in `to` is a success.
    async fn move_counter_charge(
        &self,
        payment_id: PaymentId,
        to: ChargeStatus,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError>;
    /// Owes back part of a captured charge, once per `refund_key`.
    async fn refund_counter_charge(
        &self,
        payment_id: PaymentId,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError>;
}
