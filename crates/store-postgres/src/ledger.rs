//! The sandbox bank. It keeps its own rules: one charge per key, and never more back than was captured.
//!
//! Each call is a transaction of its own that locks its charge, as a bank's would.

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
    Ok(Some(Charge {
        key: key.to_owned(),
        status: ChargeStatus::parse(row.text(0)?).ok_or_else(|| damaged("a charge's status"))?,
        amount: money(row.value(1)?, row.text(2)?)?,
        method: row.value(3)?,
        refunded_minor: row.value(4)?,
        created_at: row.time(5)?,
    }))
}

async fn charge(conn: &Connection, charge: &Charge) -> Result<Charge, StoreError> {
    let sql = "INSERT INTO sandbox_charges (charge, status, amount_minor, currency, method, refunded_minor, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (charge) DO NOTHING";
    let call = Call::new(sql)
        .with(&charge.key)
        .with(charge.status.as_str())
        .with(charge.amount.amount_minor)
        .with(charge.amount.currency.code().to_owned())
        .with(text(&charge.method))
        .with(charge.refunded_minor)
        .with(micros(charge.created_at));
    pipeline::read(conn, &[call]).await?;
    find(conn, FIND, &charge.key)
        .await?
        .ok_or_else(|| damaged("a charge vanished"))
}

async fn move_charge(
    conn: &Connection,
    key: &str,
    from: &[ChargeStatus],
    to: ChargeStatus,
) -> Result<Result<Charge, LedgerRefusal>, StoreError> {
    let Some(mut charge) = find(conn, LOCK, key).await? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    if charge.status == to {
        return Ok(Ok(charge));
    }
    if !from.contains(&charge.status) {
        return Ok(Err(LedgerRefusal::WrongState(charge.status)));
    }
    let sql = "UPDATE sandbox_charges SET status = $2 WHERE charge = $1";
    pipeline::read(conn, &[Call::new(sql).with(key).with(to.as_str())]).await?;
    charge.status = to;
    Ok(Ok(charge))
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
        let wanted = &wanted;
        self.write(|conn| async move { charge(&conn, wanted).await })
            .await
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
        let from = &from;
        self.write_if(|conn| async move { move_charge(&conn, key, from, to).await })
            .await
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
