//! A theater's wall clock: local times written by people become instants, and the hours that a change of the clocks
//! skips or repeats are noticed instead of guessed.

use chrono::{
    DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

/// Why a local time names no single instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The clocks jump over it.
    Skipped,
    /// The clocks show it twice.
    Repeated,
}

/// The instant of a wall time, when there is exactly one.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime) -> Result<DateTime<Utc>, Unclear> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(at.with_timezone(&Utc)),
        LocalResult::Ambiguous(..) => Err(Unclear::Repeated),
        LocalResult::None => Err(Unclear::Skipped),
    }
}

/// The instant of a wall time for a programme: of a repeated time the first, of a skipped one the first after it.
pub(crate) fn instant_or_next(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    // No zone skips more than a day (Samoa skipped one); 15 minutes divide every change of clocks since 1970.
    for quarter in 0..=4 * 24 {
        match zone.from_local_datetime(&(local + TimeDelta::minutes(15 * quarter))) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                return at.with_timezone(&Utc);
            }
            LocalResult::None => {}
        }
    }
    local.and_utc()
}

/// The day after; the calendar's last day stands for its own successor.
pub(crate) fn day_after(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// `HH:MM`, as minutes since midnight; `24:00` is the day's end.
pub(crate) fn minutes_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

/// A time of day from minutes since midnight.
pub(crate) fn time_of(minutes: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minutes) * 60, 0)
        .unwrap_or(NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        text.parse().expect("the test writes a time")
    }

    #[test]
    fn skipped_and_repeated_hours_are_noticed() {
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(
            instant(zone, local("2026-03-29T02:30:00")),
            Err(Unclear::Skipped)
        );
        assert_eq!(
            instant(zone, local("2026-10-25T02:30:00")),
            Err(Unclear::Repeated)
        );
        assert_eq!(
            instant(zone, local("2026-07-01T20:00:00")).map(|at| at.to_rfc3339()),
            Ok("2026-07-01T18:00:00+00:00".into())
        );
    }

    #[test]
    fn a_programme_takes_the_next_time_that_exists() {
        let zone = chrono_tz::Europe::Berlin;
        let next = instant_or_next(zone, local("2026-03-29T02:30:00"));
        assert_eq!(next.to_rfc3339(), "2026-03-29T01:00:00+00:00");
        let first = instant_or_next(zone, local("2026-10-25T02:30:00"));
        assert_eq!(first.to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn times_of_day_are_two_digits_each() {
        assert_eq!(minutes_of("09:05"), Some(545));
        assert_eq!(minutes_of("24:00"), Some(1440));
        for wrong in [
            "9:05",
            "09:60",
            "24:01",
            "0905",
            "-1:00",
            "+9:05",
            "",
            "09:05:00",
            "९९:००",
        ] {
            assert_eq!(minutes_of(wrong), None, "{wrong}");
        }
    }
}
