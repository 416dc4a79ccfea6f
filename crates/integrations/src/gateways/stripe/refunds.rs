//! Paying back. Stripe's list of a charge's refunds is read before each: what carries our key is not paid twice, and more
//! than was taken never goes back, whatever the gateway would let pass.

use super::{
    Found, StripeGateway,
    api::{Failure, form, fresh},
    currency,
    objects::{Intent, IntentStatus, List, PAYMENT, REFUND, Refund},
    reading::{answer, not_there},
};
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeState, GatewayError, RefundAtGateway, RefundRequest,
};
use matinee_domain::money::Money;

/// Refunds of one charge that are read; a booking has few seats.
const PAGES: usize = 5;
/// Keys tried for one refund: each refusal uses one up for a day, and a refund is tried some thirty times a day.
const REFUND_KEYS: usize = 48;
/// Refusals that no time mends.
const FOR_GOOD: [&str; 4] = [
    "charge_already_refunded",
    "charge_disputed",
    "charge_not_refundable",
    "refund_disputed_payment",
];

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
        for number in 0..REFUND_KEYS {
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
                let (wanted, _) = currency::to_stripe(Money::new(
                    refund.before_minor + refund.amount.amount_minor,
                    refund.amount.currency,
                ))?;
                let by_hand = before.iter().find(|r| r.key().is_none() && !r.failed());
                if let Some(by_hand) = by_hand.filter(|_| gone >= wanted) {
                    tracing::warn!(
                        refund = refund.key,
                        by_hand = by_hand.id,
                        "all that this refund is about went back already, by hand: it counts as paid"
                    );
                    return answer(&intent);
                }
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
                // How it was when this key was used first: now it may go.
                Err(Failure::Refused { replayed: true, .. }) => {}
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
            Failure::Refused { error, .. }
                if error
                    .code
                    .as_deref()
                    .is_some_and(|code| FOR_GOOD.contains(&code)) =>
            {
                Err(GatewayError::Refused(error.code.unwrap_or(error.kind)))
            }
            // The theater's balance is too low for now, Stripe is busy with this charge, a version moved on: later it may
            // go, and nobody but us asks again.
            failure => Err(failure.unclear()),
        }
    }

    /// What became of a refund of ours.
    pub(super) async fn refund_stands(
        &self,
        charge: &ChargeName,
        key: &str,
    ) -> Result<RefundAtGateway, GatewayError> {
        let Found::Intent(intent) = self.intent(charge).await? else {
            return Ok(RefundAtGateway::Unknown);
        };
        let there = self.refunds_of(&intent).await?;
        let ours = there.iter().find(|r| r.key() == Some(key));
        Ok(match ours {
            None => RefundAtGateway::Unknown,
            Some(refund) if refund.failed() => RefundAtGateway::Failed,
            Some(_) => RefundAtGateway::Taken,
        })
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
