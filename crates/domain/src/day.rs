//! A theater's business day: when it is, and what it brought.
//!
//! Totals are sums of what payments and refunds say, so that the days together are the ledger. A payment belongs to the day
//! it was begun, a refund to the day it was asked for: both stand in their ids or rows and never change, so a day that is
//! over does not grow. Where the rows come from is not here.

use crate::{
    channel::SaleChannel,
    ids::{PaymentId, RefundId, ShowId},
    price::{Line, LineKind, scale},
};
use chrono::{DateTime, Days, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// The instants of a local day, the second exclusive: 24 hours, or 23 or 25 when the clocks change. `None` out of range.
pub fn bounds(date: NaiveDate, zone: Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let next = date.checked_add_days(Days::new(1))?;
    Some((midnight(date, zone)?, midnight(next, zone)?))
}

fn midnight(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    // Where midnight does not exist (a change of clocks at 0:00), the day begins when the clock goes on.
    (0..=3).find_map(|hour| {
        let local = date.and_hms_opt(hour, 0, 0)?;
        let start = zone.from_local_datetime(&local).earliest()?;
        Some(start.with_timezone(&Utc))
    })
}

/// A payment that took money, with what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub payment_id: PaymentId,
    pub show_id: ShowId,
    /// The gateway; at the counter cash or terminal.
    pub method: String,
    pub channel: SaleChannel,
    pub captured_minor: i64,
    /// What a gift card paid beside it.
    pub gift_minor: i64,
    /// It came when its seats were gone: it pays for nothing and goes back whole.
    pub late: bool,
    /// Paid in a trial.
    pub test: bool,
    /// Ticket type and price of each seat.
    pub seats: Vec<(String, i64)>,
    /// The tax inside.
    pub tax_minor: i64,
}

/// How gift cards are called among the ways of paying.
pub const GIFT_CARD: &str = "gift_card";

impl Sale {
    /// What was paid, by the way of paying: at least one.
    fn parts(&self) -> impl Iterator<Item = (&str, i64)> {
        let gift = (self.gift_minor > 0).then_some((GIFT_CARD, self.gift_minor));
        let other = (self.captured_minor > 0 || gift.is_none())
            .then_some((self.method.as_str(), self.captured_minor));
        other.into_iter().chain(gift)
    }
}

/// Money that went or goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBack {
    pub refund_id: RefundId,
    pub at: DateTime<Utc>,
    pub show_id: ShowId,
    pub method: String,
    pub reason: String,
    /// Of money that came late: no sale is made smaller by it.
    pub late: bool,
    pub amount_minor: i64,
    /// The tax inside.
    pub tax_minor: i64,
}

/// The tax that the lines of a price say it contains.
pub fn tax_of(lines: &[Line]) -> i64 {
    let contained = lines.iter().filter(|line| line.kind == LineKind::Contained);
    contained.map(|line| line.amount.amount_minor).sum()
}

/// The share of a tax that a part of the whole contains.
pub fn share_of_tax(tax_minor: i64, part_minor: i64, whole_minor: i64) -> i64 {
    if whole_minor <= 0 {
        return 0;
    }
    // A share of an amount in range is in range.
    scale(tax_minor, i128::from(part_minor), i128::from(whole_minor)) as i64
}

/// How many, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub count: u32,
    pub minor: i64,
}

impl Sum {
    fn add(&mut self, minor: i64) {
        self.count += 1;
        self.minor += minor;
    }
}

/// What was sold, and what of it went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Both {
    pub sold: Sum,
    pub back: Sum,
}

/// Of a channel: its bookings and their tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OfChannel {
    pub bookings: Sum,
    pub tickets: u32,
}

/// What a day, or any number of days, brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// All tickets sold, and all that went back.
    pub tickets: Sum,
    pub back: Sum,
    /// All that was taken, also late.
    pub captured: Sum,
    pub late: Sum,
    /// What of it went back.
    pub late_back: Sum,
    pub trial: Sum,
    pub tax_sold_minor: i64,
    pub tax_back_minor: i64,
    /// Tickets sold by show.
    pub shows: BTreeMap<ShowId, Both>,
    pub ticket_types: BTreeMap<String, Sum>,
    /// Payments that are no late ones, and refunds.
    pub methods: BTreeMap<String, Both>,
    pub channels: BTreeMap<SaleChannel, OfChannel>,
    pub reasons: BTreeMap<String, Sum>,
    /// All that was taken and went back, by gateway.
    pub settled: BTreeMap<String, Both>,
}

impl Totals {
    /// Counts a payment.
    pub fn sell(&mut self, sale: &Sale) {
        let paid = sale.captured_minor + sale.gift_minor;
        self.captured.add(paid);
        for (method, minor) in sale.parts() {
            let settled = self.settled.entry(method.to_owned()).or_default();
            settled.sold.add(minor);
        }
        if sale.late {
            self.late.add(paid);
            return;
        }
        let show = self.shows.entry(sale.show_id).or_default();
        for (ticket_type, minor) in &sale.seats {
            self.tickets.add(*minor);
            show.sold.add(*minor);
            let of_type = self.ticket_types.entry(ticket_type.clone()).or_default();
            of_type.add(*minor);
        }
        if sale.test {
            self.trial.add(paid);
        }
        self.tax_sold_minor += sale.tax_minor;
        for (method, minor) in sale.parts() {
            let method = self.methods.entry(method.to_owned()).or_default();
            method.sold.add(minor);
        }
        let channel = self.channels.entry(sale.channel).or_default();
        channel.bookings.add(paid);
        channel.tickets += sale.seats.len() as u32;
    }

    /// Counts a refund.
    pub fn give_back(&mut self, back: &GivenBack) {
        self.back.add(back.amount_minor);
        let of_reason = self.reasons.entry(back.reason.clone()).or_default();
        of_reason.add(back.amount_minor);
        let settled = self.settled.entry(back.method.clone()).or_default();
        settled.back.add(back.amount_minor);
        if back.late {
            self.late_back.add(back.amount_minor);
            return;
        }
        self.tax_back_minor += back.tax_minor;
        let show = self.shows.entry(back.show_id).or_default();
        show.back.add(back.amount_minor);
        let method = self.methods.entry(back.method.clone()).or_default();
        method.back.add(back.amount_minor);
    }

    /// Everything that was taken stands under what was sold or under what came late, and every group adds up to the whole.
    pub fn adds_up(&self) -> bool {
        let sold =
            |both: &BTreeMap<String, Both>| both.values().map(|one| one.sold.minor).sum::<i64>();
        let back =
            |both: &BTreeMap<String, Both>| both.values().map(|one| one.back.minor).sum::<i64>();
        let types: i64 = self.ticket_types.values().map(|sum| sum.minor).sum();
        let shows: i64 = self.shows.values().map(|one| one.sold.minor).sum();
        let shows_back: i64 = self.shows.values().map(|one| one.back.minor).sum();
        let channels: i64 = self.channels.values().map(|one| one.bookings.minor).sum();
        let reasons: i64 = self.reasons.values().map(|sum| sum.minor).sum();
        let sales = self.captured.minor - self.late.minor;
        [
            self.tickets.minor,
            types,
            shows,
            channels,
            sold(&self.methods),
        ]
        .into_iter()
        .all(|sum| sum == sales)
            && sold(&self.settled) == self.captured.minor
            && [reasons, back(&self.settled)]
                .into_iter()
                .chain([shows_back, back(&self.methods)].map(|sum| sum + self.late_back.minor))
                .all(|sum| sum == self.back.minor)
    }
}

#[cfg(test)]
mod tests;
