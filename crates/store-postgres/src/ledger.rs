//! The sandbox bank. It keeps its own rules: one charge per key, and never more back than was captured.
//!
//! Each call is a transaction of its own, as a bank's would be; what one statement can say whole is one statement, its
//! condition in its text.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, micros, money, text},
    connect::Connection,
    pipeline::{self, Call},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::money::Money;
use matinee_store::{
    SandboxLedger, StoreError,
    ledger::{Charge, ChargeStatus, LedgerRefusal},
};
use tokio_postgres::Row;

/// A charge that leaves a state and comes back to it under our eyes is looked at so many times.
const MOVES: usize = 4;

const FIND: &str = "SELECT status, amount_minor, currency, method, refunded_minor, created_at FROM sandbox_charges \
     WHERE charge = $1";
const LOCK: &str = "SELECT status, amount_minor, currency, method, refunded_minor, created_at FROM sandbox_charges \
     WHERE charge = $1 FOR UPDATE";

async fn find(
    conn: &Connection,
    sql: &'static str,
    key: &str,
) -> Result<Option<Charge>, StoreError> {
    let answers = pipeline::read(conn, &[Call::new(sql).with(key)]).await?;
    let Some(row) = answers.iter().flatten().next() else {
        return Ok(None);
    };
    read_charge(key, row).map(Some)
}

fn read_charge(key: &str, row: &Row) -> Result<Charge, StoreError> {
    Ok(Charge {
        key: key.to_owned(),
        status: ChargeStatus::parse(row.text(0)?).ok_or_else(|| damaged("a charge's status"))?,
        amount: money(row.value(1)?, row.text(2)?)?,
        method: row.value(3)?,
        refunded_minor: row.value(4)?,
        created_at: row.time(5)?,
    })
}

async fn charge(store: &PostgresStore, charge: &Charge) -> Result<Charge, StoreError> {
    let sql = "INSERT INTO sandbox_charges (charge, status, amount_minor, currency, method, refunded_minor, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (charge) DO NOTHING RETURNING 1";
    let call = Call::new(sql)
        .with(&charge.key)
        .with(charge.status.as_str())
        .with(charge.amount.amount_minor)
        .with(charge.amount.currency.code().to_owned())
        .with(text(&charge.method))
        .with(charge.refunded_minor)
        .with(micros(charge.created_at));
    if !store.write_one(&call).await?.is_empty() {
        return Ok(charge.clone());
    }
    find(&store.connection().await?, FIND, &charge.key)
        .await?
        .ok_or_else(|| damaged("a charge vanished"))
}

async fn move_charge(
    store: &PostgresStore,
    key: &str,
    from: &[ChargeStatus],
    to: ChargeStatus,
) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
    let sql = "UPDATE sandbox_charges SET status = $2 WHERE charge = $1 AND status = ANY($3) \
         RETURNING status, amount_minor, currency, method, refunded_minor, created_at";
    let names: Vec<&str> = from.iter().map(|status| status.as_str()).collect();
    let call = Call::new(sql).with(key).with(to.as_str()).with(names);
    for _ in 0..MOVES {
        if let Some(row) = store.write_one(&call).await?.first() {
            return Ok(Ok(read_charge(key, row)?));
        }
        let Some(charge) = find(&store.connection().await?, FIND, key).await? else {
            return Ok(Err(LedgerRefusal::UnknownCharge));
        };
        if charge.status == to {
            return Ok(Ok(charge));
        }
        // Unless it came there just now.
        if !from.contains(&charge.status) {
            return Ok(Err(LedgerRefusal::WrongState(charge.status)));
        }
    }
    Err(StoreError::Overloaded)
}

async fn refund(
    conn: &Connection,
    (key, refund_key): (&str, &str),
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
    let Some(mut charge) = find(conn, LOCK, key).await? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    let known = "SELECT 1 FROM sandbox_refunds WHERE charge = $1 AND refund = $2";
    let known = pipeline::read(conn, &[Call::new(known).with(key).with(refund_key)]).await?;
    if known.iter().flatten().next().is_some() {
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
    let calls = [
        Call::new("INSERT INTO sandbox_refunds (charge, refund, amount_minor, created_at) VALUES ($1, $2, $3, $4)")
            .with(key)
            .with(refund_key)
            .with(amount.amount_minor)
            .with(micros(now)),
        Call::new("UPDATE sandbox_charges SET refunded_minor = refunded_minor + $2 WHERE charge = $1")
            .with(key)
            .with(amount.amount_minor),
    ];
    pipeline::read(conn, &calls).await?;
    charge.refunded_minor += amount.amount_minor;
    Ok(Ok(charge))
}

#[async_trait]
impl SandboxLedger for PostgresStore {
    async fn charge(&self, wanted: Charge) -> Result<Charge, StoreError> {
        charge(self, &wanted).await
    }

    async fn charge_by_key(&self, key: &str) -> Result<Option<Charge>, StoreError> {
        find(&self.connection().await?, FIND, key).await
    }

    async fn move_charge(
        &self,
        key: &str,
        from: Vec<ChargeStatus>,
        to: ChargeStatus,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
        move_charge(self, key, &from, to).await
    }

    async fn refund_charge(
        &self,
        key: &str,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
        self.write_if(|conn| async move { refund(&conn, (key, refund_key), amount, now).await })
            .await
    }
}
