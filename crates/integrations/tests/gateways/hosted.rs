//! Paying on Stripe's own page.

use crate::{
    bank::{begin, euros, name, request},
    peer::{DECLINED, Fault, VISA},
    stripe::{AtStripe, at_stripe},
};
use chrono::TimeDelta;
use matinee_booking::{ChargeName, ChargeState, GatewayError, HOSTED, PaymentGateway};
use serde_json::json;

/// A page for 14.50 euros, and its address.
async fn page(at: &AtStripe) -> (ChargeName, String) {
    let mut charge = request(HOSTED, euros(1450));
    let answer = begin(&at.gateway, &mut charge).await.unwrap();
    let ChargeState::RequiresAction { url: Some(url) } = answer.state else {
        panic!("{answer:?}");
    };
    (name(&charge), url)
}

#[tokio::test]
async fn a_payer_pays_on_the_page_and_comes_back() {
    let at = at_stripe().await;
    let (charge, url) = page(&at).await;
    let made = &at.stripe.calls()[0];
    let member = |name: &str| {
        let found = made.form.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value.as_str()).to_owned()
    };
    let back = member("success_url");
    assert!(back.starts_with("https://kino.example/bookings/") && back.ends_with("/paid"));
    assert_eq!(
        member("payment_method_options[card][capture_method]"),
        "manual"
    );
    assert!(member("excluded_payment_method_types[0]").ends_with("debit"));
    let id = charge.gateway_ref.clone().unwrap();
    assert!(url.ends_with(&id));
    // A declined card leaves the page open, for another.
    at.stripe.pay_page(&id, DECLINED);
    let looked = at.gateway.look(&charge).await.unwrap();
    assert!(matches!(looked.state, ChargeState::RequiresAction { .. }));
    at.stripe.pay_page(&id, VISA);
    let looked = at.gateway.look(&charge).await.unwrap();
    assert_eq!(looked.state, ChargeState::Authorized);
    assert_eq!(looked.method_label, "Visa •••• 4242");
    assert!(looked.gateway_ref.starts_with("pi_"));
    let taken = at.gateway.capture(&charge).await.unwrap();
    assert_eq!(taken.state, ChargeState::Captured);
    let books = at.stripe.books(&charge.key);
    assert_eq!((books.captured, books.charges), (1450, 1));
}

#[tokio::test]
async fn a_page_that_is_given_up_cannot_be_paid() {
    let at = at_stripe().await;
    let (charge, _) = page(&at).await;
    for _ in 0..2 {
        let given_up = at.gateway.void(&charge).await.unwrap();
        assert_eq!(given_up.state, ChargeState::Voided);
    }
    at.stripe
        .pay_page(charge.gateway_ref.as_deref().unwrap(), VISA);
    assert_eq!(at.stripe.books(&charge.key).charges, 0);
}

/// The payer is faster than the one who gives up: the money is let go.
#[tokio::test]
async fn a_page_that_was_paid_is_given_up_with_its_money() {
    let at = at_stripe().await;
    let (charge, _) = page(&at).await;
    at.stripe
        .pay_page(charge.gateway_ref.as_deref().unwrap(), VISA);
    let given_up = at.gateway.void(&charge).await.unwrap();
    assert_eq!(given_up.state, ChargeState::Voided);
    assert_eq!(at.stripe.books(&charge.key).held, 0);
}

/// A page whose making was not answered is made again; only the one on record is ever shown.
#[tokio::test]
async fn a_lost_page_is_nobodys() {
    let at = at_stripe().await;
    at.stripe.arm(0, Fault::Lost);
    let mut charge = request(HOSTED, euros(1450));
    let lost = begin(&at.gateway, &mut charge).await;
    assert!(matches!(lost, Err(GatewayError::Unclear(_))));
    assert_eq!(charge.gateway_ref, None);
    begin(&at.gateway, &mut charge).await.unwrap();
    let pages = at.stripe.pages();
    assert_eq!(pages.len(), 2);
    assert!(pages.contains(charge.gateway_ref.as_ref().unwrap()));
}

/// Stripe, which remembers keys, compares what is sent with them: asked again for a lost page, later, it tells the same page.
#[tokio::test]
async fn a_page_asked_for_again_is_the_same_page() {
    let at = at_stripe().await;
    at.stripe.remember();
    at.stripe.arm(0, Fault::Lost);
    let mut charge = request(HOSTED, euros(1450));
    let lost = begin(&at.gateway, &mut charge).await;
    assert!(matches!(lost, Err(GatewayError::Unclear(_))), "{lost:?}");
    charge.now += TimeDelta::seconds(7);
    begin(&at.gateway, &mut charge).await.unwrap();
    assert_eq!(at.stripe.pages(), [charge.gateway_ref.unwrap()]);
}

#[tokio::test]
async fn another_payments_page_is_not_taken() {
    let at = at_stripe().await;
    let (charge, _) = page(&at).await;
    for lie in [
        json!({ "metadata": {} }),
        json!({ "amount_total": 1 }),
        json!({ "currency": "usd" }),
        json!({ "livemode": true }),
        json!({ "status": "complete", "payment_intent": null }),
    ] {
        at.stripe.lie(lie.clone());
        let told = at.gateway.look(&charge).await;
        assert!(
            matches!(told, Err(GatewayError::Unclear(_))),
            "{lie} {told:?}"
        );
    }
}
