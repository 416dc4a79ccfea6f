//! `/manage/theaters/{theater_id}/movies`: movies that a theater makes.
//!
//! Every theater may show every movie; to change one is for the theater that made it, and for the administrator.

use super::{
    changing::{self, Repeatable},
    gate, views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, IfMatch, Pair, RawJson, answer},
    importing::rows,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_api::MovieSpec;
use matinee_domain::{
    catalog::Movie,
    ids::{MovieId, TheaterId},
    staff::Action,
};
use matinee_import::parse_catalog;
use matinee_store::catalog::{CatalogChange, CatalogObject};
use serde_json::json;
use std::sync::Arc;

/// `POST /manage/theaters/{theater_id}/movies`
pub async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let path = format!("/manage/theaters/{theater_id}/movies");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let movie_id = MovieId::from_bytes(app.entropy.bytes());
    let external_id = format!("{theater_id}:{movie_id}");
    let movie = read(&raw.0, movie_id, &external_id)?;
    let shown = views::movie(&movie, theater_id);
    let what = ("movie.create", movie_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (None, Some(&shown.facts)));
    let change = CatalogChange {
        movies: vec![movie],
        audit: vec![entry],
        idempotency: once.record(&app, 201, &shown),
        ..CatalogChange::default()
    };
    match changing::make(&app, change).await {
        Ok(()) => Ok(answer::json(201, &shown)),
        Err(refused) => refused.answer(),
    }
}

/// `GET /manage/theaters/{theater_id}/movies/{movie_id}`
pub async fn movie(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, movie_id): Pair<TheaterId, MovieId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::See).await?;
    let version = changing::version(&app, CatalogObject::Movie(movie_id)).await?;
    let movie = there(&app, movie_id).await?;
    Ok(answer::versioned(version, &views::movie(&movie, theater_id)).respond(&headers))
}

/// `PUT /manage/theaters/{theater_id}/movies/{movie_id}`
pub async fn change(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, movie_id): Pair<TheaterId, MovieId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let version = changing::version(&app, CatalogObject::Movie(movie_id)).await?;
    let before = there(&app, movie_id).await?;
    if !views::is_own(&before, theater_id) && !caller.is_admin() {
        return Err(gate::forbidden(
            "This movie was not made by your theater: others show it as it is. Make one of your own.",
        ));
    }
    let condition = IfMatch::read(&headers);
    condition.required()?;
    condition.check(version)?;
    let movie = read(&raw.0, movie_id, &before.external_id)?;
    let states = (
        views::movie(&before, theater_id).facts,
        views::movie(&movie, theater_id).facts,
    );
    let what = ("movie.change", movie_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (Some(&states.0), Some(&states.1)));
    let change = CatalogChange {
        movies: vec![movie],
        expected: vec![(CatalogObject::Movie(movie_id), version)],
        audit: vec![entry],
        ..CatalogChange::default()
    };
    if let Err(refused) = changing::make(&app, change).await {
        return refused.answer();
    }
    let version = changing::version(&app, CatalogObject::Movie(movie_id)).await?;
    let movie = there(&app, movie_id).await?;
    Ok(answer::versioned(version, &views::movie(&movie, theater_id)).send(&headers))
}

async fn there(app: &App, movie_id: MovieId) -> Result<Arc<Movie>, ApiError> {
    let movie = app.store.movie(movie_id).await?;
    movie.ok_or_else(|| ApiError::not_found("movie"))
}

/// A movie is read as a file's would be.
fn read(bytes: &[u8], movie_id: MovieId, external_id: &str) -> Result<Movie, ApiError> {
    let spec: MovieSpec = changing::read(bytes)?;
    let mut movie = json!(spec);
    movie["external_id"] = json!(external_id);
    let file = json!({ "format": "matinee-catalog/1", "movies": [movie] });
    let place = |pointer: &str| pointer.replacen("/movies/0", "", 1);
    let read = parse_catalog(&changing::as_file(&file));
    let read = read.map_err(|errors| changing::wrong(errors, place))?;
    let import = read.movies.into_iter().next();
    let import = import.ok_or_else(|| ApiError::invalid("", "This is not a movie."))?;
    Ok(rows::movie(movie_id, import))
}
