//! Promotion codes: what is kept of them, and that their uses are counted with the seats, each once.

use super::{
    CAPACITY, Engine, House, NO_LIMITS, begin, booking, booking_id, confirm, eur, first_show,
    later, payment, record, refund, seat_numbers, second_show, step, tickets,
};
use crate::{
    bookings::{
        BookingFile, BookingRow, ChangeHold, HoldOutcome, HoldSeats, Owner, PaymentRow,
        SeatsEffect, Step, StepOutcome,
    },
    conformance::{
        accounts,
        fixtures::{start, theater_id},
    },
    idempotency::Lookup,
};
use chrono::TimeDelta;
use matinee_domain::{
    booking::BookingState,
    payment::PaymentStatus,
    promo::{Discount, Promo, PromoCode, PromoTerms},
};
use std::sync::Arc;

/// A code of three euros off, from the start on.
pub(crate) fn promo(code: &str, max_uses: Option<u32>) -> Promo {
    Promo {
        code: code.parse().unwrap(),
        terms: PromoTerms {
            discount: Discount::Fixed(eur(300)),
            ticket_types: vec!["standard".into()],
            movies: vec![],
            shows: vec![second_show(), first_show()],
            weekdays: vec![2],
            combines_with_reduced: false,
        },
        starts_at: start(),
        ends_at: None,
        max_uses,
        uses_per_customer: None,
    }
}

impl House {
    async fn add_promo(&self, promo: Promo) -> PromoCode {
        let code = promo.code.clone();
        let added = self.store.add_promo(theater_id(1), promo, start()).await;
        assert!(added.unwrap());
        code
    }

    async fn used(&self, code: &PromoCode) -> u32 {
        let row = self.store.promo(theater_id(1), code).await.unwrap();
        row.unwrap().used
    }
}

fn guest(email: &str) -> Owner {
    let email = Some(email.into());
    Owner::Guest { email }
}

/// The same of this customer.
fn of(owner: Owner, hold: HoldSeats) -> HoldSeats {
    HoldSeats {
        booking: BookingRow {
            owner,
            ..hold.booking
        },
        ..hold
    }
}

/// A guest's hold of these seats with a code.
fn with(code: &PromoCode, number: u32, seats: &[u16]) -> HoldSeats {
    HoldSeats {
        booking: BookingRow {
            promo: Some(code.clone()),
            ..booking(number, first_show(), seats)
        },
        limits: NO_LIMITS,
        idempotency: None,
        only_if_version: None,
        now: start(),
    }
}

fn change(booking: &BookingRow, promo: Option<&PromoCode>) -> ChangeHold {
    ChangeHold {
        booking: BookingRow {
            promo: promo.cloned(),
            ..booking.clone()
        },
        expected_version: booking.version,
        limits: NO_LIMITS,
        only_if_version: None,
        now: later(1),
    }
}

/// Held → Released.
fn release(booking: &BookingRow) -> Step {
    step(booking, BookingState::Released, SeatsEffect::Free)
}

/// An expired booking whose money came after all.
fn reclaim(file: &BookingFile, number: u32) -> Step {
    let captured = PaymentRow {
        captured_minor: file.booking.total.amount_minor,
        ..payment(&file.booking, number, PaymentStatus::Captured)
    };
    Step {
        payments: vec![captured],
        tickets: tickets(&file.booking),
        ..step(&file.booking, BookingState::Confirmed, SeatsEffect::Reclaim)
    }
}

/// Codes come back as they were made, in pages; one is made once and ended for good.
pub async fn a_code_comes_back_as_it_was_made(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut bounded = promo("SPRING-10", Some(3));
    bounded.ends_at = Some(later(60));
    bounded.uses_per_customer = Some(2);
    bounded.terms.discount = Discount::Percent(1_000);
    house.add_promo(bounded.clone()).await;
    let plain = promo("SPRING_1", None);
    house.add_promo(plain.clone()).await;
    let (store, here) = (&house.store, theater_id(1));
    let row = store.promo(here, &bounded.code).await.unwrap().unwrap();
    assert_eq!((&row.promo, row.used), (&bounded, 0));
    assert_eq!((row.theater_id, row.created_at), (here, start()));
    let elsewhere = store.promo(theater_id(2), &bounded.code).await;
    assert_eq!(elsewhere.unwrap(), None, "a code is of one theater");
    let again = Promo {
        max_uses: Some(99),
        ..bounded.clone()
    };
    assert!(!store.add_promo(here, again, later(1)).await.unwrap());
    let first = store.promos(here, None, 1).await.unwrap();
    assert_eq!(first, [row]);
    let second = store.promos(here, Some(&bounded.code), 10).await.unwrap();
    assert_eq!(second[0].promo, plain);
    assert_eq!(second.len(), 1);
    for (at, ends_at) in [(later(20), later(20)), (later(30), later(20))] {
        assert!(store.end_promo(here, &bounded.code, at).await.unwrap());
        let row = store.promo(here, &bounded.code).await.unwrap().unwrap();
        assert_eq!(row.promo.ends_at, Some(ends_at));
    }
    assert!(store.end_promo(here, &plain.code, later(9)).await.unwrap());
    let nobodys: PromoCode = "NOBODYS".parse().unwrap();
    assert!(!store.end_promo(here, &nobodys, later(9)).await.unwrap());
    house.is_sound().await;
}

/// A use is claimed with the hold, and given back once when the last seat goes: by release, expiry or cancellation.
pub async fn a_use_goes_with_the_seats(engine: &impl Engine) {
    let house = House::open(engine).await;
    let code = house.add_promo(promo("THREE", Some(3))).await;
    for number in 1..=3 {
        let seats = [number as u16 * 2, number as u16 * 2 + 1];
        let outcome = house.store.hold_seats(with(&code, number, &seats)).await;
        assert!(
            matches!(outcome, Ok(HoldOutcome::Held { .. })),
            "{outcome:?}"
        );
    }
    let kept = house.file(booking_id(1)).await.booking;
    assert_eq!(kept, with(&code, 1, &[2, 3]).booking);
    let one_more = || house.store.hold_seats(with(&code, 4, &[20]));
    assert_eq!(one_more().await.unwrap(), HoldOutcome::PromoGone);
    assert_eq!(house.used(&code).await, 3);
    house.is_sound().await;

    house.done(release(&kept)).await;
    assert_eq!(house.used(&code).await, 2);
    assert_eq!(
        house.store.step(release(&kept)).await.unwrap(),
        StepOutcome::Stale
    );
    let due = vec![booking_id(2), booking_id(2), booking_id(1)];
    for freed in [1, 0] {
        let expired = house.store.expire_holds(due.clone(), later(9)).await;
        assert_eq!(expired.unwrap(), freed);
        assert_eq!(house.used(&code).await, 1);
    }
    let file = house
        .done(begin(&house.file(booking_id(3)).await.booking, 3))
        .await;
    let file = house.done(confirm(&file)).await;
    let one = Step {
        cancel_seats: seat_numbers(&[6]),
        ..step(
            &file.booking,
            BookingState::PartlyCancelled,
            SeatsEffect::Keep,
        )
    };
    let file = house.done(one).await;
    assert_eq!(house.used(&code).await, 1, "the other seat still uses it");
    let (paid, back) = refund(&file, 3, 3000);
    let both = Step {
        payments: vec![paid],
        refunds: vec![back],
        cancel_seats: seat_numbers(&[7]),
        ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Keep)
    };
    house.done(both).await;
    assert_eq!(house.used(&code).await, 0);
    house.is_sound().await;
}

/// A code that is not there, not begun, over or another theater's is not taken up; a refused hold leaves no use.
pub async fn only_an_open_code_is_taken_up(engine: &impl Engine) {
    let house = House::open(engine).await;
    let early = house
        .add_promo(Promo {
            starts_at: later(1),
            ..promo("EARLY", None)
        })
        .await;
    let over = house
        .add_promo(Promo {
            ends_at: Some(start()),
            starts_at: start() - TimeDelta::days(1),
            ..promo("OVER", None)
        })
        .await;
    let foreign = promo("FOREIGN", None);
    house
        .store
        .add_promo(theater_id(2), foreign.clone(), start())
        .await
        .unwrap();
    for code in [&early, &over, &foreign.code, &"NOBODYS".parse().unwrap()] {
        let outcome = house.store.hold_seats(with(code, 1, &[1])).await;
        assert_eq!(outcome.unwrap(), HoldOutcome::PromoGone, "{code}");
    }
    assert_eq!(house.seats().await.len(), 0);
    let good = house.add_promo(promo("GOOD", Some(1))).await;
    house.held(1, &[1, 2]).await;
    let outcome = house.store.hold_seats(with(&good, 2, &[2, 3])).await;
    assert_eq!(
        outcome.unwrap(),
        HoldOutcome::SeatsTaken(seat_numbers(&[2]))
    );
    assert_eq!(house.used(&good).await, 0);
    house
        .store
        .end_promo(theater_id(1), &good, start())
        .await
        .unwrap();
    let outcome = house.store.hold_seats(with(&good, 2, &[3])).await;
    assert_eq!(outcome.unwrap(), HoldOutcome::PromoGone);
    house.is_sound().await;
}

/// A repeated request uses the code once, also when it is used up meanwhile.
pub async fn a_repeated_hold_uses_its_code_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let code = house.add_promo(promo("ONCE", Some(1))).await;
    let request = |number| HoldSeats {
        idempotency: Some(record(1, 1, "held")),
        ..with(&code, number, &[number as u16])
    };
    let first = house.store.hold_seats(request(1)).await.unwrap();
    assert!(matches!(first, HoldOutcome::Held { .. }), "{first:?}");
    for number in 2..4 {
        let again = house.store.hold_seats(request(number)).await.unwrap();
        assert!(
            matches!(again, HoldOutcome::Repeated(Lookup::Replay(_))),
            "{again:?}"
        );
    }
    assert_eq!(house.used(&code).await, 1);
    house.is_sound().await;
}

/// A change takes a code up, swaps it and lets it go; one that it keeps is not counted again, even when it is over.
pub async fn a_change_swaps_codes(engine: &impl Engine) {
    let house = House::open(engine).await;
    let one = house.add_promo(promo("ONE", Some(1))).await;
    let two = house.add_promo(promo("TWO", Some(1))).await;
    house.held(1, &[1]).await;
    let now = || async { house.file(booking_id(1)).await.booking };
    let uses = || async { (house.used(&one).await, house.used(&two).await) };
    for (code, wanted) in [
        (Some(&one), (1, 0)),
        (Some(&one), (1, 0)),
        (Some(&two), (0, 1)),
        (None, (0, 0)),
        (Some(&one), (1, 0)),
    ] {
        let outcome = house.store.change_hold(change(&now().await, code)).await;
        assert!(
            matches!(outcome, Ok(HoldOutcome::Held { .. })),
            "{outcome:?}"
        );
        assert_eq!((now().await.promo.as_ref(), uses().await), (code, wanted));
    }
    house
        .store
        .end_promo(theater_id(1), &one, start())
        .await
        .unwrap();
    let keeps = change(&now().await, Some(&one));
    let outcome = house.store.change_hold(keeps).await.unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    // Another one has the only use of the other code: nothing changes.
    let outcome = house.store.hold_seats(with(&two, 2, &[2])).await.unwrap();
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    let before = now().await;
    let mut wanted = change(&before, Some(&two));
    wanted.booking.seats = booking(1, first_show(), &[7]).seats;
    let outcome = house.store.change_hold(wanted).await.unwrap();
    assert_eq!(outcome, HoldOutcome::PromoGone);
    assert_eq!((now().await, uses().await), (before, (1, 1)));
    house.is_sound().await;
}

/// Money that comes late claims the use again, though the code is over; when others used it up, nothing is done.
pub async fn a_late_payment_claims_the_use_again(engine: &impl Engine) {
    let house = House::open(engine).await;
    let code = house.add_promo(promo("LAST", Some(1))).await;
    let held = house.store.hold_seats(with(&code, 1, &[1])).await.unwrap();
    assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    house
        .store
        .expire_holds(vec![booking_id(1)], later(9))
        .await
        .unwrap();
    let other = with(&code, 2, &[2]);
    let held = house.store.hold_seats(other.clone()).await.unwrap();
    assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    let late = house.file(booking_id(1)).await;
    let outcome = house.store.step(reclaim(&late, 1)).await.unwrap();
    assert_eq!(outcome, StepOutcome::PromoGone);
    assert_eq!(house.file(booking_id(1)).await, late);
    assert_eq!(house.seats().await.len(), 1);
    house.done(release(&other.booking)).await;
    house
        .store
        .end_promo(theater_id(1), &code, start())
        .await
        .unwrap();
    house.done(reclaim(&late, 1)).await;
    assert_eq!(house.used(&code).await, 1);
    house.is_sound().await;
}

/// Fifty want a code of five uses, some let it go again: never more than five have it, and no use is lost.
pub async fn a_crowd_never_uses_a_code_too_often(engine: &impl Engine) {
    const USES: u32 = 5;
    let house = House::open(engine).await;
    let code = house.add_promo(promo("RUSH", Some(USES))).await;
    for round in 0..3_u32 {
        let mut buyers = tokio::task::JoinSet::new();
        for buyer in 0..50_u32 {
            let (store, code) = (Arc::clone(&house.store), code.clone());
            buyers.spawn(async move {
                let number = round * 100 + buyer + 1;
                let show = if buyer % 2 == 0 {
                    first_show()
                } else {
                    second_show()
                };
                let mut wanted = with(&code, number, &[]);
                wanted.booking = BookingRow {
                    promo: Some(code),
                    ..booking(number, show, &[(buyer / 2) as u16 % CAPACITY])
                };
                match store.hold_seats(wanted.clone()).await.unwrap() {
                    HoldOutcome::Held { .. } => Some(wanted.booking),
                    HoldOutcome::PromoGone => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let won: Vec<_> = buyers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len() as u32, USES);
        assert_eq!(house.used(&code).await, USES);
        let mut leaving = tokio::task::JoinSet::new();
        for booking in won {
            // Each says so twice at once.
            for _ in 0..2 {
                let (store, step) = (Arc::clone(&house.store), release(&booking));
                leaving.spawn(async move { store.step(step).await.unwrap() });
            }
        }
        let done = leaving.join_all().await;
        let left = |outcome: &&StepOutcome| matches!(outcome, StepOutcome::Done { .. });
        assert_eq!(done.iter().filter(left).count() as u32, USES);
        assert_eq!(house.used(&code).await, 0);
    }
    house.is_sound().await;
}

/// A code of one use for each customer: an account, or a guest by the e-mail address, however it is written.
pub async fn a_customer_uses_a_code_so_often(engine: &impl Engine) {
    let house = House::open(engine).await;
    let account = accounts::user(1, "eve@example.org");
    let user = Owner::User(account.user_id);
    assert!(house.store.add_user(account).await.unwrap());
    let code = house
        .add_promo(Promo {
            uses_per_customer: Some(1),
            ..promo("EACH", Some(9))
        })
        .await;
    let hold = async |owner: &Owner, number: u32| {
        let wanted = of(owner.clone(), with(&code, number, &[number as u16]));
        house.store.hold_seats(wanted).await.unwrap()
    };
    let ann = guest("ann@example.org");
    for (number, owner) in [(1, &ann), (2, &user), (3, &guest("bob@example.org"))] {
        let outcome = hold(owner, number).await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }
    for (number, owner) in [(4, &ann), (5, &guest(" Ann+again@Example.ORG")), (6, &user)] {
        assert_eq!(hold(owner, number).await, HoldOutcome::PromoUsedByCustomer);
    }
    assert_eq!(house.used(&code).await, 3, "what was refused is no use");
    house.is_sound().await;
    // Whoever lets it go may have it again, by release, expiry and cancellation alike.
    let first = house.file(booking_id(1)).await.booking;
    house.done(release(&first)).await;
    let due = vec![booking_id(2), booking_id(3)];
    assert_eq!(house.store.expire_holds(due, later(9)).await.unwrap(), 2);
    for (number, owner) in [(7, &ann), (8, &user)] {
        let outcome = hold(owner, number).await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }
    house.is_sound().await;
}

/// A guest who says late who it is: the use counts for the address from then on, and is refused where that has used it.
pub async fn a_guest_who_says_who_it_is_is_counted(engine: &impl Engine) {
    let house = House::open(engine).await;
    let code = house
        .add_promo(Promo {
            uses_per_customer: Some(1),
            ..promo("NAMED", None)
        })
        .await;
    for number in 1..=2 {
        let held = house
            .store
            .hold_seats(with(&code, number, &[number as u16]));
        let held = held.await.unwrap();
        assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    }
    let says = async |number: u32, email: &str| {
        let booking = house.file(booking_id(number)).await.booking;
        let mut change = change(&booking, Some(&code));
        change.booking.owner = guest(email);
        house.store.change_hold(change).await.unwrap()
    };
    let outcome = says(1, "ann@example.org").await;
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    let before = house.file(booking_id(2)).await;
    assert_eq!(
        says(2, "ann@example.org").await,
        HoldOutcome::PromoUsedByCustomer
    );
    assert_eq!(house.file(booking_id(2)).await, before);
    assert_eq!(house.used(&code).await, 2);
    house.is_sound().await;
    // The address is free again once it counts for another one.
    for (number, email) in [(1, "bob@example.org"), (2, "ann@example.org")] {
        let outcome = says(number, email).await;
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }
    // An address that comes with the payment counts too.
    let third = house.store.hold_seats(with(&code, 3, &[3])).await.unwrap();
    assert!(matches!(third, HoldOutcome::Held { .. }), "{third:?}");
    house
        .done(begin(&house.file(booking_id(3)).await.booking, 3))
        .await;
    let fourth = house.store.hold_seats(with(&code, 4, &[4])).await.unwrap();
    assert!(matches!(fourth, HoldOutcome::Held { .. }), "{fourth:?}");
    let same = begin(&house.file(booking_id(4)).await.booking, 4);
    let outcome = house.store.step(same).await.unwrap();
    assert_eq!(outcome, StepOutcome::PromoGone);
    house.is_sound().await;
}

/// A use stays its customer's whatever else the booking goes through, and a code that ended meanwhile stays with who has it.
pub async fn a_use_stays_its_customers(engine: &impl Engine) {
    let house = House::open(engine).await;
    let each = |code, ends_at| Promo {
        uses_per_customer: Some(1),
        ends_at,
        ..promo(code, None)
    };
    let ended = house.add_promo(each("ENDED", Some(later(1)))).await;
    let open = house.add_promo(each("OPEN", None)).await;
    let ann = || guest("guest@example.org");
    let holds = async |hold: HoldSeats| {
        let outcome = house.store.hold_seats(hold).await.unwrap();
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    };
    // Says who she is after the code's end, and changes again: neither takes it up anew.
    holds(with(&ended, 1, &[1])).await;
    for _ in 0..2 {
        let booking = house.file(booking_id(1)).await.booking;
        let mut said = change(&booking, Some(&ended));
        said.booking.owner = ann();
        said.now = later(2);
        let outcome = house.store.change_hold(said).await.unwrap();
        assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    }
    assert_eq!(house.used(&ended).await, 1);
    // Pays with the address that it counts for already; what comes after says no address.
    holds(of(ann(), with(&open, 2, &[2]))).await;
    let paying = begin(&house.file(booking_id(2)).await.booking, 2);
    let paying = house.done(paying).await;
    house.done(confirm(&paying)).await;
    let more = of(ann(), with(&open, 3, &[3]));
    let outcome = house.store.hold_seats(more).await.unwrap();
    assert_eq!(outcome, HoldOutcome::PromoUsedByCustomer);
    assert_eq!(house.used(&open).await, 1);
    house.is_sound().await;
}

/// Money that comes late finds the customer's only use taken by another booking of theirs, or free.
pub async fn a_late_payment_claims_the_customers_use(engine: &impl Engine) {
    let house = House::open(engine).await;
    let code = house
        .add_promo(Promo {
            uses_per_customer: Some(1),
            ..promo("MINE", None)
        })
        .await;
    let ann = || guest("ann@example.org");
    let first = of(ann(), with(&code, 1, &[1]));
    let held = house.store.hold_seats(first).await.unwrap();
    assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    let expired = house.store.expire_holds(vec![booking_id(1)], later(9));
    expired.await.unwrap();
    let other = of(ann(), with(&code, 2, &[2]));
    let held = house.store.hold_seats(other.clone()).await.unwrap();
    assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    let late = house.file(booking_id(1)).await;
    let outcome = house.store.step(reclaim(&late, 1)).await.unwrap();
    assert_eq!(outcome, StepOutcome::PromoGone);
    house.done(release(&other.booking)).await;
    house.done(reclaim(&late, 1)).await;
    let again = of(ann(), with(&code, 3, &[3]));
    let outcome = house.store.hold_seats(again).await.unwrap();
    assert_eq!(outcome, HoldOutcome::PromoUsedByCustomer);
    house.is_sound().await;
}

/// Twenty bookings of one customer at once, for a code of so many uses each: exactly so many have it.
pub async fn a_customer_in_a_hurry_never_uses_a_code_too_often(engine: &impl Engine) {
    let house = House::open(engine).await;
    for (round, each) in [(0_u32, 1_u8), (1, 3)] {
        let code = house
            .add_promo(Promo {
                uses_per_customer: Some(each),
                ..promo(&format!("HURRY-{each}"), None)
            })
            .await;
        let mut tries = tokio::task::JoinSet::new();
        for at in 0..20_u32 {
            let store = Arc::clone(&house.store);
            let number = round * 100 + at + 1;
            let wanted = with(&code, number, &[(round * 20 + at) as u16 % CAPACITY]);
            let wanted = of(guest("ann@example.org"), wanted);
            tries.spawn(async move { store.hold_seats(wanted).await.unwrap() });
        }
        let outcomes = tries.join_all().await;
        let held = |outcome: &&HoldOutcome| matches!(outcome, HoldOutcome::Held { .. });
        assert_eq!(outcomes.iter().filter(held).count(), usize::from(each));
        let refused = |outcome: &&HoldOutcome| **outcome == HoldOutcome::PromoUsedByCustomer;
        assert_eq!(
            outcomes.iter().filter(refused).count(),
            20 - usize::from(each)
        );
        assert_eq!(house.used(&code).await, u32::from(each));
    }
    house.is_sound().await;
}
