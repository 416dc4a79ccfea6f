//! The screens of a theater: rows of their own, so that a show cannot name a screen that is not there.

use super::apply::{Stop, explain};
use crate::{
    columns::{Columns as _, to_json},
    connect::Connection,
    failure::OrStoreError as _,
};
use matinee_domain::{
    catalog::Screen,
    ids::{ScreenId, TheaterId},
};
use matinee_store::{StoreError, catalog::CatalogRefusal};

/// Makes these the theater's screens; whether anything changed.
pub(super) async fn put_screens(
    conn: &Connection,
    theater_id: TheaterId,
    screens: &[Screen],
) -> Result<bool, Stop> {
    let theater = &theater_id.as_bytes()[..];
    let there =
        "SELECT screen, body::text FROM screens WHERE theater = $1 ORDER BY position, screen";
    let rows = conn.client().query(there, &[&theater]).await.db()?;
    let mut there: Vec<([u8; 16], String)> = Vec::with_capacity(rows.len());
    for row in &rows {
        there.push((row.bytes(0)?, row.value(1)?));
    }
    let wanted: Vec<([u8; 16], String)> = screens
        .iter()
        .map(|screen| Ok((*screen.screen_id.as_bytes(), to_json(screen)?)))
        .collect::<Result<_, StoreError>>()?;
    if there == wanted {
        return Ok(false);
    }
    for (gone, _) in &there {
        if wanted.iter().all(|(kept, _)| kept != gone) {
            take_out(conn, theater, ScreenId::from_bytes(*gone)).await?;
        }
    }
    let put = "INSERT INTO screens (theater, screen, position, seat_map, body) \
         VALUES ($1, $2, $3, $4, $5::text::json) \
         ON CONFLICT (theater, screen) DO UPDATE SET position = excluded.position, \
         seat_map = excluded.seat_map, body = excluded.body";
    for (position, (screen, (id, body))) in (0_i32..).zip(screens.iter().zip(&wanted)) {
        let map = &screen.seat_map_id.as_bytes()[..];
        conn.client()
            .execute(put, &[&theater, &&id[..], &position, &map, body])
            .await
            .map_err(|error| {
                explain(&error, &screen.external_id, || {
                    format!("seat map {}", screen.seat_map_id)
                })
            })?;
    }
    Ok(true)
}

async fn take_out(conn: &Connection, theater: &[u8], screen_id: ScreenId) -> Result<(), Stop> {
    let screen = &screen_id.as_bytes()[..];
    let has_shows = "SELECT 1 FROM shows WHERE theater = $1 AND screen = $2 LIMIT 1";
    if conn
        .client()
        .query_opt(has_shows, &[&theater, &screen])
        .await
        .db()?
        .is_some()
    {
        return Err(CatalogRefusal::ScreenHasShows(screen_id).into());
    }
    let remove = "DELETE FROM screens WHERE theater = $1 AND screen = $2";
    conn.client()
        .execute(remove, &[&theater, &screen])
        .await
        .db()?;
    Ok(())
}
