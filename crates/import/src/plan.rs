//! Seating plans in the published interchange format (JSON schema draft-07, as pretix distributes it) into seat maps.
//!
//! Any plan valid by that schema is read; what a seat map cannot hold (a seat named twice, a category that is not
//! listed, more than 20,000 seats) is refused with its JSON pointer. Members that only steer an editor (`uuid`,
//! `zone_id`, `start_direction`, `row_number_position`, `seat_label`) are checked and left out of the map.
//! Geometry is in [`geometry`], shapes in [`shapes`], the way back in [`write`].

pub(crate) mod color;
pub(crate) mod geometry;
pub(crate) mod shapes;
pub(crate) mod write;

use crate::walk::{At, Members, SHORT};
use geometry::Spot;
use matinee_domain::{
    ids::SeatMapId,
    seat_map::{Area, MAX_SEATS, Row, Seat, SeatCategory, SeatId, SeatKind, SeatMap, SeatNo},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Most zones or categories of a plan.
const MAX_PARTS: usize = 1_000;
/// Most rows of a zone, and seats of a row: a map's own bound is reached first.
const MAX_ITEMS: usize = MAX_SEATS;
/// Largest seat radius, in plan units.
const MAX_RADIUS: f64 = 10_000.0;

/// What a plan's category is sold as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldAs {
    /// The code that price lists name; several plan categories may share it.
    pub category: String,
    /// What people read; the plan's name of the category when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub kind: SeatKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted_view: bool,
}

/// How to read a plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// The map's name; the plan's own when absent.
    pub name: Option<String>,
    /// By plan category. When absent, every plan category is its own price category, and one that is named like a
    /// seat kind ("Wheelchair") has that kind.
    pub categories: Option<BTreeMap<String, SoldAs>>,
}

/// What the seats of a plan category become.
struct Sold {
    category: u16,
    kind: SeatKind,
    restricted_view: bool,
}

/// Reads a plan at its place in a file.
pub(crate) fn read(at: &At<'_>, options: &PlanOptions) -> Option<SeatMap> {
    let plan = at.object(&["name", "zones", "categories", "size"])?;
    let name = plan.must("name", |at| at.text(SHORT).map(str::to_owned));
    let size = plan.must("size", |at| {
        let size = at.object(&["width", "height"])?;
        let edge = |at: &At<'_>| match at.number()? {
            whole if whole.fract() == 0.0 => Some(whole.clamp(0.0, geometry::LIMIT)),
            _ => at.refuse("a whole number is expected"),
        };
        let (width, height) = (size.must("width", edge), size.must("height", edge));
        Some((width?, height?))
    });
    let (categories, sold) = plan.must("categories", |at| read_categories(at, options))?;
    let mut map = SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        name: String::new(),
        width: 0.0,
        height: 0.0,
        categories,
        areas: Vec::new(),
        rows: Vec::new(),
        seats: Vec::new(),
        decorations: Vec::new(),
    };
    let mut reader = Reader {
        map: &mut map,
        sold,
        seen: HashSet::new(),
        full: false,
    };
    plan.must("zones", |at| at.list(MAX_PARTS, |zone| reader.zone(zone)))?;
    if map.seats.is_empty() {
        return plan.get("zones")?.refuse("a plan needs at least one seat");
    }
    map.name = options.name.clone().or(name)?;
    if !geometry::settle(&mut map, size?) {
        return plan.get("zones")?.refuse(format!(
            "the plan is wider or higher than {}",
            geometry::MAX_EXTENT
        ));
    }
    geometry::find_aisles(&mut map);
    map.seat_map_id = content_id(&map, "");
    match map.validate() {
        Ok(()) => Some(map),
        Err(error) => at.refuse(error.to_string()),
    }
}

/// An id made of the map's content and what it is called: the same plan read twice is the same version of the map.
pub(crate) fn content_id(map: &SeatMap, external_id: &str) -> SeatMapId {
    let nameless = SeatMap {
        seat_map_id: SeatMapId::from_bytes([0; 16]),
        ..map.clone()
    };
    // A map is plain data with finite numbers, so writing it cannot fail.
    let content = serde_json::to_vec(&nameless).unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(external_id)
        .chain_update([0])
        .chain_update(content)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    SeatMapId::from_bytes(id)
}

type Categories = (Vec<SeatCategory>, HashMap<String, Sold>);

fn read_categories(at: &At<'_>, options: &PlanOptions) -> Option<Categories> {
    let mut categories: Vec<SeatCategory> = Vec::new();
    let mut sold = HashMap::new();
    let read = at.list(MAX_PARTS, |at| {
        let members = at.object(&["name", "color"])?;
        let name = members.must("name", |at| at.text(SHORT).map(str::to_owned));
        let color = members.or("color", String::new(), |at| {
            Some(color::css_hex(at.text(MAX_PARTS)?))
        })?;
        let name = name?;
        let as_what = match &options.categories {
            None => SoldAs {
                category: name.clone(),
                label: None,
                kind: kind_named(&name),
                restricted_view: false,
            },
            Some(given) => match given.get(&name) {
                Some(as_what) => as_what.clone(),
                None => {
                    return at.refuse(format!(
                        "nothing says what the seats of category \"{name}\" are sold as"
                    ));
                }
            },
        };
        let label = as_what.label.unwrap_or_else(|| name.clone());
        let category = categories
            .iter()
            .position(|known| known.code == as_what.category)
            .unwrap_or_else(|| {
                categories.push(SeatCategory {
                    code: as_what.category,
                    label,
                    color,
                });
                categories.len() - 1
            });
        let category = u16::try_from(category).ok()?;
        let what = Sold {
            category,
            kind: as_what.kind,
            restricted_view: as_what.restricted_view,
        };
        if sold.insert(name.clone(), what).is_some() {
            return at.refuse(format!("category \"{name}\" is listed twice"));
        }
        Some(())
    });
    read?;
    Some((categories, sold))
}

/// The kind that a category's name says, for plans that come without any other word on it.
fn kind_named(name: &str) -> SeatKind {
    match name.trim().to_ascii_lowercase().as_str() {
        "premium" => SeatKind::Premium,
        "recliner" => SeatKind::Recliner,
        "sofa" => SeatKind::Sofa,
        "wheelchair" => SeatKind::Wheelchair,
        "companion" => SeatKind::Companion,
        "accessible" => SeatKind::Accessible,
        _ => SeatKind::Standard,
    }
}

struct Reader<'m> {
    map: &'m mut SeatMap,
    sold: HashMap<String, Sold>,
    seen: HashSet<String>,
    full: bool,
}

/// A text that the schema allows and the map does not need.
fn ignored(members: &Members<'_>, names: &[&str], nullable: bool) -> Option<()> {
    let wrong = names.iter().filter(|name| {
        let value = members.get(name);
        value.is_some_and(|at| {
            !(nullable && at.node == &crate::json::Node::Null) && at.text(SHORT).is_none()
        })
    });
    (wrong.count() == 0).then_some(())
}

impl Reader<'_> {
    fn zone(&mut self, at: &At<'_>) -> Option<()> {
        let zone = at.object(&["name", "zone_id", "uuid", "position", "rows", "areas"])?;
        let name = zone.or("name", String::new(), |at| {
            at.text(SHORT).map(str::to_owned)
        });
        let unused = ignored(&zone, &["zone_id", "uuid"], false);
        let spot = zone.must("position", Spot::read);
        let area = u16::try_from(self.map.areas.len()).ok()?;
        self.map.areas.push(Area {
            name: name.unwrap_or_default(),
        });
        // A wrong position is noted; the rest is walked on, to find what else is wrong.
        let origin = spot.unwrap_or_default();
        let rows = zone.must("rows", |at| {
            at.list(MAX_ITEMS, |row| self.row(row, area, origin))
        });
        let shapes = zone.or("areas", Vec::new(), |at| {
            at.list(shapes::MAX_SHAPES, |shape| shapes::read(shape, origin))
        });
        self.map.decorations.extend(shapes?.into_iter().flatten());
        if self.map.decorations.len() > shapes::MAX_SHAPES {
            return at.refuse(format!("a plan may hold {} shapes", shapes::MAX_SHAPES));
        }
        rows.and(unused).and(spot.map(|_| ()))
    }

    fn row(&mut self, at: &At<'_>, area: u16, origin: Spot) -> Option<()> {
        let row = at.object(&[
            "row_number",
            "row_label",
            "seat_label",
            "uuid",
            "seats",
            "row_number_position",
            "position",
        ])?;
        let number = row.must("row_number", |at| at.text(SHORT).map(str::to_owned));
        let label = row.get("row_label").map_or(Some(""), |at| match at.node {
            crate::json::Node::Null => Some(""),
            _ => at.text(SHORT),
        });
        let unused = ignored(&row, &["uuid"], false).and(ignored(&row, &["seat_label"], true));
        let shown = row.may("row_number_position", |at| match at.node {
            crate::json::Node::Null => Some(()),
            _ if ["start", "end", "both"].contains(&at.text(SHORT)?) => Some(()),
            _ => at.refuse("\"start\", \"end\", \"both\" or null is expected"),
        });
        let spot = row.or("position", Spot::default(), Spot::read);
        let number = number
            .filter(|number| !number.is_empty())
            .or(label.map(str::to_owned))
            .unwrap_or_default();
        let origin = origin.plus(spot.unwrap_or_default());
        let index = u16::try_from(self.map.rows.len()).ok()?;
        let first = self.map.seats.len();
        let seats = row.must("seats", |at| {
            at.list(MAX_ITEMS, |seat| {
                self.seat(seat, &number, area, index, origin)
            })
        });
        let len = self.map.seats.len() - first;
        if len > 0 {
            // Bounded by MAX_SEATS, which fits.
            let (first, len) = (SeatNo(first as u16), len as u16);
            self.map.rows.push(Row {
                label: number,
                area,
                first,
                len,
                breaks: Vec::new(),
            });
        }
        seats
            .and(unused)
            .and(shown)
            .and(spot)
            .and(label)
            .map(|_| ())
    }

    fn seat(
        &mut self,
        at: &At<'_>,
        row: &str,
        area: u16,
        row_index: u16,
        origin: Spot,
    ) -> Option<()> {
        if self.map.seats.len() == MAX_SEATS {
            // Said once: every further seat would only repeat it.
            if !std::mem::replace(&mut self.full, true) {
                at.refuse::<()>(format!("a plan may have {MAX_SEATS} seats"));
            }
            return None;
        }
        let seat = at.object(&[
            "seat_guid",
            "seat_number",
            "uuid",
            "start_direction",
            "radius",
            "position",
            "category",
        ])?;
        let seat_id = seat.must("seat_guid", |at| self.seat_id(at));
        let number = seat.must("seat_number", |at| at.text(SHORT).map(str::to_owned));
        let unused =
            ignored(&seat, &["uuid"], false).and(ignored(&seat, &["start_direction"], true));
        let radius = seat.or("radius", 10.0, |at| match at.number()? {
            radius if radius > 0.0 && radius <= MAX_RADIUS => Some(radius),
            _ => at.refuse(format!(
                "a radius above 0 and up to {MAX_RADIUS} is expected"
            )),
        });
        let spot = seat.must("position", |at| {
            Spot::read(at).and_then(|spot| origin.plus(spot).within(at))
        });
        let sold = seat.must("category", |at| {
            let name = at.text(SHORT)?;
            self.sold
                .get(name)
                .or_else(|| at.refuse(format!("category \"{name}\" is not listed in the plan")))
        });
        let (sold, spot) = (sold?, spot?);
        unused?;
        self.map.seats.push(Seat {
            seat_id: SeatId(seat_id?),
            row: row.to_owned(),
            number: number?,
            area,
            row_index,
            category: sold.category,
            kind: sold.kind,
            restricted_view: sold.restricted_view,
            x: geometry::snap(spot.x),
            y: geometry::snap(spot.y),
            radius: geometry::snap(radius?).max(0.01),
        });
        Some(())
    }

    /// The schema's pattern: at least two characters, no blank at either end, nothing that ends a line inside.
    fn seat_id(&mut self, at: &At<'_>) -> Option<String> {
        let id = at.text(SHORT)?;
        let mut inner = id.chars();
        let (first, last) = (inner.next(), inner.next_back());
        let ends_line = |letter: char| matches!(letter, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        if first.is_none_or(|end| end == ' ')
            || last.is_none_or(|end| end == ' ')
            || inner.any(ends_line)
        {
            return at
                .refuse("a name of at least two characters with no blank at its ends is expected");
        }
        if !self.seen.insert(id.to_owned()) {
            return at.refuse(format!("seat \"{id}\" stands twice in the plan"));
        }
        Some(id.to_owned())
    }
}
