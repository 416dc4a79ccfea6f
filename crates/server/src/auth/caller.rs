//! The extractor that says who is calling.
//!
//! A bearer token wins over a cookie. A bad or expired one is 401 and never silently anonymous; a store that does not
//! answer is 503 and never 401.

use super::{
    cookie, device,
    keys::{GuestToken, Keys, first_16},
    sessions::{Found, REFRESH_SECONDS, bearer, session_ended},
};
use crate::{
    app::{App, AppState},
    http::{ApiError, Context, limits::address_key},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use matinee_api::{GUEST_SECRET, IDEMPOTENCY_KEY, ProblemCode};
use matinee_domain::ids::{BookingId, UserId};
use matinee_store::{accounts::Role, idempotency::IdempotencyKey};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, fmt, net::IpAddr, sync::Arc};

/// Fewest and most characters of a Guest-Secret: 128 bits need 26 in base32, 32 in hex, 22 in base64.
const GUEST_SECRET_CHARS: std::ops::RangeInclusive<usize> = 22..=256;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Anonymous,
    User {
        user_id: UserId,
        /// What this session may do: staff are customers in one that showed no second factor.
        role: Role,
    },
    /// Holds a token for one booking; which one only [`Caller::opens`] can tell.
    Guest {
        token: GuestToken,
    },
}

/// A caller with what they sent along.
#[derive(Clone)]
pub struct Caller {
    pub who: Who,
    pub address: IpAddr,
    pub session: Option<[u8; 16]>,
    /// A second factor was shown for this session.
    pub second_factor: bool,
    /// Staff may be staff in this session: a second factor was shown, or is not asked for.
    pub trusted: bool,
    pub via_cookie: bool,
    pub guest_secret: Option<String>,
    pub idempotency_key: Option<String>,
    pub request: Arc<Context>,
    keys: Keys,
}

/// Nothing personal and no secret.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.who {
            Who::Anonymous => "anonymous",
            Who::User { .. } => "user",
            Who::Guest { .. } => "guest",
        };
        write!(f, "Caller({kind}, request {})", self.request.request_id)
    }
}

impl Caller {
    /// The signed-in user, or 401.
    pub fn require_user(&self) -> Result<UserId, ApiError> {
        match self.who {
            Who::User { user_id, .. } => Ok(user_id),
            _ => Err(ApiError::new(
                ProblemCode::Unauthenticated,
                "Sign in to do this.",
            )),
        }
    }

    /// The signed-in user, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self.who {
            Who::User { user_id, .. } => Some(user_id),
            _ => None,
        }
    }

    /// The server's administrator, in a session that may do more than buy.
    pub fn is_admin(&self) -> bool {
        matches!(
            self.who,
            Who::User {
                role: Role::Admin,
                ..
            }
        )
    }

    /// True when the caller's guest token is the one of this booking.
    pub fn opens(&self, booking_id: BookingId) -> bool {
        match &self.who {
            Who::Guest { token } => self.keys.is_guest_token(booking_id, token.as_str()),
            _ => false,
        }
    }

    /// The key of in-memory limits by address.
    pub fn address_key(&self) -> [u8; 16] {
        address_key(self.address)
    }

    /// For limits: digest of the user, or of the address (IPv6: its /64).
    pub fn digest(&self) -> [u8; 16] {
        match self.who {
            Who::User { user_id, .. } => self.keys.user_digest(user_id),
            _ => self.keys.address_digest(self.address_key()),
        }
    }

    /// The idempotency key of this request with its body, if the caller sent one that can replay. An anonymous
    /// caller without a Guest-Secret cannot be told from another one: nothing is kept for them.
    pub fn idempotency(&self, method: &str, path: &str, body: &[u8]) -> Option<IdempotencyKey> {
        let key = self.idempotency_key.as_deref()?;
        let scope = self.scope(method, path, key)?;
        Some(IdempotencyKey {
            scope,
            body: first_16(&Sha256::digest(body)),
        })
    }

    /// The scope of an idempotency key: caller, method and path, key.
    pub fn scope(&self, method: &str, path: &str, key: &str) -> Option<[u8; 16]> {
        let hash = Sha256::new();
        let mut hash = match &self.who {
            Who::User { user_id, .. } => hash.chain_update(b"u").chain_update(user_id.as_bytes()),
            Who::Guest { token } => hash.chain_update(b"g").chain_update(token.as_str()),
            Who::Anonymous => {
                let secret = self.guest_secret.as_deref()?;
                hash.chain_update(b"a")
                    .chain_update([0])
                    .chain_update(secret)
            }
        };
        for part in [method, path, key] {
            // A zero byte cannot occur in a header or path, so no two lists of parts read alike.
            hash.update([0]);
            hash.update(part);
        }
        Some(first_16(&hash.finalize()))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let mut caller = Self::unknown(parts, app)?;
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let token = bearer(authorization.as_bytes()).ok_or_else(session_ended)?;
            if let Some(token) = GuestToken::parse(token) {
                caller.who = Who::Guest { token };
                return Ok(caller);
            }
            let now = app.clock.now();
            let found = app.sessions.find(&*app.store, token, now).await?;
            let found = found
                .filter(|found| !found.cookie)
                .ok_or_else(session_ended)?;
            caller.sign_in(app, &found);
        } else if let Some(token) = cookie::read(&parts.headers, caller.request.secure) {
            let found = cookie_session(app, &caller.request, token).await?;
            caller.sign_in(app, &found);
            caller.via_cookie = true;
        }
        Ok(caller)
    }
}

/// Whoever calls, for what needs nobody in particular: an ended session is as good as none.
#[derive(Debug, Clone)]
pub struct Anybody(pub Caller);

impl FromRequestParts<AppState> for Anybody {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Self(caller)),
            Err(error) if error.code() == ProblemCode::SessionEnded => {
                Ok(Self(Caller::unknown(parts, app)?))
            }
            Err(error) => Err(error),
        }
    }
}

impl Caller {
    /// A caller by what stands in the head, not identified yet.
    fn unknown(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let request = context(parts);
        Ok(Self {
            who: Who::Anonymous,
            address: request.address,
            session: None,
            second_factor: false,
            trusted: false,
            via_cookie: false,
            guest_secret: guest_secret(&parts.headers)?,
            idempotency_key: idempotency_key(&parts.headers)?,
            request,
            keys: app.keys.clone(),
        })
    }

    fn sign_in(&mut self, app: &App, found: &Found) {
        self.session = Some(found.session_id);
        self.second_factor = found.second_factor;
        // Staff who showed no second factor are customers, whatever they ask for.
        let trusted = found.second_factor || !app.config.staff_second_factor;
        self.trusted = trusted;
        self.who = Who::User {
            user_id: found.user_id,
            role: if trusted { found.role } else { Role::Customer },
        };
    }
}

/// The session of a cookie, renewed when due. A dead cookie is taken back with the 401, so that the browser's next
/// call is anonymous instead of refused again.
async fn cookie_session(app: &App, request: &Context, token: &str) -> Result<Found, ApiError> {
    let now = app.clock.now();
    let found = app.sessions.find(&*app.store, token, now).await?;
    let Some(found) = found.filter(|found| found.cookie) else {
        request.send_cookie(cookie::clear(request.secure));
        return Err(session_ended());
    };
    if app
        .sessions
        .slide(&*app.store, token, &found, false, now)
        .await?
    {
        request.send_cookie(cookie::set(token, request.secure, REFRESH_SECONDS));
    }
    Ok(found)
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(text) if (1..=255).contains(&text.len()) => Ok(Some(text.to_owned())),
        _ => Err(ApiError::new(
            ProblemCode::Malformed,
            "Idempotency-Key has 1 to 255 visible ASCII characters.",
        )),
    }
}

pub(crate) fn guest_secret(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(GUEST_SECRET) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(text) if GUEST_SECRET_CHARS.contains(&text.len()) => Ok(Some(text.to_owned())),
        _ => Err(ApiError::new(
            ProblemCode::Malformed,
            "Guest-Secret holds 128 random bits, in hex or base32.",
        )),
    }
}

/// What the outer layer noted about the request.
fn context(parts: &Parts) -> Arc<Context> {
    parts
        .extensions
        .get::<Arc<Context>>()
        .cloned()
        .unwrap_or_else(Context::unknown)
}

/// The caller's address and device, for calls that need no identity: signing in, registering.
#[derive(Debug, Clone)]
pub struct Address {
    pub request: Arc<Context>,
    /// What the device calls itself.
    pub device: String,
}

impl Address {
    /// The key of in-memory limits by address.
    pub fn key(&self) -> [u8; 16] {
        address_key(self.request.address)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            request: context(parts),
            device: device::label(&parts.headers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(who: Who, secret: Option<&str>) -> Caller {
        Caller {
            who,
            address: "2001:db8::1".parse().unwrap(),
            session: None,
            second_factor: false,
            trusted: false,
            via_cookie: false,
            guest_secret: secret.map(Into::into),
            idempotency_key: Some("key".into()),
            request: Context::unknown(),
            keys: Keys::for_tests(),
        }
    }

    #[test]
    fn nobody_shares_a_scope() {
        let user = |byte| Who::User {
            user_id: UserId::from_bytes([byte; 16]),
            role: Role::Customer,
        };
        let token = GuestToken::parse(&Keys::for_tests().guest_token(BookingId::from_parts(
            matinee_domain::ids::TheaterId::from_bytes([1; 16]),
            [1; 22],
        )));
        let callers = [
            caller(user(1), None),
            caller(user(2), None),
            caller(
                Who::Guest {
                    token: token.unwrap(),
                },
                None,
            ),
            caller(Who::Anonymous, Some("0123456789abcdef0123456789abcdef")),
            caller(Who::Anonymous, Some("1123456789abcdef0123456789abcdef")),
        ];
        let mut scopes: Vec<_> = callers
            .iter()
            .map(|c| c.scope("POST", "/book", "key").unwrap())
            .collect();
        scopes.push(callers[0].scope("POST", "/payment", "key").unwrap());
        scopes.push(callers[0].scope("POST", "/book", "other").unwrap());
        let all = scopes.len();
        scopes.sort_unstable();
        scopes.dedup();
        assert_eq!(scopes.len(), all);
        assert!(
            caller(Who::Anonymous, None)
                .idempotency("POST", "/book", b"{}")
                .is_none()
        );
    }

    #[test]
    fn neighbours_in_one_network_share_a_limit() {
        let mut neighbour = caller(Who::Anonymous, None);
        neighbour.address = "2001:db8::ffff".parse().unwrap();
        assert_eq!(caller(Who::Anonymous, None).digest(), neighbour.digest());
    }

    #[test]
    fn only_bearer_tokens_are_read() {
        assert_eq!(bearer(b"Bearer abc"), Some("abc"));
        assert_eq!(bearer(b"bearer abc"), Some("abc"));
        for other in ["Basic abc", "Bearer", "Bearer ", "", "abc"] {
            assert_eq!(bearer(other.as_bytes()), None, "{other}");
        }
        let (most, more) = ("a".repeat(256), "a".repeat(257));
        assert_eq!(bearer(format!("Bearer {most}").as_bytes()), Some(&*most));
        assert_eq!(bearer(format!("Bearer {more}").as_bytes()), None);
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn keys_and_secrets_have_bounds() {
        for (length, good) in [(0, false), (1, true), (255, true), (256, false)] {
            let text = "k".repeat(length);
            let read = idempotency_key(&with("idempotency-key", &text));
            assert_eq!(read.ok(), good.then_some(Some(text)), "{length}");
        }
        for (length, good) in [(21, false), (22, true), (256, true), (257, false)] {
            let text = "s".repeat(length);
            let read = guest_secret(&with("guest-secret", &text));
            assert_eq!(read.ok(), good.then_some(Some(text)), "{length}");
        }
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(guest_secret(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn who_calls_decides_what_is_theirs() {
        let user_id = UserId::from_bytes([1; 16]);
        let role = Role::Customer;
        let user = caller(Who::User { user_id, role }, None);
        let keys = Keys::for_tests();
        let booking = |own| {
            let theater = matinee_domain::ids::TheaterId::from_bytes([1; 16]);
            BookingId::from_parts(theater, [own; 22])
        };
        let token = GuestToken::parse(&keys.guest_token(booking(1))).unwrap();
        let guest = caller(Who::Guest { token }, None);
        let nobody = caller(Who::Anonymous, None);
        assert_eq!(
            (user.require_user().ok(), user.user()),
            (Some(user_id), Some(user_id))
        );
        for other in [&guest, &nobody] {
            let refused = other.require_user().unwrap_err();
            assert_eq!(refused.code(), ProblemCode::Unauthenticated);
            assert_eq!(other.user(), None);
        }
        assert!(guest.opens(booking(1)));
        assert!(!guest.opens(booking(2)) && !user.opens(booking(1)) && !nobody.opens(booking(1)));
        assert_eq!(user.digest(), keys.user_digest(user_id));
        assert_eq!(nobody.digest(), keys.address_digest(nobody.address_key()));
        assert_eq!(nobody.address_key(), address_key(nobody.address));
    }

    /// The same request again is the same; with another body it is another.
    #[test]
    fn a_key_is_for_one_body() {
        let caller = caller(Who::Anonymous, Some("0123456789abcdef0123456789abcdef"));
        let first = caller.idempotency("POST", "/book", b"{}").unwrap();
        assert_eq!(
            caller.idempotency("POST", "/book", b"{}"),
            Some(first.clone())
        );
        let other = caller.idempotency("POST", "/book", b"[]").unwrap();
        assert_eq!(other.scope, first.scope);
        assert_ne!(other.body, first.body);
        let keyless = Caller {
            idempotency_key: None,
            ..caller
        };
        assert_eq!(keyless.idempotency("POST", "/book", b"{}"), None);
    }

    #[test]
    fn only_the_administrator_is_one() {
        let user = |role| {
            let user_id = UserId::from_bytes([1; 16]);
            caller(Who::User { user_id, role }, None)
        };
        assert!(user(Role::Admin).is_admin());
        assert!(!user(Role::Customer).is_admin());
        assert!(!caller(Who::Anonymous, None).is_admin());
    }

    /// An ended session is as good as none; a store that does not answer says nothing about who calls.
    #[tokio::test]
    async fn nobody_is_who_has_no_session_and_not_who_cannot_be_looked_up() {
        let house = crate::testing::House::new().await;
        let parts = || {
            let request = axum::http::Request::get("/").header("authorization", "Bearer ma_ended");
            request.body(()).unwrap().into_parts().0
        };
        let anybody = Anybody::from_request_parts(&mut parts(), &house.app).await;
        assert_eq!(anybody.unwrap().0.who, Who::Anonymous);
        house.app.store.close().await;
        let unknown = Anybody::from_request_parts(&mut parts(), &house.app).await;
        assert_ne!(unknown.unwrap_err().code(), ProblemCode::SessionEnded);
    }
}
