//! Whoever lets holds run out unpaid again and again has to pause, also when a payment was begun and abandoned.

use crate::{
    buyer::{Act, Buyer, Nature},
    house::House,
};
use chrono::TimeDelta;
use matinee_booking::{ChangeInput, SaleError};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use std::sync::Arc;

#[tokio::test]
async fn payments_that_are_abandoned_count_as_unpaid_expiries() {
    let house = House::new().await;
    let desk = house.desk_at(Arc::new(house.bank()), true);
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for round in 0..3 {
        let at = round * 10;
        buyer.ask(&desk, at, Act::Hold(&["2-4"])).await.unwrap();
        let pay = Act::Pay(AUTHENTICATION_REQUIRED);
        assert_eq!(buyer.ask(&desk, at + 1, pay).await.unwrap().status, 202);
        house.later(TimeDelta::minutes(16));
        assert_eq!(desk.recover_payments().await.unwrap().done, 1);
    }
    house.later(TimeDelta::minutes(10));
    let refused = buyer.ask(&desk, 40, Act::Hold(&["2-4"])).await.unwrap_err();
    let SaleError::CoolDown { until, wait } = refused else {
        panic!("{refused}");
    };
    assert_eq!(wait, TimeDelta::minutes(20));
    assert_eq!(until, house.now() + wait);
    house.later(TimeDelta::minutes(20));
    buyer.ask(&desk, 41, Act::Hold(&["2-4"])).await.unwrap();
}

/// A crash of ours is nobody's fault: that a payment was cut short by one is not counted against its payer.
#[tokio::test]
async fn payments_cut_short_by_a_crash_do_not_count() {
    let mut house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for round in 0..3 {
        let at = round * 10;
        let strict = house.desk_at(house.desk.gateway.clone().unwrap(), true);
        buyer.ask(&strict, at, Act::Hold(&["2-4"])).await.unwrap();
        let calls = house.wire.calls().len();
        house.wire.arm(calls + 3, crate::wire::Fault::CrashBefore);
        let crashed = house.unless_it_crashes(buyer.ask(&strict, at + 1, Act::Pay(VISA)));
        assert!(crashed.await.is_err());
        house.restart().await;
        house.later(TimeDelta::minutes(16));
        assert_eq!(house.desk.recover_payments().await.unwrap().done, 1);
    }
    let strict = house.desk_at(house.desk.gateway.clone().unwrap(), true);
    buyer.ask(&strict, 40, Act::Hold(&["2-4"])).await.unwrap();
}

/// Pausing must not keep a guest from the e-mail that is due at payment.
#[tokio::test]
async fn a_guest_who_pauses_may_still_pay_for_a_hold() {
    let house = House::new().await;
    let desk = house.desk_at(Arc::new(house.bank()), true);
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, seat) in [&["2-1"], &["2-3"], &["2-5"]].into_iter().enumerate() {
        buyer.ask(&desk, at, Act::Hold(seat)).await.unwrap();
    }
    house.later(TimeDelta::minutes(7));
    buyer.ask(&desk, 3, Act::Hold(&["2-8"])).await.unwrap();
    house.later(TimeDelta::minutes(2));
    assert_eq!(desk.expire().await.unwrap().done, 3);
    let booking_id = buyer.booking.unwrap();
    let input = ChangeInput {
        guest_email: Some("other@example.org".into()),
        ..ChangeInput::default()
    };
    desk.change(booking_id, input).await.unwrap();
    let refused = buyer.ask(&desk, 4, Act::Hold(&["2-1"])).await.unwrap_err();
    assert!(matches!(refused, SaleError::CoolDown { .. }), "{refused}");
    buyer.booking = Some(booking_id);
    assert_eq!(
        buyer.ask(&desk, 5, Act::Pay(VISA)).await.unwrap().status,
        200
    );
}
