//! Paying money back until it is certain: that it went back, or that somebody has to do it by hand.

use crate::{
    desk::{Desk, about_refunds, step},
    error::SaleError,
    pay::payment,
    ports::{ChargeName, GatewayError, PaymentGateway, RefundAtGateway, RefundRequest},
};
use matinee_domain::{
    ids::RefundId,
    payment::{PaymentStatus, RefundStatus},
};
use matinee_planted::planted;
use matinee_store::bookings::{
    BookingFile, PaymentRow, RefundRow, RefundTo, SeatsEffect, Step, StepOutcome,
};
use std::sync::atomic::Ordering;

const TRIES: usize = 4;
/// Attempts at one refund after which an operator is told with each further one: a quarter of an hour has passed.
const MANY_ATTEMPTS: u32 = 6;

impl Desk {
    /// Pays every pending refund of a booking and records what the gateway says.
    pub(crate) async fn pay_back(&self, file: &BookingFile) -> Result<(), SaleError> {
        let pending: Vec<RefundRow> = file
            .refunds
            .iter()
            .filter(|refund| refund.status == RefundStatus::Pending)
            .cloned()
            .collect();
        for (index, refund) in pending.iter().enumerate() {
            // The next one is told what went back with those before it: the file as it was read does not know that.
            let as_read = (index == 0).then_some(file);
            self.pay_back_one(refund, as_read).await?;
        }
        Ok(())
    }

    /// Pays one refund: once at the gateway, however often this runs.
    pub(crate) async fn pay_back_one(
        &self,
        refund: &RefundRow,
        file: Option<&BookingFile>,
    ) -> Result<(), SaleError> {
        let read;
        let file = if let Some(file) = file {
            file
        } else {
            let found = self.store.booking_of_payment(refund.payment_id).await?;
            read = found.ok_or(SaleError::NoBooking)?;
            &read
        };
        let paid = payment(file, refund.payment_id)?;
        let Some(gateway) = self.gateway_of(file, paid) else {
            // Any other gateway would say that it never heard of it. It waits, and is tried more and more rarely.
            self.note_attempt(refund).await;
            return Err(SaleError::AnotherGateway {
                gateway: paid.gateway.clone(),
            });
        };
        let name = ChargeName::from(paid);
        if planted!("refund_skipped") {
            return self.record(refund, RefundStatus::Succeeded).await.map(drop);
        }
        let mut refund_key = refund.refund_id.to_string();
        if planted!("refund_twice") {
            refund_key = format!("{refund_key}-{}", refund.attempts);
        }
        let answer = gateway
            .refund(
                &name,
                &RefundRequest {
                    key: refund_key,
                    amount: refund.amount,
                    before_minor: arrived(file, paid),
                    now: self.clock.now(),
                },
            )
            .await;
        let status = match answer {
            Ok(_) => RefundStatus::Succeeded,
            Err(GatewayError::Refused(reason)) => {
                tracing::error!(
                    refund = %refund.refund_id, booking = %refund.booking_id, reason,
                    "the gateway refused a refund for good: somebody has to pay it back by hand"
                );
                RefundStatus::Failed
            }
            Err(error) => {
                if refund.attempts >= MANY_ATTEMPTS {
                    tracing::error!(
                        refund = %refund.refund_id, booking = %refund.booking_id, attempts = refund.attempts, %error,
                        "a refund is not paid after many attempts: it is tried again within the hour; see what the \
                         gateway's dashboard says of its charge"
                    );
                }
                self.note_attempt(refund).await;
                return Err(error.into());
            }
        };
        if self.record(refund, status).await? && status == RefundStatus::Failed {
            self.refunds_refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Behind the others in the queue, so that one the gateway never answers holds nobody up.
    async fn note_attempt(&self, refund: &RefundRow) {
        if let Err(error) = self.record(refund, RefundStatus::Pending).await {
            tracing::warn!(%error, refund = %refund.refund_id, "an attempt was not recorded");
        }
    }

    /// A gateway says that a refund it took came to nothing. It is asked; then the money is owed again, by hand. False when
    /// there is nothing to change.
    pub(crate) async fn refund_came_back(
        &self,
        gateway: &dyn PaymentGateway,
        file: &BookingFile,
        refund_id: RefundId,
    ) -> Result<bool, SaleError> {
        let of = |refund: &&RefundRow| {
            refund.refund_id == refund_id && refund.status == RefundStatus::Succeeded
        };
        let Some(refund) = file.refunds.iter().find(of) else {
            return Ok(false);
        };
        let name = ChargeName::from(payment(file, refund.payment_id)?);
        if gateway.look_refund(&name, &refund_id.to_string()).await? != RefundAtGateway::Failed
            || !self.record(refund, RefundStatus::Failed).await?
        {
            return Ok(false);
        }
        self.refunds_refused.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            refund = %refund_id, booking = %refund.booking_id,
            "a bank sent a refund back: the payer does not have the money, and somebody has to pay it back by hand"
        );
        Ok(true)
    }

    /// Records what became of an attempt to pay a refund; false when it is over already.
    async fn record(&self, refund: &RefundRow, status: RefundStatus) -> Result<bool, SaleError> {
        for _ in 0..TRIES {
            let on_file = self.on_file(refund.booking_id).await?;
            let Some(step) = self.record_refund(&on_file.file, refund, status)? else {
                return Ok(false);
            };
            if let StepOutcome::Done { .. } = self.store.step(step).await? {
                return Ok(true);
            }
        }
        Err(SaleError::Contended)
    }

    fn record_refund(
        &self,
        file: &BookingFile,
        refund: &RefundRow,
        status: RefundStatus,
    ) -> Result<Option<Step>, SaleError> {
        let kept = file
            .refunds
            .iter()
            .find(|r| r.refund_id == refund.refund_id && r.status == refund.status);
        let paid = file
            .payments
            .iter()
            .find(|p| p.payment_id == refund.payment_id);
        let (Some(kept), Some(paid)) = (kept, paid) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let mut step = step(file, file.booking.state, SeatsEffect::Keep, now);
        step.refunds.push(RefundRow {
            status,
            attempts: kept.attempts + 1,
            ..kept.clone()
        });
        let mut row = paid.clone();
        match status {
            RefundStatus::Pending => return Ok(Some(step)),
            RefundStatus::Failed => {
                row.refunded_minor -= kept.amount.amount_minor;
                if kept.status == RefundStatus::Succeeded {
                    let left = arrived(file, paid) + on_card(paid) - kept.amount.amount_minor;
                    row.status = row.status.refund_came_back(left > 0)?;
                }
            }
            RefundStatus::Succeeded => {
                // Only what the gateway took counts: another refund may be claimed on the row and still fail.
                let there = arrived(file, paid) + on_card(paid) + kept.amount.amount_minor;
                let to = if there >= row.paid_minor() {
                    PaymentStatus::Refunded
                } else {
                    PaymentStatus::PartlyRefunded
                };
                if row.status != to {
                    row.status = row.status.advance(to)?;
                }
                let message = self.message(file, "refund", now);
                let told = about_refunds(&[refund.refund_id]);
                step.messages.push(told(message));
            }
        }
        step.payments.push(row);
        Ok(Some(step))
    }
}

/// What of a gift card's part is back on the card, in minor units.
fn on_card(paid: &PaymentRow) -> i64 {
    paid.gift.as_ref().map_or(0, |part| part.returned_minor)
}

/// What certainly went back of a payment by the gateway, in minor units.
pub(crate) fn arrived(file: &BookingFile, paid: &PaymentRow) -> i64 {
    let refunds = file.refunds.iter();
    refunds
        .filter(|r| r.payment_id == paid.payment_id && r.to == RefundTo::Payer)
        .filter(|r| r.status == RefundStatus::Succeeded)
        .map(|r| r.amount.amount_minor)
        .sum()
}
