//! The counter's books. They keep their own rules: one charge per payment, taken in an open shift, and never more back
//! than was taken.
//!
//! Who takes money or hands it out locks the shift's row for sharing, who closes it for itself: so nothing comes to a
//! shift that was counted.

mod shifts;

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, micros, money, text},
    connect::Connection,
    pipeline::{self, Call},
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
use tokio_postgres::Row;

/// The columns of a charge, in order.
macro_rules! charge_columns {
    () => {
        "SELECT method, shift, status, amount_minor, currency, refunded_minor, created_at FROM counter_charges \
         WHERE theater = $1 AND payment = $2"
    };
}

const FIND: &str = charge_columns!();
const LOCK: &str = concat!(charge_columns!(), " FOR UPDATE");

async fn rows(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

fn of(sql: &'static str, payment: PaymentId) -> Call<'static> {
    Call::new(sql)
        .with(payment.theater().as_bytes().to_vec())
        .with(payment.own().to_vec())
}

async fn find(
    conn: &Connection,
    sql: &'static str,
    payment: PaymentId,
) -> Result<Option<CounterCharge>, StoreError> {
    let found = rows(conn, of(sql, payment)).await?;
    let read = |row: &Row| {
        Ok(CounterCharge {
            payment_id: payment,
            tender: Tender {
                method: SaleMethod::parse(row.text(0)?)
                    .ok_or_else(|| damaged("a counter's method"))?,
                shift: row.optional_bytes(1)?.map(ShiftId::from_bytes),
            },
            status: ChargeStatus::parse(row.text(2)?)
                .ok_or_else(|| damaged("a charge's status"))?,
            amount: money(row.value(3)?, row.text(4)?)?,
            refunded_minor: row.value(5)?,
            created_at: row.time(6)?,
        })
    };
    found.first().map(read).transpose()
}

async fn charge(
    conn: &Connection,
    charge: &CounterCharge,
) -> Result<Result<CounterCharge, NotTaken>, StoreError> {
    const NEW: &str = "INSERT INTO counter_charges (theater, payment, shift, method, status, amount_minor, currency, \
             refunded_minor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) \
         ON CONFLICT (theater, payment) DO NOTHING RETURNING 1";
    if let Some(known) = find(conn, FIND, charge.payment_id).await? {
        return Ok(Ok(known));
    }
    let (theater, amount) = (charge.payment_id.theater(), charge.amount);
    if let Some(shift) = charge.tender.shift {
        match shifts::open_currency(conn, theater, shift).await? {
            None => return Ok(Err(NotTaken::ShiftClosed)),
            Some(currency) if currency != amount.currency.code() => {
                return Ok(Err(NotTaken::OtherCurrency));
            }
            Some(_) => {}
        }
    }
    let call = of(NEW, charge.payment_id)
        .with(charge.tender.shift.map(|shift| shift.as_bytes().to_vec()))
        .with(charge.tender.method.as_str())
        .with(charge.status.as_str())
        .with(amount.amount_minor)
        .with(amount.currency.code().to_owned())
        .with(micros(charge.created_at));
    if !rows(conn, call).await?.is_empty() {
        return Ok(Ok(charge.clone()));
    }
    // Another server was just doing it.
    let known = find(conn, FIND, charge.payment_id).await?;
    known.map(Ok).ok_or_else(|| damaged("a charge vanished"))
}

async fn move_charge(
    conn: &Connection,
    payment: PaymentId,
    to: ChargeStatus,
) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
    const MOVE: &str =
        "UPDATE counter_charges SET status = $3 WHERE theater = $1 AND payment = $2 RETURNING 1";
    let Some(mut charge) = find(conn, LOCK, payment).await? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    if charge.status == to {
        return Ok(Ok(charge));
    }
    if charge.status != ChargeStatus::Authorized {
        return Ok(Err(LedgerRefusal::WrongState(charge.status)));
    }
    rows(conn, of(MOVE, payment).with(to.as_str())).await?;
    charge.status = to;
    Ok(Ok(charge))
}

async fn refund(
    conn: &Connection,
    (payment, refund_key): (PaymentId, &str),
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
    const KNOWN: &str =
        "SELECT 1 FROM counter_refunds WHERE theater = $1 AND payment = $2 AND refund = $3";
    const NEW: &str = "INSERT INTO counter_refunds (theater, payment, refund, amount_minor, created_at) \
         VALUES ($1, $2, $3, $4, $5) RETURNING 1";
    const COUNT: &str = "UPDATE counter_charges SET refunded_minor = refunded_minor + $3 \
         WHERE theater = $1 AND payment = $2 RETURNING 1";
    let Some(mut charge) = find(conn, LOCK, payment).await? else {
        return Ok(Err(LedgerRefusal::UnknownCharge));
    };
    let key = text(refund_key).into_owned();
    if !rows(conn, of(KNOWN, payment).with(key.clone()))
        .await?
        .is_empty()
    {
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
    let new = of(NEW, payment)
        .with(key)
        .with(amount.amount_minor)
        .with(micros(now));
    let count = of(COUNT, payment).with(amount.amount_minor);
    pipeline::read(conn, &[new, count]).await?;
    charge.refunded_minor += amount.amount_minor;
    Ok(Ok(charge))
}

#[async_trait]
impl CounterStore for PostgresStore {
    async fn open_shift(&self, open: OpenShift) -> Result<OpenOutcome, StoreError> {
        let open = &open;
        let done = self
            .write_if(|conn| async move { shifts::open(&conn, open).await })
            .await?;
        Ok(done.unwrap_or_else(|refused| refused))
    }

    async fn close_shift(&self, close: CloseShift) -> Result<CloseOutcome, StoreError> {
        let close = &close;
        let done = self
            .write_if(|conn| async move { shifts::close(&conn, close).await })
            .await?;
        Ok(done.unwrap_or_else(|refused| refused))
    }

    async fn pay_out(&self, pay: PayOut) -> Result<PayOutcome, StoreError> {
        let pay = &pay;
        self.write(|conn| async move { shifts::pay_out(&conn, pay).await })
            .await
    }

    async fn shift(
        &self,
        theater_id: TheaterId,
        shift_id: ShiftId,
    ) -> Result<Option<(ShiftRow, Moved)>, StoreError> {
        shifts::one(&self.connection().await?, theater_id, shift_id).await
    }

    async fn shifts(&self, query: ShiftQuery) -> Result<Vec<(ShiftRow, Moved)>, StoreError> {
        shifts::list(&self.connection().await?, &query).await
    }

    async fn counter_charge(
        &self,
        wanted: CounterCharge,
    ) -> Result<Result<CounterCharge, NotTaken>, StoreError> {
        let wanted = &wanted;
        self.write_if(|conn| async move { charge(&conn, wanted).await })
            .await
    }

    async fn counter_charge_of(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<CounterCharge>, StoreError> {
        find(&self.connection().await?, FIND, payment_id).await
    }

    async fn move_counter_charge(
        &self,
        payment_id: PaymentId,
        to: ChargeStatus,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
        self.write_if(|conn| async move { move_charge(&conn, payment_id, to).await })
            .await
    }

    async fn refund_counter_charge(
        &self,
        payment_id: PaymentId,
        refund_key: &str,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Result<Result<CounterCharge, LedgerRefusal>, StoreError> {
        let about = (payment_id, refund_key);
        self.write_if(|conn| async move { refund(&conn, about, amount, now).await })
            .await
    }
}
