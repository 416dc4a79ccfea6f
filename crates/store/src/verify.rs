//! The operator's view: is everything consistent, and can it be carried away.

use crate::{error::StoreError, ledger::ChargeStatus};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::payment::PaymentStatus;
use std::path::Path;

/// Violations reported at most, and of one invariant at most: the first rows tell the story.
const REPORTED: usize = 1_000;
pub const REPORTED_PER_CHECK: usize = 100;

/// Recovery's room after a payment's deadline: past it our books and the bank's must agree.
pub const SETTLING: TimeDelta = TimeDelta::minutes(5);
/// The reaper frees a hold within a second; this leaves room for a busy machine.
pub const REAPER_IS_LATE: TimeDelta = TimeDelta::minutes(1);

/// A broken invariant with the row that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// A short stable name, e.g. `taken_count`.
    pub invariant: &'static str,
    /// The row, in words an operator can search for.
    pub row: String,
}

/// What verification saw.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Every invariant that was checked, in order, with how many rows it looked at.
    pub checked: Vec<(&'static str, u64)>,
    /// At most 1,000 of them.
    pub violations: Vec<Violation>,
}

impl VerifyReport {
    /// Notes that an invariant was looked at.
    pub fn looked_at(&mut self, invariant: &'static str, rows: u64) {
        self.checked.push((invariant, rows));
    }

    /// Notes a broken row; false when no more of this invariant are wanted.
    pub fn found(&mut self, invariant: &'static str, row: String) -> bool {
        let same = self
            .violations
            .iter()
            .filter(|violation| violation.invariant == invariant)
            .count();
        if same >= REPORTED_PER_CHECK || self.violations.len() >= REPORTED {
            return false;
        }
        self.violations.push(Violation { invariant, row });
        true
    }
}

/// A payment's row, or a charge's, as far as the two have to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    pub status: String,
    pub amount_minor: i64,
    pub currency: String,
}

/// What is wrong between a payment of ours and the sandbox bank's charge, if anything. The two never commit together,
/// so a live payment may be behind the bank, and the bank behind a payment just given up. Past the time any payment is
/// given to settle, both must say the same.
pub fn disagreement(paid: &Booked, booked: Option<&Booked>, settled: bool) -> Option<String> {
    use ChargeStatus as C;
    use PaymentStatus as P;
    let Some(ours) = P::parse(&paid.status) else {
        return Some(format!("unknown status {}", paid.status));
    };
    let Some(booked) = booked else {
        // The bank never heard of it: it was not asked yet, refused the method, or the request was lost.
        let may_be = matches!(ours, P::Created | P::Declined | P::Voided);
        return (!may_be).then(|| format!("is {}, the bank does not know it", paid.status));
    };
    if (booked.amount_minor, &booked.currency) != (paid.amount_minor, &paid.currency) {
        return Some(format!(
            "is of {} {}, the bank has {} {}",
            paid.amount_minor, paid.currency, booked.amount_minor, booked.currency
        ));
    }
    let Some(theirs) = C::parse(&booked.status) else {
        return Some(format!("the bank has unknown status {}", booked.status));
    };
    let agree = match (ours, theirs) {
        (P::Captured | P::PartlyRefunded | P::Refunded, C::Captured) => true,
        (P::Captured | P::PartlyRefunded | P::Refunded, _) => false,
        (P::Declined | P::Voided, C::Declined | C::Voided) => true,
        // Given up here first; the bank is told next, or its late word is being heard.
        (P::Declined | P::Voided, C::RequiresAction | C::Authorized | C::Captured) => !settled,
        // Recorded only after the bank said so.
        (P::Authorized, C::RequiresAction) => false,
        (P::Created | P::RequiresAction | P::Authorized, _) => true,
    };
    (!agree).then(|| format!("is {}, at the bank {}", paid.status, booked.status))
}

/// Whether a refund of ours in this status fits what the sandbox bank paid back for it.
pub fn refund_agrees(status: &str, amount_minor: i64, paid_back: Option<i64>) -> bool {
    match status {
        "succeeded" => paid_back == Some(amount_minor),
        "failed" => paid_back.is_none(),
        // In flight: asked or not.
        _ => paid_back.is_none_or(|there| there == amount_minor),
    }
}

/// Looking after a database.
#[async_trait]
pub trait Maintenance: Send + Sync + 'static {
    /// A cheap question that only a working database answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Checks every invariant, beside a live server.
    async fn verify(&self, now: DateTime<Utc>) -> Result<VerifyReport, StoreError>;
    /// Writes a consistent copy to a new file, beside a live server.
    async fn backup(&self, file: &Path) -> Result<(), StoreError>;
    /// True when there is no theater yet.
    async fn is_empty(&self) -> Result<bool, StoreError>;
    /// A note kept with the database, e.g. that it holds the demo.
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError>;
    async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// The database's own clock, on engines that several servers share: their clocks may differ, and what has run out
    /// must not. `None` when the server's clock is the only one.
    async fn time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(None)
    }
    /// Takes or keeps a background job for this server: true while no other holder has it. A holder that falls silent
    /// loses it after `lasting`. A convenience, not a lock: every job is safe to run twice.
    async fn lease(
        &self,
        _job: &str,
        _holder: [u8; 16],
        _lasting: TimeDelta,
    ) -> Result<bool, StoreError> {
        Ok(true)
    }
    /// Finishes what was accepted and closes the engine.
    async fn close(&self);
}
