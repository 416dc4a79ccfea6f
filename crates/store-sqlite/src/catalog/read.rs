//! Reading the catalog. Every list walks an index and stops at its limit: nothing here looks at all shows.

use super::rows::{self, PriceSheets, SHOW_COLUMNS};
use crate::columns::micros;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Theater},
    ids::{MovieId, SeatMapId, ShowId, TheaterId},
    seat_map::SeatMap,
};
use matinee_store::catalog::{AskedIds, KnownIds, ListedShow, ShowQuery};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::sync::Arc;

pub(super) fn theaters(conn: &Connection) -> rusqlite::Result<Vec<Arc<Theater>>> {
    conn.prepare_cached("SELECT body FROM theaters ORDER BY name COLLATE NOCASE, theater")?
        .query_map([], |row| rows::theater(conn, row).map(Arc::new))?
        .collect()
}

pub(super) fn theater(
    conn: &Connection,
    theater_id: TheaterId,
) -> rusqlite::Result<Option<Theater>> {
    conn.prepare_cached("SELECT body FROM theaters WHERE theater = ?1")?
        .query_row([theater_id.as_bytes()], |row| rows::theater(conn, row))
        .optional()
}

pub(super) fn movies(conn: &Connection) -> rusqlite::Result<Vec<Arc<Movie>>> {
    conn.prepare_cached("SELECT body FROM movies ORDER BY name COLLATE NOCASE, movie")?
        .query_map([], |row| rows::movie(row).map(Arc::new))?
        .collect()
}

pub(super) fn movie(conn: &Connection, movie_id: MovieId) -> rusqlite::Result<Option<Movie>> {
    conn.prepare_cached("SELECT body FROM movies WHERE movie = ?1")?
        .query_row([movie_id.as_bytes()], rows::movie)
        .optional()
}

pub(super) fn seat_map(conn: &Connection, id: SeatMapId) -> rusqlite::Result<Option<SeatMap>> {
    conn.prepare_cached("SELECT body FROM seat_maps WHERE seat_map = ?1")?
        .query_row([id.as_bytes()], |row| rows::seat_map(row, 0))
        .optional()
}

/// The statement for what a query names: each shape has the one index that walks it in order.
fn shows_sql(query: &ShowQuery) -> String {
    let (index, named) = match (query.theater_id, query.movie_id) {
        (Some(_), None) => ("shows_of_theater", "s.theater = ?1 AND ?2 IS NULL"),
        (Some(_), Some(_)) => ("shows_of_theater", "s.theater = ?1 AND s.movie = ?2"),
        (None, Some(_)) => ("shows_of_movie", "?1 IS NULL AND s.movie = ?2"),
        (None, None) => ("shows_by_start", "?1 IS NULL AND ?2 IS NULL"),
    };
    format!(
        "SELECT {SHOW_COLUMNS}, t.taken, t.version, t.publication = 1, t.cancelled, t.moved_at, t.seating
         FROM shows AS s INDEXED BY {index}
         JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show
         WHERE {named} AND s.starts_at >= ?3 AND s.starts_at < ?4
           AND (s.starts_at, s.theater, s.show) > (?3, ?5, ?6) AND (t.publication = 1 OR ?8)
         ORDER BY s.starts_at, s.theater, s.show LIMIT ?7"
    )
}

pub(super) fn shows(conn: &Connection, query: &ShowQuery) -> rusqlite::Result<Vec<ListedShow>> {
    let mut from = query.from.map_or(i64::MIN, micros);
    // "After nothing" is before the smallest id: an empty blob sorts first.
    let (mut theater, mut own): (&[u8], &[u8]) = (&[], &[]);
    let after_theater;
    if let Some((start, show)) = &query.after {
        let start = micros(*start);
        if start >= from {
            from = start;
            after_theater = show.theater();
            theater = after_theater.as_bytes();
            own = show.own();
        }
    }
    let mut sheets = PriceSheets::default();
    conn.prepare_cached(&shows_sql(query))?
        .query_map(
            params![
                query.theater_id.map(|id| *id.as_bytes()),
                query.movie_id.map(|id| *id.as_bytes()),
                from,
                query.until.map_or(i64::MAX, micros),
                theater,
                own,
                query.limit.clamp(1, 1000),
                query.unpublished,
            ],
            |row| rows::listed_show(conn, row, &mut sheets),
        )?
        .collect()
}

pub(super) fn show(conn: &Connection, show_id: ShowId) -> rusqlite::Result<Option<ListedShow>> {
    let sql = format!(
        "SELECT {SHOW_COLUMNS}, t.taken, t.version, t.publication = 1, t.cancelled, t.moved_at, t.seating FROM shows AS s
         JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show
         WHERE s.theater = ?1 AND s.show = ?2"
    );
    conn.prepare_cached(&sql)?
        .query_row(
            params![show_id.theater().as_bytes(), show_id.own()],
            |row| rows::listed_show(conn, row, &mut PriceSheets::default()),
        )
        .optional()
}

/// Others may have heard of the show.
pub(super) fn was_published(conn: &Connection, show_id: ShowId) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT 1 FROM show_state WHERE theater = ?1 AND show = ?2 AND publication <> 0",
    )?
    .exists(params![show_id.theater().as_bytes(), show_id.own()])
}

pub(super) fn movies_on(
    conn: &Connection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> rusqlite::Result<Vec<(TheaterId, MovieId)>> {
    conn.prepare_cached(
        "SELECT DISTINCT theater, movie FROM shows INDEXED BY shows_by_start
         WHERE starts_at >= ?1 AND starts_at < ?2
           AND (theater, show) NOT IN (SELECT theater, show FROM show_state WHERE publication <> 1)
         ORDER BY theater, movie",
    )?
    .query_map([micros(from), micros(until)], |row| {
        Ok((
            TheaterId::from_bytes(row.get(0)?),
            MovieId::from_bytes(row.get(1)?),
        ))
    })?
    .collect()
}

/// Asks one statement about each name; names that are not there are left out.
fn each<T>(
    conn: &Connection,
    sql: &str,
    names: &[String],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<(String, T)>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = Vec::new();
    for name in names {
        if let Some(value) = statement.query_row([name], &read).optional()? {
            found.push((name.clone(), value));
        }
    }
    Ok(found)
}

pub(super) fn known_ids(conn: &Connection, asked: &AskedIds) -> rusqlite::Result<KnownIds> {
    let theaters = each(
        conn,
        "SELECT body FROM theaters WHERE external_id = ?1",
        &asked.theaters,
        |row| rows::theater(conn, row),
    )?;
    let shows = each(
        conn,
        "SELECT s.theater, s.show, t.version > 1 FROM shows AS s
         JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show
         WHERE s.external_id = ?1",
        &asked.shows,
        |row| Ok((rows::show_id(row, 0, 1)?, row.get(2)?)),
    )?;
    Ok(KnownIds {
        seat_maps: each(
            conn,
            "SELECT body FROM seat_maps WHERE external_id = ?1 ORDER BY version DESC LIMIT 1",
            &asked.seat_maps,
            |row| rows::seat_map(row, 0),
        )?,
        theaters: theaters.into_iter().map(|(_, theater)| theater).collect(),
        movies: each(
            conn,
            "SELECT movie FROM movies WHERE external_id = ?1",
            &asked.movies,
            |row| Ok(MovieId::from_bytes(row.get(0)?)),
        )?,
        shows: shows
            .into_iter()
            .map(|(name, (id, taken))| (name, id, taken))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every list of shows walks one index from its beginning to its end: no scan, no sorting.
    #[test]
    fn lists_of_shows_walk_an_index() {
        let conn = Connection::open_in_memory().unwrap();
        crate::migrations::apply(&conn).unwrap();
        let theater_id = Some(TheaterId::from_bytes([1; 16]));
        let movie_id = Some(MovieId::from_bytes([1; 16]));
        for (theater_id, movie_id) in [
            (None, None),
            (theater_id, None),
            (None, movie_id),
            (theater_id, movie_id),
        ] {
            let query = ShowQuery {
                theater_id,
                movie_id,
                ..ShowQuery::default()
            };
            let plan = plan(&conn, &shows_sql(&query));
            assert_eq!(plan.len(), 2, "{plan:?}");
            assert!(
                plan[0].starts_with("SEARCH s USING") && plan[0].contains("starts_at>"),
                "{plan:?}"
            );
            assert!(
                plan[1].starts_with("SEARCH t USING PRIMARY KEY"),
                "{plan:?}"
            );
        }
    }

    fn plan(conn: &Connection, sql: &str) -> Vec<String> {
        conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap()
            .query_map([rusqlite::types::Null; 8], |row| row.get("detail"))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }
}
