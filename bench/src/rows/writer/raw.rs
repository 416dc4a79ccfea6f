//! The baseline: the same rows into the same tables, by statements prepared once and values made beforehand, so many
//! bookings per commit, every commit synced. No queue, no callers, no checks: what SQLite itself costs.

use crate::failure::Failure;
use matinee_store::bookings::HoldSeats;
use rusqlite::{Connection, params};
use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

/// A booking as its columns.
struct Row<'a> {
    hold: &'a HoldSeats,
    seats: String,
    lines: String,
    held_at: i64,
    expires_at: i64,
}

/// How long it took to write them all.
pub fn write(database: &Path, holds: &[HoldSeats], per_commit: usize) -> Result<Duration, Failure> {
    let mut rows = Vec::with_capacity(holds.len());
    for hold in holds {
        rows.push(Row {
            hold,
            seats: serde_json::to_string(&hold.booking.seats)?,
            lines: serde_json::to_string(&hold.booking.lines)?,
            held_at: hold.now.timestamp_micros(),
            expires_at: hold.now.timestamp_micros() + 480_000_000,
        });
    }
    let conn = Connection::open(database)?;
    // As the store opens its writing connection.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    let mut insert = Insert::prepare(&conn)?;
    let began = Instant::now();
    for batch in rows.chunks(per_commit) {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        insert.batch(batch)?;
        conn.execute_batch("COMMIT")?;
    }
    Ok(began.elapsed())
}

struct Insert<'c> {
    seat: rusqlite::Statement<'c>,
    booking: rusqlite::Statement<'c>,
    answer: rusqlite::Statement<'c>,
    show: rusqlite::Statement<'c>,
}

impl<'c> Insert<'c> {
    fn prepare(conn: &'c Connection) -> Result<Self, Failure> {
        Ok(Self {
            seat: conn.prepare(
                "INSERT INTO seats (theater, show, seat, state, booking) VALUES (?1, ?2, ?3, 1, ?4)",
            )?,
            booking: conn.prepare(
                "INSERT INTO bookings (theater, booking, show, reference, status, version, user, guest_email, caller, \
                     seats, seat_count, total_minor, currency, lines, advice, test, created_at, held_at, expires_at, \
                     extensions, payment_deadline) \
                 VALUES (?1, ?2, ?3, ?4, 'held', 1, NULL, NULL, ?5, ?6, ?7, ?8, ?9, ?10, '[]', 1, ?11, ?11, ?12, 0, NULL)",
            )?,
            answer: conn.prepare(
                "INSERT INTO idempotency (scope, body, status, answer, keep_until) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            show: conn.prepare(
                "UPDATE show_state SET version = version + 1, taken = taken + ?3 WHERE theater = ?1 AND show = ?2",
            )?,
        })
    }

    fn batch(&mut self, rows: &[Row<'_>]) -> Result<(), Failure> {
        let mut taken: HashMap<_, i64> = HashMap::new();
        for row in rows {
            self.row(row)?;
            *taken.entry(row.hold.booking.show_id).or_default() +=
                row.hold.booking.seats.len() as i64;
        }
        for (show, taken) in taken {
            self.show
                .execute(params![show.theater().as_bytes(), show.own(), taken])?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let booking = &row.hold.booking;
        let (show, id) = (booking.show_id, booking.booking_id);
        let theater = show.theater();
        for seat in &booking.seats {
            self.seat.execute(params![
                theater.as_bytes(),
                show.own(),
                seat.seat.0,
                id.own()
            ])?;
        }
        self.booking.execute(params![
            theater.as_bytes(),
            id.own(),
            show.own(),
            booking.reference.as_str(),
            booking.caller,
            row.seats,
            booking.seats.len() as i64,
            booking.total.amount_minor,
            booking.total.currency.code(),
            row.lines,
            row.held_at,
            row.expires_at,
        ])?;
        if let Some(kept) = &row.hold.idempotency {
            self.answer.execute(params![
                kept.key.scope,
                kept.key.body,
                kept.answer.status,
                &kept.answer.body[..],
                kept.keep_until.timestamp_micros(),
            ])?;
        }
        Ok(())
    }
}
