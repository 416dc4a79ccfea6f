//! Theaters, movies and shows as callers read them.

use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{Location, Rating},
    ids::{MovieId, ScreenId, ShowId, TheaterId},
    money::{Currency, Money},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// An auditorium as a caller sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Screen {
    pub screen_id: ScreenId,
    pub name: String,
    pub seats_total: u16,
}

/// The auditorium of a show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowScreen {
    pub screen_id: ScreenId,
    pub name: String,
}

/// A theater, with the movies on there now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Theater {
    pub theater_id: TheaterId,
    pub name: String,
    pub location: Location,
    /// IANA zone.
    pub time_zone: String,
    pub currency: Currency,
    pub screens: Vec<Screen>,
    /// Movies with shows in the next 14 days; without their shows.
    #[serde(default)]
    pub movies: Vec<MovieSummary>,
    /// Kilometres from `near`, when the caller asked with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Option<i32>)]
    pub distance_km: Option<f64>,
    pub max_seats_per_booking: u16,
    /// The cancellation policy in words.
    #[serde(default)]
    pub cancellation_policy: String,
}

/// A movie in a theater's list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MovieSummary {
    pub movie_id: MovieId,
    pub name: String,
    pub genres: Vec<String>,
    pub duration_minutes: u16,
    pub certificate: String,
    pub poster_url: Option<String>,
}

/// A movie with its details and, where the call lists them, its shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Movie {
    pub movie_id: MovieId,
    pub name: String,
    pub cast: Vec<String>,
    pub director: String,
    pub genres: Vec<String>,
    pub duration_minutes: u16,
    pub release_year: u16,
    pub ratings: Vec<Rating>,
    /// Age certificate as its source writes it; empty when unknown.
    pub certificate: String,
    /// BCP 47.
    pub languages: Vec<String>,
    pub poster_url: Option<String>,
    #[serde(default)]
    pub shows: Vec<Show>,
}

/// A show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Show {
    pub show_id: ShowId,
    pub movie_id: MovieId,
    pub theater_id: TheaterId,
    pub screen: ShowScreen,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub format: String,
    pub language: String,
    pub subtitles: Vec<String>,
    /// Lowest all-in price of a standard ticket.
    pub from_price: Money,
    pub seats_available: u16,
    pub seats_total: u16,
    /// The theater cancelled it. Only who has a booking for it reads this; lists leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

/// A show with all that is needed to buy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowDetail {
    #[serde(flatten)]
    pub show: Show,
    pub movie_name: String,
    pub theater_name: String,
    pub time_zone: String,
    pub ticket_types: Vec<TicketType>,
    /// The cancellation policy in words.
    pub policy: String,
    pub max_seats_per_booking: u16,
}

/// A ticket type with its all-in price per seat category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TicketType {
    pub code: String,
    pub label: String,
    pub prices: Vec<CategoryPrice>,
    /// What to show at the door; null when nothing.
    pub proof_needed: Option<String>,
}

/// An all-in price of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CategoryPrice {
    pub category: String,
    pub label: String,
    pub price: Money,
}
