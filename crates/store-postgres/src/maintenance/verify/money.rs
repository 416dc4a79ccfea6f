//! Is every amount taken either for seats that are still had, or on its way back.

use super::{COUNT_BOOKINGS, Checks, booked, booking_says};
use crate::columns::Columns as _;
use matinee_domain::ids::{BookingId, RefundId, TheaterId};
use matinee_store::StoreError;
use tokio_postgres::Row;

const COUNT_PAYMENTS: &str = "SELECT count(*) FROM payments";

/// Per booking: what was taken, what goes or went back, how many payments took money, how many may still. What a gift card
/// pays of a payment is taken with it. Money that came too late pays for nothing and goes back whole; it is counted apart,
/// as what of it is not going back.
macro_rules! sums {
    () => {
        "sums AS (SELECT theater, booking, \
           coalesce(sum(captured_minor + CASE WHEN took THEN gift_minor ELSE 0 END) \
             FILTER (WHERE NOT late), 0) AS captured, \
           coalesce(sum(refunded_minor + CASE WHEN took THEN gift_returned_minor ELSE 0 END) \
             FILTER (WHERE NOT late), 0) AS refunded, \
           count(*) FILTER (WHERE NOT late AND took) AS paid, \
           coalesce(sum(captured_minor - refunded_minor + gift_minor - gift_returned_minor) \
             FILTER (WHERE late), 0) AS stuck, \
           coalesce(sum(goodwill), 0) AS goodwill, \
           count(*) FILTER (WHERE status IN ('created', 'requires_action', 'authorized')) AS live, \
           count(*) FILTER (WHERE status = 'authorized') AS authorized \
         FROM (SELECT p.*, status IN ('captured', 'partly_refunded', 'refunded') AS took, \
             EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking \
             AND r.payment = p.payment AND r.reason = 'seats_gone') AS late, \
             (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.theater = p.theater \
               AND r.booking = p.booking AND r.payment = p.payment AND r.reason = 'goodwill' \
               AND r.status <> 'failed') AS goodwill FROM payments AS p) AS p \
         GROUP BY theater, booking)"
    };
}

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    payments(checks).await?;
    refunds(checks).await?;
    bookings(checks).await?;
    kept(checks).await
}

async fn payments(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "one_live_payment",
            COUNT_PAYMENTS,
            "SELECT theater, booking, format('has %s live payments', count(*)) FROM payments \
             WHERE status IN ('created', 'requires_action', 'authorized') \
             GROUP BY theater, booking HAVING count(*) > 1",
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "payment_amounts",
            COUNT_PAYMENTS,
            "SELECT p.theater, p.booking, format('a payment of %s %s is %s with %s captured and %s refunded, of a gift \
                 card %s and %s returned', p.amount_minor, p.currency, p.status, p.captured_minor, p.refunded_minor, \
                 p.gift_minor, p.gift_returned_minor) \
             FROM payments AS p JOIN bookings AS b ON b.theater = p.theater AND b.booking = p.booking \
             WHERE p.currency <> b.currency OR p.refunded_minor NOT BETWEEN 0 AND p.captured_minor \
               OR NOT CASE p.status WHEN 'captured' THEN p.captured_minor = p.amount_minor \
                    WHEN 'partly_refunded' THEN p.captured_minor = p.amount_minor \
                      AND p.refunded_minor + p.gift_returned_minor > 0 \
                    WHEN 'refunded' THEN p.captured_minor = p.amount_minor AND p.refunded_minor = p.captured_minor \
                      AND p.gift_returned_minor = p.gift_minor \
                    WHEN 'declined' THEN p.captured_minor = 0 AND p.gift_returned_minor = p.gift_minor \
                    WHEN 'voided' THEN p.captured_minor = 0 AND p.gift_returned_minor = p.gift_minor \
                    ELSE p.captured_minor = 0 AND p.gift_returned_minor = 0 END",
            &[],
            booking_says,
        )
        .await
}

/// What a payment says went back is what its refunds say: all but the failed ones.
async fn refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "refund_sum",
            COUNT_PAYMENTS,
            "SELECT p.theater, p.booking, format('a payment has %s refunded, its refunds are %s', \
                 p.refunded_minor, coalesce(r.amount, 0)) \
             FROM payments AS p LEFT JOIN (SELECT theater, booking, payment, sum(amount_minor) AS amount FROM refunds \
                 WHERE status <> 'failed' AND NOT to_gift GROUP BY theater, booking, payment) AS r \
               ON r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment \
             WHERE p.refunded_minor <> coalesce(r.amount, 0) \
             UNION ALL SELECT r.theater, r.booking, 'a refund is in another currency than its payment' \
             FROM refunds AS r \
             JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment \
             WHERE p.currency <> r.currency",
            &[],
            booking_says,
        )
        .await?;
    // Nobody tries these again: the money is owed until it went back by another way.
    checks
        .rows(
            "refund_failed",
            "SELECT count(*) FROM refunds",
            "SELECT r.theater, r.booking, r.refund, r.amount_minor, r.currency FROM refunds AS r \
             JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment \
             WHERE r.status = 'failed' AND p.captured_minor - p.refunded_minor >= r.amount_minor",
            &[],
            refund_says,
        )
        .await
}

/// Columns: theater, booking, refund, amount, currency.
fn refund_says(row: &Row) -> Result<String, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    let booking = BookingId::from_parts(theater, row.bytes(1)?);
    let refund = RefundId::from_bytes(row.bytes(2)?);
    let (amount, currency): (i64, &str) = (row.value(3)?, row.text(4)?);
    Ok(format!(
        "booking {booking}: refund {refund} of {amount} {currency} (minor units) failed and did not go back"
    ))
}

async fn bookings(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // In flight: confirmed while the authorized money is being captured.
    checks
        .rows(
            "confirmed_is_paid",
            COUNT_BOOKINGS,
            concat!(
                "WITH ",
                sums!(),
                " SELECT b.theater, b.booking, format('is %s with %s payments that took money (%s of %s)', \
                   b.status, coalesce(s.paid, 0), coalesce(s.captured, 0), b.total_minor) \
                 FROM bookings AS b LEFT JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking \
                 WHERE b.status IN ('confirmed', 'partly_cancelled') AND b.total_minor > 0 AND NOT coalesce( \
                   s.paid = 1 AND s.captured = b.total_minor OR s.paid = 0 AND s.authorized = 1, false)"
            ),
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "payment_in_flight",
            COUNT_BOOKINGS,
            concat!(
                "WITH ",
                sums!(),
                " SELECT b.theater, b.booking, format('is %s with %s live payments', b.status, coalesce(s.live, 0)) \
                 FROM bookings AS b LEFT JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking \
                 WHERE b.status = 'awaiting_payment' AND s.live IS DISTINCT FROM 1 \
                   OR b.status IN ('held', 'released') AND s.live > 0"
            ),
            &[],
            booking_says,
        )
        .await
}

async fn kept(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // Of cancelled seats a share may be kept; of the others everything is.
    checks
        .rows(
            "money_kept",
            COUNT_BOOKINGS,
            concat!(
                booked!(", "),
                sums!(),
                ", worth AS (SELECT theater, booking, sum(CASE WHEN cancelled THEN 0 ELSE price END) AS had \
                   FROM booked WHERE status IN ('confirmed', 'partly_cancelled', 'cancelled') \
                   GROUP BY theater, booking) \
                 SELECT b.theater, b.booking, format('keeps %s of %s for seats worth %s', \
                   s.captured - s.refunded, b.total_minor, w.had) \
                 FROM bookings AS b JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking \
                 JOIN worth AS w ON w.theater = b.theater AND w.booking = b.booking \
                 WHERE s.captured > 0 AND s.captured - s.refunded + s.goodwill NOT BETWEEN w.had AND b.total_minor"
            ),
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "money_for_something",
            COUNT_BOOKINGS,
            concat!(
                "WITH ",
                sums!(),
                " SELECT b.theater, b.booking, format('is %s and %s that was taken for it is not going back', \
                   b.status, CASE WHEN s.stuck <> 0 THEN s.stuck ELSE s.captured - s.refunded END) \
                 FROM bookings AS b JOIN sums AS s ON s.theater = b.theater AND s.booking = b.booking \
                 WHERE b.status NOT IN ('confirmed', 'partly_cancelled', 'cancelled') AND s.captured <> s.refunded \
                   OR s.stuck <> 0"
            ),
            &[],
            booking_says,
        )
        .await
}
