//! Buyers at work on a store: they hold, pay, confirm, release and let expire, many at a time, and write down what they
//! were told and when, as moments of the disk.

use crate::{chance::Chance, disk};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    channel::SaleChannel,
    ids::{BookingId, NotificationId, PaymentId, Reference, ShowId, TicketId, time_ordered},
    money::{Currency, Money},
    payment::PaymentStatus,
    seat_map::SeatNo,
};
use matinee_store::{
    BookingStore as _, SandboxLedger as _,
    bookings::{
        BookedSeat, BookingRow, HoldLimits, HoldOutcome, HoldSeats, Owner, PaymentRow, SeatsEffect,
        Step, StepOutcome, TicketRow, TicketState,
    },
    conformance::fixtures::{apply, bytes, catalog, show, show_id, start, theater_id},
    idempotency::{IdempotencyKey, IdempotencyRecord, Recorded},
    ledger::{Charge, ChargeStatus},
    outbox::NewMessage,
};
use matinee_store_sqlite::SqliteStore;
use std::sync::{Arc, Mutex, PoisonError};

pub const SHOWS: u32 = 40;
const SEATS: u16 = 40;
const PRICE: i64 = 1500;
const BUYERS: u32 = 8;

/// One change of a booking, as its buyer saw it.
pub struct Change {
    pub booking: BookingId,
    /// The booking's version that the change makes.
    pub version: u64,
    /// When it was asked for.
    pub asked: usize,
    /// When the store said that it is done; `None` if it never did.
    pub told: Option<usize>,
    /// The idempotency scope that goes with it.
    pub scope: Option<[u8; 16]>,
}

#[derive(Default)]
pub struct Diary(Mutex<Vec<Change>>);

impl Diary {
    fn ask(&self, booking: BookingId, version: u64, scope: Option<[u8; 16]>) -> usize {
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push(Change {
            booking,
            version,
            asked: disk::now(),
            told: None,
            scope,
        });
        changes.len() - 1
    }

    fn told(&self, entry: usize) {
        // The moment is read under the lock, so that it is not before the commit it tells of.
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        changes[entry].told = Some(disk::now());
    }

    fn withdraw(&self, entry: usize) {
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        changes[entry].asked = usize::MAX;
    }

    pub fn close(&self) -> Vec<Change> {
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        changes.retain(|change| change.asked != usize::MAX);
        std::mem::take(&mut *changes)
    }
}

/// The shows that are sold.
pub async fn open_house(store: &SqliteStore) {
    let mut house = catalog();
    house.shows = (1..=SHOWS)
        .map(|number| show(1, number, 1, i64::from(3 + 2 * number), 1, SEATS))
        .collect();
    apply(store, house).await;
}

/// Lets the buyers make `each` attempts and waits for them.
pub async fn sell(store: &SqliteStore, diary: &Arc<Diary>, each: u32, seed: u64) {
    let buyers: Vec<_> = (0..BUYERS)
        .map(|number| {
            let buyer = Buyer {
                store: store.clone(),
                diary: Arc::clone(diary),
                chance: Chance::new(seed ^ u64::from(number + 1)),
                next: number * each,
            };
            tokio::spawn(buyer.buy(each))
        })
        .collect();
    for buyer in buyers {
        buyer.await.expect("a buyer came to an end");
    }
}

struct Buyer {
    store: SqliteStore,
    diary: Arc<Diary>,
    chance: Chance,
    next: u32,
}

fn later(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

fn eur(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::new(*b"EUR"))
}

impl Buyer {
    async fn buy(mut self, times: u32) {
        for _ in 0..times {
            self.next += 1;
            let number = self.next;
            let Some(booking) = self.hold(number).await else {
                continue;
            };
            match self.chance.below(4) {
                0 => {}
                1 => self.release(booking).await,
                _ => self.pay(number, booking).await,
            }
        }
    }

    async fn hold(&mut self, number: u32) -> Option<BookingRow> {
        let show = show_id(1, 1 + self.chance.below(SHOWS as usize) as u32);
        let first = self.chance.below(usize::from(SEATS) - 1) as u16;
        let booking = booking(number, show, &[first, first + 1]);
        let record = record(number);
        let entry = self
            .diary
            .ask(booking.booking_id, 1, Some(record.key.scope));
        let hold = HoldSeats {
            booking: booking.clone(),
            limits: HoldLimits {
                unpaid_seats: None,
                expiries: None,
            },
            idempotency: Some(record),
            only_if_version: None,
            now: start(),
        };
        match self
            .store
            .hold_seats(hold)
            .await
            .expect("the store answers")
        {
            HoldOutcome::Held { .. } => {
                self.diary.told(entry);
                Some(booking)
            }
            HoldOutcome::SeatsTaken(_) => {
                self.diary.withdraw(entry);
                None
            }
            other => panic!("{other:?}"),
        }
    }

    async fn step(&self, mut booking: BookingRow, fill: impl FnOnce(&mut Step)) -> BookingRow {
        let mut step = Step {
            booking_id: booking.booking_id,
            show_id: booking.show_id,
            expected_version: booking.version,
            to: booking.state,
            seats: SeatsEffect::Keep,
            payments: vec![],
            refunds: vec![],
            gifts: vec![],
            tickets: vec![],
            cancel_seats: vec![],
            by_theater: false,
            audit: None,
            messages: vec![],
            idempotency: None,
            guest_email: None,
            customer: None,
            unpaid_expiry: false,
            test: true,
            now: later(1),
        };
        fill(&mut step);
        booking.state = step.to;
        booking.version += 1;
        let entry = self.diary.ask(booking.booking_id, booking.version, None);
        let outcome = self.store.step(step).await.expect("the store answers");
        assert!(matches!(outcome, StepOutcome::Done { .. }), "{outcome:?}");
        self.diary.told(entry);
        booking
    }

    async fn release(&self, booking: BookingRow) {
        self.step(booking, |step| {
            step.to = BookingState::Released;
            step.seats = SeatsEffect::Free;
        })
        .await;
    }

    async fn pay(&self, number: u32, booking: BookingRow) {
        let key = PaymentId::from_parts(theater_id(1), time_ordered(1, bytes(21, number)));
        let payment = PaymentRow {
            payment_id: key,
            booking_id: booking.booking_id,
            status: PaymentStatus::Created,
            amount: booking.total,
            gateway: "sandbox".into(),
            method_token: "pm_card_visa".into(),
            method_label: String::new(),
            gateway_ref: None,
            created_at: later(1),
            decline_reason: None,
            captured_minor: 0,
            refunded_minor: 0,
            idempotency: None,
            gift: None,
        };
        let to = booking
            .state
            .begin_payment(later(1))
            .expect("a hold is paid");
        let attempt = payment.clone();
        let booking = self
            .step(booking, |step| {
                step.to = to;
                step.payments.push(attempt);
            })
            .await;
        let charge = Charge {
            key: key.to_string(),
            status: ChargeStatus::Captured,
            amount: booking.total,
            method: "pm_card_visa".into(),
            refunded_minor: 0,
            created_at: later(1),
        };
        self.store.charge(charge).await.expect("the bank answers");
        let (id, seats) = (booking.booking_id, booking.seats.clone());
        self.step(booking, |step| {
            step.to = BookingState::Confirmed;
            step.seats = SeatsEffect::Sell;
            step.payments.push(PaymentRow {
                status: PaymentStatus::Captured,
                captured_minor: payment.amount.amount_minor,
                ..payment
            });
            step.tickets
                .extend(seats.iter().enumerate().map(|(place, seat)| TicketRow {
                    ticket_id: TicketId::from_parts(
                        theater_id(1),
                        bytes(26, number * 2 + place as u32),
                    ),
                    booking_id: id,
                    seat: seat.seat,
                    state: TicketState::Valid,
                    revision: 1,
                }));
            step.messages.push(NewMessage {
                notification_id: NotificationId::from_bytes(bytes(27, number)),
                booking_id: Some(id),
                kind: "confirmation".into(),
                channel: "email".into(),
                recipient: "somebody@example.org".into(),
                payload: "{}".into(),
                created_at: later(1),
            });
        })
        .await;
    }
}

fn booking(number: u32, show_id: ShowId, seats: &[u16]) -> BookingRow {
    let at = start().timestamp_millis() + i64::from(number);
    BookingRow {
        booking_id: BookingId::from_parts(theater_id(1), time_ordered(at, bytes(20, number))),
        reference: Reference::from_random((u128::from(number) * 7 + 1).to_be_bytes()),
        show_id,
        owner: Owner::Guest {
            email: Some(format!("guest{number}@example.org")),
        },
        caller: bytes(23, number),
        state: BookingState::hold(start(), TimeDelta::minutes(8)),
        seats: seats
            .iter()
            .map(|seat| BookedSeat {
                seat: SeatNo(*seat),
                ticket_type: "standard".into(),
                price_minor: PRICE,
                cancelled: false,
                seating: 0,
            })
            .collect(),
        total: eur(PRICE * seats.len() as i64),
        lines: vec![],
        advice: vec![],
        promo: None,
        channel: SaleChannel::Web,
        created_at: start(),
        version: 1,
        test: true,
    }
}

fn record(number: u32) -> IdempotencyRecord {
    IdempotencyRecord {
        key: IdempotencyKey {
            scope: bytes(24, number),
            body: [1; 16],
        },
        answer: Recorded {
            status: 201,
            // As large as a real answer, so that as much is written.
            body: vec![b' '; 1800].into(),
        },
        keep_until: later(600),
    }
}
