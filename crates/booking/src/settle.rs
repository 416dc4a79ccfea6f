//! Bringing a booking and its payment into line with what the gateway says, whoever asks: the request that pays, a
//! webhook, the payer's bank, or recovery after a crash.
//!
//! Every branch ends with the money as a ticket or on its way back. Each step is conditional on the booking's
//! version; one that lost a race reads again and decides again.

use crate::{
    desk::{Desk, OnFile, after, step},
    error::SaleError,
    pay::payment,
    ports::{ChargeAnswer, ChargeState, PaymentGateway},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingState,
    ids::PaymentId,
    limits,
    payment::{PaymentStatus, RefundStatus},
};
use matinee_store::{
    bookings::{
        BookingFile, PaymentRow, RefundRow, SeatsEffect, Step, StepOutcome, TicketRow, TicketState,
    },
    idempotency::{IdempotencyRecord, Lookup, Recorded},
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
    /// Brings booking and payment into line with `answer`.
    pub(crate) async fn settle(
        &self,
        gateway: &Arc<dyn PaymentGateway>,
        mut on_file: OnFile,
        payment_id: PaymentId,
        mut answer: ChargeAnswer,
    ) -> Result<Settled, SaleError> {
        let key = payment_id.to_string();
        // What the request's key keeps, once it keeps something.
        let mut kept: Option<Recorded> = None;
        for _ in 0..STEPS {
            match self.next_step(&on_file, payment_id, &answer)? {
                Next::Done => return self.done(on_file, payment_id, kept),
                Next::Capture => answer = gateway.capture(&key).await?,
                Next::Void => answer = gateway.void(&key).await?,
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
                        StepOutcome::SeatsGone(_) => {
                            if answer.state == ChargeState::Captured {
                                self.seats_gone(&on_file, payment_id, &answer).await?;
                            } else {
                                // Voided before it is recorded as voided: a crash in between leaves a live payment,
                                // which recovery looks at again.
                                answer = gateway.void(&key).await?;
                            }
                            self.on_file(on_file.file.booking.booking_id).await?
                        }
                        StepOutcome::Repeated(_)
                        | StepOutcome::Stale
                        | StepOutcome::PaymentInProgress => {
                            self.on_file(on_file.file.booking.booking_id).await?
                        }
                    };
                }
            }
        }
        Err(SaleError::Contended)
    }

    fn next_step(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        answer: &ChargeAnswer,
    ) -> Result<Next, SaleError> {
        use PaymentStatus as P;
        let now = self.clock.now();
        let file = &on_file.file;
        let paid = payment(file, payment_id)?;
        let state = file.booking.state;
        let next = match (&answer.state, paid.status) {
            // Our books already closed this payment, and the gateway agrees.
            (ChargeState::Declined { .. } | ChargeState::Voided, P::Declined | P::Voided) => {
                Next::Done
            }
            (ChargeState::Captured, P::Captured | P::PartlyRefunded | P::Refunded) => {
                if file.refunds.iter().any(|refund| {
                    refund.status == RefundStatus::Pending
                        && !file.booking.state.status().owns_seats()
                }) {
                    Next::Refunds
                } else {
                    Next::Done
                }
            }
            (ChargeState::RequiresAction { .. }, P::RequiresAction) => Next::Done,
            (ChargeState::RequiresAction { .. }, P::Created) => {
                self.take(on_file, paid, answer, P::RequiresAction, now)
            }
            // We gave it up, the gateway did not: nothing may stay authorized or charged.
            (
                ChargeState::RequiresAction { .. } | ChargeState::Authorized,
                P::Declined | P::Voided,
            ) => Next::Void,
            (ChargeState::Captured, P::Declined | P::Voided) => {
                self.late_money(on_file, paid, answer, now)
            }
            (ChargeState::Authorized, P::Authorized) if state == BookingState::Confirmed => {
                Next::Capture
            }
            (ChargeState::Authorized, P::Created | P::RequiresAction | P::Authorized) => {
                match state {
                    BookingState::AwaitingPayment { .. } | BookingState::Expired => {
                        self.take(on_file, paid, answer, P::Authorized, now)
                    }
                    _ => Next::Void,
                }
            }
            (ChargeState::Captured, P::Created | P::RequiresAction | P::Authorized) => {
                match state {
                    BookingState::AwaitingPayment { .. }
                    | BookingState::Expired
                    | BookingState::Confirmed => self.take(on_file, paid, answer, P::Captured, now),
                    _ => self.late_money(on_file, paid, answer, now),
                }
            }
            (ChargeState::Declined { .. }, P::Created | P::RequiresAction | P::Authorized) => {
                self.take(on_file, paid, answer, P::Declined, now)
            }
            (ChargeState::Voided, P::Created | P::RequiresAction | P::Authorized) => {
                self.take(on_file, paid, answer, P::Voided, now)
            }
            // The gateway says less than we recorded as taken: an operator has to look (`verify` names it).
            (_, P::Captured | P::PartlyRefunded | P::Refunded) => Next::Done,
            (ChargeState::RequiresAction { .. }, P::Authorized) => Next::Done,
        };
        Ok(next)
    }

    /// The step that brings the payment to `to` and the booking where that leads.
    fn take(
        &self,
        on_file: &OnFile,
        paid: &PaymentRow,
        answer: &ChargeAnswer,
        to: PaymentStatus,
        now: DateTime<Utc>,
    ) -> Next {
        let file = &on_file.file;
        let state = file.booking.state;
        let (booking_to, seats) = match to {
            PaymentStatus::Authorized | PaymentStatus::Captured => match state {
                BookingState::Expired => (BookingState::Confirmed, SeatsEffect::Reclaim),
                BookingState::AwaitingPayment { .. } => {
                    (BookingState::Confirmed, SeatsEffect::Sell)
                }
                other => (other, SeatsEffect::Keep),
            },
            PaymentStatus::Declined | PaymentStatus::Voided => failed(state, now),
            _ => (state, SeatsEffect::Keep),
        };
        let mut step = step(file, booking_to, seats, now);
        step.payments.push(updated(paid, answer, to));
        let status = match to {
            PaymentStatus::Captured => {
                step.tickets = self.issue(file);
                step.messages
                    .extend(self.message(file, "confirmation", now));
                Some(200)
            }
            PaymentStatus::Declined => Some(402),
            PaymentStatus::RequiresAction => Some(202),
            _ => None,
        };
        if matches!(booking_to, BookingState::Expired | BookingState::Cancelled) {
            step.messages
                .extend(self.message(file, "payment_failed", now));
        }
        if let (Some(status), Some(key)) = (status, &paid.idempotency) {
            let body = self.body(
                &OnFile {
                    file: after(file, &step),
                    show: on_file.show.clone(),
                },
                paid.payment_id,
                now,
            );
            step.idempotency = Some(IdempotencyRecord {
                key: key.clone(),
                answer: Recorded { status, body },
                keep_until: on_file.show.show.end_time + limits::IDEMPOTENCY_KEPT,
            });
        }
        Next::Take(Box::new(step))
    }

    /// Money arrived for a booking that cannot be confirmed any more: it is recorded and goes back whole.
    fn late_money(
        &self,
        on_file: &OnFile,
        paid: &PaymentRow,
        answer: &ChargeAnswer,
        now: DateTime<Utc>,
    ) -> Next {
        let mut step = step(
            &on_file.file,
            on_file.file.booking.state,
            SeatsEffect::Keep,
            now,
        );
        let mut row = updated(paid, answer, PaymentStatus::Captured);
        row.refunded_minor = row.captured_minor;
        step.refunds.push(RefundRow {
            refund_id: self.new_refund_id(),
            payment_id: paid.payment_id,
            booking_id: paid.booking_id,
            amount: paid.amount,
            status: RefundStatus::Pending,
            reason: "seats_gone".into(),
            created_at: now,
            attempts: 0,
        });
        step.payments.push(row);
        step.messages
            .extend(self.message(&on_file.file, "refund", now));
        Next::Take(Box::new(step))
    }

    /// A re-claim found its seats taken: captured money goes back.
    async fn seats_gone(
        &self,
        on_file: &OnFile,
        payment_id: PaymentId,
        answer: &ChargeAnswer,
    ) -> Result<(), SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        if let Next::Take(step) = self.late_money(on_file, paid, answer, self.clock.now()) {
            self.store.step(*step).await?;
        }
        Ok(())
    }

    fn issue(&self, file: &BookingFile) -> Vec<TicketRow> {
        let theater = file.booking.booking_id.theater();
        file.booking
            .seats
            .iter()
            .filter(|seat| !seat.cancelled)
            .map(|seat| TicketRow {
                ticket_id: self.new_ticket_id(theater),
                booking_id: file.booking.booking_id,
                seat: seat.seat,
                state: TicketState::Valid,
                revision: 1,
            })
            .collect()
    }

    fn body(&self, on_file: &OnFile, payment_id: PaymentId, now: DateTime<Utc>) -> Bytes {
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

    /// The answer: the bytes that were kept, when there are any, so that a repetition hears the same.
    fn done(
        &self,
        on_file: OnFile,
        payment_id: PaymentId,
        kept: Option<Recorded>,
    ) -> Result<Settled, SaleError> {
        match kept {
            Some(Recorded { status, body }) => Ok(Settled::Answer {
                status,
                body,
                on_file: Box::new(on_file),
            }),
            None => self.answer_of(on_file, payment_id),
        }
    }

    fn answer_of(&self, on_file: OnFile, payment_id: PaymentId) -> Result<Settled, SaleError> {
        let paid = payment(&on_file.file, payment_id)?;
        let status = match (paid.status, on_file.file.booking.state) {
            (PaymentStatus::Declined, _) => 402,
            (PaymentStatus::RequiresAction, _) => 202,
            (PaymentStatus::Voided, _) => return Err(SaleError::HoldExpired),
            (
                _,
                BookingState::Confirmed | BookingState::PartlyCancelled | BookingState::Cancelled,
            ) => 200,
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

/// Where a booking goes when its payment came to nothing: back to its hold while that lasts, else it expires. A
/// confirmed booking whose authorization was lost before capture gives its seats back.
fn failed(state: BookingState, now: DateTime<Utc>) -> (BookingState, SeatsEffect) {
    match state.payment_failed(now) {
        Ok(BookingState::Expired) => (BookingState::Expired, SeatsEffect::Free),
        Ok(held) => (held, SeatsEffect::Keep),
        Err(_) if state == BookingState::Confirmed => (BookingState::Cancelled, SeatsEffect::Free),
        Err(_) => (state, SeatsEffect::Keep),
    }
}

/// The payment's row with what the gateway said.
fn updated(paid: &PaymentRow, answer: &ChargeAnswer, to: PaymentStatus) -> PaymentRow {
    let mut row = paid.clone();
    row.status = to;
    if !answer.method_label.is_empty() {
        row.method_label.clone_from(&answer.method_label);
    }
    if !answer.gateway_ref.is_empty() {
        row.gateway_ref = Some(answer.gateway_ref.clone());
    }
    if let ChargeState::Declined { reason } = &answer.state {
        row.decline_reason = Some(reason.clone());
    }
    if to == PaymentStatus::Captured {
        row.captured_minor = row.amount.amount_minor;
    }
    row
}
