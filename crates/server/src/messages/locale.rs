//! Money and times as they are written where the theater is, from the locale tables of the GNU C Library.

use super::words::{Language, Words, WordsError};
use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use chrono_tz::Tz;
use matinee_domain::money::Money;
use minijinja::context;
use pure_rust_locales::{Locale, locale_match};

/// A language in a country.
#[derive(Clone, Copy)]
pub struct Place {
    language: Language,
    locale: Locale,
}

impl Place {
    /// The language as it is spoken in a country (ISO 3166-1 alpha-2); where it is not, as in its first country.
    pub fn new(language: Language, country: &str) -> Self {
        let named = format!("{}_{country}", language.name());
        let fallback = match language.name() {
            "de" => Locale::de_DE,
            _ => Locale::en_GB,
        };
        let locale = Locale::try_from(named.as_str()).unwrap_or(fallback);
        Self { language, locale }
    }

    pub const fn language(self) -> Language {
        self.language
    }

    /// An instant on the clocks of a zone, e.g. `Freitag, 3. Mai 2030, 20:00 Uhr`.
    pub fn date(self, at: DateTime<Utc>, zone: Tz) -> Result<String, WordsError> {
        let local = at.with_timezone(&zone);
        let days = locale_match!(self.locale => LC_TIME::DAY);
        let months = locale_match!(self.locale => LC_TIME::MON);
        let weekday = local.weekday().num_days_from_sunday() as usize;
        Words::of(self.language).date(&context! {
            weekday => days.get(weekday).copied().unwrap_or_default(),
            day => local.day(),
            month => months.get(local.month0() as usize).copied().unwrap_or_default(),
            year => local.year(),
            time => self.time(local.hour(), local.minute()),
        })
    }

    fn time(self, hour: u32, minute: u32) -> String {
        let format = locale_match!(self.locale => LC_TIME::T_FMT);
        // German has no word for the halves of a day, whatever a table says of the country.
        let halves =
            self.language.name() == "en" && (format.contains("%r") || format.contains("%p"));
        if !halves {
            return format!("{hour:02}:{minute:02}");
        }
        let half = if hour < 12 { "am" } else { "pm" };
        format!("{}:{minute:02} {half}", (hour + 11) % 12 + 1)
    }

    /// An amount, e.g. `1.234,50 €`. A currency other than the country's own is named by its code.
    pub fn money(self, money: Money) -> String {
        let locale = self.locale;
        let code = money.currency.code();
        let own = locale_match!(locale => LC_MONETARY::INT_CURR_SYMBOL).trim() == code;
        let symbol = if own {
            locale_match!(locale => LC_MONETARY::CURRENCY_SYMBOL)
        } else {
            code
        };
        let decimals = money.currency.decimals();
        let unit = 10_u64.pow(decimals);
        let amount = money.amount_minor.unsigned_abs();
        let whole = grouped(
            amount / unit,
            locale_match!(locale => LC_MONETARY::MON_THOUSANDS_SEP),
        );
        let number = if decimals > 0 {
            let point = locale_match!(locale => LC_MONETARY::MON_DECIMAL_POINT);
            let (width, part) = (decimals as usize, amount % unit);
            format!("{whole}{point}{part:0width$}")
        } else {
            whole
        };
        let precedes = locale_match!(locale => LC_MONETARY::P_CS_PRECEDES) == 1;
        // A code is no symbol: it never touches the number.
        let gap = !own || locale_match!(locale => LC_MONETARY::P_SEP_BY_SPACE) > 0;
        // No line ends between a number and its currency.
        let gap = if gap { "\u{a0}" } else { "" };
        let sign = if money.amount_minor < 0 { "-" } else { "" };
        if precedes {
            format!("{sign}{symbol}{gap}{number}")
        } else {
            format!("{sign}{number}{gap}{symbol}")
        }
    }
}

fn grouped(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(language: &str, country: &str) -> Place {
        Place::new(Language::of(language).unwrap(), country)
    }

    #[test]
    fn money_is_written_as_the_theaters_country_writes_it() {
        for (language, country, amount, currency, written) in [
            ("de", "DE", 123_450, b"EUR", "1.234,50 €"),
            ("de", "AT", 1450, b"EUR", "€ 14,50"),
            ("de", "CH", 1450, b"CHF", "CHF 14.50"),
            ("en", "IE", 1450, b"EUR", "€14.50"),
            ("en", "GB", 1450, b"GBP", "£14.50"),
            ("en", "US", 123_450, b"USD", "$1,234.50"),
            ("en", "US", -1450, b"USD", "-$14.50"),
            // English in Finland: there is no such table, so Britain's, whose currency this is not.
            ("en", "FI", 1450, b"EUR", "EUR 14.50"),
            ("en", "GB", 1450, b"JPY", "JPY 1,450"),
            ("en", "GB", 14_500, b"KWD", "KWD 14.500"),
        ] {
            let money = Money::new(amount, matinee_domain::money::Currency::new(*currency));
            let found = place(language, country).money(money).replace('\u{a0}', " ");
            assert_eq!(found, written, "{language} in {country}");
        }
    }

    #[test]
    fn a_time_is_by_the_theaters_clock_and_country() {
        let at = "2030-05-03T18:05:00Z".parse().unwrap();
        let berlin = chrono_tz::Europe::Berlin;
        for (language, country, zone, written) in [
            ("de", "DE", berlin, "Freitag, 3. Mai 2030, 20:05 Uhr"),
            ("en", "DE", berlin, "Friday 3 May 2030, 20:05"),
            (
                "en",
                "GB",
                chrono_tz::Europe::London,
                "Friday 3 May 2030, 19:05",
            ),
            (
                "en",
                "US",
                chrono_tz::America::New_York,
                "Friday 3 May 2030, 2:05 pm",
            ),
            (
                "en",
                "US",
                chrono_tz::Asia::Tokyo,
                "Saturday 4 May 2030, 3:05 am",
            ),
            (
                "de",
                "US",
                chrono_tz::America::New_York,
                "Freitag, 3. Mai 2030, 14:05 Uhr",
            ),
        ] {
            assert_eq!(place(language, country).date(at, zone).unwrap(), written);
        }
        let noon = |text: &str| {
            place("en", "US")
                .date(text.parse().unwrap(), chrono_tz::UTC)
                .unwrap()
        };
        assert!(noon("2030-05-03T00:30:00Z").ends_with("12:30 am"));
        assert!(noon("2030-05-03T12:30:00Z").ends_with("12:30 pm"));
    }
}
