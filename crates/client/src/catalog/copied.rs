//! The catalog computed from the copy, as the server would answer: the same filters, order and pages.

use super::Copied;
use crate::{
    cache::{Cache, ShowFilter, list_order},
    client::Client,
    error::ClientError,
    queries::{Coordinates, MovieQuery, TheaterQuery, days_ahead},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use matinee_api::{Movie, MovieId, MovieSummary, Page, Show, Theater, TheaterId};
use std::collections::{HashMap, hash_map::Entry};

/// A page of the copy begins at this place; the server's cursors never look so.
pub(super) const LOCAL: &str = "copy.";
const DEFAULT_LIMIT: usize = 50;

pub(super) async fn theaters_of(client: Client, query: TheaterQuery) -> Copied<Page<Theater>> {
    let Some(start) = start_of(query.cursor.as_deref()) else {
        return Ok(None);
    };
    let cache = &client.inner.cache;
    let mut found = cache.theaters(query.q).await?;
    if let Some(near) = query.near {
        for theater in &mut found {
            let kilometres = distance_km(near, &theater.location);
            theater.distance_km = Some((kilometres * 10.0).round() / 10.0);
        }
        found.sort_by(|a, b| {
            a.distance_km
                .unwrap_or(f64::MAX)
                .total_cmp(&b.distance_km.unwrap_or(f64::MAX))
        });
    }
    let page = page_of(found, start, query.limit);
    let now = Utc::now();
    let mut items = Vec::with_capacity(page.items.len());
    for theater in page.items {
        items.push(with_movies(cache, theater, now).await?);
    }
    client
        .dated(Page {
            items,
            next_cursor: page.next_cursor,
        })
        .await
}

pub(super) async fn movies_of(client: Client, query: MovieQuery) -> Copied<Page<Movie>> {
    let Some(start) = start_of(query.cursor.as_deref()) else {
        return Ok(None);
    };
    let found = client.inner.cache.movies(query.q).await?;
    client.dated(page_of(found, start, query.limit)).await
}

/// Where a page begins; None when the cursor is one of the server's, which the copy cannot continue.
fn start_of(cursor: Option<&str>) -> Option<usize> {
    match cursor {
        None => Some(0),
        Some(text) => text.strip_prefix(LOCAL)?.parse().ok(),
    }
}

fn page_of<T>(items: Vec<T>, start: usize, limit: Option<u16>) -> Page<T> {
    let limit = limit.map_or(DEFAULT_LIMIT, usize::from).clamp(1, 100);
    let end = start.saturating_add(limit);
    let next_cursor = (end < items.len()).then(|| format!("{LOCAL}{end}"));
    Page {
        items: items.into_iter().skip(start).take(limit).collect(),
        next_cursor,
    }
}

pub(super) async fn with_movies(
    cache: &Cache,
    theater: Theater,
    now: DateTime<Utc>,
) -> Result<Theater, ClientError> {
    let filter = ShowFilter {
        theater: Some(theater.theater_id),
        movie: None,
        from: now,
        until: days_ahead(now),
    };
    let ids = cache.movies_on(filter).await?;
    let found = cache.movies_by_id(ids).await?;
    let mut movies: Vec<MovieSummary> = found.into_values().map(summary).collect();
    // Here the server does mind the case of names.
    movies.sort_by(|a, b| (&a.name, a.movie_id).cmp(&(&b.name, b.movie_id)));
    Ok(Theater { movies, ..theater })
}

fn summary(movie: Movie) -> MovieSummary {
    MovieSummary {
        movie_id: movie.movie_id,
        name: movie.name,
        genres: movie.genres,
        duration_minutes: movie.duration_minutes,
        certificate: movie.certificate,
        poster_url: movie.poster_url,
    }
}

/// Shows not yet begun: of one date in each theater's own zone, or of the next 14 days.
pub(super) async fn shows_on(
    cache: &Cache,
    theater: Option<TheaterId>,
    movie: Option<MovieId>,
    date: Option<NaiveDate>,
) -> Result<Vec<Show>, ClientError> {
    let now = Utc::now();
    let Some(date) = date else {
        return Ok(cache
            .shows(ShowFilter {
                theater,
                movie,
                from: now,
                until: days_ahead(now),
            })
            .await?);
    };
    // Wide enough for every zone; the exact day follows from the theater's.
    let midnight = date.and_time(NaiveTime::MIN).and_utc();
    let filter = ShowFilter {
        theater,
        movie,
        from: now.max(midnight - Duration::hours(15)),
        until: midnight + Duration::hours(39),
    };
    let found = cache.shows(filter).await?;
    let mut zones: HashMap<TheaterId, Tz> = HashMap::new();
    let mut shows = Vec::with_capacity(found.len());
    for show in found {
        if let Entry::Vacant(unknown) = zones.entry(show.theater_id) {
            let theater = cache.theater(show.theater_id).await?;
            let zone = theater.and_then(|theater| theater.time_zone.parse().ok());
            unknown.insert(zone.unwrap_or(Tz::UTC));
        }
        let zone = zones.get(&show.theater_id).copied().unwrap_or(Tz::UTC);
        if show.start_time.with_timezone(&zone).date_naive() == date {
            shows.push(show);
        }
    }
    Ok(shows)
}

/// Shows, grouped under their movies, by the movie's name.
pub(super) async fn with_shows(cache: &Cache, shows: Vec<Show>) -> Result<Vec<Movie>, ClientError> {
    let mut by_movie: HashMap<MovieId, Vec<Show>> = HashMap::new();
    for show in shows {
        by_movie.entry(show.movie_id).or_default().push(show);
    }
    let found = cache
        .movies_by_id(by_movie.keys().copied().collect())
        .await?;
    let mut movies: Vec<Movie> = found
        .into_iter()
        .map(|(id, movie)| Movie {
            shows: by_movie.remove(&id).unwrap_or_default(),
            ..movie
        })
        .collect();
    movies.sort_by_cached_key(list_order);
    Ok(movies)
}

/// Along the surface, by the haversine formula.
fn distance_km(from: Coordinates, to: &matinee_api::Location) -> f64 {
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let half_way_north = ((b - a) / 2.0).sin();
    let half_way_east = ((to.longitude - from.longitude).to_radians() / 2.0).sin();
    let h = half_way_north.powi(2) + a.cos() * b.cos() * half_way_east.powi(2);
    2.0 * 6_371.0 * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_copy_join_without_gap_or_overlap() {
        let all: Vec<u32> = (0..25).collect();
        let first = page_of(all.clone(), 0, Some(10));
        let second = page_of(
            all.clone(),
            start_of(first.next_cursor.as_deref()).expect("it is local"),
            Some(10),
        );
        let third = page_of(
            all.clone(),
            start_of(second.next_cursor.as_deref()).expect("it is local"),
            Some(10),
        );
        assert_eq!(third.next_cursor, None);
        assert_eq!([first.items, second.items, third.items].concat(), all);
    }

    #[test]
    fn a_cursor_of_the_server_is_not_continued_on_the_copy() {
        assert_eq!(start_of(Some("eyJ4IjoxfQ")), None);
        assert_eq!(start_of(Some("copy.x")), None);
        assert_eq!(start_of(None), Some(0));
    }

    #[test]
    fn distances_are_those_of_the_earth() {
        let lisbon = Coordinates {
            latitude: 38.7223,
            longitude: -9.1393,
        };
        let porto = matinee_api::Location {
            address: String::new(),
            city: "Porto".into(),
            country: "PT".into(),
            latitude: 41.1579,
            longitude: -8.6291,
        };
        assert!((distance_km(lisbon, &porto) - 274.0).abs() < 3.0);
    }
}
