//! Holds, steps and what is read about bookings.
//!
//! A file per unit of work, each checking everything before its first write. When a seat turns out to be taken half
//! way, what was claimed before it is given back in the same unit, so a refusal leaves no trace.

mod change;
pub(crate) mod days;
mod expire;
mod finding;
pub(crate) mod gift;
mod hold;
pub(crate) mod idempotency;
mod insert;
#[cfg(test)]
mod plans;
mod promo;
pub(crate) mod read;
mod rows;
mod seats;
mod step;

pub(crate) use rows::ticket_at;

use crate::SqliteStore;
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

/// Holds freed by one unit; more would make its neighbours wait.
const EXPIRED_AT_ONCE: usize = 256;

#[async_trait]
impl BookingStore for SqliteStore {
    async fn hold_seats(&self, hold: HoldSeats) -> Result<HoldOutcome, StoreError> {
        self.write(move |tx| hold::hold(tx, &hold)).await
    }

    async fn change_hold(&self, change: ChangeHold) -> Result<HoldOutcome, StoreError> {
        self.write(move |tx| change::change(tx, &change)).await
    }

    async fn step(&self, step: Step) -> Result<StepOutcome, StoreError> {
        self.write(move |tx| step::step(tx, &step)).await
    }

    async fn lookup(&self, key: IdempotencyKey) -> Result<Lookup, StoreError> {
        self.read_here(|conn| idempotency::lookup(conn, &key)).await
    }

    async fn booking(&self, booking_id: BookingId) -> Result<Option<BookingFile>, StoreError> {
        self.read_here(|conn| read::snapshot(conn, |conn| read::file(conn, booking_id)))
            .await
    }

    async fn booking_by_reference(
        &self,
        reference: Reference,
    ) -> Result<Option<BookingFile>, StoreError> {
        self.read_here(|conn| read::snapshot(conn, |conn| read::by_reference(conn, reference)))
            .await
    }

    async fn booking_of_payment(
        &self,
        payment_id: PaymentId,
    ) -> Result<Option<BookingFile>, StoreError> {
        self.read_here(|conn| read::snapshot(conn, |conn| read::of_payment(conn, payment_id)))
            .await
    }

    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<BookingId>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        self.read(move |conn| read::snapshot(conn, |conn| read::of_user(conn, user, before, limit)))
            .await
    }

    async fn seats(&self, show_id: ShowId) -> Result<Option<SeatSnapshot>, StoreError> {
        self.read_here(|conn| read::snapshot(conn, |conn| read::seats(conn, show_id)))
            .await
    }

    async fn expired_holds(
        &self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingRow>, StoreError> {
        self.read(move |conn| expire::expired(conn, now, limit))
            .await
    }

    async fn expire_holds(
        &self,
        due: Vec<BookingId>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut freed = 0;
        for part in due.chunks(EXPIRED_AT_ONCE) {
            let part = part.to_vec();
            freed += self.write(move |tx| expire::expire(tx, &part, now)).await?;
        }
        Ok(freed)
    }

    async fn unsettled(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        self.read(move |conn| read::snapshot(conn, |conn| read::unsettled(conn, before, limit)))
            .await
    }

    async fn waiting(
        &self,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        every: TimeDelta,
        limit: u16,
    ) -> Result<Vec<BookingFile>, StoreError> {
        let turn = (since, now, every);
        self.read(move |conn| read::snapshot(conn, |conn| read::waiting(conn, turn, limit)))
            .await
    }

    async fn pending_refunds(
        &self,
        before: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<RefundRow>, StoreError> {
        self.read(move |conn| read::pending_refunds(conn, before, limit))
            .await
    }

    async fn payments_of(
        &self,
        after: PaymentId,
        before: PaymentId,
        limit: u16,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        self.read(move |conn| read::payments_of(conn, after, before, limit))
            .await
    }

    async fn forget_records(&self, now: DateTime<Utc>, limit: u16) -> Result<usize, StoreError> {
        self.write(move |tx| idempotency::forget(tx, now, limit))
            .await
    }
}
