//! The cached theaters, each without its movies: those follow from the cached shows.

use super::{
    Cache, CacheError, from_body,
    search::{folded, typed_words},
    to_body,
};
use matinee_api::{Theater, TheaterId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

const TABLE: &str = "theaters";

pub(super) fn write(
    transaction: &Transaction<'_>,
    theaters: &[Theater],
    generation: i64,
) -> Result<(), CacheError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO theaters (theater_id, name, search, generation, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for theater in theaters {
        let location = &theater.location;
        let search = folded([&*theater.name, &location.address, &location.city]);
        let kept = Theater {
            movies: Vec::new(),
            distance_km: None,
            ..theater.clone()
        };
        let body = to_body(&kept, TABLE)?;
        statement.execute(params![
            theater.theater_id.to_string(),
            theater.name,
            search,
            generation,
            body
        ])?;
    }
    Ok(())
}

fn one(connection: &Connection, id: &str) -> Result<Option<Theater>, CacheError> {
    let body: Option<String> = connection
        .prepare_cached("SELECT body FROM theaters WHERE theater_id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    body.map(|body| from_body(&body, TABLE)).transpose()
}

impl Cache {
    pub(crate) async fn theater(&self, id: TheaterId) -> Result<Option<Theater>, CacheError> {
        self.run(move |connection| one(connection, &id.to_string()))
            .await
    }

    /// Every theater with all the words typed, by name.
    pub(crate) async fn theaters(&self, typed: Option<String>) -> Result<Vec<Theater>, CacheError> {
        self.run(move |connection| {
            let words = typed_words(typed.as_deref());
            let mut statement = connection.prepare_cached("SELECT search, body FROM theaters")?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let search = row
                    .get_ref(0)?
                    .as_str()
                    .map_err(|_| CacheError::Row(TABLE))?;
                if words.iter().all(|word| search.contains(word)) {
                    let body = row
                        .get_ref(1)?
                        .as_str()
                        .map_err(|_| CacheError::Row(TABLE))?;
                    found.push(from_body(body, TABLE)?);
                }
            }
            // Ids in the order of their bytes, which is not that of their text.
            found.sort_by_cached_key(|theater: &Theater| {
                (theater.name.to_ascii_lowercase(), theater.theater_id)
            });
            Ok(found)
        })
        .await
    }
}
