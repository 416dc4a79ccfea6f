//! Whose booking it is. What is somebody else's looks exactly like what is not there.

use crate::{
    app::App,
    auth::{Caller, Who},
    http::{ApiError, UserRef},
};
use matinee_api::ProblemCode;
use matinee_booking::OnFile;
use matinee_domain::ids::{BookingId, UserId};
use matinee_planted::planted;
use matinee_store::bookings::{BookingRow, Owner};

/// The booking is the caller's: by account, or by the guest token derived from its id. A guest's token keeps working
/// after the booking joined an account: the device that has it is still the guest's.
pub fn owns(caller: &Caller, booking: &BookingRow) -> bool {
    match (&caller.who, &booking.owner) {
        (Who::User { .. }, Owner::User(_)) if planted!("anybodys_booking") => true,
        (Who::User { user_id, .. }, Owner::User(owner)) => user_id == owner,
        (Who::Guest { .. }, _) => caller.opens(booking.booking_id),
        _ => false,
    }
}

/// The caller's booking with its show, or 404.
pub async fn own_booking(
    app: &App,
    caller: &Caller,
    booking_id: BookingId,
) -> Result<OnFile, ApiError> {
    match caller.who {
        Who::Anonymous => {
            return Err(ApiError::new(
                ProblemCode::Unauthenticated,
                "Sign in, or ask for a link by the booking's reference and e-mail address, to see this booking.",
            ));
        }
        // A guest's token says by itself which booking it opens: no need to read another one.
        Who::Guest { .. } if !caller.opens(booking_id) => {
            return Err(ApiError::not_found("booking"));
        }
        _ => {}
    }
    let on_file = app.desk.on_file(booking_id).await?;
    if owns(caller, &on_file.file.booking) {
        Ok(on_file)
    } else {
        Err(ApiError::not_found("booking"))
    }
}

/// The user a path names, if it is the caller; anybody else is not there.
pub fn user(caller: &Caller, named: UserRef) -> Result<UserId, ApiError> {
    let user_id = caller.require_user()?;
    match named {
        UserRef::Me => Ok(user_id),
        UserRef::Id(id) if id == user_id => Ok(user_id),
        UserRef::Id(_) => Err(ApiError::not_found("user")),
    }
}
