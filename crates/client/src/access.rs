//! The account's tokens: kept in the keyring, renewed before and after they run out, one renewal at a time.
//!
//! A new pair is kept before it is used: the server lets the old refresh token be used again until then, so neither a
//! lost answer nor a crash between the two ends the session.

use crate::{
    error::ClientError,
    http::{Call, Http},
    secrets::{Secret, Vault},
};
use chrono::{DateTime, Duration, Utc};
use matinee_api::{self as api, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

const ENTRY: &str = "session";
/// An access token is renewed this long before its end.
const EARLY_SECONDS: i64 = 30;

/// The signed-in person's tokens. No `Debug`: a [`Secret`] has none that shows it, and nothing prints these.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) user_id: UserId,
    pub(crate) access: Secret,
    refresh: Secret,
    expires_at: DateTime<Utc>,
}

/// As the keyring keeps them. Short names: some keyrings take little more than a kilobyte.
#[derive(Serialize, Deserialize)]
struct Kept {
    u: UserId,
    a: String,
    r: String,
    e: i64,
}

impl Tokens {
    fn from_answer(session: api::Session) -> Result<Self, ClientError> {
        let (Some(access), Some(refresh)) = (session.access_token, session.refresh_token) else {
            return Err(ClientError::invalid_answer(
                "The session came without its tokens.",
                None,
            ));
        };
        Ok(Self {
            user_id: session.user_id,
            access: Secret::new(access),
            refresh: Secret::new(refresh),
            expires_at: Utc::now() + Duration::seconds(session.expires_in.into()),
        })
    }

    fn to_secret(&self) -> Result<Secret, ClientError> {
        let kept = Kept {
            u: self.user_id,
            a: self.access.expose().to_owned(),
            r: self.refresh.expose().to_owned(),
            e: self.expires_at.timestamp(),
        };
        serde_json::to_string(&kept)
            .map(Secret::new)
            .map_err(|_| ClientError::internal("The session cannot be written."))
    }

    fn from_secret(secret: &Secret) -> Option<Self> {
        let kept: Kept = serde_json::from_str(secret.expose()).ok()?;
        Some(Self {
            user_id: kept.u,
            access: Secret::new(kept.a),
            refresh: Secret::new(kept.r),
            expires_at: DateTime::from_timestamp(kept.e, 0)?,
        })
    }
}

/// What is known of the session.
enum State {
    /// The keyring has not been asked yet.
    Unread,
    Out,
    In(Tokens),
}

/// Who the caller is.
pub(crate) struct Access {
    vault: Vault,
    http: Http,
    /// Held through a renewal: whoever comes meanwhile waits and then finds it done.
    state: Mutex<State>,
}

impl Access {
    pub(crate) fn new(vault: Vault, http: Http) -> Self {
        Self {
            vault,
            http,
            state: Mutex::new(State::Unread),
        }
    }

    async fn read<'a>(&self, state: &'a mut State) -> Result<Option<&'a Tokens>, ClientError> {
        if matches!(state, State::Unread) {
            let kept = self.vault.get(ENTRY).await?;
            *state = kept
                .as_ref()
                .and_then(Tokens::from_secret)
                .map_or(State::Out, State::In);
        }
        Ok(match state {
            State::In(tokens) => Some(tokens),
            State::Unread | State::Out => None,
        })
    }

    /// The signed-in person, without asking the server.
    pub(crate) async fn user(&self) -> Option<UserId> {
        self.user_if_known().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the keyring was not read");
            None
        })
    }

    /// The same, for who has to tell nobody from a keyring that does not answer.
    pub(crate) async fn user_if_known(&self) -> Result<Option<UserId>, ClientError> {
        let mut state = self.state.lock().await;
        let tokens = self.read(&mut state).await?;
        Ok(tokens.map(|tokens| tokens.user_id))
    }

    /// Tokens that are good now, renewed when they are about to run out; None for a guest.
    pub(crate) async fn tokens(&self) -> Result<Option<Tokens>, ClientError> {
        let mut state = self.state.lock().await;
        let Some(tokens) = self.read(&mut state).await?.cloned() else {
            return Ok(None);
        };
        if Utc::now() + Duration::seconds(EARLY_SECONDS) < tokens.expires_at {
            return Ok(Some(tokens));
        }
        self.renew(&mut state, &tokens).await.map(Some)
    }

    /// Tokens in place of those the server just refused.
    pub(crate) async fn renewed(&self, refused: &Tokens) -> Result<Tokens, ClientError> {
        let mut state = self.state.lock().await;
        match self.read(&mut state).await?.cloned() {
            Some(now) if now.access != refused.access => Ok(now),
            Some(now) => self.renew(&mut state, &now).await,
            None => Err(ended()),
        }
    }

    async fn renew(&self, state: &mut State, old: &Tokens) -> Result<Tokens, ClientError> {
        if let Some(newer) = self.renewed_elsewhere(old).await {
            *state = State::In(newer.clone());
            return Ok(newer);
        }
        let body = api::RefreshRequest {
            refresh_token: Some(old.refresh.expose().to_owned()),
        };
        let call = Call::post("/auth/refresh").json(&body)?;
        match self.http.send(&call).await {
            Ok(answer) => {
                let new = Tokens::from_answer(answer.json()?)?;
                if let Err(error) = self.vault.set(ENTRY, new.to_secret()?).await {
                    // The session goes on while the app runs; the next start asks the person to sign in.
                    tracing::warn!(%error, "the renewed session could not be kept");
                }
                *state = State::In(new.clone());
                Ok(new)
            }
            Err(error) if error.status == Some(401) => {
                self.forget(state).await;
                Err(ended())
            }
            Err(error) => Err(error),
        }
    }

    /// Newer tokens in the keyring, of a client that was opened beside or after this one: renewing older ones would look
    /// like theft to the server.
    async fn renewed_elsewhere(&self, old: &Tokens) -> Option<Tokens> {
        let kept = self.vault.get(ENTRY).await.ok()??;
        Tokens::from_secret(&kept).filter(|kept| kept.refresh != old.refresh)
    }

    /// Keeps a session just begun. Refused when the keyring does not take it: a session that would silently end with
    /// the app is only begun by choice.
    pub(crate) async fn begin(&self, session: api::Session) -> Result<UserId, ClientError> {
        let tokens = Tokens::from_answer(session)?;
        let mut state = self.state.lock().await;
        self.vault.set(ENTRY, tokens.to_secret()?).await?;
        let user = tokens.user_id;
        *state = State::In(tokens);
        Ok(user)
    }

    /// Ends the session here, and at the server as far as it can be reached.
    pub(crate) async fn end(&self) -> Result<(), ClientError> {
        let mut state = self.state.lock().await;
        let tokens = self.read(&mut state).await?.cloned();
        self.forget(&mut state).await;
        drop(state);
        if let Some(tokens) = tokens {
            let body = api::RefreshRequest {
                refresh_token: Some(tokens.refresh.expose().to_owned()),
            };
            let call = Call::post("/auth/logout")
                .json(&body)?
                .bearer(Some(tokens.access));
            if let Err(error) = self.http.send(&call).await {
                tracing::info!(%error, "the server was not told of the sign-out");
            }
        }
        Ok(())
    }

    async fn forget(&self, state: &mut State) {
        *state = State::Out;
        if let Err(error) = self.vault.delete(ENTRY).await {
            tracing::warn!(%error, "the ended session is still in the keyring");
        }
    }
}

fn ended() -> ClientError {
    ClientError::problem(api::ProblemCode::SessionEnded, "Please sign in again.")
}
