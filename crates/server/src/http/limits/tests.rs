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
fn the_window_before_counts_by_what_is_left_of_it() {
    let limits = RateLimits::new(false);
    let allowed = |second| {
        let tried = (0..12).filter(|_| limits.allows(Limit::PaymentAddress, [1; 16], at(second)));
        tried.count()
    };
    assert_eq!(allowed(0), 10, "an hour's");
    // A quarter of an hour into the next hour three quarters of the ten still count.
    assert_eq!(allowed(4_500), 3);
    assert_eq!(allowed(4_500 + 2 * 3_600), 10);
}

#[test]
fn wrong_passwords_cost_a_growing_pause() {
    let limits = RateLimits::new(false);
    let key = [3; 16];
    let pause = |at| {
        let refused = limits.try_password(key, at).unwrap_err();
        i64::from(refused.0.retry_after.unwrap())
    };
    for _ in 0..=FREE_FAILURES {
        limits.try_password(key, at(0)).unwrap();
    }
    let (mut now, mut last) = (0, 0);
    for _ in 0..20 {
        let wait = pause(at(now));
        assert!(wait >= last && wait <= i64::from(LONGEST_PAUSE_SECONDS) + 1);
        assert_eq!(pause(at(now)), wait, "what is refused is not counted");
        last = wait;
        now += wait;
        limits.try_password(key, at(now)).unwrap();
    }
    assert_eq!(last, i64::from(LONGEST_PAUSE_SECONDS) + 1);
    limits.succeeded(key, at(now));
    limits.try_password(key, at(now)).unwrap();
}

/// Tried but not looked at, or right: it counts for nothing, whatever is tried meanwhile.
#[test]
fn a_right_password_is_no_guess() {
    let limits = RateLimits::new(false);
    let key = [4; 16];
    for _ in 0..100 {
        limits.try_password(key, at(0)).unwrap();
        limits.take_password_back(key, at(0));
    }
    for _ in 0..=FREE_FAILURES {
        limits.try_password(key, at(0)).unwrap();
    }
    assert!(limits.try_password(key, at(0)).is_err());
    limits.take_password_back(key, at(0));
    limits.try_password(key, at(0)).unwrap();
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

/// The waits that callers are told, and how a window slides: ten an hour.
#[test]
fn a_window_slides_and_says_how_long_to_wait() {
    let limits = RateLimits::new(false);
    let ask = |second| {
        let asked = limits.check(Limit::PaymentAddress, [1; 16], at(second));
        asked.err().and_then(|error| error.0.retry_after)
    };
    for _ in 0..10 {
        assert_eq!(ask(0), None);
    }
    assert_eq!(ask(1), Some(3600), "until the hour is over");
    assert_eq!(ask(3600), Some(361), "until a tenth of it has slid away");
    assert_eq!(ask(3601), None);
    assert_eq!(ask(3602), Some(361));
    assert_eq!(ask(5400), None, "half of the ten count");
    for _ in 0..3 {
        assert_eq!(ask(5400), None);
    }
    assert!(ask(5400).is_some());
    for _ in 0..10 {
        assert_eq!(ask(5400 + 7200), None, "two hours later nothing does");
    }
    assert!(ask(5400 + 7200).is_some());
}

#[test]
fn each_wrong_password_doubles_the_pause() {
    let limits = RateLimits::new(false);
    let key = [3; 16];
    for _ in 0..FREE_FAILURES {
        limits.try_password(key, at(0)).unwrap();
    }
    // A clock set back keeps nobody out.
    limits.try_password(key, at(-1)).unwrap();
    let mut now = -1;
    for told in [2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 901, 901] {
        let paused = limits.try_password(key, at(now)).unwrap_err();
        assert_eq!(paused.0.retry_after, Some(told));
        now += i64::from(told - 1);
        limits.try_password(key, at(now)).unwrap();
    }
    let end = at(now + i64::from(LONGEST_PAUSE_SECONDS));
    let moment = TimeDelta::milliseconds(1);
    assert!(limits.try_password(key, end - moment).is_err());
    assert!(limits.try_password(key, end).is_ok());
}

#[test]
fn an_address_is_known_for_exactly_thirty_days() {
    let limits = RateLimits::new(false);
    limits.succeeded([5; 16], at(0));
    let end = at(i64::from(KNOWN_DAYS) * 86_400);
    assert!(limits.knows([5; 16], end - TimeDelta::milliseconds(1)));
    assert!(!limits.knows([5; 16], end));
}

/// A flood of new keys costs the oldest ones, whether it comes slowly or at once.
#[test]
fn the_oldest_keys_make_room() {
    let key = |number: u32| {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&number.to_le_bytes());
        key
    };
    let limit = Limit::LoginAddress;
    let limits = RateLimits::new(false);
    for number in 0..140_000 {
        limits.add(limit, key(number), at(i64::from(number) / 1000));
    }
    let known = |number| {
        let key = key(number);
        limits.shard(&key).contains_key(&(Slot::Count(limit), key))
    };
    assert!(!known(0) && !known(50_000), "the older half is forgotten");
    assert!(known(100_000) && known(139_999));
    let limits = RateLimits::new(false);
    for number in 0..140_000 {
        limits.add(limit, key(number), at(0));
    }
    let kept: usize = limits.shards.iter().map(|shard| shard.lock().len()).sum();
    assert!(kept <= CAPACITY, "{kept}");
}

#[test]
fn a_closed_stream_makes_room_for_one() {
    let limits = RateLimits::new(false);
    let home: IpAddr = "192.0.2.1".parse().unwrap();
    let mut open: Vec<_> = (0..LIVE_PER_ADDRESS)
        .map(|_| limits.live(home).unwrap())
        .collect();
    open.pop();
    open.push(limits.live(home).unwrap());
    assert!(limits.live(home).is_err());
    assert_eq!(limits.live_open(), LIVE_PER_ADDRESS);
    open.clear();
    assert!(limits.live.by_address.lock().is_empty());
}

#[test]
fn a_server_has_a_greatest_number_of_streams() {
    let limits = RateLimits::new(true);
    assert!(limits.is_off() && !RateLimits::new(false).is_off());
    let home: IpAddr = "192.0.2.1".parse().unwrap();
    let mut open: Vec<_> = (0..LIVE_IN_ALL)
        .map(|_| limits.live(home).unwrap())
        .collect();
    assert_eq!(
        limits.live(home).unwrap_err().code(),
        ProblemCode::Overloaded
    );
    assert_eq!(limits.live_open(), LIVE_IN_ALL);
    open.pop();
    assert!(limits.live(home).is_ok());
}
