//! The jobs: expiring holds, finishing payments and refunds that a crash or an outage left behind.
//!
//! Each is one bounded round; the server runs them again and again. All may run on several servers at once: every step
//! is conditional, and repeating one changes nothing.

use crate::{
    desk::{Desk, OnFile},
    error::SaleError,
    pay::payment,
    ports::{ChargeAnswer, ChargeName, ChargeState, GatewayError, PaymentGateway, Trouble},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt as _};
use matinee_domain::{booking::BookingState, payment::PaymentStatus};
use matinee_planted::planted;
use matinee_store::bookings::{BookingFile, PaymentRow};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

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
/// How often the gateway is asked about a payment whose payer may still act: its own messages are faster.
const ASK_WAITING: TimeDelta = TimeDelta::minutes(1);
/// People at the gateway that one round asks after.
const WAITING_ROUND: u16 = 512;
/// A charge that its gateway does not find cannot be paid any more by then: a page lives half an hour.
const NOBODY_CAN_PAY: TimeDelta = TimeDelta::minutes(35);
/// So many calls in vain, while the gateway is down, end a round.
const ENOUGH: usize = 3;

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

    /// Finishes payments whose request is gone: asks the gateway where they stand and settles that. Those whose payer may
    /// still act are asked after once a minute each, and never instead of the others.
    pub async fn recover_payments(&self) -> Result<JobReport, SaleError> {
        let now = self.clock.now();
        let unsettled = self.store.unsettled(now - LEAVE_ALONE, ROUND).await?;
        let full = unsettled.len() == usize::from(ROUND);
        let mut report = self.recover_all(unsettled).await;
        // A round that only met failures must not spin.
        report.more = full && report.done > 0;
        let since = self.notes.asked(now).unwrap_or(now - ASK_WAITING);
        let waiting = self
            .store
            .waiting(since, now, ASK_WAITING, WAITING_ROUND)
            .await?;
        let asked = self.recover_all(waiting).await;
        report.done += asked.done;
        report.failed += asked.failed;
        Ok(report)
    }

    /// Looks at several bookings, as many at once as the gateway likes.
    async fn recover_all(&self, files: Vec<BookingFile>) -> JobReport {
        let (done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let at_once = self.gateway.as_ref().map_or(1, |gateway| gateway.at_once());
        stream::iter(files)
            .for_each_concurrent(at_once, |file| self.recover_one(file, (&done, &failed)))
            .await;
        JobReport {
            done: done.into_inner(),
            failed: failed.into_inner(),
            more: false,
        }
    }

    async fn recover_one(&self, file: BookingFile, (done, failed): (&AtomicUsize, &AtomicUsize)) {
        if failed.load(Ordering::Relaxed) >= ENOUGH && self.gateway_is_down() {
            return;
        }
        let (booking, test) = (file.booking.booking_id.to_string(), file.booking.test);
        let what = format!("payment {booking}");
        match self.recover_payment(file).await {
            Ok(settled) => {
                done.fetch_add(usize::from(settled), Ordering::Relaxed);
                self.notes.over(&what);
            }
            Err(error) => {
                failed.fetch_add(1, Ordering::Relaxed);
                if self.notes.first(what) {
                    self.say_unsettled(&error, &booking, test);
                }
            }
        }
    }

    /// What hangs on an operator is an error, what only needs time a warning; each once.
    fn say_unsettled(&self, error: &SaleError, booking: &str, test: bool) {
        if let SaleError::AnotherGateway { gateway } = error {
            tracing::warn!(
                booking,
                gateway,
                test,
                "a payment was begun at another gateway, or with a key of the other mode: only a server with that one can \
                 finish it"
            );
            return;
        }
        let health = self.gateway.as_ref().and_then(|gateway| gateway.health());
        if health.is_some_and(|health| health.now() == Some(Trouble::Nonsense)) {
            tracing::error!(%error, booking, "a payment stays open until somebody looks at it in the gateway's dashboard");
        } else {
            tracing::warn!(%error, booking, "a payment could not be settled yet");
        }
    }

    /// Asking on would only cost time.
    fn gateway_is_down(&self) -> bool {
        let health = self.gateway.as_ref().and_then(|gateway| gateway.health());
        let trouble = health.and_then(|health| health.now());
        matches!(
            trouble,
            Some(Trouble::Key | Trouble::Silence | Trouble::Outage)
        )
    }

    async fn recover_payment(&self, file: BookingFile) -> Result<bool, SaleError> {
        let Some(live) = file
            .payments
            .iter()
            .find(|payment| payment.status.is_live())
            .cloned()
        else {
            return Ok(false);
        };
        let Some(gateway) = self.gateway_of(&file, &live) else {
            return Err(SaleError::AnotherGateway {
                gateway: live.gateway,
            });
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
            Err(GatewayError::Unknown) if gateway.prepares() => {
                on_file = self.on_file(live.booking_id).await?;
                if payment(&on_file.file, live.payment_id)?.status != live.status {
                    return Ok(false);
                }
                given_up(&gateway, &live, now).await?
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

    /// Pays refunds that are still pending and due.
    pub async fn recover_refunds(&self) -> Result<JobReport, SaleError> {
        let pending = self
            .store
            .pending_refunds(self.clock.now() - LEAVE_ALONE, ROUND)
            .await?;
        let mut report = JobReport::default();
        for refund in pending {
            if report.failed >= ENOUGH && self.gateway_is_down() {
                break;
            }
            let what = format!("refund {}", refund.refund_id);
            match self.pay_back_one(&refund, None).await {
                Ok(()) => {
                    report.done += 1;
                    self.notes.over(&what);
                }
                Err(error) => {
                    report.failed += 1;
                    if self.notes.first(what) {
                        tracing::warn!(%error, refund = %refund.refund_id, "a refund could not be paid yet");
                    }
                }
            }
        }
        Ok(report)
    }
}

/// Gives up what was prepared and, as far as the gateway knows, never asked for: a request that is slow, not dead, finds
/// it given up. A charge that even so is not found is given up in our books alone, once nobody can pay it any more and as
/// long as no money was held for it; that its seats do not wait for ever is worth more than a charge at a place where
/// nobody finds it, and an operator is told of it.
async fn given_up(
    gateway: &Arc<dyn PaymentGateway>,
    live: &PaymentRow,
    now: DateTime<Utc>,
) -> Result<ChargeAnswer, SaleError> {
    match gateway.void(&ChargeName::from(live)).await {
        Err(GatewayError::Unknown)
            if live.status != PaymentStatus::Authorized
                && now >= live.created_at + NOBODY_CAN_PAY =>
        {
            tracing::error!(
                payment = %live.payment_id, booking = %live.booking_id, charge = live.gateway_ref,
                "the gateway does not find the charge of a payment: it was given up here and its seats are free; look for \
                 the charge in the dashboard of every account this theater has, and pay back what was taken"
            );
            Ok(ChargeAnswer::without_charge(ChargeState::Voided))
        }
        other => Ok(other?),
    }
}
