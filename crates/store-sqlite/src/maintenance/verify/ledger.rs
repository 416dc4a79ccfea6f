//! Do our books and the sandbox bank's agree: the walk over both. What agreeing means is [`disagreement`]'s.

use super::Checks;
use crate::{columns::micros, failure::OrStoreError as _};
use matinee_domain::{
    ids::{PaymentId, RefundId, TheaterId},
    limits,
};
use matinee_store::{
    StoreError,
    verify::{Booked, SETTLING, disagreement, refund_agrees},
};
use rusqlite::{CachedStatement, OptionalExtension as _, Row, params};

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    charges(checks)?;
    refunds(checks)?;
    bank_books(checks)
}

/// A payment's row as far as the bank has a say in it.
struct Paid {
    payment_id: PaymentId,
    booked: Booked,
    created_at: i64,
}

fn paid(row: &Row<'_>) -> rusqlite::Result<Paid> {
    Ok(Paid {
        payment_id: PaymentId::from_parts(TheaterId::from_bytes(row.get(0)?), row.get(1)?),
        booked: booked(row, 2)?,
        created_at: row.get(5)?,
    })
}

/// Status, amount and currency, from this column on.
fn booked(row: &Row<'_>, at: usize) -> rusqlite::Result<Booked> {
    Ok(Booked {
        status: row.get(at)?,
        amount_minor: row.get(at + 1)?,
        currency: row.get(at + 2)?,
    })
}

/// Each of our payments against the bank's charge.
fn charges(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let settled_before = micros(checks.now - limits::PAYMENT_DEADLINE - SETTLING);
    let mut payments = conn
        .prepare(
            "SELECT theater, payment, status, amount_minor, currency, created_at FROM payments
             WHERE gateway = 'sandbox'",
        )
        .db()?;
    let mut charge = conn
        .prepare("SELECT status, amount_minor, currency FROM sandbox_charges WHERE charge = ?1")
        .db()?;
    let mut rows = payments.query([]).db()?;
    let mut looked_at = 0;
    while let Some(row) = rows.next().db()? {
        looked_at += 1;
        let paid = paid(row).db()?;
        let theirs = charge
            .query_row([paid.payment_id.to_string()], |row| booked(row, 0))
            .optional()
            .db()?;
        let settled = paid.created_at < settled_before;
        if let Some(what) = disagreement(&paid.booked, theirs.as_ref(), settled) {
            checks.broken(
                "ledger_charge",
                format!("payment {}: {what}", paid.payment_id),
            );
        }
    }
    checks.checked("ledger_charge", looked_at);
    Ok(())
}

/// Each of our refunds against the bank's.
fn refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let mut refunds = conn
        .prepare(
            "SELECT r.theater, r.payment, r.refund, r.status, r.amount_minor FROM refunds AS r
             JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment
             WHERE p.gateway = 'sandbox' AND r.to_gift = 0",
        )
        .db()?;
    let mut paid_back = conn
        .prepare_cached(
            "SELECT amount_minor FROM sandbox_refunds WHERE charge = ?1 AND refund = ?2",
        )
        .db()?;
    let mut rows = refunds.query([]).db()?;
    let mut looked_at = 0;
    while let Some(row) = rows.next().db()? {
        looked_at += 1;
        let theater = TheaterId::from_bytes(row.get(0).db()?);
        let payment_id = PaymentId::from_parts(theater, row.get(1).db()?);
        let refund_id = RefundId::from_bytes(row.get(2).db()?);
        let (status, amount): (String, i64) = (row.get(3).db()?, row.get(4).db()?);
        let theirs = bank_refund(&mut paid_back, payment_id, refund_id)?;
        let agree = refund_agrees(&status, amount, theirs);
        if !agree {
            let there = theirs.map_or_else(|| "nothing".into(), |there| there.to_string());
            checks.broken(
                "ledger_refund",
                format!("refund {refund_id} of {amount} is {status}, the bank paid back {there}"),
            );
        }
    }
    checks.checked("ledger_refund", looked_at);
    Ok(())
}

fn bank_refund(
    statement: &mut CachedStatement<'_>,
    payment_id: PaymentId,
    refund_id: RefundId,
) -> Result<Option<i64>, StoreError> {
    statement
        .query_row(
            params![payment_id.to_string(), refund_id.to_string()],
            |row| row.get(0),
        )
        .optional()
        .db()
}

/// The bank's own books: every charge is a payment of ours, every amount paid back a refund of ours, and the sums fit.
fn bank_books(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let mut charges = conn
        .prepare(
            "SELECT charge, refunded_minor, (SELECT coalesce(sum(amount_minor), 0) FROM sandbox_refunds AS r
               WHERE r.charge = c.charge) FROM sandbox_charges AS c",
        )
        .db()?;
    let mut rows = charges.query([]).db()?;
    let mut looked_at = 0;
    while let Some(row) = rows.next().db()? {
        looked_at += 1;
        let key: String = row.get(0).db()?;
        let (refunded, sum): (i64, i64) = (row.get(1).db()?, row.get(2).db()?);
        if refunded != sum {
            let what = format!("charge {key} has {refunded} refunded, its refunds are {sum}");
            checks.broken("ledger_books", what);
        }
        if !is_ours(checks, &key)? {
            checks.broken(
                "ledger_books",
                format!("charge {key} belongs to no payment"),
            );
        }
    }
    checks.checked("ledger_books", looked_at);
    stray_refunds(checks)
}

fn is_ours(checks: &Checks<'_>, key: &str) -> Result<bool, StoreError> {
    let Ok(payment_id) = key.parse::<PaymentId>() else {
        return Ok(false);
    };
    let theater = payment_id.theater();
    checks
        .conn
        .prepare_cached(
            "SELECT 1 FROM payments WHERE theater = ?1 AND payment = ?2 AND gateway = 'sandbox'",
        )
        .db()?
        .exists(params![theater.as_bytes(), payment_id.own()])
        .db()
}

fn stray_refunds(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    let conn = checks.conn;
    let mut paid_back = conn
        .prepare("SELECT charge, refund FROM sandbox_refunds")
        .db()?;
    let mut ours = conn
        .prepare(
            "SELECT 1 FROM payments AS p JOIN refunds AS r
               ON r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment
             WHERE p.theater = ?1 AND p.payment = ?2 AND r.refund = ?3",
        )
        .db()?;
    let mut rows = paid_back.query([]).db()?;
    while let Some(row) = rows.next().db()? {
        let (charge, refund): (String, String) = (row.get(0).db()?, row.get(1).db()?);
        let known = match (charge.parse::<PaymentId>(), refund.parse::<RefundId>()) {
            (Ok(payment), Ok(refund)) => {
                let theater = payment.theater();
                ours.exists(params![
                    theater.as_bytes(),
                    payment.own(),
                    refund.as_bytes()
                ])
                .db()?
            }
            _ => false,
        };
        if !known {
            let what = format!("refund {refund} of charge {charge} is none of ours");
            checks.broken("ledger_books", what);
        }
    }
    Ok(())
}
