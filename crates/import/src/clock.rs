//! A theater's wall clock: local times written by people become instants, and the hours that a change of the clocks
//! skips or repeats are noticed instead of guessed.

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    TimeZone, Utc,
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

/// Why a text is no start of a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchTime {
    #[error(
        "a local time like \"2030-05-04T20:30\", or an instant with its offset like \"2030-05-04T20:30+03:00\", is expected"
    )]
    NotATime,
    #[error("the clocks of {0} skip this time")]
    Skipped(Tz),
    #[error("the year is not from 1970 to 2200")]
    FarAway,
}

/// When a show begins, as staff write it: the theater's wall clock, or an instant with its offset. Of a wall time that the
/// clocks show twice it is the earlier; with an offset either can be meant.
pub fn staff_start(zone: Tz, text: &str) -> Result<DateTime<Utc>, NoSuchTime> {
    let start = instant_of(text)
        .map(Ok)
        .or_else(|| wall_time(text).map(|local| earlier(zone, local)))
        .unwrap_or(Err(NoSuchTime::NotATime))?;
    if (1970..=2200).contains(&start.year()) {
        Ok(start)
    } else {
        Err(NoSuchTime::FarAway)
    }
}

fn instant_of(text: &str) -> Option<DateTime<Utc>> {
    // RFC 3339 wants seconds; people leave them out.
    let read = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z"))
        .or_else(|_| DateTime::parse_from_str(&text.replace('Z', "+00:00"), "%Y-%m-%dT%H:%M%:z"));
    read.ok().map(|at| at.with_timezone(&Utc))
}

fn wall_time(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

fn earlier(zone: Tz, local: NaiveDateTime) -> Result<DateTime<Utc>, NoSuchTime> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => Err(NoSuchTime::Skipped(zone)),
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
    fn staff_mean_the_earlier_of_two_unless_they_say_which() {
        let zone = chrono_tz::Europe::Berlin;
        let start = |text| staff_start(zone, text).map(|at| at.to_rfc3339());
        let is = |text: &str| Ok(text.to_owned());
        assert_eq!(start("2026-07-01T20:30"), is("2026-07-01T18:30:00+00:00"));
        assert_eq!(
            start("2026-07-01T20:30:15"),
            is("2026-07-01T18:30:15+00:00")
        );
        assert_eq!(start("2026-10-25T02:30"), is("2026-10-25T00:30:00+00:00"));
        for later in [
            "2026-10-25T02:30+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T01:30:00Z",
            "2026-10-25T01:30Z",
        ] {
            assert_eq!(start(later), is("2026-10-25T01:30:00+00:00"), "{later}");
        }
        assert_eq!(start("2026-03-29T02:30"), Err(NoSuchTime::Skipped(zone)));
        assert_eq!(start("2026-03-29T03:00"), is("2026-03-29T01:00:00+00:00"));
        for nonsense in ["", "tomorrow", "2026-02-30T10:00", "20:30", "2026-07-01"] {
            assert_eq!(start(nonsense), Err(NoSuchTime::NotATime), "{nonsense}");
        }
        assert_eq!(start("2201-01-02T10:00"), Err(NoSuchTime::FarAway));
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
