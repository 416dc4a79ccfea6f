//! Years of past shows and paid bookings, straight into a database: what growth is measured on.
//!
//! One booking is made through the server and copied, each time with ids, seats, a show and a time of its own, so that
//! every row is one the server could have written and `verify` still finds nothing. Past bookings have no kept answers
//! and no messages any more: both are forgotten in time.

use crate::{database::Database, failure::Failure, stats::Random};
use chrono::{TimeDelta, Utc};
use futures_util::SinkExt as _;
use matinee_domain::ids::{PaymentId, TheaterId, time_ordered};
use rusqlite::params;
use std::fmt::Write as _;

/// Bookings of each past show.
const OF_A_SHOW: u64 = 10;
/// Past shows take turns on the small halls.
const SCREENS: u64 = 16;

/// One past booking.
struct Past {
    number: u64,
    show_number: u64,
    show: [u8; 16],
    booking: [u8; 22],
    payment: [u8; 22],
    charge: String,
    reference: String,
    at_us: i64,
}

/// Fills in the past bookings from one number up to another. No server works on it meanwhile.
pub async fn fill(database: &Database, from: u64, to: u64, all: u64) -> Result<(), Failure> {
    let steps = |dialect: &Dialect| Steps::of(dialect, from, to, all);
    match database {
        Database::Sqlite(path) => {
            let conn = rusqlite::Connection::open(path)?;
            conn.execute_batch(
                "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; \
                 PRAGMA temp_store = MEMORY; BEGIN;",
            )?;
            let steps = steps(&SQLITE);
            conn.execute_batch(&steps.before)?;
            let theater = conn.query_row("SELECT theater FROM tb", [], |row| row.get(0))?;
            let sql = "INSERT INTO gb VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
            let mut insert = conn.prepare(sql)?;
            for past in past(theater, from, to, all) {
                let (number, show) = (past.number as i64, past.show_number as i64);
                insert.execute(params![
                    number,
                    show,
                    past.show,
                    past.booking,
                    past.payment,
                    past.charge,
                    past.reference,
                    past.at_us
                ])?;
            }
            drop(insert);
            conn.execute_batch(&steps.after)?;
            conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
        }
        Database::Postgres(..) => {
            let (client, connection) =
                tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            let steps = steps(&POSTGRES);
            client
                .batch_execute(
                    "SET synchronous_commit = off; SET session_replication_role = replica; \
                     SET work_mem = '256MB';",
                )
                .await?;
            client.batch_execute(&steps.before).await?;
            let row = client.query_one("SELECT theater FROM tb", &[]).await?;
            let theater: &[u8] = row.get(0);
            let theater = theater.try_into().unwrap_or_default();
            let copy = client
                .copy_in::<_, bytes::Bytes>("COPY gb FROM STDIN")
                .await?;
            let mut copy = Box::pin(copy);
            let mut lines = String::new();
            for past in past(theater, from, to, all) {
                past.line(&mut lines);
                if lines.len() > 1 << 20 {
                    copy.send(std::mem::take(&mut lines).into()).await?;
                }
            }
            copy.send(lines.into()).await?;
            copy.close().await?;
            client.batch_execute(&steps.after).await?;
            for after in ["VACUUM ANALYZE", "CHECKPOINT"] {
                client.batch_execute(after).await?;
            }
        }
    }
    Ok(())
}

fn past(theater: [u8; 16], from: u64, to: u64, all: u64) -> impl Iterator<Item = Past> {
    let theater = TheaterId::from_bytes(theater);
    let mut random = Random(from + 1);
    let mut show = [0; 16];
    (from..to).map(move |number| {
        let show_number = number / OF_A_SHOW;
        if number % OF_A_SHOW == 0 {
            show = random.bytes();
        }
        let at_us = starts_at(show_number, all) - 86_400_000_000 + (number % OF_A_SHOW) as i64;
        let at_ms = at_us / 1000;
        let payment = time_ordered(at_ms, random.bytes());
        Past {
            number,
            show_number,
            show,
            booking: time_ordered(at_ms, random.bytes()),
            payment,
            charge: PaymentId::from_parts(theater, payment).to_string(),
            reference: reference(number),
            at_us,
        }
    })
}

/// Every two hours on each screen, the last of them two days ago.
fn starts_at(show: u64, all: u64) -> i64 {
    let back = (all / OF_A_SHOW).saturating_sub(show) / SCREENS + 1;
    let first = Utc::now()
        .date_naive()
        .and_hms_opt(0, 0, 0)
        .unwrap_or_default();
    let start = first - TimeDelta::days(2) - TimeDelta::hours(2 * back as i64);
    start.and_utc().timestamp_micros()
}

/// Ten characters, another for every number, in no order.
fn reference(number: u64) -> String {
    let scattered = number.wrapping_mul(2_654_435_761) % (1 << 40);
    format!("{scattered:010X}")
        .replace('0', "G")
        .replace('1', "H")
}

impl Past {
    /// As COPY reads it.
    fn line(&self, out: &mut String) {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::from("\\\\x"), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let _ = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.number,
            self.show_number,
            hex(&self.show),
            hex(&self.booking),
            hex(&self.payment),
            self.charge,
            self.reference,
            self.at_us
        );
    }
}

/// Where the two engines' SQL differs.
struct Dialect {
    bytes: &'static str,
    json: &'static str,
    random: &'static str,
    both: &'static str,
    no: &'static str,
}

const SQLITE: Dialect = Dialect {
    bytes: "BLOB",
    json: "TEXT",
    random: "randomblob(16)",
    both: "CAST(tb.theater || gs.show AS BLOB)",
    no: "0",
};
const POSTGRES: Dialect = Dialect {
    bytes: "bytea",
    json: "json",
    random: "uuid_send(gen_random_uuid())",
    both: "tb.theater || gs.show",
    no: "false",
};

/// What happens around the list of past bookings.
struct Steps {
    before: String,
    after: String,
}

impl Steps {
    fn of(dialect: &Dialect, from: u64, to: u64, all: u64) -> Self {
        let Dialect {
            bytes,
            json,
            random,
            both,
            no,
        } = dialect;
        // The newest paid booking is the one to be copied: all past ones are older.
        let before = format!(
            "CREATE TEMP TABLE tb AS SELECT * FROM bookings
               WHERE status = 'confirmed' ORDER BY created_at DESC LIMIT 1;
             CREATE TEMP TABLE gb (i bigint, n bigint, show {bytes}, booking {bytes}, payment {bytes}, charge text,
               reference text, at_us bigint);"
        );
        let step = 7_200_000_000_i64;
        let last = starts_at(all / OF_A_SHOW, all);
        let back = all / OF_A_SHOW;
        let shows = to.div_ceil(OF_A_SHOW) - from / OF_A_SHOW;
        let seat = format!("2 * (gb.i % {OF_A_SHOW})");
        let after = format!(
            "CREATE TEMP TABLE gs AS SELECT n, show, {last} - (({back} - n) / {SCREENS}) * {step} AS starts_at
               FROM gb GROUP BY n, show;
             CREATE TEMP TABLE template AS SELECT s.* FROM shows AS s, tb
               WHERE s.theater = tb.theater AND s.show = tb.show;
             CREATE TEMP TABLE ts AS SELECT row_number() OVER (ORDER BY screen) - 1 AS s, screen
               FROM (SELECT DISTINCT s.screen FROM shows AS s, template AS t WHERE s.seat_map = t.seat_map) AS x;
             INSERT INTO shows (theater, show, external_id, movie, screen, seat_map, starts_at, ends_at, format, language,
                 subtitles, price_sheet, seats_total)
               SELECT t.theater, gs.show, 'past ' || gs.n, t.movie, ts.screen, t.seat_map, gs.starts_at,
                 gs.starts_at + (t.ends_at - t.starts_at), t.format, t.language, t.subtitles, t.price_sheet,
                 t.seats_total
               FROM gs CROSS JOIN template AS t JOIN ts ON ts.s = gs.n % {SCREENS} ORDER BY gs.show;
             INSERT INTO changes (kind, id, seq, deleted)
               SELECT 3, {both}, (SELECT position FROM sync_head) + 1 + gs.n - {first}, {no}
               FROM gs CROSS JOIN tb ORDER BY gs.show;
             UPDATE sync_head SET position = position + {shows};
             INSERT INTO show_state (theater, show, version, taken)
               SELECT tb.theater, gs.show, {OF_A_SHOW} + 1, 2 * {OF_A_SHOW} FROM gs CROSS JOIN tb ORDER BY gs.show;
             INSERT INTO seats (theater, show, seat, state, booking)
               SELECT tb.theater, gb.show, {seat} + x.one, 2, gb.booking
               FROM gb CROSS JOIN tb CROSS JOIN (SELECT 0 AS one UNION ALL SELECT 1) AS x ORDER BY gb.show, {seat} + x.one;
             INSERT INTO bookings (theater, booking, show, reference, status, version, \"user\", guest_email, caller, seats,
                 seat_count, total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions,
                 payment_deadline)
               SELECT tb.theater, gb.booking, gb.show, gb.reference, tb.status, tb.version, tb.\"user\",
                 'guest' || gb.i || '@example.org', tb.caller,
                 CAST(replace(replace(CAST(tb.seats AS text), '\"seat\":1,', '\"seat\":' || ({seat} + 1) || ','),
                   '\"seat\":0,', '\"seat\":' || ({seat}) || ',') AS {json}),
                 tb.seat_count, tb.total_minor, tb.currency, tb.lines, tb.advice, tb.test, gb.at_us, tb.held_at,
                 tb.expires_at, tb.extensions, tb.payment_deadline
               FROM gb CROSS JOIN tb ORDER BY gb.i;
             CREATE TEMP TABLE tp AS SELECT p.* FROM payments AS p, tb
               WHERE p.theater = tb.theater AND p.booking = tb.booking;
             INSERT INTO payments (theater, booking, payment, status, amount_minor, currency, captured_minor, refunded_minor,
                 gateway, method_token, method_label, gateway_ref, decline_reason, created_at, key_scope, key_body)
               SELECT tp.theater, gb.booking, gb.payment, tp.status, tp.amount_minor, tp.currency, tp.captured_minor,
                 tp.refunded_minor, tp.gateway, tp.method_token, tp.method_label, 'sandbox_' || gb.charge,
                 tp.decline_reason, gb.at_us, tp.key_scope, tp.key_body
               FROM gb CROSS JOIN tp ORDER BY gb.i;
             INSERT INTO tickets (theater, booking, seat, ticket, state, revision)
               SELECT tb.theater, gb.booking, {seat} + x.one, {random}, 'valid', 1
               FROM gb CROSS JOIN tb CROSS JOIN (SELECT 0 AS one UNION ALL SELECT 1) AS x ORDER BY gb.i, x.one;
             INSERT INTO sandbox_charges (charge, status, amount_minor, currency, method, refunded_minor, created_at)
               SELECT gb.charge, 'captured', tp.amount_minor, tp.currency, tp.method_token, 0, gb.at_us
               FROM gb CROSS JOIN tp ORDER BY gb.charge;",
            first = from / OF_A_SHOW,
        );
        Self { before, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn past_bookings_differ_in_all_that_must() {
        let rows: Vec<Past> = past([1; 16], 0, 1_000, 1_000).collect();
        let references: HashSet<&str> = rows.iter().map(|row| &*row.reference).collect();
        let shows: HashSet<[u8; 16]> = rows.iter().map(|row| row.show).collect();
        assert_eq!((references.len(), shows.len()), (1_000, 100));
        assert!(rows.iter().all(|row| {
            row.reference
                .parse::<matinee_domain::ids::Reference>()
                .is_ok()
        }));
    }
}
