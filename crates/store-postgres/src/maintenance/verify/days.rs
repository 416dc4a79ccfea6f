//! Do the totals of all days together say what the ledger says.

use super::Checks;
use crate::{
    bookings::days, columns::Columns as _, connect::Connection, failure::OrStoreError as _,
};
use matinee_domain::{day::Totals, ids::TheaterId};
use matinee_store::StoreError;

/// Rows read at a time.
const PAGE: u16 = 1000;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    // What a gift card paid counts like what was charged, unless it had that back because the payment came to nothing.
    let ledger = "SELECT theater, sum(captured_minor + CASE WHEN late THEN gift_back WHEN took THEN gift_minor ELSE 0 END)::bigint, \
           sum(refunded_minor + gift_back)::bigint, count(*) \
         FROM (SELECT p.*, status IN ('captured', 'partly_refunded', 'refunded') AS took, \
             EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking \
               AND r.payment = p.payment AND r.reason = 'seats_gone') AS late, \
             (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.theater = p.theater \
               AND r.booking = p.booking AND r.payment = p.payment AND r.to_gift) AS gift_back \
           FROM payments AS p) AS p \
         GROUP BY theater";
    let ledger = conn.client().query(ledger, &[]).await.db()?;
    let mut payments = 0;
    for row in &ledger {
        payments += row.count(3)?;
    }
    checks.report.looked_at("day_totals", payments);
    for row in &ledger {
        let theater = TheaterId::from_bytes(row.bytes(0)?);
        let (captured, refunded): (i64, i64) = (row.value(1)?, row.value(2)?);
        let days = all_days(conn, theater).await?;
        if days.adds_up() && (days.captured.minor, days.back.minor) == (captured, refunded) {
            continue;
        }
        let what = format!(
            "theater {theater}: its days together sold {} and {} late, took {} and gave back {}; the ledger has {captured} \
             and {refunded} (minor units)",
            days.tickets.minor, days.late.minor, days.captured.minor, days.back.minor
        );
        if !checks.report.found("day_totals", what) {
            break;
        }
    }
    Ok(())
}

/// The totals of a theater from its first day to its last.
async fn all_days(conn: &Connection, theater: TheaterId) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page = days::sold(conn, theater, (after, [0xFF; 22]), PAGE).await?;
        for sale in &page {
            totals.sell(sale);
        }
        match page.last() {
            Some(last) if page.len() == usize::from(PAGE) => {
                after = last.payment_id.own().to_vec();
            }
            _ => break,
        }
    }
    let mut after: (i64, Vec<u8>) = (i64::MIN, Vec::new());
    loop {
        let page = days::given_back(conn, theater, (after, i64::MAX), PAGE).await?;
        for back in &page {
            totals.give_back(back);
        }
        match page.last() {
            Some(last) if page.len() == usize::from(PAGE) => {
                after = (
                    last.at.timestamp_micros(),
                    last.refund_id.as_bytes().to_vec(),
                );
            }
            _ => return Ok(totals),
        }
    }
}
