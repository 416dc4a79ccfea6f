//! What staff make and change: theaters, screens, prices, movies and shows.
//!
//! Members are named and mean what they do in Matinee JSON (docs/import-format.md), and are checked by the same reader.
//! Where a call takes what another one answers, members that the call does not know are left out of account.

use chrono::{DateTime, Utc};
use matinee_domain::{
    catalog::{GapRule, Location, Rating},
    ids::{MovieId, ScreenId, SeatMapId, ShowId, TheaterId},
    money::{Currency, Money},
    price::PriceChange,
    seat_map::SeatKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// Tax inside every price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TaxSpec {
    /// What people read, e.g. "VAT 14 %".
    pub label: String,
    /// 1400 is 14 %.
    pub basis_points: u32,
}

/// Fees inside every price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FeesSpec {
    /// Whole minor units.
    #[serde(default)]
    #[specta(type = i32)]
    pub per_seat_minor: i64,
}

/// Until so long before the start, so much comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TierSpec {
    pub minutes_before: u32,
    /// 10000 is all of it.
    pub refund_basis_points: u32,
}

/// A theater's own facts: what `POST` and `PUT /manage/theaters` take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TheaterSpec {
    pub name: String,
    pub location: Location,
    /// IANA zone; stays once seats were held or sold.
    pub time_zone: String,
    /// ISO 4217; stays once seats were held or sold.
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees: Option<FeesSpec>,
    /// 1 to 50, 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seats_per_booking: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_rule: Option<GapRule>,
    /// 1 to 20; the server's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_minutes: Option<u16>,
    /// How long before a show its doors open: 0 to 1440, 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors_open_minutes: Option<u16>,
    /// None: tickets are not refundable.
    #[serde(default)]
    pub cancellation_policy: Vec<TierSpec>,
}

/// Who a ticket is for, and what that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TicketTypeSpec {
    pub code: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PriceChange>,
    /// What to show at the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// The price of a seat category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CategoryPriceSpec {
    /// The category's code in the seat map.
    pub category: String,
    #[specta(type = i32)]
    pub amount_minor: i64,
}

/// When a price list differs from itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PriceRuleSpec {
    /// What people read in the breakdown, e.g. "Matinee".
    pub label: String,
    /// 1 is Monday; every day when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// `HH:MM` of the show's local start, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `HH:MM` of the show's local start, exclusive; `24:00` is the day's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// All when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    pub change: PriceChange,
}

/// A named list of prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PriceListSpec {
    /// What shows name it by; unique in the theater.
    pub external_id: String,
    pub name: String,
    pub prices: Vec<CategoryPriceSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PriceRuleSpec>,
}

/// `PUT /manage/theaters/{theater_id}/prices`. Shows keep the prices they have until they are changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PricesSpec {
    #[serde(default)]
    pub ticket_types: Vec<TicketTypeSpec>,
    /// The first is that of shows that name none.
    pub price_lists: Vec<PriceListSpec>,
}

/// A screen as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedScreen {
    pub screen_id: ScreenId,
    pub external_id: String,
    pub name: String,
    /// The version of its seat map that new shows get.
    pub seat_map_id: SeatMapId,
    pub seats_total: u16,
    pub cleaning_minutes: u16,
}

/// A theater as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedTheater {
    pub theater_id: TheaterId,
    pub external_id: String,
    #[serde(flatten)]
    pub facts: TheaterSpec,
    #[serde(flatten)]
    pub prices: PricesSpec,
    pub screens: Vec<ManagedScreen>,
}

/// What a plan's category is sold as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SoldAsSpec {
    /// The code that price lists name.
    pub category: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default)]
    pub kind: SeatKind,
    #[serde(default)]
    pub restricted_view: bool,
}

/// A hall of straight rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct HallSpec {
    /// 1 to 100.
    pub rows: u16,
    /// 1 to 200.
    pub seats_per_row: u16,
    /// An aisle after these seats, counted from 1.
    #[serde(default)]
    pub aisles_after: Vec<u16>,
    /// Places for wheelchairs, at the ends of the first row, each with the seat beside it for a companion.
    #[serde(default)]
    pub wheelchair_places: u16,
    /// So many rows at the back are of category `premium`, the others `standard`.
    #[serde(default)]
    pub premium_rows: u16,
}

/// Where the seats of a screen come from: exactly one of `plan` and `hall`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatsSpec {
    /// A published seating plan, as a file holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Option<BTreeMap<String, String>>)]
    pub plan: Option<serde_json::Value>,
    /// What each category of the plan is sold as, by the plan's name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<BTreeMap<String, SoldAsSpec>>,
    /// Or a hall made from numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hall: Option<HallSpec>,
}

/// `POST /manage/theaters/{theater_id}/screens`, and `PUT` of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ScreenSpec {
    pub name: String,
    /// Between two shows: 0 to 600, 15 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleaning_minutes: Option<u16>,
    /// Needed for a new screen; a changed one keeps its seats when absent. Shows keep the seats they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<SeatsSpec>,
}

/// `POST /manage/theaters/{theater_id}/movies`, and `PUT` of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MovieSpec {
    pub name: String,
    #[serde(default)]
    pub cast: Vec<String>,
    #[serde(default)]
    pub director: String,
    #[serde(default)]
    pub genres: Vec<String>,
    /// 1 to 1440. Shows keep the end they have.
    pub duration_minutes: u16,
    pub release_year: u16,
    #[serde(default)]
    pub ratings: Vec<Rating>,
    #[serde(default)]
    pub certificate: String,
    /// BCP 47, the movie's own first.
    #[serde(default)]
    pub languages: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster_url: Option<String>,
}

/// `POST /manage/theaters/{theater_id}/movies/import`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MovieImportRequest {
    /// The movie's number at The Movie Database, as in the address of its page.
    pub tmdb_id: u32,
    /// BCP 47, e.g. `de-DE`: the title's language; English when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// ISO 3166-1, e.g. `DE`: whose certificate and first day in theaters; the United States when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A movie at The Movie Database whose title fits what was looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FoundMovie {
    /// What it is imported by.
    pub tmdb_id: u32,
    /// Its title in the language that was asked for.
    pub name: String,
    pub original_name: String,
    /// Of its first day in any country's theaters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_year: Option<u16>,
}

/// `GET /manage/theaters/{theater_id}/movies/search`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FoundMovies {
    /// The best fit first; at most twenty.
    pub items: Vec<FoundMovie>,
    /// There are more: longer words would tell which.
    pub more: bool,
}

/// A movie as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedMovie {
    pub movie_id: MovieId,
    pub external_id: String,
    /// The theater made it, so its staff may change it.
    pub own: bool,
    #[serde(flatten)]
    pub facts: MovieSpec,
}

/// `POST /manage/theaters/{theater_id}/shows`, and `PUT` of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowSpec {
    pub movie_id: MovieId,
    pub screen_id: ScreenId,
    /// The theater's wall clock, `2030-05-04T20:30`, or an instant with its offset, `2030-05-04T20:30+03:00`. A time
    /// that the clocks skip is refused; of one that they show twice, without an offset, it is the earlier.
    pub start: String,
    /// "2D" when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Spoken, BCP 47.
    pub language: String,
    #[serde(default)]
    pub subtitles: Vec<String>,
    /// A new show gets the theater's first when absent; a changed one keeps the prices it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_list: Option<String>,
    /// Of a new show: put it on sale at once.
    #[serde(default)]
    pub publish: bool,
}

/// A show as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedShow {
    pub show_id: ShowId,
    pub theater_id: TheaterId,
    pub movie_id: MovieId,
    pub movie_name: String,
    pub screen_id: ScreenId,
    pub screen_name: String,
    pub external_id: String,
    /// It is on sale.
    pub published: bool,
    /// It will not take place; everybody gets their money back.
    #[serde(default)]
    pub cancelled: bool,
    /// It has moved to another screen since it was made: there is a last move to ask for. One that only changed its time has
    /// none.
    #[serde(default)]
    pub moved: bool,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    /// The start on the theater's wall clock, with its offset.
    pub start: String,
    pub format: String,
    pub language: String,
    pub subtitles: Vec<String>,
    /// Lowest all-in price of a standard ticket.
    pub from_price: Money,
    /// Held, sold and blocked seats.
    pub seats_taken: u16,
    pub seats_total: u16,
}
