//! What the request that pays is answered.

use super::Settled;
use crate::{
    desk::{Desk, OnFile},
    error::SaleError,
    pay::payment,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_domain::{booking::BookingState, ids::PaymentId, payment::PaymentStatus};
use matinee_store::idempotency::{IdempotencyKey, Lookup, Recorded};

impl Desk {
    pub(crate) fn body(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        now: DateTime<Utc>,
    ) -> Bytes {
        let declined = payment(&on_file.file, payment_id)
            .ok()
            .filter(|p| p.status == PaymentStatus::Declined);
        match declined {
            Some(paid) => {
                let reason = paid
                    .decline_reason
                    .as_deref()
                    .unwrap_or("The bank declined the payment.");
                self.render
                    .declined(&on_file.file, &on_file.show, reason, now)
            }
            None => self.render.booking(&on_file.file, &on_file.show, now),
        }
    }

    /// The answer: the bytes that were kept, when there are any, so that a repetition hears the same. Of several requests
    /// with one key the one that kept the answer may be another, so the key is asked once more.
    pub(crate) async fn done(
        &self,
        on_file: OnFile,
        payment_id: PaymentId,
        kept: Option<Recorded>,
        asked: Option<IdempotencyKey>,
    ) -> Result<Settled, SaleError> {
        if let Some(Recorded { status, body }) = kept {
            return Ok(Settled::Answer {
                status,
                body,
                on_file: Box::new(on_file),
            });
        }
        if let Some(key) = asked
            && let Lookup::Replay(first) = self.store.lookup(key).await?
        {
            return Ok(Settled::Again(first));
        }
        self.answer_of(on_file, payment_id)
    }

    pub(super) fn answer_of(
        &self,
        on_file: OnFile,
        payment_id: PaymentId,
    ) -> Result<Settled, SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        let status = match (paid.status, on_file.file.booking.state) {
            (PaymentStatus::Declined, _) => 402,
            (PaymentStatus::RequiresAction, _) => 202,
            (_, BookingState::Expired) if on_file.show.cancelled => {
                return Err(SaleError::ShowCancelled);
            }
            (PaymentStatus::Voided, _) => return Err(SaleError::HoldExpired),
            (
                _,
                BookingState::Confirmed | BookingState::PartlyCancelled | BookingState::Cancelled,
            ) => 200,
            _ if paid.captured_minor > 0 => return Err(SaleError::ChargedTooLate),
            _ => return Err(SaleError::HoldExpired),
        };
        let body = self.body(&on_file, payment_id, self.clock.now());
        Ok(Settled::Answer {
            status,
            body,
            on_file: Box::new(on_file),
        })
    }
}
