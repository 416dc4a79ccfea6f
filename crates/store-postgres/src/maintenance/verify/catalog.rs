//! Does the catalog hang together: the sync log, shows with their counters, maps and prices, one show per screen.

use super::{Checks, said, show_says};
use matinee_store::StoreError;

const COUNT_SHOWS: &str = "SELECT count(*) FROM shows";

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    sync_log(checks).await?;
    shows(checks).await
}

/// The sync counter is at or past every entry of the log, and the log has an entry for every object.
async fn sync_log(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "sync_counter",
            "SELECT count(*) FROM changes",
            "SELECT 'the counter has ' || count(*) || ' rows' FROM sync_head HAVING count(*) <> 1 \
             UNION ALL SELECT format('%s forgotten is past %s', oldest, position) FROM sync_head WHERE oldest > position \
             UNION ALL SELECT format('change %s (kind %s, id %s) is past the counter', seq, kind, encode(id, 'hex')) \
             FROM changes WHERE seq > (SELECT position FROM sync_head)",
            &[],
            said,
        )
        .await?;
    checks
        .rows(
            "sync_log",
            "SELECT (SELECT count(*) FROM shows) + (SELECT count(*) FROM movies) + (SELECT count(*) FROM theaters)",
            "SELECT what || ' has no entry in the sync log' FROM ( \
               SELECT 1 AS kind, theater AS id, 'theater ' || external_id AS what FROM theaters \
               UNION ALL SELECT 2, movie, 'movie ' || external_id FROM movies \
               UNION ALL SELECT 3, theater || show, 'show ' || external_id FROM shows) AS o \
             WHERE NOT EXISTS (SELECT 1 FROM changes AS c WHERE c.kind = o.kind AND c.id = o.id AND NOT c.deleted)",
            &[],
            said,
        )
        .await
}

async fn shows(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "show_state",
            COUNT_SHOWS,
            "SELECT theater, show, 'has no counters' FROM shows AS s \
               WHERE NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = s.theater AND t.show = s.show) \
             UNION ALL SELECT theater, show, 'has counters but is not there' FROM show_state AS t \
               WHERE NOT EXISTS (SELECT 1 FROM shows AS s WHERE s.theater = t.theater AND s.show = t.show)",
            &[],
            show_says,
        )
        .await?;
    checks
        .rows(
            "show_map",
            COUNT_SHOWS,
            "SELECT s.theater, s.show, format('has %s seats, its map %s', s.seats_total, m.seats_total) \
               FROM shows AS s JOIN seat_maps AS m ON m.seat_map = s.seat_map WHERE s.seats_total <> m.seats_total \
             UNION ALL SELECT theater, show, format('has %s prices for %s categories of its map', prices, categories) \
             FROM (SELECT DISTINCT ON (s.price_sheet, s.seat_map) s.theater, s.show, \
                 json_array_length(p.body -> 'base_minor') AS prices, \
                 json_array_length(m.body -> 'categories') AS categories \
               FROM shows AS s JOIN price_sheets AS p ON p.price_sheet = s.price_sheet \
               JOIN seat_maps AS m ON m.seat_map = s.seat_map ORDER BY s.price_sheet, s.seat_map) AS pair \
             WHERE prices <> categories \
             UNION ALL SELECT NULL, NULL, format('seat map %s lists %s seats, not %s', external_id, seats, seats_total) \
             FROM (SELECT external_id, seats_total, json_array_length(body -> 'seats') AS seats FROM seat_maps) AS m \
             WHERE seats <> seats_total",
            &[],
            show_says,
        )
        .await?;
    checks
        .rows(
            "screen_clash",
            COUNT_SHOWS,
            "SELECT theater, show, 'begins before the show before it on its screen has ended' FROM ( \
               SELECT theater, show, starts_at, max(ends_at) OVER (PARTITION BY theater, screen \
                 ORDER BY starts_at, show ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until \
               FROM shows WHERE (theater, show) NOT IN (SELECT theater, show FROM show_cancellations)) AS s \
             WHERE busy_until > starts_at",
            &[],
            show_says,
        )
        .await
}
