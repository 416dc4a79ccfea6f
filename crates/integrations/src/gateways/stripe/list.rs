//! Stripe's books of what we charged, a page at a time, for the reconciliation.

use super::{
    StripeGateway,
    api::form,
    currency,
    objects::{Intent, IntentStatus, Link, List, PAYMENT},
    reading::not_there,
};
use chrono::{DateTime, Utc};
use matinee_booking::{ChargePage, GatewayError, ListedCharge};

impl StripeGateway {
    pub(super) async fn listed(
        &self,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
        page: Option<String>,
    ) -> Result<ChargePage, GatewayError> {
        let mut query = form([
            ("created[gte]", &*from.timestamp().to_string()),
            ("created[lt]", &*before.timestamp().to_string()),
            ("limit", "100"),
            ("expand[]", "data.latest_charge"),
        ]);
        if let Some(after) = page {
            query.push(("starting_after".into(), after));
        }
        let list = self
            .api
            .get::<List<Intent>>("/v1/payment_intents", query)
            .await;
        let list = list.map_err(not_there)?;
        let last = list.data.last().map(|intent| intent.id.clone());
        let charges = list.data.iter().filter_map(listed).collect();
        Ok(ChargePage {
            charges,
            next: last.filter(|_| list.has_more),
        })
    }
}

/// An intent as the reconciliation sees it; `None` in a currency that we never sell in.
fn listed(intent: &Intent) -> Option<ListedCharge> {
    let minor = |amount| currency::from_stripe(amount, &intent.currency).map(|m| m.amount_minor);
    let charge = intent.latest_charge.as_ref().and_then(Link::whole);
    let taken = intent.status == IntentStatus::Succeeded;
    let captured = match charge {
        Some(charge) if taken && charge.captured => charge.amount_captured.unwrap_or(intent.amount),
        Some(_) => 0,
        None if taken => intent.amount,
        None => 0,
    };
    Some(ListedCharge {
        key: intent.metadata.get(PAYMENT).cloned(),
        gateway_ref: intent.id.clone(),
        amount: currency::from_stripe(intent.amount, &intent.currency)?,
        captured_minor: minor(captured)?,
        refunded_minor: minor(charge.map_or(0, |charge| charge.amount_refunded))?,
        held: intent.status == IntentStatus::RequiresCapture,
        created_at: DateTime::from_timestamp(intent.created, 0)?,
    })
}
