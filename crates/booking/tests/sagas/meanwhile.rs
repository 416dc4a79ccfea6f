//! What happens at the bank's while a call to it is under way, and banks that are difficult.

use crate::{
    buyer::{Act, Buyer, Heard, Nature},
    house::House,
    wire::Fault,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargeRequest, Desk, GatewayError, PaymentGateway, RefundRequest,
    Ways,
};
use matinee_integrations::{SandboxGateway, sandbox::VISA};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The sandbox bank, during whose next authorization something else happens.
pub struct SlowBank {
    pub inner: SandboxGateway,
    pub meanwhile: Mutex<Option<Work>>,
    /// It pays nothing back, ever.
    pub keeps_everything: bool,
    /// What it authorized it has given up by the time it is asked for the money.
    pub loses_authorizations: bool,
    /// It charges nothing smaller.
    pub minimums: &'static [(&'static str, i64)],
}

impl SlowBank {
    pub fn new(house: &House) -> Self {
        Self {
            inner: house.bank(),
            meanwhile: Mutex::new(None),
            keeps_everything: false,
            loses_authorizations: false,
            minimums: &[],
        }
    }
}

#[async_trait]
impl PaymentGateway for SlowBank {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn is_test(&self) -> bool {
        true
    }
    fn ways(&self) -> Ways {
        Ways {
            minimums: self.minimums,
            ..self.inner.ways()
        }
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        let answer = self.inner.authorize(charge).await;
        let work = self
            .meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(work) = work {
            work.await;
        }
        answer
    }
    async fn look(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.look(key).await
    }
    async fn capture(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        if self.loses_authorizations {
            return self.inner.void(key).await;
        }
        self.inner.capture(key).await
    }
    async fn void(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.inner.void(key).await
    }
    async fn refund(
        &self,
        key: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        if self.keeps_everything {
            return Err(GatewayError::Refused("the account is closed".into()));
        }
        self.inner.refund(key, refund).await
    }
    async fn simulate(
        &self,
        key: &ChargeName,
        succeed: bool,
    ) -> Result<ChargeAnswer, GatewayError> {
        self.inner.simulate(key, succeed).await
    }
}

/// A buyer with a hold.
async fn holding(house: &House, number: u8, seats: &'static [&'static str]) -> Buyer {
    let mut buyer = Buyer::new(number, Nature::Prompt);
    buyer.ask(&house.desk, 0, Act::Hold(seats)).await.unwrap();
    buyer
}

async fn pays(mut buyer: Buyer, desk: Arc<Desk>) -> Heard {
    buyer.ask(&desk, 1, Act::Pay(VISA)).await.unwrap()
}

fn again(buyer: &Buyer) -> Buyer {
    Buyer {
        booking: buyer.booking,
        ..Buyer::new(buyer.number, buyer.nature)
    }
}

/// The first request hears that the bank authorized; before it can say so in the books, a repetition does everything.
/// Both must hear the same bytes.
#[tokio::test]
async fn a_request_overtaken_by_its_repetition_hears_what_is_kept() {
    let house = House::new().await;
    let buyer = holding(&house, 1, &["2-4", "2-5"]).await;
    let bank = Arc::new(SlowBank::new(&house));
    let heard = Arc::new(Mutex::new(None));
    let repetition = pays(again(&buyer), house.another_desk());
    let said = Arc::clone(&heard);
    *bank.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        let answer = repetition.await;
        *said.lock().unwrap() = Some(answer);
    }));
    let first = pays(again(&buyer), house.desk_at(bank, false)).await;
    assert_eq!(heard.lock().unwrap().take(), Some(first));
    crate::books::judge(&house).await.unwrap();
}

/// Twenty requests with one key at once: one charge, and every answer is the same, byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_equal_payments_at_once_are_one() {
    for _ in 0..10 {
        let house = House::new().await;
        let buyer = holding(&house, 1, &["2-4", "2-5"]).await;
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..20 {
            requests.spawn(pays(again(&buyer), house.another_desk()));
        }
        let answers = requests.join_all().await;
        assert_eq!(answers[0].status, 200);
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
        }
        let books = crate::books::judge(&house).await.unwrap();
        assert_eq!((books[0].bank_keeps, books[0].confirmations), (3000, 1));
    }
}

/// Recovery takes a slow request for a lost one. By the time it would give the charge up, the booking is confirmed on it.
#[tokio::test]
async fn a_charge_that_went_on_meanwhile_is_not_given_up() {
    let house = House::new().await;
    let buyer = holding(&house, 1, &["2-4", "2-5"]).await;
    // Read, look the key up, record the attempt; the bank does not answer.
    house.wire.arm(house.wire.calls().len() + 3, Fault::Error);
    let lost = again(&buyer)
        .ask(&house.desk, 1, Act::Pay(VISA))
        .await
        .unwrap_err();
    assert!(crate::buyer::is_unclear(&lost), "{lost}");
    house.later(TimeDelta::seconds(20));
    let bank = Arc::new(SlowBank::new(&house));
    let desk = house.another_desk();
    let (wire, mut repetition) = (Arc::clone(&house.wire), again(&buyer));
    *bank.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        // Read, look the key up, authorize, confirm; the capture gets no answer.
        wire.arm(wire.calls().len() + 4, Fault::Error);
        let lost = repetition.ask(&desk, 1, Act::Pay(VISA)).await.unwrap_err();
        assert!(crate::buyer::is_unclear(&lost), "{lost}");
        assert!(
            wire.calls()
                .iter()
                .any(|call| call.name.contains("confirm"))
        );
    }));
    let report = house.desk_at(bank, false).recover_payments().await.unwrap();
    assert_eq!((report.done, report.failed), (1, 0));
    let books = crate::books::judge(&house).await.unwrap();
    assert_eq!(books[0].status, "confirmed");
}
