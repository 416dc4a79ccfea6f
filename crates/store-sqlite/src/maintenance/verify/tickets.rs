//! Does every seat that was paid for, and no other, open the door.

use super::{BOOKED, COUNT_BOOKED, Checks, booking_says};
use matinee_store::StoreError;

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // Tickets are issued with the capture; until then the confirmed booking's money is in flight. A cancelled seat keeps
    // its void ticket: a door that meets it can say that it was cancelled.
    checks.rows(
        "ticket_for_seat",
        COUNT_BOOKED,
        &format!(
            "{BOOKED} SELECT k.theater, k.booking, format('its seat %s has %s', k.seat,
               CASE WHEN t.ticket IS NULL THEN 'no ticket' ELSE 'a void ticket' END)
             FROM booked AS k LEFT JOIN tickets AS t
               ON t.theater = k.theater AND t.booking = k.booking AND t.seat = k.seat
             WHERE (k.status IN ('confirmed', 'partly_cancelled') AND NOT k.cancelled
                 AND (t.ticket IS NULL OR t.state = 'void') OR k.cancelled AND t.ticket IS NULL)
               AND NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.theater = k.theater AND p.booking = k.booking
                 AND p.status = 'authorized')"
        ),
        &[],
        booking_says,
    )?;
    // A ticket that was used stays marked as used when the theater gives the money back.
    checks.rows(
        "ticket_is_paid",
        "SELECT count(*) FROM tickets",
        "SELECT t.theater, t.booking, CASE WHEN b.booking IS NULL THEN 'is not there but has a ticket'
             ELSE format('is %s and has a ticket that is %s for seat %d', b.status, t.state, t.seat) END
         FROM tickets AS t LEFT JOIN bookings AS b ON b.theater = t.theater AND b.booking = t.booking
         WHERE b.booking IS NULL
           OR (t.state = 'valid' OR t.state = 'redeemed' AND NOT EXISTS (SELECT 1 FROM show_cancellations AS c
                 WHERE c.theater = b.theater AND c.show = b.show)
               AND NOT EXISTS (SELECT 1 FROM show_relocations AS m WHERE m.theater = b.theater AND m.show = b.show)
               AND NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = b.theater AND r.booking = b.booking
                 AND r.reason <> 'cancelled_by_customer'))
             AND (b.status NOT IN ('confirmed', 'partly_cancelled')
             OR NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(b.seats) THEN b.seats ELSE '[]' END) AS j
               WHERE j.value ->> 'seat' = t.seat AND NOT coalesce(j.value ->> 'cancelled', 0)))
           OR NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(b.seats) THEN b.seats ELSE '[]' END) AS j
             WHERE j.value ->> 'seat' = t.seat)",
        &[],
        booking_says,
    )
}
