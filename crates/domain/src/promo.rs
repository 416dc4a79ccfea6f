//! Promotion codes: what one takes off, of which seats, when and how often.
//!
//! A code's terms never change once it is made, so whoever holds it keeps what was promised; an operator can only end it.
//! Counting its uses is the store's, with the seats; here is only what a code is worth to a booking, and when two e-mail
//! addresses are one customer's.

use crate::{
    ids::{MovieId, ShowId},
    money::{Currency, Money},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A code as it is kept: capitals, digits, `-` and `_`. What people type is read without regard to case and spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PromoCode(String);

/// Why a text cannot be a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a code has {MIN_CODE} to {MAX_CODE} letters (A–Z), digits, - and _")]
pub struct NotACode;

const MIN_CODE: usize = 3;
const MAX_CODE: usize = 32;

impl PromoCode {
    /// The code as a store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for PromoCode {
    type Err = NotACode;
    fn from_str(typed: &str) -> Result<Self, NotACode> {
        let mut code = String::with_capacity(MAX_CODE);
        for letter in typed.chars().filter(|letter| !letter.is_whitespace()) {
            let fits = letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
            if !fits || code.len() == MAX_CODE {
                return Err(NotACode);
            }
            code.push(letter.to_ascii_uppercase());
        }
        if code.len() < MIN_CODE {
            return Err(NotACode);
        }
        Ok(Self(code))
    }
}
impl TryFrom<String> for PromoCode {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        text.parse()
    }
}
impl From<PromoCode> for String {
    fn from(code: PromoCode) -> Self {
        code.0
    }
}
impl fmt::Display for PromoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a code takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Once for the booking, shared among the seats it is for.
    Fixed(Money),
    /// Basis points of each seat it is for: 2500 is a quarter.
    Percent(u16),
}

/// What a code is worth and for what. An empty list means no restriction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromoTerms {
    pub discount: Discount,
    /// Codes of ticket types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ticket_types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movies: Vec<MovieId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<ShowId>,
    /// ISO weekdays of the show's local start, 1 = Monday … 7 = Sunday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// It also takes something off tickets that their type makes cheaper already.
    #[serde(default)]
    pub combines_with_reduced: bool,
}

/// A code with its terms and bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promo {
    pub code: PromoCode,
    pub terms: PromoTerms,
    pub starts_at: DateTime<Utc>,
    /// The first moment it is not taken any more.
    pub ends_at: Option<DateTime<Utc>>,
    /// Bookings it may be used by at the same time; `None` is any number.
    pub max_uses: Option<u32>,
    /// Bookings of one customer it may be used by at the same time; `None` is any number.
    pub uses_per_customer: Option<u8>,
}

/// The highest limit of uses for each customer: who may have more needs none.
pub const MAX_USES_PER_CUSTOMER: u8 = 100;

/// An e-mail address as customers are told apart by it: its case and what follows a `+` say nothing about whose it is.
pub fn same_person(email: &str) -> String {
    let email = email.trim().to_lowercase();
    match email.rsplit_once('@') {
        Some((name, domain)) => {
            let name = name
                .split('+')
                .next()
                .filter(|name| !name.is_empty())
                .unwrap_or(name);
            format!("{name}@{domain}")
        }
        None => email,
    }
}

/// Why terms make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPromo {
    #[error("a fixed discount is above 0 and an amount that can be paid in {0}")]
    Amount(Currency),
    #[error("a theater that sells in {theater} cannot take off {discount}")]
    Currency {
        theater: Currency,
        discount: Currency,
    },
    #[error("a percentage is above 0 and at most 100")]
    Percent,
    #[error("weekdays are 1 (Monday) to 7 (Sunday)")]
    Weekday,
    #[error("it must end after it begins")]
    Times,
    #[error("a limit of uses is at least 1")]
    Uses,
    #[error("a limit of uses for each customer is 1 to {MAX_USES_PER_CUSTOMER}")]
    UsesPerCustomer,
}

/// What of a show a code may depend on.
#[derive(Debug, Clone, Copy)]
pub struct PromoShow {
    pub show: ShowId,
    pub movie: MovieId,
    /// ISO weekday of its local start.
    pub weekday: u8,
}

impl Promo {
    /// Refuses terms that make no sense in a theater that sells in this currency.
    pub fn checked(self, currency: Currency) -> Result<Self, BadPromo> {
        match self.terms.discount {
            Discount::Fixed(amount) if amount.currency != currency => {
                return Err(BadPromo::Currency {
                    theater: currency,
                    discount: amount.currency,
                });
            }
            Discount::Fixed(Money { amount_minor, .. }) => {
                let payable = amount_minor % currency.step_minor() == 0;
                if amount_minor <= 0 || amount_minor > crate::money::MAX_AMOUNT_MINOR || !payable {
                    return Err(BadPromo::Amount(currency));
                }
            }
            Discount::Percent(points)
                if points == 0 || i128::from(points) > crate::price::WHOLE =>
            {
                return Err(BadPromo::Percent);
            }
            Discount::Percent(_) => {}
        }
        if self.terms.weekdays.iter().any(|day| !(1..=7).contains(day)) {
            return Err(BadPromo::Weekday);
        }
        if self.ends_at.is_some_and(|end| end <= self.starts_at) {
            return Err(BadPromo::Times);
        }
        if self.max_uses == Some(0) {
            return Err(BadPromo::Uses);
        }
        let each = self.uses_per_customer;
        if each.is_some_and(|each| !(1..=MAX_USES_PER_CUSTOMER).contains(&each)) {
            return Err(BadPromo::UsesPerCustomer);
        }
        Ok(self)
    }

    /// It may be taken up now. Who took it up in time keeps it.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.starts_at <= now && self.ends_at.is_none_or(|end| now < end)
    }

    /// It is for this show.
    pub fn is_for(&self, show: PromoShow) -> bool {
        fn allows<T: PartialEq>(list: &[T], one: &T) -> bool {
            list.is_empty() || list.contains(one)
        }
        let PromoTerms {
            shows,
            movies,
            weekdays,
            ..
        } = &self.terms;
        allows(shows, &show.show) && allows(movies, &show.movie) && allows(weekdays, &show.weekday)
    }
}

#[cfg(test)]
mod tests;
