//! Is each booking in itself as its state says: seats, total, owner; and does every seat that was paid for, and no
//! other, open the door.

use super::{COUNT_BOOKED, COUNT_BOOKINGS, Checks, booked, booking_says};
use matinee_store::StoreError;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    seats(checks).await?;
    owners(checks).await?;
    tickets(checks).await
}

async fn seats(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // A booking whose authorization was lost before the capture is cancelled with no ticket to cancel. Money that the
    // bank took after all came too late (`CAME_TOO_LATE`) and paid for nothing.
    checks
        .rows(
            "booking_seats",
            COUNT_BOOKINGS,
            booked!(
                "SELECT b.theater, b.booking, format('is %s for %s seats and lists %s, %s different, %s cancelled', \
                   b.status, b.seat_count, coalesce(k.n, 0), coalesce(k.distinct_n, 0), coalesce(k.cancelled, 0)) \
                 FROM bookings AS b LEFT JOIN (SELECT theater, booking, count(*) AS n, \
                     count(DISTINCT seat) AS distinct_n, count(*) FILTER (WHERE cancelled) AS cancelled \
                   FROM booked GROUP BY theater, booking) AS k ON k.theater = b.theater AND k.booking = b.booking \
                 WHERE k.n IS DISTINCT FROM b.seat_count OR k.distinct_n IS DISTINCT FROM b.seat_count \
                   OR NOT CASE b.status WHEN 'cancelled' THEN k.cancelled = k.n OR k.cancelled = 0 \
                          AND NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.theater = b.theater \
                            AND p.booking = b.booking AND p.captured_minor > 0 \
                            AND NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater \
                              AND r.booking = p.booking AND r.payment = p.payment AND r.reason = 'seats_gone')) \
                        WHEN 'partly_cancelled' THEN k.cancelled BETWEEN 1 AND k.n - 1 \
                        ELSE k.cancelled = 0 END"
            ),
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "booking_total",
            COUNT_BOOKINGS,
            booked!(
                "SELECT b.theater, b.booking, format('has a total of %s, its seats cost %s', b.total_minor, sum(k.price)) \
                 FROM bookings AS b JOIN booked AS k ON k.theater = b.theater AND k.booking = b.booking \
                 GROUP BY b.theater, b.booking, b.total_minor \
                 HAVING sum(k.price) IS DISTINCT FROM b.total_minor OR min(k.price) < 0"
            ),
            &[],
            booking_says,
        )
        .await
}

async fn owners(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "booking_show",
            COUNT_BOOKINGS,
            "SELECT theater, booking, 'is for a show that is not there' FROM bookings AS b \
             WHERE NOT EXISTS (SELECT 1 FROM shows AS s WHERE s.theater = b.theater AND s.show = b.show)",
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "booking_owner",
            COUNT_BOOKINGS,
            "SELECT theater, booking, 'belongs to a user who is not there' FROM bookings AS b \
             WHERE \"user\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users AS u WHERE u.\"user\" = b.\"user\") \
             UNION ALL SELECT theater, booking, 'belongs to a user and to a guest' FROM bookings \
             WHERE \"user\" IS NOT NULL AND guest_email IS NOT NULL \
             UNION ALL SELECT b.theater, b.booking, 'has the reference of another booking' FROM bookings AS b \
             WHERE EXISTS (SELECT 1 FROM bookings AS o WHERE o.reference = b.reference AND o.theater = b.theater \
               AND o.booking <> b.booking)",
            &[],
            booking_says,
        )
        .await
}

async fn tickets(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // Tickets are issued with the capture; until then the confirmed booking's money is in flight. A cancelled seat keeps
    // its void ticket: a door that meets it can say that it was cancelled.
    checks
        .rows(
            "ticket_for_seat",
            COUNT_BOOKED,
            booked!(
                "SELECT k.theater, k.booking, format('its seat %s has %s', k.seat, \
                   CASE WHEN t.ticket IS NULL THEN 'no ticket' ELSE 'a void ticket' END) \
                 FROM booked AS k LEFT JOIN tickets AS t \
                   ON t.theater = k.theater AND t.booking = k.booking AND t.seat = k.seat \
                 WHERE (k.status IN ('confirmed', 'partly_cancelled') AND NOT k.cancelled \
                     AND (t.ticket IS NULL OR t.state = 'void') OR k.cancelled AND t.ticket IS NULL) \
                   AND NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.theater = k.theater AND p.booking = k.booking \
                     AND p.status = 'authorized')"
            ),
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "ticket_is_paid",
            "SELECT count(*) FROM tickets",
            booked!(
                "SELECT t.theater, t.booking, CASE WHEN b.booking IS NULL THEN 'is not there but has a ticket' \
                   ELSE format('is %s and has a ticket that is %s for seat %s', b.status, t.state, t.seat) END \
                 FROM tickets AS t LEFT JOIN bookings AS b ON b.theater = t.theater AND b.booking = t.booking \
                 LEFT JOIN booked AS k ON k.theater = t.theater AND k.booking = t.booking AND k.seat = t.seat \
                 WHERE b.booking IS NULL OR k.seat IS NULL \
                   OR (t.state = 'valid' OR t.state = 'redeemed' AND NOT EXISTS (SELECT 1 FROM show_cancellations AS c \
                         WHERE c.theater = b.theater AND c.show = b.show) \
                   AND NOT EXISTS (SELECT 1 FROM show_relocations AS m WHERE m.theater = b.theater AND m.show = b.show) \
                       AND NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = b.theater AND r.booking = b.booking \
                         AND r.reason <> 'cancelled_by_customer')) \
                     AND (b.status NOT IN ('confirmed', 'partly_cancelled') OR k.cancelled)"
            ),
            &[],
            booking_says,
        )
        .await
}
