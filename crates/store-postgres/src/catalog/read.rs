//! Reading the catalog. Every list walks an index and stops at its limit: nothing here looks at all shows.

use super::rows::{self, PriceSheets, show_columns};
use crate::{
    columns::{Columns as _, from_json, micros, optional_time},
    connect::Connection,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Screen, Theater},
    ids::{MovieId, SeatMapId, ShowId, TheaterId},
    seat_map::SeatMap,
};
use matinee_store::{
    StoreError,
    catalog::{AskedIds, KnownIds, ListedShow, ShowQuery},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use tokio_postgres::Row;

/// Which rows of a small table.
#[derive(Clone, Copy)]
pub(super) enum Which<'i> {
    All,
    Ids(&'i [Vec<u8>]),
    ExternalIds(&'i [String]),
}

async fn rows_of(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    Ok(pipeline::read(conn, &[call])
        .await?
        .into_iter()
        .flatten()
        .collect())
}

/// The statement for what is asked, of three that differ in their condition.
fn choose<'i>(which: Which<'i>, [all, ids, external_ids]: [&'static str; 3]) -> Call<'i> {
    match which {
        Which::All => Call::new(all),
        Which::Ids(list) => Call::new(ids).with(list),
        Which::ExternalIds(list) => Call::new(external_ids).with(list),
    }
}

/// Theaters by name, each with its screens. Must run in a transaction that sees one state.
pub(super) async fn theaters(
    conn: &Connection,
    which: Which<'_>,
) -> Result<Vec<Arc<Theater>>, StoreError> {
    let theaters = choose(
        which,
        [
            "SELECT body::text FROM theaters ORDER BY lower(name) COLLATE \"C\", theater",
            "SELECT body::text FROM theaters WHERE theater = ANY($1) ORDER BY lower(name) COLLATE \"C\", theater",
            "SELECT body::text FROM theaters WHERE external_id = ANY($1) ORDER BY lower(name) COLLATE \"C\", theater",
        ],
    );
    let screens = choose(
        which,
        [
            "SELECT theater, body::text FROM screens ORDER BY theater, position, screen",
            "SELECT theater, body::text FROM screens WHERE theater = ANY($1) ORDER BY theater, position, screen",
            "SELECT s.theater, s.body::text FROM screens AS s JOIN theaters AS t ON t.theater = s.theater \
             WHERE t.external_id = ANY($1) ORDER BY s.theater, s.position, s.screen",
        ],
    );
    let answers = pipeline::read(conn, &[theaters, screens]).await?;
    let [theaters, screens] = &answers[..] else {
        return Ok(Vec::new());
    };
    let mut by_theater: FxHashMap<TheaterId, Vec<Screen>> = FxHashMap::default();
    for row in screens {
        let theater = TheaterId::from_bytes(row.bytes(0)?);
        by_theater
            .entry(theater)
            .or_default()
            .push(from_json(row.text(1)?)?);
    }
    let read = |row: &Row| -> Result<_, StoreError> {
        let mut theater: Theater = from_json(row.text(0)?)?;
        theater.screens = by_theater.remove(&theater.theater_id).unwrap_or_default();
        Ok(Arc::new(theater))
    };
    theaters.iter().map(read).collect()
}

/// Movies by name.
pub(super) async fn movies(
    conn: &Connection,
    which: Which<'_>,
) -> Result<Vec<Arc<Movie>>, StoreError> {
    let call = choose(
        which,
        [
            "SELECT body::text FROM movies ORDER BY lower(name) COLLATE \"C\", movie",
            "SELECT body::text FROM movies WHERE movie = ANY($1) ORDER BY lower(name) COLLATE \"C\", movie",
            "SELECT body::text FROM movies WHERE external_id = ANY($1) ORDER BY lower(name) COLLATE \"C\", movie",
        ],
    );
    let rows = rows_of(conn, call).await?;
    rows.iter()
        .map(|row| from_json(row.text(0)?).map(Arc::new))
        .collect()
}

pub(super) async fn seat_map(
    conn: &Connection,
    id: SeatMapId,
) -> Result<Option<Arc<SeatMap>>, StoreError> {
    let sql = "SELECT body::text FROM seat_maps WHERE seat_map = $1";
    let rows = rows_of(conn, Call::new(sql).with(&id.as_bytes()[..])).await?;
    rows.first()
        .map(|row| from_json(row.text(0)?).map(Arc::new))
        .transpose()
}

/// A list of shows: columns, joins and the condition that the index of its shape walks in order.
macro_rules! list {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            show_columns!(),
            ", t.taken, t.version, t.publication = 1, t.cancelled, t.moved_at, t.seating FROM shows AS s \
             JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show WHERE ",
            $condition,
            " AND s.starts_at >= $1 AND s.starts_at < $2 AND (s.starts_at, s.theater, s.show) > ($1, $3, $4) \
             AND (t.publication = 1 OR $6::bool) ORDER BY s.starts_at, s.theater, s.show LIMIT $5"
        )
    };
}

pub(super) async fn shows(
    conn: &Connection,
    query: &ShowQuery,
) -> Result<Vec<ListedShow>, StoreError> {
    let sql = match (query.theater_id, query.movie_id) {
        (Some(_), None) => list!("s.theater = $7"),
        (Some(_), Some(_)) => list!("s.theater = $7 AND s.movie = $8"),
        (None, Some(_)) => list!("s.movie = $7"),
        (None, None) => list!("true"),
    };
    let mut from = query.from.map_or(i64::MIN, micros);
    // "After nothing" is before the smallest id: an empty one sorts first.
    let (mut theater, mut own) = (Vec::new(), Vec::new());
    if let Some((start, show)) = &query.after {
        let start = micros(*start);
        if start >= from {
            from = start;
            theater = show.theater().as_bytes().to_vec();
            own = show.own().to_vec();
        }
    }
    let mut call = Call::new(sql)
        .with(from)
        .with(query.until.map_or(i64::MAX, micros))
        .with(theater)
        .with(own)
        .with(i64::from(query.limit.clamp(1, 1000)))
        .with(query.unpublished);
    if let Some(theater) = query.theater_id {
        call = call.with(theater.as_bytes().to_vec());
    }
    if let Some(movie) = query.movie_id {
        call = call.with(movie.as_bytes().to_vec());
    }
    listed(conn, rows_of(conn, call).await?).await
}

/// Shows by their ids, in no order; those that are not there are left out.
pub(super) async fn shows_by_id(
    conn: &Connection,
    ids: &[ShowId],
) -> Result<Vec<ListedShow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        show_columns!(),
        ", t.taken, t.version, t.publication = 1, t.cancelled, t.moved_at, t.seating FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN shows AS s ON s.theater = w.theater AND s.show = w.show \
         JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show"
    );
    let theaters: Vec<_> = ids
        .iter()
        .map(|id| id.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = ids.iter().map(|id| &id.own()[..]).collect();
    let rows = rows_of(conn, Call::new(sql).with(theaters).with(own)).await?;
    listed(conn, rows).await
}

/// Those of these shows that nobody ever heard of.
pub(super) async fn never_published(
    conn: &Connection,
    ids: &[ShowId],
) -> Result<FxHashSet<ShowId>, StoreError> {
    if ids.is_empty() {
        return Ok(FxHashSet::default());
    }
    let sql = "SELECT t.theater, t.show FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show WHERE t.publication = 0";
    let theaters: Vec<_> = ids
        .iter()
        .map(|id| id.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = ids.iter().map(|id| &id.own()[..]).collect();
    let found = rows_of(conn, Call::new(sql).with(theaters).with(own)).await?;
    found.iter().map(|row| rows::show_id(row, 0, 1)).collect()
}

async fn listed(conn: &Connection, rows: Vec<Row>) -> Result<Vec<ListedShow>, StoreError> {
    let sheets = price_sheets(conn, &rows).await?;
    let read = |row: &Row| {
        Ok(ListedShow {
            show: rows::show(row, &sheets)?,
            taken: row.small(13)?,
            version: row.count(14)?,
            published: row.value(15)?,
            cancelled: row.value(16)?,
            moved_at: optional_time(row.value(17)?)?,
            seating: row.small(18)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The prices of shows: each sheet is read once. Sheets never change, so this needs no snapshot.
async fn price_sheets(conn: &Connection, shows: &[Row]) -> Result<PriceSheets, StoreError> {
    let mut wanted: Vec<Vec<u8>> = Vec::new();
    for row in shows {
        wanted.push(row.value(11)?);
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut sheets = PriceSheets::default();
    if wanted.is_empty() {
        return Ok(sheets);
    }
    let sql = "SELECT price_sheet, body::text FROM price_sheets WHERE price_sheet = ANY($1)";
    for row in rows_of(conn, Call::new(sql).with(wanted)).await? {
        sheets.insert(row.value(0)?, from_json(row.text(1)?)?);
    }
    Ok(sheets)
}

pub(super) async fn movies_on(
    conn: &Connection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(TheaterId, MovieId)>, StoreError> {
    let sql = "SELECT DISTINCT s.theater, s.movie FROM shows AS s WHERE s.starts_at >= $1 AND s.starts_at < $2 \
         AND NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = s.theater AND t.show = s.show \
           AND t.publication <> 1) \
         ORDER BY s.theater, s.movie";
    let call = Call::new(sql).with(micros(from)).with(micros(until));
    let rows = rows_of(conn, call).await?;
    let read = |row: &Row| {
        Ok((
            TheaterId::from_bytes(row.bytes(0)?),
            MovieId::from_bytes(row.bytes(1)?),
        ))
    };
    rows.iter().map(read).collect()
}

pub(super) async fn known_ids(conn: &Connection, asked: &AskedIds) -> Result<KnownIds, StoreError> {
    let calls = [
        Call::new(
            "SELECT DISTINCT ON (external_id) external_id, body::text FROM seat_maps WHERE external_id = ANY($1) \
             ORDER BY external_id, version DESC",
        )
        .with(&asked.seat_maps),
        Call::new("SELECT external_id, movie FROM movies WHERE external_id = ANY($1)").with(&asked.movies),
        Call::new(
            "SELECT s.external_id, s.theater, s.show, t.version > 1 FROM shows AS s \
             JOIN show_state AS t ON t.theater = s.theater AND t.show = s.show WHERE s.external_id = ANY($1)",
        )
        .with(&asked.shows),
    ];
    let answers = pipeline::read(conn, &calls).await?;
    let [maps, movies, shows] = &answers[..] else {
        return Ok(KnownIds::default());
    };
    let theaters = theaters(conn, Which::ExternalIds(&asked.theaters)).await?;
    let map = |row: &Row| Ok((row.value(0)?, from_json(row.text(1)?)?));
    let movie = |row: &Row| Ok((row.value(0)?, MovieId::from_bytes(row.bytes(1)?)));
    let show = |row: &Row| Ok((row.value(0)?, rows::show_id(row, 1, 2)?, row.value(3)?));
    Ok(KnownIds {
        seat_maps: maps.iter().map(map).collect::<Result<_, StoreError>>()?,
        theaters: theaters.into_iter().map(Arc::unwrap_or_clone).collect(),
        movies: movies
            .iter()
            .map(movie)
            .collect::<Result<_, StoreError>>()?,
        shows: shows.iter().map(show).collect::<Result<_, StoreError>>()?,
    })
}
