//! Codes as people type them, and what they are worth: the parts are the whole, whatever is cancelled first.

use super::*;
use crate::{
    ids::TheaterId,
    price::{Fees, Line, LineKind, PriceChange, Quote, STANDARD, ShowPrices, Tax, TicketType},
};
use chrono::TimeDelta;
use proptest::prelude::*;

const EUR: Currency = Currency::new(*b"EUR");
const KWD: Currency = Currency::new(*b"KWD");

fn eur(minor: i64) -> Money {
    Money::new(minor, EUR)
}

fn promo(discount: Discount) -> Promo {
    Promo {
        code: "SPRING".parse().unwrap(),
        terms: PromoTerms {
            discount,
            ticket_types: vec![],
            movies: vec![],
            shows: vec![],
            weekdays: vec![],
            combines_with_reduced: false,
        },
        starts_at: DateTime::UNIX_EPOCH,
        ends_at: None,
        max_uses: None,
        uses_per_customer: None,
    }
}

/// Three categories, children for half, a fee of half a euro.
fn prices(currency: Currency, base_minor: Vec<i64>) -> ShowPrices {
    let child = TicketType {
        code: "child".into(),
        label: "Child".into(),
        change: PriceChange::BasisPoints(-5_000),
        proof: None,
    };
    ShowPrices {
        currency,
        base_minor,
        applied: vec![],
        ticket_types: vec![child],
        fees: Fees { per_seat_minor: 50 },
        tax: Tax {
            label: "VAT 14 %".into(),
            basis_points: 1_400,
        },
    }
}

fn reduced(prices: &ShowPrices, seats: &[(u16, &str)], promo: &Promo) -> (Quote, Option<Quote>) {
    let quote = prices.quote(seats.iter().copied()).unwrap();
    let with = prices
        .with_promo(quote.clone(), seats.iter().copied(), promo)
        .unwrap();
    (quote, with)
}

fn minors(quote: &Quote) -> Vec<i64> {
    quote.seats.iter().map(|seat| seat.amount_minor).collect()
}

#[test]
fn a_code_is_read_as_people_type_it() {
    for typed in ["SPRING-10", " spring-10 ", "Spring - 10"] {
        assert_eq!(typed.parse::<PromoCode>().unwrap().as_str(), "SPRING-10");
    }
    let long = "A".repeat(33);
    for typed in ["", "  ", "AB", "ÄPFEL", "A;B--", "50%", long.as_str()] {
        assert_eq!(typed.parse::<PromoCode>(), Err(NotACode), "{typed:?}");
    }
    assert!(serde_json::from_str::<PromoCode>("\"a b\"").is_err());
}

#[test]
fn a_fixed_discount_is_shared_by_price_to_the_last_cent() {
    let prices = prices(EUR, vec![950, 1_950]);
    let seats = [(0, STANDARD), (1, STANDARD), (0, STANDARD)];
    let (_, with) = reduced(&prices, &seats, &promo(Discount::Fixed(eur(500))));
    let with = with.unwrap();
    assert_eq!(minors(&with), [875, 1_750, 875]);
    assert_eq!(with.total, eur(3_500));
    let off = Line {
        label: "Promo code SPRING".into(),
        amount: eur(-500),
        kind: LineKind::Part,
    };
    assert!(with.lines.contains(&off), "{:?}", with.lines);
    let tax = with.lines.last().unwrap();
    assert_eq!((tax.kind, tax.amount), (LineKind::Contained, eur(430)));
}

#[test]
fn a_percentage_is_of_each_seat() {
    let prices = prices(EUR, vec![955, 1_950]);
    let quarter = promo(Discount::Percent(2_500));
    let (_, with) = reduced(&prices, &[(0, STANDARD), (1, STANDARD)], &quarter);
    assert_eq!(minors(&with.unwrap()), [754, 1_500]);
    let (_, with) = reduced(&prices, &[(1, STANDARD)], &promo(Discount::Percent(10_000)));
    assert_eq!(with.unwrap().total, eur(0));
}

#[test]
fn reduced_tickets_are_left_alone_unless_the_code_combines() {
    let prices = prices(EUR, vec![950]);
    let seats = [(0, "child"), (0, STANDARD)];
    let mut code = promo(Discount::Fixed(eur(300)));
    let (_, with) = reduced(&prices, &seats, &code);
    assert_eq!(minors(&with.unwrap()), [525, 700]);
    let (_, with) = reduced(&prices, &[(0, "child")], &code);
    assert_eq!(with, None, "nothing of this booking is for the code");
    code.terms.combines_with_reduced = true;
    let (_, with) = reduced(&prices, &seats, &code);
    assert_eq!(minors(&with.unwrap()), [422, 803]);
    code.terms.ticket_types = vec!["child".into()];
    let (_, with) = reduced(&prices, &seats, &code);
    assert_eq!(minors(&with.unwrap()), [225, 1_000]);
}

#[test]
fn what_costs_nothing_takes_no_code_and_another_currency_is_no_discount() {
    let mut free = prices(EUR, vec![0]);
    free.fees.per_seat_minor = 0;
    let (_, with) = reduced(&free, &[(0, STANDARD)], &promo(Discount::Percent(5_000)));
    assert_eq!(with, None);
    let foreign = promo(Discount::Fixed(Money::new(500, KWD)));
    let (_, with) = reduced(&prices(EUR, vec![950]), &[(0, STANDARD)], &foreign);
    assert_eq!(with, None);
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let good = || promo(Discount::Fixed(eur(500)));
    assert_eq!(good().checked(EUR), Ok(good()));
    for bad in [Discount::Percent(0), Discount::Percent(10_001)] {
        assert_eq!(promo(bad).checked(EUR), Err(BadPromo::Percent));
    }
    for points in [1, 9_999, 10_000] {
        let good = promo(Discount::Percent(points));
        assert_eq!(good.clone().checked(EUR), Ok(good), "{points}");
    }
    let most = promo(Discount::Fixed(eur(crate::money::MAX_AMOUNT_MINOR)));
    assert_eq!(most.clone().checked(EUR), Ok(most));
    let too_much = crate::money::MAX_AMOUNT_MINOR + 1;
    for (minor, currency) in [(0, EUR), (-1, EUR), (too_much, EUR), (1_005, KWD)] {
        let bad = promo(Discount::Fixed(Money::new(minor, currency)));
        assert_eq!(bad.checked(currency), Err(BadPromo::Amount(currency)));
    }
    assert!(matches!(
        good().checked(KWD),
        Err(BadPromo::Currency { .. })
    ));
    let mut bad = good();
    bad.max_uses = Some(0);
    assert_eq!(bad.checked(EUR), Err(BadPromo::Uses));
    let mut bad = good();
    bad.ends_at = Some(bad.starts_at);
    assert_eq!(bad.checked(EUR), Err(BadPromo::Times));
    let mut bad = good();
    bad.terms.weekdays = vec![0];
    assert_eq!(bad.checked(EUR), Err(BadPromo::Weekday));
}

#[test]
fn a_code_is_open_from_its_first_moment_to_before_its_last() {
    let mut code = promo(Discount::Percent(1_000));
    let begin = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
    let end = begin + TimeDelta::hours(1);
    (code.starts_at, code.ends_at) = (begin, Some(end));
    let moment = TimeDelta::microseconds(1);
    assert!(!code.is_open(begin - moment));
    assert!(code.is_open(begin) && code.is_open(end - moment));
    assert!(!code.is_open(end));
}

#[test]
fn a_code_is_for_what_it_names() {
    let theater = TheaterId::from_bytes([1; 16]);
    let show = PromoShow {
        show: ShowId::from_parts(theater, [2; 16]),
        movie: MovieId::from_bytes([3; 16]),
        weekday: 2,
    };
    let mut code = promo(Discount::Percent(1_000));
    assert!(code.is_for(show));
    code.terms.weekdays = vec![1, 2];
    code.terms.movies = vec![show.movie];
    code.terms.shows = vec![show.show];
    assert!(code.is_for(show));
    assert!(!code.is_for(PromoShow { weekday: 3, ..show }));
    let movie = MovieId::from_bytes([4; 16]);
    assert!(!code.is_for(PromoShow { movie, ..show }));
    let other = ShowId::from_parts(theater, [5; 16]);
    assert!(!code.is_for(PromoShow {
        show: other,
        ..show
    }));
}

fn discount(currency: Currency) -> impl Strategy<Value = Discount> {
    let step = currency.step_minor();
    prop_oneof![
        (1_u16..=10_000).prop_map(Discount::Percent),
        (1_i64..2_000).prop_map(move |steps| Discount::Fixed(Money::new(steps * step, currency))),
    ]
}

proptest! {
    /// The lines and the seats are the total, nobody is paid to come, a fixed discount is taken off whole where there is
    /// enough to take it off, and refunding seat by seat gives back what was paid.
    #[test]
    fn the_parts_are_the_whole(
        three_decimals in any::<bool>(),
        base in prop::collection::vec(0_i64..300, 3),
        chosen in prop::collection::vec((0_u16..3, any::<bool>()), 1..12),
        first in any::<prop::sample::Index>(),
        combines in any::<bool>(),
        (cents, fils) in (discount(EUR), discount(KWD)),
    ) {
        let (currency, discount) = if three_decimals { (KWD, fils) } else { (EUR, cents) };
        let step = currency.step_minor();
        let mut prices = prices(currency, base.iter().map(|steps| steps * step).collect());
        prices.ticket_types[0].change = PriceChange::Amount(-20 * step as i32);
        let code = |child: bool| if child { "child" } else { STANDARD };
        let seats: Vec<_> = chosen.iter().map(|(at, child)| (*at, code(*child))).collect();
        let mut promo = promo(discount);
        promo.terms.combines_with_reduced = combines;
        let (before, with) = reduced(&prices, &seats, &promo);
        let Some(with) = with else { return Ok(()) };
        let (full, paid) = (minors(&before), minors(&with));
        prop_assert!(paid.iter().zip(&full).all(|(paid, full)| 0 <= *paid && paid <= full));
        prop_assert_eq!(paid.iter().sum::<i64>(), with.total.amount_minor);
        let parts = with.lines.iter().filter(|line| line.kind == LineKind::Part);
        prop_assert_eq!(parts.map(|line| line.amount.amount_minor).sum::<i64>(), with.total.amount_minor);
        prop_assert!(paid.iter().all(|price| price % step == 0), "cards can pay and get back each part");
        let off = before.total.amount_minor - with.total.amount_minor;
        prop_assert!(off > 0);
        if let Discount::Fixed(amount) = discount {
            let standard = |at: u16| prices.seat_price(at, STANDARD).unwrap().amount_minor;
            let covered = seats.iter().zip(&full).filter(|((at, _), full)| combines || **full >= standard(*at));
            let most: i64 = covered.map(|(_, full)| full).sum();
            prop_assert_eq!(off, amount.amount_minor.min(most));
        }
        // One seat goes back, then the others.
        let one = first.index(paid.len());
        let rest: i64 = paid.iter().enumerate().filter(|(at, _)| *at != one).map(|(_, price)| price).sum();
        prop_assert_eq!(paid[one] + rest, with.total.amount_minor);
    }

    /// The same booking is always priced the same, and of two seats the dearer one never ends up the cheaper.
    #[test]
    fn dearer_seats_stay_dearer(base in prop::collection::vec(1_i64..3_000, 3), minor in 1_i64..5_000) {
        let prices = prices(EUR, base.clone());
        let seats = [(0, STANDARD), (1, STANDARD), (2, STANDARD)];
        let promo = promo(Discount::Fixed(eur(minor)));
        let (_, first) = reduced(&prices, &seats, &promo);
        let (_, again) = reduced(&prices, &seats, &promo);
        prop_assert_eq!(&first, &again);
        let paid = minors(&first.unwrap());
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            if base[a] > base[b] {
                prop_assert!(paid[a] >= paid[b], "{:?} became {:?}", base, paid);
            }
        }
    }
}

#[test]
fn an_address_is_one_customers_however_it_is_written() {
    for written in [
        "ann@example.org",
        " Ann@Example.ORG ",
        "ann+cinema@example.org",
        "ANN+a+b@example.org",
    ] {
        assert_eq!(same_person(written), "ann@example.org", "{written}");
    }
    for other in [
        "ann@example.com",
        "anna@example.org",
        "+@example.org",
        "nobody",
    ] {
        assert_ne!(same_person(other), "ann@example.org", "{other}");
    }
    assert_ne!(same_person("+a@example.org"), same_person("+b@example.org"));
}

#[test]
fn a_limit_for_each_customer_is_within_bounds() {
    for (each, fits) in [
        (0, false),
        (1, true),
        (MAX_USES_PER_CUSTOMER, true),
        (MAX_USES_PER_CUSTOMER + 1, false),
    ] {
        let promo = Promo {
            uses_per_customer: Some(each),
            ..promo(Discount::Fixed(eur(500)))
        };
        let checked = promo.checked(EUR);
        assert_eq!(checked.is_ok(), fits, "{each}: {checked:?}");
    }
}

#[test]
fn a_code_has_three_letters_at_least_and_is_kept_as_it_is_read() {
    assert_eq!(String::from("a-1".parse::<PromoCode>().unwrap()), "A-1");
    assert!("ab".parse::<PromoCode>().is_err());
    assert!("a b".parse::<PromoCode>().is_err(), "a space is no letter");
}
