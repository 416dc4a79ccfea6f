//! Selling at the counter, and the shifts in which money is taken there.

use super::Actor;
use crate::{
    booking::{Booking, Ticket},
    catalog::TicketType,
};
use chrono::{DateTime, Utc};
use matinee_domain::{
    counter::SaleMethod,
    ids::{RefundId, ShiftId, ShowId},
    money::Money,
    seat_map::SeatId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// `GET /manage/shows/{show_id}/counter`: what a show costs at the counter. The web's booking fee is not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CounterShow {
    pub show_id: ShowId,
    pub movie_name: String,
    pub start_time: DateTime<Utc>,
    /// The counter sells until then, also while the show runs.
    pub sold_until: DateTime<Utc>,
    /// With the counter's prices.
    pub ticket_types: Vec<TicketType>,
    /// Of one sale.
    pub max_seats: u16,
}

/// `POST /manage/shows/{show_id}/sell`. Exactly one of `seat_ids` and `best`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SellRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat_ids: Option<Vec<SeatId>>,
    /// Let the server choose this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<u16>,
    /// Ticket type by seat; a seat not named is `standard`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ticket_types: BTreeMap<String, String>,
    pub method: SaleMethod,
    /// The seller's open shift; only an invitation needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_id: Option<ShiftId>,
    /// What the seller saw; a different total answers `price_changed` and sells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// Cash that was handed over, in minor units: at least the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Option<i32>)]
    pub tendered_minor: Option<i64>,
    /// Where the tickets are mailed to as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// What was sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SellAnswer {
    pub booking: Booking,
    /// Signed, as they were sold.
    pub tickets: Vec<Ticket>,
    /// What goes back over the counter; null when nobody said what was handed over.
    pub change: Option<Money>,
}

/// `POST /manage/theaters/{theater_id}/shifts`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct OpenShiftRequest {
    /// The counter's window: 1 to 40 characters.
    pub window: String,
    /// Cash that is in the drawer, in minor units.
    #[specta(type = i32)]
    pub float_minor: i64,
}

/// `POST /manage/theaters/{theater_id}/shifts/{shift_id}/close`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CloseShiftRequest {
    /// Cash that was counted in the drawer, float included, in minor units.
    #[specta(type = i32)]
    pub counted_minor: i64,
}

/// `POST /manage/theaters/{theater_id}/shifts/{shift_id}/payouts`: cash of a refund was handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PayoutRequest {
    pub refund_id: RefundId,
}

/// Somebody's time at a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Shift {
    pub shift_id: ShiftId,
    pub who: Actor,
    pub window: String,
    pub opened_at: DateTime<Utc>,
    /// Null while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    pub float: Money,
    /// Cash sales.
    pub cash_sales: Money,
    /// Cash of refunds that was handed out in this shift.
    pub cash_refunds: Money,
    /// What has to be in the drawer: float and cash sales, less cash refunds.
    pub expected: Money,
    /// Sold at the card terminal.
    pub terminal_sales: Money,
    /// Paid back at the card terminal for what was sold in this shift.
    pub terminal_refunds: Money,
    /// Sales by cash and terminal.
    pub sales: u32,
    /// Bookings that were given away.
    pub invitations: u32,
    /// Null while it is open.
    pub counted: Option<Money>,
    /// What was counted less what was expected: below zero something is missing.
    pub difference: Option<Money>,
}
