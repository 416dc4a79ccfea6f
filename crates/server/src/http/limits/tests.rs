//! Every limit holds, is told, and forgets.

use super::*;
use chrono::TimeDelta;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

#[test]
fn the_table_is_in_the_order_of_the_limits() {
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(row.limit as usize, index, "{row:?}");
    }
}

#[test]
fn the_documentation_tells_the_same() {
    let page = include_str!("../../../../../docs/limits.md");
    let told: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| Endpoint"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let coded: Vec<String> = TABLE
        .iter()
        .map(|row| {
            format!(
                "| {} | {} | {} s | {} |",
                row.endpoint, row.count, row.window_seconds, row.key
            )
        })
        .collect();
    assert_eq!(told, coded);
    for number in [
        FREE_FAILURES,
        LONGEST_PAUSE_SECONDS,
        LIVE_PER_ADDRESS as u32,
        KNOWN_DAYS,
    ] {
        assert!(page.contains(&number.to_string()), "{number}");
    }
}

#[test]
fn what_is_taken_back_does_not_count() {
    let limits = RateLimits::new(false);
    for second in 0..100 {
        assert!(limits.check(Limit::PromoGuess, [1; 16], at(second)).is_ok());
        limits.take_back(Limit::PromoGuess, [1; 16]);
    }
    for second in 100..110 {
        assert!(limits.check(Limit::PromoGuess, [1; 16], at(second)).is_ok());
    }
    assert!(limits.check(Limit::PromoGuess, [1; 16], at(110)).is_err());
    limits.take_back(Limit::PromoGuess, [2; 16]);
    assert!(limits.check(Limit::PromoGuess, [1; 16], at(111)).is_err());
}

#[test]
fn every_limit_can_be_exceeded_and_recovers() {
    for row in TABLE {
        let limits = RateLimits::new(false);
        let window = i64::from(row.window_seconds);
        for _ in 0..row.count {
            assert!(limits.check(row.limit, [1; 16], at(0)).is_ok(), "{row:?}");
        }
        let refused = limits.check(row.limit, [1; 16], at(1)).unwrap_err();
        assert_eq!(refused.code(), ProblemCode::TooManyRequests);
        assert!(refused.0.retry_after.unwrap() > 0);
        assert!(
            limits.check(row.limit, [2; 16], at(1)).is_ok(),
            "another key is free"
        );
        assert!(
            limits.check(row.limit, [1; 16], at(2 * window + 1)).is_ok(),
            "{row:?}"
        );
    }
}

#[test]
fn two_windows_never_add_up_to_twice_the_limit() {
    let limits = RateLimits::new(false);
    let mut allowed = 0;
    for second in 1800..5400 {
        allowed += u32::from(limits.allows(Limit::PaymentAddress, [1; 16], at(second)));
    }
    assert!(allowed <= 10, "{allowed} in one hour");
}

#[test]
fn wrong_passwords_cost_a_growing_pause() {
    let limits = RateLimits::new(false);
    let key = [3; 16];
    for _ in 0..FREE_FAILURES {
        limits.failed(key, at(0));
    }
    assert!(limits.check_failures(key, at(0)).is_ok());
    let mut last = 0;
    for _ in 0..20 {
        limits.failed(key, at(0));
        let wait = limits
            .check_failures(key, at(0))
            .unwrap_err()
            .0
            .retry_after
            .unwrap();
        assert!(wait >= last && wait <= LONGEST_PAUSE_SECONDS + 1);
        last = wait;
    }
    assert!(limits.check_failures(key, at(i64::from(last))).is_ok());
    limits.succeeded(key, at(0));
    limits.failed(key, at(0));
    assert!(limits.check_failures(key, at(0)).is_ok());
}

#[test]
fn an_address_is_known_for_a_while_after_the_right_password() {
    let limits = RateLimits::new(false);
    assert!(!limits.knows([5; 16], at(0)));
    limits.succeeded([5; 16], at(0));
    let days = |days: i64| at(days * 86_400);
    assert!(limits.knows([5; 16], days(29)) && !limits.knows([5; 16], days(31)));
    assert!(!limits.knows([6; 16], at(0)));
}

#[test]
fn looking_counts_nothing() {
    let limits = RateLimits::new(false);
    let (limit, key) = (Limit::LoginAccount, [7; 16]);
    for _ in 0..500 {
        assert!(limits.check_only(limit, key, at(0)).is_ok());
    }
    for _ in 0..500 {
        limits.add(limit, key, at(0));
    }
    assert!(limits.check_only(limit, key, at(0)).is_err());
    assert!(limits.check_only(limit, key, at(2 * 3600)).is_ok());
}

#[test]
fn memory_stays_bounded() {
    let limits = RateLimits::new(false);
    for number in 0..140_000_u32 {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&number.to_le_bytes());
        let _ = limits.check(Limit::LoginAddress, key, at(i64::from(number) / 1000));
    }
    let kept: usize = limits.shards.iter().map(|shard| shard.lock().len()).sum();
    assert!(kept <= CAPACITY, "{kept}");
}

#[test]
fn live_streams_are_counted_by_address() {
    let limits = RateLimits::new(false);
    let home: IpAddr = "2001:db8:1:2::1".parse().unwrap();
    let neighbour: IpAddr = "2001:db8:1:2::99".parse().unwrap();
    let open: Vec<_> = (0..LIVE_PER_ADDRESS)
        .map(|_| limits.live(home).unwrap())
        .collect();
    assert!(limits.live(neighbour).is_err(), "the same /64");
    assert!(limits.live("192.0.2.1".parse().unwrap()).is_ok());
    drop(open);
    assert_eq!(limits.live_open(), 0);
    assert!(limits.live(home).is_ok());
}

#[test]
fn switched_off_nothing_is_refused() {
    let limits = RateLimits::new(true);
    assert!((0..1000).all(|_| limits.allows(Limit::PaymentAddress, [1; 16], at(0))));
}
