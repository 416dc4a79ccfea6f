//! Positions of a plan: made absolute, snapped to hundredths, moved onto the sheet; and the aisles, which a plan does not
//! name but shows by distance.
//!
//! Snapping makes reading, writing and reading again give the same map: hundredths survive both the decimal text and
//! the 32-bit numbers of a seat map, as long as nothing lies farther out than [`LIMIT`].

use crate::walk::At;
use matinee_domain::seat_map::{Decoration, Label, Point, Row, Seat, SeatMap, SeatNo};

/// How far from the origin anything may lie, in plan units: up to here, a 32-bit number tells hundredths apart.
pub(crate) const LIMIT: f64 = 110_000.0;
/// How far apart the ends of a plan may lie, so that it is within [`LIMIT`] also after it was moved.
pub(crate) const MAX_EXTENT: f64 = 100_000.0;
/// How far a part may lie from what it is relative to; where it ends up is what [`LIMIT`] bounds.
const MAX_RELATIVE: f64 = 1_000_000.0;
/// Free room when a plan has to be moved onto its sheet.
const MARGIN: f64 = 10.0;
/// A gap this many times the row's usual distance is an aisle …
const AISLE: f64 = 1.6;
/// … and so is one this many times the plan's, for rows too short to have a usual distance.
const WIDE: f64 = 2.5;

/// A place, absolute or relative to another.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Spot {
    pub(crate) fn read(at: &At<'_>) -> Option<Self> {
        let members = at.object(&["x", "y"])?;
        let place = |at: &At<'_>| at.number_in(-MAX_RELATIVE, MAX_RELATIVE);
        let (x, y) = (members.must("x", place), members.must("y", place));
        Some(Self { x: x?, y: y? })
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            y: self.y + other.y,
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }

    /// Turned clockwise (y grows downwards) round the origin.
    pub(crate) fn turned(self, degrees: f64) -> Self {
        if degrees == 0.0 {
            return self;
        }
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self {
            x: self.x * cos - self.y * sin,
            y: self.x * sin + self.y * cos,
        }
    }

    /// Itself when it is near enough to be drawn.
    pub(crate) fn within(self, at: &At<'_>) -> Option<Self> {
        if self.x.abs() <= LIMIT && self.y.abs() <= LIMIT {
            Some(self)
        } else {
            at.refuse(format!("lies farther than {LIMIT} from the origin"))
        }
    }
}

/// To hundredths.
pub(crate) fn snap(value: f64) -> f32 {
    // Adding zero turns −0 into 0, which a plan cannot tell apart.
    ((value * 100.0).round() / 100.0 + 0.0) as f32
}

/// The number that was snapped, without the noise of a 32-bit one.
pub(crate) fn exact(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

/// Degrees from 0 to below 360, to hundredths.
pub(crate) fn turn(degrees: f64) -> f64 {
    let turn = exact(snap(degrees.rem_euclid(360.0)));
    if turn < 360.0 { turn } else { 0.0 }
}

/// Moves everything onto the sheet when something lies beside it, and makes the sheet large enough. False when the
/// plan is too large for any sheet.
pub(crate) fn settle(map: &mut SeatMap, size: (f64, f64)) -> bool {
    let (least, most) = extent(map);
    if most.x - least.x > MAX_EXTENT || most.y - least.y > MAX_EXTENT {
        return false;
    }
    let shift = |edge: f64| {
        if edge < 0.0 {
            (MARGIN - edge).ceil()
        } else {
            0.0
        }
    };
    let by = Spot {
        x: shift(least.x),
        y: shift(least.y),
    };
    if by != Spot::default() {
        move_by(map, by);
    }
    let (_, most) = extent(map);
    map.width = size.0.max(most.x.ceil()).max(1.0) as f32;
    map.height = size.1.max(most.y.ceil()).max(1.0) as f32;
    true
}

fn move_by(map: &mut SeatMap, by: Spot) {
    let shift = |x: &mut f32, y: &mut f32| {
        *x = snap(exact(*x) + by.x);
        *y = snap(exact(*y) + by.y);
    };
    for seat in &mut map.seats {
        shift(&mut seat.x, &mut seat.y);
    }
    for decoration in &mut map.decorations {
        let label = match decoration {
            Decoration::Polygon { points, text, .. } => {
                for Point { x, y } in points {
                    shift(x, y);
                }
                text.as_mut()
            }
            Decoration::Rectangle { x, y, text, .. }
            | Decoration::Circle { x, y, text, .. }
            | Decoration::Ellipse { x, y, text, .. } => {
                shift(x, y);
                text.as_mut()
            }
            Decoration::Text { x, y, text, .. } => {
                shift(x, y);
                Some(text)
            }
        };
        if let Some(Label { x, y, .. }) = label {
            shift(x, y);
        }
    }
}

/// The corners of what is drawn.
fn extent(map: &SeatMap) -> (Spot, Spot) {
    let mut least = Spot {
        x: f64::INFINITY,
        y: f64::INFINITY,
    };
    let mut most = Spot {
        x: f64::NEG_INFINITY,
        y: f64::NEG_INFINITY,
    };
    let mut cover = |x: f64, y: f64, half_x: f64, half_y: f64| {
        least = Spot {
            x: least.x.min(x - half_x),
            y: least.y.min(y - half_y),
        };
        most = Spot {
            x: most.x.max(x + half_x),
            y: most.y.max(y + half_y),
        };
    };
    for seat in &map.seats {
        let radius = exact(seat.radius);
        cover(exact(seat.x), exact(seat.y), radius, radius);
    }
    for decoration in &map.decorations {
        let label = match decoration {
            Decoration::Polygon { points, text, .. } => {
                for point in points {
                    cover(exact(point.x), exact(point.y), 0.0, 0.0);
                }
                text.as_ref()
            }
            Decoration::Rectangle {
                x,
                y,
                width,
                height,
                rotation,
                text,
                ..
            } => {
                let half = Spot {
                    x: exact(*width) / 2.0,
                    y: exact(*height) / 2.0,
                };
                let (one, other) = (
                    half.turned(exact(*rotation)),
                    Spot {
                        x: half.x,
                        y: -half.y,
                    }
                    .turned(exact(*rotation)),
                );
                let reach = (
                    one.x.abs().max(other.x.abs()),
                    one.y.abs().max(other.y.abs()),
                );
                cover(exact(*x) + half.x, exact(*y) + half.y, reach.0, reach.1);
                text.as_ref()
            }
            Decoration::Circle {
                x, y, radius, text, ..
            } => {
                cover(exact(*x), exact(*y), exact(*radius), exact(*radius));
                text.as_ref()
            }
            Decoration::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                rotation,
                text,
                ..
            } => {
                let (cx, cy) = (exact(*radius_x), exact(*radius_y));
                let upright = *rotation == 0.0;
                let reach = cx.max(cy);
                cover(
                    exact(*x),
                    exact(*y),
                    if upright { cx } else { reach },
                    if upright { cy } else { reach },
                );
                text.as_ref()
            }
            Decoration::Text { text, .. } => Some(text),
        };
        if let Some(label) = label {
            cover(exact(label.x), exact(label.y), 0.0, 0.0);
        }
    }
    (least, most)
}

fn distance(a: &Seat, b: &Seat) -> f64 {
    (exact(a.x) - exact(b.x)).hypot(exact(a.y) - exact(b.y))
}

fn length(seats: &[Seat]) -> f64 {
    seats
        .windows(2)
        .map(|pair| distance(&pair[0], &pair[1]))
        .sum()
}

/// The distance that a quarter of the gaps do not exceed: what neighbours keep, even in a row of pairs.
fn usual(mut distances: Vec<f64>) -> Option<f64> {
    distances.sort_by(f64::total_cmp);
    distances
        .get(distances.len().saturating_sub(1) / 4)
        .copied()
}

/// Puts each row's seats in the order one walks along it and marks the gaps that are too wide to sit across.
pub(crate) fn find_aisles(map: &mut SeatMap) {
    let SeatMap { rows, seats, .. } = map;
    let range = |row: &Row| row.first.index()..row.first.index() + usize::from(row.len);
    for row in rows.iter() {
        walk_along(&mut seats[range(row)]);
    }
    let gaps = |row: &Row| -> Vec<f64> {
        seats[range(row)]
            .windows(2)
            .map(|pair| distance(&pair[0], &pair[1]))
            .collect()
    };
    let of_plan = usual(rows.iter().flat_map(gaps).collect()).unwrap_or(f64::INFINITY);
    for row in rows.iter_mut() {
        let gaps = gaps(row);
        let of_row = usual(gaps.clone()).unwrap_or(f64::INFINITY);
        let wide = |gap: f64| gap > AISLE * of_row || gap > WIDE * of_plan;
        let after = |index: usize| SeatNo(row.first.0 + index as u16 + 1);
        row.breaks = gaps
            .iter()
            .enumerate()
            .filter(|(_, gap)| wide(**gap))
            .map(|(index, _)| after(index))
            .collect();
    }
}

/// Some plans list odd seats first, or the middle outwards. Such a row is sorted along its longer side, when that makes
/// the walk shorter; a row that bends back on itself keeps the plan's order.
fn walk_along(seats: &mut [Seat]) {
    let span = |of: fn(&Seat) -> f32| {
        let (least, most) = seats
            .iter()
            .map(of)
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), v| {
                (least.min(v), most.max(v))
            });
        most - least
    };
    let along: fn(&Seat) -> f32 = if span(|seat| seat.x) >= span(|seat| seat.y) {
        |seat| seat.x
    } else {
        |seat| seat.y
    };
    if seats.is_sorted_by_key(along) || seats.iter().rev().is_sorted_by_key(along) {
        return;
    }
    let mut sorted = seats.to_vec();
    sorted.sort_by(|a, b| along(a).total_cmp(&along(b)));
    if length(&sorted) < length(seats) {
        seats.clone_from_slice(&sorted);
    }
}
