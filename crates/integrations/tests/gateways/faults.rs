//! Every call of a payment × everything that can happen to it: asked again until it is settled, the payer is charged once
//! and paid back once.

use crate::{
    bank::{begin, euros, name, now, request},
    peer::{Fault, Stripe, VISA},
    stripe::gateway,
};
use matinee_booking::{ChargeAnswer, ChargeState, GatewayError, PaymentGateway, RefundRequest};
use matinee_integrations::StripeGateway;

const FAULTS: [Fault; 10] = [
    Fault::Cut,
    Fault::Lost,
    Fault::Stalled,
    Fault::StalledAfter,
    Fault::Failed,
    Fault::FailedAfter,
    Fault::Limited,
    Fault::Twice,
    Fault::Status(409, "lock_timeout"),
    Fault::Garbage,
];
/// Calls of a payment with a refund; a test counts them.
const CALLS: usize = 6;

/// Asks until there is an answer; a gateway that never gives one fails the test.
async fn settled<F>(ask: impl Fn() -> F) -> ChargeAnswer
where
    F: Future<Output = Result<ChargeAnswer, GatewayError>>,
{
    for _ in 0..6 {
        match ask().await {
            Ok(answer) => return answer,
            Err(GatewayError::Unclear(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("not settled");
}

/// Pays 30 euros, and gets 10 of them back.
async fn whole_story(gateway: &StripeGateway, stripe: &Stripe, what: &str) {
    let mut charge = request(VISA, euros(3000));
    let mut answer = Err(GatewayError::Unknown);
    for _ in 0..6 {
        answer = begin(gateway, &mut charge).await;
        if answer.is_ok() {
            break;
        }
    }
    assert_eq!(answer.unwrap().state, ChargeState::Authorized, "{what}");
    let name = name(&charge);
    let answer = settled(|| gateway.capture(&name)).await;
    assert_eq!(answer.state, ChargeState::Captured, "{what}");
    let back = RefundRequest {
        key: format!("r{}", charge.key),
        amount: euros(1000),
        before_minor: 0,
        now: now(),
    };
    settled(|| gateway.refund(&name, &back)).await;
    let books = stripe.books(&charge.key);
    assert_eq!(
        (
            books.charges,
            books.captured,
            books.refunded,
            books.refunds,
            books.held
        ),
        (1, 3000, 1000, 1, 0),
        "{what}"
    );
}

async fn every_call_meets_every_fault(remembers: bool) {
    let stripe = Stripe::start().unwrap();
    if remembers {
        stripe.remember();
    }
    let gateway = gateway(&stripe);
    whole_story(&gateway, &stripe, "undisturbed").await;
    assert_eq!(stripe.calls().len(), CALLS);
    for fault in FAULTS {
        // A refund that arrives twice at the same moment is Stripe's to tell apart, by its key.
        let calls = if fault == Fault::Twice && !remembers {
            CALLS - 1
        } else {
            CALLS
        };
        for call in 0..calls {
            stripe.arm(call, fault);
            let what = format!("{fault:?} at call {call}, memory: {remembers}");
            whole_story(&gateway, &stripe, &what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_stripe_that_remembers_keys() {
    every_call_meets_every_fault(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_stripe_that_forgets_them() {
    every_call_meets_every_fault(false).await;
}
