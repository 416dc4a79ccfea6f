//! How theaters, movies, seat maps and shows become rows and come back.
//!
//! Bulk that no query looks into is JSON; a row that does not read back is damage. There is no decision here.

use crate::columns::{Columns as _, from_json, to_json};
use matinee_domain::{
    catalog::{Show, Theater},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    price::ShowPrices,
    seat_map::SeatMap,
};
use matinee_store::StoreError;
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;

/// Two columns, theater and own part, as a show's id.
pub(super) fn show_id(row: &Row, theater: usize, own: usize) -> Result<ShowId, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(theater)?);
    Ok(ShowId::from_parts(theater, row.bytes(own)?))
}

/// A theater's row: all of it but the screens, which have rows of their own.
pub(super) fn theater_body(theater: &Theater) -> Result<String, StoreError> {
    let bare = Theater {
        screens: Vec::new(),
        ..theater.clone()
    };
    to_json(&bare)
}

/// What makes two versions of a plan the same: everything but the id. Returns the digest and the text to keep.
pub(super) fn seat_map_content(map: &SeatMap) -> Result<([u8; 32], String), StoreError> {
    let nameless = SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        ..map.clone()
    };
    Ok((digest(&to_json(&nameless)?), to_json(map)?))
}

/// SHA-256 of a text.
pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The columns [`show`] reads, from `shows AS s`.
macro_rules! show_columns {
    () => {
        "s.theater, s.show, s.external_id, s.movie, s.screen, s.seat_map, s.starts_at, s.ends_at, s.format, \
         s.language, s.subtitles::text, s.price_sheet, s.seats_total"
    };
}
pub(super) use show_columns;

/// Prices of a list of shows, by their digest: most share theirs.
pub(super) type PriceSheets = FxHashMap<Vec<u8>, ShowPrices>;

/// A show, from [`show_columns`].
pub(super) fn show(row: &Row, sheets: &PriceSheets) -> Result<Show, StoreError> {
    let sheet: &[u8] = row.value(11)?;
    Ok(Show {
        show_id: show_id(row, 0, 1)?,
        external_id: row.value(2)?,
        movie_id: MovieId::from_bytes(row.bytes(3)?),
        screen_id: ScreenId::from_bytes(row.bytes(4)?),
        seat_map_id: SeatMapId::from_bytes(row.bytes(5)?),
        start_time: row.time(6)?,
        end_time: row.time(7)?,
        format: row.value(8)?,
        language: row.value(9)?,
        subtitles: from_json(row.text(10)?)?,
        prices: sheets
            .get(sheet)
            .cloned()
            .ok_or_else(|| crate::columns::damaged("a show without prices"))?,
        seats_total: row.small(12)?,
    })
}
