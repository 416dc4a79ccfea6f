//! What Stripe refuses: for now, for good, or long ago.

use crate::{
    bank::{begin, euros, name, now, request},
    peer::{Fault, VISA},
    stripe::{AtStripe, at_stripe},
};
use matinee_booking::{
    ChargeName, ChargeState, GatewayError, PaymentGateway, RefundAtGateway, RefundRequest,
};
use serde_json::json;

fn back(key: &str, minor: i64, before_minor: i64) -> RefundRequest {
    RefundRequest {
        key: key.to_owned(),
        amount: euros(minor),
        before_minor,
        now: now(),
    }
}

/// A charge of 30 euros that was taken.
async fn taken(at: &AtStripe) -> ChargeName {
    let mut charge = request(VISA, euros(3000));
    begin(&at.gateway, &mut charge).await.unwrap();
    let name = name(&charge);
    at.gateway.capture(&name).await.unwrap();
    name
}

fn refunded(at: &AtStripe, charge: &ChargeName) -> (i64, usize) {
    let books = at.stripe.books(&charge.key);
    (books.refunded, books.refunds)
}

/// A confirmation that Stripe will never make: the charge is given up there before anybody hears of it.
#[tokio::test]
async fn a_confirmation_refused_for_good_is_given_up() {
    for remembers in [false, true] {
        let at = at_stripe().await;
        if remembers {
            at.stripe.remember();
        }
        let mut charge = request(VISA, euros(1450));
        at.stripe.arm(1, Fault::Refused(400, "parameter_missing"));
        let refused = begin(&at.gateway, &mut charge).await;
        assert!(
            matches!(refused, Err(GatewayError::Refused(_))),
            "{refused:?}"
        );
        let stands = at.gateway.look(&name(&charge)).await.unwrap();
        assert_eq!(stands.state, ChargeState::Voided);
        assert_eq!(at.stripe.books(&charge.key).charges, 0);
    }
}

/// What is no word of the card's bank is not shown to the payer.
#[tokio::test]
async fn words_that_are_not_about_the_card_are_not_passed_on() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    at.stripe.arm(1, Fault::Refused(402, ""));
    let declined = begin(&at.gateway, &mut charge).await.unwrap();
    let reason = "The bank declined this card.".to_owned();
    assert_eq!(declined.state, ChargeState::Declined { reason });
}

/// Money that the bank will not give after all does not stay held.
#[tokio::test]
async fn a_capture_that_the_bank_refuses_lets_the_money_go() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    begin(&at.gateway, &mut charge).await.unwrap();
    at.stripe.arm(0, Fault::Refused(402, "card_declined"));
    let gone = at.gateway.capture(&name(&charge)).await.unwrap();
    assert_eq!(gone.state, ChargeState::Voided);
    assert_eq!(at.stripe.books(&charge.key).held, 0);
}

/// Stripe answers a key for a day as it did first, a refusal too: that is how things were, and another key goes through.
#[tokio::test]
async fn a_kept_refusal_is_not_taken_for_a_new_one() {
    let at = at_stripe().await;
    at.stripe.remember();
    let charge = taken(&at).await;
    let request = back("r1", 1000, 0);
    // Intent, list, refund.
    at.stripe
        .arm(2, Fault::Refused(400, "balance_insufficient"));
    let later = at.gateway.refund(&charge, &request).await;
    assert!(matches!(later, Err(GatewayError::Unclear(_))), "{later:?}");
    at.gateway.refund(&charge, &request).await.unwrap();
    at.gateway.refund(&charge, &request).await.unwrap();
    assert_eq!(refunded(&at, &charge), (1000, 1));

    let mut held = crate::bank::request(VISA, euros(1450));
    begin(&at.gateway, &mut held).await.unwrap();
    // Intent, cancel.
    at.stripe
        .arm(1, Fault::Refused(400, "payment_intent_unexpected_state"));
    let later = at.gateway.void(&name(&held)).await;
    assert!(matches!(later, Err(GatewayError::Unclear(_))), "{later:?}");
    let given_up = at.gateway.void(&name(&held)).await.unwrap();
    assert_eq!(given_up.state, ChargeState::Voided);
}

/// Nobody but us asks for a refund again, so only what no time mends ends it.
#[tokio::test]
async fn a_refund_is_given_up_only_when_no_time_mends_it() {
    for (status, code, for_good) in [
        (400, "balance_insufficient", false),
        (400, "parameter_unknown", false),
        (404, "resource_missing", false),
        (400, "", false),
        (400, "charge_disputed", true),
        (400, "charge_already_refunded", true),
    ] {
        let at = at_stripe().await;
        let charge = taken(&at).await;
        at.stripe.arm(2, Fault::Refused(status, code));
        let told = at.gateway.refund(&charge, &back("r1", 1000, 0)).await;
        let given_up = matches!(told, Err(GatewayError::Refused(_)));
        assert_eq!(given_up, for_good, "{code}: {told:?}");
        assert!(told.is_err() && refunded(&at, &charge) == (0, 0));
    }
}

/// What somebody paid back in the dashboard and then cancelled here is back, and is not paid again.
#[tokio::test]
async fn what_went_back_by_hand_is_not_paid_again() {
    let at = at_stripe().await;
    let charge = taken(&at).await;
    at.stripe.refund_by_hand(&charge.key, 2000);
    let told = at.gateway.refund(&charge, &back("r1", 2000, 0)).await;
    assert_eq!(told.unwrap().state, ChargeState::Captured);
    assert_eq!(refunded(&at, &charge), (2000, 1));
    // What still fits goes back, and then nothing does: 20 by hand and 10 are all there was.
    at.gateway
        .refund(&charge, &back("r2", 1000, 2000))
        .await
        .unwrap();
    assert_eq!(refunded(&at, &charge), (3000, 2));
    let more = at.gateway.refund(&charge, &back("r3", 100, 3000)).await;
    assert!(matches!(more, Err(GatewayError::Refused(_))), "{more:?}");
}

/// One key with two forms is a puzzle, not a refusal.
#[tokio::test]
async fn a_key_with_another_form_is_unclear() {
    let at = at_stripe().await;
    at.stripe.remember();
    let mut charge = request(VISA, euros(1450));
    at.gateway.prepare(&charge).await.unwrap();
    charge.description.push('!');
    let told = at.gateway.prepare(&charge).await;
    assert!(matches!(told, Err(GatewayError::Unclear(_))), "{told:?}");
}

/// A refund is looked at without paying anything.
#[tokio::test]
async fn what_became_of_a_refund_is_looked_up() {
    let at = at_stripe().await;
    let charge = taken(&at).await;
    let stands = async || at.gateway.look_refund(&charge, "r1").await.unwrap();
    assert_eq!(stands().await, RefundAtGateway::Unknown);
    at.gateway
        .refund(&charge, &back("r1", 1000, 0))
        .await
        .unwrap();
    assert_eq!(stands().await, RefundAtGateway::Taken);
    at.stripe.lie(json!({}));
    at.stripe.lie(json!({ "data": [{
        "id": "re_1", "amount": 1000, "status": "failed", "metadata": { "matinee_refund": "r1" },
    }] }));
    assert_eq!(stands().await, RefundAtGateway::Failed);
    assert_eq!(refunded(&at, &charge), (1000, 1));
}
