//! `GET /manage/shows/{show_id}/seats`: who has what, also of a show that nobody else sees yet, so that seats can be kept for
//! the house before it is on sale.

use super::gate;
use crate::{
    app::AppState,
    auth::Caller,
    http::{ApiError, Id, answer},
    render,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_booking::Shows as _;
use matinee_domain::{ids::ShowId, staff::Action};

pub async fn seats(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gate::staff_of_show(&app, &caller, show_id, Action::See).await?;
    let file = app.catalog.show(show_id).await?;
    let file = file.ok_or_else(|| ApiError::not_found("show"))?;
    let states = app.catalog.seats(&file).await?;
    let mut shown = render::show_seats(&file, &states);
    shown.version = app.catalog.live.told(states.version);
    Ok(answer::read(&headers, &shown))
}
