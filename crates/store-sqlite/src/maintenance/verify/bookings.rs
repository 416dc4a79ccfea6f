//! Is each booking in itself as its state says: seats, total, owner.

use super::{BOOKED, COUNT_BOOKINGS, Checks, booking_says};
use matinee_store::{StoreError, bookings::CAME_TOO_LATE};

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // A booking whose authorization was lost before the capture is cancelled with no ticket to cancel. Money that the
    // bank took after all came too late and paid for nothing.
    checks.rows(
        "booking_seats",
        COUNT_BOOKINGS,
        &format!(
            "{BOOKED} SELECT b.theater, b.booking, format('is %s for %d seats and lists %d, %d different, %d cancelled',
               b.status, b.seat_count, coalesce(k.n, 0), coalesce(k.distinct_n, 0), coalesce(k.cancelled, 0))
             FROM bookings AS b LEFT JOIN (SELECT theater, booking, count(*) AS n, count(DISTINCT seat) AS distinct_n,
                 sum(cancelled) AS cancelled FROM booked GROUP BY theater, booking) AS k
               ON k.theater = b.theater AND k.booking = b.booking
             WHERE json_valid(b.seats) AND (k.n IS NOT b.seat_count OR k.distinct_n IS NOT b.seat_count
               OR NOT CASE b.status WHEN 'cancelled' THEN k.cancelled = k.n OR k.cancelled = 0
                      AND NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.theater = b.theater
                        AND p.booking = b.booking AND p.captured_minor > 0
                        AND NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater
                          AND r.booking = p.booking AND r.payment = p.payment AND r.reason = '{CAME_TOO_LATE}'))
                    WHEN 'partly_cancelled' THEN k.cancelled BETWEEN 1 AND k.n - 1
                    ELSE k.cancelled = 0 END)"
        ),
        &[],
        booking_says,
    )?;
    checks.rows(
        "booking_total",
        COUNT_BOOKINGS,
        &format!(
            "{BOOKED} SELECT b.theater, b.booking,
               format('has a total of %d, its seats cost %s', b.total_minor, sum(k.price))
             FROM bookings AS b JOIN booked AS k ON k.theater = b.theater AND k.booking = b.booking
             GROUP BY b.theater, b.booking HAVING sum(k.price) IS NOT b.total_minor OR min(k.price) < 0"
        ),
        &[],
        booking_says,
    )?;
    checks.rows(
        "booking_show",
        COUNT_BOOKINGS,
        "SELECT theater, booking, 'is for a show that is not there' FROM bookings AS b
         WHERE NOT EXISTS (SELECT 1 FROM shows AS s WHERE s.theater = b.theater AND s.show = b.show)",
        &[],
        booking_says,
    )?;
    checks.rows(
        "booking_owner",
        COUNT_BOOKINGS,
        "SELECT theater, booking, 'belongs to a user who is not there' FROM bookings AS b
         WHERE user IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users AS u WHERE u.user = b.user)
         UNION ALL SELECT theater, booking, 'belongs to a user and to a guest' FROM bookings
         WHERE user IS NOT NULL AND guest_email IS NOT NULL",
        &[],
        booking_says,
    )
}
