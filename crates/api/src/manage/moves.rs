//! Moving a show to another screen or time: what is asked, who would sit where, and how far it is.

use super::programme::ManagedShow;
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingStatus,
    ids::{BookingId, Reference, ScreenId, ShowId},
    money::Money,
    seat_map::SeatId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// `POST /manage/shows/{show_id}/move`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MoveShowRequest {
    /// Where it goes; it stays on its screen when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen_id: Option<ScreenId>,
    /// When it begins, on the theater's wall clock, as in a show's `start`; it keeps its time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// For sales after the move. When absent the categories keep their prices, which is only possible where the other screen
    /// has the same ones. What was sold keeps its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_list: Option<String>,
    /// Seats that somebody decided on: before, after. All others are found for you.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seats: BTreeMap<SeatId, SeatId>,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a move does, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowMovePlan {
    /// Nothing was changed.
    pub dry_run: bool,
    /// As it is after the move.
    pub show: ManagedShow,
    /// Bookings that have seats of the show, held ones too.
    pub bookings: u32,
    /// Seats that keep their row and number.
    pub seats_kept: u32,
    /// Seats that get another row or number.
    pub seats_moved: Vec<SeatMoved>,
    /// Bookings there is no room for: they are let go, and all that was paid goes back.
    pub without_room: Vec<BookingWithoutRoom>,
    /// What goes back in all.
    pub refund_amount: Money,
    /// Seats that staff blocked on the screen it leaves; on the other one they are not.
    pub blocks_dropped: u32,
    /// Tickets get new codes; the old ones open no door.
    pub tickets_reissued: u32,
}

/// A seat that becomes another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatMoved {
    pub booking_id: BookingId,
    pub reference: Reference,
    pub from: SeatName,
    pub to: SeatName,
}

/// A seat, for programs and for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SeatName {
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
}

/// A booking that a move has no room for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BookingWithoutRoom {
    pub booking_id: BookingId,
    pub reference: Reference,
    pub status: BookingStatus,
    pub seats: Vec<SeatName>,
    /// All that was paid for them; nothing for a hold.
    pub refund_amount: Money,
}

/// How far a show's last move to another screen is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowMove {
    pub show_id: ShowId,
    pub moved_at: DateTime<Utc>,
    /// Empty when the screen is not there any more.
    pub screen_before: String,
    pub start_before: DateTime<Utc>,
    /// No booking without room has seats any more. Refunds may still be on their way.
    pub finished: bool,
    /// Bookings there was no room for.
    pub bookings_total: u32,
    /// Those of them that have no seats any more.
    pub bookings_done: u32,
    pub refunds_pending: u32,
    pub refunds_succeeded: u32,
    /// Somebody has to pay these back by hand.
    pub refunds_failed: u32,
    /// All that went or goes back.
    pub refund_amount: Money,
}
