//! Paying with a gift card: what a code covers, what is claimed of it, and what goes back to it.
//!
//! Unknown, blocked, ended, another theater's: all are the same refusal, so that guessing tells nothing. What is claimed
//! goes into the step that begins the payment, what goes back into the step that closes it or cancels tickets: a payment
//! and its card are never apart.

use crate::{
    desk::{Desk, OnFile, after, step},
    error::SaleError,
    pay::PayInput,
    settle::Settled,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    gift::{Back, GiftCard, GiftCode, GiftEntryKind, GiftPart},
    ids::{GiftEntryId, TheaterId, time_ordered},
    limits,
    money::Money,
    payment::{PaymentStatus, RefundStatus},
};
use matinee_store::{
    bookings::{BookingFile, PaymentRow, RefundRow, RefundTo, SeatsEffect, Step, StepOutcome},
    gifts::{BY_GIFT_CARD, GiftEntry, digest},
    idempotency::{IdempotencyRecord, Lookup, Recorded},
};

/// What a payer gives of a card.
#[derive(Debug, Clone)]
pub struct GiftInput {
    /// As it was typed.
    pub code: String,
    /// What the payer saw it cover; when it is another amount by now, nothing is paid.
    pub expected: Option<Money>,
}

/// Whether a gateway that takes so much at least can be asked for this; for nothing it always can.
pub(crate) fn may_charge(amount_minor: i64, least: Money) -> Result<(), SaleError> {
    if (1..least.amount_minor).contains(&amount_minor) {
        return Err(SaleError::TooSmallToCharge { least });
    }
    Ok(())
}

impl Desk {
    /// The card of this code, if it pays at this theater now.
    pub async fn open_gift(&self, theater: TheaterId, typed: &str) -> Result<GiftCard, SaleError> {
        let code: GiftCode = typed.parse().map_err(|_| SaleError::GiftInvalid)?;
        let found = self.gifts.gift_by_code(theater, digest(&code)).await?;
        found
            .map(|row| row.card)
            .filter(|card| card.is_open(self.clock.now()))
            .ok_or(SaleError::GiftInvalid)
    }

    /// What a card pays of a booking, so that it leaves nothing to charge or at least so much; `None` when none was given, or
    /// nothing is due.
    pub(crate) async fn covered(
        &self,
        file: &BookingFile,
        input: &PayInput,
        least: Option<Money>,
    ) -> Result<Option<GiftPart>, SaleError> {
        let (Some(gift), due) = (&input.gift, file.booking.total) else {
            return Ok(None);
        };
        let theater = file.booking.booking_id.theater();
        let card = self.open_gift(theater, &gift.code).await?;
        let least_minor = least.map_or(0, |least| least.amount_minor);
        let covered = card.covers(due, least_minor);
        let covered = covered.ok_or(SaleError::GiftInvalid)?;
        if let Some(least) = least.filter(|least| due.amount_minor < least.amount_minor) {
            may_charge(due.amount_minor - covered.amount_minor, least)?;
        }
        if gift.expected.is_some_and(|expected| expected != covered) {
            return Err(SaleError::GiftChanged(covered));
        }
        if due.amount_minor == 0 {
            return Ok(None);
        }
        if covered.amount_minor == 0 {
            return Err(SaleError::GiftChanged(covered));
        }
        Ok(Some(GiftPart {
            card_id: card.card_id,
            last4: card.last4,
            amount_minor: covered.amount_minor,
            returned_minor: 0,
        }))
    }

    /// A new payment of a booking: a card pays its part, the gateway is to be asked for the rest.
    pub(crate) fn attempt(
        &self,
        file: &BookingFile,
        input: &PayInput,
        part: Option<GiftPart>,
        now: DateTime<Utc>,
    ) -> PaymentRow {
        let (booking_id, mut amount) = (file.booking.booking_id, file.booking.total);
        amount.amount_minor -= part.as_ref().map_or(0, |part| part.amount_minor);
        PaymentRow {
            payment_id: self.new_payment_id(booking_id.theater(), now),
            booking_id,
            status: PaymentStatus::Created,
            amount,
            gateway: String::new(),
            method_token: input.method.clone(),
            method_label: String::new(),
            gateway_ref: None,
            created_at: now,
            decline_reason: None,
            captured_minor: 0,
            refunded_minor: 0,
            idempotency: input.idempotency.clone(),
            gift: part,
        }
    }

    /// Notes in a step that a payment claims its card's part.
    pub(crate) fn claim_gift(&self, step: &mut Step, paid: &PaymentRow) {
        if let Some(part) = &paid.gift {
            let amount = -part.amount_minor;
            step.gifts
                .push(self.gift_entry(part, paid, GiftEntryKind::Claim, amount, step.now));
        }
    }

    /// Notes in a step that closes a payment that its card has its part again.
    pub(crate) fn return_gift(&self, step: &mut Step, paid: &mut PaymentRow) {
        let Some(mut part) = paid.gift.take() else {
            return;
        };
        let held = part.held_minor();
        if held > 0 {
            part.returned_minor = part.amount_minor;
            step.gifts
                .push(self.gift_entry(&part, paid, GiftEntryKind::Return, held, step.now));
        }
        paid.gift = Some(part);
    }

    /// Notes in a step that so much of what was paid goes back to the card.
    pub(crate) fn refund_gift(&self, step: &mut Step, paid: &mut PaymentRow, amount: i64) {
        let Some(mut part) = paid.gift.take() else {
            return;
        };
        part.returned_minor += amount;
        step.gifts
            .push(self.gift_entry(&part, paid, GiftEntryKind::Refund, amount, step.now));
        paid.gift = Some(part);
    }

    /// The refunds that money going back to these places needs, the gateway's first. A card has its part with the step.
    pub(crate) fn refunds(
        &self,
        paid: &PaymentRow,
        back: Back,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Vec<RefundRow> {
        let payer = (back.payer_minor, RefundTo::Payer, RefundStatus::Pending);
        let card = (back.card_minor, RefundTo::GiftCard, RefundStatus::Succeeded);
        let parts = [payer, card].into_iter();
        parts
            .filter(|(amount, ..)| *amount > 0)
            .map(|(amount, to, status)| RefundRow {
                refund_id: self.new_refund_id(),
                payment_id: paid.payment_id,
                booking_id: paid.booking_id,
                amount: Money::new(amount, paid.amount.currency),
                status,
                to,
                reason: reason.into(),
                created_at: now,
                attempts: 0,
            })
            .collect()
    }

    fn gift_entry(
        &self,
        part: &GiftPart,
        paid: &PaymentRow,
        kind: GiftEntryKind,
        amount_minor: i64,
        at: DateTime<Utc>,
    ) -> GiftEntry {
        let own = time_ordered(at.timestamp_millis(), self.entropy.bytes());
        GiftEntry {
            entry_id: GiftEntryId::from_parts(part.card_id.theater(), own),
            card_id: part.card_id,
            kind,
            amount_minor,
            payment: Some((paid.booking_id, paid.payment_id)),
            at,
        }
    }

    /// Pays all of a booking with a card: one step, so that nothing of it can be left half done. `None` when the booking
    /// or the card moved on and both must be read again.
    pub(crate) async fn pay_by_card(
        &self,
        on_file: &OnFile,
        input: &PayInput,
        part: GiftPart,
    ) -> Result<Option<Settled>, SaleError> {
        let file = &on_file.file;
        let now = self.clock.now();
        let begun = file.booking.state.begin_payment(now);
        let to = begun.map_err(|_| SaleError::HoldExpired)?.confirm()?;
        let mut step = step(file, to, SeatsEffect::Sell, now);
        step.test = self.gateway.as_ref().is_some_and(|it| it.is_test());
        let paid = PaymentRow {
            status: PaymentStatus::Created.advance(PaymentStatus::Captured)?,
            gateway: BY_GIFT_CARD.into(),
            method_token: BY_GIFT_CARD.into(),
            method_label: part.label(),
            ..self.attempt(file, input, Some(part), now)
        };
        self.claim_gift(&mut step, &paid);
        let payment_id = paid.payment_id;
        step.payments.push(paid);
        step.tickets = self.issue(file);
        step.messages.push(self.message(file, "confirmation", now));
        let now_on_file = OnFile {
            file: after(file, &step),
            show: on_file.show.clone(),
        };
        let kept = Recorded {
            status: 200,
            body: self.body(&now_on_file, payment_id, now),
        };
        step.idempotency = input.idempotency.clone().map(|key| IdempotencyRecord {
            key,
            answer: kept.clone(),
            keep_until: on_file.show.show.end_time + limits::IDEMPOTENCY_KEPT,
        });
        match self.store.step(step).await? {
            StepOutcome::Done { .. } => {
                let asked = input.idempotency.clone();
                let done = self.done(now_on_file, payment_id, Some(kept), asked).await;
                done.map(Some)
            }
            StepOutcome::Repeated(Lookup::Replay(first)) => Ok(Some(Settled::Again(first))),
            StepOutcome::Repeated(_) => Err(SaleError::KeyReused),
            StepOutcome::PaymentInProgress => Err(SaleError::PaymentInProgress),
            StepOutcome::ShowCancelled => Err(SaleError::ShowCancelled),
            _ => Ok(None),
        }
    }
}
