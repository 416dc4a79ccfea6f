//! Sessions: new tokens, rotation, and a small cache so that a hot path costs no read.
//!
//! The cache holds what the store said for at most a second and forgets at once what ends on this server.

use super::{
    keys::after,
    tokens::{digest, family_of, new_token},
};
use crate::http::ApiError;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{ProblemCode, Session};
use matinee_booking::Entropy;
use matinee_domain::ids::UserId;
use matinee_planted::planted;
use matinee_store::{
    Store, StoreError,
    accounts::{Role, Rotation, SessionRow, TokenDigest, UserRow},
};
use quick_cache::sync::Cache;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Life of an access token.
pub const ACCESS_SECONDS: i64 = 15 * 60;
/// Life of a refresh token and of an unused cookie.
pub const REFRESH_SECONDS: i64 = 30 * 24 * 3600;
/// A cookie's life is renewed when this much of it has passed.
const SLIDE_AFTER_SECONDS: i64 = 24 * 3600;
/// How exactly it is known when a session was seen last: each look that is noted costs a write.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(15);
const ACCESS_PREFIX: &str = "ma_";
const REFRESH_PREFIX: &str = "mr_";
const COOKIE_PREFIX: &str = "ms_";
const CACHED: usize = 16_384;
const CACHE_LIFE: Duration = Duration::from_secs(1);

/// A live session as the extractor needs it.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub session_id: [u8; 16],
    pub user_id: UserId,
    pub role: Role,
    pub cookie: bool,
    pub expires_at: DateTime<Utc>,
    /// A second factor was shown for it.
    pub second_factor: bool,
}

/// A session to open.
#[derive(Debug, Clone)]
pub struct Opening {
    pub user_id: UserId,
    pub role: Role,
    pub cookie: bool,
    /// What the device calls itself.
    pub device: String,
    /// A second factor was shown.
    pub second_factor: bool,
}

#[derive(Debug, Clone, Copy)]
struct Cached {
    found: Found,
    until: Instant,
}

/// The secrets of a new or renewed session. No Debug: they go to the caller and nowhere else.
pub struct Tokens {
    pub user_id: UserId,
    /// Access and refresh token, or one cookie.
    pub secret: Secret,
}

/// How the caller carries the session.
pub enum Secret {
    Pair { access: String, refresh: String },
    Cookie(String),
}

impl Tokens {
    /// The body of the answer: with a cookie it contains no token.
    pub fn answer(&self) -> Session {
        let (access_token, refresh_token, seconds) = match &self.secret {
            Secret::Pair { access, refresh } => {
                (Some(access.clone()), Some(refresh.clone()), ACCESS_SECONDS)
            }
            Secret::Cookie(_) => (None, None, REFRESH_SECONDS),
        };
        Session {
            user_id: self.user_id,
            access_token,
            refresh_token,
            expires_in: seconds as u32,
        }
    }
}

/// The cache above the store's sessions.
#[derive(Debug)]
pub struct Sessions {
    cache: Cache<TokenDigest, Cached>,
    /// Grows with every end of a session here; a look-up that began before it is not kept.
    ends: AtomicU64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            cache: Cache::new(CACHED),
            ends: AtomicU64::new(0),
        }
    }
}

impl Sessions {
    /// The live session of an access token or cookie.
    pub async fn find(
        &self,
        store: &dyn Store,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Found>, StoreError> {
        let key = digest(token);
        if let Some(cached) = self.cache.get(&key)
            && cached.until > Instant::now()
            && cached.found.expires_at > now
        {
            return Ok(Some(cached.found));
        }
        let ends = self.ends.load(Ordering::Acquire);
        let Some(row) = store.session_by_access(key, now).await? else {
            self.cache.remove(&key);
            return Ok(None);
        };
        let found = Found {
            session_id: row.session_id,
            user_id: row.user_id,
            role: row.role,
            cookie: row.cookie,
            expires_at: row.access_expires_at,
            second_factor: row.second_factor,
        };
        // The first use ends the grace of the tokens before.
        let first_use = !row.current_used && row.previous_refresh.is_some();
        if first_use || now - row.used_at >= SEEN_EVERY {
            store.mark_session_used(row.session_id, now).await?;
        }
        let cached = Cached {
            found,
            until: Instant::now() + CACHE_LIFE,
        };
        self.cache.insert(key, cached);
        // Taken out again rather than not put in: an end between the check and the insertion would be missed.
        if self.ends.load(Ordering::Acquire) != ends {
            self.cache.remove(&key);
        }
        Ok(Some(found))
    }

    /// Opens a session of an account that was read before somebody showed that it is theirs. `None` when it has another
    /// password by now, or is gone: what ended all of its sessions ends this one too.
    pub async fn open(
        &self,
        store: &dyn Store,
        entropy: &dyn Entropy,
        (user, opening): (&UserRow, Opening),
        now: DateTime<Utc>,
    ) -> Result<Option<Tokens>, StoreError> {
        let (tokens, session) = Self::new_session(entropy, opening, now);
        let opened = store.add_session(session, &user.password_hash).await?;
        Ok(opened.then_some(tokens))
    }

    /// The tokens of a new session and the row that makes them good, which is still to be kept.
    pub fn new_session(
        entropy: &dyn Entropy,
        opening: Opening,
        now: DateTime<Utc>,
    ) -> (Tokens, SessionRow) {
        let session_id = entropy.bytes();
        let secret = if opening.cookie {
            Secret::Cookie(new_token(COOKIE_PREFIX, &session_id, entropy))
        } else {
            new_pair(&session_id, entropy)
        };
        let refresh_expires_at = after(now, REFRESH_SECONDS);
        let (access, refresh, access_expires_at) = match &secret {
            Secret::Pair { access, refresh } => {
                (digest(access), digest(refresh), after(now, ACCESS_SECONDS))
            }
            // One secret in both places: a cookie is renewed by its own use.
            Secret::Cookie(token) => (digest(token), digest(token), refresh_expires_at),
        };
        let session = SessionRow {
            session_id,
            user_id: opening.user_id,
            role: opening.role,
            access,
            access_expires_at,
            refresh,
            refresh_expires_at,
            previous_refresh: None,
            current_used: false,
            cookie: opening.cookie,
            created_at: now,
            device: opening.device,
            used_at: now,
            second_factor: opening.second_factor,
        };
        let user_id = opening.user_id;
        (Tokens { user_id, secret }, session)
    }

    /// New tokens for a refresh token. A used-up one ends its whole family.
    pub async fn refresh(
        &self,
        store: &dyn Store,
        entropy: &dyn Entropy,
        presented: &str,
        now: DateTime<Utc>,
    ) -> Result<Tokens, ApiError> {
        let family = family_of(presented, REFRESH_PREFIX).ok_or_else(session_ended)?;
        let secret = new_pair(&family, entropy);
        let Secret::Pair { access, refresh } = &secret else {
            return Err(session_ended());
        };
        let rotation = store
            .rotate_session(
                digest(presented),
                digest(access),
                after(now, ACCESS_SECONDS),
                digest(refresh),
                after(now, REFRESH_SECONDS),
                now,
            )
            .await?;
        match rotation {
            Rotation::Rotated(user_id) => {
                self.forget_all();
                Ok(Tokens { user_id, secret })
            }
            Rotation::Unknown | Rotation::Reuse => {
                // A token of this family that is neither the current one nor the one before was used up long ago:
                // somebody kept a copy. Only a holder of one of its tokens knows the family's id.
                self.end(store, family).await?;
                Err(session_ended())
            }
        }
    }

    /// Renews a cookie's life when enough of it has passed (or `always`); true when it was renewed.
    pub async fn slide(
        &self,
        store: &dyn Store,
        token: &str,
        found: &Found,
        always: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let left = (found.expires_at - now).num_seconds();
        if !found.cookie || (!always && left > REFRESH_SECONDS - SLIDE_AFTER_SECONDS) {
            return Ok(false);
        }
        let (key, until) = (digest(token), after(now, REFRESH_SECONDS));
        let rotation = store
            .rotate_session(key, key, until, key, until, now)
            .await?;
        self.cache.remove(&key);
        Ok(matches!(rotation, Rotation::Rotated(_)))
    }

    /// Renews a cookie's life because the caller asked; `None` when its session is over.
    pub async fn renew_cookie(
        &self,
        store: &dyn Store,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Tokens>, StoreError> {
        let Some(found) = self
            .find(store, token, now)
            .await?
            .filter(|found| found.cookie)
        else {
            return Ok(None);
        };
        let renewed = self.slide(store, token, &found, true, now).await?;
        let secret = Secret::Cookie(token.to_owned());
        Ok(renewed.then_some(Tokens {
            user_id: found.user_id,
            secret,
        }))
    }

    /// Ends a session everywhere: here at once, on other servers within a second.
    pub async fn end(&self, store: &dyn Store, session_id: [u8; 16]) -> Result<(), StoreError> {
        let ended = store.end_session(session_id).await;
        self.forget_all();
        ended
    }

    /// Ends every session of a person but one: here at once, on other servers within a second.
    pub async fn end_others(
        &self,
        store: &dyn Store,
        user_id: UserId,
        keep: [u8; 16],
    ) -> Result<(), StoreError> {
        let ended = store.end_other_sessions(user_id, keep).await;
        self.forget_all();
        ended
    }

    /// Forgets every cached session: after a password change, a deleted account, an end. The cache refills itself
    /// within a moment, and none of these is frequent.
    pub fn forget_all(&self) {
        self.ends.fetch_add(1, Ordering::AcqRel);
        if planted!("deleted_account_lives") {
            return;
        }
        self.cache.clear();
    }
}

fn new_pair(session_id: &[u8; 16], entropy: &dyn Entropy) -> Secret {
    Secret::Pair {
        access: new_token(ACCESS_PREFIX, session_id, entropy),
        refresh: new_token(REFRESH_PREFIX, session_id, entropy),
    }
}

/// The session families of all tokens a request carries. A family's id is secret: only its tokens hold it.
pub fn family_in(
    headers: &HeaderMap,
    refresh: Option<&str>,
    cookie: Option<&str>,
) -> Vec<[u8; 16]> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| bearer(value.as_bytes()));
    let mut families: Vec<_> = [
        bearer.and_then(|token| family_of(token, ACCESS_PREFIX)),
        refresh.and_then(|token| family_of(token, REFRESH_PREFIX)),
        cookie.and_then(|token| family_of(token, COOKIE_PREFIX)),
    ]
    .into_iter()
    .flatten()
    .collect();
    families.dedup();
    families
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 256)
        .then_some(token)
}

/// 401: the token is bad, used up or expired.
pub(crate) fn session_ended() -> ApiError {
    ApiError::new(
        ProblemCode::SessionEnded,
        "The session has ended. Sign in again; your bookings are safe.",
    )
}

#[cfg(test)]
mod tests;
