//! The cached theaters, each without its movies: those follow from the cached shows.

use super::{Cache, CacheError, listed::Listed};
use matinee_api::{Theater, TheaterId};

impl Listed for Theater {
    const TABLE: &'static str = "theaters";
    const KEY: &'static str = "theater_id";
    type Id = TheaterId;

    fn id(&self) -> TheaterId {
        self.theater_id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn words(&self) -> Vec<&str> {
        vec![&self.name, &self.location.address, &self.location.city]
    }
    fn kept(&self) -> Self {
        Self {
            movies: Vec::new(),
            distance_km: None,
            ..self.clone()
        }
    }
}

impl Cache {
    pub(crate) async fn theater(&self, id: TheaterId) -> Result<Option<Theater>, CacheError> {
        self.listed(id).await
    }

    /// Every theater with all the words typed, by name.
    pub(crate) async fn theaters(&self, typed: Option<String>) -> Result<Vec<Theater>, CacheError> {
        self.found(typed).await
    }
}
