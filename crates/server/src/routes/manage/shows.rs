//! `/manage/…/shows`: making and changing shows, and putting them on sale.
//!
//! A new show is nowhere to be seen until it is published. Once seats of it were taken it stays on its screen and keeps
//! its seats; whether that is so, and whether the screen is free, is decided in the transaction of the change.

mod batch;

pub use batch::create as create_batch;

use super::{
    changing::{self, Refused, Repeatable},
    gate::{self, Staff},
    views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, IfMatch, PageLimit, Query, RawJson, answer, etag},
    routes::catalog::query::{parse_show_cursor, show_cursor},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{ManagedShow, Page, ShowSpec};
use matinee_domain::{
    catalog::{Movie, Screen, Show},
    ids::{SeatMapId, ShowId, TheaterId},
    price::{PriceList, ShowPrices},
    seat_map::SeatMap,
    staff::Action,
};
use matinee_import::{parse_show_words, staff_start};
use matinee_store::catalog::{CatalogChange, CatalogObject, ListedShow, ShowQuery};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// How often a change that names no version meets another one before it gives up.
const TRIES: usize = 5;

#[derive(Debug, Deserialize)]
pub struct Listed {
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/shows`
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(listed): Query<Listed>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::See).await?;
    let limit = listed.limit.or(50)?;
    let from = match listed.from.as_deref() {
        None => app.clock.now(),
        Some(text) => text.parse().map_err(|_| {
            ApiError::invalid("/from", "An instant like 2030-05-04T18:30:00Z is expected.")
        })?,
    };
    let after = listed
        .cursor
        .as_deref()
        .map(parse_show_cursor)
        .transpose()?;
    let query = ShowQuery {
        theater_id: Some(theater_id),
        from: Some(from),
        after,
        limit: limit + 1,
        unpublished: true,
        ..ShowQuery::default()
    };
    let mut found = app.store.shows(query).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found
        .last()
        .map(|one| (one.show.start_time, one.show.show_id));
    let listing = app.catalog.listing().await?;
    let name = |listed: &ListedShow| {
        listing
            .movie(listed.show.movie_id)
            .map(|movie| movie.name.clone())
    };
    let items = found
        .iter()
        .map(|one| views::show(one, &staff.theater, &name(one).unwrap_or_default()));
    let page = Page {
        items: items.collect(),
        next_cursor: last.filter(|_| more).map(show_cursor),
    };
    Ok(answer::read(&headers, &page))
}

/// `POST /manage/theaters/{theater_id}/shows`
pub async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let path = format!("/manage/theaters/{theater_id}/shows");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let spec: ShowSpec = changing::read(&raw.0)?;
    let wanted = Wanted::read(&app, &staff, &spec).await?;
    if wanted.start < app.clock.now() {
        return Err(ApiError::invalid(
            "/start",
            "A new show cannot begin in the past.",
        ));
    }
    let list = price_list(&staff, spec.price_list.as_deref())?;
    let map = seat_map(&app, wanted.screen.seat_map_id).await?;
    let prices = prices(&staff, list, &map, wanted.start)?;
    let show_id = ShowId::from_parts(theater_id, app.entropy.bytes());
    let show = wanted.show(show_id, show_id.to_string(), prices);
    let listed = ListedShow {
        show,
        taken: 0,
        version: 1,
        published: spec.publish,
        cancelled: false,
        moved_at: None,
        seating: 0,
    };
    let shown = views::show(&listed, &staff.theater, &wanted.movie.name);
    let what = ("show.create", show_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (None, Some(&shown)));
    let change = CatalogChange {
        shows: vec![listed.show],
        published: vec![(show_id, spec.publish)],
        strict: true,
        audit: vec![entry],
        idempotency: once.record(&app, 201, &shown),
        ..CatalogChange::default()
    };
    match changing::make(&app, change).await {
        Ok(()) => Ok(answer::json(201, &shown)),
        Err(refused) => refused.answer(),
    }
}

/// `GET /manage/shows/{show_id}`
pub async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = there(&app, &caller, show_id, Action::See).await?;
    Ok(answer::versioned(found.version, &found.shown).respond(&headers))
}

/// `PUT /manage/shows/{show_id}`
pub async fn change(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let found = there(&app, &caller, show_id, Action::ChangeProgramme).await?;
    let condition = IfMatch::read(&headers);
    condition.required()?;
    condition.check(found.version)?;
    let spec: ShowSpec = changing::read(&raw.0)?;
    let (staff, old) = (&found.staff, &found.listed.show);
    let wanted = Wanted::read(&app, staff, &spec).await?;
    if wanted.start != old.start_time && wanted.start < app.clock.now() {
        return Err(ApiError::invalid(
            "/start",
            "A show cannot be moved into the past.",
        ));
    }
    let stays = wanted.screen.screen_id == old.screen_id;
    let prices = match (spec.price_list.as_deref(), stays) {
        (None, true) => old.prices.clone(),
        (None, false) => {
            return Err(ApiError::invalid(
                "/price_list",
                "Another screen has other seats: name the price list.",
            ));
        }
        (named, _) => {
            let map = if stays {
                old.seat_map_id
            } else {
                wanted.screen.seat_map_id
            };
            let map = seat_map(&app, map).await?;
            prices(staff, price_list(staff, named)?, &map, wanted.start)?
        }
    };
    let mut show = wanted.show(show_id, old.external_id.clone(), prices);
    if stays {
        show.seat_map_id = old.seat_map_id;
        show.seats_total = old.seats_total;
    }
    let listed = ListedShow {
        show,
        ..found.listed.clone()
    };
    let after = views::show(&listed, &staff.theater, &wanted.movie.name);
    let what = ("show.change", show_id.to_string());
    let entry = changing::entry(&app, staff.who(), what, (Some(&found.shown), Some(&after)));
    let change = CatalogChange {
        shows: vec![listed.show],
        strict: true,
        expected: vec![(CatalogObject::Show(show_id), found.version)],
        audit: vec![entry],
        ..CatalogChange::default()
    };
    if let Err(refused) = changing::make(&app, change).await {
        return refused.answer();
    }
    as_it_is(&app, &caller, show_id, &headers).await
}

/// `DELETE /manage/shows/{show_id}`
pub async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
) -> Result<Response, ApiError> {
    for _ in 0..TRIES {
        let found = there(&app, &caller, show_id, Action::ChangeProgramme).await?;
        let what = ("show.delete", show_id.to_string());
        let entry = changing::entry(&app, found.staff.who(), what, (Some(&found.shown), None));
        let change = CatalogChange {
            deleted_shows: vec![show_id],
            expected: vec![(CatalogObject::Show(show_id), found.version)],
            audit: vec![entry],
            ..CatalogChange::default()
        };
        match changing::make(&app, change).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT.into_response()),
            Err(Refused::Changed) => {}
            Err(refused) => return refused.answer(),
        }
    }
    Err(etag::changed_meanwhile())
}

/// `PUT /manage/shows/{show_id}/published`
pub async fn publish(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    set_published(&app, &caller, show_id, true).await?;
    as_it_is(&app, &caller, show_id, &headers).await
}

/// `DELETE /manage/shows/{show_id}/published`
pub async fn unpublish(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    set_published(&app, &caller, show_id, false).await?;
    as_it_is(&app, &caller, show_id, &headers).await
}

async fn set_published(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
    published: bool,
) -> Result<(), ApiError> {
    let found = there(app, caller, show_id, Action::ChangeProgramme).await?;
    let action = if published {
        "show.publish"
    } else {
        "show.unpublish"
    };
    let states = (
        json!({ "published": !published }),
        json!({ "published": published }),
    );
    let what = (action, show_id.to_string());
    let entry = changing::entry(
        app,
        found.staff.who(),
        what,
        (Some(&states.0), Some(&states.1)),
    );
    let change = CatalogChange {
        published: vec![(show_id, published)],
        audit: vec![entry],
        ..CatalogChange::default()
    };
    match changing::make(app, change).await {
        Ok(()) => Ok(()),
        Err(refused) => refused.answer().map(drop),
    }
}

/// A show with who asks for it.
pub(super) struct Found {
    pub(super) staff: Staff,
    pub(super) listed: ListedShow,
    pub(super) shown: ManagedShow,
    pub(super) version: u64,
}

/// The show, if the caller may do this in its theater. The version is read first: should the show change in between, a
/// change is refused when it is made.
pub(super) async fn there(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
    action: Action,
) -> Result<Found, ApiError> {
    let staff = gate::staff_of_show(app, caller, show_id, action).await?;
    let version = changing::version(app, CatalogObject::Show(show_id)).await?;
    let listed = app.store.show(show_id).await?;
    let listed = listed.ok_or_else(|| ApiError::not_found("show"))?;
    let movie = app.store.movie(listed.show.movie_id).await?;
    let name = movie.map(|movie| movie.name.clone()).unwrap_or_default();
    let shown = views::show(&listed, &staff.theater, &name);
    Ok(Found {
        staff,
        listed,
        shown,
        version,
    })
}

async fn as_it_is(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let found = there(app, caller, show_id, Action::See).await?;
    Ok(answer::versioned(found.version, &found.shown).send(headers))
}

/// A show's body, with what it names looked up.
struct Wanted {
    movie: Arc<Movie>,
    screen: Screen,
    start: DateTime<Utc>,
    format: String,
    language: String,
    subtitles: Vec<String>,
}

impl Wanted {
    async fn read(app: &App, staff: &Staff, spec: &ShowSpec) -> Result<Self, ApiError> {
        let theater = &staff.theater;
        let screen = theater
            .screens
            .iter()
            .find(|screen| screen.screen_id == spec.screen_id);
        let screen = screen
            .ok_or_else(|| ApiError::invalid("/screen_id", "The theater has no such screen."))?;
        let movie = app.store.movie(spec.movie_id).await?;
        let movie =
            movie.ok_or_else(|| ApiError::invalid("/movie_id", "There is no such movie."))?;
        let start = staff_start(theater.time_zone, spec.start.trim())
            .map_err(|error| ApiError::invalid("/start", format!("Not possible: {error}.")))?;
        let mut words = json!({ "language": spec.language, "subtitles": spec.subtitles });
        if let Some(format) = &spec.format {
            words["format"] = json!(format);
        }
        let words = parse_show_words(&changing::as_file(&words))
            .map_err(|errors| changing::wrong(errors, ToOwned::to_owned))?;
        Ok(Self {
            movie,
            screen: screen.clone(),
            start,
            format: words.format,
            language: words.language,
            subtitles: words.subtitles,
        })
    }

    fn show(&self, show_id: ShowId, external_id: String, prices: ShowPrices) -> Show {
        let length = TimeDelta::minutes(i64::from(self.movie.duration_minutes));
        Show {
            show_id,
            external_id,
            movie_id: self.movie.movie_id,
            screen_id: self.screen.screen_id,
            seat_map_id: self.screen.seat_map_id,
            start_time: self.start,
            end_time: self.start + length,
            format: self.format.clone(),
            language: self.language.clone(),
            subtitles: self.subtitles.clone(),
            prices,
            seats_total: self.screen.seats_total,
        }
    }
}

pub(super) fn price_list<'s>(
    staff: &'s Staff,
    named: Option<&str>,
) -> Result<&'s PriceList, ApiError> {
    let lists = &staff.theater.price_lists;
    let found = match named {
        None => lists.first(),
        Some(name) => lists.iter().find(|list| list.external_id == name),
    };
    found.ok_or_else(|| {
        let words = if named.is_some() {
            "The theater has no such price list."
        } else {
            "The theater has no prices yet: make a price list first."
        };
        ApiError::invalid("/price_list", words)
    })
}

async fn seat_map(app: &App, map: SeatMapId) -> Result<Arc<SeatMap>, ApiError> {
    let map = app.store.seat_map(map).await?;
    map.ok_or_else(|| ApiError::invalid("/screen_id", "The screen has no seats."))
}

/// The prices of a list for a show of these seats, at its local start.
pub(super) fn prices(
    staff: &Staff,
    list: &PriceList,
    map: &SeatMap,
    start: DateTime<Utc>,
) -> Result<ShowPrices, ApiError> {
    let theater = &staff.theater;
    let local = start.with_timezone(&theater.time_zone).naive_local();
    ShowPrices::resolve(
        theater.currency,
        list,
        &theater.ticket_types,
        theater.fees,
        &theater.tax,
        &map.categories,
        local,
    )
    .map_err(|error| ApiError::invalid("/price_list", format!("Not possible: {error}.")))
}
