//! The receipt of a booking: who sold what, what tax the price contains, what was paid and what went back.
//!
//! It follows from the booking, so it is made when it is asked for and says the same each time, until money goes back:
//! then it lists that too, with the tax that went back with it. Numbered by the booking's reference, which nothing
//! else has. What an invoice between businesses needs besides (the buyer's address and tax number, the seller's) is
//! not known here.

use super::{
    pdf::local,
    sheet::{self, BOLD, REGULAR, Sheet, Size, fitting},
};
use crate::http::ApiError;
use matinee_api::RefundStatus;
use matinee_booking::{OnFile, SaleError};
use matinee_domain::{money::Money, price::LineKind};
use matinee_store::bookings::{PaymentRow, RefundRow, RefundTo};

const A5: Size = Size {
    width: 419.53,
    height: 595.28,
    margin: 40.0,
};
/// More entries than fit below each other are told as a sum on the page.
const ENTRIES: usize = 26;

/// The receipt as a PDF of one page. Refused until money was taken.
pub(super) fn document(on_file: &OnFile) -> Result<Vec<u8>, ApiError> {
    let payments = &on_file.file.payments;
    let paid: Vec<_> = payments
        .iter()
        .filter(|payment| payment.paid_minor() > 0)
        .collect();
    if paid.is_empty() {
        return Err(SaleError::NotConfirmed.into());
    }
    let mut page = Sheet::new(A5);
    head(&mut page, on_file);
    sold(&mut page, on_file);
    moved(&mut page, on_file, &paid);
    Ok(sheet::document(A5, &[page.finish()]))
}

fn head(page: &mut Sheet, on_file: &OnFile) {
    let (booking, show) = (&on_file.file.booking, &on_file.show);
    let theater = &show.theater;
    if booking.test {
        page.line(BOLD, 10.0, "TEST - no money was moved");
    }
    page.line(BOLD, fitting(A5, &theater.name, 16.0), &theater.name);
    let place = &theater.location;
    let address = format!("{}, {}, {}", place.address, place.city, place.country);
    page.line(REGULAR, fitting(A5, &address, 9.0), &address);
    page.y -= 12.0;
    page.line(BOLD, 13.0, &format!("Receipt {}", booking.reference));
    let zone = theater.time_zone;
    page.line(
        REGULAR,
        9.0,
        &format!("Booked on {}", local(booking.created_at, zone)),
    );
    page.y -= 8.0;
    let movie = &show.movie.name;
    page.line(BOLD, fitting(A5, movie, 11.0), movie);
    page.line(REGULAR, 9.0, &local(show.show.start_time, zone));
}

fn sold(page: &mut Sheet, on_file: &OnFile) {
    let booking = &on_file.file.booking;
    page.y -= 8.0;
    page.entry(REGULAR, 9.0, "", &booking.total.currency.to_string());
    page.rule();
    let parts = booking
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Part);
    let parts: Vec<_> = parts.collect();
    for line in parts.iter().take(ENTRIES) {
        page.entry(REGULAR, 10.0, &line.label, &number(line.amount));
    }
    if let Some(rest) = parts.get(ENTRIES..).filter(|rest| !rest.is_empty()) {
        let sum = rest.iter().map(|line| line.amount.amount_minor).sum();
        let sum = Money::new(sum, booking.total.currency);
        page.entry(REGULAR, 10.0, &format!("{} more", rest.len()), &number(sum));
    }
    page.rule();
    page.entry(BOLD, 11.0, "Total", &number(booking.total));
    for line in booking
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Contained)
    {
        page.entry(REGULAR, 9.0, &line.label, &number(line.amount));
    }
}

fn moved(page: &mut Sheet, on_file: &OnFile, paid: &[&PaymentRow]) {
    let (file, zone) = (&on_file.file, on_file.show.theater.time_zone);
    let currency = file.booking.total.currency;
    page.y -= 10.0;
    for payment in paid {
        let when = local(payment.created_at, zone);
        let mut entry = |label: &str, amount| {
            let text = format!("Paid on {when}, {label}");
            let amount = Money::new(amount, currency);
            page.entry(REGULAR, fitting(A5, &text, 9.0), &text, &number(amount));
        };
        if payment.captured_minor > 0 {
            entry(&payment.method_label, payment.captured_minor);
        }
        if let Some(part) = &payment.gift {
            entry(&part.label(), part.amount_minor);
        }
    }
    let gone = file
        .refunds
        .iter()
        .filter(|refund| refund.status != RefundStatus::Failed);
    let gone: Vec<&RefundRow> = gone.collect();
    for refund in &gone {
        let when = local(refund.created_at, zone);
        let text = match (refund.status, refund.to) {
            (RefundStatus::Pending, _) => format!("Going back since {when}"),
            (_, RefundTo::GiftCard) => format!("Back on the gift card on {when}"),
            _ => format!("Paid back on {when}"),
        };
        let amount = Money::new(-refund.amount.amount_minor, currency);
        page.entry(REGULAR, 9.0, &text, &number(amount));
    }
    // A card had its part of money that came too late at once; no refund tells of it.
    let returned: i64 = paid.iter().map(|payment| returned(payment, &gone)).sum();
    if returned > 0 {
        let amount = Money::new(-returned, currency);
        page.entry(REGULAR, 9.0, "Back on the gift card", &number(amount));
    }
    if gone.is_empty() && returned == 0 {
        return;
    }
    let taken: i64 = paid.iter().map(|payment| payment.paid_minor()).sum();
    let back: i64 = gone.iter().map(|refund| refund.amount.amount_minor).sum();
    let kept = Money::new(taken - back - returned, currency);
    page.rule();
    page.entry(BOLD, 11.0, "Kept", &number(kept));
    let prices = &on_file.show.show.prices;
    if prices.tax.basis_points > 0 {
        let text = format!("incl. {}", prices.tax.label);
        page.entry(REGULAR, 9.0, &text, &number(prices.tax_within(kept)));
    }
}

/// What of a card's part is on the card again without a refund.
fn returned(payment: &PaymentRow, refunds: &[&RefundRow]) -> i64 {
    let own = |refund: &&&RefundRow| {
        refund.payment_id == payment.payment_id && refund.to == RefundTo::GiftCard
    };
    let told: i64 = refunds
        .iter()
        .filter(own)
        .map(|refund| refund.amount.amount_minor)
        .sum();
    let back = payment.gift.as_ref().map_or(0, |part| part.returned_minor);
    back - told
}

/// An amount without its currency, which stands above the column.
fn number(amount: Money) -> String {
    let text = amount.to_string();
    let number = text.split_once(' ').map(|(_, number)| number.to_owned());
    number.unwrap_or(text)
}
