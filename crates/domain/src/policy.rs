//! The cancellation policy: until when, how much comes back, in words a person understands.
//!
//! A show cancelled by the theater is not governed by it: that refunds everything.

use serde::{Deserialize, Serialize};

/// Until `minutes_before` the start, `refund_basis_points` of the price come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationTier {
    /// Minutes before the show's start; 0 is the start itself.
    pub minutes_before: u32,
    /// 10 000 is everything.
    pub refund_basis_points: u16,
}

/// A theater's policy: its tiers, any order; with none, tickets are not refundable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CancellationPolicy {
    pub tiers: Vec<CancellationTier>,
}
