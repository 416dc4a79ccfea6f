//! The live seat map.

use matinee_domain::{
    ids::ShowId,
    money::Money,
    seat_map::{Area, Decoration, SeatCategory, SeatId, SeatKind},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Whether a seat can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatStatus {
    Available,
    Held,
    Sold,
    Blocked,
}

/// How the auditorium is drawn. Positions of seats stand with the seats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatMapView {
    pub name: String,
    /// Map units; the screen is at the top (y = 0).
    #[specta(type = i32)]
    pub width: f32,
    #[specta(type = i32)]
    pub height: f32,
    pub categories: Vec<SeatCategory>,
    pub areas: Vec<Area>,
    pub decorations: Vec<Decoration>,
}

/// A seat with its state and price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowSeat {
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
    pub status: SeatStatus,
    /// All-in, for a standard ticket.
    pub price: Money,
    /// Category code.
    pub category: String,
    pub kind: SeatKind,
    /// Index into `seat_map.areas`.
    pub area: u16,
    /// Position in map units.
    #[specta(type = i32)]
    pub x: f32,
    #[specta(type = i32)]
    pub y: f32,
    #[specta(type = i32)]
    pub radius: f32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted_view: bool,
    /// An aisle or gap is before this seat in its row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap_before: bool,
}

/// The seats of a show at one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowSeats {
    pub show_id: ShowId,
    /// Grows with every change; the ETag and the order of live events.
    #[specta(type = u32)]
    pub version: u64,
    pub seat_map: SeatMapView,
    /// In map order: row by row, seats side by side.
    pub seats: Vec<ShowSeat>,
}

/// One seat's new state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatChange {
    pub seat_id: SeatId,
    pub status: SeatStatus,
}

/// Data of the live event `seats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatChanges {
    #[specta(type = u32)]
    pub version: u64,
    pub changes: Vec<SeatChange>,
}

/// Data of the live event `snapshot`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatSnapshot {
    #[specta(type = u32)]
    pub version: u64,
    pub seats: Vec<SeatChange>,
}

/// Suggested seats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BestSeats {
    pub seat_ids: Vec<SeatId>,
    /// All seats are side by side.
    pub together: bool,
    #[specta(type = u32)]
    pub version: u64,
}
