//! Gift cards: money a theater was paid before, and whose code is the only proof of it.
//!
//! A card pays for a part of a booking or for all of it; it takes nothing off a price. Here is what a code is, what a card
//! covers, and where money goes that comes back. Moving it is the store's, in the transaction of the step it belongs to.

use crate::{ids::GiftCardId, limits, money::Money};
use chrono::{DateTime, Utc};
use std::{fmt, str::FromStr};

/// Crockford's alphabet: none of its letters is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// With the check character.
const LENGTH: usize = 20;
const GROUP: usize = 4;

/// The secret of a card: 95 random bits and a check character. Nothing keeps it; only its digest and its last group are.
#[derive(Clone, PartialEq, Eq)]
pub struct GiftCode([u8; LENGTH]);

/// Why a text cannot be a card's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a gift card's code has {LENGTH} letters and digits, and the last one fits the others")]
pub struct NotAGiftCode;

impl GiftCode {
    /// A new code.
    pub fn from_random(random: [u8; 12]) -> Self {
        let mut bits = random
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut code = [0; LENGTH];
        for symbol in &mut code[..LENGTH - 1] {
            *symbol = ALPHABET[(bits % 32) as usize];
            bits /= 32;
        }
        code[LENGTH - 1] = check_character(&code[..LENGTH - 1]);
        Self(code)
    }

    /// What a digest is made of: the same however it was typed.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What may be shown of it.
    pub fn last4(&self) -> String {
        text(&self.0[LENGTH - GROUP..]).to_owned()
    }
}

/// Only ASCII is ever kept in a code.
fn text(symbols: &[u8]) -> &str {
    std::str::from_utf8(symbols).unwrap_or_default()
}

fn value(symbol: u8) -> Option<usize> {
    ALPHABET.iter().position(|known| *known == symbol)
}

/// Luhn's sum in base 32: one wrong character is noticed, and so are most swapped neighbours.
fn check_character(symbols: &[u8]) -> u8 {
    let sum: usize = symbols
        .iter()
        .rev()
        .enumerate()
        .map(|(place, symbol)| {
            let value = value(*symbol).unwrap_or_default() * if place % 2 == 0 { 2 } else { 1 };
            value / 32 + value % 32
        })
        .sum();
    ALPHABET[(32 - sum % 32) % 32]
}

impl FromStr for GiftCode {
    type Err = NotAGiftCode;
    /// Reads what a person typed: any case, with or without separators, O for 0 and I or L for 1.
    fn from_str(typed: &str) -> Result<Self, NotAGiftCode> {
        let mut code = [0; LENGTH];
        let mut length = 0;
        for letter in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let symbol = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let symbol = u8::try_from(symbol).map_err(|_| NotAGiftCode)?;
            if length == LENGTH || value(symbol).is_none() {
                return Err(NotAGiftCode);
            }
            code[length] = symbol;
            length += 1;
        }
        let (symbols, check) = code.split_at(LENGTH - 1);
        if length < LENGTH || check_character(symbols) != check[0] {
            return Err(NotAGiftCode);
        }
        Ok(Self(code))
    }
}

/// In groups, as it is printed.
impl fmt::Display for GiftCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, group) in self.0.chunks(GROUP).enumerate() {
            let dash = if at == 0 { "" } else { "-" };
            write!(f, "{dash}{}", text(group))?;
        }
        Ok(())
    }
}

/// A log never has a code.
impl fmt::Debug for GiftCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GiftCode(…{})", self.last4())
    }
}

/// Whether a card pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftState {
    Active,
    /// It pays nothing until it is unblocked; money still goes back to it.
    Blocked,
}

impl GiftState {
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Blocked]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A card without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftCard {
    pub card_id: GiftCardId,
    pub last4: String,
    pub initial: Money,
    /// Never below zero, never above `initial`.
    pub balance: Money,
    pub state: GiftState,
    /// The first moment at which it pays nothing any more; `None`: it does not end.
    pub ends_at: Option<DateTime<Utc>>,
}

impl GiftCard {
    /// It pays now.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == GiftState::Active && self.ends_at.is_none_or(|end| now < end)
    }

    /// What it pays of an amount, when of what it leaves at least so much has to be left: all it has, or a little less.
    /// `None` when the amount is of another currency.
    pub fn covers(&self, due: Money, least_minor: i64) -> Option<Money> {
        (due.currency == self.balance.currency).then(|| {
            let due_minor = due.amount_minor.max(0);
            let all = due_minor.min(self.balance.amount_minor);
            let too_little_left = all < due_minor && due_minor - all < least_minor;
            let covered = if too_little_left {
                (due_minor - least_minor).max(0)
            } else {
                all
            };
            Money::new(covered, due.currency)
        })
    }
}

/// Why money moves from a card or to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftEntryKind {
    /// The card was made.
    Issue,
    /// A payment began.
    Claim,
    /// A payment came to nothing.
    Return,
    /// Tickets were cancelled, or the money came too late.
    Refund,
}

impl GiftEntryKind {
    /// The text a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Claim => "claim",
            Self::Return => "return",
            Self::Refund => "refund",
        }
    }
    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Issue, Self::Claim, Self::Return, Self::Refund]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
    /// Until when a card that ends must be good at least, once this happened: a refund nobody can spend would be none. A
    /// payment that came to nothing prolongs nothing, or trying to pay would.
    pub fn good_until(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::Refund).then(|| at + limits::GIFT_PROLONGED)
    }
}

/// What a card pays of one payment. The gateway is asked for the rest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftPart {
    pub card_id: GiftCardId,
    pub last4: String,
    /// Claimed when the payment began, in minor units of its currency; more than zero.
    pub amount_minor: i64,
    /// What of it went back to the card.
    pub returned_minor: i64,
}

impl GiftPart {
    /// What of the claim is not back on the card.
    pub const fn held_minor(&self) -> i64 {
        self.amount_minor - self.returned_minor
    }

    /// What people read.
    pub fn label(&self) -> String {
        format!("Gift card •••• {}", self.last4)
    }
}

/// Money that comes back, by where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// To the means of payment.
    pub payer_minor: i64,
    pub card_minor: i64,
}

impl Back {
    /// First what was charged, then what the card paid; never more than is left of either.
    pub fn of(amount_minor: i64, charged_minor: i64, on_card_minor: i64) -> Self {
        let payer_minor = amount_minor.min(charged_minor).max(0);
        Self {
            payer_minor,
            card_minor: (amount_minor - payer_minor).min(on_card_minor).max(0),
        }
    }
}

#[cfg(test)]
mod tests;
