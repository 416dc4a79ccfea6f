//! What changed when: the sync counter, the log that advances it, and pages of changes for clients.
//!
//! The counter is a row locked at the begin of every change and written at its end; a cursor that has seen position p
//! has seen everything up to p. Every object has one entry, moved to the end when it changes, so the log never grows
//! past the catalog. Deletions leave a tombstone; only the newest are kept.

use super::read::{self, Which};
use crate::{
    columns::{Columns as _, damaged},
    connect::Connection,
    failure::OrStoreError as _,
    pipeline::{self, Call},
};
use matinee_domain::ids::{MovieId, ShowId, TheaterId};
use matinee_store::{
    StoreError,
    catalog::{CatalogObject, Changes, SyncHead},
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Deletions a client may have missed before it must start over.
const TOMBSTONES_KEPT: i64 = 100_000;
/// Entries written by one statement.
const AT_ONCE: usize = 5_000;

/// What an entry of the log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Theater = 1,
    Movie = 2,
    Show = 3,
}

impl Kind {
    /// A show's key in the log: its theater, then its own part.
    pub(super) fn show_key(show_id: ShowId) -> Vec<u8> {
        let mut key = show_id.theater().as_bytes().to_vec();
        key.extend_from_slice(show_id.own());
        key
    }
}

/// The log while a catalog is being applied.
pub(super) struct Log {
    position: i64,
    notes: Vec<(Kind, Vec<u8>, bool)>,
}

impl Log {
    /// Locks the counter: until this transaction ends no other one changes the catalog.
    pub(super) async fn open(conn: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT position FROM sync_head FOR UPDATE";
        let row = conn.client().query_one(sql, &[]).await.db()?;
        Ok(Self {
            position: row.value(0)?,
            notes: Vec::new(),
        })
    }

    /// Puts an object at the end of the log.
    pub(super) fn note(&mut self, kind: Kind, id: Vec<u8>, deleted: bool) {
        self.notes.push((kind, id, deleted));
    }

    /// Writes the entries and moves the counter, if anything was noted.
    pub(super) async fn close(self, conn: &Connection) -> Result<(), StoreError> {
        if self.notes.is_empty() {
            return Ok(());
        }
        let end = self.position + self.notes.len() as i64;
        let deleted = self.notes.iter().any(|note| note.2);
        // Of several notes about one object the last counts.
        let mut seen = FxHashSet::default();
        let mut entries = Vec::with_capacity(self.notes.len());
        for (at, (kind, id, deleted)) in self.notes.iter().enumerate().rev() {
            if seen.insert((*kind, id)) {
                entries.push((*kind as i32, id, self.position + 1 + at as i64, *deleted));
            }
        }
        let sql = "INSERT INTO changes (kind, id, seq, deleted) \
             SELECT * FROM unnest($1::int[], $2::bytea[], $3::bigint[], $4::bool[]) AS w \
             ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted";
        for part in entries.chunks(AT_ONCE) {
            let call = Call::new(sql)
                .with(part.iter().map(|entry| entry.0).collect::<Vec<_>>())
                .with(part.iter().map(|entry| entry.1).collect::<Vec<_>>())
                .with(part.iter().map(|entry| entry.2).collect::<Vec<_>>())
                .with(part.iter().map(|entry| entry.3).collect::<Vec<_>>());
            pipeline::read(conn, &[call]).await?;
        }
        let move_counter = "UPDATE sync_head SET position = $1";
        conn.client().execute(move_counter, &[&end]).await.db()?;
        if deleted {
            forget_tombstones(conn, TOMBSTONES_KEPT).await?;
        }
        Ok(())
    }
}

/// Forgets all but the newest tombstones.
async fn forget_tombstones(conn: &Connection, kept: i64) -> Result<(), StoreError> {
    let last = "SELECT seq FROM changes WHERE deleted ORDER BY seq DESC OFFSET $1 LIMIT 1";
    let Some(row) = conn.client().query_opt(last, &[&kept]).await.db()? else {
        return Ok(());
    };
    let last: i64 = row.value(0)?;
    let forget = "DELETE FROM changes WHERE deleted AND seq <= $1";
    conn.client().execute(forget, &[&last]).await.db()?;
    let note = "UPDATE sync_head SET oldest = $1";
    conn.client().execute(note, &[&last]).await.db()?;
    Ok(())
}

pub(super) async fn sync_head(conn: &Connection) -> Result<SyncHead, StoreError> {
    let call = Call::new("SELECT epoch, position, oldest FROM sync_head");
    let answers = pipeline::read(conn, &[call]).await?;
    let row = answers.first().and_then(|rows| rows.first());
    let row = row.ok_or_else(|| damaged("the sync counter is missing"))?;
    Ok(SyncHead {
        epoch: row.count(0)?,
        position: row.count(1)?,
        oldest: row.count(2)?,
    })
}

/// The version of an object: where it stands in the log.
pub(super) async fn version_of(
    conn: &Connection,
    object: CatalogObject,
) -> Result<u64, StoreError> {
    let (kind, id) = match object {
        CatalogObject::Theater(id) => (Kind::Theater, id.as_bytes().to_vec()),
        CatalogObject::Movie(id) => (Kind::Movie, id.as_bytes().to_vec()),
        CatalogObject::Show(id) => (Kind::Show, Kind::show_key(id)),
    };
    let sql = "SELECT seq FROM changes WHERE kind = $1 AND id = $2";
    let call = Call::new(sql).with(kind as i32).with(id);
    let answers = pipeline::read(conn, &[call]).await?;
    let row = answers.first().and_then(|rows| rows.first());
    row.map_or(Ok(0), |row| row.count(0))
}

/// An entry of the log.
struct Entry {
    seq: u64,
    kind: i32,
    id: Vec<u8>,
    deleted: bool,
}

/// Changes after `position`, oldest first. Must run in one read transaction, so that counter, log and rows agree.
pub(super) async fn changes(
    conn: &Connection,
    position: u64,
    limit: u16,
) -> Result<Changes, StoreError> {
    let limit = usize::from(limit.clamp(1, 1000));
    let after = i64::try_from(position).unwrap_or(i64::MAX);
    let sql = "SELECT seq, kind, id, deleted FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2";
    let call = Call::new(sql).with(after).with(limit as i64 + 1);
    let rows: Vec<_> = pipeline::read(conn, &[call])
        .await?
        .into_iter()
        .flatten()
        .collect();
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        entries.push(Entry {
            seq: row.count(0)?,
            kind: row.value(1)?,
            id: row.value(2)?,
            deleted: row.value(3)?,
        });
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    let mut page = Changes {
        more,
        position: match entries.last() {
            Some(last) if more => last.seq,
            _ => sync_head(conn).await?.position.max(position),
        },
        ..Changes::default()
    };
    fill(conn, &entries, &mut page).await?;
    Ok(page)
}

/// Adds every entry's object, in their order; an entry without its object counts as deleted, which is what a client
/// must believe.
async fn fill(conn: &Connection, entries: &[Entry], page: &mut Changes) -> Result<(), StoreError> {
    let ids = |kind: Kind| -> Vec<Vec<u8>> {
        let of_kind = entries
            .iter()
            .filter(|entry| entry.kind == kind as i32 && !entry.deleted);
        of_kind.map(|entry| entry.id.clone()).collect()
    };
    let mut shows = FxHashMap::default();
    let mut wanted = Vec::new();
    for id in ids(Kind::Show) {
        wanted.push(show_id(&id)?);
    }
    if !wanted.is_empty() {
        for listed in read::shows_by_id(conn, &wanted).await? {
            shows.insert(listed.show.show_id, listed);
        }
    }
    let unpublished = shows.values().filter(|listed| !listed.published);
    let unpublished: Vec<_> = unpublished.map(|listed| listed.show.show_id).collect();
    let drafts = read::never_published(conn, &unpublished).await?;
    let mut theaters = FxHashMap::default();
    let wanted = ids(Kind::Theater);
    if !wanted.is_empty() {
        for theater in read::theaters(conn, Which::Ids(&wanted)).await? {
            theaters.insert(theater.theater_id, theater);
        }
    }
    let mut movies = FxHashMap::default();
    let wanted = ids(Kind::Movie);
    if !wanted.is_empty() {
        for movie in read::movies(conn, Which::Ids(&wanted)).await? {
            movies.insert(movie.movie_id, movie);
        }
    }
    for entry in entries {
        if entry.kind == Kind::Show as i32 {
            let id = show_id(&entry.id)?;
            match shows.remove(&id) {
                Some(listed) if listed.published => page.shows.push(listed.show),
                // Nobody ever heard of it.
                Some(_) if drafts.contains(&id) => {}
                _ => page.deleted_shows.push(id),
            }
            continue;
        }
        let id: [u8; 16] = entry.id.as_slice().try_into().map_err(damaged)?;
        if entry.kind == Kind::Theater as i32 {
            let id = TheaterId::from_bytes(id);
            match theaters.remove(&id) {
                Some(theater) => page.theaters.push(std::sync::Arc::unwrap_or_clone(theater)),
                None => page.deleted_theaters.push(id),
            }
        } else {
            let id = MovieId::from_bytes(id);
            match movies.remove(&id) {
                Some(movie) => page.movies.push(std::sync::Arc::unwrap_or_clone(movie)),
                None => page.deleted_movies.push(id),
            }
        }
    }
    Ok(())
}

fn show_id(key: &[u8]) -> Result<ShowId, StoreError> {
    let wrong = || damaged("an id in the sync log has the wrong length");
    let (theater, own) = key.split_at_checked(16).ok_or_else(wrong)?;
    let theater = TheaterId::from_bytes(theater.try_into().map_err(damaged)?);
    Ok(ShowId::from_parts(
        theater,
        own.try_into().map_err(damaged)?,
    ))
}
