//! The bookings that both sides write: what a hold over HTTP hands to the store, with the answer it keeps.

use crate::{failure::Failure, stats::Random};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    ids::{BookingId, Reference, ShowId, TheaterId, time_ordered},
    money::{Currency, Money},
    price::{Line, LineKind},
    seat_map::SeatNo,
};
use matinee_store::{
    bookings::{BookedSeat, BookingRow, HoldLimits, HoldSeats, Owner},
    idempotency::{IdempotencyKey, IdempotencyRecord, Recorded},
};
use rusqlite::Connection;
use std::path::Path;

const EUR: Currency = Currency::new(*b"EUR");

/// Two-seat holds spread over all shows, the first seats of each first: `many` of them, or fewer when the seats end.
pub fn holds(database: &Path, many: usize, answer: &Bytes) -> Result<Vec<HoldSeats>, Failure> {
    let shows = shows(database)?;
    let now = Utc::now();
    let mut random = Random(now.timestamp_micros() as u64);
    let mut out = Vec::with_capacity(many);
    let most = shows.iter().map(|(_, seats)| seats / 2).max().unwrap_or(0);
    for pair in 0..most {
        for (show, seats) in &shows {
            if out.len() == many {
                return Ok(out);
            }
            if pair * 2 + 1 < *seats {
                out.push(hold(*show, pair * 2, now, answer, &mut random));
            }
        }
    }
    Ok(out)
}

fn shows(database: &Path) -> Result<Vec<(ShowId, u16)>, Failure> {
    let conn = Connection::open(database)?;
    let mut find = conn.prepare("SELECT theater, show, seats_total FROM shows ORDER BY show")?;
    let rows = find.query_map([], |row| {
        let theater = TheaterId::from_bytes(row.get(0)?);
        Ok((ShowId::from_parts(theater, row.get(1)?), row.get(2)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn hold(
    show: ShowId,
    first: u16,
    now: DateTime<Utc>,
    answer: &Bytes,
    random: &mut Random,
) -> HoldSeats {
    let at = now.timestamp_millis();
    let booking = BookingRow {
        booking_id: BookingId::from_parts(show.theater(), time_ordered(at, random.bytes())),
        reference: Reference::from_random(random.bytes()),
        show_id: show,
        owner: Owner::Guest { email: None },
        caller: [7; 16],
        state: BookingState::hold(now, TimeDelta::minutes(8)),
        seats: [first, first + 1].map(booked).into(),
        total: Money::new(2420, EUR),
        lines: vec![
            line("2 × Adult", 2320, LineKind::Part),
            line("Booking fee", 100, LineKind::Part),
            line("incl. VAT 14 %", 297, LineKind::Contained),
        ],
        advice: vec![],
        promo: None,
        channel: matinee_domain::channel::SaleChannel::Web,
        created_at: now,
        version: 1,
        test: true,
    };
    HoldSeats {
        booking,
        // As the server runs in this measurement: without quotas.
        limits: HoldLimits {
            unpaid_seats: None,
            expiries: None,
        },
        idempotency: Some(IdempotencyRecord {
            key: IdempotencyKey {
                scope: random.bytes(),
                body: random.bytes(),
            },
            answer: Recorded {
                status: 201,
                body: answer.clone(),
            },
            keep_until: now + TimeDelta::days(2),
        }),
        only_if_version: None,
        now,
    }
}

fn booked(seat: u16) -> BookedSeat {
    BookedSeat {
        seat: SeatNo(seat),
        ticket_type: "standard".into(),
        price_minor: 1210,
        cancelled: false,
        seating: 0,
    }
}

fn line(label: &str, minor: i64, kind: LineKind) -> Line {
    Line {
        label: label.into(),
        amount: Money::new(minor, EUR),
        kind,
    }
}
