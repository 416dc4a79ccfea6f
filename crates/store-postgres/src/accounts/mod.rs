//! Accounts on PostgreSQL: people, their sessions, mailed secrets, and the database's own keys.
//!
//! Only digests of tokens and argon2id strings come here. Each write is a short transaction of its own; none of them is
//! on the booking path.

mod messages;
mod secrets;
mod sessions;
mod sign_in;
mod users;

use crate::{
    PostgresStore,
    bookings::read::lookup,
    columns::micros,
    connect::Connection,
    outbox,
    pipeline::{self, Call},
};
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

/// Writes the record of a request's answer, or says what an earlier request with its key left. A record that another
/// server is just writing is waited for.
pub(crate) async fn keep(
    conn: &Connection,
    record: &IdempotencyRecord,
) -> Result<Result<(), Lookup>, StoreError> {
    let sql = "INSERT INTO idempotency (scope, body, status, answer, keep_until) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (scope) DO NOTHING RETURNING 1";
    let call = Call::new(sql)
        .with(&record.key.scope[..])
        .with(&record.key.body[..])
        .with(i32::from(record.answer.status))
        .with(&record.answer.body[..])
        .with(micros(record.keep_until));
    let kept = pipeline::read(conn, &[call]).await?;
    if kept.iter().flatten().next().is_some() {
        return Ok(Ok(()));
    }
    Ok(Err(lookup(conn, &record.key).await?))
}

/// Everything of a new account, or nothing when its e-mail is taken.
async fn register(
    conn: &Connection,
    user: &UserRow,
    (secret, message): &(OneTimeRow, NewMessage),
    session: &SessionRow,
) -> Result<bool, StoreError> {
    if !users::add(conn, user).await? {
        return Ok(false);
    }
    secrets::add(conn, secret).await?;
    outbox::insert(conn, message).await?;
    sessions::add(conn, session).await?;
    Ok(true)
}

#[async_trait]
impl AccountStore for PostgresStore {
    async fn add_user(&self, user: UserRow) -> Result<bool, StoreError> {
        let user = &user;
        self.write(|conn| async move { users::add(&conn, user).await })
            .await
    }

    async fn register(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<bool, StoreError> {
        let (user, verification, session) = (&user, &verification, &session);
        self.write(|conn| async move { register(&conn, user, verification, session).await })
            .await
    }

    async fn set_up(
        &self,
        user: UserRow,
        verification: (OneTimeRow, NewMessage),
        session: SessionRow,
    ) -> Result<SetUp, StoreError> {
        let (user, verification, session) = (&user, &verification, &session);
        self.write(|conn| async move {
            users::alone_in_setting_up(&conn).await?;
            if users::has_admin(&conn).await? {
                return Ok(SetUp::NotFirst);
            }
            Ok(if register(&conn, user, verification, session).await? {
                SetUp::Done
            } else {
                SetUp::EmailTaken
            })
        })
        .await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        users::has_admin(&self.connection().await?).await
    }

    async fn user(&self, user_id: UserId) -> Result<Option<UserRow>, StoreError> {
        users::by_id(&self.connection().await?, user_id).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError> {
        users::by_email(&self.connection().await?, email).await
    }

    async fn save_profile(
        &self,
        user_id: UserId,
        profile: ProfileData,
        expected_version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let profile = &profile;
        self.write(|conn| async move {
            users::save_profile(&conn, user_id, profile, expected_version).await
        })
        .await
    }

    async fn set_password(
        &self,
        user_id: UserId,
        password_hash: String,
        by: PasswordBy,
    ) -> Result<(), StoreError> {
        let hash = &password_hash;
        self.write(|conn| async move { users::set_password(&conn, user_id, hash, by).await })
            .await
    }

    async fn verify_email(&self, user_id: UserId) -> Result<(), StoreError> {
        self.write(|conn| async move { users::verify_email(&conn, user_id).await })
            .await
    }

    async fn delete_user(&self, user_id: UserId, _now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|conn| async move { users::erase(&conn, user_id).await })
            .await
    }

    async fn set_role(&self, user_id: UserId, role: Role) -> Result<(), StoreError> {
        self.write(|conn| async move { users::set_role(&conn, user_id, role).await })
            .await
    }

    async fn add_session(
        &self,
        session: SessionRow,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let session = &session;
        self.write(|conn| async move {
            if !users::has_password(&conn, session.user_id, password_hash).await? {
                return Ok(false);
            }
            sessions::add(&conn, session).await?;
            Ok(true)
        })
        .await
    }

    async fn session_by_access(
        &self,
        access: TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionRow>, StoreError> {
        sessions::by_access(&self.connection().await?, &access, now).await
    }

    async fn mark_session_used(
        &self,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|conn| async move { sessions::mark_used(&conn, &session_id, now).await })
            .await
    }

    async fn sessions_of(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionRow>, StoreError> {
        sessions::of_user(&self.connection().await?, user_id, now).await
    }

    async fn end_other_sessions(&self, user_id: UserId, keep: [u8; 16]) -> Result<(), StoreError> {
        self.write(|conn| async move { sessions::end_others(&conn, user_id, &keep).await })
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
        let next = &sessions::Tokens {
            access,
            access_expires_at,
            refresh,
            refresh_expires_at,
        };
        self.write(|conn| async move { sessions::rotate(&conn, &presented, next, now).await })
            .await
    }

    async fn end_session(&self, session_id: [u8; 16]) -> Result<(), StoreError> {
        self.write(|conn| async move { sessions::end(&conn, &session_id).await })
            .await
    }

    async fn add_one_time(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
    ) -> Result<(), StoreError> {
        let (secret, message) = (&secret, &message);
        self.write(|conn| async move {
            secrets::add(&conn, secret).await?;
            match message {
                Some(message) => outbox::insert(&conn, message).await,
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
        messages::to(&self.connection().await?, email, limit).await
    }

    async fn open_secrets(
        &self,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(OneTimeUse, DateTime<Utc>)>, StoreError> {
        secrets::open(&self.connection().await?, subject, now).await
    }

    async fn use_one_time(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.write(|conn| async move { secrets::use_up(&conn, &digest, purpose, now).await })
            .await
    }

    async fn one_time_subject(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let conn = self.connection().await?;
        secrets::subject(&conn, &digest, purpose, now).await
    }

    async fn add_one_time_keyed(
        &self,
        secret: OneTimeRow,
        message: Option<NewMessage>,
        record: IdempotencyRecord,
    ) -> Result<Lookup, StoreError> {
        let (secret, message, record) = (&secret, &message, &record);
        let done = self.write_if(|conn| async move {
            if let Err(found) = keep(&conn, record).await? {
                return Ok(Err(found));
            }
            secrets::add(&conn, secret).await?;
            if let Some(message) = message {
                outbox::insert(&conn, message).await?;
            }
            Ok(Ok(Lookup::New))
        });
        done.await.map(|done| done.unwrap_or_else(|found| found))
    }

    async fn use_one_time_keyed(
        &self,
        digest: TokenDigest,
        purpose: OneTimeUse,
        subject: &str,
        now: DateTime<Utc>,
        record: IdempotencyRecord,
    ) -> Result<Option<Lookup>, StoreError> {
        let record = &record;
        let done = self.write_if(|conn| async move {
            if let Err(found) = keep(&conn, record).await? {
                return Ok(Err(Some(found)));
            }
            let whose = secrets::use_up(&conn, &digest, purpose, now).await?;
            // Anybody else's stays good: what was taken out is rolled back.
            Ok(if whose.as_deref() == Some(subject) {
                Ok(Some(Lookup::New))
            } else {
                Err(None)
            })
        });
        done.await.map(|done| done.unwrap_or_else(|found| found))
    }

    async fn secret_key(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let fresh = &fresh;
        self.write(|conn| async move { secrets::key(&conn, name, fresh).await })
            .await
    }
}
