//! A sale at the counter meets every fault at every call, and the seller asks again or never does: in the end the seats
//! are sold and the money is in the drawer's books, or neither.

use crate::{
    house::House,
    wire::{Call, Fault},
};
use chrono::TimeDelta;
use matinee_booking::{CancelInput, SaleError, SellInput, Settled, Wanted};
use matinee_domain::{
    counter::{SaleMethod, Tender},
    ids::{ShiftId, UserId, time_ordered},
    money::{Currency, Money},
    seat_map::SeatId,
};
use matinee_store::{
    CounterStore, Maintenance,
    conformance::fixtures::{show_id, theater_id},
    counter::{CloseOutcome, CloseShift, Closed, OpenOutcome, OpenShift, ShiftRow},
    idempotency::IdempotencyKey,
    staff::AuditEntry,
};
use rusqlite::{Connection, OpenFlags};

const SHIFT: ShiftId = ShiftId::from_bytes([8; 16]);
/// Two seats without the web's fee.
const PRICE: i64 = 2 * 1_450;

fn audit(number: u8) -> AuditEntry {
    AuditEntry {
        theater_id: theater_id(1),
        entry: time_ordered(i64::from(number), [number; 16]),
        at: matinee_store::conformance::fixtures::start(),
        actor: Some(UserId::from_bytes([1; 16])),
        action: "test".into(),
        object: String::new(),
        before: None,
        after: None,
    }
}

fn sale(number: u8) -> SellInput {
    let key = |kind| IdempotencyKey {
        scope: [kind; 16],
        body: [7; 16],
    };
    SellInput {
        show_id: show_id(1, 1),
        wanted: Wanted::Seats(vec![SeatId("2-4".into()), SeatId("2-5".into())]),
        ticket_types: std::collections::BTreeMap::new(),
        tender: Tender {
            method: SaleMethod::Cash,
            shift: Some(SHIFT),
        },
        expected_total: Some(Money::new(PRICE, Currency::new(*b"EUR"))),
        tendered_minor: Some(5_000),
        email: None,
        caller: [3; 16],
        audit: audit(number),
        idempotency: Some((key(1), key(2))),
    }
}

/// A house with an open shift.
async fn house() -> House {
    let house = House::new().await;
    let open = OpenShift {
        shift: ShiftRow {
            theater_id: theater_id(1),
            shift_id: SHIFT,
            user_id: UserId::from_bytes([1; 16]),
            window: "1".into(),
            float: Money::new(0, Currency::new(*b"EUR")),
            opened_at: house.now(),
            closed: None,
        },
        audit: audit(1),
        idempotency: None,
    };
    assert_eq!(
        house.store.open_shift(open).await.unwrap(),
        OpenOutcome::Done
    );
    house
}

/// Sells; a server that dies over it is started again.
async fn sells(house: &mut House, number: u8) -> Option<Result<Settled, SaleError>> {
    let desk = house.desk.clone();
    if let Ok(done) = house.unless_it_crashes(desk.sell(sale(number))).await {
        Some(done)
    } else {
        house.restart().await;
        None
    }
}

/// Statuses of bookings, sold seats, valid tickets, and what the shift has in its drawer.
async fn books(house: &House) -> (Vec<String>, i64, i64, i64) {
    let report = house.store.verify(house.now()).await.unwrap();
    assert_eq!(report.violations, vec![]);
    let conn = Connection::open_with_flags(house.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = conn
        .prepare("SELECT status FROM bookings ORDER BY booking")
        .unwrap();
    let statuses = statement.query_map([], |row| row.get(0)).unwrap();
    let statuses = statuses.collect::<Result<_, _>>().unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let seats = count("SELECT count(*) FROM seats");
    let tickets = count("SELECT count(*) FROM tickets WHERE state = 'valid'");
    let (_, moved) = house
        .store
        .shift(theater_id(1), SHIFT)
        .await
        .unwrap()
        .unwrap();
    (statuses, seats, tickets, moved.cash_sales)
}

/// What was bought at the counter goes back at the counter, with its tickets; only a seat that cost nothing is given back
/// from afar, since nothing goes back.
#[tokio::test]
async fn a_sale_is_not_cancelled_from_afar() {
    for free in [false, true] {
        let house = house().await;
        let mut input = sale(2);
        if free {
            crate::late::give_it_away(&house).await;
            input.expected_total = None;
        }
        // Not a cent more than it costs.
        input.tendered_minor = Some(if free { 0 } else { PRICE });
        let done = house.desk.sell(input).await.unwrap();
        let Settled::Answer { on_file, .. } = done else {
            panic!("{done:?}");
        };
        let input = CancelInput {
            booking_id: on_file.file.booking.booking_id,
            seat_ids: None,
            idempotency: None,
        };
        let cancelled = house.desk.cancel(input).await;
        if free {
            cancelled.unwrap();
            assert_eq!(books(&house).await, (vec!["cancelled".into()], 0, 0, 0));
        } else {
            assert!(
                matches!(&cancelled, Err(SaleError::NotCancellable { words }) if words.contains("counter")),
                "{cancelled:?}"
            );
            let kept = (vec!["confirmed".into()], 2, 2, PRICE);
            assert_eq!(books(&house).await, kept);
        }
    }
}

async fn calls_of_a_sale() -> Vec<Call> {
    let mut house = house().await;
    let done = sells(&mut house, 2).await.unwrap().unwrap();
    let Settled::Answer {
        status, on_file, ..
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(status, 200);
    assert_eq!(on_file.file.booking.total.amount_minor, PRICE);
    assert_eq!(books(&house).await, (vec!["confirmed".into()], 2, 2, PRICE));
    house.wire.calls()
}

#[tokio::test]
async fn a_sale_meets_every_fault() {
    let calls = calls_of_a_sale().await;
    assert!(
        calls.iter().any(|call| call.name.contains("bank capture")),
        "{calls:?}"
    );
    let mut cases = 0;
    for (at, call) in calls.iter().enumerate() {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.suits(call)) {
            for asks_again in [false, true] {
                cases += 1;
                let case = format!("{fault:?} at {at} ({}), again: {asks_again}", call.name);
                let mut house = house().await;
                house.wire.arm(at, fault);
                let first = sells(&mut house, 2).await;
                let mut sold = matches!(first, Some(Ok(_)));
                if asks_again && !sold {
                    house.wire.heal();
                    for number in 3..6 {
                        sold = matches!(sells(&mut house, number).await, Some(Ok(_)));
                        if sold {
                            break;
                        }
                        house.a_minute_of_jobs().await;
                    }
                    assert!(sold, "{case}");
                }
                house.let_everything_settle().await;
                let (statuses, seats, tickets, cash) = books(&house).await;
                let of = statuses
                    .iter()
                    .filter(|status| *status == "confirmed")
                    .count() as i64;
                assert!(of <= 1, "{case}: {statuses:?}");
                assert!(of == 1 || !sold, "{case}: {statuses:?}");
                assert_eq!(
                    (seats, tickets, cash),
                    (2 * of, 2 * of, PRICE * of),
                    "{case}"
                );
                assert!(
                    statuses
                        .iter()
                        .all(|status| ["confirmed", "expired", "released"].contains(&&**status)),
                    "{case}: {statuses:?}"
                );
                // Whatever happened, the drawer can be counted.
                let close = CloseShift {
                    theater_id: theater_id(1),
                    shift_id: SHIFT,
                    closed: Closed {
                        at: house.now(),
                        counted_minor: cash,
                        expected_minor: cash,
                    },
                    audit: audit(99),
                    idempotency: None,
                };
                let closed = house.store.close_shift(close).await.unwrap();
                assert_eq!(closed, CloseOutcome::Done, "{case}");
            }
        }
    }
    println!("{cases} cases");
}

/// A shift that is closed while somebody sells in it takes nothing, and holds no seat.
#[tokio::test]
async fn a_sale_in_a_closed_shift_leaves_nothing() {
    let mut house = house().await;
    let close = CloseShift {
        theater_id: theater_id(1),
        shift_id: SHIFT,
        closed: Closed {
            at: house.now(),
            counted_minor: 0,
            expected_minor: 0,
        },
        audit: audit(9),
        idempotency: None,
    };
    house.store.close_shift(close).await.unwrap();
    for number in [2, 3] {
        let refused = sells(&mut house, number).await.unwrap();
        assert!(
            matches!(refused, Err(SaleError::ShiftClosed)),
            "{refused:?}"
        );
    }
    let (statuses, seats, tickets, cash) = books(&house).await;
    assert_eq!((seats, tickets, cash), (0, 0, 0), "{statuses:?}");
}

/// What the seller did not see, or was not handed, is not sold; and the show is sold until its end.
#[tokio::test]
async fn a_sale_is_on_the_sellers_terms() {
    let house = house().await;
    let other = SellInput {
        expected_total: Some(Money::new(PRICE + 100, Currency::new(*b"EUR"))),
        ..sale(2)
    };
    let refused = house.desk.sell(other).await;
    assert!(
        matches!(refused, Err(SaleError::PriceChanged(_))),
        "{refused:?}"
    );
    let less = SellInput {
        tendered_minor: Some(PRICE - 1),
        ..sale(2)
    };
    let refused = house.desk.sell(less).await;
    assert!(
        matches!(refused, Err(SaleError::TooLittleTendered(_))),
        "{refused:?}"
    );
    assert_eq!(books(&house).await.1, 0);
    // It began after three hours, and lasts a hundred minutes.
    house.later(TimeDelta::minutes(3 * 60 + 99));
    house.desk.sell(sale(2)).await.unwrap();
    let late = SellInput {
        wanted: Wanted::Best(1),
        idempotency: None,
        expected_total: None,
        ..sale(3)
    };
    house.later(TimeDelta::minutes(2));
    let refused = house.desk.sell(late).await;
    assert!(
        matches!(refused, Err(SaleError::ShowStarted)),
        "{refused:?}"
    );
}
