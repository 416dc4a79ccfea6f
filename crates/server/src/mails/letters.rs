//! What each message says, as text and as HTML. English for now; the words are in one place so that a translation is
//! a second table, not a second renderer.

use matinee_api::{Booking, Money};
use std::fmt::Write as _;

/// A rendered message.
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A message about a booking; `None` for a kind nobody knows.
pub fn about_booking(kind: &str, booking: &Booking, link: &str) -> Option<Letter> {
    let movie = &booking.movie_name;
    let (subject, opening, action) = match kind {
        "confirmation" => (
            format!("Your tickets: {movie}"),
            "Your booking is confirmed and your tickets are attached.".to_owned() + way_back(booking),
            "Show my tickets",
        ),
        "cancellation" => (
            format!("Cancelled: {movie}"),
            "Your tickets were cancelled as you asked.".to_owned() + &refund_line(booking),
            "Show my booking",
        ),
        "refund" => (
            format!("Refund: {movie}"),
            "Your refund is on its way; banks take up to ten days to show it.".to_owned() + &refund_line(booking),
            "Show my booking",
        ),
        "payment_failed" => (
            format!("Not booked: {movie}"),
            "Your payment did not go through in time and the seats are free again. You have not been charged; \
             anything your bank set aside is released."
                .to_owned(),
            "Look at the booking",
        ),
        "recovery" => (
            "Your booking at Matinee".to_owned(),
            "Somebody, we hope you, asked for the way back to this booking. The link works once, for 15 minutes. \
             If it was not you, do nothing."
                .to_owned(),
            "Open my booking",
        ),
        _ => return None,
    };
    Some(letter(subject, &opening, &facts(booking), action, link))
}

/// A message about an account; `None` for a kind nobody knows.
pub fn about_account(kind: &str, link: &str) -> Option<Letter> {
    let (subject, opening, action) = match kind {
        "password_reset" => (
            "Choose a new password",
            "Somebody, we hope you, asked for a new password. The link works once, for a short time. If it was not \
             you, do nothing: your password stays as it is.",
            "Choose a new password",
        ),
        "email_verification" => (
            "Confirm your e-mail address",
            "Confirm that this address is yours, and bookings made with it as a guest join your account.",
            "Confirm my address",
        ),
        _ => return None,
    };
    Some(letter(subject.to_owned(), opening, &[], action, link))
}

/// A guest's page asks for the address first: the link in a mail opens nothing by itself.
fn way_back(booking: &Booking) -> &'static str {
    if booking.guest_email.is_some() {
        " The page behind this link shows them too: enter this e-mail address there, and a link that opens the booking \
         comes by mail."
    } else {
        " They are on the page behind this link too."
    }
}

fn refund_line(booking: &Booking) -> String {
    let total: i64 = booking
        .refunds
        .iter()
        .map(|refund| refund.amount.amount_minor)
        .sum();
    if total == 0 {
        return String::new();
    }
    let method = booking
        .refunds
        .first()
        .map(|refund| refund.method.as_str())
        .unwrap_or_default();
    format!(
        " {} go back to {method}.",
        Money::new(total, booking.total_amount.currency)
    )
}

fn facts(booking: &Booking) -> Vec<(&'static str, String)> {
    let zone: chrono_tz::Tz = booking.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let start = booking
        .show
        .start_time
        .with_timezone(&zone)
        .format("%A %-d %B %Y, %H:%M")
        .to_string();
    let seats: Vec<String> = booking
        .seats
        .iter()
        .map(|seat| {
            format!(
                "{}{}{}",
                seat.row,
                seat.number,
                if seat.cancelled { " (cancelled)" } else { "" }
            )
        })
        .collect();
    let mut facts = vec![
        ("Booking", booking.reference.to_string()),
        ("Movie", booking.movie_name.clone()),
        ("When", start),
        (
            "Where",
            format!("{}, {}", booking.theater_name, booking.show.screen.name),
        ),
        ("Seats", seats.join(", ")),
        ("Total", booking.total_amount.to_string()),
    ];
    if booking.test {
        facts.push((
            "Note",
            "Paid in the sandbox: no real money moved and these tickets open no door.".into(),
        ));
    }
    facts
}

fn letter(
    subject: String,
    opening: &str,
    facts: &[(&str, String)],
    action: &str,
    link: &str,
) -> Letter {
    let mut text = format!("{opening}\n\n");
    for (name, value) in facts {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{action}: {link}\n");
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><body style=\"font:16px/1.5 system-ui,sans-serif;color:#1A1A1E;max-width:34rem;margin:auto;padding:24px\"><p>{}</p><table>",
        escape(opening)
    );
    for (name, value) in facts {
        let _ = write!(
            html,
            "<tr><th align=\"left\" style=\"padding-right:16px;font-weight:400;color:#5B5E68\">{}</th><td>{}</td></tr>",
            escape(name),
            escape(value)
        );
    }
    let _ = write!(
        html,
        "</table><p><a href=\"{}\" style=\"display:inline-block;background:#B8410B;color:#fff;padding:12px 20px;border-radius:10px;text-decoration:none\">{}</a></p></body></html>",
        escape(link),
        escape(action)
    );
    Letter {
        subject,
        text,
        html,
    }
}

/// Titles and names come from outside: they are text, never markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let letter = letter(
            "s".into(),
            "<b>",
            &[("Movie", "<script>\"&".into())],
            "a",
            "https://x/?a=1&b=\"",
        );
        assert!(!letter.html.contains("<script>") && !letter.html.contains("<b>"));
        assert!(letter.html.contains("&lt;script&gt;&quot;&amp;"));
    }

    #[test]
    fn every_kind_has_words_and_an_unknown_one_has_none() {
        for kind in ["password_reset", "email_verification"] {
            assert!(about_account(kind, "https://x").is_some(), "{kind}");
        }
        assert!(about_account("nonsense", "https://x").is_none());
    }
}
