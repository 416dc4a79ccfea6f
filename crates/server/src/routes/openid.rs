//! `/auth/methods` and `/auth/openid/…`: signing in at the operator's OpenID provider.
//!
//! A browser begins, goes to the provider, comes back to the UI's page with a code, and that page finishes here. What was
//! begun is kept under the digest of its state, good once for ten minutes, and bound to the browser by a cookie. An app
//! that is no browser itself begins with a handoff: the browser finishes and brings a second one-time code to the port
//! where the app listens on this device; with its own secret the app exchanges that for a session, so that nobody else
//! who sees the code, or begins the sign-in in somebody's name, gets one.
//!
//! An account is found by the provider's name for the person. The first time it is found by the e-mail, and only when both
//! the provider and this server made sure of the address: else somebody could open an account by naming its address there,
//! or lie in wait with an account made here under somebody else's. An account that knows another person of this provider is
//! never linked by the address: addresses are given to the next person, the provider's names for people are not.

use super::auth::{NAME_MAX, opening, session_answer};
use crate::{
    app::{App, AppState},
    auth::{Address, NO_PASSWORD, cookie, digest, new_secret},
    http::{ApiError, EmptyOr, Json, Limit, answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{
    Handoff, HandoffRequest, OpenIdFinish, OpenIdFinished, OpenIdStart, OpenIdStarted, ProblemCode,
    SessionMode, SignInMethods,
};
use matinee_domain::ids::UserId;
use matinee_integrations::{OpenIdAttempt, OpenIdClaims, OpenIdError, OpenIdProvider};
use matinee_store::{
    accounts::{ProfileData, Role, TokenDigest, UserRow},
    sign_in::{FlowKind, FlowRow, IdentityRow},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// How long a person may take at the provider.
const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);
/// How long an app may take to ask for what a browser handed over.
const HANDOFF_LIFE: TimeDelta = TimeDelta::minutes(2);
/// Longest code, state or secret that is looked at.
const TEXT_MAX: usize = 4096;

/// What has to be known when the person comes back.
#[derive(Serialize, Deserialize)]
struct Begun {
    nonce: String,
    verifier: String,
    /// Digest of the browser's cookie; none for an app.
    browser: Option<TokenDigest>,
    handoff: Option<Handoff>,
}

/// What is handed to an app.
#[derive(Serialize, Deserialize)]
struct HandedOver {
    user_id: UserId,
    challenge: TokenDigest,
}

/// `GET /auth/methods`
pub async fn methods(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let provider = app.config.openid.as_ref();
    answer::read(
        &headers,
        &SignInMethods {
            provider: provider.map(|provider| provider.name.clone()),
            passkeys: app.passkeys.is_some(),
        },
    )
}

/// `POST /auth/openid/start`
pub async fn start(
    State(app): State<AppState>,
    address: Address,
    body: EmptyOr<OpenIdStart>,
) -> Result<Response, ApiError> {
    let provider = provider(&app)?;
    let now = app.clock.now();
    app.limits.check(Limit::OpenIdAddress, address.key(), now)?;
    let handoff = body.value.handoff;
    if let Some(handoff) = &handoff {
        check_handoff(handoff)?;
    }
    let attempt = OpenIdAttempt {
        state: new_secret(&*app.entropy).0,
        nonce: new_secret(&*app.entropy).0,
        verifier: new_secret(&*app.entropy).0,
    };
    let url = provider
        .begin(&attempt)
        .await
        .map_err(|error| told(&app, &error))?;
    let (browser_secret, browser) = new_secret(&*app.entropy);
    let in_browser = handoff.is_none();
    let begun = Begun {
        nonce: attempt.nonce,
        verifier: attempt.verifier,
        browser: in_browser.then_some(browser),
        handoff,
    };
    let flow = FlowRow {
        digest: digest(&attempt.state),
        kind: FlowKind::Provider,
        body: serde_json::to_string(&begun).unwrap_or_default(),
        expires_at: now + FLOW_LIFE,
    };
    app.store.begin_flow(flow, now).await?;
    if in_browser {
        let secure = address.request.secure;
        let seconds = FLOW_LIFE.num_seconds();
        let value = cookie::set_begun(&browser_secret, secure, seconds);
        address.request.send_cookie(value);
    }
    let authorization_url = url.into();
    Ok(answer::json(200, &OpenIdStarted { authorization_url }))
}

/// `POST /auth/openid/finish`
pub async fn finish(
    State(app): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: Json<OpenIdFinish>,
) -> Result<Response, ApiError> {
    let provider = provider(&app)?;
    let now = app.clock.now();
    app.limits.check(Limit::OpenIdAddress, address.key(), now)?;
    let request = body.value;
    let begun = begun(&app, &request, now).await?;
    if let Some(expected) = &begun.browser {
        let secret = cookie::read_begun(&headers, address.request.secure);
        let same = secret.is_some_and(|secret| digest(secret).ct_eq(expected).into());
        if !same {
            return Err(over());
        }
    }
    let attempt = OpenIdAttempt {
        state: request.state,
        nonce: begun.nonce,
        verifier: begun.verifier,
    };
    let claims = provider
        .finish(&request.code, &attempt, now)
        .await
        .map_err(|error| told(&app, &error))?;
    let user = account(&app, claims, now).await?;
    app.metrics.provider_sign_ins.add(1);
    let Some(handoff) = begun.handoff else {
        let opening = opening(&user, request.session, &address);
        let tokens = app
            .sessions
            .open(&*app.store, &*app.entropy, (&user, opening), now)
            .await?
            .ok_or_else(over)?;
        let finished = |session| OpenIdFinished {
            session: Some(session),
            handoff_url: None,
        };
        return Ok(session_answer(StatusCode::OK, &tokens, &address, finished));
    };
    let handoff_url = Some(hand_over(&app, user.user_id, &handoff, now).await?);
    let finished = OpenIdFinished {
        session: None,
        handoff_url,
    };
    Ok(answer::json(200, &finished))
}

/// `POST /auth/openid/handoff`
pub async fn handoff(
    State(app): State<AppState>,
    address: Address,
    body: Json<HandoffRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::OneTimeAddress, address.key(), now)?;
    let request = body.value;
    let kept = app
        .store
        .end_flow(digest(&request.code), FlowKind::Handoff, now)
        .await?
        .ok_or_else(over)?;
    let handed: HandedOver = serde_json::from_str(&kept).map_err(|_| over())?;
    if !bool::from(digest(&request.secret).ct_eq(&handed.challenge)) {
        return Err(over());
    }
    let user = app.store.user(handed.user_id).await?.ok_or_else(over)?;
    let opening = opening(&user, SessionMode::Token, &address);
    let tokens = app
        .sessions
        .open(&*app.store, &*app.entropy, (&user, opening), now)
        .await?
        .ok_or_else(over)?;
    Ok(answer::json(200, &tokens.answer()))
}

/// The configured provider; without one these calls are not there.
fn provider(app: &App) -> Result<&OpenIdProvider, ApiError> {
    app.openid
        .as_ref()
        .ok_or_else(|| ApiError::not_found("sign-in provider"))
}

fn check_handoff(handoff: &Handoff) -> Result<TokenDigest, ApiError> {
    if handoff.port < 1024 {
        return Err(ApiError::invalid(
            "/handoff/port",
            "A port from 1024 on is expected.",
        ));
    }
    BASE64URL_NOPAD
        .decode(handoff.challenge.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            ApiError::invalid(
                "/handoff/challenge",
                "The SHA-256 of the app's secret is expected, in base64url.",
            )
        })
}

/// What was begun with this state, which is over now.
async fn begun(app: &App, request: &OpenIdFinish, now: DateTime<Utc>) -> Result<Begun, ApiError> {
    if request.state.len() > TEXT_MAX || request.code.len() > TEXT_MAX {
        return Err(over());
    }
    let state = digest(&request.state);
    let kept = app
        .store
        .end_flow(state, FlowKind::Provider, now)
        .await?
        .ok_or_else(over)?;
    serde_json::from_str(&kept).map_err(|_| over())
}

/// Where the browser tells the app.
async fn hand_over(
    app: &App,
    user_id: UserId,
    handoff: &Handoff,
    now: DateTime<Utc>,
) -> Result<String, ApiError> {
    let (code, digest) = new_secret(&*app.entropy);
    let handed = HandedOver {
        user_id,
        challenge: check_handoff(handoff)?,
    };
    let flow = FlowRow {
        digest,
        kind: FlowKind::Handoff,
        body: serde_json::to_string(&handed).unwrap_or_default(),
        expires_at: now + HANDOFF_LIFE,
    };
    app.store.begin_flow(flow, now).await?;
    let port = handoff.port;
    Ok(format!("http://127.0.0.1:{port}/signed-in?code={code}"))
}

/// The account of whom the provider names: linked before, found by an address that both made sure of, or made now.
async fn account(app: &App, claims: OpenIdClaims, now: DateTime<Utc>) -> Result<UserRow, ApiError> {
    let (issuer, subject) = (&claims.issuer, &claims.subject);
    if let Some(user) = app.store.user_by_identity(issuer, subject).await? {
        return Ok(user);
    }
    let email = claims.email.as_deref().filter(|_| claims.email_verified);
    let email = email.ok_or_else(|| {
        unverified(
            "The sign-in provider has not confirmed an e-mail address of yours. Nothing was changed: confirm it there, or \
             sign in here with your e-mail address and password.",
        )
    })?;
    let email = super::auth::check_email("/email", email)?;
    let identity = |user_id| IdentityRow {
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        user_id,
        email: email.clone(),
        linked_at: now,
    };
    let Some(user) = app.store.user_by_email(&email).await? else {
        let user = new_user(app, &claims, &email, now);
        let identity = identity(user.user_id);
        if app
            .store
            .add_user_with_identity(user.clone(), identity)
            .await?
        {
            return Ok(user);
        }
        // Two sign-ins of one person at once: the other one made the account.
        return app
            .store
            .user_by_identity(issuer, subject)
            .await?
            .ok_or_else(over);
    };
    if !user.email_verified {
        return Err(unverified(
            "There is an account with this e-mail address that was never confirmed. Nothing was changed: ask for a new \
             password, which confirms the address, and then sign in this way again.",
        ));
    }
    if app.store.link_identity(identity(user.user_id)).await? {
        return Ok(user);
    }
    if let Some(linked) = app.store.user_by_identity(issuer, subject).await? {
        return Ok(linked);
    }
    Err(ApiError::new(
        ProblemCode::EmailTaken,
        "This e-mail address belongs to an account that signs in as another person of this provider. Nothing was changed: \
         sign in with your e-mail address and password, or use another address.",
    ))
}

fn new_user(app: &App, claims: &OpenIdClaims, email: &str, now: DateTime<Utc>) -> UserRow {
    let name: String = claims
        .name
        .as_deref()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_MAX)
        .collect();
    let name = name.trim();
    // A profile has a name; the person can change it.
    let name = if name.is_empty() {
        email.split('@').next().unwrap_or(email)
    } else {
        name
    };
    UserRow {
        user_id: UserId::from_bytes(app.entropy.bytes()),
        email: email.to_owned(),
        email_verified: true,
        password_hash: NO_PASSWORD.to_owned(),
        role: Role::Customer,
        profile: ProfileData {
            name: name.to_owned(),
            address: String::new(),
            phone: String::new(),
            language: String::new(),
            favourite_theater: None,
            notify_email: true,
            notify_sms: false,
            notify_push: true,
            notify_reminder: true,
        },
        profile_version: 1,
        created_at: now,
    }
}

fn unverified(detail: &str) -> ApiError {
    ApiError::new(ProblemCode::EmailUnverified, detail)
}

/// 401: used before, too late, or from another browser. All look alike.
fn over() -> ApiError {
    ApiError::new(
        ProblemCode::SessionEnded,
        "This sign-in was finished already, took too long, or was begun in another browser. Begin it again.",
    )
}

/// What a person is told of a sign-in that did not work; the operator reads why in the log and counts it in the metrics.
fn told(app: &App, error: &OpenIdError) -> ApiError {
    let metrics = &app.metrics;
    let away = "The sign-in provider does not answer as it should. Your account and bookings are safe: sign in with your \
         e-mail address and password, or try again later.";
    match error {
        OpenIdError::CodeRefused(_) => {
            tracing::info!(%error, "a sign-in was not taken");
            return over();
        }
        OpenIdError::Unreachable(_) => {
            metrics.provider_unreachable.add(1);
            tracing::warn!(%error, "a sign-in failed");
        }
        OpenIdError::ClientRefused(_) => {
            metrics.provider_refusals.add(1);
            tracing::error!(%error, "nobody can sign in at the provider");
        }
        OpenIdError::Untrusted(_) => {
            metrics.provider_untrusted.add(1);
            tracing::error!(%error, "a sign-in was refused");
        }
    }
    ApiError::new(ProblemCode::ProviderUnavailable, away).retry_after(30)
}

#[cfg(test)]
mod tests;
