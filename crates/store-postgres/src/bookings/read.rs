//! Reading bookings with all that hangs on them, and the seats of a show.
//!
//! A booking is five statements in one round trip, in a transaction that shows them one state of the database.

use super::rows::{self, booking_columns, payment_columns, refund_columns};
use crate::{
    columns::{Columns as _, damaged, micros},
    connect::Connection,
    failure::OrStoreError as _,
    pipeline::{self, Call},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    ids::{BookingId, PaymentId, Reference, ShowId, TheaterId, UserId},
    limits,
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    bookings::{BookingFile, BookingRow, PaymentRow, RefundRow, SeatSnapshot},
    feed::SeatState,
    idempotency::{IdempotencyKey, Lookup, Recorded},
};
use rustc_hash::FxHashMap;
use tokio_postgres::Row;

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BOOKING: &str = concat!(
    "SELECT ",
    booking_columns!(),
    " FROM bookings WHERE theater = $1 AND booking = $2"
);
const PAYMENTS: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE theater = $1 AND booking = $2 ORDER BY created_at, payment"
);
const REFUNDS: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE theater = $1 AND booking = $2 ORDER BY created_at, refund"
);
const PAYMENTS_OF: &str = concat!(
    "SELECT ",
    payment_columns!(),
    ", booking FROM payments WHERE theater = $1 AND payment > $2 AND payment < $3 ORDER BY payment LIMIT $4"
);
const TICKETS: &str = "SELECT seat, ticket, state, revision FROM tickets WHERE theater = $1 AND booking = $2 ORDER BY seat";
const NOTIFICATIONS: &str = "SELECT message, kind, channel, status, created_at FROM messages \
     WHERE theater = $1 AND booking = $2 ORDER BY created_at, message";
const SEATS: &str = "SELECT t.version, s.seat, s.state FROM show_state AS t \
     LEFT JOIN seats AS s ON s.theater = t.theater AND s.show = t.show WHERE t.theater = $1 AND t.show = $2";

/// The statements that answer questions about one booking or one show: for tests that look at plans.
#[cfg(test)]
pub(crate) const HOT: &[(&str, &str)] = &[
    ("a booking", BOOKING),
    ("its payments", PAYMENTS),
    ("its refunds", REFUNDS),
    ("payments of some time", PAYMENTS_OF),
    ("its tickets", TICKETS),
    ("its notifications", NOTIFICATIONS),
    ("seats of a show", SEATS),
];

pub(super) async fn file(
    conn: &Connection,
    id: BookingId,
) -> Result<Option<BookingFile>, StoreError> {
    let theater = id.theater();
    let about = |sql| {
        Call::new(sql)
            .with(&theater.as_bytes()[..])
            .with(&id.own()[..])
    };
    let calls = [
        Call::new(SNAPSHOT),
        about(BOOKING),
        about(PAYMENTS),
        about(REFUNDS),
        about(TICKETS),
        about(NOTIFICATIONS),
        Call::new("COMMIT"),
    ];
    let answers = pipeline::read(conn, &calls).await?;
    let [_, booking, payments, refunds, tickets, notifications, _] = &answers[..] else {
        return Err(damaged("an answer is missing"));
    };
    let Some(booking) = booking.first() else {
        return Ok(None);
    };
    Ok(Some(BookingFile {
        booking: rows::booking(booking)?,
        payments: all(payments, |row| rows::payment(id, row))?,
        refunds: all(refunds, rows::refund)?,
        tickets: all(tickets, |row| rows::ticket(id, row))?,
        notifications: all(notifications, rows::notification)?,
    }))
}

fn all<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

/// The rows of one statement.
async fn rows_of(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The bookings of rows that begin with theater and booking.
pub(crate) async fn files(
    conn: &Connection,
    rows: Vec<Row>,
) -> Result<Vec<BookingFile>, StoreError> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        out.extend(file(conn, booking_id(&row)?).await?);
    }
    Ok(out)
}

fn booking_id(row: &Row) -> Result<BookingId, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(BookingId::from_parts(theater, row.bytes(1)?))
}

pub(super) async fn by_reference(
    conn: &Connection,
    reference: Reference,
) -> Result<Option<BookingFile>, StoreError> {
    let sql =
        "SELECT theater, booking FROM bookings WHERE reference = $1 ORDER BY booking DESC LIMIT 1";
    let rows = rows_of(conn, Call::new(sql).with(reference.as_str())).await?;
    Ok(files(conn, rows).await?.pop())
}

pub(super) async fn of_payment(
    conn: &Connection,
    payment: PaymentId,
) -> Result<Option<BookingFile>, StoreError> {
    let sql = "SELECT theater, booking FROM payments WHERE theater = $1 AND payment = $2";
    let theater = payment.theater();
    let call = Call::new(sql)
        .with(&theater.as_bytes()[..])
        .with(&payment.own()[..]);
    let rows = rows_of(conn, call).await?;
    Ok(files(conn, rows).await?.pop())
}

pub(super) async fn of_user(
    conn: &Connection,
    user: UserId,
    before: Option<BookingId>,
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    // Ids begin with the time, so their order across theaters is that of booking.
    let sql = "SELECT theater, booking FROM bookings \
         WHERE \"user\" = $1 AND (booking, theater) < ($2, $3) ORDER BY booking DESC, theater DESC LIMIT $4";
    // Ids of all ones are later than any.
    let (own, theater) = before.map_or(([255; 22], [255; 16]), |id| {
        (*id.own(), *id.theater().as_bytes())
    });
    let call = Call::new(sql)
        .with(&user.as_bytes()[..])
        .with(&own[..])
        .with(&theater[..])
        .with(i64::from(limit));
    let rows = rows_of(conn, call).await?;
    files(conn, rows).await
}

pub(super) async fn seats(
    conn: &Connection,
    show: ShowId,
) -> Result<Option<SeatSnapshot>, StoreError> {
    let theater = show.theater();
    let call = Call::new(SEATS)
        .with(&theater.as_bytes()[..])
        .with(&show.own()[..]);
    let rows = rows_of(conn, call).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut snapshot = SeatSnapshot {
        version: first.count(0)?,
        seats: Vec::with_capacity(rows.len()),
    };
    for row in &rows {
        // A show without rows of seats has one row without a seat.
        if let Some(seat) = row.value::<Option<i32>>(1)? {
            snapshot
                .seats
                .push((seat_no(seat)?, seat_state(row.value(2)?)?));
        }
    }
    Ok(Some(snapshot))
}

/// Shows as they are, each with how many seats its map has. Those that are not there are left out.
pub(crate) async fn read_whole(
    conn: &Connection,
    shows: &[ShowId],
) -> Result<Vec<(ShowId, SeatSnapshot, u16)>, StoreError> {
    let sql = "SELECT t.theater, t.show, t.version, h.seats_total, s.seat, s.state \
         FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show \
         JOIN shows AS h ON h.theater = w.theater AND h.show = w.show \
         LEFT JOIN seats AS s ON s.theater = w.theater AND s.show = w.show";
    let theaters: Vec<_> = shows
        .iter()
        .map(|show| show.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = shows.iter().map(|show| &show.own()[..]).collect();
    let answers = rows_of(conn, Call::new(sql).with(theaters).with(own)).await?;
    let mut found: FxHashMap<ShowId, (SeatSnapshot, u16)> = FxHashMap::default();
    for row in &answers {
        let show = ShowId::from_parts(TheaterId::from_bytes(row.bytes(0)?), row.bytes(1)?);
        let version = row.count(2)?;
        let seats_total = row.small(3)?;
        let (snapshot, _) = found.entry(show).or_insert_with(|| {
            let seats = Vec::new();
            (SeatSnapshot { version, seats }, seats_total)
        });
        if let Some(seat) = row.value::<Option<i32>>(4)? {
            snapshot
                .seats
                .push((seat_no(seat)?, seat_state(row.value(5)?)?));
        }
    }
    Ok(found
        .into_iter()
        .map(|(show, (snapshot, seats))| (show, snapshot, seats))
        .collect())
}

/// The version of shows, and how many of their seats are taken. Those that are not there are left out.
pub(crate) async fn read_states(
    conn: &Connection,
    shows: &[ShowId],
) -> Result<Vec<(ShowId, u64, u16)>, StoreError> {
    let sql = "SELECT t.theater, t.show, t.version, t.taken FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, show) \
         JOIN show_state AS t ON t.theater = w.theater AND t.show = w.show";
    let theaters: Vec<_> = shows
        .iter()
        .map(|show| show.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = shows.iter().map(|show| &show.own()[..]).collect();
    let rows = rows_of(conn, Call::new(sql).with(theaters).with(own)).await?;
    let state = |row: &Row| {
        let show = ShowId::from_parts(TheaterId::from_bytes(row.bytes(0)?), row.bytes(1)?);
        Ok((show, row.count(2)?, row.small(3)?))
    };
    all(&rows, state)
}

/// Reads a kept seat number.
fn seat_no(seat: i32) -> Result<SeatNo, StoreError> {
    u16::try_from(seat).map(SeatNo).map_err(damaged)
}

/// Reads a kept state.
fn seat_state(code: i32) -> Result<SeatState, StoreError> {
    SeatState::from_code(i64::from(code)).ok_or_else(|| damaged("a seat's state"))
}

pub(crate) async fn lookup(conn: &Connection, key: &IdempotencyKey) -> Result<Lookup, StoreError> {
    let sql = "SELECT body, status, answer FROM idempotency WHERE scope = $1";
    let rows = rows_of(conn, Call::new(sql).with(&key.scope[..])).await?;
    let Some(row) = rows.first() else {
        return Ok(Lookup::New);
    };
    if row.bytes::<16>(0)? != key.body {
        return Ok(Lookup::Reused);
    }
    Ok(Lookup::Replay(Recorded {
        status: row.small(1)?,
        body: Bytes::copy_from_slice(row.value(2)?),
    }))
}

pub(super) async fn expired(
    conn: &Connection,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<BookingRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        booking_columns!(),
        " FROM bookings WHERE status = 'held' AND expires_at <= $1 ORDER BY expires_at LIMIT $2"
    );
    let rows = rows_of(
        conn,
        Call::new(sql).with(micros(now)).with(i64::from(limit)),
    )
    .await?;
    all(&rows, rows::booking)
}

/// The shows of bookings; those that are not there are left out.
pub(super) async fn shows_of(
    conn: &Connection,
    bookings: &[BookingId],
) -> Result<Vec<(BookingId, ShowId)>, StoreError> {
    let sql = "SELECT b.theater, b.booking, b.show FROM unnest($1::bytea[], $2::bytea[]) AS w (theater, booking) \
         JOIN bookings AS b ON b.theater = w.theater AND b.booking = w.booking";
    let theaters: Vec<_> = bookings
        .iter()
        .map(|id| id.theater().as_bytes().to_vec())
        .collect();
    let own: Vec<_> = bookings.iter().map(|id| &id.own()[..]).collect();
    let rows = rows_of(conn, Call::new(sql).with(theaters).with(own)).await?;
    all(&rows, |row| {
        let id = booking_id(row)?;
        Ok((id, ShowId::from_parts(id.theater(), row.bytes(2)?)))
    })
}

pub(super) async fn unsettled(
    conn: &Connection,
    before: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    let sql = "SELECT theater, booking FROM payments \
         WHERE status IN ('created', 'requires_action', 'authorized') AND created_at < $1 \
           AND (status <> 'requires_action' OR created_at < $2) \
         ORDER BY created_at LIMIT $3";
    let call = Call::new(sql)
        .with(micros(before))
        .with(micros(before - limits::PAYMENT_DEADLINE))
        .with(i64::from(limit));
    let rows = rows_of(conn, call).await?;
    files(conn, rows).await
}

pub(super) async fn waiting(
    conn: &Connection,
    (since, now, every): (DateTime<Utc>, DateTime<Utc>, TimeDelta),
    limit: u16,
) -> Result<Vec<BookingFile>, StoreError> {
    // As many turns have passed as whole spans since the beginning.
    let sql = "SELECT theater, booking FROM payments \
         WHERE status = 'requires_action' AND created_at >= $4 AND created_at <= $2 \
           AND ($2 - created_at) / $3 > greatest($1 - created_at, 0) / $3 \
         ORDER BY created_at LIMIT $5";
    let call = Call::new(sql)
        .with(micros(since))
        .with(micros(now))
        .with(every.num_microseconds().unwrap_or(i64::MAX).max(1))
        .with(micros(now - limits::PAYMENT_DEADLINE))
        .with(i64::from(limit));
    let rows = rows_of(conn, call).await?;
    files(conn, rows).await
}

pub(super) async fn payments_of(
    conn: &Connection,
    after: PaymentId,
    before: PaymentId,
    limit: u16,
) -> Result<Vec<PaymentRow>, StoreError> {
    let theater = after.theater();
    let call = Call::new(PAYMENTS_OF)
        .with(theater.as_bytes().to_vec())
        .with(after.own().to_vec())
        .with(before.own().to_vec())
        .with(i64::from(limit));
    let rows = rows_of(conn, call).await?;
    all(&rows, |row| {
        let booking_id = BookingId::from_parts(theater, row.bytes(18)?);
        rows::payment(booking_id, row)
    })
}

pub(super) async fn pending_refunds(
    conn: &Connection,
    before: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<RefundRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        refund_columns!(),
        " FROM refunds WHERE status = 'pending' AND tried_at < $1 \
           AND (attempts < 2 OR tried_at < $1 - least(3600000000, 10000000::bigint << least(attempts - 1, 9))) \
         ORDER BY tried_at, created_at LIMIT $2"
    );
    let call = Call::new(sql).with(micros(before)).with(i64::from(limit));
    let rows = rows_of(conn, call).await?;
    all(&rows, rows::refund)
}

/// An unpaid expiry is of no interest after a day; every window of the limits is shorter.
const FORGET_EXPIRIES: &str = "DELETE FROM unpaid_expiries AS x USING \
     (SELECT theater, show, caller, at, booking FROM unpaid_expiries WHERE at < $1 - 86400000000 ORDER BY at LIMIT $2) \
       AS old \
     WHERE x.theater = old.theater AND x.show = old.show AND x.caller = old.caller AND x.at = old.at \
       AND x.booking = old.booking";

/// Forgets records past their time, and unpaid expiries that no limit looks at any more.
pub(super) async fn forget(
    conn: &Connection,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<usize, StoreError> {
    let sql = "DELETE FROM idempotency WHERE scope IN \
         (SELECT scope FROM idempotency WHERE keep_until <= $1 ORDER BY keep_until LIMIT $2)";
    let (now, limit) = (micros(now), i64::from(limit));
    let forgotten = conn.client().execute(sql, &[&now, &limit]).await.db()?;
    conn.client()
        .execute(FORGET_EXPIRIES, &[&now, &limit])
        .await
        .db()?;
    Ok(forgotten as usize)
}
