//! On which terms seats are held: those of the web, which nobody is there to watch, or those of the counter.

use crate::{desk::Desk, error::SaleError, show_file::ShowFile};
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::GapRule,
    counter::{SEATS_PER_SALE, SaleMethod},
    money::Money,
    price::ShowPrices,
};
use matinee_store::bookings::HoldLimits;

/// The terms of a hold.
pub(crate) struct Terms {
    pub(super) max_seats: u16,
    /// Seats are sold until then.
    pub(super) until: DateTime<Utc>,
    pub(super) limits: HoldLimits,
    pub(super) gap_rule: GapRule,
    /// Other prices than the show's.
    prices: Option<Box<ShowPrices>>,
    /// What the seller saw.
    expected_total: Option<Money>,
    /// What was handed over, in minor units.
    tendered_minor: Option<i64>,
}

impl Terms {
    /// For everybody.
    pub(crate) fn of_the_web(desk: &Desk, show: &ShowFile) -> Self {
        Self {
            max_seats: show.theater.max_seats_per_booking,
            until: show.show.start_time,
            limits: desk.hold_limits(),
            gap_rule: show.theater.gap_rule,
            prices: None,
            expected_total: None,
            tendered_minor: None,
        }
    }

    /// For somebody who stands at the counter: also while the show runs, as many seats as a school class needs, and the
    /// seller sees the seats that are left alone.
    pub(crate) fn of_the_counter(
        show: &ShowFile,
        method: SaleMethod,
        (expected_total, tendered_minor): (Option<Money>, Option<i64>),
    ) -> Self {
        let prices = &show.show.prices;
        Self {
            max_seats: SEATS_PER_SALE,
            until: show.show.end_time,
            limits: HoldLimits {
                unpaid_seats: None,
                expiries: None,
            },
            gap_rule: GapRule::Off,
            prices: Some(Box::new(match method {
                SaleMethod::Cash | SaleMethod::Terminal => prices.at_counter(),
                SaleMethod::Invitation => prices.as_present(),
            })),
            expected_total,
            tendered_minor,
        }
    }

    pub(super) fn prices<'s>(&'s self, show: &'s ShowFile) -> &'s ShowPrices {
        self.prices.as_deref().unwrap_or(&show.show.prices)
    }

    /// Refuses a total that the seller did not expect, or that was not handed over.
    pub(super) fn accept(&self, total: Money) -> Result<(), SaleError> {
        if self
            .expected_total
            .is_some_and(|expected| expected != total)
        {
            return Err(SaleError::PriceChanged(total));
        }
        if self
            .tendered_minor
            .is_some_and(|minor| minor < total.amount_minor)
        {
            return Err(SaleError::TooLittleTendered(total));
        }
        Ok(())
    }
}
