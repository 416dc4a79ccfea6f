//! Registering, signing in, keeping a session.

use matinee_domain::ids::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::fmt;

/// How the session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionMode {
    /// Tokens in the answer.
    #[default]
    Token,
    /// An HttpOnly cookie and no token in the answer: what a browser asks for.
    Cookie,
}

/// Body of `POST /auth/register`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RegisterRequest {
    pub email: String,
    /// 8–256 characters.
    pub password: String,
    pub name: String,
    #[serde(default)]
    pub session: SessionMode,
}

/// Body of `POST /auth/login`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct LoginRequest {
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub session: SessionMode,
}

/// Body of `POST /auth/refresh` and `POST /auth/logout`; empty with a cookie.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RefreshRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Body of `POST /auth/password/forgot`. Answered alike for every e-mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ForgotRequest {
    pub email: String,
}

/// Body of `POST /auth/password/reset`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ResetRequest {
    /// The secret of the mailed link.
    pub token: String,
    pub password: String,
}

/// Answer of register, login and refresh. With a cookie the tokens are absent.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Session {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds the access token lasts.
    pub expires_in: u32,
}

/// Secrets never reach a log through `{:?}`.
macro_rules! redacted_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )*};
}
redacted_debug!(
    RegisterRequest,
    LoginRequest,
    RefreshRequest,
    ResetRequest,
    Session
);

/// Body of `POST /auth/verify`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct VerifyRequest {
    /// The secret of the mailed link.
    pub token: String,
}
redacted_debug!(VerifyRequest);

/// Answer of `GET /auth/session`: who is signed in, if anybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SessionInfo {
    /// Null when nobody is.
    pub user: Option<SessionUser>,
}

/// The signed-in user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SessionUser {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub email_verified: bool,
}
