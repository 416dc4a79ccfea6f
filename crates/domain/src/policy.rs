//! The cancellation policy: until when, how much comes back, in words a person understands.
//!
//! A show cancelled by the theater is not governed by it: that refunds everything.

use crate::{money::Money, price::scale};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_planted::planted;
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

/// Everything, in basis points.
const WHOLE: u16 = 10_000;
/// The most tiers a policy may have: more than anybody reads before buying.
pub const MAX_TIERS: usize = 8;
/// The earliest deadline of a tier, in minutes before the start: a year.
pub const MAX_MINUTES_BEFORE: u32 = 366 * 24 * 60;

/// Why tiers do not make a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("a cancellation policy has at most {MAX_TIERS} tiers")]
    TooManyTiers,
    #[error("a refund of {0} basis points is more than everything")]
    MoreThanAll(u16),
    #[error("{0} minutes before the start is more than a year")]
    TooEarly(u32),
    #[error("two tiers end {0} minutes before the start")]
    SameDeadline(u32),
    #[error(
        "cancelling later, {0} minutes before the start, would give back more than cancelling earlier"
    )]
    LaterGivesMore(u32),
}

/// A tier of a policy with its deadline for one show, ready to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundDeadline {
    /// The refund is given before this instant, not at it.
    pub until: DateTime<Utc>,
    /// 10 000 is everything.
    pub refund_basis_points: u16,
}

impl CancellationTier {
    fn deadline(self, start: DateTime<Utc>) -> DateTime<Utc> {
        start - TimeDelta::minutes(i64::from(self.minutes_before.min(MAX_MINUTES_BEFORE)))
    }
}

impl CancellationPolicy {
    /// Checks what a theater wrote; decisions below stay safe also for tiers that were never checked.
    pub fn validate(&self) -> Result<(), PolicyError> {
        if self.tiers.len() > MAX_TIERS {
            return Err(PolicyError::TooManyTiers);
        }
        let mut tiers = self.tiers.clone();
        tiers.sort_by_key(|tier| std::cmp::Reverse(tier.minutes_before));
        for tier in &tiers {
            if tier.refund_basis_points > WHOLE {
                return Err(PolicyError::MoreThanAll(tier.refund_basis_points));
            }
            if tier.minutes_before > MAX_MINUTES_BEFORE {
                return Err(PolicyError::TooEarly(tier.minutes_before));
            }
        }
        for pair in tiers.windows(2) {
            if pair[0].minutes_before == pair[1].minutes_before {
                return Err(PolicyError::SameDeadline(pair[1].minutes_before));
            }
            if pair[0].refund_basis_points < pair[1].refund_basis_points {
                return Err(PolicyError::LaterGivesMore(pair[1].minutes_before));
            }
        }
        Ok(())
    }

    /// The tiers that matter, earliest deadline first: each gives back less than the one before and more than
    /// nothing.
    pub fn sorted_tiers(&self) -> Vec<CancellationTier> {
        let mut latest_first = self.tiers.clone();
        latest_first.sort_by_key(|tier| {
            (
                tier.minutes_before,
                std::cmp::Reverse(tier.refund_basis_points),
            )
        });
        let mut kept: Vec<CancellationTier> = Vec::new();
        for tier in latest_first {
            let refund_basis_points = tier.refund_basis_points.min(WHOLE);
            if refund_basis_points > kept.last().map_or(0, |later| later.refund_basis_points) {
                kept.push(CancellationTier {
                    refund_basis_points,
                    ..tier
                });
            }
        }
        kept.reverse();
        kept
    }

    /// The same for one show, as instants.
    pub fn deadlines(&self, start: DateTime<Utc>) -> Vec<RefundDeadline> {
        let tiers = self.sorted_tiers().into_iter();
        tiers
            .map(|tier| RefundDeadline {
                until: tier.deadline(start),
                refund_basis_points: tier.refund_basis_points,
            })
            .collect()
    }

    /// The share that comes back when a ticket is cancelled now; nothing from the show's start on. A deadline's own
    /// instant is too late, as it is for a hold.
    pub fn refund_basis_points(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> u16 {
        let late = planted!("refund_after_deadline");
        let open = (self.tiers.iter()).filter(|tier| late || now < tier.deadline(start));
        open.map(|tier| tier.refund_basis_points.min(WHOLE))
            .max()
            .unwrap_or(0)
    }

    /// What comes back of `paid`, half a minor unit rounded away from zero.
    pub fn refund(&self, paid: Money, start: DateTime<Utc>, now: DateTime<Utc>) -> Money {
        let points = self.refund_basis_points(start, now);
        // A share of an amount in range is in range.
        let minor = scale(paid.amount_minor, i128::from(points), i128::from(WHOLE)) as i64;
        Money::new(minor, paid.currency)
    }

    /// Cancelling now gives something back.
    pub fn is_cancellable(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.refund_basis_points(start, now) > 0
    }

    /// Until when cancelling gives something back; `None` when it never does.
    pub fn cancellable_until(&self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.sorted_tiers().last().map(|tier| tier.deadline(start))
    }

    /// The policy as a sentence in English.
    pub fn in_words(&self) -> String {
        let tiers = self.sorted_tiers();
        let Some((first, later)) = tiers.split_first() else {
            return "Tickets cannot be cancelled for a refund.".into();
        };
        let mut text = match first.refund_basis_points {
            WHOLE => "Full refund".into(),
            5_000 => "Half the price back".into(),
            points => format!("{} of the price back", percent(points)),
        };
        text += &until_words(first.minutes_before, true);
        for tier in later {
            let share = if tier.refund_basis_points == 5_000 {
                "half".into()
            } else {
                percent(tier.refund_basis_points)
            };
            text.push_str(", ");
            text.push_str(&share);
            text.push_str(&until_words(tier.minutes_before, false));
        }
        let open_to_start = tiers.last().is_some_and(|tier| tier.minutes_before == 0);
        text + if open_to_start {
            "."
        } else {
            "; after that no refund."
        }
    }
}

fn percent(basis_points: u16) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole} %"),
        (_, 0) => format!("{whole}.{} %", rest / 10),
        _ => format!("{whole}.{rest:02} %"),
    }
}

fn until_words(minutes_before: u32, name_the_show: bool) -> String {
    match (minutes_before, name_the_show) {
        (0, _) => " until the show starts".into(),
        (minutes, true) => format!(" until {} before the show", duration(minutes)),
        (minutes, false) => format!(" until {} before", duration(minutes)),
    }
}

/// "30 minutes", "2 hours", "3 days", "2 hours 30 minutes": one day and less is said in hours, as on a poster.
fn duration(minutes: u32) -> String {
    let plural =
        |count: u32, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let (days, hours, rest) = (minutes / 1_440, minutes / 60, minutes % 60);
    match (hours, rest) {
        _ if days > 1 && minutes.is_multiple_of(1_440) => plural(days, "day"),
        (0 | 1, 1..) => plural(minutes, "minute"),
        (_, 0) => plural(hours, "hour"),
        _ => format!("{} {}", plural(hours, "hour"), plural(rest, "minute")),
    }
}

#[cfg(test)]
mod tests;
