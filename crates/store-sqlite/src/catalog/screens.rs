//! The screens of a theater: rows of their own, so that a show cannot name a screen that is not there.

use super::{
    apply::{Stop, explain},
    rows,
};
use matinee_domain::{
    catalog::Screen,
    ids::{ScreenId, TheaterId},
};
use matinee_store::catalog::CatalogRefusal;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Makes these the theater's screens; whether anything changed.
pub(super) fn put_screens(
    conn: &Connection,
    theater_id: TheaterId,
    screens: &[Screen],
) -> Result<bool, Stop> {
    let there: Vec<([u8; 16], String)> = conn
        .prepare_cached(
            "SELECT screen, body FROM screens WHERE theater = ?1 ORDER BY position, screen",
        )?
        .query_map([theater_id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let wanted: Vec<([u8; 16], String)> = screens
        .iter()
        .map(|screen| Ok((*screen.screen_id.as_bytes(), rows::to_json(screen)?)))
        .collect::<rusqlite::Result<_>>()?;
    if there == wanted {
        return Ok(false);
    }
    for (gone, _) in there
        .iter()
        .filter(|(id, _)| wanted.iter().all(|(kept, _)| kept != id))
    {
        take_out(conn, theater_id, ScreenId::from_bytes(*gone))?;
    }
    for (position, (screen, (id, body))) in screens.iter().zip(&wanted).enumerate() {
        conn.prepare_cached(
            "INSERT INTO screens (theater, screen, position, seat_map, body)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (theater, screen) DO UPDATE SET position = excluded.position,
             seat_map = excluded.seat_map, body = excluded.body",
        )?
        .execute(params![
            theater_id.as_bytes(),
            id,
            position as i64,
            screen.seat_map_id.as_bytes(),
            body
        ])
        .map_err(|error| {
            explain(error, &screen.external_id, || {
                format!("seat map {}", screen.seat_map_id)
            })
        })?;
    }
    Ok(true)
}

fn take_out(conn: &Connection, theater_id: TheaterId, screen_id: ScreenId) -> Result<(), Stop> {
    let has_shows = conn
        .prepare_cached(
            "SELECT 1 FROM shows INDEXED BY shows_on_screen WHERE theater = ?1 AND screen = ?2 LIMIT 1",
        )?
        .query_row(params![theater_id.as_bytes(), screen_id.as_bytes()], |_| Ok(()))
        .optional()?;
    if has_shows.is_some() {
        return Err(CatalogRefusal::ScreenHasShows(screen_id).into());
    }
    conn.prepare_cached("DELETE FROM screens WHERE theater = ?1 AND screen = ?2")?
        .execute(params![theater_id.as_bytes(), screen_id.as_bytes()])?;
    Ok(())
}
