//! Calls that set a theater up, beside those of its programme.

use super::{Answer, Callers, JSON, NOT_MODIFIED, Operation, call, schema_of};
use crate::{GatewayHere, NetworkHere, Page, ProblemCode as P, ShowBatchAnswer, ShowBatchSpec};
use matinee_domain::staff::Action;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::Staff(Action::ChangeTheater),
        answers: &[
            ok!(
                200,
                "Those this server knows, with how they stand.",
                Page<GatewayHere>
            ),
            NOT_MODIFIED,
        ],
        ..call(
            "listGateways",
            "get",
            "/manage/theaters/{theater_id}/gateways",
            "Who takes the theater's payments",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeTheater),
        answers: &[
            ok!(
                200,
                "Addresses with codes for a phone's camera.",
                NetworkHere
            ),
            NOT_MODIFIED,
        ],
        ..call(
            "getNetwork",
            "get",
            "/manage/theaters/{theater_id}/network",
            "Where the theater's server can be reached",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<ShowBatchSpec>),
        answers: &[
            ok!(
                200,
                "What stands in the way; nothing was made.",
                ShowBatchAnswer
            ),
            ok!(201, "All of them were made.", ShowBatchAnswer),
        ],
        problems: &[P::Invalid, P::ShowClash],
        idempotent: true,
        ..call(
            "createShows",
            "post",
            "/manage/theaters/{theater_id}/shows/batch",
            "Make many shows at once, all or none; or ask first what stands in the way",
        )
    },
];
