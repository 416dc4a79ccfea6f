//! What a promotion code takes off a quote: so much of each seat that the parts are the whole, and no price falls below 0.
//!
//! The reduced price is the seat's price from then on: what its buyer pays for it is what a refund gives back, whichever
//! seats of the booking are cancelled in which order.

use super::{Line, LineKind, PriceError, Quote, STANDARD, ShowPrices, WHOLE, apportion, scale};
use crate::{
    money::Money,
    promo::{Discount, Promo},
};

impl ShowPrices {
    /// The quote with a code taken off; `seats` are those that were quoted. `None` when the code takes nothing off: it is
    /// for none of these tickets, or they cost nothing.
    pub fn with_promo<'a>(
        &self,
        quote: Quote,
        seats: impl IntoIterator<Item = (u16, &'a str)>,
        promo: &Promo,
    ) -> Result<Option<Quote>, PriceError> {
        let mut prices = Vec::with_capacity(quote.seats.len());
        for ((category, code), price) in seats.into_iter().zip(&quote.seats) {
            let minor = price.amount_minor;
            let covered = self.is_covered(category, code, minor, promo)?;
            prices.push(if covered { minor } else { 0 });
        }
        let off = self.taken_off(&prices, promo.terms.discount);
        let sum: i64 = off.iter().sum();
        if sum == 0 {
            return Ok(None);
        }
        let amount = |minor| Money::new(minor, self.currency);
        let seats = quote.seats.iter().zip(&off);
        let total = amount(quote.total.amount_minor - sum);
        let mut lines = quote.lines;
        lines.retain(|line| line.kind == LineKind::Part);
        lines.push(Line {
            label: format!("Promo code {}", promo.code),
            amount: amount(-sum),
            kind: LineKind::Part,
        });
        lines.extend(self.tax_line(total));
        Ok(Some(Quote {
            seats: seats
                .map(|(price, off)| amount(price.amount_minor - off))
                .collect(),
            total,
            lines,
        }))
    }

    /// The code is for a ticket of this type. A type is reduced when it costs less than the standard one of its category.
    fn is_covered(
        &self,
        category: u16,
        code: &str,
        minor: i64,
        promo: &Promo,
    ) -> Result<bool, PriceError> {
        let named = &promo.terms.ticket_types;
        if !named.is_empty() && !named.iter().any(|name| name == code) {
            return Ok(false);
        }
        if promo.terms.combines_with_reduced {
            return Ok(true);
        }
        Ok(minor >= self.seat_price(category, STANDARD)?.amount_minor)
    }

    /// What comes off each of these prices, in amounts that can be paid.
    fn taken_off(&self, prices: &[i64], discount: Discount) -> Vec<i64> {
        let step = self.currency.step_minor();
        let steps: Vec<i64> = prices.iter().map(|price| price.max(&0) / step).collect();
        match discount {
            Discount::Percent(points) => {
                // A share of a price is not above it.
                let share = |steps| scale(steps, i128::from(points), WHOLE) as i64 * step;
                steps.into_iter().map(share).collect()
            }
            Discount::Fixed(amount) if amount.currency != self.currency => vec![0; prices.len()],
            Discount::Fixed(amount) => {
                let most: i64 = steps.iter().sum();
                let whole = (amount.amount_minor / step).min(most);
                let parts = apportion(whole, &steps);
                parts.into_iter().map(|part| part * step).collect()
            }
        }
    }
}
