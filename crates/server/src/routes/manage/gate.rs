//! Who may pass: 401 for nobody in particular, 404 for people of elsewhere, 403 for staff whose role is not enough.

use crate::{app::App, auth::Caller, http::ApiError};
use matinee_api::ProblemCode;
use matinee_domain::{
    catalog::Theater,
    ids::{ShowId, TheaterId, UserId},
    staff::{Action, StaffRole, can},
};
use std::sync::Arc;

/// Somebody who may do what was asked, in this theater.
pub(super) struct Staff {
    pub(super) user_id: UserId,
    pub(super) theater: Arc<Theater>,
}

/// Lets staff of the theater pass whose role may do this, and the server's administrator. The theater is read anew.
pub(super) async fn staff(
    app: &App,
    caller: &Caller,
    theater_id: TheaterId,
    action: Action,
) -> Result<Staff, ApiError> {
    let user_id = caller.require_user()?;
    if !caller.is_admin() {
        let role = app.store.staff_role(theater_id, user_id).await?;
        check(caller, role, action)?;
    }
    let theater = app.store.theater(theater_id).await?;
    let theater = theater.ok_or_else(|| ApiError::not_found("theater"))?;
    Ok(Staff { user_id, theater })
}

/// The same, for staff of the theater whose show it is: to all others the show is not there.
pub(super) async fn staff_of_show(
    app: &App,
    caller: &Caller,
    show_id: ShowId,
    action: Action,
) -> Result<Staff, ApiError> {
    let staff = staff(app, caller, show_id.theater(), action).await;
    staff.map_err(|error| match error.code() {
        // The theater in the id is one that nobody has: to the caller it is the show that is not there.
        ProblemCode::NotFound => ApiError::not_found("show"),
        _ => error,
    })
}

fn check(caller: &Caller, role: Option<StaffRole>, action: Action) -> Result<(), ApiError> {
    let role = role.ok_or_else(|| ApiError::not_found("theater"))?;
    if !caller.trusted {
        return Err(forbidden(
            "Staff sign in with a code of their generator, or with a passkey: without one you are a customer here.",
        ));
    }
    if can(role, action) {
        return Ok(());
    }
    Err(forbidden("Your role in this theater does not allow that."))
}

/// Lets only the server's administrator pass.
pub(super) fn admin(caller: &Caller) -> Result<UserId, ApiError> {
    let user_id = caller.require_user()?;
    if caller.is_admin() {
        return Ok(user_id);
    }
    Err(forbidden("Only the server's administrator makes theaters."))
}

pub(super) fn forbidden(detail: &str) -> ApiError {
    ApiError::new(ProblemCode::Forbidden, detail)
}
