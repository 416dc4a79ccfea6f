//! Is the file itself sound: pages, indexes and constraints, references, and the sync log.

use super::Checks;
use crate::failure::OrStoreError as _;
use matinee_store::StoreError;
use rusqlite::OptionalExtension as _;

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    integrity(checks)?;
    references(checks)?;
    sync_counter(checks)
}

/// SQLite's own check: pages, indexes, and every NOT NULL, CHECK and UNIQUE constraint.
fn integrity(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let mut statement = conn.prepare("PRAGMA integrity_check(100)").db()?;
    let mut rows = statement.query([]).db()?;
    while let Some(row) = rows.next().db()? {
        let verdict: String = row.get(0).db()?;
        if verdict != "ok" {
            checks.broken("integrity", verdict);
        }
    }
    let pages: i64 = conn
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .db()?;
    checks.checked("integrity", pages.unsigned_abs());
    Ok(())
}

/// Every reference has its row.
fn references(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let mut statement = conn.prepare("PRAGMA foreign_key_check").db()?;
    let mut rows = statement.query([]).db()?;
    let mut tables = 0;
    while let Some(row) = rows.next().db()? {
        let (child, parent): (String, String) = (row.get(0).db()?, row.get(2).db()?);
        tables += 1;
        checks.broken(
            "references",
            format!("a row of {child} refers to a missing row of {parent}"),
        );
    }
    checks.checked("references", tables);
    Ok(())
}

/// The sync counter is at or past every entry of the log, and the log has an entry for every object.
fn sync_counter(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let head: Option<(i64, i64)> = checks
        .conn
        .query_row("SELECT position, oldest FROM sync_head", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .db()?;
    let Some((position, oldest)) = head else {
        checks.broken("sync_counter", "the counter's row is missing".into());
        checks.checked("sync_counter", 0);
        return Ok(());
    };
    if oldest > position {
        checks.broken(
            "sync_counter",
            format!("oldest {oldest} is past position {position}"),
        );
    }
    checks.rows(
        "sync_counter",
        "SELECT count(*) FROM changes",
        "SELECT format('change %d (kind %d, id %s) is past the counter', seq, kind, hex(id)) FROM changes
         WHERE seq > (SELECT position FROM sync_head)",
    )?;
    checks.rows(
        "sync_log",
        "SELECT (SELECT count(*) FROM shows) + (SELECT count(*) FROM movies) + (SELECT count(*) FROM theaters)",
        "SELECT format('%s has no entry in the log', what) FROM (
           SELECT 1 AS kind, theater AS id, 'theater ' || external_id AS what FROM theaters
           UNION ALL SELECT 2, movie, 'movie ' || external_id FROM movies
           UNION ALL SELECT 3, CAST(theater || show AS BLOB), 'show ' || external_id FROM shows) AS o
         WHERE NOT EXISTS (SELECT 1 FROM changes AS c
           WHERE c.kind = o.kind AND c.id = o.id AND c.deleted = 0)",
    )
}
