//! Gift cards where the sagas bend: money that comes late, cards that change under a payment, refunds that fail, and a
//! theater without a gateway.

use crate::{
    answers::{held, payment, wish},
    books,
    buyer::Card,
    house::{House, charge, gift_id},
    meanwhile::SlowBank,
    promo::run_out,
};
use chrono::TimeDelta;
use matinee_booking::{
    Answered, CancelInput, Desk, GiftInput, PayInput, PaymentGateway as _, SaleError, Settled,
    Wanted,
};
use matinee_domain::{
    booking::BookingStatus,
    gift::{GiftEntryKind, GiftState},
    ids::BookingId,
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
    seat_map::SeatId,
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{
    BookingStore as _, GiftStore as _, Maintenance as _,
    bookings::{BookingFile, RefundTo},
    gifts::BY_GIFT_CARD,
};
use std::sync::Arc;

fn eur(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::new(*b"EUR"))
}

fn with(booking: BookingId, method: &str, card: Card) -> PayInput {
    PayInput {
        gift: Some(GiftInput {
            code: card.code().to_string().to_lowercase(),
            expected: None,
        }),
        ..payment(booking, method)
    }
}

async fn hold(desk: &Desk, seats: &[&str]) -> BookingFile {
    let seats = seats.iter().map(|name| SeatId((*name).into())).collect();
    held(desk, wish(Wanted::Seats(seats))).await
}

async fn file(house: &House, booking: BookingId) -> BookingFile {
    house.store.booking(booking).await.unwrap().unwrap()
}

async fn balance(house: &House, card: Card) -> i64 {
    let row = house.store.gift(gift_id(card)).await.unwrap().unwrap();
    row.card.balance.amount_minor
}

async fn cancel(desk: &Desk, booking_id: BookingId, seats: Option<&[&str]>) {
    let seat_ids = seats.map(|names| names.iter().map(|name| SeatId((*name).into())).collect());
    let input = CancelInput {
        booking_id,
        seat_ids,
        idempotency: None,
    };
    let answer = desk.cancel(input).await.unwrap();
    assert!(matches!(answer, Answered::Now { .. }));
}

fn status(settled: &Settled) -> u16 {
    match settled {
        Settled::Answer { status, .. } => *status,
        Settled::Again(kept) => kept.status,
    }
}

/// The bank is asked for the rest alone, and both parts come back: what was charged first, the card's at once.
#[tokio::test]
async fn two_ways_of_paying_come_back_in_order() {
    let house = House::new().await;
    let desk = &house.desk;
    let booking = hold(desk, &["2-4", "2-5", "2-6"]).await.booking;
    let (id, total) = (booking.booking_id, booking.total.amount_minor);
    let paid = desk.pay(with(id, VISA, Card::Small)).await.unwrap();
    assert_eq!(status(&paid), 200);
    let row = file(&house, id).await.payments.remove(0);
    assert_eq!(
        (row.amount, row.captured_minor),
        (eur(total - 700), total - 700)
    );
    assert_eq!(
        (row.paid_minor(), balance(&house, Card::Small).await),
        (total, 0)
    );
    books::judge(&house).await.unwrap();

    cancel(desk, id, Some(&["2-4"])).await;
    assert_eq!(
        balance(&house, Card::Small).await,
        0,
        "what was charged goes first"
    );
    cancel(desk, id, None).await;
    assert_eq!(balance(&house, Card::Small).await, 700);
    let over = file(&house, id).await;
    let refunds: Vec<_> = over
        .refunds
        .iter()
        .map(|refund| (refund.to, refund.status))
        .collect();
    assert_eq!(refunds.len(), 3);
    let to_card = (RefundTo::GiftCard, RefundStatus::Succeeded);
    assert_eq!(refunds.iter().filter(|one| **one == to_card).count(), 1);
    assert_eq!(over.payments[0].status, PaymentStatus::Refunded);
    assert_eq!(over.payments[0].back_minor(), total);
    let report = house.store.verify(house.now()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// A bank that keeps what it has does not keep the card's part, and the books say what is owed.
#[tokio::test]
async fn a_refund_the_bank_refuses_leaves_the_cards_part_alone() {
    let house = House::new().await;
    let id = hold(&house.desk, &["2-4"]).await.booking.booking_id;
    house.desk.pay(with(id, VISA, Card::Small)).await.unwrap();
    let desk = house.desk_at(
        Arc::new(SlowBank {
            keeps_everything: true,
            ..SlowBank::new(&house)
        }),
        false,
    );
    cancel(&desk, id, None).await;
    assert_eq!(balance(&house, Card::Small).await, 700);
    let over = file(&house, id).await;
    assert_eq!(over.payments[0].status, PaymentStatus::PartlyRefunded);
    let report = house.store.verify(house.now()).await.unwrap();
    let found: Vec<_> = report.violations.iter().map(|it| it.invariant).collect();
    assert_eq!(found, ["refund_failed"]);
}

/// Without a gateway a card pays all the same, if it pays all of it; and it has it back.
#[tokio::test]
async fn a_card_alone_needs_no_gateway() {
    let house = House::new().await;
    let desk = house.desk_without_gateway();
    let id = hold(&desk, &["2-4"]).await.booking.booking_id;
    let without = desk.pay(payment(id, VISA)).await;
    assert!(matches!(without, Err(SaleError::NoGateway)), "{without:?}");
    let part = desk.pay(with(id, VISA, Card::Small)).await;
    assert!(matches!(part, Err(SaleError::NoGateway)), "{part:?}");
    assert_eq!(balance(&house, Card::Small).await, 700);
    let whole = desk.pay(with(id, "", Card::Large)).await.unwrap();
    assert_eq!(status(&whole), 200);
    let paid = file(&house, id).await;
    assert_eq!(paid.booking.state.status(), BookingStatus::Confirmed);
    assert_eq!((paid.tickets.len(), paid.booking.test), (1, false));
    assert_eq!(paid.payments[0].gateway, BY_GIFT_CARD);
    books::judge(&house).await.unwrap();
    let again = desk.pay(with(id, "", Card::Large)).await;
    assert!(matches!(again, Err(SaleError::AlreadyPaid)), "{again:?}");
    cancel(&desk, id, None).await;
    assert_eq!(balance(&house, Card::Large).await, 100_000);
    books::judge(&house).await.unwrap();
}

/// What the payer saw is what is paid, or nothing; a card nobody may use is not told from one that is not there.
#[tokio::test]
async fn a_card_pays_what_its_payer_saw() {
    let house = House::new().await;
    let desk = &house.desk;
    let booking = hold(desk, &["2-4"]).await.booking;
    let id = booking.booking_id;
    let seeing = |amount| {
        let mut input = with(id, VISA, Card::Small);
        input.gift.as_mut().unwrap().expected = Some(eur(amount));
        input
    };
    let other = desk.pay(seeing(701)).await;
    assert!(
        matches!(other, Err(SaleError::GiftChanged(now)) if now == eur(700)),
        "{other:?}"
    );
    for code in ["", "nobody's", "0000-0000-0000-0000-0000"] {
        let mut input = with(id, VISA, Card::Small);
        input.gift.as_mut().unwrap().code = code.into();
        let unknown = desk.pay(input).await;
        assert!(
            matches!(unknown, Err(SaleError::GiftInvalid)),
            "{unknown:?}"
        );
    }
    let card = gift_id(Card::Small);
    house
        .store
        .set_gift_state(card, GiftState::Blocked)
        .await
        .unwrap();
    let blocked = desk.pay(with(id, VISA, Card::Small)).await;
    assert!(
        matches!(blocked, Err(SaleError::GiftInvalid)),
        "{blocked:?}"
    );
    house
        .store
        .set_gift_state(card, GiftState::Active)
        .await
        .unwrap();
    assert!(file(&house, id).await.payments.is_empty());
    desk.pay(seeing(700)).await.unwrap();
    // Nothing is left on it for the next one.
    let next = hold(desk, &["4-4"]).await.booking.booking_id;
    let empty = desk.pay(with(next, VISA, Card::Small)).await;
    assert!(
        matches!(empty, Err(SaleError::GiftChanged(now)) if now == eur(0)),
        "{empty:?}"
    );
    desk.pay(payment(next, VISA)).await.unwrap();
    books::judge(&house).await.unwrap();
}

/// Pays a part with the card at a bank that asks its customer; the hold runs out, and then the bank takes the money.
async fn pay_late(house: &House, booking: BookingId) {
    house
        .desk
        .pay(with(booking, AUTHENTICATION_REQUIRED, Card::Small))
        .await
        .unwrap();
    let key = file(house, booking).await.payments[0]
        .payment_id
        .to_string();
    run_out(house, booking).await;
    house.bank().simulate(&charge(&key), true).await.unwrap();
    house.bank().capture(&charge(&key)).await.unwrap();
}

/// Money that comes when the seats are another's goes back whole: the bank's part, and the card's at once.
#[tokio::test]
async fn late_money_goes_back_to_bank_and_card() {
    let house = House::new().await;
    let late = hold(&house.desk, &["2-4"]).await.booking.booking_id;
    pay_late(&house, late).await;
    let other = hold(&house.desk, &["2-4"]).await.booking.booking_id;
    house.desk.pay(payment(other, VISA)).await.unwrap();
    assert_eq!(balance(&house, Card::Small).await, 0);
    house.later(TimeDelta::seconds(65));
    assert_eq!(house.desk.recover_payments().await.unwrap().done, 1);
    assert_eq!(balance(&house, Card::Small).await, 700);
    house.later(TimeDelta::seconds(20));
    house.desk.recover_refunds().await.unwrap();
    let over = file(&house, late).await;
    assert_eq!(over.booking.state.status(), BookingStatus::Expired);
    assert_eq!(over.payments[0].status, PaymentStatus::Refunded);
    let entries = house.store.gift_entries_of(over.payments[0].payment_id);
    let kinds: Vec<_> = entries.await.unwrap().iter().map(|it| it.kind).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&GiftEntryKind::Refund));
    assert_eq!(over.refunds.len(), 2);
    books::judge(&house).await.unwrap();
}

/// With the seats still free the late payer has them, and the card's part stays paid.
#[tokio::test]
async fn late_money_claims_the_seats_again_with_the_cards_part() {
    let house = House::new().await;
    let late = hold(&house.desk, &["2-4"]).await.booking.booking_id;
    pay_late(&house, late).await;
    house.later(TimeDelta::seconds(65));
    assert_eq!(house.desk.recover_payments().await.unwrap().done, 1);
    let won = file(&house, late).await;
    assert_eq!(won.booking.state.status(), BookingStatus::Confirmed);
    assert_eq!(balance(&house, Card::Small).await, 0);
    books::judge(&house).await.unwrap();
}

/// Twenty buyers at two servers, one card: what it has is spent once, and whoever did not see it shrink is told.
#[tokio::test]
async fn a_crowd_spends_a_card_once() {
    let house = House::new().await;
    let desks = [house.desk.clone(), house.another_desk()];
    let mut buyers = Vec::new();
    for place in 1..=4 {
        for row in 1..=4 {
            let seat = format!("{row}-{place}");
            let wanted = wish(Wanted::Seats(vec![SeatId(seat)]));
            if let Ok(Answered::Now { file, .. }) = house.desk.hold(wanted).await {
                buyers.push(file.booking);
            }
        }
    }
    assert!(buyers.len() >= 8, "{}", buyers.len());
    let all = buyers.iter().enumerate().map(|(at, booking)| {
        let mut input = with(booking.booking_id, VISA, Card::Small);
        input.gift.as_mut().unwrap().expected = Some(eur(700));
        desks[at % 2].pay(input)
    });
    let answers = futures_util::future::join_all(all).await;
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won, 1, "{answers:?}");
    for answer in &answers {
        let told = match answer {
            Ok(settled) => status(settled) == 200,
            Err(SaleError::GiftChanged(now)) => *now == eur(0),
            Err(_) => false,
        };
        assert!(told, "{answer:?}");
    }
    assert_eq!(balance(&house, Card::Small).await, 0);
    for booking in &buyers {
        if file(&house, booking.booking_id).await.payments.is_empty() {
            house.desk.release(booking.booking_id).await.unwrap();
        }
    }
    books::judge(&house).await.unwrap();
}

/// The sandbox bank, when it charges nothing below this.
fn desk_from(house: &House, least: i64) -> Arc<Desk> {
    let bank = SlowBank {
        minimums: Box::leak(Box::new([("EUR", least)])),
        ..SlowBank::new(house)
    };
    house.desk_at(Arc::new(bank), false)
}

/// Nothing is claimed or asked for that could not be charged: a card leaves a little more, and who is held back is told so
/// while nothing has moved.
#[tokio::test]
async fn what_a_card_leaves_can_be_charged() {
    let house = House::new().await;
    let booking = hold(&house.desk, &["2-4"]).await.booking;
    let (id, total) = (booking.booking_id, booking.total.amount_minor);
    assert!(total > 700);

    // No way to charge the booking, neither all of it nor what the card leaves.
    let desk = desk_from(&house, total + 1);
    for input in [payment(id, VISA), with(id, VISA, Card::Small)] {
        let refused = desk.pay(input).await;
        assert!(
            matches!(refused, Err(SaleError::TooSmallToCharge { least }) if least == eur(total + 1)),
            "{refused:?}"
        );
    }
    let untouched = file(&house, id).await;
    assert_eq!(untouched.booking.state.status(), BookingStatus::Held);
    assert!(untouched.payments.is_empty());
    assert_eq!(balance(&house, Card::Small).await, 700);

    // The card has 700, and 100 of it stay: the least is left.
    let least = total - 600;
    let desk = desk_from(&house, least);
    let mut seen = with(id, VISA, Card::Small);
    seen.gift.as_mut().unwrap().expected = Some(eur(700));
    let changed = desk.pay(seen).await;
    assert!(
        matches!(changed, Err(SaleError::GiftChanged(now)) if now == eur(600)),
        "{changed:?}"
    );
    let paid = desk.pay(with(id, VISA, Card::Small)).await.unwrap();
    assert_eq!(status(&paid), 200);
    let row = file(&house, id).await.payments.remove(0);
    let part = row.gift.as_ref().unwrap().amount_minor;
    assert_eq!((row.captured_minor, part), (least, 600));
    assert_eq!(balance(&house, Card::Small).await, 100);
    books::judge(&house).await.unwrap();

    // All of it by card: nothing is left to charge.
    let next = hold(&house.desk, &["2-5"]).await.booking.booking_id;
    let desk = desk_from(&house, 1_000_000);
    let paid = desk.pay(with(next, VISA, Card::Large)).await.unwrap();
    assert_eq!(status(&paid), 200);
}
