//! The cached movies, each without its shows.

use super::{
    Cache, CacheError, from_body,
    search::{folded, typed_words},
    to_body,
};
use matinee_api::{Movie, MovieId};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::HashMap;

const TABLE: &str = "movies";

pub(super) fn write(
    transaction: &Transaction<'_>,
    movies: &[Movie],
    generation: i64,
) -> Result<(), CacheError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO movies (movie_id, name, search, generation, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for movie in movies {
        let words = [&*movie.name, &movie.director].into_iter();
        let search = folded(
            words
                .chain(movie.cast.iter().map(|s| &**s))
                .chain(movie.genres.iter().map(|s| &**s)),
        );
        let kept = Movie {
            shows: Vec::new(),
            ..movie.clone()
        };
        let body = to_body(&kept, TABLE)?;
        statement.execute(params![
            movie.movie_id.to_string(),
            movie.name,
            search,
            generation,
            body
        ])?;
    }
    Ok(())
}

/// As lists are ordered: by name whatever its case, then by id in the order of its bytes, which is not that of its text.
pub(crate) fn list_order(movie: &Movie) -> (String, MovieId) {
    (movie.name.to_ascii_lowercase(), movie.movie_id)
}

impl Cache {
    pub(crate) async fn movie(&self, id: MovieId) -> Result<Option<Movie>, CacheError> {
        self.run(move |connection| {
            let body: Option<String> = connection
                .prepare_cached("SELECT body FROM movies WHERE movie_id = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()?;
            body.map(|body| from_body(&body, TABLE)).transpose()
        })
        .await
    }

    /// Every movie with all the words typed, by name.
    pub(crate) async fn movies(&self, typed: Option<String>) -> Result<Vec<Movie>, CacheError> {
        self.run(move |connection| {
            let words = typed_words(typed.as_deref());
            let mut statement = connection.prepare_cached("SELECT search, body FROM movies")?;
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
            found.sort_by_cached_key(list_order);
            Ok(found)
        })
        .await
    }

    /// These movies, by id; one that is not cached is left out.
    pub(crate) async fn movies_by_id(
        &self,
        ids: Vec<MovieId>,
    ) -> Result<HashMap<MovieId, Movie>, CacheError> {
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT body FROM movies WHERE movie_id = ?1")?;
            let mut found = HashMap::with_capacity(ids.len());
            for id in &ids {
                let body: Option<String> = statement
                    .query_row([id.to_string()], |row| row.get(0))
                    .optional()?;
                if let Some(body) = body {
                    found.insert(*id, from_body(&body, TABLE)?);
                }
            }
            Ok(found)
        })
        .await
    }
}
