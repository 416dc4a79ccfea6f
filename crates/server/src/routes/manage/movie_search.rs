//! `/manage/theaters/{theater_id}/movies/search`: movies at The Movie Database by their title, so that nobody has to know a
//! number.
//!
//! Asked when somebody presses the button, not with each key: the operator's key has a limit. Nothing is kept, and nothing
//! changes; importing what was found is a call of its own. Left out: further pages; longer words find the movie sooner.

use super::{
    gate,
    movie_import::{PATIENCE, in_words, language, source},
};
use crate::{
    app::AppState,
    auth::Caller,
    http::{ApiError, Id, Query, answer},
};
use axum::{extract::State, response::Response};
use matinee_api::{FoundMovie, FoundMovies};
use matinee_domain::{ids::TheaterId, staff::Action};
use matinee_integrations::TmdbError;
use serde::Deserialize;

/// Longest words to look for, in characters.
const WORDS_MOST: usize = 100;
/// Most movies told: a page there.
const MOST: usize = 20;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    language: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/movies/search`
pub async fn search(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let words = wanted.q.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() || words.chars().count() > WORDS_MOST {
        return Err(ApiError::invalid(
            "/q",
            format!("Words of the movie's title, at most {WORDS_MOST} characters."),
        ));
    }
    let language = language(wanted.language.as_deref())?;
    let tmdb = source(&app)?;
    let asked = tokio::time::timeout(PATIENCE, tmdb.search(&words, language)).await;
    let late = |_| Err(TmdbError::Unreachable("no answer in time".into()));
    match asked.unwrap_or_else(late) {
        Ok(found) => {
            app.metrics.movie_search("answered");
            let movies = found.movies.into_iter().take(MOST);
            let items = movies.map(|movie| FoundMovie {
                tmdb_id: movie.number,
                name: movie.name,
                original_name: movie.original_name,
                release_year: movie.year,
            });
            let items = items.collect();
            Ok(answer::json(
                200,
                &FoundMovies {
                    items,
                    more: found.more,
                },
            ))
        }
        Err(error) => {
            app.metrics.movie_search(error.word());
            // The operator's to mend: whoever looks for a movie can only tell them.
            tracing::warn!(%error, "The Movie Database was not searched");
            Err(in_words(&error))
        }
    }
}
