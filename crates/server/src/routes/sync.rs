//! What changed in the catalog since a cursor, in pages; the cost follows the change, not the catalog.

use crate::{
    app::App,
    http::{ApiError, Effort, EncodedBody, Query},
    render,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::TimeDelta;
use matinee_api as api;
use matinee_store::catalog::{Changes, SyncHead};
use serde::Deserialize;
use std::sync::Arc;

/// Rows of all kinds in one page.
const PAGE: u16 = 1000;
/// Shows that ended longer ago are of no use on a device.
const PAST: TimeDelta = TimeDelta::hours(12);

/// Query of `GET /sync`.
#[derive(Debug, Deserialize)]
pub struct Since {
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /sync`
pub async fn sync(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<Since>,
) -> Result<Response, ApiError> {
    let head = app.store.sync_head().await?;
    let position = match query.cursor.as_deref() {
        None | Some("") => 0,
        Some(cursor) => position(&app, cursor, head)?,
    };
    if position == head.position && query.cursor.is_some() {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let changes = app.store.changes(position, PAGE).await?;
    let page = page(&app, head, changes).await?;
    let bytes = serde_json::to_vec(&page).unwrap_or_default();
    Ok(EncodedBody::json_by_content(bytes, Effort::Fresh).respond(&headers))
}

fn position(app: &App, cursor: &str, head: SyncHead) -> Result<u64, ApiError> {
    let malformed = || {
        ApiError::new(
            api::ProblemCode::MalformedCursor,
            "This cursor was not made by this server. Start over without one.",
        )
    };
    let bytes = app.keys.open_cursor("sync", cursor).ok_or_else(malformed)?;
    let (epoch, position) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
    let position: [u8; 8] = position.try_into().map_err(|_| malformed())?;
    let (epoch, position) = (u64::from_be_bytes(*epoch), u64::from_be_bytes(position));
    // Ahead of the counter means the database was restored from an older copy.
    if epoch != head.epoch || position > head.position || position < head.oldest {
        return Err(ApiError::new(
            api::ProblemCode::CursorGone,
            "This cursor is too old. Start over without one.",
        ));
    }
    Ok(position)
}

async fn page(app: &App, head: SyncHead, changes: Changes) -> Result<api::SyncPage, ApiError> {
    let listing = app.catalog.listing().await?;
    let since = app.clock.now() - PAST;
    let shows = changes.shows.iter().filter(|show| show.end_time >= since);
    let mut sealed = head.epoch.to_be_bytes().to_vec();
    sealed.extend_from_slice(&changes.position.to_be_bytes());
    Ok(api::SyncPage {
        theaters: changes
            .theaters
            .iter()
            .map(|theater| render::theater(theater, vec![], None))
            .collect(),
        movies: changes
            .movies
            .iter()
            .map(|movie| render::movie(movie, vec![]))
            .collect(),
        shows: shows
            .filter_map(|show| {
                Some(render::sync_show(
                    show,
                    listing.theater(show.show_id.theater())?,
                ))
            })
            .collect(),
        deleted_theaters: changes.deleted_theaters,
        deleted_movies: changes.deleted_movies,
        deleted_shows: changes.deleted_shows,
        cursor: app.keys.seal_cursor("sync", &sealed),
        more: changes.more,
    })
}
