//! Accounts on SQLite: people, their sessions, mailed secrets, and the database's own keys.
//!
//! Only digests of tokens and argon2id strings come here. A write goes through the writer like any other; none of
//! them is on the booking path.

mod messages;
mod secrets;
mod sessions;
mod sign_in;
mod users;

use crate::{SqliteStore, bookings::idempotency, failure::OrStoreError as _, outbox, writer::Tx};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{
    AccountStore, StoreError,
    accounts::{
        AccountMessage, OneTimeRow, OneTimeUse, PasswordBy, ProfileData, Role, Rotation,
        SessionRow, SetUp, TokenDigest, UserRow,
    },
    idempotency::{IdempotencyRecord, Lookup},
    outbox::NewMessage,
};

/// Everything of a new account, or nothing when its e-mail is taken.
fn register(
    tx: &mut Tx<'_>,
    user: &UserRow,
    (secret, message): &(OneTimeRow, NewMessage),
    session: &SessionRow,
) -> Result<bool, StoreError> {
    if !users::add(tx.conn(), user).db()? {
        return Ok(false);
    }
    secrets::add(tx.conn(), secret).db()?;
    outbox::insert(tx, message)?;
    sessions::add(tx.conn(), session).db()?;
    Ok(true)
}

#[async_trait]
impl AccountStore for SqliteStore {
    async fn add_user(&self, user: UserRow) -> Result<bool, StoreError> {
        self.write(move |tx| users::add(tx.conn(), &user).db())
            .await
    }

    async fn register(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| register(tx, &user, &verification, &session))
            .await
    }

    async fn set_up(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<SetUp, StoreError> {
        self.write(move |tx| {
            if users::has_admin(tx.conn()).db()? {
                return Ok(SetUp::NotFirst);
            }
            Ok(if register(tx, &user, &verification, &session)? {
                SetUp::Done
            } else {
                SetUp::EmailTaken
            })
        })
        .await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        self.read_here(|conn| users::has_admin(conn).db()).await
    }

    async fn user(&self, user_id: UserId) -> Result<Option<UserRow>, StoreError> {
        self.read_here(|conn| users::by_id(conn, user_id).db())
            .await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError> {
        self.read_here(|conn| users::by_email(conn, email).db())
            .await
    }

    async fn save_profile(
        &self,
        user_id: UserId,
        profile: ProfileData,
        expected_version: u64,
    ) -> Result<Option<u64>, StoreError> {
        self.write(move |tx| {
            users::save_profile(tx.conn(), user_id, &profile, expected_version).db()
        })
        .await
    }

    async fn set_password(
        &self,
        user_id: UserId,
        password_hash: String,
        by: PasswordBy,
    ) -> Result<(), StoreError> {
        self.write(move |tx| users::set_password(tx.conn(), user_id, &password_hash, by).db())
            .await
    }

    async fn verify_email(&self, user_id: UserId) -> Result<(), StoreError> {
        self.write(move |tx| users::verify_email(tx.conn(), user_id).db())
            .await
    }

    async fn delete_user(&self, user_id: UserId, _now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(move |tx| users::erase(tx.conn(), user_id).db())
            .await
    }

    async fn set_role(&self, user_id: UserId, role: Role) -> Result<(), StoreError> {
        self.write(move |tx| users::set_role(tx.conn(), user_id, role).db())
            .await
    }

    async fn add_session(
        &self,
        session: SessionRow,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let password_hash = password_hash.to_owned();
        self.write(move |tx| {
            let user = users::by_id(tx.conn(), session.user_id).db()?;
            if user.is_none_or(|user| user.password_hash != password_hash) {
                return Ok(false);
            }
            sessions::add(tx.conn(), &session).db()?;
            Ok(true)
        })
        .await
    }

    async fn session_by_access(
        &self,
        access: TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionRow>, StoreError> {
        self.read_here(|conn| sessions::by_access(conn, &access, now).db())
            .await
    }

    async fn mark_session_used(
        &self,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| sessions::mark_used(tx.conn(), &session_id, now).db())
            .await
    }

    async fn sessions_of(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.read_here(|conn| sessions::of_user(conn, user_id, now).db())
            .await
    }

    async fn end_other_sessions(&self, user_id: UserId, keep: [u8; 16]) -> Result<(), StoreError> {
        self.write(move |tx| sessions::end_others(tx.conn(), user_id, &keep).db())
            .await
    }

    async fn rotate_session(
        &self,
        presented: TokenDigest,
        access: TokenDigest,
        access_expires_at: DateTime<Utc>,
        refresh: TokenDigest,
        refresh_expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StoreError> {
        let next = sessions::Tokens {
            access,
            access_expires_at,
            refresh,
            refresh_expires_at,
        };
        self.write(move |tx| sessions::rotate(tx.conn(), &presented, &next, now).db())
            .await
    }

    async fn end_session(&self, session_id: [u8; 16]) -> Result<(), StoreError> {
        self.write(move |tx| sessions::end(tx.conn(), &session_id).db())
            .await
    }

    async fn add_one_time(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            secrets::add(tx.conn(), &secret).db()?;
            match &message {
                Some(message) => outbox::insert(tx, message),
                None => Ok(()),
            }
        })
        .await
    }

    async fn account_messages(
        &self,
        email: &str,
        limit: u16,
    ) -> Result<Vec<AccountMessage>, StoreError> {
        self.read_here(|conn| messages::to(conn, email, limit))
            .await
    }

    async fn open_secrets(
        &self,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(OneTimeUse, DateTime<Utc>)>, StoreError> {
        self.read_here(|conn| secrets::open(conn, subject, now).db())
            .await
    }

    async fn use_one_time(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.write(move |tx| secrets::use_up(tx.conn(), &digest, purpose, now).db())
            .await
    }

    async fn one_time_subject(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.read_here(|conn| secrets::subject(conn, &digest, purpose, now).db())
            .await
    }

    async fn add_one_time_keyed(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
        record: IdempotencyRecord,
    ) -> Result<Lookup, StoreError> {
        self.write(move |tx| {
            if let Some(found) = idempotency::earlier(tx, Some(&record))? {
                return Ok(found);
            }
            secrets::add(tx.conn(), &secret).db()?;
            if let Some(message) = &message {
                outbox::insert(tx, message)?;
            }
            idempotency::insert(tx, &record)?;
            Ok(Lookup::New)
        })
        .await
    }

    async fn use_one_time_keyed(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        subject: &str,
        now: DateTime<Utc>,
        record: IdempotencyRecord,
    ) -> Result<Option<Lookup>, StoreError> {
        let subject = subject.to_owned();
        self.write(move |tx| {
            if let Some(found) = idempotency::earlier(tx, Some(&record))? {
                return Ok(Some(found));
            }
            let good = secrets::subject(tx.conn(), &digest, purpose, now).db()?;
            if good.as_ref() != Some(&subject) {
                return Ok(None);
            }
            secrets::use_up(tx.conn(), &digest, purpose, now).db()?;
            idempotency::insert(tx, &record)?;
            Ok(Some(Lookup::New))
        })
        .await
    }

    async fn secret_key(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let name = name.to_owned();
        self.write(move |tx| secrets::key(tx.conn(), &name, &fresh).db())
            .await
    }
}
