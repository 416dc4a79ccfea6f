//! Calls of the counter: selling, printing, and the shifts in which money is taken.

use super::{
    Answer, CURSOR, Callers, JSON, LIMIT, NOT_MODIFIED, Operation, call, query, schema_of,
};
use crate::{
    CloseShiftRequest, CounterShow, OpenShiftRequest, Page, PayoutRequest, ProblemCode as P,
    SellAnswer, SellRequest, Shift,
};
use matinee_domain::staff::Action;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::Staff(Action::Sell),
        answers: &[
            ok!(200, "With the counter's prices.", CounterShow),
            NOT_MODIFIED,
        ],
        ..call(
            "getCounterShow",
            "get",
            "/manage/shows/{show_id}/counter",
            "What a show costs at the counter",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        body: Some(schema_of::<SellRequest>),
        answers: &[ok!(201, "Sold, with the tickets.", SellAnswer)],
        problems: &[
            P::SeatsUnavailable,
            P::ShowStarted,
            P::ShowMoved,
            P::PriceChanged,
            P::ShiftClosed,
            P::Invalid,
        ],
        idempotent: true,
        ..call(
            "sell",
            "post",
            "/manage/shows/{show_id}/sell",
            "Sell seats at the counter: all or none; invitations are an owner's and a manager's",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        parameters: &[
            query(
                "format",
                "`pdf` when absent, or `escpos` for a receipt printer.",
                r#"{"type":"string","enum":["pdf","escpos"]}"#,
            ),
            query(
                "width",
                "Paper of a receipt printer in millimetres: 80 when absent, or 58.",
                r#"{"type":"integer","enum":[58,80]}"#,
            ),
        ],
        answers: &[
            Answer {
                status: 200,
                about: "Every ticket that opens the door: a page each, or bytes for the printer.",
                media: "application/pdf",
                schema: Some(schema_of::<String>),
            },
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::NotConfirmed],
        ..call(
            "printTickets",
            "get",
            "/manage/bookings/{booking_id}/print",
            "A booking's tickets, to print at the counter",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        parameters: &[
            query(
                "open",
                "`true`: only those that are open.",
                r#"{"type":"boolean"}"#,
            ),
            LIMIT,
            CURSOR,
        ],
        answers: &[
            ok!(
                200,
                "Newest first: all of them for owners and managers, else the caller's own.",
                Page<Shift>
            ),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listShifts",
            "get",
            "/manage/theaters/{theater_id}/shifts",
            "Shifts at the counter",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        body: Some(schema_of::<OpenShiftRequest>),
        answers: &[ok!(201, "The shift.", Shift)],
        problems: &[P::Invalid, P::ShiftOpen],
        idempotent: true,
        ..call(
            "openShift",
            "post",
            "/manage/theaters/{theater_id}/shifts",
            "Open a shift: one at a time for each person and each window",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        answers: &[ok!(200, "The shift.", Shift), NOT_MODIFIED],
        ..call(
            "getShift",
            "get",
            "/manage/theaters/{theater_id}/shifts/{shift_id}",
            "A shift: one's own, or any for owners and managers",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        body: Some(schema_of::<CloseShiftRequest>),
        answers: &[ok!(
            200,
            "The shift with what was expected and what is missing.",
            Shift
        )],
        problems: &[P::Invalid, P::ShiftClosed, P::ShiftBusy],
        idempotent: true,
        ..call(
            "closeShift",
            "post",
            "/manage/theaters/{theater_id}/shifts/{shift_id}/close",
            "Count the drawer and close a shift",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Sell),
        body: Some(schema_of::<PayoutRequest>),
        answers: &[ok!(200, "The shift it was handed out in.", Shift)],
        problems: &[P::Invalid, P::ShiftClosed, P::PaidOut, P::OtherCurrency],
        idempotent: true,
        ..call(
            "payOut",
            "post",
            "/manage/theaters/{theater_id}/shifts/{shift_id}/payouts",
            "Hand out the cash of a refund",
        )
    },
];
