//! Shifts: opening and closing them, handing cash out in them, and what moved in each.

use crate::{
    bookings::idempotency,
    columns::{micros, money, optional_time, time},
    failure::OrStoreError as _,
    query,
    staff::write_audit,
    writer::Tx,
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
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "SELECT theater, shift, user, place, float_minor, currency, opened_at, closed_at, counted_minor, \
     expected_minor FROM shifts ";

fn shift(row: &Row<'_>) -> Result<ShiftRow, StoreError> {
    let closed = match optional_time(row.get(7).db()?)? {
        Some(at) => Some(Closed {
            at,
            counted_minor: row.get(8).db()?,
            expected_minor: row.get(9).db()?,
        }),
        None => None,
    };
    Ok(ShiftRow {
        theater_id: TheaterId::from_bytes(row.get(0).db()?),
        shift_id: ShiftId::from_bytes(row.get(1).db()?),
        user_id: UserId::from_bytes(row.get(2).db()?),
        window: row.get(3).db()?,
        float: money(row.get(4).db()?, query::text(row, 5)?)?,
        opened_at: time(row.get(6).db()?)?,
        closed,
    })
}

/// The currency a shift counts, while it is open.
pub(super) fn open_currency(
    conn: &Connection,
    theater: TheaterId,
    shift: ShiftId,
) -> Result<Option<String>, StoreError> {
    const SQL: &str =
        "SELECT currency FROM shifts WHERE theater = ?1 AND shift = ?2 AND closed_at IS NULL";
    let key = params![theater.as_bytes(), shift.as_bytes()];
    query::first(conn, SQL, key, |row| row.get(0).db())
}

/// What moved in a shift. Money that is taken while its seats are not sold yet is not counted.
fn moved(conn: &Connection, theater: TheaterId, shift: ShiftId) -> Result<Moved, StoreError> {
    const TAKEN: &str = "SELECT coalesce(sum(iif(method = 'cash', amount_minor, 0)), 0), \
           coalesce(sum(iif(method = 'terminal', amount_minor, 0)), 0), \
           coalesce(sum(iif(method = 'terminal', refunded_minor, 0)), 0), \
           coalesce(sum(method <> 'invitation'), 0), coalesce(sum(method = 'invitation'), 0) \
         FROM counter_charges WHERE theater = ?1 AND shift = ?2 AND status = 'captured'";
    const HANDED_OUT: &str = "SELECT coalesce(sum(amount_minor), 0) FROM counter_refunds WHERE theater = ?1 AND shift = ?2";
    let key = params![theater.as_bytes(), shift.as_bytes()];
    let taken = query::first(conn, TAKEN, key, |row| {
        Ok(Moved {
            cash_sales: row.get(0).db()?,
            cash_refunds: 0,
            terminal_sales: row.get(1).db()?,
            terminal_refunds: row.get(2).db()?,
            sales: row.get(3).db()?,
            invitations: row.get(4).db()?,
        })
    })?;
    let cash_refunds = query::first(conn, HANDED_OUT, key, |row| row.get(0).db())?;
    Ok(Moved {
        cash_refunds: cash_refunds.unwrap_or_default(),
        ..taken.unwrap_or_default()
    })
}

pub(super) fn one(
    conn: &Connection,
    theater: TheaterId,
    shift_id: ShiftId,
) -> Result<Option<(ShiftRow, Moved)>, StoreError> {
    let sql = format!("{COLUMNS} WHERE theater = ?1 AND shift = ?2");
    let key = params![theater.as_bytes(), shift_id.as_bytes()];
    let Some(row) = query::first(conn, &sql, key, shift)? else {
        return Ok(None);
    };
    Ok(Some((row, moved(conn, theater, shift_id)?)))
}

pub(super) fn list(
    conn: &Connection,
    query: &ShiftQuery,
) -> Result<Vec<(ShiftRow, Moved)>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE theater = ?1 AND (opened_at, shift) < (?2, ?3) AND (?4 IS NULL OR user = ?4) \
           AND (NOT ?5 OR closed_at IS NULL) ORDER BY opened_at DESC, shift DESC LIMIT ?6"
    );
    let (at, shift_id) = query.before.map_or((i64::MAX, [0xFF; 16]), |(at, id)| {
        (micros(at), *id.as_bytes())
    });
    let key = params![
        query.theater_id.as_bytes(),
        at,
        shift_id,
        query.user_id.map(|user| *user.as_bytes()),
        query.only_open,
        query.limit
    ];
    let rows = query::all(conn, &sql, key, shift)?;
    rows.into_iter()
        .map(|row| {
            let moved = moved(conn, row.theater_id, row.shift_id)?;
            Ok((row, moved))
        })
        .collect()
}

pub(super) fn open(tx: &Tx<'_>, open: &OpenShift) -> Result<OpenOutcome, StoreError> {
    const OF_USER: &str =
        "SELECT 1 FROM shifts WHERE theater = ?1 AND user = ?2 AND closed_at IS NULL";
    const AT_PLACE: &str =
        "SELECT 1 FROM shifts WHERE theater = ?1 AND place = ?2 AND closed_at IS NULL";
    if let Some(found) = idempotency::earlier(tx, open.idempotency.as_ref())? {
        return Ok(OpenOutcome::Repeated(found));
    }
    let shift = &open.shift;
    let theater = shift.theater_id.as_bytes();
    let of_user = params![theater, shift.user_id.as_bytes()];
    if tx.prepare(OF_USER)?.exists(of_user).db()? {
        return Ok(OpenOutcome::PersonBusy);
    }
    if tx
        .prepare(AT_PLACE)?
        .exists(params![theater, shift.window])
        .db()?
    {
        return Ok(OpenOutcome::WindowBusy);
    }
    tx.prepare(
        "INSERT INTO shifts (theater, shift, user, place, currency, float_minor, opened_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        theater,
        shift.shift_id.as_bytes(),
        shift.user_id.as_bytes(),
        shift.window,
        shift.float.currency.code(),
        shift.float.amount_minor,
        micros(shift.opened_at)
    ])
    .db()?;
    write_audit(tx.conn(), &open.audit).db()?;
    if let Some(record) = &open.idempotency {
        idempotency::insert(tx, record)?;
    }
    Ok(OpenOutcome::Done)
}

pub(super) fn close(tx: &Tx<'_>, close: &CloseShift) -> Result<CloseOutcome, StoreError> {
    const UNFINISHED: &str =
        "SELECT 1 FROM counter_charges WHERE theater = ?1 AND shift = ?2 AND status = 'authorized'";
    if let Some(found) = idempotency::earlier(tx, close.idempotency.as_ref())? {
        return Ok(CloseOutcome::Repeated(found));
    }
    let found = one(tx.conn(), close.theater_id, close.shift_id)?;
    let Some((shift, moved)) = found.filter(|(shift, _)| shift.closed.is_none()) else {
        return Ok(CloseOutcome::Closed);
    };
    let (theater, own) = (close.theater_id.as_bytes(), close.shift_id.as_bytes());
    if tx.prepare(UNFINISHED)?.exists(params![theater, own]).db()? {
        return Ok(CloseOutcome::Busy);
    }
    if moved.expected(shift.float.amount_minor) != close.closed.expected_minor {
        return Ok(CloseOutcome::Moved);
    }
    tx.prepare(
        "UPDATE shifts SET closed_at = ?3, counted_minor = ?4, expected_minor = ?5 WHERE theater = ?1 AND shift = ?2",
    )?
    .execute(params![
        theater,
        own,
        micros(close.closed.at),
        close.closed.counted_minor,
        close.closed.expected_minor
    ])
    .db()?;
    write_audit(tx.conn(), &close.audit).db()?;
    if let Some(record) = &close.idempotency {
        idempotency::insert(tx, record)?;
    }
    Ok(CloseOutcome::Done)
}

pub(super) fn pay_out(tx: &Tx<'_>, pay: &PayOut) -> Result<PayOutcome, StoreError> {
    const FIND: &str = "SELECT r.payment, r.shift, c.currency FROM counter_refunds AS r \
         JOIN counter_charges AS c ON c.theater = r.theater AND c.payment = r.payment \
         WHERE r.theater = ?1 AND r.refund = ?2 AND c.method = 'cash'";
    let theater = pay.theater_id.as_bytes();
    let refund = pay.refund_id.to_string();
    let found = query::first(tx.conn(), FIND, params![theater, refund], |row| {
        let payment: [u8; 22] = row.get(0).db()?;
        let shift: Option<[u8; 16]> = row.get(1).db()?;
        Ok((payment, shift, row.get::<_, String>(2).db()?))
    })?;
    let Some((payment, shift, currency)) = found else {
        return Ok(PayOutcome::Missing);
    };
    match shift {
        Some(shift) if shift == *pay.shift_id.as_bytes() => return Ok(PayOutcome::Done),
        Some(_) => return Ok(PayOutcome::PaidOut),
        None => {}
    }
    match open_currency(tx.conn(), pay.theater_id, pay.shift_id)? {
        None => return Ok(PayOutcome::Closed),
        Some(counted) if counted != currency => return Ok(PayOutcome::OtherCurrency),
        Some(_) => {}
    }
    tx.prepare(
        "UPDATE counter_refunds SET shift = ?4, paid_out_at = ?5 WHERE theater = ?1 AND payment = ?2 AND refund = ?3",
    )?
    .execute(params![
        theater,
        payment,
        refund,
        pay.shift_id.as_bytes(),
        micros(pay.audit.at)
    ])
    .db()?;
    write_audit(tx.conn(), &pay.audit).db()?;
    Ok(PayOutcome::Done)
}
