//! What a seat costs: base price by category, rules by day and time, ticket types, fees and tax.
//!
//! A price list is resolved once for a show into [`ShowPrices`] (the rules looked at the show's local start), so that
//! selling needs no calendar. All prices are all-in: fee and tax are inside the number people see first; the
//! breakdown only explains it. Promo codes are not here yet.

use crate::money::{Currency, Money, MoneyError};
use serde::{Deserialize, Serialize};

/// How a rule or ticket type changes a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
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
