//! What runs by itself: freeing expired holds, finishing payments and refunds, watching the catalog, forgetting.
//!
//! Each job is a loop of bounded rounds that ends when the server drains. A failing round is logged and tried again
//! later; it never ends the job.

use crate::{app::App, mails};
use matinee_booking::{JobReport, SaleError};
use matinee_domain::limits;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Holds are freed within a second of running out.
const EXPIRE_EVERY: Duration = Duration::from_millis(500);
/// An import shows within a second.
const WATCH_EVERY: Duration = Duration::from_millis(400);
const RECOVER_EVERY: Duration = Duration::from_secs(5);
const DELIVER_EVERY: Duration = Duration::from_secs(1);
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// Idempotency records, and messages, forgotten in one round.
const FORGET_ROUND: u16 = 2000;

/// Starts every job.
pub fn start(app: &Arc<App>, tasks: &mut JoinSet<()>) {
    tasks.spawn(every(app.clone(), "expire", EXPIRE_EVERY, async |app| {
        let report = app.desk.expire().await?;
        app.metrics.holds_expired.add(report.done as u64);
        Ok(report)
    }));
    tasks.spawn(every(app.clone(), "payments", RECOVER_EVERY, async |app| {
        app.desk.recover_payments().await
    }));
    tasks.spawn(every(app.clone(), "refunds", RECOVER_EVERY, async |app| {
        app.desk.recover_refunds().await
    }));
    tasks.spawn(every(app.clone(), "watch", WATCH_EVERY, async |app| {
        app.catalog.watch().await?;
        Ok(JobReport::default())
    }));
    tasks.spawn(every(app.clone(), "outbox", DELIVER_EVERY, async |app| {
        mails::deliver(app, &app.mailer).await
    }));
    tasks.spawn(every(app.clone(), "forget", FORGET_EVERY, async |app| {
        let now = app.clock.now();
        let records = app.store.forget_records(now, FORGET_ROUND).await?;
        let messages = app
            .store
            .forget_messages(now - limits::MESSAGES_KEPT, FORGET_ROUND)
            .await?;
        Ok(JobReport {
            done: records + messages,
            failed: 0,
            more: records.max(messages) >= usize::from(FORGET_ROUND),
        })
    }));
}

async fn every<F>(app: Arc<App>, name: &'static str, pause: Duration, round: F)
where
    F: AsyncFn(&App) -> Result<JobReport, SaleError>,
{
    let mut quiet = true;
    loop {
        let more = match round(&app).await {
            Ok(report) => {
                quiet = true;
                report.more
            }
            Err(error) => {
                // Said once per outage, not twice a second.
                if quiet {
                    tracing::error!(job = name, %error, "a job failed and is tried again");
                }
                quiet = false;
                false
            }
        };
        if more && !app.draining.is_cancelled() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.draining.cancelled() => return,
        }
    }
}
