//! Shows: of a theater by movie, of a movie, and one alone.

use super::{
    AHEAD, S, listed,
    query::{after_movie, parse_date, parse_show_cursor, show_cursor, window},
};
use crate::{
    app::App,
    catalog_cache::Listing,
    http::{ApiError, Id, PageLimit, Query},
    render,
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use matinee_api as api;
use matinee_booking::Shows;
use matinee_domain::ids::{MovieId, ShowId, TheaterId};
use matinee_store::catalog::{ListedShow, ShowQuery};
use serde::Deserialize;
use std::collections::HashMap;

/// Most shows one answer carries; a theater of 20 screens with 8 shows a day for 14 days is 2,240. More are on the
/// next page.
const MOST_SHOWS: usize = 5000;
/// Shows read at a time.
const CHUNK: u16 = 1000;

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

/// Shows that start in a span of time, by start; narrowed down by what follows.
struct ShowsIn(ShowQuery);

fn shows_in(from: DateTime<Utc>, until: DateTime<Utc>) -> ShowsIn {
    ShowsIn(ShowQuery {
        theater_id: None,
        movie_id: None,
        from: Some(from),
        until: Some(until),
        after: None,
        limit: CHUNK,
        unpublished: false,
    })
}

impl ShowsIn {
    fn at(mut self, theater_id: TheaterId) -> Self {
        self.0.theater_id = Some(theater_id);
        self
    }
    fn of(mut self, movie_id: MovieId) -> Self {
        self.0.movie_id = Some(movie_id);
        self
    }
    fn after(mut self, after: Option<(DateTime<Utc>, ShowId)>) -> Self {
        self.0.after = after;
        self
    }

    /// The first `most` of those that `keep` keeps, and where the next page begins.
    async fn page(
        self,
        app: &App,
        most: usize,
        keep: impl Fn(&ListedShow) -> bool,
    ) -> Result<(Vec<ListedShow>, Option<String>), ApiError> {
        let mut query = self.0;
        query.limit = u16::try_from(most.saturating_add(1)).map_or(CHUNK, |n| n.min(CHUNK));
        let mut found: Vec<ListedShow> = Vec::new();
        loop {
            let some = app.store.shows(query).await?;
            let last = some.len() < usize::from(query.limit);
            query.after = some.last().map(place).or(query.after);
            found.extend(some.into_iter().filter(&keep));
            if found.len() > most {
                found.truncate(most);
                let next = found.last().map(|listed| show_cursor(place(listed)));
                return Ok((found, next));
            }
            if last {
                return Ok((found, None));
            }
        }
    }
}

fn place(listed: &ListedShow) -> (DateTime<Utc>, ShowId) {
    (listed.show.start_time, listed.show.show_id)
}

/// `GET /theaters/{theater_id}/movies`
pub async fn theater_movies(
    State(app): S,
    uri: Uri,
    headers: HeaderMap,
    Id(theater_id): Id<TheaterId>,
    Query(query): Query<OnDate>,
) -> Result<Response, ApiError> {
    let limit = usize::from(query.limit.or(100)?);
    let date = query.date.as_deref().map(parse_date).transpose()?;
    let app = &app;
    let version = app.catalog.live.theater_version(theater_id);
    listed(app, &uri, &headers, version, async |listing, now| {
        let theater = listing
            .theater(theater_id)
            .ok_or_else(|| ApiError::not_found("theater"))?;
        let (from, until) = window(date, theater, now)?;
        let at = shows_in(from, until).at(theater_id);
        let (shows, _) = at.page(app, usize::MAX, |_| true).await?;
        let first = shows.first().map(|listed| listed.show.start_time);
        let mut by_movie: HashMap<MovieId, Vec<api::Show>> = HashMap::new();
        for listed in &shows {
            by_movie
                .entry(listed.show.movie_id)
                .or_default()
                .push(render::show(listed, theater));
        }
        let skip = after_movie(&listing.movies, query.cursor.as_deref())?;
        let mut items: Vec<api::Movie> = Vec::new();
        let (mut carried, mut next_cursor) = (0, None);
        for movie in listing.movies.iter().skip(skip) {
            let Some(shows) = by_movie.remove(&movie.movie_id) else {
                continue;
            };
            carried += shows.len();
            if let Some(last) = items.last()
                && (items.len() == limit || carried > MOST_SHOWS)
            {
                next_cursor = Some(last.movie_id.to_string());
                break;
            }
            items.push(render::movie(movie, shows));
        }
        Ok((api::Page { items, next_cursor }, first))
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
            // What is beyond stands in the movie's list of shows, which has pages.
            let query = shows_in(now, now + AHEAD).of(movie_id);
            let (shows, _) = query.page(app, MOST_SHOWS, |_| true).await?;
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
    let after = query.cursor.as_deref().map(parse_show_cursor).transpose()?;
    let date = query.date.as_deref().map(parse_date).transpose()?;
    let theater_id: Option<TheaterId> = match query.theater_id.as_deref() {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| ApiError::invalid("/theater_id", "This is not a theater's id."))?,
        ),
    };
    let app = &app;
    let version = app.catalog.live.any_version();
    listed(app, &uri, &headers, version, async |listing, now| {
        listing
            .movie(movie_id)
            .ok_or_else(|| ApiError::not_found("movie"))?;
        let theater = theater_id.map(|id| {
            let found = listing.theater(id);
            found.ok_or_else(|| ApiError::not_found("theater"))
        });
        let of_movie = |from, until| shows_in(from, until).of(movie_id).after(after);
        let (shows, next_cursor) = match (theater.transpose()?, date) {
            (Some(theater), date) => {
                let (from, until) = window(date, theater, now)?;
                let there = of_movie(from, until).at(theater.theater_id);
                there.page(app, limit, |_| true).await?
            }
            (None, None) => {
                of_movie(now, now + AHEAD)
                    .page(app, limit, |_| true)
                    .await?
            }
            // A date is a local day of each theater: look a day further on both sides, then keep what falls on it.
            (None, Some(date)) => {
                let noon = Utc.from_utc_datetime(&date.and_time(NaiveTime::MIN));
                let from = (noon - TimeDelta::hours(14)).max(now);
                let around = of_movie(from, noon + TimeDelta::hours(38));
                let on_day = |listed: &ListedShow| is_on(listing, listed, date);
                around.page(app, limit, on_day).await?
            }
        };
        let first = shows.first().map(|listed| listed.show.start_time);
        let items = with_theaters(listing, &shows);
        Ok((api::Page { items, next_cursor }, first))
    })
    .await
}

/// The show starts on this local day of its theater.
fn is_on(listing: &Listing, listed: &ListedShow, date: NaiveDate) -> bool {
    let show = &listed.show;
    listing
        .theater(show.show_id.theater())
        .is_some_and(|theater| {
            let start = show.start_time.with_timezone(&theater.time_zone);
            start.date_naive() == date
        })
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
        .filter(|file| file.published)
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
