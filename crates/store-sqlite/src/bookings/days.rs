//! What was sold and given back in some time, joined from payments, refunds and bookings.

use crate::{
    SqliteStore,
    columns::{damaged, from_json, micros, time},
    failure::OrStoreError,
    query,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    channel::SaleChannel,
    day::{GivenBack, Sale, share_of_tax, tax_of},
    ids::{PaymentId, RefundId, ShowId, TheaterId},
    price::Line,
};
use matinee_store::{
    DayStore, StoreError,
    bookings::{BookedSeat, CAME_TOO_LATE},
    days::Span,
};
use rusqlite::{Connection, Row, params};

pub(super) const SOLD: &str = "SELECT p.payment, b.show, \
       CASE p.gateway WHEN 'counter' THEN substr(p.method_token, 1, instr(p.method_token || ':', ':') - 1) ELSE p.gateway END, \
       b.channel, p.captured_minor, b.test, b.seats, b.lines, \
       EXISTS (SELECT 1 FROM refunds AS r WHERE r.booking = p.booking AND r.payment = p.payment AND r.reason = 'seats_gone'), \
       p.gift_minor, (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.booking = p.booking AND r.payment = p.payment AND r.to_gift) \
     FROM payments AS p INDEXED BY payments_by_id CROSS JOIN bookings AS b ON b.booking = p.booking \
     WHERE p.payment > ?2 AND p.payment < ?3 AND p.theater = ?1 \
       AND p.status IN ('captured', 'partly_refunded', 'refunded') ORDER BY p.payment LIMIT ?4";

pub(super) const GIVEN_BACK: &str = "SELECT r.refund, r.created_at, b.show, \
       CASE WHEN r.to_gift THEN 'gift_card' WHEN p.gateway = 'counter' \
         THEN substr(p.method_token, 1, instr(p.method_token || ':', ':') - 1) ELSE p.gateway END, \
       r.reason, r.amount_minor, \
       p.captured_minor + p.gift_minor, b.lines \
     FROM refunds AS r INDEXED BY refunds_of_day \
     CROSS JOIN bookings AS b ON b.booking = r.booking \
     CROSS JOIN payments AS p ON p.booking = r.booking AND p.payment = r.payment \
     WHERE r.theater = ?1 AND (r.created_at, r.refund) > (?2, ?3) AND r.created_at < ?4 AND r.status <> 'failed' \
     ORDER BY r.created_at, r.refund LIMIT ?5";

pub(crate) fn sold(
    conn: &Connection,
    theater: TheaterId,
    (after, before): (&[u8], [u8; 22]),
    limit: u16,
) -> Result<Vec<Sale>, StoreError> {
    let key = params![theater.as_bytes(), after, before, limit];
    query::all(conn, SOLD, key, |row| sale(theater, row))
}

fn sale(theater: TheaterId, row: &Row<'_>) -> Result<Sale, StoreError> {
    let seats: Vec<BookedSeat> = from_json(query::text(row, 6)?)?;
    let lines: Vec<Line> = from_json(query::text(row, 7)?)?;
    let late: bool = row.get(8).db()?;
    Ok(Sale {
        payment_id: PaymentId::from_parts(theater, row.get(0).db()?),
        show_id: ShowId::from_parts(theater, row.get(1).db()?),
        method: row.get(2).db()?,
        channel: SaleChannel::from_code(row.get(3).db()?)
            .ok_or_else(|| damaged("where a booking was made"))?,
        captured_minor: row.get(4).db()?,
        test: row.get(5).db()?,
        seats: (seats.into_iter())
            .map(|seat| (seat.ticket_type, seat.price_minor))
            .collect(),
        tax_minor: tax_of(&lines),
        // Of what came late the card may have had its part back before.
        gift_minor: if late {
            row.get(10).db()?
        } else {
            row.get(9).db()?
        },
        late,
    })
}

pub(crate) fn given_back(
    conn: &Connection,
    theater: TheaterId,
    (after, before): ((i64, &[u8]), i64),
    limit: u16,
) -> Result<Vec<GivenBack>, StoreError> {
    let key = params![theater.as_bytes(), after.0, after.1, before, limit];
    query::all(conn, GIVEN_BACK, key, |row| back(theater, row))
}

fn back(theater: TheaterId, row: &Row<'_>) -> Result<GivenBack, StoreError> {
    let lines: Vec<Line> = from_json(query::text(row, 7)?)?;
    let (amount_minor, captured_minor): (i64, i64) = (row.get(5).db()?, row.get(6).db()?);
    let reason: String = row.get(4).db()?;
    Ok(GivenBack {
        refund_id: RefundId::from_bytes(row.get(0).db()?),
        at: time(row.get(1).db()?)?,
        show_id: ShowId::from_parts(theater, row.get(2).db()?),
        method: row.get(3).db()?,
        late: reason == CAME_TOO_LATE,
        reason,
        amount_minor,
        tax_minor: share_of_tax(tax_of(&lines), amount_minor, captured_minor),
    })
}

#[async_trait]
impl DayStore for SqliteStore {
    async fn sold(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<PaymentId>,
        limit: u16,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(move |conn| {
            let (first, before) = span.payments();
            let after = after.map_or(first, |id| *id.own());
            sold(conn, theater_id, (&after, before), limit.clamp(1, 1000))
        })
        .await
    }

    async fn given_back(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<(DateTime<Utc>, RefundId)>,
        limit: u16,
    ) -> Result<Vec<GivenBack>, StoreError> {
        self.read(move |conn| {
            // "After nothing" is before the smallest id: an empty blob sorts first.
            let id = after.map(|(_, id)| *id.as_bytes());
            let id: &[u8] = id.as_ref().map_or(&[], |bytes| &bytes[..]);
            let from = after.map_or(span.from, |(at, _)| at);
            let range = ((micros(from), id), micros(span.until));
            given_back(conn, theater_id, range, limit.clamp(1, 1000))
        })
        .await
    }
}
