//! `/subscriptions/{subscription_id}/live`: the messages of the app on a computer as they come, and what it says of those it
//! got there.

use crate::{
    app::AppState,
    auth::{Caller, session_ended},
    http::{ApiError, Id, Pair, answer},
    messages::{
        computers::{DeviceMessages, Follower},
        people,
    },
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use matinee_domain::ids::{NotificationId, SubscriptionId};
use matinee_integrations::channels::Medium;
use std::sync::Arc;

/// `GET /subscriptions/{subscription_id}/live`: server-sent events.
pub async fn follow(
    State(app): State<AppState>,
    caller: Caller,
    Id(subscription_id): Id<SubscriptionId>,
) -> Result<Response, ApiError> {
    let follower = Follower {
        user_id: caller.require_user()?,
        session_id: caller.session.ok_or_else(session_ended)?,
        subscription_id,
    };
    let row = app.store.subscription(subscription_id).await?;
    let theirs =
        row.filter(|row| row.user_id == follower.user_id && row.channel == Medium::App.name());
    if theirs.is_none() {
        return Err(ApiError::not_found("subscription"));
    }
    let listening = app.computers.listen(subscription_id, follower.user_id)?;
    let messages = DeviceMessages::new(Arc::clone(&app), follower, listening);
    Ok(answer::events(messages.into_stream()))
}

/// `POST /subscriptions/{subscription_id}/messages/{message_id}/shown`: it is not told again. What was said before, and what
/// waits no more, is fine too.
pub async fn shown(
    State(app): State<AppState>,
    caller: Caller,
    Pair(subscription_id, message_id): Pair<SubscriptionId, NotificationId>,
) -> Result<Response, ApiError> {
    let user_id = caller.require_user()?;
    let row = app.store.subscription(subscription_id).await?;
    if row.is_none_or(|row| row.user_id != user_id) {
        return Err(ApiError::not_found("subscription"));
    }
    let recipient = people::names_subscription(subscription_id);
    let now = app.clock.now();
    if app.store.app_showed(&recipient, message_id, now).await? {
        app.metrics.channel(Medium::App.name(), "sent");
        app.metrics.messages_sent.add(1);
        app.computers.showed(subscription_id);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
