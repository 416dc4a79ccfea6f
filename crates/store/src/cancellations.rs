//! Shows that are cancelled, and how far their bookings have been gone through.
//!
//! Cancelling writes the mark that every hold reads, the entry for the list of changes and the work that is left, in one
//! transaction. The work itself is ordinary steps of bookings ([`crate::bookings::Step`]), which the desk takes; here is
//! what it goes by.

use crate::{error::StoreError, refund_progress::RefundProgress, staff::AuditEntry};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId};

/// Cancels a show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelShow {
    pub show_id: ShowId,
    pub reason: String,
    /// What buyers are told besides.
    pub words: Option<String>,
    /// Written when it was not cancelled before.
    pub audit: AuditEntry,
    pub now: DateTime<Utc>,
}

/// What became of [`CancelShow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelShowOutcome {
    Cancelled,
    /// It was so already; nothing was written.
    Before,
    NoShow,
}

/// A cancelled show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledShow {
    pub show_id: ShowId,
    pub at: DateTime<Utc>,
    pub reason: String,
    pub words: Option<String>,
    /// Bookings that had seats then.
    pub bookings: u32,
    /// When none had any left.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationProgress {
    pub cancelled: CancelledShow,
    /// Bookings that still have seats.
    pub left: u32,
    pub refunds: RefundProgress,
}

/// Cancelled shows.
#[async_trait]
pub trait CancellationStore: Send + Sync + 'static {
    /// Cancels a show: from then on nobody holds seats of it or begins to pay.
    async fn cancel_show(&self, cancel: CancelShow) -> Result<CancelShowOutcome, StoreError>;
    /// How far the cancellation of a show is; `None` when it is not cancelled. Refunds are those of its bookings that were
    /// asked for since, by the theater or because money came too late.
    async fn cancellation(
        &self,
        show_id: ShowId,
    ) -> Result<Option<CancellationProgress>, StoreError>;
    /// Shows with bookings left to go through, the first cancelled first.
    async fn open_cancellations(&self, limit: u16) -> Result<Vec<CancelledShow>, StoreError>;
    /// Bookings that have seats of a show, in the order of their ids, after `after`.
    async fn bookings_with_seats(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError>;
    /// Notes that no booking has seats any more; false while one has.
    async fn finish_cancellation(
        &self,
        show_id: ShowId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
}
