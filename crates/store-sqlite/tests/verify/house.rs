//! A database with a booking in every state, made through the store as the use cases make it.

use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    channel::SaleChannel,
    counter::{SaleMethod, Tender},
    door::ScanVerdict,
    gift::{GiftCard, GiftCode, GiftEntryKind, GiftPart, GiftState},
    ids::{
        BookingId, GiftCardId, GiftEntryId, NotificationId, PaymentId, Reference, RefundId, ScanId,
        ShiftId, TicketId, time_ordered,
    },
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
    promo::{Discount, Promo, PromoTerms},
    seat_map::SeatNo,
};
use matinee_store::{
    AccountStore, BookingStore, CounterStore, DoorStore, GiftStore, Maintenance, PromoStore,
    SandboxLedger,
    bookings::{
        BookedSeat, BookingRow, CAME_TOO_LATE, HoldLimits, HoldOutcome, HoldSeats, Owner,
        PaymentRow, RefundRow, RefundTo, SeatsEffect, Step, StepOutcome, TicketRow, TicketState,
    },
    conformance::{
        accounts::{user, user_id},
        fixtures::{apply, bytes, catalog, show_id, start, theater_id},
        staff::entry,
    },
    counter::{CloseOutcome, CloseShift, Closed, CounterCharge, OpenOutcome, OpenShift, ShiftRow},
    door::{KeepOutcome, KeepScans, NewScan, ScannedTicket},
    feed::NoFeed,
    gifts::{BY_GIFT_CARD, GiftEntry, NewGift, digest},
    idempotency::{IdempotencyKey, IdempotencyRecord, Recorded},
    ledger::{Charge, ChargeStatus},
    outbox::NewMessage,
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::{path::Path, sync::Arc};

/// All-in price of every seat.
pub const PRICE: i64 = 1500;

pub fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(OpenOptions {
        path: path.to_owned(),
        feed: Arc::new(NoFeed),
    })
    .unwrap()
}

pub fn booking_id(number: u32) -> BookingId {
    BookingId::from_parts(
        theater_id(1),
        time_ordered(start().timestamp_millis(), bytes(20, number)),
    )
}
pub fn payment_id(number: u32) -> PaymentId {
    PaymentId::from_parts(
        theater_id(1),
        time_ordered(start().timestamp_millis(), bytes(21, number)),
    )
}
pub fn refund_id(number: u32) -> RefundId {
    RefundId::from_bytes(bytes(22, number))
}

fn shift_id() -> ShiftId {
    ShiftId::from_bytes(bytes(50, 1))
}

fn eur(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::new(*b"EUR"))
}

fn later(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

/// The bookings of the database, by number: seats 0 and 1 for booking 1, 2 and 3 for booking 2, and so on, of the first
/// show of the first theater.
pub mod numbers {
    pub const HELD: u32 = 1;
    pub const AWAITING: u32 = 2;
    pub const CONFIRMED: u32 = 3;
    pub const PARTLY_CANCELLED: u32 = 4;
    pub const CANCELLED: u32 = 5;
    pub const EXPIRED: u32 = 6;
    /// Confirmed on an authorization that is being captured: no tickets yet.
    pub const CAPTURING: u32 = 7;
    /// Confirmed once, but the authorization was lost before it was captured.
    pub const LOST: u32 = 8;
    /// Confirmed and paid; the money of an earlier payment came late and went back.
    pub const PAID_LATE_TOO: u32 = 9;
    /// Sold at the counter.
    pub const AT_COUNTER: u32 = 10;
    /// The number of that payment and of its refund.
    pub const LATE: u32 = 19;
    /// Paid with a gift card, which has a part of it back.
    pub const GIFTED: u32 = 11;
}
use numbers::{
    AT_COUNTER, AWAITING, CANCELLED, CAPTURING, CONFIRMED, EXPIRED, GIFTED, HELD, LATE, LOST,
    PAID_LATE_TOO, PARTLY_CANCELLED,
};

/// Those that were made with a promotion code: of two it is in use, one let it go.
const CODED: [u32; 3] = [CAPTURING, LOST, PAID_LATE_TOO];

fn promo() -> Promo {
    Promo {
        code: "SPRING".parse().unwrap(),
        terms: PromoTerms {
            discount: Discount::Percent(1_000),
            ticket_types: vec![],
            movies: vec![],
            shows: vec![],
            weekdays: vec![],
            combines_with_reduced: false,
        },
        starts_at: start(),
        ends_at: None,
        max_uses: Some(3),
        uses_per_customer: Some(1),
    }
}

fn tickets(booking: &BookingRow) -> impl Iterator<Item = TicketRow> {
    let booking_id = booking.booking_id;
    booking.seats.iter().map(move |seat| TicketRow {
        ticket_id: TicketId::from_parts(theater_id(1), bytes(26, u32::from(seat.seat.0))),
        booking_id,
        seat: seat.seat,
        state: TicketState::Valid,
        revision: 1,
    })
}

fn gift_id() -> GiftCardId {
    let own = time_ordered(start().timestamp_millis(), bytes(28, 1));
    GiftCardId::from_parts(theater_id(1), own)
}

fn gift_entry_id(kind: GiftEntryKind) -> GiftEntryId {
    let own = time_ordered(start().timestamp_millis(), bytes(29, kind as u32));
    GiftEntryId::from_parts(theater_id(1), own)
}

fn gift_entry(kind: GiftEntryKind, number: u32, amount_minor: i64) -> GiftEntry {
    GiftEntry {
        entry_id: gift_entry_id(kind),
        card_id: gift_id(),
        kind,
        amount_minor,
        payment: Some((booking_id(number), payment_id(number))),
        at: later(1),
    }
}

struct House {
    store: SqliteStore,
}

/// Makes the database and leaves it closed.
pub async fn build(path: &Path) {
    let house = House { store: open(path) };
    apply(&house.store, catalog()).await;
    house
        .store
        .add_user(user(1, "a@example.org"))
        .await
        .unwrap();
    house.store.set_note("demo", "no").await.unwrap();
    let added = house.store.add_promo(theater_id(1), promo(), start());
    assert!(added.await.unwrap());
    house.issue_gift().await;
    for number in HELD..=GIFTED {
        house.hold(number).await;
    }
    house.begin_payment(AWAITING).await;
    for number in [CONFIRMED, PARTLY_CANCELLED, CANCELLED, PAID_LATE_TOO] {
        house.begin_payment(number).await;
        house.confirm(number).await;
    }
    for number in [CAPTURING, LOST] {
        house.begin_payment(number).await;
        house.confirm_authorized(number).await;
    }
    house.lose(LOST).await;
    house.late_money(PAID_LATE_TOO).await;
    house.somebody_is_in(PAID_LATE_TOO).await;
    house.opens_a_shift().await;
    house.sells(AT_COUNTER).await;
    house.counts_a_drawer(100 + 2 * PRICE).await;
    house.cancel(PARTLY_CANCELLED, &[6]).await;
    house.cancel(CANCELLED, &[8, 9]).await;
    house.pay_with_gift(GIFTED).await;
    house.cancel_gift(GIFTED).await;
    let expired = house
        .store
        .expire_holds(vec![booking_id(EXPIRED)], later(30))
        .await
        .unwrap();
    assert_eq!(expired, 1);
    house.store.close().await;
}

impl House {
    /// With the first ticket of the booking.
    async fn somebody_is_in(&self, number: u32) {
        let file = self.store.booking(booking_id(number)).await.unwrap();
        let ticket = file.unwrap().tickets.remove(0);
        let scan = NewScan {
            scan_id: ScanId::from_bytes(bytes(40, 1)),
            ticket: Some(ScannedTicket {
                ticket_id: ticket.ticket_id,
                show_id: show_id(1, 1),
                booking_id: ticket.booking_id,
                seat: ticket.seat,
                revision: ticket.revision,
            }),
            door: "North".into(),
            verdict: ScanVerdict::Admitted,
            scanned_at: later(3),
        };
        let keep = KeepScans {
            theater_id: theater_id(1),
            scans: vec![scan],
            actor: user_id(1),
            now: later(3),
            idempotency: None,
        };
        let kept = self.store.keep_scans(keep).await.unwrap();
        assert_eq!(kept, KeepOutcome::Done);
    }

    async fn opens_a_shift(&self) {
        let shift = ShiftRow {
            theater_id: theater_id(1),
            shift_id: shift_id(),
            user_id: user_id(1),
            window: "1".into(),
            float: eur(100),
            opened_at: start(),
            closed: None,
        };
        let open = OpenShift {
            shift,
            audit: entry(1),
            idempotency: None,
        };
        let opened = self.store.open_shift(open).await.unwrap();
        assert_eq!(opened, OpenOutcome::Done);
    }

    /// The seats of a hold, for cash.
    async fn sells(&self, number: u32) {
        let charge = CounterCharge {
            payment_id: payment_id(number),
            tender: Tender {
                method: SaleMethod::Cash,
                shift: Some(shift_id()),
            },
            status: ChargeStatus::Captured,
            amount: eur(2 * PRICE),
            refunded_minor: 0,
            created_at: later(1),
        };
        self.begin_payment_at("counter", number).await;
        self.store.counter_charge(charge).await.unwrap().unwrap();
        self.sold(number).await;
    }

    async fn counts_a_drawer(&self, minor: i64) {
        let close = CloseShift {
            theater_id: theater_id(1),
            shift_id: shift_id(),
            closed: Closed {
                at: later(1),
                counted_minor: minor,
                expected_minor: minor,
            },
            audit: entry(2),
            idempotency: None,
        };
        let closed = self.store.close_shift(close).await.unwrap();
        assert_eq!(closed, CloseOutcome::Done);
    }

    async fn hold(&self, number: u32) {
        let first = (number as u16 - 1) * 2;
        let seat = |seat: u16| BookedSeat {
            seat: SeatNo(seat),
            ticket_type: "standard".into(),
            price_minor: PRICE,
            cancelled: false,
            seating: 0,
        };
        let booking = BookingRow {
            booking_id: booking_id(number),
            reference: Reference::from_random((u128::from(number) * 7 + 1).to_be_bytes()),
            show_id: show_id(1, 1),
            owner: if number == CONFIRMED {
                Owner::User(user_id(1))
            } else {
                Owner::Guest {
                    email: Some(format!("guest{number}@example.org")),
                }
            },
            caller: bytes(23, number),
            state: BookingState::hold(start(), TimeDelta::minutes(8)),
            seats: vec![seat(first), seat(first + 1)],
            total: eur(2 * PRICE),
            lines: vec![],
            advice: vec![],
            promo: CODED.contains(&number).then(|| promo().code),
            channel: SaleChannel::Web,
            created_at: start(),
            version: 1,
            test: true,
        };
        let record = IdempotencyRecord {
            key: IdempotencyKey {
                scope: bytes(24, number),
                body: [1; 16],
            },
            answer: Recorded {
                status: 201,
                body: "{}".into(),
            },
            keep_until: later(600),
        };
        let hold = HoldSeats {
            booking,
            limits: HoldLimits {
                unpaid_seats: None,
                expiries: None,
            },
            idempotency: Some(record),
            only_if_version: None,
            now: start(),
        };
        let outcome = self.store.hold_seats(hold).await.unwrap();
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }

    async fn step(
        &self,
        number: u32,
        fill: impl FnOnce(&BookingRow, Option<PaymentRow>, &mut Step),
    ) {
        let file = self
            .store
            .booking(booking_id(number))
            .await
            .unwrap()
            .unwrap();
        let mut step = Step {
            booking_id: file.booking.booking_id,
            show_id: file.booking.show_id,
            expected_version: file.booking.version,
            to: file.booking.state,
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
        fill(&file.booking, file.payments.last().cloned(), &mut step);
        let outcome = self.store.step(step).await.unwrap();
        assert!(matches!(outcome, StepOutcome::Done { .. }), "{outcome:?}");
    }

    async fn begin_payment(&self, number: u32) {
        self.begin_payment_at("sandbox", number).await;
        let charge = Charge {
            key: payment_id(number).to_string(),
            status: ChargeStatus::Authorized,
            amount: eur(2 * PRICE),
            method: "pm_card_visa".into(),
            refunded_minor: 0,
            created_at: later(1),
        };
        self.store.charge(charge).await.unwrap();
    }

    async fn begin_payment_at(&self, gateway: &str, number: u32) {
        self.step(number, |booking, _, step| {
            step.to = booking.state.begin_payment(later(1)).unwrap();
            step.payments.push(PaymentRow {
                payment_id: payment_id(number),
                booking_id: booking.booking_id,
                status: PaymentStatus::Created,
                amount: booking.total,
                gateway: gateway.into(),
                method_token: "pm_card_visa".into(),
                method_label: String::new(),
                gateway_ref: None,
                created_at: later(1),
                decline_reason: None,
                captured_minor: 0,
                refunded_minor: 0,
                idempotency: None,
                gift: None,
            });
        })
        .await;
    }

    async fn confirm(&self, number: u32) {
        let key = payment_id(number).to_string();
        let from = vec![ChargeStatus::Authorized];
        self.store
            .move_charge(&key, from, ChargeStatus::Captured)
            .await
            .unwrap()
            .unwrap();
        self.sold(number).await;
    }

    async fn sold(&self, number: u32) {
        self.step(number, |booking, payment, step| {
            step.to = BookingState::Confirmed;
            step.seats = SeatsEffect::Sell;
            step.payments.push(PaymentRow {
                status: PaymentStatus::Captured,
                captured_minor: 2 * PRICE,
                ..payment.unwrap()
            });
            step.tickets.extend(tickets(booking));
            step.messages.push(NewMessage {
                notification_id: NotificationId::from_bytes(bytes(27, number)),
                booking_id: Some(booking.booking_id),
                kind: "confirmation".into(),
                channel: "email".into(),
                recipient: "somebody@example.org".into(),
                payload: "{}".into(),
                created_at: later(1),
            });
        })
        .await;
    }

    async fn issue_gift(&self) {
        let code = GiftCode::from_random([7; 12]);
        let new = NewGift {
            card: GiftCard {
                card_id: gift_id(),
                last4: code.last4(),
                initial: eur(5000),
                balance: eur(5000),
                state: GiftState::Active,
                ends_at: None,
            },
            digest: digest(&code),
            entry_id: gift_entry_id(GiftEntryKind::Issue),
        };
        self.store.issue_gifts(vec![new], start()).await.unwrap();
    }

    async fn pay_with_gift(&self, number: u32) {
        self.step(number, |booking, _, step| {
            step.to = BookingState::Confirmed;
            step.seats = SeatsEffect::Sell;
            step.payments.push(PaymentRow {
                payment_id: payment_id(number),
                booking_id: booking.booking_id,
                status: PaymentStatus::Captured,
                amount: eur(0),
                gateway: BY_GIFT_CARD.into(),
                method_token: BY_GIFT_CARD.into(),
                method_label: "Gift card".into(),
                gateway_ref: None,
                created_at: later(1),
                decline_reason: None,
                captured_minor: 0,
                refunded_minor: 0,
                idempotency: None,
                gift: Some(GiftPart {
                    card_id: gift_id(),
                    last4: GiftCode::from_random([7; 12]).last4(),
                    amount_minor: 2 * PRICE,
                    returned_minor: 0,
                }),
            });
            step.gifts
                .push(gift_entry(GiftEntryKind::Claim, number, -2 * PRICE));
            step.tickets.extend(tickets(booking));
        })
        .await;
    }

    /// The first of its two seats.
    async fn cancel_gift(&self, number: u32) {
        self.step(number, |booking, payment, step| {
            step.to = booking.state.cancel(1).unwrap();
            step.cancel_seats.push(booking.seats[0].seat);
            let mut paid = payment.unwrap();
            paid.status = PaymentStatus::PartlyRefunded;
            paid.gift.as_mut().unwrap().returned_minor = PRICE;
            step.payments.push(paid);
            step.gifts
                .push(gift_entry(GiftEntryKind::Refund, number, PRICE));
            step.refunds.push(RefundRow {
                refund_id: refund_id(number),
                payment_id: payment_id(number),
                booking_id: booking.booking_id,
                amount: eur(PRICE),
                status: RefundStatus::Succeeded,
                to: RefundTo::GiftCard,
                reason: "cancelled_by_customer".into(),
                created_at: later(2),
                attempts: 0,
            });
        })
        .await;
    }

    async fn confirm_authorized(&self, number: u32) {
        self.step(number, |_, payment, step| {
            step.to = BookingState::Confirmed;
            step.seats = SeatsEffect::Sell;
            let status = PaymentStatus::Authorized;
            step.payments.push(PaymentRow {
                status,
                ..payment.unwrap()
            });
        })
        .await;
    }

    /// Money of another payment of the booking came and went back.
    async fn late_money(&self, number: u32) {
        let (late, refund) = (payment_id(LATE), refund_id(LATE));
        self.step(number, |booking, paid, step| {
            step.payments.push(PaymentRow {
                payment_id: late,
                status: PaymentStatus::Refunded,
                refunded_minor: 2 * PRICE,
                created_at: start(),
                ..paid.unwrap()
            });
            step.refunds.push(RefundRow {
                refund_id: refund,
                payment_id: late,
                booking_id: booking.booking_id,
                amount: booking.total,
                status: RefundStatus::Succeeded,
                to: RefundTo::Payer,
                reason: CAME_TOO_LATE.into(),
                created_at: later(2),
                attempts: 1,
            });
        })
        .await;
        let charge = Charge {
            key: late.to_string(),
            status: ChargeStatus::Captured,
            amount: eur(2 * PRICE),
            method: "pm_card_visa".into(),
            refunded_minor: 0,
            created_at: start(),
        };
        self.store.charge(charge.clone()).await.unwrap();
        self.store
            .refund_charge(&charge.key, &refund.to_string(), charge.amount, later(2))
            .await
            .unwrap()
            .unwrap();
    }

    async fn lose(&self, number: u32) {
        let key = payment_id(number).to_string();
        let from = vec![ChargeStatus::Authorized];
        self.store
            .move_charge(&key, from, ChargeStatus::Voided)
            .await
            .unwrap()
            .unwrap();
        self.step(number, |_, payment, step| {
            step.to = BookingState::Cancelled;
            step.seats = SeatsEffect::Free;
            let status = PaymentStatus::Voided;
            step.payments.push(PaymentRow {
                status,
                ..payment.unwrap()
            });
        })
        .await;
    }

    /// Cancels seats; a tenth of their price is kept.
    async fn cancel(&self, number: u32, seats: &[u16]) {
        let amount = PRICE * seats.len() as i64 * 9 / 10;
        let whole = seats.len() == 2;
        let refund = |status| RefundRow {
            refund_id: refund_id(number),
            payment_id: payment_id(number),
            booking_id: booking_id(number),
            amount: eur(amount),
            status,
            to: RefundTo::Payer,
            reason: "cancelled_by_customer".into(),
            created_at: later(2),
            attempts: 1,
        };
        self.step(number, |booking, payment, step| {
            step.to = booking.state.cancel(usize::from(!whole)).unwrap();
            step.cancel_seats
                .extend(seats.iter().map(|seat| SeatNo(*seat)));
            step.refunds.push(refund(RefundStatus::Pending));
            step.payments.push(PaymentRow {
                refunded_minor: amount,
                ..payment.unwrap()
            });
        })
        .await;
        let (key, refund_key) = (
            payment_id(number).to_string(),
            refund_id(number).to_string(),
        );
        self.store
            .refund_charge(&key, &refund_key, eur(amount), later(2))
            .await
            .unwrap()
            .unwrap();
        self.step(number, |_, payment, step| {
            step.refunds.push(refund(RefundStatus::Succeeded));
            step.payments.push(PaymentRow {
                status: PaymentStatus::PartlyRefunded,
                ..payment.unwrap()
            });
        })
        .await;
    }
}
