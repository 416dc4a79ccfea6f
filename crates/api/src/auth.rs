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
    /// Of messages to this person, BCP 47; empty for that of the theater's country.
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub session: SessionMode,
}

/// Answer of `GET /setup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SetupState {
    /// Nobody runs this server yet: `POST /setup` makes its first administrator.
    pub needed: bool,
}

/// Body of `POST /setup`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SetupRequest {
    /// What the server said where it was started, at the end of the address to open.
    pub code: String,
    pub email: String,
    /// 8–256 characters.
    pub password: String,
    pub name: String,
    /// Of messages to this person, BCP 47; empty for that of the theater's country.
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub session: SessionMode,
}

/// Body of `POST /auth/login`.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct LoginRequest {
    pub email: String,
    pub password: String,
    /// A code of the account's generator, or a recovery code: asked for with `second_factor_required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
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
    SetupRequest,
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
    pub second_factor: SecondFactorState,
    /// Runs this server and showed a second factor in this session: makes theaters, and may everything in each.
    pub administrator: bool,
}

/// Whether an account has a code generator, or should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorState {
    NotNeeded,
    /// Until there is one, and a session showed a code of it, staff are customers.
    Missing,
    On,
}

/// Body of `POST /auth/second-factor/begin`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SecondFactorBegin {
    /// The person's own.
    pub password: String,
}

/// Answer of `POST /auth/second-factor/begin`: what a generator app has to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SecondFactorBegun {
    /// The same as a picture.
    pub qr_svg: String,
    pub otpauth_url: String,
    /// The secret in base32, to type it.
    pub secret: String,
}

/// Body of `POST /auth/second-factor/confirm`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SecondFactorCode {
    pub code: String,
}

/// Answer of `POST /auth/second-factor/confirm`: shown this once, each good once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// Body of `POST /auth/second-factor/remove`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SecondFactorRemove {
    pub password: String,
    /// Of the generator, or a recovery code.
    pub code: String,
}
redacted_debug!(
    SecondFactorBegin,
    SecondFactorBegun,
    SecondFactorCode,
    RecoveryCodes,
    SecondFactorRemove
);

/// Answer of `GET /auth/methods`: the ways to sign in that this server offers beside a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SignInMethods {
    /// What the OpenID provider is called, e.g. "Example ID"; null when there is none.
    pub provider: Option<String>,
    /// Passkeys can be made and used.
    pub passkeys: bool,
}

/// Body of `POST /auth/passkeys/begin`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PasskeyBegin {
    /// The person's own; not needed where the account has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What a browser is asked: for a new passkey, or for one of this site.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PasskeyAsked {
    /// Comes back with the answer; good once, for five minutes.
    pub secret: String,
    /// The browser's options (WebAuthn), as JSON text.
    pub options: String,
}

/// Body of `POST /auth/passkeys/finish`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PasskeyMade {
    pub secret: String,
    /// As the person will know it.
    pub name: String,
    /// The credential as the browser writes it (`toJSON`), as JSON text.
    pub credential: String,
}

/// Body of `POST /auth/passkey/finish`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PasskeyUsed {
    pub secret: String,
    /// The credential as the browser writes it (`toJSON`), as JSON text.
    pub credential: String,
    #[serde(default)]
    pub session: SessionMode,
}
redacted_debug!(PasskeyBegin, PasskeyAsked, PasskeyMade, PasskeyUsed);

/// Body of `POST /auth/openid/start`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OpenIdStart {
    /// Given by an app that is not itself a browser: the sign-in is handed to it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<Handoff>,
}

/// Where an app waits for a sign-in that a browser finishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Handoff {
    /// The port on 127.0.0.1 where the app listens; not below 1024.
    pub port: u16,
    /// SHA-256 of the app's own secret, in base64url: only who has the secret can use what is handed over.
    pub challenge: String,
}

/// Answer of `POST /auth/openid/start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OpenIdStarted {
    /// Where the person signs in; good for ten minutes.
    pub authorization_url: String,
}

/// Body of `POST /auth/openid/finish`: what the provider sent back with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OpenIdFinish {
    pub code: String,
    pub state: String,
    #[serde(default)]
    pub session: SessionMode,
}

/// Answer of `POST /auth/openid/finish`: a session, or where to hand it over.
#[derive(Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OpenIdFinished {
    /// Null when the sign-in was begun by an app.
    pub session: Option<Session>,
    /// Where the browser goes to tell the app, on this device.
    pub handoff_url: Option<String>,
}

/// Body of `POST /auth/openid/handoff`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct HandoffRequest {
    /// What the browser brought; good once, for two minutes.
    pub code: String,
    /// The app's own secret.
    pub secret: String,
}
redacted_debug!(OpenIdFinish, OpenIdFinished, HandoffRequest);
