//! Prices, refunds and their sums.

use super::*;
use chrono::NaiveDate;
use proptest::prelude::*;

const EUR: Currency = Currency::new(*b"EUR");

fn category(code: &str) -> SeatCategory {
    SeatCategory {
        code: code.into(),
        label: code.into(),
        color: "#888888".into(),
    }
}

fn list(amounts: &[(&str, i64)], rules: Vec<PriceRule>) -> PriceList {
    let price = |(code, minor): &(&str, i64)| CategoryPrice {
        category: (*code).into(),
        amount_minor: *minor,
    };
    let prices = amounts.iter().map(price).collect();
    PriceList {
        external_id: "regular".into(),
        name: "Regular".into(),
        prices,
        rules,
    }
}

fn rule(label: &str, change: PriceChange) -> PriceRule {
    PriceRule {
        label: label.into(),
        weekdays: vec![],
        from_minute: None,
        until_minute: None,
        categories: vec![],
        change,
    }
}

fn ticket(code: &str, label: &str, change: PriceChange) -> TicketType {
    TicketType {
        code: code.into(),
        label: label.into(),
        change,
        proof: None,
    }
}

fn vat() -> Tax {
    Tax {
        label: "VAT 14 %".into(),
        basis_points: 1_400,
    }
}

/// 21 November 2026 is a Saturday.
fn saturday(hour: u32, minute: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 21)
        .unwrap()
        .and_hms_opt(hour, minute, 0)
        .unwrap()
}

fn resolve(
    list: &PriceList,
    types: &[TicketType],
    at: NaiveDateTime,
) -> Result<ShowPrices, PriceError> {
    let categories = [category("standard"), category("premium")];
    ShowPrices::resolve(
        EUR,
        list,
        types,
        Fees { per_seat_minor: 50 },
        &vat(),
        &categories,
        at,
    )
}

fn resolved(rules: Vec<PriceRule>, types: &[TicketType], at: NaiveDateTime) -> ShowPrices {
    resolve(
        &list(&[("standard", 1_200), ("premium", 1_500)], rules),
        types,
        at,
    )
    .unwrap()
}

#[test]
fn standard_exists_where_a_theater_names_none() {
    let prices = resolved(
        vec![],
        &[ticket("child", "Child", PriceChange::Fixed(700))],
        saturday(20, 0),
    );
    assert_eq!(
        prices.seat_price(1, STANDARD).unwrap(),
        Money::new(1_550, EUR)
    );
    assert_eq!(prices.seat_price(1, "child").unwrap(), Money::new(750, EUR));
    assert_eq!(prices.from_price(), Money::new(1_250, EUR));
    assert_eq!(
        prices.ticket_types.len(),
        2,
        "standard is listed with the others"
    );
    // Also in prices that were stored without it.
    let stored = ShowPrices {
        ticket_types: vec![],
        ..prices
    };
    assert_eq!(stored.ticket_type(STANDARD).unwrap().label, "Standard");
    assert_eq!(stored.ticket_type("child"), None);
}

#[test]
fn rules_apply_in_the_order_of_the_list() {
    let quarter_off = rule("Matinee", PriceChange::BasisPoints(-2_500));
    let surcharge = rule("3D", PriceChange::Amount(200));
    let first_off = resolved(
        vec![quarter_off.clone(), surcharge.clone()],
        &[],
        saturday(14, 0),
    );
    let first_up = resolved(vec![surcharge, quarter_off], &[], saturday(14, 0));
    assert_eq!(
        (first_off.base_minor[0], first_up.base_minor[0]),
        (1_100, 1_050)
    );
    assert_eq!(first_off.applied, ["Matinee", "3D"]);
}

#[test]
fn a_rule_holds_on_its_days_times_and_categories_only() {
    let evening = PriceRule {
        weekdays: vec![6],
        from_minute: Some(18 * 60),
        until_minute: Some(23 * 60),
        categories: vec!["premium".into()],
        ..rule("Saturday evening", PriceChange::Amount(100))
    };
    let base_at = |at| resolved(vec![evening.clone()], &[], at).base_minor;
    assert_eq!(base_at(saturday(18, 0)), [1_200, 1_600]);
    assert_eq!(base_at(saturday(17, 59)), [1_200, 1_500]);
    assert_eq!(base_at(saturday(23, 0)), [1_200, 1_500]);
    assert_eq!(
        base_at(saturday(18, 0) + chrono::TimeDelta::days(1)),
        [1_200, 1_500]
    );
    assert!(
        resolved(vec![evening], &[], saturday(12, 0))
            .applied
            .is_empty()
    );
}

#[test]
fn a_window_may_wrap_midnight_and_the_weekday_is_the_shows_own() {
    let late = PriceRule {
        weekdays: vec![6],
        from_minute: Some(22 * 60),
        until_minute: Some(2 * 60),
        ..rule("Late", PriceChange::Fixed(500))
    };
    let base_at = |at| resolved(vec![late.clone()], &[], at).base_minor[0];
    assert_eq!(base_at(saturday(23, 30)), 500);
    assert_eq!(base_at(saturday(1, 59)), 500);
    assert_eq!(base_at(saturday(2, 0)), 1_200);
    assert_eq!(base_at(saturday(21, 59)), 1_200);
    assert_eq!(
        base_at(saturday(1, 0) + chrono::TimeDelta::days(1)),
        1_200,
        "Sunday at 01:00 is Sunday"
    );
}

#[test]
fn a_window_is_exact_to_the_minute_and_one_that_ends_where_it_begins_is_the_whole_day() {
    let cheap = |from, until| PriceRule {
        from_minute: Some(from),
        until_minute: Some(until),
        ..rule("Cheap", PriceChange::Fixed(500))
    };
    let base_at = |rule: &PriceRule, at| resolved(vec![rule.clone()], &[], at).base_minor[0];
    let afternoon = cheap(14 * 60 + 20, 14 * 60 + 40);
    for (minute, price) in [(19, 1_200), (20, 500), (39, 500), (40, 1_200)] {
        assert_eq!(base_at(&afternoon, saturday(14, minute)), price, "{minute}");
    }
    let always = cheap(18 * 60, 18 * 60);
    for hour in [0, 17, 18, 23] {
        assert_eq!(base_at(&always, saturday(hour, 0)), 500, "{hour}");
    }
}

#[test]
fn half_a_minor_unit_rounds_away_from_zero_and_no_price_is_negative() {
    let of = |change| {
        resolve(
            &list(
                &[("standard", 1_005), ("premium", 0)],
                vec![rule("r", change)],
            ),
            &[],
            saturday(9, 0),
        )
    };
    assert_eq!(
        of(PriceChange::BasisPoints(-5_000)).unwrap().base_minor[0],
        503
    );
    assert_eq!(of(PriceChange::Amount(-2_000)).unwrap().base_minor[0], 0);
    assert_eq!(
        of(PriceChange::BasisPoints(-20_000)).unwrap().base_minor[0],
        0
    );
    assert_eq!(scale(-5, 1, 2), -3);
    assert_eq!(scale(5, 1, 2), 3);
    assert_eq!(scale(4, 1, 3), 1);
}

#[test]
fn the_breakdown_groups_tickets_and_names_fee_and_contained_tax() {
    let types = [
        ticket(STANDARD, "Adult", PriceChange::BasisPoints(0)),
        ticket("child", "Child", PriceChange::BasisPoints(-5_000)),
    ];
    let prices = resolved(vec![], &types, saturday(20, 0));
    let quote = prices
        .quote([(0, STANDARD), (1, "child"), (0, STANDARD)])
        .unwrap();
    assert_eq!(
        quote
            .seats
            .iter()
            .map(|seat| seat.amount_minor)
            .collect::<Vec<_>>(),
        [1_250, 800, 1_250]
    );
    let lines: Vec<(&str, i64, LineKind)> = quote
        .lines
        .iter()
        .map(|line| (line.label.as_str(), line.amount.amount_minor, line.kind))
        .collect();
    assert_eq!(
        lines,
        [
            ("2 × Adult", 2_400, LineKind::Part),
            ("1 × Child", 750, LineKind::Part),
            ("Booking fee", 150, LineKind::Part),
            // 3300 × 14 ÷ 114 = 405.26
            ("incl. VAT 14 %", 405, LineKind::Contained),
        ]
    );
    assert_eq!(quote.total, Money::new(3_300, EUR));
}

#[test]
fn categories_are_kept_apart_even_at_one_price() {
    let flat = rule("Matinee", PriceChange::Fixed(800));
    let quote = resolved(vec![flat], &[], saturday(14, 0))
        .quote([(0, STANDARD), (1, STANDARD)])
        .unwrap();
    let tickets = quote
        .lines
        .iter()
        .filter(|line| line.label == "1 × Standard");
    assert_eq!(tickets.count(), 2);
}

#[test]
fn neither_fee_nor_tax_is_mentioned_where_there_is_none() {
    let none = Tax {
        label: String::new(),
        basis_points: 0,
    };
    let prices = ShowPrices {
        fees: Fees::default(),
        tax: none,
        ..resolved(vec![], &[], saturday(20, 0))
    };
    let quote = prices.quote([(0, STANDARD)]).unwrap();
    assert_eq!(quote.lines.len(), 1);
}

#[test]
fn what_cannot_be_priced_is_refused_by_name() {
    let prices = resolved(vec![], &[], saturday(20, 0));
    assert_eq!(prices.quote([]).unwrap_err(), PriceError::NoSeats);
    assert_eq!(
        prices.quote([(0, "pirate")]).unwrap_err(),
        PriceError::UnknownTicketType("pirate".into())
    );
    assert!(matches!(
        prices.seat_price(7, STANDARD),
        Err(PriceError::MissingCategory(_))
    ));
    let lacking = resolve(&list(&[("standard", 1)], vec![]), &[], saturday(9, 0));
    assert_eq!(
        lacking.unwrap_err(),
        PriceError::MissingCategory("premium".into())
    );
}

#[test]
fn amounts_out_of_range_are_errors_and_never_wrap() {
    let with = |minor, types: &[TicketType]| {
        resolve(
            &list(&[("standard", minor), ("premium", 1)], vec![]),
            types,
            saturday(9, 0),
        )
    };
    assert_eq!(with(-1, &[]).unwrap_err(), PriceError::OutOfRange);
    assert_eq!(with(i64::MAX, &[]).unwrap_err(), PriceError::OutOfRange);
    assert_eq!(
        with(MAX_AMOUNT_MINOR, &[]).unwrap_err(),
        PriceError::OutOfRange,
        "the fee no longer fits"
    );
    let doubled = [ticket("double", "Double", PriceChange::BasisPoints(10_000))];
    assert_eq!(
        with(MAX_AMOUNT_MINOR / 2 + 1, &doubled).unwrap_err(),
        PriceError::OutOfRange
    );
    let large = with(MAX_AMOUNT_MINOR / 2, &[]).unwrap();
    assert_eq!(
        large.quote([(0, STANDARD); 3]).unwrap_err(),
        PriceError::OutOfRange
    );
    let negative_fee = ShowPrices {
        fees: Fees { per_seat_minor: -1 },
        ..large
    };
    assert_eq!(
        negative_fee.quote([(0, STANDARD)]).unwrap_err(),
        PriceError::OutOfRange
    );
}

#[test]
fn apportioning_gives_the_odd_units_to_the_largest_remainders() {
    assert_eq!(apportion(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(apportion(10, &[5, 3, 3]), [4, 3, 3]);
    assert_eq!(apportion(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(apportion(5, &[0, 0]), [3, 2]);
    assert_eq!(apportion(5, &[-7, 2]), [0, 5]);
    assert_eq!(apportion(5, &[]), Vec::<i64>::new());
    assert_eq!(
        apportion(i64::MIN, &[i64::MAX, i64::MAX])
            .iter()
            .sum::<i64>(),
        i64::MIN
    );
}

/// Currencies with 0, 2 and 3 decimals.
fn currencies() -> impl Strategy<Value = Currency> {
    prop_oneof![
        Just(Currency::new(*b"JPY")),
        Just(EUR),
        Just(Currency::new(*b"KWD"))
    ]
}

fn changes() -> impl Strategy<Value = PriceChange> {
    prop_oneof![
        (-12_000..12_000).prop_map(PriceChange::BasisPoints),
        (-2_000..2_000).prop_map(PriceChange::Amount),
        (0..5_000_u32).prop_map(PriceChange::Fixed),
    ]
}

prop_compose! {
    /// Any show prices with two categories and three ticket types, two of which read the same.
    fn any_prices()(
        currency in currencies(),
        amounts in prop::array::uniform2(0..100_000_i64),
        rules in prop::collection::vec(changes(), 0..4),
        types in prop::array::uniform3(changes()),
        fee in 0..500_i64,
        rate in 0..3_000_u32,
    ) -> ShowPrices {
        let list = list(&[("standard", amounts[0]), ("premium", amounts[1])], rules.into_iter().map(|change| rule("r", change)).collect());
        let types = [ticket(STANDARD, "Adult", types[0]), ticket("child", "Child", types[1]), ticket("school", "Child", types[2])];
        let tax = Tax { label: "VAT".into(), basis_points: rate };
        let categories = [category("standard"), category("premium")];
        ShowPrices::resolve(currency, &list, &types, Fees { per_seat_minor: fee }, &tax, &categories, saturday(20, 0)).unwrap()
    }
}

proptest! {
    #[test]
    fn seats_and_parts_add_up_to_the_total(
        prices in any_prices(),
        seats in prop::collection::vec((0..2_u16, prop::sample::select(vec![STANDARD, "child", "school"])), 1..51),
    ) {
        let quote = prices.quote(seats.iter().copied()).unwrap();
        let sum = |mut amounts: &mut dyn Iterator<Item = Money>| {
            Iterator::try_fold(&mut amounts, Money::zero(prices.currency), Money::checked_add).unwrap()
        };
        prop_assert_eq!(sum(&mut quote.seats.iter().copied()), quote.total);
        let mut parts = quote.lines.iter().filter(|line| line.kind == LineKind::Part).map(|line| line.amount);
        prop_assert_eq!(sum(&mut parts), quote.total);
        for line in quote.lines.iter().filter(|line| line.kind == LineKind::Contained) {
            prop_assert!((0..=quote.total.amount_minor).contains(&line.amount.amount_minor));
        }
        for (seat, price) in seats.iter().zip(&quote.seats) {
            prop_assert!(price.amount_minor >= prices.fees.per_seat_minor);
            prop_assert_eq!(*price, prices.seat_price(seat.0, seat.1).unwrap(), "a seat costs the same alone");
        }
    }

    #[test]
    fn apportioned_parts_add_up_and_a_heavier_part_never_gets_less(
        // Few units among many parts are where an odd one could go wrong.
        total in prop_oneof![-20..20_i64, -10_000_000..10_000_000_i64],
        weights in prop::collection::vec(prop_oneof![0..5_i64, 0..100_000_i64], 1..20),
    ) {
        let parts = apportion(total, &weights);
        prop_assert_eq!(parts.iter().sum::<i64>(), total);
        for (i, j) in (0..weights.len()).flat_map(|i| (0..weights.len()).map(move |j| (i, j))) {
            prop_assert!(parts[i].signum() * total.signum() >= 0);
            if weights[i] > weights[j] {
                prop_assert!(parts[i].abs() >= parts[j].abs(), "{parts:?} by {weights:?}");
            }
        }
    }

    #[test]
    fn an_apportioned_part_is_its_exact_share_rounded(
        total in 0..10_000_000_i64,
        weights in prop::collection::vec(1..100_000_i64, 1..20),
    ) {
        let sum: i64 = weights.iter().sum();
        for (part, weight) in apportion(total, &weights).into_iter().zip(weights) {
            let floor = total * weight / sum;
            prop_assert!(part == floor || part == floor + 1);
        }
    }
}

#[test]
fn the_counter_asks_no_fee_and_a_present_costs_nothing() {
    let prices = ShowPrices {
        currency: EUR,
        base_minor: vec![1_000, 1_300],
        applied: vec![],
        ticket_types: vec![
            ticket(STANDARD, "Adult", PriceChange::BasisPoints(0)),
            ticket("child", "Child", PriceChange::Amount(-200)),
        ],
        fees: Fees { per_seat_minor: 50 },
        tax: vat(),
    };
    let seats = [(0, STANDARD), (1, "child")];
    let at_counter = prices.at_counter().quote(seats).unwrap();
    assert_eq!(at_counter.total.amount_minor, 1_000 + 1_100);
    assert!(
        at_counter
            .lines
            .iter()
            .all(|line| line.label != "Booking fee")
    );
    let present = prices.as_present().quote(seats).unwrap();
    assert_eq!(present.total, Money::zero(EUR));
    let labels: Vec<_> = present
        .lines
        .iter()
        .map(|line| line.label.as_str())
        .collect();
    assert_eq!(labels, ["1 × Adult", "1 × Child", "incl. VAT 14 %"]);
    assert!(present.seats.iter().all(|seat| seat.amount_minor == 0));
}

#[test]
fn each_rule_that_counts_is_named_once() {
    let extra = |label: &str, categories: &[&str]| PriceRule {
        categories: categories.iter().map(ToString::to_string).collect(),
        ..rule(label, PriceChange::Amount(100))
    };
    let rules = vec![
        extra("Weekend", &["standard"]),
        extra("Weekend", &["premium"]),
        extra("Balcony", &["balcony"]),
    ];
    let prices = resolved(rules, &[], saturday(20, 0));
    assert_eq!(
        prices.applied,
        ["Weekend"],
        "once, and none that is for another screen's seats"
    );
}

#[test]
fn a_present_costs_nothing_whoever_it_is_for() {
    let types = [
        ticket("dearer", "With glasses", PriceChange::Amount(150)),
        ticket("fixed", "Student", PriceChange::Fixed(700)),
    ];
    let present = resolved(vec![], &types, saturday(20, 0)).as_present();
    for code in [STANDARD, "dearer", "fixed"] {
        let price = present.seat_price(0, code).unwrap();
        assert_eq!(price.amount_minor, 0, "{code}");
    }
}

#[test]
fn a_scaled_amount_is_rounded_half_away_from_zero() {
    for (amount, expected) in [(5, 3), (3, 2), (4, 2), (0, 0), (-5, -3), (-3, -2), (-4, -2)] {
        assert_eq!(scale(amount, 1, 2), expected, "{amount} ÷ 2");
    }
}
