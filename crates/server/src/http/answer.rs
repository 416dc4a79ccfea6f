//! Answers that are not kept encoded: JSON about a booking or a person, never cached by anybody.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

/// JSON bytes with a status; from 400 on they are a problem.
pub fn bytes(status: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status >= 400 {
        "application/problem+json"
    } else {
        "application/json"
    };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A value of the contract as JSON. Its types are plain data: writing them to memory cannot fail.
pub fn json<T: Serialize>(status: u16, value: &T) -> Response {
    bytes(status, serde_json::to_vec(value).unwrap_or_default())
}
