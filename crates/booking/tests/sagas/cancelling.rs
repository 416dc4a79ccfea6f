//! What a cancellation gives back and to whom, to the last minor unit. The other parts look at whether the books come to
//! the same; here it is each amount, each state on the way and each refusal. cargo-mutants asked for all of these.

use crate::{
    answers::{held, payment, wish},
    books,
    buyer::{Act, Buyer, Card, Nature},
    elsewhere::{Elsewhere, refund_failed},
    goodwill::give_goodwill,
    house::{House, charge, gift_id},
    wire::Fault,
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{
    Answered, CancelInput, Desk, GiftInput, PayInput, PaymentGateway as _, RefundAtGateway,
    SaleError, ShowFile, Wanted, cancellable_until, is_cancellable, refund_of,
};
use matinee_domain::{
    ids::BookingId,
    money::Currency,
    payment::{PaymentStatus, RefundStatus},
    policy::CancellationTier,
    seat_map::SeatId,
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, DECLINED, VISA};
use matinee_store::{
    BookingStore as _, GiftStore as _, Maintenance as _,
    bookings::{BookingFile, BookingRow, RefundRow, TicketState},
    conformance::fixtures,
};
use std::sync::Arc;

pub fn seats(names: &[&str]) -> Vec<SeatId> {
    names.iter().map(|name| SeatId((*name).into())).collect()
}

pub async fn hold(house: &House, names: &[&str]) -> BookingRow {
    let wanted = wish(Wanted::Seats(seats(names)));
    held(&house.desk, wanted).await.booking
}

pub async fn bought(house: &House, names: &[&str]) -> BookingId {
    let id = hold(house, names).await.booking_id;
    house.desk.pay(payment(id, VISA)).await.unwrap();
    id
}

pub async fn file(house: &House, booking: BookingId) -> BookingFile {
    house.store.booking(booking).await.unwrap().unwrap()
}

pub async fn cancel(
    desk: &Desk,
    booking_id: BookingId,
    names: Option<&[&str]>,
) -> Result<BookingFile, SaleError> {
    let input = CancelInput {
        booking_id,
        seat_ids: names.map(seats),
        idempotency: None,
    };
    match desk.cancel(input).await? {
        Answered::Now { file, .. } => Ok(*file),
        Answered::Again(_) => panic!("there is no key"),
    }
}

pub fn refusal(refused: Result<BookingFile, SaleError>) -> String {
    match refused {
        Err(SaleError::NotCancellable { words }) => words,
        other => panic!("{other:?}"),
    }
}

/// The first show as the desk has it, moved to another screen at a moment or never.
pub async fn show(house: &House, moved_at: Option<DateTime<Utc>>) -> ShowFile {
    let show_id = fixtures::show_id(1, 1);
    let kept = house.desk.shows.show(show_id).await.unwrap().unwrap();
    ShowFile {
        theater: kept.theater.clone(),
        movie: kept.movie.clone(),
        map: Arc::clone(&kept.map),
        show: kept.show.clone(),
        published: kept.published,
        cancelled: kept.cancelled,
        moved_at,
        seating: kept.seating,
        maps_before: kept.maps_before.clone(),
        taken: Arc::default(),
    }
}

/// Whoever booked before a show moved may give all of it back until it begins, whatever the policy says; nobody else may.
#[tokio::test]
async fn a_moved_show_is_given_back_by_those_who_booked_before_it_moved() {
    let house = House::new().await;
    let minute = TimeDelta::minutes(1);
    let moved = house.now();
    let show = |moved_at| show(&house, moved_at);
    let start = show(None).await.show.start_time;
    // The policy ends an hour before the show.
    let (late, ends) = (start - minute, start - TimeDelta::hours(1));
    let mut booking = hold(&house, &["2-4"]).await;
    for (moved_at, booked_at, now, may) in [
        (Some(moved), moved - minute, late, true),
        (Some(moved), moved - minute, start, false),
        (Some(moved), moved, late, false),
        (None, moved - minute, late, false),
        (None, moved, ends - minute, true),
        (None, moved, ends, false),
    ] {
        let show = show(moved_at).await;
        booking.created_at = booked_at;
        let case = format!("{moved_at:?} {booked_at} {now}");
        assert_eq!(is_cancellable(&show, booked_at, now), may, "{case}");
        let back = refund_of(&show, &booking, booking.seats.iter(), now);
        let whole = if may { booking.total.amount_minor } else { 0 };
        assert_eq!(back.amount_minor, whole, "{case}");
        let until = if moved_at.is_some() && booked_at < moved && now < start {
            start
        } else {
            ends
        };
        let told = cancellable_until(&show, booked_at, now);
        assert_eq!(told, Some(until), "{case}");
    }
}

/// What goes back can be paid: it is rounded up to what banks move, never past what the seats cost, and seats that were
/// given back before count for nothing.
#[tokio::test]
async fn a_refund_is_an_amount_that_can_be_paid() {
    let house = House::new().await;
    let mut show = show(&house, None).await;
    let third = CancellationTier {
        minutes_before: 60,
        refund_basis_points: 3_333,
    };
    Arc::make_mut(&mut show.theater).cancellation_policy.tiers = vec![third];
    let mut booking = hold(&house, &["2-4", "2-5", "2-6"]).await;
    let mut back = |code: &[u8; 3], prices: [i64; 3], cancelled: usize| {
        booking.total.currency = Currency::new(*code);
        for (at, (seat, price)) in booking.seats.iter_mut().zip(prices).enumerate() {
            (seat.price_minor, seat.cancelled) = (price, at < cancelled);
        }
        refund_of(&show, &booking, booking.seats.iter(), house.now()).amount_minor
    };
    // A third of 100 is 33, three times.
    assert_eq!(back(b"EUR", [100, 100, 100], 0), 99);
    assert_eq!(back(b"EUR", [100, 100, 100], 2), 33);
    assert_eq!(back(b"EUR", [100, 100, 100], 3), 0);
    // Fils move by tens.
    assert_eq!(back(b"KWD", [100, 100, 100], 0), 100);
    assert_eq!(back(b"KWD", [100, 100, 100], 1), 70);
    assert_eq!(back(b"KWD", [300, 300, 300], 0), 300);
    assert_eq!(back(b"KWD", [9, 9, 9], 2), 9, "no more than it cost");
}

/// Who names a seat gives back that one, and what they are shown of it is what is kept.
#[tokio::test]
async fn the_seat_that_is_named_is_given_back() {
    let house = House::new().await;
    let id = bought(&house, &["2-4", "2-5", "2-6"]).await;
    let told = cancel(&house.desk, id, Some(&["2-5"])).await.unwrap();
    let kept = file(&house, id).await;
    let cancelled: Vec<bool> = kept.booking.seats.iter().map(|it| it.cancelled).collect();
    assert_eq!(cancelled, [false, true, false]);
    assert_eq!(told.booking.seats, kept.booking.seats);
    assert_eq!(told.tickets, kept.tickets);
    let again = cancel(&house.desk, id, Some(&["2-5"])).await;
    assert!(matches!(
        again,
        Err(SaleError::UnknownSeat { index: 0, .. })
    ));
    let told = cancel(&house.desk, id, None).await.unwrap();
    let kept = file(&house, id).await;
    assert_eq!(told.booking.seats, kept.booking.seats);
    assert_eq!(told.tickets, kept.tickets);
    assert!(kept.tickets.iter().all(|it| it.state == TicketState::Void));
    let over = refusal(cancel(&house.desk, id, None).await);
    assert_eq!(over, "It is already cancelled.");
    let report = house.store.verify(house.now()).await.unwrap();
    assert_eq!(report.violations, vec![]);
}

/// A payment that the bank holds and has not handed over is nothing to give back yet, also when an earlier one was
/// declined: what is in flight would be given back by nobody.
#[tokio::test]
async fn money_in_flight_is_waited_for() {
    let mut house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Prompt);
    for (at, act) in [Act::Hold(&["2-4"]), Act::Pay(DECLINED)]
        .into_iter()
        .enumerate()
    {
        buyer.ask(&house.desk, at, act).await.unwrap();
    }
    let before = house.wire.calls().len();
    let calls = {
        // The same in another house says which call asks for the money.
        let other = House::new().await;
        let mut twin = Buyer::new(1, Nature::Prompt);
        let acts = [Act::Hold(&["2-4"]), Act::Pay(DECLINED), Act::Pay(VISA)];
        for (at, act) in acts.into_iter().enumerate() {
            twin.ask(&other.desk, at, act).await.unwrap();
        }
        other.wire.calls()
    };
    let capture = |call: &crate::wire::Call| call.name.contains("bank capture");
    let at = calls.iter().position(capture).unwrap();
    assert!(at >= before);
    house.wire.arm(at, Fault::Outage);
    buyer.ask(&house.desk, 2, Act::Pay(VISA)).await.unwrap_err();
    let id = buyer.booking.unwrap();
    let refused = refusal(cancel(&house.desk, id, None).await);
    assert_eq!(refused, "Its payment is still running.");
    house.let_everything_settle().await;
    cancel(&house.desk, id, None).await.unwrap();
    books::judge(&house).await.unwrap();
}

pub fn with_card(booking_id: BookingId, method: &str) -> PayInput {
    PayInput {
        gift: Some(GiftInput {
            code: Card::Small.code().to_string(),
            expected: None,
        }),
        ..payment(booking_id, method)
    }
}

/// Two seats for 30.00: 7.00 by a gift card, the rest by the bank.
pub async fn bought_with_a_card(house: &House) -> BookingId {
    let booking = hold(house, &["2-4", "2-5"]).await;
    assert_eq!(booking.total.amount_minor, 3_000);
    let id = booking.booking_id;
    house.desk.pay(with_card(id, VISA)).await.unwrap();
    id
}

async fn status(house: &House, booking: BookingId) -> PaymentStatus {
    file(house, booking).await.payments[0].status
}

/// A payment is given back when bank and card together have given back all of it, and partly until then.
#[tokio::test]
async fn a_payment_is_given_back_when_both_parts_are() {
    // The card's part comes last.
    let house = House::new().await;
    let id = bought_with_a_card(&house).await;
    give_goodwill(&house.desk, id, 2_299).await;
    assert_eq!(status(&house, id).await, PaymentStatus::PartlyRefunded);
    give_goodwill(&house.desk, id, 1).await;
    assert_eq!(status(&house, id).await, PaymentStatus::PartlyRefunded);
    give_goodwill(&house.desk, id, 700).await;
    assert_eq!(status(&house, id).await, PaymentStatus::Refunded);

    // The bank's part comes last, and a bank that is away leaves it open.
    let house = House::new().await;
    let id = bought_with_a_card(&house).await;
    give_goodwill(&house.desk, id, 1_500).await;
    house.wire.arm(house.wire.calls().len() + 3, Fault::Outage);
    cancel(&house.desk, id, None).await.unwrap();
    let open = file(&house, id).await;
    let pending = |it: &&_| matches!(it, RefundStatus::Pending);
    let states: Vec<_> = open.refunds.iter().map(|it| it.status).collect();
    assert_eq!(states.iter().filter(pending).count(), 1, "{states:?}");
    assert_eq!(open.payments[0].status, PaymentStatus::PartlyRefunded);
    house.wire.heal();
    house.later(TimeDelta::minutes(2));
    assert_eq!(house.desk.recover_refunds().await.unwrap().done, 1);
    assert_eq!(status(&house, id).await, PaymentStatus::Refunded);

    // Both go back with one cancellation.
    let house = House::new().await;
    let id = bought_with_a_card(&house).await;
    cancel(&house.desk, id, None).await.unwrap();
    assert_eq!(status(&house, id).await, PaymentStatus::Refunded);
    books::judge(&house).await.unwrap();
}

/// Of what went back, what a bank sends back again is owed, and the rest stays given back.
#[tokio::test]
async fn what_comes_back_leaves_the_rest_given_back() {
    for with_a_card in [true, false] {
        let house = House::new().await;
        let id = if with_a_card {
            bought_with_a_card(&house).await
        } else {
            let id = bought(&house, &["2-4", "2-5"]).await;
            give_goodwill(&house.desk, id, 700).await;
            id
        };
        cancel(&house.desk, id, None).await.unwrap();
        assert_eq!(status(&house, id).await, PaymentStatus::Refunded);
        let mut bank = Elsewhere::new(&house, "sandbox", true);
        bank.refunds = RefundAtGateway::Failed;
        let desk = house.desk_at(Arc::new(bank), false);
        let paid_back = file(&house, id).await;
        let is_the_bank_s = |it: &&RefundRow| it.amount.amount_minor == 2_300;
        let refund = paid_back.refunds.iter().find(is_the_bank_s).unwrap();
        let told = refund_failed(refund);
        desk.gateway_event(told).await.unwrap();
        let owed = file(&house, id).await;
        assert_eq!(owed.payments[0].status, PaymentStatus::PartlyRefunded);
        assert_eq!(owed.payments[0].back_minor(), 700);
    }
}

async fn on_the_card(house: &House) -> i64 {
    let row = house.store.gift(gift_id(Card::Small)).await.unwrap();
    row.unwrap().card.balance.amount_minor
}

/// A card that paid a part has it again when the bank says no, and when its payer never comes back.
#[tokio::test]
async fn a_card_has_its_part_again_when_the_rest_is_not_paid() {
    let mut house = House::new().await;
    let declined = hold(&house, &["2-4"]).await.booking_id;
    house.desk.pay(with_card(declined, DECLINED)).await.unwrap();
    assert_eq!(status(&house, declined).await, PaymentStatus::Declined);
    assert_eq!(on_the_card(&house).await, 700);
    // So it pays again.
    let waits = with_card(declined, AUTHENTICATION_REQUIRED);
    house.desk.pay(waits).await.unwrap();
    let key = file(&house, declined).await.payments[1].payment_id;
    house
        .bank()
        .simulate(&charge(&key.to_string()), false)
        .await
        .unwrap();
    house.let_everything_settle().await;
    assert_eq!(on_the_card(&house).await, 700);
    for row in file(&house, declined).await.payments {
        assert_eq!(row.gift.unwrap().returned_minor, 700, "{:?}", row.status);
    }
    books::judge(&house).await.unwrap();
}

/// The message of a cancellation names its refund, so that programs and people find it.
#[tokio::test]
async fn a_cancellation_tells_of_its_refund() {
    let house = House::new().await;
    let id = bought(&house, &["2-4"]).await;
    cancel(&house.desk, id, None).await.unwrap();
    let refund = file(&house, id).await.refunds[0].refund_id;
    let database = rusqlite::Connection::open(house.path()).unwrap();
    let told: String = database
        .query_row(
            "SELECT payload FROM messages WHERE kind = 'cancellation'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(told, format!("{{\"refund\":\"{refund}\"}}"));
}
