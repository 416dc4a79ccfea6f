//! New accounts: `POST /auth/register`, and what every way to make one shares.

use super::{NAME_MAX, check_email, opening, pair_key, plain, session_answer, verification_of};
use crate::{
    app::{App, AppState},
    auth::{Address, Sessions, Tokens, check_password},
    http::{ApiError, Json, Limit},
    routes::profile,
};
use axum::{extract::State, http::StatusCode, response::Response};
use matinee_api::{ProblemCode, RegisterRequest};
use matinee_domain::ids::UserId;
use matinee_store::{
    accounts::{OneTimeRow, ProfileData, Role, SessionRow, UserRow},
    outbox::NewMessage,
};

/// `POST /auth/register`
pub async fn register(
    State(app): State<AppState>,
    address: Address,
    body: Json<RegisterRequest>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    app.limits
        .check(Limit::RegisterAddress, address.key(), now)?;
    let NewAccount {
        user,
        verification,
        session,
        tokens,
    } = NewAccount::make(&app, &address, body.value, Role::Customer).await?;
    let pair = pair_key(&app, &address, &user.email);
    // One commit: an account whose mail or session was lost could neither be used nor made again.
    if !app.store.register(user, verification, session).await? {
        return Err(email_taken());
    }
    app.limits.succeeded(pair, now);
    Ok(session_answer(
        StatusCode::CREATED,
        &tokens,
        &address,
        plain,
    ))
}

/// An account that is not kept yet, with all that is kept along with it.
pub(in crate::routes) struct NewAccount {
    pub(in crate::routes) user: UserRow,
    pub(in crate::routes) verification: (OneTimeRow, NewMessage),
    pub(in crate::routes) session: SessionRow,
    pub(in crate::routes) tokens: Tokens,
}

impl NewAccount {
    pub(in crate::routes) async fn make(
        app: &App,
        address: &Address,
        request: RegisterRequest,
        role: Role,
    ) -> Result<Self, ApiError> {
        let now = app.clock.now();
        let email = check_email("/email", &request.email)?;
        check_password("/password", &request.password)?;
        let name = profile::text("/name", &request.name, 1, NAME_MAX)?;
        let language = profile::language(&request.language)?;
        // Hashed before anybody looks whether the e-mail is taken: both ways take the same time.
        let password_hash = app
            .passwords
            .hash(request.password, app.entropy.bytes())
            .await?;
        let user = UserRow {
            user_id: UserId::from_bytes(app.entropy.bytes()),
            email,
            email_verified: false,
            password_hash,
            role,
            profile: ProfileData {
                name,
                address: String::new(),
                phone: String::new(),
                language,
                favourite_theater: None,
                notify_email: true,
                notify_reminder: true,
                notify_sms: false,
                notify_push: true,
            },
            profile_version: 1,
            created_at: now,
        };
        let opening = opening(&user, request.session, address);
        let (tokens, session) = Sessions::new_session(&*app.entropy, opening, now);
        let verification = verification_of(app, &user, now);
        Ok(Self {
            user,
            verification,
            session,
            tokens,
        })
    }
}

pub(in crate::routes) fn email_taken() -> ApiError {
    ApiError::new(
        ProblemCode::EmailTaken,
        "There is an account with this e-mail. Sign in, or ask for a new password.",
    )
}
