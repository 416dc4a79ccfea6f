//! `/manage/shows/{show_id}/move`: another screen or time for a show, with everybody who has seats of it.
//!
//! On its screen a show keeps all seats and tickets. On another one everybody gets a seat of it, which is decided before
//! anything is changed and shown by a dry run; whoever has no room is given everything back afterwards by a job.

use super::{
    changing::{self, Repeatable},
    gate,
    shows::{self, Found},
    views,
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, IfMatch, RawJson, answer, etag},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use matinee_api::{
    BookingWithoutRoom, MoveShowRequest, ProblemCode, SeatMoved, SeatName, ShowMove, ShowMovePlan,
};
use matinee_booking::{MoveError, MoveInput, MovePlan, Reseated, SaleError};
use matinee_domain::{
    catalog::{Screen, Show},
    ids::ShowId,
    money::Money,
    price::ShowPrices,
    reseat::WishError,
    seat_map::{SeatId, SeatMap, SeatNo},
    staff::Action,
};
use matinee_import::staff_start;
use matinee_store::{
    bookings::TicketState,
    catalog::{CatalogChange, CatalogObject, ListedShow, ShowQuery},
    moves::MoveProgress,
};

/// Seats somebody may decide on in one request.
const WISHES_MAX: usize = 1_000;
/// No show lasts longer: who could be on the screen began within it.
const LONGEST: TimeDelta = TimeDelta::days(2);

/// `POST /manage/shows/{show_id}/move`
pub async fn move_show(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let found = shows::there(&app, &caller, show_id, Action::ChangeProgramme).await?;
    let path = format!("/manage/shows/{show_id}/move");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let condition = IfMatch::read(&headers);
    condition.required()?;
    condition.check(found.version)?;
    let request: MoveShowRequest = changing::read(&raw.0)?;
    let target = Target::read(&app, &found, &request).await?;
    if request.dry_run {
        refuse_clash(&app, &found, &target).await?;
        let plan = target.plan(&app).await?;
        return Ok(answer::json(200, &target.shown(&found, &plan, true)));
    }
    let shown = if target.stays {
        at_another_time(&app, &found, &target, once).await?
    } else {
        to_another_screen(&app, &found, &target, once).await?
    };
    match shown {
        Ok(shown) => Ok(answer::json(200, &shown)),
        Err(before) => Ok(before),
    }
}

/// `GET /manage/shows/{show_id}/move`
pub async fn progress(
    State(app): State<AppState>,
    caller: Caller,
    Id(show_id): Id<ShowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let staff = gate::staff_of_show(&app, &caller, show_id, Action::See).await?;
    let found = app.store.move_progress(show_id).await?;
    let found = found.ok_or_else(|| {
        let words = "This show never moved to another screen, or it is not there.";
        ApiError::new(ProblemCode::NotFound, words)
    })?;
    let MoveProgress {
        moved,
        left,
        refunds,
    } = found;
    let mut screens = staff.theater.screens.iter();
    let screen = screens.find(|screen| screen.screen_id == moved.screen_before);
    let shown = ShowMove {
        show_id,
        moved_at: moved.at,
        screen_before: screen.map(|screen| screen.name.clone()).unwrap_or_default(),
        start_before: moved.starts_before,
        finished: left == 0,
        bookings_total: moved.bookings,
        bookings_done: moved.bookings.saturating_sub(left),
        refunds_pending: refunds.pending,
        refunds_succeeded: refunds.succeeded,
        refunds_failed: refunds.failed,
        refund_amount: Money::new(refunds.amount_minor, staff.theater.currency),
    };
    Ok(answer::read(&headers, &shown))
}

/// Where the show shall go, looked up.
struct Target {
    input: MoveInput,
    screen: Screen,
    /// Only the time is another one.
    stays: bool,
}

impl Target {
    async fn read(app: &App, found: &Found, request: &MoveShowRequest) -> Result<Self, ApiError> {
        let (old, theater) = (&found.listed.show, &found.staff.theater);
        let now = app.clock.now();
        if found.listed.cancelled {
            return Err(refused(MoveError::Cancelled));
        }
        if now >= old.start_time {
            return Err(refused(MoveError::Started));
        }
        let wanted = request.screen_id.unwrap_or(old.screen_id);
        let mut screens = theater.screens.iter();
        let screen = screens.find(|screen| screen.screen_id == wanted);
        let screen = screen
            .ok_or_else(|| ApiError::invalid("/screen_id", "The theater has no such screen."))?;
        let start = match request.start.as_deref() {
            None => old.start_time,
            Some(text) => staff_start(theater.time_zone, text.trim())
                .map_err(|error| ApiError::invalid("/start", format!("Not possible: {error}.")))?,
        };
        let stays = wanted == old.screen_id;
        let problem = if start < now {
            Some(("/start", "A show cannot be moved into the past."))
        } else if stays && start == old.start_time {
            Some((
                "",
                "Name another screen or another time: the show is there already.",
            ))
        } else if stays && !request.seats.is_empty() {
            Some(("/seats", "On its own screen everybody keeps their seat."))
        } else if request.seats.len() > WISHES_MAX {
            Some(("/seats", "Decide on at most 1,000 seats."))
        } else {
            None
        };
        if let Some((pointer, words)) = problem {
            return Err(ApiError::invalid(pointer, words));
        }
        let (map_id, seats_total) = if stays {
            (old.seat_map_id, old.seats_total)
        } else {
            (screen.seat_map_id, screen.seats_total)
        };
        let map = app.store.seat_map(map_id).await?;
        let map = map.ok_or_else(|| ApiError::invalid("/screen_id", "The screen has no seats."))?;
        let prices = prices(app, found, (request.price_list.as_deref(), start), &map).await?;
        let show = Show {
            screen_id: wanted,
            seat_map_id: map_id,
            start_time: start,
            end_time: start + (old.end_time - old.start_time),
            prices,
            seats_total,
            ..old.clone()
        };
        let wishes = request.seats.iter();
        Ok(Self {
            input: MoveInput {
                show,
                map,
                wishes: wishes
                    .map(|(old, new)| (old.clone(), new.clone()))
                    .collect(),
                expected: found.version,
            },
            screen: screen.clone(),
            stays,
        })
    }

    async fn plan(&self, app: &App) -> Result<MovePlan, ApiError> {
        app.desk.plan_move(&self.input).await.map_err(refused)
    }

    /// The plan as it is told.
    fn shown(&self, found: &Found, plan: &MovePlan, dry_run: bool) -> ShowMovePlan {
        let before = &plan.before.map.map;
        let moves = plan.bookings.iter().flat_map(|one| {
            one.pairs()
                .map(move |(old, new)| (one, name(before, old), name(&self.input.map, new)))
        });
        let (kept, moved): (Vec<_>, Vec<_>) = moves.partition(|(_, from, to)| is_like(from, to));
        let currency = found.staff.theater.currency;
        let without_room: Vec<BookingWithoutRoom> = plan
            .bookings
            .iter()
            .filter(|one| one.seats.is_none())
            .map(|one| without_room(one, plan, currency))
            .collect();
        let back = without_room
            .iter()
            .map(|one| one.refund_amount.amount_minor);
        let blocks = usize::from(found.listed.taken)
            .saturating_sub(plan.bookings.iter().map(Reseated::count).sum());
        ShowMovePlan {
            dry_run,
            show: self.view(found, plan),
            bookings: plan.bookings.len() as u32,
            seats_kept: kept.len() as u32,
            refund_amount: Money::new(back.sum(), currency),
            blocks_dropped: if self.stays { 0 } else { blocks as u32 },
            tickets_reissued: if self.stays { 0 } else { reissued(plan) },
            seats_moved: moved
                .into_iter()
                .map(|(one, from, to)| SeatMoved {
                    booking_id: one.file.booking.booking_id,
                    reference: one.file.booking.reference,
                    from,
                    to,
                })
                .collect(),
            without_room,
        }
    }

    /// The show as it is after the move.
    fn view(&self, found: &Found, plan: &MovePlan) -> matinee_api::ManagedShow {
        let taken = if self.stays {
            found.listed.taken
        } else {
            plan.bookings
                .iter()
                .map(|one| one.pairs().count() as u16)
                .sum()
        };
        let listed = ListedShow {
            show: self.input.show.clone(),
            taken,
            seating: found.listed.seating + u16::from(!self.stays),
            ..found.listed.clone()
        };
        views::show(&listed, &found.staff.theater, &found.shown.movie_name)
    }
}

fn without_room(
    one: &Reseated,
    plan: &MovePlan,
    currency: matinee_domain::money::Currency,
) -> BookingWithoutRoom {
    let booking = &one.file.booking;
    let open = booking.seats.iter().filter(|seat| !seat.cancelled);
    BookingWithoutRoom {
        booking_id: booking.booking_id,
        reference: booking.reference,
        status: booking.state.status(),
        seats: open
            .map(|seat| name(&plan.before.map.map, seat.seat))
            .collect(),
        refund_amount: Money::new(one.refund_minor(), currency),
    }
}

fn reissued(plan: &MovePlan) -> u32 {
    let seated = plan.bookings.iter().filter(|one| one.seats.is_some());
    let tickets = seated.flat_map(|one| &one.file.tickets);
    tickets
        .filter(|ticket| ticket.state != TicketState::Void)
        .count() as u32
}

fn name(map: &SeatMap, seat: SeatNo) -> SeatName {
    map.seat(seat).map_or_else(
        || SeatName {
            seat_id: SeatId(String::new()),
            row: String::new(),
            number: String::new(),
        },
        |seat| SeatName {
            seat_id: seat.seat_id.clone(),
            row: seat.row.clone(),
            number: seat.number.clone(),
        },
    )
}

fn is_like(from: &SeatName, to: &SeatName) -> bool {
    (&from.row, &from.number) == (&to.row, &to.number)
}

/// Prices after the move: those of a list, or the ones it has where each category is there as well.
async fn prices(
    app: &App,
    found: &Found,
    (named, start): (Option<&str>, DateTime<Utc>),
    map: &SeatMap,
) -> Result<ShowPrices, ApiError> {
    let old = &found.listed.show;
    if named.is_some() {
        let list = shows::price_list(&found.staff, named)?;
        return shows::prices(&found.staff, list, map, start);
    }
    if map.seat_map_id == old.seat_map_id {
        return Ok(old.prices.clone());
    }
    let before = app.store.seat_map(old.seat_map_id).await?;
    let before = before.map(|map| map.categories.clone()).unwrap_or_default();
    let base = map.categories.iter().map(|category| {
        let at = before.iter().position(|there| there.code == category.code);
        at.and_then(|at| old.prices.base_minor.get(at)).copied()
    });
    let base: Option<Vec<i64>> = base.collect();
    let base_minor = base.ok_or_else(|| {
        let words =
            "The other screen has categories that the show has no price for: name the price list.";
        ApiError::invalid("/price_list", words)
    })?;
    Ok(ShowPrices {
        base_minor,
        ..old.prices.clone()
    })
}

/// A dry run says what the move would be refused for.
async fn refuse_clash(app: &App, found: &Found, target: &Target) -> Result<(), ApiError> {
    let show = &target.input.show;
    let cleaning = TimeDelta::minutes(i64::from(target.screen.cleaning_minutes));
    let mut query = ShowQuery {
        theater_id: Some(found.staff.theater.theater_id),
        from: Some(show.start_time - LONGEST),
        until: Some(show.end_time + cleaning),
        limit: 1_000,
        unpublished: true,
        ..ShowQuery::default()
    };
    loop {
        let page = app.store.shows(query).await?;
        let clash = page.iter().find(|other| {
            let there = &other.show;
            there.screen_id == show.screen_id
                && there.show_id != show.show_id
                && !other.cancelled
                && there.start_time < show.end_time + cleaning
                && there.end_time + cleaning > show.start_time
        });
        if let Some(other) = clash {
            return Err(refused(MoveError::Clash(other.show.show_id)));
        }
        match page.last() {
            Some(last) if page.len() == usize::from(query.limit) => {
                query.after = Some((last.show.start_time, last.show.show_id));
            }
            _ => return Ok(()),
        }
    }
}

/// Everybody keeps seat and ticket; a job tells them of the time.
async fn at_another_time(
    app: &App,
    found: &Found,
    target: &Target,
    once: Repeatable,
) -> Result<Result<ShowMovePlan, Response>, ApiError> {
    let plan = target.plan(app).await?;
    let shown = target.shown(found, &plan, false);
    let show_id = found.listed.show.show_id;
    let what = ("show.move", show_id.to_string());
    let states = (Some(&found.shown), Some(&shown.show));
    let change = CatalogChange {
        shows: vec![target.input.show.clone()],
        strict: true,
        expected: vec![(CatalogObject::Show(show_id), found.version)],
        audit: vec![changing::entry(app, found.staff.who(), what, states)],
        idempotency: once.record(app, 200, &shown),
        ..CatalogChange::default()
    };
    match changing::make(app, change).await {
        Ok(()) => Ok(Ok(shown)),
        Err(refused) => refused.answer().map(Err),
    }
}

async fn to_another_screen(
    app: &App,
    found: &Found,
    target: &Target,
    once: Repeatable,
) -> Result<Result<ShowMovePlan, Response>, ApiError> {
    let show_id = found.listed.show.show_id;
    let notes = |plan: &MovePlan| {
        let shown = target.shown(found, plan, false);
        let what = ("show.move", show_id.to_string());
        let states = (Some(&found.shown), Some(&shown.show));
        let entry = changing::entry(app, found.staff.who(), what, states);
        (entry, once.record(app, 200, &shown))
    };
    let plan = match app.desk.move_show(&target.input, &notes).await {
        Ok(plan) => plan,
        Err(MoveError::Repeated(before)) => return changing::again(before).map(Err),
        Err(error) => return Err(refused(error)),
    };
    app.catalog.watch().await?;
    // Who watches its seats looks at those of another map.
    app.catalog.live.retire(show_id);
    Ok(Ok(target.shown(found, &plan, false)))
}

fn refused(error: MoveError) -> ApiError {
    let seat_of = |seat: &SeatId, words: &str| {
        let pointer = format!("/seats/{}", seat.0.replace('~', "~0").replace('/', "~1"));
        ApiError::invalid(
            pointer,
            format!("Seat {seat}: {words} Nothing was changed."),
        )
    };
    let (code, words) = match error {
        MoveError::Sale(SaleError::Contended) => (
            ProblemCode::Overloaded,
            "Seats of this show are being sold faster than a plan can be made. Nothing was changed; try again in a moment.",
        ),
        MoveError::Sale(error) => return error.into(),
        MoveError::Started => (
            ProblemCode::ShowStarted,
            "This show has begun, so it stays where it is. Nothing was changed.",
        ),
        MoveError::Cancelled => (
            ProblemCode::ShowCancelled,
            "This show is cancelled for good. Nothing was changed; make a new show instead.",
        ),
        MoveError::Unfinished => (
            ProblemCode::MoveUnfinished,
            "Bookings without room from the move before are still being paid back. Nothing was changed; try again in a moment.",
        ),
        MoveError::TooOften => (
            ProblemCode::MoveUnfinished,
            "A seat of this show was given back after each of several moves, so that it cannot move once more. Nothing was changed; cancel it and make a new show.",
        ),
        MoveError::Changed => return etag::changed_meanwhile(),
        MoveError::Repeated(_) => return SaleError::Contended.into(),
        MoveError::Clash(other) => {
            let words = format!(
                "Show {other} is on this screen then, or the screen is not clean yet. Nothing was changed; choose another time or screen."
            );
            let clash = ApiError::new(ProblemCode::ShowClash, words);
            return clash.with(|problem| problem.other_show_id = Some(other));
        }
        MoveError::NoSuchSeat(seat) => return seat_of(&seat, "the show has no such seat."),
        MoveError::NoSuchPlace(seat) => {
            return seat_of(&seat, "the other screen has no such seat.");
        }
        MoveError::Wish { seat, why } => {
            return seat_of(
                &seat,
                match why {
                    WishError::NobodyHas(_) => "nobody has it, so nobody has to move.",
                    WishError::Twice(_) => "two seats cannot both become this one.",
                    WishError::Kind(_) => {
                        "a wheelchair place, its companion's seat and a seat without steps only become one of their kind."
                    }
                },
            );
        }
    };
    ApiError::new(code, words)
}
