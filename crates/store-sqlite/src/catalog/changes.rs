//! What changed when: the sync counter, the log that advances it, and pages of changes for clients.
//!
//! The counter is a row changed inside the transaction of the change itself; a cursor that has seen position p has
//! seen everything up to p. Every object has one entry, moved to the end when it changes, so the log never grows past
//! the catalog. Deletions leave a tombstone; only the newest are kept.

use super::{read, rows};
use matinee_domain::ids::{MovieId, ShowId, TheaterId};
use matinee_store::catalog::{CatalogObject, Changes, SyncHead};
use rusqlite::{Connection, OptionalExtension as _, params};

/// Deletions a client may have missed before it must start over.
const TOMBSTONES_KEPT: i64 = 100_000;

/// What an entry of the log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Theater = 1,
    Movie = 2,
    Show = 3,
}

impl Kind {
    /// A show's key in the log: its theater, then its own part.
    pub(super) fn show_key(show_id: ShowId) -> [u8; 32] {
        let mut key = [0; 32];
        key[..16].copy_from_slice(show_id.theater().as_bytes());
        key[16..].copy_from_slice(show_id.own());
        key
    }
}

/// The log while a catalog is being applied.
pub(super) struct Log<'c> {
    conn: &'c Connection,
    start: i64,
    position: i64,
    deleted: bool,
}

impl<'c> Log<'c> {
    pub(super) fn open(conn: &'c Connection) -> rusqlite::Result<Self> {
        let start: i64 = conn
            .prepare_cached("SELECT position FROM sync_head")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            conn,
            start,
            position: start,
            deleted: false,
        })
    }

    /// Puts an object at the end of the log.
    pub(super) fn note(&mut self, kind: Kind, id: &[u8], deleted: bool) -> rusqlite::Result<()> {
        self.position += 1;
        self.deleted |= deleted;
        self.conn
            .prepare_cached(
                "INSERT INTO changes (kind, id, seq, deleted) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted",
            )?
            .execute(params![kind as i64, id, self.position, deleted])?;
        Ok(())
    }

    /// Moves the counter, if anything was noted.
    pub(super) fn close(self) -> rusqlite::Result<()> {
        if self.position != self.start {
            self.conn
                .prepare_cached("UPDATE sync_head SET position = ?1")?
                .execute([self.position])?;
        }
        if self.deleted {
            forget_tombstones(self.conn, TOMBSTONES_KEPT)?;
        }
        Ok(())
    }
}

/// Forgets all but the newest tombstones.
fn forget_tombstones(conn: &Connection, kept: i64) -> rusqlite::Result<()> {
    let last: Option<i64> = conn
        .prepare_cached(
            "SELECT seq FROM changes INDEXED BY changes_tombstones WHERE deleted = 1
             ORDER BY seq DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([kept], |row| row.get(0))
        .optional()?;
    if let Some(last) = last {
        conn.prepare_cached("DELETE FROM changes WHERE deleted = 1 AND seq <= ?1")?
            .execute([last])?;
        conn.prepare_cached("UPDATE sync_head SET oldest = ?1")?
            .execute([last])?;
    }
    Ok(())
}

pub(super) fn sync_head(conn: &Connection) -> rusqlite::Result<SyncHead> {
    conn.prepare_cached("SELECT epoch, position, oldest FROM sync_head")?
        .query_row([], |row| {
            Ok(SyncHead {
                epoch: row.get::<_, i64>(0)?.unsigned_abs(),
                position: row.get::<_, i64>(1)?.unsigned_abs(),
                oldest: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })
}

/// The version of an object: where it stands in the log.
pub(super) fn version_of(conn: &Connection, object: CatalogObject) -> rusqlite::Result<u64> {
    let (kind, id) = match object {
        CatalogObject::Theater(id) => (Kind::Theater, id.as_bytes().to_vec()),
        CatalogObject::Movie(id) => (Kind::Movie, id.as_bytes().to_vec()),
        CatalogObject::Show(id) => (Kind::Show, Kind::show_key(id).to_vec()),
    };
    let seq: Option<i64> = conn
        .prepare_cached("SELECT seq FROM changes WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind as i64, id], |row| row.get(0))
        .optional()?;
    Ok(seq.unwrap_or(0).unsigned_abs())
}

/// An entry of the log.
struct Entry {
    seq: i64,
    kind: i64,
    id: Vec<u8>,
    deleted: bool,
}

/// Changes after `position`, oldest first. Must run in one read transaction, so that counter, log and rows agree.
pub(super) fn changes(conn: &Connection, position: u64, limit: u16) -> rusqlite::Result<Changes> {
    let limit = usize::from(limit.clamp(1, 1000));
    let after = i64::try_from(position).unwrap_or(i64::MAX);
    let mut entries: Vec<Entry> = conn
        .prepare_cached(
            "SELECT seq, kind, id, deleted FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![after, limit as i64 + 1], |row| {
            Ok(Entry {
                seq: row.get(0)?,
                kind: row.get(1)?,
                id: row.get(2)?,
                deleted: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let mut page = Changes {
        more,
        position: match entries.last() {
            Some(last) if more => last.seq.unsigned_abs(),
            _ => sync_head(conn)?.position.max(position),
        },
        ..Changes::default()
    };
    for entry in &entries {
        add(conn, entry, &mut page)?;
    }
    Ok(page)
}

/// Adds one entry's object; an entry without its object counts as deleted, which is what a client must believe.
fn add(conn: &Connection, entry: &Entry, page: &mut Changes) -> rusqlite::Result<()> {
    let wrong = || rows::damaged(2, rusqlite::types::Type::Blob, "an id has the wrong length");
    if entry.kind == Kind::Show as i64 {
        let (theater, own) = entry.id.split_at_checked(16).ok_or_else(wrong)?;
        let theater = TheaterId::from_bytes(theater.try_into().map_err(|_| wrong())?);
        let show_id = ShowId::from_parts(theater, own.try_into().map_err(|_| wrong())?);
        let found = if entry.deleted {
            None
        } else {
            read::show(conn, show_id)?
        };
        match found {
            Some(listed) if listed.published => page.shows.push(listed.show),
            // Nobody ever heard of it.
            Some(_) if !read::was_published(conn, show_id)? => {}
            _ => page.deleted_shows.push(show_id),
        }
        return Ok(());
    }
    let id: [u8; 16] = entry.id.as_slice().try_into().map_err(|_| wrong())?;
    if entry.kind == Kind::Theater as i64 {
        let theater_id = TheaterId::from_bytes(id);
        let found = if entry.deleted {
            None
        } else {
            read::theater(conn, theater_id)?
        };
        match found {
            Some(theater) => page.theaters.push(theater),
            None => page.deleted_theaters.push(theater_id),
        }
    } else {
        let movie_id = MovieId::from_bytes(id);
        let found = if entry.deleted {
            None
        } else {
            read::movie(conn, movie_id)?
        };
        match found {
            Some(movie) => page.movies.push(movie),
            None => page.deleted_movies.push(movie_id),
        }
    }
    Ok(())
}
