//! The schema's steps, embedded and append-only.
//!
//! A database remembers the text of every step it took, so a step edited after its release is refused instead of
//! leaving two databases of one version with different tables. Several servers may start at once: one takes the
//! steps, the others wait for it.

use crate::{columns::Columns as _, connect::Connection, failure::OrStoreError as _};
use matinee_store::StoreError;

macro_rules! step {
    ($file:literal) => {
        (
            $file,
            include_str!(concat!("../../../migrations/postgres/", $file, ".sql")),
        )
    };
}

const STEPS: &[(&str, &str)] = &[
    step!("0001_catalog"),
    step!("0002_accounts"),
    step!("0003_bookings"),
    step!("0004_outbox"),
    step!("0005_ledger"),
    step!("0006_leases"),
    step!("0007_messages"),
    step!("0008_ways_in"),
    step!("0009_delivery"),
    step!("0010_promos"),
    step!("0011_staff"),
    step!("0012_published"),
    step!("0013_gifts"),
    step!("0014_door"),
    step!("0015_counter"),
    step!("0016_bad_days"),
    step!("0017_moved_shows"),
    step!("0018_promo_customers"),
    step!("0019_no_count_of_messages"),
    step!("0020_app_messages"),
];

/// The schema version this program knows.
pub(crate) const KNOWN: u32 = STEPS.len() as u32;

/// Older servers lack what the statements use.
const OLDEST_SERVER: i32 = 150_000;

/// Held while steps are taken. "MTNE".
const LOCK: &str = "SELECT pg_advisory_xact_lock(1297370693)";

/// The database's schema version; refuses a newer one, a foreign database and edited steps.
pub(crate) async fn check(conn: &Connection) -> Result<u32, StoreError> {
    check_server(conn).await?;
    let tables = "SELECT to_regclass('migrations') IS NOT NULL, \
         (SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace \
            AND c.relkind IN ('r', 'p', 'v', 'm'))";
    let row = conn.client().query_one(tables, &[]).await.db()?;
    if !row.value::<bool>(0)? {
        return match row.count(1)? {
            0 => Ok(0),
            _ => Err(StoreError::Unavailable(
                "the database holds tables of another program; give Matinee a database of its own"
                    .into(),
            )),
        };
    }
    let kept = "SELECT number, sql FROM migrations ORDER BY number";
    let rows = conn.client().query(kept, &[]).await.db()?;
    let found = rows.len() as u32;
    if found > KNOWN {
        return Err(StoreError::TooNew {
            found,
            known: KNOWN,
        });
    }
    for (at, (row, (name, sql))) in rows.iter().zip(STEPS).enumerate() {
        if row.small::<usize>(0)? != at + 1 || row.text(1)? != *sql {
            return Err(StoreError::Engine(format!(
                "the database was made with another text of schema step {} ({name})",
                at + 1
            )));
        }
    }
    Ok(found)
}

async fn check_server(conn: &Connection) -> Result<(), StoreError> {
    let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
         current_setting('server_encoding'), coalesce(current_setting('fsync', true), 'on')";
    let row = conn.client().query_one(asked, &[]).await.db()?;
    if row.value::<i32>(0)? < OLDEST_SERVER {
        let what = format!("PostgreSQL {} is too old: 15 is needed", row.text(1)?);
        return Err(StoreError::Unavailable(what));
    }
    if row.text(2)? != "UTF8" {
        let what = format!(
            "the database's encoding is {}: UTF8 is needed",
            row.text(2)?
        );
        return Err(StoreError::Unavailable(what));
    }
    if row.text(3)? == "off" {
        tracing::warn!(
            "the PostgreSQL server runs with fsync off: a power cut loses acknowledged bookings"
        );
    }
    Ok(())
}

/// Takes the steps that are missing, all in one transaction.
pub(crate) async fn apply(conn: &Connection) -> Result<(), StoreError> {
    if check(conn).await? == KNOWN {
        return Ok(());
    }
    conn.client().batch_execute("BEGIN").await.db()?;
    let done = take(conn).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = conn.client().batch_execute(end).await.db();
    done.and(ended)
}

/// The same in a transaction that is open.
pub(crate) async fn take(conn: &Connection) -> Result<(), StoreError> {
    conn.client().batch_execute(LOCK).await.db()?;
    // Asked again under the lock: another server may have taken the steps meanwhile.
    let taken = check(conn).await?;
    if taken == 0 {
        let table = "CREATE TABLE migrations (number integer PRIMARY KEY, name text NOT NULL, sql text NOT NULL)";
        conn.client().batch_execute(table).await.db()?;
    }
    for (number, (name, sql)) in (1_i32..).zip(STEPS).skip(taken as usize) {
        conn.client().batch_execute(sql).await.db()?;
        let note = "INSERT INTO migrations (number, name, sql) VALUES ($1, $2, $3)";
        conn.client()
            .execute(note, &[&number, name, sql])
            .await
            .db()?;
    }
    Ok(())
}
