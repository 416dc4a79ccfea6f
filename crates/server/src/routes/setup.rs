//! `/setup`: the first administrator of a server that has none.
//!
//! Whoever shows the code that the server printed where it was started is who runs it. The code stays the same until there
//! is an administrator and is good for nothing afterwards: the store makes only the first one, in one transaction. What an
//! administrator sets up then (a code generator, theaters) are the calls that everybody has.

use super::auth::{NewAccount, email_taken, pair_key, plain, session_answer};
use crate::{
    app::{App, AppState},
    auth::Address,
    http::{ApiError, Json, Limit, answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use matinee_api::{ProblemCode, RegisterRequest, SetupRequest, SetupState};
use matinee_store::{
    StoreError,
    accounts::{Role, SetUp},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// That there is an administrator, once it was seen: whoever asks afterwards costs the database nothing. Should the last
/// one delete their account, a restart notices.
#[derive(Debug, Default)]
pub struct SetUpSeen(AtomicBool);

/// Whether the server has no administrator yet.
pub(crate) async fn needed(app: &App) -> Result<bool, StoreError> {
    if app.set_up.0.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let there = app.store.has_admin().await?;
    app.set_up.0.store(there, Ordering::Relaxed);
    Ok(!there)
}

/// `GET /setup`. On a demo nobody is asked to.
pub async fn state(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let needed = !app.config.demo && needed(&app).await?;
    Ok(answer::read(&headers, &SetupState { needed }))
}

/// `POST /setup`
pub async fn set_up(
    State(app): State<AppState>,
    address: Address,
    body: Json<SetupRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::OneTimeAddress, address.key(), now)?;
    if !needed(&app).await? {
        return Err(already());
    }
    let request = body.value;
    if !app.keys.is_setup_code(request.code.trim()) {
        return Err(ApiError::invalid(
            "/code",
            "This is not the code of this server. It stands at the end of the address that the server printed where it was started; start it again to see it.",
        ));
    }
    let register = RegisterRequest {
        email: request.email,
        password: request.password,
        name: request.name,
        language: request.language,
        session: request.session,
    };
    let account = NewAccount::make(&app, &address, register, Role::Admin).await?;
    let NewAccount {
        user,
        verification,
        session,
        tokens,
    } = account;
    let pair = pair_key(&app, &address, &user.email);
    match app.store.set_up(user, verification, session).await? {
        SetUp::Done => {}
        SetUp::NotFirst => return Err(already()),
        SetUp::EmailTaken => return Err(email_taken()),
    }
    app.limits.succeeded(pair, now);
    Ok(session_answer(
        StatusCode::CREATED,
        &tokens,
        &address,
        plain,
    ))
}

/// `GET /setup/ca.crt`: what a device of the local network installs to trust this server. A plain file, as phones take it from
/// their browser.
pub async fn authority(State(app): State<AppState>) -> Response {
    match &app.lan {
        Some(lan) => lan.certificate(),
        None => (
            StatusCode::NOT_FOUND,
            "This server is not open to a local network, so there is no certificate to trust.\n",
        )
            .into_response(),
    }
}

fn already() -> ApiError {
    ApiError::new(
        ProblemCode::SetUpAlready,
        "This server has an administrator: sign in. Further ones are made on the command line (matinee-server admin create).",
    )
}
