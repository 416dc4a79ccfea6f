//! Making a change: its entry for the list of changes, the record of its answer, and the words of a refusal.

use super::gate::Staff;
use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, answer, body, etag},
};
use axum::response::Response;
use matinee_api::{FieldError, ProblemCode};
use matinee_booking::SaleError;
use matinee_domain::{
    ids::{TheaterId, UserId, time_ordered},
    limits,
};
use matinee_import::ImportError;
use matinee_store::{
    catalog::{CatalogChange, CatalogObject, CatalogRefusal},
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
    staff::AuditEntry,
};
use serde::{Serialize, de::DeserializeOwned};

/// An entry for the list of changes.
pub(super) fn entry<T: Serialize>(
    app: &App,
    (actor, theater_id): (UserId, TheaterId),
    (action, object): (&str, String),
    (before, after): (Option<&T>, Option<&T>),
) -> AuditEntry {
    let now = app.clock.now();
    let text = |value: Option<&T>| value.and_then(|value| serde_json::to_string(value).ok());
    AuditEntry {
        theater_id,
        entry: time_ordered(now.timestamp_millis(), app.entropy.bytes()),
        at: now,
        actor: Some(actor),
        action: action.to_owned(),
        object,
        before: text(before),
        after: text(after),
    }
}

impl Staff {
    /// Whose entry it is, and where.
    pub(super) fn who(&self) -> (UserId, TheaterId) {
        (self.user_id, self.theater.theater_id)
    }
}

/// A POST that may be made again.
pub(super) struct Repeatable(Option<IdempotencyKey>);

impl Repeatable {
    /// The request by its key, or the answer that it had before.
    pub(super) async fn begin(
        app: &App,
        caller: &Caller,
        path: &str,
        body: &[u8],
    ) -> Result<Result<Self, Response>, ApiError> {
        let key = caller.idempotency("POST", path, body);
        if let Some(key) = &key {
            match app.store.lookup(key.clone()).await? {
                Lookup::New => {}
                found => return again(found).map(Err),
            }
        }
        Ok(Ok(Self(key)))
    }

    /// The request's key.
    pub(super) fn key(&self) -> Option<IdempotencyKey> {
        self.0.clone()
    }

    /// The record to write with the effect.
    pub(super) fn record<T: Serialize>(
        &self,
        app: &App,
        status: u16,
        value: &T,
    ) -> Option<IdempotencyRecord> {
        let key = self.0.clone()?;
        let body = serde_json::to_vec(value).unwrap_or_default().into();
        Some(IdempotencyRecord {
            key,
            answer: Recorded { status, body },
            keep_until: app.clock.now() + limits::IDEMPOTENCY_KEPT,
        })
    }
}

/// What a request with a key that was seen is answered.
pub(super) fn again(found: Lookup) -> Result<Response, ApiError> {
    match found {
        Lookup::Replay(Recorded { status, body }) => Ok(answer::bytes(status, body)),
        Lookup::Reused => Err(SaleError::KeyReused.into()),
        // The store says `Repeated` only for keys it has seen.
        Lookup::New => Err(SaleError::Contended.into()),
    }
}

/// Why a change was not made.
pub(super) enum Refused {
    /// Somebody was faster.
    Changed,
    /// The same request was made before.
    Again(Lookup),
    Problem(ApiError),
}

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl Refused {
    /// The answer, where trying again is the caller's business.
    pub(super) fn answer(self) -> Result<Response, ApiError> {
        match self {
            Self::Changed => Err(etag::changed_meanwhile()),
            Self::Again(found) => again(found),
            Self::Problem(error) => Err(error),
        }
    }
}

/// Makes a change of the catalog; what this server kept of the catalog is looked at again before the answer.
pub(super) async fn make(app: &App, change: CatalogChange) -> Result<(), Refused> {
    let done = app.store.apply(change, app.clock.now()).await?;
    match done {
        Ok(_) => {
            app.catalog.watch().await?;
            Ok(())
        }
        Err(refusal) => Err(in_words(refusal)),
    }
}

fn in_words(refusal: CatalogRefusal) -> Refused {
    let (code, words) = match refusal {
        CatalogRefusal::Changed(_) => return Refused::Changed,
        CatalogRefusal::Repeated(found) => return Refused::Again(found),
        CatalogRefusal::ScreenClash(_, other) => {
            let clash = ApiError::new(
                ProblemCode::ShowClash,
                format!(
                    "Show {other} is on this screen then, or the screen is not clean yet. Nothing was changed; choose another time or screen."
                ),
            );
            return Refused::Problem(clash.with(|problem| problem.other_show_id = Some(other)));
        }
        CatalogRefusal::ShowHasBookings(_) => (
            ProblemCode::ShowSold,
            "Seats of this show were held or sold, so it stays. Nothing was changed.",
        ),
        CatalogRefusal::ShowHasSeats(_) => (
            ProblemCode::ShowSold,
            "Seats of this show are held, sold or blocked. Nothing was changed.",
        ),
        CatalogRefusal::ShowCancelled(_) => (
            ProblemCode::ShowCancelled,
            "This show is cancelled for good. Nothing was changed; make a new show instead.",
        ),
        CatalogRefusal::ScreenHasShows(_) => (
            ProblemCode::ScreenInUse,
            "This screen has shows, so it stays. Nothing was changed.",
        ),
        CatalogRefusal::TheaterHasBookings(_) => (
            ProblemCode::TheaterSold,
            "The theater has shows in this currency and time zone, so both stay. Nothing was changed.",
        ),
        // What the change refers to went away between reading and writing.
        other => return Refused::Problem(ApiError::invalid("", format!("Not possible: {other}."))),
    };
    Refused::Problem(ApiError::new(code, words))
}

/// The version of an object now.
pub(super) async fn version(app: &App, object: CatalogObject) -> Result<u64, ApiError> {
    Ok(app.store.version_of(object).await?)
}

/// Reads a body that the gate let in.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    body::parse(bytes)
}

/// 422 with everything the reader of files found wrong, each at its place in the body.
pub(super) fn wrong(errors: Vec<ImportError>, place: impl Fn(&str) -> String) -> ApiError {
    let words = |detail: &str| {
        let mut letters = detail.chars();
        let first = letters
            .next()
            .map(|letter| letter.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    };
    let errors: Vec<FieldError> = errors
        .iter()
        .map(|error| FieldError {
            pointer: place(&error.pointer),
            detail: words(&error.detail),
        })
        .collect();
    let detail = errors
        .first()
        .map_or_else(String::new, |error| error.detail.clone());
    ApiError::new(ProblemCode::Invalid, detail).with(|problem| problem.errors = errors)
}

/// The value in the bytes that the reader of files takes.
pub(super) fn as_file<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
