//! A booking as a calendar entry (RFC 5545).

use chrono::{DateTime, Utc};
use matinee_booking::OnFile;
use std::fmt::Write as _;

/// What a mailed calendar asks the reader's program to do (RFC 5546). A file that is fetched asks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Put the event in.
    Publish,
    /// Take it out.
    Cancel,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Cancel => "CANCEL",
        }
    }
}

/// The calendar with one event, in UTC, so that no time-zone table has to travel with it.
pub fn calendar(on_file: &OnFile, method: Option<Method>) -> String {
    let (file, show) = (&on_file.file, &on_file.show);
    let place = &show.theater.location;
    let screen = show
        .theater
        .screens
        .iter()
        .find(|screen| screen.screen_id == show.show.screen_id);
    let seats: Vec<String> = file
        .booking
        .seats
        .iter()
        .filter(|seat| !seat.cancelled)
        .filter_map(|seat| show.map.map.seat(seat.seat))
        .map(|seat| format!("{}{}", seat.row, seat.number))
        .collect();
    let mut out = String::new();
    let mut line = |name: &str, value: &str| push_folded(&mut out, &format!("{name}:{value}"));
    line("BEGIN", "VCALENDAR");
    line("VERSION", "2.0");
    line("PRODID", "-//Matinee//Tickets//EN");
    line("CALSCALE", "GREGORIAN");
    if let Some(method) = method {
        line("METHOD", method.name());
    }
    line("BEGIN", "VEVENT");
    line("UID", &format!("{}@matinee", file.booking.booking_id));
    line("DTSTAMP", &stamp(file.booking.created_at));
    line("SEQUENCE", &file.booking.version.to_string());
    line("DTSTART", &stamp(show.show.start_time));
    line("DTEND", &stamp(show.show.end_time));
    if method == Some(Method::Cancel) {
        line("STATUS", "CANCELLED");
    }
    line("SUMMARY", &text(&show.movie.name));
    line(
        "LOCATION",
        &text(&format!(
            "{}, {}, {}",
            show.theater.name, place.address, place.city
        )),
    );
    let mut about = String::new();
    let _ = write!(
        about,
        "{}, seats {}. ",
        screen.map_or("", |s| s.name.as_str()),
        seats.join(", ")
    );
    let _ = write!(about, "Booking {}.", file.booking.reference);
    line("DESCRIPTION", &text(&about));
    line("END", "VEVENT");
    line("END", "VCALENDAR");
    out
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Escapes a TEXT value.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            ';' => out.push_str("\\;"),
            ',' => out.push_str("\\,"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Lines are at most 75 octets; longer ones go on after a space, never inside a character.
fn push_folded(out: &mut String, line: &str) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > 75 {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_long_lines_are_folded() {
        assert_eq!(text("A, B; C\\D\nE"), "A\\, B\\; C\\\\D\\nE");
        let mut out = String::new();
        push_folded(&mut out, &format!("SUMMARY:{}", "é".repeat(100)));
        assert!(out.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(
            out.replace("\r\n ", "").trim_end(),
            format!("SUMMARY:{}", "é".repeat(100))
        );
    }
}
