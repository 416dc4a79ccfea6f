//! What a booking leaves on paper: its receipt and its entry in a calendar, handed to whatever opens such files.

use crate::{
    app::App,
    outside::{Outside, pdf_text},
};
use std::path::PathBuf;

/// The receipt names the booking and what was paid.
pub async fn receipt(app: &App, outside: &Outside, count: usize, reference: &str, total: &str) {
    app.click("//button[normalize-space(.)='Receipt (PDF)']")
        .await;
    let file = PathBuf::from(outside.opened(count).await);
    assert!(file.extension().is_some_and(|end| end == "pdf"));
    let text = pdf_text(&file);
    let amount: String = total
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    assert!(amount.contains('.'), "{total} is an amount");
    for words in [reference, amount.as_str()] {
        assert!(text.contains(words), "{words} is in:\n{text}");
    }
}

/// The calendar's entry is one that a calendar reads, of the show that was booked.
pub async fn calendar(app: &App, outside: &Outside, count: usize) {
    app.click("//button[normalize-space(.)='Add to calendar']")
        .await;
    let file = PathBuf::from(outside.opened(count).await);
    assert!(file.extension().is_some_and(|end| end == "ics"));
    let text = std::fs::read_to_string(file).unwrap();
    let lines = unfolded(&text);
    let title = app.see("//h1").await.text().await.unwrap();
    let value = |name: &str| {
        let mut found = lines.iter().filter(|(own, _)| own == name);
        let one = found.next().unwrap_or_else(|| panic!("{name} in\n{text}"));
        assert!(found.next().is_none(), "{name} once in\n{text}");
        one.1.clone()
    };
    assert_eq!(value("VERSION"), "2.0");
    assert!(!value("UID").is_empty() && !value("DTSTAMP").is_empty());
    assert!(value("SUMMARY").contains(&title), "{title} in\n{text}");
    assert!(value("DTSTART") < value("DTEND"), "{text}");
}

/// RFC 5545: what begins with a blank goes on with the line before; each is a name with parameters, and a value. What is
/// opened is closed.
fn unfolded(text: &str) -> Vec<(String, String)> {
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    let whole = text.replace("\r\n ", "");
    let mut open = Vec::new();
    let mut lines = Vec::new();
    for line in whole.split_terminator("\r\n") {
        let (name, value) = line.split_once(':').expect(line);
        let name = name.split(';').next().unwrap_or(name);
        match name {
            "BEGIN" => open.push(value.to_owned()),
            "END" => assert_eq!(open.pop().as_deref(), Some(value)),
            _ => assert!(!open.is_empty(), "outside: {line}"),
        }
        lines.push((name.to_owned(), value.replace('\\', "")));
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    lines
}
