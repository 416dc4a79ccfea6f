//! The tags of the answers that kept things came with. A tag is written and dropped together with what it belongs to.

use super::{Cache, CacheError, from_body};
use chrono::Utc;
use matinee_api::{Booking, BookingId, Profile, UserId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

const PROFILE: &str = "profile";
const PAGE: &str = "page ";

/// A page of a person's bookings as the server last answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenPage {
    pub(crate) etag: String,
    pub(crate) next_cursor: Option<String>,
}

/// What an answer was, for its tag.
pub(crate) enum Answered {
    Booking(BookingId),
    Page {
        cursor: Option<String>,
        next_cursor: Option<String>,
    },
}

fn page_name(cursor: Option<&str>) -> String {
    format!("{PAGE}{}", cursor.unwrap_or_default())
}

/// Bookings are kept anew: the tags of what was kept before are worth nothing. Those of pages stay only while pages
/// alone are kept.
pub(super) fn drop_tags(
    transaction: &Transaction<'_>,
    owner: &str,
    bookings: &[Booking],
    from_page: bool,
) -> rusqlite::Result<()> {
    for booking in bookings {
        transaction
            .prepare_cached("DELETE FROM seen WHERE name = ?1")?
            .execute([booking.booking_id.to_string()])?;
    }
    if !from_page {
        drop_pages(transaction, owner)?;
    }
    Ok(())
}

fn drop_pages(connection: &Connection, owner: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM seen WHERE owner = ?1 AND substr(name, 1, 5) = ?2")?
        .execute([owner, PAGE])?;
    Ok(())
}

pub(super) fn write(
    connection: &Connection,
    owner: &str,
    answered: &Answered,
    etag: &str,
) -> rusqlite::Result<()> {
    let (name, next_cursor) = match answered {
        Answered::Booking(id) => (id.to_string(), None),
        Answered::Page {
            cursor,
            next_cursor,
        } => (page_name(cursor.as_deref()), next_cursor.as_deref()),
    };
    put(connection, owner, &name, etag, next_cursor)
}

pub(super) fn write_profile(
    connection: &Connection,
    user: UserId,
    etag: Option<&str>,
) -> rusqlite::Result<()> {
    let owner = user.to_string();
    match etag {
        Some(etag) => put(connection, &owner, PROFILE, etag, None),
        None => connection
            .execute(
                "DELETE FROM seen WHERE owner = ?1 AND name = ?2",
                [&owner, PROFILE],
            )
            .map(drop),
    }
}

fn put(
    connection: &Connection,
    owner: &str,
    name: &str,
    etag: &str,
    next_cursor: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO seen (owner, name, etag, next_cursor) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![owner, name, etag, next_cursor])?;
    Ok(())
}

impl Cache {
    /// A kept booking with the tag it came with.
    pub(crate) async fn seen_booking(
        &self,
        id: BookingId,
    ) -> Result<Option<(Booking, String)>, CacheError> {
        self.run(move |connection| {
            let sql = "SELECT body, etag FROM bookings JOIN seen USING (owner) WHERE booking_id = ?1 AND name = ?1";
            tagged(connection, sql, &id.to_string(), "bookings")
        })
        .await
    }

    /// The kept profile with the tag it came with.
    pub(crate) async fn seen_profile(
        &self,
        user: UserId,
    ) -> Result<Option<(Profile, String)>, CacheError> {
        self.run(move |connection| {
            let sql = "SELECT body, etag FROM profile JOIN seen ON owner = user_id WHERE user_id = ?1 AND name = 'profile'";
            tagged(connection, sql, &user.to_string(), "profile")
        })
        .await
    }

    /// A page of bookings that was kept whole.
    pub(crate) async fn seen_page(
        &self,
        user: UserId,
        cursor: Option<String>,
    ) -> Result<Option<SeenPage>, CacheError> {
        self.run(move |connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT etag, next_cursor FROM seen WHERE owner = ?1 AND name = ?2",
                )?
                .query_row([user.to_string(), page_name(cursor.as_deref())], |row| {
                    Ok(SeenPage {
                        etag: row.get(0)?,
                        next_cursor: row.get(1)?,
                    })
                })
                .optional()?)
        })
        .await
    }

    /// The server said that a booking is still as it was kept.
    pub(crate) async fn confirm_booking(&self, id: BookingId) -> Result<(), CacheError> {
        self.confirm(
            "UPDATE bookings SET as_of = ?1 WHERE booking_id = ?2",
            id.to_string(),
        )
        .await
    }

    /// The same of all of a person's bookings.
    pub(crate) async fn confirm_bookings(&self, user: UserId) -> Result<(), CacheError> {
        self.confirm(
            "UPDATE bookings SET as_of = ?1 WHERE owner = ?2",
            user.to_string(),
        )
        .await
    }

    /// The same of a person's profile.
    pub(crate) async fn confirm_profile(&self, user: UserId) -> Result<(), CacheError> {
        self.confirm(
            "UPDATE profile SET as_of = ?1 WHERE user_id = ?2",
            user.to_string(),
        )
        .await
    }

    async fn confirm(&self, sql: &'static str, key: String) -> Result<(), CacheError> {
        let now = Utc::now();
        self.run(move |connection| {
            connection.prepare_cached(sql)?.execute(params![now, key])?;
            Ok(())
        })
        .await
    }
}

fn tagged<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    key: &str,
    table: &'static str,
) -> Result<Option<(T, String)>, CacheError> {
    let row: Option<(String, String)> = connection
        .prepare_cached(sql)?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(body, etag)| Ok((from_body(&body, table)?, etag)))
        .transpose()
}
