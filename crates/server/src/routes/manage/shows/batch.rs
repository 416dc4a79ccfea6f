//! `/manage/theaters/{theater_id}/shows/batch`: a week of shows as one change, and what would stand in its way.
//!
//! The dry run looks at the same shows by the same rule as the store, so that a person hears of every clash before anything
//! is made. What makes them is one transaction nevertheless: should somebody else have been faster, none of them is made.

use super::{Wanted, price_list, prices};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, RawJson, answer},
    routes::manage::{
        changing::{self, Repeatable},
        gate::{self, Staff},
        views,
    },
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{
    ProblemCode, ShowBatchAnswer, ShowBatchSpec, ShowObstacle, ShowObstacleKind, ShowSpec,
};
use matinee_domain::{
    ids::{ScreenId, ShowId, TheaterId},
    staff::Action,
};
use matinee_store::catalog::{CatalogChange, ListedShow, ShowQuery};

/// A week of ten screens with four shows a day has fewer than this twice over.
const MOST: usize = 200;
/// Shows read at once.
const PAGE: u16 = 500;
/// No show is longer: whatever began before cannot be on a screen any more, cleaning included.
const LONGEST: TimeDelta = TimeDelta::days(2);

/// `POST /manage/theaters/{theater_id}/shows/batch`
pub async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeProgramme).await?;
    let path = format!("/manage/theaters/{theater_id}/shows/batch");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let spec: ShowBatchSpec = changing::read(&raw.0)?;
    if spec.shows.is_empty() || spec.shows.len() > MOST {
        return Err(ApiError::invalid(
            "/shows",
            format!("1 to {MOST} shows are made at once."),
        ));
    }
    if spec.dry_run {
        let obstacles = obstacles(&app, &staff, &spec.shows).await?;
        let shows = Vec::new();
        return Ok(answer::json(200, &ShowBatchAnswer { shows, obstacles }));
    }
    let mut change = CatalogChange {
        strict: true,
        ..CatalogChange::default()
    };
    let mut shows = Vec::with_capacity(spec.shows.len());
    let mut slots = Vec::with_capacity(spec.shows.len());
    for (index, spec) in spec.shows.iter().enumerate() {
        let made = one(&app, &staff, spec).await;
        let (listed, wanted) = made.map_err(|error| at_its_place(error, index))?;
        let slot = Slot::of(&wanted, None);
        if let Some(other) = slots.iter().position(|other| slot.clashes(other)) {
            return Err(ApiError::invalid(
                format!("/shows/{index}/start"),
                format!(
                    "Show {other} of this list is on the screen then, or it is not clean yet. Nothing was made."
                ),
            ));
        }
        slots.push(slot);
        let shown = views::show(&listed, &staff.theater, &wanted.movie.name);
        let show_id = listed.show.show_id;
        let what = ("show.create", show_id.to_string());
        let entry = changing::entry(&app, staff.who(), what, (None, Some(&shown)));
        change.audit.push(entry);
        change.published.push((show_id, spec.publish));
        change.shows.push(listed.show);
        shows.push(shown);
    }
    let made = ShowBatchAnswer {
        shows,
        obstacles: Vec::new(),
    };
    change.idempotency = once.record(&app, 201, &made);
    match changing::make(&app, change).await {
        Ok(()) => Ok(answer::json(201, &made)),
        Err(refused) => refused.answer(),
    }
}

/// A show that is asked for, whole.
async fn one(app: &App, staff: &Staff, spec: &ShowSpec) -> Result<(ListedShow, Wanted), ApiError> {
    let wanted = Wanted::read(app, staff, spec).await?;
    if wanted.start < app.clock.now() {
        return Err(ApiError::invalid(
            "/start",
            "A new show cannot begin in the past.",
        ));
    }
    let list = price_list(staff, spec.price_list.as_deref())?;
    let map = wanted.screen.seat_map_id;
    let prices = prices(app, staff, &wanted, (list, map)).await?;
    let show_id = ShowId::from_parts(staff.theater.theater_id, app.entropy.bytes());
    let listed = ListedShow {
        show: wanted.show(show_id, show_id.to_string(), prices),
        taken: 0,
        version: 1,
        published: spec.publish,
        cancelled: false,
        moved_at: None,
    };
    Ok((listed, wanted))
}

/// The mistakes of one show, each at its place in the whole list.
fn at_its_place(error: ApiError, index: usize) -> ApiError {
    error.with(|problem| {
        for mistake in &mut problem.errors {
            mistake.pointer = format!("/shows/{index}{}", mistake.pointer);
        }
    })
}

/// A time on a screen, with the cleaning after it.
struct Slot {
    screen_id: ScreenId,
    start: DateTime<Utc>,
    /// The first moment at which something else may begin there.
    free: DateTime<Utc>,
    show_id: Option<ShowId>,
}

impl Slot {
    fn of(wanted: &Wanted, show_id: Option<ShowId>) -> Self {
        let minutes = wanted.movie.duration_minutes.max(1) + wanted.screen.cleaning_minutes;
        Self {
            screen_id: wanted.screen.screen_id,
            start: wanted.start,
            free: wanted.start + TimeDelta::minutes(i64::from(minutes)),
            show_id,
        }
    }

    fn clashes(&self, other: &Self) -> bool {
        self.screen_id == other.screen_id && self.start < other.free && other.start < self.free
    }
}

async fn obstacles(
    app: &App,
    staff: &Staff,
    specs: &[ShowSpec],
) -> Result<Vec<ShowObstacle>, ApiError> {
    let mut found = Vec::new();
    let mut wanted = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        match one(app, staff, spec).await {
            Ok((_, one)) => wanted.push((index, Slot::of(&one, None))),
            Err(error) => found.push(refused(error, index, app.clock.now(), spec, staff)?),
        }
    }
    let there = taken(app, staff, wanted.iter().map(|(_, slot)| slot)).await?;
    for (place, (index, slot)) in wanted.iter().enumerate() {
        let show = there.iter().find(|other| slot.clashes(other));
        let before = wanted[..place]
            .iter()
            .find(|(_, other)| slot.clashes(other));
        let obstacle = |kind, detail: &str| ShowObstacle {
            index: *index as u32,
            kind,
            detail: detail.to_owned(),
            other_show_id: None,
            other_index: None,
        };
        if let Some(show) = show {
            found.push(ShowObstacle {
                other_show_id: show.show_id,
                ..obstacle(
                    ShowObstacleKind::Clash,
                    "Another show is on this screen then, or the screen is not clean yet.",
                )
            });
        } else if let Some((other, _)) = before {
            found.push(ShowObstacle {
                other_index: Some(*other as u32),
                ..obstacle(
                    ShowObstacleKind::ClashWithin,
                    "Another show of this list is on this screen then, or the screen is not clean yet.",
                )
            });
        }
    }
    found.sort_by_key(|obstacle| obstacle.index);
    Ok(found)
}

/// What a mistake in a show is called; whatever is no mistake of the show's ends the call.
fn refused(
    error: ApiError,
    index: usize,
    now: DateTime<Utc>,
    spec: &ShowSpec,
    staff: &Staff,
) -> Result<ShowObstacle, ApiError> {
    if error.code() != ProblemCode::Invalid {
        return Err(error);
    }
    let start = matinee_import::staff_start(staff.theater.time_zone, spec.start.trim());
    let kind = if start.is_ok_and(|start| start < now) {
        ShowObstacleKind::Past
    } else {
        ShowObstacleKind::Invalid
    };
    Ok(ShowObstacle {
        index: index as u32,
        kind,
        detail: error.0.detail,
        other_show_id: None,
        other_index: None,
    })
}

/// The shows that are on the theater's screens at about the time of these.
async fn taken(
    app: &App,
    staff: &Staff,
    slots: impl Iterator<Item = &Slot> + Clone,
) -> Result<Vec<Slot>, ApiError> {
    let (first, last) = (
        slots.clone().map(|slot| slot.start).min(),
        slots.map(|slot| slot.free).max(),
    );
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(Vec::new());
    };
    let mut taken = Vec::new();
    let mut after = None;
    loop {
        let query = ShowQuery {
            theater_id: Some(staff.theater.theater_id),
            from: Some(first - LONGEST),
            until: Some(last),
            after,
            limit: PAGE,
            unpublished: true,
            ..ShowQuery::default()
        };
        let page = app.store.shows(query).await?;
        let full = page.len() == usize::from(PAGE);
        after = page
            .last()
            .map(|one| (one.show.start_time, one.show.show_id));
        let there = page.into_iter().filter(|one| !one.cancelled);
        taken.extend(there.map(|one| slot_of(staff, &one)));
        if !full {
            return Ok(taken);
        }
    }
}

fn slot_of(staff: &Staff, listed: &ListedShow) -> Slot {
    let show = &listed.show;
    let screens = &staff.theater.screens;
    let screen = screens
        .iter()
        .find(|screen| screen.screen_id == show.screen_id);
    let cleaning = screen.map_or(0, |screen| screen.cleaning_minutes);
    // A show without length still occupies its start.
    let end = show.end_time.max(show.start_time + TimeDelta::minutes(1));
    Slot {
        screen_id: show.screen_id,
        start: show.start_time,
        free: end + TimeDelta::minutes(i64::from(cleaning)),
        show_id: Some(show.show_id),
    }
}
