//! Who else is told of bookings.

use crate::{
    PostgresStore,
    columns::{Columns as _, from_json, micros, optional_time, text, to_json},
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::ids::{SubscriptionId, UserId, WebhookId};
use matinee_store::{
    StoreError, SubscriberStore,
    subscribers::{SubscriptionRow, WebhookRow},
};
use tokio_postgres::Row;

fn subscription(row: &Row) -> Result<SubscriptionRow, StoreError> {
    Ok(SubscriptionRow {
        subscription_id: SubscriptionId::from_bytes(row.bytes(0)?),
        user_id: UserId::from_bytes(row.bytes(1)?),
        channel: row.value(2)?,
        address: row.value(3)?,
        created_at: row.time(4)?,
    })
}

fn webhook(row: &Row) -> Result<WebhookRow, StoreError> {
    Ok(WebhookRow {
        webhook_id: WebhookId::from_bytes(row.bytes(0)?),
        url: row.value(1)?,
        kinds: from_json(row.text(2)?)?,
        generation: row.small(3)?,
        previous_until: optional_time(row.value(4)?)?,
        stopped: row.value(5)?,
        created_at: row.time(6)?,
    })
}

impl PostgresStore {
    pub(crate) async fn rows_of(&self, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
        let conn = self.connection().await?;
        let answers = pipeline::read(&conn, &[call]).await?;
        Ok(answers.into_iter().flatten().collect())
    }
}

#[async_trait]
impl SubscriberStore for PostgresStore {
    async fn save_subscription(
        &self,
        subscription: SubscriptionRow,
        most: u16,
    ) -> Result<bool, StoreError> {
        let save = "INSERT INTO subscriptions (subscription, \"user\", channel, address, created_at) \
             SELECT $1::bytea, $2::bytea, $3::text, $4::text::json, $5::bigint \
             WHERE EXISTS (SELECT 1 FROM users WHERE \"user\" = $2 FOR KEY SHARE) \
             ON CONFLICT (subscription) DO UPDATE SET \"user\" = excluded.\"user\", channel = excluded.channel, \
               address = excluded.address, created_at = excluded.created_at RETURNING 1";
        let limit = "DELETE FROM subscriptions WHERE subscription IN (SELECT subscription FROM subscriptions \
               WHERE \"user\" = $1 ORDER BY created_at DESC, subscription DESC OFFSET $2)";
        let subscription = &subscription;
        self.write(|conn| async move {
            let user = || subscription.user_id.as_bytes().to_vec();
            let calls = [
                Call::new(save)
                    .with(subscription.subscription_id.as_bytes().to_vec())
                    .with(user())
                    .with(text(&subscription.channel))
                    .with(text(&subscription.address))
                    .with(micros(subscription.created_at)),
                Call::new(limit).with(user()).with(i64::from(most)),
            ];
            let answers = pipeline::read(&conn, &calls).await?;
            Ok(answers.first().is_some_and(|rows| !rows.is_empty()))
        })
        .await
    }

    async fn subscriptions(&self, user_id: UserId) -> Result<Vec<SubscriptionRow>, StoreError> {
        let sql = "SELECT subscription, \"user\", channel, address::text, created_at FROM subscriptions \
             WHERE \"user\" = $1 ORDER BY created_at, subscription";
        let call = Call::new(sql).with(user_id.as_bytes().to_vec());
        self.rows_of(call).await?.iter().map(subscription).collect()
    }

    async fn subscription(
        &self,
        subscription_id: SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError> {
        let sql = "SELECT subscription, \"user\", channel, address::text, created_at FROM subscriptions \
             WHERE subscription = $1";
        let call = Call::new(sql).with(subscription_id.as_bytes().to_vec());
        self.rows_of(call)
            .await?
            .first()
            .map(subscription)
            .transpose()
    }

    async fn may_follow(
        &self,
        subscription_id: SubscriptionId,
        user_id: UserId,
        session_id: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM subscriptions \
               WHERE subscription = $1 AND \"user\" = $2 AND channel = 'app') \
             AND EXISTS (SELECT 1 FROM sessions WHERE session = $3 AND \"user\" = $2 AND refresh_expires_at > $4)";
        let call = Call::new(sql)
            .with(subscription_id.as_bytes().to_vec())
            .with(user_id.as_bytes().to_vec())
            .with(session_id.to_vec())
            .with(micros(now));
        Ok(!self.rows_of(call).await?.is_empty())
    }

    async fn end_subscription(
        &self,
        user_id: UserId,
        subscription_id: SubscriptionId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM subscriptions WHERE subscription = $1 AND \"user\" = $2 RETURNING 1";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(subscription_id.as_bytes().to_vec())
                .with(user_id.as_bytes().to_vec());
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }

    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        let sql = "SELECT webhook, url, kinds::text, generation, previous_until, stopped, created_at FROM webhooks \
             ORDER BY created_at, webhook";
        let rows = self.rows_of(Call::new(sql)).await?;
        rows.iter().map(webhook).collect()
    }

    async fn save_webhook(&self, webhook: WebhookRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO webhooks (webhook, url, kinds, generation, previous_until, stopped, created_at) \
             VALUES ($1, $2, $3::text::json, $4, $5, $6, $7) \
             ON CONFLICT (webhook) DO UPDATE SET url = excluded.url, kinds = excluded.kinds, \
               generation = excluded.generation, previous_until = excluded.previous_until, \
               stopped = excluded.stopped";
        let kinds = to_json(&webhook.kinds)?;
        let (webhook, kinds) = (&webhook, &kinds);
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(webhook.webhook_id.as_bytes().to_vec())
                .with(text(&webhook.url))
                .with(text(kinds))
                .with(webhook.generation.cast_signed())
                .with(webhook.previous_until.map(micros))
                .with(webhook.stopped.as_deref().map(text))
                .with(micros(webhook.created_at));
            pipeline::read(&conn, &[call]).await.map(drop)
        })
        .await
    }

    async fn remove_webhook(&self, webhook_id: WebhookId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM webhooks WHERE webhook = $1 RETURNING 1";
        self.write(|conn| async move {
            let call = Call::new(sql).with(webhook_id.as_bytes().to_vec());
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }
}
