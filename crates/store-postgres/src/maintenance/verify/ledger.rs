//! Do our books and the sandbox bank's agree: the walk over both, some rows at a time. What agreeing means is
//! [`disagreement`]'s.

use super::{Checks, Walk};
use crate::{
    columns::{Columns as _, micros},
    pipeline::{self, Call},
};
use matinee_domain::{
    ids::{PaymentId, RefundId, TheaterId},
    limits,
};
use matinee_store::{
    StoreError,
    verify::{Booked, SETTLING, disagreement, refund_agrees},
};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio_postgres::Row;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    charges(checks).await?;
    refunds(checks).await?;
    bank_charges(checks).await?;
    bank_refunds(checks).await
}

/// Status, amount and currency, from this column on.
fn booked(row: &Row, at: usize) -> Result<Booked, StoreError> {
    Ok(Booked {
        status: row.value(at)?,
        amount_minor: row.value(at + 1)?,
        currency: row.value(at + 2)?,
    })
}

fn payment_id(row: &Row) -> Result<PaymentId, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(PaymentId::from_parts(theater, row.bytes(1)?))
}

async fn rows_of(checks: &Checks<'_>, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(checks.conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Each of our payments against the bank's charge.
async fn charges(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let settled_before = micros(checks.now - limits::PAYMENT_DEADLINE - SETTLING);
    let ours = "SELECT theater, payment, status, amount_minor, currency, created_at FROM payments \
         WHERE gateway = 'sandbox'";
    let mut walk = Walk::begin(checks.conn, ours).await?;
    while let Some(rows) = walk.next().await? {
        let keys: Vec<String> = rows
            .iter()
            .map(|row| payment_id(row).map(|id| id.to_string()))
            .collect::<Result<_, _>>()?;
        let sql = "SELECT charge, status, amount_minor, currency FROM sandbox_charges WHERE charge = ANY($1)";
        let mut theirs: FxHashMap<String, Booked> = FxHashMap::default();
        for row in rows_of(checks, Call::new(sql).with(&keys)).await? {
            theirs.insert(row.value(0)?, booked(&row, 1)?);
        }
        for (row, key) in rows.iter().zip(&keys) {
            let settled = row.value::<i64>(5)? < settled_before;
            if let Some(what) = disagreement(&booked(row, 2)?, theirs.get(key), settled) {
                checks
                    .report
                    .found("ledger_charge", format!("payment {key}: {what}"));
            }
        }
    }
    checks.report.looked_at("ledger_charge", walk.seen);
    Ok(())
}

/// Each of our refunds against the bank's.
async fn refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let ours = "SELECT r.theater, r.payment, r.refund, r.status, r.amount_minor FROM refunds AS r \
         JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment \
         WHERE p.gateway = 'sandbox' AND NOT r.to_gift";
    let mut walk = Walk::begin(checks.conn, ours).await?;
    while let Some(rows) = walk.next().await? {
        let mut charges = Vec::with_capacity(rows.len());
        let mut refunds = Vec::with_capacity(rows.len());
        for row in &rows {
            charges.push(payment_id(row)?.to_string());
            refunds.push(RefundId::from_bytes(row.bytes(2)?).to_string());
        }
        let sql = "SELECT r.charge, r.refund, r.amount_minor FROM unnest($1::text[], $2::text[]) AS w (charge, refund) \
                 JOIN sandbox_refunds AS r ON r.charge = w.charge AND r.refund = w.refund";
        let mut theirs: FxHashMap<(String, String), i64> = FxHashMap::default();
        for row in rows_of(checks, Call::new(sql).with(&charges).with(&refunds)).await? {
            theirs.insert((row.value(0)?, row.value(1)?), row.value(2)?);
        }
        for (row, key) in rows.iter().zip(charges.into_iter().zip(refunds)) {
            let (status, amount) = (row.text(3)?, row.value(4)?);
            let there = theirs.get(&key).copied();
            if !refund_agrees(status, amount, there) {
                let there = there.map_or_else(|| "nothing".into(), |there| there.to_string());
                checks.report.found(
                    "ledger_refund",
                    format!(
                        "refund {} of {amount} is {status}, the bank paid back {there}",
                        key.1
                    ),
                );
            }
        }
    }
    checks.report.looked_at("ledger_refund", walk.seen);
    Ok(())
}

/// The bank's own books: every charge is a payment of ours, and the sums fit.
async fn bank_charges(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let theirs = "SELECT c.charge, c.refunded_minor, coalesce((SELECT sum(r.amount_minor) FROM sandbox_refunds AS r \
           WHERE r.charge = c.charge), 0)::bigint FROM sandbox_charges AS c";
    let mut walk = Walk::begin(checks.conn, theirs).await?;
    while let Some(rows) = walk.next().await? {
        let ids: Vec<PaymentId> = rows
            .iter()
            .filter_map(|row| row.text(0).ok()?.parse().ok())
            .collect();
        let ours = ours(checks, &ids).await?;
        for row in &rows {
            let (key, refunded, sum) = (row.text(0)?, row.value::<i64>(1)?, row.value::<i64>(2)?);
            if refunded != sum {
                let what = format!("charge {key} has {refunded} refunded, its refunds are {sum}");
                checks.report.found("ledger_books", what);
            }
            if !key.parse().is_ok_and(|id: PaymentId| ours.contains(&id)) {
                let what = format!("charge {key} belongs to no payment");
                checks.report.found("ledger_books", what);
            }
        }
    }
    checks.report.looked_at("ledger_books", walk.seen);
    Ok(())
}

/// Those of these that are payments of ours at the bank.
async fn ours(checks: &Checks<'_>, ids: &[PaymentId]) -> Result<FxHashSet<PaymentId>, StoreError> {
    let sql = "SELECT p.theater, p.payment FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, payment) \
         JOIN payments AS p ON p.theater = w.theater AND p.payment = w.payment WHERE p.gateway = 'sandbox'";
    let theaters: Vec<_> = ids
        .iter()
        .map(|id| id.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = ids.iter().map(|id| id.own().to_vec()).collect();
    let rows = rows_of(checks, Call::new(sql).with(theaters).with(own)).await?;
    rows.iter().map(payment_id).collect()
}

/// Every amount the bank paid back is a refund of ours.
async fn bank_refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let theirs = "SELECT charge, refund FROM sandbox_refunds";
    let mut walk = Walk::begin(checks.conn, theirs).await?;
    while let Some(rows) = walk.next().await? {
        let mut known = Vec::new();
        for row in &rows {
            if let (Ok(payment), Ok(refund)) = (
                row.text(0)?.parse::<PaymentId>(),
                row.text(1)?.parse::<RefundId>(),
            ) {
                known.push((payment, refund));
            }
        }
        let sql = "SELECT r.theater, r.payment, r.refund FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) \
                   AS w (theater, payment, refund) \
                 JOIN payments AS p ON p.theater = w.theater AND p.payment = w.payment \
                 JOIN refunds AS r ON r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment \
                   AND r.refund = w.refund";
        let call = Call::new(sql)
            .with(
                known
                    .iter()
                    .map(|(id, _)| id.theater().as_bytes().to_vec())
                    .collect::<Vec<_>>(),
            )
            .with(
                known
                    .iter()
                    .map(|(id, _)| id.own().to_vec())
                    .collect::<Vec<_>>(),
            )
            .with(
                known
                    .iter()
                    .map(|(_, refund)| refund.as_bytes().to_vec())
                    .collect::<Vec<_>>(),
            );
        let mut ours: FxHashSet<(String, String)> = FxHashSet::default();
        for row in rows_of(checks, call).await? {
            let refund = RefundId::from_bytes(row.bytes(2)?);
            ours.insert((payment_id(&row)?.to_string(), refund.to_string()));
        }
        for row in &rows {
            let key = (row.value::<String>(0)?, row.value::<String>(1)?);
            if !ours.contains(&key) {
                let what = format!("refund {} of charge {} is none of ours", key.1, key.0);
                checks.report.found("ledger_books", what);
            }
        }
    }
    Ok(())
}
