//! Bringing a booking and its payment into line with what the gateway says, whoever asks: the request that pays, a
//! webhook, the payer's bank, or recovery after a crash.
//!
//! Every branch ends with the money as a ticket or on its way back. Each step is conditional on the booking's
//! version; one that lost a race reads again and decides again.

mod answer;
mod steps;

use crate::{
    desk::{Desk, OnFile, after},
    error::SaleError,
    pay::payment,
    ports::{ChargeAnswer, ChargeName, ChargeState, PaymentGateway},
};
use bytes::Bytes;
use matinee_domain::{
    ids::PaymentId,
    payment::{PaymentStatus, RefundStatus},
    settlement,
};
use matinee_planted::planted;
use matinee_store::{
    bookings::{RefundRow, Step, StepOutcome},
    idempotency::{IdempotencyKey, Lookup, Recorded},
};
use std::sync::Arc;

/// What a payment came to.
#[derive(Debug, Clone)]
pub enum Settled {
    /// Status and body of the answer; the booking as it is now.
    Answer {
        status: u16,
        body: Bytes,
        on_file: Box<OnFile>,
    },
    /// A repeated request: its first answer.
    Again(Recorded),
}

/// Steps one settlement may need: confirm, capture, record, plus lost races.
const STEPS: usize = 12;
/// The status of a kept answer that was not the last word.
const PAYER_HAD_TO_ACT: u16 = 202;

/// What to do next about a payment.
enum Next {
    Take(Box<Step>),
    Capture,
    Void,
    Refunds,
    Done,
}

impl Desk {
    /// Brings booking and payment into line with `answer`. `asked` is the key of the request that waits for the outcome:
    /// it hears what is kept under its key, whoever of several took the last step. Who acts for nobody's key has `None`.
    pub(crate) async fn settle(
        &self,
        gateway: &Arc<dyn PaymentGateway>,
        mut on_file: OnFile,
        payment_id: PaymentId,
        mut answer: ChargeAnswer,
        asked: Option<IdempotencyKey>,
    ) -> Result<Settled, SaleError> {
        // What the request's key keeps, once it keeps something.
        let mut kept: Option<Recorded> = None;
        for _ in 0..STEPS {
            let name = ChargeName::from(payment(&on_file.file, payment_id)?);
            match self.next_step(&on_file, payment_id, &answer)? {
                Next::Done => return self.done(on_file, payment_id, kept, asked).await,
                Next::Capture => answer = gateway.capture(&name).await?,
                Next::Void if planted!("void_skipped") => answer.state = ChargeState::Voided,
                Next::Void => answer = gateway.void(&name).await?,
                Next::Refunds => {
                    self.pay_back(&on_file.file).await?;
                    return self.answer_of(
                        self.on_file(on_file.file.booking.booking_id).await?,
                        payment_id,
                    );
                }
                Next::Take(mut step) => {
                    let mut done = self.store.step((*step).clone()).await?;
                    if let StepOutcome::Repeated(Lookup::Replay(first)) = &done {
                        let own = step.idempotency.as_ref().map(|record| record.answer.status);
                        if first.status == PAYER_HAD_TO_ACT && own != Some(PAYER_HAD_TO_ACT) {
                            // The request was answered when its payer had to act; what follows is not its answer.
                            step.idempotency = None;
                            done = self.store.step((*step).clone()).await?;
                        } else {
                            kept = Some(first.clone());
                        }
                    }
                    on_file = match done {
                        StepOutcome::Done { .. } => {
                            kept = step
                                .idempotency
                                .as_ref()
                                .map(|record| record.answer.clone())
                                .or(kept);
                            OnFile {
                                file: after(&on_file.file, &step),
                                show: on_file.show.clone(),
                            }
                        }
                        StepOutcome::SeatsGone(_)
                        | StepOutcome::PromoGone
                        | StepOutcome::GiftGone => {
                            if answer.state == ChargeState::Captured {
                                self.seats_gone(&on_file, payment_id, &answer).await?;
                            } else {
                                // Voided before it is recorded as voided: a crash in between leaves a live payment,
                                // which recovery looks at again.
                                answer = gateway.void(&name).await?;
                            }
                            self.on_file(on_file.file.booking.booking_id).await?
                        }
                        StepOutcome::Repeated(_)
                        | StepOutcome::Stale
                        | StepOutcome::PaymentInProgress
                        | StepOutcome::ShowCancelled => {
                            self.on_file(on_file.file.booking.booking_id).await?
                        }
                    };
                }
            }
        }
        Err(SaleError::Contended)
    }

    /// Gives up a payment for which the gateway has prepared nothing that is on record, so that nothing can have been
    /// charged. Only as long as that is so: a request that is slow, not dead, then finds it given up. False when it was
    /// overtaken.
    pub(crate) async fn give_up_unprepared(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
    ) -> Result<bool, SaleError> {
        let answer = ChargeAnswer::without_charge(ChargeState::Voided);
        let took = self
            .close_unprepared(on_file, payment_id, &answer, PaymentStatus::Voided)
            .await?;
        Ok(took.is_some())
    }

    /// Closes a payment for which nothing is on record at the gateway, in one step on the file as it was read: `None`
    /// when something went on meanwhile. What the request's key keeps of it comes along.
    pub(crate) async fn close_unprepared(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        answer: &ChargeAnswer,
        to: PaymentStatus,
    ) -> Result<Option<(OnFile, Option<Recorded>)>, SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        let now = self.clock.now();
        if paid.status != PaymentStatus::Created || paid.gateway_ref.is_some() {
            return Ok(None);
        }
        let Next::Take(step) = self.take(on_file, paid, answer, to, now)? else {
            return Ok(None);
        };
        let StepOutcome::Done { .. } = self.store.step((*step).clone()).await? else {
            return Ok(None);
        };
        let on_file = OnFile {
            file: after(&on_file.file, &step),
            show: on_file.show.clone(),
        };
        Ok(Some((
            on_file,
            step.idempotency.map(|record| record.answer),
        )))
    }

    fn next_step(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        answer: &ChargeAnswer,
    ) -> Result<Next, SaleError> {
        let now = self.clock.now();
        let file = &on_file.file;
        let paid = payment(file, payment_id)?;
        let booking = file.booking.state.status();
        Ok(
            match settlement::next(answer.state.at_gateway(), paid.status, booking) {
                settlement::Next::Record(to) => self.take(on_file, paid, answer, to, now)?,
                settlement::Next::GiveBack if planted!("late_money_kept") => Next::Done,
                settlement::Next::GiveBack => self.late_money(on_file, paid, answer, now)?,
                settlement::Next::Capture => Next::Capture,
                settlement::Next::Void => Next::Void,
                settlement::Next::Done => {
                    let pending = |refund: &RefundRow| refund.status == RefundStatus::Pending;
                    if answer.state == ChargeState::Captured
                        && paid.status.is_paid()
                        && !booking.owns_seats()
                        && file.refunds.iter().any(pending)
                    {
                        Next::Refunds
                    } else {
                        Next::Done
                    }
                }
            },
        )
    }

    /// A re-claim found its seats taken, or its promotion code used up: captured money goes back.
    async fn seats_gone(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        answer: &ChargeAnswer,
    ) -> Result<(), SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        if let Next::Take(step) = self.late_money(on_file, paid, answer, self.clock.now())? {
            self.store.step(*step).await?;
        }
        Ok(())
    }
}
