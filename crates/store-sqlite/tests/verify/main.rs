//! The check of every invariant is itself checked: a sound database passes, and each planted corruption is called by
//! its name and nothing else is.
//!
//! Corruptions are written through a plain connection with constraints, references and triggers off, as a fault below
//! the program would.

mod house;
mod money;

use chrono::{DateTime, TimeDelta, Utc};
use house::{build, open, payment_id, refund_id};
use matinee_store::{Maintenance, conformance::fixtures::start, verify::VerifyReport};
use matinee_store_sqlite::SqliteStore;
use rusqlite::{Connection, config::DbConfig};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};

/// While everything that is in flight may still be.
fn soon() -> DateTime<Utc> {
    start() + TimeDelta::minutes(2)
}

async fn verify(path: &Path, now: DateTime<Utc>) -> VerifyReport {
    let store = SqliteStore::open_offline(path).unwrap();
    let report = store.verify(now).await.unwrap();
    store.close().await;
    report
}

/// Runs statements as a fault would: nothing stands in their way.
fn corrupt(path: &Path, sql: &str) {
    let conn = Connection::open(path).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)
        .unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        .unwrap();
    conn.execute_batch(sql).unwrap();
    conn.close().unwrap();
}

fn names(report: &VerifyReport) -> BTreeSet<&'static str> {
    report
        .violations
        .iter()
        .map(|violation| violation.invariant)
        .collect()
}

/// The booking of a number, as SQL sees it.
fn booking(number: u32) -> String {
    let mut sql = String::from("booking = x'");
    for byte in house::booking_id(number).own() {
        write!(sql, "{byte:02X}").unwrap();
    }
    sql.push('\'');
    sql
}

/// What is planted, and exactly the invariants it breaks.
struct Planted {
    what: &'static str,
    sql: String,
    breaks: &'static [&'static str],
}

fn planted(what: &'static str, sql: impl Into<String>, breaks: &'static [&'static str]) -> Planted {
    Planted {
        what,
        sql: sql.into(),
        breaks,
    }
}

fn seat_corruptions() -> Vec<Planted> {
    use house::numbers::{CONFIRMED, HELD, PARTLY_CANCELLED};
    vec![
        planted("a count that is off", "UPDATE show_state SET taken = taken + 1 WHERE taken > 0", &["taken_count"]),
        planted(
            "a sold seat that lost its row",
            format!(
                "DELETE FROM seats WHERE seat = 4 AND {}; UPDATE show_state SET taken = taken - 1 WHERE taken > 0",
                booking(CONFIRMED)
            ),
            &["owned_seat"],
        ),
        planted("a held seat marked sold", "UPDATE seats SET state = 2 WHERE seat = 0", &["seat_owner", "owned_seat"]),
        planted(
            "a seat taken for nobody's booking",
            "INSERT INTO seats SELECT theater, show, 30, 1, zeroblob(22) FROM seats WHERE seat = 0;
             UPDATE show_state SET taken = taken + 1 WHERE taken > 0",
            &["seat_owner"],
        ),
        planted(
            "a blocked seat outside the map",
            "INSERT INTO seats SELECT theater, show, 40, 3, NULL FROM seats WHERE seat = 0;
             UPDATE show_state SET taken = taken + 1 WHERE taken > 0",
            &["seat_in_map"],
        ),
        planted(
            "a seat sold twice",
            format!("UPDATE bookings SET seats = replace(seats, '\"seat\":0', '\"seat\":4') WHERE {}", booking(HELD)),
            &["seat_sold_once", "owned_seat", "seat_owner"],
        ),
        planted(
            "a cancelled seat that is still taken",
            format!(
                "INSERT INTO seats SELECT theater, show, 6, 2, booking FROM seats WHERE seat = 7 AND {};
                 UPDATE show_state SET taken = taken + 1 WHERE taken > 0",
                booking(PARTLY_CANCELLED)
            ),
            &["seat_owner"],
        ),
        planted(
            "a hold nobody frees",
            format!("UPDATE bookings SET expires_at = created_at - 120000000 WHERE {}", booking(HELD)),
            &["overdue_hold"],
        ),
        planted(
            "an expired booking that keeps its seats",
            format!(
                "UPDATE bookings SET status = 'expired', held_at = NULL, expires_at = NULL WHERE {}",
                booking(HELD)
            ),
            &["seat_owner"],
        ),
    ]
}

fn booking_corruptions() -> Vec<Planted> {
    use house::numbers::{AWAITING, CANCELLED, CONFIRMED, EXPIRED, HELD, PARTLY_CANCELLED};
    let set =
        |number: u32, what: &str| format!("UPDATE bookings SET {what} WHERE {}", booking(number));
    vec![
        planted("a total that is not the sum", set(HELD, "total_minor = total_minor + 1"), &["booking_total"]),
        planted("a code with a use nobody has", "UPDATE promo_codes SET used = used + 1", &["promo_uses"]),
        planted("a code used once too often", "UPDATE promo_codes SET max_uses = 1", &["integrity", "promo_uses"]),
        planted(
            "a use that was given back with its booking still there",
            "UPDATE promo_codes SET used = used - 1",
            &["promo_uses"],
        ),
        planted("a code that vanished", "DELETE FROM promo_codes", &["booking_promo", "promo_customers"]),
        planted("a use that counts for no customer", "DELETE FROM promo_uses", &["booking_promo_customer"]),
        planted(
            "a customer's use that is no booking's",
            "INSERT INTO promo_uses SELECT theater, code, zeroblob(16), 1, 1, zeroblob(22) FROM promo_uses LIMIT 1",
            &["promo_customers"],
        ),
        planted(
            "a customer's place beyond what the code has",
            "UPDATE promo_uses SET most = 2, place = 2",
            &["promo_customers"],
        ),
        planted("a count of seats that is off", set(HELD, "seat_count = 3"), &["booking_seats"]),
        planted(
            "a booking whose seats are all cancelled but not itself",
            set(PARTLY_CANCELLED, "status = 'confirmed'"),
            &["booking_seats"],
        ),
        planted("seats that are not readable", set(EXPIRED, "seats = '[{\"seat\":'"), &["readable"]),
        planted("a booking of nobody", "DELETE FROM users", &["booking_owner"]),
        planted(
            "a booking for no show",
            set(EXPIRED, "show = zeroblob(16)"),
            &["booking_show"],
        ),
        planted(
            "a confirmed booking nobody paid for",
            format!(
                "UPDATE payments SET status = 'voided', captured_minor = 0 WHERE {};
                 UPDATE sandbox_charges SET status = 'voided' WHERE charge = '{}'",
                booking(CONFIRMED),
                payment_id(CONFIRMED)
            ),
            &["confirmed_is_paid"],
        ),
        planted(
            "money taken for an expired booking",
            format!(
                "INSERT INTO payments SELECT theater, (SELECT booking FROM bookings WHERE {}), zeroblob(22), 'captured',
                   amount_minor, currency, amount_minor, 0, 'card', method_token, method_label, gateway_ref, NULL,
                   created_at, NULL, NULL, NULL, NULL, 0, 0 FROM payments WHERE {}",
                booking(EXPIRED),
                booking(CONFIRMED)
            ),
            &["money_for_something"],
        ),
        planted(
            "a second live payment",
            format!(
                "DROP INDEX payments_live;
                 INSERT INTO payments SELECT theater, booking, zeroblob(22), 'created', amount_minor, currency, 0, 0,
                   'card', method_token, method_label, gateway_ref, NULL, created_at, NULL, NULL, NULL, NULL, 0, 0
                 FROM payments WHERE {}",
                booking(AWAITING)
            ),
            &["one_live_payment", "payment_in_flight"],
        ),
        planted(
            "a wait for no payment",
            format!(
                "DELETE FROM payments WHERE {}; DELETE FROM sandbox_charges WHERE charge = '{}'",
                booking(AWAITING),
                payment_id(AWAITING)
            ),
            &["payment_in_flight"],
        ),
        planted(
            "more refunded than captured",
            format!("UPDATE payments SET refunded_minor = captured_minor + 1 WHERE {}", booking(CANCELLED)),
            &["payment_amounts", "refund_sum", "money_kept", "day_totals", "integrity"],
        ),
        planted(
            "a refund that vanished",
            format!("DELETE FROM refunds WHERE {}", booking(PARTLY_CANCELLED)),
            &["refund_sum", "day_totals", "ledger_books"],
        ),
        planted(
            "a refund for seats that are still had",
            format!(
                "UPDATE refunds SET amount_minor = 2000 WHERE {0}; UPDATE payments SET refunded_minor = 2000 WHERE {0};
                 UPDATE sandbox_refunds SET amount_minor = 2000 WHERE refund = '{1}';
                 UPDATE sandbox_charges SET refunded_minor = 2000 WHERE charge = '{2}'",
                booking(PARTLY_CANCELLED),
                refund_id(PARTLY_CANCELLED),
                payment_id(PARTLY_CANCELLED)
            ),
            &["money_kept"],
        ),
    ]
}

fn ticket_and_ledger_corruptions() -> Vec<Planted> {
    use house::numbers::{AWAITING, CANCELLED, CONFIRMED, PARTLY_CANCELLED};
    vec![
        planted(
            "a paid seat without a ticket",
            format!("DELETE FROM tickets WHERE seat = 4 AND {}", booking(CONFIRMED)),
            &["ticket_for_seat"],
        ),
        planted(
            "a cancelled seat whose void ticket is gone",
            format!("DELETE FROM tickets WHERE seat = 6 AND {}", booking(PARTLY_CANCELLED)),
            &["ticket_for_seat"],
        ),
        planted(
            "a cancelled ticket that opens the door",
            format!("UPDATE tickets SET state = 'valid' WHERE seat = 6 AND {}", booking(PARTLY_CANCELLED)),
            &["ticket_is_paid"],
        ),
        planted(
            "a ticket of no booking",
            "INSERT INTO tickets SELECT theater, zeroblob(22), seat, zeroblob(16), 'valid', 1, NULL FROM tickets LIMIT 1",
            &["ticket_is_paid"],
        ),
        planted(
            "a ticket used by nobody",
            format!("UPDATE tickets SET state = 'redeemed' WHERE seat = 4 AND {}", booking(CONFIRMED)),
            &["integrity", "first_scan_counts"],
        ),
        planted(
            "an entry that was undone in its scan alone",
            "UPDATE ticket_scans SET undone_at = 1, undone_by = zeroblob(16)",
            &["first_scan_counts"],
        ),
        planted(
            "an earlier scan that does not count",
            "INSERT INTO ticket_scans SELECT theater, zeroblob(16), show, booking, seat, ticket, door, verdict,
               scanned_at - 1, told_at, 1, actor, NULL, NULL FROM ticket_scans",
            &["first_scan_counts"],
        ),
        planted(
            "a scan of another ticket than it says",
            "UPDATE ticket_scans SET ticket = zeroblob(16)",
            &["first_scan_counts", "scan_has_ticket"],
        ),
        planted(
            "a payment the counter does not know",
            format!("UPDATE payments SET gateway = 'counter' WHERE {}", booking(CONFIRMED)),
            &["counter_charge", "ledger_books"],
        ),
        planted(
            "money the counter took for nothing",
            "INSERT INTO counter_charges SELECT theater, zeroblob(22), shift, 'cash', 'voided', 100, currency, 0, 1
             FROM shifts",
            &["counter_payment"],
        ),
        planted(
            "a refund that only the counter made",
            "INSERT INTO counter_charges SELECT p.theater, p.payment, s.shift, 'terminal', 'captured', p.amount_minor,
               p.currency, 1, 1 FROM payments AS p, shifts AS s WHERE p.gateway = 'sandbox' LIMIT 1",
            &["counter_payment", "counter_refund"],
        ),
        planted("a drawer that is short", "UPDATE shifts SET expected_minor = expected_minor + 1", &["shift_cash"]),
        planted(
            "a charge the bank lost",
            format!("DELETE FROM sandbox_charges WHERE charge = '{}'", payment_id(CONFIRMED)),
            &["ledger_charge"],
        ),
        planted(
            "a capture the bank does not have",
            format!("UPDATE sandbox_charges SET status = 'authorized' WHERE charge = '{}'", payment_id(CONFIRMED)),
            &["ledger_charge"],
        ),
        planted(
            "a charge of another amount",
            format!("UPDATE sandbox_charges SET amount_minor = amount_minor + 1 WHERE charge = '{}'", payment_id(AWAITING)),
            &["ledger_charge"],
        ),
        planted(
            "a refund the bank never made",
            format!(
                "DELETE FROM sandbox_refunds WHERE refund = '{}';
                 UPDATE sandbox_charges SET refunded_minor = 0 WHERE charge = '{}'",
                refund_id(CANCELLED),
                payment_id(CANCELLED)
            ),
            &["ledger_refund"],
        ),
        planted(
            "money the bank took for nothing",
            "INSERT INTO sandbox_charges SELECT 'p' || charge, status, amount_minor, currency, method, 0, created_at
             FROM sandbox_charges LIMIT 1",
            &["ledger_books"],
        ),
    ]
}

fn catalog_and_outbox_corruptions() -> Vec<Planted> {
    vec![
        planted(
            "a counter set back",
            "UPDATE sync_head SET position = position - 1",
            &["sync_counter"],
        ),
        planted(
            "a show clients never hear of",
            "DELETE FROM changes WHERE seq = (SELECT max(seq) FROM changes)",
            &["sync_log"],
        ),
        planted(
            "a show without counters",
            "DELETE FROM show_state WHERE show = (SELECT show FROM shows WHERE external_id = 'show-2-2')
               AND theater = (SELECT theater FROM shows WHERE external_id = 'show-2-2')",
            &["show_state"],
        ),
        planted(
            "a show of more seats than its map",
            "UPDATE shows SET seats_total = 41 WHERE external_id = 'show-1-1'",
            &["show_map"],
        ),
        planted(
            "two shows on one screen",
            "UPDATE shows SET screen = (SELECT screen FROM shows WHERE external_id = 'show-1-1'),
               starts_at = (SELECT starts_at + 60000000 FROM shows WHERE external_id = 'show-1-1')
             WHERE external_id = 'show-1-2'",
            &["screen_clash"],
        ),
        planted(
            "a show of no movie",
            "DELETE FROM movies WHERE external_id = 'movie-1'",
            &["references"],
        ),
        planted(
            "a theater that is not readable",
            "UPDATE theaters SET body = '{' WHERE external_id = 'theater-2'",
            &["readable"],
        ),
        planted(
            "a message to nobody",
            "UPDATE messages SET recipient = '' WHERE message = (SELECT message FROM messages LIMIT 1)",
            &["outbox"],
        ),
        planted(
            "a message of no booking",
            "UPDATE messages SET booking = zeroblob(22)",
            &["outbox"],
        ),
        planted(
            "an error kept as an answer",
            "UPDATE idempotency SET status = 409",
            &["idempotency"],
        ),
        planted(
            "a value that no constraint allows",
            "UPDATE seat_maps SET digest = x'00'",
            &["integrity"],
        ),
    ]
}

#[tokio::test]
async fn a_sound_database_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matinee.db");
    build(&path).await;
    for now in [start(), soon(), start() + TimeDelta::days(2)] {
        let report = verify(&path, now).await;
        assert_eq!(report.violations, vec![]);
        assert!(report.checked.len() >= 25);
        // Nothing was passed because there was nothing to look at.
        for (invariant, rows) in &report.checked {
            assert!(*rows > 0, "{invariant} looked at nothing");
        }
    }
}

#[tokio::test]
async fn every_planted_corruption_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("matinee.db");
    build(&sound).await;
    let all: Vec<Planted> = seat_corruptions()
        .into_iter()
        .chain(booking_corruptions())
        .chain(money::corruptions())
        .chain(ticket_and_ledger_corruptions())
        .chain(catalog_and_outbox_corruptions())
        .collect();
    let mut wrong = Vec::new();
    let mut caught = BTreeSet::new();
    for (number, planted) in all.iter().enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        std::fs::copy(&sound, &path).unwrap();
        corrupt(&path, &planted.sql);
        let report = verify(&path, soon()).await;
        let found = names(&report);
        if found != planted.breaks.iter().copied().collect() {
            wrong.push(format!("{}: {:#?}", planted.what, report.violations));
        }
        caught.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every invariant there is was broken once.
    let checked = verify(&sound, soon()).await.checked;
    let missing: Vec<_> = checked
        .iter()
        .filter(|(name, _)| !caught.contains(name))
        .collect();
    assert!(missing.is_empty(), "never broken: {missing:?}");
}

/// Past the time a payment is given to settle, the bank may hold nothing that we gave up.
#[tokio::test]
async fn an_authorization_given_up_here_but_not_there_is_found_in_time() {
    use house::numbers::CONFIRMED;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matinee.db");
    build(&path).await;
    let sql = format!(
        "UPDATE payments SET status = 'voided', captured_minor = 0 WHERE {};
         UPDATE sandbox_charges SET status = 'authorized' WHERE charge = '{}'",
        booking(CONFIRMED),
        payment_id(CONFIRMED)
    );
    corrupt(&path, &sql);
    assert!(!names(&verify(&path, soon()).await).contains("ledger_charge"));
    let later = start() + TimeDelta::hours(1);
    assert!(names(&verify(&path, later).await).contains("ledger_charge"));
}

/// Bytes changed below SQLite are found, and do not stop the other checks.
#[tokio::test]
async fn a_damaged_page_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matinee.db");
    build(&path).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let page = {
        let conn = Connection::open(&path).unwrap();
        let root: i64 = conn
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'tickets'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        (root as usize - 1) * 4096
    };
    bytes[page + 8..page + 40].fill(0xEE);
    std::fs::write(&path, bytes).unwrap();
    let report = verify(&path, soon()).await;
    assert!(
        names(&report).contains("integrity"),
        "{:?}",
        report.violations
    );
    assert!(
        report
            .checked
            .iter()
            .any(|(name, _)| *name == "idempotency")
    );
}

#[tokio::test]
async fn verify_runs_beside_a_live_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matinee.db");
    build(&path).await;
    let server = open(&path);
    assert_eq!(verify(&path, soon()).await.violations, vec![]);
    assert_eq!(server.verify(soon()).await.unwrap().violations, vec![]);
    server.set_note("still", "alive").await.unwrap();
    server.close().await;
}
