//! Holding, paying, cancelling, and the tickets.

use crate::catalog::Show;
use chrono::{DateTime, Utc};
use matinee_domain::{
    booking::BookingStatus,
    ids::{BookingId, NotificationId, PaymentId, Reference, RefundId, ShowId, TheaterId, TicketId},
    money::Money,
    payment::{PaymentStatus, RefundStatus},
    price::LineKind,
    seat_map::SeatId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// Body of `POST /book`. Exactly one of `seat_ids` and `best`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BookRequest {
    pub show_id: ShowId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat_ids: Option<Vec<SeatId>>,
    /// Let the server choose this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<u16>,
    /// Ticket type by seat; a seat not named is `standard`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ticket_types: BTreeMap<String, String>,
    /// A promotion code; empty is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_email: Option<String>,
}

/// Body of `PATCH /bookings/{booking_id}`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ChangeRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat_ids: Option<Vec<SeatId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_types: Option<BTreeMap<String, String>>,
    /// Takes the place of the code the hold has; empty lets that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_email: Option<String>,
}

/// Body of `POST /payment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct PaymentRequest {
    pub booking_id: BookingId,
    /// The gateway's token, never card data; absent or `hosted` to pay on the gateway's own page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// What the buyer saw; a different total answers `price_changed` and charges nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// A gift card's code: it pays what it has, the method the rest. Empty is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_card: Option<String>,
    /// What the buyer saw the card pay; another amount answers `gift_card_changed` and charges nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_gift: Option<Money>,
}

/// Body of `POST /gift-cards/balance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct GiftBalanceRequest {
    /// Whose card it is.
    pub theater_id: TheaterId,
    /// As printed; case, spaces and dashes do not matter.
    pub code: String,
}

/// Answer of `POST /gift-cards/balance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct GiftBalance {
    /// The last group of the code.
    pub last4: String,
    pub balance: Money,
    /// The first moment at which it pays nothing any more; null when it does not end.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Body of `POST /payments/{payment_id}/simulate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SimulateRequest {
    pub outcome: SimulateOutcome,
}

/// What the sandbox's bank says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulateOutcome {
    Succeed,
    Fail,
}

/// Body of `POST /cancel/{booking_id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CancelRequest {
    /// Only these seats; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat_ids: Option<Vec<SeatId>>,
}

/// Answer of `POST /cancel/{booking_id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CancelAnswer {
    pub booking: Booking,
    /// Null when the policy gives nothing back. What was charged goes back first.
    pub refund: Option<Refund>,
    /// What goes back to a gift card besides, when it paid a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_refund: Option<Refund>,
}

/// A seat of a booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BookedSeat {
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
    pub ticket_type: String,
    pub price: Money,
    /// This ticket was cancelled; the others were not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

/// A line of the price breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct BreakdownLine {
    pub label: String,
    pub amount: Money,
    /// `part` lines add up to the total; `contained` ones are inside it.
    pub kind: LineKind,
}

/// What a person has to do before the money moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct NextAction {
    /// `simulate` (sandbox) or `redirect`: open `url` in a browser, and look at the booking until it is decided.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Answer of `GET /payments/{payment_id}/page`, along with its `Location`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextPage {
    pub url: String,
}

/// Answer of `POST /webhooks/{gateway}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    pub received: bool,
}

/// A payment attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Payment {
    pub payment_id: PaymentId,
    pub status: PaymentStatus,
    /// What it pays of the booking: by the method and a gift card together.
    pub amount: Money,
    /// What of that a gift card pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_amount: Option<Money>,
    /// The last group of that card's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_card: Option<String>,
    /// `gift_card` when a card paid all of it.
    pub gateway: String,
    /// What the gateway calls the means of payment, e.g. "Visa •••• 4242".
    pub method: String,
    pub created_at: DateTime<Utc>,
    /// Why it was declined, in words for the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_reason: Option<String>,
}

/// Money going back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Refund {
    pub refund_id: RefundId,
    pub amount: Money,
    /// Where it goes, e.g. "Visa •••• 4242".
    pub method: String,
    /// The last group of a gift card's code, when it goes back to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_card: Option<String>,
    pub status: RefundStatus,
    pub created_at: DateTime<Utc>,
}

/// A message about the booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Notification {
    pub notification_id: NotificationId,
    /// `confirmation`, `cancellation`, `refund`, …
    pub kind: String,
    pub channel: String,
    pub status: NotificationStatus,
    pub created_at: DateTime<Utc>,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    Pending,
    Sent,
    Failed,
}

/// The cancellation policy as it applies to this booking now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct CancellationTerms {
    /// In words.
    pub text: String,
    pub cancellable: bool,
    /// The last moment anything comes back.
    pub cancellable_until: Option<DateTime<Utc>>,
    /// What cancelling every remaining ticket now would give back.
    pub refund_now: Money,
    /// The same for one seat, by seat id.
    pub refund_now_by_seat: BTreeMap<String, Money>,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Booking {
    pub booking_id: BookingId,
    /// What a person reads out.
    pub reference: Reference,
    pub status: BookingStatus,
    pub show: Show,
    pub movie_name: String,
    pub theater_name: String,
    pub time_zone: String,
    pub seats: Vec<BookedSeat>,
    pub total_amount: Money,
    pub breakdown: Vec<BreakdownLine>,
    /// The promotion code that is in the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<String>,
    pub hold_expires_at: Option<DateTime<Utc>>,
    /// How often the hold may still be extended.
    pub extensions_left: u8,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub notifications: Vec<Notification>,
    pub cancellation_policy: CancellationTerms,
    /// Friendly remarks, e.g. about a single seat left alone.
    pub advice: Vec<String>,
    /// The ETag for PATCH.
    #[specta(type = u32)]
    pub version: u64,
    pub created_at: DateTime<Utc>,
    pub guest_email: Option<String>,
    /// Only in a guest's answer to `POST /book`: good for this booking, sent as `Authorization: Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_token: Option<String>,
    /// Set while the payer has to act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
    /// How a hold can be paid: `hosted` (on the gateway's own page), `test_cards` (the sandbox's names). Empty when it is no
    /// hold, or nobody takes payments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payment_methods: Vec<String>,
    /// The least that those charge in the booking's currency, where it is known; a gift card leaves nothing to charge, or at
    /// least so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_charge: Option<Money>,
    /// Paid in the sandbox: tickets say TEST.
    #[serde(default)]
    pub test: bool,
}

/// A signed ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Ticket {
    pub ticket_id: TicketId,
    pub seat_id: SeatId,
    pub row: String,
    pub number: String,
    pub area: String,
    pub ticket_type: String,
    pub proof_needed: Option<String>,
    /// What the QR code says: signed, checkable with no network.
    pub qr_payload: String,
    /// The QR code as SVG.
    pub qr_svg: String,
    pub status: TicketStatus,
    pub test: bool,
}

/// Whether a ticket still opens the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    Valid,
    Redeemed,
    Void,
}

/// Answer of `GET /bookings/{booking_id}/tickets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Tickets {
    pub booking_id: BookingId,
    pub tickets: Vec<Ticket>,
    /// A calendar entry (RFC 5545).
    pub ics: String,
    /// A printable page per ticket, PDF in base64.
    pub pdf_base64: String,
}

/// Answer of `GET /bookings/{booking_id}/receipt`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Receipt {
    pub booking_id: BookingId,
    /// What was bought, paid and paid back, with the tax in it: one page, PDF in base64.
    pub pdf_base64: String,
}

/// Body of `POST /bookings/recover`. Always answered 202.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RecoverRequest {
    pub reference: String,
    pub email: String,
}

/// Body of `POST /bookings/recover/redeem`: the single-use secret of the mailed link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RecoverRedeemRequest {
    pub token: String,
}

/// Answer of `POST /bookings/recover/redeem`: the booking with its guest token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct RecoverRedeemAnswer {
    pub booking: Booking,
}
