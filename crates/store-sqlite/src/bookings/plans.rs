//! Every statement whose cost must not grow with what is stored walks the index made for it.
//!
//! A statement that silently scans is right in every other test and ruins the engine in a year.

use super::{expire, hold, read, step};
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
            "USING INDEX bookings_unpaid (theater=? AND show=? AND caller=?)",
        ),
        (
            hold::EXPIRIES,
            "USING PRIMARY KEY (theater=? AND show=? AND caller=? AND at>?)",
        ),
        (
            step::LIVE,
            "USING INDEX payments_live (theater=? AND booking=?)",
        ),
        (expire::EXPIRED, "USING INDEX bookings_held (expires_at<?)"),
        (expire::DUE, "USING PRIMARY KEY (theater=? AND booking=?)"),
        (
            read::OF_USER,
            "USING COVERING INDEX bookings_of_user (user=? AND (booking,theater)<(?,?))",
        ),
        (
            read::PENDING_REFUNDS,
            "USING INDEX refunds_pending (tried_at<?)",
        ),
        // Live payments are few: those of the last quarter of an hour.
        (read::UNSETTLED, "USING INDEX payments_live"),
        (crate::outbox::DUE, "USING INDEX messages_due (due_at<?)"),
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
