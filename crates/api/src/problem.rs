//! Problems: RFC 9457 answers with stable codes.

use crate::booking::Booking;
use matinee_domain::{ids::ShowId, money::Money, seat_map::SeatId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// A stable problem code. Callers decide by it, never by the words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type, JsonSchema)]
        pub enum ProblemCode { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl ProblemCode {
            /// The text on the wire.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
            /// The HTTP status it always comes with.
            pub const fn status(self) -> u16 { match self { $(Self::$variant => $status,)* } }
            /// A short, stable title for people.
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title,)* } }
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

codes! {
    Malformed = "malformed", 400, "The request could not be read";
    MalformedCursor = "malformed_cursor", 400, "The cursor could not be read";
    BadSignature = "bad_signature", 400, "The signature does not fit";
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    BadCredentials = "bad_credentials", 401, "E-mail or password is wrong";
    SecondFactorRequired = "second_factor_required", 401, "A code is needed as well";
    SecondFactorWrong = "second_factor_wrong", 401, "The code is wrong";
    SessionEnded = "session_ended", 401, "The session has ended";
    PaymentDeclined = "payment_declined", 402, "The payment was declined";
    Forbidden = "forbidden", 403, "Not allowed";
    OriginRefused = "origin_refused", 403, "Not allowed from this origin";
    NotFound = "not_found", 404, "Nothing here";
    MethodNotAllowed = "method_not_allowed", 405, "This method is not available here";
    RequestTimeout = "request_timeout", 408, "The request took too long to arrive";
    EmailTaken = "email_taken", 409, "There is an account with this e-mail";
    VerifiedAlready = "verified_already", 409, "The e-mail address is confirmed already";
    EmailUnverified = "email_unverified", 409, "The e-mail address is not confirmed";
    SeatsUnavailable = "seats_unavailable", 409, "Some seats are no longer free";
    HoldExpired = "hold_expired", 409, "The hold has run out";
    NotHeld = "not_held", 409, "The booking is no longer a hold";
    PaymentInProgress = "payment_in_progress", 409, "A payment is already running";
    PriceChanged = "price_changed", 409, "The price has changed";
    AmountTooSmall = "amount_too_small", 409, "Less than can be charged";
    GiftCardChanged = "gift_card_changed", 409, "The gift card pays another amount now";
    AlreadyPaid = "already_paid", 409, "The booking is already paid";
    NotCancellable = "not_cancellable", 409, "The booking cannot be cancelled";
    NoMoreExtensions = "no_more_extensions", 409, "The hold cannot be extended further";
    NotConfirmed = "not_confirmed", 409, "The booking is not confirmed";
    NotAwaitingAction = "not_awaiting_action", 409, "The payment is not waiting for an action";
    ShowStarted = "show_started", 409, "The show has started";
    SetUpAlready = "set_up_already", 409, "The server has an administrator";
    ShowCancelled = "show_cancelled", 409, "The show is cancelled";
    ShowMoved = "show_moved", 409, "The show is on another screen now";
    MoveUnfinished = "move_unfinished", 409, "The move before is not finished";
    LastOwner = "last_owner", 409, "The theater needs an owner";
    ShowClash = "show_clash", 409, "Another show is on this screen then";
    ShowSold = "show_sold", 409, "Seats of the show are held or sold";
    ScreenInUse = "screen_in_use", 409, "The screen has shows";
    TheaterSold = "theater_sold", 409, "Currency and time zone are in use";
    UndoTooLate = "undo_too_late", 409, "It cannot be undone any more";
    ShiftOpen = "shift_open", 409, "A shift is open";
    ShiftClosed = "shift_closed", 409, "The shift is closed";
    ShiftBusy = "shift_busy", 409, "A sale of the shift is not finished";
    OtherCurrency = "other_currency", 409, "The drawer is of another currency";
    PaidOut = "paid_out", 409, "The refund was paid out";
    PromoUsed = "promo_used", 409, "You have used this promo code";
    IdempotencyInProgress = "idempotency_in_progress", 409, "The first request with this key still runs";
    LinkExpired = "link_expired", 410, "The link has run out";
    CursorGone = "cursor_gone", 410, "The cursor is too old";
    VersionMismatch = "version_mismatch", 412, "It was changed in the meantime";
    BodyTooLarge = "body_too_large", 413, "The request is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "application/json is needed";
    WrongHost = "wrong_host", 421, "This host is not served here";
    Invalid = "invalid", 422, "Something in the request is not valid";
    EmailRequired = "email_required", 422, "An e-mail address is needed";
    SingleSeatGap = "single_seat_gap", 422, "The choice leaves a single seat alone";
    PromoInvalid = "promo_invalid", 422, "The promo code is not valid";
    GiftCardInvalid = "gift_card_invalid", 422, "The gift card is not valid";
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The key was used for another request";
    PreconditionRequired = "precondition_required", 428, "If-Match is needed";
    TooManyRequests = "too_many_requests", 429, "Too many requests";
    TooManyUnpaidSeats = "too_many_unpaid_seats", 429, "Too many unpaid seats";
    CoolDown = "cool_down", 429, "Please pause";
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    Internal = "internal", 500, "Something went wrong";
    Unavailable = "unavailable", 503, "The server cannot answer now";
    Overloaded = "overloaded", 503, "The server is busy";
    NoGateway = "no_gateway", 503, "Payments are not set up";
    ProviderUnavailable = "provider_unavailable", 503, "The sign-in provider does not answer";
    MovieSourceRefused = "movie_source_refused", 503, "This server may not take movies from there";
    MovieSourceBusy = "movie_source_busy", 503, "Movies can be taken from there again in a while";
    MovieSourceUnavailable = "movie_source_unavailable", 503, "Movies cannot be taken from there now";
    GatewayUnavailable = "gateway_unavailable", 503, "The payment gateway does not answer";
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, JsonSchema)]
pub struct FieldError {
    /// JSON pointer into the request.
    pub pointer: String,
    pub detail: String,
}

/// An `application/problem+json` body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct Problem {
    /// A URI reference naming the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened, what is safe, what to do.
    pub detail: String,
    pub code: ProblemCode,
    pub request_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `seats_unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable_seat_ids: Option<Vec<SeatId>>,
    /// With `seats_unavailable`: sets of seats that are free now, nearest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Vec<Vec<SeatId>>>,
    /// With `single_seat_gap`: seats that satisfy the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_seat_ids: Option<Vec<SeatId>>,
    /// With `payment_declined`: the booking, still held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<Box<Booking>>,
    /// With `gift_card_changed`: what the card pays of the booking now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_amount: Option<Money>,
    /// Seconds, as in the Retry-After header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// For `show_clash`: the show that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_show_id: Option<ShowId>,
}

impl Problem {
    /// A problem with the code's title and status.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:matinee:problem:{}", code.as_str()),
            title: code.title().into(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            unavailable_seat_ids: None,
            alternatives: None,
            suggested_seat_ids: None,
            booking: None,
            gift_amount: None,
            retry_after: None,
            other_show_id: None,
        }
    }
}
