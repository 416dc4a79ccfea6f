//! Scans at doors, and by which of them a ticket's holder is in.

mod merge;

use crate::{
    SqliteStore,
    bookings::{idempotency, ticket_at},
    columns::{damaged, from_json, micros, time},
    failure::OrStoreError as _,
    query,
    staff::write_audit,
    writer::Tx,
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
        AtTheDoor, ENTRIES, KeepOutcome, KeepScans, ListedTicket, MergeScans, Merged, NewScan,
        ScannedTicket, UndoOutcome, UndoScan,
    },
};
use rusqlite::{Connection, Row, params};

/// Tickets of the bookings that own seats of a show: `?1` is the theater, `?2` the show.
macro_rules! of_show {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM tickets AS t WHERE t.booking IN \
               (SELECT s.booking FROM seats AS s WHERE s.theater = ?1 AND s.show = ?2 AND s.booking IS NOT NULL) \
             AND t.theater = ?1",
            $rest
        )
    };
}
use of_show;

pub(crate) const BOOKING_OF_TICKET: &str = of_show!("t.booking", " AND t.ticket = ?3 LIMIT 1");
const AT_THE_DOOR: &str = of_show!(
    "count(*), coalesce(sum(t.state = 'redeemed'), 0)",
    " AND t.state <> 'void'"
);
const TOLD: &str =
    "SELECT count(*) + count(undone_at) FROM ticket_scans WHERE theater = ?1 AND show = ?2";

pub(crate) const ENTRIES_OF_TICKET: &str = "SELECT scan, scanned_at, door FROM ticket_scans INDEXED BY ticket_scans_in \
     WHERE theater = ?1 AND ticket = ?2 AND verdict = 'admitted' AND undone_at IS NULL \
     ORDER BY scanned_at, scan LIMIT ?3";

const ENTRIES_OF_BOOKING: &str = "SELECT s.scan, s.scanned_at, s.door, t.ticket FROM tickets AS t \
     JOIN ticket_scans AS s ON s.theater = t.theater AND s.scan = t.redeemed_by \
     WHERE t.theater = ?1 AND t.booking = ?2 AND t.state = 'redeemed'";

const LISTED: &str = "SELECT e.scan, e.scanned_at, e.door, t.booking, t.seat, t.ticket, t.state, t.revision, b.reference, \
       b.test, b.seats \
     FROM seats AS s JOIN tickets AS t ON t.booking = s.booking AND t.seat = s.seat AND t.theater = s.theater \
     JOIN bookings AS b ON b.booking = s.booking \
     LEFT JOIN ticket_scans AS e ON e.theater = t.theater AND e.scan = t.redeemed_by \
     WHERE s.theater = ?1 AND s.show = ?2 AND t.state <> 'void' ORDER BY s.seat";

/// Columns: scan, scanned_at, door.
fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        scan_id: ScanId::from_bytes(row.get(0).db()?),
        scanned_at: time(row.get(1).db()?)?,
        door: row.get(2).db()?,
    })
}

fn entries(
    conn: &Connection,
    theater: TheaterId,
    ticket: &[u8; 16],
) -> Result<Vec<Entry>, StoreError> {
    let key = params![theater.as_bytes(), ticket, ENTRIES];
    query::all(conn, ENTRIES_OF_TICKET, key, entry)
}

fn listed(theater: TheaterId, row: &Row<'_>) -> Result<ListedTicket, StoreError> {
    let booking_id = BookingId::from_parts(theater, row.get(3).db()?);
    let ticket = ticket_at(booking_id, row, 4)?;
    let seats: Vec<BookedSeat> = from_json(query::text(row, 10)?)?;
    let kind = seats.into_iter().find(|booked| booked.seat == ticket.seat);
    let is_in = row.get::<_, Option<[u8; 16]>>(0).db()?.is_some();
    Ok(ListedTicket {
        ticket,
        reference: query::text(row, 8)?.parse().map_err(damaged)?,
        test: row.get(9).db()?,
        ticket_type: kind.map_or_else(|| STANDARD.to_owned(), |booked| booked.ticket_type),
        entry: is_in.then(|| entry(row)).transpose()?,
    })
}

/// Who keeps a scan, when, and whether it was made with no network.
#[derive(Clone, Copy)]
struct Told {
    theater: TheaterId,
    actor: Option<UserId>,
    now: DateTime<Utc>,
    offline: bool,
}

/// Keeps a scan; false when it was told before.
fn insert(tx: &Tx<'_>, told: Told, scan: &NewScan) -> Result<bool, StoreError> {
    let ticket = scan.ticket.as_ref();
    let kept = tx
        .prepare(
            "INSERT INTO ticket_scans (theater, scan, show, booking, seat, ticket, door, verdict, scanned_at, told_at, \
                 offline, actor) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (theater, scan) DO NOTHING",
        )?
        .execute(params![
            told.theater.as_bytes(),
            scan.scan_id.as_bytes(),
            ticket.map(|ticket| *ticket.show_id.own()),
            ticket.map(|ticket| *ticket.booking_id.own()),
            ticket.map(|ticket| ticket.seat.0),
            ticket.map(|ticket| *ticket.ticket_id.own()),
            scan.door,
            scan.verdict.as_str(),
            micros(scan.scanned_at),
            micros(told.now),
            told.offline,
            told.actor.map(|user| *user.as_bytes()),
        ])
        .db()?;
    Ok(kept == 1)
}

fn keep(tx: &Tx<'_>, keep: &KeepScans) -> Result<KeepOutcome, StoreError> {
    const VALID: &str = "SELECT 1 FROM tickets WHERE theater = ?1 AND booking = ?2 AND seat = ?3 AND ticket = ?4 \
         AND revision = ?5 AND state = 'valid'";
    const LET_IN: &str = "UPDATE tickets SET state = 'redeemed', redeemed_by = ?6 WHERE theater = ?1 AND booking = ?2 \
         AND seat = ?3 AND ticket = ?4 AND revision = ?5 AND state = 'valid'";
    if let Some(found) = idempotency::earlier(tx, keep.idempotency.as_ref())? {
        return Ok(KeepOutcome::Repeated(found));
    }
    let is_in = |scan: &&NewScan| scan.verdict == ScanVerdict::Admitted;
    let let_in: Vec<(&NewScan, &ScannedTicket)> = (keep.scans.iter().filter(is_in))
        .filter_map(|scan| Some((scan, scan.ticket.as_ref()?)))
        .collect();
    let theater = keep.theater_id;
    for (_, ticket) in &let_in {
        let key = params![
            theater.as_bytes(),
            ticket.booking_id.own(),
            ticket.seat.0,
            ticket.ticket_id.own(),
            ticket.revision
        ];
        if !tx.prepare(VALID)?.exists(key).db()? {
            return Ok(KeepOutcome::Moved);
        }
    }
    for (scan, ticket) in &let_in {
        let changed = tx.prepare(LET_IN)?.execute(params![
            theater.as_bytes(),
            ticket.booking_id.own(),
            ticket.seat.0,
            ticket.ticket_id.own(),
            ticket.revision,
            scan.scan_id.as_bytes()
        ]);
        if changed.db()? != 1 {
            return Err(damaged("a ticket that was valid is not"));
        }
    }
    let told = Told {
        theater,
        actor: Some(keep.actor),
        now: keep.now,
        offline: false,
    };
    for scan in &keep.scans {
        insert(tx, told, scan)?;
    }
    if let Some(record) = &keep.idempotency {
        idempotency::insert(tx, record)?;
    }
    Ok(KeepOutcome::Done)
}

fn undo(tx: &Tx<'_>, undo: &UndoScan) -> Result<UndoOutcome, StoreError> {
    const FIND: &str = "SELECT booking, seat, ticket, told_at, undone_at IS NOT NULL FROM ticket_scans \
         WHERE theater = ?1 AND scan = ?2 AND verdict = 'admitted' AND booking IS NOT NULL";
    let (theater, scan) = (undo.audit.theater_id, undo.scan_id);
    let key = params![theater.as_bytes(), scan.as_bytes()];
    let found = query::first(tx.conn(), FIND, key, |row| {
        let place = merge::Place {
            booking: row.get(0).db()?,
            seat: row.get(1).db()?,
            ticket: row.get(2).db()?,
        };
        Ok((place, time(row.get(3).db()?)?, row.get::<_, bool>(4).db()?))
    })?;
    let Some((place, told_at, undone)) = found else {
        return Ok(UndoOutcome::Missing);
    };
    if !undone && told_at < undo.not_before {
        return Ok(UndoOutcome::TooLate);
    }
    if !undone {
        let undone_by = undo.audit.actor.map_or([0; 16], |user| *user.as_bytes());
        tx.prepare(
            "UPDATE ticket_scans SET undone_at = ?3, undone_by = ?4 WHERE theater = ?1 AND scan = ?2",
        )?
        .execute(params![
            theater.as_bytes(),
            scan.as_bytes(),
            micros(undo.audit.at),
            undone_by
        ])
        .db()?;
        write_audit(tx.conn(), &undo.audit).db()?;
    }
    let entries = merge::settle(tx, theater, &place)?;
    Ok(UndoOutcome::Done {
        ticket_id: TicketId::from_parts(theater, place.ticket),
        entry: entries.into_iter().next(),
    })
}

#[async_trait]
impl DoorStore for SqliteStore {
    async fn booking_of_ticket(
        &self,
        ticket_id: TicketId,
        show_id: ShowId,
    ) -> Result<Option<BookingId>, StoreError> {
        let theater = show_id.theater();
        self.read_here(|conn| {
            let key = params![theater.as_bytes(), show_id.own(), ticket_id.own()];
            query::first(conn, BOOKING_OF_TICKET, key, |row| {
                Ok(BookingId::from_parts(theater, row.get(0).db()?))
            })
        })
        .await
    }

    async fn entries_of(
        &self,
        booking_id: BookingId,
    ) -> Result<Vec<(TicketId, Entry)>, StoreError> {
        let theater = booking_id.theater();
        self.read_here(|conn| {
            let key = params![theater.as_bytes(), booking_id.own()];
            query::all(conn, ENTRIES_OF_BOOKING, key, |row| {
                let ticket_id = TicketId::from_parts(theater, row.get(3).db()?);
                Ok((ticket_id, entry(row)?))
            })
        })
        .await
    }

    async fn tickets_of_show(&self, show_id: ShowId) -> Result<Vec<ListedTicket>, StoreError> {
        let theater = show_id.theater();
        self.read(move |conn| {
            let key = params![theater.as_bytes(), show_id.own()];
            query::all(conn, LISTED, key, |row| listed(theater, row))
        })
        .await
    }

    async fn at_the_door(&self, show_id: ShowId) -> Result<AtTheDoor, StoreError> {
        let theater = show_id.theater();
        self.read_here(|conn| {
            let key = params![theater.as_bytes(), show_id.own()];
            let counts = query::first(conn, AT_THE_DOOR, key, |row| {
                Ok((row.get(0).db()?, row.get(1).db()?))
            })?;
            let (tickets, admitted) = counts.unwrap_or_default();
            let told = query::first(conn, TOLD, key, |row| row.get::<_, i64>(0).db())?;
            Ok(AtTheDoor {
                tickets,
                admitted,
                told: told.unwrap_or_default().unsigned_abs(),
            })
        })
        .await
    }

    async fn keep_scans(&self, scans: KeepScans) -> Result<KeepOutcome, StoreError> {
        self.write(move |tx| keep(tx, &scans)).await
    }

    async fn undo_scan(&self, scan: UndoScan) -> Result<UndoOutcome, StoreError> {
        self.write(move |tx| undo(tx, &scan)).await
    }

    async fn merge_scans(&self, scans: MergeScans) -> Result<Merged, StoreError> {
        self.write(move |tx| merge::merge(tx, &scans)).await
    }
}
