//! The counter's books. They keep their own rules: one charge per payment, taken in an open shift, and never more back
//! than was taken.

mod shifts;

use crate::{
    SqliteStore,
    columns::{damaged, micros, money, time},
    failure::OrStoreError as _,
    query,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    counter::{Moved, SaleMethod, Tender},
    ids::{PaymentId, ShiftId, TheaterId},
    money::Money,
};
use matinee_store::{
    CounterStore, StoreError,
    counter::{
        CloseOutcome, CloseShift, CounterCharge, NotTaken, OpenOutcome, OpenShift, PayOut,
        PayOutcome, ShiftQuery, ShiftRow,
    },
    ledger::{ChargeStatus, LedgerRefusal},
};
use rusqlite::{Connection, params};

fn find(conn: &Connection, payment: PaymentId) -> Result<Option<CounterCharge>, StoreError> {
    const SQL: &str = "SELECT method, shift, status, amount_minor, currency, refunded_minor, created_at \
         FROM counter_charges WHERE theater = ?1 AND payment = ?2";
    let theater = payment.theater();
    let key = params![theater.as_bytes(), payment.own()];
    query::first(conn, SQL, key, |row| {
        Ok(CounterCharge {
            payment_id: payment,
            tender: Tender {
                method: SaleMethod::parse(query::text(row, 0)?)
                    .ok_or_else(|| damaged("a counter's method"))?,
                shift: row
                    .get::<_, Option<[u8; 16]>>(1)
                    .db()?
                    .map(ShiftId::from_bytes),
            },
            status: ChargeStatus::parse(query::text(row, 2)?)
                .ok_or_else(|| damaged("a charge's status"))?,
            amount: money(row.get(3).db()?, query::text(row, 4)?)?,
            refunded_minor: row.get(5).db()?,
            created_at: time(row.get(6).db()?)?,
        })
    })
}

fn charge(
    tx: &Tx<'_>,
    charge: &CounterCharge,
) -> Result<Result<CounterCharge, NotTaken>, StoreError> {
    if let Some(known) = find(tx.conn(), charge.payment_id)? {
        return Ok(Ok(known));
    }
    let (theater, amount) = (charge.payment_id.theater(), charge.amount);
    if let Some(shift) = charge.tender.shift {
        match shifts::open_currency(tx.conn(), theater, shift)? {
            None => return Ok(Err(NotTaken::ShiftClosed)),
            Some(currency) if currency != amount.currency.code() => {
                return Ok(Err(NotTaken::OtherCurrency));
            }
            Some(_) => {}
        }
    }
    tx.prepare(
        "INSERT INTO counter_charges (theater, payment, shift, method, status, amount_minor, currency, refunded_minor, \
             created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)",
    )?
    .execute(params![
        theater.as_bytes(),
        charge.payment_id.own(),
        charge.tender.shift.map(|shift| *shift.as_bytes()),
        charge.tender.method.as_str(),
        charge.status.as_str(),
        amount.amount_minor,
        amount.currency.code(),
        micros(charge.created_at),
    ])
    .db()?;
    Ok(Ok(charge.clone()))
}

fn move_charge(
    tx: &Tx<'_>,
    payment: PaymentId,
    to: ChargeStatus,
) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
    let Some(mut charge) = find(tx.conn(), payment)? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    if charge.status == to {
        return Ok(Ok(charge));
    }
    if charge.status != ChargeStatus::Authorized {
        return Ok(Err(LedgerRefusal::WrongState(charge.status)));
    }
    tx.prepare("UPDATE counter_charges SET status = ?3 WHERE theater = ?1 AND payment = ?2")?
        .execute(params![
            payment.theater().as_bytes(),
            payment.own(),
            to.as_str()
        ])
        .db()?;
    charge.status = to;
    Ok(Ok(charge))
}

fn refund(
    tx: &Tx<'_>,
    payment: PaymentId,
    refund_key: &str,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
    const KNOWN: &str =
        "SELECT 1 FROM counter_refunds WHERE theater = ?1 AND payment = ?2 AND refund = ?3";
    let Some(mut charge) = find(tx.conn(), payment)? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    let (theater, own) = (payment.theater(), payment.own());
    let key = params![theater.as_bytes(), own, refund_key];
    if tx.prepare(KNOWN)?.exists(key).db()? {
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
    tx.prepare(
        "INSERT INTO counter_refunds (theater, payment, refund, amount_minor, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        theater.as_bytes(),
        own,
        refund_key,
        amount.amount_minor,
        micros(now)
    ])
    .db()?;
    tx.prepare(
        "UPDATE counter_charges SET refunded_minor = refunded_minor + ?3 WHERE theater = ?1 AND payment = ?2",
    )?
    .execute(params![theater.as_bytes(), own, amount.amount_minor])
    .db()?;
    charge.refunded_minor += amount.amount_minor;
    Ok(Ok(charge))
}

#[async_trait]
impl CounterStore for SqliteStore {
    async fn open_shift(&self, open: OpenShift) -> Result<OpenOutcome, StoreError> {
        self.write(move |tx| shifts::open(tx, &open)).await
    }

    async fn close_shift(&self, close: CloseShift) -> Result<CloseOutcome, StoreError> {
        self.write(move |tx| shifts::close(tx, &close)).await
    }

    async fn pay_out(&self, pay: PayOut) -> Result<PayOutcome, StoreError> {
        self.write(move |tx| shifts::pay_out(tx, &pay)).await
    }

    async fn shift(
        &self,
        theater_id: TheaterId,
        shift_id: ShiftId,
    ) -> Result<Option<(ShiftRow, Moved)>, StoreError> {
        self.read_here(|conn| shifts::one(conn, theater_id, shift_id))
            .await
    }

    async fn shifts(&self, query: ShiftQuery) -> Result<Vec<(ShiftRow, Moved)>, StoreError> {
        self.read(move |conn| shifts::list(conn, &query)).await
    }

    async fn counter_charge(
        &self,
        wanted: CounterCharge,
    ) -> Result<Result<CounterCharge, NotTaken>, StoreError> {
        self.write(move |tx| charge(tx, &wanted)).await
    }

    async fn counter_charge_of(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<CounterCharge>, StoreError> {
        self.read_here(|conn| find(conn, payment_id)).await
    }

    async fn move_counter_charge(
        &self,
        payment_id: PaymentId,
        to: ChargeStatus,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
        self.write(move |tx| move_charge(tx, payment_id, to)).await
    }

    async fn refund_counter_charge(
        &self,
        payment_id: PaymentId,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
        let refund_key = refund_key.to_owned();
        self.write(move |tx| refund(tx, payment_id, &refund_key, amount, now))
            .await
    }
}
