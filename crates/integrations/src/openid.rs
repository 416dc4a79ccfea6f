//! Signing in at an OpenID provider: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0).
//!
//! The protocol is the `openidconnect` crate's; here is what an operator has to know about it: what is asked for, how long
//! is waited, and three ways it can go wrong told apart, since each is mended by somebody else. Left out: whose account
//! it opens, and where state, nonce and verifier are kept meanwhile; the provider's tokens are dropped after reading.

use chrono::{DateTime, Utc};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, SubjectIdentifier, TokenResponse, UserInfoError,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreUserInfoClaims,
    },
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;
use url::Url;

/// How long a provider may take to answer one request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer read.
const ANSWER_MAX: usize = 1024 * 1024;
/// How long what a provider says about itself is believed.
const METADATA_LIFE: Duration = Duration::from_mins(10);
/// Signatures that are accepted; never one made with the client's own secret, and never none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Which provider, and who this server is there. No Debug: it holds the client's secret.
#[derive(Clone)]
pub struct OpenIdSettings {
    /// A URL, as the operator wrote it: a slash at its end is part of the name.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    /// Where the provider sends people back to; registered there.
    pub redirect: Url,
}

/// What the provider says about a person, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdClaims {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    /// The provider made sure that the address is the person's.
    pub email_verified: bool,
    pub name: Option<String>,
}

/// Why a sign-in did not work, by who can mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// The provider: it does not answer, or not with what an OpenID provider answers.
    #[error("the OpenID provider does not answer as it should: {0}")]
    Unreachable(String),
    /// The operator: this server's client id or secret is not (or no longer) good there.
    #[error(
        "the OpenID provider refused this server's client id or secret ({0}): it was revoked, has run out or was mistyped; \
         make a new one there and set MATINEE_OIDC_CLIENT_SECRET"
    )]
    ClientRefused(String),
    /// The person: the code was used before or has run out.
    #[error("the OpenID provider did not take the code: {0}")]
    CodeRefused(String),
    /// Nobody should: what came is not from the provider, not for this server, or not for this sign-in.
    #[error("the OpenID provider's answer cannot be trusted: {0}")]
    Untrusted(String),
}

/// What makes one sign-in unlike any other: random texts, made by the caller.
#[derive(Clone)]
pub struct OpenIdAttempt {
    pub state: String,
    pub nonce: String,
    /// 43 to 128 characters (RFC 7636).
    pub verifier: String,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

struct Known {
    at: Instant,
    metadata: Arc<CoreProviderMetadata>,
}

/// A provider.
pub struct OpenIdProvider {
    settings: OpenIdSettings,
    http: reqwest::Client,
    known: Mutex<Option<Known>>,
}

impl fmt::Debug for OpenIdProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenIdProvider({})", self.settings.issuer)
    }
}

impl OpenIdProvider {
    /// Asks nothing yet: a provider that is away does not keep a server from starting.
    pub fn new(settings: OpenIdSettings) -> Result<Self, String> {
        Ok(Self {
            settings,
            http: crate::outbound::client(TIMEOUT)?,
            known: Mutex::default(),
        })
    }

    /// Where to send the person.
    pub async fn begin(&self, attempt: &OpenIdAttempt) -> Result<Url, OpenIdError> {
        let metadata = self.metadata(false).await?;
        let client = self.client(&metadata)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Who came back with this code.
    pub async fn finish(
        &self,
        code: &str,
        attempt: &OpenIdAttempt,
        now: DateTime<Utc>,
    ) -> Result<OpenIdClaims, OpenIdError> {
        let metadata = self.metadata(false).await?;
        let client = self.client(&metadata)?;
        let http = |request| send(self.http.clone(), request);
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| OpenIdError::Unreachable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(refused)?;
        let token = answer
            .id_token()
            .ok_or_else(|| OpenIdError::Unreachable("it sent no ID token".into()))?;
        let claims = match read(&client, token, &attempt.nonce, now) {
            // It may sign with a new key since it was asked for its keys.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let metadata = self.metadata(true).await?;
                let client = self.client(&metadata)?;
                read(&client, token, &attempt.nonce, now)
            }
            other => other,
        }
        .map_err(|error| OpenIdError::Untrusted(chain(&error)))?;
        if claims.email.is_some() {
            return Ok(claims);
        }
        // A provider may keep the address out of the token and tell it to who holds the access token.
        let subject = SubjectIdentifier::new(claims.subject.clone());
        let Ok(request) = client.user_info(answer.access_token().clone(), Some(subject)) else {
            return Ok(claims);
        };
        let told: CoreUserInfoClaims = request.request_async(&http).await.map_err(untold)?;
        Ok(OpenIdClaims {
            email: told.email().map(|email| email.to_string()),
            email_verified: told.email_verified().unwrap_or(false),
            name: claims.name.or_else(|| {
                let name = told.name().and_then(|name| name.get(None));
                name.map(|name| name.to_string())
            }),
            ..claims
        })
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, OpenIdError> {
        let settings = &self.settings;
        let redirect = RedirectUrl::new(settings.redirect.to_string())
            .map_err(|error| OpenIdError::Unreachable(error.to_string()))?;
        let secret = settings.client_secret.clone().map(ClientSecret::new);
        let client_id = ClientId::new(settings.client_id.clone());
        Ok(
            CoreClient::from_provider_metadata(metadata.clone(), client_id, secret)
                .set_redirect_uri(redirect),
        )
    }

    /// What the provider says about itself, its keys included.
    async fn metadata(&self, anew: bool) -> Result<Arc<CoreProviderMetadata>, OpenIdError> {
        // One asks, the others wait for its answer.
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && !anew
            && known.at.elapsed() < METADATA_LIFE
        {
            return Ok(Arc::clone(&known.metadata));
        }
        let issuer = self.settings.issuer.trim();
        let metadata = match self.discover(issuer).await {
            // It calls itself otherwise. Whether a slash ends its name is easily mistaken.
            Err(error @ DiscoveryError::Validation(_)) => {
                let other = other_end(issuer);
                self.discover(&other).await.map_err(|_| error)
            }
            found => found,
        };
        let metadata = metadata.map_err(|error| OpenIdError::Unreachable(chain(&error)))?;
        let metadata = Arc::new(metadata);
        *known = Some(Known {
            at: Instant::now(),
            metadata: Arc::clone(&metadata),
        });
        Ok(metadata)
    }

    /// What the provider of this name says about itself.
    async fn discover(
        &self,
        issuer: &str,
    ) -> Result<CoreProviderMetadata, DiscoveryError<crate::outbound::OutboundError>> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(DiscoveryError::UrlParse)?;
        let http = |request| send(self.http.clone(), request);
        CoreProviderMetadata::discover_async(issuer, &http).await
    }
}

/// The same issuer with a slash at its end, or without.
fn other_end(issuer: &str) -> String {
    let bare = issuer.strip_suffix('/');
    bare.map_or_else(|| format!("{issuer}/"), ToOwned::to_owned)
}

/// The claims of a token that is signed by the provider, for this client, for this sign-in, and still good.
fn read(
    client: &Client,
    token: &CoreIdToken,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<OpenIdClaims, ClaimsVerificationError> {
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now);
    let claims: &CoreIdTokenClaims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    let name = claims.name().and_then(|name| name.get(None));
    Ok(OpenIdClaims {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        email: claims.email().map(|email| email.to_string()),
        email_verified: claims.email_verified().unwrap_or(false),
        name: name.map(|name| name.to_string()),
    })
}

type TokenError = RequestTokenError<
    crate::outbound::OutboundError,
    openidconnect::StandardErrorResponse<CoreErrorResponseType>,
>;

fn refused(error: TokenError) -> OpenIdError {
    let RequestTokenError::ServerResponse(answer) = &error else {
        return OpenIdError::Unreachable(chain(&error));
    };
    let said = answer.to_string();
    match answer.error() {
        CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
            OpenIdError::ClientRefused(said)
        }
        CoreErrorResponseType::InvalidGrant => OpenIdError::CodeRefused(said),
        _ => OpenIdError::Unreachable(said),
    }
}

fn untold(error: UserInfoError<crate::outbound::OutboundError>) -> OpenIdError {
    match &error {
        UserInfoError::ClaimsVerification(_) => OpenIdError::Untrusted(chain(&error)),
        _ => OpenIdError::Unreachable(chain(&error)),
    }
}

async fn send(
    http: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, crate::outbound::OutboundError> {
    crate::outbound::send(&http, request, ANSWER_MAX).await
}

/// An error with what caused it, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
