//! What a restore takes back: everything that happened between the backup and now is only in the database that is
//! replaced, so it is counted before that goes. A database that cannot be read has nothing to tell.

use crate::{columns::damaged, failure::OrStoreError as _, open::reading_connection, query::text};
use matinee_domain::money::{Currency, Money};
use matinee_store::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// What the replaced database knew and the restored one does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Bookings that are not in the backup: their seats are free again.
    pub bookings: u64,
    /// Bookings that are in it as they were before: paid, cancelled or expired since.
    pub changed: u64,
    /// Tickets handed out since; nothing knows them any more.
    pub tickets: u64,
    /// Tickets cancelled since, which are valid again.
    pub revived: u64,
    /// Charged and paid back since, by currency. The gateway keeps both.
    pub money: Vec<(Money, Money)>,
}

impl Forgotten {
    /// Nothing happened since the backup.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

const BOOKINGS: &str = "SELECT count(*) FROM main.bookings AS o WHERE NOT EXISTS
   (SELECT 1 FROM backup.bookings AS b WHERE b.theater = o.theater AND b.booking = o.booking)";
const CHANGED: &str = "SELECT count(*) FROM main.bookings AS o JOIN backup.bookings AS b
   ON b.theater = o.theater AND b.booking = o.booking WHERE b.version < o.version";
const TICKETS: &str =
    "SELECT count(*) FROM main.tickets AS o WHERE o.state <> 'void' AND NOT EXISTS
   (SELECT 1 FROM backup.tickets AS b
     WHERE b.theater = o.theater AND b.booking = o.booking AND b.seat = o.seat AND b.revision = o.revision)";
const REVIVED: &str = "SELECT count(*) FROM main.tickets AS o JOIN backup.tickets AS b
   ON b.theater = o.theater AND b.booking = o.booking AND b.seat = o.seat
   WHERE o.state = 'void' AND b.state <> 'void'";
const MONEY: &str = "SELECT o.currency, sum(o.captured_minor - coalesce(b.captured_minor, 0)),
     sum(o.refunded_minor - coalesce(b.refunded_minor, 0))
   FROM main.payments AS o LEFT JOIN backup.payments AS b ON b.theater = o.theater AND b.payment = o.payment
   GROUP BY o.currency
   HAVING sum(o.captured_minor - coalesce(b.captured_minor, 0)) <> 0
       OR sum(o.refunded_minor - coalesce(b.refunded_minor, 0)) <> 0
   ORDER BY o.currency";

/// Counts what is in `replaced` and not in `restored`.
pub(super) fn forgotten(replaced: &Path, restored: &Path) -> Result<Forgotten, StoreError> {
    let conn = reading_connection(replaced)?;
    conn.execute("ATTACH ?1 AS backup", [restored.to_string_lossy()])
        .db()?;
    let count = |sql| -> Result<u64, StoreError> {
        conn.query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)
            .db()
    };
    Ok(Forgotten {
        bookings: count(BOOKINGS)?,
        changed: count(CHANGED)?,
        tickets: count(TICKETS)?,
        revived: count(REVIVED)?,
        money: money(&conn)?,
    })
}

fn money(conn: &Connection) -> Result<Vec<(Money, Money)>, StoreError> {
    let mut sums = conn.prepare(MONEY).db()?;
    let mut rows = sums.query([]).db()?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().db()? {
        let currency: Currency = text(row, 0)?.parse().map_err(damaged)?;
        let amount = |at| row.get(at).db().map(|minor| Money::new(minor, currency));
        all.push((amount(1)?, amount(2)?));
    }
    Ok(all)
}
