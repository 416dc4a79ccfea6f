//! Ways to sign in beside a password, on SQLite. A unit looks first and writes after, like every other.

mod factors;
mod passkeys;

use super::users;
use crate::{SqliteStore, catalog::rows::time, columns::micros, failure::OrStoreError as _};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::UserId;
use matinee_store::{
    SignInStore, StoreError,
    accounts::{TokenDigest, UserRow},
    sign_in::{FlowKind, FlowRow, IdentityRow, PasskeyRow, SecondFactorRow},
};
use rusqlite::{Connection, OptionalExtension as _, params};

fn begin(conn: &Connection, flow: &FlowRow, now: DateTime<Utc>) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "DELETE FROM flows WHERE digest IN (SELECT digest FROM flows
         WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 64)",
    )?
    .execute([micros(now)])?;
    conn.prepare_cached(
        "INSERT INTO flows (digest, kind, body, expires_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        flow.digest,
        flow.kind.as_str(),
        flow.body,
        micros(flow.expires_at)
    ])?;
    Ok(())
}

fn end(
    conn: &Connection,
    digest: &TokenDigest,
    kind: FlowKind,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached(
        "DELETE FROM flows WHERE digest = ?1 AND kind = ?2 AND expires_at > ?3 RETURNING body",
    )?
    .query_row(params![digest, kind.as_str(), micros(now)], |row| {
        row.get(0)
    })
    .optional()
}

fn owner(conn: &Connection, issuer: &str, subject: &str) -> rusqlite::Result<Option<UserId>> {
    conn.prepare_cached("SELECT user FROM identities WHERE issuer = ?1 AND subject = ?2")?
        .query_row([issuer, subject], |row| row.get(0).map(UserId::from_bytes))
        .optional()
}

fn link(conn: &Connection, identity: &IdentityRow) -> rusqlite::Result<bool> {
    let linked = conn
        .prepare_cached(
            "INSERT INTO identities (issuer, subject, user, email, linked_at) SELECT ?1, ?2, ?3, ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM identities WHERE user = ?3 AND issuer = ?1)
             ON CONFLICT (issuer, subject) DO NOTHING",
        )?
        .execute(params![
            identity.issuer,
            identity.subject,
            identity.user_id.as_bytes(),
            identity.email,
            micros(identity.linked_at)
        ])?;
    Ok(linked > 0)
}

fn identities_of(conn: &Connection, user: UserId) -> rusqlite::Result<Vec<IdentityRow>> {
    conn.prepare_cached(
        "SELECT issuer, subject, email, linked_at FROM identities WHERE user = ?1
         ORDER BY linked_at, issuer, subject",
    )?
    .query_map([user.as_bytes()], |row| {
        Ok(IdentityRow {
            issuer: row.get(0)?,
            subject: row.get(1)?,
            user_id: user,
            email: row.get(2)?,
            linked_at: time(row, 3)?,
        })
    })?
    .collect()
}

#[async_trait]
impl SignInStore for SqliteStore {
    async fn begin_flow(&self, flow: FlowRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(move |tx| begin(tx.conn(), &flow, now).db())
            .await
    }

    async fn end_flow(
        &self,
        digest: TokenDigest,
        kind: FlowKind,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.write(move |tx| end(tx.conn(), &digest, kind, now).db())
            .await
    }

    async fn user_by_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<UserRow>, StoreError> {
        self.read_here(|conn| {
            let owner = owner(conn, issuer, subject).db()?;
            owner.map_or(Ok(None), |user| users::by_id(conn, user).db())
        })
        .await
    }

    async fn link_identity(&self, identity: IdentityRow) -> Result<bool, StoreError> {
        self.write(move |tx| link(tx.conn(), &identity).db()).await
    }

    async fn add_user_with_identity(
        &self,
        user: UserRow,
        identity: IdentityRow,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let taken = owner(tx.conn(), &identity.issuer, &identity.subject).db()?;
            if taken.is_some() || !users::add(tx.conn(), &user).db()? {
                return Ok(false);
            }
            if user.email_verified {
                users::verify_email(tx.conn(), user.user_id).db()?;
            }
            link(tx.conn(), &identity).db()
        })
        .await
    }

    async fn identities_of(&self, user_id: UserId) -> Result<Vec<IdentityRow>, StoreError> {
        self.read_here(|conn| identities_of(conn, user_id).db())
            .await
    }

    async fn second_factor(&self, user_id: UserId) -> Result<Option<SecondFactorRow>, StoreError> {
        self.read_here(|conn| factors::of(conn, user_id).db()).await
    }

    async fn begin_second_factor(
        &self,
        user_id: UserId,
        secret: [u8; 20],
    ) -> Result<bool, StoreError> {
        self.write(move |tx| factors::begin(tx.conn(), user_id, &secret).db())
            .await
    }

    async fn try_second_factor(
        &self,
        user_id: UserId,
        now: DateTime<Utc>,
        free: u32,
        pause: TimeDelta,
    ) -> Result<Option<SecondFactorRow>, StoreError> {
        self.write(move |tx| factors::count_try(tx.conn(), user_id, now, free, pause).db())
            .await
    }

    async fn take_step(&self, user_id: UserId, step: u64) -> Result<bool, StoreError> {
        self.write(move |tx| factors::take_step(tx.conn(), user_id, step).db())
            .await
    }

    async fn take_recovery_code(
        &self,
        user_id: UserId,
        digest: TokenDigest,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| factors::take_recovery_code(tx.conn(), user_id, &digest).db())
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
        self.write(move |tx| {
            let confirmed =
                factors::confirm(tx.conn(), user_id, step, &recovery_codes, now).db()?;
            if confirmed {
                factors::strengthen(tx.conn(), user_id, &session_id).db()?;
            }
            Ok(confirmed)
        })
        .await
    }

    async fn remove_second_factor(&self, user_id: UserId) -> Result<(), StoreError> {
        self.write(move |tx| factors::remove(tx.conn(), user_id).db())
            .await
    }

    async fn add_passkey(&self, passkey: PasskeyRow) -> Result<bool, StoreError> {
        self.write(move |tx| passkeys::add(tx.conn(), &passkey).db())
            .await
    }

    async fn passkeys_of(&self, user_id: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        self.read_here(|conn| passkeys::of(conn, user_id).db())
            .await
    }

    async fn passkey(&self, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
        self.read_here(|conn| passkeys::by_credential(conn, credential).db())
            .await
    }

    async fn passkey_used(
        &self,
        before: &PasskeyRow,
        body: String,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let before = before.clone();
        self.write(move |tx| passkeys::used(tx.conn(), &before, &body, now).db())
            .await
    }

    async fn remove_passkey(&self, user_id: UserId, credential: &[u8]) -> Result<bool, StoreError> {
        let credential = credential.to_owned();
        self.write(move |tx| passkeys::remove(tx.conn(), user_id, &credential).db())
            .await
    }
}
