//! Seat maps back into the published interchange format, so that what was read and written can be read again and is the
//! same map.
//!
//! Everything is written with absolute positions: one zone per area, all shapes in the first. What a map does not keep
//! (editors' ids, the plan's own names of merged categories) is not invented.

use super::{
    SoldAs,
    geometry::{Spot, exact},
};
use matinee_domain::seat_map::{Decoration, Label, Row, Seat, SeatKind, SeatMap};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A seating plan, and what has to stand beside it to read it as the same map.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenPlan {
    /// The plan: any reader of the published format understands it.
    pub plan: Value,
    /// What each of its categories is sold as.
    pub categories: BTreeMap<String, SoldAs>,
}

/// A category of the plan: everything that seats of one look and sale share.
type Key = (u16, u8, bool);

/// Every kind of seat and its name in files.
pub(crate) const KINDS: [(SeatKind, &str); 7] = [
    (SeatKind::Standard, "standard"),
    (SeatKind::Premium, "premium"),
    (SeatKind::Recliner, "recliner"),
    (SeatKind::Sofa, "sofa"),
    (SeatKind::Wheelchair, "wheelchair"),
    (SeatKind::Companion, "companion"),
    (SeatKind::Accessible, "accessible"),
];

fn key(seat: &Seat) -> Key {
    let kind = KINDS
        .iter()
        .position(|(kind, _)| *kind == seat.kind)
        .unwrap_or_default();
    (seat.category, kind as u8, seat.restricted_view)
}

/// Writes a map that [`crate::parse_seating_plan`] or [`crate::parse_catalog`] made, or one like it.
pub fn write_seating_plan(map: &SeatMap) -> WrittenPlan {
    let names = category_names(map);
    let mut listed = Vec::new();
    let mut categories = BTreeMap::new();
    for (key, name) in &names {
        let category = &map.categories[usize::from(key.0)];
        let mut entry = json!({ "name": name });
        put_text(&mut entry, "color", &category.color);
        listed.push(entry);
        let sold = SoldAs {
            category: category.code.clone(),
            label: Some(category.label.clone()),
            kind: KINDS[usize::from(key.1)].0,
            restricted_view: key.2,
        };
        categories.insert(name.clone(), sold);
    }
    let zones: Vec<Value> = (0..map.areas.len())
        .map(|area| zone(map, area, &names))
        .collect();
    let plan = json!({
        "name": map.name,
        "size": { "width": exact(map.width) as i64, "height": exact(map.height) as i64 },
        "categories": listed,
        "zones": zones,
    });
    WrittenPlan { plan, categories }
}

/// A name for every category of the plan: the category's label where it stands for one kind of seat only, so that a
/// bare plan keeps its names.
fn category_names(map: &SeatMap) -> BTreeMap<Key, String> {
    let mut keys: BTreeSet<Key> = map.seats.iter().map(key).collect();
    for category in 0..map.categories.len() as u16 {
        if !keys.iter().any(|key| key.0 == category) {
            keys.insert((category, 0, false));
        }
    }
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for key in &keys {
        let label = &map.categories[usize::from(key.0)].label;
        let alone = keys.iter().filter(|other| other.0 == key.0).count() == 1;
        let base = match (alone, key.2) {
            (true, _) => label.clone(),
            (false, false) => format!("{label}: {}", KINDS[usize::from(key.1)].1),
            (false, true) => format!("{label}: {}, restricted view", KINDS[usize::from(key.1)].1),
        };
        let mut name = base.clone();
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{base} {number}");
        }
        names.insert(*key, name);
    }
    names
}

fn zone(map: &SeatMap, area: usize, names: &BTreeMap<Key, String>) -> Value {
    let rows = map.rows.iter().filter(|row| usize::from(row.area) == area);
    let rows: Vec<Value> = rows
        .map(|row| json!({ "row_number": row.label, "seats": seats(map, row, names) }))
        .collect();
    let mut zone = json!({ "position": { "x": 0, "y": 0 }, "rows": rows });
    put_text(&mut zone, "name", &map.areas[area].name);
    if area == 0 && !map.decorations.is_empty() {
        put(
            &mut zone,
            "areas",
            map.decorations.iter().map(shape).collect(),
        );
    }
    zone
}

fn seats(map: &SeatMap, row: &Row, names: &BTreeMap<Key, String>) -> Vec<Value> {
    let range = row.first.index()..row.first.index() + usize::from(row.len);
    let seat = |seat: &Seat| {
        let mut value = json!({
            "seat_guid": seat.seat_id.0,
            "seat_number": seat.number,
            "position": { "x": exact(seat.x), "y": exact(seat.y) },
            "category": names[&key(seat)],
        });
        let radius = exact(seat.radius);
        if radius.to_bits() != 10.0_f64.to_bits() {
            put(&mut value, "radius", json!(radius));
        }
        value
    };
    map.seats[range].iter().map(seat).collect()
}

fn shape(decoration: &Decoration) -> Value {
    let look = |shape: &str, spot: Spot, color: &str, border: &str| {
        let mut value = json!({ "shape": shape, "position": point(spot) });
        put_text(&mut value, "color", color);
        put_text(&mut value, "border_color", border);
        value
    };
    let place = |x: &f32, y: &f32| Spot {
        x: exact(*x),
        y: exact(*y),
    };
    let (mut value, spot, rotation, label) = match decoration {
        Decoration::Polygon {
            points,
            color,
            border_color,
            text,
        } => {
            let mut value = look("polygon", Spot::default(), color, border_color);
            let points: Vec<Value> = points.iter().map(|at| point(place(&at.x, &at.y))).collect();
            put(&mut value, "polygon", json!({ "points": points }));
            (value, Spot::default(), 0.0, text.as_ref())
        }
        Decoration::Rectangle {
            x,
            y,
            width,
            height,
            rotation,
            color,
            border_color,
            text,
        } => {
            // A plan turns a rectangle round its corner, a map round its middle.
            let half = Spot {
                x: exact(*width) / 2.0,
                y: exact(*height) / 2.0,
            };
            let spot = place(x, y).plus(half).minus(half.turned(exact(*rotation)));
            let mut value = look("rectangle", spot, color, border_color);
            put(
                &mut value,
                "rectangle",
                json!({ "width": exact(*width), "height": exact(*height) }),
            );
            (value, spot, exact(*rotation), text.as_ref())
        }
        Decoration::Circle {
            x,
            y,
            radius,
            color,
            border_color,
            text,
        } => {
            let mut value = look("circle", place(x, y), color, border_color);
            put(&mut value, "circle", json!({ "radius": exact(*radius) }));
            (value, place(x, y), 0.0, text.as_ref())
        }
        Decoration::Ellipse {
            x,
            y,
            radius_x,
            radius_y,
            rotation,
            color,
            border_color,
            text,
        } => {
            let mut value = look("ellipse", place(x, y), color, border_color);
            put(
                &mut value,
                "ellipse",
                json!({ "radius": point(place(radius_x, radius_y)) }),
            );
            (value, place(x, y), exact(*rotation), text.as_ref())
        }
        Decoration::Text {
            x,
            y,
            rotation,
            text,
        } => (
            look("text", place(x, y), "", ""),
            place(x, y),
            exact(*rotation),
            Some(text),
        ),
    };
    if rotation != 0.0 {
        put(&mut value, "rotation", json!(rotation));
    }
    if let Some(label) = label {
        put(&mut value, "text", words(label, spot, rotation));
    }
    value
}

fn words(label: &Label, spot: Spot, rotation: f64) -> Value {
    let relative = Spot {
        x: exact(label.x),
        y: exact(label.y),
    }
    .minus(spot)
    .turned(-rotation);
    let mut value =
        json!({ "text": label.text, "position": point(relative), "size": exact(label.size) });
    put_text(&mut value, "color", &label.color);
    value
}

fn point(spot: Spot) -> Value {
    json!({ "x": spot.x, "y": spot.y })
}

fn put(object: &mut Value, name: &str, value: Value) {
    object
        .as_object_mut()
        .unwrap_or(&mut Map::new())
        .insert(name.to_owned(), value);
}

fn put_text(object: &mut Value, name: &str, text: &str) {
    if !text.is_empty() {
        put(object, name, json!(text));
    }
}
