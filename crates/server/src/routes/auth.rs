//! `/auth/…`: registering, signing in and out, keeping a session, a forgotten password, a verified e-mail.
//!
//! Nothing here is kept in an idempotency record: the answers hold secrets.

mod password;
mod register;

use password::{PASSWORD_BYTES_MAX, account_of};
pub(super) use password::{is_own_password, pair_key};
pub use register::register;
pub(super) use register::{NewAccount, email_taken};

use crate::{
    app::{App, AppState},
    auth::{
        Address, Caller, Opening, REFRESH_SECONDS, Secret, Tokens, check_password, cookie, digest,
        family_in, new_secret,
    },
    http::{ApiError, EmptyOr, Json, Limit, answer::read, body::answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use email_address::{EmailAddress, Options};
use matinee_api::{
    ForgotRequest, LoginRequest, ProblemCode, RefreshRequest, ResetRequest, Session, SessionInfo,
    SessionMode, SessionUser, VerifyRequest,
};
use matinee_domain::ids::{NotificationId, UserId};
use matinee_store::{
    accounts::{OneTimeRow, OneTimeUse, PasswordBy, RAN_OUT_KEPT, UserRow},
    outbox::NewMessage,
};

/// How long a mailed link to a new password works.
const RESET_LIFE: TimeDelta = TimeDelta::hours(1);
/// How long a mailed link that verifies an e-mail works.
const VERIFY_LIFE: TimeDelta = TimeDelta::days(7);
/// Longest e-mail address (RFC 5321).
const EMAIL_MAX: usize = 254;
/// Longest name.
pub(super) const NAME_MAX: usize = 200;

/// `POST /auth/login`
pub async fn login(
    State(app): State<AppState>,
    address: Address,
    body: Json<LoginRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let request = body.value;
    app.limits.check(Limit::LoginAddress, address.key(), now)?;
    let email = request.email.trim();
    if email.len() > EMAIL_MAX || request.password.len() > PASSWORD_BYTES_MAX {
        return Err(bad_credentials());
    }
    let pair = pair_key(&app, &address, email);
    let user = account_of(&app, pair, (email, request.password), now).await?;
    let user = user.ok_or_else(bad_credentials)?;
    let second_factor =
        super::second_factor::shown(&app, &user, request.code.as_deref(), now).await?;
    app.limits.succeeded(pair, now);
    let opening = Opening {
        second_factor,
        ..opening(&user, request.session, &address)
    };
    let tokens = app
        .sessions
        .open(&*app.store, &*app.entropy, (&user, opening), now)
        .await?
        .ok_or_else(bad_credentials)?;
    Ok(session_answer(StatusCode::OK, &tokens, &address, plain))
}

/// A session of this person on the device that asks.
pub(super) fn opening(user: &UserRow, mode: SessionMode, address: &Address) -> Opening {
    Opening {
        user_id: user.user_id,
        role: user.role,
        cookie: mode == SessionMode::Cookie,
        device: address.device.clone(),
        second_factor: false,
    }
}

/// `POST /auth/refresh`: new tokens for a refresh token, or a longer life for a cookie.
pub async fn refresh(
    State(app): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: EmptyOr<RefreshRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::RefreshAddress, address.key(), now)?;
    let secure = address.request.secure;
    let tokens = if let Some(presented) = body.value.refresh_token {
        app.sessions
            .refresh(&*app.store, &*app.entropy, &presented, now)
            .await?
    } else if let Some(token) = cookie::read(&headers, secure) {
        let renewed = app.sessions.renew_cookie(&*app.store, token, now).await?;
        renewed.ok_or_else(|| {
            address.request.send_cookie(cookie::clear(secure));
            crate::auth::session_ended()
        })?
    } else {
        return Err(ApiError::new(
            ProblemCode::Unauthenticated,
            "Send the refresh token, or the session cookie.",
        ));
    };
    Ok(session_answer(StatusCode::OK, &tokens, &address, plain))
}

/// `POST /auth/logout`: ends the session of whatever token or cookie came along. Done twice, it is still done.
pub async fn logout(
    State(app): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: EmptyOr<RefreshRequest>,
) -> Result<Response, ApiError> {
    let secure = address.request.secure;
    let in_cookie = cookie::read(&headers, secure);
    let refresh = body.value.refresh_token.as_deref();
    for session_id in family_in(&headers, refresh, in_cookie) {
        app.sessions.end(&*app.store, session_id).await?;
    }
    if in_cookie.is_some() {
        address.request.send_cookie(cookie::clear(secure));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /auth/session`: who is signed in, for a page that has a cookie it cannot read. Nobody is an answer, not an
/// error; a database that does not answer is one.
pub async fn session(
    State(app): State<AppState>,
    headers: HeaderMap,
    caller: Result<Caller, ApiError>,
) -> Result<Response, ApiError> {
    let (user_id, administrator) = match caller {
        Ok(caller) => (caller.user(), caller.is_admin()),
        Err(error) if error.code() == ProblemCode::SessionEnded => (None, false),
        Err(error) => return Err(error),
    };
    let row = match user_id {
        Some(user_id) => app.store.user(user_id).await?,
        None => None,
    };
    let user = match row {
        Some(row) => Some(SessionUser {
            second_factor: super::second_factor::state(&app, &row).await?,
            user_id: row.user_id,
            name: row.profile.name,
            email: row.email,
            email_verified: row.email_verified,
            administrator,
        }),
        None => None,
    };
    Ok(read(&headers, &SessionInfo { user }))
}

/// `POST /auth/password/forgot`: 202 for every e-mail, known or not, with the same work done for both.
pub async fn forgot(
    State(app): State<AppState>,
    address: Address,
    body: Json<ForgotRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits.check(Limit::ForgotAddress, address.key(), now)?;
    let email = body.value.email.trim();
    let key = app.keys.text_digest(&email.to_lowercase());
    let user = if email.len() > EMAIL_MAX || !app.limits.allows(Limit::ForgotEmail, key, now) {
        None
    } else {
        app.store.user_by_email(email).await?
    };
    let (secret, digest) = new_secret(&*app.entropy);
    let row = OneTimeRow {
        digest,
        purpose: OneTimeUse::PasswordReset,
        // A row without a subject opens nothing: it is there so that an unknown e-mail costs the same write.
        subject: user
            .as_ref()
            .map(|user| user.user_id.to_string())
            .unwrap_or_default(),
        expires_at: if user.is_some() {
            now + RESET_LIFE
        } else {
            now
        },
    };
    let message = user.map(|user| {
        link_mail(
            &app,
            "password_reset",
            &user,
            &format!("/reset#token={secret}"),
            now,
        )
    });
    app.store.add_one_time(row, message).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// `POST /auth/password/reset`: a new password by a mailed link; every session and passkey ends, and what was set up
/// before anybody had shown that the address is theirs.
pub async fn reset(
    State(app): State<AppState>,
    address: Address,
    body: Json<ResetRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::OneTimeAddress, address.key(), now)?;
    check_password("/password", &body.value.password)?;
    // Hashed first, so that a busy server does not use the link up for nothing.
    let hash = app
        .passwords
        .hash(body.value.password, app.entropy.bytes())
        .await?;
    let user_id = use_link(&app, &body.value.token, OneTimeUse::PasswordReset, now).await?;
    app.store
        .set_password(user_id, hash, PasswordBy::Mail)
        .await?;
    app.sessions.forget_all();
    app.computers.news_of(user_id);
    if let Some(user) = app.store.user(user_id).await? {
        let pair = pair_key(&app, &address, &user.email);
        app.limits.succeeded(pair, now);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /auth/verify`: the e-mail is theirs; guest bookings made with it join the account.
pub async fn verify(
    State(app): State<AppState>,
    address: Address,
    body: Json<VerifyRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::OneTimeAddress, address.key(), now)?;
    let token = digest(&body.value.token);
    let subject = async |good_at| {
        let purpose = OneTimeUse::EmailVerification;
        app.store.one_time_subject(token, purpose, good_at).await
    };
    // Not used up: whoever opens the link again, or a program that opened it before them, is to hear that all is well.
    let user_id = match subject(now).await? {
        Some(subject) => subject.parse().ok(),
        None => match subject(now - RAN_OUT_KEPT).await? {
            Some(subject) => return Err(ran_out(&app, &subject).await?),
            None => None,
        },
    };
    let user_id: UserId = user_id.ok_or_else(link_unknown)?;
    if is_verified(&app, user_id).await? {
        return Err(verified_already());
    }
    app.store.verify_email(user_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A link that ran out says so, unless another one did its work.
async fn ran_out(app: &App, subject: &str) -> Result<ApiError, ApiError> {
    if let Ok(user_id) = subject.parse()
        && is_verified(app, user_id).await?
    {
        return Ok(verified_already());
    }
    Ok(ApiError::new(
        ProblemCode::LinkExpired,
        "This link has run out. Sign in and ask for a new one; your account works either way.",
    ))
}

async fn is_verified(app: &App, user_id: UserId) -> Result<bool, ApiError> {
    let user = app.store.user(user_id).await?;
    Ok(user.ok_or_else(link_unknown)?.email_verified)
}

fn verified_already() -> ApiError {
    ApiError::new(
        ProblemCode::VerifiedAlready,
        "This e-mail address is confirmed already. There is nothing left to do.",
    )
}

fn link_unknown() -> ApiError {
    ApiError::new(
        ProblemCode::SessionEnded,
        "This link was used already or has run out. Ask for a new one.",
    )
}

/// `POST /auth/verify/resend`: another mail to the signed-in person's own address. A verified one gets none, and nobody gets
/// many; both are told by the same 202.
pub async fn resend_verification(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let user_id = caller.require_user()?;
    let now = app.clock.now();
    let user = app.store.user(user_id).await?;
    let user = user.ok_or_else(crate::auth::session_ended)?;
    let key = app.keys.text_digest(&user.email.to_lowercase());
    if !user.email_verified && app.limits.allows(Limit::VerifyEmail, key, now) {
        let (secret, message) = verification_of(&app, &user, now);
        app.store.add_one_time(secret, Some(message)).await?;
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

async fn use_link(
    app: &App,
    token: &str,
    purpose: OneTimeUse,
    now: DateTime<Utc>,
) -> Result<UserId, ApiError> {
    let subject = app.store.use_one_time(digest(token), purpose, now).await?;
    subject
        .and_then(|subject| subject.parse().ok())
        .ok_or_else(link_unknown)
}

/// What verifies a user's e-mail, and the message that mails it.
fn verification_of(app: &App, user: &UserRow, now: DateTime<Utc>) -> (OneTimeRow, NewMessage) {
    let (secret, digest) = new_secret(&*app.entropy);
    let row = OneTimeRow {
        digest,
        purpose: OneTimeUse::EmailVerification,
        subject: user.user_id.to_string(),
        expires_at: now + VERIFY_LIFE,
    };
    let message = link_mail(
        app,
        "email_verification",
        user,
        &format!("/verify#token={secret}"),
        now,
    );
    (row, message)
}

/// A mail with a link. The secret stands in the fragment, which no browser sends to a server.
fn link_mail(app: &App, kind: &str, user: &UserRow, path: &str, now: DateTime<Utc>) -> NewMessage {
    NewMessage {
        notification_id: NotificationId::from_bytes(app.entropy.bytes()),
        booking_id: None,
        kind: kind.into(),
        channel: "email".into(),
        recipient: user.email.clone(),
        payload: serde_json::json!({ "path": path, "language": user.profile.language }).to_string(),
        created_at: now,
    }
}

/// The session as it is.
pub(super) fn plain(session: Session) -> Session {
    session
}

/// Answers with a new session in `body`, or in a cookie.
pub(super) fn session_answer<T: serde::Serialize>(
    status: StatusCode,
    tokens: &Tokens,
    address: &Address,
    body: impl FnOnce(Session) -> T,
) -> Response {
    if let Secret::Cookie(token) = &tokens.secret {
        let secure = address.request.secure;
        address
            .request
            .send_cookie(cookie::set(token, secure, REFRESH_SECONDS));
    }
    answer(status, &body(tokens.answer()))
}

fn bad_credentials() -> ApiError {
    ApiError::new(
        ProblemCode::BadCredentials,
        "There is no account with this e-mail and password.",
    )
}

/// The trimmed e-mail, or 422.
pub fn check_email(pointer: &str, email: &str) -> Result<String, ApiError> {
    let email = email.trim();
    let options = Options::default()
        .without_display_text()
        .without_domain_literal();
    if email.len() <= EMAIL_MAX && EmailAddress::parse_with_options(email, options).is_ok() {
        return Ok(email.to_owned());
    }
    Err(ApiError::invalid(pointer, "That is not an e-mail address."))
}

#[cfg(test)]
mod tests;
