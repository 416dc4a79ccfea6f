//! How theaters, movies, seat maps and shows become rows and come back.
//!
//! Bulk that no query looks into is JSON; a row that does not read back is a conversion error, which the engine reports
//! as damage. There is no decision here.

use crate::columns;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Screen, Show, Theater},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    price::ShowPrices,
    seat_map::SeatMap,
};
use matinee_store::catalog::ListedShow;
use rusqlite::{Connection, Row, types::Type};
use rustc_hash::FxHashMap;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

/// The JSON text of a value.
pub(crate) fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The value of a JSON column.
pub(crate) fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| damaged(column, Type::Text, error))
}

/// A column that does not hold what was written there.
pub(crate) fn damaged(
    column: usize,
    kind: Type,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error.into())
}

/// A column with microseconds since 1970.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let micros: i64 = row.get(column)?;
    columns::time(micros).map_err(|error| damaged(column, Type::Integer, error))
}

/// Two columns, theater and own part, as a show's id.
pub(crate) fn show_id(row: &Row<'_>, theater: usize, own: usize) -> rusqlite::Result<ShowId> {
    Ok(ShowId::from_parts(
        TheaterId::from_bytes(row.get(theater)?),
        row.get(own)?,
    ))
}

/// A theater's row: all of it but the screens, which have rows of their own.
pub(super) fn theater_body(theater: &Theater) -> rusqlite::Result<String> {
    let bare = Theater {
        screens: Vec::new(),
        ..theater.clone()
    };
    to_json(&bare)
}

/// A theater with its screens.
pub(super) fn theater(conn: &Connection, row: &Row<'_>) -> rusqlite::Result<Theater> {
    let mut theater: Theater = from_json(row, 0)?;
    theater.screens = conn
        .prepare_cached("SELECT body FROM screens WHERE theater = ?1 ORDER BY position, screen")?
        .query_map([theater.theater_id.as_bytes()], |row| {
            from_json::<Screen>(row, 0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(theater)
}

/// A movie.
pub(super) fn movie(row: &Row<'_>) -> rusqlite::Result<Movie> {
    from_json(row, 0)
}

/// A seat map.
pub(super) fn seat_map(row: &Row<'_>, column: usize) -> rusqlite::Result<SeatMap> {
    from_json(row, column)
}

/// What makes two versions of a plan the same: everything but the id. Returns the digest and the text to keep.
pub(super) fn seat_map_content(map: &SeatMap) -> rusqlite::Result<([u8; 32], String)> {
    let nameless = SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        ..map.clone()
    };
    Ok((
        Sha256::digest(to_json(&nameless)?.as_bytes()).into(),
        to_json(map)?,
    ))
}

/// The columns [`show`] reads, from `shows AS s`.
pub(super) const SHOW_COLUMNS: &str = "s.theater, s.show, s.external_id, s.movie, s.screen, \
     s.seat_map, s.starts_at, s.ends_at, s.format, s.language, s.subtitles, s.price_sheet, s.seats_total";

/// Prices already read for this list: most shows share theirs.
#[derive(Default)]
pub(super) struct PriceSheets(FxHashMap<i64, ShowPrices>);

impl PriceSheets {
    fn get(&mut self, conn: &Connection, sheet: i64) -> rusqlite::Result<ShowPrices> {
        if let Some(prices) = self.0.get(&sheet) {
            return Ok(prices.clone());
        }
        let prices: ShowPrices = conn
            .prepare_cached("SELECT body FROM price_sheets WHERE price_sheet = ?1")?
            .query_row([sheet], |row| from_json(row, 0))?;
        self.0.insert(sheet, prices.clone());
        Ok(prices)
    }
}

/// A show, from [`SHOW_COLUMNS`].
pub(super) fn show(
    conn: &Connection,
    row: &Row<'_>,
    sheets: &mut PriceSheets,
) -> rusqlite::Result<Show> {
    Ok(Show {
        show_id: show_id(row, 0, 1)?,
        external_id: row.get(2)?,
        movie_id: MovieId::from_bytes(row.get(3)?),
        screen_id: ScreenId::from_bytes(row.get(4)?),
        seat_map_id: SeatMapId::from_bytes(row.get(5)?),
        start_time: time(row, 6)?,
        end_time: time(row, 7)?,
        format: row.get(8)?,
        language: row.get(9)?,
        subtitles: from_json(row, 10)?,
        prices: sheets.get(conn, row.get(11)?)?,
        seats_total: row.get(12)?,
    })
}

/// A show with its counters, from [`SHOW_COLUMNS`] followed by `taken`, `version`, whether it is
/// published or cancelled, when it was moved, and its `seating`.
pub(super) fn listed_show(
    conn: &Connection,
    row: &Row<'_>,
    sheets: &mut PriceSheets,
) -> rusqlite::Result<ListedShow> {
    Ok(ListedShow {
        show: show(conn, row, sheets)?,
        taken: row.get(13)?,
        version: row.get::<_, i64>(14)?.unsigned_abs(),
        published: row.get(15)?,
        cancelled: row.get(16)?,
        moved_at: row
            .get::<_, Option<i64>>(17)?
            .map(|_| time(row, 17))
            .transpose()?,
        seating: row.get(18)?,
    })
}
