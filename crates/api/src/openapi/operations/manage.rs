//! Calls of staff. Each names the action its caller must be allowed (`matinee_domain::staff::can`).

use super::{
    Answer, CURSOR, Callers, IF_MATCH, JSON, LIMIT, NOT_MODIFIED, Operation, STRING, call, query,
    schema_of,
};
use crate::{
    AuditEntry, BlockAnswer, BlockRequest, FoundMovies, ManagedMovie, ManagedScreen, ManagedShow,
    ManagedTheater, MovieImportRequest, MovieSpec, MyTheater, Page, PricesSpec, ProblemCode as P,
    ScreenSpec, ShowSeats, ShowSpec, StaffMember, StaffRequest, TheaterSpec, UnblockRequest,
};
use matinee_domain::staff::Action;

/// What a change of something with a version may meet.
const CHANGE: &[P] = &[P::Invalid, P::VersionMismatch, P::PreconditionRequired];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::User,
        answers: &[
            ok!(200, "With what the caller is there.", Page<MyTheater>),
            NOT_MODIFIED,
        ],
        ..call(
            "listMyTheaters",
            "get",
            "/manage/theaters",
            "Theaters where the caller works",
        )
    },
    Operation {
        callers: Callers::Admin,
        body: Some(schema_of::<TheaterSpec>),
        answers: &[ok!(
            201,
            "The theater; nobody works there yet.",
            ManagedTheater
        )],
        problems: &[P::Invalid],
        idempotent: true,
        ..call(
            "createTheater",
            "post",
            "/manage/theaters",
            "Make a theater",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[
            ok!(200, "With screens and prices.", ManagedTheater),
            NOT_MODIFIED,
        ],
        ..call(
            "getManagedTheater",
            "get",
            "/manage/theaters/{theater_id}",
            "A theater as its staff sees it",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeTheater),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<TheaterSpec>),
        answers: &[ok!(200, "As it is now.", ManagedTheater)],
        problems: &[
            P::Invalid,
            P::VersionMismatch,
            P::PreconditionRequired,
            P::TheaterSold,
        ],
        ..call(
            "changeTheater",
            "put",
            "/manage/theaters/{theater_id}",
            "Change a theater's own facts",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<PricesSpec>),
        answers: &[ok!(200, "As it is now.", ManagedTheater)],
        problems: CHANGE,
        ..call(
            "changePrices",
            "put",
            "/manage/theaters/{theater_id}/prices",
            "Change ticket types and price lists",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeStaff),
        answers: &[ok!(200, "Owners first.", Page<StaffMember>), NOT_MODIFIED],
        ..call(
            "listStaff",
            "get",
            "/manage/theaters/{theater_id}/staff",
            "Who works in a theater",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeStaff),
        body: Some(schema_of::<StaffRequest>),
        answers: &[ok!(200, "Who works there now.", Page<StaffMember>)],
        problems: &[P::Invalid, P::EmailUnverified, P::LastOwner],
        ..call(
            "putStaff",
            "put",
            "/manage/theaters/{theater_id}/staff",
            "Give somebody a role, or another one",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeStaff),
        answers: &[ok!(204, "They work there no more.")],
        problems: &[P::LastOwner],
        ..call(
            "removeStaff",
            "delete",
            "/manage/theaters/{theater_id}/staff/{user_id}",
            "Take somebody's role away",
        )
    },
    Operation {
        callers: Callers::Staff(Action::SeeAudit),
        parameters: &[LIMIT, CURSOR],
        answers: &[ok!(200, "Newest first.", Page<AuditEntry>), NOT_MODIFIED],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listAudit",
            "get",
            "/manage/theaters/{theater_id}/audit",
            "Who changed what",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<ScreenSpec>),
        answers: &[ok!(201, "The screen.", ManagedScreen)],
        problems: &[P::Invalid],
        idempotent: true,
        ..call(
            "createScreen",
            "post",
            "/manage/theaters/{theater_id}/screens",
            "Make a screen, with a seating plan or a hall made from numbers",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<ScreenSpec>),
        answers: &[ok!(200, "As it is now.", ManagedScreen)],
        problems: CHANGE,
        ..call(
            "changeScreen",
            "put",
            "/manage/theaters/{theater_id}/screens/{screen_id}",
            "Change a screen; the version is the theater's",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        answers: &[ok!(204, "It is gone.")],
        problems: &[P::ScreenInUse],
        ..call(
            "deleteScreen",
            "delete",
            "/manage/theaters/{theater_id}/screens/{screen_id}",
            "Take a screen without shows away",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<MovieSpec>),
        answers: &[ok!(201, "The movie.", ManagedMovie)],
        problems: &[P::Invalid],
        idempotent: true,
        ..call(
            "createMovie",
            "post",
            "/manage/theaters/{theater_id}/movies",
            "Make a movie",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<MovieImportRequest>),
        answers: &[ok!(
            200,
            "The theater's movie as it is now: made, or brought up to date.",
            ManagedMovie
        )],
        problems: &[
            P::Invalid,
            P::NotFound,
            P::VersionMismatch,
            P::MovieSourceRefused,
            P::MovieSourceBusy,
            P::MovieSourceUnavailable,
        ],
        idempotent: true,
        ..call(
            "importMovie",
            "post",
            "/manage/theaters/{theater_id}/movies/import",
            "Take a movie's facts from The Movie Database",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[
            query(
                "q",
                "Words of the title, or of the original one.",
                r#"{"type":"string","minLength":1,"maxLength":100}"#,
            ),
            query(
                "language",
                "BCP 47, e.g. `de-DE`: that of the titles; English when absent.",
                STRING,
            ),
        ],
        answers: &[ok!(200, "The best fit first.", FoundMovies)],
        problems: &[
            P::Invalid,
            P::MovieSourceRefused,
            P::MovieSourceBusy,
            P::MovieSourceUnavailable,
        ],
        ..call(
            "searchMovies",
            "get",
            "/manage/theaters/{theater_id}/movies/search",
            "Look for a movie at The Movie Database by its title",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[ok!(200, "The movie.", ManagedMovie), NOT_MODIFIED],
        ..call(
            "getManagedMovie",
            "get",
            "/manage/theaters/{theater_id}/movies/{movie_id}",
            "A movie as staff see it",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<MovieSpec>),
        answers: &[ok!(200, "As it is now.", ManagedMovie)],
        problems: CHANGE,
        ..call(
            "changeMovie",
            "put",
            "/manage/theaters/{theater_id}/movies/{movie_id}",
            "Change a movie that the theater made; any other is the administrator's to change",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        parameters: &[
            query(
                "from",
                "Starting at or after this instant; now when absent.",
                STRING,
            ),
            LIMIT,
            CURSOR,
        ],
        answers: &[
            ok!(
                200,
                "By start, also those not published.",
                Page<ManagedShow>
            ),
            NOT_MODIFIED,
        ],
        problems: &[P::Invalid, P::MalformedCursor],
        ..call(
            "listManagedShows",
            "get",
            "/manage/theaters/{theater_id}/shows",
            "A theater's shows as its staff sees them",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        body: Some(schema_of::<ShowSpec>),
        answers: &[ok!(201, "The show.", ManagedShow)],
        problems: &[P::Invalid, P::ShowClash],
        idempotent: true,
        ..call(
            "createShow",
            "post",
            "/manage/theaters/{theater_id}/shows",
            "Make a show; nobody sees it until it is published",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[ok!(200, "The show.", ManagedShow), NOT_MODIFIED],
        ..call(
            "getManagedShow",
            "get",
            "/manage/shows/{show_id}",
            "A show as its theater's staff sees it",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        parameters: &[IF_MATCH],
        body: Some(schema_of::<ShowSpec>),
        answers: &[ok!(200, "As it is now.", ManagedShow)],
        problems: &[
            P::Invalid,
            P::ShowClash,
            P::ShowSold,
            P::VersionMismatch,
            P::PreconditionRequired,
        ],
        ..call(
            "changeShow",
            "put",
            "/manage/shows/{show_id}",
            "Change a show; once seats were taken it stays on its screen",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        answers: &[ok!(204, "It is gone.")],
        problems: &[P::ShowSold],
        ..call(
            "deleteShow",
            "delete",
            "/manage/shows/{show_id}",
            "Take a show away of which no seat was ever held or sold",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        answers: &[ok!(200, "It is on sale.", ManagedShow)],
        problems: &[P::ShowCancelled],
        ..call(
            "publishShow",
            "put",
            "/manage/shows/{show_id}/published",
            "Put a show on sale",
        )
    },
    Operation {
        callers: Callers::Staff(Action::ChangeProgramme),
        answers: &[ok!(200, "Nobody sees it any more.", ManagedShow)],
        problems: &[P::ShowSold],
        ..call(
            "unpublishShow",
            "delete",
            "/manage/shows/{show_id}/published",
            "Take a show out of the sale while none of its seats is held or sold",
        )
    },
    Operation {
        callers: Callers::Staff(Action::See),
        answers: &[ok!(200, "Who has what.", ShowSeats), NOT_MODIFIED],
        ..call(
            "getManagedSeats",
            "get",
            "/manage/shows/{show_id}/seats",
            "The seats of a show, also of one that is not published",
        )
    },
    Operation {
        callers: Callers::Staff(Action::BlockSeats),
        body: Some(schema_of::<BlockRequest>),
        answers: &[ok!(200, "All of them are blocked.", BlockAnswer)],
        problems: &[P::Invalid, P::SeatsUnavailable, P::ShowMoved],
        idempotent: true,
        ..call(
            "blockSeats",
            "post",
            "/manage/shows/{show_id}/seats/block",
            "Take seats out of the sale: all or none",
        )
    },
    Operation {
        callers: Callers::Staff(Action::BlockSeats),
        body: Some(schema_of::<UnblockRequest>),
        answers: &[ok!(200, "None of them is blocked.", BlockAnswer)],
        problems: &[P::Invalid, P::SeatsUnavailable, P::ShowMoved],
        idempotent: true,
        ..call(
            "unblockSeats",
            "post",
            "/manage/shows/{show_id}/seats/unblock",
            "Put blocked seats back into the sale: all or none",
        )
    },
];
