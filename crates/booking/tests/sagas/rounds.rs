//! What a round of the jobs takes up, leaves alone and reports. What comes of it is told in the other parts; here it is
//! the round itself. cargo-mutants asked for most of these.

use crate::{
    answers::{held, payment, wish},
    books,
    buyer::{Act, Buyer, Nature},
    house::{House, charge},
    refunding::Refunding,
    wire::Fault,
};
use chrono::TimeDelta;
use matinee_booking::{
    CancelInput, GatewayError, GatewayEvent, GatewayFact, Heard, JobReport, PaymentGateway as _,
    Wanted,
};
use matinee_domain::{
    ids::{BookingId, time_ordered},
    limits,
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{
    BookingStore as _, CancellationStore as _, bookings::BookingFile, cancellations::CancelShow,
    conformance::fixtures, staff::AuditEntry,
};
use std::sync::{Arc, Mutex};

async fn hold(house: &House) -> BookingId {
    let wanted = wish(Wanted::Best(1));
    held(&house.desk, wanted).await.booking.booking_id
}

async fn file(house: &House, booking: BookingId) -> BookingFile {
    house.store.booking(booking).await.unwrap().unwrap()
}

const fn done(done: usize) -> JobReport {
    JobReport {
        done,
        failed: 0,
        more: false,
    }
}

/// A round that took up all there was says so, or it would be run again at once for ever.
#[tokio::test]
async fn a_round_says_what_it_did_and_that_it_is_over() {
    let house = House::new().await;
    hold(&house).await;
    hold(&house).await;
    assert_eq!(house.desk.expire().await.unwrap(), done(0));
    house.later(limits::HOLD_DEFAULT + TimeDelta::seconds(1));
    assert_eq!(house.desk.expire().await.unwrap(), done(2));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(0));
}

/// What a request began a moment ago is still that request's; soon after it is the job's.
#[tokio::test]
async fn a_payment_that_has_just_begun_is_left_alone() {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    let held = Act::Hold(&["2-4"]);
    buyer.ask(&house.desk, 0, held).await.unwrap();
    let calls = house.wire.calls().len();
    buyer.ask(&house.desk, 1, Act::Pay(VISA)).await.unwrap();
    let name = |it: &crate::wire::Call| it.name.contains("bank authorize");
    let at = house.wire.calls().iter().position(name).unwrap() - calls;

    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    buyer.ask(&house.desk, 0, held).await.unwrap();
    let calls = house.wire.calls().len();
    house.wire.arm(calls + at, Fault::LostReply);
    let lost = buyer.ask(&house.desk, 1, Act::Pay(VISA)).await;
    lost.unwrap_err();
    house.later(TimeDelta::seconds(9));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(0));
    let open = file(&house, buyer.booking.unwrap()).await;
    assert_eq!(open.payments[0].status, PaymentStatus::Created);
    house.later(TimeDelta::seconds(2));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(1));
    books::judge(&house).await.unwrap();
}

/// A payer whom the bank asks for more is on record as such, also when the answer that said so was lost; from then on
/// being asked after is nothing done until the bank has said yes.
#[tokio::test]
async fn a_payer_at_their_bank_is_on_record_and_waited_for() {
    let house = House::new().await;
    let booking = hold(&house).await;
    let calls = house.wire.calls().len();
    let waits = || payment(booking, AUTHENTICATION_REQUIRED);
    {
        let twin = House::new().await;
        let other = hold(&twin).await;
        let waits = payment(other, AUTHENTICATION_REQUIRED);
        twin.desk.pay(waits).await.unwrap();
        let name = |it: &crate::wire::Call| it.name.contains("bank authorize");
        let at = twin.wire.calls().iter().position(name).unwrap();
        assert!(at >= calls);
        house.wire.arm(at, Fault::LostReply);
    }
    house.desk.pay(waits()).await.unwrap_err();
    house.later(TimeDelta::seconds(11));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(1));
    let known = file(&house, booking).await.payments.remove(0);
    assert_eq!(known.status, PaymentStatus::RequiresAction);
    house.later(TimeDelta::seconds(65));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(0));
    let key = charge(&known.payment_id.to_string());
    house.bank().simulate(&key, true).await.unwrap();
    house.later(TimeDelta::seconds(65));
    assert_eq!(house.desk.recover_payments().await.unwrap(), done(1));
    let paid = file(&house, booking).await.payments.remove(0);
    assert_eq!(paid.status, PaymentStatus::Captured);
    assert!(!paid.method_label.is_empty(), "what it was paid with");
    assert!(paid.gateway_ref.is_some_and(|id| !id.is_empty()));
    books::judge(&house).await.unwrap();
}

/// News of another amount than is asked for is told as such, before the sale and after it; of the same amount it is not.
#[tokio::test]
async fn news_of_another_amount_is_told() {
    let house = House::new().await;
    let booking = hold(&house).await;
    let waits = payment(booking, AUTHENTICATION_REQUIRED);
    house.desk.pay(waits).await.unwrap();
    let begun = file(&house, booking).await.payments.remove(0);
    let other = Money::new(1, Currency::new(*b"EUR"));
    let news = |amount, fact| GatewayEvent {
        charge: begun.payment_id.to_string(),
        fact,
        amount,
        refund: None,
    };
    let key = charge(&begun.payment_id.to_string());
    for passed in [false, true] {
        if passed {
            house.bank().simulate(&key, true).await.unwrap();
        }
        for fact in [GatewayFact::Authorized, GatewayFact::Captured] {
            for (amount, heard) in [
                (Some(other), Heard::OtherAmount),
                (Some(begun.amount), Heard::Settled),
                (None, Heard::Settled),
            ] {
                let told = house.desk.gateway_event(news(amount, fact)).await;
                assert_eq!(told.unwrap(), heard, "{fact:?} {amount:?} {passed}");
            }
        }
    }
    let paid = file(&house, booking).await.payments.remove(0);
    assert_eq!(paid.status, PaymentStatus::Captured);
}

/// Of two refunds of one payment the bank pays one, whichever: that one is over, and the other is still owed.
#[tokio::test]
async fn a_refund_that_went_through_is_not_taken_for_another() {
    for owed in [0, 1] {
        let house = House::new().await;
        let wanted = wish(Wanted::Best(2));
        let booking = held(&house.desk, wanted).await.booking;
        let id = booking.booking_id;
        house.desk.pay(payment(id, VISA)).await.unwrap();
        // The key of the refund the bank says nothing about; empty for all.
        let about = Arc::new(Mutex::new(String::new()));
        let key = Arc::clone(&about);
        let bank = Refunding::new(house.bank(), move |refund| {
            let key = key.lock().unwrap();
            if key.is_empty() || *key == refund.key {
                return Err(GatewayError::Unclear("silence".into()));
            }
            Ok(())
        });
        let desk = house.desk_at(Arc::new(bank), false);
        let show = house.desk.shows.show(booking.show_id).await.unwrap();
        let show = show.unwrap();
        for seat in &booking.seats {
            let input = CancelInput {
                booking_id: id,
                seat_ids: Some(vec![show.map.seat_id(seat.seat)]),
                idempotency: None,
            };
            desk.cancel(input).await.unwrap();
        }
        let both = file(&house, id).await.refunds;
        *about.lock().unwrap() = both[owed].refund_id.to_string();
        house.later(TimeDelta::minutes(5));
        let round = desk.recover_refunds().await.unwrap();
        assert_eq!((round.done, round.failed), (1, 1));
        for refund in file(&house, id).await.refunds {
            let status = if refund.refund_id == both[owed].refund_id {
                RefundStatus::Pending
            } else {
                RefundStatus::Succeeded
            };
            assert_eq!(refund.status, status, "{refund:?}");
        }
    }
}

/// While a bank is away, a round that asks it after people who are paying says that it could not.
#[tokio::test]
async fn a_round_says_what_failed() {
    let house = House::new().await;
    let booking = hold(&house).await;
    let waits = payment(booking, AUTHENTICATION_REQUIRED);
    house.desk.pay(waits).await.unwrap();
    house.later(TimeDelta::seconds(65));
    let calls = house.wire.calls().len();
    house.desk.recover_payments().await.unwrap();
    let look = |it: &crate::wire::Call| it.name.contains("bank look");
    let at = house.wire.calls()[calls..].iter().position(look).unwrap();
    house.later(TimeDelta::seconds(65));
    house.wire.arm(house.wire.calls().len() + at, Fault::Error);
    let round = house.desk.recover_payments().await.unwrap();
    assert_eq!((round.done, round.failed), (0, 1));
}

/// A cancelled show is gone through once: everybody's seats are given back, and then it is over.
#[tokio::test]
async fn a_cancelled_show_is_gone_through_once() {
    let house = House::new().await;
    let (held, paid) = (hold(&house).await, hold(&house).await);
    house.desk.pay(payment(paid, VISA)).await.unwrap();
    let cancel = CancelShow {
        show_id: fixtures::show_id(1, 1),
        reason: "technical".into(),
        words: None,
        audit: AuditEntry {
            theater_id: fixtures::theater_id(1),
            entry: time_ordered(1, [7; 16]),
            at: house.now(),
            actor: None,
            action: "test".into(),
            object: String::new(),
            before: None,
            after: None,
        },
        now: house.now(),
    };
    house.store.cancel_show(cancel).await.unwrap();
    assert_eq!(house.desk.end_cancelled_shows().await.unwrap(), done(2));
    assert_eq!(house.store.open_cancellations(9).await.unwrap(), []);
    assert_eq!(house.desk.end_cancelled_shows().await.unwrap(), done(0));
    let given_back = file(&house, paid).await;
    assert_eq!(given_back.refunds[0].status, RefundStatus::Pending);
    assert!(file(&house, held).await.refunds.is_empty());
    house.later(TimeDelta::minutes(1));
    assert_eq!(house.desk.recover_refunds().await.unwrap(), done(1));
    books::judge(&house).await.unwrap();
}
