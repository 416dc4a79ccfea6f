//! Putting a catalog in place: all of it or nothing, and an exact account of what changed.
//!
//! The content was validated before it came here. What is left to refuse is what only the store can see: shows that
//! overlap on a screen, ids that belong to somebody else, and taking away what was sold. A refusal rolls the whole
//! transaction back.

use super::{
    changes::{self, Kind, Log},
    rows,
    screens::put_screens,
    shows::{ShowRules, publish, put_shows, remove_shows},
};
use crate::{
    bookings::read::lookup,
    columns::{Columns as _, text, to_json},
    connect::Connection,
    failure::{OrStoreError as _, store_error},
    staff::write_audit,
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
    idempotency::Lookup,
};
use rustc_hash::FxHashMap;
use tokio_postgres::{Error, error::SqlState};

/// Why applying stopped.
pub(super) enum Stop {
    Refused(CatalogRefusal),
    Engine(StoreError),
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
pub(super) fn explain(error: &Error, external_id: &str, missing: impl FnOnce() -> String) -> Stop {
    match error.code() {
        Some(code) if *code == SqlState::FOREIGN_KEY_VIOLATION => {
            CatalogRefusal::Missing(missing()).into()
        }
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
            CatalogRefusal::ExternalIdTaken(external_id.into()).into()
        }
        _ => store_error(error).into(),
    }
}

/// What putting one row in place did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Added,
    Changed,
    Unchanged,
}

/// Applies a change, or refuses it. Runs in a transaction that is rolled back when it refuses.
pub(super) async fn apply(
    conn: &Connection,
    change: &CatalogChange,
    now: DateTime<Utc>,
) -> Result<Result<CatalogReport, CatalogRefusal>, StoreError> {
    let applying = Applying {
        conn,
        log: Log::open(conn).await?,
        report: CatalogReport::default(),
        now,
        same_map: FxHashMap::default(),
    };
    match applying.run(change).await {
        Ok(report) => Ok(Ok(report)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Engine(error)) => Err(error),
    }
}

struct Applying<'c> {
    conn: &'c Connection,
    log: Log,
    report: CatalogReport,
    now: DateTime<Utc>,
    /// Maps whose plan is already there under another id.
    same_map: FxHashMap<SeatMapId, SeatMapId>,
}

impl Applying<'_> {
    async fn run(mut self, change: &CatalogChange) -> Result<CatalogReport, Stop> {
        if let Some(record) = &change.idempotency {
            match lookup(self.conn, &record.key).await? {
                Lookup::New => {}
                found => return Err(CatalogRefusal::Repeated(found).into()),
            }
        }
        for (object, version) in &change.expected {
            if changes::version_of(self.conn, *object).await? != *version {
                return Err(CatalogRefusal::Changed(*object).into());
            }
        }
        for (external_id, map) in &change.seat_maps {
            let put = self.put_seat_map(external_id, map).await?;
            self.count(put);
        }
        for theater in &change.theaters {
            let put = self.put_theater(theater, change.strict).await?;
            self.count(put);
            if put != Put::Unchanged {
                let id = theater.theater_id.as_bytes().to_vec();
                self.log.note(Kind::Theater, id, false);
            }
        }
        for movie in &change.movies {
            let put = self.put_movie(movie).await?;
            self.count(put);
            if put != Put::Unchanged {
                let id = movie.movie_id.as_bytes().to_vec();
                self.log.note(Kind::Movie, id, false);
            }
        }
        for show in remove_shows(self.conn, &change.deleted_shows).await? {
            self.report.deleted += 1;
            self.log.note(Kind::Show, Kind::show_key(show), true);
        }
        let drafts = change.published.iter().filter(|(_, published)| !published);
        let drafts: Vec<ShowId> = drafts.map(|(show_id, _)| *show_id).collect();
        let rules = ShowRules {
            same_map: &self.same_map,
            strict: change.strict,
            drafts: &drafts,
            now: self.now,
        };
        for (show, put) in put_shows(self.conn, &change.shows, &rules).await? {
            self.count(put);
            if put != Put::Unchanged {
                self.log.note(Kind::Show, Kind::show_key(show), false);
            }
        }
        for (show, published) in &change.published {
            if publish(self.conn, *show, *published).await? == Put::Changed {
                self.report.changed += 1;
                self.log.note(Kind::Show, Kind::show_key(*show), false);
            }
        }
        self.log.close(self.conn).await?;
        let report = self.report;
        if report.added + report.changed + report.deleted > 0 {
            for entry in &change.audit {
                write_audit(self.conn, entry).await?;
            }
        }
        if let Some(record) = &change.idempotency {
            // Catalog changes come one after the other, so nobody else wrote it meanwhile but by a booking's call.
            if let Err(found) = crate::accounts::keep(self.conn, record).await? {
                return Err(CatalogRefusal::Repeated(found).into());
            }
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

    async fn put_seat_map(&mut self, external_id: &str, map: &SeatMap) -> Result<Put, Stop> {
        let (digest, body) = rows::seat_map_content(map)?;
        let (digest, id) = (&digest[..], &map.seat_map_id.as_bytes()[..]);
        let client = self.conn.client();
        let same_id = "SELECT digest FROM seat_maps WHERE seat_map = $1";
        if let Some(row) = client.query_opt(same_id, &[&id]).await.db()? {
            return if row.value::<&[u8]>(0)? == digest {
                Ok(Put::Unchanged)
            } else {
                Err(CatalogRefusal::SeatMapChanged(map.seat_map_id).into())
            };
        }
        let same_plan = "SELECT seat_map FROM seat_maps WHERE external_id = $1 AND digest = $2";
        if let Some(row) = client
            .query_opt(same_plan, &[&external_id, &digest])
            .await
            .db()?
        {
            let there = SeatMapId::from_bytes(row.bytes(0)?);
            self.same_map.insert(map.seat_map_id, there);
            return Ok(Put::Unchanged);
        }
        let insert = "INSERT INTO seat_maps (version, seat_map, external_id, digest, seats_total, body) \
             SELECT coalesce(max(version), 0) + 1, $1, $2, $3, $4, $5::text::json FROM seat_maps";
        let seats = map.seats.len() as i32;
        client
            .execute(insert, &[&id, &external_id, &digest, &seats, &body])
            .await
            .db()?;
        Ok(Put::Added)
    }

    async fn put_theater(&self, theater: &Theater, strict: bool) -> Result<Put, Stop> {
        let body = rows::theater_body(theater)?;
        let id = &theater.theater_id.as_bytes()[..];
        let client = self.conn.client();
        let there = "SELECT body::text FROM theaters WHERE theater = $1";
        let there = client.query_opt(there, &[&id]).await.db()?;
        let there: Option<String> = there.map(|row| row.value(0)).transpose()?;
        if let Some(there) = &there {
            self.refuse_another_currency(theater, there, strict).await?;
        }
        if there.as_ref() != Some(&body) {
            let put = "INSERT INTO theaters (theater, external_id, name, body) VALUES ($1, $2, $3, $4::text::json) \
                 ON CONFLICT (theater) DO UPDATE \
                 SET external_id = excluded.external_id, name = excluded.name, body = excluded.body";
            let name = text(&theater.name);
            client
                .execute(put, &[&id, &theater.external_id, &name, &body])
                .await
                .map_err(|error| {
                    explain(&error, &theater.external_id, || {
                        theater.theater_id.to_string()
                    })
                })?;
        }
        let mut screens = theater.screens.clone();
        for screen in &mut screens {
            if let Some(same) = self.same_map.get(&screen.seat_map_id) {
                screen.seat_map_id = *same;
            }
        }
        let screens_moved = put_screens(self.conn, theater.theater_id, &screens).await?;
        Ok(match there {
            None => Put::Added,
            Some(old) if old != body || screens_moved => Put::Changed,
            Some(_) => Put::Unchanged,
        })
    }

    /// What was sold was sold in this currency, for these local times. The theater's shows are locked, so that no hold
    /// comes in between.
    async fn refuse_another_currency(
        &self,
        wanted: &Theater,
        there: &str,
        strict: bool,
    ) -> Result<(), Stop> {
        let there: Theater = crate::columns::from_json(there)?;
        if (there.currency, there.time_zone) == (wanted.currency, wanted.time_zone) {
            return Ok(());
        }
        let id = &wanted.theater_id.as_bytes()[..];
        let client = self.conn.client();
        let lock = "SELECT 1 FROM show_state WHERE theater = $1 ORDER BY show FOR UPDATE";
        client.query(lock, &[&id]).await.db()?;
        let booked = "SELECT EXISTS (SELECT 1 FROM show_state WHERE theater = $1 AND version > 1 + blocks) \
             OR ($2 AND EXISTS (SELECT 1 FROM shows WHERE theater = $1))";
        if client
            .query_one(booked, &[&id, &strict])
            .await
            .db()?
            .value(0)?
        {
            return Err(CatalogRefusal::TheaterHasBookings(wanted.theater_id).into());
        }
        Ok(())
    }

    async fn put_movie(&self, movie: &Movie) -> Result<Put, Stop> {
        let body = to_json(movie)?;
        let id = &movie.movie_id.as_bytes()[..];
        let client = self.conn.client();
        let there = "SELECT body::text FROM movies WHERE movie = $1";
        let there = client.query_opt(there, &[&id]).await.db()?;
        let there: Option<String> = there.map(|row| row.value(0)).transpose()?;
        if there.as_ref() == Some(&body) {
            return Ok(Put::Unchanged);
        }
        let put = "INSERT INTO movies (movie, external_id, name, body) VALUES ($1, $2, $3, $4::text::json) \
             ON CONFLICT (movie) DO UPDATE \
             SET external_id = excluded.external_id, name = excluded.name, body = excluded.body";
        client
            .execute(put, &[&id, &movie.external_id, &text(&movie.name), &body])
            .await
            .map_err(|error| explain(&error, &movie.external_id, || movie.movie_id.to_string()))?;
        Ok(if there.is_none() {
            Put::Added
        } else {
            Put::Changed
        })
    }
}
