//! Paying back. Stripe's list of a charge's refunds is read before each: what carries our key is not paid twice, and more
//! than was taken never goes back, whatever the gateway would let pass.

use super::{
    Found, StripeGateway,
    api::{Failure, KEYS, form, fresh},
    currency,
    objects::{Intent, IntentStatus, List, PAYMENT, REFUND, Refund},
    reading::{answer, not_there},
};
use matinee_booking::{ChargeAnswer, ChargeName, ChargeState, GatewayError, RefundRequest};

/// Refunds of one charge that are read; a booking has few seats.
const PAGES: usize = 5;

impl StripeGateway {
    pub(super) async fn pay_back(
        &self,
        charge: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        let intent = match self.intent(charge).await? {
            Found::Intent(intent) if intent.status == IntentStatus::Succeeded => intent,
            Found::Free => return Ok(ChargeAnswer::without_charge(ChargeState::Captured)),
            _ => {
                return Err(GatewayError::Refused(
                    "nothing was captured that could go back".into(),
                ));
            }
        };
        let (amount, _) = currency::to_stripe(refund.amount)?;
        for number in 0..KEYS {
            let before = self.refunds_of(&intent).await?;
            if let Some(done) = before.iter().find(|r| r.key() == Some(&refund.key)) {
                return paid_back(done, &intent);
            }
            let gone: i64 = before
                .iter()
                .filter(|r| !r.failed())
                .map(|r| r.amount)
                .sum();
            if gone + amount > intent.amount {
                return Err(GatewayError::Refused(
                    "more than was captured would go back".into(),
                ));
            }
            let members = form([
                ("payment_intent", &intent.id),
                ("amount", &amount.to_string()),
                (&format!("metadata[{REFUND}]"), &refund.key),
                (&format!("metadata[{PAYMENT}]"), &charge.key),
            ]);
            let key = fresh(&refund.key, number);
            match self
                .api
                .post_with::<Refund>("/v1/refunds", &members, &key)
                .await
            {
                Ok(told) => return paid_back(&told.object, &intent),
                Err(Failure::Burnt) => {}
                Err(failure) => return self.after_all(&intent, refund, failure).await,
            }
        }
        Err(Failure::Burnt.unclear())
    }

    /// No good answer to a refund: whether it is there all the same.
    async fn after_all(
        &self,
        intent: &Intent,
        refund: &RefundRequest,
        failure: Failure,
    ) -> Result<ChargeAnswer, GatewayError> {
        let there = self.refunds_of(intent).await?;
        if let Some(done) = there.iter().find(|r| r.key() == Some(&refund.key)) {
            return paid_back(done, intent);
        }
        match failure {
            // The theater's balance is too low for now, or Stripe is busy with this charge: later it may go.
            Failure::Refused { error, .. }
                if matches!(
                    error.code.as_deref(),
                    Some("balance_insufficient" | "insufficient_funds" | "lock_timeout")
                ) =>
            {
                Err(GatewayError::Unclear(
                    "Stripe's balance does not cover the refund yet".into(),
                ))
            }
            Failure::Refused { error, .. } => {
                Err(GatewayError::Refused(error.code.unwrap_or(error.kind)))
            }
            failure => Err(failure.unclear()),
        }
    }

    async fn refunds_of(&self, intent: &Intent) -> Result<Vec<Refund>, GatewayError> {
        let mut all: Vec<Refund> = Vec::new();
        for _ in 0..PAGES {
            let mut query = form([("payment_intent", &*intent.id), ("limit", "100")]);
            if let Some(last) = all.last() {
                query.push(("starting_after".into(), last.id.clone()));
            }
            let page = self.api.get::<List<Refund>>("/v1/refunds", query).await;
            let page = page.map_err(not_there)?;
            let more = page.has_more && !page.data.is_empty();
            all.extend(page.data);
            if !more {
                return Ok(all);
            }
        }
        Err(self
            .api
            .nonsense(&format!("{} has no end of refunds", intent.id)))
    }
}

fn paid_back(refund: &Refund, intent: &Intent) -> Result<ChargeAnswer, GatewayError> {
    if refund.failed() {
        return Err(GatewayError::Refused(
            "the bank sent the refund back".into(),
        ));
    }
    answer(intent)
}
