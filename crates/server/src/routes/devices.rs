//! `/users/{user_id}/sessions`: the devices that are signed in, and ending what is signed in there.
//!
//! A session's own id is a secret that only its tokens hold; here it goes by a name derived from it.

use crate::{
    app::{App, AppState},
    auth::{Caller, cookie},
    http::{ApiError, Id, Pair, UserRef, answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use matinee_api::{DeviceSession, Page};
use matinee_domain::ids::UserId;
use matinee_store::accounts::SessionRow;

/// `GET /users/{user_id}/sessions`: the one seen last first.
pub async fn sessions(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let items = of_user(&app, &caller, user_id).await?;
    let next_cursor = None;
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

/// A person's sessions as they see them.
pub(super) async fn of_user(
    app: &App,
    caller: &Caller,
    user_id: UserId,
) -> Result<Vec<DeviceSession>, ApiError> {
    let rows = app.store.sessions_of(user_id, app.clock.now()).await?;
    let shown = rows.into_iter().map(|row| shown(app, caller, row));
    Ok(shown.collect())
}

fn shown(app: &App, caller: &Caller, row: SessionRow) -> DeviceSession {
    DeviceSession {
        session_id: app.keys.session_name(&row.session_id),
        device: row.device,
        created_at: row.created_at,
        last_used_at: row.used_at,
        current: caller.session == Some(row.session_id),
    }
}

/// `DELETE /users/{user_id}/sessions/{session_id}`: that device is signed out. Its next call is refused.
pub async fn end(
    State(app): State<AppState>,
    caller: Caller,
    Pair(user, named): Pair<UserRef, SessionName>,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let rows = app.store.sessions_of(user_id, app.clock.now()).await?;
    let row = rows
        .into_iter()
        .find(|row| app.keys.session_name(&row.session_id) == named.0)
        .ok_or_else(|| ApiError::not_found("session"))?;
    app.sessions.end(&*app.store, row.session_id).await?;
    app.computers.news_of(user_id);
    if caller.via_cookie && caller.session == Some(row.session_id) {
        let secure = caller.request.secure;
        caller.request.send_cookie(cookie::clear(secure));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /users/{user_id}/sessions`: every device but this one is signed out.
pub async fn end_others(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let keep = caller.session.ok_or_else(crate::auth::session_ended)?;
    app.sessions.end_others(&*app.store, user_id, keep).await?;
    app.computers.news_of(user_id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A session's name in a path; any other text names nothing.
#[derive(Debug, Clone)]
pub struct SessionName(String);

impl std::str::FromStr for SessionName {
    type Err = matinee_domain::ids::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
