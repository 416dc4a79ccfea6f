//! Any plan valid by the published schema is read, and a map that was read survives being written and read again.

use matinee_domain::seat_map::{Decoration, SeatKind, SeatMap};
use matinee_import::{
    CatalogImport, PlanOptions, parse_catalog, parse_seating_plan, write_seat_map,
    write_seating_plan,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A number as editors write it: whole, with decimals, or with the noise of binary fractions.
fn number(most: f64) -> impl Strategy<Value = Value> {
    prop_oneof![
        (-most as i64..=most as i64).prop_map(|whole| json!(whole)),
        (-most..=most).prop_map(|value| json!((value * 10.0).round() / 10.0)),
        (-most..=most).prop_map(|value| json!(value)),
    ]
}

fn size(most: f64) -> impl Strategy<Value = Value> {
    prop_oneof![
        (1..=most as i64).prop_map(|whole| json!(whole)),
        (0.01..=most).prop_map(|value| json!(value))
    ]
}

fn position(most: f64) -> impl Strategy<Value = Value> {
    (number(most), number(most)).prop_map(|(x, y)| json!({ "x": x, "y": y }))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9 ]{0,12}",
        "\\PC{0,8}",
        Just("Ünïcode / ~ \" 座席".to_owned())
    ]
}

fn or_null(inner: impl Strategy<Value = String>) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), inner.prop_map(Value::from)]
}

/// An object of members that are all optional but the given ones.
fn object(members: Vec<(&'static str, bool, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, required, value)| {
            let there = if required {
                Just(true).boxed()
            } else {
                any::<bool>().boxed()
            };
            (there, value).prop_map(move |(there, value)| there.then(|| (name.to_owned(), value)))
        })
        .collect();
    members
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()))
        .boxed()
}

fn string(inner: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Value> {
    inner.prop_map(Value::from).boxed()
}

fn shape() -> BoxedStrategy<Value> {
    let words = object(vec![
        ("text", true, string(text())),
        ("color", false, string(text())),
        ("size", false, (0.0..100.0).prop_map(|v| json!(v)).boxed()),
        ("position", true, position(500.0).boxed()),
    ]);
    let kinds = prop_oneof![
        Just("polygon"),
        Just("rectangle"),
        Just("ellipse"),
        Just("circle"),
        Just("text")
    ];
    let corners =
        prop::collection::vec(position(500.0), 0..6).prop_map(|points| json!({ "points": points }));
    object(vec![
        (
            "color",
            false,
            prop_oneof![
                string(text()),
                Just(json!("#AbC")),
                Just(json!("rgba(1,2,3,0.5)"))
            ]
            .boxed(),
        ),
        ("border_color", false, string(text())),
        ("rotation", false, number(720.0).boxed()),
        ("position", false, position(900.0).boxed()),
        ("uuid", false, string(text())),
        ("shape", false, kinds.prop_map(Value::from).boxed()),
        ("polygon", false, corners.boxed()),
        (
            "rectangle",
            false,
            object(vec![
                ("width", false, size(300.0).boxed()),
                ("height", false, size(300.0).boxed()),
            ]),
        ),
        (
            "ellipse",
            false,
            (size(200.0), size(200.0))
                .prop_map(|(x, y)| json!({ "radius": { "x": x, "y": y } }))
                .boxed(),
        ),
        (
            "circle",
            false,
            size(200.0)
                .prop_map(|radius| json!({ "radius": radius }))
                .boxed(),
        ),
        ("text", false, words),
    ])
}

fn row(categories: usize) -> BoxedStrategy<Value> {
    let seat = object(vec![
        ("seat_guid", true, Just(json!("given later")).boxed()),
        ("seat_number", true, string(text())),
        ("uuid", false, string(text())),
        (
            "start_direction",
            false,
            or_null(Just("<>".to_owned())).boxed(),
        ),
        ("radius", false, size(40.0).boxed()),
        ("position", true, position(800.0).boxed()),
        (
            "category",
            true,
            (0..categories)
                .prop_map(|index| json!(format!("Category {index}")))
                .boxed(),
        ),
    ]);
    let shown = prop_oneof![
        Just(Value::Null),
        Just(json!("start")),
        Just(json!("end")),
        Just(json!("both"))
    ];
    object(vec![
        ("row_number", true, string(text())),
        ("row_label", false, or_null(text()).boxed()),
        ("seat_label", false, or_null(text()).boxed()),
        ("uuid", false, string(text())),
        (
            "seats",
            true,
            prop::collection::vec(seat, 0..8)
                .prop_map(Value::from)
                .boxed(),
        ),
        ("row_number_position", false, shown.boxed()),
        ("position", false, position(900.0).boxed()),
    ])
}

/// A plan valid by the schema, with at least one seat.
fn plan() -> impl Strategy<Value = Value> {
    (1_usize..4).prop_flat_map(|categories| {
        let listed: Vec<Value> = (0..categories).map(|index| json!({ "name": format!("Category {index}"), "color": "#123456" })).collect();
        let zone = object(vec![
            ("name", false, string(text())),
            ("zone_id", false, string(text())),
            ("uuid", false, string(text())),
            ("position", true, position(2_000.0).boxed()),
            ("rows", true, prop::collection::vec(row(categories), 0..5).prop_map(Value::from).boxed()),
            ("areas", false, prop::collection::vec(shape(), 0..4).prop_map(Value::from).boxed()),
        ]);
        let zones = prop::collection::vec(zone, 1..4);
        (text(), zones, -50_i64..3_000, 0_i64..3_000).prop_map(move |(name, zones, width, height)| {
            let mut plan = json!({ "name": name, "zones": zones, "categories": listed, "size": { "width": width, "height": height } });
            name_seats(&mut plan);
            plan
        })
    })
}

/// Gives every seat a name of its own; adds one when there is none.
fn name_seats(plan: &mut Value) {
    let mut count = 0;
    for zone in plan["zones"].as_array_mut().expect("a list") {
        for row in zone["rows"].as_array_mut().expect("a list") {
            for seat in row["seats"].as_array_mut().expect("a list") {
                count += 1;
                seat["seat_guid"] = json!(format!("seat {count}"));
            }
        }
    }
    if count == 0 {
        let seat = json!({ "seat_guid": "only one", "seat_number": "1", "position": { "x": 0, "y": 0 }, "category": "Category 0" });
        let row = json!({ "row_number": "1", "seats": [seat] });
        plan["zones"][0]["rows"]
            .as_array_mut()
            .expect("a list")
            .push(row);
    }
}

fn read(plan: &Value) -> SeatMap {
    match parse_seating_plan(plan.to_string().as_bytes(), &PlanOptions::default()) {
        Ok(map) => map,
        Err(errors) => panic!("{errors:?}\n{plan:#}"),
    }
}

fn seats_in(plan: &Value) -> usize {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    list(plan, "zones")
        .iter()
        .flat_map(|zone| list(zone, "rows"))
        .map(|row| list(&row, "seats").len())
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_valid_plan_is_read_and_survives_writing(plan in plan()) {
        let map = read(&plan);
        prop_assert_eq!(map.seats.len(), seats_in(&plan));
        prop_assert_eq!(map.validate(), Ok(()));
        prop_assert!(map.seats.iter().all(|seat| seat.x >= 0.0 && seat.x <= map.width && seat.y >= 0.0 && seat.y <= map.height));
        let written = write_seating_plan(&map);
        let again = read(&written.plan);
        prop_assert_eq!(&again, &map);
        // With its words on what is sold as what, the plan is the same too.
        let options = PlanOptions { name: None, categories: Some(written.categories) };
        let again = parse_seating_plan(written.plan.to_string().as_bytes(), &options).expect("what was written is valid");
        prop_assert_eq!(&again, &map);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_catalog(&bytes);
        let _ = parse_seating_plan(&bytes, &PlanOptions::default());
    }

    #[test]
    fn a_plan_with_a_member_damaged_is_refused_or_read_but_never_breaks(
        plan in plan(),
        steps in prop::collection::vec(any::<prop::sample::Index>(), 1..7),
        put in prop_oneof![Just(Value::Null), Just(json!(-1)), Just(json!(1e300)), Just(json!("x")), Just(json!([])), Just(json!({})), Just(json!({ "x": 1 })), Just(json!([1, "2"]))],
    ) {
        let mut plan = plan;
        let mut at = &mut plan;
        for step in &steps {
            let (object, list) = (at.as_object().is_some_and(|map| !map.is_empty()), at.as_array().is_some_and(|list| !list.is_empty()));
            if object {
                let names: Vec<String> = at.as_object().expect("an object").keys().cloned().collect();
                at = &mut at[step.get(&names)];
            } else if list {
                let index = step.index(at.as_array().expect("a list").len());
                at = &mut at[index];
            }
        }
        *at = put;
        match parse_seating_plan(plan.to_string().as_bytes(), &PlanOptions::default()) {
            Ok(map) => prop_assert_eq!(map.validate(), Ok(())),
            Err(errors) => for error in errors {
                prop_assert!(error.pointer.is_empty() || plan.pointer(&error.pointer).is_some(), "{}", error);
            },
        }
    }
}

#[test]
fn the_demo_catalog_survives_writing() {
    let catalog: CatalogImport =
        parse_catalog(include_bytes!("../../../demo/catalog.json")).expect("valid");
    for seat_map in &catalog.seat_maps {
        let file =
            json!({ "format": "matinee-catalog/1", "seat_maps": [write_seat_map(seat_map)] });
        let again = parse_catalog(file.to_string().as_bytes()).expect("what was written is valid");
        assert_eq!(&again.seat_maps[0], seat_map);
    }
}

fn small(seats: Value) -> Value {
    json!({
        "name": "Small",
        "size": { "width": 500, "height": 300 },
        "categories": [{ "name": "Stalls" }, { "name": "wheelchair" }],
        "zones": [{ "position": { "x": 10, "y": 20 }, "rows": [{ "row_number": "A", "position": { "x": 1, "y": 2 }, "seats": seats }] }],
    })
}

fn seat(name: &str, x: f64, category: &str) -> Value {
    json!({ "seat_guid": name, "seat_number": &name[1..], "position": { "x": x, "y": 0 }, "category": category })
}

#[test]
fn positions_add_up_and_names_say_kinds() {
    let map = read(&small(json!([
        seat("A1", 30.0, "Stalls"),
        seat("A2", 54.5, "wheelchair")
    ])));
    let places: Vec<_> = map
        .seats
        .iter()
        .map(|seat| (seat.x, seat.y, seat.radius, seat.kind))
        .collect();
    assert_eq!(
        places,
        [
            (41.0, 22.0, 10.0, SeatKind::Standard),
            (65.5, 22.0, 10.0, SeatKind::Wheelchair)
        ]
    );
    assert_eq!((map.width, map.height), (500.0, 300.0));
    assert_eq!(map.seats[0].row, "A");
}

#[test]
fn aisles_are_found_by_distance() {
    let xs = [0.0, 24.0, 48.0, 96.0, 120.0, 190.0, 214.0];
    let seats: Vec<Value> = xs
        .iter()
        .enumerate()
        .map(|(index, x)| seat(&format!("A{index}"), *x, "Stalls"))
        .collect();
    let map = read(&small(json!(seats)));
    assert_eq!(map.runs().collect::<Vec<_>>(), [0..3, 3..5, 5..7]);
}

#[test]
fn a_row_listed_out_of_order_is_walked_in_order() {
    let xs = [0.0, 48.0, 96.0, 24.0, 72.0];
    let seats: Vec<Value> = xs
        .iter()
        .enumerate()
        .map(|(index, x)| seat(&format!("A{index}"), *x, "Stalls"))
        .collect();
    let map = read(&small(json!(seats)));
    let order: Vec<&str> = map.seats.iter().map(|seat| seat.number.as_str()).collect();
    assert_eq!(order, ["0", "3", "1", "4", "2"]);
    assert_eq!(map.runs().count(), 1);
}

#[test]
fn a_plan_beside_its_sheet_is_moved_onto_it() {
    let mut plan = small(json!([
        seat("A1", -500.0, "Stalls"),
        seat("A2", 4_000.0, "Stalls")
    ]));
    plan["size"] = json!({ "width": 0, "height": 0 });
    let map = read(&plan);
    assert!(map.seats[0].x >= 10.0);
    assert!(map.seats[1].x + 10.0 <= map.width);
    assert!((map.seats[1].x - map.seats[0].x - 4_500.0).abs() < 0.01);
}

#[test]
fn the_same_plan_is_the_same_version_and_another_is_not() {
    let one = read(&small(json!([seat("A1", 0.0, "Stalls")])));
    let same = read(&small(json!([seat("A1", 0.0, "Stalls")])));
    let moved = read(&small(json!([seat("A1", 1.0, "Stalls")])));
    assert_eq!(one.seat_map_id, same.seat_map_id);
    assert_ne!(one.seat_map_id, moved.seat_map_id);
}

#[test]
fn shapes_are_made_absolute_and_turned() {
    let mut plan = small(json!([seat("A1", 0.0, "Stalls")]));
    plan["zones"][0]["areas"] = json!([
        { "shape": "rectangle", "position": { "x": 100, "y": 100 }, "rotation": 90, "rectangle": { "width": 40, "height": 20 }, "color": "#FFF",
          "text": { "text": "Bar", "position": { "x": 20, "y": 10 } } },
        { "shape": "polygon", "position": { "x": 200, "y": 0 }, "polygon": { "points": [{ "x": 0, "y": 0 }, { "x": 10, "y": 0 }, { "x": 5, "y": 8 }] } },
        { "shape": "circle", "position": { "x": 50, "y": 50 } },
    ]);
    let map = read(&plan);
    assert_eq!(
        map.decorations.len(),
        2,
        "a circle without a radius draws nothing"
    );
    // Turned by a right angle round its corner at (110, 120), it lies left of and below that corner.
    let Decoration::Rectangle {
        x,
        y,
        width,
        height,
        rotation,
        color,
        text,
        ..
    } = &map.decorations[0]
    else {
        panic!("a rectangle")
    };
    assert_eq!(
        (*x, *y, *width, *height, *rotation, color.as_str()),
        (80.0, 130.0, 40.0, 20.0, 90.0, "#ffffff")
    );
    let label = text.as_ref().expect("it has words");
    assert_eq!((label.x, label.y, label.size), (100.0, 140.0, 16.0));
    let Decoration::Polygon { points, .. } = &map.decorations[1] else {
        panic!("a polygon")
    };
    assert_eq!((points[2].x, points[2].y), (215.0, 28.0));
}
