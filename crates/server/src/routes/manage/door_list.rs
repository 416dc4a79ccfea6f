//! `/manage/theaters/{theater_id}/door-list` and `…/scans`: doors with no network.
//!
//! A list is signed with the key of tickets, so that a door can keep it anywhere and still knows it for ours. It is made
//! of nothing but what is stored: so it is the same, byte for byte, until something changes. Scans are told later, in any
//! order; which of them counts is the store's to say.

use super::{
    changing,
    door::{CLOCKS_DIFFER, DOOR_MAX, first_scan},
    gate,
    scanned::show_at_door,
};
use crate::{
    app::{App, AppState},
    auth::{Caller, Keys},
    http::{ApiError, Id, Query, RawJson, answer},
    routes::{catalog::query::parse_date, profile::text},
    tickets::payload,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use matinee_api::{
    DoorList, DoorShow, DoorTicket, DoubleScan, ProblemCode, ScansAnswer, ScansRequest,
    SignedDoorList, WrongScan,
};
use matinee_booking::{ShowFile, Shows as _};
use matinee_domain::{
    catalog::Theater,
    day,
    door::{Door, SCANS_AT_ONCE, ScanVerdict},
    ids::TheaterId,
    staff::Action,
};
use matinee_store::{
    catalog::ShowQuery,
    door::{ListedTicket, MergeScans, OfflineScan},
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// Shows of a theater's day; nobody has that many screens.
const SHOWS_MAX: u16 = 1_000;
/// A house's day ends when it is empty, not at midnight: a list has the shows of the night after it, too.
const NIGHT: TimeDelta = TimeDelta::hours(5);
/// A list is good from so long before its day until so long after it: doors are readied the evening before, and a show
/// that begins at midnight ends on the next day.
const BEFORE: TimeDelta = TimeDelta::hours(12);
const AFTER: TimeDelta = TimeDelta::hours(12);
/// The server's clock when it answered, to the millisecond: doors set theirs by it. `Date` only has seconds, and inside the
/// list it would be another list with every answer.
const SERVER_TIME: HeaderName = HeaderName::from_static("server-time");
/// Bytes of a code's digest.
const DIGEST: usize = 16;

#[derive(Debug, Deserialize)]
pub struct Dated {
    #[serde(default)]
    date: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/door-list`
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(dated): Query<Dated>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Redeem).await?;
    let today = app.clock.now().with_timezone(&staff.theater.time_zone);
    let date = match dated.date.as_deref() {
        Some(text) => parse_date(text)?,
        None => today.date_naive(),
    };
    let list = list_of(&app, &staff.theater, date).await?;
    let payload = serde_json::to_string(&list).unwrap_or_default();
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = SignedDoorList {
        signature: encode(&app.keys.sign_ticket(payload.as_bytes())),
        public_key: encode(app.keys.ticket_public_key().as_bytes()),
        key_id: app.keys.ticket_key_id().to_owned(),
        payload,
    };
    Ok(timed(&app, answer::read(&headers, &signed)))
}

/// Also when there is nothing new: what a browser has kept gets the headers of such an answer.
fn timed(app: &App, mut response: Response) -> Response {
    let now = app.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(now) = HeaderValue::from_str(&now) {
        response.headers_mut().insert(SERVER_TIME, now);
    }
    response
}

async fn list_of(app: &App, theater: &Theater, date: NaiveDate) -> Result<DoorList, ApiError> {
    let (from, until) = day::bounds(date, theater.time_zone)
        .ok_or_else(|| ApiError::invalid("/date", "This date is out of range."))?;
    let query = ShowQuery {
        theater_id: Some(theater.theater_id),
        from: Some(from),
        until: Some(until + NIGHT),
        limit: SHOWS_MAX,
        unpublished: true,
        ..ShowQuery::default()
    };
    let test_mode = app
        .desk
        .gateway
        .as_ref()
        .is_some_and(|gateway| gateway.is_test());
    let door = Door {
        show: None,
        opens_minutes: theater.doors_open_minutes(),
        test_mode,
    };
    let mut list = DoorList {
        theater_id: theater.theater_id,
        date,
        serial: 0,
        valid_from: from - BEFORE,
        valid_until: until + AFTER,
        test_mode,
        shows: Vec::new(),
    };
    for listed in app.store.shows(query).await? {
        let show_id = listed.show.show_id;
        let Some(file) = app.catalog.show(show_id).await? else {
            continue;
        };
        // Counted first: what changes meanwhile makes the next list newer, not this one.
        let counts = app.store.at_the_door(show_id).await?;
        list.serial += listed.version + counts.told;
        let tickets = app.store.tickets_of_show(show_id).await?;
        let keys = app.keys.clone();
        let shown = Arc::clone(&file);
        // Some microseconds for each signature add up to more than a thread that serves others should be kept.
        let tickets = tokio::task::spawn_blocking(move || {
            let shown = |ticket| door_ticket(&keys, &shown, ticket);
            // Those without room after a move are given back: nobody is let in with them.
            let seated = tickets
                .into_iter()
                .filter(|listed| !listed.ticket.seat.is_aside());
            seated.map(shown).collect()
        });
        let tickets = tickets.await.map_err(|error| {
            tracing::error!(%error, "a list for doors was not made");
            ApiError::new(
                ProblemCode::Internal,
                "The list could not be made. Ask again.",
            )
        })?;
        let shown = show_at_door(&file, &door);
        list.shows.push(DoorShow {
            show_id,
            movie_name: shown.movie_name,
            screen_name: shown.screen_name,
            start_time: shown.start_time,
            end_time: shown.end_time,
            doors_open_at: shown.doors_open_at,
            tickets,
        });
    }
    Ok(list)
}

fn door_ticket(keys: &Keys, file: &ShowFile, listed: ListedTicket) -> DoorTicket {
    let (show, row) = (&file.show, &listed.ticket);
    let seat = file.map.map.seat(row.seat);
    let kind = show.prices.ticket_type(&listed.ticket_type);
    let code = payload(keys, row, show.show_id, show.start_time, listed.test);
    let digest = Sha256::digest(code.as_bytes());
    DoorTicket {
        ticket_id: row.ticket_id,
        revision: row.revision,
        seat_id: file.map.seat_id(row.seat),
        row: seat.map(|seat| seat.row.clone()).unwrap_or_default(),
        number: seat.map(|seat| seat.number.clone()).unwrap_or_default(),
        ticket_type: kind.map_or_else(|| listed.ticket_type.clone(), |kind| kind.label.clone()),
        proof_needed: kind.and_then(|kind| kind.proof.clone()),
        reference: listed.reference,
        test: listed.test,
        first_scan: listed.entry.map(first_scan),
        digest: BASE64URL_NOPAD.encode(&digest[..DIGEST]),
    }
}

/// `POST /manage/theaters/{theater_id}/scans`
pub async fn scans(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Redeem).await?;
    let request: ScansRequest = changing::read(&raw.0)?;
    let told = request.scans.len();
    let (scans, foreign) = checked(request, theater_id, app.clock.now())?;
    let mut doors: BTreeMap<&str, usize> = BTreeMap::new();
    for scan in &scans {
        *doors.entry(&scan.door).or_default() += 1;
    }
    let state = json!({ "scans_by_door": doors });
    let named = ("ticket.scans", theater_id.to_string());
    let merge = MergeScans {
        audit: changing::entry(&app, staff.who(), named, (None, Some(&state))),
        scans,
    };
    let of: BTreeMap<_, _> = (merge.scans.iter())
        .map(|scan| (scan.scan_id, scan.ticket_id))
        .collect();
    let merged = app.store.merge_scans(merge).await?;
    let doubles = merged
        .entries
        .into_iter()
        .filter(|(_, _, entries)| entries.len() > 1);
    let wrong = merged.wrong.into_iter().filter_map(|(scan_id, verdict)| {
        let ticket_id = *of.get(&scan_id)?;
        Some(WrongScan {
            scan_id,
            ticket_id,
            verdict,
        })
    });
    let taken = merged.taken;
    Ok(answer::json(
        200,
        &ScansAnswer {
            taken,
            known: (told - foreign.len()) as u32 - taken,
            doubles: doubles
                .map(|(ticket_id, show_id, entries)| DoubleScan {
                    ticket_id,
                    show_id,
                    scans: entries.into_iter().map(first_scan).collect(),
                })
                .collect(),
            wrong: wrong.chain(foreign).collect(),
        },
    ))
}

/// The scans of this theater; and those by which somebody was let in with a ticket of another, which are told and not kept.
fn checked(
    request: ScansRequest,
    theater_id: TheaterId,
    now: DateTime<Utc>,
) -> Result<(Vec<OfflineScan>, Vec<WrongScan>), ApiError> {
    if !(1..=SCANS_AT_ONCE).contains(&request.scans.len()) {
        return Err(ApiError::invalid(
            "/scans",
            "Tell 1 to 1,000 scans at once.",
        ));
    }
    let (mut ours, mut foreign) = (Vec::with_capacity(request.scans.len()), Vec::new());
    for (at, scan) in request.scans.into_iter().enumerate() {
        let door = text(&format!("/scans/{at}/door"), &scan.door, 1, DOOR_MAX)?;
        if scan.scanned_at > now + CLOCKS_DIFFER {
            return Err(ApiError::invalid(
                format!("/scans/{at}/scanned_at"),
                "It has not been scanned yet: set the door's clock, and tell it again.",
            ));
        }
        if scan.ticket_id.theater() != theater_id || scan.show_id.theater() != theater_id {
            foreign.push(WrongScan {
                scan_id: scan.scan_id,
                ticket_id: scan.ticket_id,
                verdict: ScanVerdict::WrongTheater,
            });
            continue;
        }
        ours.push(OfflineScan {
            scan_id: scan.scan_id,
            ticket_id: scan.ticket_id,
            show_id: scan.show_id,
            door,
            scanned_at: scan.scanned_at,
            verdict: scan.verdict,
        });
    }
    Ok((ours, foreign))
}
