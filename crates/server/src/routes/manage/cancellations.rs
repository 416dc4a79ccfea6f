//! `/manage/shows/{show_id}/cancel…`: cancelling a show, and how far that is.
//!
//! The call marks the show and answers; a job goes through the bookings. Cancelling again changes nothing and says how far
//! it is, so that it may be repeated without a key.

use super::{
    changing,
    gate::{self, Staff},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, RawJson, answer},
    routes::profile::text,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_api::{CancelShowRequest, ProblemCode, ShowCancellation};
use matinee_domain::{ids::ShowId, money::Money, staff::Action};
use matinee_store::cancellations::{CancelShow, CancelShowOutcome, CancellationProgress};
use serde_json::json;

const REASON_MAX: usize = 200;
const WORDS_MAX: usize = 500;

/// `POST /manage/shows/{show_id}/cancel`
pub async fn cancel(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff_of_show(&app, &caller, show_id, Action::ChangeProgramme).await?;
    let request: CancelShowRequest = changing::read(&raw.0)?;
    let reason = text("/reason", &request.reason, 1, REASON_MAX)?;
    let words = request.message.as_deref().map(str::trim);
    let words = words.filter(|words| !words.is_empty());
    let words = words
        .map(|words| text("/message", words, 1, WORDS_MAX))
        .transpose()?;
    let state = json!({ "reason": reason, "message": words });
    let what = ("show.cancel", show_id.to_string());
    let cancel = CancelShow {
        show_id,
        reason,
        words,
        audit: changing::entry(&app, staff.who(), what, (None, Some(&state))),
        now: app.clock.now(),
    };
    match app.store.cancel_show(cancel).await? {
        CancelShowOutcome::NoShow => Err(ApiError::not_found("show")),
        CancelShowOutcome::Cancelled | CancelShowOutcome::Before => {
            app.catalog.watch().await?;
            Ok(answer::json(200, &progress(&app, &staff, show_id).await?))
        }
    }
}

/// `GET /manage/shows/{show_id}/cancellation`
pub async fn cancellation(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let staff = gate::staff_of_show(&app, &caller, show_id, Action::See).await?;
    Ok(answer::read(
        &headers,
        &progress(&app, &staff, show_id).await?,
    ))
}

async fn progress(app: &App, staff: &Staff, show_id: ShowId) -> Result<ShowCancellation, ApiError> {
    let found = app.store.cancellation(show_id).await?;
    let found = found.ok_or_else(|| {
        ApiError::new(
            ProblemCode::NotFound,
            "This show is not cancelled, or it is not there.",
        )
    })?;
    let CancellationProgress {
        cancelled,
        left,
        refunds,
    } = found;
    Ok(ShowCancellation {
        show_id,
        cancelled_at: cancelled.at,
        reason: cancelled.reason,
        message: cancelled.words,
        finished: left == 0,
        bookings_total: cancelled.bookings,
        bookings_done: cancelled.bookings.saturating_sub(left),
        refunds_pending: refunds.pending,
        refunds_succeeded: refunds.succeeded,
        refunds_failed: refunds.failed,
        refund_amount: Money::new(refunds.amount_minor, staff.theater.currency),
    })
}
