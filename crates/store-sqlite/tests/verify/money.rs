//! What can be wrong with money: kept, owed, taken twice, or gone back from the wrong payment.

use crate::{
    Planted, booking,
    house::{
        numbers::{CANCELLED, CONFIRMED, LATE, PAID_LATE_TOO},
        payment_id, refund_id,
    },
    planted,
};
use std::fmt::Write as _;

/// A payment of a number, as SQL sees it.
fn payment(number: u32) -> String {
    let mut sql = String::from("payment = x'");
    for byte in payment_id(number).own() {
        write!(sql, "{byte:02X}").unwrap();
    }
    sql.push('\'');
    sql
}

pub fn corruptions() -> Vec<Planted> {
    let never_went_back = |booking_number: u32, number: u32| {
        format!(
            "UPDATE refunds SET status = 'failed' WHERE {0};
             UPDATE payments SET refunded_minor = 0, status = 'captured' WHERE {0} AND {1};
             DELETE FROM sandbox_refunds WHERE refund = '{2}';
             UPDATE sandbox_charges SET refunded_minor = 0 WHERE charge = '{3}'",
            booking(booking_number),
            payment(number),
            refund_id(number),
            payment_id(number)
        )
    };
    vec![
        planted(
            "a gift card with more on it than its entries say",
            "UPDATE gift_cards SET balance_minor = balance_minor + 1",
            &["gift_balance"],
        ),
        planted(
            "a gift card that has a part back which its payment does not know of",
            "UPDATE payments SET gift_returned_minor = 0, status = 'captured' WHERE gift_card IS NOT NULL",
            &["gift_payment"],
        ),
        planted(
            "a gift card's entry about no payment",
            "UPDATE gift_entries SET payment = zeroblob(22) WHERE kind = 'claim'",
            &["gift_entries", "gift_payment"],
        ),
        planted(
            "a refund to a gift card that nobody is told of",
            "DELETE FROM refunds WHERE to_gift = 1",
            &["gift_refunds"],
        ),
        planted(
            "a refund that failed",
            never_went_back(CANCELLED, CANCELLED),
            &["refund_failed"],
        ),
        planted(
            "money that came too late and stays",
            never_went_back(PAID_LATE_TOO, LATE),
            &["refund_failed", "money_for_something"],
        ),
        planted(
            "a booking confirmed by money that went back",
            format!(
                "UPDATE payments SET status = 'voided', captured_minor = 0 WHERE {};
                 UPDATE sandbox_charges SET status = 'voided' WHERE charge = '{}'",
                payment(PAID_LATE_TOO),
                payment_id(PAID_LATE_TOO)
            ),
            &["confirmed_is_paid"],
        ),
        planted(
            "a booking paid twice",
            format!(
                "INSERT INTO payments SELECT theater, booking, zeroblob(22), 'captured', amount_minor, currency,
                   amount_minor, 0, 'card', method_token, method_label, gateway_ref, NULL, created_at,
                   NULL, NULL, NULL, NULL, 0, 0
                 FROM payments WHERE {}",
                payment(CONFIRMED)
            ),
            &["confirmed_is_paid", "money_kept"],
        ),
        planted(
            "a payment that gave the money for kept seats back",
            format!(
                "INSERT INTO refunds SELECT theater, booking, zeroblob(16), payment, 'succeeded', amount_minor, currency,
                   'cancelled_by_customer', 1, created_at, created_at, 0 FROM payments WHERE {0};
                 UPDATE payments SET refunded_minor = captured_minor, status = 'refunded', gateway = 'card' WHERE {0};
                 DELETE FROM sandbox_charges WHERE charge = '{1}'",
                payment(PAID_LATE_TOO),
                payment_id(PAID_LATE_TOO)
            ),
            &["money_kept"],
        ),
    ]
}
