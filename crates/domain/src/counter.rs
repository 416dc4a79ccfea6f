//! Selling at the counter: how people pay there, and what has to be in a drawer.
//!
//! Seats and prices are those of everybody; that the web's booking fee is not charged is said where prices are made.

use crate::ids::ShiftId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Seats of one sale: a school class with its teachers. The web's limits are against those who hold seats and do not
/// pay; at the counter somebody stands there with money.
pub const SEATS_PER_SALE: u16 = 100;
/// The name of the gateway that counter payments are recorded at.
pub const GATEWAY: &str = "counter";

/// How somebody pays at the counter.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SaleMethod {
    /// Coins and notes, into the shift's drawer.
    Cash,
    /// A card terminal that knows nothing of us: the seller says that it was paid.
    Terminal,
    /// Nothing: the theater invites.
    Invitation,
}

impl SaleMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Cash, Self::Terminal, Self::Invitation];

    /// The text on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Terminal => "terminal",
            Self::Invitation => "invitation",
        }
    }

    /// What people read on a receipt.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cash => "Cash",
            Self::Terminal => "Card at the counter",
            Self::Invitation => "Invitation",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// A method with the shift whose money it is: the payment method token of a sale, `cash:h…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tender {
    pub method: SaleMethod,
    /// Only an invitation needs none.
    pub shift: Option<ShiftId>,
}

impl fmt::Display for Tender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method.as_str())?;
        match &self.shift {
            Some(shift) => write!(f, ":{shift}"),
            None => Ok(()),
        }
    }
}

/// The text is no tender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tender is cash, terminal or invitation with its shift")]
pub struct NoTender;

impl FromStr for Tender {
    type Err = NoTender;

    fn from_str(text: &str) -> Result<Self, NoTender> {
        let (method, shift) = match text.split_once(':') {
            Some((method, shift)) => (method, Some(shift.parse().map_err(|_| NoTender)?)),
            None => (text, None),
        };
        let method = SaleMethod::parse(method).ok_or(NoTender)?;
        if shift.is_none() && method != SaleMethod::Invitation {
            return Err(NoTender);
        }
        Ok(Self { method, shift })
    }
}

/// What moved in a shift, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    pub cash_sales: i64,
    pub cash_refunds: i64,
    pub terminal_sales: i64,
    pub terminal_refunds: i64,
    /// Sales by cash and terminal.
    pub sales: u32,
    pub invitations: u32,
}

impl Moved {
    /// What has to be in the drawer of a shift that began with this much.
    pub const fn expected(&self, float_minor: i64) -> i64 {
        float_minor + self.cash_sales - self.cash_refunds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tender_comes_back_from_its_text() {
        let shift = Some(ShiftId::from_bytes([5; 16]));
        for tender in [
            Tender {
                method: SaleMethod::Cash,
                shift,
            },
            Tender {
                method: SaleMethod::Terminal,
                shift,
            },
            Tender {
                method: SaleMethod::Invitation,
                shift: None,
            },
            Tender {
                method: SaleMethod::Invitation,
                shift,
            },
        ] {
            assert_eq!(tender.to_string().parse(), Ok(tender));
        }
        for wrong in [
            "",
            "cash",
            "terminal",
            "cash:",
            "cash:x",
            "gold:haa",
            "pm_card_visa",
        ] {
            assert_eq!(wrong.parse::<Tender>(), Err(NoTender), "{wrong}");
        }
    }

    #[test]
    fn a_drawer_holds_its_float_and_what_came_less_what_went() {
        let moved = Moved {
            cash_sales: 4_350,
            cash_refunds: 1_450,
            terminal_sales: 9_999,
            ..Moved::default()
        };
        assert_eq!(moved.expected(10_000), 12_900);
    }
}
