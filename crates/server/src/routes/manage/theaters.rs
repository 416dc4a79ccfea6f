//! `/manage/theaters`: making a theater, its own facts, and what it charges.

use super::{
    changing::{self, Refused, Repeatable},
    gate::{self, Staff},
    views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, IfMatch, RawJson, answer, etag},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_api::{PricesSpec, TheaterSpec};
use matinee_domain::{catalog::Theater, ids::TheaterId, staff::Action};
use matinee_import::{TheaterFacts, parse_theater_facts, parse_theater_prices};
use matinee_store::catalog::{CatalogChange, CatalogObject};

/// `POST /manage/theaters`
pub async fn create(
    State(app): State<AppState>,
    caller: Caller,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let user_id = gate::admin(&caller)?;
    let once = match Repeatable::begin(&app, &caller, "/manage/theaters", &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let facts = facts_of(&raw.0)?;
    let theater_id = TheaterId::from_bytes(app.entropy.bytes());
    let theater = with_facts(
        Theater {
            theater_id,
            external_id: theater_id.to_string(),
            name: String::new(),
            location: facts.location.clone(),
            time_zone: facts.time_zone,
            currency: facts.currency,
            tax: facts.tax.clone(),
            fees: facts.fees,
            max_seats_per_booking: facts.max_seats_per_booking,
            gap_rule: facts.gap_rule,
            hold_minutes: facts.hold_minutes,
            doors_open_minutes: facts.doors_open_minutes,
            cancellation_policy: facts.cancellation_policy.clone(),
            ticket_types: Vec::new(),
            price_lists: Vec::new(),
            screens: Vec::new(),
        },
        facts,
    );
    let shown = views::theater(&theater);
    let what = ("theater.create", theater_id.to_string());
    let entry = changing::entry(
        &app,
        (user_id, theater_id),
        what,
        (None, Some(&shown.facts)),
    );
    let change = CatalogChange {
        theaters: vec![theater],
        audit: vec![entry],
        idempotency: once.record(&app, 201, &shown),
        ..CatalogChange::default()
    };
    match changing::make(&app, change).await {
        Ok(()) => Ok(answer::json(201, &shown)),
        Err(refused) => refused.answer(),
    }
}

/// `GET /manage/theaters/{theater_id}`
pub async fn theater(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let version = changing::version(&app, CatalogObject::Theater(theater_id)).await?;
    let staff = gate::staff(&app, &caller, theater_id, Action::See).await?;
    Ok(answer::versioned(version, &views::theater(&staff.theater)).respond(&headers))
}

/// `PUT /manage/theaters/{theater_id}`
pub async fn change(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let (staff, version) =
        wanted(&app, &caller, theater_id, Action::ChangeTheater, &headers).await?;
    let theater = with_facts((*staff.theater).clone(), facts_of(&raw.0)?);
    let (before, after) = (views::facts(&staff.theater), views::facts(&theater));
    let what = ("theater.change", theater_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (Some(&before), Some(&after)));
    let change = CatalogChange {
        theaters: vec![theater],
        strict: true,
        expected: vec![(CatalogObject::Theater(theater_id), version)],
        audit: vec![entry],
        ..CatalogChange::default()
    };
    changed(
        &app,
        theater_id,
        &headers,
        changing::make(&app, change).await,
    )
    .await
}

/// `PUT /manage/theaters/{theater_id}/prices`
pub async fn change_prices(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let action = Action::ChangeProgramme;
    let (staff, version) = wanted(&app, &caller, theater_id, action, &headers).await?;
    let spec: PricesSpec = changing::read(&raw.0)?;
    let prices = parse_theater_prices(&changing::as_file(&spec))
        .map_err(|errors| changing::wrong(errors, ToOwned::to_owned))?;
    let theater = Theater {
        ticket_types: prices.ticket_types,
        price_lists: prices.price_lists,
        ..(*staff.theater).clone()
    };
    let (before, after) = (views::prices(&staff.theater), views::prices(&theater));
    let what = ("prices.change", theater_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (Some(&before), Some(&after)));
    let change = CatalogChange {
        theaters: vec![theater],
        expected: vec![(CatalogObject::Theater(theater_id), version)],
        audit: vec![entry],
        ..CatalogChange::default()
    };
    changed(
        &app,
        theater_id,
        &headers,
        changing::make(&app, change).await,
    )
    .await
}

fn facts_of(bytes: &[u8]) -> Result<TheaterFacts, ApiError> {
    let spec: TheaterSpec = changing::read(bytes)?;
    parse_theater_facts(&changing::as_file(&spec))
        .map_err(|errors| changing::wrong(errors, ToOwned::to_owned))
}

fn with_facts(theater: Theater, facts: TheaterFacts) -> Theater {
    Theater {
        name: facts.name,
        location: facts.location,
        time_zone: facts.time_zone,
        currency: facts.currency,
        tax: facts.tax,
        fees: facts.fees,
        max_seats_per_booking: facts.max_seats_per_booking,
        gap_rule: facts.gap_rule,
        hold_minutes: facts.hold_minutes,
        doors_open_minutes: facts.doors_open_minutes,
        cancellation_policy: facts.cancellation_policy,
        ..theater
    }
}

/// Staff who may change the theater, and its version, which is the one they saw. The version is read first: should the
/// theater change in between, the change is refused when it is made.
pub(super) async fn wanted(
    app: &App,
    caller: &Caller,
    theater_id: TheaterId,
    action: Action,
    headers: &HeaderMap,
) -> Result<(Staff, u64), ApiError> {
    let version = changing::version(app, CatalogObject::Theater(theater_id)).await?;
    let staff = gate::staff(app, caller, theater_id, action).await?;
    let condition = IfMatch::read(headers);
    condition.required()?;
    condition.check(version)?;
    Ok((staff, version))
}

async fn changed(
    app: &App,
    theater_id: TheaterId,
    headers: &HeaderMap,
    made: Result<(), Refused>,
) -> Result<Response, ApiError> {
    if let Err(refused) = made {
        return refused.answer();
    }
    let version = changing::version(app, CatalogObject::Theater(theater_id)).await?;
    let theater = app.store.theater(theater_id).await?;
    let theater = theater.ok_or_else(etag::changed_meanwhile)?;
    Ok(answer::versioned(version, &views::theater(&theater)).send(headers))
}
