//! Changing, extending and releasing a hold.

use crate::{
    desk::{Desk, OnFile, after, step},
    error::SaleError,
    hold::{Answered, named_seats, refusal, repeated},
};
use matinee_domain::{
    booking::{BookingState, IllegalBooking},
    ids::BookingId,
    limits,
    price::STANDARD,
    seat_map::{SeatId, SeatNo},
};
use matinee_store::{
    bookings::{BookingFile, ChangeHold, HoldOutcome, Owner, SeatsEffect, StepOutcome},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
use std::collections::BTreeMap;

/// `PATCH /bookings/{booking_id}`, read and authenticated; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ChangeInput {
    pub seat_ids: Option<Vec<SeatId>>,
    pub ticket_types: Option<BTreeMap<String, String>>,
    /// Empty to let the code go.
    pub promo_code: Option<String>,
    pub guest_email: Option<String>,
    /// The version the caller saw; `None` means any.
    pub if_version: Option<u64>,
}

const TRIES: usize = 4;

impl Desk {
    /// Changes a hold in one step; when seats are not to be had the old ones stay held.
    pub async fn change(
        &self,
        booking_id: BookingId,
        input: ChangeInput,
    ) -> Result<OnFile, SaleError> {
        for _ in 0..TRIES {
            let OnFile { file, show } = self.on_file(booking_id).await?;
            if input
                .if_version
                .is_some_and(|version| version != file.booking.version)
            {
                return Err(SaleError::VersionMismatch);
            }
            let now = self.clock.now();
            still_held(&file, now)?;
            let promo = self.promo_after(&file, &show, input.promo_code.as_deref(), now);
            let promo = promo.await?;
            let own: Vec<SeatNo> = file.booking.seats.iter().map(|seat| seat.seat).collect();
            let chosen = match &input.seat_ids {
                Some(seats) => named_seats(&show, seats, show.theater.max_seats_per_booking)?,
                None => own.clone(),
            };
            let types = input
                .ticket_types
                .clone()
                .unwrap_or_else(|| kept_types(&file, &show, &chosen));
            let content = (&own[..], promo.as_ref());
            let content = self.content(&show, &chosen, &types, content).await?;
            let mut booking = file.booking.clone();
            booking.seats = content.seats;
            booking.total = content.quote.total;
            booking.lines = content.quote.lines;
            booking.advice = content.advice;
            booking.promo = promo.map(|promo| promo.code);
            booking.version += 1;
            if let (Some(email), Owner::Guest { email: kept }) =
                (&input.guest_email, &mut booking.owner)
            {
                *kept = Some(email.clone());
            }
            let change = ChangeHold {
                booking: booking.clone(),
                expected_version: file.booking.version,
                limits: self.hold_limits(),
                only_if_version: content.only_if_version,
                now,
            };
            match self.store.change_hold(change).await? {
                HoldOutcome::Held { .. } => {
                    return Ok(OnFile {
                        file: BookingFile { booking, ..file },
                        show,
                    });
                }
                HoldOutcome::SeatsTaken(taken) => {
                    return Err(self.seats_taken(&show, &taken, &chosen).await?);
                }
                HoldOutcome::ShowChanged { .. } => {}
                // Without a condition of the caller's a lost race is decided anew.
                HoldOutcome::Stale(Some(b))
                    if input.if_version.is_none()
                        && matches!(b.state, BookingState::Held { .. }) => {}
                other => return Err(refusal(other, now)),
            }
        }
        Err(SaleError::Contended)
    }

    /// Gives a hold more time: once for a request, however often it is repeated.
    pub async fn extend(
        &self,
        booking_id: BookingId,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Answered, SaleError> {
        for _ in 0..TRIES {
            if let Some(key) = &idempotency {
                match self.store.lookup(key.clone()).await? {
                    Lookup::New => {}
                    seen => return repeated(seen),
                }
            }
            let OnFile { file, show } = self.on_file(booking_id).await?;
            let now = self.clock.now();
            still_held(&file, now)?;
            let to = file
                .booking
                .state
                .extend(now, self.hold_life(&show))
                .map_err(|error| match error {
                    IllegalBooking::NoMoreExtensions => SaleError::NoMoreExtensions,
                    IllegalBooking::HoldExpired => SaleError::HoldExpired,
                    IllegalBooking::Step { .. } => SaleError::NotHeld,
                })?;
            let mut step = step(&file, to, SeatsEffect::Keep, now);
            let file = after(&file, &step);
            let body = self.render.booking(&file, &show, now);
            step.idempotency = idempotency.clone().map(|key| IdempotencyRecord {
                key,
                answer: Recorded {
                    status: 200,
                    body: body.clone(),
                },
                keep_until: show.show.end_time + limits::IDEMPOTENCY_KEPT,
            });
            match self.store.step(step).await? {
                StepOutcome::Done { .. } => {
                    return Ok(Answered::Now {
                        file: Box::new(file),
                        show,
                        body,
                    });
                }
                StepOutcome::Repeated(lookup) => return repeated(lookup),
                _ => {}
            }
        }
        Err(SaleError::Contended)
    }

    /// Lets a hold go; its seats are free at once. A booking already let go or run out is a success: nothing is held.
    pub async fn release(&self, booking_id: BookingId) -> Result<(), SaleError> {
        for _ in 0..TRIES {
            let OnFile { file, .. } = self.on_file(booking_id).await?;
            let now = self.clock.now();
            match file.booking.state {
                BookingState::Released | BookingState::Expired => return Ok(()),
                BookingState::AwaitingPayment { .. } => {
                    // A payment waiting for its payer is given up first; one that is moving money is not.
                    self.give_up_payment(booking_id).await?;
                    continue;
                }
                _ => {}
            }
            let to = file
                .booking
                .state
                .release()
                .map_err(|_| SaleError::NotHeld)?;
            let step = step(&file, to, SeatsEffect::Free, now);
            if let StepOutcome::Done { .. } = self.store.step(step).await? {
                return Ok(());
            }
        }
        Err(SaleError::Contended)
    }
}

/// The booking is a hold that has not run out.
pub(crate) fn still_held(
    file: &BookingFile,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), SaleError> {
    match file.booking.state {
        BookingState::Held { expires_at, .. } if now < expires_at => Ok(()),
        BookingState::Held { .. } | BookingState::Expired => Err(SaleError::HoldExpired),
        BookingState::AwaitingPayment { .. } => Err(SaleError::PaymentInProgress),
        _ => Err(SaleError::NotHeld),
    }
}

/// Ticket types of the seats that stay; new seats are standard.
fn kept_types(
    file: &BookingFile,
    show: &crate::show_file::ShowFile,
    chosen: &[SeatNo],
) -> BTreeMap<String, String> {
    file.booking
        .seats
        .iter()
        .filter(|seat| chosen.contains(&seat.seat) && seat.ticket_type != STANDARD)
        .map(|seat| (show.place_id(seat).0, seat.ticket_type.clone()))
        .collect()
}
