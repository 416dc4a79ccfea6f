//! Deadlines, shares and words of a cancellation policy.

use super::*;
use crate::money::Currency;
use chrono::TimeZone;
use proptest::prelude::*;

fn policy(tiers: &[(u32, u16)]) -> CancellationPolicy {
    let tier = |&(minutes_before, refund_basis_points): &(u32, u16)| CancellationTier {
        minutes_before,
        refund_basis_points,
    };
    CancellationPolicy {
        tiers: tiers.iter().map(tier).collect(),
    }
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 20, 0, 0).unwrap()
}

fn before(minutes: i64) -> DateTime<Utc> {
    start() - TimeDelta::minutes(minutes)
}

fn euros(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::new(*b"EUR"))
}

#[test]
fn each_tier_holds_until_its_deadline_and_not_at_it() {
    let policy = policy(&[(30, 5_000), (120, 10_000)]);
    let points = |now| policy.refund_basis_points(start(), now);
    assert_eq!(points(before(121)), 10_000);
    assert_eq!(points(before(120) - TimeDelta::milliseconds(1)), 10_000);
    assert_eq!(points(before(120)), 5_000);
    assert_eq!(points(before(31)), 5_000);
    assert_eq!(points(before(30)), 0);
    assert_eq!(policy.cancellable_until(start()), Some(before(30)));
}

#[test]
fn nothing_comes_back_from_the_start_on() {
    let policy = policy(&[(0, 10_000)]);
    assert!(policy.is_cancellable(start(), start() - TimeDelta::milliseconds(1)));
    assert!(!policy.is_cancellable(start(), start()));
    assert!(!policy.is_cancellable(start(), start() + TimeDelta::days(1)));
    assert_eq!(policy.cancellable_until(start()), Some(start()));
}

#[test]
fn no_tiers_or_empty_ones_give_nothing() {
    for policy in [policy(&[]), policy(&[(60, 0)])] {
        assert!(!policy.is_cancellable(start(), before(10_000)));
        assert_eq!(policy.cancellable_until(start()), None);
        assert!(policy.deadlines(start()).is_empty());
        assert_eq!(
            policy.in_words(),
            "Tickets cannot be cancelled for a refund."
        );
    }
}

#[test]
fn a_refund_rounds_half_a_unit_up_and_never_exceeds_what_was_paid() {
    let half = policy(&[(0, 5_000)]);
    assert_eq!(half.refund(euros(1_451), start(), before(1)), euros(726));
    assert_eq!(
        policy(&[(0, 60_000)]).refund(euros(1_451), start(), before(1)),
        euros(1_451)
    );
    assert_eq!(half.refund(euros(1_451), start(), start()), euros(0));
}

#[test]
fn the_policy_reads_as_a_sentence() {
    for (tiers, words) in [
        (
            &[(120, 10_000), (30, 5_000)][..],
            "Full refund until 2 hours before the show, half until 30 minutes before; after that no refund.",
        ),
        (&[(0, 10_000)], "Full refund until the show starts."),
        (
            &[(1_440, 5_000)],
            "Half the price back until 24 hours before the show; after that no refund.",
        ),
        (
            &[(2_880, 10_000), (150, 7_550), (60, 2_525), (1, 5)],
            "Full refund until 2 days before the show, 75.5 % until 2 hours 30 minutes before, \
             25.25 % until 1 hour before, 0.05 % until 1 minute before; after that no refund.",
        ),
        (
            &[(90, 8_000), (0, 1_000)],
            "80 % of the price back until 90 minutes before the show, 10 % until the show starts.",
        ),
    ] {
        assert_eq!(policy(tiers).in_words(), words);
    }
}

#[test]
fn tiers_that_never_matter_are_not_listed() {
    let policy = policy(&[
        (30, 5_000),
        (120, 10_000),
        (60, 5_000),
        (240, 8_000),
        (0, 0),
    ]);
    let listed: Vec<(DateTime<Utc>, u16)> = policy
        .deadlines(start())
        .into_iter()
        .map(|tier| (tier.until, tier.refund_basis_points))
        .collect();
    assert_eq!(listed, [(before(120), 10_000), (before(30), 5_000)]);
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    assert_eq!(
        policy(&[(120, 10_000), (30, 5_000), (0, 0)]).validate(),
        Ok(())
    );
    assert_eq!(policy(&[]).validate(), Ok(()));
    // As many, as early and as much alike as allowed.
    let most: Vec<_> = (0..MAX_TIERS as u32).map(|n| (n * 10, 100)).collect();
    assert_eq!(policy(&most).validate(), Ok(()));
    assert_eq!(policy(&[(MAX_MINUTES_BEFORE, 1)]).validate(), Ok(()));
    assert_eq!(
        policy(&[(0, 10_001)]).validate(),
        Err(PolicyError::MoreThanAll(10_001))
    );
    assert_eq!(
        policy(&[(30, 1), (30, 2)]).validate(),
        Err(PolicyError::SameDeadline(30))
    );
    assert_eq!(
        policy(&[(30, 9_000), (60, 5_000)]).validate(),
        Err(PolicyError::LaterGivesMore(30))
    );
    assert_eq!(
        policy(&[(1_000_000, 1)]).validate(),
        Err(PolicyError::TooEarly(1_000_000))
    );
    assert_eq!(
        policy(&[(1, 1); 9]).validate(),
        Err(PolicyError::TooManyTiers)
    );
}

proptest! {
    /// For any tiers, also unchecked ones: the three questions agree, and waiting never gives more.
    #[test]
    fn the_answers_agree_with_each_other(
        tiers in prop::collection::vec((prop_oneof![0..300_u32, Just(u32::MAX)], 0..12_000_u16), 0..6),
        minutes in -60..400_i64,
        wait in 0..300_i64,
        paid in 0..1_000_000_i64,
    ) {
        let policy = policy(&tiers);
        let now = before(minutes);
        let refund = policy.refund(euros(paid), start(), now);
        prop_assert!((0..=paid).contains(&refund.amount_minor));
        prop_assert_eq!(policy.is_cancellable(start(), now), policy.cancellable_until(start()).is_some_and(|until| now < until));
        prop_assert!(policy.refund(euros(paid), start(), now + TimeDelta::minutes(wait)).amount_minor <= refund.amount_minor);
        let listed = policy.deadlines(start());
        let from_list = listed.iter().find(|tier| now < tier.until).map_or(0, |tier| tier.refund_basis_points);
        prop_assert_eq!(from_list, policy.refund_basis_points(start(), now));
        if now >= start() {
            prop_assert_eq!(refund.amount_minor, 0);
        }
    }
}
