//! When to remind somebody of a show: by the theater's own clock, and never at night.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

/// A reminder comes this long before the show, where that is no night.
pub const BEFORE: TimeDelta = TimeDelta::hours(4);
/// Nobody is reminded from this hour in the evening …
pub const NIGHT_FROM: u32 = 21;
/// … to this hour in the morning.
pub const NIGHT_UNTIL: u32 = 9;
/// A reminder that had to wait for the morning still leaves this long.
pub const LEFT_IN_THE_MORNING: TimeDelta = TimeDelta::hours(2);
/// Where the morning would be too late, it comes at this hour of the evening before.
pub const EVENING: u32 = 20;
/// No reminder is due longer before its show than this.
pub const EARLIEST: TimeDelta = TimeDelta::hours(16);

/// Whether people sleep there.
pub fn is_night(at: DateTime<Utc>, zone: Tz) -> bool {
    let hour = at.with_timezone(&zone).hour();
    !(NIGHT_UNTIL..NIGHT_FROM).contains(&hour)
}

/// When the night ends there that it is at `at`.
pub fn morning(at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    at_or_after(at, NIGHT_UNTIL, zone)
}

/// When the reminder of a show that starts at `start` is due.
pub fn due(start: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let wished = start - BEFORE;
    if !is_night(wished, zone) {
        return wished;
    }
    let morning = at_or_after(wished, NIGHT_UNTIL, zone);
    if morning + LEFT_IN_THE_MORNING <= start {
        return morning;
    }
    at_or_before(wished, EVENING, zone)
}

/// The first time at or after `at` when clocks there show this hour.
fn at_or_after(at: DateTime<Utc>, hour: u32, zone: Tz) -> DateTime<Utc> {
    let today = on_the_day(at, 0, hour, zone);
    if today >= at {
        today
    } else {
        on_the_day(at, 1, hour, zone)
    }
}

/// The last time at or before `at` when clocks there showed this hour.
fn at_or_before(at: DateTime<Utc>, hour: u32, zone: Tz) -> DateTime<Utc> {
    let today = on_the_day(at, 0, hour, zone);
    if today <= at {
        today
    } else {
        on_the_day(at, -1, hour, zone)
    }
}

fn on_the_day(at: DateTime<Utc>, days: i64, hour: u32, zone: Tz) -> DateTime<Utc> {
    let day = at.with_timezone(&zone).date_naive() + TimeDelta::days(days);
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    // Clocks change at night, so these hours are there once; were one skipped, the instant itself is as good.
    let local = day.and_time(time).and_local_timezone(zone);
    local
        .earliest()
        .map_or(at, |local| local.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(zone: Tz, starts: &str, expected: &str) {
        let local = |text: &str| {
            let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            naive
                .and_local_timezone(zone)
                .earliest()
                .unwrap()
                .with_timezone(&Utc)
        };
        let due = due(local(starts), zone).with_timezone(&zone);
        assert_eq!(
            due.format("%Y-%m-%d %H:%M").to_string(),
            expected,
            "{starts} in {zone}"
        );
    }

    #[test]
    fn a_reminder_comes_by_the_theaters_clock_and_never_at_night() {
        for (starts, expected) in [
            ("2030-05-03 20:00", "2030-05-03 16:00"),
            ("2030-05-03 13:00", "2030-05-03 09:00"),
            // Four hours before is night: the morning is early enough, or the evening before.
            ("2030-05-03 12:00", "2030-05-03 09:00"),
            ("2030-05-03 11:00", "2030-05-03 09:00"),
            ("2030-05-03 10:59", "2030-05-02 20:00"),
            ("2030-05-03 09:00", "2030-05-02 20:00"),
            // Late shows.
            ("2030-05-04 00:30", "2030-05-03 20:30"),
            ("2030-05-04 01:30", "2030-05-03 20:00"),
            // The clocks go forward in the night before.
            ("2030-03-31 09:30", "2030-03-30 20:00"),
            ("2030-10-27 11:00", "2030-10-27 09:00"),
        ] {
            check(chrono_tz::Europe::Berlin, starts, expected);
        }
        check(
            chrono_tz::America::Los_Angeles,
            "2030-05-03 20:00",
            "2030-05-03 16:00",
        );
        check(
            chrono_tz::Asia::Kathmandu,
            "2030-05-03 10:00",
            "2030-05-02 20:00",
        );
    }

    proptest! {
        #[test]
        fn it_is_never_at_night_and_always_in_time(seconds in 1_700_000_000_i64..2_200_000_000, zone in 0..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let start = DateTime::from_timestamp(seconds, 0).unwrap();
            let due = due(start, zone);
            prop_assert!(!is_night(due, zone), "{start} in {zone}: {due}");
            let morning = morning(start, zone);
            prop_assert!(!is_night(morning, zone), "{start} in {zone}: {morning}");
            prop_assert!(morning >= start && morning - start <= TimeDelta::hours(25), "{start} in {zone}: {morning}");
            prop_assert!(due + LEFT_IN_THE_MORNING <= start && start - due <= EARLIEST, "{start} in {zone}: {due}");
        }
    }
}
