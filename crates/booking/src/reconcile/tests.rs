//! Every difference has its name, and equal books have none.

use super::*;
use matinee_domain::{
    ids::BookingId,
    money::{Currency, Money},
    payment::PaymentStatus,
};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::new(*b"EUR"))
}

fn paid(captured: i64) -> PaymentRow {
    let theater = TheaterId::from_bytes([7; 16]);
    PaymentRow {
        payment_id: PaymentId::from_parts(theater, [1; 22]),
        booking_id: BookingId::from_parts(theater, [2; 22]),
        status: PaymentStatus::Captured,
        amount: eur(1450),
        gateway: "stripe".into(),
        method_token: String::new(),
        method_label: String::new(),
        gateway_ref: Some("pi_1".into()),
        created_at: DateTime::UNIX_EPOCH,
        decline_reason: None,
        captured_minor: captured,
        refunded_minor: 0,
        idempotency: None,
        gift: None,
    }
}

fn charge(captured: i64, refunded: i64) -> ListedCharge {
    ListedCharge {
        key: None,
        gateway_ref: "pi_1".into(),
        amount: eur(1450),
        captured_minor: captured,
        refunded_minor: refunded,
        held: false,
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn kinds(paid: &PaymentRow, paid_back: i64, charges: &[ListedCharge]) -> Vec<Differs> {
    let found = found(paid, paid_back, charges);
    found
        .into_iter()
        .map(|difference| difference.differs)
        .collect()
}

#[test]
fn equal_books_differ_in_nothing() {
    assert_eq!(kinds(&paid(1450), 0, &[charge(1450, 0)]), []);
    assert_eq!(kinds(&paid(1450), 450, &[charge(1450, 450)]), []);
    // What came to nothing on both sides.
    assert_eq!(kinds(&paid(0), 0, &[]), []);
    assert_eq!(kinds(&paid(0), 0, &[charge(0, 0), charge(0, 0)]), []);
    // What was prepared twice and charged once.
    assert_eq!(kinds(&paid(1450), 0, &[charge(0, 0), charge(1450, 0)]), []);
}

#[test]
fn every_difference_is_named() {
    assert_eq!(kinds(&paid(1450), 0, &[]), [Differs::NoCharge]);
    assert_eq!(kinds(&paid(1450), 0, &[charge(0, 0)]), [Differs::NoCharge]);
    assert_eq!(kinds(&paid(0), 0, &[charge(1450, 0)]), [Differs::Captured]);
    assert_eq!(
        kinds(&paid(1450), 0, &[charge(1450, 1)]),
        [Differs::Refunded]
    );
    assert_eq!(
        kinds(&paid(1450), 1, &[charge(1450, 0)]),
        [Differs::Refunded]
    );
    let twice = [charge(1450, 0), charge(1450, 0)];
    assert_eq!(
        kinds(&paid(1450), 0, &twice),
        [Differs::ChargedTwice, Differs::Captured]
    );
    let held = ListedCharge {
        held: true,
        ..charge(0, 0)
    };
    assert_eq!(kinds(&paid(0), 0, &[held]), [Differs::Held]);
    let other = ListedCharge {
        amount: eur(1),
        ..charge(1450, 0)
    };
    assert_eq!(kinds(&paid(1450), 0, &[other]), [Differs::Amount]);
}

/// What was captured is no longer held, whatever the list says beside it.
#[test]
fn only_money_that_was_not_taken_is_held() {
    let held = |captured| ListedCharge {
        held: true,
        ..charge(captured, 0)
    };
    assert_eq!(kinds(&paid(1450), 0, &[held(1450)]), []);
    assert_eq!(kinds(&paid(1450), 0, &[held(0)]), [Differs::Captured]);
    assert_eq!(kinds(&paid(0), 0, &[held(1450)]), [Differs::Captured]);
}

/// What an operator reads names both sides.
#[test]
fn a_difference_is_a_sentence() {
    let found = found(&paid(1450), 0, &[charge(1400, 0)]);
    let id = paid(0).payment_id;
    assert_eq!(
        found[0].to_string(),
        format!(
            "captured differs: payment {id}, charge pi_1, ours 1450, theirs 1400 (EUR, minor units)"
        )
    );
}
