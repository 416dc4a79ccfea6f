//! The side of a move to another engine that is left: nobody else has the file meanwhile, its rows are read as they
//! stand, and afterwards it says where it went.
//!
//! The note is the guard against selling on both: it is written and synced before the other side is complete, and
//! [`SqliteStore::open`](crate::SqliteStore::open) refuses a file that has it. What is compared with what is not here.

use crate::{
    failure::OrStoreError as _,
    migrations,
    open::writing_connection,
    query::{first, text},
};
use matinee_store::{
    StoreError,
    moving::{CAME_NOTE, Kind, LEFT_NOTE, Left, Row, TABLES, Table, Value},
};
use rusqlite::{Connection, ErrorCode};
use std::{path::Path, time::Duration};

/// How long somebody who is about to finish is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A database that nobody else can open until this is dropped.
pub struct Departure {
    conn: Connection,
}

impl Departure {
    /// Takes a database for itself; brings it to the schema this program knows. Blocks for a moment.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            let what = format!("there is no database file {}", path.display());
            return Err(StoreError::Unavailable(what));
        }
        let conn = writing_connection(path)?;
        lock(&conn, path)?;
        migrations::apply(&conn)?;
        Ok(Self { conn })
    }

    /// How far the database was left before.
    pub fn left(&self) -> Result<Option<Left>, StoreError> {
        left(&self.conn)
    }

    /// Notes durably that it is left, or no longer.
    pub fn set_left(&self, left: Option<&Left>) -> Result<(), StoreError> {
        let done = match left {
            Some(left) => self.conn.execute(
                "INSERT INTO notes (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [LEFT_NOTE, &left.to_note()],
            ),
            None => self
                .conn
                .execute("DELETE FROM notes WHERE name = ?1", [LEFT_NOTE]),
        };
        done.db().map(drop)
    }

    /// Reads every row of a table, in no particular order, until `each` says that it is enough (false).
    pub fn rows(&self, table: &Table, mut each: impl FnMut(Row) -> bool) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare(&select(table)).db()?;
        let mut rows = statement.query([]).db()?;
        while let Some(row) = rows.next().db()? {
            let values = table.columns.iter().enumerate();
            let values = values.map(|(at, column)| value(row, at, column.kind));
            if !each(values.collect::<Result<_, _>>()?) {
                break;
            }
        }
        Ok(())
    }

    /// How many tables the list of those that move does not know: none, unless the list was forgotten.
    pub fn check_tables(&self) -> Result<(), StoreError> {
        let known: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        let mut statement = self
            .conn
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            )
            .db()?;
        let mut rows = statement.query([]).db()?;
        while let Some(row) = rows.next().db()? {
            let name = text(row, 0)?;
            if name != "migrations" && !known.contains(&name) {
                return Err(StoreError::Unavailable(format!(
                    "the table {name} is not one of Matinee's and would be left behind: nothing was moved"
                )));
            }
        }
        Ok(())
    }
}

/// Refuses a database that was left for another one.
pub(crate) fn refuse_left(conn: &Connection) -> Result<(), StoreError> {
    match left(conn)? {
        Some(left) => Err(StoreError::Unavailable(left.refusal())),
        None => Ok(()),
    }
}

fn left(conn: &Connection) -> Result<Option<Left>, StoreError> {
    first(
        conn,
        "SELECT value FROM notes WHERE name = ?1",
        [LEFT_NOTE],
        |row| Ok(Left::from_note(text(row, 0)?)),
    )
}

/// With exclusive locking SQLite refuses while any other connection has the file open, and everybody else from then on.
fn lock(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    conn.busy_timeout(PATIENCE).db()?;
    conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))
        .db()?;
    match conn.execute_batch("BEGIN EXCLUSIVE; COMMIT") {
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Err(StoreError::Unavailable(format!(
                "{} is in use: stop the server (and any other command on it) first, so that nothing is sold while it \
                 moves. Nothing was changed; holds and payments in flight are moved and finished on the other side",
                path.display()
            )))
        }
        other => other.db(),
    }
}

fn select(table: &Table) -> String {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| match (table.name, column.kind) {
            ("price_sheets", Kind::Sheet) => "body".to_owned(),
            (_, Kind::Sheet) => format!(
                "(SELECT p.body FROM price_sheets AS p WHERE p.price_sheet = t.{})",
                column.name
            ),
            _ => format!("t.\"{}\"", column.name),
        })
        .collect();
    // What a move notes about itself is of one side only.
    let only = if table.name == "notes" {
        format!(" WHERE name NOT IN ('{LEFT_NOTE}', '{CAME_NOTE}')")
    } else {
        String::new()
    };
    format!(
        "SELECT {} FROM {} AS t{only}",
        columns.join(", "),
        table.name
    )
}

fn value(row: &rusqlite::Row<'_>, at: usize, kind: Kind) -> Result<Value, StoreError> {
    let there = row.get_ref(at).db()?;
    if matches!(there, rusqlite::types::ValueRef::Null) {
        return Ok(Value::Null);
    }
    Ok(match kind {
        Kind::Number | Kind::Small | Kind::Flag => Value::Number(row.get(at).db()?),
        Kind::Text | Kind::Json => Value::text(text(row, at)?),
        Kind::Bytes => Value::Bytes(row.get(at).db()?),
        Kind::Sheet => Value::sheet(text(row, at)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure() -> (tempfile::TempDir, Departure) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matinee.db");
        std::fs::write(&path, []).unwrap();
        let departure = Departure::open(&path).unwrap();
        (folder, departure)
    }

    #[test]
    fn every_table_and_column_moves() {
        let (_folder, departure) = departure();
        departure.check_tables().unwrap();
        for table in TABLES {
            let mut there: Vec<String> = departure
                .conn
                .prepare("SELECT name FROM pragma_table_info(?1)")
                .unwrap()
                .query_map([table.name], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let mut listed: Vec<_> = table.columns.iter().map(|column| column.name).collect();
            // Only the order in which answers were appended here; nothing names it.
            there.retain(|column| (table.name, &**column) != ("idempotency", "record"));
            there.sort();
            listed.sort_unstable();
            assert_eq!(there, listed, "{}", table.name);
            departure.rows(table, |_| true).unwrap();
        }
        departure
            .conn
            .execute_batch("CREATE TABLE more (x)")
            .unwrap();
        assert!(departure.check_tables().is_err());
    }

    #[test]
    fn a_database_that_was_left_is_not_served() {
        let (folder, departure) = departure();
        let path = folder.path().join("matinee.db");
        let left = Left {
            done: false,
            by: "1".into(),
            place: "there".into(),
        };
        departure.set_left(Some(&left)).unwrap();
        assert_eq!(departure.left().unwrap(), Some(left.clone()));
        let open = || {
            crate::SqliteStore::open(crate::OpenOptions {
                path: path.clone(),
                feed: std::sync::Arc::new(matinee_store::feed::NoFeed),
            })
        };
        // Others can not even look.
        assert!(Departure::open(&path).is_err());
        drop(departure);
        let refused = open().unwrap_err().to_string();
        assert!(
            refused.contains("there") && refused.contains("--undo"),
            "{refused}"
        );
        Departure::open(&path).unwrap().set_left(None).unwrap();
        drop(open().unwrap());
    }
}
