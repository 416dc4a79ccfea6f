//! What changed since a cursor.

use crate::catalog::{Movie, Show, Theater};
use matinee_domain::ids::{MovieId, ShowId, TheaterId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A page of changes. Theaters come without movies, movies without shows. Seat counts and fullness are not kept up to
/// date by this: a show's `seats_available` is its capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SyncPage {
    pub theaters: Vec<Theater>,
    pub movies: Vec<Movie>,
    pub shows: Vec<Show>,
    pub deleted_theaters: Vec<TheaterId>,
    pub deleted_movies: Vec<MovieId>,
    pub deleted_shows: Vec<ShowId>,
    /// Pass as `cursor` next time.
    pub cursor: String,
    /// Another page is waiting at once.
    pub more: bool,
}
