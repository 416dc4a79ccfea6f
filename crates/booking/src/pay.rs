//! Paying for a hold: record the attempt, ask the gateway, settle what it says.
//!
//! The attempt is recorded (and the booking awaits payment) before the gateway hears of it, so a crash at any point
//! leaves something recovery can finish. A repeated request continues its own payment instead of starting another.

mod waiting;

use crate::{
    change::still_held,
    desk::{Desk, OnFile, after, is_at, step},
    error::SaleError,
    gift::{GiftInput, may_charge},
    hold::{Answered, repeated},
    ports::{ChargeAnswer, ChargeName, ChargeRequest, ChargeState, GatewayError, PaymentGateway},
    settle::Settled,
};
use matinee_domain::{
    booking::BookingState,
    gift::GiftPart,
    ids::{BookingId, PaymentId},
    limits,
    money::Money,
    payment::PaymentStatus,
};
use matinee_planted::planted;
use matinee_store::{
    bookings::{BookingFile, Owner, PaymentRow, SeatsEffect, StepOutcome},
    idempotency::{IdempotencyKey, Lookup, Recorded},
    staff::AuditEntry,
};
use std::sync::Arc;

/// `POST /payment`, read and authenticated.
#[derive(Debug, Clone)]
pub struct PayInput {
    pub booking_id: BookingId,
    pub method: String,
    pub expected_total: Option<Money>,
    /// A gift card that pays what it has; the method pays the rest.
    pub gift: Option<GiftInput>,
    pub idempotency: Option<IdempotencyKey>,
}

/// Who pays.
#[derive(Debug, Clone)]
pub(crate) enum Payer {
    /// Its owner, from anywhere.
    Owner,
    /// Somebody in front of a seller: what the seller does is noted with the attempt.
    AtTheCounter(Box<AuditEntry>),
}

const TRIES: usize = 4;

impl Desk {
    /// Pays for a booking.
    pub async fn pay(&self, input: PayInput) -> Result<Settled, SaleError> {
        let on_file = self.on_file(input.booking_id).await?;
        match self.earlier_payment(&input).await? {
            Some(first) => Ok(Settled::Again(first)),
            None => self.pay_for(on_file, input).await,
        }
    }

    /// What an earlier request with this one's key was answered, if there was one.
    pub async fn earlier_payment(&self, input: &PayInput) -> Result<Option<Recorded>, SaleError> {
        self.earlier_answer(input.idempotency.as_ref()).await
    }

    pub(crate) async fn earlier_answer(
        &self,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Recorded>, SaleError> {
        let Some(key) = key else {
            return Ok(None);
        };
        match self.store.lookup(key.clone()).await? {
            Lookup::New => Ok(None),
            seen => match repeated(seen)? {
                Answered::Again(recorded) => Ok(Some(recorded)),
                Answered::Now { .. } => Err(SaleError::Contended),
            },
        }
    }

    /// Pays for a booking that was just read, before its key was looked up and found new: whatever happened since shows
    /// as another version when the attempt is recorded, and then everything is looked at again.
    pub async fn pay_for(&self, on_file: OnFile, input: PayInput) -> Result<Settled, SaleError> {
        // A gift card may pay all of it.
        if self.gateway.is_none() && input.gift.is_none() {
            return Err(SaleError::NoGateway);
        }
        // Boxed: the steps of a payment make a large future of whatever waits for it.
        Box::pin(self.pay_at(self.gateway.as_ref(), on_file, input, &Payer::Owner)).await
    }

    /// The same at this gateway.
    pub(crate) async fn pay_at(
        &self,
        gateway: Option<&Arc<dyn PaymentGateway>>,
        mut on_file: OnFile,
        input: PayInput,
        payer: &Payer,
    ) -> Result<Settled, SaleError> {
        for _ in 0..TRIES {
            // A payment that was given up charged nothing: the repetition may start another.
            let own = on_file.file.payments.iter().find(|payment| {
                input.idempotency.is_some()
                    && payment.idempotency == input.idempotency
                    && payment.status != PaymentStatus::Voided
            });
            if let Some(payment) = own {
                let payment_id = payment.payment_id;
                if payment.is_by_card_alone() {
                    return self
                        .done(on_file, payment_id, None, input.idempotency)
                        .await;
                }
                let gateway = gateway.ok_or(SaleError::NoGateway)?;
                return self.go_on(gateway, on_file, payment_id).await;
            }
            self.may_pay(&on_file.file, &input, payer)?;
            let tried = self.try_to_pay(gateway, &on_file, &input, payer).await?;
            if let Some(settled) = tried {
                return Ok(settled);
            }
            on_file = self.on_file(input.booking_id).await?;
            if let Some(first) = self.earlier_payment(&input).await? {
                return Ok(Settled::Again(first));
            }
        }
        Err(SaleError::Contended)
    }

    /// Pays, with the card and the method that were given; `None` when what was read moved on and must be read again.
    async fn try_to_pay(
        &self,
        gateway: Option<&Arc<dyn PaymentGateway>>,
        on_file: &OnFile,
        input: &PayInput,
        payer: &Payer,
    ) -> Result<Option<Settled>, SaleError> {
        let total = on_file.file.booking.total;
        let least = gateway.and_then(|gateway| gateway.ways().minimum(total.currency));
        let part = self.covered(&on_file.file, input, least).await?;
        let due = total.amount_minor;
        if let Some(part) = part.as_ref().filter(|part| part.amount_minor == due) {
            return self.pay_by_card(on_file, input, part.clone()).await;
        }
        let gateway = gateway.ok_or(SaleError::NoGateway)?;
        if let Some(least) = least {
            let by_card = part.as_ref().map_or(0, |part| part.amount_minor);
            may_charge(due - by_card, least)?;
        }
        match self
            .begin_payment(gateway, on_file, input, part, payer)
            .await?
        {
            Some((on_file, payment_id)) => self.go_on(gateway, on_file, payment_id).await.map(Some),
            None => Ok(None),
        }
    }

    fn may_pay(
        &self,
        file: &BookingFile,
        input: &PayInput,
        payer: &Payer,
    ) -> Result<(), SaleError> {
        match file.booking.state {
            BookingState::Confirmed | BookingState::PartlyCancelled | BookingState::Cancelled => {
                return Err(SaleError::AlreadyPaid);
            }
            _ => still_held(file, self.clock.now())?,
        }
        let nowhere = matches!(file.booking.owner, Owner::Guest { email: None });
        if nowhere && matches!(payer, Payer::Owner) {
            return Err(SaleError::EmailRequired);
        }
        if file.payments.len() >= usize::from(limits::PAYMENT_ATTEMPTS) {
            return Err(SaleError::TooManyAttempts);
        }
        if input
            .expected_total
            .is_some_and(|total| total != file.booking.total)
        {
            return Err(SaleError::PriceChanged(file.booking.total));
        }
        Ok(())
    }

    /// Records the attempt; `None` when the booking moved on and must be read again.
    async fn begin_payment(
        &self,
        gateway: &Arc<dyn PaymentGateway>,
        on_file: &OnFile,
        input: &PayInput,
        part: Option<GiftPart>,
        payer: &Payer,
    ) -> Result<Option<(OnFile, PaymentId)>, SaleError> {
        let file = &on_file.file;
        let now = self.clock.now();
        let to = file
            .booking
            .state
            .begin_payment(now)
            .map_err(|_| SaleError::HoldExpired)?;
        let payment = PaymentRow {
            gateway: gateway.name().into(),
            ..self.attempt(file, input, part, now)
        };
        let payment_id = payment.payment_id;
        let mut step = step(file, to, SeatsEffect::Keep, now);
        self.claim_gift(&mut step, &payment);
        step.payments.push(payment);
        step.test = gateway.is_test();
        if let Payer::AtTheCounter(audit) = payer {
            step.audit = Some(audit.as_ref().clone());
        }
        match self.store.step(step.clone()).await? {
            StepOutcome::Done { .. } => {
                let file = after(file, &step);
                Ok(Some((
                    OnFile {
                        file,
                        show: on_file.show.clone(),
                    },
                    payment_id,
                )))
            }
            StepOutcome::PaymentInProgress => Err(SaleError::PaymentInProgress),
            StepOutcome::ShowCancelled => Err(SaleError::ShowCancelled),
            _ => Ok(None),
        }
    }

    /// What the gateway is asked for.
    pub(crate) fn charge(&self, on_file: &OnFile, payment: &PaymentRow) -> ChargeRequest {
        ChargeRequest {
            key: if planted!("double_charge") {
                self.new_payment_id(payment.payment_id.theater(), self.clock.now())
                    .to_string()
            } else {
                payment.payment_id.to_string()
            },
            gateway_ref: payment.gateway_ref.clone(),
            booking_id: payment.booking_id,
            amount: payment.amount,
            method: payment.method_token.clone(),
            description: format!(
                "{} {}",
                on_file.show.theater.name, on_file.file.booking.reference
            ),
            begun: payment.created_at,
            now: self.clock.now(),
        }
    }

    /// Asks the gateway about a recorded payment (again, perhaps) and settles what it says.
    pub(crate) async fn go_on(
        &self,
        gateway: &Arc<dyn PaymentGateway>,
        mut on_file: OnFile,
        payment_id: PaymentId,
    ) -> Result<Settled, SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        let asked = paid.idempotency.clone();
        if paid.status.is_live() && !is_at(&**gateway, &on_file.file, paid) {
            return Err(SaleError::PaymentInProgress);
        }
        for _ in 0..TRIES {
            let reason = match self.begun(gateway, &mut on_file, payment_id).await {
                Err(SaleError::Gateway(GatewayError::Refused(reason))) => reason,
                other => {
                    let answer = other?;
                    return self
                        .settle(gateway, on_file, payment_id, answer, asked)
                        .await;
                }
            };
            let answer = ChargeAnswer::without_charge(ChargeState::Declined { reason });
            let paid = payment(&on_file.file, payment_id)?;
            if !gateway.prepares() || paid.gateway_ref.is_some() {
                return self
                    .settle(gateway, on_file, payment_id, answer, asked)
                    .await;
            }
            // Another request with the same payment may have prepared it meanwhile: then that one's answer counts.
            let declined = PaymentStatus::Declined;
            let took = self
                .close_unprepared(&on_file, payment_id, &answer, declined)
                .await?;
            if let Some((on_file, kept)) = took {
                return self.done(on_file, payment_id, kept, asked).await;
            }
            on_file = self.on_file(on_file.file.booking.booking_id).await?;
        }
        Err(SaleError::Contended)
    }

    /// Where a recorded payment stands, begun at the gateway if it was not yet. What the gateway prepares goes on record
    /// first; of several that prepare at once, the one on record is the one that is authorized.
    async fn begun(
        &self,
        gateway: &Arc<dyn PaymentGateway>,
        on_file: &mut OnFile,
        payment_id: PaymentId,
    ) -> Result<ChargeAnswer, SaleError> {
        for _ in 0..TRIES {
            let paid = payment(&on_file.file, payment_id)?.clone();
            let on_record = paid.gateway_ref.is_some() || !gateway.prepares();
            match (paid.status, on_record) {
                (PaymentStatus::Created, true) => {
                    return Ok(gateway.authorize(self.charge(on_file, &paid)).await?);
                }
                (PaymentStatus::Created, false) => {}
                (_, true) => return Ok(gateway.look(&ChargeName::from(&paid)).await?),
                // Given up by recovery before the gateway had anything: whoever asks again begins another.
                (_, false) => break,
            }
            let prepared = gateway.prepare(&self.charge(on_file, &paid)).await?;
            let (file, now) = (&on_file.file, self.clock.now());
            let mut step = step(file, file.booking.state, SeatsEffect::Keep, now);
            step.payments.push(PaymentRow {
                gateway_ref: Some(prepared),
                ..paid
            });
            match self.store.step(step.clone()).await? {
                StepOutcome::Done { .. } => on_file.file = after(file, &step),
                _ => *on_file = self.on_file(file.booking.booking_id).await?,
            }
        }
        Err(SaleError::Contended)
    }
}

/// The payment of this id in a booking's file.
pub(crate) fn payment(file: &BookingFile, payment_id: PaymentId) -> Result<&PaymentRow, SaleError> {
    file.payments
        .iter()
        .find(|payment| payment.payment_id == payment_id)
        .ok_or(SaleError::NoBooking)
}
