//! A gateway that prepares, at a bad moment: it refuses while an equal request goes through, or finds nothing any more.

use crate::{
    buyer::{Act, Nature},
    preparing::{PreparingBank, Stage},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, GatewayError, PaymentGateway, RefundRequest, Ways,
};
use matinee_domain::{booking::BookingState, payment::PaymentStatus};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The bank, for one that asks it at a bad moment.
struct Difficult {
    inner: PreparingBank,
    /// It refuses to prepare, and while it thinks about it this happens.
    meanwhile: Mutex<Option<Work>>,
    /// It finds no charge any more.
    forgets: bool,
}

impl Difficult {
    fn new(bank: &PreparingBank) -> Self {
        Self {
            inner: bank.clone(),
            meanwhile: Mutex::default(),
            forgets: false,
        }
    }

    fn found(&self) -> Result<(), GatewayError> {
        if self.forgets {
            Err(GatewayError::Unknown)
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl PaymentGateway for Difficult {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn is_test(&self) -> bool {
        true
    }
    fn ways(&self) -> Ways {
        self.inner.ways()
    }
    fn prepares(&self) -> bool {
        true
    }
    async fn prepare(&self, charge: &ChargeRequest) -> Result<String, GatewayError> {
        let work = self
            .meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match work {
            Some(work) => {
                work.await;
                Err(GatewayError::Refused("I am confused".into()))
            }
            None => self.inner.prepare(charge).await,
        }
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        self.found()?;
        self.inner.authorize(charge).await
    }
    async fn look(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.found()?;
        self.inner.look(name).await
    }
    async fn capture(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.capture(name).await
    }
    async fn void(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.found()?;
        self.inner.void(name).await
    }
    async fn refund(
        &self,
        name: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        self.inner.refund(name, refund).await
    }
}

/// Of two equal requests one is refused while the other pays: both hear that it is paid.
#[tokio::test]
async fn a_refusal_does_not_undo_what_an_equal_request_did() {
    for act in [Act::Pay(VISA), Act::Pay(AUTHENTICATION_REQUIRED)] {
        let stage = Stage::new(Nature::Prompt).await;
        let bank = Difficult::new(&stage.bank);
        let (mut other, desk) = (stage.buyer.clone(), Arc::clone(&stage.desk));
        let heard = Arc::new(Mutex::new(None));
        let said = Arc::clone(&heard);
        *bank.meanwhile.lock().unwrap() = Some(Box::pin(async move {
            let answer = other.ask(&desk, 1, act).await.unwrap();
            *said.lock().unwrap() = Some(answer);
        }));
        let confused = stage.house.desk_at(Arc::new(bank), false);
        let answer = stage.buyer.clone().ask(&confused, 1, act).await.unwrap();
        assert_eq!(Some(answer), heard.lock().unwrap().take());
        let paid = stage.file().await.payments.remove(0);
        let wanted = match act {
            Act::Pay(VISA) => PaymentStatus::Captured,
            _ => PaymentStatus::RequiresAction,
        };
        assert_eq!(paid.status, wanted);
    }
}

/// A bank that refuses to prepare anything declines, and the hold can be paid otherwise.
#[tokio::test]
async fn what_cannot_be_prepared_is_declined() {
    let stage = Stage::new(Nature::Prompt).await;
    let bank = Difficult::new(&stage.bank);
    *bank.meanwhile.lock().unwrap() = Some(Box::pin(async {}));
    let desk = stage.house.desk_at(Arc::new(bank), false);
    let mut buyer = stage.buyer.clone();
    let declined = buyer.ask(&desk, 1, Act::Pay(VISA)).await.unwrap();
    assert_eq!(declined.status, 402);
    let again = buyer.ask(&desk, 1, Act::Pay(VISA)).await.unwrap();
    assert_eq!(again, declined);
    let paid = buyer.ask(&desk, 2, Act::Pay(VISA)).await.unwrap();
    assert_eq!(paid.status, 200);
}

/// A bank that does not find a charge any more: its seats do not wait for ever, only until nobody can pay it.
#[tokio::test]
async fn a_charge_that_is_not_found_is_given_up_when_nobody_can_pay_it() {
    let stage = Stage::new(Nature::Gone).await;
    let mut buyer = stage.buyer.clone();
    let pay = Act::Pay(AUTHENTICATION_REQUIRED);
    let waits = buyer.ask(&stage.desk, 1, pay).await.unwrap();
    assert_eq!(waits.status, 202);
    let bank = Difficult {
        forgets: true,
        ..Difficult::new(&stage.bank)
    };
    let desk = stage.house.desk_at(Arc::new(bank), false);
    for (minutes, open) in [(16, true), (18, true), (2, false)] {
        stage.house.later(TimeDelta::minutes(minutes));
        desk.recover_payments().await.unwrap();
        let state = stage.file().await.booking.state;
        let waits = matches!(state, BookingState::AwaitingPayment { .. });
        assert_eq!(waits, open, "{minutes} {state:?}");
    }
    let file = stage.file().await;
    assert_eq!(file.payments[0].status, PaymentStatus::Voided);
    assert!(matches!(file.booking.state, BookingState::Expired));
}
