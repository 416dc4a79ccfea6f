//! What a message says: the words of a language filled in with what a booking is now.

use super::{
    kind::Kind,
    locale::Place,
    words::{Part, Words, WordsError},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use matinee_api::{Booking, Refund, RefundStatus};
use matinee_domain::money::Money;
use matinee_integrations::channels::Letter;
use minijinja::{Value, context};
use serde::Deserialize;

/// Where a show was before it moved to another screen; nothing when it stays on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Elsewhere {
    pub screen_before: Option<String>,
    pub seats_before: Option<String>,
}

impl Elsewhere {
    /// As a message's payload says it.
    pub fn of(payload: &str) -> Self {
        serde_json::from_str(payload).unwrap_or_default()
    }
}

/// What the words can name. Times and money are written out already.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub movie: String,
    pub reference: String,
    pub when: String,
    /// When it was to begin before the theater moved it.
    pub before: Option<String>,
    pub theater: String,
    pub screen: String,
    pub seats: String,
    pub total: String,
    /// Where it was to be before the theater moved it to another screen.
    pub elsewhere: Elsewhere,
    /// What goes back, if anything does.
    pub refund: Option<String>,
    pub refund_method: String,
    /// What the theater says besides.
    pub words: Option<String>,
    /// The booking belongs to no account.
    pub guest: bool,
    /// Paid in the sandbox.
    pub test: bool,
    /// False for a message about an account.
    pub has_booking: bool,
    pub link: String,
    /// Where this kind is switched off, when it can be.
    pub unsubscribe: Option<String>,
}

/// The refunds a message tells of: those noted with it, if any went back then; two when a gift card had paid a part. A
/// message without a note (it was written by an older version, or is sent again) tells of the newest that the gateway did
/// not refuse for good.
pub fn refunds_told<'b>(booking: &'b Booking, payload: &str) -> Vec<&'b Refund> {
    let noted: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let mut refunds = booking.refunds.iter();
    match noted.get("refund") {
        Some(ids) => {
            let ids = ids
                .as_array()
                .map_or(std::slice::from_ref(ids), Vec::as_slice);
            let is_noted = |refund: &&Refund| {
                let id = refund.refund_id.to_string();
                ids.iter().any(|noted| noted.as_str() == Some(&id))
            };
            refunds.filter(is_noted).collect()
        }
        None => refunds
            .rfind(|refund| refund.status != RefundStatus::Failed)
            .into_iter()
            .collect(),
    }
}

/// What goes back in all, and where; each part by itself when there are several.
fn back(place: Place, refunds: &[&Refund]) -> (Option<String>, String) {
    let Some((first, rest)) = refunds.split_first() else {
        return (None, String::new());
    };
    if rest.is_empty() {
        return (Some(place.money(first.amount)), first.method.clone());
    }
    let sum = refunds.iter().map(|refund| refund.amount.amount_minor);
    let sum = Money::new(sum.sum(), first.amount.currency);
    let part = |refund: &&Refund| format!("{} ({})", refund.method, place.money(refund.amount));
    let parts: Vec<_> = refunds.iter().map(part).collect();
    (Some(place.money(sum)), parts.join(", "))
}

impl View {
    /// What is said of a booking, and of refunds of it.
    pub fn of_booking(
        place: Place,
        booking: &Booking,
        before: Option<DateTime<Utc>>,
        refunds: &[&Refund],
    ) -> Result<Self, WordsError> {
        let (refund, refund_method) = back(place, refunds);
        let words = Words::of(place.language());
        let zone: Tz = booking.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let seat = |seat: &matinee_api::BookedSeat| {
            let name = format!("{}{}", seat.row, seat.number);
            if seat.cancelled {
                format!("{name} {}", words.cancelled_seat)
            } else {
                name
            }
        };
        let seats: Vec<String> = booking.seats.iter().map(seat).collect();
        Ok(Self {
            movie: booking.movie_name.clone(),
            reference: booking.reference.to_string(),
            when: place.date(booking.show.start_time, zone)?,
            before: before.map(|before| place.date(before, zone)).transpose()?,
            theater: booking.theater_name.clone(),
            screen: booking.show.screen.name.clone(),
            seats: seats.join(", "),
            total: place.money(booking.total_amount),
            elsewhere: Elsewhere::default(),
            refund,
            refund_method,
            words: None,
            guest: booking.guest_email.is_some(),
            test: booking.test,
            has_booking: true,
            link: String::new(),
            unsubscribe: None,
        })
    }

    fn facts(&self, words: &Words) -> Vec<Value> {
        if !self.has_booking {
            return Vec::new();
        }
        let names = &words.facts;
        let place = format!("{}, {}", self.theater, self.screen);
        let mut facts = vec![
            (&names.booking, self.reference.as_str()),
            (&names.movie, &self.movie),
            (&names.when, &self.when),
            (&names.place, &place),
            (&names.seats, &self.seats),
            (&names.total, &self.total),
        ];
        if self.test {
            facts.push((&names.note, &words.test));
        }
        let fact = |(name, value): (&String, &str)| context! { name => name, value => value };
        facts.into_iter().map(fact).collect()
    }
}

/// A message of a kind, in a language. Attachments and what programs read are the caller's to add.
pub fn letter(kind: Kind, words: &Words, view: &View) -> Result<Letter, WordsError> {
    let fields = context! {
        movie => &view.movie,
        reference => &view.reference,
        when => &view.when,
        before => view.before.clone(),
        screen_before => view.elsewhere.screen_before.clone(),
        seats_before => view.elsewhere.seats_before.clone().filter(|seats| *seats != view.seats),
        theater => &view.theater,
        screen => &view.screen,
        seats => &view.seats,
        refund => view.refund.clone(),
        refund_method => &view.refund_method,
        words => view.words.clone(),
        guest => view.guest,
    };
    let say = |part| words.say(kind, part, &fields);
    let subject = say(Part::Subject)?;
    let whole = context! {
        language => words.language().name(),
        opening => say(Part::Opening)?,
        action => say(Part::Action)?,
        facts => view.facts(words),
        link => &view.link,
        unsubscribe => view.unsubscribe.clone(),
        why => &words.why,
    };
    Ok(Letter {
        kind: kind.name().into(),
        language: words.language().name().into(),
        // A header is one line; titles come from outside.
        subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
        text: words.text(&whole)?,
        html: words.html(&whole)?,
        short: say(Part::Short)?,
        link: Some(view.link.clone()).filter(|link| !link.is_empty()),
        unsubscribe: view.unsubscribe.clone(),
        ..Letter::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{
        preview::sample,
        words::{LANGUAGES, Language},
    };

    fn languages() -> impl Iterator<Item = Language> {
        LANGUAGES.iter().map(|name| Language::of(name).unwrap())
    }

    #[test]
    fn every_message_can_be_said_in_every_language_in_every_case() {
        for language in languages() {
            for kind in Kind::ALL {
                for case in 0..8_u8 {
                    let mut view = sample(kind, language, "AT").unwrap();
                    view.guest = case & 1 > 0;
                    view.test = case & 2 > 0;
                    if case & 4 > 0 {
                        (view.refund, view.before, view.unsubscribe) = (None, None, None);
                        view.words = None;
                        view.elsewhere = Elsewhere::default();
                    }
                    let letter = letter(kind, Words::of(language), &view).unwrap();
                    let all = [&letter.subject, &letter.text, &letter.html]
                        .map(String::as_str)
                        .join("\n");
                    assert!(
                        !all.contains("{{") && !all.contains("{%") && !letter.text.contains("none"),
                        "{all}"
                    );
                    assert!(
                        !letter.subject.is_empty() && letter.text.contains(&view.link),
                        "{all}"
                    );
                    assert!(
                        letter
                            .html
                            .contains(&format!("lang=\"{}\"", language.name())),
                        "{all}"
                    );
                    assert_eq!(letter.short.is_empty(), kind.holds_a_secret(), "{kind}");
                    assert_eq!(
                        letter.text.contains(&view.reference),
                        !kind.is_about_an_account(),
                        "{all}"
                    );
                }
            }
        }
    }

    /// A word that is missing in one language would be missed by nobody who reads the other.
    #[test]
    fn languages_say_different_things() {
        let say = |language, kind| {
            let view = sample(kind, language, "DE").unwrap();
            letter(kind, Words::of(language), &view).unwrap()
        };
        for kind in Kind::ALL {
            let said: Vec<_> = languages()
                .map(|language| say(language, kind).text)
                .collect();
            assert!(
                said.windows(2).all(|pair| pair[0] != pair[1]),
                "{kind}: {said:?}"
            );
        }
    }

    #[test]
    fn nothing_from_outside_becomes_markup_or_a_header() {
        let english = Language::of("en").unwrap();
        let mut view = sample(Kind::Confirmation, english, "DE").unwrap();
        view.movie = "<script>\"&\r\nBcc: x@example.org".into();
        view.link = "https://x/?a=1&b=\"".into();
        let letter = letter(Kind::Confirmation, Words::of(english), &view).unwrap();
        assert!(
            !letter.html.contains("<script>") && letter.html.contains("&lt;script&gt;&quot;&amp;"),
            "{}",
            letter.html
        );
        assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
        assert!(letter.text.contains("<script>\"&"));
    }
}
