//! The live seat map: who has what, its live events, and suggestions.

use crate::{
    app::App,
    http::{ApiError, Context, Effort, EncodedBody, Id, Query, answer, etag},
    live::SeatEvents,
    render,
};
use axum::{Extension, extract::State, http::HeaderMap, response::Response};
use futures_util::StreamExt as _;
use matinee_api as api;
use matinee_booking::{ShowFile, Shows};
use matinee_domain::{best_seats, ids::ShowId};
use serde::Deserialize;
use std::sync::Arc;

type S = State<Arc<App>>;

async fn file(app: &App, show_id: ShowId) -> Result<Arc<ShowFile>, ApiError> {
    app.catalog
        .show(show_id)
        .await?
        .filter(|file| file.published)
        .ok_or_else(|| ApiError::not_found("show"))
}

/// `GET /shows/{show_id}/seats`: encoded once per version.
pub async fn seats(
    State(app): S,
    headers: HeaderMap,
    Id(show_id): Id<ShowId>,
) -> Result<Response, ApiError> {
    let file = file(&app, show_id).await?;
    let live = app.catalog.live.show(&*app.store, &file).await?;
    let body = live.answer(&file, |states| {
        let mut answer = render::show_seats(&file, states);
        answer.version = app.catalog.live.told(states.version);
        let bytes = serde_json::to_vec(&answer).unwrap_or_default();
        EncodedBody::json(bytes, &tag(&file, answer.version), Effort::Fresh)
    });
    Ok(body.respond(&headers))
}

/// The version alone would not do: prices may change under it, and a show nobody has booked yet may get another seat map.
fn tag(file: &ShowFile, version: u64) -> String {
    let made_from = (file.show.seat_map_id, &file.show.prices);
    let made_from = serde_json::to_vec(&made_from).unwrap_or_default();
    format!("s{version}-{}", etag::digest(&made_from))
}

/// Query of `GET /shows/{show_id}/seats/live`.
#[derive(Debug, Deserialize)]
pub struct Since {
    #[serde(default)]
    since: Option<String>,
}

/// `GET /shows/{show_id}/seats/live`: server-sent events.
pub async fn seats_live(
    State(app): S,
    headers: HeaderMap,
    Extension(context): Extension<Arc<Context>>,
    Id(show_id): Id<ShowId>,
    Query(query): Query<Since>,
) -> Result<Response, ApiError> {
    let file = file(&app, show_id).await?;
    let place = app.limits.live(context.address)?;
    let viewer = app.catalog.live.watch(&*app.store, &file).await?;
    // A version that cannot be read is as good as none: the viewer gets a snapshot.
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    let since = last
        .or(query.since)
        .and_then(|text| text.trim().parse().ok());
    let events = SeatEvents::new(viewer, since, app.draining.clone(), Some(Box::new(place)));
    let counted = events
        .into_stream()
        .inspect(move |_| app.metrics.live_events.add(1));
    Ok(answer::events(counted))
}

/// Query of `GET /shows/{show_id}/best-seats`.
#[derive(Debug, Deserialize)]
pub struct Count {
    #[serde(default)]
    count: Option<String>,
}

/// `GET /shows/{show_id}/best-seats`
pub async fn best_seats(
    State(app): S,
    headers: HeaderMap,
    Id(show_id): Id<ShowId>,
    Query(query): Query<Count>,
) -> Result<Response, ApiError> {
    let file = file(&app, show_id).await?;
    let max = file.theater.max_seats_per_booking;
    let count = query
        .count
        .as_deref()
        .map_or(Ok(2), str::parse::<u16>)
        .ok()
        .filter(|n| (1..=max).contains(n));
    let count =
        count.ok_or_else(|| ApiError::invalid("/count", format!("Ask for 1 to {max} seats.")))?;
    let states = app.catalog.seats(&file).await?;
    let map = &file.map.map;
    let Some(seats) = best_seats::best_seats(
        map,
        &|seat| states.is_free(seat),
        usize::from(count),
        &|_| true,
    ) else {
        return Err(ApiError::new(
            api::ProblemCode::SeatsUnavailable,
            "Fewer seats than that are free in this show. Choose fewer, or another show.",
        )
        .with(|p| {
            p.unavailable_seat_ids = Some(vec![]);
            p.alternatives = Some(vec![]);
        }));
    };
    let together = map
        .runs()
        .any(|run| seats.iter().all(|seat| run.contains(&seat.index())));
    let best = api::BestSeats {
        seat_ids: seats.iter().map(|seat| file.map.seat_id(*seat)).collect(),
        together,
        version: app.catalog.live.told(states.version),
    };
    let bytes = serde_json::to_vec(&best).unwrap_or_default();
    Ok(EncodedBody::json_by_content(bytes, Effort::Fresh).respond(&headers))
}

#[cfg(test)]
mod tests;
