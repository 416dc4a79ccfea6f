//! Keeping the copy fresh: the catalog by cursor, then what belongs to the person or guest.
//!
//! Costs in proportion to the change: with nothing new, every request is answered 304.

use crate::{
    cache::has_tickets,
    client::{Client, Inner},
    error::{ClientError, ErrorKind},
    fresh::Status,
    http::Call,
};
use chrono::{DateTime, Duration as Days, Utc};
use matinee_api::{Booking, ProblemCode, SyncPage};
use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

/// While the server is heard, the copy is renewed this often.
const EVERY: Duration = Duration::from_mins(5);
/// While it is not, it is asked this often.
const PROBE_FIRST: Duration = Duration::from_secs(3);
const PROBE_LONGEST: Duration = Duration::from_secs(30);
/// Pages in one sync: more is a server that goes round in circles.
const MAX_PAGES: u32 = 20_000;
/// Pages of the person's history brought to the device.
const MAX_HISTORY_PAGES: u32 = 10;
/// Tickets stay on the device this long after the show.
const TICKETS_AFTER_SHOW: i64 = 30;

impl Client {
    /// Begins to keep the copy fresh by itself, for as long as the client lives. Does nothing the second time.
    pub fn start(&self) {
        if !self.inner.started.swap(true, Ordering::SeqCst) {
            tokio::spawn(keep_fresh(self.weak()));
        }
    }

    pub(crate) fn sync_soon(&self) {
        let client = self.clone();
        tokio::spawn(async move {
            if let Err(error) = client.sync().await {
                tracing::info!(%error, "the copy was not renewed");
            }
        });
    }

    /// Brings the copy up to date.
    pub async fn sync(&self) -> Result<(), ClientError> {
        let _one_at_a_time = self.inner.syncing.lock().await;
        self.sync_catalog().await?;
        self.sync_own().await
    }

    async fn sync_catalog(&self) -> Result<(), ClientError> {
        let cache = &self.inner.cache;
        let mut restarted = false;
        for _ in 0..MAX_PAGES {
            let cursor = cache.progress().await?.cursor;
            let answer = match self
                .inner
                .http
                .send(&Call::get("/sync").query("cursor", cursor.as_ref()))
                .await
            {
                Ok(answer) => answer,
                Err(error) if worthless(&error) && cursor.is_some() && !restarted => {
                    restarted = true;
                    cache.start_over().await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if answer.status != 304 {
                let page: Arc<SyncPage> = Arc::new(answer.json()?);
                cache.apply(page.clone()).await?;
                if page.more {
                    continue;
                }
            }
            let now = Utc::now();
            cache.note_synced(now).await?;
            cache.forget_shows_before(now - Days::days(1)).await?;
            return Ok(());
        }
        Err(ClientError::invalid_answer("The sync does not end.", None))
    }

    /// Profile, bookings and tickets, of the account and of the guest.
    async fn sync_own(&self) -> Result<(), ClientError> {
        match self.sync_account().await {
            // The session has ended, or there is no keyring to have one from; the rest is still to be had.
            Err(error) if error.status == Some(401) || error.kind == ErrorKind::Secrets => {}
            outcome => outcome?,
        }
        for id in self.inner.guests.bookings().await {
            match self.fetch_booking(id).await {
                Ok(booking) => self.bring_tickets(&booking).await?,
                Err(error) if matches!(error.status, Some(401 | 404)) => {
                    self.inner.cache.forget_booking(id).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn sync_account(&self) -> Result<(), ClientError> {
        if self.inner.access.tokens().await?.is_none() {
            return Ok(());
        }
        self.fetch_profile().await?;
        let Some(user) = self.inner.access.user().await else {
            return Ok(());
        };
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_HISTORY_PAGES {
            cursor = self.renew_bookings(user, cursor).await?;
            if cursor.is_none() {
                break;
            }
        }
        for kept in self.inner.cache.bookings(user.to_string()).await? {
            self.bring_tickets(&kept.booking).await?;
        }
        Ok(())
    }

    async fn bring_tickets(&self, booking: &Booking) -> Result<(), ClientError> {
        if !worth_bringing(booking, Utc::now()) {
            return Ok(());
        }
        let kept = self.inner.cache.tickets_version(booking.booking_id).await?;
        if kept != Some(booking.version) {
            self.fetch_tickets(booking.booking_id).await?;
        }
        Ok(())
    }
}

/// A cursor that the server does not take, or no longer.
fn worthless(error: &ClientError) -> bool {
    error.is(ProblemCode::CursorGone)
        || error.is(ProblemCode::MalformedCursor)
        || matches!(error.status, Some(400 | 410))
}

fn worth_bringing(booking: &Booking, now: DateTime<Utc>) -> bool {
    has_tickets(booking.status) && booking.show.end_time + Days::days(TICKETS_AFTER_SHOW) > now
}

async fn keep_fresh(inner: Weak<Inner>) {
    loop {
        let Some(client) = inner.upgrade().map(|inner| Client { inner }) else {
            return;
        };
        if let Err(error) = client.sync().await {
            tracing::info!(%error, "the copy was not renewed");
        }
        let status = client.status();
        drop(client);
        if !until_due(&inner, status).await {
            return;
        }
    }
}

/// Waits for a reason to sync: time has passed, or the server is heard again. False when the client is gone.
async fn until_due(inner: &Weak<Inner>, mut status: watch::Receiver<Status>) -> bool {
    let mut probe_pause = PROBE_FIRST;
    loop {
        let online = status.borrow_and_update().online;
        match timeout(if online { EVERY } else { probe_pause }, status.changed()).await {
            Ok(Err(_)) => return false,
            Ok(Ok(())) if status.borrow().online => return true,
            Ok(Ok(())) => {}
            Err(_) if online => return true,
            Err(_) => {
                let Some(inner) = inner.upgrade() else {
                    return false;
                };
                if inner.http.probe().await {
                    return true;
                }
                probe_pause = (probe_pause * 2).min(PROBE_LONGEST);
            }
        }
    }
}
