//! Theaters, movies and shows: from the server, or computed from the copy as the server would.

use crate::{
    cache::{Cache, ShowFilter},
    client::Client,
    error::ClientError,
    fresh::Fresh,
    http::Call,
    queries::{Coordinates, MovieQuery, ShowQuery, TheaterQuery, days_ahead},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use matinee_api::{
    BestSeats, Movie, MovieId, MovieSummary, Page, Show, ShowDetail, ShowId, ShowSeats, Theater,
    TheaterId,
};
use serde::de::DeserializeOwned;
use std::collections::{HashMap, hash_map::Entry};

/// A page of the copy begins at this place; the server's cursors never look so.
const LOCAL: &str = "copy.";
const DEFAULT_LIMIT: usize = 50;
/// Pages of a movie's shows joined to one list.
const MOST_PAGES: u32 = 10;

/// What the copy has to say, and as of when.
type Copied<T> = Result<Option<(T, DateTime<Utc>)>, ClientError>;

impl Client {
    pub(crate) async fn get<T: DeserializeOwned>(&self, call: Call) -> Result<T, ClientError> {
        self.inner.http.send(&call).await?.json()
    }

    /// Theaters, by distance or by name, with the movies on there.
    pub async fn theaters(&self, query: TheaterQuery) -> Result<Fresh<Page<Theater>>, ClientError> {
        if let Some(page) = self
            .continued(
                query.cursor.as_ref(),
                theaters_of(self.clone(), query.clone()),
            )
            .await?
        {
            return Ok(page);
        }
        let near = query
            .near
            .map(|at| format!("{:.4},{:.4}", at.latitude, at.longitude));
        let call = Call::get("/theaters")
            .query("q", query.q.as_ref())
            .query("near", near)
            .query("limit", query.limit)
            .query("cursor", query.cursor.as_ref());
        self.read(
            move |client| async move { client.get(call).await },
            |client| theaters_of(client, query),
        )
        .await
    }

    /// One theater.
    pub async fn theater(&self, id: TheaterId) -> Result<Fresh<Theater>, ClientError> {
        let call = Call::get(format!("/theaters/{id}"));
        self.read(
            move |client| async move { client.get(call).await },
            |client| async move {
                let Some(theater) = client.inner.cache.theater(id).await? else {
                    return Ok(None);
                };
                let theater = with_movies(&client.inner.cache, theater, Utc::now()).await?;
                client.dated(theater).await
            },
        )
        .await
    }

    /// The movies of a theater with their shows there.
    pub async fn theater_movies(
        &self,
        id: TheaterId,
        date: Option<NaiveDate>,
    ) -> Result<Fresh<Page<Movie>>, ClientError> {
        let call = Call::get(format!("/theaters/{id}/movies")).query("date", date);
        self.read(
            move |client| async move {
                let page: Page<Movie> = client.get(call).await?;
                client
                    .note(
                        page.items
                            .iter()
                            .flat_map(|movie| movie.shows.clone())
                            .collect(),
                    )
                    .await;
                Ok(page)
            },
            |client| async move {
                let cache = &client.inner.cache;
                if cache.theater(id).await?.is_none() {
                    return Ok(None);
                }
                let shows = shows_on(cache, Some(id), None, date).await?;
                let items = with_shows(cache, shows).await?;
                client
                    .dated(Page {
                        items,
                        next_cursor: None,
                    })
                    .await
            },
        )
        .await
    }

    /// Movies by name.
    pub async fn movies(&self, query: MovieQuery) -> Result<Fresh<Page<Movie>>, ClientError> {
        if let Some(page) = self
            .continued(
                query.cursor.as_ref(),
                movies_of(self.clone(), query.clone()),
            )
            .await?
        {
            return Ok(page);
        }
        let call = Call::get("/movies")
            .query("q", query.q.as_ref())
            .query("limit", query.limit)
            .query("cursor", query.cursor.as_ref());
        self.read(
            move |client| async move { client.get(call).await },
            |client| movies_of(client, query),
        )
        .await
    }

    /// One movie with its coming shows.
    pub async fn movie(&self, id: MovieId) -> Result<Fresh<Movie>, ClientError> {
        let call = Call::get(format!("/movies/{id}"));
        self.read(
            move |client| async move {
                let movie: Movie = client.get(call).await?;
                client.note(movie.shows.clone()).await;
                Ok(movie)
            },
            |client| async move {
                let cache = &client.inner.cache;
                let Some(movie) = cache.movie(id).await? else {
                    return Ok(None);
                };
                let shows = shows_on(cache, None, Some(id), None).await?;
                client.dated(Movie { shows, ..movie }).await
            },
        )
        .await
    }

    /// The shows of a movie, earliest first.
    pub async fn movie_shows(
        &self,
        id: MovieId,
        query: ShowQuery,
    ) -> Result<Fresh<Page<Show>>, ClientError> {
        let theater: Option<TheaterId> = match &query.theater_id {
            Some(text) => Some(text.parse().map_err(|_| ClientError::not_found())?),
            None => None,
        };
        let date = query.date;
        self.read(
            move |client| async move {
                let page = client.fetch_movie_shows(id, theater, date).await?;
                client.note(page.items.clone()).await;
                Ok(page)
            },
            |client| async move {
                let cache = &client.inner.cache;
                if cache.movie(id).await?.is_none() {
                    return Ok(None);
                }
                let items = shows_on(cache, theater, Some(id), date).await?;
                client
                    .dated(Page {
                        items,
                        next_cursor: None,
                    })
                    .await
            },
        )
        .await
    }

    /// Every page, since a screen shows the day whole.
    async fn fetch_movie_shows(
        &self,
        id: MovieId,
        theater: Option<TheaterId>,
        date: Option<NaiveDate>,
    ) -> Result<Page<Show>, ClientError> {
        let mut all = Page {
            items: Vec::new(),
            next_cursor: None,
        };
        for _ in 0..MOST_PAGES {
            let call = Call::get(format!("/movies/{id}/shows"))
                .query("theater_id", theater)
                .query("date", date)
                .query("limit", Some(100))
                .query("cursor", all.next_cursor.take());
            let page: Page<Show> = self.get(call).await?;
            all.items.extend(page.items);
            all.next_cursor = page.next_cursor;
            if all.next_cursor.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// A show with what is needed to buy. From the copy it has no ticket types: nothing can be bought without a server.
    pub async fn show(&self, id: ShowId) -> Result<Fresh<ShowDetail>, ClientError> {
        let call = Call::get(format!("/shows/{id}"));
        self.read(
            move |client| async move {
                let detail: ShowDetail = client.get(call).await?;
                client.note(vec![detail.show.clone()]).await;
                Ok(detail)
            },
            |client| async move {
                let cache = &client.inner.cache;
                let Some(show) = cache.show(id).await? else {
                    return Ok(None);
                };
                let (Some(theater), Some(movie)) = (
                    cache.theater(show.theater_id).await?,
                    cache.movie(show.movie_id).await?,
                ) else {
                    return Ok(None);
                };
                let detail = ShowDetail {
                    show,
                    movie_name: movie.name,
                    theater_name: theater.name,
                    time_zone: theater.time_zone,
                    ticket_types: Vec::new(),
                    policy: theater.cancellation_policy,
                    max_seats_per_booking: theater.max_seats_per_booking,
                };
                client.dated(detail).await
            },
        )
        .await
    }

    /// The seats of a show as they are now: never from a copy, since an old seat map is a wrong one.
    pub async fn seats(&self, id: ShowId) -> Result<Fresh<ShowSeats>, ClientError> {
        self.get(Call::get(format!("/shows/{id}/seats")))
            .await
            .map(Fresh::now)
    }

    /// Seats the server would choose.
    pub async fn best_seats(
        &self,
        id: ShowId,
        count: u16,
    ) -> Result<Fresh<BestSeats>, ClientError> {
        let call = Call::get(format!("/shows/{id}/best-seats")).query("count", Some(count));
        self.get(call).await.map(Fresh::now)
    }

    async fn note(&self, shows: Vec<Show>) {
        if let Err(error) = self.inner.cache.note_shows(shows).await {
            tracing::warn!(%error, "the shows were not kept");
        }
    }

    /// The value with the time the copy is of; nothing before the first complete sync, since it would be half a list.
    async fn dated<T>(&self, value: T) -> Copied<T> {
        Ok(self
            .inner
            .cache
            .progress()
            .await?
            .synced_at
            .map(|as_of| (value, as_of)))
    }

    /// A list begun on the copy goes on there.
    async fn continued<T>(
        &self,
        cursor: Option<&String>,
        copy: impl Future<Output = Copied<T>>,
    ) -> Result<Option<Fresh<T>>, ClientError> {
        if !cursor.is_some_and(|cursor| cursor.starts_with(LOCAL)) {
            return Ok(None);
        }
        Ok(copy
            .await?
            .map(|(value, as_of)| Fresh::copied(value, as_of)))
    }
}

async fn theaters_of(client: Client, query: TheaterQuery) -> Copied<Page<Theater>> {
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

async fn movies_of(client: Client, query: MovieQuery) -> Copied<Page<Movie>> {
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

async fn with_movies(
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
    let mut by_id = cache.movies_by_id(ids.clone()).await?;
    let movies = ids
        .iter()
        .filter_map(|id| by_id.remove(id))
        .map(summary)
        .collect();
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
async fn shows_on(
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
async fn with_shows(cache: &Cache, shows: Vec<Show>) -> Result<Vec<Movie>, ClientError> {
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
    movies.sort_by(|a, b| {
        a.name
            .cmp(&b.name)
            .then_with(|| a.movie_id.cmp(&b.movie_id))
    });
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
