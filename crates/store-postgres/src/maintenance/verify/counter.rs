//! Do our books and the counter's agree, and was in each drawer what had to be.

use super::{Checks, booking_says, said};
use crate::columns::micros;
use matinee_domain::limits;
use matinee_store::{StoreError, verify::SETTLING};

const COUNT_CHARGES: &str = "SELECT count(*) FROM counter_charges";

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // The two never commit together: a payment under way may be behind the counter, and one just given up before it.
    let settled = micros(checks.now - limits::PAYMENT_DEADLINE - SETTLING);
    checks
        .rows(
            "counter_charge",
            "SELECT count(*) FROM payments WHERE gateway = 'counter'",
            "SELECT p.theater, p.booking, format('a counter payment of %s %s is %s, in the counter''s books it is %s of %s', \
                 p.amount_minor, p.currency, p.status, coalesce(c.status, 'not there'), coalesce(c.amount_minor, 0)) \
             FROM payments AS p LEFT JOIN counter_charges AS c ON c.theater = p.theater AND c.payment = p.payment \
             WHERE p.gateway = 'counter' AND NOT CASE \
               WHEN p.status IN ('captured', 'partly_refunded', 'refunded') THEN \
                 coalesce(c.status = 'captured' AND c.amount_minor = p.amount_minor AND c.currency = p.currency, false) \
               WHEN p.status IN ('declined', 'voided') AND p.created_at < $1 THEN coalesce(c.status = 'voided', true) \
               ELSE true END",
            &[&settled],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "counter_payment",
            COUNT_CHARGES,
            "SELECT format('the counter took %s %s for the payment %s, which is not there', c.amount_minor, c.currency, \
                 encode(c.payment, 'hex')) \
             FROM counter_charges AS c WHERE NOT EXISTS (SELECT 1 FROM payments AS p \
               WHERE p.theater = c.theater AND p.payment = c.payment AND p.gateway = 'counter')",
            &[],
            said,
        )
        .await?;
    checks
        .rows(
            "counter_refund",
            COUNT_CHARGES,
            "SELECT p.theater, p.booking, format('of a counter payment %s is to go back and %s did, by the counter''s books \
                 %s', coalesce(r.asked, 0), coalesce(r.done, 0), c.refunded_minor) \
             FROM counter_charges AS c JOIN payments AS p ON p.theater = c.theater AND p.payment = c.payment \
             LEFT JOIN (SELECT theater, booking, payment, sum(amount_minor) AS asked, \
                 coalesce(sum(amount_minor) FILTER (WHERE status = 'succeeded'), 0) AS done \
                 FROM refunds WHERE status <> 'failed' GROUP BY theater, booking, payment) AS r \
               ON r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment \
             WHERE c.refunded_minor NOT BETWEEN coalesce(r.done, 0) AND coalesce(r.asked, 0) \
               OR c.refunded_minor <> (SELECT coalesce(sum(x.amount_minor), 0) FROM counter_refunds AS x \
                 WHERE x.theater = c.theater AND x.payment = c.payment)",
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "shift_cash",
            "SELECT count(*) FROM shifts",
            "SELECT format('the shift %s at window %s expected %s, its drawer had to hold %s', encode(s.shift, 'hex'), \
                 s.place, s.expected_minor, s.held) \
             FROM (SELECT s.shift, s.place, s.expected_minor, s.float_minor \
                 + (SELECT coalesce(sum(c.amount_minor), 0) FROM counter_charges AS c \
                   WHERE c.theater = s.theater AND c.shift = s.shift AND c.method = 'cash' AND c.status = 'captured') \
                 - (SELECT coalesce(sum(x.amount_minor), 0) FROM counter_refunds AS x \
                   WHERE x.theater = s.theater AND x.shift = s.shift) AS held \
               FROM shifts AS s WHERE s.closed_at IS NOT NULL) AS s \
             WHERE s.expected_minor <> s.held",
            &[],
            said,
        )
        .await
}
