//! Money that staff give back: for seats, used or not, or out of goodwill. cargo-mutants asked for most of these.

use crate::{
    buyer::Card,
    cancelling::{bought, bought_with_a_card, cancel, file, hold, refusal, seats, show, with_card},
    elsewhere::Elsewhere,
    house::House,
};
use matinee_booking::{Answered, Desk, SaleError, ShowFile, StaffRefund, StaffRefundInput};
use matinee_domain::{
    ids::{BookingId, time_ordered},
    limits,
    money::{Currency, Money},
    refund::RefundReason,
};
use matinee_store::{
    bookings::{BookingFile, TicketState},
    conformance::fixtures,
    idempotency::IdempotencyKey,
    staff::AuditEntry,
};
use std::sync::Arc;

pub async fn give_goodwill(desk: &Desk, booking_id: BookingId, minor: i64) {
    let amount = Money::new(minor, Currency::new(*b"EUR"));
    goodwill(desk, booking_id, amount).await.unwrap();
}

async fn goodwill(
    desk: &Desk,
    booking_id: BookingId,
    amount: Money,
) -> Result<Answered, SaleError> {
    let refund = StaffRefund::Goodwill(amount);
    refund_by_staff(desk, booking_id, refund, amount.amount_minor.max(0)).await
}

async fn refund_by_staff(
    desk: &Desk,
    booking_id: BookingId,
    refund: StaffRefund,
    entry: i64,
) -> Result<Answered, SaleError> {
    let render = |_: &BookingFile, _: &ShowFile, _| bytes::Bytes::new();
    let input = by_staff(booking_id, refund, entry);
    desk.refund_by_staff(input, &render).await
}

fn by_staff(booking_id: BookingId, refund: StaffRefund, entry: i64) -> StaffRefundInput {
    StaffRefundInput {
        booking_id,
        refund,
        reason: RefundReason::Complaint,
        audit: AuditEntry {
            theater_id: fixtures::theater_id(1),
            entry: time_ordered(entry, [7; 16]),
            at: fixtures::start(),
            actor: None,
            action: "test".into(),
            object: String::new(),
            before: None,
            after: None,
        },
        idempotency: None,
    }
}

/// Goodwill is an amount that is there and can be paid; what was paid elsewhere is no money of this gateway's.
#[tokio::test]
async fn goodwill_has_bounds() {
    let house = House::new().await;
    let id = bought_with_a_card(&house).await;
    let kept = file(&house, id).await;
    let refused = |minor, code: &[u8; 3]| {
        let amount = Money::new(minor, Currency::new(*code));
        goodwill(&house.desk, id, amount)
    };
    for (minor, code) in [(0, b"EUR"), (-1, b"EUR"), (3_001, b"EUR"), (1, b"USD")] {
        let error = refused(minor, code).await.unwrap_err();
        assert!(
            matches!(error, SaleError::RefundAmount { left } if left.amount_minor == 3_000),
            "{error}"
        );
    }
    assert_eq!(file(&house, id).await, kept);
    // Elsewhere nothing of the bank's part can go back; a trial's would be the card's part alone.
    let there = house.desk_at(Arc::new(Elsewhere::new(&house, "another", true)), false);
    assert_eq!(there.refundable(&kept).unwrap().amount_minor, 700);
    let mut real = kept.clone();
    real.booking.test = false;
    assert!(there.refundable(&real).is_err());
    real.payments[0].refunded_minor = real.payments[0].captured_minor;
    assert_eq!(there.refundable(&real).unwrap().amount_minor, 700);
}

/// A ticket that was used is given back by staff who waive the policy, and by nobody else; the others are.
#[tokio::test]
async fn a_used_ticket_is_given_back_by_those_who_may() {
    let house = House::new().await;
    let id = bought(&house, &["2-4", "2-5"]).await;
    let first = file(&house, id).await.booking.seats[0].seat;
    rusqlite::Connection::open(house.path())
        .unwrap()
        .execute(
            "UPDATE tickets SET state = 'redeemed', redeemed_by = zeroblob(16) WHERE seat = ?1",
            [first.0],
        )
        .unwrap();
    let staff = async |seat: &str, waive_policy| {
        let seat_ids = Some(seats(&[seat]));
        let refund = StaffRefund::Seats {
            seat_ids,
            waive_policy,
        };
        refund_by_staff(&house.desk, id, refund, i64::from(waive_policy)).await
    };
    let used = "A ticket of it was already used at the door.";
    assert_eq!(refusal(cancel(&house.desk, id, None).await), used);
    let refused = staff("2-4", false).await;
    assert!(matches!(&refused, Err(SaleError::NotCancellable { words }) if words == used));
    staff("2-5", false).await.unwrap();
    staff("2-4", true).await.unwrap();
    let kept = file(&house, id).await;
    let back: i64 = kept.refunds.iter().map(|it| it.amount.amount_minor).sum();
    assert_eq!(back, 3_000);
    let states: Vec<_> = kept.tickets.iter().map(|it| it.state).collect();
    assert!(states.contains(&TicketState::Redeemed), "{states:?}");
}

/// An answer about money is kept while somebody may ask again, so that a repetition moves nothing twice.
#[tokio::test]
async fn answers_about_money_are_kept() {
    let house = House::new().await;
    let key = |number| {
        Some(IdempotencyKey {
            scope: [number; 16],
            body: [9; 16],
        })
    };
    let id = hold(&house, &["2-4"]).await.booking_id;
    let mut pay = with_card(id, "");
    pay.gift.as_mut().unwrap().code = Card::Large.code().to_string();
    pay.idempotency = key(1);
    house.desk.pay(pay).await.unwrap();
    let goodwill = StaffRefund::Goodwill(Money::new(1, Currency::new(*b"EUR")));
    let mut back = by_staff(id, goodwill, 1);
    back.idempotency = key(2);
    let render = |_: &BookingFile, _: &ShowFile, _| bytes::Bytes::new();
    house.desk.refund_by_staff(back, &render).await.unwrap();
    let database = rusqlite::Connection::open(house.path()).unwrap();
    let mut rows = database
        .prepare("SELECT keep_until FROM idempotency ORDER BY keep_until")
        .unwrap();
    let kept = rows.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    let kept: Vec<i64> = kept.map(Result::unwrap).collect();
    let show = show(&house, None).await.show;
    let until = [house.now(), show.end_time];
    let until = until.map(|from| (from + limits::IDEMPOTENCY_KEPT).timestamp_micros());
    assert_eq!(kept, until);
}
