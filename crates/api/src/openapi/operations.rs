//! Every call, in the order of the contract.

use super::{Answer, Callers, Operation, Parameter, schema_of};
use crate::{
    AccountExport, BestSeats, BookRequest, Booking, CancelAnswer, CancelRequest, ChangeRequest,
    DeviceSession, ForgotRequest, HandoffRequest, LoginRequest, Movie, NextPage, OpenIdFinish,
    OpenIdFinished, OpenIdStart, OpenIdStarted, Page, Passkey, PasskeyAsked, PasskeyBegin,
    PasskeyMade, PasskeyUsed, PaymentRequest, ProblemCode as P, Profile, Received,
    RecoverRedeemAnswer, RecoverRedeemRequest, RecoverRequest, RecoveryCodes, RefreshRequest,
    RegisterRequest, ResetRequest, SecondFactorBegin, SecondFactorBegun, SecondFactorCode,
    SecondFactorRemove, Session, SessionInfo, Show, ShowDetail, ShowSeats, SignInMethods,
    SimulateRequest, SubscriptionRequest, Subscriptions, SyncPage, Theater, Tickets, VerifyRequest,
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
    P::Invalid,
    P::SingleSeatGap,
    P::PromoInvalid,
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
        callers: Callers::Anyone,
        parameters: &[],
        body: None,
        body_required: true,
        answers: &[],
        problems: &[],
        idempotent: false,
    }
}

/// Every operation.
pub const OPERATIONS: &[Operation] = &[
    Operation {
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
        answers: &[ok!(200, "The theater.", Theater), NOT_MODIFIED],
        ..call(
            "getTheater",
            "get",
            "/theaters/{theater_id}",
            "A theater and the movies on there now",
        )
    },
    Operation {
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
        parameters: &[Q, LIMIT, CURSOR],
        answers: &[ok!(200, "Movies.", Page<Movie>), NOT_MODIFIED],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call("listMovies", "get", "/movies", "Movies")
    },
    Operation {
        answers: &[ok!(200, "The movie.", Movie), NOT_MODIFIED],
        ..call(
            "getMovie",
            "get",
            "/movies/{movie_id}",
            "A movie with its next shows; all are in its list of shows",
        )
    },
    Operation {
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
        answers: &[ok!(200, "The show.", ShowDetail), NOT_MODIFIED],
        ..call(
            "getShow",
            "get",
            "/shows/{show_id}",
            "A show with ticket types and policy",
        )
    },
    Operation {
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
            P::AlreadyPaid,
            P::EmailRequired,
            P::Invalid,
            P::TooManyAttempts,
            P::NoGateway,
            P::GatewayUnavailable,
            P::NotFound,
        ],
        idempotent: true,
        ..call("pay", "post", "/payment", "Pay for a hold")
    },
    Operation {
        callers: Callers::Owner,
        body: Some(schema_of::<SimulateRequest>),
        answers: &[ok!(200, "Confirmed.", Booking)],
        problems: &[
            P::PaymentDeclined,
            P::NotAwaitingAction,
            P::HoldExpired,
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
    Operation {
        callers: Callers::User,
        parameters: &[LIMIT, CURSOR],
        answers: &[ok!(200, "Newest first.", Page<Booking>), NOT_MODIFIED],
        problems: &[P::Invalid],
        ..call(
            "listBookings",
            "get",
            "/users/{user_id}/bookings",
            "A user's bookings; `me` is the caller",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(200, "The profile.", Profile), NOT_MODIFIED],
        ..call(
            "getProfile",
            "get",
            "/users/{user_id}/profile",
            "A user's profile",
        )
    },
    Operation {
        callers: Callers::User,
        parameters: &[IF_MATCH_OPTIONAL],
        body: Some(schema_of::<Profile>),
        answers: &[ok!(200, "The profile as it is now.", Profile)],
        problems: &[P::Invalid, P::VersionMismatch],
        ..call(
            "putProfile",
            "put",
            "/users/{user_id}/profile",
            "Replace a profile",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "Deleted; bookings stay, without the person.")],
        ..call(
            "deleteUser",
            "delete",
            "/users/{user_id}",
            "Delete an account",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[
            ok!(200, "The browsers and devices.", Subscriptions),
            NOT_MODIFIED,
        ],
        ..call(
            "getSubscriptions",
            "get",
            "/users/{user_id}/subscriptions",
            "Browsers and devices that get a user's messages, and what a browser needs to become one",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(
            200,
            "Everything that is kept about the person.",
            AccountExport
        )],
        ..call(
            "exportUser",
            "get",
            "/users/{user_id}/export",
            "Everything that is kept about a person",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[
            ok!(200, "The one seen last first.", Page<DeviceSession>),
            NOT_MODIFIED,
        ],
        ..call(
            "listSessions",
            "get",
            "/users/{user_id}/sessions",
            "The devices that are signed in",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SubscriptionRequest>),
        answers: &[ok!(
            200,
            "The browsers and devices now; the same one again is there once.",
            Subscriptions
        )],
        problems: &[P::Invalid],
        ..call(
            "putSubscription",
            "put",
            "/users/{user_id}/subscriptions",
            "Get messages on a browser or device",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "It gets no more messages.")],
        ..call(
            "deleteSubscription",
            "delete",
            "/subscriptions/{subscription_id}",
            "Get no more messages on a browser or device",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "Every other device is signed out.")],
        ..call(
            "endOtherSessions",
            "delete",
            "/users/{user_id}/sessions",
            "Sign every other device out",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "The device is signed out.")],
        ..call(
            "endSession",
            "delete",
            "/users/{user_id}/sessions/{session_id}",
            "Sign a device out",
        )
    },
    Operation {
        body: Some(schema_of::<RegisterRequest>),
        answers: &[ok!(201, "Signed in.", Session)],
        problems: &[P::EmailTaken, P::Invalid],
        ..call("register", "post", "/auth/register", "Make an account")
    },
    Operation {
        body: Some(schema_of::<LoginRequest>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[
            P::BadCredentials,
            P::SecondFactorRequired,
            P::SecondFactorWrong,
            P::TooManyAttempts,
        ],
        ..call("login", "post", "/auth/login", "Sign in")
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorBegin>),
        answers: &[ok!(200, "What a generator has to know.", SecondFactorBegun)],
        problems: &[P::Forbidden, P::Invalid],
        ..call(
            "beginSecondFactor",
            "post",
            "/auth/second-factor/begin",
            "Set a code generator up",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorCode>),
        answers: &[ok!(
            200,
            "It counts from now on; the recovery codes, this once.",
            RecoveryCodes
        )],
        problems: &[P::Forbidden, P::Invalid, P::TooManyAttempts],
        ..call(
            "confirmSecondFactor",
            "post",
            "/auth/second-factor/confirm",
            "Show a code generator's first code",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorRemove>),
        answers: &[ok!(204, "It is gone and every session ended.")],
        problems: &[P::Invalid, P::TooManyAttempts],
        ..call(
            "removeSecondFactor",
            "post",
            "/auth/second-factor/remove",
            "Take a code generator away",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(200, "Oldest first.", Page<Passkey>), NOT_MODIFIED],
        ..call(
            "listPasskeys",
            "get",
            "/users/{user_id}/passkeys",
            "A person's passkeys",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "It opens nothing any more.")],
        ..call(
            "removePasskey",
            "delete",
            "/users/{user_id}/passkeys/{passkey_id}",
            "Take a passkey away",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<PasskeyBegin>),
        body_required: false,
        answers: &[ok!(200, "What the browser needs.", PasskeyAsked)],
        problems: &[P::NotFound, P::Forbidden, P::Invalid],
        ..call(
            "beginPasskey",
            "post",
            "/auth/passkeys/begin",
            "Begin to make a passkey",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<PasskeyMade>),
        answers: &[ok!(201, "It opens the account from now on.", Passkey)],
        problems: &[P::NotFound, P::SessionEnded, P::Invalid],
        ..call(
            "finishPasskey",
            "post",
            "/auth/passkeys/finish",
            "Bring the passkey that was made",
        )
    },
    Operation {
        answers: &[ok!(200, "What the browser needs.", PasskeyAsked)],
        problems: &[P::NotFound],
        ..call(
            "startPasskeySignIn",
            "post",
            "/auth/passkey/start",
            "Begin to sign in with a passkey",
        )
    },
    Operation {
        body: Some(schema_of::<PasskeyUsed>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[P::NotFound, P::SessionEnded, P::BadCredentials, P::Invalid],
        ..call(
            "finishPasskeySignIn",
            "post",
            "/auth/passkey/finish",
            "Sign in with a passkey",
        )
    },
    Operation {
        answers: &[
            ok!(200, "What this server offers.", SignInMethods),
            NOT_MODIFIED,
        ],
        ..call(
            "signInMethods",
            "get",
            "/auth/methods",
            "The ways to sign in beside a password",
        )
    },
    Operation {
        body: Some(schema_of::<OpenIdStart>),
        body_required: false,
        answers: &[ok!(200, "Where to sign in.", OpenIdStarted)],
        problems: &[P::NotFound, P::Invalid, P::ProviderUnavailable],
        ..call(
            "startOpenId",
            "post",
            "/auth/openid/start",
            "Begin to sign in at the OpenID provider",
        )
    },
    Operation {
        body: Some(schema_of::<OpenIdFinish>),
        answers: &[ok!(
            200,
            "Signed in, or where to hand it over.",
            OpenIdFinished
        )],
        problems: &[
            P::NotFound,
            P::SessionEnded,
            P::EmailUnverified,
            P::ProviderUnavailable,
        ],
        ..call(
            "finishOpenId",
            "post",
            "/auth/openid/finish",
            "Come back from the OpenID provider",
        )
    },
    Operation {
        body: Some(schema_of::<HandoffRequest>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[P::SessionEnded],
        ..call(
            "redeemHandoff",
            "post",
            "/auth/openid/handoff",
            "Take a sign-in over from a browser",
        )
    },
    Operation {
        body: Some(schema_of::<RefreshRequest>),
        body_required: false,
        answers: &[ok!(200, "New tokens.", Session)],
        problems: &[P::SessionEnded],
        ..call("refresh", "post", "/auth/refresh", "New tokens for old")
    },
    Operation {
        body: Some(schema_of::<RefreshRequest>),
        body_required: false,
        answers: &[ok!(204, "Signed out.")],
        ..call("logout", "post", "/auth/logout", "Sign out")
    },
    Operation {
        callers: Callers::AnyoneOrUser,
        answers: &[ok!(200, "Who is signed in.", SessionInfo), NOT_MODIFIED],
        ..call("getSession", "get", "/auth/session", "Who is signed in")
    },
    Operation {
        body: Some(schema_of::<VerifyRequest>),
        answers: &[ok!(204, "The address is the user's.")],
        problems: &[P::SessionEnded],
        ..call(
            "verifyEmail",
            "post",
            "/auth/verify",
            "Use a mailed verification link",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(
            202,
            "If the address is not verified yet, a link is on its way."
        )],
        ..call(
            "resendVerification",
            "post",
            "/auth/verify/resend",
            "Ask for the verification mail again",
        )
    },
    Operation {
        body: Some(schema_of::<ForgotRequest>),
        answers: &[ok!(202, "If there is an account, a link is on its way.")],
        ..call(
            "forgotPassword",
            "post",
            "/auth/password/forgot",
            "Ask for a new password",
        )
    },
    Operation {
        body: Some(schema_of::<ResetRequest>),
        answers: &[ok!(204, "The password is changed and every session ended.")],
        problems: &[P::SessionEnded, P::Invalid],
        ..call(
            "resetPassword",
            "post",
            "/auth/password/reset",
            "Set a new password",
        )
    },
    Operation {
        parameters: &[query("cursor", "`cursor` of the last answer.", STRING)],
        answers: &[ok!(200, "What changed since.", SyncPage), NOT_MODIFIED],
        problems: &[P::MalformedCursor, P::CursorGone],
        ..call("sync", "get", "/sync", "What changed in the catalog")
    },
    Operation {
        answers: &[Answer {
            status: 200,
            about: "This document.",
            media: JSON,
            schema: None,
        }],
        ..call("openapi", "get", "/openapi.json", "This document")
    },
];
