//! What an operator has to do something about: each is told apart, counted, and costs nobody anything.

use crate::{
    bank::{begin, euros, name, request},
    peer::{Fault, VISA},
    stripe::at_stripe,
};
use matinee_booking::{ChargeState, GatewayError, PaymentGateway, Trouble};
use matinee_integrations::stripe::StripeUnusable;

#[tokio::test]
async fn each_trouble_is_told_apart_and_passes() {
    let at = at_stripe().await;
    let mut charge = request(VISA, euros(1450));
    begin(&at.gateway, &mut charge).await.unwrap();
    let name = name(&charge);
    let health = at.gateway.health().unwrap();
    for (fault, trouble) in [
        (Fault::Status(401, "api_key_expired"), Trouble::Key),
        (
            Fault::Status(403, "more_permissions_required"),
            Trouble::Rights,
        ),
        (Fault::Limited, Trouble::Limited),
        (Fault::Failed, Trouble::Outage),
        (Fault::Status(503, ""), Trouble::Outage),
        (Fault::Cut, Trouble::Silence),
        (Fault::Stalled, Trouble::Silence),
        (Fault::Garbage, Trouble::Nonsense),
    ] {
        at.stripe.always(Some(fault));
        let before = health.met(trouble);
        let told = at.gateway.capture(&name).await;
        assert!(
            matches!(told, Err(GatewayError::Unclear(_))),
            "{fault:?} {told:?}"
        );
        assert_eq!(health.now(), Some(trouble), "{fault:?}");
        assert!(health.met(trouble) > before, "{fault:?}");
        let GatewayError::Unclear(words) = told.unwrap_err() else {
            continue;
        };
        assert!(!words.contains("sk_test"), "{words}");
        at.stripe.always(None);
        let looked = at.gateway.look(&name).await.unwrap();
        assert_eq!(looked.state, ChargeState::Authorized);
        assert_eq!(health.now(), None, "{fault:?}");
    }
    let taken = at.gateway.capture(&name).await.unwrap();
    assert_eq!(taken.state, ChargeState::Captured);
    assert_eq!(at.stripe.books(&charge.key).captured, 1450);
}

/// "Too many" is waited for and tried again by itself.
#[tokio::test]
async fn too_many_calls_are_made_again_more_slowly() {
    let at = at_stripe().await;
    at.stripe.arm(0, Fault::Limited);
    at.stripe.arm(1, Fault::Limited);
    let mut charge = request(VISA, euros(1450));
    let begun = std::time::Instant::now();
    let answer = begin(&at.gateway, &mut charge).await.unwrap();
    assert_eq!(answer.state, ChargeState::Authorized);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(800));
    assert_eq!(at.gateway.health().unwrap().retries(), 2);
    let books = at.stripe.books(&charge.key);
    assert_eq!((books.intents, books.charges), (1, 1));
}

/// A refused key stops the start; an outage does not.
#[tokio::test]
async fn the_start_says_whether_the_key_is_good() {
    let at = at_stripe().await;
    at.gateway.introduce().await.unwrap();
    at.stripe
        .always(Some(Fault::Status(401, "api_key_expired")));
    let refused = at.gateway.introduce().await.unwrap_err();
    assert_eq!(refused, StripeUnusable::Key);
    assert!(refused.to_string().contains("make a new key"));
    for fault in [Fault::Cut, Fault::Failed, Fault::Status(403, "")] {
        at.stripe.always(Some(fault));
        at.gateway.introduce().await.unwrap();
    }
    // A right that is not needed is no trouble.
    let health = at.gateway.health().unwrap();
    assert_eq!((health.met(Trouble::Rights), health.now()), (0, None));
    assert_eq!(at.gateway.account(), Some("acct_1PgafTB7WZ01zgkW".into()));
}

/// A call that Stripe takes for malformed is ours to mend.
#[tokio::test]
async fn a_malformed_call_is_told_and_charges_nobody() {
    let at = at_stripe().await;
    at.stripe.arm(0, Fault::Status(400, "parameter_unknown"));
    let mut charge = request(VISA, euros(1450));
    let refused = begin(&at.gateway, &mut charge).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))));
    let health = at.gateway.health().unwrap();
    assert_eq!(health.met(Trouble::BadRequest), 1);
}
