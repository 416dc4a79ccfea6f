//! Is every amount taken either for seats that are still had, or on its way back.

use super::{BOOKED, COUNT_BOOKINGS, Checks, booking_says};
use matinee_domain::ids::{BookingId, RefundId, TheaterId};
use matinee_store::StoreError;
use rusqlite::Row;

const COUNT_PAYMENTS: &str = "SELECT count(*) FROM payments";

/// Per booking: what was taken, what goes or went back, how many payments took money, how many may still. What a gift card
/// pays of a payment is taken with it. Money that came too late pays for nothing and goes back whole; it is counted apart,
/// as what of it is not going back.
const SUMS: &str = "sums AS (SELECT theater, booking,
    sum(iif(late, 0, captured_minor + iif(took, gift_minor, 0))) AS captured,
    sum(iif(late, 0, refunded_minor + iif(took, gift_returned_minor, 0))) AS refunded,
    sum(NOT late AND took) AS paid,
    sum(iif(late, captured_minor - refunded_minor + gift_minor - gift_returned_minor, 0)) AS stuck,
    sum(goodwill) AS goodwill,
    sum(status IN ('created', 'requires_action', 'authorized')) AS live,
    sum(status = 'authorized') AS authorized
  FROM (SELECT p.*, status IN ('captured', 'partly_refunded', 'refunded') AS took,
    EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking
      AND r.payment = p.payment AND r.reason = 'seats_gone') AS late,
    (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking
      AND r.payment = p.payment AND r.reason = 'goodwill' AND r.status <> 'failed') AS goodwill FROM payments AS p)
  GROUP BY theater, booking)";

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    payments(checks)?;
    refunds(checks)?;
    bookings(checks)
}

fn payments(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "one_live_payment",
        COUNT_PAYMENTS,
        "SELECT theater, booking, format('has %d live payments', count(*)) FROM payments
         WHERE status IN ('created', 'requires_action', 'authorized')
         GROUP BY theater, booking HAVING count(*) > 1",
        &[],
        booking_says,
    )?;
    checks.rows(
        "payment_amounts",
        COUNT_PAYMENTS,
        "SELECT p.theater, p.booking, format('a payment of %d %s is %s with %d captured and %d refunded, of a gift card %d '
             || 'and %d returned', p.amount_minor, p.currency, p.status, p.captured_minor, p.refunded_minor,
             p.gift_minor, p.gift_returned_minor)
         FROM payments AS p JOIN bookings AS b ON b.theater = p.theater AND b.booking = p.booking
         WHERE p.currency <> b.currency OR p.refunded_minor NOT BETWEEN 0 AND p.captured_minor
           OR NOT CASE p.status WHEN 'captured' THEN p.captured_minor = p.amount_minor
                WHEN 'partly_refunded' THEN p.captured_minor = p.amount_minor
                  AND p.refunded_minor + p.gift_returned_minor > 0
                WHEN 'refunded' THEN p.captured_minor = p.amount_minor AND p.refunded_minor = p.captured_minor
                  AND p.gift_returned_minor = p.gift_minor
                WHEN 'declined' THEN p.captured_minor = 0 AND p.gift_returned_minor = p.gift_minor
                WHEN 'voided' THEN p.captured_minor = 0 AND p.gift_returned_minor = p.gift_minor
                ELSE p.captured_minor = 0 AND p.gift_returned_minor = 0 END",
        &[],
        booking_says,
    )
}

/// What a payment says went back is what its refunds say: all but the failed ones.
fn refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "refund_sum",
        COUNT_PAYMENTS,
        "SELECT p.theater, p.booking, format('a payment has %d refunded, its refunds are %d',
             p.refunded_minor, coalesce(r.amount, 0))
         FROM payments AS p LEFT JOIN (SELECT theater, booking, payment, sum(amount_minor) AS amount,
             sum(status = 'succeeded') AS succeeded FROM refunds
             WHERE status <> 'failed' AND to_gift = 0 GROUP BY theater, booking, payment) AS r
           ON r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment
         WHERE p.refunded_minor <> coalesce(r.amount, 0)
         UNION ALL SELECT r.theater, r.booking, 'a refund is in another currency than its payment' FROM refunds AS r
         JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment
         WHERE p.currency <> r.currency",
        &[],
        booking_says,
    )?;
    // Nobody tries these again: the money is owed until it went back by another way.
    checks.rows(
        "refund_failed",
        "SELECT count(*) FROM refunds",
        "SELECT r.theater, r.booking, r.refund, r.amount_minor, r.currency FROM refunds AS r
         JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment
         WHERE r.status = 'failed' AND p.captured_minor - p.refunded_minor >= r.amount_minor",
        &[],
        refund_says,
    )
}

/// Columns: theater, booking, refund, amount, currency.
fn refund_says(row: &Row<'_>) -> rusqlite::Result<String> {
    let theater = TheaterId::from_bytes(row.get(0)?);
    let booking = BookingId::from_parts(theater, row.get(1)?);
    let refund = RefundId::from_bytes(row.get(2)?);
    let (amount, currency): (i64, String) = (row.get(3)?, row.get(4)?);
    Ok(format!(
        "booking {booking}: refund {refund} of {amount} {currency} (minor units) failed and did not go back"
    ))
}

fn bookings(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // In flight: confirmed while the authorized money is being captured.
    checks.rows(
        "confirmed_is_paid",
        COUNT_BOOKINGS,
        &format!(
            "WITH {SUMS} SELECT b.theater, b.booking, format('is %s with %d payments that took money (%d of %d)',
               b.status, coalesce(s.paid, 0), coalesce(s.captured, 0), b.total_minor)
             FROM bookings AS b LEFT JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking
             WHERE b.status IN ('confirmed', 'partly_cancelled') AND b.total_minor > 0
               AND NOT coalesce(s.paid = 1 AND s.captured = b.total_minor OR s.paid = 0 AND s.authorized = 1, 0)"
        ),
        &[],
        booking_says,
    )?;
    // Of cancelled seats a share may be kept; of the others everything is, but for what staff gave.
    checks.rows(
        "money_kept",
        COUNT_BOOKINGS,
        &format!(
            "{BOOKED}, {SUMS}, worth AS (SELECT theater, booking, sum(CASE WHEN cancelled THEN 0 ELSE price END) AS had
                 FROM booked WHERE status IN ('confirmed', 'partly_cancelled', 'cancelled') GROUP BY theater, booking)
             SELECT b.theater, b.booking, format('keeps %d of %d for seats worth %d',
               s.captured - s.refunded, b.total_minor, w.had)
             FROM bookings AS b JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking
             JOIN worth AS w ON w.theater = b.theater AND w.booking = b.booking
             WHERE s.captured > 0 AND s.captured - s.refunded + s.goodwill NOT BETWEEN w.had AND b.total_minor"
        ),
        &[],
        booking_says,
    )?;
    checks.rows(
        "money_for_something",
        COUNT_BOOKINGS,
        &format!(
            "WITH {SUMS} SELECT b.theater, b.booking, format('is %s and %d that was taken for it is not going back',
               b.status, iif(s.stuck <> 0, s.stuck, s.captured - s.refunded))
             FROM bookings AS b JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking
             WHERE b.status NOT IN ('confirmed', 'partly_cancelled', 'cancelled') AND s.captured <> s.refunded
               OR s.stuck <> 0"
        ),
        &[],
        booking_says,
    )?;
    checks.rows(
        "payment_in_flight",
        COUNT_BOOKINGS,
        &format!(
            "WITH {SUMS} SELECT b.theater, b.booking, format('is %s with %d live payments', b.status, coalesce(s.live, 0))
             FROM bookings AS b LEFT JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking
             WHERE b.status = 'awaiting_payment' AND s.live IS NOT 1
               OR b.status IN ('held', 'released') AND s.live > 0"
        ),
        &[],
        booking_says,
    )
}
