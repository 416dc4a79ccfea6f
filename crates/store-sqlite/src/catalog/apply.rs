//! Putting a catalog in place: all of it or nothing, and an exact account of what changed.
//!
//! The content was validated before it came here. What is left to refuse is what only the store can see: shows that
//! overlap on a screen, ids that belong to somebody else, and taking away what was sold. Runs inside the writer's
//! transaction and under a savepoint of its own, so that a refusal leaves its neighbours alone.

use super::{
    changes::{self, Kind, Log},
    rows,
    screens::put_screens,
    shows::{ShowWriter, publish, remove_show},
};
use crate::{
    bookings::idempotency, failure::OrStoreError as _, failure::store_error, staff::write_audit,
    writer::Tx,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Movie, Theater},
    ids::{SeatMapId, ShowId},
    seat_map::SeatMap,
};
use matinee_store::{
    StoreError,
    catalog::{CatalogChange, CatalogRefusal, CatalogReport},
};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, ffi, params};
use rustc_hash::FxHashMap;

/// Why applying stopped.
pub(super) enum Stop {
    Refused(CatalogRefusal),
    Engine(StoreError),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(store_error(error))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Engine(error)
    }
}

impl From<CatalogRefusal> for Stop {
    fn from(refusal: CatalogRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Turns a broken constraint into the refusal it means: a foreign key misses `missing`, a unique key is `external_id`.
pub(super) fn explain(
    error: rusqlite::Error,
    external_id: &str,
    missing: impl FnOnce() -> String,
) -> Stop {
    match error.sqlite_error() {
        Some(cause) if cause.code == ErrorCode::ConstraintViolation => match cause.extended_code {
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => CatalogRefusal::Missing(missing()).into(),
            ffi::SQLITE_CONSTRAINT_UNIQUE => {
                CatalogRefusal::ExternalIdTaken(external_id.into()).into()
            }
            _ => error.into(),
        },
        _ => error.into(),
    }
}

/// What putting one row in place did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Added,
    Changed,
    Unchanged,
}

/// Applies a change, or refuses it and changes nothing.
pub(super) fn apply(
    tx: &mut Tx<'_>,
    change: &CatalogChange,
    now: DateTime<Utc>,
) -> Result<Result<CatalogReport, CatalogRefusal>, StoreError> {
    let conn = tx.conn();
    conn.execute_batch("SAVEPOINT catalog").db()?;
    let done = Applying::new(tx, now).and_then(|applying| applying.run(change));
    match done {
        Ok(report) => {
            conn.execute_batch("RELEASE catalog").db()?;
            Ok(Ok(report))
        }
        Err(Stop::Refused(refusal)) => {
            conn.execute_batch("ROLLBACK TO catalog; RELEASE catalog")
                .db()?;
            tx.publication_changed();
            Ok(Err(refusal))
        }
        // The writer takes a failed unit back as a whole.
        Err(Stop::Engine(error)) => Err(error),
    }
}

struct Applying<'t, 'c> {
    tx: &'t mut Tx<'c>,
    conn: &'c Connection,
    log: Log<'c>,
    report: CatalogReport,
    now: DateTime<Utc>,
    /// Maps whose plan is already there under another id.
    same_map: FxHashMap<SeatMapId, SeatMapId>,
}

impl<'t, 'c> Applying<'t, 'c> {
    fn new(tx: &'t mut Tx<'c>, now: DateTime<Utc>) -> Result<Self, Stop> {
        let conn = tx.conn();
        Ok(Self {
            tx,
            conn,
            log: Log::open(conn)?,
            report: CatalogReport::default(),
            now,
            same_map: FxHashMap::default(),
        })
    }

    fn run(mut self, change: &CatalogChange) -> Result<CatalogReport, Stop> {
        if let Some(found) = idempotency::earlier(self.tx, change.idempotency.as_ref())? {
            return Err(CatalogRefusal::Repeated(found).into());
        }
        for (object, version) in &change.expected {
            if changes::version_of(self.conn, *object)? != *version {
                return Err(CatalogRefusal::Changed(*object).into());
            }
        }
        for (external_id, map) in &change.seat_maps {
            let put = self.put_seat_map(external_id, map)?;
            self.count(put);
        }
        for theater in &change.theaters {
            let put = self.put_theater(theater, change.strict)?;
            self.count(put);
            if put != Put::Unchanged {
                self.log
                    .note(Kind::Theater, theater.theater_id.as_bytes(), false)?;
            }
        }
        for movie in &change.movies {
            let put = self.put_movie(movie)?;
            self.count(put);
            if put != Put::Unchanged {
                self.log
                    .note(Kind::Movie, movie.movie_id.as_bytes(), false)?;
            }
        }
        for show_id in &change.deleted_shows {
            if remove_show(self.tx, *show_id)? {
                self.report.deleted += 1;
                self.log.note(Kind::Show, &Kind::show_key(*show_id), true)?;
            }
        }
        self.put_shows(change)?;
        for (show_id, published) in &change.published {
            let put = publish(self.tx, *show_id, *published)?;
            self.report.changed += u64::from(put == Put::Changed);
            if put == Put::Changed {
                self.log
                    .note(Kind::Show, &Kind::show_key(*show_id), false)?;
            }
        }
        self.log.close()?;
        let report = self.report;
        if report.added + report.changed + report.deleted > 0 {
            for entry in &change.audit {
                write_audit(self.conn, entry)?;
            }
        }
        if let Some(record) = &change.idempotency {
            idempotency::insert(self.tx, record)?;
        }
        Ok(report)
    }

    fn count(&mut self, put: Put) {
        match put {
            Put::Added => self.report.added += 1,
            Put::Changed => self.report.changed += 1,
            Put::Unchanged => self.report.unchanged += 1,
        }
    }

    fn map_id(&self, id: SeatMapId) -> SeatMapId {
        self.same_map.get(&id).copied().unwrap_or(id)
    }

    fn put_seat_map(&mut self, external_id: &str, map: &SeatMap) -> Result<Put, Stop> {
        let (digest, body) = rows::seat_map_content(map)?;
        let same_id: Option<[u8; 32]> = self
            .conn
            .prepare_cached("SELECT digest FROM seat_maps WHERE seat_map = ?1")?
            .query_row([map.seat_map_id.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(there) = same_id {
            return if there == digest {
                Ok(Put::Unchanged)
            } else {
                Err(CatalogRefusal::SeatMapChanged(map.seat_map_id).into())
            };
        }
        let same_plan: Option<[u8; 16]> = self
            .conn
            .prepare_cached(
                "SELECT seat_map FROM seat_maps WHERE external_id = ?1 AND digest = ?2",
            )?
            .query_row(params![external_id, digest], |row| row.get(0))
            .optional()?;
        if let Some(there) = same_plan {
            self.same_map
                .insert(map.seat_map_id, SeatMapId::from_bytes(there));
            return Ok(Put::Unchanged);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO seat_maps (seat_map, external_id, digest, seats_total, body)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                map.seat_map_id.as_bytes(),
                external_id,
                digest,
                map.seats.len() as i64,
                body
            ])?;
        Ok(Put::Added)
    }

    fn put_theater(&self, theater: &Theater, strict: bool) -> Result<Put, Stop> {
        let body = rows::theater_body(theater)?;
        let there: Option<String> = self
            .conn
            .prepare_cached("SELECT body FROM theaters WHERE theater = ?1")?
            .query_row([theater.theater_id.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(there) = &there {
            self.refuse_another_currency(theater, there, strict)?;
        }
        if there.as_ref() != Some(&body) {
            self.conn
                .prepare_cached(
                    "INSERT INTO theaters (theater, external_id, name, body) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (theater) DO UPDATE
                     SET external_id = excluded.external_id, name = excluded.name, body = excluded.body",
                )?
                .execute(params![theater.theater_id.as_bytes(), theater.external_id, theater.name, body])
                .map_err(|error| explain(error, &theater.external_id, || theater.theater_id.to_string()))?;
        }
        let mut screens = theater.screens.clone();
        for screen in &mut screens {
            screen.seat_map_id = self.map_id(screen.seat_map_id);
        }
        let screens_moved = put_screens(self.conn, theater.theater_id, &screens)?;
        Ok(match there {
            None => Put::Added,
            Some(old) if old != body || screens_moved => Put::Changed,
            Some(_) => Put::Unchanged,
        })
    }

    /// What was sold was sold in this currency, for these local times.
    fn refuse_another_currency(
        &self,
        wanted: &Theater,
        there: &str,
        strict: bool,
    ) -> Result<(), Stop> {
        let there: Theater = serde_json::from_str(there)
            .map_err(|error| rows::damaged(0, rusqlite::types::Type::Text, error))?;
        if (there.currency, there.time_zone) == (wanted.currency, wanted.time_zone) {
            return Ok(());
        }
        let booked = self
            .conn
            .prepare_cached(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM show_state WHERE theater = ?1 AND version > 1 + blocks)
                   OR EXISTS (SELECT 1 FROM seats WHERE theater = ?1 AND state <> 3)
                   OR (?2 AND EXISTS (SELECT 1 FROM shows WHERE theater = ?1))",
            )?
            .exists(params![wanted.theater_id.as_bytes(), strict])?;
        if booked {
            return Err(CatalogRefusal::TheaterHasBookings(wanted.theater_id).into());
        }
        Ok(())
    }

    fn put_movie(&self, movie: &Movie) -> Result<Put, Stop> {
        let body = rows::to_json(movie)?;
        let there: Option<String> = self
            .conn
            .prepare_cached("SELECT body FROM movies WHERE movie = ?1")?
            .query_row([movie.movie_id.as_bytes()], |row| row.get(0))
            .optional()?;
        if there.as_ref() == Some(&body) {
            return Ok(Put::Unchanged);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO movies (movie, external_id, name, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (movie) DO UPDATE
                 SET external_id = excluded.external_id, name = excluded.name, body = excluded.body",
            )?
            .execute(params![movie.movie_id.as_bytes(), movie.external_id, movie.name, body])
            .map_err(|error| explain(error, &movie.external_id, || movie.movie_id.to_string()))?;
        Ok(if there.is_none() {
            Put::Added
        } else {
            Put::Changed
        })
    }

    fn put_shows(&mut self, change: &CatalogChange) -> Result<(), Stop> {
        let drafts = change.published.iter().filter(|(_, published)| !published);
        let drafts: Vec<ShowId> = drafts.map(|(show_id, _)| *show_id).collect();
        let mut writer = ShowWriter::new(change.strict, drafts, self.now);
        for show in &change.shows {
            let put = writer.put(self.tx, show, self.map_id(show.seat_map_id))?;
            self.count(put);
            if put != Put::Unchanged {
                self.log
                    .note(Kind::Show, &Kind::show_key(show.show_id), false)?;
            }
        }
        // Only now is every show where it shall be.
        writer.refuse_overlaps(self.conn)
    }
}
