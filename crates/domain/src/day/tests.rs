//! Days around changes of clocks, and that whatever was sold and given back, the days add up to the ledger.

use super::*;
use crate::{
    ids::{TheaterId, time_ordered},
    money::{Currency, Money},
};
use chrono::TimeDelta;
use proptest::prelude::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_day_is_as_long_as_its_clocks_say() {
    for (zone, day, hours) in [
        (Tz::Europe__Berlin, "2030-05-04", 24),
        (Tz::Europe__Berlin, "2030-03-31", 23),
        (Tz::Europe__Berlin, "2030-10-27", 25),
        // Clocks that change at midnight: on the one day there is none, on the other there are two.
        (Tz::America__Asuncion, "2023-10-01", 23),
        (Tz::America__Havana, "2024-11-03", 25),
        // And by half an hour.
        (Tz::Australia__Lord_Howe, "2024-10-06", 23),
        (Tz::UTC, "2030-03-31", 24),
    ] {
        let (from, until) = bounds(date(day), zone).unwrap();
        let length = until - from;
        let expected = if zone == Tz::Australia__Lord_Howe {
            TimeDelta::minutes(hours * 60 + 30)
        } else {
            TimeDelta::hours(hours)
        };
        assert_eq!(length, expected, "{zone} {day}");
        let (_, before) = bounds(date(day).pred_opt().unwrap(), zone).unwrap();
        assert_eq!(before, from, "no moment is between two days");
    }
}

#[test]
fn a_part_contains_its_share_of_the_tax() {
    assert_eq!(share_of_tax(184, 1500, 1500), 184);
    assert_eq!(share_of_tax(184, 750, 1500), 92);
    assert_eq!(share_of_tax(185, 750, 1500), 93);
    assert_eq!(share_of_tax(0, 750, 1500), 0);
    assert_eq!(share_of_tax(7, 0, 0), 0);
    let line = |minor, kind| Line {
        label: String::new(),
        amount: Money::new(minor, Currency::new(*b"EUR")),
        kind,
    };
    let lines = [line(1500, LineKind::Part), line(184, LineKind::Contained)];
    assert_eq!(tax_of(&lines), 184);
}

const TYPES: [&str; 3] = ["standard", "child", "senior"];
const METHODS: [&str; 3] = ["stripe", "cash", "gift"];
const REASONS: [&str; 3] = ["cancelled_by_customer", "show_cancelled", "goodwill"];

/// A sale on one of some days, and what of it goes back on which.
#[derive(Debug, Clone)]
struct Story {
    day: usize,
    sale: Sale,
    back: Vec<(usize, GivenBack)>,
}

prop_compose! {
    fn story()(
        day in 0..5_usize,
        show in 0..4_u8,
        method in 0..METHODS.len(),
        channel in 0..SaleChannel::ALL.len(),
        late in prop::bool::weighted(0.1),
        test in any::<bool>(),
        seats in prop::collection::vec((0..TYPES.len(), 0..5_000_i64), 1..6),
        shares in prop::collection::vec((0..5_usize, 0..REASONS.len(), 0..=100_i64), 0..4),
        gift in prop_oneof![Just(0_i64), Just(100), 1..100_i64],
        id in any::<[u8; 16]>(),
    ) -> Story {
        let theater = TheaterId::from_bytes([1; 16]);
        let show_id = ShowId::from_parts(theater, [show; 16]);
        let seats: Vec<(String, i64)> = seats.into_iter().map(|(at, minor)| (TYPES[at].to_owned(), minor)).collect();
        let captured_minor: i64 = seats.iter().map(|(_, minor)| minor).sum();
        let mut left = captured_minor;
        let mut back = Vec::new();
        for (on, reason, percent) in shares {
            // Late money goes back whole, once.
            let amount_minor = if late { left } else { captured_minor * percent / 100 }.min(left);
            left -= amount_minor;
            back.push((on, GivenBack {
                refund_id: RefundId::from_bytes(id),
                at: DateTime::UNIX_EPOCH,
                show_id,
                method: METHODS[method].to_owned(),
                reason: if late { "seats_gone".to_owned() } else { REASONS[reason].to_owned() },
                late,
                amount_minor,
                tax_minor: share_of_tax(captured_minor / 8, amount_minor, captured_minor),
            }));
        }
        let gift_minor = captured_minor * gift / 100;
        let sale = Sale {
            payment_id: PaymentId::from_parts(theater, time_ordered(0, id)),
            show_id,
            method: METHODS[method].to_owned(),
            channel: SaleChannel::ALL[channel],
            captured_minor: captured_minor - gift_minor,
            gift_minor,
            late,
            test,
            seats,
            tax_minor: captured_minor / 8,
        };
        Story { day, sale, back }
    }
}

proptest! {
    /// Each day adds up, and so do all of them together: to what was captured and what went back.
    #[test]
    fn the_days_together_are_the_ledger(stories in prop::collection::vec(story(), 0..60)) {
        let mut days = vec![Totals::default(); 5];
        let (mut captured, mut refunded) = (0, 0);
        for story in &stories {
            captured += story.sale.captured_minor + story.sale.gift_minor;
            days[story.day].sell(&story.sale);
            for (day, back) in &story.back {
                refunded += back.amount_minor;
                days[*day].give_back(back);
            }
        }
        for day in &days {
            prop_assert!(day.adds_up(), "{day:?}");
        }
        let of = |value: fn(&Totals) -> i64| days.iter().map(value).sum::<i64>();
        prop_assert_eq!(of(|day| day.tickets.minor + day.late.minor), captured);
        prop_assert_eq!(of(|day| day.captured.minor), captured);
        prop_assert_eq!(of(|day| day.back.minor), refunded);
        let seats: usize = stories.iter().filter(|story| !story.sale.late).map(|story| story.sale.seats.len()).sum();
        prop_assert_eq!(days.iter().map(|day| day.tickets.count as usize).sum::<usize>(), seats);
    }
}

fn sale(captured_minor: i64, gift_minor: i64) -> Sale {
    let theater = TheaterId::from_bytes([1; 16]);
    Sale {
        payment_id: PaymentId::from_parts(theater, time_ordered(0, [1; 16])),
        show_id: ShowId::from_parts(theater, [1; 16]),
        method: "cash".into(),
        channel: SaleChannel::Web,
        captured_minor,
        gift_minor,
        late: false,
        test: false,
        seats: vec![("standard".into(), captured_minor + gift_minor)],
        tax_minor: 30,
    }
}

fn refund(sale: &Sale, amount_minor: i64, tax_minor: i64) -> GivenBack {
    GivenBack {
        refund_id: RefundId::from_bytes([1; 16]),
        at: DateTime::UNIX_EPOCH,
        show_id: sale.show_id,
        method: sale.method.clone(),
        reason: "goodwill".into(),
        late: false,
        amount_minor,
        tax_minor,
    }
}

#[test]
fn a_sale_is_named_by_what_it_was_paid_with() {
    let sale_parts = |captured, gift| {
        let sale = sale(captured, gift);
        let parts = sale.parts();
        parts
            .map(|(method, minor)| (method.to_owned(), minor))
            .collect::<Vec<_>>()
    };
    let (cash, card) = ("cash".to_owned(), GIFT_CARD.to_owned());
    assert_eq!(sale_parts(200, 0), [(cash.clone(), 200)]);
    assert_eq!(sale_parts(0, 200), [(card.clone(), 200)]);
    assert_eq!(sale_parts(50, 150), [(cash.clone(), 50), (card, 150)]);
    assert_eq!(
        sale_parts(0, 0),
        [(cash, 0)],
        "what costs nothing was sold too"
    );
}

#[test]
fn taxes_and_tickets_are_counted_up() {
    let mut day = Totals::default();
    let sale = sale(200, 0);
    for _ in 0..3 {
        day.sell(&sale);
    }
    for _ in 0..2 {
        day.give_back(&refund(&sale, 100, 15));
    }
    assert_eq!((day.tax_sold_minor, day.tax_back_minor), (90, 30));
    assert_eq!(day.channels[&SaleChannel::Web].tickets, 3);
}

#[test]
fn totals_that_disagree_do_not_add_up() {
    let mut good = Totals::default();
    let sale = sale(200, 0);
    good.sell(&sale);
    good.give_back(&refund(&sale, 100, 15));
    assert!(good.adds_up());
    let wrong: [fn(&mut Totals); 8] = [
        |day| day.tickets.minor += 1,
        |day| day.ticket_types.clear(),
        |day| day.shows.clear(),
        |day| day.channels.clear(),
        |day| day.methods.clear(),
        |day| day.settled.clear(),
        |day| day.reasons.clear(),
        |day| day.late_back.minor += 1,
    ];
    for (at, change) in wrong.into_iter().enumerate() {
        let mut day = good.clone();
        change(&mut day);
        assert!(!day.adds_up(), "change {at}");
    }
    // Each part by itself is enough to disagree.
    let mut day = good.clone();
    day.settled.values_mut().for_each(|one| one.sold.minor += 1);
    assert!(!day.adds_up());
    let mut day = good;
    day.settled.values_mut().for_each(|one| one.back.minor += 1);
    assert!(!day.adds_up());
}
