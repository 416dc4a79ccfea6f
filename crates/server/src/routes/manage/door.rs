//! `/manage/tickets/redeem`: letting people in, and taking that back.
//!
//! Whatever is scanned is answered with a verdict and kept. What a door says is the domain's to decide; that of several
//! doors one lets in is decided in the ticket's own row, and when that moved meanwhile everything is looked at again.

use super::{
    changing::{self, Repeatable, again},
    gate,
    scanned::{Seen, found},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, RawJson, answer},
    routes::profile::text,
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{FirstScan, ProblemCode, RedeemAnswer, RedeemRequest, UndoAnswer, UndoRequest};
use matinee_booking::SaleError;
use matinee_domain::{
    door::{Entry, ScanVerdict, UNDO_WITHIN},
    ids::ScanId,
    staff::Action,
};
use matinee_store::door::{KeepOutcome, KeepScans, NewScan, UndoOutcome, UndoScan};

/// How often a code is looked at again when its tickets move.
const TRIES: usize = 4;
/// Of a door's name.
pub(super) const DOOR_MAX: usize = 40;
/// A code is at most this long: a ticket's has some 240 characters.
const CODE_MAX: usize = 512;
/// A door's clock may be ahead of ours by this.
pub(super) const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(2);
/// A scan that is told as one of just now is at most this old.
const TOLD_WITHIN: TimeDelta = TimeDelta::days(1);

/// `POST /manage/tickets/redeem`
pub async fn redeem(
    State(app): State<AppState>,
    caller: Caller,
    raw: RawJson,
) -> Result<Response, ApiError> {
    caller.require_user()?;
    let request: RedeemRequest = changing::read(&raw.0)?;
    let theater_id = request.theater_id;
    let staff = gate::staff(&app, &caller, theater_id, Action::Redeem).await?;
    let path = "/manage/tickets/redeem";
    let once = match Repeatable::begin(&app, &caller, path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    text("/code", &request.code, 1, CODE_MAX)?;
    let door = text("/door", &request.door, 1, DOOR_MAX)?;
    let now = app.clock.now();
    let at = scanned_at(request.scanned_at, now)?;
    for _ in 0..TRIES {
        let seen = found(&app, &staff.theater, &request, at).await?;
        let scans = scans(&app, &seen, &door, at);
        let shown = shown(&app, &seen, &scans).await?;
        let keep = KeepScans {
            theater_id,
            scans,
            actor: staff.user_id,
            now,
            idempotency: once.record(&app, 200, &shown),
        };
        match app.store.keep_scans(keep).await? {
            KeepOutcome::Done => return Ok(answer::json(200, &shown)),
            KeepOutcome::Repeated(earlier) => return again(earlier),
            KeepOutcome::Moved => {}
        }
    }
    Err(SaleError::Contended.into())
}

fn scanned_at(told: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiError> {
    let Some(at) = told else { return Ok(now) };
    if at > now + CLOCKS_DIFFER || at < now - TOLD_WITHIN {
        return Err(ApiError::invalid(
            "/scanned_at",
            "A scan of just now was made within the last day. Older ones are told with POST …/scans.",
        ));
    }
    Ok(at.min(now))
}

/// What is kept of a code: one scan for each of its tickets; while it is not said which, none.
fn scans(app: &App, seen: &Seen, door: &str, at: DateTime<Utc>) -> Vec<NewScan> {
    if seen.verdict == ScanVerdict::Choose {
        return Vec::new();
    }
    let scan = |ticket, verdict| NewScan {
        scan_id: ScanId::from_random(app.entropy.bytes()),
        ticket,
        door: door.to_owned(),
        verdict,
        scanned_at: at,
    };
    let of_tickets: Vec<NewScan> = (seen.tickets.iter())
        .map(|ticket| scan(ticket.place, ticket.verdict))
        .collect();
    if of_tickets.is_empty() {
        return vec![scan(None, seen.verdict)];
    }
    of_tickets
}

/// The answer, as it is once the scans are kept.
async fn shown(app: &App, seen: &Seen, scans: &[NewScan]) -> Result<RedeemAnswer, ApiError> {
    let let_in = scans
        .iter()
        .filter(|scan| scan.verdict == ScanVerdict::Admitted);
    let let_in = let_in.count() as u32;
    let mut show = seen.show(app).await?;
    if let Some(show) = &mut show {
        show.admitted = (show.admitted + let_in).min(show.tickets);
    }
    let tickets: Vec<_> = (seen.tickets.iter().enumerate())
        .map(|(at, ticket)| {
            let own = scans
                .get(at)
                .filter(|scan| scan.verdict == ScanVerdict::Admitted);
            let own = own.map(|scan| Entry {
                scan_id: scan.scan_id,
                scanned_at: scan.scanned_at,
                door: scan.door.clone(),
            });
            let entry = own.or_else(|| ticket.entry.clone());
            ticket.shown(entry.map(first_scan), app.clock.now())
        })
        .collect();
    Ok(RedeemAnswer {
        verdict: seen.verdict,
        words: seen.words(&tickets),
        show,
        reference: seen.reference(),
        name: seen.name(app).await?,
        tickets,
    })
}

pub(super) fn first_scan(entry: Entry) -> FirstScan {
    FirstScan {
        scan_id: entry.scan_id,
        scanned_at: entry.scanned_at,
        door: entry.door,
    }
}

/// `POST /manage/tickets/redeem/undo`
pub async fn undo(
    State(app): State<AppState>,
    caller: Caller,
    raw: RawJson,
) -> Result<Response, ApiError> {
    caller.require_user()?;
    let request: UndoRequest = changing::read(&raw.0)?;
    let staff = gate::staff(&app, &caller, request.theater_id, Action::Redeem).await?;
    let scan_id = request.scan_id;
    let named = ("ticket.undo", scan_id.to_string());
    let undo = UndoScan {
        scan_id,
        not_before: app.clock.now() - UNDO_WITHIN,
        audit: changing::entry::<()>(&app, staff.who(), named, (None, None)),
    };
    match app.store.undo_scan(undo).await? {
        UndoOutcome::Done { ticket_id, entry } => {
            let undone = UndoAnswer {
                scan_id,
                ticket_id,
                first_scan: entry.map(first_scan),
            };
            Ok(answer::json(200, &undone))
        }
        UndoOutcome::Missing => Err(ApiError::not_found("scan")),
        UndoOutcome::TooLate => Err(ApiError::new(
            ProblemCode::UndoTooLate,
            "Letting somebody in can be undone for ten minutes. Nothing was changed; the person is in.",
        )),
    }
}
