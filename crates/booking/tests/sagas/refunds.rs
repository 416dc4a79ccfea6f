//! Refunds that the bank does not take: now, or never.

use crate::{
    books,
    buyer::{Act, Buyer, Nature},
    house::House,
    meanwhile::SlowBank,
    refunding::Refunding,
    wire::Fault,
};
use chrono::TimeDelta;
use matinee_booking::GatewayError;
use matinee_domain::payment::RefundStatus;
use matinee_integrations::sandbox::VISA;
use matinee_store::{BookingStore, Maintenance};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

async fn bought(house: &House) -> Buyer {
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, act) in [Act::Hold(&["2-4"]), Act::Pay(VISA)]
        .into_iter()
        .enumerate()
    {
        buyer.ask(&house.desk, at, act).await.unwrap();
    }
    buyer
}

/// Money that the bank keeps for good is owed by hand: counted, and named by `verify` until it went back.
#[tokio::test]
async fn a_refund_refused_for_good_is_counted_and_named() {
    let house = House::new().await;
    let mut buyer = bought(&house).await;
    let desk = house.desk_at(
        Arc::new(SlowBank {
            keeps_everything: true,
            ..SlowBank::new(&house)
        }),
        false,
    );
    buyer.ask(&desk, 2, Act::Cancel(None)).await.unwrap();
    assert_eq!(desk.refunds_refused.load(Ordering::Relaxed), 1);
    let file = house.store.booking(buyer.booking.unwrap()).await.unwrap();
    let file = file.unwrap();
    assert_eq!(file.refunds[0].status, RefundStatus::Failed);
    let report = house.store.verify(house.now()).await.unwrap();
    assert_eq!(report.violations.len(), 1, "{:?}", report.violations);
    assert_eq!(report.violations[0].invariant, "refund_failed");
    let refund = file.refunds[0].refund_id.to_string();
    assert!(report.violations[0].row.contains(&refund));
}

/// A refund that was just tried waits behind the others, so that one the bank never answers holds nobody up.
#[tokio::test]
async fn a_refund_that_was_tried_goes_to_the_end_of_the_queue() {
    let house = House::new().await;
    let mut buyer = bought(&house).await;
    house.wire.arm(house.wire.calls().len() + 3, Fault::Outage);
    buyer.ask(&house.desk, 2, Act::Cancel(None)).await.unwrap();
    house.later(TimeDelta::seconds(15));
    assert_eq!(house.desk.recover_refunds().await.unwrap().failed, 1);
    let before = house.now() - TimeDelta::seconds(10);
    assert_eq!(house.store.pending_refunds(before, 9).await.unwrap(), []);
    let file = house.store.booking(buyer.booking.unwrap()).await.unwrap();
    assert_eq!(file.unwrap().refunds[0].attempts, 2);
    house.wire.heal();
    // Each attempt waits longer than the one before.
    house.later(TimeDelta::seconds(15));
    assert_eq!(house.desk.recover_refunds().await.unwrap().done, 0);
    house.later(TimeDelta::seconds(20));
    assert_eq!(house.desk.recover_refunds().await.unwrap().done, 1);
    books::judge(&house).await.unwrap();
}

/// Of two refunds that are paid one after the other the second is told what went back with the first: a bank that takes a
/// refund by hand for ours compares with it.
#[tokio::test]
async fn each_refund_knows_of_those_before_it() {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, act) in [Act::Hold(&["2-4", "2-3"]), Act::Pay(VISA)]
        .into_iter()
        .enumerate()
    {
        buyer.ask(&house.desk, at, act).await.unwrap();
    }
    let away = Arc::new(AtomicBool::new(true));
    // The amount of each, and what went back before by our books.
    let heard = Arc::new(Mutex::new(Vec::new()));
    let bank = {
        let (away, heard) = (Arc::clone(&away), Arc::clone(&heard));
        Refunding::new(house.bank(), move |refund| {
            if away.load(Ordering::Relaxed) {
                return Err(GatewayError::Unclear("away".into()));
            }
            let amounts = (refund.amount.amount_minor, refund.before_minor);
            heard.lock().unwrap().push(amounts);
            Ok(())
        })
    };
    let desk = house.desk_at(Arc::new(bank), false);
    buyer
        .ask(&desk, 2, Act::Cancel(Some(&["2-4"])))
        .await
        .unwrap();
    away.store(false, Ordering::Relaxed);
    // Both are pending when the second cancellation pays what it finds.
    buyer
        .ask(&desk, 3, Act::Cancel(Some(&["2-3"])))
        .await
        .unwrap();
    let heard = heard.lock().unwrap().clone();
    let [(first, 0), (_, before)] = heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(before, first);
    let report = house.store.verify(house.now()).await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}
