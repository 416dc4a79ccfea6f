//! People with accounts: who they are, how they prove it, and their sessions.
//!
//! Secrets arrive here only as digests (tokens) or as an argon2id string (passwords). Making and checking them is the
//! server's work.

use crate::{
    error::StoreError,
    idempotency::{IdempotencyRecord, Lookup},
    outbox::{MessageStatus, NewMessage},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{TheaterId, UserId};
use serde::{Deserialize, Serialize};

/// Digest of a secret token: SHA-256.
pub type TokenDigest = [u8; 32];

/// What a person may do beyond buying for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    /// Made by `admin create`.
    Admin,
}

/// What a person chose and told about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileData {
    pub name: String,
    pub address: String,
    pub phone: String,
    pub language: String,
    pub favourite_theater: Option<TheaterId>,
    pub notify_email: bool,
    pub notify_reminder: bool,
    /// Also by SMS, to the profile's phone.
    #[serde(default)]
    pub notify_sms: bool,
    /// Also on the browsers and devices that subscribed.
    #[serde(default = "yes")]
    pub notify_push: bool,
}

const fn yes() -> bool {
    true
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    pub user_id: UserId,
    /// As the person wrote it, trimmed; unique without regard to case.
    pub email: String,
    pub email_verified: bool,
    /// argon2id in PHC form.
    pub password_hash: String,
    pub role: Role,
    pub profile: ProfileData,
    pub profile_version: u64,
    pub created_at: DateTime<Utc>,
}

/// A session family: one sign-in on one device. The refresh token rotates inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// First 128 bits of randomness, in every token of the family.
    pub session_id: [u8; 16],
    pub user_id: UserId,
    pub role: Role,
    /// Digest of the current access token.
    pub access: TokenDigest,
    pub access_expires_at: DateTime<Utc>,
    /// Digest of the current refresh token.
    pub refresh: TokenDigest,
    pub refresh_expires_at: DateTime<Utc>,
    /// Digest of the refresh token before it, which may be asked again until the current one was used.
    pub previous_refresh: Option<TokenDigest>,
    /// The current tokens were used at least once.
    pub current_used: bool,
    pub cookie: bool,
    pub created_at: DateTime<Utc>,
    /// What the device calls itself, e.g. "Firefox on Linux"; empty when it does not.
    pub device: String,
    /// When it was last seen; see [`AccountStore::mark_session_used`].
    pub used_at: DateTime<Utc>,
    /// A second factor was shown for it.
    pub second_factor: bool,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The new tokens of this person are in place.
    Rotated(UserId),
    /// The token is unknown or expired.
    Unknown,
    /// A used-up token came back: the family was ended.
    Reuse,
}

/// What a one-time secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneTimeUse {
    PasswordReset,
    EmailVerification,
    BookingRecovery,
}

/// What became of making the first administrator; only [`Self::Done`] wrote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    Done,
    /// There is one already.
    NotFirst,
    /// Somebody else has an account with this e-mail.
    EmailTaken,
}

/// Who sets a new password for a person; what else goes with the old one follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordBy {
    /// The person, by a mailed link. Who reads the mail owns the address: it is confirmed in the same transaction.
    Mail,
    /// Whoever runs the server, who makes the person an administrator in the same transaction.
    Operator,
}

/// A mailed, single-use secret, kept as a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeRow {
    pub digest: TokenDigest,
    pub purpose: OneTimeUse,
    /// User id or booking id, as text.
    pub subject: String,
    pub expires_at: DateTime<Utc>,
}

/// A message that went, goes or failed to go to a person about their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMessage {
    pub kind: String,
    pub channel: String,
    pub recipient: String,
    pub status: MessageStatus,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// How long mailed secrets that ran out are still known.
pub const RAN_OUT_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(30);

/// Accounts, sessions, one-time secrets.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds a user; false when the e-mail is taken (without regard to case).
    async fn add_user(&self, user: UserRow) -> Result<bool, StoreError>;
    /// Adds a user with the secret that verifies the e-mail, the message that mails it and the first session, in one
    /// transaction; false when the e-mail is taken, and then nothing is kept.
    async fn register(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<bool, StoreError>;
    /// [`Self::register`] for the server's first administrator, as long as it has none.
    async fn set_up(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<SetUp, StoreError>;
    /// Whether an account is an administrator. Looks through all accounts when none is.
    async fn has_admin(&self) -> Result<bool, StoreError>;
    async fn user(&self, user_id: UserId) -> Result<Option<UserRow>, StoreError>;
    async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError>;
    /// Replaces the profile if it still has `expected_version`; the new version, or `None` when it moved on.
    async fn save_profile(
        &self,
        user_id: UserId,
        profile: ProfileData,
        expected_version: u64,
    ) -> Result<Option<u64>, StoreError>;
    /// Replaces the password in one transaction with what else opened the account: every session, passkey and mailed reset
    /// ends. Where the address was never confirmed, somebody else may have set the account up: its subscriptions and phone
    /// go too, and a customer's code generator. (That of staff stays: a mailbox alone must not open their account.) By
    /// [`PasswordBy::Operator`] generator, identities and subscriptions go in any case.
    async fn set_password(
        &self,
        user_id: UserId,
        password_hash: String,
        by: PasswordBy,
    ) -> Result<(), StoreError>;
    /// Marks the e-mail as verified and makes the guest bookings of that e-mail the user's.
    async fn verify_email(&self, user_id: UserId) -> Result<(), StoreError>;
    /// Erases the account: personal data and sessions go, bookings stay without a person.
    async fn delete_user(&self, user_id: UserId, now: DateTime<Utc>) -> Result<(), StoreError>;
    async fn set_role(&self, user_id: UserId, role: Role) -> Result<(), StoreError>;

    /// Opens a session of an account whose password is still kept as `password_hash`: what was shown was shown to that
    /// account. False, and no session, when the password was changed meanwhile or the account is gone: a new password ends
    /// what was being opened like what was open.
    async fn add_session(
        &self,
        session: SessionRow,
        password_hash: &str,
    ) -> Result<bool, StoreError>;
    /// The live session with this access digest.
    async fn session_by_access(
        &self,
        access: TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionRow>, StoreError>;
    /// Notes that the current tokens reached the client (its first use), which ends the grace of the ones before, and
    /// that the session was seen now.
    async fn mark_session_used(
        &self,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// A person's live sessions, the one seen last first; bounded, since a sign-in beyond ends the oldest.
    async fn sessions_of(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionRow>, StoreError>;
    /// Ends every session of a person but this one.
    async fn end_other_sessions(&self, user_id: UserId, keep: [u8; 16]) -> Result<(), StoreError>;
    /// Puts new tokens in place of the presented refresh token. The previous refresh token is accepted again until
    /// the current tokens were used; after that it ends the family.
    async fn rotate_session(
        &self,
        presented: TokenDigest,
        access: TokenDigest,
        access_expires_at: DateTime<Utc>,
        refresh: TokenDigest,
        refresh_expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StoreError>;
    /// Ends one session.
    async fn end_session(&self, session_id: [u8; 16]) -> Result<(), StoreError>;

    /// Keeps a one-time secret with the message that mails it, in one transaction.
    async fn add_one_time(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
    ) -> Result<(), StoreError>;
    /// The messages about a person's account itself, newest first, without what they said; at most `limit`. Those about
    /// bookings are told with the bookings.
    async fn account_messages(
        &self,
        email: &str,
        limit: u16,
    ) -> Result<Vec<AccountMessage>, StoreError>;
    /// The mailed secrets of a subject that can still be used: what for, and until when.
    async fn open_secrets(
        &self,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(OneTimeUse, DateTime<Utc>)>, StoreError>;
    /// Uses a secret up: its subject, once, before it expires.
    async fn use_one_time(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError>;
    /// Whose a secret is while it is good; it stays good. Asked with a time before now it may be one that ran out since:
    /// those are kept for [`RAN_OUT_KEPT`], so that whoever comes with one hears why it does not work.
    async fn one_time_subject(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError>;
    /// [`Self::add_one_time`] for a request with a key: its record is written with the secret and the message. `New` when
    /// done; otherwise what an earlier request with this key left, and nothing is done.
    async fn add_one_time_keyed(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
        record: IdempotencyRecord,
    ) -> Result<Lookup, StoreError>;
    /// [`Self::use_one_time`] for a request with a key: the record, its answer rendered for `subject`, is written with
    /// the use. `New` when done; `None` when the secret is not (or no longer) good for that subject.
    async fn use_one_time_keyed(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        subject: &str,
        now: DateTime<Utc>,
        record: IdempotencyRecord,
    ) -> Result<Option<Lookup>, StoreError>;
    /// A named secret key of this database (32 bytes), made from `fresh` the first time.
    async fn secret_key(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;
}
