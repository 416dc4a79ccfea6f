//! `/manage/theaters/{theater_id}/shifts`: somebody's time at a window, with a drawer that is counted at its end.

use super::{
    changing::{self, Repeatable, again},
    gate::{self, Staff},
};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, PageLimit, Pair, Query, RawJson, answer},
    routes::profile::text,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use matinee_api::{
    Actor, CloseShiftRequest, OpenShiftRequest, Page, PayoutRequest, ProblemCode, Shift,
};
use matinee_booking::SaleError;
use matinee_domain::{
    counter::Moved,
    ids::{ShiftId, TheaterId},
    money::Money,
    staff::Action,
};
use matinee_store::counter::{
    CloseOutcome, CloseShift, Closed, OpenOutcome, OpenShift, PayOut, PayOutcome, ShiftQuery,
    ShiftRow,
};
use serde::Deserialize;
use serde_json::json;

/// Of a window's name.
const WINDOW_MAX: usize = 40;
/// Nobody has more cash in a drawer, in minor units.
const CASH_MAX: i64 = 1_000_000_000_000;
/// How often a shift is looked at again when it moves while it is closed.
const TRIES: usize = 4;

#[derive(Debug, Deserialize)]
pub struct Listed {
    #[serde(default)]
    open: bool,
    #[serde(default)]
    limit: PageLimit,
    #[serde(default)]
    cursor: Option<String>,
}

/// `GET /manage/theaters/{theater_id}/shifts`
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
    Query(listed): Query<Listed>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let limit = listed.limit.or(50)?;
    let all = sees_others(&app, &caller, theater_id).await?;
    let query = ShiftQuery {
        theater_id,
        user_id: (!all).then_some(staff.user_id),
        only_open: listed.open,
        before: listed.cursor.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let mut found = app.store.shifts(query).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let last = found.last().map(|(shift, _)| cursor(shift));
    let mut items = Vec::with_capacity(found.len());
    for (shift, moved) in found {
        items.push(shown(&app, shift, moved).await?);
    }
    let next_cursor = last.filter(|_| more);
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

async fn sees_others(app: &App, caller: &Caller, theater_id: TheaterId) -> Result<bool, ApiError> {
    match gate::staff(app, caller, theater_id, Action::SeeShifts).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ProblemCode::Forbidden => Ok(false),
        Err(error) => Err(error),
    }
}

fn cursor(shift: &ShiftRow) -> String {
    format!("{}.{}", shift.opened_at.timestamp_micros(), shift.shift_id)
}

fn read_cursor(text: &str) -> Result<(DateTime<Utc>, ShiftId), ApiError> {
    let read = || {
        let (at, shift_id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        Some((at, shift_id.parse().ok()?))
    };
    read().ok_or_else(|| {
        ApiError::new(
            ProblemCode::MalformedCursor,
            "This cursor was not made by this server. Start the list anew.",
        )
    })
}

/// `GET /manage/theaters/{theater_id}/shifts/{shift_id}`
pub async fn shift(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, shift_id): Pair<TheaterId, ShiftId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let (shift, moved) = found(&app, &caller, &staff, shift_id).await?;
    Ok(answer::read(&headers, &shown(&app, shift, moved).await?))
}

/// One's own shift; that of another for who may see it.
async fn found(
    app: &App,
    caller: &Caller,
    staff: &Staff,
    shift_id: ShiftId,
) -> Result<(ShiftRow, Moved), ApiError> {
    let theater_id = staff.theater.theater_id;
    let found = app.store.shift(theater_id, shift_id).await?;
    let (shift, moved) = found.ok_or_else(|| ApiError::not_found("shift"))?;
    if shift.user_id != staff.user_id {
        gate::staff(app, caller, theater_id, Action::SeeShifts).await?;
    }
    Ok((shift, moved))
}

async fn shown(app: &App, shift: ShiftRow, moved: Moved) -> Result<Shift, ApiError> {
    let user = app.store.user(shift.user_id).await?;
    let (name, email) = user.map(|user| (user.profile.name, user.email)).unzip();
    let money = |minor| Money::new(minor, shift.float.currency);
    let expected = match &shift.closed {
        Some(closed) => closed.expected_minor,
        None => moved.expected(shift.float.amount_minor),
    };
    let counted = shift.closed.as_ref().map(|closed| closed.counted_minor);
    Ok(Shift {
        shift_id: shift.shift_id,
        who: Actor {
            user_id: shift.user_id,
            name,
            email,
        },
        window: shift.window,
        opened_at: shift.opened_at,
        closed_at: shift.closed.map(|closed| closed.at),
        float: shift.float,
        cash_sales: money(moved.cash_sales),
        cash_refunds: money(moved.cash_refunds),
        expected: money(expected),
        terminal_sales: money(moved.terminal_sales),
        terminal_refunds: money(moved.terminal_refunds),
        sales: moved.sales,
        invitations: moved.invitations,
        counted: counted.map(money),
        difference: counted.map(|counted| money(counted - expected)),
    })
}

fn cash(pointer: &str, minor: i64) -> Result<i64, ApiError> {
    if (0..=CASH_MAX).contains(&minor) {
        return Ok(minor);
    }
    Err(ApiError::invalid(
        pointer,
        "This is no amount of cash in a drawer.",
    ))
}

/// `POST /manage/theaters/{theater_id}/shifts`
pub async fn open(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let path = format!("/manage/theaters/{theater_id}/shifts");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: OpenShiftRequest = changing::read(&raw.0)?;
    let float = cash("/float_minor", request.float_minor)?;
    let shift = ShiftRow {
        theater_id,
        shift_id: ShiftId::from_bytes(app.entropy.bytes()),
        user_id: staff.user_id,
        window: text("/window", &request.window, 1, WINDOW_MAX)?,
        float: Money::new(float, staff.theater.currency),
        opened_at: app.clock.now(),
        closed: None,
    };
    let shown = shown(&app, shift.clone(), Moved::default()).await?;
    let state = json!({ "window": shift.window, "float": shift.float });
    let named = ("shift.open", shift.shift_id.to_string());
    let open = OpenShift {
        shift,
        audit: changing::entry(&app, staff.who(), named, (None, Some(&state))),
        idempotency: once.record(&app, 201, &shown),
    };
    let busy = |words| Err(ApiError::new(ProblemCode::ShiftOpen, words));
    match app.store.open_shift(open).await? {
        OpenOutcome::Done => Ok(answer::json(201, &shown)),
        OpenOutcome::Repeated(earlier) => again(earlier),
        OpenOutcome::PersonBusy => busy("You have a shift open. Go on with it, or close it first."),
        OpenOutcome::WindowBusy => busy(
            "A shift is open at this window. Whoever has it closes it first, or a manager does.",
        ),
    }
}

/// `POST /manage/theaters/{theater_id}/shifts/{shift_id}/close`
pub async fn close(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, shift_id): Pair<TheaterId, ShiftId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let path = format!("/manage/theaters/{theater_id}/shifts/{shift_id}/close");
    let once = match Repeatable::begin(&app, &caller, &path, &raw.0).await? {
        Ok(once) => once,
        Err(before) => return Ok(before),
    };
    let request: CloseShiftRequest = changing::read(&raw.0)?;
    let counted_minor = cash("/counted_minor", request.counted_minor)?;
    for _ in 0..TRIES {
        let (mut shift, moved) = found(&app, &caller, &staff, shift_id).await?;
        if shift.closed.is_some() {
            break;
        }
        let closed = Closed {
            at: app.clock.now(),
            counted_minor,
            expected_minor: moved.expected(shift.float.amount_minor),
        };
        shift.closed = Some(closed.clone());
        let shown = shown(&app, shift, moved).await?;
        let state = json!({
            "window": shown.window, "expected": shown.expected, "counted": shown.counted,
            "difference": shown.difference,
        });
        let named = ("shift.close", shift_id.to_string());
        let close = CloseShift {
            theater_id,
            shift_id,
            closed,
            audit: changing::entry(&app, staff.who(), named, (None, Some(&state))),
            idempotency: once.record(&app, 200, &shown),
        };
        match app.store.close_shift(close).await? {
            CloseOutcome::Done => return Ok(answer::json(200, &shown)),
            CloseOutcome::Repeated(earlier) => return again(earlier),
            CloseOutcome::Closed => break,
            CloseOutcome::Moved => {}
            CloseOutcome::Busy => {
                return Err(ApiError::new(
                    ProblemCode::ShiftBusy,
                    "A sale of this shift is not finished. Nothing was changed; try again in half a minute.",
                )
                .retry_after(30));
            }
        }
    }
    Err(SaleError::ShiftClosed.into())
}

/// `POST /manage/theaters/{theater_id}/shifts/{shift_id}/payouts`
pub async fn pay_out(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, shift_id): Pair<TheaterId, ShiftId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::Sell).await?;
    let request: PayoutRequest = changing::read(&raw.0)?;
    found(&app, &caller, &staff, shift_id).await?;
    let state = json!({ "shift_id": shift_id });
    let named = ("counter.payout", request.refund_id.to_string());
    let pay = PayOut {
        theater_id,
        shift_id,
        refund_id: request.refund_id,
        audit: changing::entry(&app, staff.who(), named, (None, Some(&state))),
    };
    match app.store.pay_out(pay).await? {
        PayOutcome::Done => {
            let (shift, moved) = found(&app, &caller, &staff, shift_id).await?;
            Ok(answer::json(200, &shown(&app, shift, moved).await?))
        }
        PayOutcome::PaidOut => Err(ApiError::new(
            ProblemCode::PaidOut,
            "The cash of this refund was handed out in another shift. Give nothing.",
        )),
        PayOutcome::OtherCurrency => Err(ApiError::new(
            ProblemCode::OtherCurrency,
            "This refund is of another currency than this shift's drawer. Nothing was noted: hand out nothing from it, \
             and ask a manager to pay it back another way.",
        )),
        PayOutcome::Closed => Err(SaleError::ShiftClosed.into()),
        PayOutcome::Missing => Err(ApiError::not_found("refund of cash")),
    }
}
