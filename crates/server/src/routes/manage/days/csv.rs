//! The totals of a day as lines for a spreadsheet: what, which, how many, how much, how much of it went back.
//!
//! Amounts have a point and the decimals of their currency, whatever the reader's language. Names come from people: none
//! of them is taken for a formula.

use chrono::SecondsFormat;
use matinee_api::{DayTotals, Money};
use std::fmt::Write as _;

const HEADER: &str = "section,name,detail,count,amount,refunded,currency\r\n";

/// The lines.
struct Lines {
    text: String,
    currency: String,
}

impl Lines {
    fn line(
        &mut self,
        (section, name, detail): (&str, &str, &str),
        count: Option<u32>,
        (amount, refunded): (Option<Money>, Option<Money>),
    ) {
        let count = count.map(|count| count.to_string()).unwrap_or_default();
        let (amount, refunded) = (decimal(amount), decimal(refunded));
        // Writing to a text cannot fail.
        let _ = write!(
            self.text,
            "{section},{},{},{count},{amount},{refunded},{}\r\n",
            quoted(name),
            quoted(detail),
            self.currency
        );
    }
}

fn decimal(money: Option<Money>) -> String {
    let text = money.map(|money| money.to_string()).unwrap_or_default();
    let number = text.split_once(' ').map(|(_, number)| number.to_owned());
    number.unwrap_or_default()
}

/// A field in quotes. A spreadsheet takes what begins like this for a formula; an apostrophe before it says that it is text.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

/// The whole file.
pub(super) fn written(day: &DayTotals) -> Vec<u8> {
    let mut lines = Lines {
        text: HEADER.to_owned(),
        currency: day.currency.to_string(),
    };
    let date = day.date.to_string();
    let day_of = |name| ("day", name, date.as_str());
    lines.line(
        day_of("sold"),
        Some(day.tickets),
        (Some(day.sold), Some(day.refunded)),
    );
    for (name, amount) in [
        ("net", day.net),
        ("tax in sold", day.tax_sold),
        ("tax in refunded", day.tax_refunded),
        ("late", day.late),
        ("trial", day.trial),
    ] {
        lines.line(day_of(name), None, (Some(amount), None));
    }
    for show in &day.by_show {
        let start = show.start_time.map(|start| {
            let zone: chrono_tz::Tz = day.time_zone.parse().unwrap_or(chrono_tz::UTC);
            let local = start.with_timezone(&zone);
            local.to_rfc3339_opts(SecondsFormat::Secs, false)
        });
        let detail = format!("{} {}", start.unwrap_or_default(), show.screen_name);
        lines.line(
            ("show", &show.movie_name, detail.trim()),
            Some(show.tickets),
            (Some(show.sold), Some(show.refunded)),
        );
    }
    for of in &day.by_ticket_type {
        let what = ("ticket type", of.ticket_type.as_str(), "");
        lines.line(what, Some(of.tickets), (Some(of.sold), None));
    }
    for of in &day.by_method {
        let what = ("method", of.method.as_str(), "");
        let amounts = (Some(of.sold), Some(of.refunded));
        lines.line(what, Some(of.payments), amounts);
    }
    for of in &day.by_channel {
        let tickets = format!("{} tickets", of.tickets);
        let what = ("channel", of.channel.as_str(), tickets.as_str());
        lines.line(what, Some(of.bookings), (Some(of.sold), None));
    }
    for of in &day.refunds_by_reason {
        let what = ("refund", of.reason.as_str(), "");
        lines.line(what, Some(of.refunds), (None, Some(of.amount)));
    }
    for of in &day.settlement {
        let what = ("settlement", of.gateway.as_str(), "");
        lines.line(what, None, (Some(of.captured), Some(of.refunded)));
    }
    lines.text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_never_a_formula_or_another_line() {
        for (name, field) in [
            ("Casablanca", "\"Casablanca\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("-1+1", "\"'-1+1\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
        ] {
            assert_eq!(quoted(name), field);
        }
        let euro = Money::new(-1205, matinee_api::Currency::new(*b"EUR"));
        assert_eq!(decimal(Some(euro)), "-12.05");
        assert_eq!(decimal(None), "");
    }
}
