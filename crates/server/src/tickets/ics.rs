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

/// The calendar with one event, in UTC, so that no time-zone table has to travel with it. A mailed one is newer than all
/// that were mailed before (RFC 5546, 2.1.5): moving a show leaves no mark on its bookings, so the time of mailing tells.
pub fn calendar(on_file: &OnFile, mailed: Option<(Method, DateTime<Utc>)>) -> String {
    let method = mailed.map(|(method, _)| method);
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
        .filter_map(|seat| show.place(seat))
        .map(|seat| format!("{}{}", seat.row, seat.number))
        .collect();
    let mut out = Calendar::new("-//Matinee//Tickets//EN");
    if let Some(method) = method {
        out.line("METHOD", method.name());
    }
    out.line("BEGIN", "VEVENT");
    out.line("UID", &format!("{}@matinee", file.booking.booking_id));
    let created = file.booking.created_at;
    let (stamp, sequence) = match mailed {
        Some((_, now)) => (now, (now - created).num_seconds().max(0) as u64),
        None => (created, file.booking.version),
    };
    out.time("DTSTAMP", stamp);
    out.line("SEQUENCE", &sequence.to_string());
    out.time("DTSTART", show.show.start_time);
    out.time("DTEND", show.show.end_time);
    if method == Some(Method::Cancel) {
        out.line("STATUS", "CANCELLED");
    }
    out.text("SUMMARY", &show.movie.name);
    out.text(
        "LOCATION",
        &format!("{}, {}, {}", show.theater.name, place.address, place.city),
    );
    let mut about = String::new();
    let _ = write!(
        about,
        "{}, seats {}. ",
        screen.map_or("", |s| s.name.as_str()),
        seats.join(", ")
    );
    let _ = write!(about, "Booking {}.", file.booking.reference);
    out.text("DESCRIPTION", &about);
    out.line("END", "VEVENT");
    out.end()
}

/// A calendar being written, line by line. Values are as RFC 5545 wants them; the order is the caller's.
pub struct Calendar(String);

impl Calendar {
    /// The beginning; `program` says who wrote it.
    pub fn new(program: &str) -> Self {
        let mut calendar = Self(String::new());
        calendar.line("BEGIN", "VCALENDAR");
        calendar.line("VERSION", "2.0");
        calendar.line("PRODID", program);
        calendar.line("CALSCALE", "GREGORIAN");
        calendar
    }
    /// A line whose value needs no escaping.
    pub fn line(&mut self, name: &str, value: &str) {
        push_folded(&mut self.0, &format!("{name}:{value}"));
    }
    /// A line with a text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.line(name, &text(value));
    }
    /// A line with an instant.
    pub fn time(&mut self, name: &str, at: DateTime<Utc>) {
        self.line(name, &stamp(at));
    }
    /// The end: the whole calendar.
    pub fn end(mut self) -> String {
        self.line("END", "VCALENDAR");
        self.0
    }
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
