//! Stripe passes the suite, at the real localstripe, with and without a memory for idempotency keys; and what is Stripe's
//! alone: currencies, its list, objects of the official document.

use crate::{
    bank::{Bank, Books, begin, euros, name, now, request},
    peer::{AUTHENTICATION_REQUIRED, DECLINED, Stripe, VISA},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use matinee_booking::{ChargeName, ChargeState, GatewayError, PaymentGateway, Trouble};
use matinee_domain::money::Money;
use matinee_integrations::{Secret, StripeGateway, stripe::StripeSettings};
use serde_json::json;
use std::time::Duration;

/// A gateway to a Stripe of its own.
pub struct AtStripe {
    pub stripe: Stripe,
    pub gateway: StripeGateway,
}

/// Long enough for a call on a busy machine, short enough to lose one.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn gateway(stripe: &Stripe) -> StripeGateway {
    let (key, webhook) = (Secret::new("sk_test_key"), Secret::new("whsec_secret"));
    let settings = StripeSettings::new(key, &webhook, "https://kino.example")
        .and_then(|settings| settings.at(stripe.url()));
    let settings = settings.unwrap_or_else(|error| panic!("{error}"));
    StripeGateway::new(settings.patient(PATIENCE)).unwrap()
}

pub async fn at_stripe() -> AtStripe {
    let stripe = Stripe::start().unwrap();
    let gateway = gateway(&stripe);
    AtStripe { stripe, gateway }
}

async fn at_stripe_with_a_memory() -> AtStripe {
    let at = at_stripe().await;
    at.stripe.remember();
    at
}

#[async_trait]
impl Bank for AtStripe {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.gateway
    }
    fn tokens(&self) -> [&'static str; 3] {
        [VISA, DECLINED, AUTHENTICATION_REQUIRED]
    }
    async fn plays(&self, charge: &ChargeName, yes: bool) {
        self.stripe.authenticate(&charge.key, yes);
    }
    async fn books(&self, key: &str) -> Books {
        let books = self.stripe.books(key);
        Books {
            charges: books.charges,
            held: books.held,
            captured: books.captured,
            refunded: books.refunded,
        }
    }
}

crate::every_story!(at_stripe());

mod with_a_memory {
    crate::every_story!(super::at_stripe_with_a_memory());
}

/// A call that changes something carries a key, and each payment has its own.
#[tokio::test]
async fn every_change_carries_a_key_that_is_on_record_before() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    begin(&at.gateway, &mut charge).await.unwrap();
    at.gateway.capture(&name(&charge)).await.unwrap();
    let changes = at.stripe.calls().into_iter().filter(|c| c.method == "POST");
    let keys: Vec<_> = changes.map(|call| call.key.unwrap()).collect();
    let wanted = ["", "-confirm", "-capture"].map(|end| format!("{}{end}", charge.key));
    assert_eq!(keys, wanted);
}

/// A payment is never confirmed before its intent is on record, and only that one is.
#[tokio::test]
async fn only_what_is_on_record_is_ever_confirmed() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    // Two that prepare at the same time, at a gateway without a memory.
    let first = at.gateway.prepare(&charge).await.unwrap();
    let second = at.gateway.prepare(&charge).await.unwrap();
    assert_ne!(first, second);
    let unheard = at.gateway.authorize(charge.clone()).await;
    assert_eq!(unheard, Err(GatewayError::Unknown));
    assert_eq!(at.stripe.books(&charge.key).charges, 0);
    charge.gateway_ref = Some(second);
    let answer = at.gateway.authorize(charge.clone()).await.unwrap();
    assert_eq!(answer.state, ChargeState::Authorized);
    let books = at.stripe.books(&charge.key);
    assert_eq!((books.intents, books.charges), (2, 1));
}

/// What was prepared and never asked for is unknown, and can be given up for good.
#[tokio::test]
async fn what_was_only_prepared_can_be_given_up() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    charge.gateway_ref = Some(at.gateway.prepare(&charge).await.unwrap());
    let name = name(&charge);
    assert_eq!(at.gateway.look(&name).await, Err(GatewayError::Unknown));
    let given_up = at.gateway.void(&name).await.unwrap();
    assert_eq!(given_up.state, ChargeState::Voided);
    let late = at.gateway.authorize(charge.clone()).await.unwrap();
    assert_eq!(late.state, ChargeState::Voided, "the late request");
    assert_eq!(at.stripe.books(&charge.key).charges, 0);
}

/// Money is counted as Stripe counts it.
#[tokio::test]
async fn currencies_are_counted_as_stripe_does() {
    let at = at_stripe().await;
    for (minor, code, theirs) in [(1500, "JPY", 1500), (9, "ISK", 900), (5120, "KWD", 5120)] {
        let mut charge = request(VISA, Money::new(minor, code.parse().unwrap()));
        begin(&at.gateway, &mut charge).await.unwrap();
        at.gateway.capture(&name(&charge)).await.unwrap();
        assert_eq!(at.stripe.books(&charge.key).captured, theirs, "{code}");
    }
    let mut charge = request(VISA, Money::new(1, "IQD".parse().unwrap()));
    let calls = at.stripe.calls().len();
    let refused = begin(&at.gateway, &mut charge).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))));
    assert_eq!(at.stripe.calls().len(), calls, "Stripe was not asked");
}

/// The list has every charge once, page by page.
#[tokio::test]
async fn the_list_is_read_to_its_end() {
    let at = at_stripe().await;
    for number in 0..103 {
        at.stripe
            .charge_by_hand(&format!("key{number}"), 100 + number);
    }
    at.stripe.refund_by_hand("key7", 50);
    let (since, until) = (now() - TimeDelta::hours(1), now() + TimeDelta::hours(1));
    let (mut keys, mut page, mut pages) = (Vec::new(), None, 0);
    loop {
        let told = at
            .gateway
            .charges(since, until, page)
            .await
            .unwrap()
            .unwrap();
        pages += 1;
        for charge in told.charges {
            let key = charge.key.unwrap();
            let amount = 100 + key[3..].parse::<i64>().unwrap();
            let refunded = if key == "key7" { 50 } else { 0 };
            assert_eq!(
                (
                    charge.amount,
                    charge.captured_minor,
                    charge.refunded_minor,
                    charge.held
                ),
                (euros(amount), amount, refunded, false)
            );
            keys.push(key);
        }
        page = told.next;
        if page.is_none() {
            break;
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), pages), (103, 2));
    for (from, before) in [(until, until), (since, since)] {
        let others = at.gateway.charges(from, before, None).await;
        assert_eq!(others.unwrap().unwrap().charges, []);
    }
}

/// An answer about another payment, amount or mode is no answer, and the operator is told.
#[tokio::test]
async fn what_does_not_fit_is_not_booked() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    begin(&at.gateway, &mut charge).await.unwrap();
    let name = name(&charge);
    for lie in [
        json!({ "metadata": { "matinee_payment": "another" } }),
        json!({ "metadata": null }),
        json!({ "amount": 1 }),
        json!({ "currency": "usd" }),
        json!({ "livemode": true }),
        json!({ "status": "unheard_of" }),
    ] {
        at.stripe.lie(lie.clone());
        let told = at.gateway.look(&name).await;
        assert!(
            matches!(told, Err(GatewayError::Unclear(_))),
            "{lie} {told:?}"
        );
        let health = at.gateway.health().unwrap();
        assert_eq!(health.now(), Some(Trouble::Nonsense), "{lie}");
    }
    let told = at.gateway.look(&name).await.unwrap();
    assert_eq!(told.state, ChargeState::Authorized);
}

/// Objects as the official document shows them are read.
#[tokio::test]
async fn objects_of_the_official_document_are_read() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    begin(&at.gateway, &mut charge).await.unwrap();
    let mut intent: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../tests/src/stripe/payment_intent.json"
    ))
    .unwrap();
    let metadata = json!({ "matinee_payment": charge.key });
    for (name, value) in [
        ("amount", json!(1450)),
        ("currency", json!("eur")),
        ("metadata", metadata),
        ("status", json!("requires_action")),
        (
            "next_action",
            json!({ "type": "redirect_to_url", "redirect_to_url": { "url": "https://hooks.example/3ds", "return_url": null } }),
        ),
        (
            "payment_method",
            json!({ "id": "pm_1", "object": "payment_method", "type": "ideal", "ideal": {} }),
        ),
    ] {
        intent[name] = value;
    }
    at.stripe.lie(intent);
    let told = at.gateway.look(&name(&charge)).await.unwrap();
    let url = Some("https://hooks.example/3ds".to_owned());
    assert_eq!(told.state, ChargeState::RequiresAction { url });
    assert_eq!(told.method_label, "Ideal");
}
