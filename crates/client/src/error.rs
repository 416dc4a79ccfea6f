//! The one error of the client, shaped for the UI: its `kind` says what a screen may do about it.
//!
//! No words for people beyond the server's own: the UI translates by `code`. Never carries a token.

use crate::{cache::CacheError, secrets::SecretsError};
use matinee_api::{FieldError, Problem, ProblemCode, SeatId};
use serde::Serialize;
use specta::Type;

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nothing reached the server, or it is not known whether it did.
    Offline,
    /// The server answered with a problem.
    Problem,
    /// An answer that is not what the contract says.
    Invalid,
    /// The system's keyring cannot keep a token.
    Secrets,
    /// Something on this device failed.
    Internal,
}

/// Why a call failed. Boxed slices keep it small enough to be returned by value.
#[derive(Debug, Clone, PartialEq, Serialize, Type, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct ClientError {
    pub kind: ErrorKind,
    /// The problem's stable code, or one of this client's: `offline`, `invalid_answer`, `secrets_unavailable`,
    /// `internal`, `bad_server_address`.
    pub code: Box<str>,
    pub title: Box<str>,
    pub detail: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = u16)]
    pub status: Option<u16>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = u32)]
    pub retry_after: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Vec<FieldError>)]
    pub errors: Option<Box<[FieldError]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Vec<SeatId>)]
    pub unavailable_seat_ids: Option<Box<[SeatId]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Vec<Vec<SeatId>>)]
    pub alternatives: Option<Box<[Vec<SeatId>]>>,
    /// The whole problem, for the members not named here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[specta(type = Problem)]
    pub problem: Option<Box<Problem>>,
}

impl ClientError {
    fn plain(kind: ErrorKind, code: &str, title: &str, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            code: code.into(),
            title: title.into(),
            detail: detail.into(),
            status: None,
            retry_after: None,
            errors: None,
            unavailable_seat_ids: None,
            alternatives: None,
            problem: None,
        }
    }

    /// The server was not reached.
    pub fn offline(detail: impl Into<Box<str>>) -> Self {
        Self::plain(ErrorKind::Offline, "offline", "No connection", detail)
    }

    /// The answer is not what the contract says.
    pub fn invalid_answer(detail: impl Into<Box<str>>, status: Option<u16>) -> Self {
        Self {
            status,
            ..Self::plain(
                ErrorKind::Invalid,
                "invalid_answer",
                "Unexpected answer",
                detail,
            )
        }
    }

    /// The address of the server cannot be used.
    pub fn bad_server_address(detail: impl Into<Box<str>>) -> Self {
        Self::plain(
            ErrorKind::Invalid,
            "bad_server_address",
            "This address cannot be used",
            detail,
        )
    }

    /// Something on this device failed.
    pub fn internal(detail: impl Into<Box<str>>) -> Self {
        Self::plain(
            ErrorKind::Internal,
            "internal",
            "Something went wrong on this device",
            detail,
        )
    }

    /// A problem this client states by itself, in the server's terms.
    pub fn problem(code: ProblemCode, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// An id that is none can name nothing.
    pub fn not_found() -> Self {
        Self::problem(ProblemCode::NotFound, "Nothing has this id.")
    }

    /// Whether it carries this problem code.
    pub fn is(&self, code: ProblemCode) -> bool {
        self.kind == ErrorKind::Problem && *self.code == *code.as_str()
    }

    /// Whether the copy on this device is a better answer than this failure: the server is away, ill or busy.
    pub(crate) fn copy_is_better(&self) -> bool {
        self.kind == ErrorKind::Offline
            || self
                .status
                .is_some_and(|status| status >= 500 || status == 429)
    }
}

impl From<Problem> for ClientError {
    fn from(mut problem: Problem) -> Self {
        // A booking inside a problem could carry a guest's token; it goes no further.
        if let Some(booking) = problem.booking.as_mut() {
            booking.guest_token = None;
        }
        Self {
            kind: ErrorKind::Problem,
            code: problem.code.as_str().into(),
            title: problem.title.as_str().into(),
            detail: problem.detail.as_str().into(),
            status: Some(problem.status),
            retry_after: problem.retry_after,
            errors: (!problem.errors.is_empty()).then(|| problem.errors.as_slice().into()),
            unavailable_seat_ids: problem.unavailable_seat_ids.as_deref().map(Into::into),
            alternatives: problem.alternatives.as_deref().map(Into::into),
            problem: Some(Box::new(problem)),
        }
    }
}

impl From<SecretsError> for ClientError {
    fn from(error: SecretsError) -> Self {
        Self::plain(
            ErrorKind::Secrets,
            "secrets_unavailable",
            "This device cannot keep you signed in safely",
            error.to_string(),
        )
    }
}

impl From<CacheError> for ClientError {
    fn from(error: CacheError) -> Self {
        tracing::error!(%error, "the local copy failed");
        Self::internal("The copy on this device cannot be read or written.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_what_a_screen_needs() {
        let mut problem = Problem::new(ProblemCode::SeatsUnavailable, "G7 is taken.");
        problem.unavailable_seat_ids = Some(vec![SeatId("g7".into())]);
        problem.alternatives = Some(vec![vec![SeatId("g9".into())]]);
        let error = ClientError::from(problem);
        assert!(error.is(ProblemCode::SeatsUnavailable));
        assert_eq!(error.status, Some(409));
        assert_eq!(
            error.unavailable_seat_ids.as_deref(),
            Some(&[SeatId("g7".into())][..])
        );
        assert!(!error.copy_is_better());
    }

    #[test]
    fn only_an_absent_or_ill_server_gives_way_to_the_copy() {
        assert!(ClientError::offline("").copy_is_better());
        assert!(ClientError::problem(ProblemCode::Unavailable, "").copy_is_better());
        assert!(ClientError::problem(ProblemCode::TooManyRequests, "").copy_is_better());
        assert!(!ClientError::not_found().copy_is_better());
        assert!(!ClientError::internal("").copy_is_better());
    }

    #[test]
    fn absent_members_are_not_written() {
        let text = serde_json::to_string(&ClientError::offline("x")).expect("it can be written");
        assert_eq!(
            text,
            r#"{"kind":"offline","code":"offline","title":"No connection","detail":"x"}"#
        );
    }
}
