//! Is everybody in by the scan that counts, and with one ticket by one.

use super::{Checks, booking_says};
use matinee_store::StoreError;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "first_scan_counts",
            "SELECT count(*) FROM ticket_scans",
            "SELECT t.theater, t.booking, format('its ticket for seat %s is %s by the scan %s, the first is %s', t.seat, \
                 t.state, coalesce(encode(t.redeemed_by, 'hex'), 'of nobody'), \
                 coalesce(encode(f.scan, 'hex'), 'of nobody')) \
             FROM tickets AS t LEFT JOIN (SELECT DISTINCT ON (theater, ticket) theater, ticket, scan FROM ticket_scans \
                 WHERE verdict = 'admitted' AND undone_at IS NULL AND ticket IS NOT NULL \
                 ORDER BY theater, ticket, scanned_at, scan) AS f \
               ON f.theater = t.theater AND f.ticket = t.ticket \
             WHERE t.state <> 'void' AND (t.redeemed_by IS DISTINCT FROM f.scan \
                 OR (t.state = 'redeemed') <> (f.scan IS NOT NULL))",
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "scan_has_ticket",
            "SELECT count(*) FROM ticket_scans",
            "SELECT s.theater, s.booking, format('the scan %s is of a ticket it does not have', encode(s.scan, 'hex')) \
             FROM ticket_scans AS s WHERE s.booking IS NOT NULL AND NOT EXISTS (SELECT 1 FROM tickets AS t \
               WHERE t.theater = s.theater AND t.booking = s.booking AND t.ticket = s.ticket)",
            &[],
            booking_says,
        )
        .await
}
