//! What is printed of a booking, for its owner: its tickets and its receipt.
//!
//! Both are named by what they are made of, not by their bytes: whoever has them already costs no page and no code.

use super::access::own_booking;
use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, EncodedBody, Id, etag},
    tickets,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_booking::{OnFile, SaleError};
use matinee_domain::ids::BookingId;
use serde::Serialize;
use std::sync::Arc;

/// Names what is printed of a booking as it is. It also says the movie, the place, the time and the tax, which an import may
/// correct; a door changes tickets without the booking.
fn tag(on_file: &OnFile, states: &[u8]) -> String {
    let show = &on_file.show;
    let printed = (&show.show, &*show.theater, &*show.movie, states);
    let printed = serde_json::to_vec(&printed).unwrap_or_default();
    let version = on_file.file.booking.version;
    format!("{version}.{}", etag::digest(&printed))
}

/// The answer, unless the caller has it.
fn unless_had<T: Serialize>(
    headers: &HeaderMap,
    tag: &str,
    print: impl FnOnce() -> Result<T, ApiError>,
) -> Result<Response, ApiError> {
    if let Some(response) = etag::not_modified(headers, tag) {
        return Ok(response);
    }
    let bytes = serde_json::to_vec(&print()?).unwrap_or_default();
    Ok(EncodedBody::private_json(bytes, tag).send(headers))
}

/// `GET /bookings/{booking_id}/tickets`
pub async fn tickets(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    let states = on_file.file.tickets.iter().map(|ticket| ticket.state as u8);
    let tag = tag(&on_file, &states.collect::<Vec<_>>());
    unless_had(&headers, &tag, || tickets::tickets(&app.keys, &on_file))
}

/// `GET /bookings/{booking_id}/receipt`: as soon as money was taken, also after it went back.
pub async fn receipt(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Id(booking_id): Id<BookingId>,
) -> Result<Response, ApiError> {
    let on_file = own_booking(&app, &caller, booking_id).await?;
    let mut payments = on_file.file.payments.iter();
    if !payments.any(|payment| payment.paid_minor() > 0) {
        return Err(SaleError::NotConfirmed.into());
    }
    unless_had(&headers, &tag(&on_file, &[]), || tickets::receipt(&on_file))
}

#[cfg(test)]
mod tests {
    use crate::testing::House;
    use axum::http::StatusCode;
    use serde_json::json;

    /// The receipt is named by the booking's version and what an import may correct; money that goes back makes another.
    #[tokio::test]
    async fn a_receipt_is_named_without_being_printed() {
        let house = House::cinema().await;
        let (booking, bearer) = house.hold(2).await;
        let with = [("authorization", bearer.as_str())];
        let path = format!("/bookings/{booking}/receipt");
        let early = house.get(&path, &[with[0], ("if-none-match", "*")]).await;
        assert_eq!(early.code(), "not_confirmed");
        let pay = json!({ "booking_id": booking, "payment_method": "pm_card_visa" });
        let paid = house.post("/payment", &with, pay).await;
        assert_eq!(paid.status, StatusCode::OK, "{paid:?}");
        let first = house.get(&path, &with).await;
        let version = format!("\"{}.", paid.body["version"]);
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with(&version), "{tag} {version}");
        let same = house.get(&path, &[with[0], ("if-none-match", &tag)]).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
        house
            .import(|file| file["movies"][0]["name"] = "Another name".into())
            .await;
        let renamed = house.get(&path, &[with[0], ("if-none-match", &tag)]).await;
        assert_eq!(renamed.status, StatusCode::OK, "{renamed:?}");
        let tag = renamed.header("etag").to_owned();
        let cancelled = house
            .post(&format!("/cancel/{booking}"), &with, json!({}))
            .await;
        assert_eq!(cancelled.status, StatusCode::OK, "{cancelled:?}");
        let after = house.get(&path, &[with[0], ("if-none-match", &tag)]).await;
        assert_eq!(after.status, StatusCode::OK, "{after:?}");
        assert_ne!(after.body["pdf_base64"], renamed.body["pdf_base64"]);
        house.close().await;
    }
}
