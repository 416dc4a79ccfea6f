//! The plan of an auditorium: where its seats are, what they are, and which sit side by side.
//!
//! A seat map is immutable; a changed plan is a new version, and a show pins the one it was sold with. Prices are not
//! here (a category only names them), nor is who sits where (that is the show's, in the store).

use crate::ids::SeatMapId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most seats one map may have. The largest cinemas have about 5,000; the rest is room for open-air arenas.
pub const MAX_SEATS: usize = 20_000;

/// A seat's name within its map, stable across versions of the map; it comes from the plan (its `seat_guid`).
#[derive(
    Clone,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(transparent)]
#[schemars(transparent, inline)]
pub struct SeatId(pub String);

impl fmt::Debug for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A seat's position in [`SeatMap::seats`]: what stores and bit sets use instead of the text.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct SeatNo(pub u16);

/// What sets a number apart from all places of a map.
const SHELF: u16 = MAX_SEATS as u16;
/// Numbers that one place can be put aside under.
const SHELVES: u16 = 2;

impl SeatNo {
    /// The least number that is no place of any map.
    pub const FIRST_ASIDE: Self = Self(SHELF);

    /// As an index into the map's seats.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The numbers under which a place of an earlier map is kept when its show was moved to another one.
    pub fn aside(self) -> impl Iterator<Item = Self> {
        let place = self.place();
        (1..=SHELVES).map(move |shelf| Self(place.0 + shelf * SHELF))
    }

    /// It is no place of the show's map: the show was moved, and there is none for it.
    pub const fn is_aside(self) -> bool {
        self.0 >= SHELF
    }

    /// The place it is, or was, on its map.
    pub const fn place(self) -> Self {
        Self(self.0 % SHELF)
    }
}

/// What a seat physically is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SeatKind {
    /// An ordinary seat.
    #[default]
    Standard,
    /// A better seat.
    Premium,
    /// A reclining seat.
    Recliner,
    /// A sofa or love seat.
    Sofa,
    /// A place for a wheelchair, without a seat.
    Wheelchair,
    /// The seat beside a wheelchair place.
    Companion,
    /// A seat reachable without steps.
    Accessible,
}

/// A price category of a map, e.g. "Premium".
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type, schemars::JsonSchema,
)]
pub struct SeatCategory {
    /// The key that price lists name.
    pub code: String,
    /// What people read.
    pub label: String,
    /// A CSS hex colour from the plan, for plans that are drawn in the plan's own colours.
    pub color: String,
}

/// A zone of the auditorium: stalls, balcony, a block of an arena.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Area {
    /// What people read; may be empty in a map with one area.
    pub name: String,
}

/// A shape or text that is drawn but cannot be booked: stage, stairs, an outline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum Decoration {
    /// An outline through absolute points.
    Polygon {
        points: Vec<Point>,
        color: String,
        border_color: String,
        text: Option<Label>,
    },
    /// A rectangle turned by `rotation` degrees round its centre.
    Rectangle {
        #[specta(type = i32)]
        x: f32,
        #[specta(type = i32)]
        y: f32,
        #[specta(type = i32)]
        width: f32,
        #[specta(type = i32)]
        height: f32,
        #[specta(type = i32)]
        rotation: f32,
        color: String,
        border_color: String,
        text: Option<Label>,
    },
    /// A circle.
    Circle {
        #[specta(type = i32)]
        x: f32,
        #[specta(type = i32)]
        y: f32,
        #[specta(type = i32)]
        radius: f32,
        color: String,
        border_color: String,
        text: Option<Label>,
    },
    /// An ellipse turned by `rotation` degrees.
    Ellipse {
        #[specta(type = i32)]
        x: f32,
        #[specta(type = i32)]
        y: f32,
        #[specta(type = i32)]
        radius_x: f32,
        #[specta(type = i32)]
        radius_y: f32,
        #[specta(type = i32)]
        rotation: f32,
        color: String,
        border_color: String,
        text: Option<Label>,
    },
    /// Words alone.
    Text {
        #[specta(type = i32)]
        x: f32,
        #[specta(type = i32)]
        y: f32,
        #[specta(type = i32)]
        rotation: f32,
        text: Label,
    },
}

/// Words drawn on a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Label {
    /// What is written.
    pub text: String,
    /// Absolute position.
    #[specta(type = i32)]
    pub x: f32,
    /// Absolute position.
    #[specta(type = i32)]
    pub y: f32,
    /// CSS colour.
    pub color: String,
    /// Font size in map units.
    #[specta(type = i32)]
    pub size: f32,
}

/// A point in map units.
#[derive(
    Debug, Clone, Copy, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema,
)]
pub struct Point {
    #[specta(type = i32)]
    pub x: f32,
    #[specta(type = i32)]
    pub y: f32,
}

/// One seat. Positions are absolute, in map units; y grows away from the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Seat {
    pub seat_id: SeatId,
    /// The row's label as people read it.
    pub row: String,
    /// The seat's label within the row.
    pub number: String,
    /// Index into [`SeatMap::areas`].
    pub area: u16,
    /// Index into [`SeatMap::rows`].
    pub row_index: u16,
    /// Index into [`SeatMap::categories`].
    pub category: u16,
    pub kind: SeatKind,
    /// A pillar, rail or angle limits the view.
    pub restricted_view: bool,
    #[specta(type = i32)]
    pub x: f32,
    #[specta(type = i32)]
    pub y: f32,
    #[specta(type = i32)]
    pub radius: f32,
}

/// A row of seats. `first..first + len` are its seats in walking order; a seat whose number is in `breaks` has an
/// aisle (or another gap too wide to sit across) before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Row {
    pub label: String,
    pub area: u16,
    pub first: SeatNo,
    pub len: u16,
    pub breaks: Vec<SeatNo>,
}

/// One version of an auditorium's plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct SeatMap {
    pub seat_map_id: SeatMapId,
    pub name: String,
    /// Map units; everything drawn lies within `0..width × 0..height`.
    #[specta(type = i32)]
    pub width: f32,
    #[specta(type = i32)]
    pub height: f32,
    pub categories: Vec<SeatCategory>,
    pub areas: Vec<Area>,
    pub rows: Vec<Row>,
    pub seats: Vec<Seat>,
    pub decorations: Vec<Decoration>,
}

/// Why a list of seats does not make a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeatMapError {
    #[error("a seat map needs at least one seat")]
    Empty,
    #[error("a seat map has at most {MAX_SEATS} seats")]
    TooManySeats,
    #[error("seat {0} appears twice")]
    DuplicateSeat(SeatId),
    #[error("seat {0} names a row, area or category that is not there")]
    UnknownPart(SeatId),
    #[error("row {0} does not match its seats")]
    BadRow(String),
    #[error("a position or size is not a finite number")]
    NotFinite,
}

impl SeatMap {
    /// Checks every rule a map must keep; importers call it last, stores trust what passed it.
    pub fn validate(&self) -> Result<(), SeatMapError> {
        if self.seats.is_empty() {
            return Err(SeatMapError::Empty);
        }
        if self.seats.len() > MAX_SEATS {
            return Err(SeatMapError::TooManySeats);
        }
        let mut seen = std::collections::HashSet::with_capacity(self.seats.len());
        for seat in &self.seats {
            if !seen.insert(&seat.seat_id) {
                return Err(SeatMapError::DuplicateSeat(seat.seat_id.clone()));
            }
            if usize::from(seat.area) >= self.areas.len()
                || usize::from(seat.category) >= self.categories.len()
                || usize::from(seat.row_index) >= self.rows.len()
            {
                return Err(SeatMapError::UnknownPart(seat.seat_id.clone()));
            }
            if !(seat.x.is_finite() && seat.y.is_finite() && seat.radius.is_finite()) {
                return Err(SeatMapError::NotFinite);
            }
        }
        if !(self.width.is_finite() && self.height.is_finite()) {
            return Err(SeatMapError::NotFinite);
        }
        self.validate_rows()
    }

    fn validate_rows(&self) -> Result<(), SeatMapError> {
        let mut next = 0_usize;
        for (index, row) in self.rows.iter().enumerate() {
            let range = Self::row_range(row);
            let bad = || SeatMapError::BadRow(row.label.clone());
            if range.start != next || range.end > self.seats.len() {
                return Err(bad());
            }
            if self.seats[range.clone()]
                .iter()
                .any(|seat| usize::from(seat.row_index) != index || seat.area != row.area)
            {
                return Err(bad());
            }
            if row.breaks.iter().any(|seat| !range.contains(&seat.index())) {
                return Err(bad());
            }
            next = range.end;
        }
        if next == self.seats.len() {
            Ok(())
        } else {
            Err(SeatMapError::BadRow("the last".into()))
        }
    }

    fn row_range(row: &Row) -> std::ops::Range<usize> {
        row.first.index()..row.first.index() + usize::from(row.len)
    }

    /// The seat with this number, if the map has it.
    pub fn seat(&self, seat: SeatNo) -> Option<&Seat> {
        self.seats.get(seat.index())
    }

    /// The number of the seat with this name. Linear: callers that look up often keep their own index.
    pub fn seat_no(&self, seat_id: &str) -> Option<SeatNo> {
        self.seats
            .iter()
            .position(|seat| seat.seat_id.0 == seat_id)
            .map(|index| SeatNo(index as u16))
    }

    /// Runs of seats that sit side by side: each row cut at its aisles, in map order.
    pub fn runs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.rows.iter().flat_map(move |row| {
            let range = Self::row_range(row);
            let mut cuts: Vec<usize> = vec![range.start];
            cuts.extend(
                row.breaks
                    .iter()
                    .map(|seat| seat.index())
                    .filter(|cut| *cut > range.start),
            );
            cuts.push(range.end);
            cuts.sort_unstable();
            cuts.dedup();
            (1..cuts.len())
                .map(move |i| cuts[i - 1]..cuts[i])
                .collect::<Vec<_>>()
        })
    }
}

#[cfg(test)]
mod tests;
