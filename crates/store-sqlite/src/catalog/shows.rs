//! Writing shows: what a sold show may still change, and that no two shows share a screen at one time.

use super::{
    apply::{Put, Stop, explain},
    rows::{self, PriceSheets, SHOW_COLUMNS},
};
use crate::{
    columns::{micros, time},
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Screen, Show},
    ids::{ScreenId, SeatMapId, ShowId, TheaterId},
    price::ShowPrices,
};
use matinee_store::catalog::CatalogRefusal;
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;

/// Price texts remembered while a catalog is applied; past this they are looked up again.
const SHEETS_REMEMBERED: usize = 1_024;

/// Seats of the show were taken at least once: numbers in its bookings are places on its map.
fn ever_taken(tx: &mut Tx<'_>, show_id: ShowId) -> Result<bool, Stop> {
    Ok(tx.show_version(show_id)?.is_some_and(|version| version > 1))
}

/// Takes a show off; false when it was not there.
pub(super) fn remove_show(tx: &mut Tx<'_>, show_id: ShowId) -> Result<bool, Stop> {
    if tx.ever_booked(show_id)? == Some(true) {
        return Err(CatalogRefusal::ShowHasBookings(show_id).into());
    }
    let theater = show_id.theater();
    let key = params![theater.as_bytes(), show_id.own()];
    tx.show_row_changed(show_id);
    // What is left are seats that staff blocked.
    tx.conn()
        .prepare_cached("DELETE FROM seats WHERE theater = ?1 AND show = ?2")?
        .execute(key)?;
    tx.conn()
        .prepare_cached("DELETE FROM show_state WHERE theater = ?1 AND show = ?2")?
        .execute(key)?;
    let removed = tx
        .conn()
        .prepare_cached("DELETE FROM shows WHERE theater = ?1 AND show = ?2")?
        .execute(key)?;
    Ok(removed > 0)
}

/// Puts a show on sale or takes it out of it.
pub(super) fn publish(tx: &mut Tx<'_>, show_id: ShowId, published: bool) -> Result<Put, Stop> {
    let theater = show_id.theater();
    let key = params![theater.as_bytes(), show_id.own()];
    let conn = tx.conn();
    let there: Option<(bool, bool)> = conn
        .prepare_cached(
            "SELECT publication = 1, cancelled FROM show_state WHERE theater = ?1 AND show = ?2",
        )?
        .query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((there, cancelled)) = there else {
        return Err(CatalogRefusal::Missing(format!("show {show_id}")).into());
    };
    if there == published {
        return Ok(Put::Unchanged);
    }
    if cancelled {
        return Err(CatalogRefusal::ShowCancelled(show_id).into());
    }
    let has_seats = conn
        .prepare_cached(
            "SELECT 1 FROM seats WHERE theater = ?1 AND show = ?2 AND state <> 3 LIMIT 1",
        )?
        .exists(key)?;
    if !published && has_seats {
        return Err(CatalogRefusal::ShowHasSeats(show_id).into());
    }
    // Who is withdrawn was published before.
    let publication = if published { 1 } else { 2 };
    conn.prepare_cached("UPDATE show_state SET publication = ?3 WHERE theater = ?1 AND show = ?2")?
        .execute(params![theater.as_bytes(), show_id.own(), publication])?;
    tx.publication_changed();
    Ok(Put::Changed)
}

/// Writes shows one after the other, and checks them together at the end.
#[derive(Default)]
pub(super) struct ShowWriter {
    /// The row of each price text.
    sheets: FxHashMap<String, i64>,
    /// Shows that came or moved.
    moved: Vec<Show>,
    /// Minutes of cleaning on each screen looked at, in microseconds.
    cleaning: FxHashMap<ScreenId, i64>,
    /// A show of which seats were taken must not be asked to move.
    strict: bool,
    /// New shows among these are not published yet.
    drafts: Vec<ShowId>,
    now: DateTime<Utc>,
}

impl ShowWriter {
    pub(super) fn new(strict: bool, drafts: Vec<ShowId>, now: DateTime<Utc>) -> Self {
        Self {
            strict,
            drafts,
            now,
            ..Self::default()
        }
    }

    /// Puts a show in place, on this version of its map.
    pub(super) fn put(
        &mut self,
        tx: &mut Tx<'_>,
        show: &Show,
        seat_map_id: SeatMapId,
    ) -> Result<Put, Stop> {
        let mut wanted = show.clone();
        wanted.seat_map_id = seat_map_id;
        wanted.start_time = time(micros(show.start_time))?;
        wanted.end_time = time(micros(show.end_time))?;
        let there = stored(tx.conn(), show.show_id)?;
        if let Some(old) = &there {
            let moves = wanted.seat_map_id != old.seat_map_id || wanted.screen_id != old.screen_id;
            if moves && ever_taken(tx, show.show_id)? {
                if self.strict {
                    return Err(CatalogRefusal::ShowHasSeats(show.show_id).into());
                }
                keep_place(&mut wanted, old);
            }
            if wanted == *old {
                return Ok(Put::Unchanged);
            }
        }
        let sheet = self.sheet(tx.conn(), &wanted.prices)?;
        write(tx.conn(), &wanted, sheet)?;
        if let Some(old) = &there
            && old.start_time != wanted.start_time
        {
            note_move(tx.conn(), old, self.now)?;
        }
        if there.is_none() {
            tx.show_row_changed(wanted.show_id);
            tx.conn()
                .prepare_cached(
                    "INSERT INTO show_state (theater, show, version, taken, publication) VALUES (?1, ?2, 1, 0, ?3)",
                )?
                .execute(params![
                    wanted.show_id.theater().as_bytes(),
                    wanted.show_id.own(),
                    !self.drafts.contains(&wanted.show_id)
                ])?;
        }
        let put = if there.is_none() {
            Put::Added
        } else {
            Put::Changed
        };
        if there.is_none_or(|old| occupancy(&old) != occupancy(&wanted)) {
            self.moved.push(wanted);
        }
        Ok(put)
    }

    /// Writes a show that moves to another screen with all who have seats of it.
    pub(super) fn place(&mut self, conn: &Connection, show: &Show) -> Result<(), Stop> {
        let sheet = self.sheet(conn, &show.prices)?;
        write(conn, show, sheet)?;
        self.moved.push(show.clone());
        Ok(())
    }

    /// Refuses when a show that came or moved overlaps another one on its screen, its cleaning included. Two shows that
    /// were there before do not overlap, so each needs only its neighbours.
    pub(super) fn refuse_overlaps(&mut self, conn: &Connection) -> Result<(), Stop> {
        let mut neighbour = conn.prepare_cached(
            "SELECT show FROM (SELECT show, ends_at FROM shows INDEXED BY shows_on_screen
               WHERE theater = ?1 AND screen = ?2 AND starts_at < ?3 AND show <> ?5
                 AND NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = ?1 AND t.show = shows.show AND t.cancelled)
               ORDER BY starts_at DESC LIMIT 1)
             WHERE ends_at + ?6 > ?3
             UNION ALL
             SELECT show FROM shows INDEXED BY shows_on_screen
             WHERE theater = ?1 AND screen = ?2 AND starts_at >= ?3 AND starts_at < ?4 AND show <> ?5
               AND NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = ?1 AND t.show = shows.show AND t.cancelled)
             LIMIT 1",
        )?;
        for show in &self.moved {
            let theater = show.show_id.theater();
            let start = micros(show.start_time);
            let cleaning = match self.cleaning.get(&show.screen_id) {
                Some(known) => *known,
                None => cleaning(conn, theater, show.screen_id)?,
            };
            self.cleaning.insert(show.screen_id, cleaning);
            let clash: Option<[u8; 16]> = neighbour
                .query_row(
                    params![
                        theater.as_bytes(),
                        show.screen_id.as_bytes(),
                        start,
                        // A show without length still occupies its start.
                        micros(show.end_time).max(start + 1) + cleaning,
                        show.show_id.own(),
                        cleaning
                    ],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(other) = clash {
                let other = ShowId::from_parts(theater, other);
                return Err(CatalogRefusal::ScreenClash(show.show_id, other).into());
            }
        }
        Ok(())
    }

    fn sheet(&mut self, conn: &Connection, prices: &ShowPrices) -> Result<i64, Stop> {
        let body = rows::to_json(prices)?;
        if let Some(sheet) = self.sheets.get(&body) {
            return Ok(*sheet);
        }
        let there: Option<i64> = conn
            .prepare_cached("SELECT price_sheet FROM price_sheets WHERE body = ?1")?
            .query_row([&body], |row| row.get(0))
            .optional()?;
        let sheet = match there {
            Some(sheet) => sheet,
            None => conn
                .prepare_cached("INSERT INTO price_sheets (body) VALUES (?1)")?
                .insert([&body])?,
        };
        if self.sheets.len() >= SHEETS_REMEMBERED {
            self.sheets.clear();
        }
        self.sheets.insert(body, sheet);
        Ok(sheet)
    }
}

/// How long a screen is cleaned between two shows, in microseconds.
fn cleaning(conn: &Connection, theater: TheaterId, screen: ScreenId) -> rusqlite::Result<i64> {
    let found: Option<Screen> = conn
        .prepare_cached("SELECT body FROM screens WHERE theater = ?1 AND screen = ?2")?
        .query_row(params![theater.as_bytes(), screen.as_bytes()], |row| {
            rows::from_json(row, 0)
        })
        .optional()?;
    let minutes = found.map_or(0, |screen| screen.cleaning_minutes);
    Ok(i64::from(minutes) * 60_000_000)
}

/// Where and when a show takes place.
fn occupancy(show: &Show) -> (ScreenId, i64, i64) {
    (
        show.screen_id,
        micros(show.start_time),
        micros(show.end_time),
    )
}

/// Seats that were taken are never altered: the show stays on its screen, its map, and the prices by that map's
/// categories.
fn keep_place(wanted: &mut Show, old: &Show) {
    if wanted.seat_map_id != old.seat_map_id {
        wanted.seat_map_id = old.seat_map_id;
        wanted.prices = old.prices.clone();
    }
    wanted.screen_id = old.screen_id;
    wanted.seats_total = old.seats_total;
}

/// The show as it is kept, without its counters.
fn stored(conn: &Connection, show_id: ShowId) -> rusqlite::Result<Option<Show>> {
    let sql = format!("SELECT {SHOW_COLUMNS} FROM shows AS s WHERE s.theater = ?1 AND s.show = ?2");
    conn.prepare_cached(&sql)?
        .query_row(
            params![show_id.theater().as_bytes(), show_id.own()],
            |row| rows::show(conn, row, &mut PriceSheets::default()),
        )
        .optional()
}

/// Notes that people with tickets have to be told of another start, if there are any, and that they may give them back; what
/// they last heard stays noted.
fn note_move(conn: &Connection, old: &Show, now: DateTime<Utc>) -> Result<(), Stop> {
    conn.prepare_cached(
        "INSERT INTO show_moves (theater, show, starts_before, mark)
         SELECT ?1, ?2, ?3, randomblob(16) WHERE EXISTS (SELECT 1 FROM seats WHERE theater = ?1 AND show = ?2 AND state = 2)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        old.show_id.theater().as_bytes(),
        old.show_id.own(),
        micros(old.start_time)
    ])?;
    conn.prepare_cached("UPDATE show_state SET moved_at = ?3 WHERE theater = ?1 AND show = ?2")?
        .execute(params![
            old.show_id.theater().as_bytes(),
            old.show_id.own(),
            micros(now)
        ])?;
    Ok(())
}

fn write(conn: &Connection, show: &Show, sheet: i64) -> Result<(), Stop> {
    let subtitles = rows::to_json(&show.subtitles)?;
    conn.prepare_cached(
        "INSERT INTO shows (theater, show, external_id, movie, screen, seat_map, starts_at, ends_at,
           format, language, subtitles, price_sheet, seats_total)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (theater, show) DO UPDATE SET external_id = excluded.external_id,
           movie = excluded.movie, screen = excluded.screen, seat_map = excluded.seat_map,
           starts_at = excluded.starts_at, ends_at = excluded.ends_at, format = excluded.format,
           language = excluded.language, subtitles = excluded.subtitles,
           price_sheet = excluded.price_sheet, seats_total = excluded.seats_total",
    )?
    .execute(params![
        show.show_id.theater().as_bytes(),
        show.show_id.own(),
        show.external_id,
        show.movie_id.as_bytes(),
        show.screen_id.as_bytes(),
        show.seat_map_id.as_bytes(),
        micros(show.start_time),
        micros(show.end_time),
        show.format,
        show.language,
        subtitles,
        sheet,
        show.seats_total
    ])
    .map_err(|error| {
        explain(error, &show.external_id, || {
            format!("the theater, screen, movie or seat map of show {:?}", show.external_id)
        })
    })?;
    Ok(())
}
