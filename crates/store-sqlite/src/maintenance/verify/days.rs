//! Do the totals of all days together say what the ledger says.

use super::Checks;
use crate::{bookings::days, failure::OrStoreError as _};
use matinee_domain::{day::Totals, ids::TheaterId};
use matinee_store::StoreError;
use rusqlite::Connection;

/// Rows read at a time.
const PAGE: u16 = 1000;

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    // What a gift card paid counts like what was charged, unless it had that back because the payment came to nothing.
    let ledger = "SELECT theater, sum(captured_minor + iif(late, gift_back, iif(took, gift_minor, 0))), \
           sum(refunded_minor + gift_back), count(*) \
         FROM (SELECT p.*, status IN ('captured', 'partly_refunded', 'refunded') AS took, \
             EXISTS (SELECT 1 FROM refunds AS r WHERE r.booking = p.booking AND r.payment = p.payment \
               AND r.reason = 'seats_gone') AS late, \
             (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.booking = p.booking \
               AND r.payment = p.payment AND r.to_gift) AS gift_back FROM payments AS p) \
         GROUP BY theater";
    let mut statement = conn.prepare(ledger).db()?;
    let rows = statement.query_map([], |row| {
        Ok((
            TheaterId::from_bytes(row.get(0)?),
            (row.get(1)?, row.get(2)?),
            row.get(3)?,
        ))
    });
    let ledger: Vec<(TheaterId, (i64, i64), i64)> =
        rows.db()?.collect::<rusqlite::Result<_>>().db()?;
    let payments: i64 = ledger.iter().map(|(_, _, payments)| payments).sum();
    checks.checked("day_totals", payments.unsigned_abs());
    for (theater, (captured, refunded), _) in ledger {
        let days = all_days(conn, theater)?;
        if days.adds_up() && (days.captured.minor, days.back.minor) == (captured, refunded) {
            continue;
        }
        let what = format!(
            "theater {theater}: its days together sold {} and {} late, took {} and gave back {}; the ledger has {captured} \
             and {refunded} (minor units)",
            days.tickets.minor, days.late.minor, days.captured.minor, days.back.minor
        );
        if !checks.broken("day_totals", what) {
            break;
        }
    }
    Ok(())
}

/// The totals of a theater from its first day to its last.
fn all_days(conn: &Connection, theater: TheaterId) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    let mut after: Vec<u8> = Vec::new();
    loop {
        let page = days::sold(conn, theater, (&after, [0xFF; 22]), PAGE)?;
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
        let range = ((after.0, &after.1[..]), i64::MAX);
        let page = days::given_back(conn, theater, range, PAGE)?;
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
