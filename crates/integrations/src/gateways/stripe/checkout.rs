//! Stripe's own page to pay on (Checkout): the payer chooses and types there, and comes back to the booking's page.
//!
//! Methods that take days are left out: a seat cannot wait for them.

use super::{
    Found, StripeGateway,
    api::form,
    currency,
    objects::{BOOKING, Link, PAYMENT, Session, SessionStatus},
    reading::{not_there, refused},
};
use chrono::TimeDelta;
use matinee_booking::{ChargeAnswer, ChargeName, ChargeRequest, ChargeState, GatewayError};

/// Shortest life Stripe gives a page, and a minute for clocks that differ; it counts from when the payment was recorded, so
/// that the page asked for again is the same. A page is given up sooner than that, when the payment's time is over.
const LIFE: TimeDelta = TimeDelta::minutes(31);
/// Their money comes after days.
const SLOW: [&str; 11] = [
    "acss_debit",
    "au_becs_debit",
    "bacs_debit",
    "boleto",
    "customer_balance",
    "konbini",
    "multibanco",
    "nz_bank_account",
    "oxxo",
    "sepa_debit",
    "us_bank_account",
];
/// Methods that can be authorized first and captured later; with the others the money comes at once.
const MANUAL: [&str; 8] = [
    "affirm",
    "afterpay_clearpay",
    "amazon_pay",
    "card",
    "klarna",
    "link",
    "paypal",
    "revolut_pay",
];

impl StripeGateway {
    /// Makes a page that nobody knows yet.
    pub(super) async fn prepare_page(
        &self,
        charge: &ChargeRequest,
    ) -> Result<String, GatewayError> {
        let (amount, currency) = currency::to_stripe(charge.amount)?;
        let back = self.return_url(charge);
        let booking = charge.booking_id.to_string();
        let expires = (charge.begun + LIFE).timestamp().to_string();
        let item = "line_items[0]";
        let mut members = form([
            ("mode", "payment"),
            ("client_reference_id", &charge.key),
            ("success_url", &back),
            ("cancel_url", &back),
            ("expires_at", &expires),
            (&format!("{item}[quantity]"), "1"),
            (&format!("{item}[price_data][currency]"), &currency),
            (
                &format!("{item}[price_data][unit_amount]"),
                &amount.to_string(),
            ),
            (
                &format!("{item}[price_data][product_data][name]"),
                &charge.description,
            ),
            ("payment_intent_data[description]", &charge.description),
        ]);
        for place in ["metadata", "payment_intent_data[metadata]"] {
            members.push((format!("{place}[{PAYMENT}]"), charge.key.clone()));
            members.push((format!("{place}[{BOOKING}]"), booking.clone()));
        }
        for method in MANUAL {
            let name = format!("payment_method_options[{method}][capture_method]");
            members.push((name, "manual".into()));
        }
        for (index, method) in SLOW.into_iter().enumerate() {
            members.push((
                format!("excluded_payment_method_types[{index}]"),
                method.into(),
            ));
        }
        let path = "/v1/checkout/sessions";
        let made = self.api.post::<Session>(path, members, &charge.key).await;
        made.map(|told| told.object.id).map_err(refused)
    }

    /// What became of a page.
    pub(super) async fn page(&self, charge: &ChargeName, id: &str) -> Result<Found, GatewayError> {
        let path = format!("/v1/checkout/sessions/{id}");
        let expanded = form([
            ("expand[]", "payment_intent.latest_charge"),
            ("expand[]", "payment_intent.payment_method"),
        ]);
        let session = self.api.get::<Session>(&path, expanded).await;
        self.led_to(charge, session.map_err(not_there)?)
    }

    fn led_to(&self, charge: &ChargeName, session: Session) -> Result<Found, GatewayError> {
        let (amount, currency) = currency::to_stripe(charge.amount)?;
        let ours = session.metadata.get(PAYMENT) == Some(&charge.key)
            && session.amount_total == Some(amount)
            && session.currency.as_deref() == Some(currency.as_str())
            && session.livemode != self.settings.is_test();
        if !ours {
            let said = format!("{} is not the page of payment {}", session.id, charge.key);
            return Err(self.api.nonsense(&said));
        }
        let page = |state| {
            Ok(Found::Page(ChargeAnswer {
                gateway_ref: session.id.clone(),
                ..ChargeAnswer::without_charge(state)
            }))
        };
        match (session.status, &session.payment_intent) {
            (SessionStatus::Open, _) => page(ChargeState::RequiresAction {
                url: session.url.clone(),
            }),
            (SessionStatus::Complete, Some(Link::Whole(intent))) => {
                self.checked(charge, intent)?;
                Ok(Found::Intent(intent.clone()))
            }
            (SessionStatus::Complete, _) => Err(self
                .api
                .nonsense(&format!("{} is complete without an intent", session.id))),
            (SessionStatus::Expired, _) => page(ChargeState::Voided),
        }
    }

    /// Closes a page before its time. Should it have been paid meanwhile, that is what is said.
    pub(super) async fn expire_page(
        &self,
        charge: &ChargeName,
        id: &str,
    ) -> Result<ChargeAnswer, GatewayError> {
        let path = format!("/v1/checkout/sessions/{id}/expire");
        let key = format!("{}-expire", charge.key);
        let done = self.api.post::<Session>(&path, Vec::new(), &key).await;
        match self.page(charge, id).await? {
            // Paid while it was to be closed: that money is given up too.
            Found::Intent(intent) => self.cancel(charge, intent).await,
            Found::Page(page) if page.state == ChargeState::Voided => Ok(page),
            found => match done {
                Err(failure) => Err(failure.unclear()),
                Ok(_) => found.answer(ChargeState::Voided),
            },
        }
    }
}
