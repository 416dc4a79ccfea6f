//! `verify` on a database that is wrong: the program says so, names the invariant, and exits 1.

use matinee_tests::{Server, server};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

/// What is planted, the SQL, and a word of what must be said.
const PLANTED: [(&str, &str); 10] = [
    ("a show counts one seat too many", "UPDATE show_state SET taken = taken + 1 WHERE taken > 0"),
    (
        "a seat is sold to a second booking",
        "UPDATE bookings SET seats = (SELECT seats FROM bookings b WHERE b.status = 'confirmed' ORDER BY reference LIMIT 1)
         WHERE reference = (SELECT max(reference) FROM bookings WHERE status = 'confirmed')",
    ),
    ("a ticket is lost", "DELETE FROM tickets WHERE ticket = (SELECT min(ticket) FROM tickets WHERE state = 'valid')"),
    ("a cancelled seat's ticket is lost", "DELETE FROM tickets WHERE state = 'void'"),
    ("more went back than was captured", "UPDATE refunds SET amount_minor = amount_minor + 100000"),
    ("the payment says another refund than its rows", "UPDATE payments SET refunded_minor = 1 WHERE refunded_minor = 0 AND captured_minor > 0"),
    ("a sold seat's row is gone", "DELETE FROM seats WHERE (theater, show, seat) = (SELECT theater, show, seat FROM seats WHERE state = 2 LIMIT 1)"),
    ("a sold seat is only held", "UPDATE seats SET state = 1 WHERE (theater, show, seat) = (SELECT theater, show, seat FROM seats WHERE state = 2 LIMIT 1)"),
    ("the bank never heard of a charge", "DELETE FROM sandbox_refunds; DELETE FROM sandbox_charges WHERE charge = (SELECT min(charge) FROM sandbox_charges)"),
    ("a booking's total is not its seats' sum", "UPDATE bookings SET total_minor = total_minor + 1 WHERE status = 'confirmed'"),
];

fn plant(path: &Path, sql: &str) -> usize {
    let conn = Connection::open(path).unwrap();
    // As damage would: past every check and trigger.
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        .unwrap();
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut definitions = Vec::new();
    for trigger in &triggers {
        let sql: String = conn
            .query_row(
                "SELECT sql FROM sqlite_master WHERE name = ?1",
                [trigger],
                |row| row.get(0),
            )
            .unwrap();
        definitions.push(sql);
        conn.execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    conn.execute_batch(sql).unwrap();
    let changed = conn.total_changes() as usize;
    for definition in definitions {
        conn.execute_batch(&definition).unwrap();
    }
    changed
}

#[tokio::test]
async fn every_planted_corruption_is_found_by_the_command() {
    let mut server = Server::demo().unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    let show = show["show_id"].as_str().unwrap();
    for _ in 0..3 {
        caller.buy(show, 2).await;
    }
    caller.hold(show, 1).await;
    let (booking, guest) = caller.buy(show, 3).await;
    let one = json!({ "seat_ids": [booking["seats"][0]["seat_id"]] });
    guest
        .post(
            &format!("/cancel/{}", booking["booking_id"].as_str().unwrap()),
            one,
        )
        .await
        .expect(200);
    let sound = server.folder().join("sound.db");
    // Refunds go to the bank in the background: verify says when everything is settled.
    server.stop().unwrap();
    let (status, report) = server::run(server.folder(), &["verify"]).unwrap();
    assert!(status.success(), "sound before: {report}");
    let (status, words) =
        server::run(server.folder(), &["backup", &sound.to_string_lossy()]).unwrap();
    assert!(status.success(), "{words}");
    for (what, sql) in PLANTED {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matinee.db");
        std::fs::copy(&sound, &path).unwrap();
        assert!(plant(&path, sql) > 0, "{what}: nothing was planted");
        let (status, report) = server::run(folder.path(), &["verify"]).unwrap();
        assert_eq!(status.code(), Some(1), "{what}: {report}");
        let named: Vec<&str> = report
            .lines()
            .filter(|line| line.starts_with("BROKEN "))
            .collect();
        assert!(!named.is_empty(), "{what}: {report}");
        println!("{what}: {}", named[0]);
    }
}
