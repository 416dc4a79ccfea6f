//! `/auth/second-factor/…`: a code generator for staff, and what signing in asks for because of it.
//!
//! A code is good once, and guessing is counted before the code is looked at, so that guesses made at once count too.
//! Without a generator, staff sign in as customers until they have set one up (unless the operator switched that off). A
//! password alone sets one up only where there is no second factor yet: beside a passkey it would open what the passkey
//! keeps shut.

use super::auth::is_own_password;
use crate::{
    app::{App, AppState},
    auth::{Address, Caller, codes},
    http::{ApiError, Json, answer},
    tickets,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{
    ProblemCode, RecoveryCodes, SecondFactorBegin, SecondFactorBegun, SecondFactorCode,
    SecondFactorRemove, SecondFactorState,
};
use matinee_store::{
    accounts::{Role, UserRow},
    sign_in::SecondFactorRow,
};

/// Codes that may be wrong before each one more costs a pause.
const FREE_TRIES: u32 = 5;
/// The pause. One guess in a quarter of an hour finds a six-digit code, of which three count, in about five years.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// `POST /auth/second-factor/begin`: a new secret. It counts once a first code of it was right.
pub async fn begin(
    State(app): State<AppState>,
    caller: Caller,
    address: Address,
    body: Json<SecondFactorBegin>,
) -> Result<Response, ApiError> {
    let user = staff(&app, &caller).await?;
    as_strong_as_the_account(&app, &caller, &user).await?;
    own_password(&app, &address, &user, body.value.password).await?;
    let secret = app.entropy.bytes();
    if !app.store.begin_second_factor(user.user_id, secret).await? {
        return Err(ApiError::invalid(
            "",
            "A code generator is set up already. Remove it first to set up another one.",
        ));
    }
    let otpauth_url = codes::otpauth_url(secret, &user.email);
    let begun = SecondFactorBegun {
        qr_svg: tickets::qr_svg(&otpauth_url)?,
        secret: codes::secret_text(secret),
        otpauth_url,
    };
    Ok(answer::json(200, &begun))
}

/// `POST /auth/second-factor/confirm`: a first right code. The answer has the recovery codes, this once.
pub async fn confirm(
    State(app): State<AppState>,
    caller: Caller,
    body: Json<SecondFactorCode>,
) -> Result<Response, ApiError> {
    let user = staff(&app, &caller).await?;
    let session = caller.session.ok_or_else(crate::auth::session_ended)?;
    // Once more: what was begun before there was a passkey is not finished beside it.
    as_strong_as_the_account(&app, &caller, &user).await?;
    let now = app.clock.now();
    let row = counted_try(&app, &user, now).await?;
    let row = row.filter(|row| row.confirmed_at.is_none());
    let row =
        row.ok_or_else(|| ApiError::invalid("/code", "Begin to set the code generator up first."))?;
    let step = codes::step_of(row.secret, &body.value.code, now).ok_or_else(wrong_in_form)?;
    let recovery_codes = codes::new_recovery_codes(&*app.entropy);
    let digests = recovery_codes
        .iter()
        .filter_map(|code| codes::recovery_digest(code))
        .collect();
    let confirmed = app
        .store
        .confirm_second_factor(user.user_id, step, digests, session, now)
        .await?;
    app.sessions.forget_all();
    app.computers.news_of(user.user_id);
    if !confirmed {
        return Err(wrong_in_form());
    }
    Ok(answer::json(200, &RecoveryCodes { recovery_codes }))
}

/// `POST /auth/second-factor/remove`: with password and code. Every session ends.
pub async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    address: Address,
    body: Json<SecondFactorRemove>,
) -> Result<Response, ApiError> {
    let user_id = caller.require_user()?;
    let user = app.store.user(user_id).await?;
    let user = user.ok_or_else(crate::auth::session_ended)?;
    let request = body.value;
    own_password(&app, &address, &user, request.password).await?;
    let now = app.clock.now();
    if !code_fits(&app, &user, &request.code, now).await? {
        return Err(wrong_in_form());
    }
    app.store.remove_second_factor(user_id).await?;
    app.sessions.forget_all();
    app.computers.news_of(user_id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whether this sign-in showed a second factor; 401 when it has to and did not.
pub(super) async fn shown(
    app: &App,
    user: &UserRow,
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, ApiError> {
    let row = app.store.second_factor(user.user_id).await?;
    if row.is_none_or(|row| row.confirmed_at.is_none()) {
        return Ok(false);
    }
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Err(ApiError::new(
            ProblemCode::SecondFactorRequired,
            "This account needs a code of its generator as well: send it with the password.",
        ));
    };
    if code_fits(app, user, code, now).await? {
        return Ok(true);
    }
    app.metrics.second_factor_refused.add(1);
    Err(ApiError::new(
        ProblemCode::SecondFactorWrong,
        "The code is wrong or was used before. Wait for the next one, or use a recovery code.",
    ))
}

/// Where an account stands, as its owner is told.
pub(super) async fn state(app: &App, user: &UserRow) -> Result<SecondFactorState, ApiError> {
    let row = app.store.second_factor(user.user_id).await?;
    Ok(if row.is_some_and(|row| row.confirmed_at.is_some()) {
        SecondFactorState::On
    } else if app.config.staff_second_factor && is_staff(app, user).await? {
        SecondFactorState::Missing
    } else {
        SecondFactorState::NotNeeded
    })
}

/// A code of the generator or a recovery code, each good once.
async fn code_fits(
    app: &App,
    user: &UserRow,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool, ApiError> {
    let Some(row) = counted_try(app, user, now).await? else {
        return Ok(false);
    };
    if row.confirmed_at.is_none() {
        return Ok(false);
    }
    if let Some(step) = codes::step_of(row.secret, code, now) {
        return Ok(app.store.take_step(user.user_id, step).await?);
    }
    match codes::recovery_digest(code) {
        Some(digest) => Ok(app.store.take_recovery_code(user.user_id, digest).await?),
        None => Ok(false),
    }
}

/// The generator, with this try counted; 429 while it is blocked.
async fn counted_try(
    app: &App,
    user: &UserRow,
    now: DateTime<Utc>,
) -> Result<Option<SecondFactorRow>, ApiError> {
    let tried = app
        .store
        .try_second_factor(user.user_id, now, FREE_TRIES, PAUSE)
        .await?;
    if tried.is_some() {
        return Ok(tried);
    }
    let row = app.store.second_factor(user.user_id).await?;
    let blocked = row.filter(|row| row.blocked_until > now);
    match blocked {
        None => Ok(None),
        Some(row) => {
            // Begun seconds count whole: who waits as long as this says is let in.
            let left = (row.blocked_until - now).num_milliseconds() / 1000 + 1;
            let blocked = ApiError::new(
                ProblemCode::TooManyAttempts,
                "Too many wrong codes. Wait a quarter of an hour, then try once more.",
            );
            Err(blocked.retry_after(u32::try_from(left).unwrap_or(u32::MAX)))
        }
    }
}

/// 403 in a session that showed less than opens the account of staff: who knows their password alone can neither add a
/// second factor of their own nor take the one away that is there.
pub(super) async fn as_strong_as_the_account(
    app: &App,
    caller: &Caller,
    user: &UserRow,
) -> Result<(), ApiError> {
    if caller.second_factor || !is_staff(app, user).await? {
        return Ok(());
    }
    let refused = |words| Err(ApiError::new(ProblemCode::Forbidden, words));
    let generator = app.store.second_factor(user.user_id).await?;
    if generator.is_some_and(|row| row.confirmed_at.is_some()) {
        return refused("Sign in with a code of your generator first. Nothing was changed.");
    }
    if !app.store.passkeys_of(user.user_id).await?.is_empty() {
        return refused(
            "Sign in with your passkey first. Nothing was changed. If you lost it, whoever runs the server takes it away.",
        );
    }
    Ok(())
}

/// The person is more than a customer: runs the server, or works in a theater.
pub(super) async fn is_staff(app: &App, user: &UserRow) -> Result<bool, ApiError> {
    if user.role != Role::Customer {
        return Ok(true);
    }
    Ok(!app.store.theaters_of(user.user_id).await?.is_empty())
}

/// The signed-in person, who is staff by their account, whatever this session may do.
async fn staff(app: &App, caller: &Caller) -> Result<UserRow, ApiError> {
    let user_id = caller.require_user()?;
    let user = app.store.user(user_id).await?;
    let user = user.ok_or_else(crate::auth::session_ended)?;
    if !is_staff(app, &user).await? {
        return Err(ApiError::new(
            ProblemCode::Forbidden,
            "Code generators are for the accounts of staff.",
        ));
    }
    Ok(user)
}

/// 422 unless the password is the person's own; wrong ones count like those of signing in.
async fn own_password(
    app: &App,
    address: &Address,
    user: &UserRow,
    password: String,
) -> Result<(), ApiError> {
    if is_own_password(app, address, user, password).await? {
        return Ok(());
    }
    Err(ApiError::invalid(
        "/password",
        "This is not your password. An account without one sets one through \"Forgot password\".",
    ))
}

fn wrong_in_form() -> ApiError {
    ApiError::invalid(
        "/code",
        "The code is wrong or was used before. Wait for the next one.",
    )
}

#[cfg(test)]
mod tests;
