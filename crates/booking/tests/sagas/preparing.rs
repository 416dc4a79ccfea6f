//! A gateway that prepares: a charge nobody can pay yet comes first, its id goes on record, and only then is money moved.
//!
//! This bank forgets everything about keys: preparing twice makes two charges. That only one of them ever holds money is
//! the desk's doing alone.

use crate::{
    buyer::{Act, Buyer, Nature},
    house::{House, charge},
    wire::{Fault, WiredGateway},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, Desk, GatewayError, PaymentGateway, RefundRequest,
    Ways,
};
use matinee_domain::{booking::BookingState, payment::PaymentStatus};
use matinee_integrations::{SandboxGateway, sandbox::VISA};
use matinee_store::{
    BookingStore, SandboxLedger,
    bookings::BookingFile,
    ledger::{Charge, ChargeStatus},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The sandbox bank, its charges named by itself.
#[derive(Clone)]
pub struct PreparingBank {
    inner: Arc<SandboxGateway>,
    ledger: Arc<dyn SandboxLedger>,
    prepared: Arc<Mutex<Vec<String>>>,
}

impl PreparingBank {
    fn new(house: &House, prepared: Arc<Mutex<Vec<String>>>) -> Self {
        Self {
            inner: Arc::new(house.bank()),
            ledger: house.store.clone(),
            prepared,
        }
    }

    fn prepared(&self) -> Vec<String> {
        let prepared = self.prepared.lock();
        prepared.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the bank holds, and what it took, by charge.
    async fn money(&self) -> Vec<(ChargeStatus, i64)> {
        let mut found = Vec::new();
        for id in self.prepared() {
            if let Some(charge) = self.ledger.charge_by_key(&id).await.unwrap()
                && matches!(
                    charge.status,
                    ChargeStatus::Authorized | ChargeStatus::Captured
                )
            {
                found.push((
                    charge.status,
                    charge.amount.amount_minor - charge.refunded_minor,
                ));
            }
        }
        found
    }
}

fn on_record(name: &ChargeName) -> Result<ChargeName, GatewayError> {
    let id = name.gateway_ref.as_deref().ok_or(GatewayError::Unknown)?;
    Ok(charge(id))
}

#[async_trait]
impl PaymentGateway for PreparingBank {
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
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("{}-{}", charge.key, prepared.len());
        prepared.push(id.clone());
        Ok(id)
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let key = charge.gateway_ref.clone().ok_or(GatewayError::Unknown)?;
        let named = ChargeRequest {
            key: key.clone(),
            ..charge
        };
        let answer = self.inner.authorize(named).await?;
        Ok(ChargeAnswer {
            gateway_ref: key,
            ..answer
        })
    }
    async fn look(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let name = on_record(name)?;
        let answer = self.inner.look(&name).await?;
        Ok(ChargeAnswer {
            gateway_ref: name.key,
            ..answer
        })
    }
    async fn capture(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let name = on_record(name)?;
        let answer = self.inner.capture(&name).await?;
        Ok(ChargeAnswer {
            gateway_ref: name.key,
            ..answer
        })
    }
    async fn void(&self, name: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        let name = ChargeName {
            amount: name.amount,
            ..on_record(name)?
        };
        // What was only prepared is given up for good, too: a late request finds it so.
        let given_up = Charge {
            key: name.key.clone(),
            status: ChargeStatus::Voided,
            amount: name.amount,
            method: VISA.into(),
            refunded_minor: 0,
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        let booked = self.ledger.charge(given_up).await;
        booked.map_err(|error| GatewayError::Unclear(error.to_string()))?;
        let answer = self.inner.void(&name).await?;
        Ok(ChargeAnswer {
            gateway_ref: name.key,
            ..answer
        })
    }
    async fn refund(
        &self,
        name: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        self.inner.refund(&on_record(name)?, refund).await
    }
}

pub struct Stage {
    pub house: House,
    pub bank: PreparingBank,
    pub desk: Arc<Desk>,
    pub buyer: Buyer,
}

impl Stage {
    /// A buyer with a hold at this bank.
    pub async fn new(nature: Nature) -> Self {
        let house = House::new().await;
        let bank = PreparingBank::new(&house, Arc::default());
        let desk = desk(&house, &bank);
        let mut buyer = Buyer::new(1, nature);
        buyer
            .ask(&desk, 0, Act::Hold(&["2-4", "2-5"]))
            .await
            .unwrap();
        Self {
            house,
            bank,
            desk,
            buyer,
        }
    }

    /// The buyer pays; the server may die meanwhile and is started again then.
    async fn pays(&mut self) {
        let Self {
            house, desk, buyer, ..
        } = self;
        let died = tokio::select! {
            _ = buyer.ask(desk, 1, Act::Pay(VISA)) => false,
            () = house.wire.crash() => true,
        };
        if died {
            self.house.restart().await;
            self.bank = PreparingBank::new(&self.house, Arc::clone(&self.bank.prepared));
            self.desk = desk_of(self);
        }
    }

    pub async fn file(&self) -> BookingFile {
        let booking = self.buyer.booking.unwrap();
        self.house.store.booking(booking).await.unwrap().unwrap()
    }

    /// A minute passes, with everything mended, and the jobs run.
    async fn ends(&mut self, what: &str) {
        self.house.wire.heal();
        if self.buyer.nature == Nature::Prompt {
            for _ in 0..3 {
                self.pays().await;
            }
        }
        for _ in 0..4 {
            self.house.later(TimeDelta::seconds(15));
            self.desk.recover_payments().await.unwrap();
        }
        let file = self.file().await;
        let money = self.bank.money().await;
        let total = file.booking.total.amount_minor;
        match file.booking.state {
            BookingState::Confirmed => {
                assert_eq!(money, [(ChargeStatus::Captured, total)], "{what}");
                assert_eq!(file.tickets.len(), 2, "{what}");
            }
            BookingState::Held { .. } => assert_eq!(money, [], "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        let paid: i64 = file
            .payments
            .iter()
            .map(|payment| payment.captured_minor)
            .sum();
        assert_eq!(
            paid,
            money.iter().map(|(_, minor)| minor).sum::<i64>(),
            "{what}"
        );
    }
}

fn desk(house: &House, bank: &PreparingBank) -> Arc<Desk> {
    let wired = WiredGateway {
        inner: bank.clone(),
        wire: Arc::clone(&house.wire),
    };
    house.desk_at(Arc::new(wired), false)
}

fn desk_of(stage: &Stage) -> Arc<Desk> {
    desk(&stage.house, &stage.bank)
}

/// Calls of an undisturbed payment.
async fn calls() -> usize {
    let mut stage = Stage::new(Nature::Gone).await;
    let before = stage.house.wire.calls().len();
    stage.pays().await;
    stage.ends("undisturbed").await;
    let names: Vec<String> = stage
        .house
        .wire
        .calls()
        .into_iter()
        .map(|c| c.name)
        .collect();
    let after = names
        .iter()
        .position(|name| name == "read unsettled")
        .unwrap();
    assert!(names.iter().any(|name| name == "bank prepare"), "{names:?}");
    after - before
}

/// Every call of a payment × every fault × a buyer who is gone or asks again.
#[tokio::test]
async fn every_fault_ends_as_one_charge_or_none() {
    let calls = calls().await;
    assert!(calls >= 7, "{calls}");
    for nature in [Nature::Gone, Nature::Prompt] {
        for call in 0..calls {
            for fault in Fault::ALL {
                let mut stage = Stage::new(nature).await;
                let number = stage.house.wire.calls().len() + call;
                stage.house.wire.arm(number, fault);
                stage.pays().await;
                stage.ends(&format!("{nature:?} {call} {fault:?}")).await;
            }
        }
    }
}

/// A request that is slow, not dead: recovery gives its payment up before the charge is on record, and it moves no money.
#[tokio::test]
async fn a_slow_request_finds_its_payment_given_up() {
    let stage = Stage::new(Nature::Gone).await;
    let (house, desk) = (&stage.house, &stage.desk);
    // The attempt is recorded, and then nothing is heard of the bank.
    let recorded = house.wire.calls().len() + 3;
    house.wire.arm(recorded, Fault::LostReply);
    let mut buyer = stage.buyer.clone();
    assert!(buyer.ask(desk, 1, Act::Pay(VISA)).await.is_err());
    house.later(TimeDelta::seconds(15));
    assert_eq!(desk.recover_payments().await.unwrap().done, 1);
    let file = stage.file().await;
    assert!(matches!(file.booking.state, BookingState::Held { .. }));
    // The bank was never asked whether there is such a charge: nothing on record, nothing charged.
    let names: Vec<String> = house.wire.calls().into_iter().map(|c| c.name).collect();
    assert!(!names.iter().any(|name| name == "bank look"), "{names:?}");
    // Asked again, it is another payment, and only that one is charged.
    buyer.ask(desk, 1, Act::Pay(VISA)).await.unwrap();
    assert_eq!(stage.bank.money().await.len(), 1);
    assert_eq!(stage.bank.prepared().len(), 2);
}

/// Recovery gives up what was prepared and never asked for, and does not ask for it first: a payer whose request is gone
/// hears nothing of their bank.
#[tokio::test]
async fn what_was_only_prepared_is_never_asked_for_by_recovery() {
    let stage = Stage::new(Nature::Gone).await;
    let (house, mut buyer) = (&stage.house, stage.buyer.clone());
    // Read, look the key up, record the attempt, prepare, record the charge; then nothing is heard of the bank.
    house.wire.arm(house.wire.calls().len() + 5, Fault::Error);
    let lost = buyer.ask(&stage.desk, 1, Act::Pay(VISA)).await;
    assert!(lost.is_err(), "{lost:?}");
    let asked = || {
        let calls = house.wire.calls().into_iter();
        calls.filter(|call| call.name == "bank authorize").count()
    };
    assert_eq!(asked(), 1);
    house.later(TimeDelta::seconds(15));
    assert_eq!(stage.desk.recover_payments().await.unwrap().done, 1);
    assert_eq!(asked(), 1);
    let file = stage.file().await;
    assert_eq!(file.payments[0].status, PaymentStatus::Voided);
    assert!(matches!(file.booking.state, BookingState::Held { .. }));
}
