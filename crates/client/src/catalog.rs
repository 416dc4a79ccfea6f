//! Theaters, movies and shows: asked of the server, or looked up in the copy ([`copied`]).

mod copied;

use crate::{
    client::Client,
    error::ClientError,
    fresh::Fresh,
    http::Call,
    queries::{MovieQuery, ShowQuery, TheaterQuery},
};
use chrono::{DateTime, NaiveDate, Utc};
use copied::{LOCAL, movies_of, shows_on, theaters_of, with_movies, with_shows};
use matinee_api::{
    BestSeats, Movie, MovieId, Page, Show, ShowDetail, ShowId, ShowSeats, Theater, TheaterId,
};
use serde::de::DeserializeOwned;

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

    /// A show with what is needed to buy. From the copy it has the ticket types last seen, none if it never was.
    pub async fn show(&self, id: ShowId) -> Result<Fresh<ShowDetail>, ClientError> {
        let call = Call::get(format!("/shows/{id}"));
        self.read(
            move |client| async move {
                let detail: ShowDetail = client.get(call).await?;
                client.note(vec![detail.show.clone()]).await;
                client.note_ticket_types(&detail).await;
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
                let kept = cache.ticket_types(id).await?;
                let seen_at = kept.as_ref().map(|(_, as_of)| *as_of);
                let detail = ShowDetail {
                    show,
                    movie_name: movie.name,
                    theater_name: theater.name,
                    time_zone: theater.time_zone,
                    ticket_types: kept.map_or_else(Vec::new, |(types, _)| types),
                    policy: theater.cancellation_policy,
                    max_seats_per_booking: theater.max_seats_per_booking,
                };
                // As old as its oldest part.
                let found = client.dated(detail).await?;
                Ok(found.map(|(detail, as_of)| {
                    (detail, seen_at.map_or(as_of, |seen_at| seen_at.min(as_of)))
                }))
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

    async fn note_ticket_types(&self, detail: &ShowDetail) {
        let (show, types) = (detail.show.show_id, detail.ticket_types.clone());
        if let Err(error) = self.inner.cache.keep_ticket_types(show, types).await {
            tracing::warn!(%error, "the ticket types were not kept");
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
