//! Scans at doors, and by which of them a ticket's holder is in.
//!
//! A ticket's row is locked before its scans are looked at, in the order of bookings and seats: so of several doors and
//! servers each sees what those before it kept. What redeems asks for a ticket that is valid, as what cancels does.

mod merge;

use crate::{
    PostgresStore,
    accounts::keep as keep_record,
    bookings::rows::ticket_at,
    columns::{Columns as _, damaged, from_json, micros, text, time},
    connect::Connection,
    pipeline::{self, Call},
    staff::write_audit,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    door::{Entry, ScanVerdict},
    ids::{BookingId, ScanId, ShowId, TheaterId, TicketId, UserId},
    price::STANDARD,
};
use matinee_store::{
    DoorStore, StoreError,
    bookings::BookedSeat,
    door::{
        AtTheDoor, KeepOutcome, KeepScans, ListedTicket, MergeScans, Merged, NewScan, UndoOutcome,
        UndoScan,
    },
};
use tokio_postgres::Row;

/// Tickets of the bookings that own seats of a show: `$1` is the theater, `$2` the show.
macro_rules! of_show {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM tickets AS t WHERE t.theater = $1 AND t.booking IN \
               (SELECT s.booking FROM seats AS s WHERE s.theater = $1 AND s.show = $2 AND s.booking IS NOT NULL)",
            $rest
        )
    };
}
use of_show;

async fn rows(conn: &Connection, call: Call<'_>) -> Result<Vec<Row>, StoreError> {
    let answers = pipeline::read(conn, &[call]).await?;
    Ok(answers.into_iter().flatten().collect())
}

fn about(sql: &'static str, show: ShowId) -> Call<'static> {
    Call::new(sql)
        .with(show.theater().as_bytes().to_vec())
        .with(show.own().to_vec())
}

/// Columns from this one on: scan, scanned_at, door.
fn entry(row: &Row, first: usize) -> Result<Entry, StoreError> {
    Ok(Entry {
        scan_id: ScanId::from_bytes(row.bytes(first)?),
        scanned_at: time(row.value(first + 1)?)?,
        door: row.value(first + 2)?,
    })
}

fn listed(theater: TheaterId, row: &Row) -> Result<ListedTicket, StoreError> {
    let booking_id = BookingId::from_parts(theater, row.bytes(3)?);
    let ticket = ticket_at(booking_id, row, 4)?;
    let seats: Vec<BookedSeat> = from_json(row.text(10)?)?;
    let kind = seats.into_iter().find(|booked| booked.seat == ticket.seat);
    let is_in = row.optional_bytes::<16>(0)?.is_some();
    Ok(ListedTicket {
        ticket,
        reference: row.text(8)?.parse().map_err(damaged)?,
        test: row.value(9)?,
        ticket_type: kind.map_or_else(|| STANDARD.to_owned(), |booked| booked.ticket_type),
        entry: is_in.then(|| entry(row, 0)).transpose()?,
    })
}

/// Who keeps scans, when, and whether they were made with no network.
#[derive(Clone, Copy)]
struct Told {
    theater: TheaterId,
    actor: Option<UserId>,
    now: DateTime<Utc>,
    offline: bool,
}

/// Keeps scans, in the order of their ids; how many of them were not told before.
async fn insert(conn: &Connection, told: Told, scans: &[NewScan]) -> Result<usize, StoreError> {
    const SQL: &str = "INSERT INTO ticket_scans (theater, scan, show, booking, seat, ticket, door, verdict, scanned_at, \
             told_at, offline, actor) \
         SELECT $1, w.scan, w.show, w.booking, w.seat, w.ticket, w.door, w.verdict, w.scanned_at, $10, $11, $12 \
         FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::int[], $6::bytea[], $7::text[], $8::text[], $9::bigint[]) \
           AS w (scan, show, booking, seat, ticket, door, verdict, scanned_at) \
         ORDER BY w.scan ON CONFLICT (theater, scan) DO NOTHING RETURNING 1";
    let tickets = || scans.iter().map(|scan| scan.ticket.as_ref());
    let own = |bytes: &[u8]| bytes.to_vec();
    let call = Call::new(SQL)
        .with(told.theater.as_bytes().to_vec())
        .with(
            scans
                .iter()
                .map(|scan| own(scan.scan_id.as_bytes()))
                .collect::<Vec<_>>(),
        )
        .with(
            tickets()
                .map(|one| one.map(|one| own(one.show_id.own())))
                .collect::<Vec<_>>(),
        )
        .with(
            tickets()
                .map(|one| one.map(|one| own(one.booking_id.own())))
                .collect::<Vec<_>>(),
        )
        .with(
            tickets()
                .map(|one| one.map(|one| i32::from(one.seat.0)))
                .collect::<Vec<_>>(),
        )
        .with(
            tickets()
                .map(|one| one.map(|one| own(one.ticket_id.own())))
                .collect::<Vec<_>>(),
        )
        .with(
            scans
                .iter()
                .map(|scan| text(&scan.door).into_owned())
                .collect::<Vec<_>>(),
        )
        .with(
            scans
                .iter()
                .map(|scan| scan.verdict.as_str())
                .collect::<Vec<_>>(),
        )
        .with(
            scans
                .iter()
                .map(|scan| micros(scan.scanned_at))
                .collect::<Vec<_>>(),
        )
        .with(micros(told.now))
        .with(told.offline)
        .with(told.actor.map(|user| own(user.as_bytes())));
    Ok(rows(conn, call).await?.len())
}

async fn keep(
    conn: &Connection,
    keep: &KeepScans,
) -> Result<Result<KeepOutcome, KeepOutcome>, StoreError> {
    const LET_IN: &str = "UPDATE tickets AS t SET state = 'redeemed', redeemed_by = w.scan \
         FROM unnest($2::bytea[], $3::int[], $4::bytea[], $5::int[], $6::bytea[]) \
           AS w (booking, seat, ticket, revision, scan) \
         WHERE t.theater = $1 AND t.booking = w.booking AND t.seat = w.seat AND t.ticket = w.ticket \
           AND t.revision = w.revision AND t.state = 'valid' RETURNING 1";
    // First, so that of two with one key the second waits here and then hears the first one's answer.
    if let Some(record) = &keep.idempotency
        && let Err(found) = keep_record(conn, record).await?
    {
        return Ok(Err(KeepOutcome::Repeated(found)));
    }
    let mut let_in: Vec<_> = (keep.scans.iter())
        .filter(|scan| scan.verdict == ScanVerdict::Admitted)
        .filter_map(|scan| Some((scan.ticket?, scan.scan_id)))
        .collect();
    let_in.sort_unstable_by_key(|(ticket, _)| (ticket.booking_id, ticket.seat));
    if !let_in.is_empty() {
        let call = Call::new(LET_IN)
            .with(keep.theater_id.as_bytes().to_vec())
            .with(
                let_in
                    .iter()
                    .map(|(one, _)| one.booking_id.own().to_vec())
                    .collect::<Vec<_>>(),
            )
            .with(
                let_in
                    .iter()
                    .map(|(one, _)| i32::from(one.seat.0))
                    .collect::<Vec<_>>(),
            )
            .with(
                let_in
                    .iter()
                    .map(|(one, _)| one.ticket_id.own().to_vec())
                    .collect::<Vec<_>>(),
            )
            .with(
                let_in
                    .iter()
                    .map(|(one, _)| one.revision as i32)
                    .collect::<Vec<_>>(),
            )
            .with(
                let_in
                    .iter()
                    .map(|(_, scan)| scan.as_bytes().to_vec())
                    .collect::<Vec<_>>(),
            );
        if rows(conn, call).await?.len() != let_in.len() {
            return Ok(Err(KeepOutcome::Moved));
        }
    }
    let told = Told {
        theater: keep.theater_id,
        actor: Some(keep.actor),
        now: keep.now,
        offline: false,
    };
    insert(conn, told, &keep.scans).await?;
    Ok(Ok(KeepOutcome::Done))
}

async fn undo(conn: &Connection, undo: &UndoScan) -> Result<UndoOutcome, StoreError> {
    const FIND: &str = "SELECT booking, seat, ticket, told_at FROM ticket_scans \
         WHERE theater = $1 AND scan = $2 AND verdict = 'admitted' AND booking IS NOT NULL";
    const UNDO: &str = "UPDATE ticket_scans SET undone_at = $3, undone_by = $4 \
         WHERE theater = $1 AND scan = $2 AND undone_at IS NULL AND told_at >= $5 RETURNING 1";
    const UNDONE: &str =
        "SELECT 1 FROM ticket_scans WHERE theater = $1 AND scan = $2 AND undone_at IS NOT NULL";
    let (theater, scan) = (undo.audit.theater_id, undo.scan_id);
    let key = |sql| {
        Call::new(sql)
            .with(theater.as_bytes().to_vec())
            .with(scan.as_bytes().to_vec())
    };
    let found = rows(conn, key(FIND)).await?;
    let Some(row) = found.first() else {
        return Ok(UndoOutcome::Missing);
    };
    let place = merge::Place {
        booking: row.bytes(0)?,
        seat: row.value(1)?,
        ticket: row.bytes(2)?,
    };
    merge::lock(conn, theater, std::slice::from_ref(&place)).await?;
    let undone_by = undo.audit.actor.map_or([0; 16], |user| *user.as_bytes());
    let call = key(UNDO)
        .with(micros(undo.audit.at))
        .with(undone_by.to_vec())
        .with(micros(undo.not_before));
    if !rows(conn, call).await?.is_empty() {
        write_audit(conn, &undo.audit).await?;
    } else if rows(conn, key(UNDONE)).await?.is_empty() {
        return Ok(UndoOutcome::TooLate);
    }
    let ticket = place.ticket;
    let entries = merge::settle(conn, theater, &[place]).await?;
    Ok(UndoOutcome::Done {
        ticket_id: TicketId::from_parts(theater, ticket),
        entry: entries.into_values().flatten().next(),
    })
}

#[async_trait]
impl DoorStore for PostgresStore {
    async fn booking_of_ticket(
        &self,
        ticket_id: TicketId,
        show_id: ShowId,
    ) -> Result<Option<BookingId>, StoreError> {
        const SQL: &str = of_show!("t.booking", " AND t.ticket = $3 LIMIT 1");
        let call = about(SQL, show_id).with(ticket_id.own().to_vec());
        let found = self.rows_of(call).await?;
        let id = |row: &Row| Ok(BookingId::from_parts(show_id.theater(), row.bytes(0)?));
        found.first().map(id).transpose()
    }

    async fn entries_of(
        &self,
        booking_id: BookingId,
    ) -> Result<Vec<(TicketId, Entry)>, StoreError> {
        const SQL: &str = "SELECT s.scan, s.scanned_at, s.door, t.ticket FROM tickets AS t \
             JOIN ticket_scans AS s ON s.theater = t.theater AND s.scan = t.redeemed_by \
             WHERE t.theater = $1 AND t.booking = $2 AND t.state = 'redeemed'";
        let theater = booking_id.theater();
        let call = Call::new(SQL)
            .with(theater.as_bytes().to_vec())
            .with(booking_id.own().to_vec());
        let read = |row: &Row| {
            let ticket_id = TicketId::from_parts(theater, row.bytes(3)?);
            Ok((ticket_id, entry(row, 0)?))
        };
        self.rows_of(call).await?.iter().map(read).collect()
    }

    async fn tickets_of_show(&self, show_id: ShowId) -> Result<Vec<ListedTicket>, StoreError> {
        const SQL: &str = "SELECT e.scan, e.scanned_at, e.door, t.booking, t.seat, t.ticket, t.state, t.revision, \
               b.reference, b.test, b.seats::text \
             FROM seats AS s JOIN tickets AS t ON t.theater = s.theater AND t.booking = s.booking AND t.seat = s.seat \
             JOIN bookings AS b ON b.theater = s.theater AND b.booking = s.booking \
             LEFT JOIN ticket_scans AS e ON e.theater = t.theater AND e.scan = t.redeemed_by \
             WHERE s.theater = $1 AND s.show = $2 AND t.state <> 'void' ORDER BY s.seat";
        let found = self.rows_of(about(SQL, show_id)).await?;
        let read = |row: &Row| listed(show_id.theater(), row);
        found.iter().map(read).collect()
    }

    async fn at_the_door(&self, show_id: ShowId) -> Result<AtTheDoor, StoreError> {
        const SQL: &str = of_show!(
            "count(*), count(*) FILTER (WHERE t.state = 'redeemed'), (SELECT count(*) + count(undone_at) \
               FROM ticket_scans AS k WHERE k.theater = $1 AND k.show = $2)",
            " AND t.state <> 'void'"
        );
        let found = self.rows_of(about(SQL, show_id)).await?;
        let Some(row) = found.first() else {
            return Ok(AtTheDoor::default());
        };
        Ok(AtTheDoor {
            tickets: u32::try_from(row.count(0)?).map_err(damaged)?,
            admitted: u32::try_from(row.count(1)?).map_err(damaged)?,
            told: row.count(2)?,
        })
    }

    async fn keep_scans(&self, scans: KeepScans) -> Result<KeepOutcome, StoreError> {
        let scans = &scans;
        let done = self
            .write_if(|conn| async move { keep(&conn, scans).await })
            .await?;
        Ok(done.unwrap_or_else(|refused| refused))
    }

    async fn undo_scan(&self, scan: UndoScan) -> Result<UndoOutcome, StoreError> {
        let scan = &scan;
        self.write(|conn| async move { undo(&conn, scan).await })
            .await
    }

    async fn merge_scans(&self, scans: MergeScans) -> Result<Merged, StoreError> {
        let scans = &scans;
        self.write(|conn| async move { merge::merge(&conn, scans).await })
            .await
    }
}
