//! When things go wrong, as staff tell it: a show that is cancelled, money that goes back, bookings of people who
//! call, messages that did not arrive.

use crate::booking::{Booking, NotificationStatus, Refund, TicketStatus};
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingStatus,
    channel::SaleChannel,
    ids::{BookingId, NotificationId, Reference, ShowId},
    money::Money,
    refund::RefundReason,
    seat_map::SeatId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// `POST /manage/shows/{show_id}/cancel`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CancelShowRequest {
    /// Why, for the list of changes: 1 to 200 characters.
    pub reason: String,
    /// What the buyers are told besides, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far the cancellation of a show is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowCancellation {
    pub show_id: ShowId,
    pub cancelled_at: DateTime<Utc>,
    pub reason: String,
    /// What the buyers are told besides.
    pub message: Option<String>,
    /// No booking has seats any more. Refunds may still be on their way.
    pub finished: bool,
    /// Bookings that had seats when the show was cancelled.
    pub bookings_total: u32,
    /// Those of them that have none any more.
    pub bookings_done: u32,
    pub refunds_pending: u32,
    pub refunds_succeeded: u32,
    /// Somebody has to pay these back by hand.
    pub refunds_failed: u32,
    /// All that went or goes back.
    pub refund_amount: Money,
}

/// `POST /manage/bookings/{booking_id}/refund`. Either seats are given back, or with `amount` none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct StaffRefundRequest {
    /// Only these; all when absent. Not with `amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat_ids: Option<Vec<SeatId>>,
    /// So much goes back and the tickets stay good. It needs the action `refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    pub reason: RefundReason,
    /// For the list of changes, 1 to 200 characters.
    pub words: String,
    /// All of the price, whatever the policy says, and for seats that were used. It needs the action `refund`.
    #[serde(default)]
    pub waive_policy: bool,
}

/// What a refund by staff did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct StaffRefundAnswer {
    pub booking: ManagedBooking,
    /// Null when nothing goes back.
    pub refund: Option<Refund>,
}

/// A booking in a list for staff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FoundBooking {
    pub booking_id: BookingId,
    pub reference: Reference,
    pub status: BookingStatus,
    pub show_id: ShowId,
    pub movie_name: String,
    pub start_time: DateTime<Utc>,
    pub screen_name: String,
    /// Row and number of those that were not cancelled.
    pub seats: Vec<String>,
    pub total_amount: Money,
    /// Null for guests.
    pub buyer_name: Option<String>,
    pub buyer_email: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A ticket as staff see it, without its code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedTicket {
    pub seat_id: SeatId,
    pub status: TicketStatus,
    /// Grows when it is issued anew; the one before opens no door.
    pub revision: u32,
}

/// A booking as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedBooking {
    #[serde(flatten)]
    pub booking: Booking,
    /// Null for guests.
    pub buyer_name: Option<String>,
    pub buyer_email: Option<String>,
    pub sold_through: SaleChannel,
    pub tickets: Vec<ManagedTicket>,
    /// What can still go back at most.
    pub refundable: Money,
}

/// Which messages staff look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Given up.
    #[default]
    Dead,
    /// Still to go out.
    Waiting,
    Sent,
}

/// A message as staff see it; what it says is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ManagedMessage {
    pub message_id: NotificationId,
    /// Null when it is about an account.
    pub booking_id: Option<BookingId>,
    /// `confirmation`, `cancellation`, `refund`, …
    pub kind: String,
    pub channel: String,
    /// An address, or a name of one; empty when the person was erased.
    pub recipient: String,
    pub status: NotificationStatus,
    pub attempts: u32,
    pub created_at: DateTime<Utc>,
    /// When it is tried next, while it waits; null of what the app on a computer fetches itself.
    pub due_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    /// What happened at the last attempt.
    pub error: Option<String>,
    /// What to do about it.
    pub advice: String,
    /// It can be sent again from here.
    pub can_resend: bool,
}
