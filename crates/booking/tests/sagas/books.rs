//! The judge: reads the database file itself, past the desk and the store, and compares our books with the bank's.

use crate::house::House;
use matinee_store::Maintenance;
use rusqlite::{Connection, OpenFlags};

/// A booking as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub status: String,
    pub total: i64,
    /// Price of the seats that were not cancelled.
    pub worth: i64,
    /// Seats that were not cancelled.
    pub seats: i64,
    pub seat_rows: i64,
    pub tickets: i64,
    /// What the bank took and has not given back.
    pub bank_keeps: i64,
    /// What we recorded as taken and not given back.
    pub we_keep: i64,
    /// What gift cards paid and have not back, by their own entries.
    pub cards_paid: i64,
    pub confirmations: i64,
    pub cancellations: i64,
}

const ENTRIES: &str = "SELECT b.status, b.total_minor,
    (SELECT coalesce(sum(j.value ->> 'price_minor'), 0) FROM json_each(b.seats) AS j
       WHERE NOT coalesce(j.value ->> 'cancelled', 0)),
    (SELECT count(*) FROM json_each(b.seats) AS j WHERE NOT coalesce(j.value ->> 'cancelled', 0)),
    (SELECT count(*) FROM seats AS x WHERE x.theater = b.theater AND x.booking = b.booking),
    (SELECT count(*) FROM tickets AS t WHERE t.theater = b.theater AND t.booking = b.booking AND t.state = 'valid'),
    (SELECT coalesce(sum(p.captured_minor - p.refunded_minor), 0) FROM payments AS p
       WHERE p.theater = b.theater AND p.booking = b.booking),
    (SELECT count(*) FROM messages AS m WHERE m.theater = b.theater AND m.booking = b.booking
       AND m.kind = 'confirmation'),
    (SELECT count(*) FROM messages AS m WHERE m.theater = b.theater AND m.booking = b.booking
       AND m.kind = 'cancellation'),
    b.booking,
    (SELECT -coalesce(sum(e.amount_minor), 0) FROM gift_entries AS e
       WHERE e.theater = b.theater AND e.booking = b.booking)
  FROM bookings AS b ORDER BY b.created_at, b.booking";

fn entries(conn: &Connection) -> Vec<Entry> {
    let mut statement = conn.prepare(ENTRIES).unwrap();
    let rows = statement.query_map([], |row| {
        let booking: Vec<u8> = row.get(9)?;
        Ok(Entry {
            status: row.get(0)?,
            total: row.get(1)?,
            worth: row.get(2)?,
            seats: row.get(3)?,
            seat_rows: row.get(4)?,
            tickets: row.get(5)?,
            bank_keeps: bank_keeps(conn, &booking),
            we_keep: row.get(6)?,
            cards_paid: row.get(10)?,
            confirmations: row.get(7)?,
            cancellations: row.get(8)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The bank knows charges by payment id as text, the books by bytes.
fn bank_keeps(conn: &Connection, booking: &[u8]) -> i64 {
    let mut statement = conn
        .prepare("SELECT theater, payment FROM payments WHERE booking = ?1")
        .unwrap();
    let keys = statement
        .query_map([booking], |row| {
            let theater = matinee_domain::ids::TheaterId::from_bytes(row.get(0)?);
            let own: [u8; 22] = row.get(1)?;
            Ok(matinee_domain::ids::PaymentId::from_parts(theater, own).to_string())
        })
        .unwrap();
    keys.map(|key| {
        conn.query_row(
            "SELECT coalesce(sum(CASE status WHEN 'captured' THEN amount_minor ELSE 0 END), 0)
               - (SELECT coalesce(sum(amount_minor), 0) FROM sandbox_refunds WHERE charge = ?1)
             FROM sandbox_charges WHERE charge = ?1",
            [key.unwrap()],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
    })
    .sum()
}

/// Everything has settled: what is wrong in the books? The bookings, oldest first.
pub async fn judge(house: &House) -> Result<Vec<Entry>, String> {
    let report = house.store.verify(house.now()).await.unwrap();
    if !report.violations.is_empty() {
        return Err(format!("verify: {:?}", report.violations));
    }
    let conn = Connection::open_with_flags(house.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let entries = entries(&conn);
    for entry in &entries {
        settled(entry).map_err(|what| format!("{what}: {entry:?}"))?;
    }
    bank(&conn, &entries)?;
    Ok(entries)
}

fn settled(entry: &Entry) -> Result<(), &'static str> {
    let is = |status: &str| entry.status == status;
    if entry.bank_keeps != entry.we_keep {
        return Err("our books and the bank's disagree");
    }
    if is("confirmed") || is("partly_cancelled") {
        let had = entry.seats;
        let paid = entry.bank_keeps + entry.cards_paid;
        if (entry.seat_rows, entry.tickets, paid) != (had, had, entry.worth) {
            return Err("it is confirmed without all seats, tickets and money");
        }
    } else if is("cancelled") || is("expired") || is("released") {
        let left = (entry.bank_keeps, entry.cards_paid);
        if (entry.seat_rows, entry.tickets, left) != (0, 0, (0, 0)) {
            return Err("it is over and something of it is left");
        }
    } else {
        return Err("it never came to an end");
    }
    // Cancelled with all its seats: the bank gave the authorization up before the capture, so it was never sold.
    let given_up = is("cancelled") && entry.seats > 0;
    let sold = is("confirmed") || is("partly_cancelled") || is("cancelled") && !given_up;
    if sold != (entry.confirmations > 0) {
        return Err("a confirmation was sent for nothing, or none was sent");
    }
    if entry.confirmations > 1 || entry.cancellations > 1 {
        return Err("the same message was written twice");
    }
    Ok(())
}

/// The bank as a whole: nothing is left authorized or waiting, and it keeps what is paid for.
fn bank(conn: &Connection, entries: &[Entry]) -> Result<(), String> {
    let open: i64 = conn
        .query_row(
            "SELECT count(*) FROM sandbox_charges WHERE status IN ('requires_action', 'authorized')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    if open > 0 {
        return Err(format!("{open} charges are left open at the bank"));
    }
    let keeps: i64 = conn
        .query_row(
            "SELECT coalesce((SELECT sum(amount_minor) FROM sandbox_charges WHERE status = 'captured'), 0)
               - coalesce((SELECT sum(amount_minor) FROM sandbox_refunds), 0)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let paid: i64 = entries
        .iter()
        .filter(|entry| matches!(entry.status.as_str(), "confirmed" | "partly_cancelled"))
        .map(|entry| entry.worth)
        .sum();
    let spent: i64 = conn
        .query_row(
            "SELECT coalesce(sum(initial_minor - balance_minor), 0) FROM gift_cards",
            [],
            |row| row.get(0),
        )
        .unwrap();
    if keeps + spent != paid {
        return Err(format!(
            "the bank keeps {keeps}, {spent} of gift cards is spent, paid bookings are worth {paid}"
        ));
    }
    let taken: i64 = conn
        .query_row("SELECT count(*) FROM seats", [], |row| row.get(0))
        .unwrap();
    let owned: i64 = entries.iter().map(|entry| entry.seat_rows).sum();
    if taken != owned {
        return Err(format!("{taken} seats are taken, bookings own {owned}"));
    }
    Ok(())
}
