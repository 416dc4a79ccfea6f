//! What every engine's counter does: money is taken in open shifts, and each drawer is counted once.

use super::{
    Engine,
    bookings::{House, eur, later, payment_id, record, refund_id},
    fixtures::{bytes, start, theater_id},
    staff::entry,
};
use crate::{
    counter::{
        CloseOutcome, CloseShift, Closed, CounterCharge, NotTaken, OpenOutcome, OpenShift, PayOut,
        PayOutcome, ShiftQuery, ShiftRow,
    },
    idempotency::Lookup,
    ledger::{ChargeStatus, LedgerRefusal},
};
use matinee_domain::{
    counter::{Moved, SaleMethod, Tender},
    ids::{ShiftId, UserId},
    money::{Currency, Money},
};
use std::sync::Arc;

fn shift_id(number: u32) -> ShiftId {
    ShiftId::from_bytes(bytes(50, number))
}

/// A shift of a person at a window, with 100 euros in the drawer.
fn shift(number: u32, person: u32, window: &str) -> ShiftRow {
    ShiftRow {
        theater_id: theater_id(1),
        shift_id: shift_id(number),
        user_id: UserId::from_bytes(bytes(51, person)),
        window: window.into(),
        float: eur(10_000),
        opened_at: later(i64::from(number)),
        closed: None,
    }
}

fn charge(number: u32, shift: u32, method: SaleMethod, minor: i64) -> CounterCharge {
    CounterCharge {
        payment_id: payment_id(number),
        tender: Tender {
            method,
            shift: Some(shift_id(shift)),
        },
        status: ChargeStatus::Authorized,
        amount: eur(minor),
        refunded_minor: 0,
        created_at: start(),
    }
}

impl House {
    async fn open_shift(&self, shift: ShiftRow) -> OpenOutcome {
        let open = OpenShift {
            audit: entry(u32::from(shift.shift_id.as_bytes()[15])),
            shift,
            idempotency: None,
        };
        self.store.open_shift(open).await.unwrap()
    }
    async fn close_shift(&self, number: u32, expected_minor: i64) -> CloseOutcome {
        let close = close(number, expected_minor);
        self.store.close_shift(close).await.unwrap()
    }
    async fn moved(&self, number: u32) -> Moved {
        let found = self.store.shift(theater_id(1), shift_id(number)).await;
        found.unwrap().unwrap().1
    }
    /// Money that is taken and kept.
    async fn takes(&self, charge: CounterCharge) {
        let payment_id = charge.payment_id;
        self.store.counter_charge(charge).await.unwrap().unwrap();
        let moved = self
            .store
            .move_counter_charge(payment_id, ChargeStatus::Captured);
        moved.await.unwrap().unwrap();
    }
    async fn pays_out(&self, number: u32, shift: u32, refund: u32) -> PayOutcome {
        let pay = PayOut {
            theater_id: theater_id(1),
            shift_id: shift_id(shift),
            refund_id: refund_id(refund),
            audit: entry(number),
        };
        self.store.pay_out(pay).await.unwrap()
    }
}

fn close(number: u32, expected_minor: i64) -> CloseShift {
    CloseShift {
        theater_id: theater_id(1),
        shift_id: shift_id(number),
        closed: Closed {
            at: later(500),
            counted_minor: 9_990,
            expected_minor,
        },
        audit: entry(number + 100),
        idempotency: None,
    }
}

/// One shift at a time for each person and each window; it is closed once, as it was then.
pub async fn a_shift_is_opened_and_closed(engine: &impl Engine) {
    let house = House::open(engine).await;
    assert_eq!(house.open_shift(shift(1, 1, "A")).await, OpenOutcome::Done);
    let again = house.open_shift(shift(2, 1, "B")).await;
    assert_eq!(again, OpenOutcome::PersonBusy);
    let there = house.open_shift(shift(3, 2, "A")).await;
    assert_eq!(there, OpenOutcome::WindowBusy);
    assert_eq!(house.open_shift(shift(4, 2, "B")).await, OpenOutcome::Done);
    let found = house.store.shift(theater_id(1), shift_id(1)).await.unwrap();
    assert_eq!(found, Some((shift(1, 1, "A"), Moved::default())));
    assert_eq!(house.close_shift(1, 9_999).await, CloseOutcome::Moved);
    assert_eq!(house.close_shift(1, 10_000).await, CloseOutcome::Done);
    assert_eq!(house.close_shift(1, 10_000).await, CloseOutcome::Closed);
    assert_eq!(house.close_shift(9, 10_000).await, CloseOutcome::Closed);
    let found = house.store.shift(theater_id(1), shift_id(1)).await.unwrap();
    let closed = close(1, 10_000).closed;
    assert_eq!(found.unwrap().0.closed, Some(closed));
    assert_eq!(house.open_shift(shift(5, 1, "A")).await, OpenOutcome::Done);
    let query = ShiftQuery {
        theater_id: theater_id(1),
        user_id: None,
        only_open: false,
        before: None,
        limit: 2,
    };
    let ids = async |query| -> Vec<ShiftId> {
        let found = house.store.shifts(query).await.unwrap();
        found.into_iter().map(|(shift, _)| shift.shift_id).collect()
    };
    assert_eq!(ids(query).await, [shift_id(5), shift_id(4)]);
    let before = Some((later(4), shift_id(4)));
    assert_eq!(ids(ShiftQuery { before, ..query }).await, [shift_id(1)]);
    let user_id = Some(UserId::from_bytes(bytes(51, 1)));
    let own = ShiftQuery { user_id, ..query };
    assert_eq!(ids(own).await, [shift_id(5), shift_id(1)]);
    let open = ShiftQuery {
        only_open: true,
        ..own
    };
    assert_eq!(ids(open).await, [shift_id(5)]);
    let noted = house
        .store
        .audit_of(theater_id(1), None, 100)
        .await
        .unwrap();
    assert_eq!(noted.len(), 4, "what was refused is not noted");
    house.is_sound().await;
}

/// Opening and closing are made once by their keys.
pub async fn a_shift_is_made_once_by_its_key(engine: &impl Engine) {
    let house = House::open(engine).await;
    let open = |number: u32, answer: &str| OpenShift {
        shift: shift(number, 1, "A"),
        audit: entry(number),
        idempotency: Some(record(1, 1, answer)),
    };
    let done = house.store.open_shift(open(1, "first")).await.unwrap();
    assert_eq!(done, OpenOutcome::Done);
    let again = house.store.open_shift(open(2, "second")).await.unwrap();
    let first = record(1, 1, "first").answer;
    assert_eq!(again, OpenOutcome::Repeated(Lookup::Replay(first)));
    let with_key = |expected| CloseShift {
        idempotency: Some(record(2, 1, "closed")),
        ..close(1, expected)
    };
    let moved = house.store.close_shift(with_key(1)).await.unwrap();
    assert_eq!(moved, CloseOutcome::Moved);
    let done = house.store.close_shift(with_key(10_000)).await.unwrap();
    assert_eq!(done, CloseOutcome::Done);
    let again = house.store.close_shift(with_key(10_000)).await.unwrap();
    let closed = record(2, 1, "closed").answer;
    assert_eq!(again, CloseOutcome::Repeated(Lookup::Replay(closed)));
    house.is_sound().await;
}

/// What is taken counts where it was taken once it is kept; nothing is taken in a closed shift or another currency.
pub async fn money_is_taken_in_open_shifts(engine: &impl Engine) {
    use SaleMethod::{Cash, Invitation, Terminal};
    let house = House::open(engine).await;
    let nowhere = house.store.counter_charge(charge(1, 1, Cash, 1_500)).await;
    assert_eq!(nowhere.unwrap(), Err(NotTaken::ShiftClosed));
    house.open_shift(shift(1, 1, "A")).await;
    let yen = CounterCharge {
        amount: Money::new(1_500, Currency::new(*b"JPY")),
        ..charge(1, 1, Cash, 1_500)
    };
    let foreign = house.store.counter_charge(yen).await.unwrap();
    assert_eq!(foreign, Err(NotTaken::OtherCurrency));
    let first = charge(1, 1, Cash, 1_500);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, wanted) = (Arc::clone(&house.store), first.clone());
        tasks.spawn(async move { store.counter_charge(wanted).await.unwrap() });
    }
    for taken in tasks.join_all().await {
        assert_eq!(taken, Ok(first.clone()));
    }
    assert_eq!(
        house.moved(1).await,
        Moved::default(),
        "its seats are not sold yet"
    );
    assert_eq!(house.close_shift(1, 10_000).await, CloseOutcome::Busy);
    house.takes(first.clone()).await;
    house.takes(charge(2, 1, Terminal, 2_500)).await;
    let present = Tender {
        method: Invitation,
        shift: Some(shift_id(1)),
    };
    house
        .takes(CounterCharge {
            tender: present,
            ..charge(3, 1, Cash, 0)
        })
        .await;
    house
        .store
        .counter_charge(charge(4, 1, Cash, 700))
        .await
        .unwrap()
        .unwrap();
    let voided = house
        .store
        .move_counter_charge(payment_id(4), ChargeStatus::Voided);
    voided.await.unwrap().unwrap();
    let late = house
        .store
        .move_counter_charge(payment_id(4), ChargeStatus::Captured);
    assert_eq!(
        late.await.unwrap(),
        Err(LedgerRefusal::WrongState(ChargeStatus::Voided))
    );
    let moved = Moved {
        cash_sales: 1_500,
        terminal_sales: 2_500,
        sales: 2,
        invitations: 1,
        ..Moved::default()
    };
    assert_eq!(house.moved(1).await, moved);
    assert_eq!(house.close_shift(1, 10_000).await, CloseOutcome::Moved);
    assert_eq!(house.close_shift(1, 11_500).await, CloseOutcome::Done);
    let late = house.store.counter_charge(charge(5, 1, Cash, 100)).await;
    assert_eq!(late.unwrap(), Err(NotTaken::ShiftClosed));
    let known = house.store.counter_charge(first.clone()).await.unwrap();
    assert_eq!(
        known.unwrap().status,
        ChargeStatus::Captured,
        "what is known is told"
    );
}

/// Cash of a refund is handed out once, in one shift, and is missing from its drawer.
pub async fn cash_is_handed_out_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.open_shift(shift(1, 1, "A")).await;
    house.open_shift(shift(2, 2, "B")).await;
    house.takes(charge(1, 1, SaleMethod::Cash, 3_000)).await;
    house.takes(charge(2, 1, SaleMethod::Terminal, 2_000)).await;
    let back = async |payment: u32, refund: u32, minor| {
        let key = refund_id(refund).to_string();
        let refund =
            house
                .store
                .refund_counter_charge(payment_id(payment), &key, eur(minor), later(2));
        refund.await.unwrap()
    };
    assert_eq!(back(1, 1, 1_000).await.unwrap().refunded_minor, 1_000);
    assert_eq!(back(1, 1, 1_000).await.unwrap().refunded_minor, 1_000);
    assert_eq!(back(1, 2, 2_001).await, Err(LedgerRefusal::OverRefund));
    assert_eq!(back(9, 3, 1).await, Err(LedgerRefusal::UnknownCharge));
    assert_eq!(back(2, 4, 500).await.unwrap().refunded_minor, 500);
    assert_eq!(
        house.moved(1).await.cash_refunds,
        0,
        "nobody handed it out yet"
    );
    assert_eq!(house.pays_out(11, 2, 9).await, PayOutcome::Missing);
    let by_card = house.pays_out(12, 2, 4).await;
    assert_eq!(by_card, PayOutcome::Missing, "the terminal pays that");
    // A drawer of another currency neither hands it out nor counts it.
    let yen = Money::new(10_000, Currency::new(*b"JPY"));
    let abroad = ShiftRow {
        float: yen,
        ..shift(3, 3, "C")
    };
    house.open_shift(abroad).await;
    assert_eq!(house.pays_out(17, 3, 1).await, PayOutcome::OtherCurrency);
    assert_eq!(house.moved(3).await, Moved::default());
    assert_eq!(house.close_shift(3, 10_000).await, CloseOutcome::Done);
    assert_eq!(house.pays_out(13, 2, 1).await, PayOutcome::Done);
    assert_eq!(house.pays_out(14, 2, 1).await, PayOutcome::Done);
    assert_eq!(house.pays_out(15, 1, 1).await, PayOutcome::PaidOut);
    let moved = (house.moved(1).await, house.moved(2).await);
    assert_eq!((moved.0.cash_refunds, moved.1.cash_refunds), (0, 1_000));
    assert_eq!(moved.0.terminal_refunds, 500);
    assert_eq!(house.close_shift(2, 9_000).await, CloseOutcome::Done);
    back(1, 5, 100).await.unwrap();
    assert_eq!(house.pays_out(16, 2, 5).await, PayOutcome::Closed);
    assert_eq!(house.close_shift(1, 13_000).await, CloseOutcome::Done);
    let noted = house
        .store
        .audit_of(theater_id(1), None, 100)
        .await
        .unwrap();
    assert_eq!(noted.len(), 7, "three openings, one payout, three closings");
}

/// A shift is closed with all that was taken in it, or a sale comes too late: never is money in a drawer that was counted.
pub async fn closing_and_selling_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    for round in 1..=20_u32 {
        house.open_shift(shift(round, round, "A")).await;
        let sale = house
            .store
            .counter_charge(charge(round, round, SaleMethod::Cash, 100));
        let (taken, closed) = tokio::join!(sale, house.close_shift(round, 10_000));
        match (taken.unwrap(), closed) {
            (Ok(_), CloseOutcome::Busy) => {
                house
                    .takes(charge(round, round, SaleMethod::Cash, 100))
                    .await;
                assert_eq!(house.close_shift(round, 10_100).await, CloseOutcome::Done);
            }
            (Err(NotTaken::ShiftClosed), CloseOutcome::Done) => {}
            other => panic!("round {round}: {other:?}"),
        }
    }
}
