//! What every engine's sandbox bank does.

use super::{
    Engine,
    bookings::{House, eur, later},
    fixtures::start,
};
use crate::ledger::{Charge, ChargeStatus, LedgerRefusal};
use std::sync::Arc;

fn charge(key: &str, status: ChargeStatus) -> Charge {
    Charge {
        key: key.into(),
        status,
        amount: eur(3000),
        method: "pm_card_visa".into(),
        refunded_minor: 0,
        created_at: start(),
    }
}

/// A key is charged once, whatever comes with it later, also when asked many times at once.
pub async fn a_key_is_charged_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    assert_eq!(house.store.charge_by_key("p1").await.unwrap(), None);
    let mut tasks = tokio::task::JoinSet::new();
    for amount in 1..=20 {
        let store = Arc::clone(&house.store);
        let wanted = Charge {
            amount: eur(amount),
            ..charge("p1", ChargeStatus::Authorized)
        };
        tasks.spawn(async move { store.charge(wanted).await.unwrap() });
    }
    let mut booked = tasks.join_all().await;
    booked.dedup();
    assert_eq!(booked.len(), 1, "one charge, told alike to all");
    assert_eq!(house.store.charge_by_key("p1").await.unwrap(), booked.pop());
}

/// A charge moves only from where it may; being there already is a success.
pub async fn a_charge_moves_only_from_where_it_may(engine: &impl Engine) {
    use ChargeStatus::{Authorized, Captured, Declined, RequiresAction, Voided};
    let house = House::open(engine).await;
    let to = |from: Vec<ChargeStatus>, to| house.store.move_charge("p1", from, to);
    assert_eq!(
        to(vec![Authorized], Captured).await.unwrap(),
        Err(LedgerRefusal::UnknownCharge)
    );
    house
        .store
        .charge(charge("p1", RequiresAction))
        .await
        .unwrap();
    let wrong = Err(LedgerRefusal::WrongState(RequiresAction));
    assert_eq!(to(vec![Authorized], Captured).await.unwrap(), wrong);
    assert_eq!(
        to(vec![RequiresAction], Authorized).await.unwrap(),
        Ok(charge("p1", Authorized))
    );
    assert_eq!(
        to(vec![RequiresAction], Authorized).await.unwrap(),
        Ok(charge("p1", Authorized))
    );
    assert_eq!(
        to(vec![Authorized], Captured).await.unwrap(),
        Ok(charge("p1", Captured))
    );
    let late = Err(LedgerRefusal::WrongState(Captured));
    assert_eq!(
        to(vec![Authorized, RequiresAction], Voided).await.unwrap(),
        late
    );
    assert_eq!(to(vec![RequiresAction], Declined).await.unwrap(), late);
    assert_eq!(
        house.store.charge_by_key("p1").await.unwrap(),
        Some(charge("p1", Captured))
    );
}

/// Money goes back once per refund key, and never more than was captured, also when asked many times at once.
pub async fn no_more_goes_back_than_was_captured(engine: &impl Engine) {
    let house = House::open(engine).await;
    let back =
        |key: &'static str, amount| house.store.refund_charge("p1", key, eur(amount), later(1));
    assert_eq!(
        back("r1", 1).await.unwrap(),
        Err(LedgerRefusal::UnknownCharge)
    );
    house
        .store
        .charge(charge("p1", ChargeStatus::Authorized))
        .await
        .unwrap();
    let early = Err(LedgerRefusal::WrongState(ChargeStatus::Authorized));
    assert_eq!(back("r1", 1).await.unwrap(), early);
    let captured = house
        .store
        .move_charge("p1", vec![ChargeStatus::Authorized], ChargeStatus::Captured)
        .await;
    captured.unwrap().unwrap();
    let after = |refunded_minor| {
        Ok(Charge {
            refunded_minor,
            ..charge("p1", ChargeStatus::Captured)
        })
    };
    assert_eq!(back("r1", 1000).await.unwrap(), after(1000));
    assert_eq!(back("r1", 1000).await.unwrap(), after(1000));
    assert_eq!(
        back("r2", 2001).await.unwrap(),
        Err(LedgerRefusal::OverRefund)
    );
    assert_eq!(back("r2", 0).await.unwrap(), Err(LedgerRefusal::OverRefund));
    assert_eq!(
        back("r2", -5).await.unwrap(),
        Err(LedgerRefusal::OverRefund)
    );

    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30 {
        let store = Arc::clone(&house.store);
        tasks.spawn(async move {
            store
                .refund_charge("p1", &format!("many {number}"), eur(300), later(1))
                .await
                .unwrap()
                .is_ok()
        });
    }
    let accepted = tasks.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!(accepted, 6, "six times 300 of the 2,000 that were left");
    let charge = house.store.charge_by_key("p1").await.unwrap().unwrap();
    assert_eq!(charge.refunded_minor, 2800);
}
