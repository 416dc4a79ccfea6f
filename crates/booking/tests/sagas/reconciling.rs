//! What the comparison with a gateway's list says: each difference once, and nothing of what is under way, another's or
//! out of its time. How a difference is looked at again is told in [`crate::elsewhere`]. cargo-mutants asked for most.

use crate::{
    answers::{held, payment, wish},
    buyer::Card,
    elsewhere::Elsewhere,
    house::House,
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{
    CancelInput, Differs, GiftInput, ListedCharge, PayInput, Reconciled, SaleError, Wanted,
};
use matinee_domain::{
    ids::PaymentId,
    money::{Currency, Money},
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{BookingStore as _, bookings::PaymentRow, conformance::fixtures};
use std::sync::Arc;

/// The sandbox's name, and the same with another one.
const HERE: &str = "sandbox";
const THERE: &str = "another";

/// Somebody pays at the bank of this name.
async fn pays(house: &House, bank: &'static str, method: &str, card: Option<Card>) -> PaymentRow {
    let desk = house.desk_at(Arc::new(Elsewhere::new(house, bank, true)), false);
    let id = held(&desk, wish(Wanted::Best(1))).await.booking.booking_id;
    let gift = card.map(|card| GiftInput {
        code: card.code().to_string(),
        expected: None,
    });
    let input = PayInput {
        gift,
        ..payment(id, method)
    };
    desk.pay(input).await.unwrap();
    let file = house.store.booking(id).await.unwrap().unwrap();
    file.payments[0].clone()
}

fn listed(key: Option<String>, captured: i64, created_at: DateTime<Utc>) -> ListedCharge {
    ListedCharge {
        key,
        gateway_ref: "c".into(),
        amount: Money::new(1_500, Currency::new(*b"EUR")),
        captured_minor: captured,
        refunded_minor: 0,
        held: false,
        created_at,
    }
}

fn charge_of(paid: &PaymentRow) -> ListedCharge {
    ListedCharge {
        amount: paid.amount,
        captured_minor: paid.captured_minor,
        ..listed(Some(paid.payment_id.to_string()), 0, paid.created_at)
    }
}

/// Compares a list with the books; also says what the gateway was asked for first.
async fn compare(
    house: &House,
    list: Vec<ListedCharge>,
    (from, before): (DateTime<Utc>, DateTime<Utc>),
) -> (
    Result<Reconciled, SaleError>,
    (DateTime<Utc>, DateTime<Utc>),
) {
    let mut bank = Elsewhere::new(house, HERE, true);
    bank.list = list;
    let bank = Arc::new(bank);
    let desk = house.desk_at(bank.clone(), false);
    let theaters = [fixtures::theater_id(1)];
    let report = desk.reconcile(&theaters, from, before).await;
    let report = report.map(Option::unwrap);
    (report, bank.asked_for()[0])
}

fn kinds(report: &Reconciled) -> Vec<(Differs, i64, i64)> {
    let differences = report.differences.iter();
    differences
        .map(|it| (it.differs, it.ours_minor, it.theirs_minor))
        .collect()
}

#[tokio::test]
async fn what_is_under_way_or_anothers_is_no_difference() {
    let house = House::new().await;
    let hour = TimeDelta::hours(1);
    let before_the_time = pays(&house, HERE, VISA, None).await;
    house.later(hour);
    let from = house.now();
    let paid = pays(&house, HERE, VISA, None).await;
    let by_card = pays(&house, HERE, VISA, Some(Card::Small)).await;
    let waits = pays(&house, HERE, AUTHENTICATION_REQUIRED, None).await;
    pays(&house, THERE, VISA, None).await;
    house.later(hour);
    let last = house.now();
    house.later(TimeDelta::seconds(10));
    let under_way = pays(&house, HERE, VISA, None).await;
    house.later(TimeDelta::seconds(10));
    let unknown = || Some(PaymentId::from_parts(fixtures::theater_id(1), [9; 22]).to_string());
    let list = vec![
        charge_of(&paid),
        charge_of(&by_card),
        ListedCharge {
            held: true,
            ..charge_of(&waits)
        },
        // Of a payment before the time that is compared: the payer was slow.
        ListedCharge {
            created_at: from,
            ..charge_of(&before_the_time)
        },
        // Another program's, of nothing, and of another time.
        listed(None, 1_500, from),
        listed(unknown(), 0, from),
        listed(unknown(), 1_500, from - TimeDelta::seconds(1)),
        listed(unknown(), 1_500, last),
        charge_of(&under_way),
    ];
    let (report, asked) = compare(&house, list.clone(), (from, last)).await;
    let report = report.unwrap();
    assert_eq!(kinds(&report), []);
    assert_eq!((report.payments, report.charges), (3, 6));
    let margin = TimeDelta::minutes(30);
    assert_eq!(asked, (from - margin, last + margin));

    // Without an end of its own the comparison leaves out what began just now.
    let (report, (_, until)) = compare(&house, list, (from, last + hour)).await;
    let report = report.unwrap();
    assert_eq!(report.payments, 3);
    assert!(until < house.now() + margin);
    house.later(TimeDelta::seconds(10));
    let (report, _) = compare(&house, vec![charge_of(&paid)], (last, last + hour)).await;
    let report = report.unwrap();
    assert_eq!((report.payments, report.charges), (1, 0));
    assert_eq!(kinds(&report), [(Differs::NoCharge, 1_500, 0)]);
}

#[tokio::test]
async fn what_the_gateway_has_for_no_payment_is_told() {
    let house = House::new().await;
    let from = house.now();
    let elsewhere = pays(&house, THERE, VISA, None).await;
    house.later(TimeDelta::hours(1));
    let unknown = PaymentId::from_parts(fixtures::theater_id(1), [9; 22]);
    for (key, captured, held, theirs) in [
        (unknown.to_string(), 1_500, false, 1_500),
        (unknown.to_string(), 0, true, 1_500),
        ("no id".into(), 700, false, 700),
        (elsewhere.payment_id.to_string(), 1_500, false, 1_500),
    ] {
        let charge = ListedCharge {
            held,
            ..listed(Some(key), captured, from)
        };
        let (report, _) = compare(&house, vec![charge], (from, house.now())).await;
        let report = report.unwrap();
        assert_eq!(kinds(&report), [(Differs::NoPayment, 0, theirs)]);
        assert_eq!((report.payments, report.charges), (0, 1));
    }
}

/// By our books all of it went back, by the gateway's nothing.
#[tokio::test]
async fn a_refund_the_gateway_does_not_list_is_told() {
    let house = House::new().await;
    let from = house.now();
    let paid = pays(&house, HERE, VISA, None).await;
    let input = CancelInput {
        booking_id: paid.booking_id,
        seat_ids: None,
        idempotency: None,
    };
    house.desk.cancel(input).await.unwrap();
    house.later(TimeDelta::hours(1));
    let mut charge = charge_of(&paid);
    let (report, _) = compare(&house, vec![charge.clone()], (from, house.now())).await;
    let found = kinds(&report.unwrap());
    assert_eq!(found, [(Differs::Refunded, 1_500, 0)]);
    charge.refunded_minor = 1_500;
    let (report, _) = compare(&house, vec![charge], (from, house.now())).await;
    assert_eq!(kinds(&report.unwrap()), []);
}

#[tokio::test]
async fn a_gift_card_whose_entries_say_something_else_is_told() {
    let house = House::new().await;
    let from = house.now();
    let paid = pays(&house, HERE, VISA, Some(Card::Small)).await;
    house.later(TimeDelta::hours(1));
    let list = vec![charge_of(&paid)];
    let (report, _) = compare(&house, list.clone(), (from, house.now())).await;
    assert_eq!(kinds(&report.unwrap()), []);
    rusqlite::Connection::open(house.path())
        .unwrap()
        .execute(
            "UPDATE gift_entries SET amount_minor = -699 WHERE kind = 'claim'",
            [],
        )
        .unwrap();
    let (report, _) = compare(&house, list, (from, house.now())).await;
    let found = kinds(&report.unwrap());
    assert_eq!(found, [(Differs::GiftCard, 700, 699)]);
}

/// A list that is too long for the memory is refused, not cut.
#[tokio::test]
async fn a_list_has_an_end() {
    let house = House::new().await;
    let now = house.now();
    let mut list = vec![listed(None, 0, now - TimeDelta::days(9)); 200_000];
    let time = (now - TimeDelta::days(1), now);
    let (most, _) = compare(&house, list.clone(), time).await;
    assert_eq!(most.unwrap(), Reconciled::default());
    list.push(list[0].clone());
    let (more, _) = compare(&house, list, time).await;
    let refused = more.unwrap_err();
    assert!(
        matches!(refused, SaleError::TooMuchToCompare { most: 200_000 }),
        "{refused}"
    );
}
