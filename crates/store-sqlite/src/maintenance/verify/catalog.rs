//! Does the catalog hang together: the sync log, shows with their counters, maps and prices, one show per screen.

use super::{Checks, said, show_says};
use matinee_store::StoreError;

const COUNT_SHOWS: &str = "SELECT count(*) FROM shows";

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    sync_log(checks)?;
    shows(checks)
}

/// The sync counter is at or past every entry of the log, and the log has an entry for every object.
fn sync_log(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "sync_counter",
        "SELECT count(*) FROM changes",
        "SELECT 'the counter has ' || count(*) || ' rows' FROM sync_head HAVING count(*) <> 1
         UNION ALL SELECT format('%d forgotten is past %d', oldest, position) FROM sync_head WHERE oldest > position
         UNION ALL SELECT format('change %d (kind %d, id %s) is past the counter', seq, kind, hex(id)) FROM changes
         WHERE seq > (SELECT position FROM sync_head)",
        &[],
        said,
    )?;
    checks.rows(
        "sync_log",
        "SELECT (SELECT count(*) FROM shows) + (SELECT count(*) FROM movies) + (SELECT count(*) FROM theaters)",
        "SELECT what || ' has no entry in the sync log' FROM (
           SELECT 1 AS kind, theater AS id, 'theater ' || external_id AS what FROM theaters
           UNION ALL SELECT 2, movie, 'movie ' || external_id FROM movies
           UNION ALL SELECT 3, CAST(theater || show AS BLOB), 'show ' || external_id FROM shows) AS o
         WHERE NOT EXISTS (SELECT 1 FROM changes AS c WHERE c.kind = o.kind AND c.id = o.id AND c.deleted = 0)",
        &[],
        said,
    )
}

fn shows(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks.rows(
        "show_state",
        COUNT_SHOWS,
        "SELECT theater, show, 'has no counters' FROM shows AS s
           WHERE NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = s.theater AND t.show = s.show)
         UNION ALL SELECT theater, show, 'has counters but is not there' FROM show_state AS t
           WHERE NOT EXISTS (SELECT 1 FROM shows AS s WHERE s.theater = t.theater AND s.show = t.show)",
        &[],
        show_says,
    )?;
    checks.rows(
        "show_map",
        COUNT_SHOWS,
        "SELECT s.theater, s.show, format('has %d seats, its map %d', s.seats_total, m.seats_total)
           FROM shows AS s JOIN seat_maps AS m ON m.seat_map = s.seat_map WHERE s.seats_total <> m.seats_total
         UNION ALL SELECT theater, show, format('has %d prices for %d categories of its map', prices, categories) FROM (
           SELECT pair.theater, pair.show,
             CASE WHEN json_valid(p.body) THEN json_array_length(p.body, '$.base_minor') END AS prices,
             CASE WHEN json_valid(m.body) THEN json_array_length(m.body, '$.categories') END AS categories
           FROM (SELECT price_sheet, seat_map, theater, show, min(starts_at) FROM shows
                 GROUP BY price_sheet, seat_map) AS pair
           JOIN price_sheets AS p ON p.price_sheet = pair.price_sheet
           JOIN seat_maps AS m ON m.seat_map = pair.seat_map)
         WHERE prices <> categories
         UNION ALL SELECT NULL, NULL, format('seat map %s lists %d seats, not %d', external_id, seats, seats_total)
         FROM (SELECT external_id, seats_total,
             CASE WHEN json_valid(body) THEN json_array_length(body, '$.seats') END AS seats FROM seat_maps)
         WHERE seats <> seats_total",
        &[],
        |row| if row.get_ref(0)? == rusqlite::types::ValueRef::Null { row.get(2) } else { show_says(row) },
    )?;
    checks.rows(
        "screen_clash",
        COUNT_SHOWS,
        "SELECT theater, show, 'begins before the show before it on its screen has ended' FROM (
           SELECT theater, show, starts_at, max(ends_at) OVER (PARTITION BY theater, screen
             ORDER BY starts_at, show ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until FROM shows
           WHERE (theater, show) NOT IN (SELECT theater, show FROM show_cancellations))
         WHERE busy_until > starts_at",
        &[],
        show_says,
    )
}
