//! The cached shows, as last told: by the sync (then `seats_available` is the capacity) or by a later answer.

use super::{Cache, CacheError, from_body, meta, to_body};
use chrono::{DateTime, Utc};
use matinee_api::{MovieId, Show, ShowId, TheaterId};
use rusqlite::{OptionalExtension, Transaction, params};

const TABLE: &str = "shows";

pub(super) fn write(
    transaction: &Transaction<'_>,
    shows: &[Show],
    generation: i64,
) -> Result<(), CacheError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO shows (show_id, theater_id, movie_id, start_time, generation, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for show in shows {
        statement.execute(params![
            show.show_id.to_string(),
            show.theater_id.to_string(),
            show.movie_id.to_string(),
            show.start_time.timestamp_millis(),
            generation,
            to_body(show, TABLE)?
        ])?;
    }
    Ok(())
}

/// Which shows are asked for. From `from` (included) until `until` (excluded).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShowFilter {
    pub(crate) theater: Option<TheaterId>,
    pub(crate) movie: Option<MovieId>,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Cache {
    pub(crate) async fn show(&self, id: ShowId) -> Result<Option<Show>, CacheError> {
        self.run(move |connection| {
            let body: Option<String> = connection
                .prepare_cached("SELECT body FROM shows WHERE show_id = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()?;
            body.map(|body| from_body(&body, TABLE)).transpose()
        })
        .await
    }

    /// The shows of a filter, earliest first.
    pub(crate) async fn shows(&self, filter: ShowFilter) -> Result<Vec<Show>, CacheError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached(match (filter.theater, filter.movie) {
                (Some(_), _) => {
                    "SELECT body FROM shows WHERE theater_id = ?1 AND (?2 IS NULL OR movie_id = ?2)
                     AND start_time >= ?3 AND start_time < ?4"
                }
                (None, _) => {
                    "SELECT body FROM shows WHERE ?1 IS NULL AND movie_id = ?2
                     AND start_time >= ?3 AND start_time < ?4"
                }
            })?;
            let (from, until) = (
                filter.from.timestamp_millis(),
                filter.until.timestamp_millis(),
            );
            let theater = filter.theater.map(|id| id.to_string());
            let movie = filter.movie.map(|id| id.to_string());
            let mut rows = statement.query(params![theater, movie, from, until])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let body = row
                    .get_ref(0)?
                    .as_str()
                    .map_err(|_| CacheError::Row(TABLE))?;
                found.push(from_body(body, TABLE)?);
            }
            // Ids in the order of their bytes, which is not that of their text.
            found.sort_by_key(|show: &Show| (show.start_time, show.show_id));
            Ok(found)
        })
        .await
    }

    /// The movies that a theater shows in a time, in no order.
    pub(crate) async fn movies_on(&self, filter: ShowFilter) -> Result<Vec<MovieId>, CacheError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT movie_id FROM shows WHERE theater_id = ?1 AND start_time >= ?2 AND start_time < ?3",
            )?;
            let theater = filter.theater.map(|id| id.to_string());
            let (from, until) = (filter.from.timestamp_millis(), filter.until.timestamp_millis());
            let ids = statement
                .query_map(params![theater, from, until], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            ids.iter().map(|id| id.parse().map_err(|_| CacheError::Row(TABLE))).collect()
        })
        .await
    }

    /// Keeps shows as an answer just told them, so that fullness and price stay as last seen.
    pub(crate) async fn note_shows(&self, shows: Vec<Show>) -> Result<(), CacheError> {
        if shows.is_empty() {
            return Ok(());
        }
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let generation = meta::generation(&transaction)?;
            write(&transaction, &shows, generation)?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }

    /// Forgets shows that are long over, and what belonged to shows that are gone: the sync only tells of what is changed or withdrawn.
    pub(crate) async fn forget_shows_before(&self, time: DateTime<Utc>) -> Result<(), CacheError> {
        self.run(move |connection| {
            connection.execute(
                "DELETE FROM shows WHERE start_time < ?1",
                [time.timestamp_millis()],
            )?;
            connection.execute(
                "DELETE FROM ticket_types WHERE show_id NOT IN (SELECT show_id FROM shows)",
                [],
            )?;
            Ok(())
        })
        .await
    }
}
