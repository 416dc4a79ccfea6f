//! Calls of a door: letting people in, with a network and without.

use super::{Answer, Callers, DATE, JSON, NOT_MODIFIED, Operation, call, schema_of};
use crate::{
    ProblemCode as P, RedeemAnswer, RedeemRequest, ScansAnswer, ScansRequest, SignedDoorList,
    UndoAnswer, UndoRequest,
};
use matinee_domain::staff::Action;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::Staff(Action::Redeem),
        body: Some(schema_of::<RedeemRequest>),
        answers: &[ok!(
            200,
            "The verdict, whatever it is; only `admitted` lets anybody in.",
            RedeemAnswer
        )],
        problems: &[P::Invalid],
        idempotent: true,
        ..call(
            "redeemTicket",
            "post",
            "/manage/tickets/redeem",
            "Let somebody in: the first scan of a ticket wins",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Redeem),
        body: Some(schema_of::<UndoRequest>),
        answers: &[ok!(200, "It is undone; again is the same.", UndoAnswer)],
        problems: &[P::Invalid, P::UndoTooLate],
        ..call(
            "undoRedeem",
            "post",
            "/manage/tickets/redeem/undo",
            "Take back that somebody was let in, within ten minutes",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Redeem),
        parameters: &[DATE],
        answers: &[
            ok!(
                200,
                "Signed; today's when no date is said. Server-Time is the server's clock, to the millisecond.",
                SignedDoorList
            ),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid],
        ..call(
            "doorList",
            "get",
            "/manage/theaters/{theater_id}/door-list",
            "The tickets of a day, for doors with no network",
        )
    },
    Operation {
        callers: Callers::Staff(Action::Redeem),
        body: Some(schema_of::<ScansRequest>),
        answers: &[ok!(
            200,
            "All of them are kept; each once, however often it is told.",
            ScansAnswer
        )],
        problems: &[P::Invalid],
        ..call(
            "tellScans",
            "post",
            "/manage/theaters/{theater_id}/scans",
            "Tell scans that were made with no network",
        )
    },
];
