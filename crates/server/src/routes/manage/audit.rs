//! `/manage/theaters/{theater_id}/audit`: who changed what, newest first.

use super::gate;
use crate::{
    app::AppState,
    auth::Caller,
    http::{ApiError, Id, PageLimit, Query, answer},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{Actor, AuditEntry, Page, ProblemCode};
use matinee_domain::{ids::TheaterId, staff::Action};
use matinee_store::staff::{self, EntryId};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Paged {
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/audit`
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(paged): Query<Paged>,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::SeeAudit).await?;
    let limit = paged.limit.or(50)?;
    let before = paged.cursor.as_deref().map(read_cursor).transpose()?;
    let mut found = app.store.audit_of(theater_id, before, limit + 1).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found.last().map(|(entry, _)| name(&entry.entry));
    let items = found.into_iter().map(shown).collect();
    let next_cursor = last.filter(|_| more);
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

/// An entry's name is its id, and the cursor of the page after it.
fn name(entry: &EntryId) -> String {
    BASE64URL_NOPAD.encode(entry)
}

fn read_cursor(text: &str) -> Result<EntryId, ApiError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let entry = bytes.and_then(|bytes| bytes.try_into().ok());
    entry.ok_or_else(|| {
        ApiError::new(
            ProblemCode::MalformedCursor,
            "This cursor was not made by this server. Start the list anew.",
        )
    })
}

fn shown((entry, who): (staff::AuditEntry, Option<(String, String)>)) -> AuditEntry {
    let value = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let (name_of, email) = who.unzip();
    AuditEntry {
        entry_id: name(&entry.entry),
        at: entry.at,
        actor: entry.actor.map(|user_id| Actor {
            user_id,
            name: name_of,
            email,
        }),
        action: entry.action,
        object: entry.object,
        before: value(entry.before),
        after: value(entry.after),
    }
}
