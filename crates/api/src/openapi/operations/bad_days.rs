//! Calls of staff when things go wrong, and when a day is over.

use super::{
    Answer, CURSOR, Callers, IF_MATCH, JSON, LIMIT, NOT_MODIFIED, Operation, Parameter, STRING,
    call, query, schema_of,
};
use crate::{
    CancelShowRequest, DayTotals, FoundBooking, ManagedBooking, ManagedMessage, MoveShowRequest,
    Page, ProblemCode as P, ShowCancellation, ShowMove, ShowMovePlan, StaffRefundAnswer,
    StaffRefundRequest,
};
use matinee_domain::staff::Action;

const MESSAGE_STATE: Parameter = query(
    "state",
    "Which messages; dead ones when absent.",
    r#"{"type":"string","enum":["dead","waiting","sent"]}"#,
);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<CancelShowRequest>),
        answers: &[ok!(
            200,
            "It is cancelled; its bookings are gone through now. The same when it was cancelled before.",
            ShowCancellation
        )],
        problems: &[P::Invalid],
        ..call(
            "cancelShow",
            "post",
            "/manage/shows/{show_id}/cancel",
            "Cancel a show: nobody can buy any more, and everybody gets all their money back",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[ok!(200, "How far it is.", ShowCancellation), NOT_MODIFIED],
        ..call(
            "getShowCancellation",
            "get",
            "/manage/shows/{show_id}/cancellation",
            "How far the cancellation of a show is",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<MoveShowRequest>),
        answers: &[ok!(
            200,
            "Who sits where, and who gets the money back; with `dry_run` nothing was changed.",
            ShowMovePlan
        )],
        problems: &[
            P::Invalid,
            P::ShowStarted,
            P::ShowCancelled,
            P::ShowClash,
            P::MoveUnfinished,
            P::VersionMismatch,
            P::PreconditionRequired,
        ],
        idempotent: true,
        ..call(
            "moveShow",
            "post",
            "/manage/shows/{show_id}/move",
            "Move a show to another screen or time with everybody who has seats of it",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[ok!(200, "How far it is.", ShowMove), NOT_MODIFIED],
        ..call(
            "getShowMove",
            "get",
            "/manage/shows/{show_id}/move",
            "How far a show's last move to another screen is",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        body: Some(schema_of::<StaffRefundRequest>),
        answers: &[ok!(
            200,
            "What goes back, and the booking as it is now.",
            StaffRefundAnswer
        )],
        problems: &[P::Invalid, P::NotCancellable, P::Forbidden],
        idempotent: true,
        ..call(
            "refundBooking",
            "post",
            "/manage/bookings/{booking_id}/refund",
            "Give money back: within the policy, or outside it with the action `refund`",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        parameters: &[
            query(
                "query",
                "A reference, an e-mail address, or the beginning of a name.",
                r#"{"type":"string","maxLength":200}"#,
            ),
            query("show", "Only bookings of this show.", STRING),
            LIMIT,
            CURSOR,
        ],
        answers: &[
            ok!(
                200,
                "Newest first. Nothing, when neither `query` nor `show` is there.",
                Page<FoundBooking>
            ),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "findBookings",
            "get",
            "/manage/theaters/{theater_id}/bookings",
            "Find bookings of people who call or stand at the counter",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        answers: &[ok!(200, "The booking.", ManagedBooking), NOT_MODIFIED],
        ..call(
            "getManagedBooking",
            "get",
            "/manage/bookings/{booking_id}",
            "A booking as staff see it",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        answers: &[ok!(
            200,
            "Its tickets are on their way once more.",
            ManagedMessage
        )],
        problems: &[P::NotConfirmed, P::Invalid],
        ..call(
            "resendTickets",
            "post",
            "/manage/bookings/{booking_id}/resend",
            "Send a booking's confirmation with its tickets again",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        answers: &[ok!(200, "It goes out once more.", ManagedMessage)],
        problems: &[P::Invalid],
        ..call(
            "resendMessage",
            "post",
            "/manage/bookings/{booking_id}/messages/{message_id}/resend",
            "Send a message about a booking again",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        parameters: &[MESSAGE_STATE, LIMIT, CURSOR],
        answers: &[
            ok!(200, "Newest first.", Page<ManagedMessage>),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listTheaterMessages",
            "get",
            "/manage/theaters/{theater_id}/messages",
            "Messages about a theater's bookings, with what happened and what to do",
        )
    },
    Operation {
        callers: Callers::Admin,
        parameters: &[MESSAGE_STATE, LIMIT, CURSOR],
        answers: &[
            ok!(200, "Newest first.", Page<ManagedMessage>),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listMessages",
            "get",
            "/manage/messages",
            "All messages of this server",
        )
    },
    Operation {
        callers: Callers::Admin,
        answers: &[ok!(200, "It goes out once more.", ManagedMessage)],
        problems: &[P::Invalid],
        ..call(
            "resendAnyMessage",
            "post",
            "/manage/messages/{message_id}/resend",
            "Send a message again",
        )
    },
    Operation {
        callers: Callers::Staff(Action::SeeTotals),
        parameters: &[query(
            "format",
            "`csv` for a spreadsheet.",
            r#"{"type":"string","enum":["json","csv"]}"#,
        )],
        answers: &[
            ok!(200, "To the cent.", DayTotals),
            Answer {
                status: 200,
                about: "A line for each number, with a header.",
                media: "text/csv",
                schema: Some(schema_of::<String>),
            },
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid],
        ..call(
            "getDayTotals",
            "get",
            "/manage/theaters/{theater_id}/days/{date}",
            "What a business day of the theater brought",
        )
    },
];
