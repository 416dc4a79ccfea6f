//! Whole seat maps that another server read already.
//!
//! The database is asked which version a show has and in which state of the database that is; only a seat map of exactly
//! these is taken from Redis. One version of a show is one set of seats as long as the database goes on from where it
//! was. Where it did not, it is another origin: another database or cluster (a copy has the same epoch), another
//! timeline (a standby took over, or an older point in time was restored), another epoch (an operator said so).

use super::{Redis, snapshot};
use crate::{
    columns::Columns as _,
    connect::Connection,
    pipeline::{self, Call},
};
use deadpool_postgres::Pool;
use matinee_domain::ids::{ShowId, TheaterId};
use matinee_store::{StoreError, bookings::SeatSnapshot};
use std::sync::atomic::Ordering;

/// Which history of which database a version is counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn key(&self, show: ShowId) -> String {
        format!("matinee:{}:{show}", self.0)
    }
}

/// The identity of a session's server, kept in the session: reading it opens PostgreSQL's control file, which costs as
/// much as the seat map. A session ends with its server's role as a primary, so it cannot get old. NULL on a standby,
/// which does not know its timeline.
const IDENTIFY: &str = "SELECT set_config('matinee.origin', s.system_identifier::text || '.' || d.oid::text || '.' \
       || left(pg_walfile_name(pg_current_wal_lsn()), 8), false) \
     FROM pg_control_system() AS s, pg_database AS d \
     WHERE d.datname = current_database() AND NOT pg_is_in_recovery()";

const VERSIONS: &str = "SELECT t.theater, t.show, t.version, h.seats_total, \
       nullif(current_setting('matinee.origin', true), '') || '.' || o.epoch::text \
     FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
     JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show \
     JOIN shows AS h ON h.theater = w.theater AND h.show = w.show CROSS JOIN sync_head AS o";

/// What was found, and what is still to be read.
pub(crate) struct Look<'r> {
    redis: &'r Redis,
    /// Each with how many seats its map has.
    pub(crate) found: Vec<(ShowId, SeatSnapshot, u16)>,
    pub(crate) missing: Vec<ShowId>,
    origin: Option<Origin>,
}

impl<'r> Look<'r> {
    /// Looks for shows. Every failure only leaves more to be read.
    pub(crate) async fn at(redis: &'r Redis, pool: &Pool, shows: &[ShowId]) -> Self {
        let mut look = Self {
            redis,
            found: Vec::new(),
            missing: shows.to_vec(),
            origin: None,
        };
        if redis.is_up()
            && let Ok((origin, versions)) = versions(pool, shows).await
        {
            look.take(&origin, &versions).await;
            look.origin = Some(origin);
        }
        look
    }

    async fn take(&mut self, origin: &Origin, versions: &[(ShowId, u64, u16)]) {
        let keys: Vec<_> = versions
            .iter()
            .map(|(show, ..)| origin.key(*show))
            .collect();
        let Some(values) = self.redis.values(&keys, snapshot::LONGEST).await else {
            return;
        };
        for ((show, version, seats_total), bytes) in versions.iter().zip(values) {
            let kept = snapshot::decode(origin, *show, &bytes);
            // An older one, or one of a commit that we do not see yet, is no answer.
            let Some(kept) = kept.filter(|kept| kept.version == *version) else {
                self.redis.inner.misses.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            self.redis.inner.hits.fetch_add(1, Ordering::Relaxed);
            self.found.push((*show, kept, *seats_total));
            self.missing.retain(|missing| missing != show);
        }
    }

    /// Gives what was read to the others.
    pub(crate) fn offer<'s>(&self, read: impl Iterator<Item = (ShowId, &'s SeatSnapshot)>) {
        let Some(origin) = &self.origin else {
            return;
        };
        let encoded = read.filter_map(|(show, seats)| {
            Some((origin.key(show), snapshot::encode(origin, show, seats)?))
        });
        let values: Vec<_> = encoded.collect();
        if !values.is_empty() {
            self.redis.offer(values);
        }
    }
}

/// The versions of shows, how many seats their maps have, and whose versions these are.
async fn versions(
    pool: &Pool,
    shows: &[ShowId],
) -> Result<(Origin, Vec<(ShowId, u64, u16)>), StoreError> {
    let conn = Connection::of(pool).await?;
    if let Some(found) = versions_of(&conn, shows).await? {
        return Ok(found);
    }
    pipeline::read(&conn, &[Call::new(IDENTIFY)]).await?;
    let found = versions_of(&conn, shows).await?;
    found.ok_or_else(|| StoreError::Unavailable("no origin".into()))
}

/// None from a session that was not asked yet who its server is.
async fn versions_of(
    conn: &Connection,
    shows: &[ShowId],
) -> Result<Option<(Origin, Vec<(ShowId, u64, u16)>)>, StoreError> {
    let theaters: Vec<_> = shows
        .iter()
        .map(|show| show.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = shows.iter().map(|show| &show.own()[..]).collect();
    let answers = pipeline::read(conn, &[Call::new(VERSIONS).with(theaters).with(own)]).await?;
    let mut origin = None;
    let mut versions = Vec::with_capacity(shows.len());
    for row in answers.iter().flatten() {
        let theater = TheaterId::from_bytes(row.bytes(0)?);
        let show = ShowId::from_parts(theater, row.bytes(1)?);
        versions.push((show, row.count(2)?, row.small(3)?));
        origin = row.value::<Option<String>>(4)?;
    }
    Ok(origin.map(|origin| (Origin::new(origin), versions)))
}
