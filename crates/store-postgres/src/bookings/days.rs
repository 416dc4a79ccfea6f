//! What was sold and given back in some time, joined from payments, refunds and bookings.

use crate::{
    PostgresStore,
    columns::{Columns as _, damaged, from_json, micros},
    connect::Connection,
    pipeline::{self, Call},
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
use tokio_postgres::Row;

const SOLD: &str = "SELECT p.payment, b.show, \
       CASE p.gateway WHEN 'counter' THEN split_part(p.method_token, ':', 1) ELSE p.gateway END, \
       b.channel, p.captured_minor, b.test, b.seats::text, b.lines::text, \
       EXISTS (SELECT 1 FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment \
         AND r.reason = 'seats_gone'), \
       p.gift_minor, (SELECT coalesce(sum(r.amount_minor), 0)::bigint FROM refunds AS r WHERE r.theater = p.theater AND r.booking = p.booking AND r.payment = p.payment AND r.to_gift) \
     FROM payments AS p JOIN bookings AS b ON b.theater = p.theater AND b.booking = p.booking \
     WHERE p.theater = $1 AND p.payment > $2 AND p.payment < $3 \
       AND p.status IN ('captured', 'partly_refunded', 'refunded') ORDER BY p.payment LIMIT $4";

const GIVEN_BACK: &str = "SELECT r.refund, r.created_at, b.show, \
       CASE WHEN r.to_gift THEN 'gift_card' WHEN p.gateway = 'counter' THEN split_part(p.method_token, ':', 1) \
         ELSE p.gateway END, \
       r.reason, r.amount_minor, p.captured_minor + p.gift_minor, \
       b.lines::text \
     FROM refunds AS r JOIN bookings AS b ON b.theater = r.theater AND b.booking = r.booking \
     JOIN payments AS p ON p.theater = r.theater AND p.booking = r.booking AND p.payment = r.payment \
     WHERE r.theater = $1 AND (r.created_at, r.refund) > ($2, $3) AND r.created_at < $4 AND r.status <> 'failed' \
     ORDER BY r.created_at, r.refund LIMIT $5";

async fn rows(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

pub(crate) async fn sold(
    conn: &Connection,
    theater: TheaterId,
    (after, before): (Vec<u8>, [u8; 22]),
    limit: u16,
) -> Result<Vec<Sale>, StoreError> {
    let call = Call::new(SOLD)
        .with(theater.as_bytes().to_vec())
        .with(after)
        .with(before.to_vec())
        .with(i64::from(limit));
    let found = rows(conn, call).await?;
    found.iter().map(|row| sale(theater, row)).collect()
}

fn sale(theater: TheaterId, row: &Row) -> Result<Sale, StoreError> {
    let seats: Vec<BookedSeat> = from_json(row.text(6)?)?;
    let lines: Vec<Line> = from_json(row.text(7)?)?;
    let late: bool = row.value(8)?;
    Ok(Sale {
        payment_id: PaymentId::from_parts(theater, row.bytes(0)?),
        show_id: ShowId::from_parts(theater, row.bytes(1)?),
        method: row.value(2)?,
        channel: SaleChannel::from_code(i64::from(row.value::<i32>(3)?))
            .ok_or_else(|| damaged("where a booking was made"))?,
        captured_minor: row.value(4)?,
        test: row.value(5)?,
        seats: (seats.into_iter())
            .map(|seat| (seat.ticket_type, seat.price_minor))
            .collect(),
        tax_minor: tax_of(&lines),
        // Of what came late the card may have had its part back before.
        gift_minor: if late { row.value(10)? } else { row.value(9)? },
        late,
    })
}

pub(crate) async fn given_back(
    conn: &Connection,
    theater: TheaterId,
    (after, before): ((i64, Vec<u8>), i64),
    limit: u16,
) -> Result<Vec<GivenBack>, StoreError> {
    let call = Call::new(GIVEN_BACK)
        .with(theater.as_bytes().to_vec())
        .with(after.0)
        .with(after.1)
        .with(before)
        .with(i64::from(limit));
    let found = rows(conn, call).await?;
    found.iter().map(|row| back(theater, row)).collect()
}

fn back(theater: TheaterId, row: &Row) -> Result<GivenBack, StoreError> {
    let lines: Vec<Line> = from_json(row.text(7)?)?;
    let (amount_minor, captured_minor): (i64, i64) = (row.value(5)?, row.value(6)?);
    let reason: String = row.value(4)?;
    Ok(GivenBack {
        refund_id: RefundId::from_bytes(row.bytes(0)?),
        at: row.time(1)?,
        show_id: ShowId::from_parts(theater, row.bytes(2)?),
        method: row.value(3)?,
        late: reason == CAME_TOO_LATE,
        reason,
        amount_minor,
        tax_minor: share_of_tax(tax_of(&lines), amount_minor, captured_minor),
    })
}

#[async_trait]
impl DayStore for PostgresStore {
    async fn sold(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<PaymentId>,
        limit: u16,
    ) -> Result<Vec<Sale>, StoreError> {
        let (first, before) = span.payments();
        let after = after.map_or(first, |id| *id.own()).to_vec();
        let conn = self.connection().await?;
        sold(&conn, theater_id, (after, before), limit.clamp(1, 1000)).await
    }

    async fn given_back(
        &self,
        theater_id: TheaterId,
        span: Span,
        after: Option<(DateTime<Utc>, RefundId)>,
        limit: u16,
    ) -> Result<Vec<GivenBack>, StoreError> {
        // "After nothing" is before the smallest id: an empty one sorts first.
        let id = after.map_or_else(Vec::new, |(_, id)| id.as_bytes().to_vec());
        let from = after.map_or(span.from, |(at, _)| at);
        let range = ((micros(from), id), micros(span.until));
        let conn = self.connection().await?;
        given_back(&conn, theater_id, range, limit.clamp(1, 1000)).await
    }
}
