//! Databases for tests: one that was migrated once, and a copy of it for each. And a few rows to write.
#![allow(dead_code, reason = "not every test program uses all of it")]

use crate::postgres::Postgres;
use chrono::TimeDelta;
use matinee_domain::{
    booking::BookingState,
    channel::SaleChannel,
    gift::{GiftCard, GiftCode, GiftEntryKind, GiftPart, GiftState},
    ids::{
        BookingId, GiftCardId, GiftEntryId, PaymentId, Reference, RefundId, ShowId, TicketId,
        UserId, time_ordered,
    },
    money::{Currency, Money},
    payment::{PaymentStatus, RefundStatus},
    promo::{Discount, Promo, PromoTerms},
    seat_map::SeatNo,
};
use matinee_store::{
    Maintenance as _,
    accounts::{ProfileData, Role, UserRow},
    bookings::{
        BookedSeat, BookingRow, HoldLimits, HoldSeats, Owner, PaymentRow, RefundRow, RefundTo,
        SeatsEffect, Step, TicketRow, TicketState,
    },
    conformance::fixtures::{bytes, show_id, start, theater_id},
    feed::NoFeed,
    gifts::{BY_GIFT_CARD, GiftEntry, NewGift, digest},
    idempotency::{IdempotencyKey, IdempotencyRecord, Recorded},
};
use matinee_store_postgres::{PostgresOptions, PostgresStore};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The URL of a fresh, migrated database for the test of this name.
pub async fn migrated(test: &str) -> String {
    static TEMPLATE: OnceCell<&'static Postgres> = OnceCell::const_new();
    let postgres = TEMPLATE
        .get_or_init(|| async {
            let postgres = tokio::task::spawn_blocking(Postgres::shared).await.unwrap();
            let url = postgres.database("template_of_all");
            let store = PostgresStore::open(PostgresOptions::new(url, Arc::new(NoFeed)));
            store.await.unwrap().close().await;
            postgres
        })
        .await;
    let name = short(test);
    tokio::task::spawn_blocking(move || postgres.copy("template_of_all", &name))
        .await
        .unwrap()
}

/// A code that five bookings may use.
pub fn promo() -> Promo {
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
        max_uses: Some(5),
        uses_per_customer: None,
    }
}

/// PostgreSQL's names end at 63 bytes.
fn short(test: &str) -> String {
    test.chars().take(60).collect()
}

/// Seats of every show in the fixtures.
pub const CAPACITY: u16 = 40;

/// The first show of the first theater.
pub fn show() -> ShowId {
    show_id(1, 1)
}

/// A guest's hold of seats of the first show. Every number is another booking with a caller of its own.
pub fn hold(number: u32, seats: &[u16]) -> HoldSeats {
    let currency = Currency::new(*b"EUR");
    let own = time_ordered(
        start().timestamp_millis() + i64::from(number),
        bytes(20, number),
    );
    let seat = |seat: &u16| BookedSeat {
        seat: SeatNo(*seat),
        ticket_type: "standard".into(),
        price_minor: 1500,
        cancelled: false,
        seating: 0,
    };
    let booking = BookingRow {
        booking_id: BookingId::from_parts(theater_id(1), own),
        reference: Reference::from_random((u128::from(number) * 7 + 1).to_be_bytes()),
        show_id: show(),
        owner: Owner::Guest { email: None },
        caller: bytes(23, number),
        state: BookingState::hold(start(), TimeDelta::minutes(8)),
        seats: seats.iter().map(seat).collect(),
        total: Money::new(1500 * seats.len() as i64, currency),
        lines: vec![],
        advice: vec![],
        promo: None,
        channel: SaleChannel::Web,
        created_at: start(),
        version: 1,
        test: false,
    };
    HoldSeats {
        booking,
        limits: HoldLimits {
            unpaid_seats: None,
            expiries: None,
        },
        idempotency: None,
        only_if_version: None,
        now: start(),
    }
}

/// The same with a key.
pub fn keyed(number: u32, seats: &[u16], key: u32) -> HoldSeats {
    let record = IdempotencyRecord {
        key: IdempotencyKey {
            scope: bytes(24, key),
            body: [1; 16],
        },
        answer: Recorded {
            status: 201,
            body: format!("answer {number}").into(),
        },
        keep_until: start() + TimeDelta::hours(24),
    };
    HoldSeats {
        idempotency: Some(record),
        ..hold(number, seats)
    }
}

/// Gives a hold back.
pub fn release(booking: &BookingRow) -> Step {
    Step {
        booking_id: booking.booking_id,
        show_id: booking.show_id,
        expected_version: booking.version,
        to: BookingState::Released,
        seats: SeatsEffect::Free,
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
        test: false,
        now: start(),
    }
}

/// A payment of a booking that begins.
pub fn begin(booking: &BookingRow) -> Step {
    let now = start() + TimeDelta::minutes(1);
    Step {
        to: booking.state.begin_payment(now).unwrap(),
        seats: SeatsEffect::Keep,
        payments: vec![payment(booking, PaymentStatus::Created, 0)],
        now,
        ..release(booking)
    }
}

/// The same payment captured: the seats are sold, each has a ticket.
pub fn confirm(booking: &BookingRow) -> Step {
    let ticket = |seat: &BookedSeat| TicketRow {
        ticket_id: TicketId::from_parts(
            booking.booking_id.theater(),
            bytes(26, u32::from(seat.seat.0)),
        ),
        booking_id: booking.booking_id,
        seat: seat.seat,
        state: TicketState::Valid,
        revision: 1,
    };
    Step {
        expected_version: booking.version + 1,
        to: BookingState::Confirmed,
        seats: SeatsEffect::Sell,
        payments: vec![payment(
            booking,
            PaymentStatus::Captured,
            booking.total.amount_minor,
        )],
        tickets: booking.seats.iter().map(ticket).collect(),
        ..release(booking)
    }
}

/// A gift card of fifty euros.
pub fn gift() -> NewGift {
    let code = GiftCode::from_random([7; 12]);
    let amount = Money::new(5000, Currency::new(*b"EUR"));
    NewGift {
        card: GiftCard {
            card_id: gift_id(),
            last4: code.last4(),
            initial: amount,
            balance: amount,
            state: GiftState::Active,
            ends_at: None,
        },
        digest: digest(&code),
        entry_id: gift_entry_id(0),
    }
}

pub fn gift_id() -> GiftCardId {
    GiftCardId::from_parts(show().theater(), time_ordered(1, [7; 16]))
}

fn gift_entry_id(number: u32) -> GiftEntryId {
    GiftEntryId::from_parts(show().theater(), time_ordered(1, bytes(31, number)))
}

/// An entry of a booking's payment; every booking has one payment here.
fn gift_entry(booking: &BookingRow, kind: GiftEntryKind, amount_minor: i64) -> GiftEntry {
    let own = booking.booking_id.own();
    let number = u32::from_be_bytes(own[18..].try_into().unwrap());
    let paid = payment_of(booking);
    GiftEntry {
        entry_id: gift_entry_id(number * 4 + 1 + u32::from(amount_minor > 0)),
        card_id: gift_id(),
        kind,
        amount_minor,
        payment: Some((booking.booking_id, paid)),
        at: start(),
    }
}

fn payment_of(booking: &BookingRow) -> PaymentId {
    PaymentId::from_parts(booking.booking_id.theater(), *booking.booking_id.own())
}

/// A hold that the card pays all of.
pub fn pay_with_gift(booking: &BookingRow) -> Step {
    let total = booking.total.amount_minor;
    let mut step = Step {
        expected_version: booking.version,
        ..confirm(booking)
    };
    let paid = &mut step.payments[0];
    paid.payment_id = payment_of(booking);
    paid.gateway = BY_GIFT_CARD.into();
    (paid.amount.amount_minor, paid.captured_minor) = (0, 0);
    paid.gift = Some(GiftPart {
        card_id: gift_id(),
        last4: gift().card.last4,
        amount_minor: total,
        returned_minor: 0,
    });
    step.gifts = vec![gift_entry(booking, GiftEntryKind::Claim, -total)];
    step
}

/// All of that booking is cancelled, and the card has everything back.
pub fn cancel_gift(booking: &BookingRow) -> Step {
    let total = booking.total.amount_minor;
    let mut paid = pay_with_gift(booking).payments.remove(0);
    paid.status = PaymentStatus::Refunded;
    if let Some(part) = &mut paid.gift {
        part.returned_minor = total;
    }
    let refund = RefundRow {
        refund_id: RefundId::from_bytes(bytes(22, u32::from(booking.seats[0].seat.0))),
        payment_id: paid.payment_id,
        booking_id: booking.booking_id,
        amount: booking.total,
        status: RefundStatus::Succeeded,
        to: RefundTo::GiftCard,
        reason: "cancelled".into(),
        created_at: start(),
        attempts: 0,
    };
    Step {
        expected_version: booking.version + 1,
        to: BookingState::Cancelled,
        seats: SeatsEffect::Keep,
        cancel_seats: booking.seats.iter().map(|seat| seat.seat).collect(),
        payments: vec![paid],
        refunds: vec![refund],
        gifts: vec![gift_entry(booking, GiftEntryKind::Refund, total)],
        ..release(booking)
    }
}

fn payment(booking: &BookingRow, status: PaymentStatus, captured_minor: i64) -> PaymentRow {
    let own = time_ordered(start().timestamp_millis(), *b"0123456789abcdef");
    PaymentRow {
        payment_id: PaymentId::from_parts(booking.booking_id.theater(), own),
        booking_id: booking.booking_id,
        status,
        amount: booking.total,
        // Not the sandbox: its bank would have to know the charge.
        gateway: "card".into(),
        method_token: "pm_card_visa".into(),
        method_label: String::new(),
        gateway_ref: None,
        created_at: start(),
        decline_reason: None,
        captured_minor,
        refunded_minor: 0,
        idempotency: None,
        gift: None,
    }
}

/// An account.
pub fn user(number: u32, email: &str) -> UserRow {
    UserRow {
        user_id: UserId::from_bytes(bytes(30, number)),
        email: email.into(),
        email_verified: false,
        password_hash: "$argon2id$".into(),
        role: Role::Customer,
        profile: ProfileData {
            name: "Aino".into(),
            address: String::new(),
            phone: String::new(),
            language: String::new(),
            favourite_theater: None,
            notify_email: true,
            notify_reminder: true,
            notify_sms: false,
            notify_push: true,
        },
        profile_version: 1,
        created_at: start(),
    }
}
