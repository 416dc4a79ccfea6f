//! Promotion codes, apart from their uses.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, from_json, micros, optional_time, to_json},
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::TheaterId,
    promo::{Promo, PromoCode},
};
use matinee_store::{PromoStore, StoreError, promos::PromoRow};
use tokio_postgres::Row;

/// The columns [`promo`] reads, in order.
macro_rules! columns {
    () => {
        "SELECT theater, code, terms::text, starts_at, ends_at, max_uses, used, created_at, uses_per_customer \
         FROM promo_codes "
    };
}

fn promo(row: &Row) -> Result<PromoRow, StoreError> {
    let max_uses: Option<i64> = row.value(5)?;
    let each: Option<i32> = row.value(8)?;
    Ok(PromoRow {
        theater_id: TheaterId::from_bytes(row.bytes(0)?),
        promo: Promo {
            code: row.text(1)?.parse().map_err(damaged)?,
            terms: from_json(row.text(2)?)?,
            starts_at: row.time(3)?,
            ends_at: optional_time(row.value(4)?)?,
            max_uses: max_uses.map(u32::try_from).transpose().map_err(damaged)?,
            uses_per_customer: each.map(u8::try_from).transpose().map_err(damaged)?,
        },
        used: u32::try_from(row.count(6)?).map_err(damaged)?,
        created_at: row.time(7)?,
    })
}

#[async_trait]
impl PromoStore for PostgresStore {
    async fn promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
    ) -> Result<Option<PromoRow>, StoreError> {
        const SQL: &str = concat!(columns!(), "WHERE theater = $1 AND code = $2");
        let call = Call::new(SQL)
            .with(theater_id.as_bytes().to_vec())
            .with(code.as_str());
        let rows = self.rows_of(call).await?;
        rows.first().map(promo).transpose()
    }

    async fn promos(
        &self,
        theater_id: TheaterId,
        after: Option<&PromoCode>,
        limit: u16,
    ) -> Result<Vec<PromoRow>, StoreError> {
        const SQL: &str = concat!(
            columns!(),
            "WHERE theater = $1 AND code > $2 ORDER BY code LIMIT $3"
        );
        let call = Call::new(SQL)
            .with(theater_id.as_bytes().to_vec())
            .with(after.map_or("", PromoCode::as_str))
            .with(i64::from(limit));
        self.rows_of(call).await?.iter().map(promo).collect()
    }

    async fn add_promo(
        &self,
        theater_id: TheaterId,
        promo: Promo,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO promo_codes (theater, code, terms, starts_at, ends_at, max_uses, used, created_at, \
                 uses_per_customer) \
             VALUES ($1, $2, $3::text::json, $4, $5, $6, 0, $7, $8) ON CONFLICT DO NOTHING RETURNING 1";
        let terms = to_json(&promo.terms)?;
        let (promo, terms) = (&promo, &terms);
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(theater_id.as_bytes().to_vec())
                .with(promo.code.as_str())
                .with(terms.as_str())
                .with(micros(promo.starts_at))
                .with(promo.ends_at.map(micros))
                .with(promo.max_uses.map(i64::from))
                .with(micros(now))
                .with(promo.uses_per_customer.map(i32::from));
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }

    async fn end_promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE promo_codes SET ends_at = least(coalesce(ends_at, $3), $3) \
             WHERE theater = $1 AND code = $2 RETURNING 1";
        self.write(|conn| async move {
            let call = Call::new(sql)
                .with(theater_id.as_bytes().to_vec())
                .with(code.as_str())
                .with(micros(at));
            let answers = pipeline::read(&conn, &[call]).await?;
            Ok(answers.iter().any(|rows| !rows.is_empty()))
        })
        .await
    }
}
