//! Money that comes when its booking is over: it goes back whole, and nothing else is ever paid from it.

use crate::{
    books,
    buyer::{Act, Buyer, Nature},
    house::{House, charge},
};
use chrono::TimeDelta;
use matinee_booking::{PaymentGateway, SaleError};
use matinee_domain::{
    booking::BookingState,
    ids::{PaymentId, RefundId},
    payment::{PaymentStatus, RefundStatus},
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{
    BookingStore, SandboxLedger,
    bookings::{CAME_TOO_LATE, PaymentRow, RefundRow, RefundTo, SeatsEffect, Step, StepOutcome},
    catalog::CatalogChange,
    conformance::fixtures,
    ledger::{Charge, ChargeStatus},
};

/// A step of the buyer's booking that the desk would not take.
async fn force(house: &House, buyer: &Buyer, fill: impl FnOnce(&PaymentRow, &mut Step)) {
    let file = house.store.booking(buyer.booking.unwrap()).await.unwrap();
    let file = file.unwrap();
    let mut step = Step {
        booking_id: file.booking.booking_id,
        show_id: file.booking.show_id,
        expected_version: file.booking.version,
        to: file.booking.state,
        seats: SeatsEffect::Keep,
        payments: vec![],
        refunds: vec![],
        gifts: vec![],
        tickets: vec![],
        cancel_seats: vec![],
        by_theater: false,
        audit: None,
        messages: vec![],
        idempotency: None,
        guest_email: None,
        customer: None,
        unpaid_expiry: false,
        test: file.booking.test,
        now: house.now(),
    };
    fill(&file.payments[0], &mut step);
    let outcome = house.store.step(step).await.unwrap();
    assert!(matches!(outcome, StepOutcome::Done { .. }), "{outcome:?}");
}

/// A payment that the bank takes after its booking expired and its seats went to somebody else.
pub async fn too_late(house: &House) -> Buyer {
    let mut buyer = Buyer::new(1, Nature::Prompt);
    let mut other = Buyer::new(2, Nature::Prompt);
    buyer
        .ask(&house.desk, 0, Act::Hold(&["2-4"]))
        .await
        .unwrap();
    let pay = Act::Pay(AUTHENTICATION_REQUIRED);
    assert_eq!(buyer.ask(&house.desk, 1, pay).await.unwrap().status, 202);
    let mut key = String::new();
    force(house, &buyer, |payment, step| {
        key = payment.payment_id.to_string();
        step.to = BookingState::Expired;
        step.seats = SeatsEffect::Free;
    })
    .await;
    for (at, act) in [Act::Hold(&["2-4"]), Act::Pay(VISA)]
        .into_iter()
        .enumerate()
    {
        other.ask(&house.desk, at, act).await.unwrap();
    }
    house.bank().simulate(&charge(&key), true).await.unwrap();
    house.bank().capture(&charge(&key)).await.unwrap();
    // The jobs ask after people at their bank once a minute.
    house.later(TimeDelta::seconds(65));
    buyer
}

/// As if the request had died before it kept an answer.
pub fn forget_the_answer(house: &House) {
    rusqlite::Connection::open(house.path())
        .unwrap()
        .execute("DELETE FROM idempotency WHERE status = 202", [])
        .unwrap();
}

/// Its seats cost nothing.
pub async fn give_it_away(house: &House) {
    let mut free = fixtures::show(1, 1, 1, 3, 1, 40);
    free.prices.base_minor = vec![0, 0];
    free.prices.fees.per_seat_minor = 0;
    let change = CatalogChange {
        shows: vec![free],
        ..CatalogChange::default()
    };
    fixtures::apply(&*house.store, change).await;
}

/// The late payer's booking is over and costs nothing.
async fn expired_for_nothing(house: &House) {
    let books = books::judge(house).await.unwrap();
    let expired: Vec<_> = books.iter().filter(|b| b.status == "expired").collect();
    assert_eq!((expired.len(), expired[0].bank_keeps), (1, 0));
}

/// A payment that was answered keeps its answer; its late money goes back all the same.
#[tokio::test]
async fn money_that_came_too_late_goes_back() {
    let house = House::new().await;
    let mut buyer = too_late(&house).await;
    assert_eq!(house.desk.recover_payments().await.unwrap().done, 1);
    // The answer under the key is still the one of then.
    let pay = Act::Pay(AUTHENTICATION_REQUIRED);
    assert_eq!(buyer.ask(&house.desk, 1, pay).await.unwrap().status, 202);
    house.later(TimeDelta::seconds(20));
    house.desk.recover_refunds().await.unwrap();
    expired_for_nothing(&house).await;
}

/// The payer hears that the money was taken and goes back, not that nothing was charged.
#[tokio::test]
async fn a_request_whose_money_came_too_late_says_that_it_goes_back() {
    let house = House::new().await;
    let mut buyer = too_late(&house).await;
    forget_the_answer(&house);
    let pay = Act::Pay(AUTHENTICATION_REQUIRED);
    let said = buyer.ask(&house.desk, 1, pay).await.unwrap_err();
    assert!(matches!(said, SaleError::ChargedTooLate), "{said}");
    expired_for_nothing(&house).await;
}

/// Nothing of nothing goes back: a refund of zero would be refused by the books, again and again.
#[tokio::test]
async fn a_late_payment_of_nothing_ends_without_a_refund() {
    let house = House::new().await;
    give_it_away(&house).await;
    let buyer = too_late(&house).await;
    let report = house.desk.recover_payments().await.unwrap();
    assert_eq!((report.done, report.failed), (1, 0));
    books::judge(&house).await.unwrap();
    let file = house.store.booking(buyer.booking.unwrap()).await.unwrap();
    let file = file.unwrap();
    assert_eq!(file.refunds, []);
    assert_eq!(file.payments[0].status, PaymentStatus::Refunded);
}

/// What a cancellation gives back comes from the payment that paid, also when an older one's late money stands before it.
#[tokio::test]
async fn a_cancellation_takes_from_the_payment_that_pays() {
    for (seats, status) in [
        (Some(&["2-4"][..]), "partly_cancelled"),
        (None, "cancelled"),
    ] {
        let (house, mut buyer) = paid_late_too().await;
        buyer.ask(&house.desk, 2, Act::Cancel(seats)).await.unwrap();
        let books = books::judge(&house).await.unwrap();
        assert_eq!(books[0].status, status);
    }
}

/// A confirmed booking in whose file the late money of an earlier payment stands first.
async fn paid_late_too() -> (House, Buyer) {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    let desk = &house.desk;
    buyer
        .ask(desk, 0, Act::Hold(&["2-4", "2-5"]))
        .await
        .unwrap();
    buyer.ask(desk, 1, Act::Pay(VISA)).await.unwrap();
    let late = PaymentId::from_parts(fixtures::theater_id(1), [7; 22]);
    let refund_id = RefundId::from_bytes([8; 16]);
    let mut charge = None;
    force(&house, &buyer, |paid, step| {
        step.payments.push(PaymentRow {
            payment_id: late,
            status: PaymentStatus::Refunded,
            refunded_minor: paid.captured_minor,
            created_at: paid.created_at - TimeDelta::minutes(1),
            idempotency: None,
            ..paid.clone()
        });
        step.refunds.push(RefundRow {
            refund_id,
            payment_id: late,
            booking_id: paid.booking_id,
            amount: paid.amount,
            status: RefundStatus::Succeeded,
            to: RefundTo::Payer,
            reason: CAME_TOO_LATE.into(),
            created_at: house.now(),
            attempts: 1,
        });
        charge = Some(Charge {
            key: late.to_string(),
            status: ChargeStatus::Captured,
            amount: paid.amount,
            method: VISA.into(),
            refunded_minor: 0,
            created_at: house.now(),
        });
    })
    .await;
    let charge = charge.unwrap();
    house.store.charge(charge.clone()).await.unwrap();
    house
        .store
        .refund_charge(
            &charge.key,
            &refund_id.to_string(),
            charge.amount,
            house.now(),
        )
        .await
        .unwrap()
        .unwrap();
    books::judge(&house).await.unwrap();
    (house, buyer)
}
