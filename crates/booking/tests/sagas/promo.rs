//! Promotion codes where the sagas bend: a payment that comes late, a code that ends under a hold, tickets it is not for.

use crate::{
    answers::{held, payment, wish},
    books,
    house::{House, charge},
};
use chrono::TimeDelta;
use matinee_booking::{ChangeInput, Desk, HoldInput, PaymentGateway as _, SaleError, Wanted};
use matinee_domain::{
    booking::{BookingState, BookingStatus},
    ids::BookingId,
    money::{Currency, Money},
    promo::{Discount, Promo, PromoTerms},
    seat_map::SeatId,
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{
    BookingStore as _, Maintenance as _, PromoStore as _,
    bookings::{SeatsEffect, Step, StepOutcome},
    conformance::fixtures,
};

/// Two euros off, for one booking at a time.
async fn house() -> (House, Promo) {
    let house = House::new().await;
    let promo = Promo {
        code: "LAST".parse().unwrap(),
        terms: PromoTerms {
            discount: Discount::Fixed(Money::new(200, Currency::new(*b"EUR"))),
            ticket_types: vec![],
            movies: vec![],
            shows: vec![],
            weekdays: vec![],
            combines_with_reduced: false,
        },
        starts_at: house.now(),
        ends_at: None,
        max_uses: Some(1),
        uses_per_customer: None,
    };
    let theater = fixtures::theater_id(1);
    let added = house.store.add_promo(theater, promo.clone(), house.now());
    assert!(added.await.unwrap());
    (house, promo)
}

fn with_code(seat: &str) -> HoldInput {
    HoldInput {
        promo_code: Some("last".into()),
        ..wish(Wanted::Seats(vec![SeatId(seat.into())]))
    }
}

async fn used(house: &House, promo: &Promo) -> u32 {
    let row = house
        .store
        .promo(fixtures::theater_id(1), &promo.code)
        .await;
    row.unwrap().unwrap().used
}

/// The booking runs out though its payer is at the bank.
pub async fn run_out(house: &House, booking: BookingId) {
    let file = house.store.booking(booking).await.unwrap().unwrap();
    let step = Step {
        booking_id: booking,
        show_id: file.booking.show_id,
        expected_version: file.booking.version,
        to: BookingState::Expired,
        seats: SeatsEffect::Free,
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
    let outcome = house.store.step(step).await.unwrap();
    assert!(matches!(outcome, StepOutcome::Done { .. }), "{outcome:?}");
}

/// Pays at a bank that asks its customer; the hold runs out, and then the bank takes the money.
async fn pay_late(house: &House, desk: &Desk, booking: BookingId) {
    desk.pay(payment(booking, AUTHENTICATION_REQUIRED))
        .await
        .unwrap();
    let file = house.store.booking(booking).await.unwrap().unwrap();
    let key = file.payments[0].payment_id.to_string();
    run_out(house, booking).await;
    house.bank().simulate(&charge(&key), true).await.unwrap();
    house.bank().capture(&charge(&key)).await.unwrap();
}

async fn status(house: &House, booking: BookingId) -> BookingStatus {
    let file = house.store.booking(booking).await.unwrap().unwrap();
    file.booking.state.status()
}

/// Its seat is still free, but the use of its code is another's: all the money goes back.
#[tokio::test]
async fn late_money_for_a_code_that_is_used_up_goes_back() {
    let (house, promo) = house().await;
    let desk = &house.desk;
    let late = held(desk, with_code("2-4")).await.booking.booking_id;
    pay_late(&house, desk, late).await;
    let other = held(desk, with_code("4-4")).await.booking.booking_id;
    house.desk.pay(payment(other, VISA)).await.unwrap();
    house.later(TimeDelta::seconds(65));
    assert_eq!(desk.recover_payments().await.unwrap().done, 1);
    house.later(TimeDelta::seconds(20));
    desk.recover_refunds().await.unwrap();
    assert_eq!(status(&house, late).await, BookingStatus::Expired);
    assert_eq!(status(&house, other).await, BookingStatus::Confirmed);
    assert_eq!(used(&house, &promo).await, 1);
    let books = books::judge(&house).await.unwrap();
    let late = books.iter().find(|book| book.status == "expired").unwrap();
    assert_eq!(late.bank_keeps, 0);
}

/// With the use still there the late payer has seat and code, though the code is over by now.
#[tokio::test]
async fn late_money_claims_seat_and_code_again() {
    let (house, promo) = house().await;
    let desk = &house.desk;
    let late = held(desk, with_code("2-4")).await.booking.booking_id;
    pay_late(&house, desk, late).await;
    assert_eq!(used(&house, &promo).await, 0);
    let ended = house
        .store
        .end_promo(fixtures::theater_id(1), &promo.code, house.now());
    assert!(ended.await.unwrap());
    house.later(TimeDelta::seconds(65));
    assert_eq!(desk.recover_payments().await.unwrap().done, 1);
    assert_eq!(status(&house, late).await, BookingStatus::Confirmed);
    assert_eq!(used(&house, &promo).await, 1);
    books::judge(&house).await.unwrap();
}

/// Who took a code up in time keeps it while the hold is changed, as long as it is for the tickets.
#[tokio::test]
async fn a_hold_keeps_a_code_that_ends() {
    let (house, promo) = house().await;
    let desk = &house.desk;
    let first = held(desk, with_code("2-4")).await.booking;
    let ended = house
        .store
        .end_promo(fixtures::theater_id(1), &promo.code, house.now());
    assert!(ended.await.unwrap());
    let seats = |names: &[&str]| ChangeInput {
        seat_ids: Some(names.iter().map(|name| SeatId((*name).into())).collect()),
        ..ChangeInput::default()
    };
    let changed = desk.change(first.booking_id, seats(&["2-4", "2-5"])).await;
    let changed = changed.unwrap().file.booking;
    assert_eq!(changed.promo.as_ref(), Some(&promo.code));
    assert_eq!(
        changed.total.amount_minor,
        first.total.amount_minor * 2 + 200
    );
    // The same code once more is no new one; let go, it is gone.
    let code = |code: &str| ChangeInput {
        promo_code: Some(code.into()),
        ..ChangeInput::default()
    };
    desk.change(first.booking_id, code("LAST")).await.unwrap();
    assert_eq!(used(&house, &promo).await, 1);
    let plain = desk.change(first.booking_id, code(" ")).await.unwrap();
    assert_eq!(plain.file.booking.promo, None);
    assert_eq!(used(&house, &promo).await, 0);
    let again = desk.change(first.booking_id, code("LAST")).await;
    assert!(matches!(again, Err(SaleError::PromoInvalid)), "{again:?}");
    let report = house.store.verify(house.now()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// Another code than the one a hold has is that other one, and neither a code that has not begun nor one for another show
/// is to be had.
#[tokio::test]
async fn another_code_is_another() {
    let (house, promo) = house().await;
    let theater = fixtures::theater_id(1);
    let more = |code: &str, change: &dyn Fn(&mut Promo)| {
        let mut more = promo.clone();
        more.code = code.parse().unwrap();
        more.terms.discount = Discount::Fixed(Money::new(300, Currency::new(*b"EUR")));
        change(&mut more);
        more
    };
    for added in [
        more("MORE", &|_| ()),
        more("SOON", &|it| {
            it.starts_at = house.now() + TimeDelta::days(1);
        }),
        more("ELSE", &|it| it.terms.shows = vec![fixtures::show_id(1, 2)]),
    ] {
        let added = house.store.add_promo(theater, added, house.now());
        assert!(added.await.unwrap());
    }
    let booking = held(&house.desk, with_code("2-4")).await.booking;
    let before = booking.total.amount_minor;
    let ask = |code: &str| ChangeInput {
        promo_code: Some(code.into()),
        ..ChangeInput::default()
    };
    for code in ["SOON", "ELSE"] {
        let refused = house.desk.change(booking.booking_id, ask(code)).await;
        assert!(
            matches!(refused, Err(SaleError::PromoInvalid)),
            "{code}: {refused:?}"
        );
    }
    let changed = house.desk.change(booking.booking_id, ask("more")).await;
    let booking = changed.unwrap().file.booking;
    assert_eq!(booking.promo, Some("MORE".parse().unwrap()));
    assert_eq!(booking.total.amount_minor, before - 100);
    assert_eq!(used(&house, &promo).await, 0);
}
