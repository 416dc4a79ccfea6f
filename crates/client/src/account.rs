//! Signing in and out, and the profile.

use crate::{
    client::Client,
    error::ClientError,
    fresh::Fresh,
    http::Call,
    queries::{Credentials, NewAccount, Session},
};
use matinee_api::{
    self as api, DeviceSession, ForgotRequest, LoginRequest, Page, Profile, RecoveryCodes,
    RegisterRequest, ResetRequest, SecondFactorBegin, SecondFactorBegun, SecondFactorCode,
    SecondFactorRemove, SecondFactorState, SessionInfo, SessionMode, VerifyRequest,
};

impl Client {
    /// Who is signed in, from what is on the device; the name and e-mail are asked for when they are not.
    pub async fn session(&self) -> Result<Session, ClientError> {
        let Some(user) = self.inner.access.user().await else {
            return Ok(self.signed_out());
        };
        let profile = match self.inner.cache.profile(user).await? {
            Some((profile, _)) => Some(profile),
            None => match self.fetch_profile().await {
                Ok(profile) => Some(profile),
                // The session has ended elsewhere.
                Err(error) if error.status == Some(401) => return Ok(self.signed_out()),
                Err(error) => {
                    tracing::info!(%error, "signed in with no profile yet");
                    None
                }
            },
        };
        Ok(Session {
            signed_in: true,
            user_id: Some(user),
            email: profile.as_ref().and_then(|profile| profile.email.clone()),
            name: profile.map(|profile| profile.name),
            session_only: self.inner.session_only,
        })
    }

    fn signed_out(&self) -> Session {
        Session {
            signed_in: false,
            user_id: None,
            email: None,
            name: None,
            session_only: self.inner.session_only,
        }
    }

    /// Makes an account and signs in.
    pub async fn register(&self, account: NewAccount) -> Result<Session, ClientError> {
        let NewAccount {
            email,
            password,
            name,
            language,
        } = account;
        let body = RegisterRequest {
            email,
            password,
            name,
            language,
            session: SessionMode::Token,
        };
        self.enter(Call::post("/auth/register").json(&body)?).await
    }

    /// Signs in.
    pub async fn login(&self, credentials: Credentials) -> Result<Session, ClientError> {
        let Credentials {
            email,
            password,
            code,
        } = credentials;
        let body = LoginRequest {
            email,
            password,
            code,
            session: SessionMode::Token,
        };
        self.enter(Call::post("/auth/login").json(&body)?).await
    }

    pub(crate) async fn enter(&self, call: Call) -> Result<Session, ClientError> {
        // Asked first: a session that cannot be kept is not begun.
        self.inner.vault.ready().await?;
        let session: api::Session = self.inner.http.send(&call).await?.json()?;
        let user = self.inner.access.begin(session).await?;
        self.inner
            .cache
            .forget_accounts_but(Some(user.to_string()))
            .await?;
        self.inner.device.changed();
        self.sync_soon();
        self.session().await
    }

    /// Signs out, here in any case. What belongs to the account leaves the device.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.leave_messages().await;
        self.inner.access.end().await?;
        self.inner.device.changed();
        self.inner.cache.forget_accounts_but(None).await?;
        Ok(())
    }

    /// Mails a link to a new password; answers alike for every e-mail.
    pub async fn forgot_password(&self, email: String) -> Result<(), ClientError> {
        self.inner
            .http
            .send(&Call::post("/auth/password/forgot").json(&ForgotRequest { email })?)
            .await?;
        Ok(())
    }

    /// Sets a new password with the secret of the mailed link.
    pub async fn reset_password(&self, token: String, password: String) -> Result<(), ClientError> {
        self.inner
            .http
            .send(&Call::post("/auth/password/reset").json(&ResetRequest { token, password })?)
            .await?;
        Ok(())
    }

    /// Confirms an e-mail address with the secret of the mailed link. Guest bookings made with it join the account.
    pub async fn verify_email(&self, token: String) -> Result<(), ClientError> {
        self.inner
            .http
            .send(&Call::post("/auth/verify").json(&VerifyRequest { token })?)
            .await?;
        if self.inner.access.user().await.is_some() {
            // The copy says otherwise until then.
            if let Err(error) = self.fetch_profile().await {
                tracing::info!(%error, "the profile comes with the next sync");
            }
            self.sync_soon();
        }
        Ok(())
    }

    /// The signed-in person's profile.
    pub async fn profile(&self) -> Result<Fresh<Profile>, ClientError> {
        let user = self.inner.access.user().await;
        self.read(
            |client| async move { client.fetch_profile().await },
            |client| async move {
                match user {
                    Some(user) => Ok(client.inner.cache.profile(user).await?),
                    None => Ok(None),
                }
            },
        )
        .await
    }

    pub(crate) async fn fetch_profile(&self) -> Result<Profile, ClientError> {
        let kept = match self.inner.access.user().await {
            Some(user) => {
                let seen = self.inner.cache.seen_profile(user).await?;
                seen.map(|(profile, etag)| (user, profile, etag))
            }
            None => None,
        };
        let etag = kept.as_ref().map(|(_, _, etag)| etag.clone());
        let call = Call::get("/users/me/profile").if_none_match(etag);
        let answer = self.send_as_caller(call, None).await?;
        if let Some((user, profile, _)) = kept
            && answer.status == 304
        {
            self.inner.cache.confirm_profile(user).await?;
            return Ok(profile);
        }
        let profile: Profile = answer.json()?;
        self.keep_profile(&profile, answer.etag).await?;
        Ok(profile)
    }

    /// Saves the profile; with a version only over that one.
    pub async fn save_profile(
        &self,
        profile: Profile,
        version: Option<u64>,
    ) -> Result<Profile, ClientError> {
        let call = Call::put("/users/me/profile")
            .json(&profile)?
            .if_match(version);
        let saved: Profile = self.send_as_caller(call, None).await?.json()?;
        self.keep_profile(&saved, None).await?;
        Ok(saved)
    }

    async fn keep_profile(
        &self,
        profile: &Profile,
        etag: Option<String>,
    ) -> Result<(), ClientError> {
        if let Some(user) = self.inner.access.user().await {
            self.inner
                .cache
                .keep_profile(user, profile.clone(), etag)
                .await?;
        }
        Ok(())
    }

    /// The devices that are signed in to the account, the one seen last first.
    pub async fn sessions(&self) -> Result<Vec<DeviceSession>, ClientError> {
        let call = Call::get("/users/me/sessions");
        let page: Page<DeviceSession> = self.send_as_caller(call, None).await?.json()?;
        Ok(page.items)
    }

    /// Signs a device out.
    pub async fn end_session(&self, session_id: &str) -> Result<(), ClientError> {
        // It stands in a path: what is no name of a session can name nothing.
        if !session_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ClientError::not_found());
        }
        let call = Call::delete(format!("/users/me/sessions/{session_id}"));
        self.send_as_caller(call, None).await?;
        Ok(())
    }

    /// Signs every other device out.
    pub async fn end_other_sessions(&self) -> Result<(), ClientError> {
        self.send_as_caller(Call::delete("/users/me/sessions"), None)
            .await?;
        Ok(())
    }

    /// Everything the server keeps about the person, as JSON text.
    pub async fn export_account(&self) -> Result<String, ClientError> {
        let call = Call::get("/users/me/export");
        self.send_as_caller(call, None).await?.text()
    }

    /// Asks for the mail that verifies the address once more.
    pub async fn resend_verification(&self) -> Result<(), ClientError> {
        self.send_as_caller(Call::post("/auth/verify/resend"), None)
            .await?;
        Ok(())
    }

    /// Whether the account has a code generator, or should.
    pub async fn second_factor(&self) -> Result<SecondFactorState, ClientError> {
        let call = Call::get("/auth/session");
        let info: SessionInfo = self.send_as_caller(call, None).await?.json()?;
        let user = info.user.map(|user| user.second_factor);
        Ok(user.unwrap_or(SecondFactorState::NotNeeded))
    }

    /// A new secret for a code generator; it counts once a first code was right.
    pub async fn begin_second_factor(
        &self,
        password: String,
    ) -> Result<SecondFactorBegun, ClientError> {
        let body = SecondFactorBegin { password };
        let call = Call::post("/auth/second-factor/begin").json(&body)?;
        self.send_as_caller(call, None).await?.json()
    }

    /// Shows the generator's first code; the recovery codes, this once.
    pub async fn confirm_second_factor(&self, code: String) -> Result<Vec<String>, ClientError> {
        let body = SecondFactorCode { code };
        let call = Call::post("/auth/second-factor/confirm").json(&body)?;
        let answer: RecoveryCodes = self.send_as_caller(call, None).await?.json()?;
        Ok(answer.recovery_codes)
    }

    /// Takes the generator away. Every session ends, this one too.
    pub async fn remove_second_factor(
        &self,
        password: String,
        code: String,
    ) -> Result<(), ClientError> {
        let body = SecondFactorRemove { password, code };
        let call = Call::post("/auth/second-factor/remove").json(&body)?;
        self.send_as_caller(call, None).await?;
        self.logout().await
    }

    /// Deletes the account at the server, then what is left of it here.
    pub async fn delete_account(&self) -> Result<(), ClientError> {
        self.send_as_caller(Call::delete("/users/me"), None).await?;
        self.logout().await
    }
}
