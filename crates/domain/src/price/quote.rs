//! The price of seats chosen together, and the breakdown that explains it.

use super::{Line, LineKind, PriceError, Quote, ShowPrices, TicketType, WHOLE, scale};
use crate::money::Money;

/// Tickets of one type and category in a quote.
struct TicketGroup<'p> {
    category: u16,
    ticket_type: &'p TicketType,
    count: i64,
    each_minor: i64,
}

impl ShowPrices {
    /// The price of seats chosen together, each given by its map category's index and its ticket type's code.
    pub fn quote<'a>(
        &self,
        seats: impl IntoIterator<Item = (u16, &'a str)>,
    ) -> Result<Quote, PriceError> {
        let fee_minor = self.fee()?;
        let mut total = Money::zero(self.currency);
        let mut each = Vec::new();
        let mut groups: Vec<TicketGroup<'_>> = Vec::new();
        for (category, code) in seats {
            let ticket_type = self.known_type(code)?;
            let ticket_minor = self.ticket_minor(category, ticket_type)?;
            let price = Money::new(ticket_minor, self.currency)
                .checked_add(Money::new(fee_minor, self.currency));
            let price = price.map_err(|_| PriceError::OutOfRange)?;
            total = total
                .checked_add(price)
                .map_err(|_| PriceError::OutOfRange)?;
            each.push(price);
            let same = |group: &&mut TicketGroup<'_>| {
                group.category == category
                    && group.ticket_type.label == ticket_type.label
                    && group.each_minor == ticket_minor
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.count += 1,
                None => groups.push(TicketGroup {
                    category,
                    ticket_type,
                    count: 1,
                    each_minor: ticket_minor,
                }),
            }
        }
        if each.is_empty() {
            return Err(PriceError::NoSeats);
        }
        // The products below are parts of a total that was just found to be in range.
        let lines = self.lines(&groups, fee_minor * each.len() as i64, total);
        Ok(Quote {
            seats: each,
            total,
            lines,
        })
    }

    fn lines(&self, groups: &[TicketGroup<'_>], fees_minor: i64, total: Money) -> Vec<Line> {
        let part = |label: String, minor| Line {
            label,
            amount: Money::new(minor, self.currency),
            kind: LineKind::Part,
        };
        let mut lines: Vec<Line> = groups
            .iter()
            .map(|group| {
                let label = format!("{} × {}", group.count, group.ticket_type.label);
                part(label, group.count * group.each_minor)
            })
            .collect();
        if fees_minor != 0 {
            lines.push(part("Booking fee".into(), fees_minor));
        }
        lines.extend(self.tax_line(total));
        lines
    }

    /// What says how much of a total is tax, where there is one.
    pub(super) fn tax_line(&self, total: Money) -> Option<Line> {
        (self.tax.basis_points != 0).then(|| Line {
            label: format!("incl. {}", self.tax.label),
            amount: self.tax_within(total),
            kind: LineKind::Contained,
        })
    }

    /// The tax that an all-in amount contains.
    pub fn tax_within(&self, all_in: Money) -> Money {
        let rate = i128::from(self.tax.basis_points);
        // A share of an amount in range is in range.
        Money::new(
            scale(all_in.amount_minor, rate, WHOLE + rate) as i64,
            all_in.currency,
        )
    }
}
