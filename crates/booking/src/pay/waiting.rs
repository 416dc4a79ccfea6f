//! Payments that wait for their payer: the sandbox's bank is played, or they are given up. The way to the gateway's own page
//! is elsewhere.

use super::{TRIES, payment};
use crate::{
    desk::{Desk, OnFile, after, is_at, step},
    error::SaleError,
    ports::ChargeName,
    settle::Settled,
};
use matinee_domain::{
    ids::{BookingId, PaymentId},
    payment::PaymentStatus,
};
use matinee_store::{
    bookings::{SeatsEffect, StepOutcome},
    idempotency::IdempotencyKey,
};

impl Desk {
    /// Plays the sandbox's bank for a payment that waits for its payer. With a key the payment takes the key over before
    /// the bank hears of it, so that whoever settles it, recovery after a crash too, keeps the answer under that key.
    pub async fn simulate(
        &self,
        payment_id: PaymentId,
        succeed: bool,
        key: Option<IdempotencyKey>,
    ) -> Result<Settled, SaleError> {
        let gateway = self
            .gateway
            .clone()
            .filter(|gateway| gateway.ways().simulated)
            .ok_or(SaleError::NoGateway)?;
        for _ in 0..TRIES {
            if let Some(first) = self.earlier_answer(key.as_ref()).await? {
                return Ok(Settled::Again(first));
            }
            let file = self
                .store
                .booking_of_payment(payment_id)
                .await?
                .ok_or(SaleError::NoBooking)?;
            let show = self.show_of(file.booking.show_id).await?;
            let mut on_file = OnFile { file, show };
            let paid = payment(&on_file.file, payment_id)?;
            let ours = key.is_none() || paid.idempotency == key;
            if paid.status != PaymentStatus::RequiresAction {
                if key.is_some() && ours {
                    return self.go_on(&gateway, on_file, payment_id).await;
                }
                return Err(SaleError::NotAwaitingAction);
            }
            if !ours {
                let mut row = paid.clone();
                row.idempotency.clone_from(&key);
                let state = on_file.file.booking.state;
                let mut step = step(&on_file.file, state, SeatsEffect::Keep, self.clock.now());
                step.payments.push(row);
                match self.store.step(step.clone()).await? {
                    StepOutcome::Done { .. } => on_file.file = after(&on_file.file, &step),
                    _ => continue,
                }
            }
            let name = ChargeName::from(payment(&on_file.file, payment_id)?);
            let answer = gateway.simulate(&name, succeed).await?;
            return self
                .settle(&gateway, on_file, payment_id, answer, key)
                .await;
        }
        Err(SaleError::Contended)
    }

    /// Gives up a payment that waits for its payer, so that the hold can be used or released.
    pub(crate) async fn give_up_payment(&self, booking_id: BookingId) -> Result<(), SaleError> {
        let gateway = self.gateway.clone().ok_or(SaleError::NoGateway)?;
        let on_file = self.on_file(booking_id).await?;
        let Some(live) = on_file
            .file
            .payments
            .iter()
            .find(|payment| payment.status.is_live())
        else {
            return Ok(());
        };
        if live.status != PaymentStatus::RequiresAction || !is_at(&*gateway, &on_file.file, live) {
            return Err(SaleError::PaymentInProgress);
        }
        let payment_id = live.payment_id;
        let answer = gateway.void(&ChargeName::from(live)).await?;
        match self
            .settle(&gateway, on_file, payment_id, answer, None)
            .await
        {
            // Given up is what was wanted: that such a payment has no answer for its payer is no failure here.
            Ok(_) | Err(SaleError::HoldExpired | SaleError::ChargedTooLate) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
