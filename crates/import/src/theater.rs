//! Theaters of a catalog: where they stand, what they promise, what they charge, their screens.

use crate::{
    clock::minutes_of,
    walk::{At, Members, SHORT, phrase},
};
use chrono_tz::Tz;
use matinee_domain::{
    catalog::{GapRule, Location},
    door::DOORS_OPEN_MINUTES_MAX,
    limits::{HOLD_LIFE, SEATS_PER_BOOKING, SEATS_PER_BOOKING_MAX},
    money::Currency,
    policy::{CancellationPolicy, CancellationTier},
    price::{CategoryPrice, Fees, PriceChange, PriceList, PriceRule, Tax, TicketType},
};
use std::{collections::HashSet, hash::Hash};

/// Most screens, ticket types, price lists or tiers of one theater; most prices or rules of one list.
const MAX_LIST: usize = 500;
/// Largest price or fee, in minor units.
const MAX_PRICE: i64 = 1_000_000_000;

/// A theater as the file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct TheaterImport {
    pub external_id: String,
    pub name: String,
    pub location: Location,
    pub time_zone: Tz,
    pub currency: Currency,
    pub tax: Tax,
    pub fees: Fees,
    pub max_seats_per_booking: u16,
    pub gap_rule: GapRule,
    pub hold_minutes: Option<u16>,
    pub doors_open_minutes: Option<u16>,
    pub cancellation_policy: CancellationPolicy,
    pub ticket_types: Vec<TicketType>,
    pub price_lists: Vec<PriceList>,
    pub screens: Vec<ScreenImport>,
}

/// A screen as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenImport {
    /// Unique within its theater.
    pub external_id: String,
    pub name: String,
    /// External id of the seat map.
    pub seat_map: String,
    pub cleaning_minutes: u16,
}

/// ISO 4217, the currencies in use: three letters alone would let a slip of the pen through.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF \
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP \
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK \
SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD \
XCG XOF XPF YER ZAR ZMW ZWG";

const MEMBERS: [&str; 15] = [
    "external_id",
    "name",
    "location",
    "time_zone",
    "currency",
    "tax",
    "fees",
    "max_seats_per_booking",
    "gap_rule",
    "hold_minutes",
    "doors_open_minutes",
    "cancellation_policy",
    "ticket_types",
    "price_lists",
    "screens",
];

pub(crate) fn read(at: &At<'_>) -> Option<TheaterImport> {
    let theater = at.object(&MEMBERS)?;
    let external_id = theater.must("external_id", phrase);
    let facts = facts(&theater);
    let prices = prices(&theater);
    let screens = theater.must("screens", |at| {
        not_empty(at, unique(at, screen, |screen| &screen.external_id)?)
    });
    let (external_id, facts, prices) = (external_id?, facts?, prices?);
    Some(TheaterImport {
        external_id,
        name: facts.name,
        location: facts.location,
        time_zone: facts.time_zone,
        currency: facts.currency,
        tax: facts.tax,
        fees: facts.fees,
        max_seats_per_booking: facts.max_seats_per_booking,
        gap_rule: facts.gap_rule,
        hold_minutes: facts.hold_minutes,
        doors_open_minutes: facts.doors_open_minutes,
        cancellation_policy: facts.cancellation_policy,
        ticket_types: prices.ticket_types,
        price_lists: prices.price_lists,
        screens: screens?,
    })
}

/// What a theater is and promises, without what it charges and without its screens.
#[derive(Debug, Clone, PartialEq)]
pub struct TheaterFacts {
    pub name: String,
    pub location: Location,
    pub time_zone: Tz,
    pub currency: Currency,
    pub tax: Tax,
    pub fees: Fees,
    pub max_seats_per_booking: u16,
    pub gap_rule: GapRule,
    pub hold_minutes: Option<u16>,
    pub doors_open_minutes: Option<u16>,
    pub cancellation_policy: CancellationPolicy,
}

/// What a theater charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheaterPrices {
    pub ticket_types: Vec<TicketType>,
    pub price_lists: Vec<PriceList>,
}

/// Facts that stand alone, not in a catalog.
pub(crate) fn read_facts(at: &At<'_>) -> Option<TheaterFacts> {
    facts(&at.object(&MEMBERS)?)
}

/// Prices that stand alone, not in a catalog.
pub(crate) fn read_prices(at: &At<'_>) -> Option<TheaterPrices> {
    prices(&at.object(&["ticket_types", "price_lists"])?)
}

fn facts(theater: &Members<'_>) -> Option<TheaterFacts> {
    let name = theater.must("name", phrase);
    let location = theater.must("location", location);
    let time_zone = theater.must("time_zone", |at| {
        let name = at.text(SHORT)?;
        name.parse::<Tz>()
            .ok()
            .or_else(|| at.refuse("an IANA time zone like \"Europe/Berlin\" is expected"))
    });
    let currency = theater.must("currency", currency);
    let no_tax = Tax {
        label: String::new(),
        basis_points: 0,
    };
    let tax = theater.or("tax", no_tax, |at| {
        let tax = at.object(&["label", "basis_points"])?;
        let (label, basis_points) = (
            tax.must("label", phrase),
            tax.must("basis_points", |at| at.whole(0, 10_000)),
        );
        Some(Tax {
            label: label?,
            basis_points: basis_points?,
        })
    });
    let fees = theater.or("fees", Fees::default(), |at| {
        let fees = at.object(&["per_seat_minor"])?;
        Some(Fees {
            per_seat_minor: fees.or("per_seat_minor", 0, |at| at.whole(0, MAX_PRICE))?,
        })
    });
    let most = i64::from(SEATS_PER_BOOKING_MAX);
    let max_seats_per_booking = theater.or("max_seats_per_booking", SEATS_PER_BOOKING, |at| {
        at.whole(1, most)
    });
    let gap_rule = theater.or("gap_rule", GapRule::default(), gap_rule);
    let hold_minutes = theater.may("hold_minutes", |at| at.whole(1, HOLD_LIFE.num_minutes()));
    let doors_open_minutes = theater.may("doors_open_minutes", |at| {
        at.whole(0, i64::from(DOORS_OPEN_MINUTES_MAX))
    });
    let cancellation_policy =
        theater.or("cancellation_policy", CancellationPolicy::default(), policy);
    Some(TheaterFacts {
        name: name?,
        location: location?,
        time_zone: time_zone?,
        currency: currency?,
        tax: tax?,
        fees: fees?,
        max_seats_per_booking: max_seats_per_booking?,
        gap_rule: gap_rule?,
        hold_minutes: hold_minutes?,
        doors_open_minutes: doors_open_minutes?,
        cancellation_policy: cancellation_policy?,
    })
}

fn prices(theater: &Members<'_>) -> Option<TheaterPrices> {
    let ticket_types = theater.or("ticket_types", Vec::new(), |at| {
        unique(at, ticket_type, |kind| &kind.code)
    });
    let price_lists = theater.must("price_lists", |at| {
        not_empty(at, unique(at, price_list, |list| &list.external_id)?)
    });
    Some(TheaterPrices {
        ticket_types: ticket_types?,
        price_lists: price_lists?,
    })
}

fn not_empty<T>(at: &At<'_>, list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() {
        at.refuse("must not be empty")
    } else {
        Some(list)
    }
}

/// A list whose items have a key each; a repeated one is refused where it stands.
pub(crate) fn unique<T, K: Eq + Hash + ToString>(
    at: &At<'_>,
    read: impl Fn(&At<'_>) -> Option<T>,
    key: fn(&T) -> &K,
) -> Option<Vec<T>> {
    let mut seen = HashSet::new();
    at.list(MAX_LIST, |item| {
        let value = read(item)?;
        let name = key(&value).to_string();
        if seen.insert(name.clone()) {
            Some(value)
        } else {
            item.refuse(format!("\"{name}\" stands twice in this list"))
        }
    })
}

fn location(at: &At<'_>) -> Option<Location> {
    let place = at.object(&["address", "city", "country", "latitude", "longitude"])?;
    let address = place.must("address", phrase);
    let city = place.must("city", phrase);
    let country = place.must("country", |at| {
        let code = at.text(SHORT)?;
        let fits = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        if fits {
            Some(code.to_owned())
        } else {
            at.refuse("two capital letters (ISO 3166-1) are expected")
        }
    });
    let latitude = place.must("latitude", |at| at.number_in(-90.0, 90.0));
    let longitude = place.must("longitude", |at| at.number_in(-180.0, 180.0));
    Some(Location {
        address: address?,
        city: city?,
        country: country?,
        latitude: latitude?,
        longitude: longitude?,
    })
}

fn currency(at: &At<'_>) -> Option<Currency> {
    let code = at.text(SHORT)?;
    let known = CURRENCIES
        .split_ascii_whitespace()
        .any(|known| known == code);
    let currency = code.parse().ok().filter(|_| known);
    currency.or_else(|| {
        at.refuse("the code of a currency in use (ISO 4217), like \"EUR\", is expected")
    })
}

fn gap_rule(at: &At<'_>) -> Option<GapRule> {
    match at.text(SHORT)? {
        "off" => Some(GapRule::Off),
        "advise" => Some(GapRule::Advise),
        "enforce" => Some(GapRule::Enforce),
        _ => at.refuse("\"off\", \"advise\" or \"enforce\" is expected"),
    }
}

fn policy(at: &At<'_>) -> Option<CancellationPolicy> {
    let tiers = unique(at, tier, |tier| &tier.minutes_before)?;
    Some(CancellationPolicy { tiers })
}

fn tier(at: &At<'_>) -> Option<CancellationTier> {
    let tier = at.object(&["minutes_before", "refund_basis_points"])?;
    let minutes_before = tier.must("minutes_before", |at| at.whole(0, 366 * 24 * 60));
    let refund_basis_points = tier.must("refund_basis_points", |at| at.whole(0, 10_000));
    Some(CancellationTier {
        minutes_before: minutes_before?,
        refund_basis_points: refund_basis_points?,
    })
}

/// `{"basis_points": n}`, `{"amount": n}` or `{"fixed": n}`.
fn change(at: &At<'_>) -> Option<PriceChange> {
    let change = at.object(&["basis_points", "amount", "fixed"])?;
    let mut given = change.each();
    let (Some((name, value)), None) = (given.next(), given.next()) else {
        return at.refuse("exactly one of \"basis_points\", \"amount\" and \"fixed\" is expected");
    };
    match name {
        "basis_points" => value
            .whole(-10_000, 1_000_000)
            .map(PriceChange::BasisPoints),
        "amount" => value.whole(-MAX_PRICE, MAX_PRICE).map(PriceChange::Amount),
        "fixed" => value.whole(0, MAX_PRICE).map(PriceChange::Fixed),
        _ => None,
    }
}

fn ticket_type(at: &At<'_>) -> Option<TicketType> {
    let kind = at.object(&["code", "label", "change", "proof"])?;
    let (code, label) = (kind.must("code", phrase), kind.must("label", phrase));
    let change = kind.or("change", PriceChange::BasisPoints(0), change);
    let proof = kind.may("proof", phrase);
    Some(TicketType {
        code: code?,
        label: label?,
        change: change?,
        proof: proof?,
    })
}

fn price_list(at: &At<'_>) -> Option<PriceList> {
    let list = at.object(&["external_id", "name", "prices", "rules"])?;
    let (external_id, name) = (list.must("external_id", phrase), list.must("name", phrase));
    let prices = list.must("prices", |at| {
        not_empty(at, unique(at, category_price, |price| &price.category)?)
    });
    let rules = list.or("rules", Vec::new(), |at| at.list(MAX_LIST, rule));
    Some(PriceList {
        external_id: external_id?,
        name: name?,
        prices: prices?,
        rules: rules?,
    })
}

fn category_price(at: &At<'_>) -> Option<CategoryPrice> {
    let price = at.object(&["category", "amount_minor"])?;
    let category = price.must("category", |at| at.text(SHORT).map(str::to_owned));
    let amount_minor = price.must("amount_minor", |at| at.whole(0, MAX_PRICE));
    Some(CategoryPrice {
        category: category?,
        amount_minor: amount_minor?,
    })
}

fn rule(at: &At<'_>) -> Option<PriceRule> {
    let rule = at.object(&["label", "weekdays", "from", "until", "categories", "change"])?;
    let label = rule.must("label", phrase);
    let weekdays = rule.or("weekdays", Vec::new(), |at| {
        at.list(7, |day| day.whole(1, 7))
    });
    let time = |at: &At<'_>| {
        let minutes = minutes_of(at.text(SHORT)?);
        minutes.or_else(|| at.refuse("a local time like \"17:00\" is expected"))
    };
    let (from, until) = (rule.may("from", time), rule.may("until", time));
    if let (Some(Some(from)), Some(Some(until))) = (from, until)
        && from == until
    {
        return at.refuse("\"from\" and \"until\" are the same time");
    }
    let categories = rule.or("categories", Vec::new(), |at| {
        at.list(MAX_LIST, |code| code.text(SHORT).map(str::to_owned))
    });
    let change = rule.must("change", change);
    Some(PriceRule {
        label: label?,
        weekdays: weekdays?,
        from_minute: from?,
        until_minute: until?,
        categories: categories?,
        change: change?,
    })
}

fn screen(at: &At<'_>) -> Option<ScreenImport> {
    let screen = at.object(&["external_id", "name", "seat_map", "cleaning_minutes"])?;
    let (external_id, name) = (
        screen.must("external_id", phrase),
        screen.must("name", phrase),
    );
    let seat_map = screen.must("seat_map", phrase);
    let cleaning_minutes = screen.or("cleaning_minutes", 15, |at| at.whole(0, 600));
    Some(ScreenImport {
        external_id: external_id?,
        name: name?,
        seat_map: seat_map?,
        cleaning_minutes: cleaning_minutes?,
    })
}
