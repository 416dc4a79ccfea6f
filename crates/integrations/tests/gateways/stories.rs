//! What every gateway does.

use crate::bank::{Bank, Books, begin, euros, name, now, request};
use futures_util::future::join_all;
use matinee_booking::{ChargeName, ChargeState, GatewayError, RefundRequest};

fn refund(key: &str, minor: i64) -> RefundRequest {
    RefundRequest {
        key: key.to_owned(),
        amount: euros(minor),
        before_minor: 0,
        now: now(),
    }
}

/// A charge that was taken, of 30 euros.
async fn taken(bank: &impl Bank) -> ChargeName {
    let mut charge = request(bank.tokens()[0], euros(3000));
    begin(bank.gateway(), &mut charge).await.unwrap();
    let name = name(&charge);
    let answer = bank.gateway().capture(&name).await.unwrap();
    assert_eq!(answer.state, ChargeState::Captured);
    name
}

/// Money is held first and taken after; the payer is told by which card.
pub async fn a_good_card_is_authorized_and_then_captured(bank: &impl Bank) {
    let mut charge = request(bank.tokens()[0], euros(3000));
    let answer = begin(bank.gateway(), &mut charge).await.unwrap();
    assert_eq!(answer.state, ChargeState::Authorized);
    assert!(answer.method_label.ends_with(bank.label()), "{answer:?}");
    let name = name(&charge);
    let held = Books {
        charges: 1,
        held: 3000,
        ..Books::default()
    };
    assert_eq!(bank.books(&charge.key).await, held);
    let answer = bank.gateway().capture(&name).await.unwrap();
    assert_eq!(answer.state, ChargeState::Captured);
    assert_eq!(bank.gateway().look(&name).await.unwrap(), answer);
    let books = bank.books(&charge.key).await;
    assert_eq!((books.held, books.captured, books.charges), (0, 3000, 1));
}

/// A declined card is an answer, with words for the payer, and costs nothing.
pub async fn a_declined_card_is_declined_with_words(bank: &impl Bank) {
    let mut charge = request(bank.tokens()[1], euros(3000));
    let answer = begin(bank.gateway(), &mut charge).await.unwrap();
    let ChargeState::Declined { reason } = &answer.state else {
        panic!("{answer:?}");
    };
    assert!(reason.len() > 10, "{reason}");
    let looked = bank.gateway().look(&name(&charge)).await.unwrap();
    assert_eq!(looked.state, answer.state);
    assert_eq!(bank.books(&charge.key).await, Books::default());
}

/// The payer's bank asks; what it is answered decides.
pub async fn a_payer_who_has_to_act_decides(bank: &impl Bank) {
    for yes in [true, false] {
        let mut charge = request(bank.tokens()[2], euros(3000));
        let answer = begin(bank.gateway(), &mut charge).await.unwrap();
        assert!(matches!(answer.state, ChargeState::RequiresAction { .. }));
        let name = name(&charge);
        assert_eq!(bank.books(&charge.key).await, Books::default());
        bank.plays(&name, yes).await;
        let answer = bank.gateway().look(&name).await.unwrap();
        let declined = matches!(answer.state, ChargeState::Declined { .. });
        assert_eq!(declined, !yes, "{answer:?}");
        let held = bank.books(&charge.key).await.held;
        assert_eq!(held, if yes { 3000 } else { 0 });
    }
}

/// A payer who never acts is given up, and cannot pay any more.
pub async fn a_payer_who_never_acts_is_given_up(bank: &impl Bank) {
    let mut charge = request(bank.tokens()[2], euros(3000));
    begin(bank.gateway(), &mut charge).await.unwrap();
    let name = name(&charge);
    let given_up = bank.gateway().void(&name).await.unwrap();
    assert_eq!(given_up.state, ChargeState::Voided);
    bank.plays(&name, true).await;
    let looked = bank.gateway().look(&name).await.unwrap();
    assert_eq!(looked.state, ChargeState::Voided);
    assert_eq!(bank.books(&charge.key).await, Books::default());
}

/// Every call may be made again: it answers the same and moves nothing twice.
pub async fn every_call_may_be_repeated(bank: &impl Bank) {
    let gateway = bank.gateway();
    let mut charge = request(bank.tokens()[0], euros(3000));
    for _ in 0..3 {
        let answer = begin(gateway, &mut charge).await.unwrap();
        assert_eq!(answer.state, ChargeState::Authorized);
    }
    let name = name(&charge);
    for _ in 0..3 {
        let answer = gateway.capture(&name).await.unwrap();
        assert_eq!(answer.state, ChargeState::Captured);
    }
    let again = gateway.authorize(charge.clone()).await.unwrap();
    assert_eq!(again.state, ChargeState::Captured, "a late repetition");
    for _ in 0..3 {
        let answer = gateway.refund(&name, &refund("r1", 1000)).await.unwrap();
        assert_eq!(answer.state, ChargeState::Captured);
    }
    let books = bank.books(&charge.key).await;
    assert_eq!(
        (books.charges, books.captured, books.refunded),
        (1, 3000, 1000)
    );
}

/// The same, all at once.
pub async fn repetitions_at_the_same_moment_are_one(bank: &impl Bank) {
    let gateway = bank.gateway();
    let mut charge = request(bank.tokens()[0], euros(3000));
    if gateway.prepares() {
        charge.gateway_ref = Some(gateway.prepare(&charge).await.unwrap());
    }
    let name = name(&charge);
    join_all((0..8).map(|_| gateway.authorize(charge.clone()))).await;
    join_all((0..8).map(|_| gateway.capture(&name))).await;
    let request = refund("r1", 1000);
    join_all((0..8).map(|_| gateway.refund(&name, &request))).await;
    let books = bank.books(&charge.key).await;
    assert_eq!(
        (books.charges, books.captured, books.refunded),
        (1, 3000, 1000)
    );
}

/// What was given up is never taken, and what was taken is not given up.
pub async fn given_up_and_taken_exclude_each_other(bank: &impl Bank) {
    let gateway = bank.gateway();
    let mut charge = request(bank.tokens()[0], euros(3000));
    begin(gateway, &mut charge).await.unwrap();
    let given_up = name(&charge);
    for _ in 0..2 {
        let answer = gateway.void(&given_up).await.unwrap();
        assert_eq!(answer.state, ChargeState::Voided);
    }
    let answer = gateway.capture(&given_up).await.unwrap();
    assert_eq!(answer.state, ChargeState::Voided);
    let answer = gateway.authorize(charge.clone()).await.unwrap();
    assert_eq!(answer.state, ChargeState::Voided);
    assert_eq!(bank.books(&charge.key).await, Books::default());

    let name = taken(bank).await;
    let answer = gateway.void(&name).await.unwrap();
    assert_eq!(answer.state, ChargeState::Captured);
    assert_eq!(bank.books(&name.key).await.captured, 3000);
}

/// Parts go back, then the rest, and never more.
pub async fn no_more_goes_back_than_was_taken(bank: &impl Bank) {
    let gateway = bank.gateway();
    let name = taken(bank).await;
    gateway.refund(&name, &refund("a", 1200)).await.unwrap();
    let over = gateway.refund(&name, &refund("b", 1801)).await;
    assert!(matches!(over, Err(GatewayError::Refused(_))), "{over:?}");
    let rest = gateway.refund(&name, &refund("c", 1800)).await.unwrap();
    assert_eq!(rest.state, ChargeState::Captured);
    let more = gateway.refund(&name, &refund("d", 1)).await;
    assert!(matches!(more, Err(GatewayError::Refused(_))), "{more:?}");
    let answer = gateway.look(&name).await.unwrap();
    assert_eq!(answer.refunded_minor, 3000);
    assert_eq!(bank.books(&name.key).await.refunded, 3000);
}

/// What was not taken cannot go back.
pub async fn what_was_not_taken_cannot_go_back(bank: &impl Bank) {
    let mut charge = request(bank.tokens()[0], euros(3000));
    begin(bank.gateway(), &mut charge).await.unwrap();
    let early = bank.gateway().refund(&name(&charge), &refund("r", 1)).await;
    assert!(matches!(early, Err(GatewayError::Refused(_))), "{early:?}");
    assert_eq!(bank.books(&charge.key).await.refunded, 0);
}

/// A key that was never charged is unknown to every call, and a token nobody knows is refused.
pub async fn what_nobody_knows_is_said_to_be_unknown(bank: &impl Bank) {
    let gateway = bank.gateway();
    let strange = name(&request(bank.tokens()[0], euros(3000)));
    assert_eq!(gateway.look(&strange).await, Err(GatewayError::Unknown));
    assert_eq!(gateway.capture(&strange).await, Err(GatewayError::Unknown));
    assert_eq!(gateway.void(&strange).await, Err(GatewayError::Unknown));
    let back = gateway.refund(&strange, &refund("r", 1)).await;
    assert_eq!(back, Err(GatewayError::Unknown));
    let mut charge = request("pm_nobody_knows", euros(3000));
    let refused = begin(gateway, &mut charge).await;
    assert!(
        matches!(refused, Err(GatewayError::Refused(_))),
        "{refused:?}"
    );
}

/// Nothing to pay is paid, and goes back, without anybody's money.
pub async fn nothing_to_pay_is_paid(bank: &impl Bank) {
    let gateway = bank.gateway();
    let mut charge = request(bank.tokens()[0], euros(0));
    let answer = begin(gateway, &mut charge).await.unwrap();
    assert_eq!(answer.state, ChargeState::Authorized);
    let answer = gateway.capture(&name(&charge)).await.unwrap();
    assert_eq!(answer.state, ChargeState::Captured);
    assert_eq!(bank.books(&charge.key).await.captured, 0);
}

/// One test for each story, on a bank that `$start` makes.
#[macro_export]
macro_rules! tell {
    ($start:expr; $($story:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            $crate::stories::$story(&$start.await).await;
        })*
    };
}

/// Every story.
#[macro_export]
macro_rules! every_story {
    ($start:expr) => {
        $crate::tell!($start;
            a_good_card_is_authorized_and_then_captured,
            a_declined_card_is_declined_with_words,
            a_payer_who_has_to_act_decides,
            a_payer_who_never_acts_is_given_up,
            every_call_may_be_repeated,
            repetitions_at_the_same_moment_are_one,
            given_up_and_taken_exclude_each_other,
            no_more_goes_back_than_was_taken,
            what_was_not_taken_cannot_go_back,
            what_nobody_knows_is_said_to_be_unknown,
            nothing_to_pay_is_paid,
        );
    };
}
