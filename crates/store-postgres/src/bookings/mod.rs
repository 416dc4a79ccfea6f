//! Holds, steps and what is read about bookings: which of it goes through the lanes and which does not.
//!
//! `now` is always the caller's: a server on this engine takes it from the database's clock
//! ([`matinee_store::Maintenance::time`]), so that servers whose clocks differ agree on what has run out.

pub(crate) mod columns;
pub(crate) mod days;
mod finding;
pub(crate) mod read;
pub(crate) mod rows;

use crate::{
    PostgresStore,
    lanes::{Expire, Unit},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::ids::{BookingId, PaymentId, Reference, ShowId, UserId};
use matinee_store::{
    BookingStore, StoreError,
    bookings::{
        BookingFile, BookingRow, ChangeHold, HoldOutcome, HoldSeats, PaymentRow, RefundRow,
        SeatSnapshot, Step, StepOutcome,
    },
    idempotency::{IdempotencyKey, Lookup},
};
use std::collections::BTreeMap;

/// Holds freed by one unit; more would make its neighbours wait.
const EXPIRED_AT_ONCE: usize = 256;

#[async_trait]
impl BookingStore for PostgresStore {
    async fn hold_seats(&self, hold: HoldSeats) -> Result<HoldOutcome, StoreError> {
        let show = hold.booking.show_id;
        let unit = |reply| Unit::Hold(Box::new(hold), reply);
        self.lanes()?.run(show, unit).await
    }

    async fn change_hold(&self, change: ChangeHold) -> Result<HoldOutcome, StoreError> {
        let show = change.booking.show_id;
        let unit = |reply| Unit::Change(Box::new(change), reply);
        self.lanes()?.run(show, unit).await
    }

    async fn step(&self, step: Step) -> Result<StepOutcome, StoreError> {
        let show = step.show_id;
        let unit = |reply| Unit::Step(Box::new(step), reply);
        self.lanes()?.run(show, unit).await
    }

    async fn lookup(&self, key: IdempotencyKey) -> Result<Lookup, StoreError> {
        read::lookup(&self.connection().await?, &key).await
    }

    async fn booking(&self, booking_id: BookingId) -> Result<Option<BookingFile>, StoreError> {
        read::file(&self.connection().await?, booking_id).await
    }

    async fn booking_by_reference(
        &self,
        reference: Reference,
    ) -> Result<Option<BookingFile>, StoreError> {
        read::by_reference(&self.connection().await?, reference).await
    }

    async fn booking_of_payment(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<BookingFile>, StoreError> {
        read::of_payment(&self.connection().await?, payment_id).await
    }

    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        read::of_user(&self.connection().await?, user, before, limit).await
    }

    async fn seats(&self, show_id: ShowId) -> Result<Option<SeatSnapshot>, StoreError> {
        // Before it is read: a change that commits meanwhile is then told in a way that fits what will be read.
        self.told().begin_to_look(show_id);
        let mut look = self.look(show_id).await;
        let shared = look.as_mut().and_then(|look| look.found.pop());
        let found = match shared {
            Some((_, snapshot, _)) => Some(snapshot),
            None => read::seats(&self.connection().await?, show_id).await?,
        };
        if let (Some(look), Some(snapshot)) = (&look, &found)
            && !look.missing.is_empty()
        {
            look.offer(std::iter::once((show_id, snapshot)));
        }
        if let Some(snapshot) = &found {
            self.told().looked(show_id, snapshot.version);
        }
        Ok(found)
    }

    async fn expired_holds(
        &self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingRow>, StoreError> {
        read::expired(&self.connection().await?, now, limit).await
    }

    async fn expire_holds(
        &self,
        mut due: Vec<BookingId>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        due.sort_unstable();
        due.dedup();
        let mut by_show: BTreeMap<ShowId, Vec<BookingId>> = BTreeMap::new();
        let shows = read::shows_of(&self.connection().await?, &due).await?;
        for (booking, show) in shows {
            by_show.entry(show).or_default().push(booking);
        }
        let mut waiting = Vec::new();
        for (show, due) in by_show {
            for part in due.chunks(EXPIRED_AT_ONCE) {
                let due = part.to_vec();
                let unit = move |reply| Unit::Expire(Expire { show, due, now }, reply);
                waiting.push(self.lanes()?.run(show, unit));
            }
        }
        // All are asked before the first is waited for: those of one lane share a commit.
        let freed = futures_util::future::join_all(waiting).await;
        freed.into_iter().sum()
    }

    async fn unsettled(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        read::unsettled(&self.connection().await?, before, limit).await
    }

    async fn waiting(
        &self,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        every: TimeDelta,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        read::waiting(&self.connection().await?, (since, now, every), limit).await
    }

    async fn pending_refunds(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<RefundRow>, StoreError> {
        read::pending_refunds(&self.connection().await?, before, limit).await
    }

    async fn payments_of(
        &self,
        after: PaymentId,
        before: PaymentId,
        limit: u16,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        read::payments_of(&self.connection().await?, after, before, limit).await
    }

    async fn forget_records(&self, now: DateTime<Utc>, limit: u16) -> Result<usize, StoreError> {
        self.write(|conn| async move { read::forget(&conn, now, limit).await })
            .await
    }
}
