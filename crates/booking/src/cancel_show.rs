//! The end of a show that the theater cancelled: its bookings are gone through, a bounded round at a time.
//!
//! Everybody gets all of their money back, whatever the policy says, since it is not their doing. Each booking is one step
//! that frees its seats, voids its tickets, claims the refund and writes the message; what is in flight at a gateway loses
//! its seats now and comes back as late money when it arrives. A crash leaves the rest for the next round, here or on
//! another server: whatever still has seats is still to be done.

use crate::{
    cancel::{GiveBack, open_seats, paying},
    desk::{Desk, about_refunds, step},
    error::SaleError,
    expire::JobReport,
};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt as _};
use matinee_domain::{
    booking::{BookingState, IllegalBooking},
    ids::{BookingId, ShowId},
};
use matinee_store::bookings::{BookingFile, SHOW_CANCELLED, SeatsEffect, Step, StepOutcome};

/// Shows that a round gets on with, and pages of bookings of each. One that cannot be ended now (its payment is under way, its
/// row cannot be read) takes no place of those behind it.
pub(crate) const SHOWS: usize = 16;
pub(crate) const PAGE: u16 = 64;
pub(crate) const PAGES: usize = 8;
/// Shows looked at in one round.
pub(crate) const SHOWS_MOST: u16 = 1_000;
/// Bookings under way at once: they share commits.
pub(crate) const AT_ONCE: usize = 8;
const TRIES: usize = 4;

/// Why the theater ends a booking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// As refunds keep it.
    pub(crate) reason: &'static str,
    /// The kind of the message that tells it.
    pub(crate) message: &'static str,
}

const CANCELLED: Ending = Ending {
    reason: SHOW_CANCELLED,
    message: "show_cancelled",
};

/// What is to be done about a booking that the theater ends.
enum Next {
    Take(Box<Step>),
    /// Its money is being taken this moment; once that is certain, it can go back.
    Wait,
    /// It has no seats any more.
    Over,
}

impl Desk {
    /// Goes on with every cancelled show that has bookings left.
    pub async fn end_cancelled_shows(&self) -> Result<JobReport, SaleError> {
        let mut report = JobReport::default();
        let open = self.cancellations.open_cancellations(SHOWS_MOST).await?;
        let mut worked = 0;
        for cancelled in &open {
            let before = report.done;
            self.end_show(cancelled.show_id, &mut report).await?;
            worked += usize::from(report.done > before);
            if worked == SHOWS {
                report.more = true;
                break;
            }
        }
        // A round that got nowhere must not spin.
        report.more &= report.done > 0;
        Ok(report)
    }

    async fn end_show(&self, show_id: ShowId, report: &mut JobReport) -> Result<(), SaleError> {
        let mut after: Option<BookingId> = None;
        let mut worked = 0;
        // It comes to an end: the bookings of a show are no more than its seats.
        while worked < PAGES {
            let before = report.done;
            let page = self
                .cancellations
                .bookings_with_seats(show_id, after, PAGE)
                .await?;
            let full = page.len() == usize::from(PAGE);
            after = page.last().copied();
            let ended: Vec<_> = stream::iter(page)
                .map(|booking_id| async move {
                    (booking_id, self.end_booking(booking_id, CANCELLED).await)
                })
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            for (booking_id, ended) in ended {
                self.count_ended(report, "cancelled show", booking_id, ended);
            }
            worked += usize::from(report.done > before);
            if !full {
                let now = self.clock.now();
                self.cancellations.finish_cancellation(show_id, now).await?;
                return Ok(());
            }
        }
        report.more = true;
        Ok(())
    }

    pub(crate) fn count_ended(
        &self,
        report: &mut JobReport,
        of: &str,
        booking_id: BookingId,
        ended: Result<bool, SaleError>,
    ) {
        let what = format!("{of} {booking_id}");
        match ended {
            Ok(done) => {
                report.done += usize::from(done);
                self.notes.over(&what);
            }
            Err(error) => {
                report.failed += 1;
                if self.notes.first(what) {
                    tracing::warn!(%error, booking = %booking_id, "a booking of a {of} is tried again");
                }
            }
        }
    }

    /// Ends one booking; false when it has to wait.
    pub(crate) async fn end_booking(
        &self,
        booking_id: BookingId,
        why: Ending,
    ) -> Result<bool, SaleError> {
        for _ in 0..TRIES {
            let Some(file) = self.store.booking(booking_id).await? else {
                return Err(SaleError::NoBooking);
            };
            let step = match self.next_to_end(&file, why, self.clock.now())? {
                Next::Take(step) => step,
                Next::Wait => return Ok(false),
                Next::Over => return Ok(true),
            };
            if let StepOutcome::Done { .. } = self.store.step(*step).await? {
                return Ok(true);
            }
        }
        Err(SaleError::Contended)
    }

    fn next_to_end(
        &self,
        file: &BookingFile,
        why: Ending,
        now: DateTime<Utc>,
    ) -> Result<Next, SaleError> {
        let state = file.booking.state;
        let to = match state.show_cancelled() {
            Ok(to) => to,
            Err(IllegalBooking::Step { .. }) => return Ok(Next::Over),
            Err(error) => return Err(error.into()),
        };
        let step = match state {
            BookingState::Held { .. } => step(file, to, SeatsEffect::Free, now),
            BookingState::AwaitingPayment { .. } => {
                let mut step = step(file, to, SeatsEffect::Free, now);
                let message = self.message(file, why.message, now);
                step.messages.push(about_refunds(&[])(message));
                step
            }
            _ if paying(file).is_none() && file.payments.iter().any(|p| p.status.is_live()) => {
                return Ok(Next::Wait);
            }
            _ => {
                let seats = open_seats(file);
                let amount_minor = file
                    .booking
                    .seats
                    .iter()
                    .filter(|seat| !seat.cancelled)
                    .map(|seat| seat.price_minor)
                    .sum();
                self.give_back(
                    file,
                    GiveBack {
                        seats,
                        amount_minor,
                        reason: why.reason,
                        message: why.message,
                        by_theater: true,
                    },
                    now,
                )?
            }
        };
        Ok(Next::Take(Box::new(step)))
    }
}
