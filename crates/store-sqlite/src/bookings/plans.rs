//! Every statement whose cost must not grow with what is stored walks the index made for it.
//!
//! A statement that silently scans is right in every other test and ruins the engine in a year.

use super::{expire, gift, hold, promo, read, step};
use crate::migrations;
use rusqlite::Connection;

fn plan(conn: &Connection, sql: &str) -> String {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for parameter in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(parameter, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps.join("; ")
}

#[test]
fn hot_statements_walk_their_index() {
    let conn = Connection::open_in_memory().unwrap();
    migrations::apply(&conn).unwrap();
    let cases = [
        (
            hold::UNPAID,
            "USING INDEX bookings_unpaid (show=? AND caller=?)",
        ),
        (
            hold::EXPIRIES,
            "USING PRIMARY KEY (theater=? AND show=? AND caller=? AND at>?)",
        ),
        (step::LIVE, "USING INDEX payments_live (booking=?)"),
        (expire::EXPIRED, "USING INDEX bookings_held (expires_at<?)"),
        (
            expire::DUE,
            "USING INDEX sqlite_autoindex_bookings_1 (booking=?)",
        ),
        (promo::TO_BE_HAD, "USING PRIMARY KEY (theater=? AND code=?)"),
        (
            promo::PLACES,
            "USING PRIMARY KEY (theater=? AND code=? AND customer=?)",
        ),
        (
            promo::CUSTOMER,
            "USING COVERING INDEX promo_uses_by_booking (theater=? AND booking=?)",
        ),
        (gift::TO_BE_HAD, "USING PRIMARY KEY (theater=? AND card=?)"),
        (
            crate::gifts::BY_CODE,
            "USING INDEX gift_cards_by_digest (theater=? AND digest=?)",
        ),
        (
            crate::gifts::ENTRIES_OF,
            "USING INDEX gift_entries_of_payment (theater=? AND payment=?)",
        ),
        (
            read::OF_USER,
            "USING COVERING INDEX bookings_of_user (user=? AND (booking,theater)<(?,?))",
        ),
        (
            read::PENDING_REFUNDS,
            "USING INDEX refunds_pending (tried_at<?)",
        ),
        (
            read::PAYMENTS_OF,
            "USING INDEX payments_by_id (payment>? AND payment<?)",
        ),
        // Live payments are few: those of the last quarter of an hour.
        (read::UNSETTLED, "USING INDEX payments_live"),
        (read::WAITING, "USING INDEX payments_live"),
        (
            crate::outbox::TO_TELL,
            "USING INDEX sqlite_autoindex_bookings_1 (booking=?)",
        ),
        (
            crate::outbox::DUE,
            "USING INDEX messages_due (channel=? AND due_at<?)",
        ),
        (
            crate::outbox::DUE_IN_ORDER,
            "USING INDEX messages_due (channel=? AND due_at<?)",
        ),
        (
            crate::outbox::DUE_IN_ORDER,
            "SEARCH e USING PRIMARY KEY (booking=?",
        ),
        (
            crate::outbox::UNBEGUN,
            "USING INDEX messages_due (channel=? AND due_at>? AND due_at<?)",
        ),
        (
            crate::outbox::FOR_APP,
            "USING INDEX messages_for_app (recipient=?)",
        ),
        (
            crate::outbox::SHOWN,
            "USING INDEX messages_pending (message=?)",
        ),
        (
            crate::door::BOOKING_OF_TICKET,
            "SEARCH t USING PRIMARY KEY (booking=?)",
        ),
        (
            crate::door::ENTRIES_OF_TICKET,
            "USING INDEX ticket_scans_in (theater=? AND ticket=?)",
        ),
        (crate::outbox::PENDING_OF, "USING PRIMARY KEY (booking=?"),
        (
            crate::outbox::OLD_SENT,
            "USING COVERING INDEX messages_sent_at (sent_at<?)",
        ),
        (
            crate::outbox::OLD_FAILED,
            "USING COVERING INDEX messages_failed (created_at<?)",
        ),
        (
            crate::outbox::LEASE,
            "USING INDEX messages_pending (message=?)",
        ),
    ];
    for (sql, wanted) in cases {
        let plan = plan(&conn, sql);
        assert!(plan.contains(wanted), "{sql}\nis done by {plan}");
    }
}

/// The same plans hold once statistics are there, also misleading ones.
#[test]
fn statistics_do_not_change_the_plans() {
    let conn = Connection::open_in_memory().unwrap();
    migrations::apply(&conn).unwrap();
    conn.execute_batch("ANALYZE").unwrap();
    assert!(plan(&conn, hold::UNPAID).contains("bookings_unpaid"));
    assert!(plan(&conn, expire::EXPIRED).contains("bookings_held"));
    assert!(plan(&conn, step::LIVE).contains("payments_live"));
}

/// Checks and conditions of indexes are looked at for every row written; none makes a table of its own for that, as
/// `IN` with three values does.
#[test]
fn rows_are_written_without_tables_on_the_side() {
    let conn = Connection::open_in_memory().unwrap();
    migrations::apply(&conn).unwrap();
    for (table, column) in [
        ("seats", "state"),
        ("bookings", "status"),
        ("payments", "status"),
        ("tickets", "state"),
        ("messages", "status"),
        ("sandbox_charges", "status"),
    ] {
        let sql = format!("EXPLAIN INSERT INTO {table} ({column}) VALUES (?1)");
        let mut steps = conn.prepare(&sql).unwrap();
        let steps: Vec<String> = steps
            .query_map([1], |row| row.get(1))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(steps.iter().any(|step| step == "MakeRecord"), "{sql}");
        assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{sql}");
    }
}
