//! The sandbox bank. It keeps its own rules: one charge per key, and never more back than was captured.

use crate::{
    SqliteStore,
    columns::{damaged, micros, money, time},
    failure::OrStoreError,
    query,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::money::Money;
use matinee_store::{
    SandboxLedger, StoreError,
    ledger::{Charge, ChargeStatus, LedgerRefusal},
};
use rusqlite::{Connection, params};

fn find(conn: &Connection, key: &str) -> Result<Option<Charge>, StoreError> {
    const SQL: &str = "SELECT status, amount_minor, currency, method, refunded_minor, created_at FROM sandbox_charges \
         WHERE charge = ?1";
    query::first(conn, SQL, params![key], |row| {
        Ok(Charge {
            key: key.to_owned(),
            status: ChargeStatus::parse(query::text(row, 0)?)
                .ok_or_else(|| damaged("a charge's status"))?,
            amount: money(row.get(1).db()?, query::text(row, 2)?)?,
            method: row.get(3).db()?,
            refunded_minor: row.get(4).db()?,
            created_at: time(row.get(5).db()?)?,
        })
    })
}

fn charge(tx: &Tx<'_>, charge: &Charge) -> Result<Charge, StoreError> {
    let made = tx
        .prepare(
            "INSERT INTO sandbox_charges (charge, status, amount_minor, currency, method, refunded_minor, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (charge) DO NOTHING",
        )?
        .execute(params![
            charge.key,
            charge.status.as_str(),
            charge.amount.amount_minor,
            charge.amount.currency.code(),
            charge.method,
            charge.refunded_minor,
            micros(charge.created_at),
        ])
        .db()?;
    if made == 1 {
        return Ok(charge.clone());
    }
    find(tx.conn(), &charge.key)?.ok_or_else(|| damaged("a charge vanished"))
}

fn move_charge(
    tx: &Tx<'_>,
    key: &str,
    from: &[ChargeStatus],
    to: ChargeStatus,
) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
    let Some(mut charge) = find(tx.conn(), key)? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    if charge.status == to {
        return Ok(Ok(charge));
    }
    if !from.contains(&charge.status) {
        return Ok(Err(LedgerRefusal::WrongState(charge.status)));
    }
    tx.prepare("UPDATE sandbox_charges SET status = ?2 WHERE charge = ?1")?
        .execute(params![key, to.as_str()])
        .db()?;
    charge.status = to;
    Ok(Ok(charge))
}

fn refund(
    tx: &Tx<'_>,
    key: &str,
    refund_key: &str,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
    let Some(mut charge) = find(tx.conn(), key)? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    let mut known =
        tx.prepare("SELECT 1 FROM sandbox_refunds WHERE charge = ?1 AND refund = ?2")?;
    if known.exists(params![key, refund_key]).db()? {
        return Ok(Ok(charge));
    }
    if charge.status != ChargeStatus::Captured {
        return Ok(Err(LedgerRefusal::WrongState(charge.status)));
    }
    let left = charge.amount.amount_minor - charge.refunded_minor;
    if amount.currency != charge.amount.currency
        || amount.amount_minor <= 0
        || amount.amount_minor > left
    {
        return Ok(Err(LedgerRefusal::OverRefund));
    }
    tx.prepare("INSERT INTO sandbox_refunds (charge, refund, amount_minor, created_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, refund_key, amount.amount_minor, micros(now)])
        .db()?;
    tx.prepare(
        "UPDATE sandbox_charges SET refunded_minor = refunded_minor + ?2 WHERE charge = ?1",
    )?
    .execute(params![key, amount.amount_minor])
    .db()?;
    charge.refunded_minor += amount.amount_minor;
    Ok(Ok(charge))
}

#[async_trait]
impl SandboxLedger for SqliteStore {
    async fn charge(&self, wanted: Charge) -> Result<Charge, StoreError> {
        self.write(move |tx| charge(tx, &wanted)).await
    }

    async fn charge_by_key(&self, key: &str) -> Result<Option<Charge>, StoreError> {
        self.read_here(|conn| find(conn, key)).await
    }

    async fn move_charge(
        &self,
        key: &str,
        from: Vec<ChargeStatus>,
        to: ChargeStatus,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
        let key = key.to_owned();
        self.write(move |tx| move_charge(tx, &key, &from, to)).await
    }

    async fn refund_charge(
        &self,
        key: &str,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
        let (key, refund_key) = (key.to_owned(), refund_key.to_owned());
        self.write(move |tx| refund(tx, &key, &refund_key, amount, now))
            .await
    }
}
