//! Which choice of seats the desk refuses or changes, and under which name. The other parts look at what the books come
//! to; here it is each answer. cargo-mutants asked for most of these.

use crate::{
    answers::{held, payment, wish},
    house::House,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use matinee_booking::{
    Answered, ChangeInput, Desk, HoldInput, JobNotes, SaleError, SeatStates, ShowFile, Shows,
    Wanted,
};
use matinee_domain::{
    booking::BookingState,
    catalog::GapRule,
    ids::ShowId,
    price::{PriceChange, TicketType},
    seat_map::SeatId,
};
use matinee_integrations::sandbox::AUTHENTICATION_REQUIRED;
use matinee_store::{StoreError, catalog::CatalogChange, conformance::fixtures, feed::SeatState};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

fn seats(names: &[&str]) -> Wanted {
    Wanted::Seats(ids(names))
}

fn ids(names: &[&str]) -> Vec<SeatId> {
    names.iter().map(|name| SeatId((*name).into())).collect()
}

fn typed(wanted: Wanted, types: &[(&str, &str)]) -> HoldInput {
    let types = types.iter().map(|(seat, code)| (*seat, *code));
    HoldInput {
        ticket_types: types.map(|(s, c)| (s.into(), c.into())).collect(),
        ..wish(wanted)
    }
}

async fn refused(desk: &Desk, input: HoldInput) -> SaleError {
    desk.hold(input).await.unwrap_err()
}

/// A house whose theater has this gap rule and whose show has a ticket type for children at half the price.
async fn house(gap_rule: GapRule) -> House {
    let house = House::new().await;
    let mut theater = fixtures::theater(1, 1, 40);
    theater.gap_rule = gap_rule;
    let mut show = fixtures::show(1, 1, 1, 3, 1, 40);
    show.prices.ticket_types.push(TicketType {
        code: "child".into(),
        label: "Child".into(),
        change: PriceChange::BasisPoints(-5000),
        proof: None,
    });
    let change = CatalogChange {
        theaters: vec![theater],
        shows: vec![show],
        ..CatalogChange::default()
    };
    fixtures::apply(&*house.store, change).await;
    house
}

#[tokio::test]
async fn a_choice_has_one_to_ten_seats() {
    let house = House::new().await;
    let desk = &house.desk;
    let row: Vec<String> = (1..=10).map(|n| format!("1-{n}")).collect();
    let mut row: Vec<&str> = row.iter().map(String::as_str).collect();
    assert_eq!(
        held(desk, wish(seats(&row))).await.booking.seats.len(),
        10,
        "as many as allowed"
    );
    row.push("2-1");
    for wanted in [seats(&row), Wanted::Best(11)] {
        let error = refused(desk, wish(wanted)).await;
        assert!(
            matches!(error, SaleError::TooManySeats { max: 10 }),
            "{error}"
        );
    }
    for wanted in [seats(&[]), Wanted::Best(0)] {
        let error = refused(desk, wish(wanted)).await;
        assert!(matches!(error, SaleError::NoSeats), "{error}");
    }
    let best = held(desk, wish(Wanted::Best(10))).await;
    assert_eq!(best.booking.seats.len(), 10);
    let error = refused(desk, wish(seats(&["2-1", "2-1"]))).await;
    assert!(matches!(error, SaleError::DuplicateSeat { index: 1, .. }));
    let error = refused(desk, wish(seats(&["2-1", "9-9"]))).await;
    assert!(matches!(error, SaleError::UnknownSeat { index: 1, .. }));
}

#[tokio::test]
async fn ticket_types_and_categories_make_the_price() {
    let house = house(GapRule::Off).await;
    let desk = &house.desk;
    let wanted = || seats(&["2-1", "4-1"]);
    let types = [("2-1", "child"), ("4-1", "standard")];
    let booking = held(desk, typed(wanted(), &types)).await.booking;
    let prices: Vec<i64> = booking.seats.iter().map(|seat| seat.price_minor).collect();
    // Half of 14.50, the premium row's 18.50, and the fee of half a euro for each.
    assert_eq!(prices, [775, 1900]);
    let error = refused(desk, typed(seats(&["2-3"]), &[("2-3", "pensioner")])).await;
    assert!(
        matches!(error, SaleError::UnknownTicketType { .. }),
        "{error}"
    );
    let error = refused(desk, typed(seats(&["2-3"]), &[("2-4", "child")])).await;
    assert!(
        matches!(error, SaleError::TicketTypeWithoutSeat { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_promo_code_is_refused_unless_it_is_blank() {
    let house = House::new().await;
    for (code, good) in [("", true), ("  ", true), ("SPRING", false)] {
        let input = HoldInput {
            promo_code: Some(code.into()),
            ..wish(Wanted::Best(1))
        };
        match house.desk.hold(input).await {
            Ok(_) => assert!(good, "{code:?}"),
            Err(error) => {
                assert!(matches!(error, SaleError::PromoInvalid), "{error}");
                assert!(!good, "{code:?}");
            }
        }
        let input = ChangeInput {
            promo_code: Some(code.into()),
            ..ChangeInput::default()
        };
        let booking_id = held(&house.desk, wish(Wanted::Best(1)))
            .await
            .booking
            .booking_id;
        assert_eq!(house.desk.change(booking_id, input).await.is_ok(), good);
    }
}

/// Seats 2-1 and 2-3 leave 2-2 alone: refused, said, or nobody's business.
#[tokio::test]
async fn the_gap_rule_is_enforced_told_or_off() {
    for rule in [GapRule::Enforce, GapRule::Advise, GapRule::Off] {
        let house = house(rule).await;
        let stranding = house.desk.hold(wish(seats(&["2-1", "2-3"]))).await;
        match (rule, stranding) {
            (GapRule::Enforce, Err(SaleError::SingleSeatGap { suggestion, .. })) => {
                assert_eq!(suggestion.len(), 2);
            }
            (GapRule::Advise, Ok(Answered::Now { file, .. })) => {
                assert_eq!(file.booking.advice.len(), 1);
            }
            (GapRule::Off, Ok(Answered::Now { file, .. })) => {
                assert_eq!(file.booking.advice, Vec::<String>::new());
            }
            (rule, other) => panic!("{rule:?}: {other:?}"),
        }
    }
}

/// The rule judges what could succeed: a choice with somebody else's seat is answered with other seats instead. A change
/// of one's own hold is judged as if its seats were free.
#[tokio::test]
async fn the_gap_rule_looks_at_free_seats_and_ones_own() {
    let house = house(GapRule::Enforce).await;
    let desk = &house.desk;
    held(desk, wish(seats(&["2-1"]))).await;
    let error = refused(desk, wish(seats(&["2-1", "2-3"]))).await;
    assert!(matches!(error, SaleError::SeatsTaken { .. }), "{error}");
    let mine = held(desk, wish(seats(&["3-1", "3-2"]))).await.booking;
    let move_to = |names: &[&str]| ChangeInput {
        seat_ids: Some(ids(names)),
        ..ChangeInput::default()
    };
    let error = desk
        .change(mine.booking_id, move_to(&["3-1", "3-3"]))
        .await
        .unwrap_err();
    assert!(matches!(error, SaleError::SingleSeatGap { .. }), "{error}");
    let changed = desk
        .change(mine.booking_id, move_to(&["3-1"]))
        .await
        .unwrap();
    assert_eq!(
        changed.file.booking.seats.len(),
        1,
        "the answer is the changed booking"
    );
    assert_eq!(changed.file.booking.version, mine.version + 1);
}

#[tokio::test]
async fn who_comes_second_is_offered_free_seats() {
    let house = House::new().await;
    let desk = &house.desk;
    held(desk, wish(seats(&["2-3", "2-4", "2-5", "2-6"]))).await;
    let error = refused(desk, wish(seats(&["2-4"]))).await;
    let SaleError::SeatsTaken {
        taken,
        alternatives,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(taken, ids(&["2-4"]));
    assert_eq!(alternatives.len(), 3);
    let gone = ids(&["2-3", "2-4", "2-5", "2-6"]);
    for seat in alternatives.iter().flatten() {
        assert!(!gone.contains(seat), "{seat} is not free");
    }
}

/// What is done while the desk looks at the seats.
type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Shows whose seats are out of date so many times, and during whose next look something else happens.
struct OldNews {
    inner: Arc<dyn Shows>,
    lies: AtomicUsize,
    meanwhile: Mutex<Option<Work>>,
}

#[async_trait]
impl Shows for OldNews {
    async fn show(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        self.inner.show(show_id).await
    }
    async fn reload(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        self.inner.reload(show_id).await
    }
    async fn seats(&self, show: &ShowFile) -> Result<Arc<SeatStates>, StoreError> {
        let work = self
            .meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(work) = work {
            work.await;
        }
        let less = |left: usize| left.checked_sub(1);
        let now = self.inner.seats(show).await?;
        if self
            .lies
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .is_err()
        {
            return Ok(now);
        }
        let states = vec![SeatState::Available; now.states.len()];
        Ok(Arc::new(SeatStates {
            version: now.version,
            states,
        }))
    }
}

fn with_old_news(house: &House, lies: usize, meanwhile: Option<Work>) -> Desk {
    Desk {
        store: house.desk.store.clone(),
        promos: house.desk.promos.clone(),
        cancellations: house.desk.cancellations.clone(),
        moves: house.desk.moves.clone(),
        gifts: house.desk.gifts.clone(),
        shows: Arc::new(OldNews {
            inner: house.desk.shows.clone(),
            lies: AtomicUsize::new(lies),
            meanwhile: Mutex::new(meanwhile),
        }),
        gateway: house.desk.gateway.clone(),
        counter: None,
        clock: house.desk.clock.clone(),
        entropy: house.desk.entropy.clone(),
        render: house.desk.render.clone(),
        hold_life: house.desk.hold_life,
        quotas: false,
        refunds_refused: AtomicU64::new(0),
        notes: JobNotes::default(),
    }
}

/// The best seats by an old seat map are gone: they are chosen anew, a few times.
#[tokio::test]
async fn best_seats_that_are_gone_are_chosen_anew() {
    let house = house(GapRule::Off).await;
    let first = held(&house.desk, wish(Wanted::Best(2))).await.booking;
    for lies in [1, 3] {
        let second = held(&with_old_news(&house, lies, None), wish(Wanted::Best(2))).await;
        assert_ne!(second.booking.seats, first.seats);
    }
    let error = refused(&with_old_news(&house, 4, None), wish(Wanted::Best(2))).await;
    let SaleError::SeatsTaken { taken, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(taken.len(), 2);
}

/// Between reading a hold and changing it, something else becomes of it.
#[tokio::test]
async fn a_change_says_what_came_between() {
    for (what, method) in [("extended", ""), ("paid for", AUTHENTICATION_REQUIRED)] {
        let house = house(GapRule::Advise).await;
        let booking = held(&house.desk, wish(seats(&["2-4"]))).await.booking;
        let (booking_id, other) = (booking.booking_id, house.another_desk());
        house.later(TimeDelta::minutes(1));
        let work: Work = Box::pin(async move {
            if method.is_empty() {
                other.extend(booking_id, None).await.unwrap();
            } else {
                other.pay(payment(booking_id, method)).await.unwrap();
            }
        });
        let input = ChangeInput {
            seat_ids: Some(ids(&["2-5"])),
            if_version: Some(booking.version),
            ..ChangeInput::default()
        };
        let desk = with_old_news(&house, 0, Some(work));
        let error = desk.change(booking_id, input).await.unwrap_err();
        match what {
            "extended" => assert!(matches!(error, SaleError::VersionMismatch), "{error}"),
            _ => assert!(matches!(error, SaleError::PaymentInProgress), "{error}"),
        }
    }
}

/// Another server, whose clock is ahead, lets the hold run out in between.
#[tokio::test]
async fn a_change_says_that_the_hold_ran_out_meanwhile() {
    let house = house(GapRule::Advise).await;
    let booking_id = held(&house.desk, wish(seats(&["2-4"])))
        .await
        .booking
        .booking_id;
    let other = house.desk_ahead_by(TimeDelta::minutes(20));
    let work: Work = Box::pin(async move {
        assert_eq!(other.expire().await.unwrap().done, 1);
    });
    let desk = with_old_news(&house, 0, Some(work));
    let input = ChangeInput {
        seat_ids: Some(ids(&["2-5"])),
        ..ChangeInput::default()
    };
    let error = desk.change(booking_id, input).await.unwrap_err();
    assert!(matches!(error, SaleError::HoldExpired), "{error}");
}

/// Whoever changes a hold without a condition is not told of a race that was lost: it is decided anew.
#[tokio::test]
async fn a_change_without_a_condition_is_decided_anew() {
    let house = house(GapRule::Advise).await;
    let wanted = wish(seats(&["2-4"]));
    let booking_id = held(&house.desk, wanted).await.booking.booking_id;
    let other = house.another_desk();
    house.later(TimeDelta::minutes(1));
    let work: Work = Box::pin(async move {
        other.extend(booking_id, None).await.unwrap();
    });
    let desk = with_old_news(&house, 0, Some(work));
    let input = ChangeInput {
        seat_ids: Some(ids(&["2-5"])),
        ..ChangeInput::default()
    };
    let changed = desk.change(booking_id, input).await.unwrap();
    let map = &changed.show.map;
    let now = changed.file.booking.seats.iter();
    let now: Vec<_> = now.map(|seat| map.seat_id(seat.seat)).collect();
    assert_eq!(now, ids(&["2-5"]));
}

/// Seats that stay keep their ticket types, and so their prices; new ones are standard.
#[tokio::test]
async fn a_change_keeps_the_types_of_the_seats_that_stay() {
    let house = house(GapRule::Off).await;
    let types = [("2-1", "child"), ("2-3", "child")];
    let wanted = typed(seats(&["2-1", "2-2", "2-3"]), &types);
    let booking_id = held(&house.desk, wanted).await.booking.booking_id;
    let input = ChangeInput {
        seat_ids: Some(ids(&["2-1", "2-2", "2-4"])),
        ..ChangeInput::default()
    };
    let changed = house.desk.change(booking_id, input).await.unwrap();
    let seats = changed.file.booking.seats.iter();
    let kept: Vec<_> = seats
        .map(|seat| (seat.ticket_type.as_str(), seat.price_minor))
        .collect();
    let standard = ("standard", 1_500);
    assert_eq!(kept, [("child", 775), standard, standard]);
}

/// At the instant a hold ends it is over, also while no job has freed its seats yet.
#[tokio::test]
async fn a_hold_that_ran_out_is_not_changed() {
    let house = house(GapRule::Off).await;
    let booking = held(&house.desk, wish(seats(&["2-4"]))).await.booking;
    let BookingState::Held { expires_at, .. } = booking.state else {
        panic!("{:?}", booking.state);
    };
    house.later(expires_at - house.now());
    let input = ChangeInput {
        seat_ids: Some(ids(&["2-5"])),
        ..ChangeInput::default()
    };
    let error = house.desk.change(booking.booking_id, input).await;
    assert!(matches!(error, Err(SaleError::HoldExpired)), "{error:?}");
    let error = house.desk.extend(booking.booking_id, None).await;
    assert!(matches!(error, Err(SaleError::HoldExpired)), "{error:?}");
}
