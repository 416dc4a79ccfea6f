//! News from the gateway in every order: doubled, late, early, about things that never happened, and forged. Whatever
//! comes in and whatever the bank does meanwhile, each booking ends confirmed or with its money back, never neither.
//!
//! Every sequence up to a length, of what the bank does, what time does, what the buyer does and what is told, on the
//! real engine and the real sandbox ledger. `MATINEE_EVENT_LENGTH` makes the sequences longer.

use crate::{
    books,
    buyer::{Act, Buyer, Nature},
    house::{House, charge},
    wire::Fault,
};
use chrono::TimeDelta;
use matinee_booking::{
    Answered, CancelInput, GatewayEvent, GatewayFact as Fact, Heard, HoldInput, PayInput,
    PaymentGateway, SaleError, Settled, Wanted,
};
use matinee_domain::{
    booking::BookingStatus,
    channel::SaleChannel,
    ids::{BookingId, PaymentId, ShowId},
    money::{Currency, Money},
    seat_map::SeatId,
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, VISA};
use matinee_store::{
    BookingStore, SandboxLedger,
    bookings::{BookingFile, Owner},
    catalog::CatalogChange,
    conformance::fixtures,
    ledger::ChargeStatus,
};

/// How a sequence begins.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// The payer is at their bank (3-D Secure).
    AtTheBank,
    /// The bank authorized, and its answer was lost.
    Unheard,
    /// The booking is confirmed on an authorization that was not captured yet.
    Uncaptured,
    /// Paid, tickets issued.
    Paid,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    /// The payer passed their bank's check, or did not.
    BankSays(bool),
    /// The bank takes the money, whatever it said before.
    BankTakes,
    BankGivesUp,
    /// The hold runs out, the server's jobs run.
    Minutes,
    /// Somebody else buys the seat if it is free.
    Rival,
    /// The buyer cancels, as far as they may.
    Cancels,
    /// The gateway says so, true or not.
    Told(Fact),
    /// A true charge, an amount out of the air.
    WrongAmount,
    /// A charge that nobody began.
    Forged,
}

use Happening as H;

const WORLD: [Happening; 7] = [
    H::BankSays(true),
    H::BankSays(false),
    H::BankTakes,
    H::BankGivesUp,
    H::Minutes,
    H::Rival,
    H::Cancels,
];
const NEWS: [Happening; 8] = [
    H::Told(Fact::Authenticated),
    H::Told(Fact::Authorized),
    H::Told(Fact::Captured),
    H::Told(Fact::Declined),
    H::Told(Fact::Canceled),
    H::Told(Fact::RefundDone),
    H::WrongAmount,
    H::Forged,
];

/// Cases that share a database: what it costs to open one is most of what a case costs.
const SEATS: usize = 40;
const SHOWS: usize = 10;

fn show_id(number: usize) -> ShowId {
    fixtures::show_id(1, 100 + number as u32)
}

/// A house with shows so far away that no case gets near their start.
async fn house() -> House {
    let house = House::new().await;
    let change = CatalogChange {
        shows: (0..SHOWS)
            .map(|n| fixtures::show(1, 100 + n as u32, 1, 24 * (40 + n as i64), 1, SEATS as u16))
            .collect(),
        ..CatalogChange::default()
    };
    fixtures::apply(&*house.store, change).await;
    house
}

/// One case: a seat of its own in a house that others use before and after it.
struct Case<'h> {
    house: &'h House,
    show: ShowId,
    seat: String,
    booking: BookingId,
    payment: PaymentId,
}

async fn hold(house: &House, show_id: ShowId, seat: &str, who: u8) -> Result<BookingId, SaleError> {
    let input = HoldInput {
        show_id,
        wanted: Wanted::Seats(vec![SeatId(seat.into())]),
        ticket_types: std::collections::BTreeMap::new(),
        promo_code: None,
        channel: SaleChannel::Web,
        owner: Owner::Guest {
            email: Some(format!("buyer{who}@example.org")),
        },
        caller: [who; 16],
        idempotency: None,
    };
    match house.desk.hold(input).await? {
        Answered::Now { file, .. } => Ok(file.booking.booking_id),
        Answered::Again(_) => unreachable!("there is no key"),
    }
}

async fn pay(house: &House, booking_id: BookingId, method: &str) -> Result<Settled, SaleError> {
    let input = PayInput {
        booking_id,
        method: method.into(),
        expected_total: None,
        gift: None,
        idempotency: None,
    };
    house.desk.pay(input).await
}

impl<'h> Case<'h> {
    async fn begin(house: &'h House, number: usize, start: Start) -> Self {
        let show = show_id(number / SEATS);
        let seat = format!("{}-{}", number % SEATS / 10 + 1, number % 10 + 1);
        let booking = hold(house, show, &seat, 1).await.unwrap();
        // The calls of a payment: read, record the attempt, authorize, confirm, capture.
        let lost = match start {
            Start::AtTheBank | Start::Paid => None,
            Start::Unheard => Some((2, Fault::LostReply)),
            Start::Uncaptured => Some((4, Fault::Error)),
        };
        if let Some((call, fault)) = lost {
            house.wire.arm(house.wire.calls().len() + call, fault);
        }
        let method = match start {
            Start::AtTheBank => AUTHENTICATION_REQUIRED,
            _ => VISA,
        };
        assert_eq!(pay(house, booking, method).await.is_err(), lost.is_some());
        let file = house.store.booking(booking).await.unwrap().unwrap();
        let payment = file.payments[0].payment_id;
        Self {
            house,
            show,
            seat,
            booking,
            payment,
        }
    }

    async fn happens(&self, happening: Happening) {
        let (house, key) = (self.house, self.payment.to_string());
        match happening {
            H::BankSays(yes) => drop(house.bank().simulate(&charge(&key), yes).await.unwrap()),
            H::BankTakes => {
                use ChargeStatus as C;
                // Past the sandbox's rules: this bank breaks its word.
                let any = vec![C::RequiresAction, C::Authorized, C::Declined, C::Voided];
                let moved = house.store.move_charge(&key, any, C::Captured).await;
                moved.unwrap().unwrap();
            }
            H::BankGivesUp => drop(house.bank().void(&charge(&key)).await.unwrap()),
            H::Minutes => {
                house.later(TimeDelta::minutes(11));
                house.jobs().await.unwrap();
            }
            H::Rival => {
                if let Ok(booking) = hold(house, self.show, &self.seat, 2).await {
                    pay(house, booking, VISA).await.unwrap();
                }
            }
            H::Cancels => {
                let input = CancelInput {
                    booking_id: self.booking,
                    seat_ids: None,
                    idempotency: None,
                };
                match house.desk.cancel(input).await {
                    Ok(_) | Err(SaleError::NotCancellable { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            H::Told(fact) => self.told(key, fact, None).await,
            H::WrongAmount => {
                let amount = Money::new(1, Currency::new(*b"EUR"));
                self.told(key, Fact::Captured, Some(amount)).await;
            }
            H::Forged => {
                let forged = PaymentId::from_parts(self.payment.theater(), [7; 22]).to_string();
                for charge in [forged, String::new(), "pi_3MtwBwLkdIwHu7ix".into()] {
                    let event = GatewayEvent {
                        charge,
                        fact: Fact::Captured,
                        amount: None,
                        refund: None,
                    };
                    let heard = house.desk.gateway_event(event).await.unwrap();
                    assert_eq!(heard, Heard::NotOurs);
                }
            }
        }
    }

    async fn told(&self, charge: String, fact: Fact, amount: Option<Money>) {
        // Whoever names another amount is told so; what he makes us look at is settled all the same.
        let expected = match amount {
            Some(_) => Heard::OtherAmount,
            None => Heard::Settled,
        };
        let event = GatewayEvent {
            charge,
            fact,
            amount,
            refund: None,
        };
        let heard = self.house.desk.gateway_event(event).await.unwrap();
        assert_eq!(heard, expected);
    }

    async fn file(&self) -> BookingFile {
        let file = self.house.store.booking(self.booking).await;
        file.unwrap().unwrap()
    }

    /// A gateway tells its news until it was heard, so the last of it comes in some time; then time does the rest.
    async fn ends(&self) -> Result<bool, String> {
        self.told(self.payment.to_string(), Fact::Captured, None)
            .await;
        for minutes in [1, 20, 1] {
            self.house.later(TimeDelta::minutes(minutes));
            for done in self.house.jobs().await.unwrap() {
                let failed = done.map_err(|error| error.to_string())?.failed;
                if failed > 0 {
                    return Err(format!("{failed} failures in a job"));
                }
            }
        }
        let file = self.file().await;
        let key = self.payment.to_string();
        let charge = self.house.store.charge_by_key(&key);
        let charge = charge.await.unwrap().unwrap();
        let kept = match charge.status {
            ChargeStatus::Captured => charge.amount.amount_minor - charge.refunded_minor,
            ChargeStatus::RequiresAction | ChargeStatus::Authorized => {
                return Err(format!("left {:?} at the bank", charge.status));
            }
            ChargeStatus::Declined | ChargeStatus::Voided => 0,
        };
        match file.booking.state.status() {
            BookingStatus::Confirmed if kept == file.booking.total.amount_minor => Ok(true),
            BookingStatus::Cancelled | BookingStatus::Expired if kept == 0 => Ok(false),
            other => Err(format!("{other:?}, and the bank keeps {kept}")),
        }
    }
}

/// What all cases of a share came to.
#[derive(Default)]
struct Tally {
    cases: usize,
    confirmed: usize,
}

async fn run(start: Start, sequences: impl Iterator<Item = Vec<Happening>>) -> Tally {
    let mut tally = Tally::default();
    let mut sequences = sequences.peekable();
    while sequences.peek().is_some() {
        let house = house().await;
        let batch = sequences.by_ref().take(SEATS * SHOWS);
        for (number, sequence) in batch.enumerate() {
            let case = Case::begin(&house, number, start).await;
            for happening in &sequence {
                case.happens(*happening).await;
            }
            match case.ends().await {
                Ok(confirmed) => tally.confirmed += usize::from(confirmed),
                Err(what) => panic!("{start:?} {sequence:?}: {what}"),
            }
            tally.cases += 1;
        }
        // The books as a whole: seats, tickets, messages, the bank's money.
        books::judge(&house).await.unwrap();
    }
    tally
}

/// Every sequence of exactly `length`, out of `alphabet`.
fn sequences(alphabet: &[Happening], length: u32) -> impl Iterator<Item = Vec<Happening>> {
    let base = alphabet.len();
    (0..base.pow(length)).map(move |mut number| {
        (0..length)
            .map(|_| {
                let happening = alphabet[number % base];
                number /= base;
                happening
            })
            .collect()
    })
}

/// Longer sequences on request.
fn length() -> u32 {
    let set = std::env::var("MATINEE_EVENT_LENGTH").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// `more`: how much longer the sequences of this start are.
async fn every_order(start: Start, more: u32) {
    let all: Vec<Happening> = WORLD.into_iter().chain(NEWS).collect();
    // Which news it is makes no difference, as the sequences of all of it show; so longer ones have one kind.
    let some: Vec<Happening> = WORLD.into_iter().chain([NEWS[1]]).collect();
    let short = length() - 1;
    let cases = (0..=short)
        .flat_map(|length| sequences(&all, length))
        .chain((short + 1..=length() + more).flat_map(|length| sequences(&some, length)));
    let tally = run(start, cases).await;
    println!(
        "{start:?}: {} sequences, {} ended confirmed, the others with nothing kept",
        tally.cases, tally.confirmed
    );
}

macro_rules! starts {
    ($($test:ident: $start:ident + $more:literal),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            every_order(Start::$start, $more).await;
        }
    )+};
}

// A test each, so that they run beside each other.
starts! {
    every_order_of_news_while_the_payer_is_at_the_bank: AtTheBank + 1,
    every_order_of_news_after_a_lost_answer: Unheard + 0,
    every_order_of_news_before_the_capture: Uncaptured + 0,
    every_order_of_news_after_the_sale: Paid + 0,
}

/// A captured event about a payment that is still at the payer's bank must not sell anything.
#[tokio::test]
async fn an_event_is_not_believed() {
    let house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, act) in [Act::Hold(&["2-4"]), Act::Pay(AUTHENTICATION_REQUIRED)]
        .into_iter()
        .enumerate()
    {
        buyer.ask(&house.desk, at, act).await.unwrap();
    }
    let read = || house.store.booking(buyer.booking.unwrap());
    let before = read().await.unwrap().unwrap();
    for fact in [
        Fact::Captured,
        Fact::Authorized,
        Fact::Declined,
        Fact::Canceled,
    ] {
        let event = GatewayEvent {
            charge: before.payments[0].payment_id.to_string(),
            fact,
            amount: Some(before.booking.total),
            refund: None,
        };
        house.desk.gateway_event(event).await.unwrap();
        assert_eq!(read().await.unwrap().unwrap(), before, "{fact:?}");
    }
}

/// Moves the charge past the sandbox's rules, as a bank that breaks its word, and tells of it.
async fn breaks_its_word(house: &House, case: &Case<'_>, to: ChargeStatus) -> ChargeStatus {
    let key = case.payment.to_string();
    let voided = vec![ChargeStatus::Voided];
    let moved = house.store.move_charge(&key, voided, to).await;
    moved.unwrap().unwrap();
    case.told(key.clone(), Fact::Authorized, None).await;
    let charge = house.store.charge_by_key(&key).await;
    charge.unwrap().unwrap().status
}

/// A charge that was given up for good, its booking expired.
async fn given_up(house: &House) -> Case<'_> {
    let case = Case::begin(house, 0, Start::AtTheBank).await;
    for happening in [H::Minutes, H::Minutes] {
        case.happens(happening).await;
    }
    let file = case.file().await;
    assert_eq!(file.booking.state.status(), BookingStatus::Expired);
    case
}

/// A charge that the bank opens again is given up again: nothing may stay authorized that nobody will ever take.
#[tokio::test]
async fn a_charge_that_comes_back_to_life_is_given_up_again() {
    let house = house().await;
    let case = given_up(&house).await;
    for state in [ChargeStatus::Authorized, ChargeStatus::RequiresAction] {
        let stands = breaks_its_word(&house, &case, state).await;
        assert_eq!(stands, ChargeStatus::Voided);
    }
    books::judge(&house).await.unwrap();
}

/// Money that the bank takes for a charge that was given up goes back.
#[tokio::test]
async fn money_for_a_charge_that_was_given_up_goes_back() {
    let house = house().await;
    let case = given_up(&house).await;
    breaks_its_word(&house, &case, ChargeStatus::Captured).await;
    assert_eq!(case.ends().await, Ok(false));
    books::judge(&house).await.unwrap();
}
