//! Theaters, movies, shows and their seats.

use super::{Answer, id};
use crate::shell::Shell;
use chrono::NaiveDate;
use matinee_client::{
    Fresh, MovieQuery, SeatEvent, ShowQuery, TheaterQuery,
    api::{BestSeats, Movie, Page, Show, ShowDetail, ShowSeats, Theater},
};
use tauri::{State, ipc::Channel};

#[tauri::command]
#[specta::specta]
pub async fn theaters(
    shell: State<'_, Shell>,
    query: TheaterQuery,
) -> Answer<Fresh<Page<Theater>>> {
    shell.client().await?.theaters(query).await
}

#[tauri::command]
#[specta::specta]
pub async fn theater(shell: State<'_, Shell>, theater_id: String) -> Answer<Fresh<Theater>> {
    shell.client().await?.theater(id(&theater_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn theater_movies(
    shell: State<'_, Shell>,
    theater_id: String,
    date: Option<NaiveDate>,
) -> Answer<Fresh<Page<Movie>>> {
    shell
        .client()
        .await?
        .theater_movies(id(&theater_id)?, date)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn movies(shell: State<'_, Shell>, query: MovieQuery) -> Answer<Fresh<Page<Movie>>> {
    shell.client().await?.movies(query).await
}

#[tauri::command]
#[specta::specta]
pub async fn movie(shell: State<'_, Shell>, movie_id: String) -> Answer<Fresh<Movie>> {
    shell.client().await?.movie(id(&movie_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn movie_shows(
    shell: State<'_, Shell>,
    movie_id: String,
    query: ShowQuery,
) -> Answer<Fresh<Page<Show>>> {
    shell
        .client()
        .await?
        .movie_shows(id(&movie_id)?, query)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn show(shell: State<'_, Shell>, show_id: String) -> Answer<Fresh<ShowDetail>> {
    shell.client().await?.show(id(&show_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn seats(shell: State<'_, Shell>, show_id: String) -> Answer<Fresh<ShowSeats>> {
    shell.client().await?.seats(id(&show_id)?).await
}

/// Answers with a number that `unwatch_seats` takes.
#[tauri::command]
#[specta::specta]
pub async fn watch_seats(
    shell: State<'_, Shell>,
    show_id: String,
    events: Channel<SeatEvent>,
) -> Answer<u32> {
    let client = shell.client().await?;
    let watch = client.watch_seats(id(&show_id)?, move |event| events.send(event).is_ok());
    Ok(shell.keep_watch(watch))
}

#[tauri::command]
#[specta::specta]
pub async fn unwatch_seats(shell: State<'_, Shell>, watch: u32) -> Answer<()> {
    shell.end_watch(watch);
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub async fn best_seats(
    shell: State<'_, Shell>,
    show_id: String,
    count: u16,
) -> Answer<Fresh<BestSeats>> {
    shell.client().await?.best_seats(id(&show_id)?, count).await
}
