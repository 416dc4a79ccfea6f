//! Shifts: opening and closing them, handing cash out in them, and what moved in each.

use super::rows;
use crate::{
    accounts::keep as keep_record,
    columns::{Columns as _, damaged, micros, money, optional_time, text},
    connect::Connection,
    pipeline::Call,
    staff::write_audit,
};
use matinee_domain::{
    counter::Moved,
    ids::{ShiftId, TheaterId, UserId},
};
use matinee_store::{
    StoreError,
    counter::{
        CloseOutcome, CloseShift, Closed, OpenOutcome, OpenShift, PayOut, PayOutcome, ShiftQuery,
        ShiftRow,
    },
};
use tokio_postgres::Row;

/// A shift with what moved in it: the columns of [`shift`] and [`moved`]. Money that is taken while its seats are not sold
/// yet is not counted. `$1` is the theater.
macro_rules! shifts {
    ($rest:literal) => {
        concat!(
            "SELECT s.theater, s.shift, s.\"user\", s.place, s.float_minor, s.currency, s.opened_at, s.closed_at, \
               s.counted_minor, s.expected_minor, t.cash, t.terminal, t.terminal_back, t.sales, t.invitations, r.cash \
             FROM shifts AS s CROSS JOIN LATERAL (SELECT \
                 coalesce(sum(c.amount_minor) FILTER (WHERE c.method = 'cash'), 0)::bigint AS cash, \
                 coalesce(sum(c.amount_minor) FILTER (WHERE c.method = 'terminal'), 0)::bigint AS terminal, \
                 coalesce(sum(c.refunded_minor) FILTER (WHERE c.method = 'terminal'), 0)::bigint AS terminal_back, \
                 count(*) FILTER (WHERE c.method <> 'invitation') AS sales, \
                 count(*) FILTER (WHERE c.method = 'invitation') AS invitations \
               FROM counter_charges AS c WHERE c.theater = s.theater AND c.shift = s.shift AND c.status = 'captured') AS t \
             CROSS JOIN LATERAL (SELECT coalesce(sum(x.amount_minor), 0)::bigint AS cash FROM counter_refunds AS x \
               WHERE x.theater = s.theater AND x.shift = s.shift) AS r WHERE s.theater = $1 ",
            $rest
        )
    };
}

fn shift(row: &Row) -> Result<ShiftRow, StoreError> {
    let closed = match optional_time(row.value(7)?)? {
        Some(at) => Some(Closed {
            at,
            counted_minor: row.value(8)?,
            expected_minor: row.value(9)?,
        }),
        None => None,
    };
    Ok(ShiftRow {
        theater_id: TheaterId::from_bytes(row.bytes(0)?),
        shift_id: ShiftId::from_bytes(row.bytes(1)?),
        user_id: UserId::from_bytes(row.bytes(2)?),
        window: row.value(3)?,
        float: money(row.value(4)?, row.text(5)?)?,
        opened_at: row.time(6)?,
        closed,
    })
}

fn with_moved(row: &Row) -> Result<(ShiftRow, Moved), StoreError> {
    let moved = Moved {
        cash_sales: row.value(10)?,
        cash_refunds: row.value(15)?,
        terminal_sales: row.value(11)?,
        terminal_refunds: row.value(12)?,
        sales: u32::try_from(row.count(13)?).map_err(damaged)?,
        invitations: u32::try_from(row.count(14)?).map_err(damaged)?,
    };
    Ok((shift(row)?, moved))
}

fn of(sql: &'static str, theater: TheaterId, shift: ShiftId) -> Call<'static> {
    Call::new(sql)
        .with(theater.as_bytes().to_vec())
        .with(shift.as_bytes().to_vec())
}

/// The currency a shift counts, while it is open; it stays open until the transaction ends.
pub(super) async fn open_currency(
    conn: &Connection,
    theater: TheaterId,
    shift: ShiftId,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT currency FROM shifts WHERE theater = $1 AND shift = $2 AND closed_at IS NULL FOR SHARE";
    let found = rows(conn, of(SQL, theater, shift)).await?;
    found.first().map(|row| row.value(0)).transpose()
}

pub(super) async fn one(
    conn: &Connection,
    theater: TheaterId,
    shift_id: ShiftId,
) -> Result<Option<(ShiftRow, Moved)>, StoreError> {
    const SQL: &str = shifts!("AND s.shift = $2");
    let found = rows(conn, of(SQL, theater, shift_id)).await?;
    found.first().map(with_moved).transpose()
}

pub(super) async fn list(
    conn: &Connection,
    query: &ShiftQuery,
) -> Result<Vec<(ShiftRow, Moved)>, StoreError> {
    const SQL: &str = shifts!(
        "AND (s.opened_at, s.shift) < ($2, $3) AND ($4::bytea IS NULL OR s.\"user\" = $4) \
           AND (NOT $5 OR s.closed_at IS NULL) ORDER BY s.opened_at DESC, s.shift DESC LIMIT $6"
    );
    let (at, shift_id) = query.before.map_or((i64::MAX, [0xFF; 16]), |(at, id)| {
        (micros(at), *id.as_bytes())
    });
    let call = Call::new(SQL)
        .with(query.theater_id.as_bytes().to_vec())
        .with(at)
        .with(shift_id.to_vec())
        .with(query.user_id.map(|user| user.as_bytes().to_vec()))
        .with(query.only_open)
        .with(i64::from(query.limit));
    rows(conn, call).await?.iter().map(with_moved).collect()
}

pub(super) async fn open(
    conn: &Connection,
    open: &OpenShift,
) -> Result<Result<OpenOutcome, OpenOutcome>, StoreError> {
    const NEW: &str = "INSERT INTO shifts (theater, shift, \"user\", place, currency, float_minor, opened_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1";
    const OF_USER: &str =
        "SELECT 1 FROM shifts WHERE theater = $1 AND \"user\" = $2 AND closed_at IS NULL";
    if let Some(record) = &open.idempotency
        && let Err(found) = keep_record(conn, record).await?
    {
        return Ok(Err(OpenOutcome::Repeated(found)));
    }
    let shift = &open.shift;
    let call = of(NEW, shift.theater_id, shift.shift_id)
        .with(shift.user_id.as_bytes().to_vec())
        .with(text(&shift.window).into_owned())
        .with(shift.float.currency.code().to_owned())
        .with(shift.float.amount_minor)
        .with(micros(shift.opened_at));
    if rows(conn, call).await?.is_empty() {
        // One of the two unique indexes was in the way.
        let of_user = Call::new(OF_USER)
            .with(shift.theater_id.as_bytes().to_vec())
            .with(shift.user_id.as_bytes().to_vec());
        let busy = !rows(conn, of_user).await?.is_empty();
        let who = if busy {
            OpenOutcome::PersonBusy
        } else {
            OpenOutcome::WindowBusy
        };
        return Ok(Err(who));
    }
    write_audit(conn, &open.audit).await?;
    Ok(Ok(OpenOutcome::Done))
}

pub(super) async fn close(
    conn: &Connection,
    close: &CloseShift,
) -> Result<Result<CloseOutcome, CloseOutcome>, StoreError> {
    const LOCK: &str =
        "SELECT 1 FROM shifts WHERE theater = $1 AND shift = $2 AND closed_at IS NULL FOR UPDATE";
    const UNFINISHED: &str =
        "SELECT 1 FROM counter_charges WHERE theater = $1 AND shift = $2 AND status = 'authorized'";
    const CLOSE: &str = "UPDATE shifts SET closed_at = $3, counted_minor = $4, expected_minor = $5 \
         WHERE theater = $1 AND shift = $2 RETURNING 1";
    if let Some(record) = &close.idempotency
        && let Err(found) = keep_record(conn, record).await?
    {
        return Ok(Err(CloseOutcome::Repeated(found)));
    }
    let of_shift = |sql| of(sql, close.theater_id, close.shift_id);
    if rows(conn, of_shift(LOCK)).await?.is_empty() {
        return Ok(Err(CloseOutcome::Closed));
    }
    if !rows(conn, of_shift(UNFINISHED)).await?.is_empty() {
        return Ok(Err(CloseOutcome::Busy));
    }
    let Some((shift, moved)) = one(conn, close.theater_id, close.shift_id).await? else {
        return Ok(Err(CloseOutcome::Closed));
    };
    if moved.expected(shift.float.amount_minor) != close.closed.expected_minor {
        return Ok(Err(CloseOutcome::Moved));
    }
    let call = of_shift(CLOSE)
        .with(micros(close.closed.at))
        .with(close.closed.counted_minor)
        .with(close.closed.expected_minor);
    rows(conn, call).await?;
    write_audit(conn, &close.audit).await?;
    Ok(Ok(CloseOutcome::Done))
}

pub(super) async fn pay_out(conn: &Connection, pay: &PayOut) -> Result<PayOutcome, StoreError> {
    const FIND: &str = "SELECT r.payment, r.shift, c.currency FROM counter_refunds AS r \
         JOIN counter_charges AS c ON c.theater = r.theater AND c.payment = r.payment \
         WHERE r.theater = $1 AND r.refund = $2 AND c.method = 'cash' FOR UPDATE OF r";
    const PAY: &str = "UPDATE counter_refunds SET shift = $4, paid_out_at = $5 \
         WHERE theater = $1 AND payment = $2 AND refund = $3 RETURNING 1";
    let refund = pay.refund_id.to_string();
    // The shift first, as whoever takes money does.
    let open = open_currency(conn, pay.theater_id, pay.shift_id).await?;
    let call = Call::new(FIND)
        .with(pay.theater_id.as_bytes().to_vec())
        .with(refund.clone());
    let found = rows(conn, call).await?;
    let Some(row) = found.first() else {
        return Ok(PayOutcome::Missing);
    };
    let payment: [u8; 22] = row.bytes(0)?;
    let currency = row.text(2)?;
    match (row.optional_bytes(1)?, open) {
        (Some(shift), _) if shift == *pay.shift_id.as_bytes() => return Ok(PayOutcome::Done),
        (Some(_), _) => return Ok(PayOutcome::PaidOut),
        (None, None) => return Ok(PayOutcome::Closed),
        (None, Some(counted)) if counted != currency => return Ok(PayOutcome::OtherCurrency),
        (None, Some(_)) => {}
    }
    let call = Call::new(PAY)
        .with(pay.theater_id.as_bytes().to_vec())
        .with(payment.to_vec())
        .with(refund)
        .with(pay.shift_id.as_bytes().to_vec())
        .with(micros(pay.audit.at));
    rows(conn, call).await?;
    write_audit(conn, &pay.audit).await?;
    Ok(PayOutcome::Done)
}
