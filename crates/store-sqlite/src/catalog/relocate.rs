//! Moving shows to another screen: the show, everybody's seats and tickets, what they are told and the work that is left, in
//! one unit; and how far that work is.
//!
//! The change is not told seat by seat: the numbers are those of another map afterwards. Only the show's version grows.

use super::{
    apply::Stop,
    changes::{self, Kind, Log},
    going_back::{count, finish, refunds},
    rows::{PriceSheets, SHOW_COLUMNS, show},
    shows::ShowWriter,
};
use crate::{
    SqliteStore,
    bookings::{idempotency, read},
    columns::{damaged, micros, optional_time, time, to_json},
    failure::OrStoreError as _,
    outbox, query,
    staff::write_audit,
    writer::Tx,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::Show,
    ids::{BookingId, ScreenId, SeatMapId, ShowId, TheaterId},
    seat_map::SeatNo,
};
use matinee_store::{
    MoveStore, StoreError,
    bookings::BookingFile,
    catalog::{CatalogObject, CatalogRefusal},
    moves::{MoveProgress, MoveShow, MoveShowOutcome, MovedBooking, MovedShow},
};
use rusqlite::{Connection, Row, params};

/// Bookings without room that still have their seats.
const ASIDE: &str =
    "SELECT count(DISTINCT booking) FROM seats WHERE theater = ?1 AND show = ?2 AND seat >= ?3";

const NEXT_ASIDE: &str = "SELECT DISTINCT booking FROM seats \
     WHERE theater = ?1 AND show = ?2 AND seat >= ?3 AND booking > ?4 ORDER BY booking LIMIT ?5";

const OF_SHOW: &str =
    "SELECT DISTINCT booking FROM seats WHERE theater = ?1 AND show = ?2 AND state <> 3";

/// What went back since for bookings without room, by what became of it.
const REFUNDS: &str = "SELECT r.status, count(*), sum(r.amount_minor) FROM refunds AS r INDEXED BY refunds_of_day \
     JOIN bookings AS b ON b.theater = r.theater AND b.booking = r.booking \
     WHERE r.theater = ?1 AND r.created_at >= ?3 AND r.reason = 'show_moved' AND b.show = ?2 GROUP BY r.status";

/// Numbers of tickets on their way from one seat to another: no seat has them, aside or not.
const ON_THE_WAY: u16 = u16::MAX;

fn move_show(tx: &mut Tx<'_>, moving: &MoveShow) -> Result<MoveShowOutcome, StoreError> {
    if let Some(found) = idempotency::earlier(tx, moving.idempotency.as_ref())? {
        return Ok(MoveShowOutcome::Repeated(found));
    }
    let before = match before(tx, moving)? {
        Ok(before) => before,
        Err(refusal) => return Ok(refusal),
    };
    let conn = tx.conn();
    conn.execute_batch("SAVEPOINT relocation").db()?;
    let mut writer = ShowWriter::new(true, Vec::new(), moving.now);
    let placed = writer
        .place(conn, &moving.show)
        .and_then(|()| writer.refuse_overlaps(conn));
    let refused = match placed {
        Ok(()) => None,
        Err(Stop::Refused(CatalogRefusal::ScreenClash(_, other))) => {
            Some(MoveShowOutcome::Clash(other))
        }
        // What it refers to went away since it was read.
        Err(Stop::Refused(_)) => Some(MoveShowOutcome::Changed),
        Err(Stop::Engine(error)) => return Err(error),
    };
    if let Some(refused) = refused {
        conn.execute_batch("ROLLBACK TO relocation; RELEASE relocation")
            .db()?;
        return Ok(refused);
    }
    conn.execute_batch("RELEASE relocation").db()?;
    let taken = reseat(tx, moving)?;
    note(tx, moving, &before)?;
    let mut log = Log::open(conn).db()?;
    log.note(Kind::Show, &Kind::show_key(moving.show.show_id), false)
        .db()?;
    log.close().db()?;
    write_audit(conn, &moving.audit).db()?;
    if let Some(record) = &moving.idempotency {
        idempotency::insert(tx, record)?;
    }
    // The last: what it notes cannot be taken back apart from the commit.
    tx.show_reseated(moving.show.show_id, taken)?;
    Ok(MoveShowOutcome::Moved)
}

/// A show as it was, with its count of seatings.
struct Before {
    show: Show,
    seating: u16,
}

/// The show and its bookings as they were decided on, or what is in the way.
fn before(
    tx: &mut Tx<'_>,
    moving: &MoveShow,
) -> Result<Result<Before, MoveShowOutcome>, StoreError> {
    const STATE: &str = "SELECT cancelled, seating, EXISTS (SELECT 1 FROM show_relocations AS r \
           WHERE r.theater = ?1 AND r.show = ?2 AND r.finished_at IS NULL) \
         FROM show_state WHERE theater = ?1 AND show = ?2";
    let show_id = moving.show.show_id;
    let (conn, theater) = (tx.conn(), show_id.theater());
    let key = params![theater.as_bytes(), show_id.own()];
    let state = query::first(conn, STATE, key, |row| {
        let (cancelled, seating, open): (bool, u16, bool) =
            (row.get(0).db()?, row.get(1).db()?, row.get(2).db()?);
        Ok((cancelled, seating, open))
    })?;
    let sql = format!("SELECT {SHOW_COLUMNS} FROM shows AS s WHERE s.theater = ?1 AND s.show = ?2");
    let there = query::first(conn, &sql, key, |row| {
        show(conn, row, &mut PriceSheets::default()).db()
    })?;
    let (Some((cancelled, seating, open)), Some(there)) = (state, there) else {
        return Ok(Err(MoveShowOutcome::NoShow));
    };
    if changes::version_of(conn, CatalogObject::Show(show_id)).db()? != moving.expected {
        return Ok(Err(MoveShowOutcome::Changed));
    }
    if cancelled {
        return Ok(Err(MoveShowOutcome::Cancelled));
    }
    if open {
        return Ok(Err(MoveShowOutcome::Unfinished));
    }
    if tx.show_version(show_id)? != Some(moving.seats_version) {
        return Ok(Err(MoveShowOutcome::SeatsChanged));
    }
    const SAME: &str =
        "SELECT 1 FROM bookings WHERE theater = ?1 AND booking = ?2 AND version = ?3";
    for booking in &moving.bookings {
        let own = booking.booking_id.own();
        let key = params![theater.as_bytes(), own, booking.version as i64];
        if !tx.prepare(SAME)?.exists(key).db()? {
            return Ok(Err(MoveShowOutcome::SeatsChanged));
        }
    }
    let show = there;
    Ok(Ok(Before { show, seating }))
}

/// Gives everybody their new seats; how many are taken then.
fn reseat(tx: &Tx<'_>, moving: &MoveShow) -> Result<u16, StoreError> {
    const SEAT: &str =
        "INSERT INTO seats (theater, show, seat, state, booking) VALUES (?1, ?2, ?3, ?4, ?5)";
    const BOOKING: &str =
        "UPDATE bookings SET seats = ?3, version = version + 1 WHERE theater = ?1 AND booking = ?2";
    const SCANS: &str = "UPDATE ticket_scans AS s SET seat = t.seat FROM tickets AS t \
         WHERE s.theater = ?1 AND s.show = ?2 AND t.theater = ?1 AND t.booking = s.booking AND t.ticket = s.ticket";
    let show = moving.show.show_id;
    let theater = show.theater();
    tx.prepare("DELETE FROM seats WHERE theater = ?1 AND show = ?2")?
        .execute(params![theater.as_bytes(), show.own()])
        .db()?;
    let mut taken = 0;
    for booking in &moving.bookings {
        let own = booking.booking_id.own();
        for seat in booking.open() {
            let state = booking.state.code();
            let row = params![theater.as_bytes(), show.own(), seat.0, state, own];
            tx.prepare(SEAT)?.execute(row).db()?;
            taken += 1;
        }
        let seats = to_json(&booking.seats)?;
        tx.prepare(BOOKING)?
            .execute(params![theater.as_bytes(), own, seats])
            .db()?;
        tickets(tx, booking)?;
        if let Some(message) = &booking.message {
            outbox::insert(tx, message)?;
        }
    }
    // Who is in already is so on the new seat.
    tx.prepare(SCANS)?
        .execute(params![theater.as_bytes(), show.own()])
        .db()?;
    Ok(taken)
}

/// Tickets change places through numbers that nobody has, since two may change with each other.
fn tickets(tx: &Tx<'_>, booking: &MovedBooking) -> Result<(), StoreError> {
    const AWAY: &str =
        "UPDATE tickets SET seat = ?4 WHERE theater = ?1 AND booking = ?2 AND seat = ?3";
    const BACK: &str = "UPDATE tickets SET seat = ?4, revision = revision + ?5 \
         WHERE theater = ?1 AND booking = ?2 AND seat = ?3";
    let (theater, own) = (booking.booking_id.theater(), booking.booking_id.own());
    for (at, ticket) in (0_u16..).zip(&booking.tickets) {
        let key = params![theater.as_bytes(), own, ticket.from.0, ON_THE_WAY - at];
        tx.prepare(AWAY)?.execute(key).db()?;
    }
    for (at, ticket) in (0_u16..).zip(&booking.tickets) {
        let (way, to) = (ON_THE_WAY - at, ticket.to.0);
        let row = params![theater.as_bytes(), own, way, to, ticket.reissued];
        if tx.prepare(BACK)?.execute(row).db()? != 1 {
            return Err(damaged("a ticket that is to move is not there"));
        }
    }
    Ok(())
}

/// Writes what was before and the work that is left. What people last heard of the start is told with the new seats.
fn note(tx: &Tx<'_>, moving: &MoveShow, before: &Before) -> Result<(), StoreError> {
    const ROW: &str = "INSERT INTO show_relocations (theater, show, seating, at, screen, seat_map, starts_before, bookings, \
           finished_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const STATE: &str = "UPDATE show_state SET seating = seating + 1, moved_at = ?3 WHERE theater = ?1 AND show = ?2";
    let (show, now) = (moving.show.show_id, micros(moving.now));
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own()];
    tx.prepare("DELETE FROM show_moves WHERE theater = ?1 AND show = ?2")?
        .execute(key)
        .db()?;
    let aside = moving.bookings.iter().filter(|booking| booking.is_aside());
    let aside = aside.count() as u32;
    tx.prepare(ROW)?
        .execute(params![
            theater.as_bytes(),
            show.own(),
            before.seating,
            now,
            before.show.screen_id.as_bytes(),
            before.show.seat_map_id.as_bytes(),
            micros(before.show.start_time),
            aside,
            (aside == 0).then_some(now)
        ])
        .db()?;
    tx.prepare(STATE)?
        .execute(params![theater.as_bytes(), show.own(), now])
        .db()?;
    Ok(())
}

fn count_aside(conn: &Connection, show: ShowId) -> Result<u32, StoreError> {
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own(), SeatNo::FIRST_ASIDE.0];
    count(conn, ASIDE, key)
}

fn moved(row: &Row<'_>) -> Result<MovedShow, StoreError> {
    let theater = TheaterId::from_bytes(row.get(0).db()?);
    Ok(MovedShow {
        show_id: ShowId::from_parts(theater, row.get(1).db()?),
        at: time(row.get(2).db()?)?,
        screen_before: ScreenId::from_bytes(row.get(3).db()?),
        starts_before: time(row.get(4).db()?)?,
        bookings: row.get(5).db()?,
        finished_at: optional_time(row.get(6).db()?)?,
    })
}

fn progress(conn: &Connection, show: ShowId) -> Result<Option<MoveProgress>, StoreError> {
    const LAST: &str = "SELECT theater, show, at, screen, starts_before, bookings, finished_at FROM show_relocations \
         WHERE theater = ?1 AND show = ?2 ORDER BY seating DESC LIMIT 1";
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own()];
    let Some(moved) = query::first(conn, LAST, key, moved)? else {
        return Ok(None);
    };
    Ok(Some(MoveProgress {
        left: count_aside(conn, show)?,
        refunds: refunds(conn, REFUNDS, show, moved.at)?,
        moved,
    }))
}

#[async_trait]
impl MoveStore for SqliteStore {
    async fn move_show(&self, moving: MoveShow) -> Result<MoveShowOutcome, StoreError> {
        self.write(move |tx| move_show(tx, &moving)).await
    }

    async fn move_progress(&self, show_id: ShowId) -> Result<Option<MoveProgress>, StoreError> {
        self.read(move |conn| read::snapshot(conn, |conn| progress(conn, show_id)))
            .await
    }

    async fn open_moves(&self, limit: u16) -> Result<Vec<ShowId>, StoreError> {
        const SQL: &str = "SELECT theater, show FROM show_relocations WHERE finished_at IS NULL ORDER BY at LIMIT ?1";
        self.read(move |conn| {
            query::all(conn, SQL, [limit], |row| {
                let theater = TheaterId::from_bytes(row.get(0).db()?);
                Ok(ShowId::from_parts(theater, row.get(1).db()?))
            })
        })
        .await
    }

    async fn bookings_aside(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError> {
        self.read(move |conn| {
            let theater = show_id.theater();
            let after: &[u8] = after.as_ref().map_or(&[], |id| &id.own()[..]);
            let (own, first) = (show_id.own(), SeatNo::FIRST_ASIDE.0);
            let key = params![theater.as_bytes(), own, first, after, limit];
            query::all(conn, NEXT_ASIDE, key, |row| {
                Ok(BookingId::from_parts(theater, row.get(0).db()?))
            })
        })
        .await
    }

    async fn bookings_of_show(&self, show_id: ShowId) -> Result<Vec<BookingFile>, StoreError> {
        self.read(move |conn| {
            read::snapshot(conn, |conn| {
                let theater = show_id.theater();
                let key = params![theater.as_bytes(), show_id.own()];
                let ids = query::all(conn, OF_SHOW, key, |row| {
                    Ok(BookingId::from_parts(theater, row.get(0).db()?))
                })?;
                read::files(conn, ids)
            })
        })
        .await
    }

    async fn finish_move(&self, show_id: ShowId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const NOTE: &str = "UPDATE show_relocations SET finished_at = ?3 \
             WHERE theater = ?1 AND show = ?2 AND finished_at IS NULL";
        self.write(move |tx| {
            let left = count_aside(tx.conn(), show_id)?;
            finish(tx, show_id, left, NOTE, now)
        })
        .await
    }

    async fn maps_before(&self, show_id: ShowId) -> Result<Vec<SeatMapId>, StoreError> {
        const SQL: &str = "SELECT seat_map FROM show_relocations WHERE theater = ?1 AND show = ?2 ORDER BY seating";
        self.read_here(|conn| {
            let theater = show_id.theater();
            let key = params![theater.as_bytes(), show_id.own()];
            query::all(conn, SQL, key, |row| {
                Ok(SeatMapId::from_bytes(row.get(0).db()?))
            })
        })
        .await
    }
}
