//! What was paid at one gateway while another one is at work: nobody else can finish it, and nobody else is asked.

use crate::{
    books,
    buyer::{Act, Buyer, Nature},
    house::House,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{
    ChargeAnswer, ChargeName, ChargePage, ChargeRequest, ChargeState, Desk, Difference, Differs,
    GatewayError, GatewayEvent, GatewayFact, Heard, ListedCharge, PaymentGateway, PaymentPage,
    RefundAtGateway, RefundRequest, SaleError, Ways,
};
use matinee_domain::{
    booking::BookingStatus,
    ids::PaymentId,
    payment::{PaymentStatus, RefundStatus},
};
use matinee_integrations::{
    SandboxGateway,
    sandbox::{AUTHENTICATION_REQUIRED, VISA},
};
use matinee_store::{
    BookingStore, Maintenance,
    bookings::{BookingFile, RefundRow},
    conformance::fixtures,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

/// The sandbox bank under another name, or with money that is real, which counts what it is asked.
pub struct Elsewhere {
    inner: SandboxGateway,
    name: &'static str,
    test: bool,
    at_once: usize,
    asked: AtomicUsize,
    /// Looks under way now, and the most there were.
    looking: Mutex<(usize, usize)>,
    /// What it says of every refund it took.
    pub refunds: RefundAtGateway,
    /// Its list, and the times it was asked for.
    pub list: Vec<ListedCharge>,
    listed: Mutex<Vec<(DateTime<Utc>, DateTime<Utc>)>>,
}

impl Elsewhere {
    pub fn new(house: &House, name: &'static str, test: bool) -> Self {
        Self {
            inner: house.bank(),
            name,
            test,
            at_once: 1,
            asked: AtomicUsize::new(0),
            looking: Mutex::default(),
            refunds: RefundAtGateway::Taken,
            list: Vec::new(),
            listed: Mutex::default(),
        }
    }

    /// The times its list was asked for.
    pub fn asked_for(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        self.listed.lock().unwrap().clone()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl PaymentGateway for Elsewhere {
    fn name(&self) -> &'static str {
        self.name
    }
    fn is_test(&self) -> bool {
        self.test
    }
    fn ways(&self) -> Ways {
        self.inner.ways()
    }
    fn at_once(&self) -> usize {
        self.at_once
    }
    async fn authorize(&self, charge: ChargeRequest) -> Result<ChargeAnswer, GatewayError> {
        self.count();
        self.inner.authorize(charge).await
    }
    async fn look(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.count();
        {
            let mut looking = self.looking.lock().unwrap();
            looking.0 += 1;
            looking.1 = looking.1.max(looking.0);
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        self.looking.lock().unwrap().0 -= 1;
        self.inner.look(key).await
    }
    async fn capture(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.count();
        self.inner.capture(key).await
    }
    async fn void(&self, key: &ChargeName) -> Result<ChargeAnswer, GatewayError> {
        self.count();
        self.inner.void(key).await
    }
    async fn refund(
        &self,
        key: &ChargeName,
        refund: &RefundRequest,
    ) -> Result<ChargeAnswer, GatewayError> {
        self.count();
        self.inner.refund(key, refund).await
    }
    async fn look_refund(&self, _: &ChargeName, _: &str) -> Result<RefundAtGateway, GatewayError> {
        Ok(self.refunds)
    }
    async fn charges(
        &self,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
        _: Option<String>,
    ) -> Result<Option<ChargePage>, GatewayError> {
        let mut listed = self.listed.lock().unwrap();
        listed.push((from, before));
        // The second look fails, when there is nothing to see.
        if listed.len() > 1 && self.list.is_empty() {
            return Err(GatewayError::Unclear("not now".into()));
        }
        let charges = self.list.clone();
        Ok(Some(ChargePage {
            charges,
            next: None,
        }))
    }
}

/// A desk at a bank of this name.
fn desk(house: &House, name: &'static str, test: bool) -> (Arc<Desk>, Arc<Elsewhere>) {
    let bank = Arc::new(Elsewhere::new(house, name, test));
    (house.desk_at(bank.clone(), false), bank)
}

async fn holding(desk: &Desk, number: u8, seat: &'static [&'static str]) -> Buyer {
    let mut buyer = Buyer::new(number, Nature::Prompt);
    buyer.ask(desk, 0, Act::Hold(seat)).await.unwrap();
    buyer
}

async fn file(house: &House, buyer: &Buyer) -> BookingFile {
    let file = house.store.booking(buyer.booking.unwrap()).await.unwrap();
    file.unwrap()
}

/// A theater tried Matinee in the sandbox and then takes real money. Somebody cancels a ticket of the trial.
#[tokio::test]
async fn a_trial_ticket_is_cancelled_without_any_money() {
    let house = House::new().await;
    let mut buyer = holding(&house.desk, 1, &["2-4"]).await;
    buyer.ask(&house.desk, 1, Act::Pay(VISA)).await.unwrap();
    let (live, bank) = desk(&house, "stripe", false);
    buyer.ask(&live, 2, Act::Cancel(None)).await.unwrap();
    let file = file(&house, &buyer).await;
    assert_eq!(file.booking.state.status(), BookingStatus::Cancelled);
    assert_eq!((file.refunds.len(), bank.asked()), (0, 0));
    let report = house.store.verify(house.now()).await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}

/// Real money can only go back where it came from: the ticket stays valid, and its buyer is told whom to ask.
#[tokio::test]
async fn real_money_of_another_gateway_is_not_cancelled_here() {
    let house = House::new().await;
    let (old, _) = desk(&house, "stripe", false);
    let mut buyer = holding(&old, 1, &["2-4"]).await;
    buyer.ask(&old, 1, Act::Pay(VISA)).await.unwrap();
    for (name, test) in [("another", false), ("stripe", true)] {
        let (new, bank) = desk(&house, name, test);
        let refused = buyer.ask(&new, 2, Act::Cancel(None)).await.unwrap_err();
        assert!(
            matches!(refused, SaleError::NotCancellable { .. }),
            "{refused}"
        );
        assert_eq!(bank.asked(), 0);
    }
    buyer.ask(&old, 2, Act::Cancel(None)).await.unwrap();
    let file = file(&house, &buyer).await;
    assert_eq!(file.refunds[0].status, RefundStatus::Succeeded);
}

/// A payment, and a refund, under way at another gateway, or with a key of the other mode: left alone, and finished by
/// whoever can.
#[tokio::test]
async fn what_is_under_way_elsewhere_is_left_alone() {
    for (name, test) in [("another", true), ("sandbox", false)] {
        let house = House::new().await;
        let mut owed = holding(&house.desk, 1, &["2-4"]).await;
        owed.ask(&house.desk, 1, Act::Pay(VISA)).await.unwrap();
        house
            .wire
            .arm(house.wire.calls().len() + 3, crate::wire::Fault::Error);
        owed.ask(&house.desk, 2, Act::Cancel(None)).await.unwrap();
        let mut waits = holding(&house.desk, 2, &["2-6"]).await;
        let pay = Act::Pay(AUTHENTICATION_REQUIRED);
        waits.ask(&house.desk, 1, pay).await.unwrap();
        let (other, bank) = desk(&house, name, test);
        for minutes in [1, 20] {
            house.later(TimeDelta::minutes(minutes));
            assert_eq!(other.recover_payments().await.unwrap().done, 0);
            assert_eq!(other.recover_refunds().await.unwrap().done, 0);
        }
        let payment_id = file(&house, &waits).await.payments[0].payment_id;
        let page = other.payment_page(payment_id).await.unwrap();
        assert!(matches!(page, PaymentPage::Booking(_)), "{page:?}");
        let told = GatewayEvent {
            charge: payment_id.to_string(),
            fact: GatewayFact::Captured,
            amount: None,
            refund: None,
        };
        assert_eq!(other.gateway_event(told).await.unwrap(), Heard::NotOurs);
        let released = other.release(waits.booking.unwrap()).await;
        assert!(released.is_err());
        assert_eq!(bank.asked(), 0, "{name} {test}");
        let refund = file(&house, &owed).await.refunds.remove(0);
        assert_eq!(refund.status, RefundStatus::Pending);

        house.later(TimeDelta::minutes(5));
        house.jobs().await.unwrap();
        let refund = file(&house, &owed).await.refunds.remove(0);
        assert_eq!(refund.status, RefundStatus::Succeeded);
        let status = file(&house, &waits).await.payments[0].status;
        assert_eq!(status, PaymentStatus::Voided);
        books::judge(&house).await.unwrap();
    }
}

/// People at their bank are asked after once a minute each, several at once, and their money is found.
#[tokio::test]
async fn people_who_are_paying_are_asked_after_once_a_minute() {
    let house = House::new().await;
    let mut bank = Elsewhere::new(&house, "sandbox", true);
    bank.at_once = 4;
    let bank = Arc::new(bank);
    let desk = house.desk_at(bank.clone(), false);
    let seats: [&[&str]; 6] = [&["1-1"], &["1-2"], &["2-1"], &["2-2"], &["3-1"], &["3-2"]];
    for (number, seat) in seats.into_iter().enumerate() {
        let mut buyer = holding(&desk, number as u8, seat).await;
        let pay = Act::Pay(AUTHENTICATION_REQUIRED);
        buyer.ask(&desk, 1, pay).await.unwrap();
    }
    let before = bank.asked();
    // The jobs run every five seconds.
    for _ in 0..24 {
        house.later(TimeDelta::seconds(5));
        desk.recover_payments().await.unwrap();
    }
    assert_eq!(bank.asked() - before, 2 * seats.len());
    assert_eq!(bank.looking.lock().unwrap().1, 4);
    for entry in house
        .store
        .unsettled(house.now() + TimeDelta::days(1), 9)
        .await
        .unwrap()
    {
        let name = ChargeName::from(&entry.payments[0]);
        bank.simulate_at_the_bank(&name).await;
    }
    for _ in 0..12 {
        house.later(TimeDelta::seconds(5));
        desk.recover_payments().await.unwrap();
    }
    let books = books::judge(&house).await.unwrap();
    assert!(books.iter().all(|entry| entry.status == "confirmed"));
}

impl Elsewhere {
    /// The payer passes the bank's check.
    async fn simulate_at_the_bank(&self, name: &ChargeName) {
        let answer = self.inner.simulate(name, true).await.unwrap();
        assert_eq!(answer.state, ChargeState::Authorized);
    }
}

fn news(payment: PaymentId, fact: GatewayFact, refund: Option<String>) -> GatewayEvent {
    GatewayEvent {
        charge: payment.to_string(),
        fact,
        amount: None,
        refund,
    }
}

/// A refund that was taken came to nothing.
pub fn refund_failed(refund: &RefundRow) -> GatewayEvent {
    let id = Some(refund.refund_id.to_string());
    news(refund.payment_id, GatewayFact::RefundFailed, id)
}

/// What a gateway tells of a sale that is done, three times over, costs no question.
#[tokio::test]
async fn news_of_what_is_done_asks_nobody() {
    let house = House::new().await;
    let (desk, bank) = desk(&house, "sandbox", true);
    let mut buyer = holding(&desk, 1, &["2-4"]).await;
    buyer.ask(&desk, 1, Act::Pay(VISA)).await.unwrap();
    let paid = file(&house, &buyer).await.payments.remove(0);
    let before = bank.asked();
    for fact in [GatewayFact::Authorized, GatewayFact::Captured] {
        let told = desk.gateway_event(news(paid.payment_id, fact, None)).await;
        assert_eq!(told.unwrap(), Heard::Settled);
    }
    assert_eq!(bank.asked(), before);
    // Nor once the money went back and nothing is owed.
    buyer.ask(&desk, 2, Act::Cancel(None)).await.unwrap();
    let before = bank.asked();
    let told = news(paid.payment_id, GatewayFact::Captured, None);
    desk.gateway_event(told).await.unwrap();
    assert_eq!(bank.asked(), before);
}

/// A bank sends a refund back days later: the money is owed again, counted once and named until it is paid.
#[tokio::test]
async fn a_refund_that_comes_back_is_owed_again() {
    let house = House::new().await;
    for (number, seats, part) in [
        (1, &["2-4"] as &'static [&'static str], None),
        (
            2,
            &["3-1", "3-2"],
            Some(&["3-1"] as &'static [&'static str]),
        ),
    ] {
        let mut bank = Elsewhere::new(&house, "sandbox", true);
        bank.refunds = RefundAtGateway::Failed;
        let desk = house.desk_at(Arc::new(bank), false);
        let mut buyer = holding(&desk, number, seats).await;
        buyer.ask(&desk, 1, Act::Pay(VISA)).await.unwrap();
        buyer.ask(&desk, 2, Act::Cancel(part)).await.unwrap();
        let before = file(&house, &buyer).await;
        let refund = &before.refunds[0];
        let told = || refund_failed(refund);
        // The gateway is asked: it has the last word.
        let (calm, _) = self::desk(&house, "sandbox", true);
        calm.gateway_event(told()).await.unwrap();
        assert_eq!(file(&house, &buyer).await, before);
        for _ in 0..2 {
            assert_eq!(desk.gateway_event(told()).await.unwrap(), Heard::Settled);
        }
        let after = file(&house, &buyer).await;
        assert_eq!(after.refunds[0].status, RefundStatus::Failed);
        assert_eq!(after.payments[0].status, PaymentStatus::Captured);
        assert_eq!(after.payments[0].refunded_minor, 0);
        assert_eq!(desk.refunds_refused.load(Ordering::Relaxed), 1);
        let report = house.store.verify(house.now()).await.unwrap();
        let named = report
            .violations
            .iter()
            .filter(|v| v.invariant == "refund_failed");
        assert_eq!(named.count(), usize::from(number), "{report:?}");
    }
}

/// What differs is looked at again within the time it was charged in, and is told also when that fails.
#[tokio::test]
async fn a_difference_is_looked_at_again_where_it_is() {
    for there in [true, false] {
        let house = House::new().await;
        let mut bank = Elsewhere::new(&house, "sandbox", true);
        let (buys, _) = desk(&house, "sandbox", true);
        let mut buyer = holding(&buys, 1, &["2-4"]).await;
        buyer.ask(&buys, 1, Act::Pay(VISA)).await.unwrap();
        let paid = file(&house, &buyer).await.payments.remove(0);
        if there {
            bank.list.push(ListedCharge {
                key: Some(paid.payment_id.to_string()),
                gateway_ref: "c".into(),
                amount: paid.amount,
                captured_minor: 1,
                refunded_minor: 0,
                held: false,
                created_at: paid.created_at,
            });
        }
        let bank = Arc::new(bank);
        let compares = house.desk_at(bank.clone(), false);
        house.later(TimeDelta::days(150));
        let day = TimeDelta::days(1);
        let from = paid.created_at - day;
        let theaters = [fixtures::theater_id(1)];
        let report = compares.reconcile(&theaters, from, from + day * 2).await;
        let report = report.unwrap().unwrap();
        let wanted = if there {
            Differs::Captured
        } else {
            Differs::NoCharge
        };
        let found: Vec<_> = report.differences.iter().map(kind).collect();
        assert_eq!(found, [wanted]);
        let (again_from, again_before) = bank.listed.lock().unwrap()[1];
        assert!(again_before - again_from <= TimeDelta::hours(2));
        assert!(again_from < paid.created_at && paid.created_at < again_before);

        // With a key of the other mode there is nothing to compare it with.
        let (live, _) = desk(&house, "sandbox", false);
        let report = live.reconcile(&theaters, from, from + day * 2).await;
        assert_eq!(report.unwrap().unwrap().differences, []);
    }
}

fn kind(difference: &Difference) -> Differs {
    difference.differs
}
