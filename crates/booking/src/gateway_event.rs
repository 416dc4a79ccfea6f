//! What a gateway tells us unasked: that something happened to a charge.
//!
//! Such news comes twice, late, in any order, and perhaps from somebody else. So it is never believed: it only says
//! which charge to look at, and the gateway itself is asked how that stands. Whatever sequence of news comes in, the
//! books follow the gateway, and nothing that is forged can do more than make us ask. Reading and authenticating the
//! message of a particular gateway is not here.

use crate::{
    desk::{Desk, OnFile, is_at},
    error::SaleError,
    pay::payment,
    ports::{ChargeName, ChargeState, GatewayError},
};
use matinee_domain::{ids::PaymentId, money::Money, payment::RefundStatus};
use matinee_planted::planted;
use matinee_store::bookings::RefundRow;

/// What a gateway says happened. Only compared with the truth, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GatewayFact {
    /// The payer passed the bank's check (3-D Secure).
    Authenticated,
    Authorized,
    Captured,
    Declined,
    Canceled,
    RefundDone,
    /// A refund that was taken came to nothing.
    RefundFailed,
}

/// A piece of news about one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayEvent {
    /// The charge's key: our payment id, as the gateway gives it back.
    pub charge: String,
    pub fact: GatewayFact,
    /// The amount it speaks of, if any.
    pub amount: Option<Money>,
    /// Our refund's id, where it is about one.
    pub refund: Option<String>,
}

/// What came of a piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Books and gateway agree now.
    Settled,
    /// It is about no charge of ours; nothing was done.
    NotOurs,
    /// The same as settled, but it spoke of another amount than ours: whoever sent it was wrong.
    OtherAmount,
}

impl Desk {
    /// Looks at the charge that an event names and brings booking and payment into line with what the gateway says of
    /// it. An error means that it has to be told again; telling it twice changes nothing.
    pub async fn gateway_event(&self, event: GatewayEvent) -> Result<Heard, SaleError> {
        let gateway = self.gateway.clone().ok_or(SaleError::NoGateway)?;
        let Ok(payment_id) = event.charge.parse::<PaymentId>() else {
            return Ok(Heard::NotOurs);
        };
        let Some(file) = self.store.booking_of_payment(payment_id).await? else {
            return Ok(Heard::NotOurs);
        };
        let name = ChargeName::from(payment(&file, payment_id)?);
        let paid = payment(&file, payment_id)?;
        if !is_at(&*gateway, &file, paid) {
            return Ok(Heard::NotOurs);
        }
        let amount = paid.amount;
        let other = event.amount.is_some_and(|told| told != amount);
        if event.fact == GatewayFact::RefundFailed {
            if let Some(refund_id) = event.refund.as_ref().and_then(|id| id.parse().ok()) {
                self.refund_came_back(&*gateway, &file, refund_id).await?;
            }
            return Ok(Heard::Settled);
        }
        let owed = |refund: &RefundRow| refund.status == RefundStatus::Pending;
        if paid.status.is_paid() && !file.refunds.iter().any(owed) {
            // Each sale is told several times over, and whatever the gateway says now changes nothing.
            return Ok(if other {
                Heard::OtherAmount
            } else {
                Heard::Settled
            });
        }
        let mut answer = match gateway.look(&name).await {
            Ok(answer) => answer,
            // Its request may still be on the way: that is recovery's to find out, not a stranger's to decide.
            Err(GatewayError::Unknown) => return Ok(Heard::NotOurs),
            Err(error) => return Err(error.into()),
        };
        if planted!("news_believed") && event.fact == GatewayFact::Captured {
            answer.state = ChargeState::Captured;
        }
        if event.contradicts(&answer.state) || other {
            tracing::info!(
                payment = %payment_id, told = ?event.fact, is = ?answer.state.at_gateway(),
                "a gateway event says something else than the gateway; the gateway is followed"
            );
        }
        let show = self.show_of(file.booking.show_id).await?;
        let settled = self
            .settle(&gateway, OnFile { file, show }, payment_id, answer, None)
            .await;
        match settled {
            // That its payer has nothing to hear but bad news is an end like any other.
            Ok(_) | Err(SaleError::HoldExpired | SaleError::ChargedTooLate) if other => {
                Ok(Heard::OtherAmount)
            }
            Ok(_) | Err(SaleError::HoldExpired | SaleError::ChargedTooLate) => Ok(Heard::Settled),
            Err(error) => Err(error),
        }
    }
}

impl GatewayEvent {
    /// Overtaken by something later, or never true.
    fn contradicts(&self, is: &ChargeState) -> bool {
        use GatewayFact as F;
        !matches!(
            (self.fact, is),
            (F::Authenticated | F::Authorized, ChargeState::Authorized)
                | (
                    F::Captured | F::RefundDone | F::RefundFailed,
                    ChargeState::Captured
                )
                | (F::Declined, ChargeState::Declined { .. })
                | (F::Canceled, ChargeState::Voided)
        )
    }
}
