//! `/manage/theaters` as a list, and who works in a theater.

use super::{changing, gate};
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, Pair, RawJson, answer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use matinee_api::{MyTheater, Page, ProblemCode, StaffMember, StaffRequest};
use matinee_domain::{
    ids::{TheaterId, UserId},
    staff::{Action, StaffRole},
};
use matinee_store::staff::{SetStaff, StaffOutcome};

/// `GET /manage/theaters`: where the caller works; all of them for the administrator. People who may be staff elsewhere
/// only with a second factor see nothing here: in this session they are customers.
pub async fn mine(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user_id = caller.require_user()?;
    let listing = app.catalog.listing().await?;
    let items: Vec<MyTheater> = if caller.is_admin() {
        let all = listing.theaters.iter().map(|theater| MyTheater {
            theater_id: theater.theater_id,
            name: theater.name.clone(),
            role: None,
            actions: Action::ALL.to_vec(),
            imports_movies: app.tmdb.is_some(),
        });
        all.collect()
    } else if caller.trusted {
        let mut mine = app.store.theaters_of(user_id).await?;
        let name = |id: TheaterId| listing.theater(id).map(|theater| theater.name.clone());
        mine.sort_by_cached_key(|(theater_id, _)| name(*theater_id));
        let shown = mine.into_iter().map(|(theater_id, role)| MyTheater {
            theater_id,
            name: name(theater_id).unwrap_or_default(),
            role: Some(role),
            actions: role.actions(),
            imports_movies: app.tmdb.is_some(),
        });
        shown.collect()
    } else {
        Vec::new()
    };
    let next_cursor = None;
    Ok(answer::read(&headers, &Page { items, next_cursor }))
}

/// `GET /manage/theaters/{theater_id}/staff`
pub async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::ChangeStaff).await?;
    let page = of_theater(&app, theater_id).await?;
    Ok(answer::read(&headers, &page))
}

/// `PUT /manage/theaters/{theater_id}/staff`: a role by e-mail. The address has to be confirmed: anybody can make an
/// account under an address that is not theirs.
pub async fn put(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    raw: RawJson,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeStaff).await?;
    let request: StaffRequest = changing::read(&raw.0)?;
    let user = app.store.user_by_email(request.email.trim()).await?;
    let user = user.ok_or_else(|| {
        ApiError::invalid(
            "/email",
            "Nobody has an account with this e-mail. They make one first, then you give the role.",
        )
    })?;
    if !user.email_verified {
        return Err(ApiError::new(
            ProblemCode::EmailUnverified,
            "This person has not confirmed the e-mail address yet. They open the link that was mailed to it, then you give the role.",
        ));
    }
    set(&app, staff.who(), user.user_id, Some(request.role)).await?;
    Ok(answer::json(200, &of_theater(&app, theater_id).await?))
}

/// `DELETE /manage/theaters/{theater_id}/staff/{user_id}`
pub async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Pair(theater_id, user_id): Pair<TheaterId, UserId>,
) -> Result<Response, ApiError> {
    let staff = gate::staff(&app, &caller, theater_id, Action::ChangeStaff).await?;
    set(&app, staff.who(), user_id, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn set(
    app: &App,
    who: (UserId, TheaterId),
    user_id: UserId,
    role: Option<StaffRole>,
) -> Result<(), ApiError> {
    let action = if role.is_some() {
        "staff.set"
    } else {
        "staff.remove"
    };
    let audit = changing::entry::<()>(app, who, (action, user_id.to_string()), (None, None));
    let change = SetStaff {
        user_id,
        role,
        audit,
    };
    match app.store.set_staff(change).await? {
        StaffOutcome::Done | StaffOutcome::Unchanged => Ok(()),
        StaffOutcome::Missing => Err(ApiError::not_found("member of staff")),
        StaffOutcome::LastOwner => Err(ApiError::new(
            ProblemCode::LastOwner,
            "This is the theater's only owner. Make somebody else an owner first. Nothing was changed.",
        )),
    }
}

async fn of_theater(app: &App, theater_id: TheaterId) -> Result<Page<StaffMember>, ApiError> {
    let rows = app.store.staff_of(theater_id).await?;
    let shown = rows.into_iter().map(|row| StaffMember {
        user_id: row.user_id,
        email: row.email,
        name: row.name,
        role: row.role,
        since: row.since,
    });
    Ok(Page {
        items: shown.collect(),
        next_cursor: None,
    })
}
