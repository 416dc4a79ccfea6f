//! Every invariant of the database, each with a name and the rows that break it.
//!
//! All checks look at one snapshot, beside a live server, and say what is wrong without repairing anything. A check is
//! a statement that finds broken rows, or a short walk where SQL would be obscure. What is in flight (a payment being
//! asked of the gateway, a hold the reaper is about to free) is not broken; each check says how it leaves that out.

mod structure;

use crate::failure::OrStoreError as _;
use chrono::{DateTime, Utc};
use matinee_store::{
    StoreError,
    verify::{VerifyReport, Violation},
};
use rusqlite::{Connection, ToSql};

/// Violations reported at most, and of one invariant at most: the first rows tell the story.
const REPORTED: usize = 1_000;
const REPORTED_PER_CHECK: usize = 100;

/// The report being made.
pub(super) struct Checks<'c> {
    conn: &'c Connection,
    now: DateTime<Utc>,
    report: VerifyReport,
}

impl Checks<'_> {
    /// Notes that an invariant was looked at.
    fn checked(&mut self, invariant: &'static str, rows: u64) {
        self.report.checked.push((invariant, rows));
    }

    /// Checks by statement: `count` says how many rows are looked at, `broken` finds those that break the invariant and
    /// puts each in words.
    fn rows(
        &mut self,
        invariant: &'static str,
        count: &str,
        broken: &str,
    ) -> Result<(), StoreError> {
        self.rows_with(invariant, count, broken, &[])
    }

    /// The same with parameters for the second statement.
    fn rows_with(
        &mut self,
        invariant: &'static str,
        count: &str,
        broken: &str,
        params: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        let conn = self.conn;
        let looked_at: i64 = conn.query_row(count, [], |row| row.get(0)).db()?;
        self.checked(invariant, looked_at.unsigned_abs());
        let mut statement = conn.prepare(broken).db()?;
        let mut rows = statement.query(params).db()?;
        let mut found = 0;
        while let Some(row) = rows.next().db()? {
            self.broken(invariant, row.get(0).db()?);
            found += 1;
            if found == REPORTED_PER_CHECK {
                break;
            }
        }
        Ok(())
    }

    /// Notes a broken row.
    fn broken(&mut self, invariant: &'static str, row: String) {
        let same = self
            .report
            .violations
            .iter()
            .filter(|v| v.invariant == invariant)
            .count();
        if same < REPORTED_PER_CHECK && self.report.violations.len() < REPORTED {
            self.report.violations.push(Violation { invariant, row });
        }
    }
}

/// Checks everything.
pub(super) fn verify(conn: &Connection, now: DateTime<Utc>) -> Result<VerifyReport, StoreError> {
    let snapshot = conn.unchecked_transaction().db()?;
    let mut checks = Checks {
        conn: &snapshot,
        now,
        report: VerifyReport::default(),
    };
    structure::check(&mut checks)?;
    let report = checks.report;
    snapshot.commit().db()?;
    Ok(report)
}
