//! The cached tickets, QR codes included: what opens the door with no network.

use super::{Cache, CacheError, dated, to_body};
use chrono::{DateTime, Utc};
use matinee_api::{BookingId, Tickets};
use rusqlite::{OptionalExtension, params};

const TABLE: &str = "tickets";

impl Cache {
    /// Keeps a booking's tickets as of the booking's version.
    pub(crate) async fn keep_tickets(
        &self,
        tickets: Tickets,
        booking_version: u64,
    ) -> Result<(), CacheError> {
        let as_of = Utc::now();
        self.run(move |connection| {
            let version = i64::try_from(booking_version).unwrap_or(i64::MAX);
            connection.execute(
                "INSERT OR REPLACE INTO tickets (booking_id, booking_version, as_of, body) VALUES (?1, ?2, ?3, ?4)",
                params![tickets.booking_id.to_string(), version, as_of, to_body(&tickets, TABLE)?],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn tickets(
        &self,
        id: BookingId,
    ) -> Result<Option<(Tickets, DateTime<Utc>)>, CacheError> {
        self.run(move |connection| {
            let sql = "SELECT body, as_of FROM tickets WHERE booking_id = ?1";
            dated(connection, sql, &id.to_string(), TABLE)
        })
        .await
    }

    /// The booking's version that its tickets were kept at.
    pub(crate) async fn tickets_version(&self, id: BookingId) -> Result<Option<u64>, CacheError> {
        self.run(move |connection| {
            let version: Option<i64> = connection
                .prepare_cached("SELECT booking_version FROM tickets WHERE booking_id = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()?;
            Ok(version.and_then(|version| u64::try_from(version).ok()))
        })
        .await
    }
}
