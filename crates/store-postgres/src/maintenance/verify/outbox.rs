//! Can every message be delivered, or was it.
//!
//! What was sold at a counter to nobody's address has nobody to write to; programs hear of it all the same.

use super::{Checks, said};
use matinee_store::StoreError;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "outbox",
            "SELECT count(*) FROM messages",
            "SELECT format('message %s (%s): %s', encode(m.message, 'hex'), m.kind, CASE \
                 WHEN m.kind = '' OR m.channel = '' THEN 'no kind or channel' \
                 WHEN m.status = 'pending' AND m.recipient = '' AND \
                   (b.booking IS NULL OR b.\"user\" IS NOT NULL OR b.guest_email IS NOT NULL) THEN 'pending without a recipient' \
                 WHEN (m.sent_at IS NOT NULL) <> (m.status = 'sent') THEN 'sent without a time' \
                 ELSE 'its booking is not there' END) \
             FROM messages AS m LEFT JOIN bookings AS b ON b.theater = m.theater AND b.booking = m.booking \
             WHERE m.kind = '' OR m.channel = '' OR m.status = 'pending' AND m.recipient = '' AND \
                   (b.booking IS NULL OR b.\"user\" IS NOT NULL OR b.guest_email IS NOT NULL) \
               OR (m.sent_at IS NOT NULL) <> (m.status = 'sent') OR length(m.booking) > 0 AND b.booking IS NULL",
            &[],
            said,
        )
        .await?;
    checks
        .rows(
            "idempotency",
            "SELECT count(*) FROM idempotency",
            "SELECT format('record %s keeps an answer with status %s', encode(scope, 'hex'), status) FROM idempotency \
             WHERE NOT (status BETWEEN 200 AND 299 OR status = 402)",
            &[],
            said,
        )
        .await
}
