//! Money as whole minor units of a currency, never a float.
//!
//! Formatting for people is the UI's work (it has the locale); this module only adds, splits and checks.

use matinee_planted::planted;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An ISO 4217 currency. Its number of decimals is a property of the code, not of the amount.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Why a string is not a currency we can sell in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code: three capital letters are expected")]
pub struct InvalidCurrency;

impl Currency {
    /// A currency from its three capital letters.
    pub const fn new(code: [u8; 3]) -> Self {
        Self(code)
    }
    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
    /// Decimals of the minor unit, from ISO 4217: 0, 2 or 3 (the two four-decimal units of account are not money
    /// anybody pays a ticket with).
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
    /// The smallest amount cards are charged or paid back in, in minor units: fils by tens, and no fractions of an ariary.
    pub fn step_minor(&self) -> i64 {
        match &self.0 {
            b"MGA" => 100,
            _ if self.decimals() == 3 => 10,
            _ => 1,
        }
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl FromStr for Currency {
    type Err = InvalidCurrency;
    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(InvalidCurrency)
        }
    }
}
impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl specta::Type for Currency {
    fn definition(types: &mut specta::Types) -> specta::datatype::DataType {
        <String as specta::Type>::definition(types)
    }
}
impl schemars::JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// The largest amount handled: 2⁵³−1 minor units, what JSON carries exactly.
pub const MAX_AMOUNT_MINOR: i64 = (1 << 53) - 1;

/// An amount in one currency.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
pub struct Money {
    /// Minor units (cents for EUR, yen for JPY, fils for KWD).
    #[specta(type = i32)]
    pub amount_minor: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// Why two amounts cannot be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The currencies differ.
    #[error("{0} and {1} cannot be added")]
    CurrencyMismatch(Currency, Currency),
    /// The sum leaves the range JSON carries exactly.
    #[error("the amount is out of range")]
    OutOfRange,
}

impl Money {
    /// An amount of minor units.
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self {
            amount_minor,
            currency,
        }
    }
    /// No money.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }
    /// An amount as people write it in text without a language: `5`, `5.5` or `5.50` for EUR. `None` when it is none, or
    /// finer than the currency.
    pub fn from_decimal(text: &str, currency: Currency) -> Option<Self> {
        minor_units(text, currency.decimals()).map(|minor| Self::new(minor, currency))
    }
    /// The sum, when the currencies agree and the result is in range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }
    /// The difference, when the currencies agree and the result is in range.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }
    fn combine(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = op(self.amount_minor, other.amount_minor).ok_or(MoneyError::OutOfRange)?;
        let amount = if planted!("money_as_float") {
            (amount as f32) as i64
        } else {
            amount
        };
        if amount.abs() > MAX_AMOUNT_MINOR {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self::new(amount, self.currency))
    }
}

/// A decimal number that is not negative, in units of its last decimal: `1.5` with two decimals is 150.
pub fn minor_units(text: &str, decimals: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        !whole.is_empty() && digits(whole) && digits(part) && part.len() <= decimals as usize;
    if !fits || text.ends_with('.') {
        return None;
    }
    let number = format!("{whole}{part:0<width$}", width = decimals as usize);
    let number: i64 = number.parse().ok()?;
    (number <= MAX_AMOUNT_MINOR).then_some(number)
}

/// As people write it in text without a language: the currency, then the amount with its decimals.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let (amount, unit) = (self.amount_minor.unsigned_abs(), 10_u64.pow(decimals));
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        write!(f, "{} {sign}{}", self.currency, amount / unit)?;
        if decimals == 0 {
            return Ok(());
        }
        write!(f, ".{:0width$}", amount % unit, width = decimals as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let amount = |minor, code: &[u8; 3]| Money::new(minor, Currency::new(*code)).to_string();
        assert_eq!(amount(1450, b"EUR"), "EUR 14.50");
        assert_eq!(amount(-5, b"EUR"), "EUR -0.05");
        assert_eq!(amount(1500, b"JPY"), "JPY 1500");
        assert_eq!(amount(3250, b"KWD"), "KWD 3.250");
        assert_eq!(amount(0, b"EUR"), "EUR 0.00");
    }

    #[test]
    fn cards_pay_whole_steps_of_a_currency() {
        for (code, step) in [(b"EUR", 1), (b"JPY", 1), (b"KWD", 10), (b"MGA", 100)] {
            assert_eq!(Currency::new(*code).step_minor(), step);
        }
    }

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        let read = |text, code: &[u8; 3]| {
            Money::from_decimal(text, Currency::new(*code)).map(|money| money.amount_minor)
        };
        for (text, minor) in [("5", 500), ("5.5", 550), ("05.05", 505), ("0.00", 0)] {
            assert_eq!(read(text, b"EUR"), Some(minor), "{text}");
        }
        assert_eq!(read("1500", b"JPY"), Some(1500));
        assert_eq!(read("3.25", b"KWD"), Some(3250));
        for text in [
            "",
            ".5",
            "5.",
            "5.555",
            "-5",
            "5,00",
            "1e3",
            "5.-1",
            "99999999999999999999",
        ] {
            assert_eq!(read(text, b"EUR"), None, "{text}");
        }
        assert_eq!(read("1.5", b"JPY"), None);
    }

    /// No sum goes through a float: 2²⁴ + 1 is the first whole number that a short one does not hold, and the largest
    /// amount is the last that a long one does.
    #[test]
    fn sums_are_exact_to_the_last_minor_unit() {
        let eur = |minor| Money::new(minor, Currency::new(*b"EUR"));
        for sum in [
            (1 << 24) + 1,
            (1 << 31) + 3,
            (1 << 52) + 1,
            MAX_AMOUNT_MINOR,
        ] {
            for part in [1, 2, 1999, sum - 1] {
                assert_eq!(eur(sum - part).checked_add(eur(part)), Ok(eur(sum)));
                assert_eq!(eur(sum).checked_sub(eur(part)), Ok(eur(sum - part)));
            }
        }
    }
}
