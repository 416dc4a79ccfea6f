//! Writing shows: what a sold show may still change, and that no two shows share a screen at one time.
//!
//! An import brings thousands of them, so they are read, compared and written a few hundred at a time. The rows of
//! shows whose place may change are locked first: a hold made at the same time is either seen, or fails and is decided
//! again on the show as it is then.

use super::{
    apply::{Put, Stop, explain},
    read, rows,
};
use crate::{
    columns::{Columns as _, micros, time, to_json},
    connect::Connection,
    failure::OrStoreError as _,
    pipeline::{self, Call},
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::Show,
    ids::{ScreenId, SeatMapId, ShowId, TheaterId},
};
use matinee_store::{StoreError, catalog::CatalogRefusal};
use rustc_hash::{FxHashMap, FxHashSet};

/// Shows written by one statement.
const AT_ONCE: usize = 500;

/// Two columns of ids.
fn keys(shows: &[ShowId]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    shows
        .iter()
        .map(|show| (show.theater().as_bytes().to_vec(), show.own().to_vec()))
        .unzip()
}

/// Locks shows, in order: of each that is there, whether seats of it were ever taken. Numbers in bookings are places
/// on the map of their show.
async fn ever_taken(
    conn: &Connection,
    shows: &[ShowId],
) -> Result<FxHashMap<ShowId, bool>, StoreError> {
    let sql = "SELECT t.theater, t.show, t.version > 1 FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show \
         ORDER BY t.theater, t.show FOR UPDATE OF t";
    let (theaters, own) = keys(shows);
    let answers = pipeline::read(conn, &[Call::new(sql).with(theaters).with(own)]).await?;
    let mut taken = FxHashMap::default();
    for row in answers.iter().flatten() {
        taken.insert(rows::show_id(row, 0, 1)?, row.value(2)?);
    }
    Ok(taken)
}

/// Takes shows off; those that were there.
pub(super) async fn remove_shows(conn: &Connection, shows: &[ShowId]) -> Result<Vec<ShowId>, Stop> {
    if shows.is_empty() {
        return Ok(Vec::new());
    }
    let there = ever_taken(conn, shows).await?;
    let booked = "SELECT t.theater, t.show FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show WHERE t.version > 1 + t.blocks LIMIT 1";
    let (theaters, own) = keys(shows);
    let booked = pipeline::read(conn, &[Call::new(booked).with(theaters).with(own)]).await?;
    if let Some(row) = booked.iter().flatten().next() {
        return Err(CatalogRefusal::ShowHasBookings(rows::show_id(row, 0, 1)?).into());
    }
    let mut gone: Vec<ShowId> = Vec::new();
    for show in shows {
        if there.contains_key(show) && !gone.contains(show) {
            gone.push(*show);
        }
    }
    for sql in [
        // What is left are seats that staff blocked.
        "DELETE FROM seats AS t USING unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         WHERE t.theater = w.theater AND t.show = w.show",
        "DELETE FROM show_state AS t USING unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         WHERE t.theater = w.theater AND t.show = w.show",
        "DELETE FROM shows AS t USING unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         WHERE t.theater = w.theater AND t.show = w.show",
    ] {
        let (theaters, own) = keys(&gone);
        pipeline::read(conn, &[Call::new(sql).with(theaters).with(own)]).await?;
    }
    Ok(gone)
}

/// Puts a show on sale or takes it out of it. Its row is locked: a hold made at the same time is either seen, or finds
/// the show gone.
pub(super) async fn publish(conn: &Connection, show: ShowId, published: bool) -> Result<Put, Stop> {
    let theater = show.theater();
    let key = (&theater.as_bytes()[..], &show.own()[..]);
    let client = conn.client();
    let lock = "SELECT publication = 1, cancelled FROM show_state WHERE theater = $1 AND show = $2 FOR UPDATE";
    let Some(row) = client.query_opt(lock, &[&key.0, &key.1]).await.db()? else {
        return Err(CatalogRefusal::Missing(format!("show {show}")).into());
    };
    if row.value::<bool>(0)? == published {
        return Ok(Put::Unchanged);
    }
    if row.value::<bool>(1)? {
        return Err(CatalogRefusal::ShowCancelled(show).into());
    }
    let has_seats =
        "SELECT EXISTS (SELECT 1 FROM seats WHERE theater = $1 AND show = $2 AND state <> 3)";
    let row = client.query_one(has_seats, &[&key.0, &key.1]).await.db()?;
    if !published && row.value::<bool>(0)? {
        return Err(CatalogRefusal::ShowHasSeats(show).into());
    }
    // Who is withdrawn was published before.
    let publication: i32 = if published { 1 } else { 2 };
    let set = "UPDATE show_state SET publication = $3 WHERE theater = $1 AND show = $2";
    client
        .execute(set, &[&key.0, &key.1, &publication])
        .await
        .db()?;
    Ok(Put::Changed)
}

/// What holds for all shows of a change.
pub(super) struct ShowRules<'r> {
    /// Maps whose plan is already there under another id.
    pub(super) same_map: &'r FxHashMap<SeatMapId, SeatMapId>,
    /// A show of which seats were taken must not be asked to move.
    pub(super) strict: bool,
    /// New shows among these are not published yet.
    pub(super) drafts: &'r [ShowId],
    pub(super) now: DateTime<Utc>,
}

/// Puts shows in place, each on the version of its map that is there, and checks them together at the end: only then
/// is every show where it shall be.
pub(super) async fn put_shows(
    conn: &Connection,
    shows: &[Show],
    rules: &ShowRules<'_>,
) -> Result<Vec<(ShowId, Put)>, Stop> {
    let mut puts = Vec::with_capacity(shows.len());
    let mut moved = Vec::new();
    let mut rest = shows;
    while !rest.is_empty() {
        // A show named twice is written twice: one statement can write it once.
        let mut seen = FxHashSet::default();
        let fits = rest
            .iter()
            .take(AT_ONCE)
            .take_while(|show| seen.insert(show.show_id))
            .count();
        let (part, after) = rest.split_at(fits);
        rest = after;
        let part: Vec<Show> = part
            .iter()
            .map(|show| placed(show, rules.same_map))
            .collect::<Result<_, _>>()?;
        put_part(conn, part, rules, &mut puts, &mut moved).await?;
    }
    refuse_overlaps(conn, &moved).await?;
    Ok(puts)
}

/// The show as it will read back.
fn placed(show: &Show, same_map: &FxHashMap<SeatMapId, SeatMapId>) -> Result<Show, StoreError> {
    let mut placed = show.clone();
    if let Some(same) = same_map.get(&show.seat_map_id) {
        placed.seat_map_id = *same;
    }
    placed.start_time = time(micros(show.start_time))?;
    placed.end_time = time(micros(show.end_time))?;
    Ok(placed)
}

async fn put_part(
    conn: &Connection,
    mut part: Vec<Show>,
    rules: &ShowRules<'_>,
    puts: &mut Vec<(ShowId, Put)>,
    moved: &mut Vec<Show>,
) -> Result<(), Stop> {
    let ids: Vec<ShowId> = part.iter().map(|show| show.show_id).collect();
    let listed = read::shows_by_id(conn, &ids).await?;
    let there: FxHashMap<ShowId, Show> = listed
        .into_iter()
        .map(|listed| (listed.show.show_id, listed.show))
        .collect();
    let moves = |show: &&Show| {
        there.get(&show.show_id).is_some_and(|old| {
            show.seat_map_id != old.seat_map_id || show.screen_id != old.screen_id
        })
    };
    let moving: Vec<ShowId> = part.iter().filter(moves).map(|show| show.show_id).collect();
    let taken = if moving.is_empty() {
        FxHashMap::default()
    } else {
        ever_taken(conn, &moving).await?
    };
    let mut written = Vec::new();
    let mut new = Vec::new();
    let mut later = Vec::new();
    for show in &mut part {
        let old = there.get(&show.show_id);
        if let Some(old) = old
            && taken.get(&show.show_id) == Some(&true)
        {
            if rules.strict {
                return Err(CatalogRefusal::ShowHasSeats(show.show_id).into());
            }
            keep_place(show, old);
        }
        let put = match old {
            None => Put::Added,
            Some(old) if old == show => Put::Unchanged,
            Some(_) => Put::Changed,
        };
        puts.push((show.show_id, put));
        if put == Put::Unchanged {
            continue;
        }
        if put == Put::Added {
            new.push(show.show_id);
        }
        if old.is_none_or(|old| occupancy(old) != occupancy(show)) {
            moved.push(show.clone());
        }
        later.extend(old.filter(|old| old.start_time != show.start_time));
        written.push(&*show);
    }
    write(conn, &written).await?;
    if !new.is_empty() {
        let sql = "INSERT INTO show_state (theater, show, version, taken, publication) \
             SELECT w.theater, w.show, 1, 0, w.publication \
             FROM unnest($1::bytea[], $2::bytea[], $3::int[]) AS w (theater, show, publication)";
        let (theaters, own) = keys(&new);
        let publication: Vec<i32> = new
            .iter()
            .map(|show| i32::from(!rules.drafts.contains(show)))
            .collect();
        let call = Call::new(sql).with(theaters).with(own).with(publication);
        pipeline::read(conn, &[call]).await?;
    }
    note_moves(conn, &later, rules.now).await
}

/// Notes that people with tickets have to be told of another start, if there are any, and that they may give them back; what
/// they last heard stays noted.
async fn note_moves(conn: &Connection, old: &[&Show], now: DateTime<Utc>) -> Result<(), Stop> {
    if old.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO show_moves (theater, show, starts_before, mark) \
         SELECT w.theater, w.show, w.starts, uuid_send(gen_random_uuid()) FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) \
           AS w (theater, show, starts) \
         WHERE EXISTS (SELECT 1 FROM seats AS s WHERE s.theater = w.theater AND s.show = w.show AND s.state = 2) \
         ON CONFLICT (theater, show) DO NOTHING";
    let ids: Vec<ShowId> = old.iter().map(|show| show.show_id).collect();
    let (theaters, own) = keys(&ids);
    let starts = column(old, |show| micros(show.start_time));
    let moved = "UPDATE show_state AS t SET moved_at = $3 FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         WHERE t.theater = w.theater AND t.show = w.show";
    let calls = [
        Call::new(sql)
            .with(theaters.clone())
            .with(own.clone())
            .with(starts),
        Call::new(moved).with(theaters).with(own).with(micros(now)),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
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

const WRITE: &str = "INSERT INTO shows (theater, show, external_id, movie, screen, seat_map, starts_at, ends_at, \
       format, language, subtitles, price_sheet, seats_total) \
     SELECT w.theater, w.show, w.external_id, w.movie, w.screen, w.seat_map, w.starts_at, w.ends_at, w.format, \
       w.language, w.subtitles::json, w.price_sheet, w.seats_total \
     FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[], \
       $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::int[]) \
       AS w (theater, show, external_id, movie, screen, seat_map, starts_at, ends_at, format, language, subtitles, \
         price_sheet, seats_total) \
     ON CONFLICT (theater, show) DO UPDATE SET external_id = excluded.external_id, \
       movie = excluded.movie, screen = excluded.screen, seat_map = excluded.seat_map, \
       starts_at = excluded.starts_at, ends_at = excluded.ends_at, format = excluded.format, \
       language = excluded.language, subtitles = excluded.subtitles, \
       price_sheet = excluded.price_sheet, seats_total = excluded.seats_total";

pub(super) async fn write(conn: &Connection, shows: &[&Show]) -> Result<(), Stop> {
    if shows.is_empty() {
        return Ok(());
    }
    let mut sheets = Vec::with_capacity(shows.len());
    let mut texts: FxHashMap<[u8; 32], String> = FxHashMap::default();
    for show in shows {
        let body = to_json(&show.prices)?;
        let digest = rows::digest(&body);
        texts.insert(digest, body);
        sheets.push(digest.to_vec());
    }
    let (digests, bodies): (Vec<_>, Vec<_>) = texts
        .into_iter()
        .map(|(digest, body)| (digest.to_vec(), body))
        .unzip();
    let keep = "INSERT INTO price_sheets (price_sheet, body) \
         SELECT w.price_sheet, w.body::json FROM unnest($1::bytea[], $2::text[]) AS w (price_sheet, body) \
         ON CONFLICT (price_sheet) DO NOTHING";
    let subtitles: Vec<String> = shows
        .iter()
        .map(|show| to_json(&show.subtitles))
        .collect::<Result<_, _>>()?;
    let ids: Vec<ShowId> = shows.iter().map(|show| show.show_id).collect();
    let (theaters, own) = keys(&ids);
    let calls = [
        Call::new(keep).with(digests).with(bodies),
        Call::new("SAVEPOINT shows"),
        Call::new(WRITE)
            .with(theaters)
            .with(own)
            .with(column(shows, |show| show.external_id.clone()))
            .with(column(shows, |show| show.movie_id.as_bytes().to_vec()))
            .with(column(shows, |show| show.screen_id.as_bytes().to_vec()))
            .with(column(shows, |show| show.seat_map_id.as_bytes().to_vec()))
            .with(column(shows, |show| micros(show.start_time)))
            .with(column(shows, |show| micros(show.end_time)))
            .with(column(shows, |show| show.format.clone()))
            .with(column(shows, |show| show.language.clone()))
            .with(subtitles)
            .with(sheets)
            .with(column(shows, |show| i32::from(show.seats_total))),
    ];
    for done in pipeline::run(conn, &calls).await? {
        if let Err(error) = done {
            return Err(blame(conn, shows, &error).await?);
        }
    }
    Ok(())
}

fn column<T>(shows: &[&Show], value: impl Fn(&Show) -> T) -> Vec<T> {
    shows.iter().map(|show| value(show)).collect()
}

/// Finds the show that a broken constraint is about.
async fn blame(
    conn: &Connection,
    shows: &[&Show],
    error: &tokio_postgres::Error,
) -> Result<Stop, StoreError> {
    conn.client()
        .batch_execute("ROLLBACK TO shows")
        .await
        .db()?;
    for show in shows {
        let sql = "SELECT EXISTS (SELECT 1 FROM screens WHERE theater = $1 AND screen = $2) \
               AND EXISTS (SELECT 1 FROM movies WHERE movie = $3) \
               AND EXISTS (SELECT 1 FROM seat_maps WHERE seat_map = $4), \
             EXISTS (SELECT 1 FROM shows WHERE external_id = $5 AND NOT (theater = $1 AND show = $6))";
        let theater = show.show_id.theater();
        let row = conn
            .client()
            .query_one(
                sql,
                &[
                    &&theater.as_bytes()[..],
                    &&show.screen_id.as_bytes()[..],
                    &&show.movie_id.as_bytes()[..],
                    &&show.seat_map_id.as_bytes()[..],
                    &show.external_id,
                    &&show.show_id.own()[..],
                ],
            )
            .await
            .db()?;
        let missing = || {
            format!(
                "the theater, screen, movie or seat map of show {:?}",
                show.external_id
            )
        };
        if !row.value::<bool>(0)? {
            return Ok(CatalogRefusal::Missing(missing()).into());
        }
        if row.value::<bool>(1)? {
            return Ok(CatalogRefusal::ExternalIdTaken(show.external_id.clone()).into());
        }
    }
    // Two of these shows have one external id, or it is no constraint at all.
    let mut seen = FxHashSet::default();
    let twice = shows.iter().find(|show| !seen.insert(&show.external_id));
    let name = twice.map_or("", |show| show.external_id.as_str());
    Ok(explain(error, name, || "what a show refers to".into()))
}

/// Refuses when a show that came or moved overlaps another one on its screen, its cleaning included. Two shows that were
/// there before do not overlap, so each needs only its neighbours.
pub(super) async fn refuse_overlaps(conn: &Connection, moved: &[Show]) -> Result<(), Stop> {
    const SQL: &str = "SELECT w.theater, w.show, coalesce(before.show, after.show) \
         FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[]) WITH ORDINALITY \
           AS w (theater, show, screen, starts_at, ends_at, place) \
         JOIN screens AS c ON c.theater = w.theater AND c.screen = w.screen \
         CROSS JOIN LATERAL (SELECT (c.body ->> 'cleaning_minutes')::bigint * 60000000 AS cleaning) AS k \
         LEFT JOIN LATERAL (SELECT n.show FROM \
             (SELECT s.show, s.ends_at FROM shows AS s WHERE s.theater = w.theater AND s.screen = w.screen \
                AND s.starts_at < w.starts_at AND s.show <> w.show \
                AND NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = s.theater AND t.show = s.show AND t.cancelled) \
              ORDER BY s.starts_at DESC LIMIT 1) AS n \
             WHERE n.ends_at + k.cleaning > w.starts_at) AS before ON true \
         LEFT JOIN LATERAL (SELECT s.show FROM shows AS s WHERE s.theater = w.theater AND s.screen = w.screen \
             AND s.starts_at >= w.starts_at AND s.starts_at < w.ends_at + k.cleaning AND s.show <> w.show \
             AND NOT EXISTS (SELECT 1 FROM show_state AS t WHERE t.theater = s.theater AND t.show = s.show AND t.cancelled) \
             LIMIT 1) \
           AS after ON true \
         WHERE before.show IS NOT NULL OR after.show IS NOT NULL ORDER BY w.place LIMIT 1";
    for part in moved.chunks(AT_ONCE) {
        let ids: Vec<ShowId> = part.iter().map(|show| show.show_id).collect();
        let (theaters, own) = keys(&ids);
        let part: Vec<&Show> = part.iter().collect();
        let call = Call::new(SQL)
            .with(theaters)
            .with(own)
            .with(column(&part, |show| show.screen_id.as_bytes().to_vec()))
            .with(column(&part, |show| micros(show.start_time)))
            // A show without length still occupies its start.
            .with(column(&part, |show| micros(show.end_time).max(micros(show.start_time) + 1)));
        let answers = pipeline::read(conn, &[call]).await?;
        if let Some(row) = answers.iter().flatten().next() {
            let show = rows::show_id(row, 0, 1)?;
            let theater = TheaterId::from_bytes(row.bytes(0)?);
            let other = ShowId::from_parts(theater, row.bytes(2)?);
            return Err(CatalogRefusal::ScreenClash(show, other).into());
        }
    }
    Ok(())
}
