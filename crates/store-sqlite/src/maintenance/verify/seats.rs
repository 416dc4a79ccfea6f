//! Who has which seat: the rows of seats, the counters of shows and the lists of bookings must tell one story.

use super::{BOOKED, COUNT_BOOKED, COUNT_BOOKINGS, Checks, booking_says, show_says};
use crate::columns::micros;
use matinee_store::{StoreError, verify::REAPER_IS_LATE};

const COUNT_SEATS: &str = "SELECT count(*) FROM seats";

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    rows(checks)?;
    lists(checks)?;
    overdue(checks)
}

/// Rows of seats against shows and bookings.
fn rows(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "taken_count",
        "SELECT count(*) FROM show_state",
        "SELECT t.theater, t.show, format('counts %d taken seats, there are %d', t.taken, coalesce(c.n, 0))
         FROM show_state AS t LEFT JOIN (SELECT theater, show, count(*) AS n FROM seats GROUP BY theater, show) AS c
           ON c.theater = t.theater AND c.show = t.show
         WHERE t.taken <> coalesce(c.n, 0)",
        &[],
        show_says,
    )?;
    checks.rows(
        "seat_in_map",
        COUNT_SEATS,
        "SELECT x.theater, x.show, CASE WHEN s.show IS NULL THEN format('is not there, its seat %d is taken', x.seat)
             ELSE format('has no seat %d, its map ends at %d', x.seat, s.seats_total - 1) END
         FROM seats AS x LEFT JOIN shows AS s ON s.theater = x.theater AND s.show = x.show
         WHERE s.show IS NULL OR x.seat NOT BETWEEN 0 AND s.seats_total - 1
           -- Put aside by a move, until the money went back.
           AND (x.seat < 20000 OR NOT EXISTS (SELECT 1 FROM show_relocations AS r
             WHERE r.theater = x.theater AND r.show = x.show AND r.finished_at IS NULL))",
        &[],
        show_says,
    )?;
    checks.rows(
        "seat_owner",
        COUNT_SEATS,
        "SELECT x.theater, x.show, format('seat %d is %s, its booking %s', x.seat,
             CASE x.state WHEN 1 THEN 'held' ELSE 'sold' END,
             CASE WHEN b.booking IS NULL THEN 'is not there'
               WHEN b.show <> x.show THEN 'is for another show'
               WHEN NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(b.seats) THEN b.seats ELSE '[]' END) AS j
                 WHERE j.value ->> 'seat' = x.seat AND NOT coalesce(j.value ->> 'cancelled', 0))
                 THEN b.reference || ' does not have it'
               ELSE b.reference || ' is ' || b.status END)
         FROM seats AS x LEFT JOIN bookings AS b ON b.theater = x.theater AND b.booking = x.booking
         WHERE x.state <> 3 AND (b.booking IS NULL OR b.show <> x.show
           OR NOT CASE x.state WHEN 1 THEN b.status IN ('held', 'awaiting_payment')
                ELSE b.status IN ('confirmed', 'partly_cancelled') END
           OR NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(b.seats) THEN b.seats ELSE '[]' END) AS j
             WHERE j.value ->> 'seat' = x.seat AND NOT coalesce(j.value ->> 'cancelled', 0)))",
        &[],
        show_says,
    )
}

/// Lists of bookings against rows of seats.
fn lists(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "owned_seat",
        COUNT_BOOKED,
        &format!(
            "{BOOKED} SELECT k.theater, k.booking, format('is %s, its seat %s is %s', k.status, k.seat,
               CASE WHEN x.seat IS NULL THEN 'free' WHEN x.booking IS NOT k.booking THEN 'not its own'
                 ELSE CASE x.state WHEN 1 THEN 'held' WHEN 2 THEN 'sold' ELSE 'blocked' END END)
             FROM booked AS k LEFT JOIN seats AS x
               ON x.theater = k.theater AND x.show = k.show AND x.seat = k.seat
             WHERE k.status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled') AND NOT k.cancelled
               AND (x.seat IS NULL OR x.booking IS NOT k.booking
                 OR x.state <> CASE WHEN k.status IN ('held', 'awaiting_payment') THEN 1 ELSE 2 END)"
        ),
        &[],
        booking_says,
    )?;
    checks.rows(
        "seat_sold_once",
        COUNT_BOOKED,
        &format!(
            "{BOOKED} SELECT theater, show, format('seat %s belongs to %d bookings', seat, count(*)) FROM booked
             WHERE status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled') AND NOT cancelled
             GROUP BY theater, show, seat HAVING count(*) > 1"
        ),
        &[],
        show_says,
    )
}

/// A hold that ran out a minute ago is freed, unless nothing happened since: a server that stands still reaps nothing.
fn overdue(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let due = micros(checks.now - REAPER_IS_LATE);
    let late = REAPER_IS_LATE.num_microseconds().unwrap_or(i64::MAX);
    checks.rows(
        "overdue_hold",
        COUNT_BOOKINGS,
        "SELECT theater, booking, 'is still held though its hold ran out' FROM bookings
         WHERE status = 'held' AND expires_at < ?1
           AND expires_at + ?2 < max((SELECT max(created_at) FROM bookings),
             coalesce((SELECT max(created_at) FROM payments), 0), coalesce((SELECT max(created_at) FROM messages), 0))",
        &[&due, &late],
        booking_says,
    )
}
