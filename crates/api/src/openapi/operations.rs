//! Every call, in the order of the contract.

use super::{Answer, Callers, Operation, Parameter, schema_of};
use crate::{
    BestSeats, BookRequest, Booking, CancelAnswer, CancelRequest, ChangeRequest, GiftBalance,
    GiftBalanceRequest, Movie, NextPage, Page, PaymentRequest, ProblemCode as P, Receipt, Received,
    RecoverRedeemAnswer, RecoverRedeemRequest, RecoverRequest, Show, ShowDetail, ShowSeats,
    SimulateRequest, SyncPage, Theater, Tickets,
};

const STRING: &str = r#"{"type":"string"}"#;

const fn query(name: &'static str, about: &'static str, schema: &'static str) -> Parameter {
    Parameter {
        name,
        place: "query",
        about,
        schema,
        required: false,
    }
}

const LIMIT: Parameter = query(
    "limit",
    "Items in a page, 1 to 100.",
    r#"{"type":"integer","minimum":1,"maximum":100}"#,
);
const CURSOR: Parameter = query("cursor", "`next_cursor` of the page before.", STRING);
const Q: Parameter = query(
    "q",
    "Words to look for.",
    r#"{"type":"string","maxLength":200}"#,
);
const DATE: Parameter = query(
    "date",
    "A local day of the theater.",
    r#"{"type":"string","format":"date"}"#,
);
const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    about: "The ETag that was read.",
    schema: STRING,
    required: true,
};
const IF_MATCH_OPTIONAL: Parameter = Parameter {
    required: false,
    ..IF_MATCH
};
const GUEST_SECRET: Parameter = Parameter {
    name: "Guest-Secret",
    place: "header",
    about: "128 random bits of a guest's own; needed to repeat a guest's call with its key.",
    schema: STRING,
    required: false,
};

const STRIPE_SIGNATURE: Parameter = Parameter {
    name: "Stripe-Signature",
    place: "header",
    about: "`t=` seconds, `v1=` HMAC-SHA-256 of time, a full stop and the body; another gateway has a header of its own.",
    schema: STRING,
    required: false,
};

const JSON: &str = "application/json";

macro_rules! ok {
    ($status:literal, $about:literal) => {
        Answer {
            status: $status,
            about: $about,
            media: JSON,
            schema: None,
        }
    };
    ($status:literal, $about:literal, $t:ty) => {
        Answer {
            status: $status,
            about: $about,
            media: JSON,
            schema: Some(schema_of::<$t>),
        }
    };
}

const NOT_MODIFIED: Answer = ok!(304, "Nothing changed.");
const SEAT_PROBLEMS: &[P] = &[
    P::SeatsUnavailable,
    P::ShowStarted,
    P::ShowCancelled,
    P::ShowMoved,
    P::Invalid,
    P::SingleSeatGap,
    P::PromoInvalid,
    P::PromoUsed,
    P::TooManyUnpaidSeats,
    P::CoolDown,
    P::NotFound,
];

/// A call with nothing but its names; the rest is filled in with struct update.
const fn call(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    about: &'static str,
) -> Operation {
    Operation {
        id,
        method,
        path,
        about,
        callers: Callers::Unsaid,
        parameters: &[],
        body: None,
        body_required: true,
        answers: &[],
        problems: &[],
        idempotent: false,
    }
}

// After the macro that it uses.
mod account;
mod bad_days;
mod counter;
mod door;
mod manage;
mod setting_up;

/// Every operation.
pub const OPERATIONS: &[Operation] = &joined();

const HOW_MANY: usize = SELLING.len()
    + account::OPERATIONS.len()
    + manage::OPERATIONS.len()
    + setting_up::OPERATIONS.len()
    + door::OPERATIONS.len()
    + counter::OPERATIONS.len()
    + bad_days::OPERATIONS.len()
    + REST.len();

const fn joined() -> [Operation; HOW_MANY] {
    let mut all = [REST[0]; HOW_MANY];
    let parts = [
        SELLING,
        account::OPERATIONS,
        manage::OPERATIONS,
        setting_up::OPERATIONS,
        door::OPERATIONS,
        counter::OPERATIONS,
        bad_days::OPERATIONS,
        REST,
    ];
    let (mut part, mut to) = (0, 0);
    while part < parts.len() {
        let mut from = 0;
        while from < parts[part].len() {
            all[to] = parts[part][from];
            assert!(
                !matches!(all[to].callers, Callers::Unsaid),
                "an operation does not say who may call it"
            );
            (from, to) = (from + 1, to + 1);
        }
        part += 1;
    }
    all
}

/// The programme, and buying.
const SELLING: &[Operation] = &[
    Operation {
        callers: Callers::Anyone,
        parameters: &[
            Q,
            query("near", "latitude,longitude: nearest first.", STRING),
            LIMIT,
            CURSOR,
        ],
        answers: &[
            ok!(200, "Theaters and the movies on now.", Page<Theater>),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call("listTheaters", "get", "/theaters", "Theaters")
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[ok!(200, "The theater.", Theater), NOT_MODIFIED],
        ..call(
            "getTheater",
            "get",
            "/theaters/{theater_id}",
            "A theater and the movies on there now",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[
            Answer {
                status: 200,
                about: "The shows of the next two weeks, to subscribe to (RFC 5545).",
                media: "text/calendar",
                schema: Some(schema_of::<String>),
            },
            NOT_MODIFIED,
        ],
        ..call(
            "theaterCalendar",
            "get",
            "/theaters/{theater_id}/calendar.ics",
            "A theater's shows as a calendar",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[DATE, LIMIT, CURSOR],
        answers: &[
            ok!(200, "Movies with their shows there.", Page<Movie>),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listTheaterMovies",
            "get",
            "/theaters/{theater_id}/movies",
            "Movies with their shows at a theater",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[Q, LIMIT, CURSOR],
        answers: &[ok!(200, "Movies.", Page<Movie>), NOT_MODIFIED],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call("listMovies", "get", "/movies", "Movies")
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[ok!(200, "The movie.", Movie), NOT_MODIFIED],
        ..call(
            "getMovie",
            "get",
            "/movies/{movie_id}",
            "A movie with its next shows; all are in its list of shows",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[
            query("theater_id", "Only there.", STRING),
            DATE,
            LIMIT,
            CURSOR,
        ],
        answers: &[ok!(200, "Shows.", Page<Show>), NOT_MODIFIED],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listMovieShows",
            "get",
            "/movies/{movie_id}/shows",
            "A movie's shows",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[ok!(200, "The show.", ShowDetail), NOT_MODIFIED],
        ..call(
            "getShow",
            "get",
            "/shows/{show_id}",
            "A show with ticket types and policy",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[
            ok!(200, "Every seat with its state.", ShowSeats),
            NOT_MODIFIED,
        ],
        ..call(
            "getSeats",
            "get",
            "/shows/{show_id}/seats",
            "The seat map now",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[
            query("since", "The version already seen.", STRING),
            Parameter {
                name: "Last-Event-ID",
                place: "header",
                about: "The same.",
                schema: STRING,
                required: false,
            },
        ],
        answers: &[Answer {
            status: 200,
            about: "Events `snapshot` and `seats`.",
            media: "text/event-stream",
            schema: Some(schema_of::<String>),
        }],
        ..call(
            "watchSeats",
            "get",
            "/shows/{show_id}/seats/live",
            "The seat map as it changes (server-sent events)",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[query(
            "count",
            "How many, 2 when absent.",
            r#"{"type":"integer","minimum":1,"maximum":50}"#,
        )],
        answers: &[ok!(200, "Suggested seats.", BestSeats), NOT_MODIFIED],
        problems: &[P::Invalid, P::SeatsUnavailable],
        ..call(
            "suggestSeats",
            "get",
            "/shows/{show_id}/best-seats",
            "The best free seats, together where possible",
        )
    },
    Operation {
        callers: Callers::AnyoneOrUser,
        parameters: &[GUEST_SECRET],
        body: Some(schema_of::<BookRequest>),
        answers: &[ok!(201, "The hold.", Booking)],
        problems: SEAT_PROBLEMS,
        idempotent: true,
        ..call("book", "post", "/book", "Hold seats: all or none")
    },
    Operation {
        callers: Callers::Owner,
        answers: &[ok!(200, "The booking.", Booking), NOT_MODIFIED],
        ..call("getBooking", "get", "/bookings/{booking_id}", "A booking")
    },
    Operation {
        callers: Callers::Owner,
        parameters: &[IF_MATCH],
        body: Some(schema_of::<ChangeRequest>),
        answers: &[ok!(200, "The changed hold.", Booking)],
        problems: &[
            P::SeatsUnavailable,
            P::Invalid,
            P::SingleSeatGap,
            P::PromoInvalid,
            P::PromoUsed,
            P::TooManyUnpaidSeats,
            P::CoolDown,
            P::NotHeld,
            P::HoldExpired,
            P::PaymentInProgress,
            P::VersionMismatch,
            P::PreconditionRequired,
        ],
        ..call(
            "changeBooking",
            "patch",
            "/bookings/{booking_id}",
            "Change a hold in one step",
        )
    },
    Operation {
        callers: Callers::Owner,
        answers: &[ok!(204, "Released; its seats are free.")],
        problems: &[P::NotHeld, P::PaymentInProgress],
        ..call(
            "releaseBooking",
            "delete",
            "/bookings/{booking_id}",
            "Let a hold go",
        )
    },
    Operation {
        callers: Callers::Owner,
        body: Some(schema_of::<CancelRequest>),
        body_required: false,
        answers: &[ok!(200, "The hold with its new end.", Booking)],
        problems: &[
            P::NotHeld,
            P::HoldExpired,
            P::NoMoreExtensions,
            P::PaymentInProgress,
        ],
        idempotent: true,
        ..call(
            "extendBooking",
            "post",
            "/bookings/{booking_id}/extend",
            "Give a hold more time",
        )
    },
    Operation {
        callers: Callers::Owner,
        answers: &[ok!(200, "Signed tickets.", Tickets), NOT_MODIFIED],
        problems: &[P::NotConfirmed],
        ..call(
            "getTickets",
            "get",
            "/bookings/{booking_id}/tickets",
            "A booking's tickets",
        )
    },
    Operation {
        callers: Callers::Owner,
        answers: &[ok!(200, "The receipt.", Receipt)],
        problems: &[P::NotConfirmed],
        ..call(
            "getReceipt",
            "get",
            "/bookings/{booking_id}/receipt",
            "What was paid for a booking, with the tax in it",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[GUEST_SECRET],
        body: Some(schema_of::<RecoverRequest>),
        answers: &[ok!(202, "If it fits, a link is on its way.")],
        idempotent: true,
        ..call(
            "recoverBooking",
            "post",
            "/bookings/recover",
            "A guest's way back to a booking, by mail",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[GUEST_SECRET],
        body: Some(schema_of::<RecoverRedeemRequest>),
        answers: &[ok!(
            200,
            "The booking with its guest token.",
            RecoverRedeemAnswer
        )],
        problems: &[P::SessionEnded],
        idempotent: true,
        ..call(
            "redeemRecovery",
            "post",
            "/bookings/recover/redeem",
            "Use a mailed link",
        )
    },
    Operation {
        callers: Callers::Owner,
        body: Some(schema_of::<PaymentRequest>),
        answers: &[
            ok!(200, "Confirmed.", Booking),
            ok!(202, "The payer has to act.", Booking),
        ],
        problems: &[
            P::PaymentDeclined,
            P::HoldExpired,
            P::NotHeld,
            P::PaymentInProgress,
            P::PriceChanged,
            P::GiftCardInvalid,
            P::GiftCardChanged,
            P::AmountTooSmall,
            P::AlreadyPaid,
            P::EmailRequired,
            P::Invalid,
            P::TooManyAttempts,
            P::ShowCancelled,
            P::NoGateway,
            P::GatewayUnavailable,
            P::NotFound,
        ],
        idempotent: true,
        ..call("pay", "post", "/payment", "Pay for a hold")
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[GUEST_SECRET],
        body: Some(schema_of::<GiftBalanceRequest>),
        answers: &[ok!(200, "What is on the card.", GiftBalance)],
        problems: &[P::GiftCardInvalid],
        ..call(
            "giftCardBalance",
            "post",
            "/gift-cards/balance",
            "What is on a gift card",
        )
    },
    Operation {
        callers: Callers::Owner,
        body: Some(schema_of::<SimulateRequest>),
        answers: &[ok!(200, "Confirmed.", Booking)],
        problems: &[
            P::PaymentDeclined,
            P::NotAwaitingAction,
            P::HoldExpired,
            P::ShowCancelled,
            P::NoGateway,
            P::GatewayUnavailable,
        ],
        idempotent: true,
        ..call(
            "simulatePayment",
            "post",
            "/payments/{payment_id}/simulate",
            "Play the sandbox's bank",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[ok!(
            303,
            "On to the gateway's page, or back to the booking when nothing is to be done there.",
            NextPage
        )],
        problems: &[P::NoGateway, P::GatewayUnavailable],
        ..call(
            "paymentPage",
            "get",
            "/payments/{payment_id}/page",
            "Where a payment is paid; the `url` of a `redirect`",
        )
    },
    Operation {
        callers: Callers::Anyone,
        parameters: &[STRIPE_SIGNATURE],
        body: Some(schema_of::<serde_json::Value>),
        answers: &[ok!(200, "Dealt with.", Received)],
        problems: &[P::BadSignature, P::NoGateway, P::GatewayUnavailable],
        ..call(
            "gatewayNews",
            "post",
            "/webhooks/{gateway}",
            "What a payment gateway tells unasked; signed over the raw body, at most 300 s old",
        )
    },
    Operation {
        callers: Callers::Owner,
        body: Some(schema_of::<CancelRequest>),
        body_required: false,
        answers: &[ok!(
            200,
            "What was cancelled and what comes back.",
            CancelAnswer
        )],
        problems: &[P::NotCancellable, P::Invalid],
        idempotent: true,
        ..call("cancel", "post", "/cancel/{booking_id}", "Cancel tickets")
    },
];

/// What is about no resource of its own.
const REST: &[Operation] = &[
    Operation {
        callers: Callers::Anyone,
        parameters: &[query("cursor", "`cursor` of the last answer.", STRING)],
        answers: &[ok!(200, "What changed since.", SyncPage), NOT_MODIFIED],
        problems: &[P::MalformedCursor, P::CursorGone],
        ..call("sync", "get", "/sync", "What changed in the catalog")
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[Answer {
            status: 200,
            about: "This document.",
            media: JSON,
            schema: None,
        }],
        ..call("openapi", "get", "/openapi.json", "This document")
    },
];
