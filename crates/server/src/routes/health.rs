//! Is it alive, can it work: for supervisors and load balancers. No secrets, no versions of what is inside.

use crate::app::AppState;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Response {
    answer(StatusCode::OK, "ok")
}

/// `GET /readyz`: the database answers and the server is not stopping.
pub async fn readyz(State(app): State<AppState>) -> Response {
    if app.draining.is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match app.store.ping().await {
        Ok(()) => answer(StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer",
            )
        }
    }
}

fn answer(status: StatusCode, word: &'static str) -> Response {
    let body = format!("{{\"status\":\"{word}\"}}");
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
