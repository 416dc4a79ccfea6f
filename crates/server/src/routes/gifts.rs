//! What is on a gift card.

use super::guess;
use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, Json, Limit, answer},
};
use axum::{extract::State, response::Response};
use matinee_api as api;
use std::sync::Arc;

/// `POST /gift-cards/balance`. The code is in the body, so that no log of addresses has it.
pub async fn balance(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<api::GiftBalanceRequest>,
) -> Result<Response, ApiError> {
    let api::GiftBalanceRequest { theater_id, code } = body.value;
    // Nothing typed is a guess as well.
    let tried = (Limit::GiftGuess, Some("?"));
    let card = app.desk.open_gift(theater_id, &code);
    let card = guess::counted(&app, &caller, tried, card).await??;
    let answer = api::GiftBalance {
        last4: card.last4,
        balance: card.balance,
        expires_at: card.ends_at,
    };
    Ok(answer::json(200, &answer))
}
