//! Selling at the counter: hold and pay in one, by the same steps as everybody's, at the counter's own gateway.
//!
//! A crash between the steps leaves what any crash leaves: a hold that runs out, or a payment that recovery finishes.

use crate::{
    desk::{Desk, OnFile},
    error::SaleError,
    hold::{Answered, HoldInput, Terms, Wanted},
    pay::{PayInput, Payer},
    settle::Settled,
};
use matinee_domain::{
    channel::SaleChannel,
    counter::Tender,
    ids::{BookingId, ShowId},
    money::Money,
};
use matinee_store::{
    bookings::Owner,
    idempotency::{IdempotencyKey, Recorded},
    staff::AuditEntry,
};
use std::collections::BTreeMap;

/// The status of an answer that says that nothing was paid.
const NOT_PAID: u16 = 402;

/// `POST /manage/shows/{show_id}/sell`, read and authenticated.
#[derive(Debug, Clone)]
pub struct SellInput {
    pub show_id: ShowId,
    pub wanted: Wanted,
    pub ticket_types: BTreeMap<String, String>,
    pub tender: Tender,
    /// What the seller saw.
    pub expected_total: Option<Money>,
    /// What was handed over, in minor units.
    pub tendered_minor: Option<i64>,
    pub email: Option<String>,
    /// Digest of the counter.
    pub caller: [u8; 16],
    /// Who sells; what is sold is filled in here.
    pub audit: AuditEntry,
    /// The request's key, and one derived from it for the hold.
    pub idempotency: Option<(IdempotencyKey, IdempotencyKey)>,
}

impl Desk {
    /// Sells seats to somebody who stands at the counter: all or none.
    pub async fn sell(&self, input: SellInput) -> Result<Settled, SaleError> {
        let gateway = self.counter.clone().ok_or(SaleError::NoGateway)?;
        let (key, hold_key) = input.idempotency.clone().unzip();
        let pay = |booking_id| PayInput {
            booking_id,
            method: input.tender.to_string(),
            expected_total: None,
            idempotency: key.clone(),
            gift: None,
        };
        if let Some(first) = self.earlier_answer(key.as_ref()).await? {
            return repeated(first);
        }
        let on_file = self.hold_to_sell(&input, hold_key).await?;
        let booking_id = on_file.file.booking.booking_id;
        let payer =
            Payer::AtTheCounter(Box::new(sold(input.audit.clone(), &on_file, input.tender)));
        let paying = self.pay_at(Some(&gateway), on_file, pay(booking_id), &payer);
        match Box::pin(paying).await? {
            Settled::Answer { status, .. } if status == NOT_PAID => {
                self.release(booking_id).await?;
                Err(SaleError::ShiftClosed)
            }
            Settled::Again(first) => repeated(first),
            settled @ Settled::Answer { .. } => Ok(settled),
        }
    }

    async fn hold_to_sell(
        &self,
        input: &SellInput,
        key: Option<IdempotencyKey>,
    ) -> Result<OnFile, SaleError> {
        let show = self.show_of(input.show_id).await?;
        let seen = (input.expected_total, input.tendered_minor);
        let terms = Terms::of_the_counter(&show, input.tender.method, seen);
        let hold = HoldInput {
            show_id: input.show_id,
            wanted: input.wanted.clone(),
            ticket_types: input.ticket_types.clone(),
            promo_code: None,
            owner: Owner::Guest {
                email: input.email.clone(),
            },
            channel: SaleChannel::Counter,
            caller: input.caller,
            idempotency: key,
        };
        match self.hold_on(hold, show, &terms).await? {
            Answered::Now { file, show, .. } => Ok(OnFile { file: *file, show }),
            // Held by a request that broke off before it was paid.
            Answered::Again(first) => {
                let held: Option<BookingId> = self.render.booking_of(&first.body);
                self.on_file(held.ok_or(SaleError::Contended)?).await
            }
        }
    }
}

/// A sale that came to nothing is told in the same way when it is asked for again.
fn repeated(first: Recorded) -> Result<Settled, SaleError> {
    if first.status == NOT_PAID {
        return Err(SaleError::ShiftClosed);
    }
    Ok(Settled::Again(first))
}

/// The entry with what is sold.
fn sold(audit: AuditEntry, on_file: &OnFile, tender: Tender) -> AuditEntry {
    let booking = &on_file.file.booking;
    let total = booking.total;
    AuditEntry {
        object: booking.booking_id.to_string(),
        after: Some(format!(
            "{{\"reference\":\"{}\",\"seats\":{},\"total_minor\":{},\"currency\":\"{}\",\"paid\":\"{tender}\"}}",
            booking.reference,
            booking.seats.len(),
            total.amount_minor,
            total.currency,
        )),
        ..audit
    }
}
