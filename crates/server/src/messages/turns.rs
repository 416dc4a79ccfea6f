//! Whose turn it is: messages of one medium leave side by side, and a recipient who dawdles takes few of the places.
//!
//! Each medium has turns of its own, so that a slow one holds up none of the others. What was claimed for a recipient with
//! all their places taken waits here for a moment, and goes back to the outbox unharmed when that is not enough.
//!
//! An outlet gets the events of one booking one after the other, and those of different bookings side by side.

use super::{LEASE, channels::Gate, computers::WAITS, one};
use crate::app::App;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{JobReport, SaleError};
use matinee_integrations::channels::Medium;
use matinee_store::{StoreError, outbox::ClaimedMessage};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};

/// Messages of one medium under way at a time.
const PLACES: usize = 16;
/// Those to one recipient: an integrator whose server lets requests run out holds up the integrator's own.
const PLACES_EACH: usize = 4;
/// Places that have to be free before more are claimed: not every message is worth a look of its own.
const CLAIM_AT_LEAST: usize = 4;
/// Messages claimed for recipients whose places are taken.
const WAITING: usize = 64;
/// How long one waits so. What is left of its claim is enough to send it.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
/// When it may be claimed again after that.
const BACK: TimeDelta = TimeDelta::seconds(30);
/// While some are under way it is looked this often whether others are due.
const LOOK: Duration = Duration::from_secs(1);

struct Waiting {
    claimed: ClaimedMessage,
    since: DateTime<Utc>,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    /// Places taken, by recipient.
    taken: BTreeMap<String, usize>,
    /// Places one recipient may take.
    each: usize,
}

impl Queue {
    fn of(medium: Medium) -> Self {
        Self {
            waiting: VecDeque::new(),
            taken: BTreeMap::new(),
            // An outlet is one recipient for all.
            each: if medium.is_outlet() {
                PLACES
            } else {
                PLACES_EACH
            },
        }
    }

    /// The first whose recipient has a place left, which it takes.
    fn next(&mut self) -> Option<Waiting> {
        let free = |waiting: &Waiting| {
            let taken = self.taken.get(&waiting.claimed.message.recipient);
            taken.is_none_or(|taken| *taken < self.each)
        };
        let at = self.waiting.iter().position(free)?;
        let next = self.waiting.remove(at)?;
        let recipient = next.claimed.message.recipient.clone();
        *self.taken.entry(recipient).or_default() += 1;
        Some(next)
    }

    fn done(&mut self, recipient: &str) {
        if let Some(taken) = self.taken.get_mut(recipient) {
            *taken -= 1;
            if *taken == 0 {
                self.taken.remove(recipient);
            }
        }
    }
}

/// Delivers what is due on one medium, until nothing is.
pub async fn deliver(app: &Arc<App>, medium: Medium) -> Result<JobReport, SaleError> {
    let mut report = JobReport::default();
    let mut queue = Queue::of(medium);
    // Tasks of their own: each may hold a connection of the database, and has to go on while this waits for another one.
    let mut under_way = JoinSet::new();
    let mut failed: Option<StoreError> = None;
    let mut look = true;
    loop {
        let places = places(app, medium, under_way.len(), queue.waiting.len());
        if look && failed.is_none() && places > 0 && !app.draining.is_cancelled() {
            match claim(app, medium, places, &mut queue).await {
                Ok(claimed) => look = claimed == places,
                Err(error) => failed = Some(error),
            }
        }
        if app.draining.is_cancelled() {
            // Their claims run out, and another server or the next start takes them.
            queue.waiting.clear();
        }
        while under_way.len() < PLACES
            && let Some(next) = queue.next()
        {
            let app = Arc::clone(app);
            under_way.spawn(async move { turn(&app, next).await });
        }
        // What was begun is seen through: given up, it would be sent twice.
        match timeout(LOOK, under_way.join_next()).await {
            Err(_) => look = true,
            Ok(None) => break,
            // It panicked: its claim runs out, and it is tried again.
            Ok(Some(Err(error))) => {
                tracing::error!(%error, medium = medium.name(), "a delivery broke off");
                report.failed += 1;
            }
            Ok(Some(Ok((recipient, outcome)))) => {
                queue.done(&recipient);
                match outcome {
                    Ok(true) => {
                        report.done += 1;
                        // The booking's next event may go now.
                        look |= medium.is_outlet();
                    }
                    Ok(false) => report.failed += 1,
                    Err(error) => failed = Some(error),
                }
            }
        }
    }
    failed.map_or(Ok(report), |error| Err(error.into()))
}

/// How many may be claimed now.
fn places(app: &App, medium: Medium, under_way: usize, waiting: usize) -> usize {
    let free = (PLACES - under_way).min(WAITING - waiting);
    match app.channels.gate(medium, app.clock.now()) {
        Gate::Open if free >= CLAIM_AT_LEAST => free,
        Gate::Ajar if under_way + waiting == 0 => 1,
        _ => 0,
    }
}

/// Claims up to so many; how many there were.
async fn claim(
    app: &App,
    medium: Medium,
    places: usize,
    queue: &mut Queue,
) -> Result<usize, StoreError> {
    let now = app.clock.now();
    // What an app fetches itself is taken up only once it was of no use for anybody any more.
    let since = match medium {
        Medium::App => now - WAITS,
        _ => now,
    };
    let (store, name, places) = (&app.store, medium.name(), places as u16);
    let claimed = if medium.is_outlet() {
        store.claim_messages_in_order(name, since, since + LEASE, places)
    } else {
        store.claim_messages(name, since, since + LEASE, places)
    };
    let claimed = claimed.await?;
    let count = claimed.len();
    let waiting = claimed.into_iter();
    queue.waiting.extend(waiting.map(|claimed| Waiting {
        claimed,
        since: now,
    }));
    Ok(count)
}

/// Sends one, or gives it back when it waited too long; false when it did not go out.
async fn turn(app: &App, next: Waiting) -> (String, Result<bool, StoreError>) {
    let recipient = next.claimed.message.recipient.clone();
    let now = app.clock.now();
    if now < next.since + PATIENCE {
        return (recipient, one(app, &next.claimed).await);
    }
    let id = next.claimed.message.notification_id;
    let why = "others to the same recipient take long".to_owned();
    let back = app.store.message_postponed(id, now + BACK, why).await;
    (recipient, back.map(|()| false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_domain::ids::NotificationId;
    use matinee_store::outbox::NewMessage;

    fn to(recipient: &str) -> Waiting {
        let message = NewMessage {
            notification_id: NotificationId::from_bytes([1; 16]),
            booking_id: None,
            kind: "confirmation".into(),
            channel: "webhook".into(),
            recipient: recipient.into(),
            payload: "{}".into(),
            created_at: DateTime::UNIX_EPOCH,
        };
        Waiting {
            claimed: ClaimedMessage {
                message,
                attempt: 1,
            },
            since: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_recipient_takes_few_of_the_places() {
        let mut queue = Queue::of(Medium::Webhook);
        queue.waiting.extend((0..20).map(|_| to("slow")));
        queue.waiting.push_back(to("fast"));
        let mut next = || queue.next().map(|next| next.claimed.message.recipient);
        for _ in 0..PLACES_EACH {
            assert_eq!(next().as_deref(), Some("slow"));
        }
        assert_eq!(next().as_deref(), Some("fast"));
        assert_eq!(next(), None);
        queue.done("slow");
        assert!(queue.next().is_some());
        assert!(queue.next().is_none());
        for _ in 0..PLACES_EACH {
            queue.done("slow");
        }
        queue.done("fast");
        assert!(queue.taken.is_empty());
    }
}
