//! `/manage/theaters/{theater_id}/screens`: auditoriums with their seats, from a published plan or from a few numbers.
//!
//! A screen is a part of its theater, so its version is the theater's. Shows keep the seats they were made with.

use super::{
    changing::{self, Refused, Repeatable},
    gate::{self, Staff},
    theaters, views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, Pair, RawJson, answer, etag},
    routes::profile::text,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use matinee_api::{HallSpec, ManagedScreen, ScreenSpec, SeatsSpec};
use matinee_domain::{
    catalog::{Screen, Theater},
    ids::{ScreenId, TheaterId},
    seat_map::SeatMap,
    staff::Action,
};
use matinee_import::{Hall, hall, parse_catalog};
use matinee_store::catalog::{CatalogChange, CatalogObject};
use serde_json::json;

/// How often a change that names no version meets another one before it gives up.
const TRIES: usize = 5;
/// Minutes of cleaning when none are named, and the most.
const CLEANING: u16 = 15;
const CLEANING_MAX: u16 = 600;

/// `POST /manage/theaters/{theater_id}/screens`
pub async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let action = Action::ChangeProgramme;
    gate::staff(&app, &caller, theater_id, action).await?;
    let path = format!("/manage/theaters/{theater_id}/screens");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let spec: ScreenSpec = changing::read(&raw.0)?;
    let Some(seats) = &spec.seats else {
        return Err(ApiError::invalid("/seats", "A new screen needs seats."));
    };
    let screen_id = ScreenId::from_bytes(app.entropy.bytes());
    let (name, cleaning_minutes) = named(&spec)?;
    let map = map_of(seats, &name, (theater_id, screen_id))?;
    let screen = Screen {
        screen_id,
        external_id: screen_id.to_string(),
        name,
        seat_map_id: map.1.seat_map_id,
        seats_total: map.1.seats.len() as u16,
        cleaning_minutes: cleaning_minutes.unwrap_or(CLEANING),
    };
    let shown = views::screen(&screen);
    for _ in 0..TRIES {
        let version = changing::version(&app, CatalogObject::Theater(theater_id)).await?;
        let staff = gate::staff(&app, &caller, theater_id, action).await?;
        let mut theater = (*staff.theater).clone();
        theater.screens.push(screen.clone());
        let states = (None, Some(&shown));
        let change = CatalogChange {
            seat_maps: vec![map.clone()],
            idempotency: once.record(&app, 201, &shown),
            ..of_theater(&app, &staff, (theater, version), "screen.create", states)
        };
        match changing::make(&app, change).await {
            Ok(()) => return Ok(answer::json(201, &shown)),
            Err(Refused::Changed) => {}
            Err(refused) => return refused.answer(),
        }
    }
    Err(etag::changed_meanwhile())
}

/// `PUT /manage/theaters/{theater_id}/screens/{screen_id}`
pub async fn change(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, screen_id): Pair<TheaterId, ScreenId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let action = Action::ChangeProgramme;
    let (staff, version) = theaters::wanted(&app, &caller, theater_id, action, &headers).await?;
    let mut theater = (*staff.theater).clone();
    let screen = of_id(&mut theater, screen_id)?;
    let before = views::screen(screen);
    let spec: ScreenSpec = changing::read(&raw.0)?;
    let (name, cleaning_minutes) = named(&spec)?;
    let map = match &spec.seats {
        Some(seats) => Some(map_of(seats, &name, (theater_id, screen_id))?),
        None => None,
    };
    screen.name = name;
    screen.cleaning_minutes = cleaning_minutes.unwrap_or(CLEANING);
    if let Some((_, map)) = &map {
        screen.seat_map_id = map.seat_map_id;
        screen.seats_total = map.seats.len() as u16;
    }
    let after = views::screen(screen);
    let states = (Some(&before), Some(&after));
    let change = CatalogChange {
        seat_maps: map.into_iter().collect(),
        ..of_theater(&app, &staff, (theater, version), "screen.change", states)
    };
    if let Err(refused) = changing::make(&app, change).await {
        return refused.answer();
    }
    let version = changing::version(&app, CatalogObject::Theater(theater_id)).await?;
    let theater = app.store.theater(theater_id).await?;
    let theater = theater.ok_or_else(etag::changed_meanwhile)?;
    let screen = of_id(&mut (*theater).clone(), screen_id).map(|screen| views::screen(screen))?;
    Ok(answer::versioned(version, &screen).send(&headers))
}

/// `DELETE /manage/theaters/{theater_id}/screens/{screen_id}`
pub async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, screen_id): Pair<TheaterId, ScreenId>,
) -> Result<Response, ApiError> {
    for _ in 0..TRIES {
        let version = changing::version(&app, CatalogObject::Theater(theater_id)).await?;
        let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
        let mut theater = (*staff.theater).clone();
        let before = views::screen(of_id(&mut theater, screen_id)?);
        theater
            .screens
            .retain(|screen| screen.screen_id != screen_id);
        let states = (Some(&before), None);
        let change = of_theater(&app, &staff, (theater, version), "screen.delete", states);
        match changing::make(&app, change).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT.into_response()),
            Err(Refused::Changed) => {}
            Err(refused) => return refused.answer(),
        }
    }
    Err(etag::changed_meanwhile())
}

/// The theater with another list of screens.
fn of_theater(
    app: &App,
    staff: &Staff,
    (theater, version): (Theater, u64),
    action: &str,
    (before, after): (Option<&ManagedScreen>, Option<&ManagedScreen>),
) -> CatalogChange {
    let theater_id = theater.theater_id;
    let object = before.or(after).map(|screen| screen.screen_id.to_string());
    let what = (action, object.unwrap_or_default());
    CatalogChange {
        theaters: vec![theater],
        expected: vec![(CatalogObject::Theater(theater_id), version)],
        audit: vec![changing::entry(app, staff.who(), what, (before, after))],
        ..CatalogChange::default()
    }
}

fn of_id(theater: &mut Theater, screen_id: ScreenId) -> Result<&mut Screen, ApiError> {
    theater
        .screens
        .iter_mut()
        .find(|screen| screen.screen_id == screen_id)
        .ok_or_else(|| ApiError::not_found("screen"))
}

fn named(spec: &ScreenSpec) -> Result<(String, Option<u16>), ApiError> {
    let name = text("/name", &spec.name, 1, 200)?;
    if spec
        .cleaning_minutes
        .is_some_and(|minutes| minutes > CLEANING_MAX)
    {
        return Err(ApiError::invalid(
            "/cleaning_minutes",
            "A screen is cleaned for 0 to 600 minutes.",
        ));
    }
    Ok((name, spec.cleaning_minutes))
}

/// The map of a screen, under the name that all its versions have.
fn map_of(
    seats: &SeatsSpec,
    name: &str,
    (theater_id, screen_id): (TheaterId, ScreenId),
) -> Result<(String, SeatMap), ApiError> {
    let external_id = format!("{theater_id}/{screen_id}");
    let map = match (&seats.plan, &seats.hall) {
        (Some(_), None) => of_plan(seats, name, &external_id)?,
        (None, Some(numbers)) => of_hall(numbers, name, &external_id)?,
        _ => {
            return Err(ApiError::invalid(
                "/seats",
                "Send either a plan, or a hall made from numbers.",
            ));
        }
    };
    Ok((external_id, map))
}

/// A plan is read as a file's would be.
fn of_plan(seats: &SeatsSpec, name: &str, external_id: &str) -> Result<SeatMap, ApiError> {
    let mut map = json!({ "external_id": external_id, "name": name, "plan": seats.plan });
    if let Some(categories) = &seats.categories {
        map["categories"] = json!(categories);
    }
    let file = json!({ "format": "matinee-catalog/1", "seat_maps": [map] });
    let place = |pointer: &str| pointer.replacen("/seat_maps/0", "/seats", 1);
    let read = parse_catalog(&changing::as_file(&file));
    let read = read.map_err(|errors| changing::wrong(errors, place))?;
    let map = read.seat_maps.into_iter().next();
    map.map(|import| import.map)
        .ok_or_else(|| ApiError::invalid("/seats/plan", "This plan has no seats."))
}

fn of_hall(numbers: &HallSpec, name: &str, external_id: &str) -> Result<SeatMap, ApiError> {
    let numbers = Hall {
        rows: numbers.rows,
        seats_per_row: numbers.seats_per_row,
        aisles_after: numbers.aisles_after.clone(),
        wheelchair_places: numbers.wheelchair_places,
        premium_rows: numbers.premium_rows,
    };
    hall(&numbers, name, external_id).map_err(|error| {
        ApiError::invalid(
            format!("/seats/hall/{}", error.member),
            format!("Not possible: {}.", error.detail),
        )
    })
}
