//! Moving shows to another screen: the show, everybody's seats and tickets, what they are told and the work that is left, in
//! one transaction; and how far that work is.
//!
//! Rows are locked in the order of the lanes, seats and bookings before the show. From then on nobody holds, sells or frees a
//! seat of it, and who decided before finds the show with other seats. A hold under way at the same seat can still meet this
//! in a circle: the database ends one of the two, which is done again.

use super::{
    apply::Stop,
    changes::{self, Kind, Log},
    going_back::{about, count, finish, refunds, rows},
    read,
    shows::{refuse_overlaps, write},
};
use crate::{
    PostgresStore, accounts,
    bookings::read::{files, lookup},
    columns::{Columns as _, damaged, micros, optional_time, text, to_json},
    connect::Connection,
    pipeline::Call,
    staff::write_audit,
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
    idempotency::Lookup,
    moves::{MoveProgress, MoveShow, MoveShowOutcome, MovedBooking, MovedShow, MovedTicket},
    outbox::NewMessage,
};
use tokio_postgres::Row;

/// Bookings without room that still have their seats.
const ASIDE: &str = "SELECT count(DISTINCT booking)::int FROM seats WHERE theater = $1 AND show = $2 AND seat >= $3";

const NEXT_ASIDE: &str = "SELECT DISTINCT booking FROM seats \
     WHERE theater = $1 AND show = $2 AND seat >= $3 AND booking > $4 ORDER BY booking LIMIT $5";

const OF_SHOW: &str =
    "SELECT DISTINCT theater, booking FROM seats WHERE theater = $1 AND show = $2 AND state <> 3";

/// What went back since for bookings without room, by what became of it.
const REFUNDS: &str = "SELECT r.status, count(*)::int, sum(r.amount_minor)::bigint FROM refunds AS r \
     JOIN bookings AS b ON b.theater = r.theater AND b.booking = r.booking \
     WHERE r.theater = $1 AND r.created_at >= $3 AND r.reason = 'show_moved' AND b.show = $2 GROUP BY r.status";

/// Numbers of tickets on their way from one seat to another: no seat has them, aside or not.
const ON_THE_WAY: u16 = u16::MAX;

/// Moves it, or says what is in the way: then the transaction is rolled back.
async fn move_show(
    conn: &Connection,
    moving: &MoveShow,
) -> Result<Result<(), MoveShowOutcome>, StoreError> {
    if let Some(record) = &moving.idempotency {
        match lookup(conn, &record.key).await? {
            Lookup::New => {}
            found => return Ok(Err(MoveShowOutcome::Repeated(found))),
        }
    }
    let mut log = Log::open(conn).await?;
    let (before, seating) = match before(conn, moving).await? {
        Ok(before) => before,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let placed = match write(conn, &[&moving.show]).await {
        Ok(()) => refuse_overlaps(conn, std::slice::from_ref(&moving.show)).await,
        Err(stop) => Err(stop),
    };
    match placed {
        Ok(()) => {}
        Err(Stop::Refused(CatalogRefusal::ScreenClash(_, other))) => {
            return Ok(Err(MoveShowOutcome::Clash(other)));
        }
        // What it refers to went away since it was read.
        Err(Stop::Refused(_)) => return Ok(Err(MoveShowOutcome::Changed)),
        Err(Stop::Engine(error)) => return Err(error),
    }
    let Some(taken) = reseat(conn, moving).await? else {
        return Ok(Err(MoveShowOutcome::SeatsChanged));
    };
    note(conn, moving, (&before, seating), taken).await?;
    let show = moving.show.show_id;
    log.note(Kind::Show, Kind::show_key(show), false);
    log.close(conn).await?;
    write_audit(conn, &moving.audit).await?;
    if let Some(record) = &moving.idempotency
        && let Err(found) = accounts::keep(conn, record).await?
    {
        return Ok(Err(MoveShowOutcome::Repeated(found)));
    }
    Ok(Ok(()))
}

/// Locks the show with its seats and bookings; the show as it was with its count of seatings, or what is in the way.
async fn before(
    conn: &Connection,
    moving: &MoveShow,
) -> Result<Result<(Show, u16), MoveShowOutcome>, StoreError> {
    const SEATS: &str =
        "SELECT 1 FROM seats WHERE theater = $1 AND show = $2 ORDER BY seat FOR UPDATE";
    const BOOKINGS: &str = "SELECT 1 FROM bookings WHERE theater = $1 AND booking = ANY($2) ORDER BY booking FOR UPDATE";
    const STATE: &str = "SELECT cancelled, seating, version FROM show_state WHERE theater = $1 AND show = $2 FOR UPDATE";
    const OPEN: &str =
        "SELECT 1 FROM show_relocations WHERE theater = $1 AND show = $2 AND finished_at IS NULL";
    let show = moving.show.show_id;
    rows(conn, about(SEATS, show)).await?;
    let ids: Vec<_> = moving.bookings.iter().map(own).collect();
    let lock = Call::new(BOOKINGS)
        .with(show.theater().as_bytes().to_vec())
        .with(ids);
    rows(conn, lock).await?;
    let state = rows(conn, about(STATE, show)).await?;
    let there = read::shows_by_id(conn, &[show]).await?;
    let (Some(state), Some(there)) = (state.first(), there.into_iter().next()) else {
        return Ok(Err(MoveShowOutcome::NoShow));
    };
    if changes::version_of(conn, CatalogObject::Show(show)).await? != moving.expected {
        return Ok(Err(MoveShowOutcome::Changed));
    }
    if state.value(0)? {
        return Ok(Err(MoveShowOutcome::Cancelled));
    }
    if !rows(conn, about(OPEN, show)).await?.is_empty() {
        return Ok(Err(MoveShowOutcome::Unfinished));
    }
    if state.count(2)? != moving.seats_version {
        return Ok(Err(MoveShowOutcome::SeatsChanged));
    }
    Ok(Ok((there.show, state.small(1)?)))
}

fn own(booking: &MovedBooking) -> Vec<u8> {
    booking.booking_id.own().to_vec()
}

/// Gives everybody their new seats; how many are taken then. None when a booking has changed.
async fn reseat(conn: &Connection, moving: &MoveShow) -> Result<Option<i32>, StoreError> {
    const SEATS: &str = "INSERT INTO seats (theater, show, seat, state, booking) \
         SELECT $1, $2, w.seat, w.state, w.booking FROM unnest($3::int[], $4::int[], $5::bytea[]) AS w (seat, state, booking) \
         ORDER BY w.seat";
    const BOOKINGS: &str = "UPDATE bookings AS b SET seats = w.seats::json, version = b.version + 1 \
         FROM unnest($2::bytea[], $3::bigint[], $4::text[]) AS w (booking, version, seats) \
         WHERE b.theater = $1 AND b.booking = w.booking AND b.version = w.version RETURNING 1";
    const SCANS: &str = "UPDATE ticket_scans AS s SET seat = t.seat FROM tickets AS t \
         WHERE s.theater = $1 AND s.show = $2 AND t.theater = $1 AND t.booking = s.booking AND t.ticket = s.ticket";
    let show = moving.show.show_id;
    let bookings = &moving.bookings;
    let lists: Vec<String> = bookings
        .iter()
        .map(|booking| to_json(&booking.seats))
        .collect::<Result<_, _>>()?;
    let versions: Vec<_> = bookings.iter().map(|one| one.version as i64).collect();
    let call = Call::new(BOOKINGS)
        .with(show.theater().as_bytes().to_vec())
        .with(bookings.iter().map(own).collect::<Vec<_>>())
        .with(versions)
        .with(lists);
    if rows(conn, call).await?.len() != bookings.len() {
        return Ok(None);
    }
    let delete = "DELETE FROM seats WHERE theater = $1 AND show = $2";
    rows(conn, about(delete, show)).await?;
    let (mut seats, mut states, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for booking in bookings {
        for seat in booking.open() {
            seats.push(i32::from(seat.0));
            states.push(booking.state.code() as i32);
            owners.push(own(booking));
        }
    }
    let taken = seats.len() as i32;
    let call = about(SEATS, show).with(seats).with(states).with(owners);
    rows(conn, call).await?;
    tickets(conn, moving).await?;
    // Who is in already is so on the new seat.
    rows(conn, about(SCANS, show)).await?;
    messages(conn, moving).await?;
    Ok(Some(taken))
}

/// Tickets change places through numbers that nobody has, since two may change with each other.
async fn tickets(conn: &Connection, moving: &MoveShow) -> Result<(), StoreError> {
    const AWAY: &str = "UPDATE tickets AS t SET seat = w.way FROM unnest($2::bytea[], $3::int[], $4::int[]) \
           AS w (booking, seat, way) \
         WHERE t.theater = $1 AND t.booking = w.booking AND t.seat = w.seat RETURNING 1";
    const BACK: &str = "UPDATE tickets AS t SET seat = w.seat, revision = t.revision + w.reissued \
         FROM unnest($2::bytea[], $3::int[], $4::int[], $5::int[]) AS w (booking, way, seat, reissued) \
         WHERE t.theater = $1 AND t.booking = w.booking AND t.seat = w.way RETURNING 1";
    let (mut of, mut from, mut way, mut to, mut reissued) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for booking in &moving.bookings {
        for (at, ticket) in (0_u16..).zip(&booking.tickets) {
            let MovedTicket {
                from: old, to: new, ..
            } = ticket;
            of.push(own(booking));
            from.push(i32::from(old.0));
            way.push(i32::from(ON_THE_WAY - at));
            to.push(i32::from(new.0));
            reissued.push(i32::from(ticket.reissued));
        }
    }
    let theater = moving.show.show_id.theater().as_bytes().to_vec();
    let many = of.len();
    let away = Call::new(AWAY)
        .with(theater.clone())
        .with(of.clone())
        .with(from)
        .with(way.clone());
    let back = Call::new(BACK)
        .with(theater)
        .with(of)
        .with(way)
        .with(to)
        .with(reissued);
    for call in [away, back] {
        if rows(conn, call).await?.len() != many {
            return Err(damaged("a ticket that is to move is not there"));
        }
    }
    Ok(())
}

async fn messages(conn: &Connection, moving: &MoveShow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
           created_at, due_at) \
         SELECT $1, w.booking, w.message, 'pending', w.kind, w.channel, w.recipient, w.payload::json, 0, w.at, w.at \
         FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) \
           AS w (booking, message, kind, channel, recipient, payload, at)";
    let written = |booking: &MovedBooking| {
        let message = booking.message.clone()?;
        Some((own(booking), message))
    };
    let all: Vec<(Vec<u8>, NewMessage)> = moving.bookings.iter().filter_map(written).collect();
    let column = |of: fn(&NewMessage) -> String| -> Vec<String> {
        all.iter().map(|(_, message)| of(message)).collect()
    };
    let ids = all
        .iter()
        .map(|(_, one)| one.notification_id.as_bytes().to_vec());
    let times = all.iter().map(|(_, one)| micros(one.created_at));
    let call = Call::new(SQL)
        .with(moving.show.show_id.theater().as_bytes().to_vec())
        .with(all.iter().map(|(own, _)| own.clone()).collect::<Vec<_>>())
        .with(ids.collect::<Vec<_>>())
        .with(column(|message| text(&message.kind).into_owned()))
        .with(column(|message| text(&message.channel).into_owned()))
        .with(column(|message| text(&message.recipient).into_owned()))
        .with(column(|message| message.payload.clone()))
        .with(times.collect::<Vec<_>>());
    rows(conn, call).await?;
    Ok(())
}

/// Writes what was before and the work that is left. What people last heard of the start is told with the new seats.
async fn note(
    conn: &Connection,
    moving: &MoveShow,
    (before, seating): (&Show, u16),
    taken: i32,
) -> Result<(), StoreError> {
    const ROW: &str = "INSERT INTO show_relocations (theater, show, seating, at, screen, seat_map, starts_before, bookings, \
           finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const STATE: &str = "UPDATE show_state SET seating = seating + 1, moved_at = $3, version = version + 1, taken = $4, \
           blocks = blocks + 1 WHERE theater = $1 AND show = $2";
    let (show, now) = (moving.show.show_id, micros(moving.now));
    let told = "DELETE FROM show_moves WHERE theater = $1 AND show = $2";
    rows(conn, about(told, show)).await?;
    let aside = moving.bookings.iter().filter(|booking| booking.is_aside());
    let aside = aside.count() as i32;
    let call = about(ROW, show)
        .with(i32::from(seating))
        .with(now)
        .with(before.screen_id.as_bytes().to_vec())
        .with(before.seat_map_id.as_bytes().to_vec())
        .with(micros(before.start_time))
        .with(aside)
        .with((aside == 0).then_some(now));
    rows(conn, call).await?;
    rows(conn, about(STATE, show).with(now).with(taken)).await?;
    Ok(())
}

/// Counts [`ASIDE`].
fn aside<'c>(show: ShowId) -> Call<'c> {
    about(ASIDE, show).with(i32::from(SeatNo::FIRST_ASIDE.0))
}

fn moved(row: &Row) -> Result<MovedShow, StoreError> {
    let theater = TheaterId::from_bytes(row.bytes(0)?);
    Ok(MovedShow {
        show_id: ShowId::from_parts(theater, row.bytes(1)?),
        at: row.time(2)?,
        screen_before: ScreenId::from_bytes(row.bytes(3)?),
        starts_before: row.time(4)?,
        bookings: row.small(5)?,
        finished_at: optional_time(row.value(6)?)?,
    })
}

async fn progress(conn: &Connection, show: ShowId) -> Result<Option<MoveProgress>, StoreError> {
    const LAST: &str = "SELECT theater, show, at, screen, starts_before, bookings, finished_at FROM show_relocations \
         WHERE theater = $1 AND show = $2 ORDER BY seating DESC LIMIT 1";
    let found = rows(conn, about(LAST, show)).await?;
    let Some(moved) = found.first().map(moved).transpose()? else {
        return Ok(None);
    };
    Ok(Some(MoveProgress {
        left: count(conn, aside(show)).await?,
        refunds: refunds(conn, REFUNDS, show, moved.at).await?,
        moved,
    }))
}

#[async_trait]
impl MoveStore for PostgresStore {
    async fn move_show(&self, moving: MoveShow) -> Result<MoveShowOutcome, StoreError> {
        let moving = &moving;
        let done = self
            .write_if(|conn| async move { move_show(&conn, moving).await })
            .await?;
        Ok(done.map_or_else(|refusal| refusal, |()| MoveShowOutcome::Moved))
    }

    async fn move_progress(&self, show_id: ShowId) -> Result<Option<MoveProgress>, StoreError> {
        self.snapshot(|conn| async move { progress(&conn, show_id).await })
            .await
    }

    async fn open_moves(&self, limit: u16) -> Result<Vec<ShowId>, StoreError> {
        let sql = "SELECT theater, show FROM show_relocations WHERE finished_at IS NULL ORDER BY at LIMIT $1";
        let call = Call::new(sql).with(i64::from(limit));
        let found = rows(&self.connection().await?, call).await?;
        found
            .iter()
            .map(|row| {
                let theater = TheaterId::from_bytes(row.bytes(0)?);
                Ok(ShowId::from_parts(theater, row.bytes(1)?))
            })
            .collect()
    }

    async fn bookings_aside(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingId>, StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.own().to_vec());
        let call = about(NEXT_ASIDE, show_id)
            .with(i32::from(SeatNo::FIRST_ASIDE.0))
            .with(after)
            .with(i64::from(limit));
        let found = rows(&self.connection().await?, call).await?;
        let theater = show_id.theater();
        found
            .iter()
            .map(|row| Ok(BookingId::from_parts(theater, row.bytes(0)?)))
            .collect()
    }

    async fn bookings_of_show(&self, show_id: ShowId) -> Result<Vec<BookingFile>, StoreError> {
        self.snapshot(|conn| async move {
            let found = rows(&conn, about(OF_SHOW, show_id)).await?;
            files(&conn, found).await
        })
        .await
    }

    async fn finish_move(&self, show_id: ShowId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let note = "UPDATE show_relocations SET finished_at = $3 WHERE theater = $1 AND show = $2 AND finished_at IS NULL";
        self.write(|conn| async move { finish(&conn, show_id, aside(show_id), note, now).await })
            .await
    }

    async fn maps_before(&self, show_id: ShowId) -> Result<Vec<SeatMapId>, StoreError> {
        let sql = "SELECT seat_map FROM show_relocations WHERE theater = $1 AND show = $2 ORDER BY seating";
        let found = rows(&self.connection().await?, about(sql, show_id)).await?;
        found
            .iter()
            .map(|row| Ok(SeatMapId::from_bytes(row.bytes(0)?)))
            .collect()
    }
}
