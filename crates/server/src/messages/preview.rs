//! Messages filled in with an invented booking, so that words can be read before anybody gets them.

use super::{
    kind::Kind,
    letters::{Elsewhere, View, letter},
    locale::Place,
    words::{Language, Words, WordsError},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::money::{Currency, Money};
use matinee_integrations::channels::Letter;

/// 3 May 2030, 20:00 in Berlin.
const START: i64 = 1_904_061_600;

/// An invented booking, as a message of this kind would tell of it.
pub fn sample(kind: Kind, language: Language, country: &str) -> Result<View, WordsError> {
    let place = Place::new(language, country);
    let zone = chrono_tz::Europe::Berlin;
    let start: DateTime<Utc> = DateTime::from_timestamp(START, 0).unwrap_or_default();
    let euro = |amount| place.money(Money::new(amount, Currency::new(*b"EUR")));
    let back = matches!(
        kind,
        Kind::Cancellation | Kind::Refund | Kind::ShowCancelled | Kind::NoRoom
    );
    Ok(View {
        movie: "Casablanca".into(),
        reference: "7XK2M-9QRTA".into(),
        when: place.date(start, zone)?,
        before: (kind == Kind::Change)
            .then(|| place.date(start - TimeDelta::minutes(45), zone))
            .transpose()?,
        theater: "Filmpalast".into(),
        screen: "Saal 1".into(),
        seats: "G7, G8".into(),
        total: euro(2900),
        elsewhere: match kind {
            Kind::Change => Elsewhere {
                screen_before: Some("Saal 2".into()),
                seats_before: Some("F3, F4".into()),
            },
            _ => Elsewhere::default(),
        },
        refund: back.then(|| euro(2900)),
        refund_method: "Visa •••• 4242".into(),
        words: (kind == Kind::ShowCancelled).then(|| "☂ 3.–5.5.".into()),
        guest: false,
        test: false,
        has_booking: !kind.is_about_an_account(),
        link: "https://tickets.example.org/bookings/…".into(),
        unsubscribe: (kind == Kind::Reminder).then(|| "https://tickets.example.org/profile".into()),
    })
}

/// The whole message.
pub fn preview(kind: Kind, language: Language, country: &str) -> Result<Letter, WordsError> {
    letter(kind, Words::of(language), &sample(kind, language, country)?)
}
