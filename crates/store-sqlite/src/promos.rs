//! Promotion codes, apart from their uses.

use crate::{
    SqliteStore,
    columns::{from_json, micros, optional_time, time, to_json},
    failure::OrStoreError,
    query::{self, text},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    ids::TheaterId,
    promo::{Promo, PromoCode},
};
use matinee_store::{PromoStore, StoreError, promos::PromoRow};
use rusqlite::{Row, params};

/// The columns [`promo`] reads, in order.
macro_rules! columns {
    () => {
        "SELECT theater, code, terms, starts_at, ends_at, max_uses, used, created_at, uses_per_customer \
         FROM promo_codes "
    };
}

fn promo(row: &Row<'_>) -> Result<PromoRow, StoreError> {
    Ok(PromoRow {
        theater_id: TheaterId::from_bytes(row.get(0).db()?),
        promo: Promo {
            code: text(row, 1)?.parse().map_err(crate::columns::damaged)?,
            terms: from_json(text(row, 2)?)?,
            starts_at: time(row.get(3).db()?)?,
            ends_at: optional_time(row.get(4).db()?)?,
            max_uses: row.get(5).db()?,
            uses_per_customer: row.get(8).db()?,
        },
        used: row.get(6).db()?,
        created_at: time(row.get(7).db()?)?,
    })
}

#[async_trait]
impl PromoStore for SqliteStore {
    async fn promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
    ) -> Result<Option<PromoRow>, StoreError> {
        const SQL: &str = concat!(columns!(), "WHERE theater = ?1 AND code = ?2");
        let key = (*theater_id.as_bytes(), code.as_str());
        self.read_here(|conn| query::first(conn, SQL, key, promo))
            .await
    }

    async fn promos(
        &self,
        theater_id: TheaterId,
        after: Option<&PromoCode>,
        limit: u16,
    ) -> Result<Vec<PromoRow>, StoreError> {
        const SQL: &str = concat!(
            columns!(),
            "WHERE theater = ?1 AND code > ?2 ORDER BY code LIMIT ?3"
        );
        let after = after.map_or("", PromoCode::as_str).to_owned();
        self.read(move |conn| {
            query::all(
                conn,
                SQL,
                params![theater_id.as_bytes(), after, limit],
                promo,
            )
        })
        .await
    }

    async fn add_promo(
        &self,
        theater_id: TheaterId,
        promo: Promo,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let added = tx
                .prepare(
                    "INSERT INTO promo_codes (theater, code, terms, starts_at, ends_at, max_uses, used, created_at, \
                         uses_per_customer) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    theater_id.as_bytes(),
                    promo.code.as_str(),
                    to_json(&promo.terms)?,
                    micros(promo.starts_at),
                    promo.ends_at.map(micros),
                    promo.max_uses,
                    micros(now),
                    promo.uses_per_customer
                ])
                .db()?;
            Ok(added > 0)
        })
        .await
    }

    async fn end_promo(
        &self,
        theater_id: TheaterId,
        code: &PromoCode,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let code = code.clone();
        self.write(move |tx| {
            let ended = tx
                .prepare(
                    "UPDATE promo_codes SET ends_at = min(coalesce(ends_at, ?3), ?3) \
                     WHERE theater = ?1 AND code = ?2",
                )?
                .execute(params![theater_id.as_bytes(), code.as_str(), micros(at)])
                .db()?;
            Ok(ended > 0)
        })
        .await
    }
}
