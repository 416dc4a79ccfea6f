//! Ways to sign in beside a password, on PostgreSQL. Each write is one short transaction.

mod factors;
mod passkeys;

use super::users;
use crate::{
    PostgresStore,
    columns::{Columns as _, micros, text},
    connect::Connection,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{
    SignInStore, StoreError,
    accounts::{TokenDigest, UserRow},
    sign_in::{FlowKind, FlowRow, IdentityRow, PasskeyRow, SecondFactorRow},
};
use tokio_postgres::Row;

async fn begin(conn: &Connection, flow: &FlowRow, now: DateTime<Utc>) -> Result<(), StoreError> {
    let calls = [
        Call::new(
            "DELETE FROM flows WHERE digest IN (SELECT digest FROM flows \
             WHERE expires_at <= $1 ORDER BY expires_at LIMIT 64 FOR UPDATE SKIP LOCKED)",
        )
        .with(micros(now)),
        Call::new(
            "INSERT INTO flows (digest, kind, body, expires_at) VALUES ($1, $2, $3::text::json, $4)",
        )
        .with(&flow.digest[..])
        .with(flow.kind.as_str())
        .with(&flow.body)
        .with(micros(flow.expires_at)),
    ];
    pipeline::read(conn, &calls).await?;
    Ok(())
}

async fn end(
    conn: &Connection,
    digest: &TokenDigest,
    kind: FlowKind,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let sql = "DELETE FROM flows WHERE digest = $1 AND kind = $2 AND expires_at > $3 RETURNING body::text";
    let call = Call::new(sql)
        .with(&digest[..])
        .with(kind.as_str())
        .with(micros(now));
    let row = first(conn, call).await?;
    row.map(|row| row.value(0)).transpose()
}

/// The first row of a statement.
async fn first(conn: &Connection, call: Call<'_>) -> Result<Option<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().next())
}

async fn owner(
    conn: &Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT \"user\" FROM identities WHERE issuer = $1 AND subject = $2";
    let call = Call::new(sql).with(text(issuer)).with(text(subject));
    let row = first(conn, call).await?;
    row.map(|row| row.bytes(0).map(UserId::from_bytes))
        .transpose()
}

async fn link(conn: &Connection, identity: &IdentityRow) -> Result<bool, StoreError> {
    // Two that are linked at once see each other.
    let lock = "SELECT 1 FROM users WHERE \"user\" = $1 FOR UPDATE";
    let id = &identity.user_id.as_bytes()[..];
    pipeline::read(conn, &[Call::new(lock).with(id)]).await?;
    let sql = "INSERT INTO identities (issuer, subject, \"user\", email, linked_at) \
         SELECT $1::text, $2::text, $3::bytea, $4::text, $5::bigint \
         WHERE NOT EXISTS (SELECT 1 FROM identities WHERE \"user\" = $3 AND issuer = $1) \
         ON CONFLICT (issuer, subject) DO NOTHING RETURNING 1";
    let call = Call::new(sql)
        .with(text(&identity.issuer))
        .with(text(&identity.subject))
        .with(id)
        .with(text(&identity.email))
        .with(micros(identity.linked_at));
    Ok(first(conn, call).await?.is_some())
}

async fn identities_of(conn: &Connection, user: UserId) -> Result<Vec<IdentityRow>, StoreError> {
    let sql = "SELECT issuer, subject, email, linked_at FROM identities WHERE \"user\" = $1 \
         ORDER BY linked_at, issuer, subject";
    let call = Call::new(sql).with(&user.as_bytes()[..]);
    let answers = pipeline::read(conn, &[call]).await?;
    let rows = answers.iter().flatten();
    rows.map(|row| {
        Ok(IdentityRow {
            issuer: row.value(0)?,
            subject: row.value(1)?,
            user_id: user,
            email: row.value(2)?,
            linked_at: row.time(3)?,
        })
    })
    .collect()
}

#[async_trait]
impl SignInStore for PostgresStore {
    async fn begin_flow(&self, flow: FlowRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        let flow = &flow;
        self.write(|conn| async move { begin(&conn, flow, now).await })
            .await
    }

    async fn end_flow(
        &self,
        digest: TokenDigest,
        kind: FlowKind,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.write(|conn| async move { end(&conn, &digest, kind, now).await })
            .await
    }

    async fn user_by_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<UserRow>, StoreError> {
        let conn = self.connection().await?;
        match owner(&conn, issuer, subject).await? {
            Some(user) => users::by_id(&conn, user).await,
            None => Ok(None),
        }
    }

    async fn link_identity(&self, identity: IdentityRow) -> Result<bool, StoreError> {
        let identity = &identity;
        self.write(|conn| async move { link(&conn, identity).await })
            .await
    }

    async fn add_user_with_identity(
        &self,
        user: UserRow,
        identity: IdentityRow,
    ) -> Result<bool, StoreError> {
        let (user, identity) = (&user, &identity);
        let done = self.write_if(|conn| async move {
            if !users::add(&conn, user).await? || !link(&conn, identity).await? {
                // A user that was added without its identity is rolled back.
                return Ok(Err(false));
            }
            if user.email_verified {
                users::verify_email(&conn, user.user_id).await?;
            }
            Ok(Ok(true))
        });
        done.await.map(|done| done.unwrap_or_else(|not| not))
    }

    async fn identities_of(&self, user_id: UserId) -> Result<Vec<IdentityRow>, StoreError> {
        identities_of(&self.connection().await?, user_id).await
    }

    async fn second_factor(&self, user_id: UserId) -> Result<Option<SecondFactorRow>, StoreError> {
        factors::of(&self.connection().await?, user_id).await
    }

    async fn begin_second_factor(
        &self,
        user_id: UserId,
        secret: [u8; 20],
    ) -> Result<bool, StoreError> {
        self.write(|conn| async move { factors::begin(&conn, user_id, &secret).await })
            .await
    }

    async fn try_second_factor(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
        free: u32,
        pause: TimeDelta,
    ) -> Result<Option<SecondFactorRow>, StoreError> {
        self.write(|conn| async move { factors::count_try(&conn, user_id, now, free, pause).await })
            .await
    }

    async fn take_step(&self, user_id: UserId, step: u64) -> Result<bool, StoreError> {
        self.write(|conn| async move { factors::take_step(&conn, user_id, step).await })
            .await
    }

    async fn take_recovery_code(
        &self,
        user_id: UserId,
        digest: TokenDigest,
    ) -> Result<bool, StoreError> {
        self.write(|conn| async move { factors::take_recovery_code(&conn, user_id, &digest).await })
            .await
    }

    async fn confirm_second_factor(
        &self,
        user_id: UserId,
        step: u64,
        recovery_codes: Vec<TokenDigest>,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let codes = &recovery_codes;
        self.write(|conn| async move {
            let confirmed = factors::confirm(&conn, user_id, step, codes, now).await?;
            if confirmed {
                factors::strengthen(&conn, user_id, &session_id).await?;
            }
            Ok(confirmed)
        })
        .await
    }

    async fn remove_second_factor(&self, user_id: UserId) -> Result<(), StoreError> {
        self.write(|conn| async move { factors::remove(&conn, user_id).await })
            .await
    }

    async fn add_passkey(&self, passkey: PasskeyRow) -> Result<bool, StoreError> {
        let passkey = &passkey;
        self.write(|conn| async move { passkeys::add(&conn, passkey).await })
            .await
    }

    async fn passkeys_of(&self, user_id: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        passkeys::of(&self.connection().await?, user_id).await
    }

    async fn passkey(&self, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
        passkeys::by_credential(&self.connection().await?, credential).await
    }

    async fn passkey_used(
        &self,
        before: &PasskeyRow,
        body: String,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let body = &body;
        self.write(|conn| async move { passkeys::used(&conn, before, body, now).await })
            .await
    }

    async fn remove_passkey(&self, user_id: UserId, credential: &[u8]) -> Result<bool, StoreError> {
        self.write(|conn| async move { passkeys::remove(&conn, user_id, credential).await })
            .await
    }
}
