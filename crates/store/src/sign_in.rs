//! Ways to sign in beside a password: providers, second factors, passkeys, and what was begun and not finished.
//!
//! Secrets that callers present arrive as digests. Left out: what a provider, a code generator or a browser says and
//! whether it is right; that is the server's work.

use crate::{
    accounts::{TokenDigest, UserRow},
    error::StoreError,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::UserId;

/// What somebody began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowKind {
    /// A sign-in at an OpenID provider: until the person comes back from there.
    Provider,
    /// A sign-in that a browser finished for the app: until the app asks for it.
    Handoff,
    /// A new passkey: until the browser brings it.
    PasskeyMaking,
    /// A sign-in with a passkey.
    PasskeyUse,
}

impl FlowKind {
    /// The text in the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Handoff => "handoff",
            Self::PasskeyMaking => "passkey_making",
            Self::PasskeyUse => "passkey_use",
        }
    }
}

/// Something begun, which its secret ends once.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowRow {
    pub digest: TokenDigest,
    pub kind: FlowKind,
    /// What has to be known to go on, as JSON.
    pub body: String,
    pub expires_at: DateTime<Utc>,
}

/// Who a provider says a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRow {
    pub issuer: String,
    /// The provider's own name for the person; never reused there.
    pub subject: String,
    pub user_id: UserId,
    /// The address the provider had verified when it was linked.
    pub email: String,
    pub linked_at: DateTime<Utc>,
}

/// A code generator. No Debug: the secret makes codes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactorRow {
    pub user_id: UserId,
    pub secret: [u8; 20],
    /// Since when it counts; `None` until a first code was right.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The time step of the last code taken.
    pub last_step: u64,
    /// Codes tried since the last right one.
    pub tries: u32,
    pub blocked_until: DateTime<Utc>,
    /// Recovery codes left.
    pub recovery_codes: u32,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    pub credential: Vec<u8>,
    pub user_id: UserId,
    pub name: String,
    /// The public key with its counter, as JSON.
    pub body: String,
    pub created_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// Ways to sign in.
#[async_trait]
pub trait SignInStore: Send + Sync + 'static {
    /// Keeps something begun; forgets some of what ran out.
    async fn begin_flow(&self, flow: FlowRow, now: DateTime<Utc>) -> Result<(), StoreError>;
    /// Ends it: its body, once, before it expires.
    async fn end_flow(
        &self,
        digest: TokenDigest,
        kind: FlowKind,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError>;

    /// The account of whom a provider knows by this subject.
    async fn user_by_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<UserRow>, StoreError>;
    /// Links an identity to an account that is there; false when it is linked already, to whomever, or the account is
    /// linked to another subject of the same issuer: that is another person.
    async fn link_identity(&self, identity: IdentityRow) -> Result<bool, StoreError>;
    /// Adds a user with an identity, in one transaction; false when the e-mail or the identity is taken, and then nothing
    /// is kept. Guest bookings of a verified e-mail become the user's.
    async fn add_user_with_identity(
        &self,
        user: UserRow,
        identity: IdentityRow,
    ) -> Result<bool, StoreError>;
    /// A person's identities, oldest first.
    async fn identities_of(&self, user_id: UserId) -> Result<Vec<IdentityRow>, StoreError>;

    async fn second_factor(&self, user_id: UserId) -> Result<Option<SecondFactorRow>, StoreError>;
    /// Puts a new secret in place of one that was never confirmed; false when one is confirmed or there is no such person.
    async fn begin_second_factor(
        &self,
        user_id: UserId,
        secret: [u8; 20],
    ) -> Result<bool, StoreError>;
    /// Counts a try before the code is looked at: the generator as it was, or `None` when there is none or it is blocked.
    /// From the try after `free` on each one blocks it for `pause`, so that tries made at once count as well.
    async fn try_second_factor(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
        free: u32,
        pause: TimeDelta,
    ) -> Result<Option<SecondFactorRow>, StoreError>;
    /// Takes a right code: ends the count of tries; false when a code of this step or a later one was taken before.
    async fn take_step(&self, user_id: UserId, step: u64) -> Result<bool, StoreError>;
    /// Takes a recovery code: ends the count of tries; false when it is none (any more).
    async fn take_recovery_code(
        &self,
        user_id: UserId,
        digest: TokenDigest,
    ) -> Result<bool, StoreError>;
    /// Confirms the generator with the step of its first code, puts new recovery codes in place and marks the session as
    /// one that showed a second factor; every other session of the person ends. False when it was confirmed before.
    async fn confirm_second_factor(
        &self,
        user_id: UserId,
        step: u64,
        recovery_codes: Vec<TokenDigest>,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Takes generator and recovery codes away; every session of the person ends.
    async fn remove_second_factor(&self, user_id: UserId) -> Result<(), StoreError>;

    /// Adds a passkey; false when it is known, to whomever, or its owner has [`PASSKEYS_MAX`].
    async fn add_passkey(&self, passkey: PasskeyRow) -> Result<bool, StoreError>;
    /// A person's passkeys, oldest first.
    async fn passkeys_of(&self, user_id: UserId) -> Result<Vec<PasskeyRow>, StoreError>;
    async fn passkey(&self, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError>;
    /// Notes a use, if the key is still as it was read: false when somebody used it at the same time.
    async fn passkey_used(
        &self,
        before: &PasskeyRow,
        body: String,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Takes a passkey away; false when it is not that person's.
    async fn remove_passkey(&self, user_id: UserId, credential: &[u8]) -> Result<bool, StoreError>;
}

/// Passkeys one person may have.
pub const PASSKEYS_MAX: u32 = 20;
