//! `/manage/theaters/{theater_id}/movies/import`: a movie's facts from The Movie Database, under the operator's key.
//!
//! The movie is the theater's own, as one that is typed in, and has the same id whenever it is imported: so doing it again
//! brings what changed there, and doing it twice at once makes one movie. What comes back is read as a file's would be.
//! Left out: looking for a movie's number, which is `movie_search`.

use super::{
    changing::{self, Repeatable},
    gate, views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, RawJson, answer},
    importing::rows,
};
use axum::{extract::State, response::Response};
use matinee_api::{MovieImportRequest, ProblemCode};
use matinee_domain::{
    catalog::Movie,
    ids::{MovieId, TheaterId},
    staff::Action,
};
use matinee_import::{ImportError, parse_catalog};
use matinee_integrations::{Tmdb, TmdbError, TmdbWish};
use matinee_store::catalog::{CatalogChange, CatalogObject};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How long it is waited for: less than a request may take here, so that whoever imports hears what is slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

/// `POST /manage/theaters/{theater_id}/movies/import`
pub async fn import(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let path = format!("/manage/theaters/{theater_id}/movies/import");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: MovieImportRequest = changing::read(&raw.0)?;
    let wish = wish(&request)?;
    let movie = fetched(&app, theater_id, request.tmdb_id, &wish).await?;
    let object = CatalogObject::Movie(movie.movie_id);
    let version = changing::version(&app, object).await?;
    let before = app.store.movie(movie.movie_id).await?;
    let shown = views::movie(&movie, theater_id);
    if before.as_deref() == Some(&movie) {
        return Ok(answer::json(200, &shown));
    }
    let was = before.map(|before| views::movie(&before, theater_id).facts);
    let what = ("movie.import", movie.movie_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (was.as_ref(), Some(&shown.facts)));
    let change = CatalogChange {
        movies: vec![movie],
        expected: vec![(object, version)],
        audit: vec![entry],
        idempotency: once.record(&app, 200, &shown),
        ..CatalogChange::default()
    };
    match changing::make(&app, change).await {
        Ok(()) => Ok(answer::json(200, &shown)),
        Err(refused) => refused.answer(),
    }
}

fn letters(text: &str, many: &[usize]) -> bool {
    many.contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// English, or what can be a language.
pub(super) fn language(asked: Option<&str>) -> Result<&str, ApiError> {
    let language = asked.unwrap_or("en-US");
    let (short, region) = language.split_once('-').unwrap_or((language, "US"));
    if letters(short, &[2, 3]) && letters(region, &[2]) {
        return Ok(language);
    }
    Err(ApiError::invalid(
        "/language",
        "A language is two letters, and may have a country: de or de-DE.",
    ))
}

/// What is asked for, once it can be a language and a country.
fn wish(request: &MovieImportRequest) -> Result<TmdbWish, ApiError> {
    let language = language(request.language.as_deref())?;
    let country = request.country.as_deref().unwrap_or("US");
    if !letters(country, &[2]) {
        return Err(ApiError::invalid(
            "/country",
            "A country is two letters, such as DE.",
        ));
    }
    if request.tmdb_id == 0 {
        return Err(ApiError::invalid(
            "/tmdb_id",
            "A movie's number is 1 or more.",
        ));
    }
    Ok(TmdbWish {
        language: language.to_owned(),
        country: country.to_ascii_uppercase(),
    })
}

/// The Movie Database, where this server has a key for it.
pub(super) fn source(app: &App) -> Result<&Tmdb, ApiError> {
    app.tmdb.as_ref().ok_or_else(|| {
        ApiError::new(
            ProblemCode::MovieSourceRefused,
            "This server has no key for The Movie Database, so no movie can be taken from there. Nothing was changed: type \
             the movie in, or ask whoever runs the server to set MATINEE_TMDB_KEY.",
        )
    })
}

async fn fetched(
    app: &App,
    theater_id: TheaterId,
    number: u32,
    wish: &TmdbWish,
) -> Result<Movie, ApiError> {
    let tmdb = source(app)?;
    let asked = tokio::time::timeout(PATIENCE, tmdb.movie(number, wish)).await;
    let late = |_| Err(TmdbError::Unreachable("no answer in time".into()));
    let found = match asked.unwrap_or_else(late) {
        Ok(found) => found,
        Err(error) => {
            app.metrics.movie_import(error.word());
            // The operator's to mend: whoever imports can only tell them.
            tracing::warn!(movie = number, %error, "a movie was not taken from The Movie Database");
            return Err(in_words(&error));
        }
    };
    let read = read(found, theater_id, number);
    app.metrics
        .movie_import(if read.is_ok() { "taken" } else { "incomplete" });
    read
}

/// One movie of a theater's for each number, whenever and however often it is imported.
fn movie_id(theater_id: TheaterId, number: u32) -> MovieId {
    let hash = Sha256::new()
        .chain_update("tmdb")
        .chain_update(theater_id.as_bytes())
        .chain_update(number.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    MovieId::from_bytes(id)
}

fn read(mut found: Value, theater_id: TheaterId, number: u32) -> Result<Movie, ApiError> {
    found["external_id"] = json!(format!("{theater_id}:tmdb-{number}"));
    let file = json!({ "format": "matinee-catalog/1", "movies": [found] });
    let read = parse_catalog(&changing::as_file(&file)).map_err(incomplete)?;
    let import = read.movies.into_iter().next();
    let import = import.ok_or_else(|| incomplete(Vec::new()))?;
    Ok(rows::movie(movie_id(theater_id, number), import))
}

/// The Movie Database does not know all that a movie needs here.
fn incomplete(errors: Vec<ImportError>) -> ApiError {
    let parts: Vec<_> = errors
        .iter()
        .map(|error| {
            // A member that is missing is named by what is said of the movie.
            let fact = error
                .pointer
                .trim_start_matches("/movies/0")
                .trim_start_matches('/');
            match fact {
                "" => error.detail.clone(),
                fact => format!("{fact}: {}", error.detail),
            }
        })
        .collect();
    ApiError::invalid(
        "/tmdb_id",
        format!(
            "The Movie Database does not know enough of this movie ({}). Nothing was changed: add it there, or type the \
             movie in here.",
            parts.join("; ")
        ),
    )
}

pub(super) fn in_words(error: &TmdbError) -> ApiError {
    let says = |code: ProblemCode, words: &str| {
        ApiError::new(code, format!("{words} Nothing was changed."))
    };
    let unavailable = |words: &str| says(ProblemCode::MovieSourceUnavailable, words);
    match error {
        TmdbError::KeyRefused => says(
            ProblemCode::MovieSourceRefused,
            "The Movie Database refused this server's key: it is wrong, was revoked or has run out. Ask whoever runs the \
             server to set a new one.",
        ),
        TmdbError::NoSuchMovie(what) => ApiError::new(
            ProblemCode::NotFound,
            format!(
                "The Movie Database has no {what}. Nothing was changed: look the number up in the address of the \
                 movie's page there."
            ),
        ),
        TmdbError::TooMany(seconds) => says(
            ProblemCode::MovieSourceBusy,
            &format!("The Movie Database asks for a pause: try again in {seconds} seconds."),
        )
        .retry_after(*seconds),
        TmdbError::Unreachable(_) => unavailable(
            "The Movie Database does not answer: try again in a while, or type the movie in.",
        )
        .retry_after(60),
        TmdbError::Unreadable { .. } => unavailable(
            "The Movie Database said something that this server does not understand. Type the movie in, and tell whoever \
             runs the server.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movie_of_a_theater_has_one_id() {
        let [one, two] = [1, 2].map(|id| TheaterId::from_bytes([id; 16]));
        assert_eq!(movie_id(one, 550), movie_id(one, 550));
        assert_ne!(movie_id(one, 550), movie_id(two, 550));
        assert_ne!(movie_id(one, 550), movie_id(one, 551));
    }

    #[test]
    fn languages_and_countries_are_looked_at_before_anybody_is_asked() {
        let request = |language: &str, country: &str| MovieImportRequest {
            tmdb_id: 550,
            language: Some(language.into()),
            country: Some(country.into()),
        };
        for (language, country) in [("de", "de"), ("en-GB", "GB"), ("fil", "PH")] {
            assert!(
                wish(&request(language, country)).is_ok(),
                "{language} {country}"
            );
        }
        for (language, country) in [
            ("", "DE"),
            ("de_DE", "DE"),
            ("de-", "DE"),
            ("de", "Germany"),
            ("de", "D&"),
        ] {
            assert!(
                wish(&request(language, country)).is_err(),
                "{language} {country}"
            );
        }
    }

    #[test]
    fn every_no_says_that_nothing_changed() {
        let unreadable = TmdbError::Unreadable {
            about: "movie 1".into(),
            reason: "secret".into(),
        };
        for error in [
            TmdbError::KeyRefused,
            TmdbError::NoSuchMovie("movie 7".into()),
            TmdbError::TooMany(9),
            TmdbError::Unreachable("secret".into()),
            unreadable,
        ] {
            let problem = in_words(&error).0;
            assert!(
                problem.detail.contains("Nothing was changed"),
                "{}",
                problem.detail
            );
            assert!(!problem.detail.contains("secret"));
        }
        assert_eq!(in_words(&TmdbError::TooMany(9)).0.retry_after, Some(9));
    }
}
