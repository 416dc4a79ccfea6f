//! The schema's steps, embedded and append-only.
//!
//! A database remembers the text of every step it took, so a step edited after its release is refused instead of
//! leaving two databases of one version with different tables.

use crate::failure::OrStoreError;
use matinee_store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

const STEPS: &[(&str, &str)] = &[
    (
        "catalog",
        include_str!("../../../migrations/sqlite/0001_catalog.sql"),
    ),
    (
        "accounts",
        include_str!("../../../migrations/sqlite/0002_accounts.sql"),
    ),
    (
        "bookings",
        include_str!("../../../migrations/sqlite/0003_bookings.sql"),
    ),
    (
        "outbox",
        include_str!("../../../migrations/sqlite/0004_outbox.sql"),
    ),
    (
        "ledger",
        include_str!("../../../migrations/sqlite/0005_ledger.sql"),
    ),
    (
        "messages_over",
        include_str!("../../../migrations/sqlite/0006_messages_over.sql"),
    ),
    (
        "time_order",
        include_str!("../../../migrations/sqlite/0007_time_order.sql"),
    ),
    (
        "messages",
        include_str!("../../../migrations/sqlite/0008_messages.sql"),
    ),
    (
        "ways_in",
        include_str!("../../../migrations/sqlite/0009_ways_in.sql"),
    ),
    (
        "delivery",
        include_str!("../../../migrations/sqlite/0010_delivery.sql"),
    ),
    (
        "promos",
        include_str!("../../../migrations/sqlite/0011_promos.sql"),
    ),
    (
        "staff",
        include_str!("../../../migrations/sqlite/0012_staff.sql"),
    ),
    (
        "published",
        include_str!("../../../migrations/sqlite/0013_published.sql"),
    ),
    (
        "gifts",
        include_str!("../../../migrations/sqlite/0014_gifts.sql"),
    ),
    (
        "door",
        include_str!("../../../migrations/sqlite/0015_door.sql"),
    ),
    (
        "counter",
        include_str!("../../../migrations/sqlite/0016_counter.sql"),
    ),
    (
        "bad_days",
        include_str!("../../../migrations/sqlite/0017_bad_days.sql"),
    ),
    (
        "moved_shows",
        include_str!("../../../migrations/sqlite/0018_moved_shows.sql"),
    ),
    (
        "promo_customers",
        include_str!("../../../migrations/sqlite/0019_promo_customers.sql"),
    ),
    (
        "no_count_of_messages",
        include_str!("../../../migrations/sqlite/0020_no_count_of_messages.sql"),
    ),
    (
        "app_messages",
        include_str!("../../../migrations/sqlite/0021_app_messages.sql"),
    ),
];

/// "MTNE": tells our files from other SQLite databases.
const APPLICATION_ID: i64 = 0x4D54_4E45;

/// The schema version this program knows.
pub(crate) const KNOWN: u32 = STEPS.len() as u32;

/// The database's schema version; refuses a newer one, a foreign file and edited steps.
pub(crate) fn check(conn: &Connection) -> Result<u32, StoreError> {
    let found: u32 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .db()?;
    let application: i64 = conn
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .db()?;
    if application == 0 && found == 0 {
        let tables: i64 = conn
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .db()?;
        return if tables == 0 { Ok(0) } else { Err(foreign()) };
    }
    if application != APPLICATION_ID {
        return Err(foreign());
    }
    if found > KNOWN {
        return Err(StoreError::TooNew {
            found,
            known: KNOWN,
        });
    }
    for (number, (name, sql)) in (1_u32..=found).zip(STEPS) {
        let kept: Option<String> = conn
            .query_row(
                "SELECT sql FROM migrations WHERE number = ?1",
                [number],
                |row| row.get(0),
            )
            .optional()
            .db()?;
        if kept.as_deref() != Some(*sql) {
            return Err(StoreError::Engine(format!(
                "the database was made with another text of schema step {number} ({name})"
            )));
        }
    }
    Ok(found)
}

fn foreign() -> StoreError {
    StoreError::Unavailable("the file is a database of another program".into())
}

/// Takes the steps that are missing, each in a transaction of its own.
pub(crate) fn apply(conn: &Connection) -> Result<(), StoreError> {
    while check(conn)? < KNOWN {
        conn.execute_batch("BEGIN IMMEDIATE").db()?;
        let done = step(conn);
        conn.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })
            .db()?;
        done?;
    }
    Ok(())
}

fn step(conn: &Connection) -> Result<(), StoreError> {
    // Asked again inside the transaction: another process may have taken the step meanwhile.
    let taken = check(conn)?;
    let Some((name, sql)) = STEPS.get(taken as usize) else {
        return Ok(());
    };
    if taken == 0 {
        conn.execute_batch(
            "CREATE TABLE migrations (
                number INTEGER PRIMARY KEY, name TEXT NOT NULL, sql TEXT NOT NULL
             ) STRICT;",
        )
        .db()?;
        conn.pragma_update(None, "application_id", APPLICATION_ID)
            .db()?;
    }
    conn.execute_batch(sql).db()?;
    conn.execute(
        "INSERT INTO migrations (number, name, sql) VALUES (?1, ?2, ?3)",
        params![taken + 1, name, sql],
    )
    .db()?;
    conn.pragma_update(None, "user_version", taken + 1).db()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrated() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        apply(&conn).unwrap();
        conn
    }

    #[test]
    fn a_fresh_database_takes_every_step_once() {
        let conn = migrated();
        assert_eq!(check(&conn), Ok(KNOWN));
        apply(&conn).unwrap();
        let steps: u32 = conn
            .query_row("SELECT count(*) FROM migrations", [], |r| r.get(0))
            .unwrap();
        assert_eq!(steps, KNOWN);
    }

    #[test]
    fn a_newer_database_is_refused() {
        let conn = migrated();
        conn.pragma_update(None, "user_version", KNOWN + 1).unwrap();
        assert_eq!(
            apply(&conn),
            Err(StoreError::TooNew {
                found: KNOWN + 1,
                known: KNOWN
            })
        );
    }

    #[test]
    fn an_edited_step_is_refused() {
        let conn = migrated();
        conn.execute(
            "UPDATE migrations SET sql = sql || ' ' WHERE number = 1",
            [],
        )
        .unwrap();
        assert!(matches!(apply(&conn), Err(StoreError::Engine(_))));
    }

    #[test]
    fn another_programs_file_is_refused() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(apply(&conn), Err(StoreError::Unavailable(_))));
        let version: u32 = conn
            .pragma_query_value(None, "user_version", |r| r.get(0))
            .unwrap();
        assert_eq!(version, 0);
    }

    /// The rows of a database as it was before the tables were made anew.
    const OF_STEP_6: &str = "
        INSERT INTO bookings (theater, booking, show, reference, status, version, caller, seats, seat_count,
            total_minor, currency, lines, advice, test, created_at, extensions)
          SELECT randomblob(16), randomblob(22), randomblob(16), 'R' || value, 'cancelled', 3, randomblob(16), '[]', 1,
            value, 'EUR', '[]', '[]', 0, value, 0 FROM json_each('[1, 2, 3]');
        INSERT INTO payments (theater, booking, payment, status, amount_minor, currency, captured_minor,
            refunded_minor, gateway, method_token, method_label, created_at)
          SELECT theater, booking, randomblob(22), 'partly_refunded', 9, 'EUR', 9, 4, 'sandbox', 't', 'l', 5
            FROM bookings;
        INSERT INTO refunds (theater, booking, refund, payment, status, amount_minor, currency, reason, attempts,
            created_at, tried_at)
          SELECT theater, booking, randomblob(16), payment, 'succeeded', 4, 'EUR', 'why', 1, 6, 7 FROM payments;
        INSERT INTO tickets SELECT theater, booking, 4, randomblob(16), 'void', 2 FROM bookings;
        INSERT INTO messages SELECT theater, booking, randomblob(16), 'sent', 'k', 'email', 'r', '{}', 1, 8, 9, 10, NULL
          FROM bookings;";

    fn rows(conn: &Connection) -> Vec<String> {
        let mut all = Vec::new();
        for table in ["bookings", "payments", "refunds", "tickets", "messages"] {
            let mut rows = conn
                .prepare(&format!("SELECT * FROM {table} ORDER BY booking"))
                .unwrap();
            let columns = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
                all.push(format!("{table} {}", values.collect::<Vec<_>>().join(" ")));
            }
        }
        all
    }

    #[test]
    fn tables_made_anew_keep_every_row() {
        let conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        for _ in 0..6 {
            step(&conn).unwrap();
        }
        conn.execute_batch(OF_STEP_6).unwrap();
        conn.execute_batch("ANALYZE").unwrap();
        let before = rows(&conn);
        assert_eq!(before.len(), 15);
        apply(&conn).unwrap();
        // Later steps add columns at the end.
        let after = rows(&conn);
        assert_eq!(after.len(), before.len());
        for (after, before) in after.iter().zip(&before) {
            assert!(after.starts_with(before), "{before} became {after}");
        }
        let statistics = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'";
        let left: u32 = conn.query_row(statistics, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
        // What hangs on what is as strict as before.
        for refused in [
            "UPDATE tickets SET state = 'valid'",
            "UPDATE refunds SET amount_minor = 10",
            "DELETE FROM bookings",
            "DELETE FROM payments",
        ] {
            assert!(conn.execute(refused, []).is_err(), "{refused}");
        }
    }
}
