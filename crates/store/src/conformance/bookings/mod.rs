//! What every engine's bookings do. A file per unit of work; the crowd has its own.

pub mod blocks;
pub mod cancellations;
pub mod change;
pub mod crowd;
pub mod door;
pub mod expire;
pub mod gift;
pub mod hold;
pub mod lists;
pub mod moves;
pub mod promo;
pub mod restart;
pub mod step;

use super::{
    Engine,
    fixtures::{apply, bytes, catalog, show_id, start, theater_id},
};
use crate::{
    SeatFeed, ShowChange, Store, StoreError,
    bookings::{
        BookedSeat, BookingFile, BookingRow, HoldLimits, HoldOutcome, HoldSeats, Owner, PaymentRow,
        RefundRow, RefundTo, SeatsEffect, Step, StepOutcome, TicketRow, TicketState,
    },
    feed::SeatState,
    idempotency::{IdempotencyKey, IdempotencyRecord, Recorded},
    promos::Customer,
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    channel::SaleChannel,
    ids::{BookingId, PaymentId, Reference, RefundId, ShowId, TicketId, time_ordered},
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
    price::{Line, LineKind},
    seat_map::SeatNo,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// A hold lasts this long in the stories.
pub(super) const LIFE: TimeDelta = TimeDelta::minutes(8);
/// Seats of every show in the stories.
pub(super) const CAPACITY: u16 = 40;

/// The first show of the first theater.
pub(super) fn first_show() -> ShowId {
    show_id(1, 1)
}
/// Another show of the same theater.
pub(super) fn second_show() -> ShowId {
    show_id(1, 2)
}

/// Remembers what the feed told.
#[derive(Default)]
pub(super) struct Recorder {
    told: Mutex<Vec<ShowChange>>,
    /// How long the listener takes: with some, an answer that does not wait for it is seen to be early.
    takes: std::time::Duration,
}

impl SeatFeed for Recorder {
    fn committed(&self, changes: &[ShowChange]) {
        std::thread::sleep(self.takes);
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(changes);
    }
}

impl Recorder {
    pub(super) fn told(&self) -> Vec<ShowChange> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A store with the stories' catalog, and what its feed told.
pub(super) struct House {
    pub(super) store: Arc<dyn Store>,
    pub(super) feed: Arc<Recorder>,
}

impl House {
    pub(super) async fn open(engine: &impl Engine) -> Self {
        Self::open_with(engine, Recorder::default()).await
    }

    /// The same with a listener that takes its time.
    pub(super) async fn open_slow(engine: &impl Engine) -> Self {
        let recorder = Recorder {
            takes: std::time::Duration::from_millis(5),
            ..Recorder::default()
        };
        Self::open_with(engine, recorder).await
    }

    async fn open_with(engine: &impl Engine, recorder: Recorder) -> Self {
        let feed = Arc::new(recorder);
        let store = engine.open(Arc::clone(&feed) as Arc<dyn SeatFeed>).await;
        apply(&*store, catalog()).await;
        Self { store, feed }
    }

    pub(super) async fn hold(&self, booking: &BookingRow) -> HoldOutcome {
        self.store.hold_seats(hold(booking)).await.unwrap()
    }

    /// A hold that must succeed.
    pub(super) async fn held(&self, number: u32, seats: &[u16]) -> BookingRow {
        let booking = booking(number, first_show(), seats);
        let outcome = self.hold(&booking).await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
        booking
    }

    /// A step that must succeed; the booking afterwards.
    pub(super) async fn done(&self, step: Step) -> BookingFile {
        let (id, version) = (step.booking_id, step.expected_version + 1);
        assert_eq!(
            self.store.step(step).await.unwrap(),
            StepOutcome::Done { version }
        );
        self.file(id).await
    }

    /// A booking paid for, with its payment and tickets.
    pub(super) async fn paid(&self, number: u32, seats: &[u16]) -> BookingFile {
        let booking = self.held(number, seats).await;
        let file = self.done(begin(&booking, number)).await;
        self.done(confirm(&file)).await
    }

    pub(super) async fn file(&self, id: BookingId) -> BookingFile {
        self.store.booking(id).await.unwrap().unwrap()
    }

    pub(super) async fn seats(&self) -> BTreeMap<u16, SeatState> {
        let snapshot = self.store.seats(first_show()).await.unwrap().unwrap();
        snapshot
            .seats
            .into_iter()
            .map(|(seat, state)| (seat.0, state))
            .collect()
    }

    pub(super) async fn version(&self) -> u64 {
        self.store
            .seats(first_show())
            .await
            .unwrap()
            .unwrap()
            .version
    }

    /// Every invariant holds, and the feed told what is there.
    pub(super) async fn is_sound(&self) {
        let report = self.store.verify(start()).await.unwrap();
        assert_eq!(report.violations, vec![]);
        let mut versions: BTreeMap<ShowId, u64> = BTreeMap::new();
        let mut told: BTreeMap<u16, SeatState> = BTreeMap::new();
        for change in self.feed.told() {
            let before = versions.insert(change.show_id, change.version).unwrap_or(1);
            assert_eq!(
                change.version,
                before + 1,
                "the feed skipped a version of a show"
            );
            if change.show_id == first_show() {
                told.extend(change.changes.iter().map(|(seat, state)| (seat.0, *state)));
            }
        }
        told.retain(|_, state| *state != SeatState::Available);
        let last = self.feed.told();
        let last = last.iter().rfind(|change| change.show_id == first_show());
        if let Some(change) = last {
            assert_eq!(usize::from(change.taken), told.len(), "the feed miscounts");
        }
        assert_eq!(
            told,
            self.seats().await,
            "the feed tells another story than the seats"
        );
        let version = versions.get(&first_show()).copied().unwrap_or(1);
        assert_eq!(self.version().await, version);
    }
}

pub(super) fn booking_id(number: u32) -> BookingId {
    let at = start().timestamp_millis() + i64::from(number);
    BookingId::from_parts(theater_id(1), time_ordered(at, bytes(20, number)))
}
pub(super) fn payment_id(number: u32) -> PaymentId {
    let at = start().timestamp_millis() + i64::from(number);
    PaymentId::from_parts(theater_id(1), time_ordered(at, bytes(21, number)))
}
pub(super) fn refund_id(number: u32) -> RefundId {
    RefundId::from_bytes(bytes(22, number))
}
pub(super) fn eur(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::new(*b"EUR"))
}
pub(super) fn seat_numbers(seats: &[u16]) -> Vec<SeatNo> {
    seats.iter().map(|seat| SeatNo(*seat)).collect()
}

/// A guest's hold of these seats, made at the start. Every number has a caller of its own.
pub(super) fn booking(number: u32, show_id: ShowId, seats: &[u16]) -> BookingRow {
    let total = eur(1500 * seats.len() as i64);
    BookingRow {
        booking_id: booking_id(number),
        reference: Reference::from_random((u128::from(number) * 7 + 1).to_be_bytes()),
        show_id,
        owner: Owner::Guest { email: None },
        caller: bytes(23, number),
        state: BookingState::hold(start(), LIFE),
        seats: seats.iter().map(|seat| booked(*seat)).collect(),
        total,
        lines: vec![
            Line {
                label: "Tickets".into(),
                amount: total,
                kind: LineKind::Part,
            },
            Line {
                label: "VAT 14 %".into(),
                amount: eur(184),
                kind: LineKind::Contained,
            },
        ],
        advice: vec!["A seat would be left alone.".into()],
        promo: None,
        channel: SaleChannel::App,
        created_at: start(),
        version: 1,
        test: false,
    }
}

pub(super) fn booked(seat: u16) -> BookedSeat {
    BookedSeat {
        seat: SeatNo(seat),
        ticket_type: "standard".into(),
        price_minor: 1500,
        cancelled: false,
        seating: 0,
    }
}

pub(super) const NO_LIMITS: HoldLimits = HoldLimits {
    unpaid_seats: None,
    expiries: None,
};

pub(super) fn hold(booking: &BookingRow) -> HoldSeats {
    HoldSeats {
        booking: booking.clone(),
        limits: NO_LIMITS,
        idempotency: None,
        only_if_version: None,
        now: start(),
    }
}

/// A record under a key; the answer names who wrote it.
pub(super) fn record(key: u32, body: u8, answer: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        key: IdempotencyKey {
            scope: bytes(24, key),
            body: [body; 16],
        },
        answer: Recorded {
            status: 201,
            body: answer.to_owned().into(),
        },
        keep_until: start() + TimeDelta::hours(24),
    }
}

/// A step that changes nothing but the version; stories fill in what they mean.
pub(super) fn step(booking: &BookingRow, to: BookingState, seats: SeatsEffect) -> Step {
    Step {
        booking_id: booking.booking_id,
        show_id: booking.show_id,
        expected_version: booking.version,
        to,
        seats,
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
        customer: Customer::of(&booking.owner),
        unpaid_expiry: false,
        test: false,
        now: later(1),
    }
}

/// This many minutes after the start.
pub(super) fn later(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

pub(super) fn payment(booking: &BookingRow, number: u32, status: PaymentStatus) -> PaymentRow {
    PaymentRow {
        payment_id: payment_id(number),
        booking_id: booking.booking_id,
        status,
        amount: booking.total,
        // Not the sandbox: its bank would have to know the charge.
        gateway: "card".into(),
        method_token: "pm_card_visa".into(),
        method_label: String::new(),
        gateway_ref: None,
        created_at: later(1),
        decline_reason: None,
        captured_minor: 0,
        refunded_minor: 0,
        idempotency: Some(IdempotencyKey {
            scope: bytes(25, number),
            body: [9; 16],
        }),
        gift: None,
    }
}

/// Held → AwaitingPayment with a fresh payment.
pub(super) fn begin(booking: &BookingRow, number: u32) -> Step {
    Step {
        payments: vec![payment(booking, number, PaymentStatus::Created)],
        guest_email: Some("guest@example.org".into()),
        customer: Customer::of(&Owner::Guest {
            email: Some("guest@example.org".into()),
        }),
        ..step(
            booking,
            booking.state.begin_payment(later(1)).unwrap(),
            SeatsEffect::Keep,
        )
    }
}

/// AwaitingPayment → Confirmed: captured, sold, a ticket for every seat.
pub(super) fn confirm(file: &BookingFile) -> Step {
    let booking = &file.booking;
    let payment = file.payments.last().unwrap();
    Step {
        payments: vec![PaymentRow {
            status: PaymentStatus::Captured,
            captured_minor: payment.amount.amount_minor,
            method_label: "Visa •••• 4242".into(),
            gateway_ref: Some("ch_1".into()),
            ..payment.clone()
        }],
        tickets: tickets(booking),
        ..step(booking, BookingState::Confirmed, SeatsEffect::Sell)
    }
}

pub(super) fn tickets(booking: &BookingRow) -> Vec<TicketRow> {
    let ticket = |seat: &BookedSeat| {
        let mut own = bytes(26, u32::from(seat.seat.0));
        own[..8].copy_from_slice(&booking.booking_id.own()[14..]);
        TicketRow {
            ticket_id: TicketId::from_parts(booking.booking_id.theater(), own),
            booking_id: booking.booking_id,
            seat: seat.seat,
            state: TicketState::Valid,
            revision: 1,
        }
    };
    booking.seats.iter().map(ticket).collect()
}

/// Part of a booking's money goes back: the refund, and the payment that accounts for it.
pub(super) fn refund(file: &BookingFile, number: u32, amount: i64) -> (PaymentRow, RefundRow) {
    let payment = file.payments.last().unwrap().clone();
    let refunded_minor = payment.refunded_minor + amount;
    let all = refunded_minor == payment.captured_minor;
    let refund = RefundRow {
        refund_id: refund_id(number),
        payment_id: payment.payment_id,
        booking_id: payment.booking_id,
        amount: eur(amount),
        status: RefundStatus::Pending,
        to: RefundTo::Payer,
        reason: "cancelled".into(),
        created_at: later(2),
        attempts: 0,
    };
    let status = if all {
        PaymentStatus::Refunded
    } else {
        PaymentStatus::PartlyRefunded
    };
    (
        PaymentRow {
            status,
            refunded_minor,
            ..payment
        },
        refund,
    )
}

/// The engine refused what no caller should ask.
pub(super) fn is_refused<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Engine(_)))
}
