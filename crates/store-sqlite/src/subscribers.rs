//! Who else is told of bookings.

use crate::{
    SqliteStore,
    columns::{from_json, micros, optional_time, time, to_json},
    failure::OrStoreError,
    query,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{SubscriptionId, UserId, WebhookId};
use matinee_store::{
    StoreError, SubscriberStore,
    subscribers::{SubscriptionRow, WebhookRow},
};
use rusqlite::{Row, params};

fn subscription(row: &Row<'_>) -> Result<SubscriptionRow, StoreError> {
    Ok(SubscriptionRow {
        subscription_id: SubscriptionId::from_bytes(row.get(0).db()?),
        user_id: UserId::from_bytes(row.get(1).db()?),
        channel: row.get(2).db()?,
        address: row.get(3).db()?,
        created_at: time(row.get(4).db()?)?,
    })
}

fn webhook(row: &Row<'_>) -> Result<WebhookRow, StoreError> {
    Ok(WebhookRow {
        webhook_id: WebhookId::from_bytes(row.get(0).db()?),
        url: row.get(1).db()?,
        kinds: from_json(query::text(row, 2)?)?,
        generation: row.get(3).db()?,
        previous_until: optional_time(row.get(4).db()?)?,
        stopped: row.get(5).db()?,
        created_at: time(row.get(6).db()?)?,
    })
}

#[async_trait]
impl SubscriberStore for SqliteStore {
    async fn save_subscription(
        &self,
        subscription: SubscriptionRow,
        most: u16,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let user = subscription.user_id.as_bytes();
            let saved = tx
                .prepare(
                    "INSERT INTO subscriptions (subscription, user, channel, address, created_at) \
                     SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM users WHERE user = ?2) \
                     ON CONFLICT (subscription) DO UPDATE SET user = excluded.user, \
                       channel = excluded.channel, address = excluded.address, created_at = excluded.created_at",
                )?
                .execute(params![
                    subscription.subscription_id.as_bytes(),
                    user,
                    subscription.channel,
                    subscription.address,
                    micros(subscription.created_at)
                ])
                .db()?;
            tx.prepare(
                "DELETE FROM subscriptions WHERE subscription IN (SELECT subscription FROM subscriptions \
                   WHERE user = ?1 ORDER BY created_at DESC, subscription DESC LIMIT -1 OFFSET ?2)",
            )?
            .execute(params![user, most])
            .db()?;
            Ok(saved > 0)
        })
        .await
    }

    async fn subscriptions(&self, user_id: UserId) -> Result<Vec<SubscriptionRow>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT subscription, user, channel, address, created_at FROM subscriptions \
                 WHERE user = ?1 ORDER BY created_at, subscription";
            query::all(conn, sql, [user_id.as_bytes()], subscription)
        })
        .await
    }

    async fn subscription(
        &self,
        subscription_id: SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT subscription, user, channel, address, created_at FROM subscriptions \
                 WHERE subscription = ?1";
            query::first(conn, sql, [subscription_id.as_bytes()], subscription)
        })
        .await
    }

    async fn may_follow(
        &self,
        subscription_id: SubscriptionId,
        user_id: UserId,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM subscriptions \
                   WHERE subscription = ?1 AND user = ?2 AND channel = 'app') \
                 AND EXISTS (SELECT 1 FROM sessions WHERE session = ?3 AND user = ?2 AND refresh_expires_at > ?4)";
            let key = params![
                subscription_id.as_bytes(),
                user_id.as_bytes(),
                session_id,
                micros(now)
            ];
            conn.prepare_cached(sql).db()?.exists(key).db()
        })
        .await
    }

    async fn end_subscription(
        &self,
        user_id: UserId,
        subscription_id: SubscriptionId,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let ended = tx
                .prepare("DELETE FROM subscriptions WHERE subscription = ?1 AND user = ?2")?
                .execute(params![subscription_id.as_bytes(), user_id.as_bytes()])
                .db()?;
            Ok(ended > 0)
        })
        .await
    }

    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT webhook, url, kinds, generation, previous_until, stopped, created_at FROM webhooks \
                 ORDER BY created_at, webhook";
            query::all(conn, sql, [], webhook)
        })
        .await
    }

    async fn save_webhook(&self, webhook: WebhookRow) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare(
                "INSERT INTO webhooks (webhook, url, kinds, generation, previous_until, stopped, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (webhook) DO UPDATE SET url = excluded.url, kinds = excluded.kinds, \
                   generation = excluded.generation, previous_until = excluded.previous_until, \
                   stopped = excluded.stopped",
            )?
            .execute(params![
                webhook.webhook_id.as_bytes(),
                webhook.url,
                to_json(&webhook.kinds)?,
                webhook.generation,
                webhook.previous_until.map(micros),
                webhook.stopped,
                micros(webhook.created_at)
            ])
            .db()?;
            Ok(())
        })
        .await
    }

    async fn remove_webhook(&self, webhook_id: WebhookId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let removed = tx
                .prepare("DELETE FROM webhooks WHERE webhook = ?1")?
                .execute([webhook_id.as_bytes()])
                .db()?;
            Ok(removed > 0)
        })
        .await
    }
}
