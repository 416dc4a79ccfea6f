//! What a catalog must not be, and the place that the refusal names.

use matinee_import::{
    ImportError, MAX_ERRORS, PlanOptions, parse_catalog, parse_programme, parse_seating_plan,
};
use serde_json::{Value, json};

/// A valid catalog with one of everything.
fn catalog() -> Value {
    json!({
        "format": "matinee-catalog/1",
        "seat_maps": [{
            "external_id": "hall",
            "plan": {
                "name": "Hall", "size": { "width": 100, "height": 100 },
                "categories": [{ "name": "Stalls" }, { "name": "Wheels" }],
                "zones": [{ "name": "Stalls", "position": { "x": 0, "y": 0 }, "rows": [{ "row_number": "A", "seats": [
                    { "seat_guid": "A-1", "seat_number": "1", "position": { "x": 20, "y": 20 }, "category": "Stalls" },
                    { "seat_guid": "A-2", "seat_number": "2", "position": { "x": 44, "y": 20 }, "category": "Wheels" },
                ] }] }],
            },
            "categories": {
                "Stalls": { "category": "standard", "kind": "standard" },
                "Wheels": { "category": "standard", "kind": "wheelchair" },
            },
        }],
        "theaters": [{
            "external_id": "rex", "name": "Rex",
            "location": { "address": "1 High Street", "city": "Berlin", "country": "DE", "latitude": 52.5, "longitude": 13.4 },
            "time_zone": "Europe/Berlin", "currency": "EUR",
            "tax": { "label": "VAT", "basis_points": 700 }, "fees": { "per_seat_minor": 50 },
            "max_seats_per_booking": 8, "gap_rule": "enforce", "hold_minutes": 10,
            "cancellation_policy": [{ "minutes_before": 120, "refund_basis_points": 10000 }, { "minutes_before": 30, "refund_basis_points": 5000 }],
            "ticket_types": [{ "code": "standard", "label": "Adult", "change": { "basis_points": 0 } }, { "code": "child", "label": "Child", "change": { "fixed": 500 }, "proof": "Passport" }],
            "price_lists": [{ "external_id": "regular", "name": "Regular", "prices": [{ "category": "standard", "amount_minor": 1200 }],
                "rules": [{ "label": "Matinee", "weekdays": [1, 2], "from": "10:00", "until": "17:00", "categories": ["standard"], "change": { "amount": -200 } }] }],
            "screens": [{ "external_id": "1", "name": "Screen 1", "seat_map": "hall", "cleaning_minutes": 20 }],
        }],
        "movies": [{
            "external_id": "m", "name": "Movie", "cast": ["A"], "director": "B", "genres": ["Drama"], "duration_minutes": 100,
            "release_year": 1999, "release_date": "1999-03-31", "ratings": [{ "source": "Critics", "value": 83, "out_of": 100 }],
            "certificate": "PG", "languages": ["en"], "poster_url": "https://example.org/m.jpg",
        }],
        "shows": [
            { "external_id": "s1", "theater": "rex", "screen": "1", "movie": "m", "start_time": "2030-05-04T18:00:00Z", "format": "2D", "language": "en", "subtitles": ["de"], "price_list": "regular" },
            { "external_id": "s2", "theater": "rex", "screen": "1", "movie": "m", "start_local": "2030-05-04T22:00", "language": "de" },
        ],
    })
}

fn errors_of(catalog: &Value) -> Vec<ImportError> {
    parse_catalog(catalog.to_string().as_bytes()).expect_err("it is refused")
}

/// Puts `value` at `pointer`, whose parent exists.
fn with(pointer: &str, value: Value) -> Value {
    let mut catalog = catalog();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match catalog.pointer_mut(parent).expect("the parent exists") {
        Value::Array(list) => {
            let index: usize = name.parse().expect("an index");
            if index < list.len() {
                list[index] = value;
            } else {
                list.push(value);
            }
        }
        object => object[name] = value,
    }
    catalog
}

#[test]
fn the_example_is_valid() {
    let catalog = parse_catalog(catalog().to_string().as_bytes()).expect("valid");
    let show = &catalog.shows[1];
    assert_eq!(show.start_time.to_rfc3339(), "2030-05-04T20:00:00+00:00");
    assert_eq!((show.end_time - show.start_time).num_minutes(), 100);
    assert_eq!(
        (show.format.as_str(), show.price_list.as_str()),
        ("2D", "regular")
    );
    let theater = &catalog.theaters[0];
    assert_eq!(
        (theater.max_seats_per_booking, theater.hold_minutes),
        (8, Some(10))
    );
    let rule = &theater.price_lists[0].rules[0];
    assert_eq!(
        (rule.from_minute, rule.until_minute),
        (Some(600), Some(1020))
    );
}

#[test]
fn each_mistake_is_refused_at_its_place() {
    let show = |value: Value| {
        let mut show = catalog()["shows"][0].clone();
        show["external_id"] = json!("s3");
        show["start_time"] = json!("2030-05-05T18:00:00Z");
        for (name, value) in value.as_object().expect("an object") {
            show[name] = value.clone();
        }
        show
    };
    let plan = "/seat_maps/0/plan";
    let seat = "/seat_maps/0/plan/zones/0/rows/0/seats";
    let theater = "/theaters/0";
    let cases = [
        ("/format", json!("matinee-catalog/2"), "matinee-catalog/1"),
        ("/formats", json!(1), "\"format\" perhaps"),
        ("/shows", json!({}), "a list is expected"),
        // Seat maps and plans.
        (
            "/seat_maps/1",
            catalog()["seat_maps"][0].clone(),
            "@/seat_maps/1/external_id",
        ),
        (&format!("{plan}/version"), json!(1), "not known"),
        (&format!("{plan}/size/width"), json!(10.5), "whole number"),
        (
            &format!("{plan}/categories/1/name"),
            json!("Stalls"),
            "@/seat_maps/0/plan/categories/1",
        ),
        (
            &format!("{plan}/categories/0/name"),
            json!("Other"),
            "@/seat_maps/0/plan/categories/0",
        ),
        (&format!("{plan}/zones"), json!([]), "at least one seat"),
        (
            &format!("{plan}/zones/0/rows/0/row_number"),
            json!(1),
            "a text is expected, not a number",
        ),
        (
            &format!("{plan}/zones/0/rows/0/row_number_position"),
            json!("left"),
            "\"start\"",
        ),
        (
            &format!("{plan}/zones/0/areas"),
            json!([{ "shape": "star" }]),
            "@/seat_maps/0/plan/zones/0/areas/0/shape",
        ),
        (
            &format!("{plan}/zones/0/areas"),
            json!([{ "circle": { "radius": -1 } }]),
            "@/seat_maps/0/plan/zones/0/areas/0/circle/radius",
        ),
        (
            &format!("{plan}/zones/0/areas"),
            json!([{ "polygon": { "points": [{ "x": 1 }] } }]),
            "@/seat_maps/0/plan/zones/0/areas/0/polygon/points/0",
        ),
        (&format!("{seat}/1/seat_guid"), json!("A-1"), "stands twice"),
        (
            &format!("{seat}/1/seat_guid"),
            json!(" A"),
            "two characters",
        ),
        (&format!("{seat}/1/seat_guid"), json!("A"), "two characters"),
        (
            &format!("{seat}/1/category"),
            json!("Balcony"),
            "not listed",
        ),
        (
            &format!("{seat}/1/position/x"),
            json!("20"),
            "a number is expected",
        ),
        (
            &format!("{seat}/1/position"),
            json!({ "x": 1e6, "y": 0 }),
            "farther than",
        ),
        (&format!("{seat}/1/radius"), json!(0), "above 0"),
        (
            "/seat_maps/0/categories/Wheels/kind",
            json!("chair"),
            "\"wheelchair\"",
        ),
        (
            "/seat_maps/0/categories/Wheels/restricted_view",
            json!(1),
            "true or false",
        ),
        // Theaters.
        (&format!("{theater}/external_id"), json!(" "), "empty"),
        (
            &format!("{theater}/name"),
            json!("x".repeat(201)),
            "200 characters",
        ),
        (
            &format!("{theater}/time_zone"),
            json!("Europe/Bonn"),
            "IANA",
        ),
        (&format!("{theater}/currency"), json!("EUD"), "ISO 4217"),
        (&format!("{theater}/currency"), json!("eur"), "ISO 4217"),
        (
            &format!("{theater}/location/latitude"),
            json!(91),
            "from -90 to 90",
        ),
        (
            &format!("{theater}/location/country"),
            json!("de"),
            "capital",
        ),
        (
            &format!("{theater}/max_seats_per_booking"),
            json!(0),
            "from 1 to 50",
        ),
        (&format!("{theater}/gap_rule"), json!("on"), "\"advise\""),
        (
            &format!("{theater}/hold_minutes"),
            json!(21),
            "from 1 to 20",
        ),
        (
            &format!("{theater}/cancellation_policy/1/minutes_before"),
            json!(120),
            "@/theaters/0/cancellation_policy/1",
        ),
        (
            &format!("{theater}/ticket_types/1/code"),
            json!("standard"),
            "@/theaters/0/ticket_types/1",
        ),
        (
            &format!("{theater}/ticket_types/0/change"),
            json!({ "amount": 1, "fixed": 2 }),
            "exactly one",
        ),
        (
            &format!("{theater}/ticket_types/0/change/basis_points"),
            json!(-10_001),
            "-10000",
        ),
        (&format!("{theater}/price_lists"), json!([]), "empty"),
        (
            &format!("{theater}/price_lists/0/prices/0/amount_minor"),
            json!(12.5),
            "whole number",
        ),
        (
            &format!("{theater}/price_lists/0/rules/0/weekdays/0"),
            json!(0),
            "from 1 to 7",
        ),
        (
            &format!("{theater}/price_lists/0/rules/0/from"),
            json!("25:00"),
            "local time",
        ),
        (
            &format!("{theater}/price_lists/0/rules/0/until"),
            json!("10:00"),
            "@/theaters/0/price_lists/0/rules/0",
        ),
        (
            &format!("{theater}/screens/0/seat_map"),
            json!("cellar"),
            "no seat map",
        ),
        (
            &format!("{theater}/screens/1"),
            catalog()["theaters"][0]["screens"][0].clone(),
            "twice",
        ),
        // Movies.
        ("/movies/0/duration_minutes", json!(0), "from 1 to 1440"),
        (
            "/movies/0/release_date",
            json!("2000-01-01"),
            "release year",
        ),
        ("/movies/0/ratings/0/value", json!(101), "from 0 to 100"),
        ("/movies/0/languages/0", json!("English!"), "language tag"),
        (
            "/movies/0/poster_url",
            json!("javascript:alert(1)"),
            "web address",
        ),
        (
            "/movies/1",
            catalog()["movies"][0].clone(),
            "@/movies/1/external_id",
        ),
        // Shows.
        ("/shows/0/theater", json!("odeon"), "no theater \"odeon\""),
        ("/shows/0/screen", json!("9"), "no screen \"9\""),
        ("/shows/0/movie", json!("x"), "no movie \"x\""),
        (
            "/shows/0/price_list",
            json!("gala"),
            "no price list \"gala\"",
        ),
        ("/shows/0/start_time", json!("2030-05-04 18:00"), "RFC 3339"),
        (
            "/shows/0/start_local",
            json!("2030-05-04T18:00"),
            "@/shows/0",
        ),
        (
            "/shows/1/start_local",
            json!("2030-03-31T02:30"),
            "skip this time",
        ),
        ("/shows/1/start_local", json!("2030-10-27T02:30"), "twice"),
        (
            "/shows/1/start_local",
            json!("2030-05-04T21:30"),
            "until 2030-05-04T20:00Z",
        ),
        (
            "/shows/1/external_id",
            json!("s1"),
            "\"s1\" stands twice in shows",
        ),
        (
            "/shows/2",
            show(json!({ "start_time": "2030-05-04T17:00:00Z" })),
            "@/shows/0/start_time",
        ),
        (
            "/shows/2",
            show(json!({ "language": "" })),
            "@/shows/2/language",
        ),
    ];
    for (pointer, value, says) in cases {
        let errors = errors_of(&with(pointer, value.clone()));
        let (place, says) = match says.strip_prefix('@') {
            Some(place) => (place, ""),
            None => (pointer, says),
        };
        let hit = errors
            .iter()
            .any(|error| error.pointer == place && error.detail.contains(says));
        assert!(hit, "{pointer} = {value}: {errors:?}");
        // Renaming the theater leaves its two shows without one; nothing else costs more.
        assert!(
            errors.len() <= 3,
            "one mistake, many complaints: {pointer} = {value}: {errors:?}"
        );
    }
}

#[test]
fn a_missing_member_is_refused_where_it_is_missed() {
    for (parent, name) in [
        ("", "format"),
        ("/seat_maps/0", "plan"),
        ("/theaters/0", "time_zone"),
        ("/movies/0", "name"),
        ("/shows/0", "language"),
    ] {
        let mut catalog = catalog();
        catalog
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("an object")
            .remove(name);
        let errors = errors_of(&catalog);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(
            (errors[0].pointer.as_str(), errors[0].detail.as_str()),
            (parent, format!("the member \"{name}\" is missing").as_str())
        );
    }
}

#[test]
fn mistakes_in_different_places_are_told_together() {
    let mut catalog = with("/theaters/0/currency", json!("EUD"));
    catalog["movies"][0]["duration_minutes"] = json!(-1);
    catalog["seat_maps"][0]["plan"]["zones"][0]["rows"][0]["seats"][1]["seat_guid"] = json!("A-1");
    let pointers: Vec<String> = errors_of(&catalog)
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    // The shows refer to what was refused: that is not another mistake.
    assert_eq!(
        pointers,
        [
            "/seat_maps/0/plan/zones/0/rows/0/seats/1/seat_guid",
            "/theaters/0/currency",
            "/movies/0/duration_minutes"
        ]
    );
}

#[test]
fn a_screen_whose_seats_have_no_price_cannot_have_shows() {
    let catalog = with("/seat_maps/0/categories/Wheels/category", json!("box"));
    let errors = errors_of(&catalog);
    assert_eq!(errors[0].pointer, "/shows/0/price_list");
    assert!(
        errors[0].detail.contains("no price for category box"),
        "{errors:?}"
    );
}

#[test]
fn cleaning_counts_and_another_screen_does_not() {
    // 18:00 UTC + 100 minutes + 20 of cleaning ends at 20:00 UTC, 22:00 in Berlin: the valid catalog is exactly on time.
    let errors = errors_of(&with("/shows/1/start_local", json!("2030-05-04T21:59")));
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].pointer, "/shows/1/start_local");
    let mut two = with("/shows/1/start_local", json!("2030-05-04T21:59"));
    two["theaters"][0]["screens"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "external_id": "2", "name": "Two", "seat_map": "hall" }));
    two["shows"][1]["screen"] = json!("2");
    assert!(parse_catalog(two.to_string().as_bytes()).is_ok());
}

#[test]
fn what_is_known_already_need_not_be_repeated() {
    let whole = parse_catalog(catalog().to_string().as_bytes()).expect("valid");
    let next_week = json!({ "format": "matinee-catalog/1", "shows": [
        { "external_id": "n1", "theater": "rex", "screen": "1", "movie": "m", "start_local": "2030-05-11T20:00", "language": "en" },
    ] });
    assert!(parse_catalog(next_week.to_string().as_bytes()).is_err());
    let read =
        matinee_import::parse_catalog_onto(next_week.to_string().as_bytes(), &(&whole).into())
            .expect("valid beside the rest");
    assert_eq!(read.shows.len(), 1);
}

#[test]
fn a_plan_may_have_twenty_thousand_seats_and_no_more() {
    let plan = |count: usize| {
        let seat = |n: usize| json!({ "seat_guid": format!("s-{n}"), "seat_number": "1", "position": { "x": (n % 200) * 24, "y": n / 200 * 30 }, "category": "c" });
        let rows: Vec<Value> = (0..count.div_ceil(200)).map(|row| json!({ "row_number": "r", "seats": (row * 200..count.min(row * 200 + 200)).map(seat).collect::<Vec<_>>() })).collect();
        let plan = json!({ "name": "n", "size": { "width": 1, "height": 1 }, "categories": [{ "name": "c" }], "zones": [{ "position": { "x": 0, "y": 0 }, "rows": rows }] });
        parse_seating_plan(plan.to_string().as_bytes(), &PlanOptions::default())
    };
    assert_eq!(
        plan(20_000).expect("as many as allowed").seats.len(),
        20_000
    );
    let errors = plan(20_300).expect_err("too many");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].pointer, "/zones/0/rows/100/seats/0");
}

#[test]
fn at_most_a_hundred_problems_are_told() {
    let movies: Vec<Value> = (0..300)
        .map(|n| json!({ "external_id": format!("m{n}"), "name": "x", "release_year": 2000 }))
        .collect();
    let errors = errors_of(&json!({ "format": "matinee-catalog/1", "movies": movies }));
    assert_eq!(errors.len(), MAX_ERRORS);
    assert!(errors[99].detail.ends_with("(and 200 more problems)"));
}

#[test]
fn what_is_not_a_catalog_says_so_once() {
    for (bytes, says) in [
        (&b"\x89PNG"[..], "not JSON"),
        (b"[]", "an object is expected"),
        (b"{}", "\"format\" is missing"),
        (b"null", "not null"),
    ] {
        let errors = parse_catalog(bytes).expect_err("refused");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].pointer, "");
        assert!(errors[0].detail.contains(says), "{errors:?}");
    }
    assert!(parse_programme(b"{\"format\":\"matinee-catalog/1\"}").is_err());
}
