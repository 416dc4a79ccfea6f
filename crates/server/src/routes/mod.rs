//! Every route below the base path, a file per resource. The table in `matinee_api::openapi` describes the same
//! routes; a test holds the two together.

mod access;
mod book;
mod catalog;
mod recover;
mod sale_problem;
mod seats;
mod sync;

use crate::{app::AppState, http::EncodedBody};
use axum::{
    Router,
    http::HeaderMap,
    response::Response,
    routing::{get, patch, post},
};
use std::sync::OnceLock;

/// The API's routes, to be nested at the base path.
pub fn api() -> Router<AppState> {
    Router::new()
        .route("/theaters", get(catalog::theaters))
        .route("/theaters/{theater_id}", get(catalog::theater))
        .route("/theaters/{theater_id}/movies", get(catalog::theater_movies))
        .route("/movies", get(catalog::movies))
        .route("/movies/{movie_id}", get(catalog::movie))
        .route("/movies/{movie_id}/shows", get(catalog::movie_shows))
        .route("/shows/{show_id}", get(catalog::show))
        .route("/shows/{show_id}/seats", get(seats::seats))
        .route("/shows/{show_id}/seats/live", get(seats::seats_live))
        .route("/shows/{show_id}/best-seats", get(seats::best_seats))
        .route("/book", post(book::book))
        .route("/bookings/{booking_id}", patch(book::change).get(book::booking).delete(book::release))
        .route("/bookings/{booking_id}/extend", post(book::extend))
        .route("/bookings/{booking_id}/tickets", get(book::tickets))
        .route("/bookings/recover", post(recover::recover))
        .route("/bookings/recover/redeem", post(recover::redeem))
        .route("/payment", post(book::pay))
        .route("/payments/{payment_id}/simulate", post(book::simulate))
        .route("/cancel/{booking_id}", post(book::cancel))
        .route("/users/{user_id}/bookings", get(book::bookings_of))
        .route("/sync", get(sync::sync))
        .route("/openapi.json", get(openapi))
}

/// `GET /openapi.json`, encoded once.
async fn openapi(headers: HeaderMap) -> Response {
    static DOCUMENT: OnceLock<EncodedBody> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let bytes = serde_json::to_vec(&matinee_api::openapi::document()).unwrap_or_default();
            EncodedBody::json_by_content(bytes, crate::http::Effort::Lasting)
        })
        .respond(&headers)
}
