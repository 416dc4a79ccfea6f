//! The counter passes the suite, but for its stories of banks: nobody declines and nobody is asked.

use crate::bank::{Bank, Books, begin, euros, name, now, request};
use async_trait::async_trait;
use matinee_booking::{ChargeName, GatewayError, PaymentGateway};
use matinee_domain::ids::{PaymentId, ShiftId, TheaterId, UserId, time_ordered};
use matinee_integrations::CounterGateway;
use matinee_store::{
    CounterStore,
    counter::{CloseOutcome, CloseShift, Closed, OpenOutcome, OpenShift, ShiftRow},
    feed::NoFeed,
    ledger::ChargeStatus,
    staff::AuditEntry,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::sync::{Arc, LazyLock};

struct Counter {
    gateway: CounterGateway,
    books: Arc<dyn CounterStore>,
    _folder: tempfile::TempDir,
}

/// The theater of the suite's payments.
const THEATER: TheaterId = TheaterId::from_bytes([7; 16]);
const SHIFT: ShiftId = ShiftId::from_bytes([8; 16]);
static CASH: LazyLock<String> = LazyLock::new(|| format!("cash:{SHIFT}"));

fn audit(number: u8) -> AuditEntry {
    AuditEntry {
        theater_id: THEATER,
        entry: time_ordered(i64::from(number), [number; 16]),
        at: now(),
        actor: None,
        action: "test".into(),
        object: SHIFT.to_string(),
        before: None,
        after: None,
    }
}

/// With an open shift.
async fn counter() -> Counter {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(OpenOptions {
        path: folder.path().join("m.db"),
        feed: Arc::new(NoFeed),
    });
    let books: Arc<dyn CounterStore> = Arc::new(store.unwrap());
    let open = OpenShift {
        shift: ShiftRow {
            theater_id: THEATER,
            shift_id: SHIFT,
            user_id: UserId::from_bytes([1; 16]),
            window: "1".into(),
            float: euros(0),
            opened_at: now(),
            closed: None,
        },
        audit: audit(1),
        idempotency: None,
    };
    assert_eq!(books.open_shift(open).await.unwrap(), OpenOutcome::Done);
    Counter {
        gateway: CounterGateway::new(Arc::clone(&books), false),
        books,
        _folder: folder,
    }
}

#[async_trait]
impl Bank for Counter {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.gateway
    }
    fn label(&self) -> &'static str {
        "Cash"
    }
    fn tokens(&self) -> [&'static str; 3] {
        [&CASH, "", ""]
    }
    async fn plays(&self, _: &ChargeName, _: bool) {
        unreachable!("nobody is asked at the counter");
    }
    async fn books(&self, key: &str) -> Books {
        let payment: PaymentId = key.parse().unwrap();
        let charge = self.books.counter_charge_of(payment).await.unwrap();
        let Some(charge) = charge else {
            return Books::default();
        };
        let amount = charge.amount.amount_minor;
        let of = |status| if charge.status == status { amount } else { 0 };
        let (held, captured) = (of(ChargeStatus::Authorized), of(ChargeStatus::Captured));
        Books {
            charges: usize::from(held + captured > 0),
            held,
            captured,
            refunded: charge.refunded_minor,
        }
    }
}

crate::tell!(counter();
    a_good_card_is_authorized_and_then_captured,
    every_call_may_be_repeated,
    repetitions_at_the_same_moment_are_one,
    given_up_and_taken_exclude_each_other,
    no_more_goes_back_than_was_taken,
    what_was_not_taken_cannot_go_back,
    what_nobody_knows_is_said_to_be_unknown,
    nothing_to_pay_is_paid,
);

/// Nothing is taken in a shift that is over, and customers are offered nothing.
#[tokio::test]
async fn a_closed_shift_takes_nothing() {
    let counter = counter().await;
    let ways = counter.gateway.ways();
    assert!(!ways.hosted && !ways.simulated);
    let close = |number| CloseShift {
        theater_id: THEATER,
        shift_id: SHIFT,
        closed: Closed {
            at: now(),
            counted_minor: 3000,
            expected_minor: 3000,
        },
        audit: audit(number),
        idempotency: None,
    };
    let mut charge = request(&CASH, euros(3000));
    begin(&counter.gateway, &mut charge).await.unwrap();
    let busy = counter.books.close_shift(close(2)).await.unwrap();
    assert_eq!(
        busy,
        CloseOutcome::Busy,
        "its money is taken, no seat is sold"
    );
    counter.gateway.capture(&name(&charge)).await.unwrap();
    let done = counter.books.close_shift(close(3)).await.unwrap();
    assert_eq!(done, CloseOutcome::Done);
    let late = begin(&counter.gateway, &mut request(&CASH, euros(3000))).await;
    assert!(matches!(late, Err(GatewayError::Refused(_))), "{late:?}");
    // What was begun before is looked at and answered as it stands.
    begin(&counter.gateway, &mut charge).await.unwrap();
    assert_eq!(counter.books(&charge.key).await.captured, 3000);
}
