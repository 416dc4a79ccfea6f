//! The receipt of a booking, for its owner.

use super::access::own_booking;
use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, Id, answer},
    tickets,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_domain::ids::BookingId;
use std::sync::Arc;

/// `GET /bookings/{booking_id}/receipt`: as soon as money was taken, also after it went back.
pub async fn receipt(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    Ok(answer::read(&headers, &tickets::receipt(&on_file)?))
}
