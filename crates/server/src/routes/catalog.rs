//! Theaters, movies and shows.
//!
//! Lists are encoded once and kept while the catalog, the seat counts in them and the clock allow.

mod query;

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
use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use matinee_api as api;
use matinee_booking::Shows;
use matinee_domain::{
    catalog::Theater,
    ids::{MovieId, ShowId, TheaterId},
};
use matinee_store::catalog::{ListedShow, ShowQuery};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

use query::{distance_km, fold, next_offset, parse_date, parse_near, parse_offset, window};

type S = State<Arc<App>>;

/// Lists look this far ahead without a date.
const AHEAD: TimeDelta = TimeDelta::days(14);
/// Longest a list answer is reused: its prices and seats are checked anyway, this bounds surprises.
const KEPT: TimeDelta = TimeDelta::seconds(30);
/// Most shows one answer carries; a theater of 20 screens with 8 shows a day for 14 days is 2,240.
const MOST_SHOWS: usize = 5000;

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

/// Query of lists of shows.
#[derive(Debug, Deserialize)]
pub struct OnDate {
    #[serde(default)]
    theater_id: Option<String>,
    #[serde(default)]
    date: Option<String>,
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

/// `GET /theaters/{theater_id}/movies`
pub async fn theater_movies(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(theater_id): Id<TheaterId>,
    Query(query): Query<OnDate>,
) -> Result<Response, ApiError> {
    let date = query.date.as_deref().map(parse_date).transpose()?;
    let app = &app;
    listed(
        app,
        &uri,
        &headers,
        app.catalog.live.theater_version(theater_id),
        async |listing, now| {
            let theater = listing
                .theater(theater_id)
                .ok_or_else(|| ApiError::not_found("theater"))?;
            let (from, until) = window(date, theater, now)?;
            let shows = shows_between(app, Some(theater_id), None, from, until).await?;
            let first = shows.first().map(|listed| listed.show.start_time);
            let mut by_movie: HashMap<MovieId, Vec<api::Show>> = HashMap::new();
            for listed in &shows {
                by_movie
                    .entry(listed.show.movie_id)
                    .or_default()
                    .push(render::show(listed, theater));
            }
            let items: Vec<api::Movie> = listing
                .movies
                .iter()
                .filter_map(|movie| {
                    by_movie
                        .remove(&movie.movie_id)
                        .map(|shows| render::movie(movie, shows))
                })
                .collect();
            Ok((
                api::Page {
                    items,
                    next_cursor: None,
                },
                first,
            ))
        },
    )
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

/// `GET /movies/{movie_id}`
pub async fn movie(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(movie_id): Id<MovieId>,
) -> Result<Response, ApiError> {
    let app = &app;
    listed(
        app,
        &uri,
        &headers,
        app.catalog.live.any_version(),
        async |listing, now| {
            let movie = listing
                .movie(movie_id)
                .ok_or_else(|| ApiError::not_found("movie"))?;
            let shows = shows_between(app, None, Some(movie_id), now, now + AHEAD).await?;
            let first = shows.first().map(|listed| listed.show.start_time);
            Ok((render::movie(movie, with_theaters(listing, &shows)), first))
        },
    )
    .await
}

/// `GET /movies/{movie_id}/shows`
pub async fn movie_shows(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(movie_id): Id<MovieId>,
    Query(query): Query<OnDate>,
) -> Result<Response, ApiError> {
    let limit = usize::from(query.limit.or(100)?);
    let skip = parse_offset(query.cursor.as_deref())?;
    let date = query.date.as_deref().map(parse_date).transpose()?;
    let theater_id: Option<TheaterId> = match query.theater_id.as_deref() {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| ApiError::invalid("/theater_id", "This is not a theater's id."))?,
        ),
    };
    let app = &app;
    listed(
        app,
        &uri,
        &headers,
        app.catalog.live.any_version(),
        async |listing, now| {
            listing
                .movie(movie_id)
                .ok_or_else(|| ApiError::not_found("movie"))?;
            let theater = match theater_id {
                Some(id) => Some(
                    listing
                        .theater(id)
                        .ok_or_else(|| ApiError::not_found("theater"))?,
                ),
                None => None,
            };
            let shows = match (theater, date) {
                (Some(theater), date) => {
                    let (from, until) = window(date, theater, now)?;
                    shows_between(app, Some(theater.theater_id), Some(movie_id), from, until)
                        .await?
                }
                (None, None) => shows_between(app, None, Some(movie_id), now, now + AHEAD).await?,
                // A date is a local day of each theater: look a day further on both sides, then keep what falls on it.
                (None, Some(date)) => {
                    let noon = Utc.from_utc_datetime(&date.and_time(NaiveTime::MIN));
                    let from = (noon - TimeDelta::hours(14)).max(now);
                    let mut shows =
                        shows_between(app, None, Some(movie_id), from, noon + TimeDelta::hours(38))
                            .await?;
                    shows.retain(|listed| {
                        listing
                            .theater(listed.show.show_id.theater())
                            .is_some_and(|theater| {
                                listed
                                    .show
                                    .start_time
                                    .with_timezone(&theater.time_zone)
                                    .date_naive()
                                    == date
                            })
                    });
                    shows
                }
            };
            let first = shows.first().map(|listed| listed.show.start_time);
            let total = shows.len();
            let items: Vec<api::Show> = with_theaters(listing, &shows)
                .into_iter()
                .skip(skip)
                .take(limit)
                .collect();
            Ok((
                api::Page {
                    next_cursor: next_offset(skip, items.len(), total),
                    items,
                },
                first,
            ))
        },
    )
    .await
}

/// `GET /shows/{show_id}`
pub async fn show(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(show_id): Id<ShowId>,
) -> Result<Response, ApiError> {
    let app = &app;
    let file = app
        .catalog
        .show(show_id)
        .await?
        .ok_or_else(|| ApiError::not_found("show"))?;
    listed(
        app,
        &uri,
        &headers,
        app.catalog.live.theater_version(show_id.theater()),
        async |_, _| {
            let listed: ListedShow = app
                .store
                .show(show_id)
                .await?
                .ok_or_else(|| ApiError::not_found("show"))?;
            Ok((
                render::show_detail(&listed, &file.theater, &file.movie, &file.map.map),
                None,
            ))
        },
    )
    .await
}

fn with_theaters(listing: &Listing, shows: &[ListedShow]) -> Vec<api::Show> {
    shows
        .iter()
        .filter_map(|listed| {
            Some(render::show(
                listed,
                listing.theater(listed.show.show_id.theater())?,
            ))
        })
        .collect()
}

async fn shows_between(
    app: &App,
    theater_id: Option<TheaterId>,
    movie_id: Option<MovieId>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<ListedShow>, ApiError> {
    let mut found: Vec<ListedShow> = Vec::new();
    loop {
        let after = found
            .last()
            .map(|listed| (listed.show.start_time, listed.show.show_id));
        let query = ShowQuery {
            theater_id,
            movie_id,
            from: Some(from),
            until: Some(until),
            after,
            limit: 1000,
        };
        let page = app.store.shows(query).await?;
        let last = page.len() < 1000;
        found.extend(page);
        if last || found.len() >= MOST_SHOWS {
            return Ok(found);
        }
    }
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
