//! The cached bookings: the signed-in person's and those made as a guest. A guest's token is never part of one.

use super::{Cache, CacheError, from_body, seen, seen::Answered, to_body};
use chrono::{DateTime, Utc};
use matinee_api::{Booking, BookingId, BookingStatus};
use rusqlite::{OptionalExtension, Row, params};

const TABLE: &str = "bookings";
/// The owner of a booking made with no account.
pub(crate) const GUEST: &str = "guest";
/// Bookings kept per owner; the oldest go first.
const MAX_PER_OWNER: u32 = 500;

/// A booking and when the server last said it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptBooking {
    pub(crate) booking: Booking,
    pub(crate) as_of: DateTime<Utc>,
}

fn kept(row: &Row<'_>) -> Result<KeptBooking, CacheError> {
    let body: String = row.get(0)?;
    Ok(KeptBooking {
        booking: from_body(&body, TABLE)?,
        as_of: row.get(1)?,
    })
}

impl Cache {
    /// Keeps bookings, with the answer's tag where one answer brought them all.
    pub(crate) async fn keep_answered(
        &self,
        owner: String,
        mut bookings: Vec<Booking>,
        answered: Option<(Answered, String)>,
    ) -> Result<(), CacheError> {
        for booking in &mut bookings {
            booking.guest_token = None;
        }
        let as_of = Utc::now();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let from_page = matches!(answered, Some((Answered::Page { .. }, _)));
            seen::drop_tags(&transaction, &owner, &bookings, from_page)?;
            for booking in &bookings {
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO bookings (booking_id, owner, created_at, as_of, body)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![
                        booking.booking_id.to_string(),
                        owner,
                        booking.created_at.timestamp_millis(),
                        as_of,
                        to_body(booking, TABLE)?
                    ])?;
                if !has_tickets(booking.status) {
                    // Cancelled: the copy must not show a ticket that opens no door.
                    transaction
                        .prepare_cached("DELETE FROM tickets WHERE booking_id = ?1")?
                        .execute([booking.booking_id.to_string()])?;
                }
            }
            transaction.execute(
                "DELETE FROM bookings WHERE owner = ?1 AND booking_id IN
                 (SELECT booking_id FROM bookings WHERE owner = ?1 ORDER BY created_at DESC LIMIT -1 OFFSET ?2)",
                params![owner, MAX_PER_OWNER],
            )?;
            transaction.execute("DELETE FROM tickets WHERE booking_id NOT IN (SELECT booking_id FROM bookings)", [])?;
            if let Some((answered, etag)) = &answered {
                seen::write(&transaction, &owner, answered, etag)?;
            }
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn booking(&self, id: BookingId) -> Result<Option<KeptBooking>, CacheError> {
        self.run(move |connection| {
            connection
                .prepare_cached("SELECT body, as_of FROM bookings WHERE booking_id = ?1")?
                .query_row([id.to_string()], |row| Ok(kept(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// An owner's bookings, newest first.
    pub(crate) async fn bookings(&self, owner: String) -> Result<Vec<KeptBooking>, CacheError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT body, as_of FROM bookings WHERE owner = ?1 ORDER BY created_at DESC, booking_id")?;
            let mut rows = statement.query([&owner])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(kept(row)?);
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn forget_booking(&self, id: BookingId) -> Result<(), CacheError> {
        self.run(move |connection| {
            connection.execute(
                "DELETE FROM bookings WHERE booking_id = ?1",
                [id.to_string()],
            )?;
            connection.execute(
                "DELETE FROM tickets WHERE booking_id = ?1",
                [id.to_string()],
            )?;
            // Pages may have had it.
            connection.execute(
                "DELETE FROM seen WHERE name = ?1 OR name LIKE 'page %'",
                [id.to_string()],
            )?;
            Ok(())
        })
        .await
    }

    /// Forgets all that belongs to an account; None forgets every account but leaves the guest's bookings.
    pub(crate) async fn forget_accounts_but(&self, user: Option<String>) -> Result<(), CacheError> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let keep = user.as_deref().unwrap_or(GUEST);
            transaction.execute(
                "DELETE FROM bookings WHERE owner NOT IN (?1, ?2)",
                [keep, GUEST],
            )?;
            transaction.execute(
                "DELETE FROM tickets WHERE booking_id NOT IN (SELECT booking_id FROM bookings)",
                [],
            )?;
            transaction.execute("DELETE FROM profile WHERE user_id <> ?1", [keep])?;
            transaction.execute(
                "DELETE FROM seen WHERE owner NOT IN (?1, ?2)",
                [keep, GUEST],
            )?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }
}

/// Whether a booking in this state has tickets to show.
pub(crate) fn has_tickets(status: BookingStatus) -> bool {
    matches!(
        status,
        BookingStatus::Confirmed | BookingStatus::PartlyCancelled
    )
}
