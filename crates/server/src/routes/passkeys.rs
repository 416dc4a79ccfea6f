//! `/auth/passkeys/…` and `/users/{user_id}/passkeys`: passkeys made, used, listed and taken away.
//!
//! What a browser is asked is kept under the digest of a secret that its page brings back, good once for five minutes. The
//! browser's own words (options, credentials) travel as JSON text: only the browser and the protocol's library read them.

use super::auth::{is_own_password, opening, session_answer};
use crate::{
    app::{App, AppState},
    auth::{Address, Caller, Opening, Passkeys, digest, has_password, new_secret},
    http::{ApiError, EmptyOr, Id, Json, Limit, Pair, UserRef, answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{
    Page, Passkey as Told, PasskeyAsked, PasskeyBegin, PasskeyMade, PasskeyUsed, ProblemCode,
    Session,
};
use matinee_domain::ids::UserId;
use matinee_store::{
    accounts::{TokenDigest, UserRow},
    sign_in::{FlowKind, FlowRow, PASSKEYS_MAX, PasskeyRow},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PasskeyRegistration};

/// How long a person may take at their device.
const FLOW_LIFE: TimeDelta = TimeDelta::minutes(5);
/// Longest words of a browser that are looked at.
const WORDS_MAX: usize = 64 * 1024;
/// Longest name of a passkey.
const NAME_MAX: usize = 100;

/// A passkey being made.
#[derive(Serialize, Deserialize)]
struct Making {
    user_id: UserId,
    /// Digest of the password's hash: a new password ends what was begun under the old one.
    account: TokenDigest,
    state: PasskeyRegistration,
}

/// `POST /auth/passkeys/begin`: what the browser needs to make one.
pub async fn begin(
    State(app): State<AppState>,
    caller: Caller,
    address: Address,
    body: EmptyOr<PasskeyBegin>,
) -> Result<Response, ApiError> {
    let site = site(&app)?;
    let now = app.clock.now();
    let user = own_account(&app, &caller).await?;
    may_add(&app, &caller, &address, &user, body.value.password).await?;
    let known = app.store.passkeys_of(user.user_id).await?;
    if known.len() >= PASSKEYS_MAX as usize {
        return Err(ApiError::invalid(
            "",
            format!("An account has at most {PASSKEYS_MAX} passkeys. Take one away first."),
        ));
    }
    let known = known.into_iter().map(|row| row.credential).collect();
    let (options, state) = site
        .begin_making(user.user_id, &user.email, &user.profile.name, known)
        .map_err(|error| failed(&error))?;
    let making = Making {
        user_id: user.user_id,
        account: digest(&user.password_hash),
        state,
    };
    asked(&app, FlowKind::PasskeyMaking, &options, &making, now).await
}

/// `POST /auth/passkeys/finish`: the passkey the browser made.
pub async fn finish(
    State(app): State<AppState>,
    caller: Caller,
    body: Json<PasskeyMade>,
) -> Result<Response, ApiError> {
    let site = site(&app)?;
    let now = app.clock.now();
    let user = own_account(&app, &caller).await?;
    super::second_factor::as_strong_as_the_account(&app, &caller, &user).await?;
    let request = body.value;
    let name = super::profile::text("/name", &request.name, 1, NAME_MAX)?;
    let making: Making = begun(&app, FlowKind::PasskeyMaking, &request.secret, now).await?;
    if making.user_id != user.user_id || making.account != digest(&user.password_hash) {
        return Err(over());
    }
    let brought = words(&request.credential)?;
    let passkey = site.made(&brought, &making.state).map_err(|error| {
        tracing::info!(%error, "a passkey was not taken");
        over()
    })?;
    let row = PasskeyRow {
        credential: passkey.cred_id().clone(),
        user_id: user.user_id,
        name,
        body: serde_json::to_string(&passkey).unwrap_or_default(),
        created_at: now,
        used_at: None,
    };
    if !app.store.add_passkey(row.clone()).await? {
        return Err(ApiError::invalid(
            "/credential",
            "This passkey is known already, or there are too many.",
        ));
    }
    Ok(answer::json(201, &super::export::passkey(&row)))
}

/// `POST /auth/passkey/start`: what the browser needs to ask for a passkey of this site.
pub async fn start(State(app): State<AppState>, address: Address) -> Result<Response, ApiError> {
    let site = site(&app)?;
    let now = app.clock.now();
    app.limits
        .check(Limit::PasskeyAddress, address.key(), now)?;
    let (options, state) = site.begin_use().map_err(|error| failed(&error))?;
    asked(&app, FlowKind::PasskeyUse, &options, &state, now).await
}

/// `POST /auth/passkey/finish`: signed in by whose passkey it is.
pub async fn sign_in(
    State(app): State<AppState>,
    address: Address,
    body: Json<PasskeyUsed>,
) -> Result<Response, ApiError> {
    let site = site(&app)?;
    let now = app.clock.now();
    app.limits
        .check(Limit::PasskeyAddress, address.key(), now)?;
    let request = body.value;
    let state: DiscoverableAuthentication =
        begun(&app, FlowKind::PasskeyUse, &request.secret, now).await?;
    let brought = words(&request.credential)?;
    let shown = site.named(&brought).map_err(|_| unknown())?;
    let row = app.store.passkey(&shown.credential).await?;
    let row = row.filter(|row| row.user_id == shown.user_id);
    let row = row.ok_or_else(unknown)?;
    let mut passkey: Passkey = serde_json::from_str(&row.body).map_err(|error| {
        tracing::error!(%error, "a kept passkey cannot be read");
        unknown()
    })?;
    let result = site.used(&brought, state, &passkey).map_err(|error| {
        tracing::info!(%error, "a passkey was refused");
        app.metrics.passkeys_refused.add(1);
        unknown()
    })?;
    passkey.update_credential(&result);
    let body = serde_json::to_string(&passkey).unwrap_or_default();
    // Read before the passkey is found still there: a new password after that ends the session that is opened.
    let user = app.store.user(row.user_id).await?.ok_or_else(unknown)?;
    if !app.store.passkey_used(&row, body, now).await? {
        // Used at this very moment elsewhere: its counter would go unnoticed.
        return Err(over());
    }
    let opening = Opening {
        second_factor: result.user_verified(),
        ..opening(&user, request.session, &address)
    };
    let tokens = app
        .sessions
        .open(&*app.store, &*app.entropy, (&user, opening), now)
        .await?
        .ok_or_else(unknown)?;
    let plain = |session: Session| session;
    Ok(session_answer(StatusCode::OK, &tokens, &address, plain))
}

/// `GET /users/{user_id}/passkeys`: oldest first.
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let rows = app.store.passkeys_of(user_id).await?;
    let items: Vec<Told> = rows.iter().map(super::export::passkey).collect();
    let next_cursor = None;
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

/// `DELETE /users/{user_id}/passkeys/{passkey_id}`: it opens nothing any more. Staff take theirs away in a session that
/// showed a second factor: without any, a password alone would set up another one.
pub async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Pair(user, id): Pair<UserRef, PasskeyId>,
) -> Result<Response, ApiError> {
    let user_id = super::access::user(&caller, user)?;
    let user = own_account(&app, &caller).await?;
    super::second_factor::as_strong_as_the_account(&app, &caller, &user).await?;
    if app.store.remove_passkey(user_id, &id.0).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(ApiError::not_found("passkey"))
    }
}

/// A credential's id in a path.
#[derive(Debug, Clone)]
pub struct PasskeyId(Vec<u8>);

impl std::str::FromStr for PasskeyId {
    type Err = matinee_domain::ids::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        // What is no id names nothing, like one that nobody has.
        Ok(Self(bytes.unwrap_or_default()))
    }
}

fn site(app: &App) -> Result<&Passkeys, ApiError> {
    app.passkeys
        .as_ref()
        .ok_or_else(|| ApiError::not_found("way to sign in"))
}

async fn own_account(app: &App, caller: &Caller) -> Result<UserRow, ApiError> {
    let user_id = caller.require_user()?;
    let user = app.store.user(user_id).await?;
    user.ok_or_else(crate::auth::session_ended)
}

/// A passkey opens an account by itself, so adding one needs an address that is known to be the person's, and what opens
/// the account now: the password, and for staff with a second factor a session that showed it.
async fn may_add(
    app: &App,
    caller: &Caller,
    address: &Address,
    user: &UserRow,
    password: Option<String>,
) -> Result<(), ApiError> {
    if !user.email_verified {
        return Err(ApiError::new(
            ProblemCode::EmailUnverified,
            "Confirm your e-mail address first, by the link that was mailed to it; then make a passkey.",
        ));
    }
    super::second_factor::as_strong_as_the_account(app, caller, user).await?;
    if !has_password(&user.password_hash) {
        return Ok(());
    }
    if is_own_password(app, address, user, password.unwrap_or_default()).await? {
        return Ok(());
    }
    Err(ApiError::invalid("/password", "This is not your password."))
}

/// Keeps what has to be known and answers with what the browser needs.
async fn asked(
    app: &App,
    kind: FlowKind,
    options: &impl Serialize,
    state: &impl Serialize,
    now: DateTime<Utc>,
) -> Result<Response, ApiError> {
    let (secret, digest) = new_secret(&*app.entropy);
    let flow = FlowRow {
        digest,
        kind,
        body: serde_json::to_string(state).unwrap_or_default(),
        expires_at: now + FLOW_LIFE,
    };
    app.store.begin_flow(flow, now).await?;
    let options = serde_json::to_string(options).unwrap_or_default();
    Ok(answer::json(200, &PasskeyAsked { secret, options }))
}

async fn begun<T: DeserializeOwned>(
    app: &App,
    kind: FlowKind,
    secret: &str,
    now: DateTime<Utc>,
) -> Result<T, ApiError> {
    let kept = app.store.end_flow(digest(secret), kind, now).await?;
    let kept = kept.ok_or_else(over)?;
    serde_json::from_str(&kept).map_err(|_| over())
}

fn words<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let read = (text.len() <= WORDS_MAX).then(|| serde_json::from_str(text).ok());
    read.flatten().ok_or_else(|| {
        ApiError::invalid(
            "/credential",
            "The credential's JSON is expected, as the browser writes it.",
        )
    })
}

fn failed(error: &webauthn_rs::prelude::WebauthnError) -> ApiError {
    tracing::error!(%error, "a passkey cannot be asked for");
    ApiError::new(
        ProblemCode::Internal,
        "The passkey cannot be asked for. Nothing was changed; sign in with your password.",
    )
}

/// 401: nobody's passkey, or not shown as it should be.
fn unknown() -> ApiError {
    ApiError::new(
        ProblemCode::BadCredentials,
        "This passkey opens no account here. Sign in with your password.",
    )
}

/// 401: asked too long ago, or finished already.
fn over() -> ApiError {
    ApiError::new(
        ProblemCode::SessionEnded,
        "This took too long or was finished already. Begin it again.",
    )
}

#[cfg(test)]
mod tests;
