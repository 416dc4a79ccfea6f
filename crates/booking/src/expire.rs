//! The jobs: expiring holds, finishing payments and refunds that a crash or an outage left behind.
//!
//! Each is one bounded round; the server runs them again and again. All may run on several servers at once: every step
//! is conditional, and repeating one changes nothing.

use crate::{
    desk::{Desk, OnFile},
    error::SaleError,
    pay::payment,
    ports::{ChargeAnswer, ChargeName, ChargeState, GatewayError, PaymentGateway},
};
use chrono::TimeDelta;
use matinee_domain::{booking::BookingState, payment::PaymentStatus};
use matinee_planted::planted;
use matinee_store::bookings::{BookingFile, PaymentRow};

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobReport {
    pub done: usize,
    pub failed: usize,
    /// There may be more waiting.
    pub more: bool,
}

/// Most rows one round takes.
const ROUND: u16 = 256;
/// A payment younger than this belongs to the request that began it.
const LEAVE_ALONE: TimeDelta = TimeDelta::seconds(10);

impl Desk {
    /// Frees holds that ran out. A payment in flight keeps its seats: only `Held` bookings are due.
    pub async fn expire(&self) -> Result<JobReport, SaleError> {
        let now = self.clock.now();
        let due = self.store.expired_holds(now, ROUND).await?;
        if due.is_empty() {
            return Ok(JobReport::default());
        }
        let more = due.len() == usize::from(ROUND);
        let done = self
            .store
            .expire_holds(
                due.into_iter().map(|booking| booking.booking_id).collect(),
                now,
            )
            .await?;
        Ok(JobReport {
            done,
            failed: 0,
            more,
        })
    }

    /// Finishes payments whose request is gone: asks the gateway where they stand and settles that.
    pub async fn recover_payments(&self) -> Result<JobReport, SaleError> {
        let mut report = JobReport::default();
        let unsettled = self
            .store
            .unsettled(self.clock.now() - LEAVE_ALONE, ROUND)
            .await?;
        report.more = unsettled.len() == usize::from(ROUND);
        for file in unsettled {
            let booking = file.booking.booking_id;
            match self.recover_payment(file).await {
                Ok(true) => report.done += 1,
                Ok(false) => {}
                Err(error) => {
                    report.failed += 1;
                    tracing::warn!(%error, %booking, "a payment could not be settled yet");
                }
            }
        }
        // A round that only met failures or waiting payments must not spin.
        report.more &= report.done > 0;
        Ok(report)
    }

    async fn recover_payment(&self, file: BookingFile) -> Result<bool, SaleError> {
        let gateway = self.gateway.clone().ok_or(SaleError::NoGateway)?;
        let Some(live) = file
            .payments
            .iter()
            .find(|payment| payment.status.is_live())
            .cloned()
        else {
            return Ok(false);
        };
        let now = self.clock.now();
        let name = ChargeName::from(&live);
        let overdue = match file.booking.state {
            BookingState::AwaitingPayment {
                payment_deadline, ..
            } => now >= payment_deadline,
            _ => false,
        };
        let show = self.show_of(file.booking.show_id).await?;
        let mut on_file = OnFile { file, show };
        if gateway.prepares() && live.gateway_ref.is_none() {
            return self.give_up_unprepared(&on_file, live.payment_id).await;
        }
        let answer = match gateway.look(&name).await {
            Ok(answer) => answer,
            Err(GatewayError::Unknown) if planted!("unknown_is_never") => {
                ChargeAnswer::without_charge(ChargeState::Voided)
            }
            Err(GatewayError::Unknown) => self.never_charge(&*gateway, &mut on_file, &live).await?,
            Err(error) => return Err(error.into()),
        };
        let answer = match &answer.state {
            ChargeState::RequiresAction { .. } if overdue => gateway.void(&name).await?,
            ChargeState::RequiresAction { .. } if live.status == PaymentStatus::RequiresAction => {
                return Ok(false);
            }
            _ => answer,
        };
        match self
            .settle(&gateway, on_file, live.payment_id, answer, None)
            .await
        {
            // The booking ended as expired: for this job that is an end like any other.
            Ok(_) | Err(SaleError::HoldExpired | SaleError::ChargedTooLate) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Makes sure of a charge the gateway has not heard of: its request may still be on the way, so that "unknown" is no
    /// promise. The charge is begun under its key and given up; a late request then finds it given up. Unless that
    /// request was only slow: when the payment went on meanwhile, it is left to go on.
    async fn never_charge(
        &self,
        gateway: &dyn PaymentGateway,
        on_file: &mut OnFile,
        live: &PaymentRow,
    ) -> Result<ChargeAnswer, SaleError> {
        let charge = self.charge(on_file, live);
        let name = ChargeName {
            key: charge.key.clone(),
            ..ChargeName::from(live)
        };
        match gateway.authorize(charge).await {
            Ok(answer) => match answer.state {
                ChargeState::Authorized | ChargeState::RequiresAction { .. } => {
                    *on_file = self.on_file(live.booking_id).await?;
                    if payment(&on_file.file, live.payment_id)?.status != live.status {
                        return Ok(answer);
                    }
                    Ok(gateway.void(&name).await?)
                }
                _ => Ok(answer),
            },
            // It takes no such charge, late or not.
            Err(GatewayError::Refused(_)) => Ok(ChargeAnswer::without_charge(ChargeState::Voided)),
            Err(error) => Err(error.into()),
        }
    }

    /// Pays refunds that are still pending.
    pub async fn recover_refunds(&self) -> Result<JobReport, SaleError> {
        let mut report = JobReport::default();
        let pending = self
            .store
            .pending_refunds(self.clock.now() - LEAVE_ALONE, ROUND)
            .await?;
        for refund in pending {
            match self.pay_back_one(&refund, None).await {
                Ok(()) => report.done += 1,
                Err(error) => {
                    report.failed += 1;
                    tracing::warn!(%error, refund = %refund.refund_id, "a refund could not be paid yet");
                }
            }
        }
        Ok(report)
    }
}
