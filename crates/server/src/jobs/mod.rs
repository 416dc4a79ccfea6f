//! What runs by itself: freeing expired holds, finishing payments and refunds, watching the catalog, sending
//! messages, forgetting.
//!
//! Each job is a loop of bounded rounds that ends when the server drains. A failing round is logged and tried again
//! later; it never ends the job. Of several servers on one database one does the work that needs doing once: it holds
//! a lease on the job, and another takes over when it falls silent. What every server must do for itself has none.

use crate::{app::App, messages};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{JobReport, SaleError};
use matinee_domain::limits;
use matinee_integrations::channels::Medium;
use matinee_store::StoreError;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Holds are freed within a second of running out.
const EXPIRE_EVERY: Duration = Duration::from_millis(500);
/// An import shows within a second.
const WATCH_EVERY: Duration = Duration::from_millis(400);
/// Who looks at a cancelled show's progress sees it move.
const END_SHOWS_EVERY: Duration = Duration::from_secs(1);
const RECOVER_EVERY: Duration = Duration::from_secs(5);
const DELIVER_EVERY: Duration = Duration::from_secs(1);
/// Both go by hours; a moved show is told within seconds.
const TELL_MOVES_EVERY: Duration = Duration::from_secs(2);
const REMIND_EVERY: Duration = Duration::from_mins(1);
/// The gateway's list is compared with our books once an hour, from somewhat before the last time on, whichever server that
/// was. Whether it is time is looked at more often, so that a new server goes on where one that is gone left off.
const LOOK_WHETHER_TO_RECONCILE: Duration = Duration::from_mins(5);
const RECONCILE_EVERY: TimeDelta = TimeDelta::hours(1);
const RECONCILE_BACK: TimeDelta = TimeDelta::hours(3);
/// Nobody compared for longer than this: the rest is for `reconcile` by hand.
const RECONCILE_AT_MOST: TimeDelta = TimeDelta::days(7);
/// The note that says when it was done, in seconds since 1970.
const RECONCILED: &str = "reconciled";
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// Idempotency records, and messages, forgotten in one round.
const FORGET_ROUND: u16 = 2000;

/// A server that is silent for so many pauses of a job loses it, but not before so long.
const PAUSES_MISSED: u32 = 3;
const LEASE_AT_LEAST: Duration = Duration::from_secs(2);
const SET_CLOCK_EVERY: Duration = Duration::from_secs(3);

/// Starts every job.
pub fn start(app: &Arc<App>, tasks: &mut JoinSet<()>) {
    tasks.spawn(every(
        By::One,
        app.clone(),
        "expire",
        EXPIRE_EVERY,
        async |app| {
            let report = app.desk.expire().await?;
            app.metrics.holds_expired.add(report.done as u64);
            Ok(report)
        },
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "payments",
        RECOVER_EVERY,
        async |app| app.desk.recover_payments().await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "refunds",
        RECOVER_EVERY,
        async |app| app.desk.recover_refunds().await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "cancelled shows",
        END_SHOWS_EVERY,
        async |app| app.desk.end_cancelled_shows().await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "moved shows",
        END_SHOWS_EVERY,
        async |app| app.desk.end_moved_shows().await,
    ));
    if app
        .desk
        .gateway
        .as_ref()
        .is_some_and(|g| g.health().is_some())
    {
        tasks.spawn(every(
            By::One,
            app.clone(),
            "reconcile",
            LOOK_WHETHER_TO_RECONCILE,
            async |app| reconcile(app).await,
        ));
    }
    tasks.spawn(every(
        By::Each,
        app.clone(),
        "watch",
        WATCH_EVERY,
        async |app| {
            app.catalog.watch().await?;
            Ok(JobReport::default())
        },
    ));
    if app.database_clock.is_some() {
        tasks.spawn(every(
            By::Each,
            app.clone(),
            "clock",
            SET_CLOCK_EVERY,
            async |app| {
                if let Some(clock) = &app.database_clock {
                    clock.set(&*app.store).await?;
                }
                Ok(JobReport::default())
            },
        ));
    }
    // Messages are claimed one by one, so several servers share them.
    for medium in Medium::ALL {
        // What waits for an outlet that is named no more waits until it is named again.
        if medium.is_outlet() && !app.channels.has(medium) {
            continue;
        }
        tasks.spawn(every(
            By::Each,
            app.clone(),
            outbox_of(medium),
            // Apps fetch their messages themselves: here only those are dropped that none fetched.
            if medium == Medium::App {
                FORGET_EVERY
            } else {
                DELIVER_EVERY
            },
            async move |app| messages::deliver(app, medium).await,
        ));
    }
    tasks.spawn(every(
        By::Each,
        app.clone(),
        "apps",
        DELIVER_EVERY,
        async |app| messages::computers::look(app).await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "ahead",
        DELIVER_EVERY,
        async |app| messages::go_ahead(app).await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "moves",
        TELL_MOVES_EVERY,
        async |app| messages::planned::tell_moves(app).await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "reminders",
        REMIND_EVERY,
        async |app| messages::planned::remind(app).await,
    ));
    tasks.spawn(every(
        By::One,
        app.clone(),
        "forget",
        FORGET_EVERY,
        async |app| {
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
        },
    ));
}

/// What the log calls the delivery on a medium.
const fn outbox_of(medium: Medium) -> &'static str {
    match medium {
        Medium::Email => "outbox of mail",
        Medium::Sms => "outbox of sms",
        Medium::WebPush => "outbox of web push",
        Medium::Fcm => "outbox of fcm",
        Medium::Apns => "outbox of apns",
        Medium::App => "outbox of apps",
        Medium::Webhook => "outbox of webhooks",
        Medium::Kafka => "outbox of kafka",
        Medium::Nats => "outbox of nats",
        Medium::Sqs => "outbox of sqs",
    }
}

/// From when on to compare now, if it is time.
fn reconcile_from(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Some(last) = last.filter(|last| *last <= now) else {
        return Some(now - RECONCILE_BACK);
    };
    let due = now - last >= RECONCILE_EVERY;
    due.then(|| last.max(now - RECONCILE_AT_MOST) - RECONCILE_BACK)
}

/// Compares the last hours with the gateway's list; each difference is an error in the log and counts in a metric.
async fn reconcile(app: &App) -> Result<JobReport, SaleError> {
    let now = app.clock.now();
    let last = app.store.note(RECONCILED).await?;
    let last = last.and_then(|text| DateTime::from_timestamp(text.parse().ok()?, 0));
    let Some(from) = reconcile_from(last, now) else {
        return Ok(JobReport::default());
    };
    let theaters = app.store.theaters().await?;
    let theaters: Vec<_> = theaters.iter().map(|theater| theater.theater_id).collect();
    let compared = app.desk.reconcile(&theaters, from, now).await?;
    let Some(compared) = compared else {
        return Ok(JobReport::default());
    };
    for difference in &compared.differences {
        tracing::error!("our books and the gateway's differ: {difference}");
    }
    app.metrics
        .books_differ
        .set(compared.differences.len() as i64);
    let done = now.timestamp().to_string();
    app.store.set_note(RECONCILED, &done).await?;
    Ok(JobReport {
        done: compared.payments,
        ..JobReport::default()
    })
}

/// Who does a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Every server for itself.
    Each,
    /// One server for all: whoever holds the lease.
    One,
}

impl By {
    /// Whether it is ours to do now.
    async fn is_us(self, app: &App, job: &str, pause: Duration) -> Result<bool, StoreError> {
        if self == Self::Each {
            return Ok(true);
        }
        let lasting = (pause * PAUSES_MISSED).max(LEASE_AT_LEAST);
        let lasting = TimeDelta::from_std(lasting).unwrap_or(TimeDelta::MAX);
        app.store.lease(job, app.server_id, lasting).await
    }
}

async fn every<F>(by: By, app: Arc<App>, name: &'static str, pause: Duration, round: F)
where
    F: AsyncFn(&Arc<App>) -> Result<JobReport, SaleError>,
{
    let mut quiet = true;
    loop {
        let done = match by.is_us(&app, name, pause).await {
            Ok(true) => round(&app).await,
            Ok(false) => Ok(JobReport::default()),
            Err(error) => Err(error.into()),
        };
        let more = match done {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is left out when a server goes and another comes, whatever the time of the last comparison.
    #[test]
    fn a_comparison_begins_where_the_last_one_ended() {
        let now = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
        let ago = |minutes| now - TimeDelta::minutes(minutes);
        assert_eq!(reconcile_from(None, now), Some(now - RECONCILE_BACK));
        assert_eq!(reconcile_from(Some(ago(59)), now), None);
        for minutes in [60, 230, 5000] {
            let from = reconcile_from(Some(ago(minutes)), now);
            assert_eq!(from, Some(ago(minutes) - RECONCILE_BACK), "{minutes}");
        }
        let long = reconcile_from(Some(ago(100_000)), now);
        assert_eq!(long, Some(now - RECONCILE_AT_MOST - RECONCILE_BACK));
        // A clock that was ahead once does not stop it.
        let ahead = reconcile_from(Some(ago(-60)), now);
        assert_eq!(ahead, Some(now - RECONCILE_BACK));
    }
}
