//! Comparing our books with the gateway's list: whether every charge there pays for a payment here, with the same money,
//! and the other way round.
//!
//! It reads and reports; nothing is mended here. What is under way is the jobs' to finish and is left out, and what seems
//! to differ is looked at once more, since both sides move while they are read.

use crate::{
    desk::Desk,
    error::SaleError,
    pay::payment,
    pay_back::arrived,
    ports::{ListedCharge, PaymentGateway},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::{PaymentId, TheaterId, time_ordered};
use matinee_store::bookings::PaymentRow;
use std::{collections::HashMap, fmt};

/// Payments read at a time.
const PAGE: u16 = 500;
/// Charges compared in one run: bounded memory comes first.
const MOST: usize = 200_000;
/// A charge is made soon after its payment is recorded; clocks differ.
const MARGIN: TimeDelta = TimeDelta::minutes(30);
/// After this nothing can be charged for a payment: a page to pay on lives half an hour.
const PAID_WITHIN: TimeDelta = TimeDelta::hours(1);
/// What began less than this ago may still be under way.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(15);

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differs {
    /// The gateway took or holds money for a payment that is not in our books.
    NoPayment,
    /// We booked money that is not in the gateway's list.
    NoCharge,
    /// One payment, several charges with money.
    ChargedTwice,
    Captured,
    Refunded,
    /// Money is held for a payment that is over.
    Held,
    Amount,
    /// A gift card's ledger says something else than the payment it paid for.
    GiftCard,
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPayment => "money at the gateway for no payment of ours",
            Self::NoCharge => "money in our books that the gateway does not list",
            Self::ChargedTwice => "one payment charged more than once",
            Self::Captured => "captured differs",
            Self::Refunded => "paid back differs",
            Self::Held => "money held for a payment that is over",
            Self::Amount => "the amount differs",
            Self::GiftCard => "a gift card's entries differ",
        })
    }
}

/// A difference, with both sides in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub differs: Differs,
    /// Our key, as far as there is one.
    pub payment: String,
    /// The gateway's id, as far as there is one.
    pub charge: String,
    pub ours_minor: i64,
    pub theirs_minor: i64,
    pub currency: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            differs,
            payment,
            charge,
            ours_minor: ours,
            theirs_minor: theirs,
            currency,
        } = self;
        let or = |id: &str| {
            if id.is_empty() {
                "-".to_owned()
            } else {
                id.to_owned()
            }
        };
        let (payment, charge) = (or(payment), or(charge));
        write!(
            f,
            "{differs}: payment {payment}, charge {charge}, ours {ours}, theirs {theirs} ({currency}, minor units)"
        )
    }
}

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    pub charges: usize,
    pub payments: usize,
    pub differences: Vec<Difference>,
}

impl Desk {
    /// Compares what began from one moment on and before another, in these theaters. `None` when there is no gateway, or
    /// it has no list of its own.
    pub async fn reconcile(
        &self,
        theaters: &[TheaterId],
        from: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<Option<Reconciled>, SaleError> {
        let Some(gateway) = self.gateway.clone() else {
            return Ok(None);
        };
        let before = before.min(self.clock.now() - UNDER_WAY);
        let listed = self
            .listed(&*gateway, from - MARGIN, before + MARGIN)
            .await?;
        let Some(mut listed) = listed else {
            return Ok(None);
        };
        let mut report = Reconciled::default();
        for theater in theaters {
            let bound = |at: DateTime<Utc>| {
                let own = time_ordered(at.timestamp_millis(), [0; 16]);
                PaymentId::from_parts(*theater, own)
            };
            let mut after = bound(from);
            loop {
                let page = self.store.payments_of(after, bound(before), PAGE).await?;
                for paid in &page {
                    after = paid.payment_id;
                    self.compare_gift(paid, &mut report.differences).await?;
                    if paid.gateway != gateway.name() {
                        continue;
                    }
                    let charges = listed
                        .remove(&paid.payment_id.to_string())
                        .unwrap_or_default();
                    report.payments += 1;
                    report.charges += charges.len();
                    self.compare(&*gateway, paid, &charges, &mut report.differences)
                        .await?;
                }
                if page.len() < usize::from(PAGE) {
                    break;
                }
            }
        }
        for charge in listed.into_values().flatten() {
            if charge.created_at >= from && charge.created_at < before {
                report.charges += 1;
                self.unclaimed(&*gateway, &charge, &mut report.differences)
                    .await?;
            }
        }
        Ok(Some(report))
    }

    /// The gateway's charges by our key; those that carry none by nothing.
    async fn listed(
        &self,
        gateway: &dyn PaymentGateway,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<Option<HashMap<String, Vec<ListedCharge>>>, SaleError> {
        let mut all: HashMap<String, Vec<ListedCharge>> = HashMap::new();
        let (mut page, mut count) = (None, 0);
        loop {
            let Some(told) = gateway.charges(from, before, page).await? else {
                return Ok(None);
            };
            count += told.charges.len();
            if count > MOST {
                return Err(SaleError::TooMuchToCompare { most: MOST });
            }
            for charge in told.charges {
                let key = charge.key.clone().unwrap_or_default();
                all.entry(key).or_default().push(charge);
            }
            page = told.next;
            if page.is_none() {
                return Ok(Some(all));
            }
        }
    }

    async fn compare(
        &self,
        gateway: &dyn PaymentGateway,
        paid: &PaymentRow,
        charges: &[ListedCharge],
        differences: &mut Vec<Difference>,
    ) -> Result<(), SaleError> {
        if paid.status.is_live() || (paid.refunded_minor == 0 && found(paid, 0, charges).is_empty())
        {
            return Ok(());
        }
        // Once more, with what both sides say now.
        let Some(file) = self.store.booking_of_payment(paid.payment_id).await? else {
            return Ok(());
        };
        let paid = payment(&file, paid.payment_id)?;
        // What was paid with a key of the other mode stands in another list.
        if file.booking.test != gateway.is_test() {
            return Ok(());
        }
        let first = found(paid, arrived(&file, paid), charges);
        if paid.status.is_live() || first.is_empty() {
            return Ok(());
        }
        let (from, before) = (paid.created_at - MARGIN, paid.created_at + PAID_WITHIN);
        match self.listed(gateway, from, before).await {
            Ok(again) => {
                let mut again = again.unwrap_or_default();
                let again = again.remove(&paid.payment_id.to_string());
                let again = again.unwrap_or_default();
                differences.extend(found(paid, arrived(&file, paid), &again));
            }
            // What was found is not lost over this; at worst it is told too early.
            Err(error @ (SaleError::TooMuchToCompare { .. } | SaleError::Gateway(_))) => {
                tracing::warn!(%error, payment = %paid.payment_id, "a difference could not be looked at again");
                differences.extend(first);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What a payment says of its gift card against the card's own entries.
    async fn compare_gift(
        &self,
        paid: &PaymentRow,
        differences: &mut Vec<Difference>,
    ) -> Result<(), SaleError> {
        for last in [false, true] {
            // The second time with what the payment says now: it may have gone on while its card was read.
            let file = if last {
                self.store.booking_of_payment(paid.payment_id).await?
            } else {
                None
            };
            let paid = match &file {
                Some(file) => payment(file, paid.payment_id)?,
                None => paid,
            };
            let Some(part) = &paid.gift else {
                return Ok(());
            };
            let entries = self.gifts.gift_entries_of(paid.payment_id).await?;
            let on_card: i64 = entries
                .iter()
                .filter(|entry| entry.card_id == part.card_id)
                .map(|entry| -entry.amount_minor)
                .sum();
            if on_card == part.held_minor() {
                return Ok(());
            }
            if last {
                differences.push(Difference {
                    differs: Differs::GiftCard,
                    payment: paid.payment_id.to_string(),
                    charge: part.card_id.to_string(),
                    ours_minor: part.held_minor(),
                    theirs_minor: on_card,
                    currency: paid.amount.currency.to_string(),
                });
            }
        }
        Ok(())
    }

    /// A charge that no payment of these theaters and that time claimed.
    async fn unclaimed(
        &self,
        gateway: &dyn PaymentGateway,
        charge: &ListedCharge,
        differences: &mut Vec<Difference>,
    ) -> Result<(), SaleError> {
        if charge.captured_minor == 0 && !charge.held {
            return Ok(());
        }
        // Others may use the same account: what carries no key of ours is theirs.
        let Some(key) = &charge.key else {
            return Ok(());
        };
        let file = match key.parse::<PaymentId>() {
            Ok(payment_id) => self.store.booking_of_payment(payment_id).await?,
            Err(_) => None,
        };
        let of_ours = file.is_some_and(|file| {
            let mut payments = file.payments.iter();
            payments.any(|p| p.payment_id.to_string() == *key && p.gateway == gateway.name())
        });
        if !of_ours {
            let theirs = charge.captured_minor.max(if charge.held {
                charge.amount.amount_minor
            } else {
                0
            });
            differences.push(Difference {
                differs: Differs::NoPayment,
                payment: key.clone(),
                charge: charge.gateway_ref.clone(),
                ours_minor: 0,
                theirs_minor: theirs,
                currency: charge.amount.currency.to_string(),
            });
        }
        Ok(())
    }
}

/// What differs between a payment and its charges.
fn found(paid: &PaymentRow, paid_back: i64, charges: &[ListedCharge]) -> Vec<Difference> {
    let with_money: Vec<&ListedCharge> = charges
        .iter()
        .filter(|charge| charge.captured_minor > 0 || charge.held)
        .collect();
    let mut differences = Vec::new();
    let mut differ = |differs, charge: Option<&ListedCharge>, ours, theirs| {
        differences.push(Difference {
            differs,
            payment: paid.payment_id.to_string(),
            charge: charge.map_or_else(
                || paid.gateway_ref.clone().unwrap_or_default(),
                |charge| charge.gateway_ref.clone(),
            ),
            ours_minor: ours,
            theirs_minor: theirs,
            currency: paid.amount.currency.to_string(),
        });
    };
    let captured: i64 = with_money.iter().map(|charge| charge.captured_minor).sum();
    let refunded: i64 = with_money.iter().map(|charge| charge.refunded_minor).sum();
    if let Some(second) = with_money.get(1) {
        differ(
            Differs::ChargedTwice,
            Some(second),
            paid.captured_minor,
            captured,
        );
    }
    let first = with_money.first().copied();
    match first {
        None if paid.captured_minor > 0 => differ(Differs::NoCharge, None, paid.captured_minor, 0),
        None => {}
        Some(charge) => {
            if charge.amount != paid.amount {
                let theirs = charge.amount.amount_minor;
                differ(Differs::Amount, first, paid.amount.amount_minor, theirs);
            }
            if captured != paid.captured_minor {
                differ(Differs::Captured, first, paid.captured_minor, captured);
            }
            if refunded != paid_back {
                differ(Differs::Refunded, first, paid_back, refunded);
            }
            if charge.held && captured == 0 && paid.captured_minor == 0 {
                differ(Differs::Held, first, 0, charge.amount.amount_minor);
            }
        }
    }
    differences
}

#[cfg(test)]
mod tests;
