//! Gift cards: what is kept of them, and that their money moves with the steps of bookings, each coin once.

use super::{
    CAPACITY, Engine, House, NO_LIMITS, begin, booking, booking_id, bytes, confirm, eur,
    first_show, later, payment, payment_id, refund, refund_id, seat_numbers, second_show, step,
    tickets,
};
use crate::{
    bookings::{
        BookingFile, BookingRow, HoldOutcome, HoldSeats, PaymentRow, RefundRow, RefundTo,
        SeatsEffect, Step, StepOutcome,
    },
    conformance::fixtures::{start, theater_id},
    gifts::{BY_GIFT_CARD, GiftEntry, NewGift, digest},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_domain::{
    booking::BookingState,
    gift::{GiftCard, GiftCode, GiftEntryKind, GiftPart, GiftState},
    ids::{GiftCardId, GiftEntryId, time_ordered},
    limits,
    payment::{PaymentStatus, RefundStatus},
};
use std::sync::Arc;

fn code(number: u8) -> GiftCode {
    GiftCode::from_random([number; 12])
}

fn card_id(number: u8) -> GiftCardId {
    let at = start().timestamp_millis() + i64::from(number);
    GiftCardId::from_parts(
        theater_id(1),
        time_ordered(at, bytes(31, u32::from(number))),
    )
}

fn entry_id(kind: GiftEntryKind, number: u32) -> GiftEntryId {
    let at = start().timestamp_millis() + i64::from(number);
    GiftEntryId::from_parts(
        theater_id(1),
        time_ordered(at, bytes(32 + kind as u8, number)),
    )
}

pub(super) fn new_card(number: u8, amount: i64) -> NewGift {
    NewGift {
        card: GiftCard {
            card_id: card_id(number),
            last4: code(number).last4(),
            initial: eur(amount),
            balance: eur(amount),
            state: GiftState::Active,
            ends_at: None,
        },
        digest: digest(&code(number)),
        entry_id: entry_id(GiftEntryKind::Issue, u32::from(number)),
    }
}

impl House {
    pub(super) async fn issue(&self, cards: Vec<NewGift>) {
        self.store.issue_gifts(cards, start()).await.unwrap();
    }

    async fn card(&self, number: u8) -> GiftCard {
        let row = self.store.gift(card_id(number)).await.unwrap();
        row.unwrap().card
    }

    pub(super) async fn balance(&self, number: u8) -> i64 {
        self.card(number).await.balance.amount_minor
    }

    /// A paid booking, so much of it from a card.
    pub(super) async fn paid_partly(
        &self,
        number: u32,
        seats: &[u16],
        card: u8,
        by_card: i64,
    ) -> BookingFile {
        let held = self.held(number, seats).await;
        let begun = self.done(split(&held, number, card, by_card)).await;
        self.done(confirm(&begun)).await
    }

    async fn set_card(&self, number: u8, state: GiftState) {
        let set = self.store.set_gift_state(card_id(number), state).await;
        assert!(set.unwrap());
    }
}

/// An entry about a payment, `amount` onto the card.
fn entry(
    card: GiftCardId,
    kind: GiftEntryKind,
    paid: &PaymentRow,
    amount: i64,
    at: DateTime<Utc>,
) -> GiftEntry {
    // One entry of a kind and payment, but for refunds, of which each has another amount here.
    let number = u32::from_be_bytes(paid.payment_id.own()[18..].try_into().unwrap_or_default());
    let salt = if kind == GiftEntryKind::Refund {
        amount as u32
    } else {
        0
    };
    GiftEntry {
        entry_id: entry_id(kind, number.wrapping_mul(7919).wrapping_add(salt)),
        card_id: card,
        kind,
        amount_minor: amount,
        payment: Some((paid.booking_id, paid.payment_id)),
        at,
    }
}

/// Held → AwaitingPayment, so much of it from a card.
fn split(booking: &BookingRow, number: u32, card: u8, by_card: i64) -> Step {
    let mut step = begin(booking, number);
    let paid = &mut step.payments[0];
    paid.amount.amount_minor -= by_card;
    paid.gift = Some(GiftPart {
        card_id: card_id(card),
        last4: code(card).last4(),
        amount_minor: by_card,
        returned_minor: 0,
    });
    let claim = entry(
        card_id(card),
        GiftEntryKind::Claim,
        paid,
        -by_card,
        step.now,
    );
    step.gifts.push(claim);
    step
}

/// Held → Confirmed: a card pays all of it.
fn whole(booking: &BookingRow, number: u32, card: u8) -> Step {
    let mut step = Step {
        to: BookingState::Confirmed,
        seats: SeatsEffect::Sell,
        tickets: tickets(booking),
        ..split(booking, number, card, booking.total.amount_minor)
    };
    step.payments[0].status = PaymentStatus::Captured;
    step.payments[0].gateway = BY_GIFT_CARD.into();
    step
}

/// The payment came to nothing, and the hold has it back.
fn fail(file: &BookingFile) -> Step {
    let mut paid = file.payments.last().unwrap().clone();
    paid.status = PaymentStatus::Declined;
    let part = paid.gift.as_mut().unwrap();
    let (card, amount) = (part.card_id, part.held_minor());
    part.returned_minor = part.amount_minor;
    let back = entry(card, GiftEntryKind::Return, &paid, amount, later(2));
    let to = file.booking.state.payment_failed(later(2)).unwrap();
    Step {
        payments: vec![paid],
        gifts: vec![back],
        ..step(&file.booking, to, SeatsEffect::Keep)
    }
}

/// Seats are cancelled, and so much goes back to the card.
fn cancel(file: &BookingFile, seats: &[u16], number: u32, amount: i64, at: DateTime<Utc>) -> Step {
    let mut paid = file.payments.last().unwrap().clone();
    let part = paid.gift.as_mut().unwrap();
    part.returned_minor += amount;
    let card = part.card_id;
    let all = part.held_minor() == 0 && paid.refunded_minor == paid.captured_minor;
    paid.status = if all {
        PaymentStatus::Refunded
    } else {
        PaymentStatus::PartlyRefunded
    };
    let left = file.booking.seats.iter().filter(|seat| !seat.cancelled);
    let left = left.count() - seats.len();
    let back = entry(card, GiftEntryKind::Refund, &paid, amount, at);
    let refund = RefundRow {
        refund_id: refund_id(number),
        payment_id: paid.payment_id,
        booking_id: paid.booking_id,
        amount: eur(amount),
        status: RefundStatus::Succeeded,
        to: RefundTo::GiftCard,
        reason: "cancelled".into(),
        created_at: at,
        attempts: 0,
    };
    Step {
        payments: vec![paid],
        refunds: vec![refund],
        gifts: vec![back],
        cancel_seats: seat_numbers(seats),
        ..step(
            &file.booking,
            file.booking.state.cancel(left).unwrap(),
            SeatsEffect::Keep,
        )
    }
}

/// All of it goes back for this reason: what a card paid to the card, the rest on its way to the payer.
pub(super) fn both_back(file: &BookingFile, number: u32, reason: &str, at: DateTime<Utc>) -> Step {
    let paid = file.payments.last().unwrap();
    let part = paid.gift.as_ref().unwrap().held_minor();
    let (charged, back) = refund(file, number, paid.captured_minor);
    let seats: Vec<u16> = file.booking.seats.iter().map(|seat| seat.seat.0).collect();
    let mut step = cancel(file, &seats, number + 50, part, at);
    step.payments[0].refunded_minor = charged.refunded_minor;
    step.payments[0].status = PaymentStatus::Captured;
    step.refunds.push(RefundRow {
        created_at: at,
        ..back
    });
    for refund in &mut step.refunds {
        refund.reason = reason.into();
    }
    Step {
        by_theater: true,
        ..step
    }
}

/// Cards come back as they were made, by their code, by their id and in pages, each with its first entry.
pub async fn a_card_comes_back_as_it_was_made(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut ending = new_card(1, 5000);
    ending.card.ends_at = Some(later(90));
    let plain = new_card(2, 2500);
    house.issue(vec![ending.clone(), plain.clone()]).await;
    house.issue(vec![]).await;
    let (store, here) = (&house.store, theater_id(1));
    let row = store.gift_by_code(here, digest(&code(1))).await.unwrap();
    let row = row.unwrap();
    assert_eq!((&row.card, row.created_at), (&ending.card, start()));
    assert_eq!(house.card(1).await, ending.card);
    let elsewhere = store.gift_by_code(theater_id(2), digest(&code(1))).await;
    assert_eq!(elsewhere.unwrap(), None, "a card is of one theater");
    let unknown = store.gift_by_code(here, digest(&code(3))).await;
    assert_eq!(unknown.unwrap(), None);
    let first = store.gifts(here, None, 1).await.unwrap();
    assert_eq!(first, [row]);
    let second = store.gifts(here, Some(card_id(1)), 10).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].card, plain.card);
    let entries = store.gift_entries(card_id(1), None, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (
            entries[0].entry_id,
            entries[0].kind,
            entries[0].amount_minor
        ),
        (ending.entry_id, GiftEntryKind::Issue, 5000)
    );
    let more = store
        .gift_entries(card_id(1), Some(ending.entry_id), 10)
        .await;
    assert_eq!(more.unwrap(), []);
    // A code that was given out already makes none of the cards.
    let mut again = new_card(4, 100);
    again.digest = digest(&code(2));
    let twice = store
        .issue_gifts(vec![new_card(3, 100), again], start())
        .await;
    assert!(twice.is_err());
    assert_eq!(store.gift(card_id(3)).await.unwrap(), None);
    assert!(
        !store
            .set_gift_state(card_id(9), GiftState::Blocked)
            .await
            .unwrap()
    );
    house.set_card(2, GiftState::Blocked).await;
    assert_eq!(house.card(2).await.state, GiftState::Blocked);
    house.is_sound().await;
}

/// What a payment claims is the card's again when the payment comes to nothing, and is claimed anew by the next.
pub async fn a_claim_lasts_as_long_as_its_payment(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 1000)]).await;
    let held = house.held(1, &[1, 2]).await;
    let begun = house.done(split(&held, 1, 1, 1000)).await;
    assert_eq!(house.balance(1).await, 0);
    let paid = &begun.payments[0];
    assert_eq!(paid, &split(&held, 1, 1, 1000).payments[0]);
    assert_eq!((paid.amount, paid.paid_minor()), (eur(2000), 0));
    house.is_sound().await;
    let again = house.store.step(split(&held, 1, 1, 1000)).await.unwrap();
    assert_eq!(again, StepOutcome::Stale);

    let failed = house.done(fail(&begun)).await;
    assert_eq!(house.balance(1).await, 1000);
    house.is_sound().await;
    assert_eq!(
        house.store.step(fail(&begun)).await.unwrap(),
        StepOutcome::Stale
    );

    let begun = house.done(split(&failed.booking, 2, 1, 1000)).await;
    let file = house.done(confirm(&begun)).await;
    let paid = file.payments.last().unwrap();
    assert_eq!((paid.captured_minor, paid.paid_minor()), (2000, 3000));
    assert_eq!(house.balance(1).await, 0);
    let entries = house
        .store
        .gift_entries(card_id(1), None, 10)
        .await
        .unwrap();
    let sum: i64 = entries.iter().map(|entry| entry.amount_minor).sum();
    assert_eq!((entries.len(), sum), (4, 0));
    let of_it = house.store.gift_entries_of(payment_id(1)).await.unwrap();
    let kinds: Vec<_> = of_it.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&GiftEntryKind::Claim) && kinds.contains(&GiftEntryKind::Return));
    house.is_sound().await;
}

/// A card that pays all of it needs one step; what is cancelled goes back to it, in parts that add up.
pub async fn a_card_pays_all_of_a_booking(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 5000)]).await;
    let held = house.held(1, &[1, 2]).await;
    let file = house.done(whole(&held, 1, 1)).await;
    assert_eq!(file.booking.state, BookingState::Confirmed);
    assert_eq!((file.tickets.len(), house.balance(1).await), (2, 2000));
    assert!(file.payments[0].is_by_card_alone());
    house.is_sound().await;
    let file = house.done(cancel(&file, &[1], 1, 1500, later(2))).await;
    assert_eq!(house.balance(1).await, 3500);
    assert_eq!(file.refunds[0].to, RefundTo::GiftCard);
    house.is_sound().await;
    let file = house.done(cancel(&file, &[2], 2, 1499, later(3))).await;
    assert_eq!(house.balance(1).await, 4999);
    assert_eq!(file.payments[0].back_minor(), 2999);
    house.is_sound().await;
}

/// A card that would pay all of it pays for no show that the theater cancelled, before the hold is let go as well.
pub async fn a_card_pays_for_no_cancelled_show(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 5000)]).await;
    let held = house.held(1, &[1, 2]).await;
    house.cancel(1).await;
    let outcome = house.store.step(whole(&held, 1, 1)).await.unwrap();
    assert_eq!(outcome, StepOutcome::ShowCancelled);
    assert_eq!(house.balance(1).await, 5000);
    house.is_sound().await;
}

/// An empty, blocked or ended card pays nothing, and neither does one that has less than is claimed; nothing is changed.
pub async fn only_an_open_card_pays(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut ended = new_card(2, 5000);
    ended.card.ends_at = Some(later(1));
    house
        .issue(vec![new_card(1, 2999), ended, new_card(3, 5000)])
        .await;
    house.set_card(3, GiftState::Blocked).await;
    let held = house.held(1, &[1, 2]).await;
    let before = house.file(held.booking_id).await;
    for card in [1, 2, 3, 4] {
        for step in [split(&held, 1, card, 3000), whole(&held, 1, card)] {
            let outcome = house.store.step(step).await.unwrap();
            assert_eq!(outcome, StepOutcome::GiftGone, "card {card}");
        }
    }
    assert_eq!(house.file(held.booking_id).await, before);
    let balances = [house.balance(1).await, house.balance(2).await];
    assert_eq!(balances, [2999, 5000]);
    house.set_card(3, GiftState::Active).await;
    house.done(whole(&held, 1, 3)).await;
    house.is_sound().await;
}

/// Money goes back to a card that was blocked or ended meanwhile; one that ended is good again for a while, one that came
/// back from a payment that failed prolongs nothing, and one that never ends does not begin to.
pub async fn a_closed_card_gets_its_money_back(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut ending = new_card(1, 5000);
    ending.card.ends_at = Some(later(3));
    house.issue(vec![ending, new_card(2, 5000)]).await;
    let mut files = Vec::new();
    for number in [1_u8, 2] {
        let seats = [u16::from(number) * 2, u16::from(number) * 2 + 1];
        let held = house.held(u32::from(number), &seats).await;
        let paid = whole(&held, u32::from(number), number);
        files.push(house.done(paid).await);
    }
    let held = house.held(3, &[20]).await;
    let begun = house.done(split(&held, 3, 1, 1000)).await;
    house.set_card(1, GiftState::Blocked).await;
    house.done(fail(&begun)).await;
    let card = house.card(1).await;
    assert_eq!((card.balance, card.ends_at), (eur(2000), Some(later(3))));
    for (number, file) in (1..).zip(&files) {
        let seats = [number * 2, number * 2 + 1];
        let number = u32::from(number);
        house
            .done(cancel(file, &seats, number, 3000, later(5)))
            .await;
    }
    let card = house.card(1).await;
    assert_eq!((card.balance, card.state), (eur(5000), GiftState::Blocked));
    assert_eq!(card.ends_at, Some(later(5) + limits::GIFT_PROLONGED));
    assert_eq!(house.card(2).await.ends_at, None);
    house.is_sound().await;
}

/// More than a payment claimed never goes back to its card, nor more than the card was made with.
pub async fn no_more_goes_back_than_was_claimed(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 5000)]).await;
    let held = house.held(1, &[1, 2]).await;
    let file = house.done(whole(&held, 1, 1)).await;
    let too_much = cancel(&file, &[1], 1, 3001, later(2));
    assert!(house.store.step(too_much).await.is_err());
    let mut lying = cancel(&file, &[1], 1, 1500, later(2));
    lying.gifts[0].amount_minor = 3001;
    assert!(house.store.step(lying).await.is_err());
    assert_eq!(house.file(file.booking.booking_id).await, file);
    assert_eq!(house.balance(1).await, 2000);
    house.is_sound().await;
}

/// Twenty want to pay with one card that has money for seven of them and a rest: seven do, and again once theirs failed.
pub async fn a_crowd_never_spends_a_card_twice(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 7 * 1500 + 700)]).await;
    for round in 0..3_u32 {
        let mut buyers = tokio::task::JoinSet::new();
        for buyer in 0..20_u32 {
            let store = Arc::clone(&house.store);
            buyers.spawn(async move {
                let number = round * 100 + buyer + 1;
                let show = if buyer % 2 == 0 {
                    first_show()
                } else {
                    second_show()
                };
                let row = booking(number, show, &[(round * 10 + buyer / 2) as u16 % CAPACITY]);
                let hold = HoldSeats {
                    booking: row.clone(),
                    limits: NO_LIMITS,
                    idempotency: None,
                    only_if_version: None,
                    now: start(),
                };
                let held = store.hold_seats(hold).await.unwrap();
                assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
                let claim = if buyer % 4 == 0 {
                    whole(&row, number, 1)
                } else {
                    split(&row, number, 1, 1500)
                };
                // Each asks twice at once.
                let (one, two) = tokio::join!(store.step(claim.clone()), store.step(claim));
                let won = [one.unwrap(), two.unwrap()]
                    .iter()
                    .filter(|outcome| match outcome {
                        StepOutcome::Done { .. } => true,
                        StepOutcome::GiftGone | StepOutcome::Stale => false,
                        other => panic!("{other:?}"),
                    })
                    .count();
                assert!(won <= 1);
                (won == 1).then_some(row)
            });
        }
        let won: Vec<_> = buyers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 7, "round {round}");
        assert_eq!(house.balance(1).await, 700);
        let mut leaving = tokio::task::JoinSet::new();
        for row in won {
            let file = house.file(row.booking_id).await;
            let store = Arc::clone(&house.store);
            leaving.spawn(async move {
                let step = if file.booking.state == BookingState::Confirmed {
                    let seats = [file.booking.seats[0].seat.0];
                    let number = u32::from(file.payments[0].payment_id.own()[21]);
                    cancel(&file, &seats, round * 1000 + number, 1500, later(2))
                } else {
                    fail(&file)
                };
                store.step(step).await.unwrap()
            });
        }
        for outcome in leaving.join_all().await {
            assert!(matches!(outcome, StepOutcome::Done { .. }), "{outcome:?}");
        }
        assert_eq!(house.balance(1).await, 7 * 1500 + 700);
    }
    house.is_sound().await;
}

/// A late payment claims its seats again along with what a card pays of it.
pub async fn a_late_payment_claims_seats_and_card(engine: &impl Engine) {
    let house = House::open(engine).await;
    house.issue(vec![new_card(1, 1000)]).await;
    house.held(1, &[1]).await;
    let expired = vec![booking_id(1)];
    house.store.expire_holds(expired, later(9)).await.unwrap();
    let late = house.file(booking_id(1)).await;
    let reclaim = |now: DateTime<Utc>| {
        let mut paid = payment(&late.booking, 1, PaymentStatus::Captured);
        paid.amount = eur(500);
        paid.captured_minor = 500;
        paid.gift = Some(GiftPart {
            card_id: card_id(1),
            last4: code(1).last4(),
            amount_minor: 1000,
            returned_minor: 0,
        });
        let claim = entry(card_id(1), GiftEntryKind::Claim, &paid, -1000, now);
        Step {
            payments: vec![paid],
            gifts: vec![claim],
            tickets: tickets(&late.booking),
            ..step(&late.booking, BookingState::Confirmed, SeatsEffect::Reclaim)
        }
    };
    house.set_card(1, GiftState::Blocked).await;
    let outcome = house.store.step(reclaim(later(10))).await.unwrap();
    assert_eq!(outcome, StepOutcome::GiftGone);
    assert_eq!(house.seats().await.len(), 0);
    house.set_card(1, GiftState::Active).await;
    house.done(reclaim(later(10) + TimeDelta::seconds(1))).await;
    assert_eq!(house.balance(1).await, 0);
    house.is_sound().await;
}
