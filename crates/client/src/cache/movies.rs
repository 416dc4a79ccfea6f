//! The cached movies, each without its shows.

use super::{
    Cache, CacheError,
    listed::{self, Listed},
};
use matinee_api::{Movie, MovieId};
use std::collections::HashMap;

impl Listed for Movie {
    const TABLE: &'static str = "movies";
    const KEY: &'static str = "movie_id";
    type Id = MovieId;

    fn id(&self) -> MovieId {
        self.movie_id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn words(&self) -> Vec<&str> {
        let people = [&*self.name, &self.director].into_iter();
        people
            .chain(self.cast.iter().map(|s| &**s))
            .chain(self.genres.iter().map(|s| &**s))
            .collect()
    }
    fn kept(&self) -> Self {
        Self {
            shows: Vec::new(),
            ..self.clone()
        }
    }
}

impl Cache {
    pub(crate) async fn movie(&self, id: MovieId) -> Result<Option<Movie>, CacheError> {
        self.listed(id).await
    }

    /// Every movie with all the words typed, by name.
    pub(crate) async fn movies(&self, typed: Option<String>) -> Result<Vec<Movie>, CacheError> {
        self.found(typed).await
    }

    /// These movies, by id; one that is not cached is left out.
    pub(crate) async fn movies_by_id(
        &self,
        ids: Vec<MovieId>,
    ) -> Result<HashMap<MovieId, Movie>, CacheError> {
        self.run(move |connection| {
            let mut found = HashMap::with_capacity(ids.len());
            for id in &ids {
                if let Some(movie) = listed::one(connection, *id)? {
                    found.insert(*id, movie);
                }
            }
            Ok(found)
        })
        .await
    }
}
