//! The embedded engine's writer against a raw group commit of the same rows into copies of the same database.

mod raw;
mod rows;

use crate::{
    args::Extent,
    database::Database,
    failure::{Failure, expect},
    proc,
    report::Report,
    stats,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use matinee_store::{
    BookingStore, Maintenance,
    bookings::{HoldOutcome, HoldSeats},
    feed::NoFeed,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use rusqlite::Connection;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// A commit of the raw side, and the callers that wait at a time on the other: while one half of them waits for a
/// commit, the other half queues up for the next.
const SIZES: [(usize, usize); 2] = [(128, 256), (512, 1024)];

/// Returns the CPU of raw row work per booking in microseconds, 512 to a commit.
pub async fn measure(
    template: &Path,
    folder: &Path,
    answer: &Bytes,
    extent: &Extent,
    report: &mut Report,
) -> Result<f64, Failure> {
    let mut raw_cpu_us = 0.0;
    for (per_commit, callers) in SIZES {
        let (mut ratios, mut ours, mut raws, mut cpu) = (vec![], vec![], vec![], vec![]);
        for round in 0..extent.commit_rounds {
            let path = folder.join(format!("commit-{per_commit}-{round}.db"));
            let holds = rows::holds(template, extent.commit_bookings, answer)?;
            std::fs::copy(template, &path)?;
            let cpu_before = proc::cpu(std::process::id())?;
            let raw = raw::write(&path, &holds, per_commit)?;
            let took = proc::cpu_since(std::process::id(), cpu_before)?;
            check(&path, holds.len())?;
            Database::Sqlite(path.clone()).remove()?;

            std::fs::copy(template, &path)?;
            let many = holds.len();
            let own = through_the_store(&path, holds, callers).await?;
            check(&path, many)?;
            Database::Sqlite(path.clone()).remove()?;

            let per_second = |time: Duration| many as f64 / time.as_secs_f64();
            ratios.push(per_second(own) / per_second(raw));
            ours.push(per_second(own));
            raws.push(per_second(raw));
            cpu.push(took.as_secs_f64() * 1e6 / many as f64);
        }
        let note = format!(
            "{callers} callers in-process, same rows ({} bytes of kept answer); {:.0} against {:.0} bookings/s",
            answer.len(),
            stats::median(&ours),
            stats::median(&raws)
        );
        report.add(
            &format!("writer_over_raw_{per_commit}"),
            &format!("the writer ÷ raw group commit, {per_commit} bookings per commit"),
            stats::median(&ratios),
            "",
            Some("≥ 0.8"),
            &note,
        );
        raw_cpu_us = stats::median(&cpu);
    }
    Ok(raw_cpu_us)
}

async fn through_the_store(
    path: &Path,
    holds: Vec<HoldSeats>,
    callers: usize,
) -> Result<Duration, Failure> {
    let store = SqliteStore::open(OpenOptions {
        path: path.to_owned(),
        feed: Arc::new(NoFeed),
    })?;
    let expected = holds.len() as u64;
    let mut held = 0;
    let began = Instant::now();
    let mut outcomes = stream::iter(holds)
        .map(|hold| store.hold_seats(hold))
        .buffer_unordered(callers);
    while let Some(outcome) = outcomes.next().await {
        held += u64::from(matches!(outcome?, HoldOutcome::Held { .. }));
    }
    let took = began.elapsed();
    drop(outcomes);
    store.close().await;
    expect("holds through the store", expected, held)?;
    Ok(took)
}

/// Every row is there.
fn check(path: &Path, holds: usize) -> Result<(), Failure> {
    let conn = Connection::open(path)?;
    let holds = holds as u64;
    for (what, sql, expected) in [
        ("bookings", "SELECT count(*) FROM bookings", holds),
        ("seats", "SELECT count(*) FROM seats", holds * 2),
        (
            "taken seats",
            "SELECT sum(taken) FROM show_state",
            holds * 2,
        ),
        ("kept answers", "SELECT count(*) FROM idempotency", holds),
    ] {
        let found: i64 = conn.query_row(sql, [], |row| row.get(0))?;
        expect(what, expected, found as u64)?;
    }
    Ok(())
}
