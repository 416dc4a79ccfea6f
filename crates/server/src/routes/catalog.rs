//! Theaters, movies and shows.
//!
//! Lists are encoded once and kept while the catalog, the seat counts in them and the clock allow.

pub(super) mod query;
mod shows;

pub use shows::{movie, movie_shows, show, theater_movies};

use crate::{
    app::App,
    catalog_cache::{Listing, MadeFrom},
    http::{ApiError, Effort, EncodedBody, Id, PageLimit, Query},
    render,
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api as api;
use matinee_domain::{catalog::Theater, ids::TheaterId};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

use query::{distance_km, fold, next_offset, parse_near, parse_offset};

type S = State<Arc<App>>;

/// Lists look this far ahead without a date.
const AHEAD: TimeDelta = TimeDelta::days(14);
/// Longest a list answer is reused: its prices and seats are checked anyway, this bounds surprises.
const KEPT: TimeDelta = TimeDelta::seconds(30);
/// Answers from the kept bytes, or makes, keeps and answers.
async fn listed<F, T>(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    seats: u64,
    make: F,
) -> Result<Response, ApiError>
where
    F: AsyncFnOnce(&Listing, DateTime<Utc>) -> Result<(T, Option<DateTime<Utc>>), ApiError>,
    T: serde::Serialize,
{
    let now = app.clock.now();
    let made_from = MadeFrom {
        epoch: app.catalog.epoch(),
        seats,
    };
    let request = uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    if let Some(body) = app.catalog.answers.get(&request, made_from, now) {
        return Ok(body.respond(headers));
    }
    let listing = app.catalog.listing().await?;
    let (value, first_start) = make(&listing, now).await?;
    let bytes = serde_json::to_vec(&value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        ApiError::new(
            api::ProblemCode::Internal,
            "Something went wrong on our side. Nothing was changed.",
        )
    })?;
    let body = EncodedBody::json_by_content(bytes, Effort::Fresh);
    let until = first_start.map_or(now + KEPT, |start| start.min(now + KEPT));
    app.catalog
        .answers
        .put(request, made_from, until, body.clone());
    Ok(body.respond(headers))
}

/// Query of `GET /theaters` and `GET /movies`.
#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: Option<String>,
    #[serde(default)]
    near: Option<String>,
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /theaters`
pub async fn theaters(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<Search>,
) -> Result<Response, ApiError> {
    let limit = usize::from(query.limit.or(50)?);
    let near = query.near.as_deref().map(parse_near).transpose()?;
    let skip = parse_offset(query.cursor.as_deref())?;
    let app = &app;
    listed(app, &uri, &headers, 0, async |listing, now| {
        let on = movies_on(app, listing, now).await?;
        let wanted = query.q.as_deref().map(fold).unwrap_or_default();
        let mut found: Vec<(Option<f64>, &Arc<Theater>)> = listing
            .theaters
            .iter()
            .filter(|theater| {
                wanted.is_empty()
                    || [
                        &theater.name,
                        &theater.location.city,
                        &theater.location.address,
                    ]
                    .iter()
                    .any(|text| fold(text).contains(&wanted))
            })
            .map(|theater| (near.map(|near| distance_km(near, theater)), theater))
            .collect();
        if near.is_some() {
            found.sort_by(|a, b| a.0.unwrap_or(f64::MAX).total_cmp(&b.0.unwrap_or(f64::MAX)));
        }
        let total = found.len();
        let items: Vec<api::Theater> = found
            .into_iter()
            .skip(skip)
            .take(limit)
            .map(|(distance, theater)| {
                let movies = on.get(&theater.theater_id).cloned().unwrap_or_default();
                render::theater(
                    theater,
                    movies,
                    distance.map(|km| (km * 10.0).round() / 10.0),
                )
            })
            .collect();
        Ok((
            api::Page {
                next_cursor: next_offset(skip, items.len(), total),
                items,
            },
            None,
        ))
    })
    .await
}

/// `GET /theaters/{theater_id}`
pub async fn theater(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(theater_id): Id<TheaterId>,
) -> Result<Response, ApiError> {
    let app = &app;
    listed(app, &uri, &headers, 0, async |listing, now| {
        let theater = listing
            .theater(theater_id)
            .ok_or_else(|| ApiError::not_found("theater"))?;
        let mut on = movies_on(app, listing, now).await?;
        Ok((
            render::theater(theater, on.remove(&theater_id).unwrap_or_default(), None),
            None,
        ))
    })
    .await
}

/// `GET /movies`
pub async fn movies(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<Search>,
) -> Result<Response, ApiError> {
    let limit = usize::from(query.limit.or(50)?);
    let skip = parse_offset(query.cursor.as_deref())?;
    listed(&app, &uri, &headers, 0, async |listing, _now| {
        let wanted = query.q.as_deref().map(fold).unwrap_or_default();
        let found: Vec<_> = listing
            .movies
            .iter()
            .filter(|movie| {
                wanted.is_empty()
                    || fold(&movie.name).contains(&wanted)
                    || fold(&movie.director).contains(&wanted)
                    || movie.cast.iter().any(|name| fold(name).contains(&wanted))
            })
            .collect();
        let total = found.len();
        let items: Vec<api::Movie> = found
            .into_iter()
            .skip(skip)
            .take(limit)
            .map(|movie| render::movie(movie, vec![]))
            .collect();
        Ok((
            api::Page {
                next_cursor: next_offset(skip, items.len(), total),
                items,
            },
            None,
        ))
    })
    .await
}

async fn movies_on(
    app: &App,
    listing: &Listing,
    now: DateTime<Utc>,
) -> Result<HashMap<TheaterId, Vec<api::MovieSummary>>, ApiError> {
    let mut on: HashMap<TheaterId, Vec<api::MovieSummary>> = HashMap::new();
    for (theater_id, movie_id) in app.store.movies_on(now, now + AHEAD).await? {
        if let Some(movie) = listing.movie(movie_id) {
            on.entry(theater_id)
                .or_default()
                .push(render::movie_summary(movie));
        }
    }
    for movies in on.values_mut() {
        movies.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(on)
}

#[cfg(test)]
mod tests;
