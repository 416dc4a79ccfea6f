//! `/manage/shows/{show_id}/seats/…`: seats that are kept for the house, or broken, and putting them back.
//!
//! All of them or none; a seat that is held or sold is never touched. Whoever looks at the show sees it at once.

use super::{
    changing::{self, Repeatable},
    gate::{self, Staff},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, RawJson, answer},
    routes::profile::text,
};
use axum::{extract::State, response::Response};
use matinee_api::{BlockAnswer, BlockRequest, ProblemCode, UnblockRequest};
use matinee_booking::{SaleError, ShowFile, Shows as _};
use matinee_domain::{
    ids::ShowId,
    seat_map::{SeatId, SeatNo},
    staff::Action,
};
use matinee_store::staff::{BlockOutcome, BlockSeats};
use serde_json::{Value, json};
use std::sync::Arc;

/// Seats of one request.
const SEATS_MAX: usize = 1_000;
const REASON_MAX: usize = 200;

/// `POST /manage/shows/{show_id}/seats/block`
pub async fn block(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let (staff, file) = there(&app, &caller, show_id).await?;
    let path = format!("/manage/shows/{show_id}/seats/block");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: BlockRequest = changing::read(&raw.0)?;
    let reason = text("/reason", &request.reason, 1, REASON_MAX)?;
    let state = json!({ "seat_ids": request.seat_ids, "reason": reason });
    let states = (None, Some(&state));
    let change = (true, "seats.block", request.seat_ids);
    make(&app, (&staff, &file), once, change, states).await
}

/// `POST /manage/shows/{show_id}/seats/unblock`
pub async fn unblock(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let (staff, file) = there(&app, &caller, show_id).await?;
    let path = format!("/manage/shows/{show_id}/seats/unblock");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: UnblockRequest = changing::read(&raw.0)?;
    let state = json!({ "seat_ids": request.seat_ids });
    let states = (Some(&state), None);
    let change = (false, "seats.unblock", request.seat_ids);
    make(&app, (&staff, &file), once, change, states).await
}

async fn there(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
) -> Result<(Staff, Arc<ShowFile>), ApiError> {
    let staff = gate::staff_of_show(app, caller, show_id, Action::BlockSeats).await?;
    let file = app.catalog.show(show_id).await?;
    let file = file.ok_or_else(|| ApiError::not_found("show"))?;
    Ok((staff, file))
}

async fn make(
    app: &App,
    (staff, file): (&Staff, &ShowFile),
    once: Repeatable,
    (blocked, action, seat_ids): (bool, &str, Vec<SeatId>),
    states: (Option<&Value>, Option<&Value>),
) -> Result<Response, ApiError> {
    let seats = numbers(file, &seat_ids)?;
    let show_id = file.show.show_id;
    let shown = BlockAnswer { seat_ids };
    let block = BlockSeats {
        show_id,
        seats,
        seating: file.seating,
        blocked,
        audit: changing::entry(app, staff.who(), (action, show_id.to_string()), states),
        idempotency: once.record(app, 200, &shown),
    };
    match app.store.block_seats(block).await? {
        BlockOutcome::Done { .. } => Ok(answer::json(200, &shown)),
        BlockOutcome::ShowMoved => Err(SaleError::ShowMoved.into()),
        BlockOutcome::NoShow => Err(ApiError::not_found("show")),
        BlockOutcome::Repeated(found) => changing::again(found),
        BlockOutcome::Taken(taken) => {
            let taken = taken.iter().map(|seat| file.map.seat_id(*seat)).collect();
            let problem = ApiError::new(
                ProblemCode::SeatsUnavailable,
                "Some of these seats are held or sold. Nothing was changed.",
            );
            Err(problem.with(|problem| {
                problem.unavailable_seat_ids = Some(taken);
                problem.alternatives = Some(vec![]);
            }))
        }
    }
}

/// The seats' numbers on the map of the show, each once.
fn numbers(file: &ShowFile, seat_ids: &[SeatId]) -> Result<Vec<SeatNo>, ApiError> {
    if !(1..=SEATS_MAX).contains(&seat_ids.len()) {
        return Err(ApiError::invalid("/seat_ids", "Name 1 to 1,000 seats."));
    }
    let mut seats = Vec::with_capacity(seat_ids.len());
    for (at, seat_id) in seat_ids.iter().enumerate() {
        let seat = file.map.seat_no(&seat_id.0);
        seats.push(seat.ok_or_else(|| {
            ApiError::invalid(format!("/seat_ids/{at}"), "The show has no such seat.")
        })?);
    }
    seats.sort_unstable();
    seats.dedup();
    Ok(seats)
}
