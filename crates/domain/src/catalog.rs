//! What is on offer: theaters with their screens, movies, and shows.
//!
//! These are the values a store keeps and the server answers from. Seat counts and who sits where are not part of
//! them: they change with every booking.

use crate::{
    door::DOORS_OPEN_MINUTES,
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    money::Currency,
    policy::CancellationPolicy,
    price::{Fees, PriceList, ShowPrices, Tax, TicketType},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a theater stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Location {
    pub address: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Degrees, WGS 84.
    #[specta(type = i32)]
    pub latitude: f64,
    /// Degrees, WGS 84.
    #[specta(type = i32)]
    pub longitude: f64,
}

/// What a theater does about a booking that would strand a single seat.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GapRule {
    /// Nothing.
    Off,
    /// The booking succeeds and carries advice.
    #[default]
    Advise,
    /// The booking is refused with seats that satisfy the rule.
    Enforce,
}

/// An auditorium.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Screen {
    pub screen_id: ScreenId,
    pub external_id: String,
    pub name: String,
    /// The map version that new shows pin.
    pub seat_map_id: SeatMapId,
    pub seats_total: u16,
    /// Minutes between the end of one show and the start of the next.
    pub cleaning_minutes: u16,
}

/// A theater with everything its customers are promised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Theater {
    pub theater_id: TheaterId,
    pub external_id: String,
    pub name: String,
    pub location: Location,
    pub time_zone: chrono_tz::Tz,
    pub currency: Currency,
    pub tax: Tax,
    pub fees: Fees,
    pub max_seats_per_booking: u16,
    pub gap_rule: GapRule,
    /// Minutes a hold lasts here; the server's default when absent.
    #[serde(default)]
    pub hold_minutes: Option<u16>,
    /// Minutes before a show at which its doors open; the default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors_open_minutes: Option<u16>,
    pub cancellation_policy: CancellationPolicy,
    pub ticket_types: Vec<TicketType>,
    pub price_lists: Vec<PriceList>,
    pub screens: Vec<Screen>,
}

impl Theater {
    /// Minutes before a show at which its doors open.
    pub fn doors_open_minutes(&self) -> u16 {
        self.doors_open_minutes.unwrap_or(DOORS_OPEN_MINUTES)
    }
}

/// A rating by one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, specta::Type, schemars::JsonSchema)]
pub struct Rating {
    pub source: String,
    #[specta(type = i32)]
    pub value: f64,
    #[specta(type = i32)]
    pub out_of: f64,
}

/// A movie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Movie {
    pub movie_id: MovieId,
    pub external_id: String,
    pub name: String,
    pub cast: Vec<String>,
    pub director: String,
    pub genres: Vec<String>,
    pub duration_minutes: u16,
    pub release_year: u16,
    pub ratings: Vec<Rating>,
    /// Age certificate as the source writes it, e.g. "PG-13"; empty when unknown.
    pub certificate: String,
    pub languages: Vec<String>,
    pub poster_url: Option<String>,
}

/// A show as it is sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Show {
    pub show_id: ShowId,
    pub external_id: String,
    pub movie_id: MovieId,
    pub screen_id: ScreenId,
    pub seat_map_id: SeatMapId,
    pub start_time: DateTime<Utc>,
    /// Start plus the movie's duration.
    pub end_time: DateTime<Utc>,
    /// "2D", "3D" …
    pub format: String,
    /// Spoken language, BCP 47.
    pub language: String,
    /// Subtitle languages, BCP 47.
    pub subtitles: Vec<String>,
    pub prices: ShowPrices,
    pub seats_total: u16,
}
