//! What a request hears: when it has no key, when its payment came to nothing, and how long an answer is kept. The other
//! parts look at what the books come to. cargo-mutants asked for most of these.

use crate::{
    books,
    buyer::{Act, Buyer, Heard, Nature},
    house::House,
    late,
    meanwhile::SlowBank,
};
use chrono::TimeDelta;
use matinee_booking::{Answered, Desk, HoldInput, PayInput, SaleError, Settled, Wanted};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    channel::SaleChannel,
    ids::BookingId,
    limits,
    money::Money,
    seat_map::SeatId,
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, DECLINED, VISA};
use matinee_store::{
    BookingStore,
    bookings::{BookingFile, Owner},
    conformance::fixtures,
    idempotency::IdempotencyKey,
};
use std::sync::Arc;

fn seats(names: &[&str]) -> Wanted {
    Wanted::Seats(names.iter().map(|name| SeatId((*name).into())).collect())
}

pub fn wish(wanted: Wanted) -> HoldInput {
    HoldInput {
        show_id: fixtures::show_id(1, 1),
        wanted,
        ticket_types: std::collections::BTreeMap::new(),
        promo_code: None,
        channel: SaleChannel::Web,
        owner: Owner::Guest {
            email: Some("buyer@example.org".into()),
        },
        caller: [1; 16],
        idempotency: None,
    }
}

pub async fn held(desk: &Desk, input: HoldInput) -> BookingFile {
    match desk.hold(input).await.unwrap() {
        Answered::Now { file, .. } => *file,
        Answered::Again(_) => panic!("there is no key"),
    }
}

pub fn payment(booking_id: BookingId, method: &str) -> PayInput {
    PayInput {
        booking_id,
        method: method.into(),
        expected_total: None,
        gift: None,
        idempotency: None,
    }
}

fn said(answer: Settled) -> (u16, String) {
    match answer {
        Settled::Answer { status, body, .. } => (status, String::from_utf8_lossy(&body).into()),
        Settled::Again(_) => panic!("there is no key"),
    }
}

/// Answers under a key are kept until a day after the show.
#[tokio::test]
async fn answers_are_kept_past_the_show() {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, act) in [
        Act::Hold(&["2-4", "2-5"]),
        Act::Extend,
        Act::Pay(VISA),
        Act::Cancel(Some(&["2-4"])),
    ]
    .into_iter()
    .enumerate()
    {
        buyer.ask(&house.desk, at, act).await.unwrap();
        house.later(TimeDelta::minutes(1));
    }
    let ends = fixtures::show(1, 1, 1, 3, 1, 40).end_time + limits::IDEMPOTENCY_KEPT;
    let database = rusqlite::Connection::open(house.path()).unwrap();
    let mut kept = database
        .prepare("SELECT keep_until FROM idempotency")
        .unwrap();
    let kept: Vec<i64> = kept
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kept.len(), 4);
    for until in kept {
        assert_eq!(until, ends.timestamp_micros());
    }
}

/// Requests without a key hear how it is now.
#[tokio::test]
async fn a_payment_without_a_key_hears_what_became_of_it() {
    let mut house = House::new().await;
    let desk = &house.another_desk();
    let total = Money::new(1500, fixtures::show(1, 1, 1, 3, 1, 40).prices.currency);
    let pay_for = |booking_id, method| desk.pay(payment(booking_id, method));
    let booking_id = held(desk, wish(seats(&["2-4"]))).await.booking.booking_id;
    let (status, body) = said(pay_for(booking_id, DECLINED).await.unwrap());
    assert_eq!(status, 402);
    assert!(!body.contains("|booking|"), "the reason is told: {body}");
    let wrong = PayInput {
        expected_total: Some(Money::new(1, total.currency)),
        gift: None,
        ..payment(booking_id, VISA)
    };
    let error = desk.pay(wrong).await.unwrap_err();
    assert!(
        matches!(error, SaleError::PriceChanged(now) if now == total),
        "{error}"
    );
    let right = PayInput {
        expected_total: Some(total),
        gift: None,
        ..payment(booking_id, VISA)
    };
    let (status, body) = said(desk.pay(right).await.unwrap());
    assert_eq!(status, 200);
    assert!(body.contains("|booking|"), "{body}");
    let error = pay_for(booking_id, VISA).await.unwrap_err();
    assert!(matches!(error, SaleError::AlreadyPaid), "{error}");
    let waits = held(desk, wish(seats(&["3-4"]))).await.booking.booking_id;
    let (status, _) = said(pay_for(waits, AUTHENTICATION_REQUIRED).await.unwrap());
    assert_eq!(status, 202);
    let error = pay_for(waits, VISA).await.unwrap_err();
    assert!(matches!(error, SaleError::PaymentInProgress), "{error}");
    let nobody = HoldInput {
        owner: Owner::Guest { email: None },
        ..wish(seats(&["1-4"]))
    };
    let nobody = held(desk, nobody).await.booking.booking_id;
    let error = pay_for(nobody, VISA).await.unwrap_err();
    assert!(matches!(error, SaleError::EmailRequired), "{error}");
    house.let_everything_settle().await;
    books::judge(&house).await.unwrap();
}

/// One more than the last is refused; each declined one leaves the hold.
#[tokio::test]
async fn a_booking_may_be_paid_for_five_times() {
    let house = House::new().await;
    let booking_id = held(&house.desk, wish(seats(&["2-4"])))
        .await
        .booking
        .booking_id;
    for _ in 0..limits::PAYMENT_ATTEMPTS {
        let answer = house.desk.pay(payment(booking_id, DECLINED)).await;
        assert_eq!(said(answer.unwrap()).0, 402);
    }
    let error = house.desk.pay(payment(booking_id, VISA)).await.unwrap_err();
    assert!(matches!(error, SaleError::TooManyAttempts), "{error}");
}

/// A payment under another key is another payment, whatever became of the first.
#[tokio::test]
async fn another_key_is_another_payment() {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    let acts = [Act::Hold(&["2-4"]), Act::Pay(DECLINED), Act::Pay(VISA)];
    let mut heard = Vec::new();
    for (at, act) in acts.into_iter().enumerate() {
        heard.push(buyer.ask(&house.desk, at, act).await.unwrap().status);
    }
    assert_eq!(heard, [201, 402, 200]);
}

/// The payer's bank is played once: with a key the answer can be heard again, and the first request keeps its own.
#[tokio::test]
async fn the_payers_bank_answers_once() {
    let key = |number| IdempotencyKey {
        scope: [number; 16],
        body: [9; 16],
    };
    let hear = |answer: Settled| match answer {
        Settled::Answer { status, body, .. } => Heard { status, body },
        Settled::Again(kept) => Heard {
            status: kept.status,
            body: kept.body,
        },
    };
    let house = House::new().await;
    let desk = &house.desk;
    for keyed in [true, false] {
        let booking_id = held(desk, wish(Wanted::Best(1))).await.booking.booking_id;
        let input = PayInput {
            idempotency: Some(key(1 + u8::from(keyed))),
            ..payment(booking_id, AUTHENTICATION_REQUIRED)
        };
        assert_eq!(hear(desk.pay(input).await.unwrap()).status, 202);
        let file = house.store.booking(booking_id).await.unwrap().unwrap();
        let payment_id = file.payments[0].payment_id;
        let own = keyed.then(|| key(8));
        let first = hear(desk.simulate(payment_id, true, own.clone()).await.unwrap());
        assert_eq!(first.status, 200);
        let paid = house.store.booking(booking_id).await.unwrap().unwrap();
        assert_eq!(paid.payments[0].idempotency, own.clone().or(Some(key(1))));
        let again = desk.simulate(payment_id, true, own).await;
        if keyed {
            assert_eq!(hear(again.unwrap()), first);
        } else {
            assert!(matches!(again, Err(SaleError::NotAwaitingAction)));
        }
        let stranger = desk.simulate(payment_id, true, Some(key(7))).await;
        assert!(matches!(stranger, Err(SaleError::NotAwaitingAction)));
    }
}

/// A hold is let go while its payer is at their bank, but not while money moves.
#[tokio::test]
async fn a_payment_that_waits_is_given_up_with_its_hold() {
    let house = House::new().await;
    let desk = &house.desk;
    let booking_id = held(desk, wish(seats(&["2-4"]))).await.booking.booking_id;
    desk.pay(payment(booking_id, AUTHENTICATION_REQUIRED))
        .await
        .unwrap();
    desk.release(booking_id).await.unwrap();
    let file = house.store.booking(booking_id).await.unwrap().unwrap();
    assert_eq!(file.booking.state, BookingState::Released);
    let moving = held(desk, wish(seats(&["2-4"]))).await.booking.booking_id;
    let bank = Arc::new(SlowBank::new(&house));
    let other = house.another_desk();
    *bank.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        let error = other.release(moving).await.unwrap_err();
        assert!(matches!(error, SaleError::PaymentInProgress), "{error}");
    }));
    let paid = house.desk_at(bank, false).pay(payment(moving, VISA)).await;
    assert_eq!(said(paid.unwrap()).0, 200);
}

/// The bank authorizes and then gives the charge up before it is captured: the seats are free again and the payer hears
/// that nothing was charged, not that they have a booking.
#[tokio::test]
async fn an_authorization_that_is_lost_before_its_capture_is_no_sale() {
    let house = House::new().await;
    let booking_id = held(&house.desk, wish(seats(&["2-4"])))
        .await
        .booking
        .booking_id;
    let bank = Arc::new(SlowBank {
        loses_authorizations: true,
        ..SlowBank::new(&house)
    });
    let desk = house.desk_at(bank, false);
    let error = desk.pay(payment(booking_id, VISA)).await.unwrap_err();
    assert!(matches!(error, SaleError::HoldExpired), "{error}");
    let file = house.store.booking(booking_id).await.unwrap().unwrap();
    assert_eq!(file.booking.state.status(), BookingStatus::Cancelled);
    books::judge(&house).await.unwrap();
}

/// Of a late payment of nothing, nothing goes back: the payer hears that the hold ran out.
#[tokio::test]
async fn a_late_payment_of_nothing_hears_that_the_hold_ran_out() {
    let house = House::new().await;
    late::give_it_away(&house).await;
    let mut buyer = late::too_late(&house).await;
    late::forget_the_answer(&house);
    let pay = Act::Pay(AUTHENTICATION_REQUIRED);
    let error = buyer.ask(&house.desk, 1, pay).await.unwrap_err();
    assert!(matches!(error, SaleError::HoldExpired), "{error}");
}
