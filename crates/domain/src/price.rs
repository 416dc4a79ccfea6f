//! What a seat costs: base price by category, rules by day and time, ticket types, fees and tax.
//!
//! A price list is resolved once for a show into [`ShowPrices`] (the rules looked at the show's local start), so that
//! selling needs no calendar. All prices are all-in: fee and tax are inside the number people see first; the
//! breakdown only explains it. What a promotion code takes off is `discount`.

use crate::{
    money::{Currency, MAX_AMOUNT_MINOR, Money, MoneyError},
    seat_map::SeatCategory,
};
use chrono::{Datelike, NaiveDateTime, Timelike};
use matinee_planted::planted;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// How a rule or ticket type changes a price.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PriceChange {
    /// In basis points of the price: −2500 is a quarter off.
    BasisPoints(i32),
    /// In minor units, added.
    Amount(i32),
    /// In minor units, instead of the price.
    Fixed(u32),
}

/// The base price of a seat category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryPrice {
    /// The map category's code.
    pub category: String,
    pub amount_minor: i64,
}

/// When a price list differs from its base. All given conditions must hold, by the show's local start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// What people read in the breakdown, e.g. "Matinee".
    pub label: String,
    /// ISO weekdays, 1 = Monday … 7 = Sunday; empty means every day.
    #[serde(default)]
    pub weekdays: Vec<u8>,
    /// Local minutes since midnight, inclusive.
    #[serde(default)]
    pub from_minute: Option<u16>,
    /// Local minutes since midnight, exclusive.
    #[serde(default)]
    pub until_minute: Option<u16>,
    /// Category codes; empty means every category.
    #[serde(default)]
    pub categories: Vec<String>,
    pub change: PriceChange,
}

/// A theater's named list of prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    pub external_id: String,
    pub name: String,
    pub prices: Vec<CategoryPrice>,
    #[serde(default)]
    pub rules: Vec<PriceRule>,
}

/// Who a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketType {
    /// `standard`, `child`, `senior`, `student` …
    pub code: String,
    pub label: String,
    pub change: PriceChange,
    /// What to show at the door, e.g. "Student card".
    #[serde(default)]
    pub proof: Option<String>,
}

/// The code of the ticket type that applies when none is named.
pub const STANDARD: &str = "standard";

/// Fees inside the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fees {
    /// Minor units per seat.
    #[serde(default)]
    pub per_seat_minor: i64,
}

/// Tax inside the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// What people read, e.g. "VAT 14 %".
    pub label: String,
    /// Basis points: 1400 is 14 %.
    pub basis_points: u32,
}

/// A show's prices, resolved: what the server keeps with the show and sells by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowPrices {
    pub currency: Currency,
    /// Per map category (by index): the price before ticket type and fee, in minor units.
    pub base_minor: Vec<i64>,
    /// The rules that applied, for the breakdown.
    pub applied: Vec<String>,
    pub ticket_types: Vec<TicketType>,
    pub fees: Fees,
    pub tax: Tax,
}

/// A line of a price breakdown. Lines of kind [`LineKind::Part`] add up to the total; taxes are contained in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub label: String,
    pub amount: Money,
    pub kind: LineKind,
}

/// Whether a line adds to the total or says what the total contains.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Adds to the total.
    Part,
    /// Already inside the total (tax).
    Contained,
}

/// Why a price cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("the price list has no price for category {0}")]
    MissingCategory(String),
    #[error("there is no ticket type {0}")]
    UnknownTicketType(String),
    #[error("a booking needs at least one seat")]
    NoSeats,
    #[error("a price is negative or too large")]
    OutOfRange,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The price of seats chosen together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// All-in, one per seat, in the order asked.
    pub seats: Vec<Money>,
    pub total: Money,
    pub lines: Vec<Line>,
}

/// The standard ticket of a theater that names none: the price as it stands.
static PLAIN_STANDARD: LazyLock<TicketType> = LazyLock::new(|| TicketType {
    code: STANDARD.into(),
    label: "Standard".into(),
    change: PriceChange::BasisPoints(0),
    proof: None,
});

/// What a whole price is in basis points.
pub(crate) const WHOLE: i128 = 10_000;

/// `amount × numerator ÷ denominator`, half away from zero. The denominator is positive.
pub(crate) fn scale(amount: i64, numerator: i128, denominator: i128) -> i128 {
    let product = i128::from(amount) * numerator;
    if planted!("fee_rounding") {
        return product / denominator;
    }
    let half = if product < 0 {
        -(denominator / 2)
    } else {
        denominator / 2
    };
    (product + half) / denominator
}

fn in_range(amount: i128) -> Result<i64, PriceError> {
    i64::try_from(amount)
        .ok()
        .filter(|minor| (0..=MAX_AMOUNT_MINOR).contains(minor))
        .ok_or(PriceError::OutOfRange)
}

impl PriceChange {
    /// The changed price: never below 0, an error when it leaves the range of [`Money`].
    fn apply(self, price_minor: i64) -> Result<i64, PriceError> {
        let changed = match self {
            Self::BasisPoints(points) => scale(price_minor, WHOLE + i128::from(points), WHOLE),
            Self::Amount(minor) => i128::from(price_minor) + i128::from(minor),
            Self::Fixed(minor) => i128::from(minor),
        };
        in_range(changed.max(0))
    }
}

impl PriceRule {
    /// The day and the time are right. The weekday is the show's own, also in a window that wraps midnight: a show at
    /// 00:30 on Saturday is a Saturday show.
    fn applies_at(&self, local_start: NaiveDateTime) -> bool {
        let weekday = local_start.weekday().number_from_monday() as u8;
        let minute = (local_start.hour() * 60 + local_start.minute()) as u16;
        let from = self.from_minute.unwrap_or(0);
        let until = self.until_minute.unwrap_or(24 * 60);
        let inside = if from < until {
            (from..until).contains(&minute)
        } else {
            minute >= from || minute < until
        };
        inside && (self.weekdays.is_empty() || self.weekdays.contains(&weekday))
    }

    fn covers(&self, category: &str) -> bool {
        self.categories.is_empty() || self.categories.iter().any(|code| code == category)
    }
}

impl ShowPrices {
    /// Resolves a price list for a show that starts at `local_start` on the theater's clock. Rules apply in the
    /// order of the list, each to what the one before left. Every price that could be asked for is made once, so
    /// that selling by the result cannot meet a price out of range.
    pub fn resolve(
        currency: Currency,
        list: &PriceList,
        ticket_types: &[TicketType],
        fees: Fees,
        tax: &Tax,
        categories: &[SeatCategory],
        local_start: NaiveDateTime,
    ) -> Result<Self, PriceError> {
        let rules: Vec<&PriceRule> = list
            .rules
            .iter()
            .filter(|rule| rule.applies_at(local_start))
            .collect();
        let mut base_minor = Vec::with_capacity(categories.len());
        for category in categories {
            let base = list
                .prices
                .iter()
                .find(|price| price.category == category.code);
            let base = base.ok_or_else(|| PriceError::MissingCategory(category.code.clone()))?;
            let start = in_range(i128::from(base.amount_minor))?;
            let covering = rules.iter().filter(|rule| rule.covers(&category.code));
            base_minor.push(
                covering
                    .copied()
                    .try_fold(start, |price, rule| rule.change.apply(price))?,
            );
        }
        let mut applied: Vec<String> = Vec::new();
        for rule in rules {
            if categories
                .iter()
                .any(|category| rule.covers(&category.code))
                && !applied.contains(&rule.label)
            {
                applied.push(rule.label.clone());
            }
        }
        let mut ticket_types = ticket_types.to_vec();
        if !ticket_types
            .iter()
            .any(|ticket_type| ticket_type.code == STANDARD)
        {
            ticket_types.insert(0, PLAIN_STANDARD.clone());
        }
        let prices = Self {
            currency,
            base_minor,
            applied,
            ticket_types,
            fees,
            tax: tax.clone(),
        };
        for ticket_type in &prices.ticket_types {
            for category in 0..prices.base_minor.len() {
                prices.all_in(category as u16, ticket_type)?;
            }
        }
        Ok(prices)
    }

    /// The ticket type with this code; standard always exists.
    pub fn ticket_type(&self, code: &str) -> Option<&TicketType> {
        let named = self
            .ticket_types
            .iter()
            .find(|ticket_type| ticket_type.code == code);
        named.or_else(|| (code == STANDARD).then(|| &*PLAIN_STANDARD))
    }

    /// What one seat costs, fee and tax included.
    pub fn seat_price(&self, category: u16, ticket_type: &str) -> Result<Money, PriceError> {
        let minor = self.all_in(category, self.known_type(ticket_type)?)?;
        Ok(Money::new(minor, self.currency))
    }

    /// The lowest standard price, fee and tax included: what a showtime shows.
    pub fn from_price(&self) -> Money {
        let prices = (0..self.base_minor.len())
            .filter_map(|category| self.seat_price(category as u16, STANDARD).ok());
        prices
            .min_by_key(|price| price.amount_minor)
            .unwrap_or(Money::zero(self.currency))
    }

    /// The prices of the counter, where the web's booking fee is not asked.
    pub fn at_counter(&self) -> Self {
        Self {
            fees: Fees::default(),
            ..self.clone()
        }
    }

    /// The same seats and ticket types as a present.
    pub fn as_present(&self) -> Self {
        let free = |ticket_type: &TicketType| TicketType {
            change: PriceChange::Fixed(0),
            ..ticket_type.clone()
        };
        Self {
            base_minor: vec![0; self.base_minor.len()],
            fees: Fees::default(),
            ticket_types: self.ticket_types.iter().map(free).collect(),
            ..self.clone()
        }
    }

    fn known_type(&self, code: &str) -> Result<&TicketType, PriceError> {
        self.ticket_type(code)
            .ok_or_else(|| PriceError::UnknownTicketType(code.into()))
    }

    fn fee(&self) -> Result<i64, PriceError> {
        in_range(i128::from(self.fees.per_seat_minor))
    }

    fn ticket_minor(&self, category: u16, ticket_type: &TicketType) -> Result<i64, PriceError> {
        let base = self.base_minor.get(usize::from(category));
        let base = base.ok_or_else(|| PriceError::MissingCategory(format!("number {category}")))?;
        ticket_type.change.apply(in_range(i128::from(*base))?)
    }

    fn all_in(&self, category: u16, ticket_type: &TicketType) -> Result<i64, PriceError> {
        in_range(i128::from(self.ticket_minor(category, ticket_type)?) + i128::from(self.fee()?))
    }
}

/// Splits an amount by weights so that the parts add up to it exactly (largest remainder; of equal remainders the
/// heavier, then the earlier part gets the unit). A heavier part never gets less. Weights below 0 count as 0; when none
/// is above 0 all count alike. With no weights there are no parts.
pub fn apportion(total_minor: i64, weights: &[i64]) -> Vec<i64> {
    let mut weights: Vec<i128> = weights
        .iter()
        .map(|weight| i128::from((*weight).max(0)))
        .collect();
    if weights.iter().all(|weight| *weight == 0) {
        weights.fill(1);
    }
    let sum: i128 = weights.iter().sum();
    let size = i128::from(total_minor).abs();
    let mut parts: Vec<i128> = weights.iter().map(|weight| size * weight / sum).collect();
    let left_over = (size - parts.iter().sum::<i128>()) as usize;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| {
        (
            std::cmp::Reverse((size * weights[*i] % sum, weights[*i])),
            *i,
        )
    });
    for i in order.into_iter().take(left_over) {
        parts[i] += 1;
    }
    let sign = i128::from(total_minor.signum());
    parts.into_iter().map(|part| (sign * part) as i64).collect()
}

mod discount;
mod quote;
#[cfg(test)]
mod tests;
